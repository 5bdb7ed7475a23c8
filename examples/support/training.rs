//! The loop over epochs, and the checkpoint from which it can go on.

use crate::history::{self, Epoch};
use crate::{Data, EpochRun, Length, Metrics, Options, Program, Progress, cli};
use nnx::Array;
use nnx::optim::{AdamW, adamw, exponential_decay};
use nnx::random::Rngs;
use nnx::train::{Average, Metric, load_checkpoint, save_checkpoint};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

const SEED: u32 = 0;
/// The share of the learning rate that it never falls below.
const LEAST: f64 = 1e-2;

/// A run: its state, settings and figures so far.
pub(super) struct Training<P> {
    pub(super) program: P,
    metrics: Metrics,
    settings: Settings,
    /// How many epochs there shall be in all.
    epochs: usize,
    /// In an epoch.
    steps: usize,
    /// Examples trained on in this process, and how long that took.
    examples: usize,
    train_time: Duration,
    /// Whether it was reported that the loss is not a number.
    said_nan: bool,
}

impl<P: Program> Training<P> {
    /// A new run, or the rest of the one that `--resume` names.
    pub(super) fn new(options: &Options, data: &P::Data) -> Result<Self, String> {
        let seed = options.seed.unwrap_or(SEED);
        let [examples, _] = data.counts();
        let Length::Epochs(epochs, decay) = P::ABOUT.length else {
            return Err(format!("{} has no number of epochs", P::ABOUT.name));
        };
        let tx = |settings: &Settings| {
            // The rest that fills no batch is left out.
            let steps = (examples / settings.batch_size).max(1);
            decaying(settings.learning_rate, steps, decay)
        };
        let mut settings = Settings {
            batch_size: P::ABOUT.batch_size,
            learning_rate: P::ABOUT.learning_rate,
            seed,
            history: vec![],
        };
        let mut rngs = Rngs::new(u64::from(seed));
        let mut program = P::new(data, tx(&settings), &mut rngs);
        let epochs = options.epochs.unwrap_or(epochs);
        if let Some(path) = &options.resume {
            let metadata = load_checkpoint(path, &mut program).map_err(|e| e.to_string())?;
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
        if settings.batch_size > examples {
            return Err(format!(
                "--batch-size {}: there are only {examples} training {}",
                settings.batch_size,
                P::ABOUT.examples.to_lowercase()
            ));
        }
        program.optimizer().tx = tx(&settings);
        Ok(Training {
            program,
            metrics: Metrics { loss: Average::new(), accuracy: P::accuracy() },
            steps: examples / settings.batch_size,
            settings,
            epochs: epochs as usize,
            examples: 0,
            train_time: Duration::ZERO,
            said_nan: false,
        })
    }

    /// The results of each epoch, those before a resumed checkpoint included.
    pub(super) fn history(&self) -> &[Epoch] {
        &self.settings.history
    }

    /// Trains the epochs that are left; a checkpoint is written to `checkpoint` after each.
    pub(super) fn run(&mut self, data: &P::Data, checkpoint: &Path) -> Result<(), String> {
        while self.history().len() < self.epochs {
            let number = self.history().len() + 1;
            let progress = Progress::new(number, self.epochs, self.steps);
            let started = Instant::now();
            let epoch = self.epoch(data, &progress).map_err(|e| e.to_string())?;
            self.settings.history.push(epoch);
            save_checkpoint(checkpoint, &self.program, &self.settings.to_metadata())
                .map_err(|e| e.to_string())?;
            progress.finish(&epoch, started.elapsed());
        }
        Ok(())
    }

    fn epoch(&mut self, data: &P::Data, progress: &Progress) -> nnx::Result<Epoch> {
        let started = Instant::now();
        let batch_size = self.settings.batch_size;
        let mut epoch =
            EpochRun { batch_size, metrics: &mut self.metrics, progress, losses: Vec::new() };
        self.program.train(data, &mut epoch)?;
        let losses = epoch.losses;
        let (train_loss, train_accuracy) = self.figures()?;
        self.train_time += started.elapsed();
        self.say_nan(train_loss, &losses)?;
        self.examples += self.steps * batch_size;
        self.program.test(data, &mut self.metrics)?;
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

    /// Loss and accuracy since the last time this was called.
    fn figures(&mut self) -> nnx::Result<(f32, f32)> {
        let loss = self.metrics.loss.compute().try_item()?;
        let accuracy = self.metrics.accuracy.compute().try_item()?;
        self.metrics.loss.reset();
        self.metrics.accuracy.reset();
        Ok((loss, accuracy))
    }

    /// Prints what the run came to.
    pub(super) fn summary(&self, started: Instant) {
        let functions = nnx::jit::functions();
        println!();
        if let Some(last) = self.history().last() {
            println!(
                "test accuracy {:.4} after {} epochs",
                last.test_accuracy,
                self.history().len()
            );
        }
        let compiling: f64 =
            functions.iter().map(|f| (f.trace_time + f.compile_time).as_secs_f64()).sum();
        // Each function is compiled within the first epoch, the training step within its time.
        let step = functions.iter().find(|f| f.name == "train_step");
        let step = step.map_or(0.0, |f| (f.trace_time + f.compile_time).as_secs_f64());
        let seconds = self.train_time.as_secs_f64() - step;
        println!(
            "{:.0} {}/s in training; {:.1} s in all, {compiling:.1} s of them tracing and compiling",
            self.examples as f64 / seconds.max(1e-9),
            P::ABOUT.examples.to_lowercase(),
            started.elapsed().as_secs_f64(),
        );
        print_functions();
    }
}

/// Prints how often each jitted function was traced, compiled and called.
pub(crate) fn print_functions() {
    for f in nnx::jit::functions() {
        println!(
            "{}: traced {} x, compiled {} x, {} calls",
            f.name,
            f.traces,
            f.compiles,
            f.traces + f.hits
        );
    }
}

/// AdamW whose learning rate falls with each epoch of so many steps. How many epochs are to come has
/// no part in it: a resumed run may get more.
fn decaying(learning_rate: f64, steps: usize, decay: f64) -> AdamW {
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    adamw(exponential_decay(learning_rate, steps, decay).end_value(learning_rate * LEAST))
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
