//! The LU decomposition with partial pivoting, and systems of linear equations by it.

use super::triangular::{Side, solve_triangular};
use super::{TriangularSolve, batch, matrix, square, wide_inexact};
use crate::array::{concatenate, eye, iota, select, where_};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents,
};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::inner_for;
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// Columns that are eliminated one by one before the rest is updated by one product.
const BLOCK: usize = 64;

/// P A = L U: L (with ones on the diagonal) and U in one matrix `[…, m, n]`, the row with which
/// each row was exchanged, as i32 `[…, min(m, n)]`, and the rows' permutation, as i32 `[…, m]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lu;

impl Primitive for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (m, n) = matrix(ins[0])?;
        wide_inexact(ins[0])?;
        let ints = |len| {
            let shape = [batch(ins[0].shape(), 2), &[len]].concat();
            Aval::new(DType::I32, &shape)
        };
        Ok(smallvec![ins[0].clone(), ints(m.min(n)), ints(m)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let (m, n) = (outs[2].shape()[outs[2].rank() - 1], args[0].shape()[args[0].rank() - 1]);
            let batches = batch(args[0].shape(), 2).iter().product();
            let Factors { lu, pivots, rows } = blocked(&args[0].reshape([batches, m, n]));
            vec![
                lu.reshape(outs[0].shape()),
                pivots.reshape(outs[1].shape()),
                rows.reshape(outs[2].shape()),
            ]
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (2 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0) / 3) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// With X = L⁻¹ P Ȧ U⁻¹: L̇ = L tril₋₁(X), U̇ = triu(X) U.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.with(smallvec![None, None, None]) };
        let (lu, rows) = (cx.out(), &cx.outs()[2]);
        let (m, n) = matrix(lu.aval())?;
        let k = m.min(n);
        let (dim_m, dim_n) = (lu.rank() - 2, lu.rank() - 1);
        let pad = |x: Array, dim: usize, by: usize| {
            let mut pairs = vec![(0, 0); x.rank()];
            pairs[dim] = (0, by as i64);
            x.pad(&pairs, 0)
        };
        let dtype = lu.dtype();
        let l = pad(lu.slice_dim(dim_n, 0, k).tril(-1), dim_n, m - k) + eye(m, dtype);
        let tail = eye(n, dtype) * iota([n], DType::I32, 0).ge(k).astype(dtype);
        let u = pad(lu.slice_dim(dim_m, 0, k).triu(0), dim_m, n - k) + tail;
        let x = solve_triangular(&l, &permute_rows(t, rows), Side::UnitLowerLeft);
        let x = solve_triangular(&u, &x, Side::UpperRight);
        let change = l.matmul(x.tril(-1)) + x.triu(0).matmul(&u);
        cx.with(smallvec![Some(change), None, None])
    }
}

/// The rows `[…, m]` of matrices `[…, m, n]` in the order `rows`.
#[track_caller]
pub(crate) fn permute_rows(x: &Array, rows: &Array) -> Array {
    x.take_along_axis(rows.expand_dims(-1), -2)
}

/// The decomposition of matrices `[batch, m, n]`.
struct Factors {
    lu: Array,
    pivots: Array,
    rows: Array,
}

/// Block by block: eliminate the columns of a block, solve for its rows, update what is below and
/// to the right of it by a product (Golub & Van Loan, 3.4.6).
#[track_caller]
fn blocked(a: &Array) -> Factors {
    let [batches, m, n] = *a.shape() else { unreachable!("batches are one dimension here") };
    let k = m.min(n);
    let mut a = a.clone();
    let mut rows = iota([batches, m], DType::I32, 1);
    let mut pivots = Vec::new();
    for start in (0..k).step_by(BLOCK) {
        let width = BLOCK.min(k - start);
        let panel = a.slice_dim(1, start, m).slice_dim(2, start, start + width);
        let done = unblocked(&panel);
        pivots.push(&done.pivots + start as i64);
        // The panel's exchanges for all columns.
        let order =
            concatenate([&iota([batches, start], DType::I32, 1), &(&done.rows + start as i64)], 1);
        a = permute_rows(&a, &order);
        rows = rows.take_along_axis(&order, 1);
        let (left, right) = (a.slice_dim(2, 0, start), a.slice_dim(2, start + width, n));
        let right = if start + width < n {
            let top = right.slice_dim(1, 0, start);
            let middle = right.slice_dim(1, start, start + width);
            let below = right.slice_dim(1, start + width, m);
            let corner = done.lu.slice_dim(1, 0, width);
            let middle = solve_triangular(&corner, &middle, Side::UnitLowerLeft);
            let factors = done.lu.slice_dim(1, width, m - start);
            let below = below - factors.matmul(&middle);
            concatenate([&top, &middle, &below], 1)
        } else {
            right
        };
        let above = a.slice_dim(1, 0, start).slice_dim(2, start, start + width);
        let column = concatenate([&above, &done.lu], 1);
        a = concatenate([&left, &column, &right], 2);
    }
    let pivots = match pivots.len() {
        0 => crate::array::zeros([batches, 0], DType::I32),
        _ => concatenate(&pivots, 1),
    };
    Factors { lu: a, pivots, rows }
}

/// Column by column, in a loop.
#[track_caller]
fn unblocked(a: &Array) -> Factors {
    let [batches, m, n] = *a.shape() else { unreachable!("batches are one dimension here") };
    let k = m.min(n);
    let state = [
        a.clone(),
        crate::array::zeros([batches, k], DType::I32),
        iota([batches, m], DType::I32, 1),
    ];
    let out = inner_for(k, &state, |step, state| {
        let (a, pivots, rows) = (&state[0], &state[1], &state[2]);
        let below = iota([m], DType::I32, 0);
        let column = a.dynamic_index(step, 2);
        let size = column.abs();
        let candidates = where_(below.ge(step), &size, -1.0).astype(size.dtype());
        let pivot = candidates.argmax(1).expand_dims(1);
        let here = iota([k], DType::I32, 0).eq(step);
        let pivots = where_(&here, &pivot, pivots);
        // Exchange the rows `step` and `pivot`.
        let order = where_(below.eq(step), &pivot, &below);
        let order = where_(below.eq(&pivot), step, order);
        let a = permute_rows(a, &order);
        let rows = rows.take_along_axis(&order, 1);
        let column = a.dynamic_index(step, 2);
        let row = a.dynamic_index(step, 1);
        let diagonal = row.dynamic_index(step, 1).expand_dims(1);
        let zero = diagonal.eq(0.0);
        let safe = select(&zero, diagonal.ones_like(), &diagonal);
        let rest = below.gt(step).astype(a.dtype());
        let factors = &column / safe * &rest;
        let right = iota([n], DType::I32, 0).gt(step).astype(a.dtype());
        let a = &a - factors.expand_dims(2) * (row * right).expand_dims(1);
        // The factors take the place of the zeros.
        let at = iota([m, n], DType::I32, 1).eq(step) & iota([m, n], DType::I32, 0).gt(step);
        let a = where_(&at, factors.expand_dims(2), a);
        vec![a, pivots, rows]
    });
    Factors { lu: out[0].clone(), pivots: out[1].clone(), rows: out[2].clone() }
}

/// x of A x = b, or of Aᵀ x = b if `transposed`. Operands: A, its decomposition and permutation as
/// of [`Lu`], b `[…, n, k]`. The derivative goes through A and b, not through the decomposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LuSolve {
    pub(crate) transposed: bool,
}

impl Primitive for LuSolve {
    fn name(&self) -> &'static str {
        "lu_solve"
    }
    fn params(&self) -> String {
        format!("transposed={}", self.transposed)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (n, (rows, _)) = (square(ins[0])?, matrix(ins[3])?);
        let fits = n == rows
            && ins[0] == ins[1]
            && batch(ins[0].shape(), 2) == batch(ins[3].shape(), 2)
            && ins[0].dtype() == ins[3].dtype();
        if !fits {
            return Err(format!(
                "the matrix {} does not fit the right side {}: as many rows, equal batches and \
                 dtypes are needed",
                ins[0], ins[3]
            ));
        }
        Ok(smallvec![ins[3].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        b.traced1(ins, |args| {
            let [lu, rows, b] = [1, 2, 3].map(|i: usize| &args[i]);
            if !self.transposed {
                let y = solve_triangular(lu, &permute_rows(b, rows), Side::UnitLowerLeft);
                return solve_triangular(lu, &y, Side::UpperLeft);
            }
            let solve = |b: &Array, lower: bool| {
                let op =
                    TriangularSolve { left: true, lower, transpose: true, unit_diagonal: lower };
                bind1(op, &[lu, b])
            };
            permute_rows(&solve(&solve(b, false), true), &rows.argsort(-1))
        })
    }
    fn flops(&self, ins: &[&Aval], outs: &[&Aval]) -> u64 {
        (2 * outs[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let [a, lu, rows] = [0, 1, 2].map(|i: usize| &cx.primals[i]);
        let by_a = cx.tangent(0).map(|t| {
            let t = if self.transposed { t.mt() } else { t.clone() };
            -t.matmul(cx.out())
        });
        match add_tangents(by_a, cx.tangent(3).cloned()) {
            Some(right) => cx.one(Some(bind1(*self, &[a, lu, rows, &right]))),
            None => cx.one(None),
        }
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let (Some(a), Some(lu), Some(rows)) = (cx.known(0), cx.known(1), cx.known(2)) else {
            return Err("it is not linear in the matrix".into());
        };
        let op = LuSolve { transposed: !self.transposed };
        let mut out: Tangents = SmallVec::from_elem(None, 4);
        out[3] = Some(bind1(op, &[a, lu, rows, cx.ct()]));
        Ok(out)
    }
}
