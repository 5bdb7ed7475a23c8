//! Systems of linear equations with tridiagonal matrices.

use super::windows::{window, with_window};
use super::{batch, matrix, wide_inexact};
use crate::array::{concatenate, iota, where_};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents,
};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::inner_for;
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// x of A x = b with partial pivoting, for A with the diagonals dl, d, du, all `[…, n]`, whose rows are
/// dl_i, d_i, du_i; the first of dl and the last of du are not read. Operands: dl, d, du, b `[…, n, k]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TridiagonalSolve;

impl Primitive for TridiagonalSolve {
    fn name(&self) -> &'static str {
        "tridiagonal_solve"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [dl, d, du, b] = [ins[0], ins[1], ins[2], ins[3]];
        let (n, _) = matrix(b)?;
        wide_inexact(b)?;
        let shape = [batch(b.shape(), 2), &[n]].concat();
        for x in [dl, d, du] {
            if x.shape() != shape || x.dtype() != b.dtype() {
                return Err(format!("the diagonal {x} does not fit the right side {b}"));
            }
        }
        Ok(smallvec![b.clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced1(ins, |args| {
            let b = &args[3];
            let (n, k) = (b.shape()[b.rank() - 2], b.shape()[b.rank() - 1]);
            let batches: usize = batch(b.shape(), 2).iter().product();
            if n == 0 || k == 0 || batches == 0 {
                return b.clone();
            }
            let [dl, d, du] = [0, 1, 2].map(|i| args[i].reshape([batches, n, 1]));
            solved(&dl, &d, &du, &b.reshape([batches, n, k])).reshape(outs[0].shape())
        })
    }
    fn flops(&self, _: &[&Aval], outs: &[&Aval]) -> u64 {
        (8 * outs[0].size()) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let x = cx.out();
        let mut right = cx.tangent(3).cloned();
        for (i, by) in [(0, -1), (1, 0), (2, 1)] {
            let change = cx.tangent(i).map(|t| -(t.expand_dims(-1) * moved(x, by)));
            right = add_tangents(right, change);
        }
        let diagonals = &cx.primals[..3];
        let dx = right.map(|r| bind1(*self, &[&diagonals[0], &diagonals[1], &diagonals[2], &r]));
        cx.one(dx)
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let (Some(dl), Some(d), Some(du)) = (cx.known(0), cx.known(1), cx.known(2)) else {
            return Err("it is not linear in the matrix".into());
        };
        let shift = |x: &Array, by| moved(&x.expand_dims(-1), by).squeeze(-1);
        let mut out: Tangents = SmallVec::from_elem(None, 4);
        out[3] = Some(bind1(*self, &[&shift(du, -1), d, &shift(dl, 1), cx.ct()]));
        Ok(out)
    }
}

/// Along the dimension before the last, at i the element at i + `by`, 0 outside.
#[track_caller]
fn moved(x: &Array, by: i64) -> Array {
    let mut pairs = vec![(0, 0); x.rank()];
    pairs[x.rank() - 2] = (-by, by);
    x.pad(&pairs, 0)
}

/// Gaussian elimination with exchanges of neighbouring rows, then substitution backwards: LAPACK's
/// `gtsv`.
#[track_caller]
fn solved(dl: &Array, d: &Array, du: &Array, b: &Array) -> Array {
    let [batches, n, k] = *b.shape() else { unreachable!("batches are one dimension here") };
    // The upper triangle has three diagonals after exchanges. A row of these, then its right side; zero
    // rows at the end.
    let last = iota([n, 1], DType::I32, 0).eq(n - 1);
    let du = where_(last, 0.0, du);
    let none = crate::array::zeros([batches, n, 1], b.dtype());
    let rows = concatenate([d, &du, &none, b], 2);
    let dl = dl.clone();
    let rows = match n {
        1 => rows,
        _ => {
            let eliminated = inner_for(n - 1, &[rows], |i, state| {
                let pair = window(&state[0], i, 1, 2);
                let (upper, lower) = (pair.slice_dim(1, 0, 1), pair.slice_dim(1, 1, 2));
                // The next row, in the columns of this one.
                let first = window(&dl, &(i + 1), 1, 1);
                let tail = lower.slice_dim(2, 3, 3 + k);
                let next = concatenate([&first, &lower.slice_dim(2, 0, 2), &tail], 2);
                let swap = first.abs().gt(upper.slice_dim(2, 0, 1).abs());
                let (top, other) = (where_(&swap, &next, &upper), where_(swap, upper, next));
                let pivot = top.slice_dim(2, 0, 1);
                let lead = other.slice_dim(2, 0, 1);
                // Without anything to eliminate, a zero for a pivot does no harm here.
                let factor = where_(lead.eq(0.0), 0.0, &lead / pivot);
                let rest = other - factor * &top;
                let zero = lead.zeros_like();
                let tail = rest.slice_dim(2, 3, 3 + k);
                let below = concatenate([&rest.slice_dim(2, 1, 3), &zero, &tail], 2);
                vec![with_window(&state[0], &concatenate([&top, &below], 1), i, 1)]
            });
            eliminated[0].clone()
        }
    };
    let x = crate::array::zeros([batches, n + 2, k], b.dtype());
    let out = inner_for(n, &[x], |i, state| {
        let at = (n as i32 - 1) - i;
        let row = window(&rows, &at, 1, 1);
        let known = window(&state[0], &(&at + 1), 1, 2);
        let term = |j: usize| row.slice_dim(2, j, j + 1) * known.slice_dim(1, j - 1, j);
        let right = row.slice_dim(2, 3, 3 + k) - term(1) - term(2);
        vec![with_window(&state[0], &(right / row.slice_dim(2, 0, 1)), &at, 1)]
    });
    out[0].slice_dim(1, 0, n)
}
