//! `scan`: a loop over the elements of arrays that carries a state along.

use super::axes::{IntoMapAxes, MapAxes, tuple_len};
use super::tree::{Operands, TreeArgument, difference, invalid, leaves, trace_tree, with_leaves};
use super::vmap::without_axis;
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::rebuild;
use crate::ops::Scan;
use crate::run::staged;
use crate::value::Aval;
use std::panic::Location;

/// What [`scan`] runs over, with options; made by [`over`] and [`length`].
pub struct Over<X> {
    xs: X,
    axes: MapAxes,
    length: Option<usize>,
    reverse: bool,
    unroll: usize,
}

/// The arrays that [`scan`] takes slices of, to add options to: `over(&xs).reverse()`.
pub fn over<X: TreeArgument>(xs: X) -> Over<X> {
    Over { xs, axes: 0.into_map_axes(), length: None, reverse: false, unroll: 1 }
}

/// A number of iterations without slices; the function gets `()`.
pub fn length(n: usize) -> Over<()> {
    Over { xs: (), axes: 0.into_map_axes(), length: Some(n), reverse: false, unroll: 1 }
}

impl<X> Over<X> {
    /// Starts with the last elements; results stand where their slices stood.
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// How many times the body stands in one iteration of the compiled loop: more is faster to run
    /// and slower to compile.
    pub fn unroll(mut self, n: usize) -> Self {
        self.unroll = n.max(1);
        self
    }

    /// Along which axis each argument is sliced, 0 if nothing is said; `None` for one that every
    /// iteration gets whole. As in [`vmap`](super::vmap()).
    pub fn in_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.axes = axes.into_map_axes();
        self
    }

    /// Number of iterations; needed where no argument is sliced.
    pub fn length(mut self, n: usize) -> Self {
        self.length = Some(n);
        self
    }
}

/// What [`scan`] may run over: a [`TreeArgument`] or [`Over`].
pub trait ScanInputs {
    /// What the function gets slices of.
    type Xs: TreeArgument;
    #[doc(hidden)]
    fn into_over(self) -> Over<Self::Xs>;
}

impl<X: TreeArgument> ScanInputs for X {
    type Xs = X;
    fn into_over(self) -> Over<X> {
        over(self)
    }
}

impl<X: TreeArgument> ScanInputs for Over<X> {
    type Xs = X;
    fn into_over(self) -> Over<X> {
        self
    }
}

/// Runs `f` over the slices of `xs` along their first axis, one after the other: `f` gets the carry
/// and a slice, and returns the next carry and a result; the results are stacked. `jax.lax.scan`,
/// `flax.nnx.scan`.
///
/// The program holds `f` once, whatever the number of iterations. The carry is any tree (a Module
/// too) and keeps its structure, shapes and dtypes. Variables that `f` sets in slices of an argument
/// given as `&mut` are set, stacked, in the caller's. Whatever `f` captures from outside is the same
/// in every iteration. For options (`reverse`, `unroll`, other axes, arguments that are not sliced,
/// a length alone) see [`over`] and [`length`].
///
/// In reverse mode the loop keeps, of every iteration, what the backward pass needs and no more;
/// with [`remat`](super::remat()) around the body it keeps the carries only.
///
/// ```
/// # use nnx_core::{Array, DType, array::arange, scan};
/// let xs = arange(5, DType::F32);
/// let (sum, sums) = scan(|c: Array, x: &Array| { let c = c + x; (c.clone(), c) },
///     Array::scalar(0.0_f32), &xs);
/// assert_eq!(sum.item::<f32>(), 10.0);
/// assert_eq!(sums.to_vec::<f32>(), [0.0, 1.0, 3.0, 6.0, 10.0]);
/// ```
///
/// # Panics
/// When the arrays differ in length, the carry changes its structure, a shape or a dtype, or a
/// Variable of an argument that is not sliced is set.
#[track_caller]
pub fn scan<C, X, Y, F>(f: F, init: C, xs: X) -> (C, Y)
where
    C: Module,
    X: ScanInputs,
    Y: Module,
    F: for<'t> FnOnce(C, <X::Xs as TreeArgument>::Body<'t>) -> (C, Y),
{
    const { crate::module::check::tree::<C>("scan") };
    const { crate::module::check::tree::<<X::Xs as TreeArgument>::Tree>("scan") };
    const { crate::module::check::returned(Y::SCHEMA, "scan") };
    let location = Location::caller();
    let mut over = xs.into_over();
    let init_operands = Operands::of(&&init);
    let operands = Operands::of(&over.xs);
    let (sliced, length) = match slices(&over, &operands) {
        Ok(found) => found,
        Err(message) => invalid("scan", message, location),
    };

    // The function sees the carry as one more argument, by value.
    let carry = init_operands.avals.len();
    let mut avals = init_operands.avals.clone();
    avals.extend(operands.avals.iter().zip(&sliced).map(|(&aval, axis)| match axis {
        Some(axis) => without_axis(aval, *axis),
        None => aval,
    }));
    let xs_avals = avals.split_off(carry);
    let traced_carry = avals;
    let mut changed_shape = None;
    let body = trace_scan(f, &init, &traced_carry, &over.xs, &operands, &xs_avals, |next| {
        changed_shape = difference(
            &init,
            next,
            ["the carry at the start", "the carry that the function returns"],
        );
    });
    if let Some(what) = changed_shape {
        invalid(
            "scan",
            format!(
                "the carry must keep its structure, shapes and dtypes: {what}. Convert with \
                 `.astype(…)` or start with an array of the right shape"
            ),
            location,
        );
    }
    for &i in &body.changed {
        if sliced[i].is_none() {
            let path = &operands.paths(&over.xs)[i];
            let message = format!(
                "the function sets the Variable `{path}`, which is not sliced (axis None), so \
                 that the iterations would overwrite each other. Fixes: (1) make it part of the \
                 carry; (2) give it an axis"
            );
            invalid("scan", message, location);
        }
    }

    // Operands that are not sliced are constants, as what the function captured.
    let is_sliced: Vec<bool> = sliced.iter().map(Option::is_some).collect();
    let n_sliced = is_sliced.iter().filter(|s| **s).count();
    let mut graph = body.closed.graph;
    let inputs = std::mem::take(&mut graph.inputs);
    let (carry_inputs, rest) = inputs.split_at(carry);
    let (xs_inputs, capture_inputs) = rest.split_at(operands.values.len());
    let pick = |wanted: bool| {
        xs_inputs.iter().zip(&is_sliced).filter(move |(_, s)| **s == wanted).map(|(v, _)| *v)
    };
    graph.inputs = carry_inputs
        .iter()
        .copied()
        .chain(pick(true))
        .chain(pick(false))
        .chain(capture_inputs.iter().copied())
        .collect();
    let op = Scan {
        body: graph.into(),
        carry,
        xs: n_sliced,
        length,
        reverse: over.reverse,
        unroll: over.unroll,
        linear: vec![],
    };
    let args: Vec<Array> = init_operands
        .values
        .iter()
        .chain(&operands.values)
        .chain(&body.closed.captures)
        .cloned()
        .collect();
    let outs = or_raise(staged("scan", &args, |args| {
        let (start, rest) = args.split_at(carry);
        let (values, captures) = rest.split_at(operands.values.len());
        let in_front = values
            .iter()
            .zip(&sliced)
            .filter_map(|(value, axis)| axis.map(|axis| value.moveaxis(axis as isize, 0)));
        let whole = values.iter().zip(&sliced).filter(|(_, axis)| axis.is_none());
        let ins: Vec<Array> = start
            .iter()
            .cloned()
            .chain(in_front)
            .chain(whole.map(|(value, _)| value.clone()))
            .chain(captures.iter().cloned())
            .collect();
        let mut outs = op.bind(&ins).to_vec();
        let updates = outs.len() - body.changed.len();
        for (out, &i) in outs[updates..].iter_mut().zip(&body.changed) {
            *out = out.moveaxis(0, sliced[i].unwrap_or(0) as isize);
        }
        outs
    }));
    let (ends, rest) = outs.split_at(carry);
    let (ys, updates) = rest.split_at(rest.len() - body.changed.len());
    operands.write_back(&mut over.xs, body.changed.iter().copied().zip(updates.iter().cloned()));
    let mut present = init_operands.present.iter().zip(ends).peekable();
    let end = rebuild(&init, |i, old| match present.next_if(|(at, _)| **at == i) {
        Some((_, end)) => end.clone(),
        None => old.clone(),
    });
    (end, with_leaves(&body.result, ys))
}

/// The body of a loop as a program.
struct ScanBody<Y> {
    /// Inputs: carry, operands, captures. Outputs: carry, results, the operands that were set.
    closed: crate::graph::Closed,
    result: Y,
    changed: Vec<usize>,
}

#[track_caller]
fn trace_scan<C, X, Y, F>(
    f: F,
    init: &C,
    carry: &[Aval],
    xs: &X,
    operands: &Operands,
    avals: &[Aval],
    look: impl FnOnce(&C),
) -> ScanBody<Y>
where
    C: Module,
    X: TreeArgument,
    Y: Module,
    F: for<'t> FnOnce(C, X::Body<'t>) -> (C, Y),
{
    use crate::graph::{inherited_name, trace};
    let init_operands = Operands::of(&init);
    let all: Vec<Aval> = carry.iter().chain(avals).copied().collect();
    let mut inner = None;
    let (mut closed, ()) = trace(inherited_name("scan"), &all, |args| {
        let (start, values) = args.split_at(carry.len());
        let mut present = init_operands.present.iter().zip(start).peekable();
        let twin = rebuild(init, |i, old| match present.next_if(|(at, _)| **at == i) {
            Some((_, value)) => value.clone(),
            None => old.clone(),
        });
        let body = trace_tree(
            "scan",
            |x| f(twin, x),
            xs,
            operands,
            avals,
            |(next, y): &(C, Y)| {
                look(next);
                let next = leaves(next).into_iter().enumerate();
                let next = next.filter(|(i, _)| init_operands.present.contains(i)).map(|(_, a)| a);
                next.chain(leaves(y)).collect()
            },
        );
        let args: Vec<Array> = values.iter().chain(&body.closed.captures).cloned().collect();
        let outs = crate::rewrite::interpret(&body.closed.graph, &args);
        let mut kept = outs[..body.results].to_vec();
        kept.extend(body.changed.iter().map(|&i| outs[body.results + i].clone()));
        inner = Some((body.result.1, body.changed));
        (kept, ())
    });
    closed.graph.eliminate_dead_code();
    match inner {
        Some((result, changed)) => ScanBody { closed, result, changed },
        None => unreachable!("the trace ran its body"),
    }
}

/// For each operand the axis along which it is sliced, and the number of slices.
fn slices<X: TreeArgument>(
    over: &Over<X>,
    operands: &Operands,
) -> Result<(Vec<Option<usize>>, usize), String> {
    let arguments = tuple_len::<X::Tree>().filter(|_| X::IS_TUPLE);
    over.axes.check(arguments).map_err(|message| format!("in_axes: {message}"))?;
    let mut lengths: Vec<(String, usize)> = Vec::new();
    let found = operands.map(&over.xs, |path, leaf| -> Result<Option<usize>, String> {
        let Some(axis) = over.axes.of(path, leaf) else { return Ok(None) };
        let aval = leaf.value.aval();
        let rank = aval.rank() as isize;
        let path = path.to_string();
        let path = if path.is_empty() { "xs".to_owned() } else { path };
        if axis < -rank || axis >= rank {
            return Err(format!("`{path}` is {aval} and has no axis {axis} to take slices along"));
        }
        let axis = if axis < 0 { axis + rank } else { axis } as usize;
        lengths.push((format!("`{path}` {aval}"), aval.shape()[axis]));
        Ok(Some(axis))
    });
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let Some(length) = over.length.or_else(|| lengths.first().map(|(_, n)| *n)) else {
        return Err("nothing is sliced, so the number of iterations is not known; give it with \
                    `length(n)` or `over(…).length(n)`"
            .into());
    };
    if lengths.iter().any(|(_, n)| *n != length) {
        let all: Vec<String> = lengths.iter().map(|(x, n)| format!("{x} has {n}")).collect();
        let given = over.length.map_or(String::new(), |n| format!("length is {n}; "));
        return Err(format!("the numbers of slices differ: {given}{}", all.join("; ")));
    }
    Ok((found, length))
}
