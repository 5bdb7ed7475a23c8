//! Convolution. Its gradients are convolutions again, with the roles of batch and feature
//! dimensions exchanged; they are written with the same dimension numbers as in JAX, because the
//! compilers pick their kernels by these.

use super::unary::Takes;
use super::{Reverse, Transpose};
use crate::array::Precision;
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Product, Tangents,
    batched,
};
use crate::lower::{Attr, AttrName, ConvDims, Id, Ids, Opcode, ints};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// The general dilated convolution of XLA. Per spatial dimension: stride of the window, padding
/// (negative cuts), dilation of the input and of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConvGeneralDilated {
    pub(crate) strides: Vec<usize>,
    pub(crate) padding: Vec<(i64, i64)>,
    pub(crate) lhs_dilation: Vec<usize>,
    pub(crate) rhs_dilation: Vec<usize>,
    pub(crate) feature_group_count: usize,
    pub(crate) batch_group_count: usize,
    pub(crate) dims: ConvDims,
    /// The dtype of the result, if it is not that of the operands.
    pub(crate) preferred: Option<DType>,
    pub(crate) precision: Precision,
}

/// Size of a dimension of `n` elements with `dilation - 1` holes between neighbours.
pub(crate) fn dilated(n: usize, dilation: usize) -> i64 {
    let [n, holes] = [n, dilation].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    if n == 0 { 0 } else { holes.saturating_mul(n - 1).saturating_add(1) }
}

/// More than any array has elements, and little enough that sums of some do not overflow.
const MOST: i64 = 1 << 40;

/// Refuses strides and dilations that XLA has no numbers for.
pub(super) fn check_steps(lists: &[&[usize]]) -> Result<(), String> {
    match lists.iter().copied().flatten().find(|&&step| step > MOST as usize) {
        None => Ok(()),
        Some(huge) => Err(format!("a stride or dilation of {huge} is larger than {MOST}")),
    }
}

/// Size of a dimension of `n` elements with padding, of which none may be so large that XLA's sums
/// overflow.
pub(super) fn padded(n: i64, window: i64, padding: (i64, i64)) -> Result<i64, String> {
    let (low, high) = padding;
    match [n, window, low, high].into_iter().find(|size| !(-MOST..=MOST).contains(size)) {
        None => Ok(n + low + high),
        Some(huge) => Err(format!(
            "an axis of {n} elements, padding {padding:?} and a window of {window}, dilations \
             included: {huge} is not between -{MOST} and {MOST}"
        )),
    }
}

/// How many windows of size `window` fit.
pub(super) fn windows(size: i64, window: i64, stride: usize) -> usize {
    if size < window { 0 } else { ((size - window) as usize / stride) + 1 }
}

/// The sizes of the dimensions `dims`.
fn take(aval: &Aval, dims: &[usize]) -> Vec<usize> {
    dims.iter().map(|&d| aval.shape()[d]).collect()
}

fn is_permutation(dims: &[usize], rank: usize) -> bool {
    let mut sorted = dims.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..rank)
}

/// The padding with which a window operation over `out` gives back `input`: for the gradient with
/// respect to the input of a convolution or window sum.
pub(super) fn transposed_padding(
    input: i64,
    window: i64,
    out: i64,
    padding: (i64, i64),
) -> (i64, i64) {
    let before = window - padding.0 - 1;
    (before, input + window - 1 - out - before)
}

impl ConvGeneralDilated {
    fn check(&self, lhs: &Aval, rhs: &Aval) -> Result<(), String> {
        let rank = lhs.rank();
        let both = format!("input {lhs} and kernel {rhs}");
        let fail = |rule: String| Err(format!("{both}: {rule}"));
        if lhs.dtype() != rhs.dtype() {
            return fail("the dtypes must be equal; convert with `.astype(…)`".into());
        }
        if lhs.dtype() == DType::Bool {
            return fail("needs a number dtype".into());
        }
        if rank != rhs.rank() || rank < 2 {
            return fail(
                "both need as many axes: one for batch (kernel: output features), one for \
                 features, and the spatial ones"
                    .into(),
            );
        }
        let d = &self.dims;
        if ![&d.lhs, &d.rhs, &d.out].iter().all(|dims| is_permutation(dims, rank)) {
            return fail(format!("the dimension numbers do not name the {rank} axes once each"));
        }
        let spatial = rank - 2;
        let lists = [
            ("strides", self.strides.len()),
            ("padding", self.padding.len()),
            ("lhs_dilation", self.lhs_dilation.len()),
            ("rhs_dilation", self.rhs_dilation.len()),
        ];
        if let Some((name, n)) = lists.iter().find(|(_, n)| *n != spatial) {
            return fail(format!("{name} has {n} entries for {spatial} spatial axes"));
        }
        let zero = |list: &[usize]| list.contains(&0);
        if zero(&self.strides) || zero(&self.lhs_dilation) || zero(&self.rhs_dilation) {
            return fail("strides and dilations must be positive".into());
        }
        check_steps(&[&self.strides, &self.lhs_dilation, &self.rhs_dilation]).or_else(fail)?;
        self.check_groups(lhs, rhs).or_else(fail)
    }

    fn check_groups(&self, lhs: &Aval, rhs: &Aval) -> Result<(), String> {
        let d = &self.dims;
        let (batch, features) = (lhs.shape()[d.lhs[0]], lhs.shape()[d.lhs[1]]);
        let (outs, ins) = (rhs.shape()[d.rhs[0]], rhs.shape()[d.rhs[1]]);
        let (fg, bg) = (self.feature_group_count, self.batch_group_count);
        if fg == 0 || bg == 0 || (fg > 1 && bg > 1) {
            return Err(format!(
                "feature_group_count {fg} and batch_group_count {bg} must be positive, and one of \
                 them 1"
            ));
        }
        if features % fg != 0 || features / fg != ins {
            return Err(format!(
                "the input's features (axis {}: {features}) must be feature_group_count ({fg}) \
                 times the kernel's input features (axis {}: {ins})",
                d.lhs[1], d.rhs[1]
            ));
        }
        if outs % fg != 0 || outs % bg != 0 || batch % bg != 0 {
            return Err(format!(
                "the kernel's output features (axis {}: {outs}) must be a multiple of \
                 feature_group_count ({fg}) and batch_group_count ({bg}), the input's batch (axis \
                 {}: {batch}) of batch_group_count",
                d.rhs[0], d.lhs[0]
            ));
        }
        Ok(())
    }

    /// Per spatial dimension: sizes of the dilated input and kernel.
    fn dilated_sizes(&self, lhs: &Aval, rhs: &Aval) -> Vec<(i64, i64)> {
        let lhs = take(lhs, &self.dims.lhs[2..]);
        let rhs = take(rhs, &self.dims.rhs[2..]);
        (0..lhs.len())
            .map(|i| (dilated(lhs[i], self.lhs_dilation[i]), dilated(rhs[i], self.rhs_dilation[i])))
            .collect()
    }

    /// The cotangent of the input: the result's, convolved with the reversed kernel whose feature
    /// dimensions are exchanged.
    fn transpose_lhs(&self, ct: &Array, lhs: &Aval, rhs: &Array) -> Array {
        let d = &self.dims;
        let groups = self.feature_group_count.max(self.batch_group_count);
        let out = take(ct.aval(), &d.out[2..]);
        let padding = self
            .dilated_sizes(lhs, rhs.aval())
            .into_iter()
            .enumerate()
            .map(|(i, (n, k))| {
                transposed_padding(n, k, dilated(out[i], self.strides[i]), self.padding[i])
            })
            .collect();
        let kernel = if groups > 1 {
            // The group moves from the output features to the input features.
            let split = split_dim(rhs, d.rhs[0], groups);
            merge_dim(&split, d.rhs[0], d.rhs[1])
        } else {
            rhs.clone()
        };
        let op = ConvGeneralDilated {
            strides: self.lhs_dilation.clone(),
            padding,
            lhs_dilation: self.strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            feature_group_count: groups,
            batch_group_count: 1,
            dims: ConvDims { lhs: d.out.clone(), rhs: exchanged(&d.rhs), out: d.lhs.clone() },
            preferred: None,
            precision: self.precision,
        };
        let kernel = bind1(Reverse(d.rhs[2..].to_vec()), &[&kernel]);
        // The cotangent may be wider than the operands.
        let result = bind1(op, &[ct, &kernel.astype(ct.dtype())]).astype(lhs.dtype());
        if self.batch_group_count > 1 {
            let split = split_dim(&result, d.lhs[1], groups);
            merge_dim(&split, d.lhs[1], d.lhs[0])
        } else {
            result
        }
    }

    /// The cotangent of the kernel: the input convolved with the result's cotangent, batch and
    /// feature dimensions exchanged.
    fn transpose_rhs(&self, ct: &Array, lhs: &Array, rhs: &Aval) -> Array {
        let d = &self.dims;
        let out = take(ct.aval(), &d.out[2..]);
        let padding = self
            .dilated_sizes(lhs.aval(), rhs)
            .into_iter()
            .enumerate()
            .map(|(i, (n, k))| {
                let low = self.padding[i].0;
                (low, dilated(out[i], self.strides[i]) - n + k - low - 1)
            })
            .collect();
        let op = ConvGeneralDilated {
            strides: self.rhs_dilation.clone(),
            padding,
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.strides.clone(),
            feature_group_count: self.batch_group_count,
            batch_group_count: self.feature_group_count,
            dims: ConvDims {
                lhs: exchanged(&d.lhs),
                rhs: exchanged(&d.out),
                out: exchanged(&d.rhs),
            },
            preferred: None,
            precision: self.precision,
        };
        bind1(op, &[&lhs.astype(ct.dtype()), ct]).astype(rhs.dtype())
    }

    /// A convolution for each element of the batch: its groups times those that there are.
    fn batch_as_groups(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let d = &self.dims;
        let (lhs, rhs) = (cx.with_batch(0), cx.with_batch(1));
        let mut op = self.clone();
        let lhs = if self.batch_group_count > 1 {
            op.batch_group_count *= cx.axis.size;
            merge_dim(&lhs, 0, d.lhs[0])
        } else {
            op.feature_group_count *= cx.axis.size;
            merge_dim(&lhs, 0, d.lhs[1])
        };
        let out = bind1(op, &[&lhs, &merge_dim(&rhs, 0, d.rhs[0])]);
        batched(smallvec![split_to_front(&out, d.out[1], cx.axis.size)])
    }
}

/// Takes the outer part of dimension `d`, of size `n`, to the front.
fn split_to_front(x: &Array, d: usize, n: usize) -> Array {
    split_dim(x, d, n).moveaxis(d as isize, 0)
}

/// Dimension numbers with the first two exchanged.
fn exchanged(dims: &[usize]) -> Vec<usize> {
    let mut dims = dims.to_vec();
    dims.swap(0, 1);
    dims
}

/// Splits dimension `d` in `groups`, which come before it.
fn split_dim(x: &Array, d: usize, groups: usize) -> Array {
    let mut shape = x.shape().to_vec();
    shape[d] /= groups;
    shape.insert(d, groups);
    x.reshape(shape)
}

/// Merges dimension `from` into dimension `to` (counted without `from`) as its outer part.
fn merge_dim(x: &Array, from: usize, to: usize) -> Array {
    let mut perm: Vec<usize> = (0..x.rank()).filter(|&d| d != from).collect();
    let mut shape: Vec<usize> = perm.iter().map(|&d| x.shape()[d]).collect();
    shape[to] *= x.shape()[from];
    perm.insert(to, from);
    bind1(Transpose(perm), &[x]).reshape(shape)
}

impl Primitive for ConvGeneralDilated {
    fn name(&self) -> &'static str {
        "conv_general_dilated"
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
            "strides={:?} padding={:?} lhs_dilation={:?} rhs_dilation={:?} feature_groups={} \
             batch_groups={} dims=({:?}, {:?}, {:?}){more}",
            self.strides,
            self.padding,
            self.lhs_dilation,
            self.rhs_dilation,
            self.feature_group_count,
            self.batch_group_count,
            d.lhs,
            d.rhs,
            d.out
        )
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [lhs, rhs] = [ins[0], ins[1]];
        Takes::Any.check(lhs.dtype())?;
        self.check(lhs, rhs)?;
        let d = &self.dims;
        let mut shape = vec![0; lhs.rank()];
        shape[d.out[0]] = lhs.shape()[d.lhs[0]] / self.batch_group_count;
        shape[d.out[1]] = rhs.shape()[d.rhs[0]];
        for (i, (n, k)) in self.dilated_sizes(lhs, rhs).into_iter().enumerate() {
            let padded = padded(n, k, self.padding[i])
                .map_err(|why| format!("input {lhs} and kernel {rhs}: {why}"))?;
            if padded < 0 {
                return Err(format!(
                    "input {lhs} and kernel {rhs}: padding {:?} cuts more than axis {} has",
                    self.padding[i],
                    d.lhs[i + 2]
                ));
            }
            shape[d.out[i + 2]] = windows(padded, k, self.strides[i]);
        }
        let out = lhs.with_shape(&shape);
        Ok(smallvec![self.preferred.map_or(out.clone(), |dtype| out.with_dtype(dtype))])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let mut attrs = vec![
            (AttrName::WindowStrides, ints(&self.strides)),
            (AttrName::Padding, Attr::Pairs(self.padding.clone())),
            (AttrName::LhsDilation, ints(&self.lhs_dilation)),
            (AttrName::RhsDilation, ints(&self.rhs_dilation)),
            (AttrName::WindowReversal, Attr::Bools(vec![false; self.strides.len()])),
            (AttrName::DimensionNumbers, Attr::Conv(self.dims.clone())),
            (AttrName::FeatureGroupCount, Attr::Int(self.feature_group_count as i64)),
            (AttrName::BatchGroupCount, Attr::Int(self.batch_group_count as i64)),
        ];
        attrs.extend(self.precision.attribute());
        smallvec![b.op(Opcode::Convolution, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.bilinear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        match (cx.known(0), cx.known(1)) {
            (None, Some(rhs)) => {
                Ok(smallvec![Some(self.transpose_lhs(cx.ct(), cx.aval(0), rhs)), None])
            }
            // Without output there is no window whose size a convolution could tell.
            (Some(_), None) if cx.ct().size() == 0 => Ok(smallvec![None, None]),
            (Some(lhs), None) => {
                Ok(smallvec![None, Some(self.transpose_rhs(cx.ct(), lhs, cx.aval(1)))])
            }
            _ => Err("it is linear in one operand at a time".into()),
        }
    }
    fn product(&self) -> Option<Product> {
        Some(Product::Convolution)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        // The batch becomes part of a dimension that the convolution has: the operand is moved there
        // and the result taken apart.
        let d = &self.dims;
        let (lhs, rhs) = (&cx.ins[0], &cx.ins[1]);
        match (cx.batched[0], cx.batched[1]) {
            (true, false) if self.batch_group_count == 1 => {
                let lhs = merge_dim(lhs, 0, d.lhs[0]);
                let out = bind1(self.clone(), &[&lhs, rhs]);
                batched(smallvec![split_to_front(&out, d.out[0], cx.axis.size)])
            }
            (false, true) if self.feature_group_count == 1 && self.batch_group_count == 1 => {
                let rhs = merge_dim(rhs, 0, d.rhs[0]);
                let out = bind1(self.clone(), &[lhs, &rhs]);
                batched(smallvec![split_to_front(&out, d.out[1], cx.axis.size)])
            }
            _ => self.batch_as_groups(cx),
        }
    }
}
