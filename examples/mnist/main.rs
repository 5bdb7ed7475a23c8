//! Trains the convolutional network of Flax's MNIST tutorial on handwritten digits.
//!
//! `cargo xtask mnist` sets up XLA and runs it; `cargo xtask mnist --help` lists the options.

mod model;

use model::{Cnn, eval_step, train_step};
use nnx::Module;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::{RngStream, Rngs};
use nnx::train::Loader;
use nnx_examples::digits::Data;
use nnx_examples::{About, EpochRun, Length, Metrics, Program};
use std::process::ExitCode;
use std::sync::Arc;

/// Test images per call; the last call is filled up, so that one program serves all.
const EVAL_BATCH: usize = 500;

fn main() -> ExitCode {
    nnx_examples::main(Training::ABOUT, |options| {
        nnx_examples::train::<Training>(options).map(drop)
    })
}

#[derive(Module)]
struct Training {
    model: Cnn,
    optimizer: Optimizer<AdamW>,
    shuffle: RngStream,
}

impl Program for Training {
    const ABOUT: &'static About = &About {
        name: "mnist",
        purpose: "Trains the CNN of Flax's MNIST tutorial.",
        examples: "Images",
        data: Some((
            "A folder with IDX files as MNIST has them, gzipped or not",
            "examples/data/mnist",
        )),
        length: Length::Epochs(5, 0.5),
        batch_size: 64,
        learning_rate: 5e-3,
        flags: &[],
    };
    type Data = Data;

    fn new(data: &Data, tx: AdamW, rngs: &mut Rngs) -> Self {
        let model = Cnn::new(data.train.height, data.train.width, rngs);
        let optimizer = Optimizer::new(&model, tx);
        Training { model, optimizer, shuffle: rngs.stream("shuffle").fork() }
    }

    fn optimizer(&mut self) -> &mut Optimizer<AdamW> {
        &mut self.optimizer
    }

    fn train(&mut self, data: &Data, epoch: &mut EpochRun<'_>) -> nnx::Result<()> {
        let (train, size) = (Arc::clone(&data.train), epoch.batch_size);
        let loader = Loader::new(train.len(), size, move |indices| train.batch(indices, size));
        // The rest that fills no batch is left out, as in the tutorial.
        let batches = loader.drop_last(true).shuffled(&self.shuffle.next_key())?;
        for (step, batch) in batches.enumerate() {
            let batch = batch?;
            let Training { model, optimizer, .. } = &mut *self;
            let loss = train_step(model, optimizer, epoch.metrics, &batch.images, &batch.labels);
            epoch.started(step, loss)?;
        }
        Ok(())
    }

    fn test(&self, data: &Data, metrics: &mut Metrics) -> nnx::Result<()> {
        let size = EVAL_BATCH.min(data.test.len());
        let indices: Vec<usize> = (0..data.test.len()).collect();
        for indices in indices.chunks(size) {
            let batch = data.test.batch(indices, size)?;
            eval_step(&self.model, metrics, &batch.images, &batch.labels, &batch.mask);
        }
        Ok(())
    }
}
