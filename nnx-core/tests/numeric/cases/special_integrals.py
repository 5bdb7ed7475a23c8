"""Integrals without a closed form: values from SciPy over wide ranges, gradients from JAX."""

from cases import *

wide = np.concatenate([np.linspace(0, 8, 33), np.logspace(1, 6, 11)])
real = f64([*-wide[::-1], *wide, 1e-300, 1e-9, 0.61650549, 3.2499, 3.25, 6.2499, 6.25, -inf, inf, nan])
positive = f64([*np.linspace(0.0625, 4, 24), *np.logspace(1, 12, 12), 1e-12, 0.4999, 0.5, 1.0, 1.4999, 1.5, 2.0])
smooth = f64([0.3, 0.9, 1.7, 3.6, 7.5, 20.0])

GROUPS = {
    "values": dict(
        tolerance=1e-13,
        inputs=dict(x=real, p=positive, f=f64([*-wide[:-5], *wide[:-5], 1.4999, 1.5, 1.5001, 1e-300, -0.0, inf, -inf, nan]), edges=f64([-1.0, -0.0, 0.0, inf, -inf, nan])),
        rows=[
            "scipy.special.spence(p)",
            "jsp.special.spence(edges)",
            "scipy.special.dawsn(x)",
            "scipy.special.dawsn(p) * p",
            "jnp.log(scipy.special.erfcx(x))",
            "jnp.stack(scipy.special.sici(x))",
            "jnp.stack(scipy.special.fresnel(f))",
            "jnp.stack(scipy.special.sici(p[::-1]))",
            "scipy.special.expn(0, p)",
            "scipy.special.expn(1, x)",
            "scipy.special.expn(2, x)",
            "scipy.special.expn(7, x)",
            "scipy.special.expn(60, p[:, None])[:, 0]",
            "jnp.log(scipy.special.expn(jnp.arange(1, 9)[:, None], p[:24]))",
            "jnp.log(scipy.special.expn(6000, p[:24]))",
        ],
    ),
    "owens_t": dict(
        tolerance=1e-13,
        inputs=dict(
            h=f64([0.0, 0.1, 0.7, 1.5, 2.5, 4.0, 7.0, 12.0, 20.0, 30.0]),
            a=f64([0.001, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0, 1000.0]),
            p=f64([0, 1, inf, 1, 0, nan, 1, -inf, 0]),
            q=f64([inf, inf, 1, -inf, -inf, 1, nan, 2, 0]),
        ),
        rows=[
            "scipy.special.owens_t(h[:, None], a)",
            ("jnp.log(scipy.special.owens_t(h[:, None], a))", 1e-12),
            "scipy.special.owens_t(-h[:, None], -a)",
            "scipy.special.owens_t(p, q)",
            "jax.grad(lambda h: jsp.special.owens_t(h, a).sum())(h[2])",
            "jax.grad(lambda a: jsp.special.owens_t(h[1], a).sum())(a)",
        ],
    ),
    "gradients": dict(
        tolerance=1e-12,
        inputs=dict(x=smooth),
        rows=[
            "jnp.log(x) / (1 - x)",
            *[f"jax.grad(lambda x: jsp.special.{name}(x).sum())(x)" for name in ["dawsn", "erfcx"]],
            "jax.grad(lambda x: jsp.special.sici(x)[0].sum())(x)",
            "jax.grad(lambda x: jsp.special.sici(x)[1].sum())(x)",
            "jax.grad(lambda x: jsp.special.fresnel(x)[0].sum())(x)",
            "jax.grad(lambda x: jsp.special.fresnel(x)[1].sum())(x)",
            "-scipy.special.expn(2, x)",
        ],
    ),
}
