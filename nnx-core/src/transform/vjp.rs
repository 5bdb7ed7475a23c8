//! `vjp` and `linearize`: a function at a point, with its derivative there to be used many times.

use super::grad::{Differentiated, Gradient, Selection, active};
use super::lend::{Argument, TransformCall};
use super::trees::{difference_in_form, invalid, no_derivative, with_leaves};
use crate::error::{Error, Result, or_raise, raise};
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::{Rebuild, collect_leaves, rebuild};
use crate::rewrite::LinearMap;
use crate::run::staged;
use std::panic::Location;

/// A function traced at a point.
pub(super) struct AtPoint<T, R> {
    /// The argument, for its structure.
    pub(super) tree: T,
    pub(super) result: R,
    /// For each leaf of the result the output that it is, if it has a value.
    output_of_leaf: Vec<Option<usize>>,
    /// Which leaves of the argument are active.
    active: Vec<bool>,
    pub(super) map: LinearMap,
}

impl<T: Module, R> AtPoint<T, R> {
    #[track_caller]
    pub(super) fn of<A, F>(op: &'static str, f: F, wanted: A) -> Result<Self>
    where
        A: Differentiated,
        A::Argument: Argument<Tree = T>,
        R: Module,
        F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
    {
        AtPoint::at(Location::caller(), op, f, wanted)
    }

    pub(super) fn at<A, F>(
        location: &'static Location<'static>,
        op: &'static str,
        f: F,
        wanted: A,
    ) -> Result<Self>
    where
        A: Differentiated,
        A::Argument: Argument<Tree = T>,
        R: Module,
        F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
    {
        let f = |body: <A::Argument as Argument>::Body<'_>| (f(body), ());
        Ok(AtPoint::with_aux(location, op, f, wanted)?.0)
    }

    /// The function's first result at a point; the second has no part in the derivative.
    fn with_aux<A, X, F>(
        location: &'static Location<'static>,
        op: &'static str,
        f: F,
        mut wanted: A,
    ) -> Result<(Self, X)>
    where
        A: Differentiated,
        A::Argument: Argument<Tree = T>,
        R: Module,
        X: Module,
        F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> (R, X),
    {
        let (argument, filter): (&mut A::Argument, Selection<'_>) = wanted.parts();
        let call = TransformCall::at(location, op, argument);
        let active = active(&call, &filter);
        let program = call.trace_sowing(f, &call.avals);
        program.check_no_nodes(&call);
        let args = call.arguments(&program);
        let mut all_active = call.of_operands(&active);
        all_active.resize(args.len(), false);
        // Updates of Variables have no part in the derivative either. The first result's leaves come first.
        let mut output_of_leaf = program.results.clone();
        output_of_leaf.truncate(collect_leaves(&program.result.0).len());
        let results = output_of_leaf.iter().flatten().count();
        let (outs, map) = LinearMap::run(&program.closed.graph, &all_active, &args, results)?;
        let tree = call.argument.twin(&mut Rebuild::new(|_: usize, a: &Array| a.clone()));
        let (result, aux) = call.finish(program, &outs);
        Ok((AtPoint { tree, result, output_of_leaf, active, map }, aux))
    }

    /// The result, for the caller: links in it lead to the nodes of the argument. A copy stays.
    fn take_result(&mut self) -> R
    where
        R: Module,
    {
        let copy = with_leaves(&self.result, &[]);
        std::mem::replace(&mut self.result, copy)
    }

    /// The values of the active leaves.
    pub(super) fn active_leaves(&self) -> Vec<Array> {
        let leaves = collect_leaves(&self.tree);
        let active = leaves.iter().zip(&self.active).filter(|(_, active)| **active);
        active.map(|(leaf, _)| leaf.array.clone()).collect()
    }

    /// Raises an error if the derivative can only be used backwards.
    pub(super) fn check_forward(&self, op: &str, location: &'static Location<'static>) {
        if self.map.is_reverse_only() {
            let message = "a `custom_vjp` on the way has a reverse derivative only".into();
            raise(Error::Op { op: op.into(), message, location });
        }
    }

    /// A tree of the argument's structure with these values for the active operands.
    pub(super) fn tree_of(&self, values: Vec<Array>) -> T {
        let mut values = values.into_iter();
        let mut value = |i: usize| self.active[i].then(|| values.next()).flatten();
        rebuild(&self.tree, |i, old| match (value(i), old.try_aval()) {
            (Some(derivative), _) => derivative,
            (None, Ok(aval)) if !aval.dtype().is_differentiable() => {
                no_derivative("derivative", "this leaf", aval.dtype())
            }
            (None, _) => Array::absent(
                "there is no derivative here: it was not differentiated with respect to",
            ),
        })
    }
}

/// The result of a function and its reverse derivative there: `pullback.call(&ct)` takes a
/// cotangent of the result to that of the argument.
///
/// ```
/// use nnx::transform::Pullback;
/// use nnx::{Array, vjp};
///
/// // From an array to an array: cotangents go the other way.
/// let (_, pullback): (Array, Pullback<Array, Array>) =
///     vjp(|x: &Array| x.square(), &Array::from([1.0_f32, 2.0]));
/// assert_eq!(pullback.call(&Array::from([1.0_f32, 0.0])).to_vec::<f32>(), [2.0, 0.0]);
/// assert_eq!(pullback.call(&Array::from([0.0_f32, 1.0])).to_vec::<f32>(), [0.0, 4.0]);
/// ```
pub struct Pullback<T, R>(AtPoint<T, R>);

impl<T: Module, R: Module> Pullback<T, R> {
    /// The cotangent of the argument for that of the result, whose float and complex leaves have the
    /// shapes and dtypes of the result's. Leaves that were not differentiated with respect to hold no value.
    ///
    /// ```
    /// use nnx::{Array, vjp};
    ///
    /// let (x, y) = (Array::scalar(3.0_f32), Array::scalar(5.0_f32));
    /// let (_, pullback) = vjp(|(x, y): (&Array, &Array)| (x * y, x + y), (&x, &y));
    /// // A cotangent for each result, and for each argument.
    /// let (of_x, of_y) = pullback.call(&(Array::scalar(1.0_f32), Array::scalar(10.0_f32)));
    /// assert_eq!((of_x.item::<f32>(), of_y.item::<f32>()), (15.0, 13.0));
    /// ```
    ///
    /// # Panics
    /// Panics if a leaf of `ct` has another shape or dtype than the result's.
    #[track_caller]
    pub fn call(&self, ct: &R) -> T {
        let at = &self.0;
        let has_tangent = |output: &Option<usize>| output.is_some_and(|o| at.map.has_tangent()[o]);
        let wanted: Vec<bool> = at.output_of_leaf.iter().map(has_tangent).collect();
        let cts = matching("vjp", &at.result, ct, &wanted);
        at.tree_of(or_raise(staged("vjp", &cts, |cts| at.map.transpose(cts))))
    }
}

/// The leaves of `given` where `wanted`, which must be like those of `like`.
#[track_caller]
fn matching<M: Module>(op: &str, like: &M, given: &M, wanted: &[bool]) -> Vec<Array> {
    let location = Location::caller();
    let difference = difference_in_form(|v| like.flatten(v), |v| given.flatten(v));
    let (like, given) = (collect_leaves(like), collect_leaves(given));
    if like.len() != given.len() {
        let message = format!("{} leaves are given for {}", given.len(), like.len());
        invalid(op, message, location);
    }
    if let Some(difference) = difference {
        invalid(op, format!("of what is given, {difference}"), location);
    }
    let mut found = Vec::new();
    for ((like, given), _) in like.iter().zip(&given).zip(wanted).filter(|(_, w)| **w) {
        let (like, aval) = (like.array.aval(), or_raise(given.array.try_aval()));
        if like != aval {
            invalid(op, format!("a leaf is {aval}, where {like} is needed"), location);
        }
        found.push(given.array.clone());
    }
    found
}

/// The result of `f` and its reverse derivative at this point, to be applied to any number of
/// cotangents. `jax.vjp`.
///
/// `vjp` differentiates with respect to the same leaves as [`grad`](super::grad()).
///
/// ```
/// use nnx::{Array, vjp};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let (y, pullback) = vjp(|x: &Array| x.square(), &x);
/// assert_eq!(y.to_vec::<f32>(), [1.0, 4.0]);
/// assert_eq!(pullback.call(&y.ones_like()).to_vec::<f32>(), [2.0, 4.0]);
/// ```
///
/// # Panics
/// Panics if an operation on the way has no derivative, or `f` changes static parts or plain
/// arrays of the argument.
#[track_caller]
pub fn vjp<A, R, F>(f: F, argument: A) -> (R, Pullback<Gradient<A>, R>)
where
    A: Differentiated,
    R: Module,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    let mut at = or_raise(AtPoint::of("vjp", f, argument));
    (at.take_result(), Pullback(at))
}

/// [`vjp`] of a function that returns more than its result: `(result, aux)`. `aux` is any tree, and has no part in the
/// derivative. `jax.vjp` with `has_aux`.
///
/// ```
/// use nnx::{Array, vjp_with_aux};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let (y, pullback, largest) = vjp_with_aux(|x: &Array| (x.square(), x.argmax(0)), &x);
/// assert_eq!(pullback.call(&y.ones_like()).to_vec::<f32>(), [2.0, 4.0]);
/// assert_eq!(largest.item::<i32>(), 1);
/// ```
///
/// # Panics
/// As [`vjp`].
#[track_caller]
pub fn vjp_with_aux<A, R, X, F>(f: F, argument: A) -> (R, Pullback<Gradient<A>, R>, X)
where
    A: Differentiated,
    R: Module,
    X: Module,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> (R, X),
{
    let (mut at, aux) = or_raise(AtPoint::with_aux(Location::caller(), "vjp", f, argument));
    (at.take_result(), Pullback(at), aux)
}

/// The derivative of a function at a point, in forward mode: `linear.call(&tangent)`.
///
/// ```
/// use nnx::transform::Linearized;
/// use nnx::{Array, linearize};
///
/// let (_, linear): (Array, Linearized<Array, Array>) =
///     linearize(|x: &Array| x.square().sum(..), &Array::from([1.0_f32, 2.0]));
/// assert_eq!(linear.call(&Array::from([1.0_f32, 0.0])).item::<f32>(), 2.0);
/// assert_eq!(linear.call(&Array::from([0.0_f32, 1.0])).item::<f32>(), 4.0);
/// ```
pub struct Linearized<T, R>(AtPoint<T, R>);

impl<T: Module, R: Module> Linearized<T, R> {
    /// The tangent of the result for that of the argument, whose float and complex leaves have the
    /// shapes and dtypes of the argument's. Leaves of the result of other dtypes hold no value.
    ///
    /// ```
    /// use nnx::{Array, linearize};
    ///
    /// let (x, y) = (Array::scalar(3.0_f32), Array::scalar(5.0_f32));
    /// let (_, linear) = linearize(|(x, y): (&Array, &Array)| x * y, (&x, &y));
    /// // A tangent for each argument: y · 1 + x · 10.
    /// let tangent = linear.call(&(Array::scalar(1.0_f32), Array::scalar(10.0_f32)));
    /// assert_eq!(tangent.item::<f32>(), 35.0);
    /// ```
    ///
    /// # Panics
    /// Panics if a leaf of `tangent` has another shape or dtype than the argument's.
    #[track_caller]
    pub fn call(&self, tangent: &T) -> R {
        let at = &self.0;
        let given = matching("linearize", &at.tree, tangent, &at.active);
        let mut given = or_raise(staged("linearize", &given, |given| {
            at.map.apply(given).into_iter().flatten().collect()
        }))
        .into_iter();
        rebuild(&at.result, |i, out| {
            let Some(output) = at.output_of_leaf[i] else { return out.clone() };
            let tangent = at.map.has_tangent()[output].then(|| given.next()).flatten();
            match tangent {
                Some(tangent) => tangent,
                None if out.dtype().is_differentiable() => out.zeros_like(),
                None => no_derivative("tangent", "this result", out.dtype()),
            }
        })
    }
}

/// The result of `f` and its derivative at this point, to be applied to any number of tangents
/// without running `f` again. `jax.linearize`.
///
/// ```
/// use nnx::{Array, linearize};
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
    let location = Location::caller();
    let mut at = or_raise(AtPoint::of("linearize", f, argument));
    at.check_forward("linearize", location);
    (at.take_result(), Linearized(at))
}

/// [`linearize`] of a function that returns more than its result: `(result, aux)`. `aux` is any tree, and has no part in
/// the derivative. `jax.linearize` with `has_aux`.
///
/// ```
/// use nnx::{Array, linearize_with_aux};
/// let x = Array::scalar(0.0_f32);
/// let (_, linear, cos) = linearize_with_aux(|x: &Array| (x.sin(), x.cos()), &x);
/// assert_eq!(linear.call(&Array::scalar(3.0_f32)).item::<f32>(), 3.0);
/// assert_eq!(cos.item::<f32>(), 1.0);
/// ```
///
/// # Panics
/// As [`linearize`].
#[track_caller]
pub fn linearize_with_aux<A, R, X, F>(f: F, argument: A) -> (R, Linearized<Gradient<A>, R>, X)
where
    A: Differentiated,
    R: Module,
    X: Module,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> (R, X),
{
    let location = Location::caller();
    let (mut at, aux) = or_raise(AtPoint::with_aux(location, "linearize", f, argument));
    at.check_forward("linearize", location);
    (at.take_result(), Linearized(at), aux)
}
