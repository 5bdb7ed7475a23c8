"""Functions of whole orders: Bernoulli numbers, Bessel functions, spherical harmonics."""

from cases import *

GROUPS = {
    "bernoulli": dict(
        tolerance=1e-13,
        inputs=dict(),
        rows=["scipy.special.bernoulli(0)", "scipy.special.bernoulli(1)", "scipy.special.bernoulli(3)",
              "jnp.log(jnp.abs(scipy.special.bernoulli(100)[8::2]))", ("jnp.float32(scipy.special.bernoulli(30))", 1e-7)],
    ),
    "bessel_jn": dict(
        tolerance=1e-13,
        inputs=dict(z=f64([-12.5, -3.0, -1e-3, 1e-8, 0.1, 1.0, 2.404825557695773, 7.7, 15.0, 20.0])),
        rows=[
            "scipy.special.jv(jnp.arange(6)[:, None], z)",
            "scipy.special.jv(jnp.arange(31)[:, None], z)",
            "jnp.log(jnp.abs(scipy.special.jv(jnp.arange(31)[:, None], z[2:6])))",
            "scipy.special.jvp(jnp.arange(4)[:, None], z)",
            "scipy.special.jv(jnp.arange(3)[:, None, None], z.reshape(2, 5))",
            ("jnp.float32(scipy.special.jv(jnp.arange(9)[:, None], jnp.float32(z)))", 1e-6),
        ],
    ),
    "sph_harm_y": dict(
        tolerance=1e-13,
        inputs=dict(
            n=i32([0, 1, 1, 1, 2, 2, 5, 5, 8, 20, 20, 30, 40]),
            m=i32([0, -1, 0, 1, 2, -2, 3, -4, 0, 20, -7, 1, -39]),
            theta=f64([0.0, 0.3, 1.0, 2.0, 2.9, 3.141592653589793]),
            phi=f64([0.1, 2.0, 4.0, 6.0, 0.0, 1.0]),
        ),
        rows=[
            "scipy.special.sph_harm_y(n, m, theta[:, None], phi[:, None])",
            "jsp.special.sph_harm_y(n[:6], m[:6], theta, phi, n_max=5)",
            "scipy.special.sph_harm_y(n, m, theta[1], phi[1], diff_n=1)[1][..., 0]",
            "scipy.special.sph_harm_y(n, m, theta[1], phi[1], diff_n=1)[1][..., 1]",
        ],
    ),
}
