//! Eigenvalues and eigenvectors of symmetric matrices.

use super::{adjoint, identity, square, wide_float};
use crate::array::DType;
use crate::graph::{Aval, Avals};
use crate::ops::{Attr, Builder, Id, Ids, Jvp, Primitive, Tangents};
use smallvec::smallvec;

/// Eigenvalues in ascending order `[…, n]` and eigenvectors in columns `[…, n, n]` of symmetric
/// matrices, whose lower triangle is read. XLA's expander answers the custom call with Jacobi's
/// method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Eigh;

impl Primitive for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        let n = square(ins[0])?;
        wide_float(ins[0])?;
        let shape = ins[0].shape();
        let values = [super::batch(shape, 2), &[n]].concat();
        Ok(smallvec![ins[0].with_shape(&values), ins[0]])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        if outs[1].size() == 0 {
            let empty = b.splat(outs[0], &vec![0; outs[0].dtype().size()]);
            return smallvec![empty, ins[0]];
        }
        // Lower triangle, sorted, most iterations, tolerance.
        let config = match outs[0].dtype() {
            DType::F64 => "1,1,100,1e-14",
            _ => "1,1,100,1e-7",
        };
        let attrs =
            vec![("call_target_name", Attr::Text("Eigh")), ("backend_config", Attr::Text(config))];
        let results =
            b.op_with_regions("stablehlo.custom_call", ins, &[outs[1], outs[0]], attrs, vec![]);
        smallvec![results[1], results[0]]
    }
    fn flops(&self, ins: &[Aval], _: &[Aval]) -> u64 {
        (9 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    /// Giles (2008), "An extended collection of matrix derivative results", 3.1.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Tangents, String> {
        let Some(t) = cx.tangent(0) else { return Ok(smallvec![None, None]) };
        let t = &t.tril(0) + adjoint(&t.tril(-1));
        let (w, v) = (&cx.outs[0], &cx.outs[1]);
        let eye = identity(v);
        let gaps = w.expand_dims(-2) - w.expand_dims(-1);
        let f = 1.0 / (&eye + gaps) - &eye;
        let inner = adjoint(v).matmul(t.matmul(v));
        let dw = inner.diagonal(0, -2, -1);
        Ok(smallvec![Some(dw), Some(v.matmul(f * inner))])
    }
}
