//! Scatter: an array with windows at computed places set or combined with updates.

use super::complex::combining_region;
use super::gather::{Gather, IndexFlags, OutOfBounds, last_starts, outside, per_component};
use super::unary::Takes;
use crate::array::{iota, select};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Fault, Jvp, Primitive, Tangent,
    Tangents, batched, shifted,
};
use crate::lower::{Attr, AttrName, GatherDims, Id, Ids, Opcode, ScatterDims};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// How an update is combined with the element at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ScatterKind {
    Set,
    Add,
    Mul,
    Min,
    Max,
}

/// `stablehlo.scatter`, whose index vectors lie along the last dimension of the indices.
/// Operands: the array, integer indices, updates.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scatter {
    pub(crate) kind: ScatterKind,
    pub(crate) dims: ScatterDims,
    pub(crate) flags: IndexFlags,
}

impl Scatter {
    /// Size of the window in each dimension of the operand.
    fn slice_sizes(&self, operand: &Aval, updates: &Aval) -> Vec<usize> {
        let d = &self.dims;
        let mut window = d.update_window_dims.iter().map(|&i| updates.shape()[i]);
        (0..operand.rank())
            .map(|i| {
                if d.inserted_window_dims.contains(&i) || d.input_batching_dims.contains(&i) {
                    1
                } else {
                    window.next().unwrap_or(0)
                }
            })
            .collect()
    }

    /// The largest start of a window that lies inside `operand`, for each component of an index.
    fn last_starts(&self, operand: &Aval, updates: &Aval) -> Vec<i64> {
        let sizes = self.slice_sizes(operand, updates);
        last_starts(operand, &sizes, &self.dims.scatter_dims_to_operand_dims)
    }

    /// The elements where the updates go; 0 for those that are dropped.
    fn gather(&self, x: &Array, indices: &Array, updates: &Aval) -> Array {
        let d = &self.dims;
        let op = Gather {
            dims: GatherDims {
                offset_dims: d.update_window_dims.clone(),
                collapsed_slice_dims: d.inserted_window_dims.clone(),
                operand_batching_dims: d.input_batching_dims.clone(),
                start_indices_batching_dims: d.scatter_indices_batching_dims.clone(),
                start_index_map: d.scatter_dims_to_operand_dims.clone(),
                index_vector_dim: d.index_vector_dim,
            },
            slice_sizes: self.slice_sizes(x.aval(), updates),
            flags: self.flags,
            fill: vec![0; x.dtype().size()],
        };
        bind1(op, &[x, indices])
    }

    fn with(&self, kind: ScatterKind, operand: &Array, indices: &Array, updates: &Array) -> Array {
        bind1(Scatter { kind, ..self.clone() }, &[operand, indices, updates])
    }

    /// Where several updates meet, which one stays is not specified. So number them, see whose
    /// number stays, and add up the tangents of those.
    fn jvp_set(&self, cx: &Jvp<'_>) -> Array {
        let [operand, indices, updates] = cx.primals else { unreachable!("infer counts them") };
        let tangents = [0, 2].map(|i| cx.or_zeros(i));
        if self.flags.unique {
            return self.with(ScatterKind::Set, &tangents[0], indices, &tangents[1]);
        }
        let mut shape = updates.shape().to_vec();
        for &d in &self.dims.update_window_dims {
            shape[d] = 1;
        }
        let count: usize = shape.iter().product();
        let dtype = if u32::try_from(count).is_ok() { DType::U32 } else { DType::U64 };
        let ids = (iota([count], dtype, 0) + 1).reshape(shape).broadcast_to_dims(updates.shape());
        let nobody = Array::zeros_aval(&operand.aval().with_dtype(dtype));
        let winners = self.with(ScatterKind::Set, &nobody, indices, &ids);
        let won = self.gather(&winners, indices, updates.aval()).eq(&ids);
        let [operand, updates] = &tangents;
        let operand = select(winners.eq(0), operand, operand.zeros_like());
        let updates = select(&won, updates, updates.zeros_like());
        self.with(ScatterKind::Add, &operand, indices, &updates)
    }

    /// Shared equally among all that reach the extreme, as for `maximum` itself.
    fn jvp_extreme(&self, cx: &Jvp<'_>) -> Array {
        let [operand, indices, updates] = cx.primals else { unreachable!("infer counts them") };
        let tangents = [0, 2].map(|i| cx.or_zeros(i));
        let [t_operand, t_updates] = &tangents;
        let gather = |x: &Array| self.gather(x, indices, updates.aval());
        let count = |x: &Array| {
            let none = operand.zeros_like();
            gather(&self.with(ScatterKind::Add, &none, indices, x))
        };
        let (ones, none) = (updates.ones_like(), updates.zeros_like());
        let target = gather(cx.out());
        let reached = updates.eq(&target);
        let kept = gather(operand).eq(&target);
        let reaching = count(&select(&reached, &ones, &none));
        let with_kept = 1.0 / (&reaching + 1.0);
        let share = select(&kept, &with_kept, &(1.0 / reaching.maximum(1.0)));
        let share = select(&reached, &share, &none);
        // The operand's part is already there in full, and every update of the place corrects it.
        let kept_share = select(&kept, &with_kept, &none);
        let correction = (kept_share - 1.0) / count(&ones).maximum(1.0);
        let change = gather(t_operand) * correction + t_updates * share;
        self.with(ScatterKind::Add, t_operand, indices, &change)
    }

    /// Moves the windows inside.
    fn clamp(&self, b: &mut Builder, ins: &[Id]) -> Id {
        let indices = b.aval(ins[1]);
        let last = self.last_starts(&b.aval(ins[0]), &b.aval(ins[2]));
        let last = per_component(b, &indices, &last);
        let zero = b.splat(&indices, &vec![0; indices.dtype().size()]);
        b.op(Opcode::Clamp, &[zero, ins[1], last], &indices, vec![])
    }
}

impl Primitive for Scatter {
    fn name(&self) -> &'static str {
        match self.kind {
            ScatterKind::Set => "scatter",
            ScatterKind::Add => "scatter_add",
            ScatterKind::Mul => "scatter_mul",
            ScatterKind::Min => "scatter_min",
            ScatterKind::Max => "scatter_max",
        }
    }
    fn params(&self) -> String {
        let d = &self.dims;
        format!(
            "update_window_dims={:?} scatter_dims_to_operand_dims={:?} {:?}",
            d.update_window_dims, d.scatter_dims_to_operand_dims, self.flags.mode
        )
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let [operand, indices, updates] = [ins[0], ins[1], ins[2]];
        if !indices.dtype().is_int() {
            return Err(format!("needs integer indices, got {indices}"));
        }
        if operand.dtype() != updates.dtype() {
            return Err(format!("{operand} and updates {updates} differ in dtype"));
        }
        match self.kind {
            ScatterKind::Add | ScatterKind::Mul => Takes::Numbers.check(operand.dtype())?,
            ScatterKind::Min | ScatterKind::Max => Takes::Any.check(operand.dtype())?,
            _ => {}
        }
        let d = &self.dims;
        let batch: Vec<usize> = (0..updates.rank())
            .filter(|i| !d.update_window_dims.contains(i))
            .map(|i| updates.shape()[i])
            .collect();
        let fits = indices.rank() > 0
            && indices.shape()[..indices.rank() - 1] == batch[..]
            && indices.shape()[indices.rank() - 1] == d.scatter_dims_to_operand_dims.len()
            && (updates.size() == 0
                || self
                    .slice_sizes(operand, updates)
                    .iter()
                    .zip(operand.shape())
                    .all(|(s, n)| s <= n));
        if !fits {
            return Err(format!("updates {updates} at indices {indices} do not fit {operand}"));
        }
        Ok(smallvec![operand.clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if b.aval(ins[2]).size() == 0 {
            return smallvec![ins[0]];
        }
        let mut ins: SmallVec<[Id; 3]> = ins.into();
        if self.flags.mode == OutOfBounds::Clip {
            ins[1] = self.clamp(b, &ins);
        }
        let dtype = outs[0].dtype();
        let region = match self.kind {
            ScatterKind::Set => b.region(&[&Aval::scalar(dtype); 2], |_, p| smallvec![p[1]]),
            ScatterKind::Add => b.binary_region(Opcode::Add, dtype),
            ScatterKind::Mul => b.binary_region(Opcode::Multiply, dtype),
            ScatterKind::Min => combining_region(b, Opcode::Minimum, dtype),
            ScatterKind::Max => combining_region(b, Opcode::Maximum, dtype),
        };
        let attrs = vec![
            (AttrName::ScatterDimensionNumbers, Attr::Scatter(self.dims.clone())),
            (AttrName::IndicesAreSorted, Attr::Bool(self.flags.sorted)),
            (AttrName::UniqueIndices, Attr::Bool(self.flags.unique)),
        ];
        b.op_with_regions(Opcode::Scatter, &ins, outs, attrs, vec![region])
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let (indices, updates) = (&cx.primals[1], &cx.primals[2]);
        if cx.tangent(0).is_none() && cx.tangent(2).is_none() {
            return cx.zero();
        }
        match self.kind {
            ScatterKind::Set => cx.one(Some(self.jvp_set(cx))),
            ScatterKind::Add => cx.linear_in(&[0, 2]),
            ScatterKind::Min | ScatterKind::Max => cx.one(Some(self.jvp_extreme(cx))),
            ScatterKind::Mul => {
                let left = cx.tangent(0).map(|t| self.with(ScatterKind::Mul, t, indices, updates));
                let right: Tangent = match cx.tangent(2) {
                    None => None,
                    Some(_) if !self.flags.unique => {
                        return Err(
                            "the derivative with respect to the updates needs the promise \
                                    that no two meet: `.unique_indices()`"
                                .into(),
                        );
                    }
                    Some(t) => {
                        let x = &cx.primals[0];
                        Some(x * self.with(ScatterKind::Add, &x.zeros_like(), indices, t))
                    }
                };
                cx.one(crate::rewrite::add_tangents(left, right))
            }
        }
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let ct = cx.ct();
        let Some(indices) = cx.known(1) else { return Err("its indices are not linear".into()) };
        let mut out: Tangents = SmallVec::from_elem(None, 3);
        match self.kind {
            ScatterKind::Add | ScatterKind::Set => {
                if self.kind == ScatterKind::Set && !self.flags.unique {
                    return Err("updates may meet, so it is not linear".into());
                }
                if cx.is_linear(0) {
                    out[0] = Some(if self.kind == ScatterKind::Add {
                        ct.clone()
                    } else {
                        self.with(self.kind, ct, indices, &Array::zeros_aval(cx.aval(2)))
                    });
                }
                if cx.is_linear(2) {
                    out[2] = Some(self.gather(ct, indices, cx.aval(2)));
                }
            }
            ScatterKind::Mul => match cx.known(2) {
                Some(updates) => out[0] = Some(self.with(self.kind, ct, indices, updates)),
                None => return Err("it is not linear in the updates".into()),
            },
            ScatterKind::Min | ScatterKind::Max => return Err("it is not linear".into()),
        }
        Ok(out)
    }
    fn fault(&self) -> Option<Fault<'_>> {
        outside(self.name(), |ins| {
            Some((ins[1].clone(), self.last_starts(ins[0].aval(), ins[2].aval())))
        })
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut op = self.clone();
        let d = &mut op.dims;
        d.update_window_dims = shifted(&d.update_window_dims);
        d.inserted_window_dims = shifted(&d.inserted_window_dims);
        d.input_batching_dims = shifted(&d.input_batching_dims);
        d.scatter_dims_to_operand_dims = shifted(&d.scatter_dims_to_operand_dims);
        if cx.batched[1] {
            d.scatter_indices_batching_dims = shifted(&d.scatter_indices_batching_dims);
            d.index_vector_dim += 1;
            d.input_batching_dims.insert(0, 0);
            d.scatter_indices_batching_dims.insert(0, 0);
        } else {
            d.update_window_dims.insert(0, 0);
        }
        let (operand, updates) = (cx.with_batch(0), cx.with_batch(2));
        batched(smallvec![bind1(op, &[&operand, &cx.ins[1], &updates])])
    }
}
