//! Slopes of functions that have none, by random steps. `optax.perturbations`.

use crate::graph::Array;
use crate::module::Module;
use crate::random::{Key, gumbel, normal, split};
use crate::transform::{trees, vmap};
use std::fmt;
use std::sync::Arc;

/// The distribution of the steps of [`make_perturbed_fun`].
///
/// ```
/// use nnx::optim::{Perturbation, PerturbationNoise};
///
/// let normal = Perturbation { noise: PerturbationNoise::Normal, ..Perturbation::default() };
/// assert_eq!(normal.num_samples, 1000);
/// ```
#[derive(Clone, Default)]
pub enum PerturbationNoise {
    /// Gumbel's distribution: `optax.perturbations.Gumbel`.
    #[default]
    Gumbel,
    /// The normal distribution: `optax.perturbations.Normal`.
    Normal,
    /// Another one: steps like an array by a key, and the logarithm of their density up to a constant.
    Custom(Sampler, LogDensity),
}

/// Random steps of the shape and dtype of an array.
pub type Sampler = Arc<dyn Fn(&Key, &Array) -> Array + Send + Sync>;

/// The logarithm of a density, for each element.
pub type LogDensity = Arc<dyn Fn(&Array) -> Array + Send + Sync>;

impl fmt::Debug for PerturbationNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PerturbationNoise::Gumbel => "Gumbel",
            PerturbationNoise::Normal => "Normal",
            PerturbationNoise::Custom(..) => "Custom",
        })
    }
}

impl PerturbationNoise {
    fn sample(&self, key: &Key, like: &Array) -> Array {
        match self {
            PerturbationNoise::Gumbel => gumbel(key, like.shape(), like.dtype()),
            PerturbationNoise::Normal => normal(key, like.shape(), like.dtype()),
            PerturbationNoise::Custom(sampler, _) => sampler(key, like),
        }
    }

    fn log_density(&self, z: &Array) -> Array {
        match self {
            PerturbationNoise::Gumbel => -z - (-z).exp(),
            PerturbationNoise::Normal => z.square() * -0.5,
            PerturbationNoise::Custom(_, log_density) => log_density(z),
        }
    }
}

/// The steps of [`make_perturbed_fun`].
///
/// ```
/// use nnx::optim::Perturbation;
///
/// let rough = Perturbation { num_samples: 10, sigma: 1.0, ..Perturbation::default() };
/// assert!(rough.use_baseline);
/// ```
#[derive(Debug, Clone)]
pub struct Perturbation {
    /// How many random steps are averaged over.
    pub num_samples: usize,
    /// How long the steps are.
    pub sigma: f64,
    /// How the steps are distributed.
    pub noise: PerturbationNoise,
    /// Whether the value without a step is subtracted from those with one, for slopes that vary less.
    pub use_baseline: bool,
}

impl Default for Perturbation {
    fn default() -> Self {
        Perturbation {
            num_samples: 1000,
            sigma: 0.1,
            noise: PerturbationNoise::Gumbel,
            use_baseline: true,
        }
    }
}

/// A function with slopes in place of `f`, which may have none: the mean of f(x + σz) over random z. Values and
/// derivatives of all orders are estimates without bias, made of values of `f` alone.
/// `optax.perturbations.make_perturbed_fun`.
///
/// `f` takes and gives trees of floats; the function takes a key besides.
///
/// ```
/// use nnx::optim::{Perturbation, make_perturbed_fun};
/// use nnx::{Array, grad, random::key};
///
/// // The number of positive elements, in steps.
/// let count = |x: &Array| x.gt(0.0).astype(x.dtype()).sum(..);
/// let smooth = make_perturbed_fun(count, Perturbation::default());
/// let slope = grad(|x: &Array| smooth(&key(0), x), &Array::from([0.0_f32, 9.0]));
/// // Only the first is near the step.
/// assert!(slope.to_vec::<f32>()[0] > 1.0 && slope.to_vec::<f32>()[1].abs() < 1.0);
/// ```
///
/// Source: Berthet et al., "Learning with Differentiable Perturbed Optimizers", 2020; Foerster et al., "DiCE: The
/// Infinitely Differentiable Monte Carlo Estimator", 2018.
///
/// # Panics
/// The function panics if `x` or the results of `f` are not floats.
pub fn make_perturbed_fun<A: Module, R: Module>(
    f: impl Fn(&A) -> R,
    perturbation: Perturbation,
) -> impl Fn(&Key, &A) -> R {
    move |key, x| {
        let Perturbation { num_samples, sigma, noise, use_baseline } = &perturbation;
        let leaves = trees::leaves(x);
        let still: Vec<Array> = leaves.iter().map(Array::stop_gradient).collect();
        let baseline = use_baseline.then(|| trees::leaves(&f(&trees::with_leaves(x, &still))));
        let of_key = |key: &Key| {
            let keys = split(key, leaves.len()).into_data();
            let shifted: Vec<Array> = (leaves.iter().enumerate())
                .map(|(i, x)| {
                    let key = Key::from_data(keys.slice([i.into()]));
                    let z = noise.sample(&key, x);
                    (x + z * *sigma).stop_gradient()
                })
                .collect();
            let log_densities = (leaves.iter().zip(&shifted))
                .map(|(x, shifted)| noise.log_density(&((shifted - x) / *sigma)).sum(..));
            let log_density = log_densities.reduce(|sum, part| sum + part);
            let log_density = log_density.unwrap_or_else(|| Array::scalar(0.0_f32));
            // 1, with the slopes of the logarithm.
            let one = (&log_density - log_density.stop_gradient()).exp();
            let found = f(&trees::with_leaves(x, &shifted));
            let scaled: Vec<Array> = (trees::leaves(&found).iter().enumerate())
                .map(|(i, y)| {
                    let one = one.astype(y.dtype());
                    match &baseline {
                        Some(baseline) => y * &one + (1.0 - &one) * &baseline[i],
                        None => y * one,
                    }
                })
                .collect();
            trees::with_leaves(&found, &scaled)
        };
        let all = vmap(of_key, &split(key, *num_samples), 0);
        let means: Vec<Array> = trees::leaves(&all).iter().map(|y| y.mean(0)).collect();
        trees::with_leaves(&all, &means)
    }
}
