//! Tells whether two digits are the same, one of them white on black, the other grey on white.
//!
//! `cargo xtask example siamese` sets up XLA and runs it; `--help` after it lists the options.

mod model;
mod pairs;

use model::{Siamese, eval_step, train_step};
use nnx::Module;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::{self, RngStream, Rngs};
use nnx::train::Accuracy;
use nnx_examples::digits::Data;
use nnx_examples::{About, EpochRun, Length, Metrics, Program};
use pairs::pairs;
use std::process::ExitCode;

/// Test pairs per call; the last call is filled up, so that one program serves all.
const EVAL_BATCH: usize = 500;

fn main() -> ExitCode {
    nnx_examples::main(Training::ABOUT, |options| {
        nnx_examples::train::<Training>(options).map(drop)
    })
}

#[derive(Module)]
struct Training {
    model: Siamese,
    optimizer: Optimizer<AdamW>,
    draws: RngStream,
}

impl Program for Training {
    const ABOUT: &'static About = &About {
        name: "siamese",
        purpose: "Trains a Siamese network that tells whether two digits are the same.",
        examples: "Pairs",
        data: Some((
            "A folder with IDX files as MNIST has them, gzipped or not",
            "examples/data/mnist",
        )),
        length: Length::Epochs(6, 0.6),
        batch_size: 64,
        learning_rate: 1e-2,
        flags: &[],
    };
    type Data = Data;

    fn new(data: &Data, tx: AdamW, rngs: &mut Rngs) -> Self {
        let model = Siamese::new(data.train.height, data.train.width, rngs);
        let optimizer = Optimizer::new(&model, tx);
        Training { model, optimizer, draws: rngs.stream("draws").fork() }
    }

    fn optimizer(&mut self) -> &mut Optimizer<AdamW> {
        &mut self.optimizer
    }

    /// A logit of at least 0 says that the digits are the same.
    fn accuracy() -> Accuracy {
        Accuracy::with_threshold(0.0)
    }

    fn train(&mut self, data: &Data, epoch: &mut EpochRun<'_>) -> nnx::Result<()> {
        let Training { model, optimizer, draws } = self;
        let (left, right) = pairs(&data.train, &draws.next_key())?;
        let batches = left.chunks_exact(epoch.batch_size).zip(right.chunks(epoch.batch_size));
        for (step, (left, right)) in batches.enumerate() {
            let left = data.train.batch(left, epoch.batch_size)?;
            let right = data.train.batch(right, epoch.batch_size)?;
            let loss = train_step(model, optimizer, epoch.metrics, &left, &right);
            epoch.started(step, loss)?;
        }
        Ok(())
    }

    /// On the same pairs after each epoch.
    fn test(&self, data: &Data, metrics: &mut Metrics) -> nnx::Result<()> {
        let size = EVAL_BATCH.min(data.test.len());
        let (left, right) = pairs(&data.test, &random::key(0))?;
        for (left, right) in left.chunks(size).zip(right.chunks(size)) {
            let left = data.test.batch(left, size)?;
            let right = data.test.batch(right, size)?;
            eval_step(&self.model, metrics, &left, &right);
        }
        Ok(())
    }
}
