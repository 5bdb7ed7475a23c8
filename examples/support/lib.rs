//! The parts that all examples have: a command line, tables and pictures of results; the digits that some of them
//! learn. An example itself is a [`Program`], trained by epochs in a loop that can be resumed, or has a loop
//! of its own and a [`Run`].

mod cli;
pub mod digits;
mod history;
pub mod idx;
pub mod picture;
mod plot;
mod progress;
mod run;
pub mod text;
mod training;

pub use cli::Options;
use progress::Progress;
pub use run::{Outcome, Run};

use nnx::optim::{AdamW, Optimizer};
use nnx::random::Rngs;
use nnx::train::{Accuracy, Average, Metric};
use nnx::{Array, Module};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use training::Training;

/// A program in words and numbers, for its command line.
pub struct About {
    /// Also the name of the folder in `runs` with its results.
    pub name: &'static str,
    /// Its purpose, in a sentence.
    pub purpose: &'static str,
    /// The name of what a batch consists of, as "Images".
    pub examples: &'static str,
    /// The value that `--data` takes, and its default in the repository. None where the data are made.
    pub data: Option<(&'static str, &'static str)>,
    /// The default of `--epochs` or `--steps`.
    pub length: Length,
    /// The default of `--batch-size`.
    pub batch_size: usize,
    /// The default of `--learning-rate`.
    pub learning_rate: f64,
    /// Further options, with what they do.
    pub flags: &'static [(&'static str, &'static str)],
}

/// How long a program trains.
#[derive(Debug, Clone, Copy)]
pub enum Length {
    /// Times over all examples; a factor on the learning rate after each.
    Epochs(u32, f64),
    /// Updates of the model.
    Steps(usize),
}

impl About {
    /// Where the data are that ship.
    pub fn shipped(&self) -> PathBuf {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        repository.unwrap_or(Path::new("")).join(self.data.map_or("", |(_, shipped)| shipped))
    }

    /// Where the data are: as the command line says, or those that ship.
    fn data(&self, options: &Options) -> PathBuf {
        options.data.clone().unwrap_or_else(|| self.shipped())
    }

    /// The folder for the results.
    pub fn out(&self, options: &Options) -> PathBuf {
        options.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(self.name))
    }
}

/// Examples to train on, and others to test on.
pub trait Data: Sized {
    /// Reads them; the error names the file.
    fn load(path: &Path) -> Result<Self, String>;

    /// How many there are to train on, and how many to test on.
    fn counts(&self) -> [usize; 2];
}

/// Something that is trained by epochs: everything that a step changes, and so everything that a
/// checkpoint holds.
pub trait Program: Module {
    /// The program in words.
    const ABOUT: &'static About;
    /// Its examples.
    type Data: Data;

    /// A model before its training, to be optimized by `tx`.
    fn new(data: &Self::Data, tx: AdamW, rngs: &mut Rngs) -> Self;

    /// The optimizer, to set the learning rate.
    fn optimizer(&mut self) -> &mut Optimizer<AdamW>;

    /// The accuracy that is measured.
    fn accuracy() -> Accuracy {
        Accuracy::new()
    }

    /// Trains for an epoch, with a function named `train_step`.
    fn train(&mut self, data: &Self::Data, epoch: &mut EpochRun<'_>) -> nnx::Result<()>;

    /// Measures the model on the examples to test on.
    fn test(&self, data: &Self::Data, metrics: &mut Metrics) -> nnx::Result<()>;
}

/// The metrics of an epoch.
#[derive(Module)]
pub struct Metrics {
    /// The mean of the losses.
    pub loss: Average,
    /// The share that is right.
    pub accuracy: Accuracy,
}

/// An epoch of training that is under way.
pub struct EpochRun<'a> {
    /// Examples per step.
    pub batch_size: usize,
    /// The metrics that a step updates.
    pub metrics: &'a mut Metrics,
    progress: &'a Progress,
    /// Of each step.
    losses: Vec<Array>,
}

impl EpochRun<'_> {
    /// Step `step` was started, with this loss f32 `[]`.
    pub fn started(&mut self, step: usize, loss: Array) -> nnx::Result<()> {
        self.losses.push(loss);
        self.progress.step(step, || self.metrics.loss.compute().try_item())
    }
}

/// Reads the command line and runs the program.
pub fn main(about: &About, run: impl FnOnce(&Options) -> Result<(), String>) -> ExitCode {
    start(about, run, lexopt::Parser::from_env())
}

/// A program in words, and what runs it.
pub type Listed<'a> = (&'a About, fn(&Options) -> Outcome);

/// Runs the program of the gallery that the first argument names, with the other arguments.
pub fn gallery(programs: &[Listed<'_>]) -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().unwrap_or_default();
    match programs.iter().find(|(about, _)| name == about.name) {
        Some((about, run)) => start(
            about,
            |options| run(options).map_err(|e| e.to_string()),
            lexopt::Parser::from_args(arguments),
        ),
        None => {
            eprintln!("error: the first argument names a program; there are");
            programs
                .iter()
                .for_each(|(about, _)| eprintln!("  {:<12}{}", about.name, about.purpose));
            ExitCode::from(2)
        }
    }
}

fn start(
    about: &About,
    run: impl FnOnce(&Options) -> Result<(), String>,
    arguments: lexopt::Parser,
) -> ExitCode {
    let (result, code) = match cli::parse(about, arguments) {
        Ok(options) if options.help => {
            print!("{}", cli::help(about));
            return ExitCode::SUCCESS;
        }
        Ok(options) => (run(&options), 1),
        Err(message) => (Err(message), 2),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

/// Trains as the command line says; the results are in a folder then, and returned.
pub fn train<P: Program>(options: &Options) -> Result<(P, P::Data), String> {
    let started = Instant::now();
    let data = P::Data::load(&P::ABOUT.data(options))?;
    let out = P::ABOUT.out(options);
    let _alone = occupy(&out)?;
    // Says at once if there is no XLA, and how to fix that.
    nnx::xla::Client::global().map_err(|e| e.to_string())?;

    let mut training = Training::<P>::new(options, &data)?;
    let examples = P::ABOUT.examples.to_lowercase();
    let [to_train, to_test] = data.counts();
    println!("{to_train} training {examples}, {to_test} test {examples}");
    let checkpoint = out.join("checkpoint.safetensors");
    training.run(&data, &checkpoint)?;
    let curves = out.join("curves.png");
    plot::write(&curves, training.history()).map_err(|e| format!("{}: {e}", curves.display()))?;
    training.summary(started);
    println!("checkpoint: {}", checkpoint.display());
    println!("curves: {}", curves.display());
    Ok((training.program, data))
}

/// Takes the folder for this run, for as long as the returned file is there. A folder that cannot be written
/// to is found before the first epoch, not after it, and so is one that another run writes to.
fn occupy(out: &Path) -> Result<File, String> {
    let lock = std::fs::create_dir_all(out)
        .and_then(|()| File::create(out.join(".lock")))
        .map_err(|e| format!("--out {}: cannot be written to: {e}", out.display()))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(format!(
            "--out {}: another run writes to this folder; choose another one, or wait for it to end",
            out.display()
        )),
        // Not every system has locks.
        Ok(()) | Err(TryLockError::Error(_)) => {
            picture::remove_unfinished(out);
            Ok(lock)
        }
    }
}
