//! The QR decomposition by Householder reflections, in the form of LAPACK's `geqrf` and `orgqr`.
//! StableHLO has no such operations; XLA's own expanders answer these custom calls.

use super::triangular::{Side, solve_triangular};
use super::{adjoint, batch, matrix, wide_inexact};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode};
use crate::run::{bind, bind1};
use crate::value::Aval;
use smallvec::smallvec;

/// From matrices `[…, m, n]`: R in the upper triangle and the reflections' vectors below it,
/// `[…, m, n]`, and the reflections' factors, `[…, min(m, n)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Geqrf;

impl Primitive for Geqrf {
    fn name(&self) -> &'static str {
        "geqrf"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (m, n) = matrix(ins[0])?;
        wide_inexact(ins[0])?;
        let factors = [batch(ins[0].shape(), 2), &[m.min(n)]].concat();
        Ok(smallvec![ins[0].clone(), ins[0].with_shape(&factors)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![(AttrName::CallTargetName, Attr::Text("Qr"))];
        b.op_with_regions(Opcode::CustomCall, ins, outs, attrs, vec![])
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        Err("the derivative is that of the whole QR decomposition".into())
    }
}

/// The first columns of Q, `[…, m, n]` with m ≥ n, from vectors and factors `[…, k]`, k ≤ n, as of
/// [`Geqrf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HouseholderProduct;

impl Primitive for HouseholderProduct {
    fn name(&self) -> &'static str {
        "householder_product"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (m, n) = matrix(ins[0])?;
        let fits = ins[1].rank() + 1 == ins[0].rank()
            && batch(ins[0].shape(), 2) == batch(ins[1].shape(), 1)
            && m >= n
            && ins[1].shape()[ins[1].rank() - 1] <= n;
        if !fits || ins[0].dtype() != ins[1].dtype() {
            return Err(format!("needs reflections [m, n] and [n], got {} and {}", ins[0], ins[1]));
        }
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let target = Attr::Text("ProductOfElementaryHouseholderReflectors");
        let attrs = vec![(AttrName::CallTargetName, target)];
        smallvec![b.op(Opcode::CustomCall, ins, outs[0], attrs)]
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        Err("the derivative is that of the whole QR decomposition".into())
    }
}

/// Q and R of matrices `[…, m, n]`: `[…, m, k]` and `[…, k, n]` with k = min(m, n), or k = m if
/// `full`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Qr {
    pub(crate) full: bool,
}

impl Qr {
    fn rank(self, m: usize, n: usize) -> usize {
        if self.full { m } else { m.min(n) }
    }
}

impl Primitive for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }
    fn params(&self) -> String {
        format!("full_matrices={}", self.full)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (m, n) = matrix(ins[0])?;
        wide_inexact(ins[0])?;
        let (k, batch) = (self.rank(m, n), batch(ins[0].shape(), 2));
        let aval = |a, b| ins[0].with_shape(&[batch, &[a, b]].concat());
        Ok(smallvec![aval(m, k), aval(k, n)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let x = &args[0];
            let (rows, columns) = (x.rank() - 2, x.rank() - 1);
            let (m, n) = (x.shape()[rows], x.shape()[columns]);
            let k = self.rank(m, n);
            if m.min(n) == 0 {
                // No column to reflect: Q is the identity.
                let shape = [&x.shape()[..rows], &[m, k]].concat();
                let q = crate::array::eye(m.max(k), x.dtype());
                let q = q.slice_dim(0, 0, m).slice_dim(1, 0, k).broadcast_to_dims(&shape);
                let r = [&x.shape()[..rows], &[k, n]].concat();
                return vec![q, Array::zeros_aval(&x.aval().with_shape(&r))];
            }
            let [packed, factors] = {
                let outs = bind(Geqrf, &[x]);
                [outs[0].clone(), outs[1].clone()]
            };
            let vectors = if k <= n {
                packed.slice_dim(columns, 0, k)
            } else {
                let mut pairs = vec![(0, 0); x.rank()];
                pairs[columns] = (0, (k - n) as i64);
                packed.pad(&pairs, 0)
            };
            let q = bind1(HouseholderProduct, &[&vectors, &factors]);
            vec![q, packed.slice_dim(rows, 0, k).triu(0)]
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (2 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// Walter & Lehmann (2018), "Algorithmic differentiation of linear algebra functions".
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.with(smallvec![None, None]) };
        let (m, n) = matrix(cx.primals[0].aval())?;
        if m < n || (self.full && m != n) {
            return Err(format!(
                "only the reduced decomposition of matrices with at least as many rows as columns \
                 has one, this one is of {}",
                cx.primals[0].aval()
            ));
        }
        let (q, r) = (cx.out(), &cx.outs()[1]);
        let scaled = solve_triangular(r, t, Side::UpperRight);
        let inner = adjoint(q).matmul(&scaled);
        let lower = inner.tril(-1);
        let turn = &lower - adjoint(&lower);
        let dq = q.matmul(&turn - &inner) + scaled;
        let dr = (inner - turn).matmul(r);
        cx.with(smallvec![Some(dq), Some(Array::triu(&dr, 0))])
    }
}
