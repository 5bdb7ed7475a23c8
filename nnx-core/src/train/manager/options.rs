//! The options of a manager of checkpoints: when it saves, and which steps it keeps.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The score of a step, of its metrics.
type BestFn = dyn Fn(&BTreeMap<String, f64>) -> Option<f64> + Send + Sync;

/// Which end of the scores of [`CheckpointManagerOptions::best_fn`] is the best.
///
/// ```
/// use nnx::train::BestMode;
///
/// assert_eq!(BestMode::default(), BestMode::Max); // as for an accuracy
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BestMode {
    /// The largest score, as of an accuracy.
    #[default]
    Max,
    /// The smallest score, as of a loss.
    Min,
}

/// When a [`CheckpointManager`](super::CheckpointManager) saves, and which steps it keeps. Without options it saves
/// whenever it is asked to, on a thread of its own, and keeps all steps.
///
/// ```
/// use nnx::train::{BestMode, CheckpointManager, CheckpointManagerOptions, SaveArgs};
/// use nnx::{Array, Param};
///
/// let folder = std::env::temp_dir().join(format!("nnx-options-{}", std::process::id()));
/// let options = CheckpointManagerOptions::new()
///     .max_to_keep(1)
///     .best_fn(|metrics| metrics.get("loss").copied())
///     .best_mode(BestMode::Min);
/// let mut manager = CheckpointManager::new(&folder, options)?;
/// let model = Param::new(Array::scalar(1.0_f32));
/// for (step, loss) in [(0, 0.5), (1, 0.25), (2, 0.75), (3, 1.0)] {
///     manager.save_with(step, &model, SaveArgs::new().metric("loss", loss))?;
/// }
/// manager.wait_until_finished()?;
/// // The best one, and the newest, from which the run can go on.
/// assert_eq!((manager.all_steps(), manager.best_step()), (vec![1, 3], Some(1)));
/// std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until a manager has them"]
pub struct CheckpointManagerOptions {
    pub(super) max_to_keep: Option<usize>,
    pub(super) keep_period: Option<u64>,
    pub(super) save_interval_steps: u64,
    pub(super) best_fn: Option<Arc<BestFn>>,
    pub(super) best_mode: BestMode,
    pub(super) enable_async_checkpointing: bool,
    pub(super) max_shard_size: u64,
}

impl Default for CheckpointManagerOptions {
    fn default() -> Self {
        CheckpointManagerOptions {
            max_to_keep: None,
            keep_period: None,
            save_interval_steps: 1,
            best_fn: None,
            best_mode: BestMode::Max,
            enable_async_checkpointing: true,
            max_shard_size: 5_000_000_000,
        }
    }
}

impl fmt::Debug for CheckpointManagerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointManagerOptions")
            .field("max_to_keep", &self.max_to_keep)
            .field("keep_period", &self.keep_period)
            .field("save_interval_steps", &self.save_interval_steps)
            .field("best_fn", &self.best_fn.is_some())
            .field("best_mode", &self.best_mode)
            .field("enable_async_checkpointing", &self.enable_async_checkpointing)
            .field("max_shard_size", &self.max_shard_size)
            .finish()
    }
}

impl CheckpointManagerOptions {
    /// The defaults: every step that is asked for is saved, on a thread, and kept.
    ///
    /// ```
    /// use nnx::train::CheckpointManagerOptions;
    ///
    /// let options = CheckpointManagerOptions::new().max_to_keep(3).save_interval_steps(100);
    /// assert!(format!("{options:?}").contains("max_to_keep: Some(3)"));
    /// ```
    pub fn new() -> Self {
        CheckpointManagerOptions::default()
    }

    /// How many steps stay: the newest, or with [`best_fn`](Self::best_fn) the best. The newest step stays in any case, and
    /// those of [`keep_period`](Self::keep_period). An earlier step is removed once the new one is whole.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-max-to-keep-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().max_to_keep(2);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// for step in 0..5 {
    ///     manager.save(step, &Param::new(Array::scalar(step as f32)))?;
    /// }
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.all_steps(), [3, 4]);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn max_to_keep(self, max_to_keep: usize) -> Self {
        CheckpointManagerOptions { max_to_keep: Some(max_to_keep), ..self }
    }

    /// Steps that are multiples of `keep_period` stay, however many there are.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-keep-period-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().max_to_keep(1).keep_period(3);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// for step in 1..6 {
    ///     manager.save(step, &Param::new(Array::scalar(step as f32)))?;
    /// }
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.all_steps(), [3, 5]);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn keep_period(self, keep_period: u64) -> Self {
        CheckpointManagerOptions { keep_period: Some(keep_period), ..self }
    }

    /// Only steps that are multiples of this are saved, and the first one of an empty folder; 1 unless set. So
    /// [`save`](super::CheckpointManager::save) can be called at every step.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-interval-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().save_interval_steps(10);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// for step in 1..25 {
    ///     manager.save(step, &Param::new(Array::scalar(step as f32)))?;
    /// }
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.all_steps(), [1, 10, 20]);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn save_interval_steps(self, save_interval_steps: u64) -> Self {
        CheckpointManagerOptions { save_interval_steps, ..self }
    }

    /// The score of a step, of the metrics that it was saved with; the best steps are kept. A step of which it is `None`
    /// or NaN, or that has no metrics, ranks behind all others.
    ///
    /// ```
    /// use nnx::train::CheckpointManagerOptions;
    ///
    /// // The largest value is the best, unless `best_mode` says otherwise.
    /// let options = CheckpointManagerOptions::new()
    ///     .max_to_keep(3)
    ///     .best_fn(|metrics| Some(metrics.get("precision")? + metrics.get("recall")?));
    /// ```
    pub fn best_fn(
        self,
        best_fn: impl Fn(&BTreeMap<String, f64>) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        CheckpointManagerOptions { best_fn: Some(Arc::new(best_fn)), ..self }
    }

    /// Whether the largest score is the best, as it is unless set, or the smallest.
    ///
    /// ```
    /// use nnx::train::{BestMode, CheckpointManagerOptions};
    ///
    /// let options = CheckpointManagerOptions::new()
    ///     .best_fn(|metrics| metrics.get("loss").copied())
    ///     .best_mode(BestMode::Min);
    /// ```
    pub fn best_mode(self, best_mode: BestMode) -> Self {
        CheckpointManagerOptions { best_mode, ..self }
    }

    /// Whether files are written by a thread, while the run goes on, as they are unless this is false.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-sync-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().enable_async_checkpointing(false);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// manager.save(7, &Param::new(Array::scalar(1.0_f32)))?;
    /// assert_eq!(manager.latest_step(), Some(7)); // without waiting
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn enable_async_checkpointing(self, enable_async_checkpointing: bool) -> Self {
        CheckpointManagerOptions { enable_async_checkpointing, ..self }
    }

    /// The bytes of tensors above which a step is written to several files, as
    /// [`save_sharded_checkpoint`](super::super::save_sharded_checkpoint) does; 5 GB unless set.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-shard-size-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().max_shard_size(4);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// manager.save(0, &[1.0_f32, 2.0].map(|x| Param::new(Array::scalar(x))))?;
    /// manager.wait_until_finished()?;
    /// assert!(folder.join("0/model-00002-of-00002.safetensors").exists());
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn max_shard_size(self, max_shard_size: u64) -> Self {
        CheckpointManagerOptions { max_shard_size, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        let zero = match self {
            CheckpointManagerOptions { max_to_keep: Some(0), .. } => "max_to_keep",
            CheckpointManagerOptions { keep_period: Some(0), .. } => "keep_period",
            CheckpointManagerOptions { save_interval_steps: 0, .. } => "save_interval_steps",
            _ => return Ok(()),
        };
        Err(Error::Invalid(format!(
            "CheckpointManagerOptions: `{zero}` is 0; give 1 or more, or leave it out"
        )))
    }

    /// The score of a step, larger for better ones; none if it has none.
    pub(super) fn score(&self, metrics: &BTreeMap<String, f64>) -> Option<f64> {
        let best_fn = self.best_fn.as_ref().filter(|_| !metrics.is_empty())?;
        let score = best_fn(metrics).filter(|score| !score.is_nan())?;
        Some(match self.best_mode {
            BestMode::Max => score,
            BestMode::Min => -score,
        })
    }
}

/// All that a step is saved with besides its tree, for [`CheckpointManager::save_with`](super::CheckpointManager::save_with).
///
/// ```
/// use nnx::train::{CheckpointManager, CheckpointManagerOptions, SaveArgs};
/// use nnx::{Array, Param};
///
/// let folder = std::env::temp_dir().join(format!("nnx-save-args-{}", std::process::id()));
/// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
/// let mut model = Param::new(Array::scalar(1.0_f32));
/// let args = SaveArgs::new().metric("loss", 0.5).metadata("epoch", "3");
/// manager.save_with(100, &model, args)?;
///
/// let metadata = manager.restore(100, &mut model)?;
/// assert_eq!((metadata["epoch"].as_str(), manager.metrics(100)["loss"]), ("3", 0.5));
/// std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "these do nothing until a step is saved with them"]
pub struct SaveArgs {
    pub(super) metrics: BTreeMap<String, f64>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) force: bool,
}

impl SaveArgs {
    /// Nothing but the tree.
    ///
    /// ```
    /// use nnx::train::SaveArgs;
    ///
    /// assert!(format!("{:?}", SaveArgs::new()).contains("force: false"));
    /// ```
    pub fn new() -> Self {
        SaveArgs::default()
    }

    /// A number of the step, such as its loss, of which [`best_fn`](CheckpointManagerOptions::best_fn) makes a score.
    ///
    /// ```
    /// use nnx::train::SaveArgs;
    ///
    /// let args = SaveArgs::new().metric("loss", 0.5).metric("accuracy", 0.9);
    /// ```
    pub fn metric(mut self, name: impl Into<String>, value: f64) -> Self {
        self.metrics.insert(name.into(), value);
        self
    }

    /// A text that [`restore`](super::CheckpointManager::restore) gives back.
    ///
    /// ```
    /// use nnx::train::SaveArgs;
    ///
    /// let args = SaveArgs::new().metadata("epoch", "3");
    /// ```
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Saves though the step is not a multiple of [`save_interval_steps`](CheckpointManagerOptions::save_interval_steps):
    /// the last step of a run.
    ///
    /// ```
    /// use nnx::train::SaveArgs;
    ///
    /// let args = SaveArgs::new().force(true);
    /// ```
    pub fn force(self, force: bool) -> Self {
        SaveArgs { force, ..self }
    }
}
