"""Modes and densities of samples."""

from cases import *

KDE = "jsp.stats.gaussian_kde"
GROUPS = {
    "mode": dict(
        tolerance=0,
        inputs=dict(
            x=i32([1, 2, 1, 3, 2, 1, 3, 1, 3, 2, 1, 3, 1, 2, 2, 3, 1, 2], 3, 6),
            y=f64([0.5, nan, 2.0, 0.5, nan, nan, -0.0, 0.0, 7.0, 7.0, -inf, inf], 2, 6),
        ),
        rows=[
            "jsp.stats.mode(x)",
            "jsp.stats.mode(x, axis=1)",
            "jsp.stats.mode(x, axis=None)",
            "jsp.stats.mode(x, axis=1, keepdims=True)",
            "jsp.stats.mode(x.reshape(3, 2, 3), axis=-2)",
            "jsp.stats.mode(y, axis=1)",
            "jsp.stats.mode(y[0, :1])",
        ],
    ),
    "gaussian_kde": dict(
        tolerance=1e-11,
        inputs=dict(
            x=f64([0.1, 1.2, 0.4, 2.9, 1.1, -0.3]),
            w=f64([1.0, 2.0, 0.5, 1.0, 3.0, 1.0]),
            p=f64([-1.0, 0.0, 0.7, 2.5, 40.0]),
            m=f64([0.1, 1.2, 0.4, 2.9, 1.1, -0.3, 0.5, 0.1, 2.2, -1.0, 0.3, 0.9], 2, 6),
            q=f64([0.0, 1.0, 2.0, 0.5, -1.0, 0.25], 2, 3),
            c=f64([1.0, 0.2, 0.2, 0.5], 2, 2),
        ),
        rows=[
            f"{KDE}(x).evaluate(p)",
            f"{KDE}(x, 'silverman').pdf(p)",
            f"{KDE}(x, 0.3, w).logpdf(p)",
            f"{KDE}(m).evaluate(q)",
            f"{KDE}(m, weights=w).logpdf(q)",
            f"{KDE}(m, weights=w).covariance",
            f"{KDE}(m, weights=w).inv_cov",
            f"{KDE}(m, weights=w).neff",
            f"{KDE}(m).evaluate(q[:, 0])",
            f"{KDE}(x).integrate_box_1d(-0.5, 1.25)",
            f"{KDE}(x).integrate_gaussian(0.5, 0.25)",
            f"{KDE}(m).integrate_gaussian(q[:, 1], c)",
            f"{KDE}(m).integrate_kde({KDE}(q, 0.7))",
            f"{KDE}(m).resample(jax.random.key(3), (4,))",
            f"jax.grad(lambda p: {KDE}(x).logpdf(p).sum())(p)",
        ],
    ),
}
