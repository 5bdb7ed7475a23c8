//! `grad` and `value_and_grad`.

use super::autodiff::vjp;
use super::eager::staged;
use crate::error::{or_raise, raise};
use crate::graph::{Closed, inherited_name, trace};
use crate::module::walk::{Statics, collect_leaves, paths, rebuild, replace_leaves};
use crate::module::{ParamKind, VariableKind, check};
use crate::{Array, Error, Module};

/// A tree given to a transform: `&mut M` (updates of Variables reach the caller) or `&M`.
pub trait TreeArgument {
    /// The tree's type; gradients have it too.
    type Tree: Module;
    /// What the function gets.
    type Body<'t>;
    #[doc(hidden)]
    fn tree(&self) -> &Self::Tree;
    #[doc(hidden)]
    fn tree_mut(&mut self) -> Option<&mut Self::Tree>;
    #[doc(hidden)]
    fn lend(twin: &mut Self::Tree) -> Self::Body<'_>;
}

impl<M: Module> TreeArgument for &mut M {
    type Tree = M;
    type Body<'t> = &'t mut M;
    fn tree(&self) -> &M {
        self
    }
    fn tree_mut(&mut self) -> Option<&mut M> {
        Some(self)
    }
    fn lend(twin: &mut M) -> &mut M {
        twin
    }
}

impl<M: Module> TreeArgument for &M {
    type Tree = M;
    type Body<'t> = &'t M;
    fn tree(&self) -> &M {
        self
    }
    fn tree_mut(&mut self) -> Option<&mut M> {
        None
    }
    fn lend(twin: &mut M) -> &M {
        twin
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
    fn loss(&self) -> &Array;
    #[doc(hidden)]
    fn aux(&self) -> Vec<Array>;
    #[doc(hidden)]
    fn rebuild(self, loss: Array, aux: &[Array]) -> Self;
}

impl LossOutput for Array {
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
///
/// The gradient has the argument's type; Variables of other kinds and integers hold no gradient in
/// it, and reading one says so. Variables that `f` sets (batch statistics, counts) are set in the
/// caller's argument if it was given as `&mut`. Works inside and outside of jitted functions.
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
pub fn value_and_grad<A, R, F>(f: F, argument: A) -> (R, A::Tree)
where
    A: TreeArgument,
    R: LossOutput,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { check::tree::<A::Tree>("value_and_grad") };
    or_raise(differentiate(f, argument))
}

/// The gradient of [`value_and_grad`] alone.
///
/// # Panics
/// As [`value_and_grad`].
#[track_caller]
pub fn grad<A, R, F>(f: F, argument: A) -> A::Tree
where
    A: TreeArgument,
    R: LossOutput,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    // Here, not below, so that the error names the user's line.
    const { check::tree::<A::Tree>("grad") };
    or_raise(differentiate(f, argument)).1
}

/// What is known after the differentiated function was traced.
struct Traced<R> {
    result: R,
    aux: usize,
    /// The leaves that the function set.
    changed: Vec<usize>,
}

#[track_caller]
fn differentiate<A, R, F>(f: F, mut argument: A) -> Result<(R, A::Tree), Error>
where
    A: TreeArgument,
    R: LossOutput,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let tree = argument.tree();
    let leaves = collect_leaves(tree);
    // Leaves without a value (the gradient of a gradient's gaps) stay as they are.
    let avals: Vec<_> = leaves.iter().map(|leaf| leaf.array.try_aval().ok()).collect();
    let present: Vec<usize> = (0..leaves.len()).filter(|&i| avals[i].is_some()).collect();
    let active: Vec<bool> = present
        .iter()
        .map(|&i| {
            let wanted = leaves[i].kind.is_none_or(|kind| kind.is(ParamKind::KIND));
            wanted && avals[i].is_some_and(|aval| aval.dtype().is_float())
        })
        .collect();
    let values: Vec<Array> = present.iter().map(|&i| leaves[i].array.clone()).collect();
    let input_avals: Vec<_> = present.iter().filter_map(|&i| avals[i]).collect();

    let (closed, traced) = trace(inherited_name("grad"), &input_avals, |inputs| {
        let mut inputs_of: Vec<Option<&Array>> = vec![None; leaves.len()];
        for (&i, input) in present.iter().zip(inputs) {
            inputs_of[i] = Some(input);
        }
        let mut twin = rebuild(tree, |i, old| inputs_of[i].unwrap_or(old).clone());
        let result = f(A::lend(&mut twin));
        let changed = or_raise(changed_leaves(tree, &twin, &inputs_of));
        check_loss(result.loss());
        let after = collect_leaves(&twin);
        let aux = result.aux();
        let mut outputs = vec![result.loss().clone()];
        outputs.extend(aux.iter().cloned());
        outputs.extend(changed.iter().map(|&i| after[i].array.clone()));
        (outputs, Traced { result, aux: aux.len(), changed })
    });

    let (outs, grads) = run_backward(&closed, &active, &values)?;
    let mut grads = grads.into_iter();
    let mut gradient_of: Vec<Option<Array>> = vec![None; leaves.len()];
    for (&i, _) in present.iter().zip(&active).filter(|(_, a)| **a) {
        gradient_of[i] = grads.next();
    }
    let kinds: Vec<_> = leaves.iter().map(|leaf| leaf.kind).collect();
    let gradient = rebuild(tree, |i, _| {
        gradient_of[i].take().unwrap_or_else(|| {
            let what = kinds[i].map_or("an array that is no float", |kind| kind.name);
            Array::absent(format!(
                "there is no gradient here: this is {what}, and gradients are taken with respect \
                 to Param"
            ))
        })
    });
    let updates = &outs[1 + traced.aux..];
    if let Some(tree) = argument.tree_mut() {
        let mut next = traced.changed.iter().zip(updates).peekable();
        replace_leaves(tree, |i, array| {
            if let Some((_, update)) = next.next_if(|(at, _)| **at == i) {
                *array = update.clone();
            }
        });
    }
    let result = traced.result.rebuild(outs[0].clone(), &outs[1..1 + traced.aux]);
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
        let ones = |i: usize, out: &Array| (i == 0).then(|| out.ones_like());
        let (outs, grads) = vjp(&closed.graph, &all_active, args, &ones);
        let grads = args
            .iter()
            .zip(grads)
            .zip(&all_active)
            .filter(|(_, active)| **active)
            .map(|((arg, grad), _)| grad.unwrap_or_else(|| arg.zeros_like()));
        outs.into_iter().chain(grads).collect()
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

/// The positions of the Variables that the function set; anything else that changed is an error.
fn changed_leaves<M: Module>(
    before: &M,
    after: &M,
    inputs: &[Option<&Array>],
) -> Result<Vec<usize>, Error> {
    let old = Statics::of(|v| before.flatten(v));
    if let Some(what) = old.difference(&Statics::of(|v| after.flatten(v))) {
        return Err(Error::Invalid(format!(
            "grad: the differentiated function changed a static part of its argument: {}. \
             Only Variables may change; return other values from the function",
            what.message
        )));
    }
    let leaves = collect_leaves(after);
    let mut changed = Vec::new();
    for (i, leaf) in leaves.iter().enumerate() {
        if inputs[i].is_none_or(|input| input.is_same_value(leaf.array)) {
            continue;
        }
        if leaf.kind.is_none() && leaves.len() > 1 {
            let path = &paths(|v| after.flatten(v))[i];
            return Err(Error::Invalid(format!(
                "grad: the differentiated function changed the plain array `{path}` of its \
                 argument. Only Variables may change; make it a Variable"
            )));
        }
        changed.push(i);
    }
    Ok(changed)
}
