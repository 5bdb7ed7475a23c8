//! The model for tree mode, where a node cannot be shared.

use crate::model::{Body, FEATURES, LanguageModel, learn};
use nnx::nn::Embed;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::Rngs;
use nnx::{Array, Module};
use nnx_examples::Metrics;

/// The embedding owns the table, and `logits` lends it to the output layer.
#[derive(Module)]
pub(crate) struct Lent {
    embed: Embed,
    body: Body,
}

impl LanguageModel for Lent {
    fn new(vocabulary: usize, rngs: &mut Rngs) -> Self {
        Lent { embed: Embed::new(vocabulary, FEATURES, rngs), body: Body::new(rngs) }
    }

    fn logits(&mut self, tokens: &Array) -> Array {
        let x = self.embed.forward(tokens);
        self.embed.attend(self.body.forward(&x))
    }

    #[nnx::jit(graph = false)]
    fn train_step(
        &mut self,
        opt: &mut Optimizer<AdamW>,
        metrics: &mut Metrics,
        windows: &Array,
    ) -> Array {
        learn(self, opt, metrics, windows)
    }
}
