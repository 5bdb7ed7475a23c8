//! A transformer of 4 layers, 128 features and 4 heads for 128 tokens of 256 kinds, trained by AdamW on batches of 8.

use crate::numbers::{integers, set_kernel, uniform};
use crate::task::{Batch, Task};
use nnx::nn::{AttentionOptions, Embed, LayerNorm, Linear, dot_product_attention, gelu};
use nnx::optim::{AdamW, adamw};
use nnx::random::Rngs;
use nnx::{Array, Module, Param};

const LAYERS: u64 = 4;
const FEATURES: usize = 128;
const HEADS: usize = 4;
const CONTEXT: usize = 128;
const VOCABULARY: usize = 256;
const BATCH: usize = 8;

#[derive(Module)]
struct Block {
    norm1: LayerNorm,
    qkv: Linear,
    proj: Linear,
    norm2: LayerNorm,
    up: Linear,
    down: Linear,
}

impl Block {
    /// With kernels from four seeds.
    fn new(seed: u64, rngs: &mut Rngs) -> Self {
        let mut block = Block {
            norm1: LayerNorm::new(FEATURES, rngs),
            qkv: Linear::new(FEATURES, 3 * FEATURES, rngs),
            proj: Linear::new(FEATURES, FEATURES, rngs),
            norm2: LayerNorm::new(FEATURES, rngs),
            up: Linear::new(FEATURES, 4 * FEATURES, rngs),
            down: Linear::new(4 * FEATURES, FEATURES, rngs),
        };
        set_kernel(&mut block.qkv.kernel, seed);
        set_kernel(&mut block.proj.kernel, seed + 1);
        set_kernel(&mut block.up.kernel, seed + 2);
        set_kernel(&mut block.down.kernel, seed + 3);
        block
    }

    fn forward(&self, x: &Array) -> Array {
        let qkv = self.qkv.forward(self.norm1.forward(x)).split(3, -1);
        let heads = |x: &Array| x.reshape([BATCH, CONTEXT, HEADS, FEATURES / HEADS]);
        let causal = AttentionOptions::new().is_causal(true);
        let attended =
            dot_product_attention(heads(&qkv[0]), heads(&qkv[1]), heads(&qkv[2]), &causal);
        let x = x + self.proj.forward(attended.reshape([BATCH, CONTEXT, FEATURES]));
        &x + self.down.forward(gelu(&self.up.forward(self.norm2.forward(&x))))
    }
}

#[derive(Module)]
pub(crate) struct Gpt {
    tokens: Embed,
    positions: Param,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
}

impl Task for Gpt {
    type Optimizer = AdamW;

    fn new() -> Self {
        let mut rngs = Rngs::new(0);
        let table = |seed, rows| uniform(seed, &[rows, FEATURES], [-0.05, 0.05]);
        let mut model = Gpt {
            tokens: Embed::new(VOCABULARY, FEATURES, &mut rngs),
            positions: Param::new(table(201, CONTEXT)),
            blocks: (0..LAYERS).map(|i| Block::new(202 + 4 * i, &mut rngs)).collect(),
            norm: LayerNorm::new(FEATURES, &mut rngs),
            head: Linear::builder(FEATURES, VOCABULARY).use_bias(false).build(&mut rngs),
        };
        model.tokens.embedding.set(table(200, VOCABULARY));
        set_kernel(&mut model.head.kernel, 202 + 4 * LAYERS);
        model
    }

    fn optimizer() -> AdamW {
        adamw(3e-4).weight_decay(0.01)
    }

    fn batches() -> Vec<Batch> {
        let batch = |k: u64| {
            let tokens = integers(9000 + k, &[BATCH, CONTEXT + 1], VOCABULARY as u64);
            let part = |from| tokens.at((.., from..from + CONTEXT)).get();
            Batch { x: part(0), y: part(1) }
        };
        (0..8).map(batch).collect()
    }

    fn logits(&mut self, x: &Array) -> Array {
        let x = self.tokens.forward(x) + &self.positions;
        let x = self.blocks.iter().fold(x, |x, block| block.forward(&x));
        self.head.forward(self.norm.forward(&x))
    }
}
