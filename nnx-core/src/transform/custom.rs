//! Functions with derivatives given by the user.

use super::lend::{TransformCall, TransformProgram};
use super::trees::{
    difference_in_form, difference_of, invalid, leaves, no_derivative, with_leaves,
};
use crate::error::or_raise;
use crate::graph::{Array, Body, Closed, Jvp, Rule, Tangents, with_location};
use crate::module::Module;
use crate::module::compare::Statics;
use crate::module::new_nodes::NewNodes;
use crate::module::walk::{collect_leaves, leaves_of, paths, rebuild};
use crate::ops::{ArrayFn, CustomVjp, JvpRule, VjpRule, WithRule};
use crate::run::{bind, staged};
use crate::value::Aval;
use std::panic::Location;
use std::sync::{Arc, Mutex};

/// Where a function with a rule of its own was made. A closure does not know who calls it, so that mistakes
/// are told at this line.
#[derive(Clone, Copy)]
struct MadeAt {
    op: &'static str,
    location: &'static Location<'static>,
}

impl MadeAt {
    #[track_caller]
    fn here(op: &'static str) -> Self {
        MadeAt { op, location: Location::caller() }
    }

    fn invalid(self, message: String) -> ! {
        invalid(self.op, message, self.location)
    }
}

/// The reason why a change is refused, after the path of what was changed.
const ONLY_READS: &str = "which is in a shared node: it may only read, because its derivative would not know of the \
                          change";

/// The result of a part of a rule, called `part` in messages, for a copy of the argument.
fn only_reading<A: Module, R>(
    made: MadeAt,
    part: &str,
    argument: &A,
    f: impl FnOnce(&A) -> R,
) -> R {
    let state = |tree: &A| (Statics::of(|v| tree.flatten(v)), leaves_of(|v| tree.flatten(v)));
    let (statics, leaves) = state(argument);
    let result = f(argument);
    let (statics_after, leaves_after) = state(argument);
    if let Some(difference) = statics.difference(&statics_after) {
        let what = difference.message;
        made.invalid(format!("`{part}` changes its argument, {ONLY_READS}: {what}"));
    }
    let mut pairs = leaves.iter().zip(&leaves_after);
    if let Some(i) = pairs.position(|(old, new)| !old.array.is_same_value(&new.array)) {
        let path = &paths(|v| argument.flatten(v))[i];
        made.invalid(format!("`{part}` changes `{path}`, {ONLY_READS}"));
    }
    result
}

/// A function as a program, for the shapes and dtypes of one call.
fn trace_call<A: Module, R: Module>(
    made: MadeAt,
    f: &dyn Fn(&A) -> R,
    mut argument: &A,
) -> (Closed, R) {
    for leaf in collect_leaves(argument) {
        or_raise(leaf.array.try_aval());
    }
    let call = TransformCall::at(made.location, made.op, &mut argument);
    let program = call.trace(|argument: &A| f(argument), &call.avals);
    if let Some(outer) = program.closed.captures.iter().find(|array| array.is_traced()) {
        call.invalid(format!(
            "the function uses a traced array from outside, {}, whose derivative would be lost; \
             pass it in the argument",
            outer.aval()
        ));
    }
    program.check_no_nodes(&call);
    if let Some((i, changes)) = program.first_change() {
        call.invalid(format!("the function {changes} {}, {ONLY_READS}", call.path(i)));
    }
    let TransformProgram { closed, result: traced, twins, .. } = program;
    let result = rebuild(&traced, |_, leaf| Array::of_aval(leaf.aval()));
    drop((traced, twins));
    call.check_left(&closed.scope);
    (closed, result)
}

/// Which leaves have derivatives.
fn differentiable<M: Module>(tree: &M) -> Vec<bool> {
    leaves(tree).iter().map(|leaf| leaf.dtype().is_differentiable()).collect()
}

/// A tree like `like` whose differentiable leaves are `given` in turn; the others hold no value.
fn tree_of<M: Module>(like: &M, given: &[Array], what: &str) -> M {
    let mut given = given.iter();
    rebuild(like, |_, leaf| {
        let dtype = leaf.dtype();
        match dtype.is_differentiable().then(|| given.next()).flatten() {
            Some(array) => array.clone(),
            None => no_derivative(what, "this leaf", dtype),
        }
    })
}

/// The differentiable leaves of a derivative, which must be like those of `like`.
fn differentiable_leaves<M: Module>(made: MadeAt, what: &str, like: &M, given: &M) -> Vec<Array> {
    let (expected, found) = (collect_leaves(like), collect_leaves(given));
    if expected.len() != found.len() {
        made.invalid(format!("{what} has {} leaves, {} are needed", found.len(), expected.len()));
    }
    if let Some(difference) = difference_in_form(|v| like.flatten(v), |v| given.flatten(v)) {
        made.invalid(format!("of {what}, {difference}"));
    }
    let mut arrays = Vec::new();
    for (i, (like_leaf, leaf)) in expected.iter().zip(&found).enumerate() {
        let aval = like_leaf.array.aval();
        if !aval.dtype().is_differentiable() {
            continue;
        }
        match leaf.array.try_aval() {
            Ok(given) if given == aval => arrays.push(leaf.array.clone()),
            other => {
                let path = paths(|v| like.flatten(v))[i].to_string();
                let path = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
                let got = other.map_or("nothing".to_owned(), |aval| aval.to_string());
                made.invalid(format!("{what}{path} must be {aval}, got {got}"));
            }
        }
    }
    arrays
}

/// A function with a reverse derivative of its own. `jax.custom_vjp`.
///
/// `forward` computes what `f` computes, and anything that `backward` needs; `backward` gets that
/// and the cotangent of the result (zeros included), and returns the cotangent of the argument.
/// Leaves that are neither floats nor complex numbers have no cotangent: they hold no value in what `backward` gets, and are
/// not looked at in what it returns. The argument is any tree: an [`Array`], a tuple, a Module.
///
/// The derivative may be taken in reverse mode only, any number of times; the function may be
/// batched, scanned and jitted as any other.
///
/// ```
/// # use nnx_core::{Array, custom_vjp, grad};
/// // The identity, whose gradient is clipped.
/// let clip = custom_vjp(
///     |x: &Array| x.clone(),
///     |x: &Array| (x.clone(), ()),
///     |(): (), ct: &Array| ct.clip(-1.0, 1.0),
/// );
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
    let (forward, backward) = (Arc::new(forward), Arc::new(backward));
    move |argument: &A| {
        let (closed, result) = trace_call(made, &f, argument);
        let n = closed.graph.inputs.len() - closed.captures.len();
        let graph = Body::from(closed.graph);
        let rule = vjp_rule(made, argument, &result, n, &graph, forward.clone(), backward.clone());
        let op = CustomVjp { graph, rule: Rule(rule) };
        run(made, argument, &closed.captures, result, |args| {
            bind(op, &args.iter().collect::<Vec<_>>()).to_vec()
        })
    }
}

/// Runs an operation on the leaves of an argument and what its function captured.
fn run<A: Module, R: Module>(
    made: MadeAt,
    argument: &A,
    captures: &[Array],
    result: R,
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> R {
    let mut args = leaves(argument);
    args.extend(captures.iter().cloned());
    let body = |args: &[Array]| with_location(made.location, || body(args));
    let outs = or_raise(staged(made.op, &args, body));
    with_leaves(&result, &outs)
}

/// The halves of a reverse derivative over the leaves of trees. What the first keeps has a structure
/// that is known only after it ran.
fn vjp_rule<A, R, S>(
    made: MadeAt,
    argument: &A,
    result: &R,
    n: usize,
    graph: &crate::graph::Graph,
    forward: Arc<impl Fn(&A) -> (R, S) + Send + Sync + 'static>,
    backward: Arc<impl Fn(S, &R) -> A + Send + Sync + 'static>,
) -> VjpRule
where
    A: Module + Send + Sync,
    R: Module + Send + Sync,
    S: Module + Send + Sync,
{
    let like = Arc::new(rebuild(argument, |_, leaf| Array::of_aval(leaf.aval())));
    let like_result = Arc::new(rebuild(result, |_, leaf| Array::of_aval(leaf.aval())));
    let captured: Vec<Aval> = graph.input_avals()[n..].to_vec();
    // The nodes in it come last: they are freed after it.
    let kept: Arc<Mutex<Option<(S, NewNodes)>>> = Arc::default();
    let keep = kept.clone();
    let (tree, expected) = (like.clone(), like_result.clone());
    let forward: ArrayFn = Arc::new(move |args: &[Array]| {
        let nodes = NewNodes::default();
        let _noting = nodes.note();
        let argument = with_leaves(&*tree, &args[..n]);
        let (result, residuals) = only_reading(made, "forward", &argument, |tree| forward(tree));
        let places = ["what the function returns", "what `forward` returns"];
        if let Some(what) = difference_of(&*expected, &result, places) {
            made.invalid(format!("`forward` must compute what the function does: {what}"));
        }
        let mut outs = leaves(&result);
        outs.extend(leaves(&residuals));
        // Shapes only: the values belong to the trace that runs.
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
        let count = collect_leaves(template).len();
        let residuals = with_leaves(template, &args[..count]);
        let given: Vec<Array> = args[count..]
            .iter()
            .zip(differentiable(&*like_result))
            .filter(|(_, differentiable)| *differentiable)
            .map(|(ct, _)| ct.clone())
            .collect();
        let ct = tree_of(&*like_result, &given, "cotangent");
        let cotangent = backward(residuals, &ct);
        let mut cts = differentiable_leaves(made, "what `backward` returns", &*like, &cotangent);
        // Captured arrays are constants: nothing asks for their cotangents.
        let constants = captured.iter().filter(|aval| aval.dtype().is_differentiable());
        cts.extend(constants.map(Array::zeros_aval));
        cts
    });
    VjpRule { forward, backward }
}

/// A function with a derivative of its own, for forward and reverse mode. `jax.custom_jvp`.
///
/// `jvp` gets the argument and its tangent (zeros included), and returns the result and its tangent,
/// which must be linear in the argument's. Leaves that are neither floats nor complex numbers have no tangent: they hold no
/// value in what `jvp` gets, and are not looked at in what it returns.
///
/// ```
/// # use nnx_core::{Array, custom_jvp, grad};
/// // ln(1 + eˣ), whose derivative written out is exact for large x.
/// let softplus = custom_jvp(
///     |x: &Array| x.exp().log1p(),
///     |x: &Array, t: &Array| (x.exp().log1p(), t * x.sigmoid()),
/// );
/// assert_eq!(grad(|x: &Array| softplus(x), &Array::scalar(100.0_f32)).item::<f32>(), 1.0);
/// ```
///
/// # Panics
/// The function panics if `f` uses traced arrays from outside; the derivative, if `jvp` returns
/// something unlike `f`.
#[track_caller]
pub fn custom_jvp<A, R>(
    f: impl Fn(&A) -> R,
    jvp: impl Fn(&A, &A) -> (R, R) + Send + Sync + 'static,
) -> impl Fn(&A) -> R
where
    A: Module + Send + Sync,
    R: Module + Send + Sync,
{
    let made = MadeAt::here("custom_jvp");
    let jvp = Arc::new(jvp);
    move |argument: &A| {
        let (closed, result) = trace_call(made, &f, argument);
        let n = closed.graph.inputs.len() - closed.captures.len();
        let like = rebuild(argument, |_, leaf| Array::of_aval(leaf.aval()));
        let like_result = rebuild(&result, |_, leaf| Array::of_aval(leaf.aval()));
        let jvp = jvp.clone();
        let rule: JvpRule = Arc::new(move |cx: &Jvp<'_>| {
            let _noting = NewNodes::noting();
            let primals = with_leaves(&like, &cx.primals[..n]);
            let given: Vec<Array> = (0..n)
                .filter(|&i| cx.primals[i].dtype().is_differentiable())
                .map(|i| cx.or_zeros(i))
                .collect();
            let tangents = tree_of(&like, &given, "tangent");
            let (_, tangent) = only_reading(made, "jvp", &primals, |tree| jvp(tree, &tangents));
            let mut found =
                differentiable_leaves(made, "the tangent", &like_result, &tangent).into_iter();
            let tangents: Tangents = differentiable(&like_result)
                .into_iter()
                .map(|differentiable| if differentiable { found.next() } else { None })
                .collect();
            Ok(tangents)
        });
        let op = WithRule {
            name: "custom_jvp",
            params: String::new(),
            graph: closed.graph.into(),
            rule: Rule(rule),
        };
        run(made, argument, &closed.captures, result, |args| {
            bind(op, &args.iter().collect::<Vec<_>>()).to_vec()
        })
    }
}
