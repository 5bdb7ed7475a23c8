//! Checkpoints of a run: a folder with a step each, written while the run goes on.

mod options;
mod steps;

pub use options::{BestMode, CheckpointManagerOptions, SaveArgs};

use super::checkpoint::{Snapshot, broken, load_checkpoint};
use crate::error::{Error, Result};
use crate::module::Module;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use steps::Steps;

/// The checkpoints of a run, in a folder with a folder for each step.
///
/// [`save`](CheckpointManager::save) copies the values of a tree to the memory of the host, and returns; a thread writes
/// them, so that the run goes on meanwhile, and may change, donate or drop the tree. A step is written under another name
/// and renamed: one that is listed is whole, and a process that ends in the middle leaves the steps before. Earlier
/// steps are removed after that, as the [options](CheckpointManagerOptions) say. One save runs at a time: the next one waits
/// for it.
///
/// A run that goes on exactly as if it had not been interrupted has all in one tree on which the next step depends: the
/// model, its optimizer, its random streams.
///
/// Dropping the manager waits for the last save, whose error is then only logged: call
/// [`wait_until_finished`](CheckpointManager::wait_until_finished) at the end of the run.
///
/// ```
/// use nnx::optim::{Optimizer, adam};
/// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
/// use nnx::{Array, Param, grad};
///
/// fn train(folder: &std::path::Path, steps: u64) -> nnx::Result<f32> {
///     let options = CheckpointManagerOptions::new().max_to_keep(2);
///     let mut manager = CheckpointManager::new(folder, options)?;
///     let model = Param::new(Array::from([1.0_f32, 2.0]));
///     let opt = Optimizer::new(&model, adam(0.1));
///     let mut state = (model, opt);
///     let mut step = 0;
///     if let Some(latest) = manager.latest_step() {
///         manager.restore(latest, &mut state)?;
///         step = latest;
///     }
///     while step < steps {
///         let grads = grad(|w: &mut Param| w.square().sum(..), &mut state.0);
///         state.1.update(&mut state.0, &grads);
///         step += 1;
///         manager.save(step, &state)?;
///     }
///     manager.wait_until_finished()?;
///     Ok(state.0.sum(..).item::<f32>())
/// }
///
/// let folder = std::env::temp_dir().join(format!("nnx-manager-{}", std::process::id()));
/// let straight = train(&folder.join("a"), 6)?;
/// train(&folder.join("b"), 4)?; // and here the process ended
/// assert_eq!(train(&folder.join("b"), 6)?, straight); // to the last bit
/// std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nnx::Error>(())
/// ```
#[derive(Debug)]
pub struct CheckpointManager {
    directory: PathBuf,
    options: CheckpointManagerOptions,
    /// The steps that are whole, which the thread adds to.
    steps: Arc<Mutex<Steps>>,
    writing: Option<Writing>,
    /// Of a thread that ended before it was asked for.
    failed: Option<Error>,
}

/// A step that a thread writes.
#[derive(Debug)]
struct Writing {
    step: u64,
    thread: JoinHandle<Result<()>>,
}

impl CheckpointManager {
    /// A manager of the steps in `directory`, which is made if it is not there. What a process left unfinished there
    /// that was killed is removed.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-new-{}", std::process::id()));
    /// let manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// assert_eq!(manager.latest_step(), None);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the folder cannot be made or read, the metrics of a step are damaged, or an option is 0.
    pub fn new(directory: impl Into<PathBuf>, options: CheckpointManagerOptions) -> Result<Self> {
        options.check()?;
        let directory = directory.into();
        let steps = Arc::new(Mutex::new(steps::read(&directory)?));
        Ok(CheckpointManager { directory, options, steps, writing: None, failed: None })
    }

    /// The folder of the run. The folder in it of a step, by its number, is one that
    /// [`load_checkpoint`] and [`load_weights`](super::load_weights) read.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions, load_checkpoint};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-dir-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// let mut model = Param::new(Array::scalar(1.0_f32));
    /// manager.save(3, &model)?;
    /// manager.wait_until_finished()?;
    /// load_checkpoint(manager.directory().join("3"), &mut model)?;
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Saves every leaf of `tree` as a step, if the step is due; says whether it was. The values are those of this moment.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-save-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().save_interval_steps(100);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// let mut model = Param::new(Array::scalar(1.0_f32));
    /// assert!(manager.save(100, &model)?);
    /// model.set(Array::scalar(2.0_f32)); // while the thread writes
    /// assert!(!manager.save(101, &model)?);
    /// manager.restore(100, &mut model)?;
    /// assert_eq!(model.item::<f32>(), 1.0);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the step is there already, a leaf has no value, this thread holds a shared node for writing,
    /// or the save before, on its thread, failed: `step` is then not saved, and may be tried again.
    pub fn save<M: Module>(&mut self, step: u64, tree: &M) -> Result<bool> {
        self.save_with(step, tree, SaveArgs::new())
    }

    /// [`save`](CheckpointManager::save) with metrics and metadata.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions, SaveArgs};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-with-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().save_interval_steps(100);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// let model = Param::new(Array::scalar(1.0_f32));
    /// manager.save_with(100, &model, SaveArgs::new().metric("loss", 0.5))?;
    /// // The last step of a run.
    /// manager.save_with(123, &model, SaveArgs::new().metric("loss", 0.4).force(true))?;
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.all_steps(), [100, 123]);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// As of [`save`](CheckpointManager::save).
    pub fn save_with<M: Module>(&mut self, step: u64, tree: &M, args: SaveArgs) -> Result<bool> {
        if self.writing.as_ref().is_some_and(|writing| writing.thread.is_finished()) {
            self.join();
        }
        self.failed.take().map_or(Ok(()), Err)?;
        if !args.force && !self.should_save(step) {
            return Ok(false);
        }
        self.wait_until_finished()?;
        let path = steps::folder_of(&self.directory, step);
        if self.steps().contains_key(&step) {
            let why = "was saved before; `delete` it, or save into another folder";
            return Err(broken(&path, format!("step {step} {why}")));
        }
        let snapshot = Snapshot::take(&path, tree, &args.metadata)?;
        let (directory, options) = (self.directory.clone(), self.options.clone());
        let steps = Arc::clone(&self.steps);
        let work = move || {
            let max_shard_size = options.max_shard_size;
            steps::write(&directory, step, &snapshot, &args.metrics, max_shard_size)
                .map_err(|why| broken(&path, format!("step {step} was not saved: {why}")))?;
            drop(snapshot);
            let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
            steps.insert(step, args.metrics);
            let kept = steps::kept(&steps, &options);
            let old: Vec<u64> = steps.keys().filter(|step| !kept.contains(step)).copied().collect();
            for old in old {
                steps.remove(&old);
                steps::remove(&directory, old)?;
            }
            Ok(())
        };
        if self.options.enable_async_checkpointing {
            let thread = thread::Builder::new().name("nnx-checkpoint".into()).spawn(work);
            let thread = thread
                .map_err(|e| Error::io(&self.directory, "no thread to write the step", &e))?;
            self.writing = Some(Writing { step, thread });
        } else {
            work()?;
        }
        Ok(true)
    }

    /// Whether [`save`](CheckpointManager::save) would save a step: it is a multiple of the interval, or the first of all.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-due-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().save_interval_steps(10);
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// assert!(manager.should_save(1)); // the first one
    /// manager.save(1, &Param::new(Array::scalar(1.0_f32)))?;
    /// assert_eq!([2, 10, 15].map(|step| manager.should_save(step)), [false, true, false]);
    /// drop(manager);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn should_save(&self, step: u64) -> bool {
        let is_first = self.writing.is_none() && self.steps().is_empty();
        is_first || step.is_multiple_of(self.options.save_interval_steps)
    }

    /// Reads a step back into `tree`, as [`load_checkpoint`] does; gives the metadata that it was saved with. Waits for a
    /// save that runs.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-restore-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// manager.save(1, &Param::new(Array::scalar(1.5_f32)))?;
    /// let mut model = Param::new(Array::scalar(0.0_f32));
    /// manager.restore(1, &mut model)?;
    /// assert_eq!(model.item::<f32>(), 1.5);
    /// let error = manager.restore(7, &mut model).unwrap_err().to_string();
    /// assert!(error.contains("step 7 here; the steps are 1"));
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such step, or as [`load_checkpoint`]. The error of a save that failed meanwhile is
    /// left to the next [`save`](CheckpointManager::save) or [`wait_until_finished`](CheckpointManager::wait_until_finished).
    pub fn restore<M: Module>(
        &mut self,
        step: u64,
        tree: &mut M,
    ) -> Result<BTreeMap<String, String>> {
        self.join();
        self.has(step)?;
        load_checkpoint(steps::folder_of(&self.directory, step), tree)
    }

    /// Removes a step, after a save that runs. To write it anew, for instance, in a run that goes on from an earlier one.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-delete-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// let model = Param::new(Array::scalar(1.5_f32));
    /// manager.save(1, &model)?;
    /// assert!(manager.save(1, &model).unwrap_err().to_string().contains("step 1 was saved before"));
    /// manager.delete(1)?;
    /// assert!(manager.save(1, &model)?);
    /// drop(manager);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such step, or it cannot be removed.
    pub fn delete(&mut self, step: u64) -> Result<()> {
        self.join();
        self.has(step)?;
        self.steps().remove(&step);
        steps::remove(&self.directory, step)
    }

    fn has(&self, step: u64) -> Result<()> {
        let steps = self.all_steps();
        if steps.contains(&step) {
            return Ok(());
        }
        let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
        let known = match steps.is_empty() {
            true => "nothing was saved".to_owned(),
            false => format!("the steps are {}", steps.join(", ")),
        };
        Err(broken(&self.directory, format!("there is no step {step} here; {known}")))
    }

    /// The newest step that is whole.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-latest-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// manager.save(5, &Param::new(Array::scalar(1.0_f32)))?;
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.latest_step(), Some(5));
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn latest_step(&self) -> Option<u64> {
        self.steps().keys().next_back().copied()
    }

    /// The best step that is whole, by [`best_fn`](CheckpointManagerOptions::best_fn); the newest of equal ones. Without
    /// scores it is the newest step.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions, SaveArgs};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-best-{}", std::process::id()));
    /// let options = CheckpointManagerOptions::new().best_fn(|of| of.get("accuracy").copied());
    /// let mut manager = CheckpointManager::new(&folder, options)?;
    /// let model = Param::new(Array::scalar(1.0_f32));
    /// for (step, accuracy) in [(1, 0.5), (2, 0.9), (3, 0.7)] {
    ///     manager.save_with(step, &model, SaveArgs::new().metric("accuracy", accuracy))?;
    /// }
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.best_step(), Some(2));
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn best_step(&self) -> Option<u64> {
        steps::by_rank(&self.steps(), &self.options).next()
    }

    /// All steps that are whole, in their order.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-all-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// for step in [10, 5] {
    ///     manager.save(step, &Param::new(Array::scalar(1.0_f32)))?;
    /// }
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.all_steps(), [5, 10]);
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn all_steps(&self) -> Vec<u64> {
        self.steps().keys().copied().collect()
    }

    /// The metrics that a step was saved with; none if there is no such step.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions, SaveArgs};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-metrics-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// let model = Param::new(Array::scalar(1.0_f32));
    /// manager.save_with(5, &model, SaveArgs::new().metric("loss", 0.5))?;
    /// manager.wait_until_finished()?;
    /// assert_eq!(manager.metrics(5)["loss"], 0.5);
    /// assert!(manager.metrics(6).is_empty());
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    pub fn metrics(&self, step: u64) -> BTreeMap<String, f64> {
        self.steps().get(&step).cloned().unwrap_or_default()
    }

    /// Waits until the step that was saved last is on the disk, and earlier ones are removed.
    ///
    /// ```
    /// use nnx::train::{CheckpointManager, CheckpointManagerOptions};
    /// use nnx::{Array, Param};
    ///
    /// let folder = std::env::temp_dir().join(format!("nnx-manager-wait-{}", std::process::id()));
    /// let mut manager = CheckpointManager::new(&folder, CheckpointManagerOptions::new())?;
    /// manager.save(1, &Param::new(Array::scalar(1.0_f32)))?;
    /// manager.wait_until_finished()?;
    /// assert!(folder.join("1/model.safetensors").exists());
    /// std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns the error of that save, which names the step and the path; once.
    pub fn wait_until_finished(&mut self) -> Result<()> {
        self.join();
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Waits for the thread, and keeps its error.
    fn join(&mut self) {
        let Some(Writing { step, thread }) = self.writing.take() else { return };
        let result = thread.join().unwrap_or_else(|_| {
            let why = format!("step {step} was not saved: its thread panicked");
            Err(broken(&steps::folder_of(&self.directory, step), why))
        });
        if let Err(error) = result {
            self.failed = Some(error);
        }
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CheckpointManager {
    fn drop(&mut self) {
        if let Err(error) = self.wait_until_finished() {
            tracing::error!(target: "nnx::train", "{error}");
        }
    }
}
