//! The equation A X + X B = C.

use super::schur::schur;
use super::windows::{window, with_window};
use super::{TriangularSolve, adjoint, batch, matrix, square, wide_inexact};
use crate::array::{eye, keepdims, where_};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents,
};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::inner_for;
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::Aval;
use smallvec::{SmallVec, smallvec};

/// X of A X + X B = C. Operands: A `[…, m, m]`, B `[…, n, n]`, C `[…, m, n]`. NaN if the sum of an
/// eigenvalue of A and one of B is smaller than the tolerance.
///
/// Bartels & Stewart (1972), "Solution of the matrix equation AX + XB = C": A and B become triangular, and
/// then column follows column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sylvester {
    /// The bits of an f64.
    pub(crate) tol: u64,
}

impl Primitive for Sylvester {
    fn name(&self) -> &'static str {
        "solve_sylvester"
    }
    fn params(&self) -> String {
        format!("tol={}", f64::from_bits(self.tol))
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [a, b, c] = [ins[0], ins[1], ins[2]];
        let (m, n, sizes) = (square(a)?, square(b)?, matrix(c)?);
        wide_inexact(c)?;
        let lead = |x: &Aval| batch(x.shape(), 2).to_vec();
        let alike = lead(a) == lead(c) && lead(b) == lead(c);
        let one = a.dtype() == c.dtype() && b.dtype() == c.dtype();
        if sizes != (m, n) || !alike || !one {
            return Err(format!("{a} and {b} do not fit the right side {c}"));
        }
        Ok(smallvec![c.clone()])
    }
    fn lower(&self, builder: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        builder.traced1(ins, |args| {
            let c = &args[2];
            let (m, n) = (c.shape()[c.rank() - 2], c.shape()[c.rank() - 1]);
            let batches: usize = batch(c.shape(), 2).iter().product();
            if m == 0 || n == 0 || batches == 0 {
                return c.clone();
            }
            let wide = c.dtype().complex();
            let a = args[0].reshape([batches, m, m]).astype(wide);
            let b = args[1].reshape([batches, n, n]).astype(wide);
            let x = solved(&a, &b, &c.reshape([batches, m, n]).astype(wide), self.tol);
            let x = if c.dtype().is_complex() { x } else { x.real() };
            x.reshape(outs[0].shape())
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        let cubed = |x: &Aval| 25 * x.size() * x.shape().last().copied().unwrap_or(0);
        (cubed(ins[0]) + cubed(ins[1])) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// A Ẋ + Ẋ B = Ċ − Ȧ X − X Ḃ.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let x = cx.out();
        let by_a = cx.tangent(0).map(|t| -t.matmul(x));
        let by_b = cx.tangent(1).map(|t| -x.matmul(t));
        let right = add_tangents(add_tangents(by_a, by_b), cx.tangent(2).cloned());
        let tangent = right.map(|c| bind1(*self, &[&cx.primals[0], &cx.primals[1], &c]));
        cx.one(tangent)
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let (Some(a), Some(b)) = (cx.known(0), cx.known(1)) else {
            return Err("it is not linear in the matrices".into());
        };
        let mut out: Tangents = SmallVec::from_elem(None, 3);
        out[2] = Some(bind1(*self, &[&a.mt(), &b.mt(), cx.ct()]));
        Ok(out)
    }
}

/// Of complex matrices `[batch, …]`.
#[track_caller]
fn solved(a: &Array, b: &Array, c: &Array, tol: u64) -> Array {
    let [_, m, n] = *c.shape() else { unreachable!("batches are one dimension here") };
    let ((r, u), (s, v)) = (schur(a), schur(b));
    let f = adjoint(&u).matmul(c).matmul(&v);
    let identity = eye(m, c.dtype());
    let diagonal = s.diagonal(0, 1, 2).expand_dims(1);
    let op = TriangularSolve { left: true, lower: false, transpose: false, unit_diagonal: false };
    let out = inner_for(n, &[f.zeros_like()], |k, state| {
        let y = &state[0];
        // The columns of Y from here on are zeros.
        let right = window(&f, k, 2, 1) - y.matmul(window(&s, k, 2, 1));
        let shifted = &r + window(&diagonal, k, 2, 1) * &identity;
        vec![with_window(y, &bind1(op, &[&shifted, &right]), k, 2)]
    });
    let x = u.matmul(&out[0]).matmul(adjoint(&v));
    let sums = r.diagonal(0, 1, 2).expand_dims(2) + diagonal;
    let least = sums.abs().min(keepdims([1, 2]));
    where_(least.lt(f64::from_bits(tol)), f64::NAN, x)
}
