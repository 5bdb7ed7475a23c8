//! `while_loop` and `fori_loop`.

use super::scan::{length, scan};
use super::tree::{Operands, difference, invalid, leaves};
use crate::error::or_raise;
use crate::graph::{Array, inherited_name, trace};
use crate::module::Module;
use crate::module::walk::rebuild;
use crate::ops::While;
use crate::rewrite::align;
use crate::run::staged;
use crate::value::{Aval, DType};
use std::panic::Location;

/// `init` with these values in place of the operands'.
fn with_operands<C: Module>(init: &C, operands: &Operands, values: &[Array]) -> C {
    let mut present = operands.present.iter().zip(values).peekable();
    rebuild(init, |i, old| match present.next_if(|(at, _)| **at == i) {
        Some((_, value)) => value.clone(),
        None => old.clone(),
    })
}

/// Runs `body` on the carry as long as `condition` holds. `jax.lax.while_loop`,
/// `flax.nnx.while_loop`.
///
/// The carry is any tree and keeps its structure, shapes and dtypes. Only forward mode can
/// differentiate it: for reverse mode use [`scan`] or [`fori_loop`] with integers for bounds.
///
/// ```
/// # use nnx_core::{Array, while_loop};
/// let collatz = while_loop(
///     |(n, _): &(Array, Array)| n.gt(1),
///     |(n, steps)| {
///         let even = (&n % 2).eq(0);
///         (nnx_core::array::select(&even, &n.floor_divide(2), &(&n * 3 + 1)), steps + 1)
///     },
///     (Array::scalar(6), Array::scalar(0)),
/// );
/// assert_eq!(collatz.1.item::<i32>(), 8);
/// ```
///
/// # Panics
/// When the condition is no bool scalar, or the carry changes its structure, a shape or a dtype.
#[track_caller]
pub fn while_loop<C: Module>(
    condition: impl FnOnce(&C) -> Array,
    body: impl FnOnce(C) -> C,
    init: C,
) -> C {
    const { crate::module::check::tree::<C>("while_loop") };
    let location = Location::caller();
    let operands = Operands::of(&&init);
    let name = inherited_name("while_loop");
    let (going, ()) = trace(name.clone(), &operands.avals, |inputs| {
        (vec![condition(&with_operands(&init, &operands, inputs))], ())
    });
    let holds = going.graph.aval(going.graph.outputs[0]);
    if holds != Aval::scalar(DType::Bool) {
        let message = format!("the condition must be a bool scalar, got {holds}");
        invalid("while_loop", message, location);
    }
    let (next, changed) = trace(name, &operands.avals, |inputs| {
        let next = body(with_operands(&init, &operands, inputs));
        let places = ["the carry at the start", "the carry that the body returns"];
        let changed = difference(&init, &next, places);
        let all = leaves(&next);
        let kept = operands.present.iter().filter_map(|&i| all.get(i).cloned());
        (kept.collect(), changed)
    });
    if let Some(what) = changed {
        let message = format!("the carry must keep its structure, shapes and dtypes: {what}");
        invalid("while_loop", message, location);
    }
    let carry = operands.values.len();
    let (graphs, captures) = align(carry, vec![going, next]);
    let [condition, body] = graphs.try_into().unwrap_or_default();
    let op = While { condition: condition.into(), body: body.into(), carry };
    let args: Vec<Array> = operands.values.iter().chain(&captures).cloned().collect();
    let outs = or_raise(staged("while_loop", &args, |args| op.bind(args).to_vec()));
    with_operands(&init, &operands, &outs)
}

/// A bound of [`fori_loop`].
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
        Bound::Known(n as i64)
    }
}

impl From<&Array> for Bound {
    fn from(n: &Array) -> Bound {
        Bound::Computed(n.clone())
    }
}

impl Bound {
    /// Says if it is no integer scalar, or beyond i32.
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
/// With integers for bounds it is a [`scan`], which reverse mode can differentiate; with an [`Array`]
/// it is a [`while_loop`].
///
/// ```
/// # use nnx_core::{Array, fori_loop};
/// let factorial = fori_loop(1, 6, |i, c: Array| c * i, Array::scalar(1));
/// assert_eq!(factorial.item::<i32>(), 120);
/// ```
///
/// # Panics
/// When a bound is no integer scalar, or the carry changes its structure, a shape or a dtype.
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
                ((next, body(i, carry)), ())
            };
            scan(step, (start, init), length(n)).0.1
        }
        (lower, upper) => {
            let (lower, upper) = (lower.array(), upper.array());
            let going = |(i, _): &(Array, C)| i.lt(&upper);
            let step = |(i, carry): (Array, C)| {
                let next = &i + 1;
                (next, body(i, carry))
            };
            while_loop(going, step, (lower, init)).1
        }
    }
}
