"""Complex arguments: elementwise functions, order, decompositions, and their gradients."""

from cases import *

TRIGONOMETRIC = ["arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "sinh", "cosh", "tan", "tanh"]


def slope(function, x):
    """The row of a gradient."""
    return f"jax.grad(lambda x: jnp.abs({function} - 0.3).sum())({x})"


GROUPS = {
    "elementwise": dict(
        tolerance=1e-13,
        inputs=dict(
            z=c128([0.3, -1.2, 2.5, -0.7, 0.0, 1e-5, -3.0, 40.0], [0.4, 0.9, -1.5, -0.2, 1.7, 2e-6, 0.01, -60.0], 2, 4),
            zf=c64([0.3, -1.2, 2.5, -0.7, 1e-4, -3.0], [0.4, 0.9, -1.5, -0.2, 2e-5, 0.5]),
            y=c128([1.0, -0.5, 2.0], [0.5, 1.0, -3.0]),
            x=c128([0.3, 2.0, -1.0], [1.5, 0.2, -0.4]),
        ),
        rows=[
            *(f"jnp.{name}(z[:, :3])" for name in TRIGONOMETRIC),
            *(f"jnp.{name}(z[:, 3])" for name in TRIGONOMETRIC if name not in ("sinh", "cosh")),
            *((f"jnp.{name}(zf)", 1e-6) for name in TRIGONOMETRIC),
            *((slope(f"jnp.{name}(x)", "z[:, :3]"), 1e-11) for name in TRIGONOMETRIC),
            "jnp.arctan2(y, x)",
            (slope("jnp.arctan2(x, x[::-1])", "y"), 1e-12),
            "jnp.logaddexp(y, x)",
            (slope("jnp.logaddexp(x, 2 * x[::-1])", "y"), 1e-12),
            "jsp.special.logsumexp(y)",
            (slope("jsp.special.logsumexp(x)", "y"), 1e-12),
            "jax.nn.softmax(y)",
            (slope("jax.nn.softmax(x)", "y"), 1e-12),
            "lax.cumlogsumexp(y)",
        ],
    ),
    "order": dict(
        tolerance=0,
        inputs=dict(
            s=c128([1.0, 0.5, 1.0, -2.0, 0.5, 1.0, 3.0, -2.0], [2.0, 1.0, -1.0, 0.0, 1.0, 2.0, 0.0, -0.5], 2, 4),
            w=c128([0.5, 1.0, 1.0, -2.0], [3.0, -1.0, 0.0, 0.0]),
            f=c64([2.0, 1.0, 2.0], [0.0, 5.0, -1.0]),
        ),
        rows=[
            "s < w", "s <= w", "s > w", "s >= w",
            "jnp.maximum(s, w)", "jnp.minimum(s, w)", "jnp.fmax(s, w)", "jnp.fmin(s, w)",
            "s.max()", "s.min(0)", "s.max(1)", "jnp.tile(s, (300, 3)).max(0)",
            "jnp.ptp(s, 1)", "jnp.nanmax(s, 1)", "jnp.nanmax(s.at[0, 0].set(nan), 1)", "jnp.nanmin(s.at[1, 3].set(nan), 1)",
            "jnp.max(s, initial=-9., where=s.imag != 0)",
            "lax.cummax(s, 1)", "lax.cummin(s, 1, reverse=True)",
            "jnp.sort(s)", "jnp.argsort(s, 0)", "jnp.sort(f)", "[*lax.sort([s, s.real], num_keys=1)]",
            "jnp.lexsort((s.ravel(), s.real.ravel()))", "jnp.searchsorted(jnp.sort(w), s.ravel())", "jnp.digitize(s, jnp.sort(w))",
            "jnp.unique(s, size=6)", "jnp.union1d(s.ravel(), w, size=8)", "jnp.intersect1d(s.ravel(), w)",
            "jnp.setdiff1d(w, s.ravel())", "jax.ops.segment_max(s.ravel(), jnp.array([0, 0, 1, 1, 2, 2, 0, 1]), 3)",
            "lax.reduce_window(s, -jnp.inf + 0j, lax.max, (1, 2), (1, 1), 'VALID')",
            "jax.nn.relu(s)",
            slope("x.max(1) ** 2", "s"),
            slope("jnp.sort(x, 1) * w", "s"),
            slope("jnp.maximum(x, w)", "s"),
            slope("lax.cummax(x, 1) * w", "s"),
        ],
    ),
    "decompositions": dict(
        tolerance=1e-12,
        inputs=dict(
            a=c128(
                [1.1, 0.4, -0.7, 2.0, 0.3, -1.2, 0.9, 0.5, -0.6, 1.4, 0.2, -0.8, 1.7, 0.1, -0.3, 0.6],
                [0.2, -0.9, 1.3, 0.4, 0.8, 0.5, -1.1, 0.3, 0.7, -0.2, 0.6, 1.2, -0.4, 0.9, 0.1, -1.5], 4, 4,
            ),
            t=c128(
                [-0.89, -0.75, 1.69, 0.05, -0.64, 0.19, 2.1, 0.12, 0.62, 0.3, -0.35, -1.14, -0.35, -0.21, 0.59],
                [0.31, 1.2, -0.4, 0.77, 0.1, -0.93, 0.25, -1.1, 0.6, 0.0, 0.41, 0.2, -0.7, 1.3, 0.05], 5, 3,
            ),
            d=c128([2.0, -1.0, 0.5], [0.0, 0.0, 0.0]), e=c128([0.3, -0.7], [1.1, 0.2]),
        ),
        rows=[
            "jnp.linalg.eigvalsh(a)", "jnp.abs(jnp.linalg.eigh(a)[1])",
            ("jnp.linalg.eigvalsh(a.astype('complex64'))", 1e-5),
            "jnp.linalg.eigvalsh(jnp.stack([a, 1j * a]))",
            ("jax.grad(lambda x: (jnp.linalg.eigvalsh(x) ** 3).sum())(a)", 1e-10),
            ("jax.grad(lambda x: (jnp.abs(jnp.linalg.eigh(x)[1]) ** 2 * a.real).sum())(a)", 1e-10),
            "jnp.linalg.svdvals(t)", "jnp.linalg.svdvals(t.T)", ("jnp.linalg.svdvals(t.astype('complex64'))", 1e-5),
            "[*map(jnp.abs, jnp.linalg.svd(t, full_matrices=False))]", "[*map(jnp.abs, jnp.linalg.svd(t.T, full_matrices=False))]",
            ("jax.grad(lambda x: (jnp.linalg.svdvals(x) ** 3).sum())(t)", 1e-10),
            ("jax.grad(lambda x: (lambda u, s, v: ((u @ v) * t.conj()).real.sum())(*jnp.linalg.svd(x, full_matrices=False)))(t + t[::-1].conj())", 1e-10),
            "jnp.linalg.pinv(t)", "jnp.linalg.pinv(t.T)",
            ("jax.grad(lambda x: (jnp.linalg.pinv(x) * t.T).real.sum())(t + t[::-1].conj())", 1e-10),
            "jnp.linalg.cond(t)", "jnp.linalg.matrix_rank(t)", "jnp.linalg.matrix_rank(t[:, :1] @ t[:1])",
            "[*jnp.linalg.lstsq(t, t[:, 0] ** 2)][0]", "[*jnp.linalg.lstsq(t, t ** 2)][1]",
            "[*jsp.linalg.polar(t)]", "[*jsp.linalg.polar(t.T, side='left', method='svd')]",
            "(lambda w, v: (v * w) @ v.conj().T)(*jsp.linalg.eigh_tridiagonal(d, e))",
            "jnp.linalg.norm(t, 2)", "jnp.linalg.norm(t, 'nuc')",
        ],
    ),
}
