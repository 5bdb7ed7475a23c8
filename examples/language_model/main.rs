//! A language model whose output layer is its embedding table, trained on Shakespeare's sonnets.
//!
//! `cargo xtask example language_model` sets up XLA and runs it; `--help` after it lists the options.

mod lent;
mod model;

use lent::Lent;
use model::{CONTEXT, LanguageModel, Tied, eval_step, next_token};
use nnx::optim::{AdamW, Optimizer};
use nnx::random::{self, RngStream, Rngs};
use nnx::{Array, DType, Module};
use nnx_examples::{About, Data, EpochRun, Length, Metrics, Options, Program};
use std::process::ExitCode;

type Text = nnx_examples::text::Text<CONTEXT>;

/// How much text the trained model writes, in characters.
const SAMPLE: usize = 400;

const ABOUT: About = About {
    name: "language_model",
    purpose: "Trains a language model with tied embeddings on Shakespeare's sonnets.",
    examples: "Windows",
    data: Some(("A text file", "examples/data/sonnets/sonnets.txt")),
    length: Length::Epochs(12, 0.9),
    batch_size: 32,
    learning_rate: 4e-3,
    flags: &[("--lend", "Tree mode: the model owns its table and lends it to the output layer")],
};

fn main() -> ExitCode {
    nnx_examples::main(&ABOUT, |options| {
        if options.flags.contains(&"--lend") { run::<Lent>(options) } else { run::<Tied>(options) }
    })
}

fn run<M: LanguageModel>(options: &Options) -> Result<(), String> {
    let (mut training, text) = nnx_examples::train::<Training<M>>(options)?;
    println!("\n{}", training.write(&text).map_err(|e| e.to_string())?);
    Ok(())
}

#[derive(Module)]
struct Training<M: Module> {
    model: M,
    optimizer: Optimizer<AdamW>,
    draws: RngStream,
}

impl<M: LanguageModel> Program for Training<M> {
    const ABOUT: &'static About = &ABOUT;
    type Data = Text;

    fn new(text: &Text, tx: AdamW, rngs: &mut Rngs) -> Self {
        let model = M::new(text.vocabulary.len(), rngs);
        let optimizer = Optimizer::new(&model, tx);
        Training { model, optimizer, draws: rngs.stream("draws").fork() }
    }

    fn optimizer(&mut self) -> &mut Optimizer<AdamW> {
        &mut self.optimizer
    }

    /// As many windows as cover the text, from random places.
    fn train(&mut self, text: &Text, epoch: &mut EpochRun<'_>) -> nnx::Result<()> {
        let Training { model, optimizer, draws } = self;
        let [windows, _] = text.counts();
        let places = text.train.len() - CONTEXT;
        let starts = random::randint(&draws.next_key(), [windows], 0, places as i64, DType::I64);
        let starts = starts.try_to_vec::<i64>()?;
        for (step, starts) in starts.chunks_exact(epoch.batch_size).enumerate() {
            let starts = starts.iter().map(|&start| start as usize);
            let batch = Text::windows(&text.train, starts);
            let loss = model.train_step(optimizer, epoch.metrics, &batch);
            epoch.started(step, loss)?;
        }
        Ok(())
    }

    fn test(&self, text: &Text, metrics: &mut Metrics) -> nnx::Result<()> {
        eval_step(&self.model, metrics, &Text::windows(&text.test, text.test_starts()));
        Ok(())
    }
}

impl<M: LanguageModel> Training<M> {
    /// Text that the model draws, character by character.
    fn write(&mut self, text: &Text) -> nnx::Result<String> {
        // The first in the order of characters is the line break.
        let mut tokens = vec![0];
        while tokens.len() <= SAMPLE {
            let seen = &tokens[tokens.len().saturating_sub(CONTEXT)..];
            let last = Array::scalar(seen.len() as i32 - 1);
            // The positions after the last one are not seen.
            let mut window = seen.to_vec();
            window.resize(CONTEXT, 0);
            let window = Array::from_slice(&window, [1, CONTEXT]);
            let next = next_token(&self.model, &mut self.draws, &window, &last);
            tokens.push(next.try_item::<i32>()?);
        }
        Ok(text.characters(&tokens[1..]))
    }
}
