//! The steps of a run: which are saved, kept and removed, and what comes out of the thread that writes them.

use super::Model;
use nnx_core::train::{BestMode, CheckpointManager, CheckpointManagerOptions, SaveArgs};
use nnx_core::{Array, DType, Param, array};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

fn options() -> CheckpointManagerOptions {
    CheckpointManagerOptions::new()
}

fn param(value: f32) -> Param {
    Param::new(Array::scalar(value))
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_steps_stay() {
    let folder = tempdir().unwrap();
    let mut manager =
        CheckpointManager::new(folder.path(), options().max_to_keep(2).keep_period(4)).unwrap();
    for step in 3..12 {
        assert!(manager.save(step, &param(step as f32)).unwrap());
    }
    manager.wait_until_finished().unwrap();
    assert_eq!(manager.all_steps(), [4, 8, 10, 11]);
    assert_eq!(names(folder.path()), ["10", "11", "4", "8"]);
    let mut read = param(0.0);
    for step in manager.all_steps() {
        manager.restore(step, &mut read).unwrap();
        assert_eq!(read.item::<f32>(), step as f32);
    }
}

#[test]
fn the_best_steps_stay_and_the_newest() {
    for mode in [BestMode::Min, BestMode::Max] {
        let folder = tempdir().unwrap();
        let sign = if mode == BestMode::Min { 1.0 } else { -1.0 };
        let best =
            move || options().max_to_keep(2).best_fn(|m| m.get("loss").copied()).best_mode(mode);
        let mut manager = CheckpointManager::new(folder.path(), best()).unwrap();
        let losses = [0.5, 0.25, f64::NAN, 0.75, 0.25, f64::INFINITY];
        for (step, loss) in losses.into_iter().enumerate() {
            let args = SaveArgs::new().metric("loss", loss * sign);
            manager.save_with(step as u64, &param(0.0), args).unwrap();
        }
        // One without metrics.
        manager.save(6, &param(0.0)).unwrap();
        manager.wait_until_finished().unwrap();
        assert_eq!(manager.all_steps(), [1, 4, 6]);
        assert_eq!((manager.best_step(), manager.latest_step()), (Some(4), Some(6)));
        // Another process knows it too.
        let mut manager = CheckpointManager::new(folder.path(), best()).unwrap();
        assert_eq!((manager.all_steps(), manager.best_step()), (vec![1, 4, 6], Some(4)));
        let better = SaveArgs::new().metric("loss", 0.125 * sign);
        manager.save_with(7, &param(0.0), better).unwrap();
        manager.wait_until_finished().unwrap();
        assert_eq!((manager.all_steps(), manager.best_step()), (vec![4, 7], Some(7)));
    }
}

#[test]
fn metrics_of_every_value_come_back() {
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options()).unwrap();
    let values = [1.5, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300];
    let args = values.iter().enumerate();
    let args = args.fold(SaveArgs::new(), |args, (i, value)| args.metric(format!("m{i}"), *value));
    manager.save_with(1, &param(0.0), args.metadata("run", "a\n\"b\"")).unwrap();
    manager.wait_until_finished().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options()).unwrap();
    let found: Vec<u64> = manager.metrics(1).into_values().map(f64::to_bits).collect();
    assert_eq!(found, values.map(f64::to_bits));
    assert_eq!(manager.restore(1, &mut param(0.0)).unwrap()["run"], "a\n\"b\"");
    drop(manager);
    fs::write(folder.path().join("1/metrics.json"), "{\"loss\": \"high\"}").unwrap();
    let error = CheckpointManager::new(folder.path(), options()).unwrap_err().to_string();
    assert!(error.contains("metrics.json") && error.contains("`loss` is \"high\""), "{error}");
}

#[test]
fn steps_between_the_intervals_are_not_saved_unless_they_must_be() {
    let folder = tempdir().unwrap();
    let mut manager =
        CheckpointManager::new(folder.path(), options().save_interval_steps(5)).unwrap();
    let saved: Vec<u64> =
        (3..18).filter(|&step| manager.save(step, &param(0.0)).unwrap()).collect();
    assert_eq!(saved, [3, 5, 10, 15]);
    assert!(manager.save_with(17, &param(0.0), SaveArgs::new().force(true)).unwrap());
    let error = manager.save(15, &param(0.0)).unwrap_err().to_string();
    assert!(error.contains("step 15 was saved before"), "{error}");
    manager.delete(15).unwrap();
    assert!(manager.delete(15).unwrap_err().to_string().contains("the steps are 3, 5, 10, 17"));
    assert!(manager.save(15, &param(0.0)).unwrap());
}

#[test]
fn options_of_zero_are_errors() {
    let folder = tempdir().unwrap();
    for (options, name) in [
        (options().max_to_keep(0), "max_to_keep"),
        (options().keep_period(0), "keep_period"),
        (options().save_interval_steps(0), "save_interval_steps"),
    ] {
        let error = CheckpointManager::new(folder.path(), options).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}` is 0")), "{error}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = CheckpointManager::new(&file, options()).unwrap_err().to_string();
    assert!(error.contains("cannot make the folder"), "{error}");
}

#[test]
fn the_error_of_the_thread_comes_out_of_the_next_call_with_step_and_path() {
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options()).unwrap();
    manager.save(1, &param(1.0)).unwrap();
    manager.wait_until_finished().unwrap();
    let block = |step: u64| fs::create_dir_all(folder.path().join(step.to_string()).join("x"));
    let check = |error: String, step: u64| {
        let path = folder.path().join(step.to_string());
        assert!(error.contains(&format!("step {step} was not saved")), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    };
    block(2).unwrap();
    manager.save(2, &param(2.0)).unwrap();
    check(manager.wait_until_finished().unwrap_err().to_string(), 2);
    // Once.
    manager.wait_until_finished().unwrap();

    block(3).unwrap();
    manager.save(3, &param(3.0)).unwrap();
    check(manager.save(4, &param(4.0)).unwrap_err().to_string(), 3);
    manager.save(4, &param(4.0)).unwrap();

    // A step that is read does not tell of another.
    block(5).unwrap();
    manager.save(5, &param(5.0)).unwrap();
    let mut read = param(0.0);
    manager.restore(4, &mut read).unwrap();
    assert_eq!(read.item::<f32>(), 4.0);
    check(manager.save(6, &param(6.0)).unwrap_err().to_string(), 5);
    assert_eq!(manager.all_steps(), [1, 4]);

    // Without a thread, of the call itself.
    let sync = options().enable_async_checkpointing(false);
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), sync).unwrap();
    fs::create_dir_all(folder.path().join("1/x")).unwrap();
    let error = manager.save(1, &param(1.0)).unwrap_err().to_string();
    assert!(error.contains("step 1 was not saved"), "{error}");
    assert_eq!(names(folder.path()), ["1"], "nothing is left");
}

#[test]
fn a_leaf_without_a_value_is_an_error_of_the_save_itself() {
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options()).unwrap();
    let model = Model::new(1);
    let grads = nnx_core::grad(|m: &Model| m.layers[0].kernel.sum(..), &model);
    let error = manager.save(1, &grads).unwrap_err().to_string();
    assert!(error.contains("`mean` cannot be saved"), "{error}");
    assert!(names(folder.path()).is_empty());
    assert!(manager.save(1, &model).unwrap());
}

#[test]
fn a_step_that_is_not_there_or_not_of_this_tree_is_an_error() {
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options()).unwrap();
    let error = manager.restore(1, &mut param(0.0)).unwrap_err().to_string();
    assert!(error.contains("there is no step 1 here; nothing was saved"), "{error}");
    manager.save(1, &Model::new(2)).unwrap();
    let error = manager.restore(1, &mut Model::new(1)).unwrap_err().to_string();
    assert!(error.contains("extra in the file: layers.1.kernel"), "{error}");
}

#[test]
fn a_large_step_is_several_files() {
    let folder = tempdir().unwrap();
    let mut manager = CheckpointManager::new(folder.path(), options().max_shard_size(64)).unwrap();
    let model = [1.0, 2.0].map(|x| Param::new(array::full([16], x, DType::F32)));
    manager.save(1, &model).unwrap();
    manager.wait_until_finished().unwrap();
    assert_eq!(names(&folder.path().join("1")).len(), 3);
    let mut read = [0.0; 2].map(|x| Param::new(array::full([16], x, DType::F32)));
    manager.restore(1, &mut read).unwrap();
    assert_eq!(read[1].to_vec::<f32>(), [2.0; 16]);
}

#[test]
fn other_names_in_the_folder_are_left_alone() {
    let folder = tempdir().unwrap();
    for name in ["007", "notes", "-1", "1x"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let mut manager = CheckpointManager::new(folder.path(), options().max_to_keep(1)).unwrap();
    assert_eq!(manager.latest_step(), None);
    manager.save(u64::MAX, &param(1.0)).unwrap();
    manager.wait_until_finished().unwrap();
    assert_eq!(manager.all_steps(), [u64::MAX]);
    assert_eq!(names(folder.path()).len(), 5);
}
