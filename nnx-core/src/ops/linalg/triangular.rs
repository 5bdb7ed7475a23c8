//! Systems of linear equations with a triangular matrix.

use super::{batch, matrix, square, wide_inexact};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents,
};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode, Transposition};
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::Aval;
use smallvec::{SmallVec, smallvec};

/// x of op(A) x = B, or of x op(A) = B if not `left`, for triangular A; the other triangle is not
/// read. Operands: A, B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TriangularSolve {
    pub(crate) left: bool,
    pub(crate) lower: bool,
    /// op(A) is the transpose of A.
    pub(crate) transpose: bool,
    /// The diagonal counts as ones and is not read.
    pub(crate) unit_diagonal: bool,
}

/// The common cases of [`TriangularSolve`].
#[derive(Clone, Copy)]
pub(super) enum Side {
    LowerLeft,
    UnitLowerLeft,
    UpperLeft,
    UpperRight,
}

/// x of A x = B or x A = B.
#[track_caller]
pub(super) fn solve_triangular(a: &Array, b: &Array, side: Side) -> Array {
    let op = TriangularSolve {
        left: !matches!(side, Side::UpperRight),
        lower: matches!(side, Side::LowerLeft | Side::UnitLowerLeft),
        transpose: false,
        unit_diagonal: matches!(side, Side::UnitLowerLeft),
    };
    bind1(op, &[a, b])
}

impl Primitive for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }
    fn params(&self) -> String {
        format!(
            "left_side={} lower={} transpose_a={} unit_diagonal={}",
            self.left, self.lower, self.transpose, self.unit_diagonal
        )
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [a, b] = [ins[0], ins[1]];
        let (n, (rows, columns)) = (square(a)?, matrix(b)?);
        wide_inexact(a)?;
        let fits = batch(a.shape(), 2) == batch(b.shape(), 2)
            && n == if self.left { rows } else { columns }
            && a.dtype() == b.dtype();
        if !fits {
            let side = if self.left { "rows" } else { "columns" };
            return Err(format!(
                "the matrix {a} does not fit the right side {b}: as many {side}, equal batches \
                 and dtypes are needed"
            ));
        }
        Ok(smallvec![b.clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let transpose = if self.transpose { Transposition::Yes } else { Transposition::No };
        let attrs = vec![
            (AttrName::LeftSide, Attr::Bool(self.left)),
            (AttrName::Lower, Attr::Bool(self.lower)),
            (AttrName::UnitDiagonal, Attr::Bool(self.unit_diagonal)),
            (AttrName::TransposeA, Attr::Case(transpose.into())),
        ];
        smallvec![b.op(Opcode::TriangularSolve, ins, outs[0], attrs)]
    }
    fn flops(&self, ins: &[&Aval], outs: &[&Aval]) -> u64 {
        (outs[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let (a, x) = (&cx.primals[0], cx.out());
        let by_a = cx.tangent(0).map(|t| {
            let k = isize::from(self.unit_diagonal);
            let t = if self.lower { t.tril(-k) } else { t.triu(k) };
            let t = if self.transpose { t.mt() } else { t };
            let right = if self.left { t.matmul(x) } else { x.matmul(&t) };
            bind1(*self, &[a, &-right])
        });
        let by_b = cx.tangent(1).map(|t| bind1(*self, &[a, t]));
        cx.one(add_tangents(by_a, by_b))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(a) = cx.known(0) else { return Err("it is not linear in the matrix".into()) };
        let op = TriangularSolve { transpose: !self.transpose, ..*self };
        let mut out: Tangents = SmallVec::from_elem(None, 2);
        out[1] = Some(bind1(op, &[a, cx.ct()]));
        Ok(out)
    }
}
