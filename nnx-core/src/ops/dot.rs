//! The general dot product.

use super::Transpose;
use crate::array::Precision;
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Product, Tangents,
    batched, shifted,
};
use crate::lower::{Attr, AttrName, DotDims, Id, Ids, Opcode};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Contracts and batches dimensions of two operands. The result has the batch dimensions, then
/// the free ones of the left operand, then those of the right. It is of the operands' dtype, or of the one given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DotGeneral {
    pub(crate) dims: DotDims,
    pub(crate) preferred: Option<DType>,
    pub(crate) precision: Precision,
}

impl DotGeneral {
    pub(crate) fn new(dims: DotDims) -> Self {
        DotGeneral { dims, preferred: None, precision: Precision::Default }
    }
}

/// Dimensions of an operand of `rank` that are in neither list.
fn free(rank: usize, batch: &[usize], contract: &[usize]) -> Vec<usize> {
    (0..rank).filter(|d| !batch.contains(d) && !contract.contains(d)).collect()
}

impl Primitive for DotGeneral {
    fn name(&self) -> &'static str {
        "dot_general"
    }
    fn params(&self) -> String {
        let d = &self.dims;
        let mut more = String::new();
        if let Some(dtype) = self.preferred {
            more += &format!(" preferred_element_type={dtype}");
        }
        if self.precision != Precision::Default {
            more += &format!(" precision={:?}", self.precision);
        }
        format!(
            "contract=({:?}, {:?}) batch=({:?}, {:?}){more}",
            d.lhs_contract, d.rhs_contract, d.lhs_batch, d.rhs_batch
        )
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (l, r, d) = (ins[0], ins[1], &self.dims);
        let small = [l, r].map(|x| x.dtype().is_small_float());
        if l.dtype() != r.dtype() && small != [true; 2] {
            return Err(format!("operands differ in dtype: {l} and {r}"));
        }
        if small[0] && self.preferred.is_none() {
            return Err(format!(
                "sums of products of {l} need a wider dtype: `dot_general_as(…, DType::F32)`, or convert with `.astype(…)`"
            ));
        }
        let once = |dims: &[usize], more: &[usize]| {
            let all: Vec<usize> = dims.iter().chain(more).copied().collect();
            (1..all.len()).all(|i| !all[..i].contains(&all[i]))
        };
        if !once(&d.lhs_batch, &d.lhs_contract) || !once(&d.rhs_batch, &d.rhs_contract) {
            return Err(format!("{l} and {r}: {} names a dimension twice", self.params()));
        }
        if [d.lhs_batch.len(), d.lhs_contract.len()] != [d.rhs_batch.len(), d.rhs_contract.len()] {
            return Err(format!("{l} and {r}: {} does not pair dimensions", self.params()));
        }
        let pairs = |a: &[usize], b: &[usize], what: &str| {
            for (&i, &j) in a.iter().zip(b) {
                if i >= l.rank() || j >= r.rank() || l.shape()[i] != r.shape()[j] {
                    return Err(format!(
                        "cannot {what} dimension {i} of {l} with dimension {j} of {r}: the sizes differ"
                    ));
                }
            }
            Ok(())
        };
        pairs(&d.lhs_contract, &d.rhs_contract, "contract")?;
        pairs(&d.lhs_batch, &d.rhs_batch, "batch")?;
        let mut dims: Vec<usize> = d.lhs_batch.iter().map(|&i| l.shape()[i]).collect();
        dims.extend(free(l.rank(), &d.lhs_batch, &d.lhs_contract).iter().map(|&i| l.shape()[i]));
        dims.extend(free(r.rank(), &d.rhs_batch, &d.rhs_contract).iter().map(|&i| r.shape()[i]));
        let out = l.with_shape(&dims);
        Ok(smallvec![self.preferred.map_or(out.clone(), |dtype| out.with_dtype(dtype))])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let mut attrs = vec![(AttrName::DotDimensionNumbers, Attr::Dot(self.dims.clone()))];
        attrs.extend(self.precision.attribute());
        smallvec![b.op(Opcode::DotGeneral, ins, outs[0], attrs)]
    }
    fn flops(&self, ins: &[&Aval], outs: &[&Aval]) -> u64 {
        let contracted: usize = self.dims.lhs_contract.iter().map(|&d| ins[0].shape()[d]).product();
        2 * (contracted * outs[0].size()) as u64
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.bilinear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let d = &self.dims;
        match (cx.known(0), cx.known(1)) {
            (None, Some(r)) => {
                let ct = transpose_side(
                    cx.ct(),
                    r,
                    cx.aval(0),
                    (&d.lhs_batch, &d.lhs_contract),
                    (&d.rhs_batch, &d.rhs_contract),
                    false,
                    self.precision,
                );
                Ok(smallvec![Some(ct), None])
            }
            (Some(l), None) => {
                let ct = transpose_side(
                    cx.ct(),
                    l,
                    cx.aval(1),
                    (&d.rhs_batch, &d.rhs_contract),
                    (&d.lhs_batch, &d.lhs_contract),
                    true,
                    self.precision,
                );
                Ok(smallvec![None, Some(ct)])
            }
            _ => Err("it is linear in one operand at a time".into()),
        }
    }
    fn product(&self) -> Option<Product> {
        Some(Product::Dot { has_batch: !self.dims.lhs_batch.is_empty() })
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut d = self.dims.clone();
        let free_lhs = cx.rank(0) - d.lhs_batch.len() - d.lhs_contract.len();
        if cx.batched[0] {
            (d.lhs_batch, d.lhs_contract) = (shifted(&d.lhs_batch), shifted(&d.lhs_contract));
        }
        if cx.batched[1] {
            (d.rhs_batch, d.rhs_contract) = (shifted(&d.rhs_batch), shifted(&d.rhs_contract));
        }
        // Where the batch of one operand, a free dimension of it, is in the result.
        let mut at = self.dims.lhs_batch.len();
        if cx.batched[0] && cx.batched[1] {
            d.lhs_batch.insert(0, 0);
            d.rhs_batch.insert(0, 0);
            at = 0;
        } else if cx.batched[1] {
            at += free_lhs;
        }
        let out = bind1(DotGeneral { dims: d, ..self.clone() }, &[&cx.ins[0], &cx.ins[1]]);
        batched(smallvec![out.moveaxis(at as isize, 0)])
    }
}

/// The cotangent of operand x from the cotangent of the result and the other operand y; each
/// pair of lists is (batch, contract). `swapped` says that x is the right operand.
fn transpose_side(
    ct: &Array,
    y: &Array,
    x: &Aval,
    (x_batch, x_contract): (&[usize], &[usize]),
    (y_batch, y_contract): (&[usize], &[usize]),
    swapped: bool,
    precision: Precision,
) -> Array {
    let nb = x_batch.len();
    let x_free = free(x.rank(), x_batch, x_contract);
    let y_free = free(y.rank(), y_batch, y_contract);
    // In the result: batch, free of the left, free of the right.
    let y_start = if swapped { nb } else { nb + x_free.len() };
    let dims = DotDims {
        lhs_batch: (0..nb).collect(),
        rhs_batch: y_batch.to_vec(),
        lhs_contract: (y_start..y_start + y_free.len()).collect(),
        rhs_contract: y_free,
    };
    // The cotangent may be wider than the operands.
    let out =
        bind1(DotGeneral { precision, ..DotGeneral::new(dims) }, &[ct, &y.astype(ct.dtype())])
            .astype(x.dtype());
    // Now: batch, free of x, then y's contracted dimensions in the order of y.
    let mut by_y: Vec<usize> = (0..y_contract.len()).collect();
    by_y.sort_by_key(|&k| y_contract[k]);
    let order: Vec<usize> = x_batch
        .iter()
        .copied()
        .chain(x_free)
        .chain(by_y.into_iter().map(|k| x_contract[k]))
        .collect();
    let mut perm = vec![0; order.len()];
    for (i, &d) in order.iter().enumerate() {
        perm[d] = i;
    }
    if perm.iter().copied().eq(0..perm.len()) { out } else { bind1(Transpose(perm), &[&out]) }
}
