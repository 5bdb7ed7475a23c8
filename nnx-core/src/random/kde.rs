//! Samples of an estimated density.

use super::{Key, choice, multivariate_normal, split};
use crate::array::stats::GaussianKde;
use crate::array::{IntoShape, shape_of, zeros};
use crate::graph::Array;

impl GaussianKde {
    /// Random samples `[d, …shape]`: one of the data each, moved by a normal number.
    ///
    /// # Panics
    /// Panics if `key` is a batch of keys or a size is negative.
    #[track_caller]
    pub fn resample(&self, key: &Key, shape: impl IntoShape) -> Array {
        let shape = shape_of("GaussianKde::resample", shape);
        let dtype = self.dataset.dtype();
        let [of_place, of_step] = split(key, 2).unstack();
        let place = choice(&of_place, self.n(), &shape[..], true, &self.weights);
        let mean = zeros([self.d()], dtype);
        let step = multivariate_normal(&of_step, &mean, &self.covariance, &shape[..], dtype);
        self.dataset.take(place, 1) + step.moveaxis(-1, 0)
    }
}
