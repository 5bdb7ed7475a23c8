//! Checkpoints of several files with an index.

use super::{Model, assert_same, leaves};
use nnx_core::train::{
    WeightMap, load_checkpoint, load_weights, save_checkpoint, save_sharded_checkpoint,
};
use nnx_core::{Array, DType, Module, Param, Shared, array};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

fn metadata(epoch: &str) -> BTreeMap<String, String> {
    [("epoch".to_owned(), epoch.to_owned())].into()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const INDEX: &str = "model.safetensors.index.json";

fn index(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join(INDEX)).unwrap()).unwrap()
}

/// Five leaves of 24, 12, 24, 8 and 12 bytes.
fn model() -> Model {
    Model::new(2)
}

fn loaded(folder: &Path) -> Result<(Model, BTreeMap<String, String>), String> {
    let mut model = model();
    model.layers[0].kernel.set(array::zeros([2, 3], DType::F32));
    model.table = model.table.zeros_like();
    let before = leaves(&model);
    match load_checkpoint(folder, &mut model) {
        Ok(metadata) => Ok((model, metadata)),
        Err(error) => {
            assert_eq!(leaves(&model), before, "nothing is loaded in part");
            Err(error.to_string())
        }
    }
}

#[test]
fn a_large_tree_is_written_to_several_files_with_an_index() {
    let folder = tempdir().unwrap();
    save_sharded_checkpoint(folder.path(), &model(), &metadata("3"), 40).unwrap();
    let shards: Vec<String> =
        (1..=3).map(|i| format!("model-{i:05}-of-00003.safetensors")).collect();
    assert_eq!(names(folder.path()), [&shards[..], &[INDEX.to_owned()]].concat());
    let index = index(folder.path());
    assert_eq!(index["metadata"]["total_size"], 80);
    assert_eq!(
        index["weight_map"],
        serde_json::json!({
            "layers.0.bias": shards[0],
            "layers.0.kernel": shards[0],
            "layers.1.kernel": shards[1],
            "mean": shards[1],
            "table": shards[2],
        })
    );
    for path in [folder.path(), &folder.path().join(INDEX)] {
        let (found, told) = loaded(path).unwrap();
        assert_same(&found, &model());
        assert_eq!(told, metadata("3"));
    }
    // Part of it, as of any index.
    let mut layer =
        BTreeMap::from([("mean".to_owned(), Param::new(array::zeros([2], DType::F32)))]);
    load_weights(folder.path(), &mut layer, &WeightMap::new().ignore_unused()).unwrap();
    assert_eq!(layer["mean"].to_vec::<f32>(), [0.5, 0.25]);
}

#[test]
fn a_tree_that_fits_is_one_file_and_a_leaf_is_never_cut() {
    let folder = tempdir().unwrap();
    save_sharded_checkpoint(folder.path(), &model(), &metadata("1"), 80).unwrap();
    assert_eq!(names(folder.path()), ["model.safetensors"]);
    assert_same(&loaded(folder.path()).unwrap().0, &model());

    let folder = tempdir().unwrap();
    save_sharded_checkpoint(folder.path(), &model(), &metadata("1"), 0).unwrap();
    assert_eq!(names(folder.path()).len(), 6);
    assert_same(&loaded(folder.path()).unwrap().0, &model());

    // No leaves at all.
    let folder = tempdir().unwrap();
    save_sharded_checkpoint(folder.path(), &Vec::<Param>::new(), &metadata("1"), 0).unwrap();
    assert_eq!(names(folder.path()), ["model.safetensors"]);
}

#[test]
fn a_save_replaces_the_checkpoint_in_the_folder_whatever_its_files() {
    let folder = tempdir().unwrap();
    let mine = folder.path().join("model-notes.safetensors");
    fs::write(&mine, "of the user").unwrap();
    for (epoch, size) in [("1", 40), ("2", 40), ("3", 1000), ("4", 24), ("5", 40), ("6", 1000)] {
        save_sharded_checkpoint(folder.path(), &model(), &metadata(epoch), size).unwrap();
        assert_eq!(loaded(folder.path()).unwrap().1, metadata(epoch));
        let files = if size == 1000 {
            1
        } else {
            index(folder.path())["weight_map"]
                .as_object()
                .unwrap()
                .values()
                .collect::<std::collections::HashSet<_>>()
                .len()
                + 1
        };
        assert_eq!(names(folder.path()).len(), files + 1, "{:?}", names(folder.path()));
    }
    assert!(mine.exists());
}

#[test]
fn until_the_index_is_written_the_folder_holds_the_checkpoint_before() {
    let folder = tempdir().unwrap();
    save_sharded_checkpoint(folder.path(), &model(), &metadata("1"), 40).unwrap();
    let old = fs::read(folder.path().join(INDEX)).unwrap();
    let old_files = names(folder.path());
    let kept = tempdir().unwrap();
    for name in &old_files {
        fs::copy(folder.path().join(name), kept.path().join(name)).unwrap();
    }
    let mut other = model();
    other.table = Array::from_slice(&[7_i32, 8, 9], [3]);
    save_sharded_checkpoint(folder.path(), &other, &metadata("2"), 40).unwrap();
    // All of the new files beside the old ones: the process ended before the index.
    for name in &old_files {
        fs::copy(kept.path().join(name), folder.path().join(name)).unwrap();
    }
    assert_eq!(fs::read(folder.path().join(INDEX)).unwrap(), old);
    assert_eq!(names(folder.path()).len(), 7);
    let (found, told) = loaded(folder.path()).unwrap();
    assert_same(&found, &model());
    assert_eq!(told, metadata("1"));
    // The next save removes what is left.
    save_sharded_checkpoint(folder.path(), &other, &metadata("3"), 40).unwrap();
    assert_eq!(names(folder.path()).len(), 4);
    assert_eq!(loaded(folder.path()).unwrap().1, metadata("3"));
}

#[test]
fn gaps_leftovers_and_files_of_another_save_are_named() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let save = |epoch: &str| {
        fs::remove_dir_all(folder.path()).unwrap();
        save_sharded_checkpoint(folder.path(), &model(), &metadata(epoch), 40).unwrap();
    };
    let refused = |why: &str| {
        let error = loaded(folder.path()).map(|_| ()).unwrap_err();
        assert!(error.contains(why), "{why}\n{error}");
    };
    let second = "model-00002-of-00003.safetensors";
    save("1");
    fs::remove_file(at(second)).unwrap();
    refused(&format!("files that this index lists are not in its folder: {second}"));

    // A file of another save, whose own checksum is right.
    save("2");
    let first = "model-00001-of-00003.safetensors";
    let other = fs::read(at(first)).unwrap();
    save("1");
    fs::write(at(first), other).unwrap();
    refused(&format!("files of another save: {first}"));

    // A damaged one.
    save("1");
    let mut bytes = fs::read(at(second)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(at(second), bytes).unwrap();
    refused("its checksum does not fit");

    // An index that lists what is not there, and not what is.
    save("1");
    let text = fs::read_to_string(at(INDEX)).unwrap();
    fs::write(at(INDEX), text.replace("\"mean\"", "\"mode\"")).unwrap();
    refused(&format!(
        "missing in the files: mode in {second}\n  left over in the files: mean in {second}"
    ));

    // Another tree.
    save("1");
    let error = load_checkpoint(folder.path(), &mut Model::new(1)).unwrap_err().to_string();
    assert!(error.contains("extra in the file: layers.1.kernel"), "{error}");
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Tied {
    a: Param,
    embed: Shared<Param>,
    head: Shared<Param>,
}

#[test]
fn a_shared_node_is_in_one_file_with_its_other_places_in_the_table() {
    let folder = tempdir().unwrap();
    let tied = |value: f32| {
        let param = |value| Param::new(Array::scalar(value));
        let embed = Shared::new(param(value));
        Tied { a: param(value), head: embed.clone(), embed }
    };
    save_sharded_checkpoint(folder.path(), &tied(3.0), &metadata("1"), 4).unwrap();
    let names = index(folder.path())["weight_map"].as_object().unwrap().clone();
    assert_eq!(names.keys().collect::<Vec<_>>(), ["a", "embed"]);
    let mut read = tied(0.0);
    load_checkpoint(folder.path(), &mut read).unwrap();
    assert_eq!(read.head.read().item::<f32>(), 3.0);
    // The table is compared, as that of one file.
    let mut untied = tied(0.0);
    untied.head = Shared::new(Param::new(Array::scalar(0.0_f32)));
    let error = load_checkpoint(folder.path(), &mut untied).unwrap_err().to_string();
    assert!(error.contains("one shared node in the file, not here: head is embed"), "{error}");
}

/// An old name of a field stays the name in checkpoints.
#[test]
fn a_field_with_another_name_loads_the_old_one() {
    #[derive(nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct Old {
        weights: Param,
        inner: Vec<Param>,
    }
    #[derive(nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct New {
        #[module(rename = "weights")]
        kernel: Param,
        #[module(rename = "inner")]
        layers: Vec<Param>,
    }
    fn check<M: Module>(old: &Old, new: &mut M, read: impl Fn(&M) -> [f32; 2]) {
        let folder = tempdir().unwrap();
        let file = folder.path().join("old.safetensors");
        save_checkpoint(&file, old, &BTreeMap::new()).unwrap();
        save_sharded_checkpoint(folder.path().join("several"), old, &BTreeMap::new(), 4).unwrap();
        for path in [file, folder.path().join("several")] {
            load_checkpoint(path, new).unwrap();
            assert_eq!(read(new), [1.0, 2.0]);
        }
    }
    let param = |value: f32| Param::new(Array::scalar(value));
    let old = Old { weights: param(1.0), inner: vec![param(2.0)] };
    let mut new = New { kernel: param(0.0), layers: vec![param(0.0)] };
    check(&old, &mut new, |new| [new.kernel.item::<f32>(), new.layers[0].item::<f32>()]);
    // So do paths and filters.
    let paths: Vec<String> =
        nnx_core::state(&new).iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["inner[0]", "weights"]);
}
