//! The folder of a manager: a folder for each step, which is there once it is whole.

use super::super::checkpoint::{Snapshot, broken};
use super::CheckpointManagerOptions;
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Unfinished folders, and those that are being removed, are called so, with letters between.
const PREFIX: &str = ".step-";
const SUFFIX: &str = ".tmp";

/// The metrics of a step, in its folder.
const METRICS: &str = "metrics.json";

/// Numbers of a step by their names.
pub(super) type Metrics = BTreeMap<String, f64>;
/// The steps that are whole, with their metrics.
pub(super) type Steps = BTreeMap<u64, Metrics>;

pub(super) fn folder_of(directory: &Path, step: u64) -> PathBuf {
    directory.join(step.to_string())
}

/// The steps in a folder, which is made if it is not there. Removes what killed processes left unfinished.
pub(super) fn read(directory: &Path) -> Result<Steps> {
    fs::create_dir_all(directory)
        .map_err(|e| Error::io(directory, "cannot make the folder", &e))?;
    let cannot = |e| Error::io(directory, "the folder cannot be read", &e);
    let mut steps = Steps::new();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            if File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
            continue;
        }
        // As they are written here: no other text reads as the same number.
        if let Ok(step) = name.parse::<u64>()
            && step.to_string() == name
        {
            steps.insert(step, read_metrics(&entry.path().join(METRICS))?);
        }
    }
    Ok(steps)
}

fn read_metrics(path: &Path) -> Result<Metrics> {
    let text = match fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Metrics::new()),
        other => other.map_err(|e| Error::io(path, "the metrics cannot be read", &e))?,
    };
    let values: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|e| broken(path, format!("no metrics: {e}")))?;
    let number = |(name, value): (String, serde_json::Value)| {
        // JSON has no NaN and no infinities.
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        let number = number
            .ok_or_else(|| broken(path, format!("no metrics: `{name}` is {value}, no number")))?;
        Ok((name, number))
    };
    values.into_iter().map(number).collect()
}

fn metrics_text(metrics: &Metrics) -> String {
    let value = |value: f64| match value.is_finite() {
        true => serde_json::json!(value),
        false => serde_json::json!(value.to_string()),
    };
    let values: BTreeMap<&String, serde_json::Value> =
        metrics.iter().map(|(name, &number)| (name, value(number))).collect();
    format!("{:#}\n", serde_json::json!(values))
}

/// Writes a step under another name, and renames it once all of it is on the disk.
pub(super) fn write(
    directory: &Path,
    step: u64,
    snapshot: &Snapshot,
    metrics: &Metrics,
    max_shard_size: u64,
) -> Result<()> {
    let cannot = |path: &Path, e| Error::io(path, "the step cannot be written", &e);
    let unfinished = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{step}-"))
        .suffix(SUFFIX)
        .tempdir_in(directory)
        .map_err(|e| cannot(directory, e))?;
    // As any new folder: readable by others unless the umask says no.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(directory).map(|of| of.permissions().mode() & 0o777);
        let mode = mode.map_err(|e| cannot(directory, e))?;
        fs::set_permissions(unfinished.path(), fs::Permissions::from_mode(mode | 0o700))
            .map_err(|e| cannot(unfinished.path(), e))?;
    }
    // Another process takes it for one that was left unless it is locked. Not every system has locks for folders, and
    // such a one removes none.
    let lock = File::open(unfinished.path());
    let _ = lock.as_ref().map(|folder| folder.lock());
    snapshot.write_folder(unfinished.path(), max_shard_size)?;
    if !metrics.is_empty() {
        let path = unfinished.path().join(METRICS);
        let write = || {
            let mut file = File::create(&path)?;
            std::io::Write::write_all(&mut file, metrics_text(metrics).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|e| cannot(&path, e))?;
    }
    let _ = lock.as_ref().map(|folder| folder.sync_all());
    let path = folder_of(directory, step);
    fs::rename(unfinished.path(), &path).map_err(|e| cannot(&path, e))?;
    // It has another name now, under which nothing is to be removed.
    let _ = unfinished.keep();
    let _ = File::open(directory).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removes a step: first its name, so that no half of one is taken for a whole one.
pub(super) fn remove(directory: &Path, step: u64) -> Result<()> {
    let path = folder_of(directory, step);
    let cannot = |e| Error::io(&path, "the step cannot be removed", &e);
    let gone = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{step}-"))
        .suffix(SUFFIX)
        .tempdir_in(directory)
        .map_err(cannot)?;
    match fs::rename(&path, gone.path().join("removed")) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.and_then(|()| gone.close()).map_err(cannot),
    }
}

/// The steps that stay, of all that are whole.
pub(super) fn kept(steps: &Steps, options: &CheckpointManagerOptions) -> BTreeSet<u64> {
    let Some(max_to_keep) = options.max_to_keep else {
        return steps.keys().copied().collect();
    };
    let mut ranked: Vec<u64> = by_rank(steps, options).collect();
    ranked.truncate(max_to_keep);
    let period =
        |step: &&u64| options.keep_period.is_some_and(|period| (**step).is_multiple_of(period));
    ranked.extend(steps.keys().next_back());
    ranked.extend(steps.keys().filter(period));
    ranked.into_iter().collect()
}

/// All steps, the best first: by their scores if there are any, and newer before older ones.
pub(super) fn by_rank(
    steps: &Steps,
    options: &CheckpointManagerOptions,
) -> impl Iterator<Item = u64> {
    let mut scored: Vec<(Option<f64>, u64)> =
        steps.iter().map(|(&step, metrics)| (options.score(metrics), step)).collect();
    scored.sort_by(|a, b| b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal));
    scored.into_iter().map(|(_, step)| step)
}
