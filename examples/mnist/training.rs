//! The training loop, and the checkpoint from which it can go on.

use crate::cli::{self, Options};
use crate::data::{Data, Dataset};
use crate::history::{self, Epoch};
use crate::model::{Cnn, Metrics, eval_step, train_step};
use crate::progress::Progress;
use nnx::optim::{AdamW, Optimizer, adamw, exponential_decay};
use nnx::random::{self, RngStream, Rngs};
use nnx::train::{Accuracy, Average, Metric, load_checkpoint, save_checkpoint};
use nnx::{Array, DType, Module};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

const EPOCHS: u32 = 5;
const BATCH_SIZE: usize = 64;
const LEARNING_RATE: f64 = 5e-3;
/// What is left of the learning rate after each epoch.
const DECAY: f64 = 0.5;
/// The share of the learning rate that it never falls below.
const LEAST: f64 = 1e-2;
const SEED: u32 = 0;
/// Test images per call; the last call is filled up, so that one program serves all.
const EVAL_BATCH: usize = 500;

/// Everything that a step changes, and so everything that a checkpoint holds.
#[derive(Module)]
struct State {
    model: Cnn,
    optimizer: Optimizer<AdamW>,
    shuffle: RngStream,
}

/// A run: its state, settings and figures so far.
pub(crate) struct Training {
    state: State,
    metrics: Metrics,
    settings: Settings,
    /// How many epochs there shall be in all.
    epochs: usize,
    /// Images trained on in this process, and how long that took.
    pub(crate) images: usize,
    pub(crate) train_time: Duration,
    /// Whether it was said that the loss is not a number.
    said_nan: bool,
}

impl Training {
    /// A new run, or the rest of the one that `--resume` names.
    pub(crate) fn new(options: &Options, data: &Data) -> Result<Self, String> {
        let seed = options.seed.unwrap_or(SEED);
        let mut rngs = Rngs::new(u64::from(seed));
        let model = Cnn::new(data.train.height, data.train.width, &mut rngs);
        let optimizer = Optimizer::new(&model, decaying(LEARNING_RATE, 1));
        let mut state = State { model, optimizer, shuffle: rngs.stream("shuffle").fork() };
        let mut settings = Settings {
            batch_size: BATCH_SIZE,
            learning_rate: LEARNING_RATE,
            seed,
            history: vec![],
        };
        let epochs = options.epochs.unwrap_or(EPOCHS);
        if let Some(path) = &options.resume {
            let metadata = load_checkpoint(path, &mut state).map_err(|e| e.to_string())?;
            settings = Settings::from_metadata(&metadata, path)?;
            let done = settings.history.len();
            if done >= epochs as usize {
                return Err(format!(
                    "{}: {done} epochs are done already; ask for more with --epochs {}",
                    path.display(),
                    done + 1
                ));
            }
        }
        settings.batch_size = options.batch_size.unwrap_or(settings.batch_size);
        settings.learning_rate = options.learning_rate.unwrap_or(settings.learning_rate);
        if settings.batch_size > data.train.len() {
            return Err(format!(
                "--batch-size {}: there are only {} training images",
                settings.batch_size,
                data.train.len()
            ));
        }
        let steps = data.train.len() / settings.batch_size;
        state.optimizer.tx = decaying(settings.learning_rate, steps);
        Ok(Training {
            state,
            metrics: Metrics { loss: Average::new(), accuracy: Accuracy::new() },
            settings,
            epochs: epochs as usize,
            images: 0,
            train_time: Duration::ZERO,
            said_nan: false,
        })
    }

    /// What each epoch came to, those before a resumed checkpoint included.
    pub(crate) fn history(&self) -> &[Epoch] {
        &self.settings.history
    }

    /// Trains the epochs that are left; a checkpoint is written to `checkpoint` after each.
    pub(crate) fn run(&mut self, data: &Data, checkpoint: &Path) -> Result<(), String> {
        let steps = data.train.len() / self.settings.batch_size;
        while self.history().len() < self.epochs {
            let number = self.history().len() + 1;
            let progress = Progress::new(number, self.epochs, steps);
            let started = Instant::now();
            let epoch = self.epoch(data, &progress).map_err(|e| e.to_string())?;
            self.settings.history.push(epoch);
            save_checkpoint(checkpoint, &self.state, &self.settings.to_metadata())
                .map_err(|e| e.to_string())?;
            progress.finish(&epoch, started.elapsed());
        }
        Ok(())
    }

    fn epoch(&mut self, data: &Data, progress: &Progress) -> nnx::Result<Epoch> {
        let started = Instant::now();
        let order = self.shuffled(data.train.len())?;
        let mut losses = Vec::new();
        // The rest that fills no batch is left out, as in the tutorial.
        for (step, indices) in order.chunks_exact(self.settings.batch_size).enumerate() {
            let batch = data.train.batch(indices, self.settings.batch_size)?;
            let State { model, optimizer, .. } = &mut self.state;
            let metrics = &mut self.metrics;
            losses.push(train_step(model, optimizer, metrics, &batch.images, &batch.labels));
            self.images += indices.len();
            progress.step(step, || self.metrics.loss.compute().try_item())?;
        }
        let (train_loss, train_accuracy) = self.figures()?;
        self.train_time += started.elapsed();
        self.say_nan(train_loss, &losses)?;
        self.evaluate(&data.test)?;
        let (test_loss, test_accuracy) = self.figures()?;
        Ok(Epoch { train_loss, train_accuracy, test_loss, test_accuracy })
    }

    /// Says once, with the step, that the loss is not a number; `train_loss` is the mean of `losses`, those of
    /// the steps of an epoch.
    fn say_nan(&mut self, train_loss: f32, losses: &[Array]) -> nnx::Result<()> {
        if !train_loss.is_nan() || self.said_nan {
            return Ok(());
        }
        for (step, loss) in losses.iter().enumerate() {
            if loss.try_item::<f32>()?.is_nan() {
                self.said_nan = true;
                eprintln!(
                    "warning: the loss is NaN since step {} of epoch {}; a smaller --learning-rate may \
                     help",
                    step + 1,
                    self.history().len() + 1
                );
                break;
            }
        }
        Ok(())
    }

    /// All indices below `n` in the order of this epoch.
    fn shuffled(&mut self, n: usize) -> nnx::Result<Vec<usize>> {
        let order = random::permutation(&self.state.shuffle.next_key(), n);
        Ok(order.astype(DType::I64).try_to_vec::<i64>()?.into_iter().map(|i| i as usize).collect())
    }

    fn evaluate(&mut self, test: &Dataset) -> nnx::Result<()> {
        let size = EVAL_BATCH.min(test.len());
        let indices: Vec<usize> = (0..test.len()).collect();
        for indices in indices.chunks(size) {
            let b = test.batch(indices, size)?;
            eval_step(&self.state.model, &mut self.metrics, &b.images, &b.labels, &b.mask);
        }
        Ok(())
    }

    /// Loss and accuracy since the last time this was called.
    fn figures(&mut self) -> nnx::Result<(f32, f32)> {
        let loss = self.metrics.loss.compute().try_item()?;
        let accuracy = self.metrics.accuracy.compute().try_item()?;
        self.metrics.loss.reset();
        self.metrics.accuracy.reset();
        Ok((loss, accuracy))
    }
}

/// AdamW whose learning rate halves with each epoch of so many steps. How many epochs are to come has
/// no part in it: a resumed run may get more.
fn decaying(learning_rate: f64, steps: usize) -> AdamW {
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    adamw(exponential_decay(learning_rate, steps, DECAY).end_value(learning_rate * LEAST))
}

/// The settings of a run and what it came to so far: a checkpoint's metadata.
struct Settings {
    batch_size: usize,
    learning_rate: f64,
    seed: u32,
    history: Vec<Epoch>,
}

impl Settings {
    fn to_metadata(&self) -> BTreeMap<String, String> {
        [
            ("epoch", self.history.len().to_string()),
            ("batch_size", self.batch_size.to_string()),
            ("learning_rate", self.learning_rate.to_string()),
            ("seed", self.seed.to_string()),
            ("history", history::to_text(&self.history)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn from_metadata(metadata: &BTreeMap<String, String>, path: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            metadata.get(name).ok_or_else(|| {
                format!(
                    "{}: this checkpoint was not made by this program: `{name}` is missing in its \
                     metadata",
                    path.display()
                )
            })
        };
        let wrong = |name: &str, expected: &str| {
            let found = metadata.get(name).map_or("", String::as_str);
            format!(
                "{}: `{name}` is `{found}` in this checkpoint's metadata: expected {expected}",
                path.display()
            )
        };
        fn parsed<T: FromStr>(text: &str, is_allowed: fn(&T) -> bool) -> Option<T> {
            text.parse().ok().filter(is_allowed)
        }
        // As strict as the command line.
        let settings = Settings {
            batch_size: parsed(text("batch_size")?, cli::is_count)
                .ok_or_else(|| wrong("batch_size", cli::COUNT))?,
            learning_rate: parsed(text("learning_rate")?, cli::is_rate)
                .ok_or_else(|| wrong("learning_rate", cli::RATE))?,
            seed: parsed(text("seed")?, |_| true).ok_or_else(|| wrong("seed", "a whole number"))?,
            history: history::from_text(text("history")?)
                .ok_or_else(|| wrong("history", "four numbers for each epoch"))?,
        };
        let epochs = settings.history.len();
        match text("epoch")?.parse::<usize>() {
            Ok(epoch) if epoch == epochs => Ok(settings),
            _ => Err(wrong("epoch", &format!("{epochs}, as in its history"))),
        }
    }
}
