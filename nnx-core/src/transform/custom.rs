//! Functions with derivatives given by the user.

use super::lend::{TransformCall, TransformProgram};
use super::trees::{OnlyRead, difference_in_form, invalid, leaves, no_derivative, with_leaves};
use crate::error::or_raise;
use crate::graph::{Array, Closed, Jvp, Rule, Tangents, with_location};
use crate::module::Module;
use crate::module::new_nodes::NewNodes;
use crate::module::walk::{collect_leaves, paths, rebuild};
use crate::ops::{JvpRule, WithRule};
use crate::run::{bind, staged};
use std::panic::Location;
use std::sync::Arc;

/// Where a function with a rule of its own was made. A closure does not know who calls it, so that mistakes
/// are told at this line.
#[derive(Clone, Copy)]
pub(super) struct MadeAt {
    pub(super) op: &'static str,
    pub(super) location: &'static Location<'static>,
}

impl MadeAt {
    #[track_caller]
    pub(super) fn here(op: &'static str) -> Self {
        MadeAt { op, location: Location::caller() }
    }

    pub(super) fn invalid(self, message: String) -> ! {
        invalid(self.op, message, self.location)
    }
}

/// The reason why a change is refused, after the path of what was changed.
pub(super) const ONLY_READS: &str = "which is in a shared node: it may only read, because its derivative would not know of the \
                          change";

/// The result of a part of a rule, called `part` in messages, for a copy of the argument.
fn only_reading<A: Module, R>(
    made: MadeAt,
    part: &str,
    argument: &A,
    f: impl FnOnce(&A) -> R,
) -> R {
    let before = OnlyRead::of(argument);
    let result = f(argument);
    if let Some(change) = before.change(argument, ONLY_READS) {
        made.invalid(format!("`{part}` {change}"));
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
pub(super) fn differentiable<M: Module>(tree: &M) -> Vec<bool> {
    leaves(tree).iter().map(|leaf| leaf.dtype().is_differentiable()).collect()
}

/// A tree like `like` whose differentiable leaves are `given` in turn; the others hold no value.
pub(super) fn tree_of<M: Module>(like: &M, given: &[Array], what: &str) -> M {
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
pub(super) fn differentiable_leaves<M: Module>(
    made: MadeAt,
    what: &str,
    like: &M,
    given: &M,
) -> Vec<Array> {
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

/// A function with a derivative of its own, for forward and reverse mode. `jax.custom_jvp`.
///
/// `jvp` gets the argument and its tangent (zeros included), and returns the result and its tangent,
/// which must be linear in the argument's. Leaves that are neither floats nor complex numbers have no tangent: they hold no
/// value in what `jvp` gets, and are not looked at in what it returns.
///
/// ```
/// use nnx::{Array, custom_jvp, grad};
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
