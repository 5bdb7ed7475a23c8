//! Rates by how far the parameters have come.

use super::hyper::{optimizer, transformation};
use super::{
    AddDecayedWeights, GradientTransformation, Mask, Params, ScaleByLearningRate,
    add_decayed_weights, scale_by_learning_rate,
};
use crate::array::where_;
use crate::graph::Array;
use crate::module::{OptState, Variable};
use crate::value::DType;
use nnx_derive::Module;

/// Σ (x − y)² over all elements.
fn square_distance(x: &Params, y: &Params) -> Array {
    let difference = x.zip(y, |x, y| x - y);
    difference.vdot(&difference)
}

transformation! {
    ScaleByDistanceOverGradients;
    /// Scales the updates of each parameter by the distance from where it started over the root of the sum of its squared
    /// gradients. `optax.scale_by_distance_over_gradients`; [`scale_by_dog`] has one rate for all.
    ///
    /// Source: Ivgi et al., "DoG is SGD's Best Friend", 2023.
    scale_by_distance_over_gradients() {
        /// The first distance, as a share of 1 and the parameter's norm.
        reps_rel: f64 = 1e-6,
        /// Added below the root.
        eps: f64 = 1e-8,
        /// A factor of all rates.
        global_scale: f64 = 1.0,
    }
}

/// How far each parameter has come.
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct ScaleByDistanceOverGradientsState {
    /// The largest distance, a scalar for each parameter.
    pub max_dist: Params,
    /// The sum of squared gradients, a scalar for each parameter.
    pub grad_sum_of_squares: Params,
    /// The parameters at the start.
    pub init_params: Params,
}

fn norm(x: &Array) -> Array {
    x.to_wide().square().sum(..).sqrt()
}

impl GradientTransformation for ScaleByDistanceOverGradients {
    type State = ScaleByDistanceOverGradientsState;

    fn init(&self, params: &Params) -> Self::State {
        ScaleByDistanceOverGradientsState {
            max_dist: params.map(|p| (norm(p) + 1.0) * self.reps_rel),
            grad_sum_of_squares: params.map(|p| norm(p) * 0.0),
            init_params: params.map(Array::to_wide),
        }
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        let distance = params.zip(&state.init_params, |p, start| norm(&(p - start)));
        state.max_dist = state.max_dist.zip(&distance, |most, now| most.maximum(now));
        state.grad_sum_of_squares =
            state.grad_sum_of_squares.zip(&updates, |sum, g| sum + g.to_wide().square().sum(..));
        let rates = state
            .max_dist
            .zip(&state.grad_sum_of_squares, |d, sum| d / (sum + self.eps).sqrt() * self.global_scale);
        updates.zip(&rates, |g, rate| g * rate.astype(g.dtype()))
    }
}
