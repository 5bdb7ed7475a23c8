//! Derivatives, batches and loops.

use super::{Outputs, Run};
use nnx::{Array, grad, hessian, jvp, scan, value_and_grad, vmap, while_loop};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "grad" => |case| gradients(&case.input("x")),
        "vmap_grad" => |case| per_matrix(&case.input("x")),
        "jvp" => |case| tangents(&case.input("x"), &case.input("t")),
        "scan" => |case| recurrence([case.input("W"), case.input("h0"), case.input("seq")]),
        "while" => |case| growth(case.input("x"), &case.input("c")),
        _ => return None,
    })
}

/// Value, gradient and Hessian of Σ sin(x) x³ + log(1 + x).
fn gradients(x: &Array) -> Outputs {
    let f = |x: &Array| (x.sin() * x.powi(3) + x.log1p()).sum(..);
    let (value, gradient) = value_and_grad(f, x);
    vec![("out.f".into(), value), ("out.grad".into(), gradient), ("out.hess".into(), hessian(f, x))]
}

/// The gradient of Σ tanh(x x) for each matrix.
fn per_matrix(x: &Array) -> Outputs {
    let f = |x: &Array| x.matmul(x).tanh().sum(..);
    vec![("out.y".into(), vmap(|x: &Array| grad(f, x), x, 0))]
}

fn tangents(x: &Array, t: &Array) -> Outputs {
    let (y, t) = jvp(|x: &Array| x.matmul(x).tanh(), x, t);
    vec![("out.y".into(), y), ("out.t".into(), t)]
}

/// h = tanh(h W + x), y = 2 h, and the gradients of the sum of everything.
fn recurrence([w, h0, xs]: [Array; 3]) -> Outputs {
    let rnn = |(w, h0, xs): (&Array, &Array, &Array)| {
        let step = |h: Array, x: &Array| {
            let h = (h.matmul(w) + x).tanh();
            (h.clone(), h * 2.0)
        };
        let (end, ys) = scan(step, h0.clone(), xs);
        (end.sum(..) + ys.sum(..), (end, ys))
    };
    let ((_, (end, ys)), (dw, dh0, dxs)) = value_and_grad(rnn, (&w, &h0, &xs));
    vec![
        ("out.hT".into(), end),
        ("out.ys".into(), ys),
        ("grad.W".into(), dw),
        ("grad.h0".into(), dh0),
        ("grad.seq".into(), dxs),
    ]
}

/// x = 1.1 x + c as long as Σ x ≤ 50, and how often.
fn growth(x: Array, c: &Array) -> Outputs {
    let (x, n) = while_loop(
        |(x, _): &(Array, Array)| x.sum(..).le(50.0),
        |(x, n)| (x * 1.1 + c, n + 1),
        (x, Array::scalar(0)),
    );
    vec![("out.x".into(), x), ("out.n".into(), n)]
}
