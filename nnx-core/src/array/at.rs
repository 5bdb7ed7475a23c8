//! `x.at(index)`: reads and functional updates of parts of an array.

mod derived;
mod masks;
mod new_axes;
mod plan;

use super::Operand;
use super::arith::broadcast_shapes;
use super::axes::invalid;
use super::indexing::{IndexMode, check_indices, default_fill, one_program};
use super::slicing::{Resolved, SliceSpec, slice_op};
use super::starts::{Starts, cut};
use crate::graph::Array;
use crate::lower::ScatterDims;
use crate::ops::{DynamicUpdateSlice, Gather, IndexFlags, Scatter, ScatterKind};
use crate::run::bind1;
use crate::value::{Aval, DType, scalar_bytes};
pub use new_axes::NewAxis;
use plan::{Axis, IndexPlan, strided_plan};
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

/// All axes that the other items of an index leave over. `...` in NumPy.
///
/// ```
/// use nnx::{Array, array::Ellipsis};
///
/// let x = Array::from([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
/// assert_eq!(x.at((Ellipsis, 0)).get().to_vec::<i32>(), [1, 3, 5, 7]);
/// assert_eq!(x.at((1, Ellipsis, 0)).get().to_vec::<i32>(), [5, 7]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ellipsis;

/// The part of an index for one axis: a range, a position, or an array of positions; or about
/// several: a mask.
///
/// ```
/// use nnx::{Array, array::IndexItem};
///
/// // An index whose number of axes is known at run time only: 0 along all but the last.
/// let x = Array::from([[1, 2], [3, 4]]);
/// let mut items: Vec<IndexItem> = vec![0.into(); x.rank() - 1];
/// items.push((..).into());
/// assert_eq!(x.at(items).get().to_vec::<i32>(), [1, 2]);
/// ```
#[derive(Debug, Clone)]
pub struct IndexItem(Item);

#[derive(Debug, Clone)]
enum Item {
    Static(SliceSpec),
    Positions(Array),
    Ellipsis,
    NewAxis,
}

/// An index as `x.at(…)` takes it: one item or a tuple of items, one per leading axis. Items are
/// ranges (`1..3`, `..`, `-2..`), whole numbers, [`SliceSpec`]s with a step, integer arrays, bool
/// arrays that cover as many axes as they have, [`Ellipsis`] and [`NewAxis`].
///
/// ```
/// use nnx::{Array, array::{IntoIndex, SliceSpec}};
///
/// fn cleared(x: &Array, part: impl IntoIndex) -> Array {
///     x.at(part).set(0)
/// }
/// let x = Array::from([1, 2, 3, 4]);
/// assert_eq!(cleared(&x, -2..).to_vec::<i32>(), [1, 2, 0, 0]);
/// assert_eq!(cleared(&x, SliceSpec::from(..).step_by(2)).to_vec::<i32>(), [0, 2, 0, 4]);
/// assert_eq!(cleared(&x, x.gt(3)).to_vec::<i32>(), [1, 2, 3, 0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an index for `x.at(…)`",
    label = "not an index",
    note = "an index is one item or a tuple of items, one per leading axis: a position (`0`, `-1`), a range (`..`, `1..3`, `-2..`), a `SliceSpec` with a step, `&positions` with an array of integers, `&mask` with an array of bools, `Ellipsis`, `NewAxis`"
)]
pub trait IntoIndex {
    /// The items.
    fn into_index(self) -> Vec<IndexItem>;
}

#[diagnostic::do_not_recommend]
impl IntoIndex for Vec<IndexItem> {
    fn into_index(self) -> Vec<IndexItem> {
        self
    }
}

macro_rules! items {
    ($($t:ty: $x:ident => $item:expr;)*) => {$(
        impl From<$t> for IndexItem {
            fn from($x: $t) -> Self {
                IndexItem($item)
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoIndex for $t {
            fn into_index(self) -> Vec<IndexItem> {
                vec![self.into()]
            }
        }
    )*};
}
macro_rules! static_items {
    ($($t:ty),*) => {
        items! {$($t: x => Item::Static(x.into());)*}
    };
}
static_items! {
    i32, isize, usize, Range<i32>, Range<isize>, Range<usize>, RangeFrom<i32>, RangeFrom<isize>,
    RangeFrom<usize>, RangeTo<i32>, RangeTo<isize>, RangeTo<usize>, RangeFull, SliceSpec
}
items! {
    Array: x => Item::Positions(x);
    &Array: x => Item::Positions(x.clone());
    Ellipsis: _x => Item::Ellipsis;
    NewAxis: _x => Item::NewAxis;
}

macro_rules! tuples {
    ($($($t:ident)*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($t: Into<IndexItem>),*> IntoIndex for ($($t,)*) {
            fn into_index(self) -> Vec<IndexItem> {
                #[allow(non_snake_case)]
                let ($($t,)*) = self;
                vec![$($t.into()),*]
            }
        }
    )*};
}
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

/// A part of an array, to be read or replaced. Made by [`Array::at`].
///
/// ```
/// use nnx::Array;
///
/// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(x.at((.., 1)).get().to_vec::<i32>(), [2, 5]);
/// let y = x.at((1, ..2)).set(0); // a new array: `x` stays as it is
/// assert_eq!(y.to_vec::<i32>(), [1, 2, 3, 0, 0, 6]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `.get()`, `.set(…)`, `.add(…)`, … on it"]
pub struct At {
    x: Array,
    items: Vec<IndexItem>,
    mode: Option<IndexMode>,
    fill: Option<f64>,
    unique: bool,
    sorted: bool,
    /// The array's own shape, where the index put axes into it.
    without_new: Option<Vec<usize>>,
}

impl Array {
    /// The part of this array that `index` names, for reading (`get`) or for making a new array
    /// in which it is changed (`set`, `add`, …). Arrays in the index are broadcast together and
    /// pick elements as in NumPy; negative positions count from the end. `jax.numpy.ndarray.at`.
    ///
    /// A bool array names the places where it is true. How many there are must be known: outside of
    /// traces, or where the values of an update do not depend on the number.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// let y = x.at((0..2, -1)).set(0); // x.at[0:2, -1].set(0)
    /// assert_eq!(y.to_vec::<i32>(), [1, 2, 0, 4, 5, 0]);
    /// let z = y.at(y.gt(3)).add(10); // y.at[y > 3].add(10)
    /// assert_eq!(z.to_vec::<i32>(), [1, 2, 0, 14, 15, 0]);
    /// let columns = Array::from([1, 0]);
    /// assert_eq!(z.at((.., &columns)).get().to_vec::<i32>(), [2, 1, 15, 14]); // z[:, columns]
    /// ```
    #[track_caller]
    pub fn at(&self, index: impl IntoIndex) -> At {
        let (x, items) = (self.clone(), index.into_index());
        let at = At {
            x,
            items,
            mode: None,
            fill: None,
            unique: false,
            sorted: false,
            without_new: None,
        };
        at.with_new_axes()
    }
}

/// An index without arrays is a slice.
enum IndexPart {
    Slice(Vec<Resolved>),
    Places(IndexPlan, Vec<Array>),
}

const OP: &str = "at";

impl At {
    /// The treatment of positions of arrays outside of their axis. By default `get` takes the
    /// nearest element and updates are dropped.
    ///
    /// ```
    /// use nnx::{Array, array::IndexMode};
    ///
    /// let (x, places) = (Array::from([1, 2, 3]), Array::from([0, 7]));
    /// assert_eq!(x.at(&places).set(9).to_vec::<i32>(), [9, 2, 3]);
    /// assert_eq!(x.at(&places).mode(IndexMode::Clip).set(9).to_vec::<i32>(), [9, 2, 9]);
    /// ```
    pub fn mode(self, mode: IndexMode) -> At {
        At { mode: Some(mode), ..self }
    }

    /// The value that `get` gives for positions outside of their axis; sets [`IndexMode::Fill`].
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, places) = (Array::from([1, 2, 3]), Array::from([0, 7]));
    /// assert_eq!(x.at(&places).get().to_vec::<i32>(), [1, 3]);
    /// assert_eq!(x.at(&places).fill_value(-1.0).get().to_vec::<i32>(), [1, -1]);
    /// ```
    pub fn fill_value(self, value: f64) -> At {
        At { fill: Some(value), mode: Some(IndexMode::Fill), ..self }
    }

    /// Promises that no element is named twice: updates are faster, and `mul` gets a derivative
    /// with respect to its factors. If it is broken, the result is not specified.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, places) = (Array::from([1, 2, 3]), Array::from([2, 0]));
    /// assert_eq!(x.at(&places).unique_indices().add(10).to_vec::<i32>(), [11, 2, 13]);
    /// ```
    pub fn unique_indices(self) -> At {
        At { unique: true, ..self }
    }

    /// Promises that the positions are in ascending order. If it is broken, the result is not
    /// specified.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let (x, places) = (Array::from([1, 2, 3]), Array::from([0, 0, 2]));
    /// assert_eq!(x.at(&places).indices_are_sorted().add(10).to_vec::<i32>(), [21, 2, 13]);
    /// ```
    pub fn indices_are_sorted(self) -> At {
        At { sorted: true, ..self }
    }

    /// One item per axis of the array.
    #[track_caller]
    fn expand(&self) -> Vec<Item> {
        let aval = self.x.aval();
        let ellipses = self.items.iter().filter(|i| matches!(i.0, Item::Ellipsis)).count();
        let named = self.items.len() - ellipses;
        if named > aval.rank() || ellipses > 1 {
            invalid(
                OP,
                format!(
                    "an index with {named} items and {ellipses} ellipses does not fit {aval}, which has \
                     {} axes",
                    aval.rank()
                ),
            );
        }
        let rest = || std::iter::repeat_n(Item::Static((..).into()), aval.rank() - named);
        let mut items = Vec::with_capacity(aval.rank());
        for item in &self.items {
            match &item.0 {
                Item::Ellipsis => items.extend(rest()),
                item => items.push(item.clone()),
            }
        }
        if ellipses == 0 {
            items.extend(rest());
        }
        items
    }

    #[track_caller]
    fn part(&self) -> IndexPart {
        let aval = self.x.aval();
        let items = self.expand();
        let mut parts = Vec::new();
        let mut arrays: Vec<Array> = Vec::new();
        let mut positions: Vec<usize> = Vec::new();
        let mut axes = Vec::new();
        for (d, item) in items.iter().enumerate() {
            match item {
                Item::Static(spec) => {
                    let part = spec.resolve(OP, aval, d);
                    let (start, len) = (part.start, part.len());
                    axes.push(match part {
                        Resolved { index: true, .. } => Axis::Position(start),
                        Resolved { step: 1, .. } => Axis::Window { start, len },
                        Resolved { step, .. } => Axis::Strided { start, step, len },
                    });
                    parts.push(part);
                }
                Item::Positions(indices) => {
                    check_indices(OP, indices);
                    positions = match broadcast_shapes(&positions, indices.shape()) {
                        Some(shape) => shape,
                        None => invalid(
                            OP,
                            format!(
                                "the arrays of an index must broadcast together, but {} does not \
                                 with shape {positions:?} of those before",
                                indices.aval()
                            ),
                        ),
                    };
                    axes.push(Axis::Positions(arrays.len()));
                    arrays.push(indices.clone());
                }
                Item::Ellipsis | Item::NewAxis => unreachable!("expanded before"),
            }
        }
        if arrays.is_empty() {
            return IndexPart::Slice(parts);
        }
        let empty = |d: &usize| aval.shape()[*d] == 0 && matches!(axes[*d], Axis::Positions(_));
        if let Some(d) = (0..axes.len()).find(empty)
            && positions.iter().product::<usize>() > 0
        {
            invalid(OP, format!("axis {d} of {aval} has no elements to name"));
        }
        IndexPart::Places(IndexPlan::new(aval, axes, positions), arrays)
    }

    fn flags(&self, default: IndexMode) -> IndexFlags {
        IndexFlags {
            mode: self.mode.unwrap_or(default).out_of_bounds(),
            unique: self.unique,
            sorted: self.sorted,
        }
    }

    /// The part itself: `x[index]`. `jax.numpy.ndarray.at[].get`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.at(-1).get().to_vec::<i32>(), [4, 5, 6]);
    /// assert_eq!(x.at((.., 1..)).get().shape(), [2, 2]);
    /// // Arrays in an index go together: the elements (0, 2) and (1, 0).
    /// let (rows, columns) = (Array::from([0, 1]), Array::from([2, 0]));
    /// assert_eq!(x.at((&rows, &columns)).get().to_vec::<i32>(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the index does not fit the array, or holds a mask that is traced.
    #[track_caller]
    pub fn get(self) -> Array {
        let at = self.without_masks();
        let (plan, arrays) = match at.part() {
            IndexPart::Slice(parts) => {
                let (op, shape) = slice_op(at.x.aval(), &parts);
                return cut(&at.x, op, &shape);
            }
            IndexPart::Places(plan, arrays) => (plan, arrays),
        };
        let dtype = at.x.dtype();
        let op = Gather {
            dims: plan.gather_dims(),
            slice_sizes: plan.slice_sizes(),
            flags: at.flags(IndexMode::PromiseInBounds),
            fill: at.fill.map_or_else(|| default_fill(dtype), |v| scalar_bytes(dtype, v)),
        };
        let wrap = at.mode == Some(IndexMode::Wrap);
        let (starts, count) = (plan.starts(&at.x), arrays.len());
        let args = starts.after(std::iter::once(at.x).chain(arrays));
        one_program("get", &args, |args| {
            let indices = plan.indices(&args[1..=count], &starts.scalars(args), wrap);
            bind1(op, &[&args[0], &indices])
        })
    }

    /// The array with `values` in this part. Where several values meet, one of them stays.
    /// `jax.numpy.ndarray.at[].set`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.at(0).set(Array::from([8, 9])).to_vec::<i32>(), [8, 9, 3, 4]);
    /// assert_eq!(x.at(x.lt(3)).set(0).to_vec::<i32>(), [0, 0, 3, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the index does not fit the array, `values` do not broadcast to the part, or a
    /// mask is traced and the number of values depends on it.
    #[track_caller]
    pub fn set(self, values: impl Operand) -> Array {
        self.updated(ScatterKind::Set, &values)
    }

    /// The array with `values` added to this part, as often as the index names an element.
    /// `jax.numpy.ndarray.at[].add`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.at(1..).add(10).to_vec::<i32>(), [1, 12, 13]);
    /// assert_eq!(x.at(Array::from([0, 0])).add(10).to_vec::<i32>(), [21, 2, 3]); // twice
    /// ```
    ///
    /// # Panics
    /// As [`set`](At::set), and for bool arrays.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "JAX's name")]
    pub fn add(self, values: impl Operand) -> Array {
        self.updated(ScatterKind::Add, &values)
    }

    /// The array with this part multiplied by `values`, as often as the index names an element. The
    /// derivative with respect to the values needs [`unique_indices`](At::unique_indices).
    /// `jax.numpy.ndarray.at[].mul`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.at(Array::from([2, 2, 0])).mul(10).to_vec::<i32>(), [10, 2, 300]);
    /// ```
    ///
    /// # Panics
    /// As [`set`](At::set), and for bool arrays.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "JAX's name")]
    pub fn mul(self, values: impl Operand) -> Array {
        self.updated(ScatterKind::Mul, &values)
    }

    /// The array with the smaller of its elements and `values` in this part.
    /// `jax.numpy.ndarray.at[].min`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 5, 9]);
    /// assert_eq!(x.at(1..).min(Array::from([7, 7])).to_vec::<i32>(), [1, 5, 7]);
    /// ```
    ///
    /// # Panics
    /// As [`set`](At::set).
    #[track_caller]
    pub fn min(self, values: impl Operand) -> Array {
        self.updated(ScatterKind::Min, &values)
    }

    /// The array with the larger of its elements and `values` in this part.
    /// `jax.numpy.ndarray.at[].max`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 5, 9]);
    /// assert_eq!(x.at(..2).max(Array::from([3, 3])).to_vec::<i32>(), [3, 5, 9]);
    /// ```
    ///
    /// # Panics
    /// As [`set`](At::set).
    #[track_caller]
    pub fn max(self, values: impl Operand) -> Array {
        self.updated(ScatterKind::Max, &values)
    }

    #[track_caller]
    fn update(self, kind: ScatterKind, values: &dyn Operand) -> Array {
        let arithmetic = matches!(kind, ScatterKind::Add | ScatterKind::Mul);
        if arithmetic && self.x.dtype() == DType::Bool {
            let x = self.x.aval();
            invalid(OP, format!("`add` and `mul` need a number dtype, got {x}; use `set`"));
        }
        let values = values.array(self.x.dtype());
        if let Some(out) = self.update_masked(kind, &values) {
            return out;
        }
        self.without_masks().update_places(kind, values)
    }

    #[track_caller]
    fn update_places(self, kind: ScatterKind, values: Array) -> Array {
        let (plan, arrays) = match self.part() {
            IndexPart::Slice(parts) if parts.iter().all(|p| p.step == 1) => {
                return self.update_slice(kind, &parts, &values);
            }
            IndexPart::Slice(parts) => (strided_plan(self.x.aval(), &parts), vec![]),
            IndexPart::Places(plan, arrays) => (plan, arrays),
        };
        check_values(self.x.aval(), &values, &plan.shape);
        let d = plan.gather_dims();
        let dims = ScatterDims {
            update_window_dims: d.offset_dims,
            inserted_window_dims: d.collapsed_slice_dims,
            input_batching_dims: vec![],
            scatter_indices_batching_dims: vec![],
            scatter_dims_to_operand_dims: d.start_index_map,
            index_vector_dim: d.index_vector_dim,
        };
        let mut flags = self.flags(IndexMode::Fill);
        flags.unique |= arrays.is_empty();
        let op = Scatter { kind, dims, flags };
        let wrap = self.mode == Some(IndexMode::Wrap);
        let (starts, end) = (plan.starts(&self.x), 2 + arrays.len());
        let args = starts.after([self.x, values].into_iter().chain(arrays));
        one_program("update", &args, |args| {
            let indices = plan.indices(&args[2..end], &starts.scalars(args), wrap);
            bind1(op, &[&args[0], &indices, &args[1].broadcast_to_dims(&plan.shape)])
        })
    }

    /// A part without holes is taken out, changed and put back.
    #[track_caller]
    fn update_slice(self, kind: ScatterKind, parts: &[Resolved], values: &Array) -> Array {
        let (op, shape) = slice_op(self.x.aval(), parts);
        check_values(self.x.aval(), values, &shape);
        let sizes = op.out_shape();
        let places = Starts::beside(&self.x, op.start);
        one_program("update", &places.after([self.x, values.clone()]), |args| {
            let (x, starts) = (&args[0], places.scalars(args));
            let values = args[1].broadcast_to_dims(&shape).reshape(&sizes);
            let new = match kind {
                ScatterKind::Set => values,
                _ => combine(kind, &places.window(x, &starts, &sizes), values),
            };
            let ins: Vec<&Array> = [x, &new].into_iter().chain(&starts).collect();
            bind1(DynamicUpdateSlice, &ins)
        })
    }
}

/// The effect of an update on the old elements.
#[track_caller]
fn combine(kind: ScatterKind, old: &Array, values: Array) -> Array {
    match kind {
        ScatterKind::Set => values,
        ScatterKind::Add => old + values,
        ScatterKind::Mul => old * values,
        ScatterKind::Min => old.minimum(values),
        ScatterKind::Max => old.maximum(values),
    }
}

#[track_caller]
fn check_values(x: &Aval, values: &Array, shape: &[usize]) {
    if broadcast_shapes(values.shape(), shape).as_deref() != Some(shape) {
        let values = values.aval();
        invalid(
            OP,
            format!("values {values} do not broadcast to shape {shape:?} of a part of {x}"),
        );
    }
}
