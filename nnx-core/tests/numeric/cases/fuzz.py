"""What `tests/fuzz/fuzz.py` found to differ from JAX."""

from cases import *

GROUPS = {
    # Slopes where one of two branches overflows, or is infinite.
    "slopes": dict(
        tolerance=1e-6,
        inputs=dict(
            x=f32([1e30, -1.8e19, 0.5, 0.0]),
            d=f32([0.0, -0.0, 1e-30, 1e-3, 0.7, 3.0, 200.0]),
            a=f32([-1.0, 2.0, 7.5, -10.0]),
            b=f32([-0.0, 0.0, 2.0, 3.0]),
        ),
        rows=[
            "jax.grad(lambda x: jnp.sinc(x).sum())(x)",
            "jax.nn.log1mexp(d[2:])",
            "jax.grad(lambda d: jax.nn.log1mexp(d).sum())(d)",
            "jax.grad(lambda a: jnp.floor_divide(a, b).sum())(a)",
            "jax.grad(lambda b: jnp.floor_divide(a, b).sum())(b)",
            "jax.grad(lambda a: (lambda q, r: (q + r).sum())(*jnp.divmod(a, b)))(a)",
        ],
    ),
    # Parts of complex numbers that are infinite, or so small that a product vanishes.
    "complex_parts": dict(
        tolerance=1e-6,
        inputs=dict(z=c64([0, -0.0, 2, -3, inf], [0, 0, 1, -1e-30, 1]), k=c128([0, 1e100], [0, -3e-239])),
        rows=[
            "jnp.log2(z)",
            "jnp.log10(z)",
            "jnp.log2(k)",
            "jnp.log10(k)",
            "jnp.signbit(jnp.log10(k).imag)",
            "jax.grad(lambda z: jnp.log10(z).real.sum())(z[2:4])",
        ],
    ),
}
