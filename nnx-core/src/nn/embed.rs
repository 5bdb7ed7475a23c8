//! Embedding tables.

use super::arithmetic::{PromoteDtype, promote_dtype_setting};
use super::builder::builder;
use super::checks::{last_axis, positive};
use super::dtypes::promote;
use super::initializers;
use super::initializers::{Distribution, FanMode, Initializer};
use crate::array::{AsArray, dot_general, invalid};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::random::Rngs;
use crate::value::DType;

/// A vector for each of `num_embeddings` integers. `flax.nnx.Embed`.
///
/// ```
/// use nnx::{Array, nn::Embed, random::Rngs};
///
/// let layer = Embed::new(1000, 64, &mut Rngs::new(0));
/// let tokens = Array::from([[3, 14, 15, 92]]);
/// let x = layer.forward(&tokens);
/// assert_eq!(x.shape(), [1, 4, 64]);
/// assert_eq!(layer.attend(&x).shape(), [1, 4, 1000]); // logits
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Embed {
    /// `[num_embeddings, features]`.
    pub embedding: Param,
    /// The dtype of the vectors; by default that of `embedding`.
    pub dtype: Option<DType>,
    /// The function that brings input and parameters to one dtype, in the place of
    /// [`promote_dtype`](crate::nn::promote_dtype()).
    #[module(static)]
    pub promote_dtype: Option<PromoteDtype>,
}

builder! {
    /// Settings of an [`Embed`].
    ///
    /// ```
    /// use nnx::nn::{Embed, initializers};
    /// use nnx::{DType, random::Rngs};
    ///
    /// let settings = Embed::builder(1000, 64).embedding_init(initializers::normal(0.02));
    /// let layer = settings.param_dtype(DType::BF16).build(&mut Rngs::new(0));
    /// assert_eq!(layer.embedding.dtype(), DType::BF16);
    /// ```
    EmbedBuilder;
    given { num_embeddings: usize, features: usize, }
    hidden { promote_dtype: Option<PromoteDtype> = None, }
    settings {
        /// The dtype of the parameters. Default: f32.
        param_dtype: DType = DType::F32,
        /// How the table starts. Default: normal with variance 1 / `features`.
        embedding_init: Initializer =
            initializers::variance_scaling(1.0, FanMode::FanIn, Distribution::Normal).out_axis(0),
        /// Notes on the table. Default: none.
        embedding_metadata: Metadata = Metadata::default(),
    }
    optional {
        /// The dtype of the vectors. Default: that of the table.
        dtype: DType,
    }
}

promote_dtype_setting!(EmbedBuilder);

impl EmbedBuilder {
    /// Makes the layer, with a key of the stream `params`.
    ///
    /// # Panics
    /// Panics if the table is empty.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> Embed {
        positive(
            "Embed",
            &[("num_embeddings", &[self.num_embeddings]), ("features", &[self.features])],
        );
        let shape = [self.num_embeddings, self.features];
        let embedding = self.embedding_init.call(&rngs.params(), shape, self.param_dtype);
        let embedding = Param::new(embedding).with_all_metadata(self.embedding_metadata);
        Embed { embedding, dtype: self.dtype, promote_dtype: self.promote_dtype }
    }
}

impl Embed {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(num_embeddings: usize, features: usize, rngs: &mut Rngs) -> Embed {
        Embed::builder(num_embeddings, features).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(num_embeddings: usize, features: usize) -> EmbedBuilder {
        EmbedBuilder::with_defaults(num_embeddings, features)
    }

    /// The vectors of integers: `[…]` to `[…, features]`. Negative ones count from the table's end;
    /// those outside of it give NaN.
    ///
    /// ```
    /// use nnx::{Array, nn::Embed, random::Rngs};
    ///
    /// let mut layer = Embed::new(3, 2, &mut Rngs::new(0));
    /// layer.embedding.set(Array::from([[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]]));
    /// let x = layer.forward(Array::from([1, -1]));
    /// assert_eq!(x.to_vec::<f32>(), [2.0, 3.0, 4.0, 5.0]);
    /// assert!(layer.forward(Array::scalar(3)).is_nan().all(..).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if `x` has no integer dtype.
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        if !x.dtype().is_int() {
            invalid("Embed", format!("the input must be integers, got {}", x.aval()));
        }
        let table = self.embedding.value();
        let dtype = self.dtype.unwrap_or(table.dtype());
        let table = match self.promote_dtype {
            None => table.astype(dtype),
            by => {
                let [Some(table)] = promote("Embed", [Some(table)], Some(dtype), by) else {
                    unreachable!("arrays that were there stay")
                };
                table
            }
        };
        let &[rows, features] = table.shape() else {
            invalid("Embed", format!("the embedding {} is not a table", table.aval()));
        };
        if rows == 1 {
            let shape: Vec<usize> = x.shape().iter().copied().chain([features]).collect();
            return call.returns(table.reshape([features]).broadcast_to(shape));
        }
        call.returns(table.take(x, 0))
    }

    /// The product of vectors with every row of the table: `[…, features]` to
    /// `[…, num_embeddings]`. Gives logits that share the table's weights.
    ///
    /// ```
    /// use nnx::{Array, nn::Embed, random::Rngs};
    ///
    /// let mut layer = Embed::new(3, 2, &mut Rngs::new(0));
    /// layer.embedding.set(Array::from([[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]]));
    /// let logits = layer.attend(&Array::from([1.0_f32, 10.0]));
    /// assert_eq!(logits.to_vec::<f32>(), [10.0, 32.0, 54.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the last axis of `query` does not have size `features`.
    #[track_caller]
    pub fn attend(&self, query: impl AsArray) -> Array {
        let query = query.as_array();
        let call = called(self, "attend", &[query]);
        last_axis("Embed", "the query", query, self.embedding.shape()[1]);
        let dtype = Some(self.dtype.unwrap_or(self.embedding.dtype()));
        let arrays = [Some(query), Some(self.embedding.value())];
        let by = self.promote_dtype;
        let [Some(query), Some(embedding)] = promote("Embed", arrays, dtype, by) else {
            unreachable!("arrays that were there stay")
        };
        call.returns(dot_general(&query, embedding.t(), (&[query.rank() - 1], &[0]), (&[], &[])))
    }
}
