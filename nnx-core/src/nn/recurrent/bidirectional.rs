//! A sequence in both directions.

use super::super::by_address::by_address;
use super::super::layer::Layer;
use super::{RNN, RNNCellBase, RNNOptions};
use crate::array::{AsArray, concatenate};
use crate::graph::Array;
use crate::module::called;
use crate::random::{RngStream, Rngs};

/// How the results of both directions become one: of the forward and the backward one.
///
/// ```
/// use nnx::{Array, nn::MergeFn};
///
/// let mean: MergeFn = |forward, backward| (forward + backward) / 2.0;
/// let merged = mean(&Array::from([1.0_f32]), &Array::from([2.0_f32]));
/// assert_eq!(merged.to_vec::<f32>(), [1.5]);
/// ```
pub type MergeFn = fn(&Array, &Array) -> Array;

/// A sequence run in both directions, and the results of each step merged.
/// `flax.nnx.Bidirectional`.
///
/// ```
/// use nnx::nn::{Bidirectional, GRUCell, RNN};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let forward = RNN::new(GRUCell::new(3, 4, &mut rngs));
/// let backward = RNN::new(GRUCell::new(3, 4, &mut rngs));
/// let mut layer = Bidirectional::new(forward, backward);
/// let y = layer.forward(array::ones([2, 5, 3], DType::F32));
/// assert_eq!(y.shape(), [2, 5, 8]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Bidirectional<F: RNNCellBase, B: RNNCellBase> {
    /// From the first step to the last.
    pub forward_rnn: RNN<F>,
    /// From the last step to the first.
    pub backward_rnn: RNN<B>,
    #[module(static)]
    merge_fn: Merge,
    /// Whether the time is the first axis, not the last before the features.
    pub time_major: bool,
    /// Where the keys of first carries come from, of both directions.
    pub rngs: RngStream,
}

by_address! {
    /// How a [`Bidirectional`] merges.
    Merge(MergeFn)
}

/// Settings of a [`Bidirectional`].
///
/// ```
/// use nnx::nn::{Bidirectional, GRUCell, RNN};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut rnn = || RNN::new(GRUCell::new(3, 4, &mut rngs));
/// let settings = Bidirectional::builder(rnn(), rnn()).merge_fn(|a, b| a + b).time_major(true);
/// let y = settings.build().forward(array::ones([5, 2, 3], DType::F32)); // time, batch, features
/// assert_eq!(y.shape(), [5, 2, 4]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct BidirectionalBuilder<F: RNNCellBase, B: RNNCellBase> {
    forward_rnn: RNN<F>,
    backward_rnn: RNN<B>,
    merge_fn: Merge,
    time_major: bool,
}

impl<F: RNNCellBase, B: RNNCellBase> BidirectionalBuilder<F, B> {
    /// How the results of both directions become one. Default: one after the other along the last
    /// axis.
    ///
    /// ```
    /// use nnx::nn::{Bidirectional, RNN, SimpleCell, identity, initializers};
    /// use nnx::{Array, random::Rngs};
    ///
    /// // A cell that sums its inputs.
    /// let ones = initializers::ones();
    /// let cell = SimpleCell::builder(1, 1).activation_fn(identity).kernel_init(ones.clone());
    /// let cell = cell.recurrent_kernel_init(ones).build(&mut Rngs::new(0));
    /// let (forward, backward) = (RNN::new(cell.clone()), RNN::new(cell));
    /// let mut layer = Bidirectional::builder(forward, backward).merge_fn(|a, b| a * b).build();
    /// let y = layer.forward(Array::from([[[1.0_f32], [2.0], [4.0]]]));
    /// assert_eq!(y.to_vec::<f32>(), [7.0, 18.0, 28.0]); // 1, 3, 7 times 7, 6, 4
    /// ```
    pub fn merge_fn(mut self, f: MergeFn) -> Self {
        self.merge_fn = Merge(f);
        self
    }

    /// Whether the time is the first axis. Default: false, the last axis before the features.
    pub fn time_major(mut self, time_major: bool) -> Self {
        self.time_major = time_major;
        self
    }

    /// Makes the layer. Keys of first carries come from a stream of its own with the seed 0.
    #[track_caller]
    pub fn build(self) -> Bidirectional<F, B> {
        self.with_stream(RngStream::new(0, "carry"))
    }

    /// Makes the layer. Keys of first carries come from a fork of the stream `carry`.
    ///
    /// ```
    /// use nnx::nn::{Bidirectional, GRUCell, RNN, initializers};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let cell = GRUCell::builder(4, 6).carry_init(initializers::normal(1.0)).build(&mut rngs);
    /// let (forward, backward) = (RNN::new(cell.clone()), RNN::new(cell));
    /// let mut layer = Bidirectional::builder(forward, backward).build_with(&mut rngs);
    /// let x = array::ones([3, 7, 4], DType::F32);
    /// assert!(layer.forward(&x).ne(layer.forward(&x)).any(..).item::<bool>()); // other carries
    /// ```
    #[track_caller]
    pub fn build_with(self, rngs: &mut Rngs) -> Bidirectional<F, B> {
        self.with_stream(rngs.stream("carry").fork())
    }

    fn with_stream(self, rngs: RngStream) -> Bidirectional<F, B> {
        Bidirectional {
            forward_rnn: self.forward_rnn,
            backward_rnn: self.backward_rnn,
            merge_fn: self.merge_fn,
            time_major: self.time_major,
            rngs,
        }
    }
}

impl<F: RNNCellBase, B: RNNCellBase> Bidirectional<F, B> {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(forward_rnn: RNN<F>, backward_rnn: RNN<B>) -> Bidirectional<F, B> {
        Bidirectional::builder(forward_rnn, backward_rnn).build()
    }

    /// A layer with other settings.
    pub fn builder(forward_rnn: RNN<F>, backward_rnn: RNN<B>) -> BidirectionalBuilder<F, B> {
        BidirectionalBuilder {
            forward_rnn,
            backward_rnn,
            merge_fn: Merge(|a, b| concatenate([a, b], -1)),
            time_major: false,
        }
    }

    /// The merged results of all steps, in the order of the input.
    ///
    /// ```
    /// use nnx::nn::{Bidirectional, RNN, SimpleCell, identity, initializers};
    /// use nnx::{Array, random::Rngs};
    ///
    /// // A cell that sums its inputs.
    /// let ones = initializers::ones();
    /// let cell = SimpleCell::builder(1, 1).activation_fn(identity).kernel_init(ones.clone());
    /// let cell = cell.recurrent_kernel_init(ones).build(&mut Rngs::new(0));
    /// let mut layer = Bidirectional::new(RNN::new(cell.clone()), RNN::new(cell));
    /// let y = layer.forward(Array::from([[[1.0_f32], [2.0], [4.0]]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 7.0, 3.0, 6.0, 7.0, 4.0]); // side by side
    /// ```
    ///
    /// # Panics
    /// Panics as [`RNN::forward`] does.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.forward_with(x.as_array(), RNNOptions::new()).1
    }

    /// The last carries of both directions and the merged results of all steps, for one call's own
    /// options. Flax's `return_carry = True`.
    ///
    /// ```
    /// use nnx::nn::{Bidirectional, GRUCell, RNN, RNNOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut rnn = || RNN::new(GRUCell::new(3, 4, &mut rngs));
    /// let mut layer = Bidirectional::new(rnn(), rnn());
    /// let x = array::ones([2, 5, 3], DType::F32);
    /// let ((forward, backward), y) = layer.forward_with(&x, RNNOptions::new());
    /// let last = y.at((.., -1, ..4)).get(); // the backward run ends at the first step
    /// assert!((forward - last).abs().max(..).item::<f32>() < 1e-5);
    /// assert!((backward - y.at((.., 0, 4..)).get()).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// Panics as [`RNN::forward_with`] does.
    #[track_caller]
    pub fn forward_with(
        &mut self,
        x: impl AsArray,
        options: RNNOptions<(F::Carry, B::Carry)>,
    ) -> ((F::Carry, B::Carry), Array) {
        self.run(x.as_array(), options)
    }

    #[track_caller]
    fn run(
        &mut self,
        x: &Array,
        options: RNNOptions<(F::Carry, B::Carry)>,
    ) -> ((F::Carry, B::Carry), Array) {
        let call = called(self, "forward", &[x]);
        let (forward, backward) = options.initial_carry.unzip();
        let ahead = RNNOptions {
            initial_carry: forward,
            seq_lengths: options.seq_lengths.clone(),
            time_major: Some(options.time_major.unwrap_or(self.time_major)),
            reverse: Some(false),
            keep_order: Some(false),
        };
        let back = RNNOptions {
            initial_carry: backward,
            seq_lengths: options.seq_lengths,
            time_major: ahead.time_major,
            reverse: Some(true),
            keep_order: Some(true),
        };
        let (forward, a) = self.forward_rnn.run(x, ahead, &mut self.rngs);
        let (backward, b) = self.backward_rnn.run(x, back, &mut self.rngs);
        call.returns(((forward, backward), (self.merge_fn.0)(&a, &b)))
    }
}

impl<F: RNNCellBase, B: RNNCellBase> Layer for Bidirectional<F, B> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        Bidirectional::forward(self, x)
    }
}
