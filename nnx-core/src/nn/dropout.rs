//! Dropout.

use super::builder::builder;
use crate::array::{AsArray, dim, invalid, select};
use crate::graph::Array;
use crate::module::Flag;
use crate::module::called;
use crate::random;
use crate::random::{KeySource, RngStream, Rngs};

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
    /// The name of the stream that a call draws from which is given several.
    #[module(static)]
    pub rng_collection: &'static str,
    /// The source of the masks: a fork of the stream `dropout` that the layer was made with; none if it was made without.
    pub rngs: Option<RngStream>,
}

builder! {
    /// Settings of a [`Dropout`].
    ///
    /// ```
    /// use nnx::{DType, array, nn::Dropout, random::Rngs};
    ///
    /// // Whole features are dropped: the same ones at all places of a sequence.
    /// let mut layer = Dropout::builder(0.5).broadcast_dims(vec![-2]).build(&mut Rngs::new(0));
    /// let y = layer.forward(array::ones([4, 10, 8], DType::F32)); // batch, length, features
    /// assert!(y.max(-2).eq(y.min(-2)).all(..).item::<bool>());
    /// ```
    DropoutBuilder;
    given { rate: f64, }
    settings {
        /// Axes along which all elements share one fate. Default: none.
        broadcast_dims: Vec<isize> = vec![],
        /// Whether nothing is dropped. Default: false.
        deterministic: bool = false,
        /// The stream that the layer's own stream is forked from, and that a call draws from which is given several.
        /// Default: `dropout`.
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
        let stream = self.rng_collection;
        let layer = self.build_without_rngs();
        Dropout { rngs: Some(rngs.stream(stream).fork()), ..layer }
    }

    /// Makes the layer without a stream of its own: each call that drops something is given one. Flax's `rngs=None`.
    ///
    /// ```
    /// use nnx::nn::{Dropout, DropoutOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let (mut rngs, x) = (Rngs::new(0), array::ones([100], DType::F32));
    /// let mut layer = Dropout::builder(0.5).build_without_rngs();
    /// let y = layer.forward_with(&x, DropoutOptions::new().rngs(&mut rngs));
    /// assert!(y.eq(0.0).any(..).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics unless the rate is between 0 and 1.
    #[track_caller]
    pub fn build_without_rngs(self) -> Dropout {
        if !(0.0..=1.0).contains(&self.rate) {
            invalid("Dropout", format!("the rate is a probability, got {}", self.rate));
        }
        Dropout {
            rate: self.rate,
            broadcast_dims: self.broadcast_dims,
            deterministic: Flag::new("deterministic", self.deterministic),
            rng_collection: self.rng_collection,
            rngs: None,
        }
    }
}

/// How one call of a [`Dropout`] differs from the others.
///
/// ```
/// use nnx::nn::{Dropout, DropoutOptions};
/// use nnx::{Array, random::Rngs};
///
/// let mut layer = Dropout::new(0.5, &mut Rngs::new(0));
/// let options = DropoutOptions::new().deterministic(true);
/// let y = layer.forward_with(Array::from([1.0_f32, 2.0]), options);
/// assert_eq!(y.to_vec::<f32>(), [1.0, 2.0]);
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct DropoutOptions<'r> {
    deterministic: Option<bool>,
    rngs: Option<KeySource<'r>>,
}

impl<'r> DropoutOptions<'r> {
    /// A call like the others.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is dropped. Default: as the layer's flag says.
    pub fn deterministic(mut self, deterministic: bool) -> Self {
        self.deterministic = Some(deterministic);
        self
    }

    /// The source of the mask: `&mut Rngs`, of which the layer's `rng_collection` is taken, `&mut RngStream` or a key.
    /// Default: the layer's own stream.
    ///
    /// ```
    /// use nnx::nn::{Dropout, DropoutOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut layer = Dropout::new(0.5, &mut rngs);
    /// let x = array::ones([8], DType::F32);
    /// layer.forward_with(&x, DropoutOptions::new().rngs(&mut rngs));
    /// assert_eq!(rngs.stream("dropout").count.item::<u32>(), 2); // the layer's fork and this call
    /// assert_eq!(layer.rngs.unwrap().count.item::<u32>(), 0);
    /// ```
    pub fn rngs(mut self, rngs: impl Into<KeySource<'r>>) -> Self {
        self.rngs = Some(rngs.into());
        self
    }
}

const NO_STREAM: &str = "something is to be dropped, and there is no stream to draw from\n\
     fixes:\n  \
     1. a stream of the layer's own: make it with `.build(&mut rngs)`\n  \
     2. one for this call: `forward_with(&x, DropoutOptions::new().rngs(&mut rngs))`\n  \
     3. nothing is dropped: `.deterministic(true)` of the call, the layer or a `view`";

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
    /// Panics if `x` lacks an axis of `broadcast_dims`, or if something is dropped and the layer was made without a stream.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.forward_with(x.as_array(), DropoutOptions::new())
    }

    /// [`forward`](Dropout::forward) with streams and flags of this call.
    ///
    /// ```
    /// use nnx::nn::{Dropout, DropoutOptions};
    /// use nnx::{DType, array, random, random::Rngs};
    ///
    /// let mut layer = Dropout::new(0.5, &mut Rngs::new(0));
    /// let x = array::ones([100], DType::F32);
    /// let again = || DropoutOptions::new().rngs(random::key(3));
    /// let (a, b) = (layer.forward_with(&x, again()), layer.forward_with(&x, again()));
    /// assert_eq!(a.to_vec::<f32>(), b.to_vec::<f32>()); // one key, one mask
    /// let y = layer.forward_with(&x, DropoutOptions::new().deterministic(true));
    /// assert_eq!(y.to_vec::<f32>(), x.to_vec::<f32>());
    /// ```
    ///
    /// # Panics
    /// Panics if `x` lacks an axis of `broadcast_dims`, or if something is dropped and there is no stream to draw from:
    /// neither of the layer nor in the options.
    #[track_caller]
    pub fn forward_with(&mut self, x: impl AsArray, options: DropoutOptions<'_>) -> Array {
        self.run(x.as_array(), options)
    }

    #[track_caller]
    fn run(&mut self, x: &Array, options: DropoutOptions<'_>) -> Array {
        let call = called(self, "forward", &[x]);
        if self.rate == 0.0 || options.deterministic.unwrap_or(*self.deterministic) {
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
        let key = match (options.rngs, &mut self.rngs) {
            (Some(mut rngs), _) => rngs.next_key(self.rng_collection),
            (None, Some(rngs)) => rngs.next_key(),
            (None, None) => invalid("Dropout", NO_STREAM.into()),
        };
        let mask = random::bernoulli(&key, keep, &shape);
        // Outside of a trace these are programs of their own: XLA turns a quotient by a literal
        // into a product, which rounds differently, as it does in JAX's jitted programs only.
        call.returns(select(mask.broadcast_to(x.shape()), &(x / keep), x.zeros_like()))
    }
}
