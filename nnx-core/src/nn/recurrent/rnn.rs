//! A cell over a sequence.

use super::super::layer::Layer;
use super::RNNCellBase;
use crate::array::OptionalArray;
use crate::array::{AsArray, arange, invalid};
use crate::graph::{Array, user_location, with_location};
use crate::module::walk::{for_each_leaf, for_each_leaf_mut, replace_leaves};
use crate::module::{Any, Filter, Module, Path, RngCount, RngKey, VariableKind, called, with_tag};
use crate::random::{RngStream, Rngs, streams_of_a_call};
use crate::transform::{over, scan};
use crate::value::DType;
use std::collections::BTreeMap;

const LAYER: &str = "RNN";

/// A cell applied to every step of a sequence, with a carry from each step to the next.
/// `flax.nnx.RNN`.
///
/// The values of the cell's own Variables are carried from step to step.
///
/// ```
/// use nnx::nn::{GRUCell, RNN, RNNOptions};
/// use nnx::{Array, DType, array, random::Rngs};
///
/// let mut rnn = RNN::new(GRUCell::new(4, 6, &mut Rngs::new(0)));
/// let x = array::ones([3, 7, 4], DType::F32); // batch, time, features
/// let y = rnn.forward(&x);
/// assert_eq!(y.shape(), [3, 7, 6]);
///
/// // Padded sequences: the carry is that of each sequence's own last step.
/// let lengths = Array::from([7, 2, 5]);
/// let (carry, y) = rnn.forward_with(&x, RNNOptions::new().seq_lengths(&lengths));
/// let last = y.at((1, 1)).get(); // of the second sequence
/// assert!((carry.at(1).get() - last).abs().max(..).item::<f32>() < 1e-5);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct RNN<C: RNNCellBase> {
    /// The cell, which computes one step.
    pub cell: C,
    /// Whether the time is the first axis, not the last before the features.
    pub time_major: bool,
    /// Whether the sequence is run from its end.
    pub reverse: bool,
    /// Whether the results of a reversed run are in the order of the input.
    pub keep_order: bool,
    /// The number of steps in one iteration of the compiled loop.
    pub unroll: usize,
    /// The names of the random streams of the cell that give every step of a call the same keys.
    #[module(static)]
    pub broadcast_rngs: Vec<&'static str>,
    /// Where the keys of first carries come from.
    pub rngs: RngStream,
}

/// Settings of an [`RNN`].
///
/// ```
/// use nnx::nn::{RNN, SimpleCell, identity, initializers};
/// use nnx::{Array, random::Rngs};
///
/// // A cell that sums its inputs.
/// let cell = SimpleCell::builder(1, 1).activation_fn(identity).kernel_init(initializers::ones());
/// let cell = cell.recurrent_kernel_init(initializers::ones()).build(&mut Rngs::new(0));
/// let mut rnn = RNN::builder(cell).reverse(true).keep_order(true).unroll(2).build();
/// let y = rnn.forward(Array::from([[[1.0_f32], [2.0], [4.0]]]));
/// assert_eq!(y.to_vec::<f32>(), [7.0, 6.0, 4.0]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct RNNBuilder<C> {
    cell: C,
    time_major: bool,
    reverse: bool,
    keep_order: bool,
    unroll: usize,
    broadcast_rngs: Vec<&'static str>,
}

impl<C: RNNCellBase> RNNBuilder<C> {
    /// Whether the time is the first axis. Default: false, the last axis before the features.
    ///
    /// ```
    /// use nnx::{DType, array, nn::{GRUCell, RNN}, random::Rngs};
    ///
    /// let mut rnn = RNN::builder(GRUCell::new(4, 6, &mut Rngs::new(0))).time_major(true).build();
    /// let x = array::ones([7, 3, 4], DType::F32); // time, batch, features
    /// let y = rnn.forward(&x);
    /// assert!((y.at(0).get() - y.at(6).get()).abs().max(..).item::<f32>() > 1e-3); // steps differ
    /// assert!((y.at((.., 0)).get() - y.at((.., 2)).get()).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    pub fn time_major(mut self, time_major: bool) -> Self {
        self.time_major = time_major;
        self
    }

    /// Whether the sequence is run from its end. Default: false.
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = reverse;
        self
    }

    /// Whether the results of a reversed run are in the order of the input. Default: false, in the
    /// order in which the steps ran.
    pub fn keep_order(mut self, keep_order: bool) -> Self {
        self.keep_order = keep_order;
        self
    }

    /// The number of steps in one iteration of the compiled loop. Default: 1.
    pub fn unroll(mut self, unroll: usize) -> Self {
        self.unroll = unroll;
        self
    }

    /// The cell's random streams of this name give every step of a call the same keys, and each call others: one mask of a
    /// [`Dropout`](crate::nn::Dropout) for the whole sequence (Gal & Ghahramani 2016). Once for each name. Default: none,
    /// every step draws anew. Flax takes a filter.
    ///
    /// ```
    /// use nnx::nn::{Dropout, Initializer, RNN, RNNCellBase, initializers};
    /// use nnx::random::{RngStream, Rngs};
    /// use nnx::{Array, DType, Module, array};
    ///
    /// /// Drops from its input.
    /// #[derive(Module)]
    /// struct Drops(Dropout);
    ///
    /// impl RNNCellBase for Drops {
    ///     type Carry = ();
    ///     fn forward(&mut self, _: (), x: &Array) -> ((), Array) {
    ///         ((), self.0.forward(x))
    ///     }
    ///     fn initialize_carry(&self, _: &[usize], _: &mut RngStream, _: Option<&Initializer>) {}
    /// }
    ///
    /// let cell = Drops(Dropout::new(0.5, &mut Rngs::new(0).with("dropout", 1)));
    /// let mut rnn = RNN::builder(cell).broadcast_rngs("dropout").build();
    /// let y = rnn.forward(array::ones([3, 7, 16], DType::F32));
    /// assert!(y.max(1).eq(y.min(1)).all(..).item::<bool>()); // the same at all steps
    /// ```
    pub fn broadcast_rngs(mut self, stream: &'static str) -> Self {
        self.broadcast_rngs.push(stream);
        self
    }

    /// Makes the layer. Keys of first carries come from a stream of its own with the seed 0, which
    /// matters for cells that start at random only.
    #[track_caller]
    pub fn build(self) -> RNN<C> {
        self.with_stream(RngStream::new(0, "carry"))
    }

    /// Makes the layer. Keys of first carries come from a fork of the stream `carry`.
    ///
    /// ```
    /// use nnx::nn::{GRUCell, RNN, initializers};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let cell = GRUCell::builder(4, 6).carry_init(initializers::normal(1.0)).build(&mut rngs);
    /// let mut rnn = RNN::builder(cell).build_with(&mut rngs);
    /// let x = array::ones([3, 7, 4], DType::F32);
    /// assert!(rnn.forward(&x).ne(rnn.forward(&x)).any(..).item::<bool>()); // another first carry
    /// ```
    #[track_caller]
    pub fn build_with(self, rngs: &mut Rngs) -> RNN<C> {
        self.with_stream(rngs.stream("carry").fork())
    }

    fn with_stream(self, rngs: RngStream) -> RNN<C> {
        RNN {
            cell: self.cell,
            time_major: self.time_major,
            reverse: self.reverse,
            keep_order: self.keep_order,
            unroll: self.unroll,
            broadcast_rngs: self.broadcast_rngs,
            rngs,
        }
    }
}

/// How one call of an [`RNN`] or a [`Bidirectional`](super::Bidirectional) differs from the others.
///
/// ```
/// use nnx::nn::{RNN, RNNOptions, SimpleCell, identity, initializers};
/// use nnx::{Array, random::Rngs};
///
/// // A cell that sums its inputs.
/// let cell = SimpleCell::builder(1, 1).activation_fn(identity).kernel_init(initializers::ones());
/// let cell = cell.recurrent_kernel_init(initializers::ones()).build(&mut Rngs::new(0));
/// let mut rnn = RNN::new(cell);
/// let x = Array::from([[[1.0_f32], [2.0], [4.0]]]);
/// let (_, y) = rnn.forward_with(&x, RNNOptions::new().reverse(true));
/// assert_eq!(y.to_vec::<f32>(), [4.0, 6.0, 7.0]); // in the order in which the steps ran
/// let (_, y) = rnn.forward_with(&x, RNNOptions::new().reverse(true).keep_order(true));
/// assert_eq!(y.to_vec::<f32>(), [7.0, 6.0, 4.0]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RNNOptions<C> {
    pub(super) initial_carry: Option<C>,
    pub(super) seq_lengths: Option<Array>,
    pub(super) time_major: Option<bool>,
    pub(super) reverse: Option<bool>,
    pub(super) keep_order: Option<bool>,
}

impl<C> Default for RNNOptions<C> {
    fn default() -> Self {
        RNNOptions {
            initial_carry: None,
            seq_lengths: None,
            time_major: None,
            reverse: None,
            keep_order: None,
        }
    }
}

impl<C> RNNOptions<C> {
    /// A call like the others.
    pub fn new() -> Self {
        Self::default()
    }

    /// The carry before the first step. Default: the cell's own, of zeros.
    ///
    /// ```
    /// use nnx::nn::{GRUCell, RNN, RNNOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rnn = RNN::new(GRUCell::new(4, 6, &mut Rngs::new(0)));
    /// let x = array::ones([3, 7, 4], DType::F32);
    /// // A sequence in two pieces, as it comes in.
    /// let (carry, _) = rnn.forward_with(x.at((.., ..5)).get(), RNNOptions::new());
    /// let rest = RNNOptions::new().initial_carry(carry);
    /// let (_, y) = rnn.forward_with(x.at((.., 5..)).get(), rest);
    /// assert!((y - rnn.forward(&x).at((.., 5..)).get()).abs().max(..).item::<f32>() < 1e-2);
    /// ```
    pub fn initial_carry(mut self, carry: C) -> Self {
        self.initial_carry = Some(carry);
        self
    }

    /// How long each sequence is, integers `[batch…]`; what follows in it is padding. A reversed run
    /// starts at each sequence's own end, and the carry is that of its own last step. Results after
    /// a sequence's end mean nothing.
    ///
    /// ```
    /// use nnx::nn::{GRUCell, RNN, RNNOptions};
    /// use nnx::{Array, DType, array, random::Rngs};
    ///
    /// let mut rnn = RNN::new(GRUCell::new(4, 6, &mut Rngs::new(0)));
    /// let x = array::ones([2, 7, 4], DType::F32);
    /// let options = RNNOptions::new().seq_lengths(Array::from([3, 7]));
    /// let (carry, y) = rnn.forward_with(&x, options);
    /// assert!((carry.at(0).get() - y.at((0, 2)).get()).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    pub fn seq_lengths(mut self, lengths: impl AsArray) -> Self {
        self.seq_lengths = Some(lengths.as_array().clone());
        self
    }

    /// As in [`RNNBuilder::time_major`].
    ///
    /// ```
    /// use nnx::nn::{GRUCell, RNN, RNNOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rnn = RNN::new(GRUCell::new(4, 6, &mut Rngs::new(0)));
    /// let x = array::ones([7, 3, 4], DType::F32); // time, batch, features
    /// let (carry, _) = rnn.forward_with(&x, RNNOptions::new().time_major(true));
    /// assert_eq!(carry.shape(), [3, 6]);
    /// ```
    pub fn time_major(mut self, time_major: bool) -> Self {
        self.time_major = Some(time_major);
        self
    }

    /// As in [`RNNBuilder::reverse`]. A [`Bidirectional`](super::Bidirectional) takes no notice.
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = Some(reverse);
        self
    }

    /// As in [`RNNBuilder::keep_order`]. A [`Bidirectional`](super::Bidirectional) takes no notice.
    pub fn keep_order(mut self, keep_order: bool) -> Self {
        self.keep_order = Some(keep_order);
        self
    }
}

impl<C: RNNCellBase> RNN<C> {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(cell: C) -> RNN<C> {
        RNN::builder(cell).build()
    }

    /// A layer with other settings.
    pub fn builder(cell: C) -> RNNBuilder<C> {
        RNNBuilder {
            cell,
            time_major: false,
            reverse: false,
            keep_order: false,
            unroll: 1,
            broadcast_rngs: Vec::new(),
        }
    }

    /// The results of all steps: `[batch…, time, in_features]` to `[batch…, time, hidden_features]`,
    /// or with the time in front.
    ///
    /// ```
    /// use nnx::{Array, nn::{RNN, SimpleCell, identity, initializers}, random::Rngs};
    ///
    /// // A cell that sums its inputs.
    /// let ones = initializers::ones();
    /// let cell = SimpleCell::builder(1, 1).activation_fn(identity).kernel_init(ones.clone());
    /// let cell = cell.recurrent_kernel_init(ones).build(&mut Rngs::new(0));
    /// let y = RNN::new(cell).forward(Array::from([[[1.0_f32], [2.0], [4.0]]]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 3.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if `x` has too few axes, or as the cell does.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.forward_with(x.as_array(), RNNOptions::new()).1
    }

    /// The last carry and the results of all steps, for one call's own options. Flax's
    /// `return_carry = True`.
    ///
    /// ```
    /// use nnx::nn::{LSTMCell, RNN, RNNOptions};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rnn = RNN::new(LSTMCell::new(4, 6, &mut Rngs::new(0)));
    /// let x = array::ones([3, 7, 4], DType::F32);
    /// let ((memory, hidden), y) = rnn.forward_with(&x, RNNOptions::new());
    /// assert_eq!(memory.shape(), [3, 6]);
    /// assert!((hidden - y.at((.., -1)).get()).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// Panics if `x` has too few axes or other batch axes than the lengths, if the cell has random streams and none with a
    /// name of `broadcast_rngs`, or as the cell does.
    #[track_caller]
    pub fn forward_with(
        &mut self,
        x: impl AsArray,
        options: RNNOptions<C::Carry>,
    ) -> (C::Carry, Array) {
        let x = x.as_array();
        let call = called(self, "forward", &[x]);
        let mut rngs = self.rngs.clone();
        let out = self.run(x, options, &mut rngs);
        self.rngs = rngs;
        call.returns(out)
    }

    /// A call whose keys come from `rngs`.
    #[track_caller]
    pub(super) fn run(
        &mut self,
        x: &Array,
        options: RNNOptions<C::Carry>,
        rngs: &mut RngStream,
    ) -> (C::Carry, Array) {
        let time_major = options.time_major.unwrap_or(self.time_major);
        let reverse = options.reverse.unwrap_or(self.reverse);
        let keep_order = options.keep_order.unwrap_or(self.keep_order);
        let features = self.cell.num_feature_axes();
        if x.rank() <= features {
            let x = x.aval();
            invalid(LAYER, format!("the input {x} needs a time axis and {features} of features"));
        }
        let batch = x.rank() - features - 1;
        let time = if time_major { 0 } else { batch };
        let lengths = options.seq_lengths.as_ref();
        if let Some(lengths) = lengths {
            let mut shape = x.shape()[..batch + 1].to_vec();
            shape.remove(time);
            if lengths.shape() != shape || !lengths.dtype().is_int() {
                let (x, lengths) = (x.aval(), lengths.aval());
                invalid(
                    LAYER,
                    format!(
                        "`seq_lengths` {lengths} for the input {x}: give an integer for each \
                         sequence, as an array of the shape {shape:?}"
                    ),
                );
            }
        }
        let flip = |x: &Array| flip_sequences(x, lengths, batch, time_major);
        let x = if reverse { flip(x) } else { x.clone() };
        let carry = options.initial_carry.unwrap_or_else(|| {
            let mut shape = x.shape().to_vec();
            shape.remove(time);
            self.cell.initialize_carry(&shape, rngs, None)
        });
        let broadcast = Any(self.broadcast_rngs.iter().copied().map(with_tag).collect::<Vec<_>>());
        let before = (!self.broadcast_rngs.is_empty())
            .then(|| streams_of_a_call("RNN: broadcast_rngs", &mut self.cell, &broadcast));
        let has_broadcast = before.is_some();
        // The cell runs inside the loop, where the caller's line would be one of this file.
        let line = user_location();
        let axes = (None, Some(time as isize));
        let xs = over((&mut self.cell, &x)).in_axes(axes).unroll(self.unroll);
        let step = |carry: C::Carry, cell: &mut C, x: &Array| {
            let streams = has_broadcast.then(|| streams_in(cell, &broadcast));
            let out = with_location(line, || cell.forward(carry, x));
            if let Some(streams) = streams {
                put_streams(cell, streams);
            }
            out
        };
        let (carry, y) = match lengths {
            None => {
                scan(|carry: C::Carry, (cell, x): (&mut C, &Array)| step(carry, cell, x), carry, xs)
            }
            Some(lengths) => {
                let kept = |carry: C::Carry, (cell, x): (&mut C, &Array)| {
                    let (carry, y) = step(carry, cell, x);
                    (carry.clone(), (carry, y))
                };
                let (_, (mut carries, y)) = scan(kept, carry, xs);
                let last = (lengths - 1).expand_dims(0);
                replace_leaves(&mut carries, |_, carry| {
                    *carry = carry.take_along_axis(trailing(&last, carry.rank()), 0).squeeze(0);
                });
                (carries, y)
            }
        };
        if let Some(before) = before {
            before.restore(&mut self.cell);
        }
        let y = y.moveaxis(0, time as isize);
        (carry, if reverse && keep_order { flip(&y) } else { y })
    }
}

impl<C: RNNCellBase> Layer for RNN<C> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        RNN::forward(self, x)
    }
}

/// The keys and counts of the random streams that `filter` takes.
fn streams_in<C: Module>(cell: &C, filter: &dyn Filter) -> BTreeMap<Path, Array> {
    let mut found = BTreeMap::new();
    for_each_leaf(cell, |path, leaf| {
        let is_stream =
            leaf.kind.is_some_and(|kind| kind.is(RngKey::KIND) || kind.is(RngCount::KIND));
        if is_stream && filter.matches(path, &leaf) {
            found.insert(path.clone(), leaf.value.clone());
        }
    });
    found
}

/// Puts keys and counts back, so that the next step draws what this one drew.
fn put_streams<C: Module>(cell: &mut C, mut streams: BTreeMap<Path, Array>) {
    for_each_leaf_mut(cell, |path, leaf| {
        if let Some(value) = streams.remove(path) {
            *leaf.value = value;
        }
    });
}

/// `x` with axes of size 1 at its end, up to `rank`.
#[track_caller]
fn trailing(x: &Array, rank: usize) -> Array {
    let mut shape = x.shape().to_vec();
    shape.resize(rank.max(shape.len()), 1);
    x.reshape(shape)
}

/// Sequences in reverse along the time axis; with `seq_lengths` (integers `[batch…]`) each up to its
/// own length, and what follows it stays after it. `flax.nnx.nn.recurrent.flip_sequences`.
///
/// The time is the first axis if `time_major`, else that after `num_batch_dims` batch axes.
///
/// ```
/// use nnx::{Array, nn::flip_sequences};
///
/// let x = Array::from([[1, 0, 0], [2, 3, 0], [4, 5, 6]]);
/// let y = flip_sequences(&x, Some(&Array::from([1, 2, 3])), 1, false);
/// assert_eq!(y.to_vec::<i32>(), [1, 0, 0, 3, 2, 0, 6, 5, 4]);
/// ```
///
/// # Panics
/// Panics if `inputs` has no such axis, or the lengths are not those of the batch.
#[track_caller]
pub fn flip_sequences(
    inputs: impl AsArray,
    seq_lengths: impl OptionalArray,
    num_batch_dims: usize,
    time_major: bool,
) -> Array {
    let inputs = inputs.as_array();
    let seq_lengths = seq_lengths.optional();
    let time = if time_major { 0 } else { num_batch_dims };
    let Some(lengths) = seq_lengths else { return inputs.flip(time) };
    if inputs.rank() <= num_batch_dims || lengths.rank() != num_batch_dims {
        let (inputs, lengths) = (inputs.aval(), lengths.aval());
        invalid(
            "flip_sequences",
            format!("lengths {lengths} for inputs {inputs} with {num_batch_dims} batch axes"),
        );
    }
    let steps = inputs.shape()[time];
    let mut shape = vec![1; num_batch_dims + 1];
    shape[time] = steps;
    let places = arange(steps, DType::I32).flip(0).reshape(shape);
    let places = (places + lengths.astype(DType::I32).expand_dims(time as isize)) % steps as i32;
    inputs.take_along_axis(trailing(&places, inputs.rank()), time as isize)
}
