"""Confluent and Gauss hypergeometric functions: values from SciPy, gradients from differences of it."""

from cases import *

GROUPS = {
    "hyp1f1": dict(
        tolerance=1e-12,
        inputs=dict(
            a=f64([0.5, 1.0, 2.5, -0.3, -1.5, -3.0, 0.0, 7.25]),
            b=f64([0.75, 1.0, 3.0, 9.5, -0.4]),
            x=f64([-400.0, -60.0, -8.0, -0.5, 0.0, 1e-5, 0.7, 5.0, 30.0]),
        ),
        rows=[
            "scipy.special.hyp1f1(a[:, None, None], b[:, None], x)",
        ],
    ),
    "hyp2f1": dict(
        tolerance=1e-12,
        inputs=dict(
            a=f64([0.5, 1.0, 2.5, -0.3, -3.0]),
            b=f64([0.75, 1.0, -1.2, 4.0]),
            c=f64([1.25, 3.0, 2.0, -0.4, 9.5]),
            x=f64([-20.0, -3.0, -0.5, 0.0, 1e-5, 0.3, 0.6, 0.89, 0.92, 0.99]),
        ),
        rows=[
            "scipy.special.hyp2f1(a[:, None, None, None], b[:, None, None], c[:, None], x)",
        ],
    ),
}
