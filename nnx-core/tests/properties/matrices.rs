//! Linear algebra.

use crate::check::{Case, Draw};
use crate::families::properties;
use nnx_core::array::linalg::*;
use nnx_core::array::*;
use nnx_core::{Array, DType};

/// A matrix that is far from singular.
fn regular(draw: &mut Draw, n: usize) -> Array {
    let shape: Vec<usize> = draw.shape.iter().copied().chain([n, n]).collect();
    draw.floats(&shape, -0.5, 0.5) + eye(n, DType::F64) * 2.0
}

/// Symmetric, positive, with eigenvalues apart.
fn positive(x: &Array) -> Array {
    let n = x.shape()[x.rank() - 1];
    let small = (x + x.mt()) * 0.1;
    small + eye(n, DType::F64) * (arange(n, DType::F64) + 1.0)
}

#[test]
fn solutions_and_factors() {
    properties!("matrices", 1, 2, |draw| {
        let n = 1 + draw.below(3);
        let (a, b) = (regular(draw, n), regular(draw, n).cumsum(-1));
        let one = |name: &str, f: fn(&Array) -> Array| {
            let case = Case::new(name, vec![a.clone()], move |x| f(&x[0]));
            case.once()
        };
        let two = |name: &str, f: fn(&Array, &Array) -> Array| {
            let case = Case::new(name, vec![a.clone(), b.clone()], move |x| f(&x[0], &x[1]));
            case.once()
        };
        vec![
            one("inv", |x| inv(x)),
            one("det", |x| det(x)),
            one("slogdet", |x| slogdet(x).1),
            one("cholesky", |x| cholesky(&positive(x))),
            one("eigvalsh", |x| eigvalsh(&positive(x))),
            one("eigh", |x| eigh(&positive(x)).1.square()),
            one("svdvals", |x| svdvals(&(positive(x) + x.tril(-1) * 0.1))),
            one("qr", |x| qr(x).1.square() + qr(x).0),
            one("expm", |x| expm(&(x * 0.3))),
            one("matrix_power", |x| matrix_power(x, 3)),
            one("pinv", |x| pinv(x, None)),
            two("solve", |x, y| solve(x, y)),
            two("triangular_solve", |x, y| solve_triangular(x, y, true)),
            two("lower part of x only", |x, y| solve_triangular(&x.tril(0), y, true)),
        ]
    });
}
