//! Random numbers: keys, distributions and the random streams of Modules. `jax.random`.
//!
//! Numbers are a function of a [`Key`] and a shape: the same key gives the same numbers, on every
//! device, in and out of jit. They are the numbers of JAX (`threefry2x32` in its partitionable
//! layout, JAX's default). [`split`] and [`fold_in`] make new keys; [`Rngs`] hands out a new key at
//! each call, for models.
//!
//! ```
//! use nnx::{DType, random};
//!
//! let key = random::key(0);
//! let [noise, mask] = random::split(&key, 2).unstack();
//! let x = random::normal(&noise, [2, 3], DType::F32);
//! let kept = random::bernoulli(&mask, 0.9, [2, 3]);
//! assert_eq!((x.shape(), kept.shape()), (&[2, 3][..], &[2, 3][..]));
//! let again = random::normal(&noise, [2, 3], DType::F32);
//! assert_eq!(x.to_vec::<f32>(), again.to_vec::<f32>());
//! ```

mod bits;
mod choice;
mod continuous;
mod counts;
mod distributions;
mod gamma;
mod kde;
mod key;
mod parameters;
mod permutation;
mod rngs;
mod source;
mod split;
mod unit;
mod vectors;

pub use bits::{bits, randint, uniform, uniform_range};
pub use choice::{categorical, categorical_samples, choice, choice_from};
pub use continuous::{
    cauchy, double_sided_maxwell, laplace, logistic, lognormal, maxwell, pareto, rayleigh,
    triangular, wald, weibull_min,
};
pub use counts::{binomial, geometric, multinomial, poisson, rademacher};
pub use distributions::{bernoulli, exponential, gumbel, normal, truncated_normal};
pub use gamma::{beta, chisquare, dirichlet, f, gamma, generalized_normal, loggamma, t};
pub use key::{Key, fold_in, key, split};
pub use permutation::{permutation, shuffle, shuffle_independent};
pub use rngs::{RngStream, Rngs};
pub use source::KeySource;
pub(crate) use split::streams_of_a_call;
pub use split::{RngBackup, broadcast_rngs, fork_rngs, reseed, split_rngs};
pub(crate) use unit::Unit;
pub use vectors::{ball, multivariate_normal, orthogonal};
