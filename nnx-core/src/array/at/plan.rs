//! The meaning of an index with arrays of positions for gather and scatter.

use crate::array::indexing::{index_dtype, normalize};
use crate::array::slicing::Resolved;
use crate::array::starts::Starts;
use crate::array::{concatenate, iota};
use crate::graph::Array;
use crate::lower::GatherDims;
use crate::ops::BroadcastInDim;
use crate::run::bind1;
use crate::value::{Aval, DType};

/// One axis of the array under an index.
#[derive(Clone, Copy)]
pub(super) enum Axis {
    /// A part whose elements stand side by side.
    Window { start: usize, len: usize },
    /// Every `step`-th element.
    Strided { start: usize, step: usize, len: usize },
    /// The positions of the array of this number.
    Positions(usize),
    /// One position beside arrays of positions, with which it goes.
    Position(usize),
}

impl Axis {
    fn is_advanced(self) -> bool {
        matches!(self, Axis::Positions(_) | Axis::Position(_))
    }
}

/// An index in the form that gather and scatter need.
pub(super) struct IndexPlan {
    operand: Aval,
    axes: Vec<Axis>,
    /// Common shape of the arrays of positions.
    positions: Vec<usize>,
    /// Shape of the part.
    pub(super) shape: Vec<usize>,
    /// Which dimensions of the part are windows.
    offset_dims: Vec<usize>,
    /// Dimension of the part where those of `positions` start.
    positions_at: usize,
    /// For each strided axis its dimension in the part.
    strided_at: Vec<usize>,
}

impl IndexPlan {
    pub(super) fn new(operand: &Aval, axes: Vec<Axis>, positions: Vec<usize>) -> IndexPlan {
        let advanced: Vec<usize> = (0..axes.len()).filter(|&d| axes[d].is_advanced()).collect();
        let adjacent = advanced.windows(2).all(|w| w[1] == w[0] + 1);
        // Arrays that are not side by side come first, as in NumPy.
        let first = if adjacent { advanced.first().copied() } else { Some(0) };
        let mut plan = IndexPlan {
            operand: operand.clone(),
            axes: vec![],
            positions,
            shape: vec![],
            offset_dims: vec![],
            positions_at: 0,
            strided_at: vec![],
        };
        for (d, &axis) in axes.iter().enumerate() {
            if first == Some(d) {
                plan.positions_at = plan.shape.len();
                plan.shape.extend(&plan.positions);
            }
            let at = plan.shape.len();
            match axis {
                Axis::Window { len, .. } => {
                    plan.offset_dims.push(at);
                    plan.shape.push(len);
                }
                Axis::Strided { len, .. } => {
                    plan.strided_at.push(at);
                    plan.shape.push(len);
                }
                Axis::Positions(_) | Axis::Position(_) => {}
            }
        }
        plan.axes = axes;
        plan
    }

    /// The dimensions of the part that are no windows.
    fn batch_dims(&self) -> Vec<usize> {
        (0..self.shape.len()).filter(|d| !self.offset_dims.contains(d)).collect()
    }

    /// Whether the index vectors name this axis.
    fn is_named(&self, d: usize) -> bool {
        match self.axes[d] {
            Axis::Window { start, len } => start != 0 || len != self.operand.shape()[d],
            _ => true,
        }
    }

    /// Where the part starts in each axis.
    #[track_caller]
    pub(super) fn starts(&self, x: &Array) -> Starts {
        let start = |axis: &Axis| match *axis {
            Axis::Window { start, .. } | Axis::Strided { start, .. } | Axis::Position(start) => {
                start
            }
            Axis::Positions(_) => 0,
        };
        // Most indices are of arrays alone.
        let named = (0..self.axes.len())
            .any(|d| self.is_named(d) && !matches!(self.axes[d], Axis::Positions(_)));
        Starts::beside(x, if named { self.axes.iter().map(start).collect() } else { vec![] })
    }

    /// The index vectors: one component per named axis.
    pub(super) fn indices(&self, arrays: &[Array], starts: &[Array], wrap: bool) -> Array {
        let dtypes: Vec<DType> = arrays.iter().map(Array::dtype).collect();
        let dtype = index_dtype(&self.operand, &dtypes);
        let batch = self.batch_dims();
        let mut shape: Vec<usize> = batch.iter().map(|&d| self.shape[d]).collect();
        // Position of a dimension of the part among the batch dimensions.
        let place = |at: usize| batch.iter().filter(|&&d| d < at).count();
        shape.push(1);
        let mut strided = self.strided_at.iter();
        let mut components = Vec::new();
        for (d, axis) in self.axes.iter().enumerate() {
            let component = match *axis {
                Axis::Strided { step, .. } => {
                    let at = strided.next().map_or(0, |&at| place(at));
                    iota(&shape, dtype, at) * step + starts[d].astype(dtype)
                }
                Axis::Positions(i) => {
                    let n = self.operand.shape()[d];
                    let indices = normalize(&arrays[i], n, wrap, dtype);
                    let indices = indices.broadcast_to_dims(&self.positions);
                    let at = place(self.positions_at);
                    let dims = (at..at + self.positions.len()).collect();
                    bind1(BroadcastInDim { shape: shape.clone(), dims }, &[&indices])
                }
                _ if !self.is_named(d) => continue,
                Axis::Window { .. } | Axis::Position(_) => starts[d].astype(dtype).splat(&shape),
            };
            components.push(component);
        }
        if components.is_empty() {
            shape.pop();
            shape.push(0);
            return Array::constant_int(dtype, 0).splat(&shape);
        }
        concatenate(&components, -1)
    }

    pub(super) fn gather_dims(&self) -> GatherDims {
        let dims = |f: &dyn Fn(usize) -> bool| (0..self.axes.len()).filter(|&d| f(d)).collect();
        GatherDims {
            offset_dims: self.offset_dims.clone(),
            collapsed_slice_dims: dims(&|d| !matches!(self.axes[d], Axis::Window { .. })),
            operand_batching_dims: vec![],
            start_indices_batching_dims: vec![],
            start_index_map: dims(&|d| self.is_named(d)),
            index_vector_dim: self.shape.len() - self.offset_dims.len(),
        }
    }

    pub(super) fn slice_sizes(&self) -> Vec<usize> {
        let size = |axis: &Axis| if let Axis::Window { len, .. } = axis { *len } else { 1 };
        self.axes.iter().map(size).collect()
    }
}

/// The plan of an index of ranges and positions only.
pub(super) fn strided_plan(aval: &Aval, parts: &[Resolved]) -> IndexPlan {
    let axes = parts
        .iter()
        .map(|p| match p.index {
            true => Axis::Position(p.start),
            false if p.step == 1 => Axis::Window { start: p.start, len: p.len() },
            false => Axis::Strided { start: p.start, step: p.step, len: p.len() },
        })
        .collect();
    IndexPlan::new(aval, axes, vec![])
}
