//! Low-rank adaptation (Hu and others, 2021): the GPT of `gpt.rs`, from its checkpoint, learns to write in capitals.
//! Everything that it knew stays as it was; what is trained are small matrices beside its own.
//!
//! `cargo xtask example gpt`, then `cargo xtask example lora`; `--help` after it lists the options.

use crate::gpt::{self, CHECKPOINT, Gpt, Text, Tx, draw, show, test};
use nnx::module::{LoRAParam, Param, of_type, state};
use nnx::nn::LoRA;
use nnx::optim::{Optimizer, adamw, clip_by_global_norm, warmup_cosine_decay_schedule};
use nnx::random::{RngStream, Rngs};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::{All, Array, Not, value_and_grad, wrt};
use nnx_examples::{About, Data, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "lora",
    purpose: "Teaches the GPT that `gpt` trained to write in capitals, by few parameters.",
    examples: "Windows",
    data: Some(("The checkpoint of a run of `gpt`", "runs/gpt/gpt.safetensors")),
    length: Length::Steps(300),
    batch_size: 16,
    learning_rate: 1e-2,
    flags: &[],
};

/// The rank of the matrices.
const RANK: usize = 8;

#[nnx::jit(graph = false)]
fn tune_step(
    model: &mut Gpt,
    optimizer: &mut Optimizer<Tx>,
    draws: &mut RngStream,
    text: &Array,
    batch_size: usize,
) -> Array {
    let windows = draw(text, &draws.next_key(), batch_size);
    let loss = |model: &mut Gpt| gpt::loss(model, &windows);
    let (loss, grads) = value_and_grad(loss, wrt(of_type::<LoRAParam>(), &mut *model));
    optimizer.update(model, &grads);
    loss
}

/// The numbers of a text's characters, in capitals where the text has these.
fn capitals(text: &Text, tokens: &[i32]) -> Vec<i32> {
    let capital = |&token: &i32| {
        let capital = text.vocabulary[token as usize].to_ascii_uppercase();
        text.vocabulary.binary_search(&capital).map_or(token, |found| found as i32)
    };
    tokens.iter().map(capital).collect()
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    if !run.data.exists() {
        let data = run.data.display();
        return Err(format!("--data {data}: there is no checkpoint; run `gpt` first").into());
    }
    let mut rngs = Rngs::new(run.seed);
    let mut text = Text::load(&gpt::ABOUT.shipped())?;
    let mut model = Gpt::new(text.vocabulary.len(), &mut rngs);
    load_checkpoint(&run.data, &mut model)?;
    let mut draws = rngs.stream("draws").fork();
    let known = Text::windows(&text.test, text.test_starts());
    let before = test(&model, &known).try_item::<f32>()?;

    // Beside each large matrix two small ones, whose product is 0 at first.
    for block in &mut model.blocks {
        for layer in [&mut block.up, &mut block.down] {
            let &[from, to] = layer.linear.kernel.shape() else {
                unreachable!("of a linear layer")
            };
            layer.lora = Some(LoRA::new(from, RANK, to, &mut rngs));
        }
    }
    let ours = of_type::<LoRAParam>();
    let size = |part: nnx::State| part.iter().map(|(_, leaf)| leaf.value.size()).sum::<usize>();
    let (trained, kept) = (
        size(state(&model).filter(ours)),
        size(state(&model).filter(All((of_type::<Param>(), Not(ours))))),
    );
    println!("{trained} parameters are trained, {kept} are kept");

    let steps = run.steps as i32;
    let rate = warmup_cosine_decay_schedule(0.0, run.learning_rate, steps / 15, steps, 0.0);
    let tx = (clip_by_global_norm(1.0), adamw(rate).weight_decay(0.0));
    let mut optimizer = Optimizer::wrt(&model, tx, ours);
    (text.train, text.test) = (capitals(&text, &text.train), capitals(&text, &text.test));
    let train = Array::from_slice(&text.train, [text.train.len()]);
    let held_out = Text::windows(&text.test, text.test_starts());
    println!("test loss in capitals before: {:.4}", test(&model, &held_out).try_item::<f32>()?);
    for step in 0..run.steps {
        let loss = tune_step(&mut model, &mut optimizer, &mut draws, &train, run.batch_size);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss), ("test_loss", &test(&model, &held_out))])?;
        }
    }
    show(&model, &mut draws, &text)?;

    // The additions are all that a user needs beside the first checkpoint, and without them it is as it was.
    let additions: Vec<_> =
        model.blocks.iter_mut().map(|b| [b.up.lora.take(), b.down.lora.take()]).collect();
    let file = run.file("lora.safetensors");
    save_checkpoint(&file, &additions, &[("to".into(), CHECKPOINT.into())].into())?;
    let after = test(&model, &known).try_item::<f32>()?;
    println!("test loss of the model without the additions: {before:.4} before, {after:.4} after");
    println!("additions: {}, {} bytes", file.display(), file.metadata()?.len());
    run.summary();
    Ok(())
}
