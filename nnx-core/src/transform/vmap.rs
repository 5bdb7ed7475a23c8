//! `vmap`: a function of one element, for a whole batch.

use super::axes::{IntoMapAxes, MapAxes, from_first, tuple_len};
use super::lend::{Argument, TransformCall};
use super::metadata::TransformMetadata;
use crate::graph::{Array, BatchAxis, Batched};
use crate::module::walk::for_each_leaf_of;
use crate::module::{Module, Path, Seen, VarInfo};
use crate::rewrite::interpret_batch;
use crate::value::Aval;

/// How [`vmap`] maps: axes of the arguments and of the result. Written as axes alone, or made by
/// [`in_axes`].
///
/// ```
/// use nnx::transform::VmapAxes;
/// use nnx::{Array, in_axes, vmap};
///
/// let columns: VmapAxes = in_axes(1).out_axes(1);
/// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// let y = vmap(|x: &Array| x.cumsum(0), &x, columns);
/// assert_eq!(y.to_vec::<f32>(), [1.0, 2.0, 4.0, 6.0]);
/// ```
pub struct VmapAxes {
    pub(super) inputs: MapAxes,
    pub(super) outputs: MapAxes,
    size: Option<usize>,
    name: Option<String>,
    pub(super) metadata: TransformMetadata,
}

/// Axes of the arguments of [`vmap`], to add others to: `in_axes((0, None)).out_axes(1)`.
///
/// ```
/// use nnx::{Array, in_axes, vmap};
///
/// let (x, y) = (Array::from([[1.0_f32, 2.0], [3.0, 4.0]]), Array::from([10.0_f32, 20.0]));
/// let sum = |(x, y): (&Array, &Array)| x + y; // rows of x, and y for all of them
/// let z = vmap(sum, (&x, &y), in_axes((0, None)).out_axes(1));
/// assert_eq!(z.to_vec::<f32>(), [11.0, 13.0, 22.0, 24.0]);
/// ```
pub fn in_axes(axes: impl IntoMapAxes) -> VmapAxes {
    VmapAxes {
        inputs: axes.into_map_axes(),
        outputs: 0.into_map_axes(),
        size: None,
        name: None,
        metadata: TransformMetadata::default(),
    }
}

impl VmapAxes {
    /// Along which axis the results are put together, by default 0; `None` for a result that
    /// is the same for every element. A tuple has one for each element of a tuple of results.
    ///
    /// ```
    /// use nnx::{Array, in_axes, vmap};
    ///
    /// let x = Array::from([1.0_f32, 2.0]);
    /// let f = |x: &Array| (x * 2.0, Array::scalar(7.0_f32)); // the second is the same for all
    /// let (doubled, seven) = vmap(f, &x, in_axes(0).out_axes((0, None)));
    /// assert_eq!((doubled.to_vec::<f32>(), seven.item::<f32>()), (vec![2.0, 4.0], 7.0));
    /// ```
    pub fn out_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.outputs = axes.into_map_axes();
        self
    }

    /// Number of elements, where no argument is mapped.
    ///
    /// ```
    /// use nnx::{axis_index, in_axes, vmap};
    ///
    /// let number = |()| axis_index("i") * 10;
    /// let y = vmap(number, (), in_axes(()).axis_size(3).axis_name("i"));
    /// assert_eq!(y.to_vec::<i32>(), [0, 10, 20]);
    /// ```
    pub fn axis_size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }

    /// A name for the axis, by which the function of one element finds the others: [`psum`](super::psum()),
    /// [`pmean`](super::pmean()), [`axis_index`](super::axis_index()), ….
    ///
    /// ```
    /// use nnx::{Array, in_axes, psum, vmap};
    ///
    /// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
    /// // Names tell nested axes apart: the sum over the rows, in each column.
    /// let of_row = |row: &Array| vmap(|x: &Array| psum(x, "rows"), row, 0);
    /// let y = vmap(of_row, &x, in_axes(0).axis_name("rows"));
    /// assert_eq!(y.to_vec::<f32>(), [4.0, 6.0, 4.0, 6.0]);
    /// ```
    pub fn axis_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// For lists that are noted on Variables with an entry for each axis: the entry of this axis, which the function of
    /// one element does not see, and which results get. `PARTITION_NAME` stands for the
    /// [`PartitionSpec`](crate::sharding::PartitionSpec). Flax's `transform_metadata`.
    ///
    /// ```
    /// use nnx::sharding::PARTITION_NAME;
    /// use nnx::{Array, Param, in_axes, vmap};
    ///
    /// let make = |x: &Array| Param::new(x * 2.0).with_out_sharding(["hidden"]);
    /// let axes = in_axes(0).transform_metadata([(PARTITION_NAME, Some("layers"))]);
    /// let all = vmap(make, &Array::from([[1.0_f32, 2.0], [3.0, 4.0]]), axes);
    /// assert_eq!(all.metadata().out_sharding().unwrap().to_string(), "(layers, hidden)");
    /// ```
    pub fn transform_metadata<'a>(
        mut self,
        entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Self {
        self.metadata = TransformMetadata::new(entries);
        self
    }
}

/// [`VmapAxes`] as they may be written.
///
/// ```
/// use nnx::transform::IntoVmapAxes;
/// use nnx::{Array, in_axes, vmap};
///
/// // A function of one's own that passes axes on.
/// fn sums(x: &Array, axes: impl IntoVmapAxes) -> Vec<f32> {
///     vmap(|x: &Array| x.sum(..), x, axes).to_vec::<f32>()
/// }
/// let x = Array::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// assert_eq!(sums(&x, 0), [3.0, 7.0]);
/// assert_eq!(sums(&x, in_axes(1)), [4.0, 6.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes are mapped",
    label = "not axes",
    note = "axes are a number (`0`, `-1`) for every argument, `None::<isize>` for none, a `StateAxes`, a tuple with one of these per argument (`(0, None::<isize>)`), or `in_axes(…).out_axes(…)`"
)]
pub trait IntoVmapAxes {
    #[doc(hidden)]
    fn into_vmap_axes(self) -> VmapAxes;
}

#[diagnostic::do_not_recommend]
impl<A: IntoMapAxes> IntoVmapAxes for A {
    fn into_vmap_axes(self) -> VmapAxes {
        in_axes(self)
    }
}

impl IntoVmapAxes for VmapAxes {
    fn into_vmap_axes(self) -> VmapAxes {
        self
    }
}

/// Applies `f`, a function of one element, to a whole batch at once: every operation in it gets a
/// batch dimension. `jax.vmap`, `flax.nnx.vmap`.
///
/// `axes` says along which axis the leaves of each argument hold the elements: a number (negative
/// ones count from the last), `None` for an argument that all elements share, [`StateAxes`] for
/// Modules whose parts differ, a tuple with one of these for each of several arguments, or
/// [`in_axes`] for more options. Results are stacked along axis 0, or that of
/// [`out_axes`](VmapAxes::out_axes).
///
/// Variables that `f` sets in an argument given as `&mut` are set in the caller's, stacked along the
/// axis of the argument.
///
/// ```
/// use nnx::{Array, DType, array::arange, vmap};
/// let (a, b) = (arange(6, DType::F32).reshape([2, 3]), arange(3, DType::F32));
/// let dot = |(x, y): (&Array, &Array)| (x * y).sum(..);
/// assert_eq!(vmap(dot, (&a, &b), (0, None)).to_vec::<f32>(), [5.0, 14.0]);
/// ```
///
/// [`StateAxes`]: super::StateAxes
///
/// # Panics
/// Panics if the mapped leaves differ in size along their axes or have no such axis, nothing is
/// mapped, a Variable that all elements share is set to something that differs among them, or a
/// result with axis `None` does.
#[track_caller]
pub fn vmap<A, R, F>(f: F, mut argument: A, axes: impl IntoVmapAxes) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let axes = axes.into_vmap_axes();
    let mut call = TransformCall::new("vmap", &mut argument);
    let mapped = mapped_axes(&call, &axes);
    axes.metadata.take_away(&mut call, &mapped);
    let size = common_size(&call, &mapped, axes.size);
    let axis = BatchAxis::new(size, axes.name.as_deref());
    let avals: Vec<Aval> = call
        .of_operands(&mapped)
        .into_iter()
        .zip(&call.avals)
        .map(|(axis, aval)| {
            axis.map_or_else(|| aval.clone(), |axis| without_axis(aval, axis as usize))
        })
        .collect();
    let mut program = axis.bind(|| call.trace_sowing(f, &avals));

    // For each output the axis along which the elements are put together.
    let of_leaf = result_axes(&call, &program.seen(), &program.result, &axes.outputs);
    call.check_result_axes(&program, &mapped, |path, leaf| axes.outputs.of(path, leaf));
    let known = program.seen();
    axes.metadata.give_back(
        &call,
        &mut program,
        &mapped,
        |result, mut visitor| result.flatten_mut(&mut visitor),
        (known, &of_leaf),
    );
    let present = of_leaf.iter().zip(&program.results).filter(|(_, output)| output.is_some());
    let set = program.set_leaves();
    let sown = program.sown.iter().map(|_| Some(0));
    let out_axes: Vec<Option<isize>> =
        present.map(|(axis, _)| *axis).chain(set.iter().map(|&i| mapped[i])).chain(sown).collect();
    let place = |output: usize| match output.checked_sub(program.result_count()) {
        None => "the result".to_owned(),
        Some(i) => format!("the Variable {}", call.path(set[i])),
    };
    let operands = call.of_operands(&mapped);
    let outs = call.staged(&call.arguments(&program), |args| {
        let mut flags = vec![false; args.len()];
        let ins: Vec<Array> = args
            .iter()
            .enumerate()
            .map(|(i, arg)| match operands.get(i) {
                Some(Some(axis)) => {
                    flags[i] = true;
                    arg.moveaxis(*axis, 0)
                }
                _ => arg.clone(),
            })
            .collect();
        let outs = interpret_batch(&program.closed.graph, &ins, &flags, &axis);
        put_in_place(&call, outs, &out_axes, size, place)
    });
    call.finish(program, &outs)
}

/// For each leaf the axis along which it is mapped: counted from the first, or as it was given for
/// one without a value.
fn mapped_axes<A: Argument>(call: &TransformCall<'_, A>, axes: &VmapAxes) -> Vec<Option<isize>> {
    if let Err(message) = axes.inputs.check(A::TUPLE) {
        call.invalid(format!("in_axes: {message}"));
    }
    let axis_at = |path: &Path, leaf: &VarInfo<'_>| from_first(axes.inputs.of(path, leaf), leaf, 0);
    call.check_places("axes", axis_at, |axis| {
        axis.map_or("None".to_owned(), |axis| axis.to_string())
    });
    call.map(|path, leaf| {
        if let Err(message) = axes.inputs.check_taken(path, leaf) {
            call.invalid(format!("in_axes: {message}"));
        }
        let axis = axis_at(path, leaf)?;
        let Ok(aval) = leaf.value.try_aval() else { return Some(axis) };
        if !(0..aval.rank() as isize).contains(&axis) {
            let axis = axes.inputs.of(path, leaf)?;
            let path = path.to_string();
            let path = if path.is_empty() { "the argument".into() } else { format!("`{path}`") };
            call.invalid(format!("{path} is {aval} and has no axis {axis} to map along"));
        }
        Some(axis)
    })
}

/// The number of elements, on which all mapped operands agree.
fn common_size<A: Argument>(
    call: &TransformCall<'_, A>,
    mapped: &[Option<isize>],
    given: Option<usize>,
) -> usize {
    let sizes: Vec<(usize, usize, usize)> = call
        .present
        .iter()
        .zip(&call.avals)
        .filter_map(|(&i, aval)| {
            let axis = mapped[i]? as usize;
            Some((i, axis, aval.shape()[axis]))
        })
        .collect();
    let Some(size) = given.or_else(|| sizes.first().map(|(_, _, size)| *size)) else {
        call.invalid(
            "nothing is mapped, so the number of elements is not known; give it with \
             `in_axes(…).axis_size(n)`"
                .into(),
        )
    };
    if sizes.iter().any(|(_, _, n)| *n != size) {
        let paths = call.paths();
        let all: Vec<String> = sizes
            .iter()
            .map(|&(i, axis, n)| {
                let path = paths[i].to_string();
                let path = if path.is_empty() { "argument" } else { &path };
                let aval = call.operand(i).map_or(String::new(), |o| call.avals[o].to_string());
                format!("`{path}` {aval} has {n} along axis {axis}")
            })
            .collect();
        let given = given.map_or(String::new(), |n| format!("axis_size is {n}; "));
        call.invalid(format!("mapped arguments differ in size: {given}{}", all.join("; ")));
    }
    size
}

/// For each leaf of a result, outside of the nodes that `known` has met, its axis.
pub(super) fn result_axes<A: Argument, R: Module>(
    call: &TransformCall<'_, A>,
    known: &Seen,
    result: &R,
    axes: &MapAxes,
) -> Vec<Option<isize>> {
    if let Err(message) = axes.check(tuple_len::<R>()) {
        let message = message.replace("arguments", "results");
        call.invalid(format!("out_axes: {message}"));
    }
    let mut found = Vec::new();
    for_each_leaf_of(
        known,
        |v| result.flatten(v),
        |path, leaf| {
            if let Err(message) = axes.check_taken(path, &leaf) {
                call.invalid(format!("out_axes: {message}"));
            }
            found.push(axes.of(path, &leaf));
        },
    );
    found
}

/// Moves the batch dimension of each output to its axis.
fn put_in_place<A: Argument>(
    call: &TransformCall<'_, A>,
    outs: Batched,
    axes: &[Option<isize>],
    size: usize,
    place: impl Fn(usize) -> String,
) -> Vec<Array> {
    outs.into_iter()
        .enumerate()
        .map(|(i, (out, batched))| match (axes[i], batched) {
            (Some(axis), true) => out.moveaxis(0, axis),
            (Some(axis), false) => out.repeated(size).moveaxis(0, axis),
            (None, false) => out,
            (None, true) => call.invalid(format!(
                "{} has axis None, which means that all elements share it, but its value differs \
                 among them\n\
                 fixes:\n  \
                 1. give it an axis, as `0`\n  \
                 2. reduce it over the elements after `vmap`",
                place(i)
            )),
        })
        .collect()
}

/// The shape and dtype of a slice along an axis.
pub(super) fn without_axis(aval: &Aval, axis: usize) -> Aval {
    let mut shape = aval.shape().to_vec();
    shape.remove(axis);
    aval.with_shape(&shape)
}
