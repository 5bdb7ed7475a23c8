//! Gather: windows of an array at computed places.

use super::Reducer;
use super::compare::Compare;
use super::scatter::{Scatter, ScatterKind};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Checks, Dual, Fault, Jvp, Primitive, Tangents,
    batched, shifted,
};
use crate::lower::{Attr, AttrName, Direction, GatherDims, Id, Ids, Opcode, ScatterDims, ints};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// The treatment of windows that do not lie inside the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OutOfBounds {
    /// There are none. If there are, gather moves them inside and scatter drops them.
    Promised,
    /// They are moved inside.
    Clip,
    /// Gather fills them, scatter drops them.
    FillOrDrop,
}

/// Promises about the indices and what to do where they are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IndexFlags {
    pub(crate) mode: OutOfBounds,
    /// No two windows overlap.
    pub(crate) unique: bool,
    /// The index vectors are in ascending order.
    pub(crate) sorted: bool,
}

/// `stablehlo.gather`, whose index vectors lie along the last dimension of the indices.
/// Operands: the array, integer indices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gather {
    pub(crate) dims: GatherDims,
    pub(crate) slice_sizes: Vec<usize>,
    pub(crate) flags: IndexFlags,
    /// The filling of [`OutOfBounds::FillOrDrop`]: the bytes of one element.
    pub(crate) fill: Vec<u8>,
}

/// The largest valid start of a window in each dimension that the index vector names.
pub(super) fn last_starts(operand: &Aval, slice_sizes: &[usize], map: &[usize]) -> Vec<i64> {
    map.iter().map(|&d| operand.shape()[d] as i64 - slice_sizes[d] as i64).collect()
}

/// `values` as integers of the indices' dtype, repeated for every index vector. Values that the
/// dtype cannot hold become its largest one.
pub(super) fn per_component(b: &mut Builder, indices: &Aval, values: &[i64]) -> Id {
    let dtype = indices.dtype();
    let bits = 8 * dtype.size() as u32 - u32::from(dtype.is_signed_int());
    let largest = if bits >= 63 { i64::MAX } else { (1 << bits) - 1 };
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|&v| crate::value::int_scalar_bytes(dtype, v.min(largest)))
        .collect();
    let row = b.literal(&indices.with_shape(&[values.len()]), &bytes);
    let attrs = vec![(AttrName::BroadcastDimensions, ints(&[indices.rank() - 1]))];
    b.op(Opcode::BroadcastInDim, &[row], indices, attrs)
}

impl Gather {
    /// Shape of the result: batch dimensions of the indices, with the window's at `offset_dims`.
    fn out_shape(&self, indices: &Aval) -> Vec<usize> {
        let d = &self.dims;
        let mut batch = indices.shape()[..indices.rank() - 1].iter();
        let mut window = (0..self.slice_sizes.len())
            .filter(|i| !d.collapsed_slice_dims.contains(i) && !d.operand_batching_dims.contains(i))
            .map(|i| self.slice_sizes[i]);
        let rank = indices.rank() - 1 + d.offset_dims.len();
        (0..rank)
            .filter_map(|i| {
                if d.offset_dims.contains(&i) { window.next() } else { batch.next().copied() }
            })
            .collect()
    }

    /// The largest start of a window that lies inside `operand`, for each component of an index.
    fn last_starts(&self, operand: &Aval) -> Vec<i64> {
        last_starts(operand, &self.slice_sizes, &self.dims.start_index_map)
    }

    /// Whether each window lies inside, repeated over its elements.
    fn inside(&self, b: &mut Builder, operand: &Aval, indices: Id, out: &Aval) -> Id {
        let aval = b.aval(indices);
        let flags = aval.with_dtype(DType::Bool);
        let last = self.last_starts(operand);
        let last = per_component(b, &aval, &last);
        let zero = b.splat(&aval, &vec![0; aval.dtype().size()]);
        let compare = |direction| Compare(direction).attrs(aval.dtype());
        let low = b.op(Opcode::Compare, &[indices, zero], &flags, compare(Direction::Ge));
        let high = b.op(Opcode::Compare, &[indices, last], &flags, compare(Direction::Le));
        let both = b.op(Opcode::And, &[low, high], &flags, vec![]);
        let axis = aval.rank() - 1;
        let init = b.literal(&Aval::scalar(DType::Bool), &[1]);
        let region = b.binary_region(Reducer::And.opcode(), DType::Bool);
        let all = b.op_with_regions(
            Opcode::Reduce,
            &[both, init],
            &[&flags.with_shape(&aval.shape()[..axis])],
            vec![(AttrName::Dimensions, ints(&[axis]))],
            vec![region],
        )[0];
        let batch: Vec<usize> =
            (0..out.rank()).filter(|i| !self.dims.offset_dims.contains(i)).collect();
        let attrs = vec![(AttrName::BroadcastDimensions, ints(&batch))];
        b.op(Opcode::BroadcastInDim, &[all], &out.with_dtype(DType::Bool), attrs)
    }
}

impl Primitive for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }
    fn params(&self) -> String {
        let d = &self.dims;
        format!(
            "slice_sizes={:?} offset_dims={:?} start_index_map={:?} {:?}",
            self.slice_sizes, d.offset_dims, d.start_index_map, self.flags.mode
        )
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [operand, indices] = [ins[0], ins[1]];
        if !indices.dtype().is_int() {
            return Err(format!("needs integer indices, got {indices}"));
        }
        let d = &self.dims;
        let fits = self.slice_sizes.len() == operand.rank()
            && indices.rank() > 0
            && indices.shape()[indices.rank() - 1] == d.start_index_map.len();
        if !fits {
            return Err(format!("indices {indices} do not name places of {operand}"));
        }
        let out = operand.with_shape(&self.out_shape(indices));
        if out.size() > 0 && self.slice_sizes.iter().zip(operand.shape()).any(|(s, n)| s > n) {
            return Err(format!("windows of {:?} do not fit into {operand}", self.slice_sizes));
        }
        Ok(smallvec![out])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let (out, operand) = (outs[0], b.aval(ins[0]));
        let attrs = vec![
            (AttrName::DimensionNumbers, Attr::Gather(self.dims.clone())),
            (AttrName::SliceSizes, ints(&self.slice_sizes)),
            (AttrName::IndicesAreSorted, Attr::Bool(self.flags.sorted)),
        ];
        let gathered = b.op(Opcode::Gather, ins, out, attrs);
        if self.flags.mode != OutOfBounds::FillOrDrop {
            return smallvec![gathered];
        }
        let inside = self.inside(b, &operand, ins[1], out);
        let fill = b.splat(out, &self.fill);
        smallvec![b.op(Opcode::Select, &[inside, gathered, fill], out, vec![])]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        let outs = cx.outs().clone();
        let op = Gather { fill: vec![0; t.dtype().size()], ..self.clone() };
        Ok((outs, smallvec![Some(bind1(op, &[t, &cx.primals[1]]))]))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(indices) = cx.known(1) else { return Err("its indices are not linear".into()) };
        let op = Scatter { kind: ScatterKind::Add, dims: inverse(&self.dims), flags: self.flags };
        let zeros = Array::zeros_aval(cx.aval(0));
        let mut out: Tangents = SmallVec::from_elem(None, 2);
        out[0] = Some(bind1(op, &[&zeros, indices, cx.ct()]));
        Ok(out)
    }
    fn fault(&self) -> Option<Fault<'_>> {
        outside(self.name(), |ins| Some((ins[1].clone(), self.last_starts(ins[0].aval()))))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut op = self.clone();
        let d = &mut op.dims;
        d.offset_dims = shifted(&d.offset_dims);
        if cx.batched[0] {
            d.collapsed_slice_dims = shifted(&d.collapsed_slice_dims);
            d.operand_batching_dims = shifted(&d.operand_batching_dims);
            d.start_index_map = shifted(&d.start_index_map);
        }
        if cx.batched[1] {
            d.start_indices_batching_dims = shifted(&d.start_indices_batching_dims);
            d.index_vector_dim += 1;
        }
        match (cx.batched[0], cx.batched[1]) {
            (true, true) => {
                d.operand_batching_dims.insert(0, 0);
                d.start_indices_batching_dims.insert(0, 0);
                op.slice_sizes.insert(0, usize::from(cx.axis.size > 0));
            }
            (true, false) => {
                d.offset_dims.insert(0, 0);
                op.slice_sizes.insert(0, cx.axis.size);
            }
            _ => {}
        }
        batched(smallvec![bind1(op, &[&cx.ins[0], &cx.ins[1]])])
    }
}

/// The fault of an operation with computed places. `places` gives the starts of its windows along
/// the last dimension, and the largest of each that lies inside; `None` if there is no such place.
pub(super) fn outside<'a>(
    name: &str,
    places: impl Fn(&[Array]) -> Option<(Array, Vec<i64>)> + 'a,
) -> Option<Fault<'a>> {
    Fault::new(Checks::INDEX, format!("out-of-bounds index in {name}"), move |ins| {
        let (starts, last) = places(ins)?;
        let last: Vec<i32> = last.iter().map(|&n| n as i32).collect();
        let starts = starts.astype(DType::I32);
        Some(starts.lt(0).logical_or(starts.gt(Array::constant_ints(&last))))
    })
}

/// The dimension numbers with which scatter writes where gather reads.
pub(super) fn inverse(d: &GatherDims) -> ScatterDims {
    ScatterDims {
        update_window_dims: d.offset_dims.clone(),
        inserted_window_dims: d.collapsed_slice_dims.clone(),
        input_batching_dims: d.operand_batching_dims.clone(),
        scatter_indices_batching_dims: d.start_indices_batching_dims.clone(),
        scatter_dims_to_operand_dims: d.start_index_map.clone(),
        index_vector_dim: d.index_vector_dim,
    }
}

/// Along `dim` the elements of `x` at `indices`; the other dimensions, equal in both, go along.
pub(crate) fn gather_along(
    x: &Array,
    indices: &Array,
    dim: usize,
    flags: IndexFlags,
    fill: Vec<u8>,
) -> Array {
    let others: Vec<usize> = (0..x.rank()).filter(|&d| d != dim).collect();
    let op = Gather {
        dims: GatherDims {
            offset_dims: vec![],
            collapsed_slice_dims: vec![dim],
            operand_batching_dims: others.clone(),
            start_indices_batching_dims: others,
            start_index_map: vec![dim],
            index_vector_dim: x.rank(),
        },
        slice_sizes: vec![1; x.rank()],
        flags,
        fill,
    };
    bind1(op, &[x, &indices.expand_dims(-1)])
}
