//! `gather` and `scatter` with dimension numbers, as XLA has them. [`Array::at`] takes NumPy's
//! indices, which most programs want.

use super::axes::invalid;
use super::indexing::default_fill;
use super::{AsArray, IndexMode, one_program, where_};
use crate::graph::Array;
use crate::lower::{GatherDims, ScatterDims};
use crate::ops::{Gather, IndexFlags, Scatter, ScatterKind, inner_while};
use crate::run::bind1;
use crate::value::{Aval, DType, scalar_bytes};

/// Which dimensions [`gather`] takes windows of, and where it puts them.
/// `jax.lax.GatherDimensionNumbers`.
///
/// An index vector lies along the last dimension of the indices. The other dimensions of the indices, in
/// their order, and the window's dimensions make the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct GatherDimensionNumbers {
    /// The dimensions of the result that are the window's, ascending.
    pub offset_dims: Vec<usize>,
    /// Dimensions of the operand in which the window has size 1 and which the result lacks, ascending.
    pub collapsed_slice_dims: Vec<usize>,
    /// For each component of an index vector the dimension of the operand in which it is the start.
    pub start_index_map: Vec<usize>,
    /// Dimensions of the operand that go along with those of the indices, ascending.
    pub operand_batching_dims: Vec<usize>,
    /// The dimensions of the indices that go along with these.
    pub start_indices_batching_dims: Vec<usize>,
}

/// Which dimensions [`scatter`] and its relatives write windows of: [`GatherDimensionNumbers`] backwards.
/// `jax.lax.ScatterDimensionNumbers`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ScatterDimensionNumbers {
    /// The dimensions of the updates that are the window's, ascending.
    pub update_window_dims: Vec<usize>,
    /// Dimensions of the operand in which the window has size 1 and which the updates lack, ascending.
    pub inserted_window_dims: Vec<usize>,
    /// For each component of an index vector the dimension of the operand in which it is the start.
    pub scatter_dims_to_operand_dims: Vec<usize>,
    /// Dimensions of the operand that go along with those of the indices, ascending.
    pub operand_batching_dims: Vec<usize>,
    /// The dimensions of the indices that go along with these.
    pub scatter_indices_batching_dims: Vec<usize>,
}

/// Promises about the indices of [`gather`], [`scatter`] and the like, and the treatment of those outside.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlaceOptions {
    /// Promises that no two windows overlap.
    pub unique_indices: bool,
    /// Promises that the index vectors ascend.
    pub indices_are_sorted: bool,
    /// The treatment of windows that do not lie inside. Without one, as in JAX, [`gather`] takes
    /// [`IndexMode::PromiseInBounds`], the others [`IndexMode::Fill`]. [`IndexMode::Wrap`] is not one of
    /// these.
    pub mode: Option<IndexMode>,
    /// The element that [`IndexMode::Fill`] reads outside. Without one it is NaN, the smallest signed, the
    /// largest unsigned integer, `true`.
    pub fill_value: Option<f64>,
}

impl PlaceOptions {
    #[track_caller]
    fn flags(self, op: &str, default: IndexMode) -> IndexFlags {
        let mode = self.mode.unwrap_or(default);
        if mode == IndexMode::Wrap {
            invalid(op, "`mode` must be `PromiseInBounds`, `Clip` or `Fill`, not `Wrap`".into());
        }
        IndexFlags {
            mode: mode.out_of_bounds(),
            unique: self.unique_indices,
            sorted: self.indices_are_sorted,
        }
    }
}

/// A list of dimensions, with its name in messages.
type NamedDims<'a> = (&'a str, &'a [usize]);

/// Why dimensions are no different ones below `rank`, if so.
fn distinct((name, dims): NamedDims<'_>, rank: usize, of: &str, ascending: bool) -> Option<String> {
    if let Some(d) = dims.iter().find(|&&d| d >= rank) {
        return Some(format!("`{name}` names dimension {d}, and {of} has {rank}"));
    }
    if ascending && !dims.is_sorted() {
        return Some(format!("`{name}` must ascend, got {dims:?}"));
    }
    let twice = dims.iter().enumerate().find(|(i, d)| dims[..*i].contains(d));
    twice.map(|(_, d)| format!("`{name}` names dimension {d} twice"))
}

fn disjoint(a: NamedDims<'_>, b: NamedDims<'_>) -> Option<String> {
    let both = a.1.iter().find(|d| b.1.contains(d))?;
    Some(format!("dimension {both} is in `{}` and in `{}`", a.0, b.0))
}

/// The dimension numbers of gather and scatter by roles, with the names that the user wrote.
struct DimRoles<'a> {
    window: NamedDims<'a>,
    window_of: &'static str,
    absent: NamedDims<'a>,
    map: NamedDims<'a>,
    batching: NamedDims<'a>,
    indices_batching: NamedDims<'a>,
}

impl DimRoles<'_> {
    /// Which rule the numbers break, if they do; `whole` is the rank of the result or the updates.
    fn mistake(&self, operand: &Aval, indices: &Aval, whole: usize) -> Option<String> {
        let rank = operand.rank();
        if !indices.dtype().is_int() {
            return Some(format!("the indices must be integers, got {indices}"));
        }
        let Some((&components, batch)) = indices.shape().split_last() else {
            return Some(
                "the indices are a scalar: index vectors lie along their last dimension, so \
                         reshape them to `[1]`"
                    .into(),
            );
        };
        if self.map.1.len() != components {
            return Some(format!(
                "`{}` has {} dimensions for index vectors of {components} components, in {indices}",
                self.map.0,
                self.map.1.len()
            ));
        }
        let of = format!("the operand {operand}");
        let lists = [
            distinct(self.window, whole, self.window_of, true),
            distinct(self.absent, rank, &of, true),
            distinct(self.map, rank, &of, false),
            distinct(self.batching, rank, &of, true),
            distinct(self.indices_batching, batch.len(), "a batch of index vectors", false),
            disjoint(self.absent, self.batching),
            disjoint(self.map, self.batching),
        ];
        if let Some(mistake) = lists.into_iter().flatten().next() {
            return Some(mistake);
        }
        if self.batching.1.len() != self.indices_batching.1.len() {
            return Some(format!(
                "`{}` and `{}` must have as many dimensions, got {:?} and {:?}",
                self.batching.0, self.indices_batching.0, self.batching.1, self.indices_batching.1
            ));
        }
        let pairs = self.batching.1.iter().zip(self.indices_batching.1);
        for (&d, &i) in pairs {
            if operand.shape()[d] != batch[i] {
                return Some(format!(
                    "dimension {d} of {operand} goes along with dimension {i} of the indices {indices}: \
                     the sizes must be equal"
                ));
            }
        }
        let named = self.window.1.len() + self.absent.1.len() + self.batching.1.len();
        (named != rank).then(|| {
            format!(
                "each of the {rank} dimensions of {operand} must be one of the window's, or be in `{}` or \
                 `{}`; `{}` has {}, and these {} and {}",
                self.absent.0,
                self.batching.0,
                self.window.0,
                self.window.1.len(),
                self.absent.1.len(),
                self.batching.1.len()
            )
        })
    }
}

/// Windows of `slice_sizes` of the operand, one for each index vector along the last dimension of
/// `start_indices`. `jax.lax.gather`.
///
/// The result has the dimensions of the indices before the last, and those of the window that are not
/// collapsed, at `offset_dims`.
///
/// ```
/// use nnx::{Array, array::{GatherDimensionNumbers, gather}};
/// let x = Array::from([[0, 1, 2], [3, 4, 5]]);
/// let columns = Array::from([[2], [0]]);
/// let numbers = GatherDimensionNumbers {
///     offset_dims: vec![0],
///     collapsed_slice_dims: vec![1],
///     start_index_map: vec![1],
///     ..Default::default()
/// };
/// let y = gather(&x, &columns, &numbers, &[2, 1], Default::default());
/// assert_eq!(y.to_vec::<i32>(), [2, 0, 5, 3]);
/// ```
///
/// # Panics
/// Panics if the indices are not integers, the dimension numbers do not fit the shapes, a window is larger
/// than the operand, or the mode is `Wrap`.
#[track_caller]
pub fn gather(
    operand: impl AsArray,
    start_indices: impl AsArray,
    dimension_numbers: &GatherDimensionNumbers,
    slice_sizes: &[usize],
    options: PlaceOptions,
) -> Array {
    let operand = operand.as_array();
    const OP: &str = "gather";
    let indices = start_indices.as_array();
    let flags = options.flags(OP, IndexMode::PromiseInBounds);
    let n = dimension_numbers;
    let roles = DimRoles {
        window: ("offset_dims", &n.offset_dims),
        window_of: "the result",
        absent: ("collapsed_slice_dims", &n.collapsed_slice_dims),
        map: ("start_index_map", &n.start_index_map),
        batching: ("operand_batching_dims", &n.operand_batching_dims),
        indices_batching: ("start_indices_batching_dims", &n.start_indices_batching_dims),
    };
    let whole = n.offset_dims.len() + indices.rank().saturating_sub(1);
    if let Some(mistake) = roles.mistake(operand.aval(), indices.aval(), whole) {
        invalid(OP, mistake);
    }
    if slice_sizes.len() != operand.rank() {
        let (sizes, operand) = (slice_sizes.len(), operand.aval());
        invalid(OP, format!("`slice_sizes` has {sizes} sizes for the dimensions of {operand}"));
    }
    for (d, &size) in slice_sizes.iter().enumerate() {
        let single = n.collapsed_slice_dims.contains(&d);
        let batching = n.operand_batching_dims.contains(&d);
        if (single && size != 1) || (batching && size > 1) {
            let list = if single { "collapsed_slice_dims" } else { "operand_batching_dims" };
            invalid(
                OP,
                format!(
                    "`slice_sizes` has {size} for dimension {d}, which is in `{list}`: write 1"
                ),
            );
        }
        if size > operand.shape()[d] && indices.size() > 0 {
            let operand = operand.aval();
            invalid(OP, format!("a window of {slice_sizes:?} does not fit into {operand}"));
        }
    }
    let dtype = operand.dtype();
    let op = Gather {
        dims: GatherDims {
            offset_dims: n.offset_dims.clone(),
            collapsed_slice_dims: n.collapsed_slice_dims.clone(),
            operand_batching_dims: n.operand_batching_dims.clone(),
            start_indices_batching_dims: n.start_indices_batching_dims.clone(),
            start_index_map: n.start_index_map.clone(),
            index_vector_dim: indices.rank() - 1,
        },
        slice_sizes: slice_sizes.to_vec(),
        flags,
        fill: options.fill_value.map_or_else(|| default_fill(dtype), |v| scalar_bytes(dtype, v)),
    };
    bind1(op, &[operand, indices])
}

/// The operation after all checks but those of the updates' dtype.
#[track_caller]
fn scatter_op(
    name: &str,
    kind: ScatterKind,
    operand: &Aval,
    indices: &Aval,
    updates: &[usize],
    n: &ScatterDimensionNumbers,
    options: PlaceOptions,
) -> Scatter {
    let flags = options.flags(name, IndexMode::Fill);
    if options.fill_value.is_some() {
        invalid(name, "`fill_value` is for `gather`: nothing is read here, so write `None`".into());
    }
    let roles = DimRoles {
        window: ("update_window_dims", &n.update_window_dims),
        window_of: "the updates",
        absent: ("inserted_window_dims", &n.inserted_window_dims),
        map: ("scatter_dims_to_operand_dims", &n.scatter_dims_to_operand_dims),
        batching: ("operand_batching_dims", &n.operand_batching_dims),
        indices_batching: ("scatter_indices_batching_dims", &n.scatter_indices_batching_dims),
    };
    if let Some(mistake) = roles.mistake(operand, indices, updates.len()) {
        invalid(name, mistake);
    }
    let whole = operand.with_shape(updates);
    let batch: Vec<usize> = (0..updates.len())
        .filter(|d| !n.update_window_dims.contains(d))
        .map(|d| updates[d])
        .collect();
    if batch[..] != indices.shape()[..indices.rank() - 1] {
        invalid(
            name,
            format!(
                "the updates {whole} have the dimensions {batch:?} besides their windows', and the \
                 indices {indices} need {:?}",
                &indices.shape()[..indices.rank() - 1]
            ),
        );
    }
    let kept = (0..operand.rank())
        .filter(|d| !n.inserted_window_dims.contains(d) && !n.operand_batching_dims.contains(d));
    let fits =
        n.update_window_dims.iter().zip(kept).all(|(&u, d)| updates[u] <= operand.shape()[d]);
    let single = n.inserted_window_dims.iter().chain(&n.operand_batching_dims);
    let empty = single.map(|&d| operand.shape()[d]).any(|size| size == 0);
    if !fits || (empty && whole.size() > 0) {
        invalid(name, format!("the windows of the updates {whole} do not fit into {operand}"));
    }
    Scatter {
        kind,
        dims: ScatterDims {
            update_window_dims: n.update_window_dims.clone(),
            inserted_window_dims: n.inserted_window_dims.clone(),
            input_batching_dims: n.operand_batching_dims.clone(),
            scatter_indices_batching_dims: n.scatter_indices_batching_dims.clone(),
            scatter_dims_to_operand_dims: n.scatter_dims_to_operand_dims.clone(),
            index_vector_dim: indices.rank() - 1,
        },
        flags,
    }
}

#[track_caller]
fn scattered(
    name: &str,
    kind: ScatterKind,
    operand: &Array,
    indices: &Array,
    updates: &Array,
    numbers: &ScatterDimensionNumbers,
    options: PlaceOptions,
) -> Array {
    let (x, shape) = (operand.aval(), updates.shape());
    if updates.dtype() != operand.dtype() {
        let updates = updates.aval();
        invalid(name, format!("the updates {updates} must have the dtype of {x}: use `astype`"));
    }
    if matches!(kind, ScatterKind::Add | ScatterKind::Mul) && x.dtype() == DType::Bool {
        invalid(name, format!("needs a number dtype, got {x}; use `scatter`"));
    }
    let op = scatter_op(name, kind, x, indices.aval(), shape, numbers, options);
    bind1(op, &[operand, indices, updates])
}

macro_rules! scatters {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(
            operand: impl AsArray,
            scatter_indices: impl AsArray,
            updates: impl AsArray,
            dimension_numbers: &ScatterDimensionNumbers,
            options: PlaceOptions,
        ) -> Array {
            let (operand, updates) = (operand.as_array(), updates.as_array());
            let indices = scatter_indices.as_array();
            let (name, kind) = (stringify!($name), ScatterKind::$kind);
            scattered(name, kind, operand, indices, updates, dimension_numbers, options)
        }
    )*};
}

scatters! {
    /// The operand with windows of `updates`, one for each index vector along the last dimension of
    /// `scatter_indices`, in place of its elements. Where several meet, one of them stays.
    /// `jax.lax.scatter`.
    ///
    /// ```
    /// use nnx::{Array, array::{ScatterDimensionNumbers, scatter}};
    /// let x = Array::from([[0, 1, 2], [3, 4, 5]]);
    /// let numbers = ScatterDimensionNumbers {
    ///     update_window_dims: vec![1],
    ///     inserted_window_dims: vec![1],
    ///     scatter_dims_to_operand_dims: vec![1],
    ///     ..Default::default()
    /// };
    /// let (columns, updates) = (Array::from([[2], [0]]), Array::from([[7, 8], [9, 10]]));
    /// let y = scatter(&x, &columns, &updates, &numbers, Default::default());
    /// assert_eq!(y.to_vec::<i32>(), [9, 1, 7, 10, 4, 8]);
    /// ```
    ///
    /// # Panics
    /// Panics if the indices are not integers, the updates have another dtype, the dimension numbers do not
    /// fit the shapes, a window is larger than the operand, the mode is `Wrap`, or there is a `fill_value`.
    scatter = Set;
    /// The operand with windows of `updates` added at the indices, all that meet. `jax.lax.scatter_add`.
    ///
    /// ```
    /// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_add}};
    /// let numbers = ScatterDimensionNumbers {
    ///     inserted_window_dims: vec![0],
    ///     scatter_dims_to_operand_dims: vec![0],
    ///     ..Default::default()
    /// };
    /// let (x, at) = (Array::from([0.0, 0.0, 1.0]), Array::from([[2], [0], [2]]));
    /// let y = scatter_add(&x, &at, Array::from([1.0, 2.0, 3.0]), &numbers, Default::default());
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 0.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// As [`scatter`], and for bool arrays.
    scatter_add = Add;
    /// The operand multiplied by windows of `updates` at the indices, by all that meet. The derivative by the
    /// updates needs the promise of `unique_indices`. `jax.lax.scatter_mul`.
    ///
    /// ```
    /// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_mul}};
    /// let numbers = ScatterDimensionNumbers {
    ///     inserted_window_dims: vec![0],
    ///     scatter_dims_to_operand_dims: vec![0],
    ///     ..Default::default()
    /// };
    /// let (x, at) = (Array::from([1.0, 2.0, 3.0]), Array::from([[2], [0]]));
    /// let y = scatter_mul(&x, &at, Array::from([1.0, 5.0]), &numbers, Default::default());
    /// assert_eq!(y.to_vec::<f64>(), [5.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// As [`scatter`], and for bool arrays.
    scatter_mul = Mul;
    /// The smaller of the operand's elements and of the windows of `updates` at the indices.
    /// `jax.lax.scatter_min`.
    ///
    /// ```
    /// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_min}};
    /// let numbers = ScatterDimensionNumbers {
    ///     inserted_window_dims: vec![0],
    ///     scatter_dims_to_operand_dims: vec![0],
    ///     ..Default::default()
    /// };
    /// let (x, at) = (Array::from([1.0, 2.0, 3.0]), Array::from([[2], [0]]));
    /// let y = scatter_min(&x, &at, Array::from([1.0, 5.0]), &numbers, Default::default());
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// As [`scatter`], and for complex numbers.
    scatter_min = Min;
    /// The larger of the operand's elements and of the windows of `updates` at the indices.
    /// `jax.lax.scatter_max`.
    ///
    /// ```
    /// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_max}};
    /// let numbers = ScatterDimensionNumbers {
    ///     inserted_window_dims: vec![0],
    ///     scatter_dims_to_operand_dims: vec![0],
    ///     ..Default::default()
    /// };
    /// let (x, at) = (Array::from([1.0, 2.0, 3.0]), Array::from([[2], [0]]));
    /// let y = scatter_max(&x, &at, Array::from([1.0, 5.0]), &numbers, Default::default());
    /// assert_eq!(y.to_vec::<f64>(), [5.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// As [`scatter`], and for complex numbers.
    scatter_max = Max;
}

/// The operand with windows of `updates` subtracted at the indices, all that meet.
/// `jax.lax.scatter_sub`.
///
/// ```
/// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_sub}};
/// let numbers = ScatterDimensionNumbers {
///     inserted_window_dims: vec![0],
///     scatter_dims_to_operand_dims: vec![0],
///     ..Default::default()
/// };
/// let (x, at) = (Array::from([1.0, 2.0, 3.0]), Array::from([[2], [0]]));
/// let y = scatter_sub(&x, &at, Array::from([1.0, 5.0]), &numbers, Default::default());
/// assert_eq!(y.to_vec::<f64>(), [-4.0, 2.0, 2.0]);
/// ```
///
/// # Panics
/// As [`scatter`], and for bool arrays.
#[track_caller]
pub fn scatter_sub(
    operand: impl AsArray,
    scatter_indices: impl AsArray,
    updates: impl AsArray,
    dimension_numbers: &ScatterDimensionNumbers,
    options: PlaceOptions,
) -> Array {
    let operand = operand.as_array();
    const OP: &str = "scatter_sub";
    let (indices, updates) = (scatter_indices.as_array(), updates.as_array());
    if operand.dtype() == DType::Bool || updates.dtype() == DType::Bool {
        invalid(OP, format!("needs a number dtype, got {}", operand.aval()));
    }
    let kind = ScatterKind::Add;
    scattered(OP, kind, operand, indices, &-updates, dimension_numbers, options)
}

/// The operand with the results of `f`, which works elementwise, in windows of `update_shape` at the
/// indices; an element that lies in several windows goes through `f` as often. With a promise of
/// `unique_indices` it has a derivative. `jax.lax.scatter_apply`.
///
/// `update_shape` is the shape that the updates of [`scatter`] would have.
///
/// ```
/// use nnx::{Array, array::{ScatterDimensionNumbers, scatter_apply}};
/// let numbers = ScatterDimensionNumbers {
///     inserted_window_dims: vec![0],
///     scatter_dims_to_operand_dims: vec![0],
///     ..Default::default()
/// };
/// let (x, at) = (Array::from([1, 2, 3]), Array::from([[2], [0], [2]]));
/// let y = scatter_apply(&x, &at, |x| x * 10, &numbers, &[3], Default::default());
/// assert_eq!(y.to_vec::<i32>(), [10, 2, 300]);
/// ```
///
/// # Panics
/// As [`scatter`], and if `f` makes another shape or dtype.
#[track_caller]
pub fn scatter_apply(
    operand: impl AsArray,
    scatter_indices: impl AsArray,
    f: impl Fn(&Array) -> Array,
    dimension_numbers: &ScatterDimensionNumbers,
    update_shape: &[usize],
    options: PlaceOptions,
) -> Array {
    const OP: &str = "scatter_apply";
    let (x, indices) = (operand.as_array(), scatter_indices.as_array());
    let (kind, numbers) = (ScatterKind::Add, dimension_numbers);
    let op = scatter_op(OP, kind, x.aval(), indices.aval(), update_shape, numbers, options);
    let ones = super::ones(update_shape, DType::I32);
    let none = super::zeros(x.shape(), DType::I32);
    let counts = bind1(op, &[&none, indices, &ones]);
    let applied = f(x);
    if applied.aval() != x.aval() {
        let (x, made) = (x.aval(), applied.aval());
        invalid(OP, format!("the function must keep {x}, it made {made}"));
    }
    let once = where_(counts.gt(0), applied, x);
    if options.unique_indices {
        return once;
    }
    one_program(OP, &[once, counts - 1], |args| {
        let state = inner_while(
            args,
            |state| state[1].gt(0).any(..),
            |state| {
                let (x, left) = (&state[0], &state[1]);
                vec![where_(left.gt(0), f(x), x), left - 1]
            },
        );
        state[0].clone()
    })
}
