//! Hessenberg form by Householder reflections, in the form of LAPACK's `gehrd`.

use super::windows::{Reflection, reflection, window};
use super::{adjoint, batch, square, wide_inexact};
use crate::array::{iota, where_};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::inner_for;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// From square matrices `[…, n, n]`: Qᴴ A Q, which is zero below the first subdiagonal, with the
/// reflections' vectors in place of these zeros, and the reflections' factors, `[…, n - 1]`. Q is their
/// product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hessenberg;

impl Primitive for Hessenberg {
    fn name(&self) -> &'static str {
        "hessenberg"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let n = square(ins[0])?;
        wide_inexact(ins[0])?;
        let factors = [batch(ins[0].shape(), 2), &[n.saturating_sub(1)]].concat();
        Ok(smallvec![ins[0].clone(), ins[0].with_shape(&factors)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let n = args[0].shape()[args[0].rank() - 1];
            let batches = batch(args[0].shape(), 2).iter().product();
            let (packed, factors) = reduced(&args[0].reshape([batches, n, n]));
            vec![packed.reshape(outs[0].shape()), factors.reshape(outs[1].shape())]
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (10 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0) / 3) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        Err("the Hessenberg form has none, as in JAX".into())
    }
}

/// Column by column, of matrices `[batch, n, n]`.
#[track_caller]
pub(super) fn reduced(a: &Array) -> (Array, Array) {
    let [batches, n, _] = *a.shape() else { unreachable!("batches are one dimension here") };
    let count = n.saturating_sub(1);
    let factors = crate::array::zeros([batches, count], a.dtype());
    if count == 0 || batches == 0 {
        return (a.clone(), factors);
    }
    let (rows, columns) = (iota([n, 1], DType::I32, 0), iota([1, n], DType::I32, 1));
    let out = inner_for(count, &[a.clone(), factors], |k, state| {
        let (a, factors) = (&state[0], &state[1]);
        let column = window(a, k, 2, 1);
        let (head, below) = (rows.eq(k + 1), rows.gt(k + 1));
        let first = where_(&head, &column, 0.0).sum(crate::array::keepdims(1));
        let Reflection { beta, tau, w } = reflection(&first, &where_(&below, &column, 0.0), &head);
        let w = where_(rows.gt(k), w, 0.0);
        // The columns before hold vectors of earlier reflections.
        let left = where_(columns.gt(k), adjoint(&w).matmul(a), 0.0);
        let turned = a - tau.conj() * &w * left;
        let turned = &turned - &tau * turned.matmul(&w).matmul(adjoint(&w));
        let packed = where_(&head, beta.astype(a.dtype()), where_(below, w, column));
        let a = where_(columns.eq(k), packed, turned);
        let here = iota([1, count], DType::I32, 1).eq(k);
        vec![a, where_(here, tau.squeeze(2), factors)]
    });
    (out[0].clone(), out[1].clone())
}

/// The unitary Q `[batch, n, n]` of packed reflections, by applying them to the identity from the last
/// to the first.
#[track_caller]
pub(super) fn accumulated(packed: &Array, factors: &Array) -> Array {
    let [batches, n, _] = *packed.shape() else { unreachable!("batches are one dimension here") };
    let start = crate::array::eye(n, packed.dtype()).broadcast_to_dims(&[batches, n, n]);
    let count = n.saturating_sub(1);
    if count == 0 || batches == 0 {
        return start;
    }
    let rows = iota([n, 1], DType::I32, 0);
    let factors = factors.expand_dims(1);
    let out = inner_for(count, &[start], |i, state| {
        let k = (count as i32 - 1) - i;
        let column = window(packed, &k, 2, 1);
        let w = where_(rows.eq(&k + 1), 1.0, where_(rows.gt(&k + 1), column, 0.0));
        let w = w.astype(packed.dtype());
        let tau = window(&factors, &k, 2, 1);
        vec![&state[0] - tau * &w * adjoint(&w).matmul(&state[0])]
    });
    out[0].clone()
}
