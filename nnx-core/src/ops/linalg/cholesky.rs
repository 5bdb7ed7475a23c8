//! The Cholesky decomposition.

use super::triangular::{Side, solve_triangular};
use super::{adjoint, identity, square, wide_inexact};
use crate::graph::{Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode};
use crate::value::Aval;
use smallvec::smallvec;

/// The lower triangular L of positive definite matrices A = L Lᴴ, whose lower triangle is read.
/// All NaN where A is not positive definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cholesky;

impl Primitive for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        square(ins[0])?;
        wide_inexact(ins[0])?;
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let l = b.op(Opcode::Cholesky, ins, outs[0], vec![(AttrName::Lower, Attr::Bool(true))]);
        b.traced1(&[l], |args| {
            let l = args[0].tril(0);
            let failed = l.is_nan().any(crate::array::keepdims([-1, -2]));
            let nan = l.full_like(f64::NAN).tril(0);
            crate::array::where_(&failed, nan, l)
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (ins[0].size() * ins[0].shape().last().copied().unwrap_or(0) / 3) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// Murray (2016), "Differentiation of the Cholesky decomposition": L Φ(L⁻¹ Ȧ L⁻ᴴ), where Φ
    /// takes the lower triangle and half of the diagonal.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        let l = cx.out();
        // The matrix is symmetric; only its lower triangle counts.
        let lower = t.tril(0);
        let t = &lower + adjoint(&t.tril(-1));
        let right = adjoint(&solve_triangular(l, &adjoint(&t), Side::LowerLeft));
        let both = solve_triangular(l, &right, Side::LowerLeft);
        let phi = both.tril(0) / (identity(l) + 1.0);
        cx.one(Some(l.matmul(phi)))
    }
}
