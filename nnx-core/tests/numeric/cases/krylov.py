"""Linear equations by products with the matrix: x, and slopes by the matrix and the right side."""

import jax.scipy.sparse.linalg

from cases import *

CG, BI, GM = "jsp.sparse.linalg.cg", "jsp.sparse.linalg.bicgstab", "jsp.sparse.linalg.gmres"


def slopes(solve):
    """The row of the gradient by the matrix and the right side."""
    return f"[*jax.grad(lambda a, b: ({solve} * w).real.sum(), (0, 1))(a, b)]"


GROUPS = {
    "real": dict(
        tolerance=1e-9,
        inputs=dict(
            a=f64([4.0, 1.0, 0.5, 0.0, 1.0, 3.0, -0.4, 0.2, 0.5, -0.4, 5.0, 1.1, 0.0, 0.2, 1.1, 2.5], 4, 4),
            n=f64([2.0, 1.0, 0.5, 0.3, -1.0, 3.0, -0.4, 0.2, 0.1, 0.9, 2.5, 1.1, 0.7, -0.2, -1.1, 3.5], 4, 4),
            b=f64([1.0, -2.0, 0.5, 3.0]), w=f64([0.3, 1.0, -0.7, 0.2]), x0=f64([0.1, 0.2, 0.3, 0.4]),
        ),
        rows=[
            f"{CG}(a, b, tol=1e-12)[0]", f"{CG}(a, b, x0, maxiter=2, M=lambda x: x / jnp.diag(a))[0]",
            (f"{CG}(a.astype('float32'), b.astype('float32'))[0]", 1e-5),
            slopes(f"{CG}(a, b, tol=1e-13)[0]"),
            f"{BI}(n, b, tol=1e-12)[0]", f"{BI}(n, b, x0, maxiter=2, M=lambda x: x / jnp.diag(n))[0]",
            slopes(f"{BI}(a, b, tol=1e-13)[0]"),
            f"{GM}(n, b)[0]", f"{GM}(n, b, x0, restart=2, maxiter=3, M=lambda x: x / jnp.diag(n))[0]",
            f"{GM}(n, b, restart=2, tol=1e-3)[0]",
            slopes(f"{GM}(a, b, tol=1e-13)[0]"),
        ],
    ),
    "complex": dict(
        tolerance=1e-9,
        inputs=dict(
            a=c128([4.0, 1.0, 0.5, 1.0, 3.0, -0.4, 0.5, -0.4, 5.0], [0.0, 0.3, -0.8, -0.3, 0.0, 0.6, 0.8, -0.6, 0.0], 3, 3),
            n=c128([2.0, 1.0, 0.5, -1.0, 3.0, -0.4, 0.1, 0.9, 2.5], [0.4, 0.3, -0.8, 0.1, -1.0, 0.6, 0.8, -0.6, 0.7], 3, 3),
            b=c128([1.0, -2.0, 0.5], [0.5, 1.0, -1.0]), w=c128([0.3, 1.0, -0.7], [1.0, 0.0, 0.4]),
        ),
        rows=[
            f"{CG}(a, b, tol=1e-12)[0]", slopes(f"{CG}(a, b, tol=1e-13)[0]"),
            f"{BI}(n, b, tol=1e-12)[0]", slopes(f"{BI}(n, b, tol=1e-13)[0]").replace("(a, b)]", "(n, b)]").replace("lambda a, b", "lambda n, b"),
            f"{GM}(n, b)[0]", slopes(f"{GM}(n, b, tol=1e-13)[0]").replace("(a, b)]", "(n, b)]").replace("lambda a, b", "lambda n, b"),
        ],
    ),
}
