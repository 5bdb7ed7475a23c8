//! Densities estimated from samples.

use super::at_least_f32;
use crate::array::linalg::{cho_solve, cholesky, inv};
use crate::array::program::program;
use crate::array::special::ndtr;
use crate::array::{AsArray, Operand, OptionalArray, invalid, keepdims, logsumexp, one_program};
use crate::graph::Array;
use crate::value::promote_dtypes;
use std::f64::consts::TAU;

/// How wide the kernels of [`GaussianKde`] are: by which factor of the samples' own deviation.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Bandwidth {
    /// n^(−1 / (d + 4)) for n samples of d numbers: `"scott"`.
    #[default]
    Scott,
    /// (n (d + 2) / 4)^(−1 / (d + 4)): `"silverman"`.
    Silverman,
    /// This factor.
    Factor(f64),
}

/// A density estimated from samples: a Gaussian around each, all of one covariance.
/// `jax.scipy.stats.gaussian_kde`.
///
/// ```
/// use nnx::{Array, stats::{Bandwidth, GaussianKde}};
/// let kde = GaussianKde::new(&Array::from([0.0, 1.0, 1.5]), Bandwidth::Scott, None);
/// let density = kde.pdf(&Array::from([0.5, 4.0])).to_vec::<f64>();
/// assert!(density[0] > density[1]);
/// let below = kde.integrate_box_1d(f64::NEG_INFINITY, f64::INFINITY).item::<f64>();
/// assert!((below - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct GaussianKde {
    /// The samples `[d, n]`.
    pub dataset: Array,
    /// Their weights `[n]`, which are 1 together.
    pub weights: Array,
    /// 1 / Σ w²: how many samples of equal weight count as much.
    pub neff: Array,
    /// The covariance `[d, d]` of every Gaussian.
    pub covariance: Array,
    /// Its inverse.
    pub inv_cov: Array,
}

impl GaussianKde {
    /// That of the samples in the columns of `[d, n]`, or of the numbers `[n]`; they have equal weight without
    /// `weights` `[n]`. Integers become f32.
    ///
    /// # Panics
    /// Panics if there are more than two axes, fewer than two numbers, complex numbers, or other weights than
    /// one for each sample.
    #[track_caller]
    pub fn new(
        dataset: impl AsArray,
        bandwidth: Bandwidth,
        weights: impl OptionalArray,
    ) -> GaussianKde {
        const OP: &str = "GaussianKde";
        let (dataset, weights) = (dataset.as_array(), weights.optional());
        if dataset.rank() > 2 || dataset.size() < 2 || dataset.dtype().is_complex() {
            let got = dataset.aval();
            invalid(OP, format!("needs two or more real samples [n] or [d, n], got {got}"));
        }
        let n = dataset.shape()[dataset.rank() - 1];
        let mut dtype = dataset.dtype();
        if let Some(weights) = weights {
            if weights.shape() != [n] || weights.dtype().is_complex() {
                let (got, data) = (weights.aval(), dataset.aval());
                invalid(OP, format!("`weights` of {data} are real numbers [{n}], got {got}"));
            }
            dtype = promote_dtypes(dtype, weights.dtype());
        }
        let wide = at_least_f32(dtype);
        let args: Vec<Array> = [dataset].into_iter().chain(weights).cloned().collect();
        let parts = program(OP, &args, |args| {
            let dataset = args[0].astype(wide).atleast_2d();
            let d = dataset.shape()[0] as f64;
            let weights = match args.get(1) {
                Some(weights) => {
                    let weights = weights.astype(wide);
                    &weights / weights.sum(..)
                }
                None => crate::array::full([n], 1.0 / n as f64, wide),
            };
            let squares = weights.square().sum(..);
            let neff = 1.0 / &squares;
            let power = -1.0 / (d + 4.0);
            let factor = match bandwidth {
                Bandwidth::Scott => neff.pow(power),
                Bandwidth::Silverman => (&neff * ((d + 2.0) / 4.0)).pow(power),
                Bandwidth::Factor(factor) => neff.full_like(factor),
            };
            let centred = &dataset - (&dataset * &weights).sum(keepdims(1));
            let own = (&centred * &weights).matmul(centred.t()) / (1.0 - squares);
            let scale = factor.square();
            let (covariance, inv_cov) = (&own * &scale, inv(&own) / scale);
            vec![dataset, weights, neff, covariance, inv_cov]
        });
        let [dataset, weights, neff, covariance, inv_cov] =
            [0, 1, 2, 3, 4].map(|i| parts[i].clone());
        GaussianKde { dataset, weights, neff, covariance, inv_cov }
    }

    /// The number of dimensions.
    pub fn d(&self) -> usize {
        self.dataset.shape()[0]
    }

    /// The number of samples.
    pub fn n(&self) -> usize {
        self.dataset.shape()[1]
    }

    /// log w − |x − sample|² / 2 for points and samples, and the constant of all: `[m, n]`.
    #[track_caller]
    fn exponents(&self, op: &str, points: &Array) -> Vec<Array> {
        let d = self.d();
        let fits = match *points.shape() {
            [] => d == 1,
            [n] => d == 1 || n == d,
            [rows, _] => rows == d,
            _ => false,
        };
        if !fits || points.dtype().is_complex() {
            invalid(op, format!("needs real points [{d}, m], got {}", points.aval()));
        }
        let args = [points, &self.dataset, &self.inv_cov].map(Array::clone);
        program(op, &args, |args| {
            let [data, precision] = [&args[1], &args[2]];
            let points = args[0].astype(data.dtype());
            let points = match points.rank() {
                1 if d > 1 => points.expand_dims(1),
                _ => points.atleast_2d(),
            };
            let whitening = cholesky(precision);
            let log = whitening.diagonal(0, 0, 1).log().sum(..) - 0.5 * d as f64 * TAU.ln();
            let (x, y) = (points.t().matmul(&whitening), data.t().matmul(&whitening));
            let squares = (x.expand_dims(1) - y.expand_dims(0)).square().sum(-1);
            vec![log - squares * 0.5]
        })
    }

    /// The density at the points in the columns of `[d, m]`, or at the numbers `[m]`; the result is `[m]`.
    ///
    /// # Panics
    /// Panics if the points have other dimensions, or for complex numbers.
    #[track_caller]
    pub fn evaluate(&self, points: impl AsArray) -> Array {
        let exponents = self.exponents("GaussianKde::evaluate", points.as_array()).remove(0);
        let args = [exponents, self.weights.clone()];
        one_program("GaussianKde::evaluate", &args, |args| (args[0].exp() * &args[1]).sum(-1))
    }

    /// As [`evaluate`](GaussianKde::evaluate).
    ///
    /// # Panics
    /// As [`evaluate`](GaussianKde::evaluate).
    #[track_caller]
    pub fn pdf(&self, x: impl AsArray) -> Array {
        self.evaluate(x)
    }

    /// The logarithm of [`evaluate`](GaussianKde::evaluate), far away from all samples too.
    ///
    /// # Panics
    /// As [`evaluate`](GaussianKde::evaluate).
    #[track_caller]
    pub fn logpdf(&self, x: impl AsArray) -> Array {
        let exponents = self.exponents("GaussianKde::logpdf", x.as_array()).remove(0);
        let args = [exponents, self.weights.clone()];
        one_program("GaussianKde::logpdf", &args, |args| logsumexp(&(&args[0] + args[1].log()), -1))
    }

    /// The integral of the density between two numbers, of one dimension.
    ///
    /// # Panics
    /// Panics if there are several dimensions, or the limits are not scalars.
    #[track_caller]
    pub fn integrate_box_1d(&self, low: impl Operand, high: impl Operand) -> Array {
        const OP: &str = "GaussianKde::integrate_box_1d";
        let dtype = self.dataset.dtype();
        let (low, high) = (low.array(dtype), high.array(dtype));
        if self.d() != 1 || low.rank() > 0 || high.rank() > 0 {
            let (low, high) = (low.aval(), high.aval());
            let d = self.d();
            invalid(OP, format!("needs one dimension and scalars, got {d}, {low} and {high}"));
        }
        let args = [low, high, self.dataset.clone(), self.weights.clone(), self.covariance.clone()];
        one_program(OP, &args, |args| {
            let deviation = args[4].squeeze(..).sqrt();
            let data = args[2].squeeze(0);
            let [low, high] = [0, 1].map(|i: usize| ndtr(&((&args[i] - &data) / &deviation)));
            ((high - low) * &args[3]).sum(..)
        })
    }

    /// The integral of the density times a Gaussian with the mean `[d]` and the covariance `[d, d]`.
    ///
    /// # Panics
    /// Panics if the shapes are others.
    #[track_caller]
    pub fn integrate_gaussian(&self, mean: impl AsArray, cov: impl AsArray) -> Array {
        const OP: &str = "GaussianKde::integrate_gaussian";
        let (mean, cov, d) = (mean.as_array(), cov.as_array(), self.d());
        let scalars = d == 1 && mean.rank() == 0 && cov.rank() == 0;
        if !scalars && (mean.shape() != [d] || cov.shape() != [d, d]) {
            let (mean, cov) = (mean.aval(), cov.aval());
            invalid(
                OP,
                format!("needs a mean [{d}] and a covariance [{d}, {d}], got {mean} and {cov}"),
            );
        }
        let args = [mean, cov, &self.dataset, &self.weights, &self.covariance].map(Array::clone);
        one_program(OP, &args, |args| {
            let dtype = args[2].dtype();
            let mean = args[0].astype(dtype).reshape([d, 1]);
            let total = args[1].astype(dtype).reshape([d, d]) + &args[4];
            (overlap(&total, &(&args[2] - mean)) * &args[3]).sum(..)
        })
    }

    /// The integral of the product of two densities.
    ///
    /// # Panics
    /// Panics if they have other dimensions.
    #[track_caller]
    pub fn integrate_kde(&self, other: &GaussianKde) -> Array {
        const OP: &str = "GaussianKde::integrate_kde";
        let (d, theirs) = (self.d(), other.d());
        if d != theirs {
            let (ours, other) = (self.dataset.aval(), other.dataset.aval());
            invalid(
                OP,
                format!(
                    "needs data of equally many dimensions, got {d} of {ours} and {theirs} of {other}"
                ),
            );
        }
        let of =
            |kde: &GaussianKde| [&kde.dataset, &kde.weights, &kde.covariance].map(Array::clone);
        one_program(OP, &[of(self), of(other)].concat(), |args| {
            let (m, n) = (args[0].shape()[1], args[3].shape()[1]);
            let gaps = args[0].expand_dims(2) - args[3].expand_dims(1);
            let each = overlap(&(&args[2] + &args[5]), &gaps.reshape([d, m * n]));
            (each.reshape([m, n]) * args[1].expand_dims(1) * &args[4]).sum(..)
        })
    }
}

/// The density of a Gaussian with the covariance at each of the columns.
#[track_caller]
fn overlap(covariance: &Array, gaps: &Array) -> Array {
    let factor = cholesky(covariance);
    let squares = (cho_solve(&factor, gaps) * gaps).sum(0);
    let log = factor.diagonal(0, 0, 1).log().sum(..) + 0.5 * gaps.shape()[0] as f64 * TAU.ln();
    (squares * -0.5 - log).exp()
}
