//! A small transformer whose output layer is its embedding table, and the jitted functions that train,
//! test and ask it. `lent.rs` has the same for tree mode.

use nnx::module::{View, view};
use nnx::nn::{Embed, LayerNorm, Linear, MultiHeadAttention, MultiHeadAttentionOptions, gelu};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::{self, RngStream, Rngs};
use nnx::{Array, DType, Module, Shared, value_and_grad};
use nnx_examples::Metrics;

/// How many characters the model looks back at.
pub(crate) const CONTEXT: usize = 32;
pub(crate) const FEATURES: usize = 64;
const HEADS: usize = 4;
const BLOCKS: usize = 2;
/// Below 1, likely characters are drawn more often than the model says.
const TEMPERATURE: f64 = 0.7;

/// The embedding and the output layer hold one table, a node of its own.
#[derive(Module)]
pub(crate) struct Tied {
    embed: Shared<Embed>,
    body: Body,
    head: Shared<Embed>,
}

/// The layers between the embedding and the output layer.
#[derive(Module)]
pub(crate) struct Body {
    positions: Embed,
    blocks: [Block; BLOCKS],
    norm: LayerNorm,
}

#[derive(Module)]
struct Block {
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    up: Linear,
    down: Linear,
}

pub(crate) trait LanguageModel: Module {
    fn new(vocabulary: usize, rngs: &mut Rngs) -> Self;

    /// Logits `[n, length, vocabulary]` of what comes after each of the tokens i32 `[n, length]`.
    fn logits(&mut self, tokens: &Array) -> Array;

    /// One step of training on windows i32 `[n, CONTEXT + 1]`. Returns the loss.
    fn train_step(
        &mut self,
        opt: &mut Optimizer<AdamW>,
        metrics: &mut Metrics,
        windows: &Array,
    ) -> Array;
}

impl LanguageModel for Tied {
    fn new(vocabulary: usize, rngs: &mut Rngs) -> Self {
        let embed = Shared::new(Embed::new(vocabulary, FEATURES, rngs));
        Tied { head: embed.clone(), embed, body: Body::new(rngs) }
    }

    fn logits(&mut self, tokens: &Array) -> Array {
        let x = self.embed.read().forward(tokens);
        self.head.read().attend(self.body.forward(&x))
    }

    #[nnx::jit]
    fn train_step(
        &mut self,
        opt: &mut Optimizer<AdamW>,
        metrics: &mut Metrics,
        windows: &Array,
    ) -> Array {
        learn(self, opt, metrics, windows)
    }
}

impl Body {
    pub(crate) fn new(rngs: &mut Rngs) -> Self {
        Body {
            positions: Embed::new(CONTEXT, FEATURES, rngs),
            blocks: std::array::from_fn(|_| Block::new(rngs)),
            norm: LayerNorm::new(FEATURES, rngs),
        }
    }

    pub(crate) fn forward(&mut self, x: &Array) -> Array {
        let places = nnx::array::arange(x.shape()[1], DType::I32);
        let x = x + self.positions.forward(&places);
        self.norm.forward(self.blocks.iter_mut().fold(x, |x, block| block.forward(&x)))
    }
}

impl Block {
    fn new(rngs: &mut Rngs) -> Self {
        Block {
            norm1: LayerNorm::new(FEATURES, rngs),
            attention: MultiHeadAttention::new(HEADS, FEATURES, rngs),
            norm2: LayerNorm::new(FEATURES, rngs),
            up: Linear::new(FEATURES, 4 * FEATURES, rngs),
            down: Linear::new(4 * FEATURES, FEATURES, rngs),
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let causal = MultiHeadAttentionOptions::new().is_causal(true);
        let x = x + self.attention.forward_with(self.norm1.forward(x), causal);
        &x + self.down.forward(gelu(&self.up.forward(self.norm2.forward(&x))))
    }
}

/// The gradient of a tied table is the sum over its two uses, and one step is taken with it.
pub(crate) fn learn<M: LanguageModel>(
    model: &mut M,
    optimizer: &mut Optimizer<AdamW>,
    metrics: &mut Metrics,
    windows: &Array,
) -> Array {
    let (tokens, next) = tokens_and_next(windows);
    let ((loss, logits), grads) = value_and_grad(
        |model: &mut M| {
            let logits = model.logits(&tokens);
            let loss = softmax_cross_entropy_with_integer_labels(&logits, &next).mean(..);
            (loss, logits)
        },
        &mut *model,
    );
    metrics.loss.update(&loss);
    metrics.accuracy.update(&logits, &next);
    optimizer.update(model, &grads);
    loss
}

/// Measures the model on windows i32 `[n, CONTEXT + 1]`. Graph mode takes models of both kinds.
#[nnx::jit]
pub(crate) fn eval_step<M: LanguageModel>(model: &M, metrics: &mut Metrics, windows: &Array) {
    let (tokens, next) = tokens_and_next(windows);
    let logits = view(model, View::eval()).logits(&tokens);
    metrics.loss.update(softmax_cross_entropy_with_integer_labels(&logits, &next));
    metrics.accuracy.update(&logits, &next);
}

/// Draws the token after number `last` of a window i32 `[1, CONTEXT]`, i32 `[1]`.
#[nnx::jit]
pub(crate) fn next_token<M: LanguageModel>(
    model: &M,
    draws: &mut RngStream,
    window: &Array,
    last: &Array,
) -> Array {
    let logits = view(model, View::eval()).logits(window).dynamic_index(last, 1);
    random::categorical(&draws.next_key(), &(logits / TEMPERATURE), -1)
}

/// The windows without their last token, and without their first.
fn tokens_and_next(windows: &Array) -> (Array, Array) {
    let part = |from: usize| windows.slice([(..).into(), (from..from + CONTEXT).into()]);
    (part(0), part(1))
}
