//! The QR decomposition by Householder reflections, in the form of LAPACK's `geqrf` and `orgqr`.
//! StableHLO has no such operations; XLA's own expanders answer these custom calls.

use super::batch::{Batch, Batched};
use super::{Attr, Builder, Id, Ids, Jvp, Primitive, Tangents};
use crate::graph::{Aval, Avals};
use smallvec::smallvec;

/// From a matrix `[m, n]`: R in the upper triangle and the reflections' vectors below it, `[m, n]`,
/// and the reflections' factors, `[min(m, n)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Geqrf;

impl Primitive for Geqrf {
    fn name(&self) -> &'static str {
        "geqrf"
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        let &[ref batch @ .., m, n] = ins[0].shape() else {
            return Err(format!("needs a matrix in the last two dimensions, got {}", ins[0]));
        };
        if !ins[0].dtype().is_float() || ins[0].dtype().size() < 4 {
            return Err(format!("needs f32 or f64, got {}", ins[0]));
        }
        Ok(smallvec![ins[0], ins[0].with_shape(&[batch, &[m.min(n)]].concat())])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let attrs = vec![("call_target_name", Attr::Text("Qr"))];
        b.op_with_regions("stablehlo.custom_call", ins, outs, attrs, vec![])
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("the derivative of the QR decomposition is not available".into())
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// The first columns of Q, `[m, n]` with m ≥ n, from the results of [`Geqrf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HouseholderProduct;

impl Primitive for HouseholderProduct {
    fn name(&self) -> &'static str {
        "householder_product"
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        let fits = matches!(
            (ins[0].shape(), ins[1].shape()),
            (&[ref a @ .., m, n], &[ref b @ .., k]) if a == b && m >= n && n == k
        );
        if !fits || ins[0].dtype() != ins[1].dtype() {
            return Err(format!("needs reflections [m, n] and [n], got {} and {}", ins[0], ins[1]));
        }
        Ok(smallvec![ins[0]])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let target = Attr::Text("ProductOfElementaryHouseholderReflectors");
        let attrs = vec![("call_target_name", target)];
        smallvec![b.op("stablehlo.custom_call", ins, outs[0], attrs)]
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("the derivative of the QR decomposition is not available".into())
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
