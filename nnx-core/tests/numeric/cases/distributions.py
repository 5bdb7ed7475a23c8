"""Distributions with bounds and counts: values from SciPy, gradients from JAX."""

from cases import *

GROUPS = {
    "truncnorm": dict(
        tolerance=1e-11,
        inputs=dict(
            x=f64([-inf, -4.0, -1.0, -0.75, 0.0, 0.5, 1.25, 2.0, 3.5, 40.0, inf, nan]),
            a=f64([-inf, -2.0, -1.0, 0.5, -30.0, 1.0, 2.0]),
            b=f64([1.0, inf, 1.5, 3.0, -0.8, 1.0, 1.5]),
            y=f64([-0.5, 0.25, 1.0]),
        ),
        rows=[
            *[f"scipy.stats.truncnorm.{f}(x[1:-1, None], a[:5], b[:5])" for f in ["logpdf", "pdf", "logcdf", "cdf", "logsf", "sf"]],
            "jsp.stats.truncnorm.logpdf(x[:, None], a, b, 0.5, 2.)",
            "jsp.stats.truncnorm.logcdf(x[1:-1, None], a[1:], b[1:], 0.5, 2.)",
            "scipy.stats.truncnorm.logcdf(jnp.asarray([30.5, 31., 33.]), 30, 40)",
            "jax.grad(lambda x: jsp.stats.truncnorm.logpdf(x, -1., 1.5, 0., 1.).sum())(y)",
            "jax.grad(lambda x: jsp.stats.truncnorm.logcdf(x, -1., 1.5, 0., 1.).sum())(y)",
            "jax.grad(lambda s: jsp.stats.truncnorm.sf(y, -1., 1.5, 0., s).sum())(jnp.asarray(1.5))",
        ],
    ),
    "betabinom": dict(
        tolerance=1e-12,
        inputs=dict(k=f64([-1.0, 0.0, 1.0, 3.0, 5.0, 6.0]), a=f64([0.5, 2.0, 10.0]), b=f64([1.5, 0.25, 30.0])),
        rows=[
            "scipy.stats.betabinom.logpmf(k[:, None], 5, a, b)",
            "scipy.stats.betabinom.pmf(k[:, None], 5, a, b, 1)",
            "jsp.stats.betabinom.logpmf(2.5, 5., jnp.asarray([1., -1., 0.]), 2.)",
            "jsp.stats.betabinom.logpmf(0., jnp.asarray([0., -1.]), 1., 2.)",
            ("jax.grad(lambda a: jsp.stats.betabinom.logpmf(2., 5., a, b).sum())(a)", 1e-09),
        ],
    ),
    "multinomial": dict(
        tolerance=1e-12,
        inputs=dict(x=i32([1, 2, 0, 3, 0, 0, 1, 1, 1, 0, 2, 0], 4, 3), n=i32([3, 3, 3, 3]), p=f64([0.2, 0.5, 0.3])),
        rows=[
            "scipy.stats.multinomial.logpmf(x, n, p)",
            "scipy.stats.multinomial.pmf(x, n, p)",
            "jsp.stats.multinomial.logpmf(x[1], 3, jnp.asarray([1., 0., 0.]))",
            "jsp.stats.multinomial.logpmf(x[0], 3, jnp.float32(p))",
            "jax.grad(lambda p: jsp.stats.multinomial.logpmf(x[0], 3, p))(p)",
        ],
    ),
    "poisson_entropy": dict(
        tolerance=1e-12,
        inputs=dict(mu=f64([1e-9, 0.1, 0.9, 1.0, 5.0, 9.99, 10.0, 40.0, 99.0]), large=f64([100.0, 150.0, 1000.0, 1e6]), edges=f64([0.0, -1.0, nan])),
        rows=[
            ("scipy.stats.poisson.entropy(mu)", 1e-11),
            ("scipy.stats.poisson.entropy(large[:3])", 1e-8),
            ("jsp.stats.poisson.entropy(large, 3.)", 1e-5),
            "jsp.stats.poisson.entropy(edges[:2])",
        ],
    ),
}
