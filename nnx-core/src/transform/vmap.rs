//! `vmap`: a function of one element, for a whole batch.

use super::axes::{IntoMapAxes, MapAxes, tuple_len};
use super::tree::{Operands, TreeArgument, invalid, leaves, trace_tree, with_leaves};
use crate::error::or_raise;
use crate::graph::{Array, Batched};
use crate::module::Module;
use crate::module::walk::for_each_leaf;
use crate::rewrite::interpret_batch;
use crate::run::staged;
use crate::value::Aval;
use std::panic::Location;

/// How [`vmap`] maps: axes of the arguments and of the result. Written as axes alone, or made by
/// [`in_axes`].
pub struct VmapAxes {
    inputs: MapAxes,
    outputs: MapAxes,
    size: Option<usize>,
}

/// Axes of the arguments of [`vmap`], to add others to: `in_axes((0, None)).out_axes(1)`.
pub fn in_axes(axes: impl IntoMapAxes) -> VmapAxes {
    VmapAxes { inputs: axes.into_map_axes(), outputs: 0.into_map_axes(), size: None }
}

impl VmapAxes {
    /// Along which axis the results are put together, 0 if nothing is said; `None` for a result that
    /// is the same for every element. A tuple has one for each element of a tuple of results.
    pub fn out_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.outputs = axes.into_map_axes();
        self
    }

    /// Number of elements, where no argument is mapped.
    pub fn axis_size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }
}

/// [`VmapAxes`] as they may be written.
pub trait IntoVmapAxes {
    #[doc(hidden)]
    fn into_vmap_axes(self) -> VmapAxes;
}

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
/// # use nnx_core::{Array, DType, array::arange, vmap};
/// let (a, b) = (arange(6, DType::F32).reshape([2, 3]), arange(3, DType::F32));
/// let dot = |(x, y): (&Array, &Array)| (x * y).sum(..);
/// assert_eq!(vmap(dot, (&a, &b), (0, None)).to_vec::<f32>(), [5.0, 14.0]);
/// ```
///
/// [`StateAxes`]: super::StateAxes
///
/// # Panics
/// When the mapped leaves differ in size along their axes or have no such axis, nothing is mapped, a
/// Variable that all elements share is set to something that differs among them, or a result with
/// axis `None` does.
#[track_caller]
pub fn vmap<A, R, F>(f: F, mut argument: A, axes: impl IntoVmapAxes) -> R
where
    A: TreeArgument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("vmap") };
    const { crate::module::check::returned(R::SCHEMA, "vmap") };
    let location = Location::caller();
    let axes = axes.into_vmap_axes();
    let operands = Operands::of(&argument);
    let mapped = mapped_axes(&argument, &operands, &axes, location);
    let size = match common_size(&argument, &operands, &mapped, axes.size) {
        Ok(size) => size,
        Err(message) => invalid("vmap", message, location),
    };
    let avals: Vec<Aval> = operands
        .avals
        .iter()
        .zip(&mapped)
        .map(|(aval, axis)| match axis {
            Some(axis) => without_axis(*aval, *axis),
            None => *aval,
        })
        .collect();
    let mut program = trace_tree("vmap", f, &argument, &operands, &avals, leaves);
    let changed = std::mem::take(&mut program.changed);
    program.keep_operands(&changed);

    let out_axes = result_axes(&program.result, &axes, location);
    let captures = &program.closed.captures;
    let args: Vec<Array> = operands.values.iter().chain(captures).cloned().collect();
    let outs = or_raise(staged("vmap", &args, |args| {
        let mut flags = vec![false; args.len()];
        let ins: Vec<Array> = args
            .iter()
            .enumerate()
            .map(|(i, arg)| match mapped.get(i) {
                Some(Some(axis)) => {
                    flags[i] = true;
                    arg.moveaxis(*axis as isize, 0)
                }
                _ => arg.clone(),
            })
            .collect();
        let outs = interpret_batch(&program.closed.graph, &ins, &flags, size);
        let update_axes = changed.iter().map(|&i| mapped[i]);
        let axes: Vec<Option<isize>> = out_axes
            .iter()
            .copied()
            .chain(update_axes.map(|axis| axis.map(|axis| axis as isize)))
            .collect();
        let place = |i: usize| match i.checked_sub(program.results) {
            None => "the result".to_owned(),
            Some(i) => format!("the Variable `{}`", operands.paths(&argument)[changed[i]]),
        };
        put_in_place(outs, &axes, size, place, location)
    }));
    let (results, updates) = outs.split_at(program.results);
    let result = with_leaves(&program.result, results);
    operands.write_back(&mut argument, changed.into_iter().zip(updates.iter().cloned()));
    result
}

/// For each operand the axis along which it is mapped, counted from the first.
fn mapped_axes<A: TreeArgument>(
    argument: &A,
    operands: &Operands,
    axes: &VmapAxes,
    location: &'static Location<'static>,
) -> Vec<Option<usize>> {
    let arguments = tuple_len::<A::Tree>().filter(|_| A::IS_TUPLE);
    if let Err(message) = axes.inputs.check(arguments) {
        invalid("vmap", format!("in_axes: {message}"), location);
    }
    operands.map(argument, |path, leaf| {
        let axis = axes.inputs.of(path, leaf)?;
        let aval = leaf.value.aval();
        let rank = aval.rank() as isize;
        if axis < -rank || axis >= rank {
            let path = path.to_string();
            let path = if path.is_empty() { "the argument".into() } else { format!("`{path}`") };
            let message = format!("{path} is {aval} and has no axis {axis} to map along");
            invalid("vmap", message, location);
        }
        Some(if axis < 0 { (axis + rank) as usize } else { axis as usize })
    })
}

/// The number of elements, on which all mapped operands agree.
fn common_size<A: TreeArgument>(
    argument: &A,
    operands: &Operands,
    mapped: &[Option<usize>],
    given: Option<usize>,
) -> Result<usize, String> {
    let sizes: Vec<(usize, usize)> = mapped
        .iter()
        .enumerate()
        .filter_map(|(i, axis)| axis.map(|axis| (i, operands.avals[i].shape()[axis])))
        .collect();
    let Some(size) = given.or_else(|| sizes.first().map(|(_, size)| *size)) else {
        return Err("nothing is mapped, so the number of elements is not known; give it with \
                    `in_axes(…).axis_size(n)`"
            .into());
    };
    if sizes.iter().all(|(_, n)| *n == size) {
        return Ok(size);
    }
    let paths = operands.paths(argument);
    let show = |(i, n): &(usize, usize)| {
        let path = paths[*i].to_string();
        let path = if path.is_empty() { "argument" } else { &path };
        let axis = mapped[*i].unwrap_or_default();
        format!("`{path}` {} has {n} along axis {axis}", operands.avals[*i])
    };
    let all: Vec<String> = sizes.iter().map(show).collect();
    let given = given.map_or(String::new(), |n| format!("axis_size is {n}; "));
    Err(format!("mapped arguments differ in size: {given}{}", all.join("; ")))
}

/// For each leaf of the result its axis.
fn result_axes<R: Module>(
    result: &R,
    axes: &VmapAxes,
    location: &'static Location<'static>,
) -> Vec<Option<isize>> {
    if let Err(message) = axes.outputs.check(tuple_len::<R>()) {
        let message = message.replace("arguments", "results");
        invalid("vmap", format!("out_axes: {message}"), location);
    }
    let mut found = Vec::new();
    for_each_leaf(result, |path, leaf| found.push(axes.outputs.of(path, &leaf)));
    found
}

/// Moves the batch dimension of each result to its axis.
fn put_in_place(
    outs: Batched,
    axes: &[Option<isize>],
    size: usize,
    place: impl Fn(usize) -> String,
    location: &'static Location<'static>,
) -> Vec<Array> {
    outs.into_iter()
        .enumerate()
        .map(|(i, (out, batched))| match (axes[i], batched) {
            (Some(axis), true) => out.moveaxis(0, axis),
            (Some(axis), false) => out.repeated(size).moveaxis(0, axis),
            (None, false) => out,
            (None, true) => {
                let message = format!(
                    "{} has axis None, which means that all elements share it, but its value \
                     differs among them. Fixes: (1) give it an axis, as `0`; (2) reduce it over \
                     the elements after `vmap`",
                    place(i)
                );
                invalid("vmap", message, location)
            }
        })
        .collect()
}

/// The shape and dtype of a slice along an axis.
pub(super) fn without_axis(aval: Aval, axis: usize) -> Aval {
    let mut shape = aval.shape().to_vec();
    shape.remove(axis);
    aval.with_shape(&shape)
}
