"""Functions of complex numbers, values from SciPy."""

from cases import *

parts = np.array([-30.3, -7.5, -3.2, -1.5, -0.7, -0.0, 0.0, 0.2, 0.5, 0.9, 1.5, 2.75, 6.0, 11.0, 150.0, 1e4])
re, im = [v.ravel() for v in np.meshgrid(parts, parts)]
off = (im != 0) | (re != np.floor(re)) | (re > 0)
GROUPS = {
    "loggamma": dict(
        tolerance=1e-13,
        inputs=dict(
            z=c128(re[off], im[off]),
            poles=c128([0.0, -1.0, -2.0, nan, 1.0], [0.0, -0.0, 0.0, 0.0, nan]),
            x=f64([-1.5, -1.0, 0.0, 1e-9, 0.5, 3.25, 100.0, inf, nan]),
            w=c128([0.3, -1.4, 2.5, -0.2], [0.7, 0.4, -3.0, 1e-3]),
        ),
        rows=[
            "scipy.special.loggamma(z)",
            "jsp.special.loggamma(poles)",
            "jsp.special.loggamma(x)",
            "scipy.special.digamma(w)",
            "jsp.special.gamma(poles)",
            "scipy.special.gamma(w)",
        ],
    ),
    "wofz": dict(
        tolerance=2e-13,
        inputs=dict(
            z=c128(np.where(im < -6, re / 40, re), np.where(im < 0, im / 40, im)),
            x=f64([-1e3, -2.0, -0.0, 0.5, 3.0, 1e8, inf, -inf]),
            w=c128([0.3, -1.4, 2.5, -0.2], [0.7, 0.4, -0.5, 1e-3]),
        ),
        rows=[
            "scipy.special.wofz(z)",
            "scipy.special.wofz(x)",
            "scipy.special.erfcx(w)",
            "-2 * w * scipy.special.wofz(w) + 2j / jnp.sqrt(jnp.pi)",
        ],
    ),
}
