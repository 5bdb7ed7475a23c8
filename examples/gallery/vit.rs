//! A Vision Transformer (Dosovitskiy and others, 2020) on handwritten digits: an image is a sentence of patches. The
//! blocks are one Module with an axis for the depth, so that the program has the code of one.
//!
//! `cargo xtask example vit` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::concatenate;
use nnx::module::{Everything, View, view};
use nnx::nn::{Dropout, LayerNorm, Linear, MultiHeadAttention, gelu, initializers};
use nnx::optim::losses::{smooth_labels, softmax_cross_entropy};
use nnx::optim::{AdamW, Optimizer, adamw, warmup_cosine_decay_schedule};
use nnx::random::{self, RngStream, Rngs, split_rngs};
use nnx::train::{Accuracy, Metric};
use nnx::{Array, DType, Module, Param, scan, value_and_grad, vmap};
use nnx_examples::digits::{Batch, CLASSES, Data, Dataset, pixels};
use nnx_examples::{About, Data as _, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "vit",
    purpose: "Trains a Vision Transformer on digits.",
    examples: "Images",
    data: Some((
        "A folder with IDX files as MNIST has them, gzipped or not",
        "examples/data/mnist",
    )),
    length: Length::Steps(800),
    batch_size: 64,
    learning_rate: 2e-3,
    flags: &[],
};

/// The side of a patch, in pixels.
const PATCH: usize = 4;
const FEATURES: usize = 64;
const HEADS: usize = 4;
const BLOCKS: usize = 3;
const DROPOUT: f64 = 0.05;
/// Test images per call; the last call is filled up, so that one program serves all.
const EVAL_BATCH: usize = 500;

#[derive(Module)]
struct Vit {
    embed: Linear,
    class: Param,
    positions: Param,
    /// Each array has an axis of [`BLOCKS`] in front.
    blocks: Block,
    norm: LayerNorm,
    head: Linear,
}

#[derive(Module)]
struct Block {
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    up: Linear,
    down: Linear,
    dropout: Dropout,
}

impl Block {
    fn new(rngs: &mut Rngs) -> Self {
        Block {
            norm1: LayerNorm::new(FEATURES, rngs),
            attention: MultiHeadAttention::new(HEADS, FEATURES, rngs),
            norm2: LayerNorm::new(FEATURES, rngs),
            up: Linear::new(FEATURES, 2 * FEATURES, rngs),
            down: Linear::new(2 * FEATURES, FEATURES, rngs),
            dropout: Dropout::new(DROPOUT, rngs),
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let attention = self.attention.forward(self.norm1.forward(x));
        let x = x + self.dropout.forward(&attention);
        let hidden = gelu(&self.up.forward(self.norm2.forward(&x)));
        x + self.dropout.forward(self.down.forward(&hidden))
    }
}

impl Vit {
    fn new(patches: usize, rngs: &mut Rngs) -> Self {
        let init = initializers::normal(0.02);
        let embed = Linear::new(PATCH * PATCH, FEATURES, rngs);
        let class = init.call(&rngs.params(), [1, 1, FEATURES], DType::F32).into();
        let positions = init.call(&rngs.params(), [patches + 1, FEATURES], DType::F32).into();
        let before = split_rngs(rngs, Everything, BLOCKS);
        let blocks = vmap(Block::new, &mut *rngs, 0);
        before.restore(rngs);
        let (norm, head) =
            (LayerNorm::new(FEATURES, rngs), Linear::new(FEATURES, CLASSES.into(), rngs));
        Vit { embed, class, positions, blocks, norm, head }
    }

    /// Logits `[n, 10]` for images f32 `[n, height, width, 1]`.
    fn forward(&mut self, images: &Array) -> Array {
        let x = self.embed.forward(patches(images));
        let class = self.class.broadcast_to([x.shape()[0], 1, FEATURES]);
        let x = concatenate([&class, &x], 1) + &self.positions;
        let (x, ()) =
            scan(|x: Array, block: &mut Block| (block.forward(&x), ()), x, &mut self.blocks);
        self.head.forward(self.norm.forward(x.at((.., 0)).get()))
    }
}

/// Images f32 `[n, height, width, 1]` as f32 `[n, patches, PATCH * PATCH]`.
fn patches(images: &Array) -> Array {
    let side = PATCH as isize;
    let [n, height, width] = [0, 1, 2].map(|axis| images.shape()[axis] as isize);
    let x = images.reshape([n, height / side, side, width / side, side]);
    x.transpose([0, 1, 3, 2, 4]).reshape([n, -1, side * side])
}

/// A step on a batch that is drawn from all digits.
#[nnx::jit(graph = false)]
fn train_step(
    model: &mut Vit,
    optimizer: &mut Optimizer<AdamW>,
    draws: &mut RngStream,
    digits: &Batch,
    batch_size: usize,
) -> Array {
    let n = digits.labels.size();
    let chosen = random::choice(&draws.next_key(), n, [batch_size], true, None);
    let x = pixels(&digits.images.take(&chosen, 0));
    let labels = nnx::nn::one_hot(digits.labels.take(&chosen, 0), CLASSES.into(), DType::F32);
    let labels = smooth_labels(&labels, 0.1);
    let (loss, grads) = value_and_grad(
        |model: &mut Vit| softmax_cross_entropy(model.forward(&x), &labels).mean(..),
        &mut *model,
    );
    optimizer.update(model, &grads);
    loss
}

#[nnx::jit(graph = false)]
fn eval_step(model: &Vit, accuracy: &mut Accuracy, digits: &Batch) {
    let logits = view(model, View::eval()).forward(&pixels(&digits.images));
    accuracy.update_masked(&logits, &digits.labels, &digits.mask);
}

/// The share of the images that is recognized, f32 `[]`.
fn test(model: &Vit, digits: &Dataset) -> nnx::Result<Array> {
    let mut accuracy = Accuracy::new();
    let (all, size) = ((0..digits.len()).collect::<Vec<_>>(), EVAL_BATCH.min(digits.len()));
    for indices in all.chunks(size) {
        eval_step(model, &mut accuracy, &digits.batch(indices, size)?);
    }
    Ok(accuracy.compute())
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let data = Data::load(&run.data)?;
    let (height, width) = (data.train.height, data.train.width);
    if height % PATCH != 0 || width % PATCH != 0 {
        return Err(format!("images of {height} x {width} pixels are not whole patches").into());
    }
    let digits = data.train.all()?;
    let mut rngs = Rngs::new(run.seed);
    let mut model = Vit::new(height / PATCH * (width / PATCH), &mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let steps = run.steps as i32;
    let rate = warmup_cosine_decay_schedule(0.0, run.learning_rate, steps / 10, steps, 0.0);
    let mut optimizer = Optimizer::new(&model, adamw(rate).weight_decay(0.05));
    for step in 0..run.steps {
        let loss = train_step(&mut model, &mut optimizer, &mut draws, &digits, run.batch_size);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss), ("accuracy", &test(&model, &data.test)?)])?;
        }
    }
    run.summary();
    Ok(())
}
