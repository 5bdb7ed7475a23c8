//! A small GPT (Radford and others, 2018) on Shakespeare's sonnets, character by character: causal attention, one table
//! for input and output, warm-up and a cosine, clipped gradients, and text that is written with the keys and values of
//! what was written before.
//!
//! `cargo xtask example gpt` sets up XLA and runs it; `--help` after it lists the options. `lora.rs` trains what it
//! leaves on further.

use nnx::array::arange;
use nnx::module::{Cache, View, path_contains, view};
use nnx::nn::{
    Embed, LayerNorm, Linear, LoRA, MultiHeadAttention, MultiHeadAttentionOptions, gelu,
};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{
    AdamW, ClipByGlobalNorm, Mask, Optimizer, adamw, clip_by_global_norm,
    warmup_cosine_decay_schedule,
};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::train::save_checkpoint;
use nnx::{Array, DType, Module, Variable, scan, value_and_grad};
use nnx_examples::{About, Data, Length, Options, Outcome, Run};
use std::time::Instant;

pub(crate) const ABOUT: About = About {
    name: "gpt",
    purpose: "Trains a small GPT on Shakespeare's sonnets, and lets it write.",
    examples: "Windows",
    data: Some(("A text file", "examples/data/sonnets/sonnets.txt")),
    length: Length::Steps(1500),
    batch_size: 16,
    learning_rate: 2e-3,
    flags: &[],
};

/// How many characters the model looks back at.
pub(crate) const CONTEXT: usize = 96;
const FEATURES: usize = 96;
const HEADS: usize = 4;
const BLOCKS: usize = 3;
/// Below 1, likely characters are drawn more often than the model says.
const TEMPERATURE: f64 = 0.7;
/// The name of the checkpoint that a run leaves.
pub(crate) const CHECKPOINT: &str = "gpt.safetensors";

pub(crate) type Text = nnx_examples::text::Text<CONTEXT>;
pub(crate) type Tx = (ClipByGlobalNorm, AdamW);

#[derive(Module)]
pub(crate) struct Gpt {
    embed: Embed,
    positions: Embed,
    pub(crate) blocks: [Block; BLOCKS],
    norm: LayerNorm,
    /// While writing: how many characters there are, i32 `[]`.
    written: Option<Variable<Cache>>,
}

#[derive(Module)]
pub(crate) struct Block {
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    pub(crate) up: Adapted,
    pub(crate) down: Adapted,
}

/// A linear layer that may have a small addition: `lora.rs`.
#[derive(Module)]
pub(crate) struct Adapted {
    pub(crate) linear: Linear,
    pub(crate) lora: Option<LoRA>,
}

impl Gpt {
    pub(crate) fn new(vocabulary: usize, rngs: &mut Rngs) -> Self {
        Gpt {
            embed: Embed::new(vocabulary, FEATURES, rngs),
            positions: Embed::new(CONTEXT, FEATURES, rngs),
            blocks: std::array::from_fn(|_| Block::new(rngs)),
            norm: LayerNorm::new(FEATURES, rngs),
            written: None,
        }
    }

    /// Logits `[n, length, vocabulary]` of what comes after each of the tokens i32 `[n, length]`. While writing the
    /// length is 1, and what was before is in the caches.
    pub(crate) fn forward(&mut self, tokens: &Array) -> Array {
        let places = match &mut self.written {
            Some(written) => {
                *written += 1;
                (written.value() - 1).reshape([1])
            }
            None => arange(tokens.shape()[1], DType::I32),
        };
        let x = self.embed.forward(tokens) + self.positions.forward(&places);
        let x = self.blocks.iter_mut().fold(x, |x, block| block.forward(&x));
        self.embed.attend(self.norm.forward(&x))
    }
}

impl Block {
    fn new(rngs: &mut Rngs) -> Self {
        let mut linear = |from, to| Adapted { linear: Linear::new(from, to, rngs), lora: None };
        let (up, down) = (linear(FEATURES, 4 * FEATURES), linear(4 * FEATURES, FEATURES));
        Block {
            norm1: LayerNorm::new(FEATURES, rngs),
            attention: MultiHeadAttention::new(HEADS, FEATURES, rngs),
            norm2: LayerNorm::new(FEATURES, rngs),
            up,
            down,
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let causal = MultiHeadAttentionOptions::new().is_causal(!*self.attention.decode);
        let x = x + self.attention.forward_with(self.norm1.forward(x), causal);
        &x + self.down.forward(&gelu(&self.up.forward(&self.norm2.forward(&x))))
    }
}

impl Adapted {
    fn forward(&self, x: &Array) -> Array {
        let y = self.linear.forward(x);
        match &self.lora {
            Some(lora) => y + lora.forward(x),
            None => y,
        }
    }
}

/// The mean loss on windows i32 `[n, CONTEXT + 1]`.
pub(crate) fn loss(model: &mut Gpt, windows: &Array) -> Array {
    let logits = model.forward(&windows.at((.., ..-1)).get());
    softmax_cross_entropy_with_integer_labels(&logits, windows.at((.., 1..)).get()).mean(..)
}

/// Windows i32 `[n, CONTEXT + 1]` from random places of a text i32 `[characters]`.
pub(crate) fn draw(text: &Array, key: &Key, n: usize) -> Array {
    let places = (text.shape()[0] - CONTEXT) as i64;
    let starts = random::randint(key, [n, 1], 0, places, DType::I32);
    text.take(&(starts + arange(CONTEXT + 1, DType::I32)), 0)
}

#[nnx::jit(graph = false)]
fn train_step(
    model: &mut Gpt,
    optimizer: &mut Optimizer<Tx>,
    draws: &mut RngStream,
    text: &Array,
    batch_size: usize,
) -> Array {
    let windows = draw(text, &draws.next_key(), batch_size);
    let (loss, grads) = value_and_grad(|model: &mut Gpt| loss(model, &windows), &mut *model);
    optimizer.update(model, &grads);
    loss
}

/// The mean loss on windows, f32 `[]`.
#[nnx::jit(graph = false)]
pub(crate) fn test(model: &Gpt, windows: &Array) -> Array {
    loss(&mut view(model, View::eval()), windows)
}

/// Texts that begin with a token, as long as the model can look back: i32 `[n, CONTEXT]`. Each layer keeps the keys and
/// values of what was written, so that a character costs the computation of one.
#[nnx::jit(graph = false)]
pub(crate) fn write(model: &Gpt, draws: &mut RngStream, first: &Array, n: usize) -> Array {
    let mut model = view(model, View::eval().set("decode", true));
    model.written = Some(Variable::new(Array::scalar(0)));
    for block in &mut model.blocks {
        block.attention.init_cache([n, CONTEXT, FEATURES], DType::F32);
    }
    let step = |(mut model, token): (Gpt, Array), key: &Key| {
        let logits = model.forward(&token.expand_dims(1)).squeeze(1);
        let token = random::categorical(key, &(logits / TEMPERATURE), -1);
        ((model, token.clone()), token)
    };
    let keys = random::split(&draws.next_key(), CONTEXT);
    let (_, tokens) = scan(step, (model, first.broadcast_to([n])), &keys);
    tokens.t()
}

/// Writes texts, prints one, and says how fast that went.
pub(crate) fn show(model: &Gpt, draws: &mut RngStream, text: &Text) -> nnx::Result<()> {
    const TEXTS: usize = 8;
    // The first in the order of characters is the line break. The first call compiles.
    let first = Array::scalar(0);
    let texts = write(model, draws, &first, TEXTS).try_to_vec::<i32>()?;
    let started = Instant::now();
    write(model, draws, &first, TEXTS).block_until_ready()?;
    let speed = (TEXTS * CONTEXT) as f64 / started.elapsed().as_secs_f64();
    println!("\n{}\n", text.characters(&texts[..3 * CONTEXT]));
    println!("{speed:.0} characters/s, {TEXTS} texts at a time");
    Ok(())
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let text = Text::load(&run.data)?;
    let train = Array::from_slice(&text.train, [text.train.len()]);
    let held_out = Text::windows(&text.test, text.test_starts());
    let mut rngs = Rngs::new(run.seed);
    let mut model = Gpt::new(text.vocabulary.len(), &mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let steps = run.steps as i32;
    let rate = warmup_cosine_decay_schedule(0.0, run.learning_rate, steps / 15, steps, 0.0);
    let kernels = Mask::of(path_contains("kernel"));
    let tx = (clip_by_global_norm(1.0), adamw(rate).weight_decay(0.1).mask(kernels));
    let mut optimizer = Optimizer::new(&model, tx);
    for step in 0..run.steps {
        let loss = train_step(&mut model, &mut optimizer, &mut draws, &train, run.batch_size);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss), ("test_loss", &test(&model, &held_out))])?;
        }
    }
    let checkpoint = run.file(CHECKPOINT);
    save_checkpoint(&checkpoint, &model, &[("seed".into(), run.seed.to_string())].into())?;
    show(&model, &mut draws, &text)?;
    println!("checkpoint: {}", checkpoint.display());
    run.summary();
    Ok(())
}
