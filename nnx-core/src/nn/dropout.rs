//! Dropout.

use super::builder::builder;
use crate::array::{dim, invalid, select};
use crate::graph::Array;
use crate::module::Flag;
use crate::module::called;
use crate::random;
use crate::random::{RngStream, Rngs};

/// While training, zeroes each element with probability `rate` and divides the others by
/// 1 − `rate` (Srivastava et al. 2014). `flax.nnx.Dropout`.
///
/// ```
/// use nnx::{DType, array, nn::Dropout, random::Rngs};
///
/// let mut layer = Dropout::new(0.5, &mut Rngs::new(0));
/// let x = array::ones([2, 3], DType::F32);
/// let y = layer.forward(&x);
/// assert!((y.eq(0.0) | y.eq(2.0)).all(..).item::<bool>());
/// *layer.deterministic = true;
/// assert_eq!(layer.forward(&x).to_vec::<f32>(), [1.0; 6]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Dropout {
    /// The probability to drop an element.
    pub rate: f64,
    /// Axes along which all elements share one fate.
    pub broadcast_dims: Vec<isize>,
    /// Whether nothing is dropped, as in evaluation.
    pub deterministic: Flag,
    /// The source of the masks: a fork of the stream `dropout` that the layer was made with.
    pub rngs: RngStream,
}

builder! {
    /// Settings of a [`Dropout`].
    ///
    /// ```
    /// use nnx::{DType, array, nn::Dropout, random::Rngs};
    ///
    /// // Whole features are dropped: the same ones at all places of a sequence.
    /// let mut layer = Dropout::builder(0.5).broadcast_dims(vec![-2]).build(&mut Rngs::new(0));
    /// let y = layer.forward(&array::ones([4, 10, 8], DType::F32)); // batch, length, features
    /// assert!(y.max(-2).eq(y.min(-2)).all(..).item::<bool>());
    /// ```
    DropoutBuilder;
    given { rate: f64, }
    settings {
        /// Axes along which all elements share one fate. Default: none.
        broadcast_dims: Vec<isize> = vec![],
        /// Whether nothing is dropped. Default: false.
        deterministic: bool = false,
        /// The stream that the layer's own stream is forked from. Default: `dropout`.
        rng_collection: &'static str = "dropout",
    }
    optional {}
}

impl DropoutBuilder {
    /// Makes the layer. Its masks come from a fork of the stream `rng_collection`.
    ///
    /// # Panics
    /// Panics unless the rate is between 0 and 1.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> Dropout {
        if !(0.0..=1.0).contains(&self.rate) {
            invalid("Dropout", format!("the rate is a probability, got {}", self.rate));
        }
        Dropout {
            rate: self.rate,
            broadcast_dims: self.broadcast_dims,
            deterministic: Flag::new("deterministic", self.deterministic),
            rngs: rngs.stream(self.rng_collection).fork(),
        }
    }
}

impl Dropout {
    /// The layer with default settings.
    ///
    /// # Panics
    /// Panics unless the rate is between 0 and 1.
    #[track_caller]
    pub fn new(rate: f64, rngs: &mut Rngs) -> Dropout {
        Dropout::builder(rate).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(rate: f64) -> DropoutBuilder {
        DropoutBuilder::with_defaults(rate)
    }

    /// `x` with some elements dropped, in its shape and dtype. Takes a key from the stream unless
    /// nothing is dropped.
    ///
    /// ```
    /// use nnx::{DType, array, nn::Dropout, random::Rngs};
    ///
    /// let mut layer = Dropout::new(0.25, &mut Rngs::new(0));
    /// let x = array::ones([100, 100], DType::F32);
    /// let (first, second) = (layer.forward(&x), layer.forward(&x));
    /// assert!((first.mean(..).item::<f32>() - 1.0).abs() < 0.05);
    /// assert!(first.ne(&second).any(..).item::<bool>()); // each call draws anew
    /// ```
    ///
    /// # Panics
    /// Panics if `x` lacks an axis of `broadcast_dims`.
    #[track_caller]
    pub fn forward(&mut self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        if self.rate == 0.0 || *self.deterministic {
            return call.returns(x.clone());
        }
        if self.rate == 1.0 {
            return call.returns(x.zeros_like());
        }
        let keep = 1.0 - self.rate;
        let mut shape = x.shape().to_vec();
        for &axis in &self.broadcast_dims {
            shape[dim("Dropout", axis, x.aval())] = 1;
        }
        let mask = random::bernoulli(&self.rngs.next_key(), keep, &shape);
        // Outside of a trace these are programs of their own: XLA turns a quotient by a literal
        // into a product, which rounds differently, as it does in JAX's jitted programs only.
        call.returns(select(mask.broadcast_to(x.shape()), &(x / keep), x.zeros_like()))
    }
}
