//! Parts of arrays and arrays from parts: slice, pad, concatenate, and slices at computed places.
//! All linear in the data.

use super::gather::outside;
use super::{BroadcastInDim, Gather, IndexFlags, OutOfBounds, Scatter, ScatterKind};
use crate::array::{select, stack};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Fault, Jvp, Primitive, Tangents,
    batched, one, prepend,
};
use crate::lower::{Attr, AttrName, GatherDims, Id, Ids, Opcode, ScatterDims, ints};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// `operand[start:limit:stride]` in every dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub(crate) start: Vec<usize>,
    pub(crate) limit: Vec<usize>,
    pub(crate) stride: Vec<usize>,
}

impl Slice {
    pub(crate) fn out_shape(&self) -> Vec<usize> {
        (0..self.start.len())
            .map(|i| (self.limit[i] - self.start[i]).div_ceil(self.stride[i]))
            .collect()
    }
}

impl Primitive for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }
    fn params(&self) -> String {
        let part = |i: usize| match self.stride[i] {
            1 => format!("{}:{}", self.start[i], self.limit[i]),
            s => format!("{}:{}:{s}", self.start[i], self.limit[i]),
        };
        (0..self.start.len()).map(part).collect::<Vec<_>>().join(", ")
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let shape = ins[0].shape();
        let rank = shape.len();
        let fits = [self.start.len(), self.limit.len(), self.stride.len()] == [rank; 3]
            && (0..rank).all(|i| {
                self.start[i] <= self.limit[i] && self.limit[i] <= shape[i] && self.stride[i] > 0
            });
        if !fits {
            return Err(format!("[{}] is out of bounds for {}", self.params(), ins[0]));
        }
        Ok(smallvec![ins[0].with_shape(&self.out_shape())])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![
            (AttrName::StartIndices, ints(&self.start)),
            (AttrName::LimitIndices, ints(&self.limit)),
            (AttrName::Strides, ints(&self.stride)),
        ];
        smallvec![b.op(Opcode::Slice, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let (shape, out) = (cx.aval(0).shape(), self.out_shape());
        let config = (0..shape.len())
            .map(|i| {
                let covered =
                    self.start[i] + if out[i] == 0 { 0 } else { (out[i] - 1) * self.stride[i] + 1 };
                let interior = self.stride[i] as i64 - 1;
                (self.start[i] as i64, shape[i] as i64 - covered as i64, interior)
            })
            .collect();
        let zero = Array::constant_scalar(cx.ct().dtype(), 0.0);
        one(Some(bind1(Pad(config), &[cx.ct(), &zero])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Slice {
            start: prepend(0, &self.start),
            limit: prepend(cx.axis.size, &self.limit),
            stride: prepend(1, &self.stride),
        })
    }
}

/// Adds (or, where negative, cuts off) elements: low, high and interior per dimension.
/// Operands: the array and the scalar to fill with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pad(pub(crate) Vec<(i64, i64, i64)>);

impl Primitive for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }
    fn params(&self) -> String {
        format!("{:?}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if self.0.len() != ins[0].rank() || *ins[1] != Aval::scalar(ins[0].dtype()) {
            return Err(format!(
                "{} dimensions of padding and a fill value {} do not fit {}",
                self.0.len(),
                ins[1],
                ins[0]
            ));
        }
        let mut dims = Vec::with_capacity(self.0.len());
        for (&(low, high, interior), &n) in self.0.iter().zip(ins[0].shape()) {
            // More than any array has, so that no sum below overflows: XLA's would.
            const MOST: i64 = 1 << 40;
            if let Some(huge) =
                [low, high, interior].into_iter().find(|p| !(-MOST..=MOST).contains(p))
            {
                return Err(format!(
                    "padding {:?} of {}: {huge} is not between -{MOST} and {MOST}",
                    self.0, ins[0]
                ));
            }
            let holes = i128::from(interior) * (n as i128 - 1).max(0);
            let size = i128::from(low + high) + n as i128 + holes;
            if size < 0 || interior < 0 {
                return Err(format!("padding {:?} leaves nothing of {}", self.0, ins[0]));
            }
            dims.push(usize::try_from(size).unwrap_or(usize::MAX));
        }
        Ok(smallvec![ins[0].with_shape(&dims)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![
            (AttrName::EdgePaddingLow, Attr::Ints(self.0.iter().map(|p| p.0).collect())),
            (AttrName::EdgePaddingHigh, Attr::Ints(self.0.iter().map(|p| p.1).collect())),
            (AttrName::InteriorPadding, Attr::Ints(self.0.iter().map(|p| p.2).collect())),
        ];
        smallvec![b.op(Opcode::Pad, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        // Undo edge padding by negative padding, then drop the interior by a stride.
        let ct = cx.ct();
        let cut = self.0.iter().map(|&(low, high, _)| (-low, -high, 0)).collect();
        let zero = Array::constant_scalar(ct.dtype(), 0.0);
        let cut = bind1(Pad(cut), &[ct, &zero]);
        let operand = bind1(
            Slice {
                start: vec![0; self.0.len()],
                limit: cut.shape().to_vec(),
                stride: self.0.iter().map(|p| p.2 as usize + 1).collect(),
            },
            &[&cut],
        );
        let all: Vec<usize> = (0..ct.rank()).collect();
        let fill = cx.is_linear(1).then(|| ct.sum_exact(&all) - operand.sum_exact(&all));
        Ok(smallvec![cx.is_linear(0).then_some(operand), fill])
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let config = prepend((0, 0, 0), &self.0);
        let operand = cx.with_batch(0);
        if !cx.batched[1] {
            return batched(smallvec![bind1(Pad(config), &[&operand, &cx.ins[1]])]);
        }
        // A fill value for each element: pad with anything, and choose by where the operand is.
        let zero = Array::constant_scalar(operand.dtype(), 0.0);
        let padded = bind1(Pad(config.clone()), &[&operand, &zero]);
        let no = Array::constant_scalar(DType::Bool, 0.0);
        let inside = Array::constant_scalar(DType::Bool, 1.0).splat(operand.shape());
        let inside = bind1(Pad(config), &[&inside, &no]);
        let fill = BroadcastInDim { shape: padded.shape().to_vec(), dims: vec![0] };
        let fill = bind1(fill, &[&cx.ins[1]]);
        batched(smallvec![select(&inside, &padded, &fill)])
    }
}

/// Joins arrays along a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Concatenate(pub(crate) usize);

impl Primitive for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }
    fn params(&self) -> String {
        format!("dimension={}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let Some(first) = ins.first() else { return Err("needs at least one array".into()) };
        let mut dims = first.shape().to_vec();
        if self.0 >= dims.len() {
            return Err(format!("{first} has no dimension {}", self.0));
        }
        for aval in &ins[1..] {
            let fits = aval.dtype() == first.dtype()
                && aval.rank() == first.rank()
                && (0..dims.len()).all(|i| i == self.0 || aval.shape()[i] == dims[i]);
            if !fits {
                return Err(format!("{first} and {aval} differ beside dimension {}", self.0));
            }
            dims[self.0] = dims[self.0].saturating_add(aval.shape()[self.0]);
        }
        Ok(smallvec![first.with_shape(&dims)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![(AttrName::Dimension, Attr::Int(self.0 as i64))];
        smallvec![b.op(Opcode::Concatenate, ins, outs[0], attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let ct = cx.ct();
        let mut at = 0;
        let mut out: Tangents = SmallVec::new();
        for i in 0..cx.ins.len() {
            let n = cx.aval(i).shape()[self.0];
            out.push(cx.is_linear(i).then(|| ct.slice_dim(self.0, at, at + n)));
            at += n;
        }
        Ok(out)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(Concatenate(self.0 + 1))
    }
}

fn check_starts(operand: &Aval, starts: &[&Aval]) -> Result<(), String> {
    let ok = starts.len() == operand.rank()
        && starts
            .iter()
            .all(|s| s.rank() == 0 && s.dtype().is_int() && s.dtype() == starts[0].dtype());
    if ok { Ok(()) } else { Err(format!("needs one integer scalar per dimension of {operand}")) }
}

/// One window, moved inside where it sticks out.
const ONE_WINDOW: IndexFlags = IndexFlags { mode: OutOfBounds::Clip, unique: true, sorted: true };

/// Where a window of `operand` starts, and from where on it sticks out.
fn places(operand: &Array, sizes: &[usize], starts: &[Array]) -> Option<(Array, Vec<i64>)> {
    if starts.is_empty() {
        return None;
    }
    let room = operand.shape().iter().zip(sizes).map(|(&n, &size)| n as i64 - size as i64);
    Some((stack(starts, 0), room.collect()))
}

/// The dtype of the starts of a dynamic slice.
fn start_dtype(starts: &[Array]) -> DType {
    starts.first().map_or(DType::I32, Array::dtype)
}

/// The starts, which are the inputs from `first` on, as one vector for each element of the batch.
fn stacked_starts(cx: &Batch<'_>, first: usize) -> Array {
    let starts: Vec<Array> = (first..cx.ins.len()).map(|i| cx.with_batch(i)).collect();
    stack(&starts, 1)
}

/// A slice of fixed size at computed, clamped starts. Operands: the array, a start per dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DynamicSlice(pub(crate) Vec<usize>);

impl Primitive for DynamicSlice {
    fn name(&self) -> &'static str {
        "dynamic_slice"
    }
    fn params(&self) -> String {
        format!("sizes={:?}", self.0)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        check_starts(ins[0], &ins[1..])?;
        if self.0.len() != ins[0].rank() || self.0.iter().zip(ins[0].shape()).any(|(s, n)| s > n) {
            return Err(format!("sizes {:?} do not fit {}", self.0, ins[0]));
        }
        Ok(smallvec![ins[0].with_shape(&self.0)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if ins.len() == 1 {
            return ins.into();
        }
        smallvec![b.op(
            Opcode::DynamicSlice,
            ins,
            outs[0],
            vec![(AttrName::SliceSizes, ints(&self.0))]
        )]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear_in(&[0])
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let zeros = Array::zeros_aval(cx.aval(0));
        let mut ins = vec![&zeros, cx.ct()];
        ins.extend((1..cx.ins.len()).filter_map(|i| cx.known(i)));
        let mut out: Tangents = SmallVec::from_elem(None, cx.ins.len());
        out[0] = Some(bind1(DynamicUpdateSlice, &ins));
        Ok(out)
    }
    fn fault(&self) -> Option<Fault<'_>> {
        outside(self.name(), |ins| places(&ins[0], &self.0, &ins[1..]))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        if cx.batched[1..].iter().all(|b| !b) {
            let start = Array::constant_int(start_dtype(&cx.ins[1..]), 0);
            let ins: Vec<&Array> = [&cx.ins[0], &start].into_iter().chain(&cx.ins[1..]).collect();
            let op = DynamicSlice(prepend(cx.axis.size, &self.0));
            return batched(smallvec![bind1(op, &ins)]);
        }
        // A start for each element: a gather of one window.
        let rank = self.0.len();
        let gather = Gather {
            dims: GatherDims {
                offset_dims: (0..rank).collect(),
                collapsed_slice_dims: vec![],
                operand_batching_dims: vec![],
                start_indices_batching_dims: vec![],
                start_index_map: (0..rank).collect(),
                index_vector_dim: 0,
            },
            slice_sizes: self.0.clone(),
            flags: ONE_WINDOW,
            fill: vec![0; cx.ins[0].dtype().size()],
        };
        gather.batch(&Batch {
            ins: &[cx.ins[0].clone(), stacked_starts(cx, 1)],
            batched: &[cx.batched[0], true],
            axis: cx.axis,
        })
    }
}

/// Writes an update at computed, clamped starts. Operands: array, update, a start per dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DynamicUpdateSlice;

impl Primitive for DynamicUpdateSlice {
    fn name(&self) -> &'static str {
        "dynamic_update_slice"
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        check_starts(ins[0], &ins[2..])?;
        let fits = ins[1].dtype() == ins[0].dtype()
            && ins[1].rank() == ins[0].rank()
            && ins[1].shape().iter().zip(ins[0].shape()).all(|(u, n)| u <= n);
        if !fits {
            return Err(format!("an update {} does not fit into {}", ins[1], ins[0]));
        }
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if ins.len() == 2 {
            return smallvec![ins[1]];
        }
        smallvec![b.op(Opcode::DynamicUpdateSlice, ins, outs[0], vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear_in(&[0, 1])
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let ct = cx.ct();
        let starts: Vec<&Array> = (2..cx.ins.len()).filter_map(|i| cx.known(i)).collect();
        let mut out: Tangents = SmallVec::from_elem(None, cx.ins.len());
        if cx.is_linear(0) {
            let zeros = Array::zeros_aval(cx.aval(1));
            let ins: Vec<&Array> = [ct, &zeros].into_iter().chain(starts.iter().copied()).collect();
            out[0] = Some(bind1(*self, &ins));
        }
        if cx.is_linear(1) {
            let ins: Vec<&Array> = std::iter::once(ct).chain(starts).collect();
            out[1] = Some(bind1(DynamicSlice(cx.aval(1).shape().to_vec()), &ins));
        }
        Ok(out)
    }
    fn fault(&self) -> Option<Fault<'_>> {
        outside(self.name(), |ins| places(&ins[0], ins[1].shape(), &ins[2..]))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let rank = cx.rank(0);
        let (operand, update) = (cx.with_batch(0), cx.with_batch(1));
        if cx.batched[2..].iter().all(|b| !b) {
            let start = Array::constant_int(start_dtype(&cx.ins[2..]), 0);
            let ins: Vec<&Array> =
                [&operand, &update, &start].into_iter().chain(&cx.ins[2..]).collect();
            return batched(smallvec![bind1(*self, &ins)]);
        }
        let scatter = Scatter {
            kind: ScatterKind::Set,
            dims: ScatterDims {
                update_window_dims: (0..rank).collect(),
                inserted_window_dims: vec![],
                input_batching_dims: vec![],
                scatter_indices_batching_dims: vec![],
                scatter_dims_to_operand_dims: (0..rank).collect(),
                index_vector_dim: 0,
            },
            flags: ONE_WINDOW,
        };
        scatter.batch(&Batch {
            ins: &[operand, stacked_starts(cx, 2), update],
            batched: &[true; 3],
            axis: cx.axis,
        })
    }
}
