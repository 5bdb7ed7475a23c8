//! `grad` and `value_and_grad`.

use super::lend::{Argument, TransformCall};
use super::trees::no_derivative;
use crate::array::BracketIndex;
use crate::error::{Error, or_raise};
use crate::graph::{Array, Closed};
use crate::module::walk::{Rebuild, leaves_of};
use crate::module::{Filter, Module, ParamKind, Path, VarInfo, VariableKind};
use crate::rewrite::LinearMap;
use crate::run::staged;
use std::convert::Infallible;
use std::panic::Location;

/// The values that a function is differentiated with respect to: an [`Argument`], which means its
/// Params and plain arrays of floats or complex numbers, or the part of one that [`wrt`] names.
///
/// ```
/// use nnx::{Argument, Array, Differentiated, value_and_grad};
///
/// // A transform of one's own, for all that `value_and_grad` takes.
/// fn loss_of<A, F>(f: F, argument: A) -> f32
/// where
///     A: Differentiated,
///     F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> Array,
/// {
///     value_and_grad(f, argument).0.item::<f32>()
/// }
/// let x = Array::from([3.0_f32, 4.0]);
/// assert_eq!(loss_of(|x: &Array| x.square().sum(..), &x), 25.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be lent to a function that is differentiated",
    label = "not `&M`, `&mut M`, a tuple of these, or `wrt(filter, …)` of one",
    note = "write `&x` for an argument that the function reads, `&mut model` for one whose Variables it sets, `(&mut model, &x)` for several; `wrt(of_type::<Param>(), &model)` for other leaves than the Params"
)]
pub trait Differentiated {
    /// The function's argument.
    type Argument: Argument;
    #[doc(hidden)]
    fn parts(&mut self) -> (&mut Self::Argument, Selection<'_>);
}

/// A gradient: a tree of the type of what was differentiated with respect to.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::transform::Gradient;
/// use nnx::{Array, DType, array::ones, grad, random::Rngs};
///
/// let (mut model, x) = (Linear::new(2, 3, &mut Rngs::new(0)), ones([4, 2], DType::F32));
/// let loss = |(model, x): (&mut Linear, &Array)| model.forward(x).sum(..);
/// // Of `(&mut Linear, &Array)`, it is a `Linear` and an `Array`.
/// let (of_model, of_x): Gradient<(&mut Linear, &Array)> = grad(loss, (&mut model, &x));
/// assert_eq!(of_model.kernel.to_vec::<f32>(), [4.0; 6]);
/// assert_eq!(of_x.shape(), [4, 2]);
/// ```
pub type Gradient<A> = <<A as Differentiated>::Argument as Argument>::Tree;

#[diagnostic::do_not_recommend]
impl<A: Argument> Differentiated for A {
    type Argument = A;
    fn parts(&mut self) -> (&mut A, Selection<'_>) {
        (self, Selection(None))
    }
}

/// The leaves that are differentiated with respect to.
#[doc(hidden)]
pub struct Selection<'a>(Option<&'a dyn Filter>);

impl Selection<'_> {
    pub(super) fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        match self.0 {
            Some(filter) => filter.matches(path, leaf),
            None => leaf.kind.is_none_or(|kind| kind.is(ParamKind::KIND)),
        }
    }

    /// The gradient of `argument`, of which the `active` leaves have `gradients`.
    fn gradient<A: Argument>(
        &self,
        argument: &A,
        active: &[bool],
        gradients: Vec<Array>,
    ) -> A::Tree {
        let leaves = leaves_of(|v| argument.flatten(v));
        let gap = |i: usize| {
            let kind = leaves[i].kind.map_or("array", |kind| kind.name);
            let why = match (leaves[i].array.try_aval(), self.0) {
                (Ok(aval), _) if !aval.dtype().is_differentiable() => {
                    return no_derivative("gradient", &format!("this {kind}"), aval.dtype());
                }
                (_, Some(_)) => "it is not among those that `wrt` names",
                _ => "gradients are taken with respect to Param",
            };
            Array::absent(format!("there is no gradient here: this is {kind}, and {why}"))
        };
        let mut gradients = gradients.into_iter();
        argument.twin(&mut Rebuild::new(|i: usize, _: &Array| {
            let gradient = active[i].then(|| gradients.next()).flatten();
            gradient.unwrap_or_else(|| gap(i))
        }))
    }
}

/// An argument and a filter; made by [`wrt`].
///
/// ```
/// use nnx::transform::Wrt;
/// use nnx::nn::Linear;
/// use nnx::{DType, array::ones, grad, path_contains, random::Rngs, wrt};
///
/// let (model, x) = (Linear::new(2, 3, &mut Rngs::new(0)), ones([4, 2], DType::F32));
/// let bias_of: Wrt<&Linear, _> = wrt(path_contains("bias"), &model);
/// let gradient = grad(|m: &Linear| m.forward(&x).sum(..), bias_of);
/// assert!(gradient.kernel.is_absent());
/// assert_eq!(gradient.bias.map(|bias| bias.to_vec::<f32>()), Some(vec![4.0; 3]));
/// ```
pub struct Wrt<A, F> {
    argument: A,
    filter: F,
}

/// Differentiates with respect to the float and complex leaves that `filter` selects, instead of the Params.
///
/// ```
/// use nnx::{Array, LoRAParam, Param, grad, of_type, wrt};
/// let x = Array::scalar(3.0_f32);
/// let model = (Param::new(x.clone()), LoRAParam::new(x));
/// let loss = |m: &(Param, LoRAParam)| m.0.value() * m.1.value().square();
/// let gradient = grad(loss, wrt(of_type::<LoRAParam>(), &model));
/// assert_eq!(gradient.1.value().item::<f32>(), 18.0);
/// assert!(gradient.0.value().is_absent());
/// ```
pub fn wrt<A, F, By>(filter: F, argument: A) -> F::Wrt
where
    F: Chooses<A, By>,
{
    filter.wrt(argument)
}

/// Every [`Filter`].
///
/// A second trait, which the compiler never finds to hold for a type that is not a filter: then
/// the result of [`wrt`] has no type, and the function that it is passed to reports nothing more.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter: `wrt` takes a filter, and then the argument that it is about",
    label = "not a filter",
    note = "write `wrt(filter, &model)`; filters:\n  1. the leaves below a path that the compiler knows: `path!(Model: layers[*].kernel)`\n  2. the leaves with a name in their path: `path_contains(\"kernel\")`\n  3. the Variables of a kind: `of_type::<Param>()`\n  4. any other rule: a closure `|path: &Path, leaf: &VarInfo| …`"
)]
pub trait Chooses<A, By>: Sized {
    type Wrt;
    fn wrt(self, argument: A) -> Self::Wrt;
}

#[diagnostic::do_not_recommend]
impl<A, F: Filter> Chooses<A, ()> for F {
    type Wrt = Wrt<A, F>;
    fn wrt(self, argument: A) -> Wrt<A, F> {
        Wrt { argument, filter: self }
    }
}

// The other candidate, without which the compiler would go by the first and look no further.
#[diagnostic::do_not_recommend]
impl<A, F: BracketIndex> Chooses<A, Infallible> for F {
    type Wrt = Infallible;
    fn wrt(self, _: A) -> Infallible {
        unreachable!("there is no value of a type with `BracketIndex`")
    }
}

impl<A: Argument, F: Filter> Differentiated for Wrt<A, F> {
    type Argument = A;
    fn parts(&mut self) -> (&mut A, Selection<'_>) {
        (&mut self.argument, Selection(Some(&self.filter)))
    }
}

/// The result of a differentiated function: the loss, a scalar float array, alone or with other
/// results: `(loss, aux)`.
///
/// ```
/// use nnx::{Array, value_and_grad};
///
/// // What else a training step wants comes after the loss, and has no part in the gradient.
/// let loss = |w: &Array| {
///     let y = w * 3.0;
///     (y.square().sum(..), y)
/// };
/// let ((loss, y), grad) = value_and_grad(loss, &Array::from([1.0_f32, 2.0]));
/// assert_eq!((loss.item::<f32>(), y.to_vec::<f32>()), (45.0, vec![3.0, 6.0]));
/// assert_eq!(grad.to_vec::<f32>(), [18.0, 36.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "a differentiated function returns its loss: `Array`, or `(Array, aux)`",
    label = "this is `{Self}`",
    note = "end the function with the loss as an array, `loss.mean(..)` or `loss.sum(..)`; a number becomes one with `Array::scalar(…)`"
)]
pub trait LossOutput: Module {
    #[doc(hidden)]
    fn loss(&self) -> &Array;
}

#[diagnostic::do_not_recommend]
impl LossOutput for Array {
    fn loss(&self) -> &Array {
        self
    }
}

impl<A: Module> LossOutput for (Array, A) {
    fn loss(&self) -> &Array {
        &self.0
    }
}

/// The loss of `f` and its gradient with respect to the Params and float arrays of `argument`.
/// `jax.value_and_grad`, `flax.nnx.value_and_grad`.
///
/// The gradient has the argument's type; Variables of other kinds and integers hold no gradient in
/// it, and reading one says so. Variables that `f` sets (batch statistics, counts) are set in the
/// caller's argument if it was given as `&mut`. Works inside and outside of jitted functions. Of a
/// tuple of arguments the gradient is a tuple; [`wrt`] chooses other leaves.
///
/// ```
/// use nnx::{Array, value_and_grad};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let (loss, grad) = value_and_grad(|x: &Array| x.square().sum(..), &x);
/// assert_eq!((loss.item::<f32>(), grad.to_vec::<f32>()), (5.0, vec![2.0, 4.0]));
/// ```
///
/// # Panics
/// Panics if the loss is not a float scalar, an operation on the way has no derivative, or `f`
/// changes static parts or plain arrays of the argument.
#[track_caller]
pub fn value_and_grad<A, R, F>(f: F, argument: A) -> (R, Gradient<A>)
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    or_raise(differentiate("value_and_grad", Location::caller(), f, argument))
}

/// The gradient of [`value_and_grad`] alone. `jax.grad`, `flax.nnx.grad`.
///
/// ```
/// use nnx::{Array, grad};
///
/// let f = |x: &Array| x * x * x;
/// let x = Array::scalar(2.0_f32);
/// assert_eq!(grad(f, &x).item::<f32>(), 12.0);
/// assert_eq!(grad(|x: &Array| grad(f, x), &x).item::<f32>(), 12.0); // the second derivative, 6x
/// ```
///
/// # Panics
/// As [`value_and_grad`].
#[track_caller]
pub fn grad<A, R, F>(f: F, argument: A) -> Gradient<A>
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    grad_at("grad", Location::caller(), f, argument)
}

/// [`grad`] as a part of the transform `op` at a line of the user's.
pub(super) fn grad_at<A, R, F>(
    op: &'static str,
    location: &'static Location<'static>,
    f: F,
    argument: A,
) -> Gradient<A>
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    or_raise(differentiate(op, location, f, argument)).1
}

fn differentiate<A, R, F>(
    op: &'static str,
    location: &'static Location<'static>,
    f: F,
    mut wanted: A,
) -> Result<(R, Gradient<A>), Error>
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as Argument>::Body<'t>) -> R,
{
    let (argument, filter) = wanted.parts();
    let call = TransformCall::at(location, op, argument);
    let active = active(&call, &filter);
    let program = call.trace_sowing(f, &call.avals);
    let loss = program.result.loss().aval();
    if loss.rank() != 0 || !loss.dtype().is_float() {
        call.invalid(format!(
            "the loss must be a float scalar, got {loss}; reduce it with `.mean(..)` or `.sum(..)`"
        ));
    }
    let active_values = call.of_operands(&active);
    let (outs, grads) = run_backward(op, &program.closed, &active_values, &call.values)?;
    let gradient = filter.gradient(&*call.argument, &active, grads);
    let result = call.finish(program, &outs);
    Ok((result, gradient))
}

/// For each leaf, whether the function is differentiated with respect to it: at least one is.
pub(super) fn active<A: Argument>(
    call: &TransformCall<'_, A>,
    filter: &Selection<'_>,
) -> Vec<bool> {
    if filter.0.is_some() {
        let show = |chosen: &bool| if *chosen { "differentiated" } else { "not differentiated" };
        let chosen = |path: &Path, leaf: &VarInfo<'_>| filter.matches(path, leaf);
        call.check_places("`wrt`", chosen, |chosen| show(chosen).to_owned());
    }
    let active = call.map(|path, leaf| {
        let aval = leaf.value.try_aval();
        aval.is_ok_and(|aval| aval.dtype().is_differentiable() && filter.matches(path, leaf))
    });
    if !active.contains(&true) {
        call.invalid(nothing_active(call, filter));
    }
    active
}

/// Says why there is nothing to differentiate with respect to.
fn nothing_active<A: Argument>(call: &TransformCall<'_, A>, filter: &Selection<'_>) -> String {
    const SHOWN: usize = 5;
    let taken = call.map(|path, leaf| filter.matches(path, leaf));
    let leaves = leaves_of(|v| call.argument.flatten(v));
    // Those that the filter takes say most; they hold no floats.
    let any_taken = taken.contains(&true);
    let told = (0..leaves.len()).filter(|&i| taken[i] || !any_taken);
    let lines: Vec<String> = told
        .map(|i| {
            let kind = leaves[i].kind.map_or("array", |kind| kind.name);
            let aval = leaves[i].array.try_aval();
            let aval = aval.map_or("no value".to_owned(), |aval| aval.to_string());
            format!("\n  {}: {kind}, {aval}", call.path(i))
        })
        .collect();
    let more = match lines.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let (why, fix) = match (any_taken, filter.0) {
        (true, _) => {
            ("derivatives are taken of float and complex values", "convert it with `astype`")
        }
        (false, Some(_)) => {
            ("the filter of `wrt` takes none of these leaves", "give `wrt` a filter that takes one")
        }
        (false, None) => (
            "derivatives are taken with respect to Param and plain arrays",
            "name others with `wrt`, as in `wrt(of_type::<LoRAParam>(), &model)`",
        ),
    };
    format!(
        "there is nothing to differentiate with respect to: {why}{}{more}\nfix: {fix}",
        lines.into_iter().take(SHOWN).collect::<String>()
    )
}

/// Outputs, and a gradient for each active input.
fn run_backward(
    op: &'static str,
    closed: &Closed,
    active: &[bool],
    values: &[Array],
) -> Result<(Vec<Array>, Vec<Array>), Error> {
    let args: Vec<Array> = values.iter().chain(&closed.captures).cloned().collect();
    let mut all_active = active.to_vec();
    all_active.resize(args.len(), false);
    let mut outs = staged(op, &args, |args| {
        // The loss is the first output.
        let (mut outs, map) = LinearMap::record(&closed.graph, &all_active, args, 1);
        let ct = (!map.is_zero()).then(|| outs[0].ones_like());
        outs.extend(map.transpose(ct.as_slice()));
        outs
    })?;
    let grads = outs.split_off(closed.graph.outputs.len());
    Ok((outs, grads))
}
