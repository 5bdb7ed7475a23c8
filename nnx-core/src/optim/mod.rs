//! Optimizers in the style of Optax: gradient transformations that chain, schedules, losses, and
//! [`Optimizer`], which keeps their state next to a model.
//!
//! Every transformation computes the numbers of its namesake in Optax, operation by operation, so
//! that a run gives the losses that it gives in JAX.
//!
//! ```
//! use nnx::nn::Linear;
//! use nnx::optim::{self, Optimizer};
//! use nnx::random::Rngs;
//! use nnx::{DType, array, value_and_grad};
//!
//! let mut model = Linear::new(4, 2, &mut Rngs::new(0));
//! // Clip, then AdamW with a warm-up: a tuple is a chain.
//! let schedule = optim::warmup_cosine_decay_schedule(0.0, 0.05, 10, 100, 0.0);
//! let mut opt = Optimizer::new(&model, (optim::clip_by_global_norm(1.0), optim::adamw(schedule)));
//!
//! let x = array::ones([8, 4], DType::F32);
//! let loss_fn = |model: &mut Linear| (model.forward(&x) - 1.0).square().mean(..);
//! let losses = [(); 50].map(|()| {
//!     let (loss, grads) = value_and_grad(loss_fn, &mut model);
//!     opt.update(&mut model, &grads);
//!     loss.item::<f32>()
//! });
//! assert!(losses[49] < 0.1 * losses[0]);
//! ```
//!
//! [`Optimizer::wrt`] trains a part of a model, such as its low-rank adaptation alone; [`partition`] gives groups of
//! parameters transformations of their own, [`freeze`] leaves a group as it is, and a [`Mask`] says which
//! parameters decay. A learning rate that is an array can be set between
//! steps without another program, and [`inject_hyperparams`] keeps all numbers of an optimizer so.

mod adam;
mod ademamix;
mod apply_if_finite;
mod assignment;
mod block;
mod chain;
mod clip;
mod conditional;
mod decay;
mod distance;
mod extra;
mod factored;
mod functions;
mod galore;
mod gradient;
mod hyper;
mod hyperparam;
mod inject;
mod layout;
mod lbfgs;
mod line_search;
mod linear;
mod lion;
mod lookahead;
mod loss_scale;
pub mod losses;
mod mechanic;
mod microbatching;
mod minimize;
mod moments;
mod momentum;
mod momo;
mod monitor;
mod multi_steps;
mod muon;
mod noise;
mod optimizer;
mod parameter_free;
mod params;
mod partition;
mod perturbations;
mod plateau;
mod polyak;
mod private;
pub mod projections;
mod rms;
mod rprop;
mod sam;
mod scale;
mod schedule;
mod schedule_free;
mod sm3;
mod sophia;
mod targets;
mod tree;
mod yogi;

pub use adam::*;
pub use ademamix::*;
pub use apply_if_finite::*;
pub use assignment::*;
pub use block::*;
pub use clip::*;
pub use conditional::*;
pub use decay::*;
pub use distance::*;
pub use extra::ExtraArgs;
pub use factored::*;
pub use galore::*;
pub use gradient::*;
pub use hyperparam::*;
pub use inject::*;
pub use layout::*;
pub use lbfgs::*;
pub use line_search::*;
pub use linear::*;
pub use lion::*;
pub use lookahead::*;
pub use loss_scale::LossScale;
pub use mechanic::*;
pub use microbatching::*;
pub use minimize::*;
pub use momentum::*;
pub use momo::*;
pub use monitor::*;
pub use multi_steps::*;
pub use muon::*;
pub use noise::*;
pub use optimizer::*;
pub use parameter_free::*;
pub use params::*;
pub use partition::*;
pub use perturbations::*;
pub use plateau::*;
pub use polyak::*;
pub use private::*;
pub use rms::*;
pub use rprop::*;
pub use sam::*;
pub use scale::*;
pub use schedule::*;
pub use schedule_free::*;
pub use sm3::*;
pub use sophia::*;
pub use targets::*;
pub use yogi::*;

use crate::graph::Array;
use crate::module::Module;

/// Turns gradients into updates, and remembers what it needs from one step to the next.
///
/// A transformation is a Module: its numbers are static, and an array in it would be an input of
/// the program. Tuples of transformations are chains: each gets what the one before it made.
///
/// ```
/// use nnx::optim::{GradientTransformation, Params};
///
/// /// Updates in the opposite direction.
/// #[derive(nnx::Module)]
/// struct Negate;
///
/// impl GradientTransformation for Negate {
///     type State = ();
///     fn init(&self, _: &Params) {}
///     fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
///         updates.map(|u| -u)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    label = "not a gradient transformation",
    note = "give one of `nnx::optim` (`adam(1e-3)`, `sgd(0.1)`, `chain((clip_by_global_norm(1.0), adam(1e-3)))`), or a type of yours that implements `GradientTransformation`"
)]
pub trait GradientTransformation: Module {
    /// The state: Variables of kind `OptState`.
    type State: Module;

    /// The state before the first step for parameters of these shapes.
    fn init(&self, params: &Params) -> Self::State;

    /// The updates to add to `params`, made of `updates`: the gradients, or what the
    /// transformation before this one in the chain has made of them.
    ///
    /// ```
    /// use nnx::optim::{GradientTransformation, Params, trace};
    /// use nnx::{Array, Everything, Param};
    ///
    /// // By hand, without an `Optimizer`.
    /// let params = Params::of(&Param::new(Array::scalar(1.0_f32)), &Everything);
    /// let tx = trace(0.5);
    /// let mut state = tx.init(&params);
    /// let updates = [4.0, 2.0].map(|g| tx.update(params.full_like(g), &mut state, &params));
    /// // 2 + 0.5 · 4
    /// assert_eq!(updates[1].get("").unwrap().item::<f32>(), 4.0);
    /// ```
    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params;

    /// The updates, where the optimizer was told more than gradients. What holds other transformations passes `extra`
    /// on to them; most need nothing of it, and this is [`update`](GradientTransformation::update).
    /// `optax.GradientTransformationExtraArgs`.
    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        _extra: &ExtraArgs<'_>,
    ) -> Params {
        self.update(updates, state, params)
    }

    /// Whether the updates that this takes have an axis of examples in front of the parameters' axes, as
    /// [`differentially_private_aggregate`] needs them. What holds another transformation says what that one says, if
    /// it makes nothing of the updates itself.
    fn takes_examples(&self) -> bool {
        false
    }
}

/// `count` + 1, which stays at the largest integer instead of overflowing.
/// `optax.safe_increment`.
fn safe_increment(count: &Array) -> Array {
    let max = Array::constant_int(count.dtype(), i64::from(i32::MAX));
    crate::array::select(count.lt(&max), &(count + 1), &max)
}
