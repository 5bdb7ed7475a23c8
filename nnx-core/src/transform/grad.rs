//! `grad` and `value_and_grad`.

use super::tree::{Operands, TreeArgument, no_derivative, trace_tree};
use crate::error::{Error, or_raise, raise};
use crate::graph::{Array, Closed};
use crate::module::walk::{Rebuild, collect_leaves, leaves_of, rebuild};
use crate::module::{Filter, Module, ParamKind, Path, Schema, VarInfo, VariableKind, check};
use crate::rewrite::LinearMap;
use crate::run::staged;

/// What a function is differentiated with respect to: a [`TreeArgument`], which means its Params and
/// plain arrays of floats or complex numbers, or the part of one that [`wrt`] names.
pub trait Differentiated {
    /// What the function gets.
    type Argument: TreeArgument;
    #[doc(hidden)]
    fn parts(&mut self) -> (&mut Self::Argument, Selection<'_>);
}

/// A gradient: a tree of the type of what was differentiated with respect to.
pub type Gradient<A> = <<A as Differentiated>::Argument as TreeArgument>::Tree;

impl<A: TreeArgument> Differentiated for A {
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

    fn why(&self) -> &'static str {
        match self.0 {
            Some(_) => "it is not among those that `wrt` names",
            None => "gradients are taken with respect to Param",
        }
    }
}

/// An argument and a filter; made by [`wrt`].
pub struct Wrt<A, F> {
    argument: A,
    filter: F,
}

/// Differentiates with respect to the float and complex leaves that `filter` names, in place of the Params.
///
/// ```no_run
/// use nnx_core::{Array, LoRAParam, Param, grad, of_type, wrt};
/// let x = Array::scalar(3.0_f32);
/// let model = (Param::new(x.clone()), LoRAParam::new(x));
/// let loss = |m: &(Param, LoRAParam)| m.0.value() * m.1.value().square();
/// let gradient = grad(loss, wrt(of_type::<LoRAParam>(), &model));
/// assert_eq!(gradient.1.value().item::<f32>(), 18.0);
/// assert!(gradient.0.value().is_absent());
/// ```
pub fn wrt<A: TreeArgument, F: Filter>(filter: F, argument: A) -> Wrt<A, F> {
    Wrt { argument, filter }
}

impl<A: TreeArgument, F: Filter> Differentiated for Wrt<A, F> {
    type Argument = A;
    fn parts(&mut self) -> (&mut A, Selection<'_>) {
        (&mut self.argument, Selection(Some(&self.filter)))
    }
}

/// What a differentiated function returns: the loss, a scalar float array, alone or with other
/// results: `(loss, aux)`.
#[diagnostic::on_unimplemented(
    message = "a differentiated function returns its loss: `Array`, or `(Array, aux)`",
    label = "this is `{Self}`"
)]
pub trait LossOutput: Sized {
    #[doc(hidden)]
    const SCHEMA: &'static Schema;
    #[doc(hidden)]
    fn loss(&self) -> &Array;
    #[doc(hidden)]
    fn aux(&self) -> Vec<Array>;
    #[doc(hidden)]
    fn rebuild(self, loss: Array, aux: &[Array]) -> Self;
}

impl LossOutput for Array {
    const SCHEMA: &'static Schema = &Schema::Array;
    fn loss(&self) -> &Array {
        self
    }
    fn aux(&self) -> Vec<Array> {
        vec![]
    }
    fn rebuild(self, loss: Array, _: &[Array]) -> Self {
        loss
    }
}

impl<A: Module> LossOutput for (Array, A) {
    const SCHEMA: &'static Schema = <(Array, A) as Module>::SCHEMA;
    fn loss(&self) -> &Array {
        &self.0
    }
    fn aux(&self) -> Vec<Array> {
        collect_leaves(&self.1).iter().map(|leaf| leaf.array.clone()).collect()
    }
    fn rebuild(self, loss: Array, aux: &[Array]) -> Self {
        (loss, rebuild(&self.1, |i, _| aux[i].clone()))
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
/// ```no_run
/// use nnx_core::{Array, value_and_grad};
/// let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
/// let (loss, grad) = value_and_grad(|x: &Array| x.square().sum(..), &x);
/// assert_eq!(grad.to_vec::<f32>(), [2.0, 4.0]);
/// ```
///
/// # Panics
/// When the loss is no float scalar, an operation on the way has no derivative, or `f` changes
/// static parts or plain arrays of the argument.
#[track_caller]
pub fn value_and_grad<A, R, F>(f: F, argument: A) -> (R, Gradient<A>)
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as TreeArgument>::Body<'t>) -> R,
{
    const { check::tree::<Gradient<A>>("value_and_grad") };
    const { check::returned(R::SCHEMA, "value_and_grad") };
    or_raise(differentiate(f, argument))
}

/// The gradient of [`value_and_grad`] alone. `jax.grad`, `flax.nnx.grad`.
///
/// # Panics
/// As [`value_and_grad`].
#[track_caller]
pub fn grad<A, R, F>(f: F, argument: A) -> Gradient<A>
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as TreeArgument>::Body<'t>) -> R,
{
    const { check::tree::<Gradient<A>>("grad") };
    const { check::returned(R::SCHEMA, "grad") };
    or_raise(differentiate(f, argument)).1
}

#[track_caller]
fn differentiate<A, R, F>(f: F, mut wanted: A) -> Result<(R, Gradient<A>), Error>
where
    A: Differentiated,
    R: LossOutput,
    F: for<'t> FnOnce(<A::Argument as TreeArgument>::Body<'t>) -> R,
{
    let (argument, filter) = wanted.parts();
    let operands = Operands::of(argument);
    let active: Vec<bool> = operands.map(argument, |path, leaf| {
        filter.matches(path, leaf) && leaf.value.dtype().is_differentiable()
    });
    let mut program = trace_tree("grad", f, argument, &operands, &operands.avals, |result: &R| {
        check_loss(result.loss());
        let mut outputs = vec![result.loss().clone()];
        outputs.extend(result.aux());
        outputs
    });
    let changed = std::mem::take(&mut program.changed);
    program.keep_operands(&changed);

    let (outs, grads) = run_backward(&program.closed, &active, &operands.values)?;
    let mut grads = grads.into_iter();
    let mut gradient_of: Vec<Option<Array>> = vec![None; operands.leaves];
    for (&i, _) in operands.present.iter().zip(&active).filter(|(_, a)| **a) {
        gradient_of[i] = grads.next();
    }
    let kinds: Vec<_> = leaves_of(|v| argument.flatten(v)).iter().map(|leaf| leaf.kind).collect();
    let why = filter.why();
    let gradient = argument.unflatten(&mut Rebuild {
        at: 0,
        leaf: |i: usize, old: &Array| {
            let what = kinds[i].map_or("array", |kind| kind.name);
            match (gradient_of[i].take(), old.try_aval()) {
                (Some(gradient), _) => gradient,
                (None, Ok(aval)) if !aval.dtype().is_differentiable() => {
                    no_derivative("gradient", &format!("this {what}"), aval.dtype())
                }
                _ => Array::absent(format!("there is no gradient here: this is {what}, and {why}")),
            }
        },
    });
    let (results, updates) = outs.split_at(program.results);
    operands.write_back(argument, changed.into_iter().zip(updates.iter().cloned()));
    let result = program.result.rebuild(results[0].clone(), &results[1..]);
    Ok((result, gradient))
}

/// Outputs, and a gradient for each active input.
fn run_backward(
    closed: &Closed,
    active: &[bool],
    values: &[Array],
) -> Result<(Vec<Array>, Vec<Array>), Error> {
    let args: Vec<Array> = values.iter().chain(&closed.captures).cloned().collect();
    let mut all_active = active.to_vec();
    all_active.resize(args.len(), false);
    let mut outs = staged("grad", &args, |args| {
        // The loss is the first output.
        let (mut outs, map) = LinearMap::record(&closed.graph, &all_active, args, 1);
        let ct = (!map.is_zero()).then(|| outs[0].ones_like());
        outs.extend(map.transpose(ct.as_slice()));
        outs
    })?;
    let grads = outs.split_off(closed.graph.outputs.len());
    Ok((outs, grads))
}

#[track_caller]
fn check_loss(loss: &Array) {
    let aval = loss.aval();
    if aval.rank() != 0 || !aval.dtype().is_float() {
        raise(Error::Op {
            op: "grad".into(),
            message: format!(
                "the loss must be a float scalar, got {aval}; reduce it with `.mean(..)` or `.sum(..)`"
            ),
            location: std::panic::Location::caller(),
        });
    }
}
