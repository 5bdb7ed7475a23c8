//! Copies of a model that follow it: target networks.

use crate::array::{AsArray, Operand, invalid, select};
use crate::graph::Array;
use crate::module::Module;
use crate::transform::trees::{difference_of, leaves, with_leaves};

/// `old` moved towards `new`: `step_size` · new + (1 − `step_size`) · old. `optax.incremental_update`.
///
/// Both are trees of one structure. Arrays that are not floats or complex numbers are those of `new`. For a mean that keeps
/// its own copy, see [`train::EMA`](crate::train::EMA).
///
/// ```
/// use nnx::{Array, optim::incremental_update};
///
/// let (new, old) = (Array::from([4.0_f32]), Array::from([0.0_f32]));
/// assert_eq!(incremental_update(&new, &old, 0.25).to_vec::<f32>(), [1.0]);
/// ```
///
/// Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
///
/// # Panics
/// Panics if the trees differ.
#[track_caller]
pub fn incremental_update<M: Module>(new: &M, old: &M, step_size: impl Operand) -> M {
    each("incremental_update", new, old, |new, old| {
        if !new.dtype().is_inexact() {
            return new.clone();
        }
        (new * &step_size + old - old * &step_size).astype(new.dtype())
    })
}

/// `new` at every `update_period`th step, and `old` at the others. `optax.periodic_update`.
///
/// ```
/// use nnx::{Array, optim::periodic_update};
///
/// let (new, old) = (Array::from([4.0_f32]), Array::from([0.0_f32]));
/// let at = |step: i32| periodic_update(&new, &old, Array::scalar(step), 10).item::<f32>();
/// assert_eq!((at(20), at(21)), (4.0, 0.0));
/// ```
///
/// Source: Mnih et al., "Human-level control through deep reinforcement learning", 2015.
///
/// # Panics
/// Panics if the trees differ, `steps` is not an integer scalar, or the period is not positive.
#[track_caller]
pub fn periodic_update<M: Module>(new: &M, old: &M, steps: impl AsArray, update_period: i32) -> M {
    let steps = steps.as_array();
    if steps.rank() > 0 || !steps.dtype().is_int() || update_period < 1 {
        let message = format!(
            "needs an integer scalar of steps and a period of at least 1, got {} and {update_period}",
            steps.aval()
        );
        invalid("periodic_update", message);
    }
    let now = (steps % update_period).eq(0);
    each("periodic_update", new, old, |new, old| {
        select(now.broadcast_to_dims(new.shape()), new, old)
    })
}

/// A tree of `f` of each pair of leaves.
#[track_caller]
fn each<M: Module>(op: &str, new: &M, old: &M, f: impl Fn(&Array, &Array) -> Array) -> M {
    if let Some(difference) = difference_of(new, old, ["the new tree", "the old tree"]) {
        invalid(op, format!("both must be alike: {difference}"));
    }
    let pairs = leaves(new).into_iter().zip(leaves(old));
    let found: Vec<Array> = pairs.map(|(new, old)| f(&new, &old)).collect();
    with_leaves(new, &found)
}
