//! Trains the convolutional network of Flax's MNIST tutorial on handwritten digits.
//!
//! `cargo xtask mnist` sets up XLA and runs it; `cargo xtask mnist --help` lists the options.

mod cli;
mod data;
mod history;
mod idx;
mod model;
mod plot;
mod progress;
mod training;

use cli::Options;
use data::Data;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use training::Training;

fn main() -> ExitCode {
    let (result, code) = match cli::parse(lexopt::Parser::from_env()) {
        Ok(options) if options.help => {
            print!("{}", cli::HELP);
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

fn run(options: &Options) -> Result<(), String> {
    let started = Instant::now();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mnist");
    let data = Data::load(options.data.as_deref().unwrap_or(Path::new(shipped)))?;
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from("runs/mnist"));
    let _alone = occupy(&out)?;
    // Says at once, and how to mend it, if there is no XLA.
    nnx::xla::Client::global().map_err(|e| e.to_string())?;

    let mut training = Training::new(options, &data)?;
    println!("{} training images, {} test images", data.train.len(), data.test.len());
    let checkpoint = out.join("checkpoint.safetensors");
    training.run(&data, &checkpoint)?;
    let curves = out.join("curves.png");
    plot::write(&curves, training.history()).map_err(|e| format!("{}: {e}", curves.display()))?;
    summary(&training, started);
    println!("checkpoint: {}", checkpoint.display());
    println!("curves: {}", curves.display());
    Ok(())
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
            plot::remove_unfinished(out);
            Ok(lock)
        }
    }
}

fn summary(training: &Training, started: Instant) {
    let functions = nnx::jit::functions();
    println!();
    if let Some(last) = training.history().last() {
        println!(
            "test accuracy {:.4} after {} epochs",
            last.test_accuracy,
            training.history().len()
        );
    }
    let compiling: f64 =
        functions.iter().map(|f| (f.trace_time + f.compile_time).as_secs_f64()).sum();
    // Each function is compiled within the first epoch, the training step within its time.
    let step = functions.iter().find(|f| f.name == "train_step");
    let step = step.map_or(0.0, |f| (f.trace_time + f.compile_time).as_secs_f64());
    let seconds = training.train_time.as_secs_f64() - step;
    println!(
        "{:.0} images/s in training; {:.1} s in all, {compiling:.1} s of them tracing and compiling",
        training.images as f64 / seconds.max(1e-9),
        started.elapsed().as_secs_f64(),
    );
    for f in &functions {
        println!(
            "{}: traced {} x, compiled {} x, {} calls",
            f.name,
            f.traces,
            f.compiles,
            f.traces + f.hits
        );
    }
}
