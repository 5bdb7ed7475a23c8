//! The parts of a training run around its steps: batches, metrics and checkpoints.

mod checkpoint;
mod classification;
mod ema;
mod loader;
mod manager;
mod metrics;
mod policy;
mod replace;
mod weights;

pub use checkpoint::{load_checkpoint, save_checkpoint, save_sharded_checkpoint};
pub use classification::{Auc, Averaging, ConfusionMatrix, F1, Precision, Recall};
pub use ema::EMA;
pub use loader::{Epoch, Loader};
pub use manager::{BestMode, CheckpointManager, CheckpointManagerOptions, SaveArgs};
pub use metrics::{Accuracy, Average, Metric, Statistics, Welford};
pub use policy::Policy;
pub use weights::{FileTensor, LoadedWeights, WeightMap, load_weights, tensor};
