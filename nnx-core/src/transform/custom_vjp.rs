//! Functions with a reverse derivative given by the user.

use super::custom::{MadeAt, ONLY_READS, differentiable, differentiable_leaves, tree_of};
use super::lend::{Argument, TransformCall, TransformProgram, Update};
use super::trees::{difference_of, leaves, no_derivative, with_leaves};
use crate::error::or_raise;
use crate::graph::{Array, Body, Rule};
use crate::module::Module;
use crate::module::compare::Statics;
use crate::module::new_nodes::NewNodes;
use crate::module::walk::{Rebuild, collect_leaves, leaves_of, paths, rebuild};
use crate::ops::{ArrayFn, CustomVjp, VjpRule};
use crate::run::bind;
use crate::value::Aval;
use std::sync::{Arc, Mutex};

/// A function with a reverse derivative of its own. `jax.custom_vjp`.
///
/// `forward` computes what `f` computes, and anything that `backward` needs; `backward` gets that
/// and the cotangent of the result (zeros included), and returns the cotangent of the argument.
/// Leaves that are neither floats nor complex numbers have no cotangent: they hold no value in what `backward` gets, and are
/// not looked at in what it returns. The argument is any tree: an [`Array`], a tuple, a Module. The functions read it;
/// [`custom_vjp_call`] is for those that set Variables. Settings that have no derivative (`nondiff_argnums` in JAX) are
/// captured, by all three closures that use them.
///
/// The derivative may be taken in reverse mode only, any number of times; the function may be
/// batched, scanned and jitted as any other.
///
/// ```
/// use nnx::{Array, custom_vjp, grad};
/// // The identity, whose gradient is clipped. The bound is captured.
/// let clipped = |bound: f32| {
///     custom_vjp(
///         |x: &Array| x.clone(),
///         |x: &Array| (x.clone(), ()),
///         move |(): (), ct: &Array| ct.clip(-bound, bound),
///     )
/// };
/// let clip = clipped(1.0);
/// let gradient = grad(|x: &Array| (clip(x) * 5.0).sum(..), &Array::scalar(2.0_f32));
/// assert_eq!(gradient.item::<f32>(), 1.0);
/// ```
///
/// # Panics
/// The function panics if `f` uses traced arrays from outside; the derivative, if `forward`
/// returns something unlike `f`, or `backward` something unlike the argument.
#[track_caller]
pub fn custom_vjp<A, R, S>(
    f: impl Fn(&A) -> R,
    forward: impl Fn(&A) -> (R, S) + Send + Sync + 'static,
    backward: impl Fn(S, &R) -> A + Send + Sync + 'static,
) -> impl Fn(&A) -> R
where
    A: Module + Send + Sync,
    R: Module + Send + Sync,
    S: Module + Send + Sync,
{
    let made = MadeAt::here("custom_vjp");
    let forward = Arc::new(forward);
    let backward = Arc::new(move |residuals: S, ct: &R, _: &A| backward(residuals, ct));
    move |argument: &A| {
        let (f, forward, backward) = (|tree: &A| f(tree), forward.clone(), backward.clone());
        call::<&A, R, S, _, _, _>(made, Sets::Nothing, f, forward, backward, argument)
    }
}

/// Calls `f`, which may set Variables of its argument, with a reverse derivative of its own: [`custom_vjp()`] for
/// functions of `&mut` arguments. `flax.nnx.custom_vjp`.
///
/// `forward` computes what `f` computes and sets what `f` sets, and returns the result and anything that `backward`
/// needs. `backward` gets that, the cotangent of the result, and the cotangents of what `f` set: a tree like the
/// argument, whose other leaves hold no value, because `f` hands them on without being asked. It returns the cotangent
/// of the argument as it was before the call.
///
/// ```
/// use nnx::{Array, Param, Variable, custom_vjp_call, grad, module::BatchStat};
/// use nnx::Module;
/// #[derive(Module, Clone)]
/// struct Scale {
///     factor: Param,
///     calls: Variable<BatchStat>,
/// }
///
/// fn scaled((m, x): (&mut Scale, &Array)) -> Array {
///     m.calls.set(&*m.calls + 1);
///     x * &*m.factor
/// }
///
/// let mut model =
///     Scale { factor: Array::scalar(3.0_f32).into(), calls: Array::scalar(0).into() };
/// let loss = |m: &mut Scale| {
///     custom_vjp_call(
///         scaled,
///         |(m, x)| (scaled((m, x)), (m.clone(), x.clone())),
///         // The factor's gradient is doubled.
///         |(m, x): (Scale, Array), ct: &Array, _| {
///             let of_factor = Param::new(&x * ct * 2.0);
///             (Scale { factor: of_factor, ..m.clone() }, ct * &*m.factor)
///         },
///         (m, &Array::scalar(5.0_f32)),
///     )
/// };
/// assert_eq!(grad(loss, &mut model).factor.item::<f32>(), 10.0);
/// assert_eq!(model.calls.item::<i32>(), 1);
/// ```
///
/// # Panics
/// As the function that [`custom_vjp()`] returns, and if `f` changes static parts or plain arrays of the argument or
/// takes a value out of it. The derivative panics if `forward` does not set the Variables that `f` sets, or others.
#[track_caller]
pub fn custom_vjp_call<A, R, S>(
    f: impl for<'t> FnOnce(A::Body<'t>) -> R,
    forward: impl for<'t> Fn(A::Body<'t>) -> (R, S) + Send + Sync + 'static,
    backward: impl Fn(S, &R, &A::Tree) -> A::Tree + Send + Sync + 'static,
    argument: A,
) -> R
where
    A: Argument,
    A::Tree: Send + Sync,
    R: Module + Send + Sync,
    S: Module + Send + Sync,
{
    let made = MadeAt::here("custom_vjp");
    call(made, Sets::Variables, f, Arc::new(forward), Arc::new(backward), argument)
}

/// The changes that a function with a rule may make to its argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sets {
    Nothing,
    Variables,
}

impl Sets {
    /// Why another change is refused, after what was changed.
    fn reason(self) -> &'static str {
        match self {
            Sets::Nothing => ONLY_READS,
            Sets::Variables => "of which it may set Variables alone",
        }
    }
}

fn call<A, R, S, F, Forward, Backward>(
    made: MadeAt,
    sets: Sets,
    f: F,
    forward: Arc<Forward>,
    backward: Arc<Backward>,
    mut argument: A,
) -> R
where
    A: Argument,
    A::Tree: Send + Sync,
    R: Module + Send + Sync,
    S: Module + Send + Sync,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
    Forward: for<'t> Fn(A::Body<'t>) -> (R, S) + Send + Sync + 'static,
    Backward: Fn(S, &R, &A::Tree) -> A::Tree + Send + Sync + 'static,
{
    for leaf in leaves_of(|v| argument.flatten(v)) {
        or_raise(leaf.array.try_aval());
    }
    let call = TransformCall::at(made.location, made.op, &mut argument);
    let mut program = call.trace(f, &call.avals);
    if let Some(outer) = program.closed.captures.iter().find(|array| array.is_traced()) {
        call.invalid(format!(
            "the function uses a traced array from outside, {}, whose derivative would be lost; \
             pass it in the argument",
            outer.aval()
        ));
    }
    program.check_no_nodes(&call);
    check_changes(&call, &program, sets);
    let (set, results) = (program.set_leaves(), program.result_count());
    let args = call.arguments(&program);
    let graph = Body::from(std::mem::take(&mut program.closed.graph));
    let like = call.argument.twin(&mut Rebuild::new(|_, leaf: &Array| Array::of_aval(leaf.aval())));
    let shapes = RuleShapes {
        like: Arc::new(like),
        result: Arc::new(rebuild(&program.result, |_, leaf| Array::of_aval(leaf.aval()))),
        sets,
        set: set.into_iter().zip(graph.output_avals().split_off(results)).collect(),
        captured: graph.input_avals()[call.leaves..].into(),
    };
    let rule = shapes.rule::<A, S, _, _>(made, forward, backward);
    let op = CustomVjp { graph, rule: Rule(rule) };
    let outs = call.staged(&args, |args| bind(op, &args.iter().collect::<Vec<_>>()).to_vec());
    call.finish(program, &outs)
}

/// Raises an error if the function changed what it may not.
fn check_changes<A: Argument, R>(
    call: &TransformCall<'_, A>,
    program: &TransformProgram<R>,
    sets: Sets,
) {
    let Some((i, changes)) = program.first_change() else { return };
    if sets == Sets::Nothing {
        call.invalid(format!("the function {changes} {}, {ONLY_READS}", call.path(i)));
    }
    let emptied = |update: &Update| matches!(update, Update::Emptied(_));
    if let Some(i) = program.changes.updates.iter().position(emptied) {
        let path = call.path(i);
        call.invalid(format!(
            "the function takes the value out of {path}, which has no derivative"
        ));
    }
}

/// The trees of a call, of shapes alone: the values belong to the trace that runs.
struct RuleShapes<T, R> {
    like: Arc<T>,
    result: Arc<R>,
    sets: Sets,
    /// The leaves of the argument that the function sets, and what they become.
    set: Arc<[(usize, Aval)]>,
    /// The arrays that the function captured.
    captured: Arc<[Aval]>,
}

impl<T: Module + Send + Sync, R: Module + Send + Sync> RuleShapes<T, R> {
    /// The halves of a reverse derivative over the leaves of trees. What the first keeps has a structure
    /// that is known only after it ran.
    fn rule<A, S, Forward, Backward>(
        self,
        made: MadeAt,
        forward: Arc<Forward>,
        backward: Arc<Backward>,
    ) -> VjpRule
    where
        A: Argument<Tree = T>,
        S: Module + Send + Sync,
        Forward: for<'t> Fn(A::Body<'t>) -> (R, S) + Send + Sync + 'static,
        Backward: Fn(S, &R, &T) -> T + Send + Sync + 'static,
    {
        // The nodes in it come last: they are freed after it.
        let kept: Arc<Mutex<Option<(S, NewNodes)>>> = Arc::default();
        let keep = kept.clone();
        let RuleShapes { like, result: like_result, sets, set, captured } = self;
        let (tree, expected, to_set) = (like.clone(), like_result.clone(), set.clone());
        let forward: ArrayFn = Arc::new(move |args: &[Array]| {
            let nodes = NewNodes::default();
            let _noting = nodes.note();
            let mut argument = with_leaves(&*tree, args);
            let before = BeforeForward::of(&argument);
            let (result, residuals) = forward(A::lend(&mut argument));
            let updates = before.updates(made, sets, &argument, &to_set);
            let places = ["what the function returns", "what `forward` returns"];
            if let Some(what) = difference_of(&*expected, &result, places) {
                made.invalid(format!("`forward` must compute what the function does: {what}"));
            }
            let mut outs = leaves(&result);
            outs.extend(updates);
            outs.extend(leaves(&residuals));
            let template = rebuild(&residuals, |_, leaf| Array::of_aval(leaf.aval()));
            *keep.lock().unwrap_or_else(|e| e.into_inner()) = Some((template, nodes));
            outs
        });
        let backward: ArrayFn = Arc::new(move |args: &[Array]| {
            let _noting = NewNodes::noting();
            let template = kept.lock().unwrap_or_else(|e| e.into_inner());
            let Some((template, _)) = template.as_ref() else {
                made.invalid("`backward` runs before `forward`".into())
            };
            let (residuals, cts) = args.split_at(collect_leaves(template).len());
            let residuals = with_leaves(template, residuals);
            let is_differentiable = differentiable(&*like_result);
            let (of_result, of_updates) = cts.split_at(is_differentiable.len());
            let pairs = of_result.iter().zip(is_differentiable);
            let given: Vec<Array> = pairs
                .filter(|(_, differentiable)| *differentiable)
                .map(|(ct, _)| ct.clone())
                .collect();
            let ct = tree_of(&*like_result, &given, "cotangent");
            let of_updates = cotangents_of_updates(&*like, &set, of_updates);
            let cotangent = backward(residuals, &ct, &of_updates);
            let mut cts =
                differentiable_leaves(made, "what `backward` returns", &*like, &cotangent);
            // Captured arrays are constants: nothing asks for their cotangents.
            let constants = captured.iter().filter(|aval| aval.dtype().is_differentiable());
            cts.extend(constants.map(Array::zeros_aval));
            cts
        });
        VjpRule { forward, backward }
    }
}

/// A tree like the argument of the cotangents of those leaves that the function set.
fn cotangents_of_updates<M: Module>(like: &M, set: &[(usize, Aval)], cts: &[Array]) -> M {
    rebuild(like, |i, leaf| match set.iter().position(|(leaf, _)| *leaf == i) {
        Some(at) if set[at].1.dtype().is_differentiable() => cts[at].clone(),
        Some(_) => no_derivative("cotangent", "this leaf", leaf.dtype()),
        None => Array::absent("there is no cotangent here: the function does not set it"),
    })
}

/// An argument before `forward` ran.
struct BeforeForward {
    statics: Statics,
    leaves: Vec<Array>,
}

impl BeforeForward {
    fn of<M: Module>(argument: &M) -> BeforeForward {
        BeforeForward { statics: Statics::of(|v| argument.flatten(v)), leaves: leaves(argument) }
    }

    /// The new values of the leaves `set`, which are those that have one.
    fn updates<M: Module>(
        self,
        made: MadeAt,
        sets: Sets,
        after: &M,
        set: &[(usize, Aval)],
    ) -> Vec<Array> {
        const LIKE: &str = "`forward` must set what the function sets";
        if let Some(difference) = self.statics.difference(&Statics::of(|v| after.flatten(v))) {
            let (reason, what) = (sets.reason(), difference.message);
            made.invalid(format!("`forward` changes its argument, {reason}: {what}"));
        }
        let leaves = leaves(after);
        for (i, (old, new)) in self.leaves.iter().zip(&leaves).enumerate() {
            let path = || paths(|v| after.flatten(v))[i].to_string();
            let expected = set.iter().find(|(leaf, _)| *leaf == i).map(|(_, aval)| aval);
            match (expected, old.is_same_value(new)) {
                (None, true) => {}
                // It is set to the value of another leaf, which it had already.
                (Some(_), true)
                    if self
                        .leaves
                        .iter()
                        .enumerate()
                        .any(|(j, x)| j != i && x.is_same_value(new)) => {}
                (None, false) if sets == Sets::Nothing => {
                    made.invalid(format!("`forward` changes `{}`, {ONLY_READS}", path()))
                }
                (None, false) => {
                    made.invalid(format!("{LIKE}: it sets `{}`, and the function does not", path()))
                }
                (Some(_), true) => {
                    made.invalid(format!("{LIKE}: the function sets `{}`, and it does not", path()))
                }
                (Some(aval), false) if new.try_aval().ok() == Some(aval) => {}
                (Some(aval), false) => {
                    let got = new.try_aval().map_or("nothing".to_owned(), |aval| aval.to_string());
                    made.invalid(format!("{LIKE}: `{}` becomes {got}, not {aval}", path()))
                }
            }
        }
        set.iter().map(|(i, _)| leaves[*i].clone()).collect()
    }
}
