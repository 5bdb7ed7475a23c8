//! Along which axis each part of a tree is mapped.

use crate::module::{Filter, Module, Path, PathKey, Schema, VarInfo};
use std::sync::Arc;

/// An axis of a leaf, or of one with `more` axes, counted from the first; as it is for a leaf without a value.
pub(crate) fn from_first(axis: Option<isize>, leaf: &VarInfo<'_>, more: isize) -> Option<isize> {
    let rank = leaf.value.try_aval().map_or(0, |aval| aval.rank() as isize + more);
    axis.map(|axis| if axis < 0 { axis + rank } else { axis })
}

/// The axis of one argument: a number, `None` for an argument that all elements share, or
/// [`StateAxes`].
///
/// ```
/// use nnx::module::{Everything, of_type};
/// use nnx::transform::{ArgAxis, IntoArgAxis};
/// use nnx::{Param, StateAxes};
///
/// assert!(matches!((-1).into_arg_axis(), ArgAxis::Axis(Some(-1))));
/// let axes = StateAxes::new().with(of_type::<Param>(), 0).with(Everything, None);
/// assert!(matches!(axes.into_arg_axis(), ArgAxis::State(_)));
/// ```
#[derive(Clone)]
pub enum ArgAxis {
    /// Every leaf along this axis; negative ones count from the last. `None`: not mapped.
    Axis(Option<isize>),
    /// By filter.
    State(StateAxes),
}

/// Axes by filter, within one argument: the first filter that matches a leaf decides.
/// `flax.nnx.StateAxes`.
///
/// ```
/// use nnx::module::{BatchStat, Everything, of_type};
/// use nnx::{Array, Param, StateAxes, Variable, vmap};
///
/// // Each element has Params of its own; everything else is shared.
/// let axes = StateAxes::new().with(of_type::<Param>(), 0).with(Everything, None);
/// type Model = (Param, Variable<BatchStat>);
/// let (scales, stat) = (Array::from([1.0_f32, 2.0]), Array::scalar(10.0_f32));
/// let models: Model = (Param::new(scales), Variable::new(stat));
/// let y = vmap(|m: &Model| m.0.value() * m.1.value(), &models, axes);
/// assert_eq!(y.to_vec::<f32>(), [10.0, 20.0]);
/// ```
#[derive(Clone, Default)]
pub struct StateAxes(Vec<(Arc<dyn Filter>, Option<isize>)>);

impl StateAxes {
    /// No filter yet. Every leaf must be taken by a filter: `with(Everything, None)` at the end takes the rest,
    /// which is then not mapped.
    pub fn new() -> Self {
        StateAxes::default()
    }

    /// Adds a filter: leaves that it matches, and no filter before, have this axis.
    pub fn with(mut self, filter: impl Filter + 'static, axis: impl IntoAxis) -> Self {
        self.0.push((Arc::new(filter), axis.into_axis()));
        self
    }
}

/// An axis, or `None`.
///
/// ```
/// use nnx::transform::IntoAxis;
/// use nnx::{Array, Everything, StateAxes, vmap};
///
/// // A function of one's own that passes an axis on.
/// fn sums(x: &Array, axis: impl IntoAxis) -> Vec<f32> {
///     let axes = StateAxes::new().with(Everything, axis);
///     vmap(|x: &Array| x.sum(..), x, axes).to_vec::<f32>()
/// }
/// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// assert_eq!((sums(&x, 0), sums(&x, -1)), (vec![3.0, 7.0], vec![4.0, 6.0]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an axis",
    label = "not an axis",
    note = "an axis is a number (`0`, `-1`), or `None` for no axis: `None::<isize>`"
)]
pub trait IntoAxis {
    #[doc(hidden)]
    fn into_axis(self) -> Option<isize>;
}

impl IntoAxis for i32 {
    fn into_axis(self) -> Option<isize> {
        Some(self as isize)
    }
}

impl IntoAxis for Option<isize> {
    fn into_axis(self) -> Option<isize> {
        self
    }
}

impl ArgAxis {
    fn of(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<isize> {
        match self {
            ArgAxis::Axis(axis) => *axis,
            ArgAxis::State(StateAxes(filters)) => {
                filters.iter().find(|(filter, _)| filter.matches(path, leaf))?.1
            }
        }
    }

    /// Returns an error if no filter takes the leaf.
    fn check_taken(&self, path: &Path, leaf: &VarInfo<'_>) -> Result<(), String> {
        match self {
            ArgAxis::State(StateAxes(filters))
                if !filters.iter().any(|(filter, _)| filter.matches(path, leaf)) =>
            {
                let kind = leaf.kind.map_or("array", |kind| kind.name);
                let path = path.to_string();
                let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
                Err(format!(
                    "no filter of the `StateAxes` takes the {kind}{at}\n\
                     fix: say its axis, or end with `.with(Everything, None)` for leaves that are not mapped"
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The axes of all arguments: one for all of them, or one for each.
///
/// ```
/// use nnx::transform::{IntoMapAxes, MapAxes};
///
/// assert!(matches!(0.into_map_axes(), MapAxes::All(_)));
/// assert!(matches!((0, None).into_map_axes(), MapAxes::Each(axes) if axes.len() == 2));
/// ```
#[derive(Clone)]
pub enum MapAxes {
    /// The same axis for every argument.
    All(ArgAxis),
    /// One axis for each element of the tuple of arguments.
    Each(Vec<ArgAxis>),
}

impl MapAxes {
    /// The axis of a leaf, whose path begins with the position of its argument if there are several.
    pub(crate) fn of(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<isize> {
        self.of_argument(path)?.of(path, leaf)
    }

    /// Returns an error if the axes are by filter, and none takes the leaf.
    pub(crate) fn check_taken(&self, path: &Path, leaf: &VarInfo<'_>) -> Result<(), String> {
        self.of_argument(path).map_or(Ok(()), |axis| axis.check_taken(path, leaf))
    }

    /// The axis of the argument that a path leads into.
    fn of_argument(&self, path: &Path) -> Option<&ArgAxis> {
        match self {
            MapAxes::All(axis) => Some(axis),
            MapAxes::Each(axes) => match path.keys().first() {
                Some(PathKey::Index(i)) => axes.get(*i),
                _ => axes.first(),
            },
        }
    }

    /// Returns an error if there are not as many axes as arguments.
    pub(crate) fn check(&self, arguments: Option<usize>) -> Result<(), String> {
        match self {
            MapAxes::Each(axes) if Some(axes.len()) != arguments => Err(format!(
                "{} axes for {} arguments; give one axis for all of them, or a tuple with one for \
                 each",
                axes.len(),
                arguments.unwrap_or(1)
            )),
            _ => Ok(()),
        }
    }
}

/// The number of elements of a type that is a tuple.
pub(crate) fn tuple_len<M: Module>() -> Option<usize> {
    match M::SCHEMA {
        Schema::Tuple(items) => Some(items.len()),
        _ => None,
    }
}

/// Axes as they may be written: `0`, `None`, [`StateAxes`], or a tuple of these.
///
/// ```
/// use nnx::transform::IntoMapAxes;
/// use nnx::{Array, DType, array::arange, in_axes, vmap};
///
/// // A function of one's own that passes axes on.
/// fn sums(x: &Array, y: &Array, axes: impl IntoMapAxes) -> Array {
///     vmap(|(x, y): (&Array, &Array)| (x + y).sum(..), (x, y), in_axes(axes))
/// }
/// let (x, y) = (arange(4, DType::F32).reshape([2, 2]), arange(2, DType::F32));
/// assert_eq!(sums(&x, &x, 0).to_vec::<f32>(), [2.0, 10.0]);
/// assert_eq!(sums(&x, &y, (1, None)).to_vec::<f32>(), [3.0, 5.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes are mapped",
    label = "not axes",
    note = "axes are a number (`0`, `-1`) for every argument, `None::<isize>` for none, a `StateAxes`, or a tuple with one of these per argument: `(0, None::<isize>)`"
)]
pub trait IntoMapAxes {
    #[doc(hidden)]
    fn into_map_axes(self) -> MapAxes;
}

/// The axis of one argument as it may be written.
///
/// ```
/// use nnx::transform::IntoArgAxis;
/// use nnx::{Array, DType, array::arange, vmap};
///
/// // The axis of one argument; the other is shared.
/// fn scaled(x: &Array, axis: impl IntoArgAxis, by: &Array) -> Array {
///     vmap(|(x, by): (&Array, &Array)| x * by, (x, by), (axis, None))
/// }
/// let x = arange(4, DType::F32).reshape([2, 2]);
/// assert_eq!(scaled(&x, -1, &Array::scalar(10.0_f32)).to_vec::<f32>(), [0.0, 20.0, 10.0, 30.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axis of an argument is mapped",
    label = "not an axis",
    note = "the axis of one argument is a number (`0`, `-1`), `None::<isize>` for one that is the same for all, or a `StateAxes`"
)]
pub trait IntoArgAxis {
    #[doc(hidden)]
    fn into_arg_axis(self) -> ArgAxis;
}

macro_rules! single {
    ($($t:ty),*) => {$(
        impl IntoArgAxis for $t {
            fn into_arg_axis(self) -> ArgAxis {
                ArgAxis::Axis(self.into_axis())
            }
        }
        impl IntoMapAxes for $t {
            fn into_map_axes(self) -> MapAxes {
                MapAxes::All(self.into_arg_axis())
            }
        }
    )*};
}
single!(i32, Option<isize>);

impl IntoArgAxis for StateAxes {
    fn into_arg_axis(self) -> ArgAxis {
        ArgAxis::State(self)
    }
}

impl IntoMapAxes for StateAxes {
    fn into_map_axes(self) -> MapAxes {
        MapAxes::All(ArgAxis::State(self))
    }
}

macro_rules! tuples {
    ($($($t:ident $i:tt),*;)*) => {$(
        impl<$($t: IntoArgAxis),*> IntoMapAxes for ($($t,)*) {
            fn into_map_axes(self) -> MapAxes {
                MapAxes::Each(vec![$(self.$i.into_arg_axis()),*])
            }
        }
    )*};
}

impl IntoMapAxes for () {
    fn into_map_axes(self) -> MapAxes {
        MapAxes::Each(vec![])
    }
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
