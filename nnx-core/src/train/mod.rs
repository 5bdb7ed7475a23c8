//! The parts of a training run around its steps: metrics and checkpoints.

mod checkpoint;
mod metrics;
mod replace;

pub use checkpoint::{load_checkpoint, save_checkpoint};
pub use metrics::{Accuracy, Average, Metric, Statistics, Welford};
