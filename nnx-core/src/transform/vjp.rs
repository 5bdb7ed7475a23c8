//! `vjp` and `linearize`: a function at a point, with its derivative there to be used many times.

use super::grad::{Differentiated, Gradient, Selection, active};
use super::lend::{Argument, TransformCall};
use super::trees::with_leaves;
use crate::error::{Error, Result, or_raise, raise};
use crate::graph::{Array, Closed, Graph, Lin, Mode, Tangent};
use crate::module::Module;
use crate::module::walk::{Rebuild, collect_leaves, rebuild};
use crate::rewrite::{interpret, jvp_program, transpose};
use crate::run::staged;
use std::panic::Location;

/// The derivative of a program at a point: linear in the tangents of its active inputs.
pub(super) struct LinearMap {
    /// Inputs: the residuals, then the tangents. Outputs: the tangents that are not zero.
    graph: Graph,
    residuals: Vec<Array>,
    /// For each output of the program, whether it has a tangent.
    has_tangent: Vec<bool>,
}

impl LinearMap {
    /// Runs a program on `values`, of which some are active: its outputs, and its derivative.
    pub(super) fn of(
        closed: &Closed,
        active: &[bool],
        values: &[Array],
    ) -> Result<(Vec<Array>, LinearMap)> {
        let args: Vec<Array> = values.iter().chain(&closed.captures).cloned().collect();
        let mut all_active = active.to_vec();
        all_active.resize(args.len(), false);
        let never = vec![false; closed.graph.outputs.len()];
        let program = jvp_program(&closed.graph, &all_active, &never, Mode::Reverse);
        let split = program.split(args.len());
        let known = program.known_part(args.len(), &split.residuals);
        let mut outs = staged("linearize", &args, |args| interpret(&known, args))?;
        let residuals = outs.split_off(closed.graph.outputs.len());
        let has_tangent = program.has_tangent;
        Ok((outs, LinearMap { graph: split.linear, residuals, has_tangent }))
    }

    /// Number of inputs: tangents of the active inputs.
    fn inputs(&self) -> usize {
        self.graph.inputs.len() - self.residuals.len()
    }

    fn args(&self, more: &[Array]) -> Vec<Array> {
        self.residuals.iter().chain(more).cloned().collect()
    }

    /// The outputs' tangents; `None` is a zero.
    fn forward(&self, tangents: &[Array]) -> Result<Vec<Tangent>> {
        let outs = staged("linearize", &self.args(tangents), |args| interpret(&self.graph, args))?;
        Ok(crate::rewrite::spread(&self.has_tangent, &outs))
    }

    /// The inputs' cotangents; `None` is a zero.
    fn backward(&self, args: &[Array]) -> Vec<Tangent> {
        let n = self.residuals.len();
        let (residuals, cts) = args.split_at(n);
        let mut ins: Vec<Lin> = residuals.iter().cloned().map(Lin::Known).collect();
        ins.extend(self.graph.inputs[n..].iter().map(|&v| Lin::Linear(self.graph.aval(v))));
        let cts: Vec<Tangent> = cts.iter().cloned().map(Some).collect();
        transpose(&self.graph, &ins, &cts).split_off(n)
    }

    /// The inputs' cotangents, zeros too.
    fn pull_back(&self, cts: &[Array]) -> Result<Vec<Array>> {
        staged("vjp", &self.args(cts), |args| {
            let zeros = |i: usize| {
                Array::zeros_aval(self.graph.aval(self.graph.inputs[self.residuals.len() + i]))
            };
            let cts = self.backward(args).into_iter().enumerate();
            cts.map(|(i, ct)| ct.unwrap_or_else(|| zeros(i))).collect()
        })
    }

    /// For each input the derivative of the only output, by rows: `backward` of a basis.
    pub(super) fn rows(&self, basis: &Array) -> Result<Vec<Array>> {
        let args = self.args(std::slice::from_ref(basis));
        let mut batched = vec![false; args.len()];
        batched[self.residuals.len()] = true;
        let size = basis.shape()[0];
        staged("jacrev", &args, |args| {
            let one = |args: &[Array]| {
                let zeros = |i: usize| {
                    Array::zeros_aval(self.graph.aval(self.graph.inputs[self.residuals.len() + i]))
                };
                let cts = self.backward(args).into_iter().enumerate();
                (cts.map(|(i, ct)| ct.unwrap_or_else(|| zeros(i))).collect(), ())
            };
            crate::rewrite::batch_call("jacrev", args, &batched, size, one).0
        })
    }

    /// The derivative of the only output by input `i`, by columns along dimension 0: `forward` of
    /// a basis.
    pub(super) fn columns(&self, i: usize, basis: &Array) -> Result<Array> {
        let args = self.args(std::slice::from_ref(basis));
        let mut batched = vec![false; args.len()];
        batched[self.residuals.len()] = true;
        let size = basis.shape()[0];
        let outs = staged("jacfwd", &args, |args| {
            let n = self.residuals.len();
            let one = |args: &[Array]| {
                let tangents = (0..self.inputs()).map(|k| {
                    let aval = self.graph.aval(self.graph.inputs[n + k]);
                    if k == i { args[n].clone() } else { Array::zeros_aval(aval) }
                });
                let args: Vec<Array> = args[..n].iter().cloned().chain(tangents).collect();
                (interpret(&self.graph, &args), ())
            };
            crate::rewrite::batch_call("jacfwd", args, &batched, size, one).0
        })?;
        outs.into_iter().next().ok_or_else(|| Error::Invalid("jacfwd: no result".into()))
    }

    /// Whether the only output depends on an active input.
    pub(super) fn is_zero(&self) -> bool {
        !self.has_tangent.contains(&true)
    }

    /// Says if it can only be used backwards.
    pub(super) fn check_forward(&self, op: &str, location: &'static Location<'static>) {
        if self.graph.contains(&|op| op.is_reverse_only()) {
            let message = "a `custom_vjp` on the way has a reverse derivative only".into();
            raise(Error::Op { op: op.into(), message, location });
        }
    }
}

/// A function traced at a point.
pub(super) struct AtPoint<T, R> {
    /// The argument, for its structure.
    pub(super) tree: T,
    pub(super) result: R,
    /// For each leaf of the result the output that it is, if it has a value.
    output_of_leaf: Vec<Option<usize>>,
    /// Which leaves of the argument are active.
    pub(super) active: Vec<bool>,
    pub(super) map: LinearMap,
}

impl<T: Module, R> AtPoint<T, R> {
    #[track_caller]
    pub(super) fn of<A, F>(op: &'static str, f: F, mut wanted: A) -> Result<Self>
    where
        A: Differentiated,
        A::Argument: Argument<Tree = T>,
        R: Module,
        F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
    {
        let (argument, filter): (&mut A::Argument, Selection<'_>) = wanted.parts();
        let call = TransformCall::new(op, argument);
        let active = active(&call, &filter);
        let program = call.trace(f, &call.avals);
        let (outs, mut map) =
            LinearMap::of(&program.closed, &call.of_operands(&active), &call.values)?;
        // Updates of Variables have no part in the derivative.
        let results = program.result_count();
        let kept = map.has_tangent[..results].iter().filter(|t| **t).count();
        map.graph.outputs.truncate(kept);
        map.has_tangent.truncate(results);
        map.graph.eliminate_dead_code();
        let tree =
            call.argument.twin(&mut Rebuild { at: 0, leaf: |_: usize, a: &Array| a.clone() });
        let output_of_leaf = program.results.clone();
        let result = call.finish(program, &outs);
        Ok(AtPoint { tree, result, output_of_leaf, active, map })
    }

    /// The values of the active leaves.
    pub(super) fn active_leaves(&self) -> Vec<Array> {
        let leaves = collect_leaves(&self.tree);
        let active = leaves.iter().zip(&self.active).filter(|(_, active)| **active);
        active.map(|(leaf, _)| leaf.array.clone()).collect()
    }

    /// A tree of the argument's structure with these values for the active operands.
    pub(super) fn tree_of(&self, values: Vec<Array>) -> T {
        let mut values = values.into_iter();
        rebuild(&self.tree, |i, _| {
            self.active[i].then(|| values.next()).flatten().unwrap_or_else(|| {
                Array::absent(
                    "there is no derivative here: it was not differentiated with respect to",
                )
            })
        })
    }
}

/// The result of a function and its reverse derivative there: `pullback.call(&ct)` takes a
/// cotangent of the result to that of the argument.
pub struct Pullback<T, R>(AtPoint<T, R>);

impl<T: Module, R: Module> Pullback<T, R> {
    /// The cotangent of the argument for that of the result, whose float leaves have the shapes and
    /// dtypes of the result's. Leaves that were not differentiated with respect to hold no value.
    ///
    /// # Panics
    /// When a leaf of `ct` has another shape or dtype than the result's.
    #[track_caller]
    pub fn call(&self, ct: &R) -> T {
        let at = &self.0;
        let has_tangent = |output: &Option<usize>| output.is_some_and(|o| at.map.has_tangent[o]);
        let wanted: Vec<bool> = at.output_of_leaf.iter().map(has_tangent).collect();
        let cts = matching("vjp", &at.result, ct, &wanted);
        at.tree_of(or_raise(at.map.pull_back(&cts)))
    }
}

/// The leaves of `given` where `wanted`, which must be like those of `like`.
#[track_caller]
fn matching<M: Module>(op: &str, like: &M, given: &M, wanted: &[bool]) -> Vec<Array> {
    let location = Location::caller();
    let (like, given) = (collect_leaves(like), collect_leaves(given));
    if like.len() != given.len() {
        let message = format!("{} leaves are given for {}", given.len(), like.len());
        raise(Error::Op { op: op.into(), message, location });
    }
    let mut found = Vec::new();
    for ((like, given), _) in like.iter().zip(&given).zip(wanted).filter(|(_, w)| **w) {
        let (like, aval) = (like.array.aval(), or_raise(given.array.try_aval()));
        if like != aval {
            let message = format!("a leaf is {aval}, where {like} is needed");
            raise(Error::Op { op: op.into(), message, location });
        }
        found.push(given.array.clone());
    }
    found
}

/// The result of `f` and its reverse derivative at this point, to be applied to any number of
/// cotangents. `jax.vjp`.
///
/// With respect to what it differentiates is as for [`grad`](super::grad()).
///
/// ```
/// # use nnx_core::{Array, vjp};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let (y, pullback) = vjp(|x: &Array| x.square(), &x);
/// assert_eq!(y.to_vec::<f32>(), [1.0, 4.0]);
/// assert_eq!(pullback.call(&y.ones_like()).to_vec::<f32>(), [2.0, 4.0]);
/// ```
///
/// # Panics
/// When an operation on the way has no derivative, or `f` changes static parts or plain arrays of
/// the argument.
#[track_caller]
pub fn vjp<A, R, F>(f: F, argument: A) -> (R, Pullback<Gradient<A>, R>)
where
    A: Differentiated,
    R: Module,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    const { crate::module::check::tree::<Gradient<A>>("vjp") };
    const { crate::module::check::returned(R::SCHEMA, "vjp") };
    let at = or_raise(AtPoint::of("vjp", f, argument));
    (with_leaves(&at.result, &[]), Pullback(at))
}

/// The derivative of a function at a point, in forward mode: `linear.call(&tangent)`.
pub struct Linearized<T, R>(AtPoint<T, R>);

impl<T: Module, R: Module> Linearized<T, R> {
    /// The tangent of the result for that of the argument, whose float leaves have the shapes and
    /// dtypes of the argument's. Leaves of the result that are no floats hold no value.
    ///
    /// # Panics
    /// When a leaf of `tangent` has another shape or dtype than the argument's.
    #[track_caller]
    pub fn call(&self, tangent: &T) -> R {
        let at = &self.0;
        let given = matching("linearize", &at.tree, tangent, &at.active);
        let tangents = or_raise(at.map.forward(&given));
        rebuild(&at.result, |i, out| match at.output_of_leaf[i].map(|o| &tangents[o]) {
            None => out.clone(),
            Some(Some(tangent)) => tangent.clone(),
            Some(None) if out.dtype().is_inexact() => out.zeros_like(),
            Some(None) => Array::absent("there is no tangent here: this result is not a float"),
        })
    }
}

/// The result of `f` and its derivative at this point, to be applied to any number of tangents
/// without running `f` again. `jax.linearize`.
///
/// ```
/// # use nnx_core::{Array, linearize};
/// let (y, linear) = linearize(|x: &Array| x.sin(), &Array::scalar(0.0_f32));
/// assert_eq!(y.item::<f32>(), 0.0);
/// assert_eq!(linear.call(&Array::scalar(3.0_f32)).item::<f32>(), 3.0);
/// ```
///
/// # Panics
/// As [`vjp`], and when a [`custom_vjp`](super::custom_vjp) is on the way.
#[track_caller]
pub fn linearize<A, R, F>(f: F, argument: A) -> (R, Linearized<Gradient<A>, R>)
where
    A: Differentiated,
    R: Module,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    const { crate::module::check::tree::<Gradient<A>>("linearize") };
    const { crate::module::check::returned(R::SCHEMA, "linearize") };
    let location = Location::caller();
    let at = or_raise(AtPoint::of("linearize", f, argument));
    at.map.check_forward("linearize", location);
    (with_leaves(&at.result, &[]), Linearized(at))
}
