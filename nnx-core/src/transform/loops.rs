//! `while_loop` and `fori_loop`.

use super::lend::{Owned, TransformCall, TransformProgram, result_of};
use super::scan::{length, scanned};
use super::trees::{Compared, difference, invalid};
use crate::graph::Array;
use crate::module::compare::KnownNodes;
use crate::module::walk::{copy_outside_nodes, links_of, nodes_of};
use crate::module::{Module, Seen};
use crate::ops::While;
use crate::rewrite::align;
use crate::value::{Aval, DType};
use std::panic::Location;

/// The carry before and after a step, for messages.
const CARRY: [&str; 2] = ["the carry at the start", "the carry that the body returns"];

/// Runs `body` on the carry as long as `condition` holds. `jax.lax.while_loop`,
/// `flax.nnx.while_loop`.
///
/// The carry is any tree and keeps its structure, shapes and dtypes. Only forward mode can
/// differentiate it: for reverse mode use [`scan`](super::scan()) or [`fori_loop`] with integers for bounds.
///
/// ```
/// use nnx::{Array, while_loop};
/// let collatz = while_loop(
///     |(n, _): &(Array, Array)| n.gt(1),
///     |(n, steps)| {
///         let even = (&n % 2).eq(0);
///         (nnx::array::select(&even, &n.floor_divide(2), &(&n * 3 + 1)), steps + 1)
///     },
///     (Array::scalar(6), Array::scalar(0)),
/// );
/// assert_eq!(collatz.1.item::<i32>(), 8);
/// ```
///
/// # Panics
/// Panics if the condition is not a bool scalar, or the carry changes its structure, a shape or a
/// dtype.
#[track_caller]
pub fn while_loop<C: Module>(
    condition: impl FnOnce(&C) -> Array,
    body: impl FnOnce(C) -> C,
    init: C,
) -> C {
    repeated("while_loop", condition, body, init)
}

/// A loop, called `op` in messages.
#[track_caller]
fn repeated<C: Module>(
    op: &'static str,
    condition: impl FnOnce(&C) -> Array,
    body: impl FnOnce(C) -> C,
    init: C,
) -> C {
    let mut init = Owned::new(init);
    let call = TransformCall::new(op, &mut init);
    let going = call.trace(|carry: C| condition(&carry), &call.avals);
    let holds = going.result.aval();
    if *holds != Aval::scalar(DType::Bool) {
        call.invalid(format!("the condition must be a bool scalar, got {holds}"));
    }
    let next = call.trace(body, &call.avals);
    if let Some((i, changes)) = going.first_change() {
        let path = call.path(i);
        call.invalid(format!("the condition {changes} {path}, which is in a shared node"));
    }
    let mut next = next;
    let start = Compared { tree: &*call.argument, place: CARRY[0], nodes: next.twins.originals() };
    let end = Compared { tree: &next.result, place: CARRY[1], nodes: next.twins.known() };
    if let Some(what) = difference(&start, &end, &|number| call.node_name(number)) {
        call.invalid(format!("the carry must keep its structure, shapes and dtypes: {what}"));
    }
    let carry = call.values.len();
    let steps = call.carried(&mut next, call.leaves);
    let all = std::mem::take(&mut next.closed.graph.outputs);
    next.closed.graph.outputs = steps.iter().map(|&(_, output)| all[output]).collect();
    let TransformProgram { closed: going, result: verdict, twins: of_condition, .. } = going;
    let TransformProgram { closed: next, result: traced, results, changes, twins, .. } = next;
    drop((verdict, of_condition));
    let (graphs, captures, scopes) = align(carry, vec![going, next]);
    let [condition, body] = graphs.try_into().unwrap_or_default();
    let op = While { condition: condition.into(), body: body.into(), carry };
    let args: Vec<Array> = call.values.iter().chain(&captures).cloned().collect();
    let outs = call.staged(&args, |args| op.bind(args).to_vec());
    // The end, by the outputs of a step.
    let mut by_output = vec![Array::absent("no output of a step"); all.len()];
    steps.iter().zip(outs).for_each(|(&(_, output), out)| by_output[output] = out);
    let outs = by_output;
    let mut call = call;
    call.write_back(&changes, &outs);
    let end = result_of(&traced, &results, &twins, &outs);
    drop((traced, twins));
    scopes.iter().for_each(|scope| call.check_left(scope));
    end
}

/// A bound of [`fori_loop`].
///
/// ```
/// use nnx::{Array, fori_loop};
///
/// let power = |n: &Array| fori_loop(0, n, |_, c: Array| c * 2, Array::scalar(1));
/// assert_eq!(power(&Array::scalar(5)).item::<i32>(), 32); // `Computed`: not known while tracing
/// let known = fori_loop(0, 5, |_, c: Array| c * 2, Array::scalar(1));
/// assert_eq!(known.item::<i32>(), 32);
/// ```
pub enum Bound {
    /// Known while tracing.
    Known(i64),
    /// An integer scalar.
    Computed(Array),
}

impl From<i32> for Bound {
    fn from(n: i32) -> Bound {
        Bound::Known(n.into())
    }
}

impl From<usize> for Bound {
    fn from(n: usize) -> Bound {
        // A number beyond i64 is beyond i32 too.
        Bound::Known(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<Array> for Bound {
    fn from(n: Array) -> Bound {
        Bound::Computed(n)
    }
}

impl From<&Array> for Bound {
    fn from(n: &Array) -> Bound {
        Bound::Computed(n.clone())
    }
}

impl Bound {
    /// Raises an error if the bound is not an integer scalar, or is beyond i32.
    fn check(&self, location: &'static Location<'static>) {
        let wrong = match self {
            Bound::Known(n) => i32::try_from(*n).is_err().then(|| n.to_string()),
            Bound::Computed(array) => {
                let aval = array.aval();
                (aval.rank() > 0 || !aval.dtype().is_int()).then(|| aval.to_string())
            }
        };
        if let Some(what) = wrong {
            let message =
                format!("a bound must be an integer scalar in the range of i32, got {what}");
            invalid("fori_loop", message, location);
        }
    }

    fn array(self) -> Array {
        match self {
            Bound::Known(n) => Array::constant_int(DType::I32, n),
            Bound::Computed(array) => array.astype(DType::I32),
        }
    }
}

/// Runs `body(i, carry)` for `i` from `lower` up to but without `upper`, an i32 scalar.
/// `jax.lax.fori_loop`, `flax.nnx.fori_loop`.
///
/// With integers for bounds it is a [`scan`](super::scan()), which reverse mode can differentiate; with an [`Array`]
/// it is a [`while_loop`].
///
/// ```
/// use nnx::{Array, fori_loop};
/// let factorial = fori_loop(1, 6, |i, c: Array| c * i, Array::scalar(1));
/// assert_eq!(factorial.item::<i32>(), 120);
/// ```
///
/// # Panics
/// Panics if a bound is not an integer scalar in the range of i32, there are more than 2^31 − 1 steps between two
/// integers, or the carry changes its structure, a shape or a dtype.
#[track_caller]
pub fn fori_loop<C: Module>(
    lower: impl Into<Bound>,
    upper: impl Into<Bound>,
    body: impl FnOnce(Array, C) -> C,
    init: C,
) -> C {
    let (lower, upper) = (lower.into(), upper.into());
    let location = Location::caller();
    lower.check(location);
    upper.check(location);
    match (lower, upper) {
        (Bound::Known(lower), Bound::Known(upper)) => {
            let n = (upper - lower).max(0) as usize;
            let start = Array::constant_int(DType::I32, lower);
            let step = |(i, carry): (Array, C), ()| {
                let next = &i + 1;
                ((next, step_of(body, i, carry, location)), ())
            };
            scanned("fori_loop", step, (start, init), length(n)).0.1
        }
        (lower, upper) => {
            let (lower, upper) = (lower.array(), upper.array());
            let going = |(i, _): &(Array, C)| i.lt(&upper);
            let step = |(i, carry): (Array, C)| {
                let next = &i + 1;
                (next, step_of(body, i, carry, location))
            };
            repeated("fori_loop", going, step, (lower, init)).1
        }
    }
}

/// One step of [`fori_loop`], which must keep the carry as it is in kind.
fn step_of<C: Module>(
    body: impl FnOnce(Array, C) -> C,
    i: Array,
    carry: C,
    location: &'static Location<'static>,
) -> C {
    let before = copy_outside_nodes(&carry);
    let (mut nodes, mut outside) = (Seen::default(), Seen::default());
    nodes_of(|v| before.flatten(v)).iter().for_each(|(_, node)| {
        nodes.arrive(&**node);
    });
    let linked = links_of(|v| before.flatten(v));
    linked.iter().filter(|(_, node)| nodes.number(node.id()).is_none()).for_each(|(_, node)| {
        outside.arrive(&**node);
    });
    let nodes = KnownNodes { inside: nodes, outside: Some(outside) };
    let next = body(i, carry);
    let old = Compared { tree: &before, place: CARRY[0], nodes: nodes.clone() };
    let new = Compared { tree: &next, place: CARRY[1], nodes };
    let name = |number| format!("shared node {number} of the carry");
    if let Some(what) = difference(&old, &new, &name) {
        let message = format!("the carry must keep its structure, shapes and dtypes: {what}");
        invalid("fori_loop", message, location);
    }
    next
}
