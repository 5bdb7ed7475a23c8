//! Products of arrays: matmul, dot_general.

use super::Operand;
use super::axes::invalid;
use crate::graph::Array;
use crate::lower::DotDims;
use crate::ops::DotGeneral;
use crate::run::bind1;
use crate::value::promote_dtypes;

impl Array {
    /// Matrix product with NumPy's rules for vectors and batches: the last axis of this array meets
    /// the second last of `rhs`; leading axes broadcast. `jax.numpy.matmul`.
    ///
    /// # Panics
    /// Panics if the inner sizes differ, an operand is a scalar, or the batches do not broadcast.
    #[track_caller]
    pub fn matmul(&self, rhs: impl AsRef<Array>) -> Array {
        let rhs = rhs.as_ref();
        let dtype = promote_dtypes(self.dtype(), rhs.dtype());
        let (a, b) = (self.array(dtype), rhs.array(dtype));
        let (ra, rb) = (a.rank(), b.rank());
        if ra == 0 || rb == 0 {
            invalid(
                "matmul",
                format!("{} and {}: scalars have no inner axis; use `*`", a.aval(), b.aval()),
            );
        }
        let inner = rb.saturating_sub(2);
        if a.shape()[ra - 1] != b.shape()[inner] {
            invalid(
                "matmul",
                format!(
                    "{} and {}: the last axis of the left ({}) must equal {} of the right ({})",
                    a.aval(),
                    b.aval(),
                    a.shape()[ra - 1],
                    if rb == 1 { "the only axis" } else { "the second last axis" },
                    b.shape()[inner]
                ),
            );
        }
        // Without a batch on the right one contraction does it, as Linear layers need.
        if rb <= 2 {
            let dims = DotDims {
                lhs_batch: vec![],
                rhs_batch: vec![],
                lhs_contract: vec![ra - 1],
                rhs_contract: vec![inner],
            };
            return bind1(DotGeneral(dims), &[&a, &b]);
        }
        let vector = ra == 1;
        let a = if vector { a.expand_dims(0) } else { a };
        let (ba, bb) = (&a.shape()[..a.rank() - 2], &b.shape()[..rb - 2]);
        let Some(batch) = super::arith::broadcast_shapes(ba, bb) else {
            invalid(
                "matmul",
                format!("the batches of {} and {} do not broadcast", a.aval(), b.aval()),
            );
        };
        let nb = batch.len();
        let widen = |x: &Array| {
            let mut shape = batch.clone();
            shape.extend(&x.shape()[x.rank() - 2..]);
            x.broadcast_to_dims(&shape)
        };
        let dims = DotDims {
            lhs_batch: (0..nb).collect(),
            rhs_batch: (0..nb).collect(),
            lhs_contract: vec![nb + 1],
            rhs_contract: vec![nb],
        };
        let out = bind1(DotGeneral(dims), &[&widen(&a), &widen(&b)]);
        if vector { out.squeeze(-2) } else { out }
    }
}

/// Contracts and batches pairs of dimensions; the result has the batch dimensions, the free ones
/// of `lhs`, then those of `rhs`. `jax.lax.dot_general`.
///
/// # Panics
/// Panics if dtypes or paired sizes differ.
#[track_caller]
pub fn dot_general(
    lhs: &Array,
    rhs: &Array,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
) -> Array {
    let dims = DotDims {
        lhs_batch: batch.0.to_vec(),
        rhs_batch: batch.1.to_vec(),
        lhs_contract: contract.0.to_vec(),
        rhs_contract: contract.1.to_vec(),
    };
    bind1(DotGeneral(dims), &[lhs, rhs])
}
