//! Derivatives of plain functions.

use super::{Outputs, Run};
use nnx::array::stack;
use nnx::{Array, grad, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "grad" => |case| gradients(&case.input("x")),
        "vmap_grad" => |case| per_matrix(&case.input("x")),
        _ => return None,
    })
}

/// Value, gradient and Hessian of Σ sin(x) x³ + log(1 + x).
fn gradients(x: &Array) -> Outputs {
    let f = |x: &Array| (x.sin() * x.powi(3) + x.log1p()).sum(..);
    let (value, gradient) = value_and_grad(f, x);
    let row = |i: usize| grad(|x: &Array| grad(f, x).slice([i.into()]), x);
    let rows: Vec<Array> = (0..x.size()).map(row).collect();
    vec![
        ("out.f".into(), value),
        ("out.grad".into(), gradient),
        ("out.hess".into(), stack(&rows.iter().collect::<Vec<_>>(), 0)),
    ]
}

/// The gradient of Σ tanh(x x) for each matrix.
fn per_matrix(x: &Array) -> Outputs {
    let matrix = |i: usize| grad(|x: &Array| x.matmul(x).tanh().sum(..), &x.slice([i.into()]));
    let rows: Vec<Array> = (0..x.shape()[0]).map(matrix).collect();
    vec![("out.y".into(), stack(&rows.iter().collect::<Vec<_>>(), 0))]
}
