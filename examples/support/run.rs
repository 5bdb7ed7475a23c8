//! A run of a program with a loop of its own: its settings, table of results, and files.

use crate::cli::Options;
use crate::training::print_functions;
use crate::{About, Length, occupy, picture};
use nnx::Array;
use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

/// The result of a program.
pub type Outcome = Result<(), Box<dyn Error>>;

/// How many lines the table of a run has.
const LINES: usize = 10;

/// The settings of a run, and what it came to so far.
pub struct Run {
    /// How many steps to train.
    pub steps: usize,
    /// Examples per step.
    pub batch_size: usize,
    /// The learning rate.
    pub learning_rate: f64,
    /// The seed of all that is random.
    pub seed: u64,
    /// Where the data are.
    pub data: PathBuf,
    out: PathBuf,
    _alone: File,
    started: Instant,
    /// The first and the last line of the table: after which step, and when.
    lines: Vec<(usize, Instant)>,
}

impl Run {
    /// The settings from the command line, and those that it leaves out from `about`.
    ///
    /// # Errors
    /// Returns an error if the folder for the results cannot be written to, or if there is no XLA.
    pub fn new(about: &About, options: &Options) -> Result<Self, Box<dyn Error>> {
        let out = about.out(options);
        let _alone = occupy(&out)?;
        nnx::xla::Client::global()?;
        let steps = match about.length {
            Length::Steps(steps) => options.steps.unwrap_or(steps),
            Length::Epochs(..) => {
                return Err(format!("{} has no number of steps", about.name).into());
            }
        };
        Ok(Run {
            steps,
            batch_size: options.batch_size.unwrap_or(about.batch_size),
            learning_rate: options.learning_rate.unwrap_or(about.learning_rate),
            seed: options.seed.unwrap_or(0).into(),
            data: about.data(options),
            out,
            _alone,
            started: Instant::now(),
            lines: Vec::new(),
        })
    }

    /// Whether the table has a line after the step of this number, counted from 0: after the first and the last,
    /// and some between them.
    pub fn is_due(&self, step: usize) -> bool {
        let every = (self.steps / LINES).max(1);
        step == 0 || step + 1 == self.steps || (step + 1).is_multiple_of(every)
    }

    /// Prints a line of the table, the figures after this step, f32 `[]` each. Waits for them.
    ///
    /// # Errors
    /// Returns an error if a figure cannot be read.
    pub fn line(&mut self, step: usize, figures: &[(&str, &Array)]) -> nnx::Result<()> {
        if self.lines.is_empty() {
            print!("{:>7}", "step");
            figures.iter().for_each(|(name, _)| print!(" {name:>12}"));
            println!();
        }
        let values: Vec<f32> =
            figures.iter().map(|(_, figure)| figure.try_item()).collect::<nnx::Result<_>>()?;
        print!("{:>7}", step + 1);
        values.iter().for_each(|value| print!(" {value:>12.4}"));
        println!();
        self.lines.truncate(1);
        self.lines.push((step, Instant::now()));
        Ok(())
    }

    /// The path of a file of the run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// Writes a picture of grey images, as [`picture::images`] does, and says so.
    ///
    /// # Errors
    /// Returns an error if the picture cannot be written.
    pub fn images(&self, name: &str, images: &Array, columns: usize) -> Outcome {
        let path = self.file(name);
        picture::images(&path, images, columns).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("picture: {}", path.display());
        Ok(())
    }

    /// Writes a picture of lines, as [`picture::lines`] does, and says so.
    ///
    /// # Errors
    /// Returns an error if the picture cannot be written.
    pub fn curves(&self, name: &str, title: &str, lines: &[(String, Vec<(f32, f32)>)]) -> Outcome {
        let path = self.file(name);
        picture::lines(&path, title, lines).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("picture: {}", path.display());
        Ok(())
    }

    /// Prints how fast it went, and how often each function was compiled.
    pub fn summary(&self) {
        let functions = nnx::jit::functions();
        let compiling: f64 =
            functions.iter().map(|f| (f.trace_time + f.compile_time).as_secs_f64()).sum();
        // The first step is compiled before the first line.
        if let [(first, since), (last, until)] = self.lines[..] {
            let seconds = (until - since).as_secs_f64().max(1e-9);
            print!("{:.1} steps/s; ", (last - first) as f64 / seconds);
        }
        println!(
            "{:.1} s in all, {compiling:.1} s of them tracing and compiling",
            self.started.elapsed().as_secs_f64()
        );
        print_functions();
    }
}
