use super::{Model, assert_same, leaves};
use nnx_core::optim::{Optimizer, adamw, constant_schedule};
use nnx_core::train::{load_checkpoint, save_checkpoint};
use nnx_core::{Array, DType, Error, Module, Param};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct State<M> {
    model: M,
    opt: Optimizer<nnx_core::optim::AdamW>,
}

fn state(layers: usize) -> State<Model> {
    let model = Model::new(layers);
    State { opt: Optimizer::new(&model, adamw(constant_schedule(1e-2))), model }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.safetensors");
    (folder, path)
}

fn metadata() -> BTreeMap<String, String> {
    [("epoch".to_owned(), "3".to_owned())].into()
}

fn message(error: &Error) -> String {
    assert!(matches!(error, Error::Checkpoint { .. } | Error::Io { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_checkpoint_gives_back_model_optimizer_and_metadata() {
    let (_folder, path) = folder();
    let mut trained = state(2);
    let grads = trained.model.clone();
    trained.opt.update(&mut trained.model, &grads);
    save_checkpoint(&path, &trained, &metadata()).unwrap();

    let mut fresh = state(2);
    assert_ne!(leaves(&fresh), leaves(&trained), "the step changed something");
    assert_eq!(load_checkpoint(&path, &mut fresh).unwrap(), metadata());
    assert_same(&fresh, &trained);
}

#[test]
fn leaves_are_named_by_their_dotted_paths() {
    let (_folder, path) = folder();
    save_checkpoint(&path, &state(1), &metadata()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "model.layers.0.bias",
            "model.layers.0.kernel",
            "model.mean",
            "model.table",
            "opt.opt_state.0.count",
            "opt.opt_state.0.mu.layers.0.bias",
            "opt.opt_state.0.mu.layers.0.kernel",
            "opt.opt_state.0.nu.layers.0.bias",
            "opt.opt_state.0.nu.layers.0.kernel",
            "opt.opt_state.2.count",
            "opt.step",
        ]
    );
}

#[test]
fn equal_trees_give_equal_files() {
    let (_folder, path) = folder();
    let metadata: BTreeMap<String, String> =
        (0..20).map(|i| (format!("key{i}"), "\"quoted\"\n".into())).collect();
    let files: Vec<Vec<u8>> = (0..3)
        .map(|_| {
            save_checkpoint(&path, &state(2), &metadata).unwrap();
            fs::read(&path).unwrap()
        })
        .collect();
    assert!(files[0] == files[1] && files[1] == files[2]);
    assert_eq!(load_checkpoint(&path, &mut state(2)).unwrap(), metadata);
}

#[test]
fn every_dtype_keeps_its_bits() {
    let (_folder, path) = folder();
    let arrays: Vec<Array> = DType::ALL
        .iter()
        .filter(|dtype| **dtype != DType::C128)
        .map(|dtype| {
            let bytes: Vec<u8> = match dtype {
                DType::Bool => vec![1, 0, 1],
                _ => (1..=3 * dtype.size() as u8).collect(),
            };
            Array::from_bytes(&bytes, *dtype, &[3]).unwrap()
        })
        .collect();
    save_checkpoint(&path, &arrays, &BTreeMap::new()).unwrap();
    let mut loaded: Vec<Array> = arrays.iter().map(|array| array.zeros_like()).collect();
    assert_eq!(load_checkpoint(&path, &mut loaded).unwrap(), BTreeMap::new());
    assert_same(&loaded, &arrays);
}

#[test]
fn complex128_is_refused() {
    let (_folder, path) = folder();
    let z = Array::from_slice(&[1.0_f64], [1]).astype(DType::C128);
    let error = save_checkpoint(&path, &z, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("c128[1]") && error.contains(".real()"), "{error}");
}

#[test]
fn scalars_and_empty_arrays_are_leaves_too() {
    let (_folder, path) = folder();
    let saved = (Array::scalar(7_i64), nnx_core::array::zeros([0, 3], DType::F32));
    save_checkpoint(&path, &saved, &BTreeMap::new()).unwrap();
    let mut loaded = (Array::scalar(0_i64), nnx_core::array::zeros([0, 3], DType::F32));
    load_checkpoint(&path, &mut loaded).unwrap();
    assert_eq!(loaded.0.item::<i64>(), 7);
}

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Other {
    a: Param,
    b: Param,
    c: Param,
    d: Param,
}

#[test]
fn a_checkpoint_of_another_model_names_every_difference_and_changes_nothing() {
    #[derive(nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct Saved {
        a: Param,
        b: Param,
        x: Param,
        y: Param,
    }
    let (_folder, path) = folder();
    let param = |n: usize, dtype| Param::new(nnx_core::array::ones([n], dtype));
    let f32 = DType::F32;
    let saved = Saved { a: param(2, f32), b: param(3, f32), x: param(1, f32), y: param(1, f32) };
    save_checkpoint(&path, &saved, &BTreeMap::new()).unwrap();

    let mut other =
        Other { a: param(3, f32), b: param(3, DType::F16), c: param(1, f32), d: param(1, f32) };
    let before = leaves(&other);
    let error = message(&load_checkpoint(&path, &mut other).unwrap_err());
    assert!(error.contains("missing in the file: c, d"), "{error}");
    assert!(error.contains("extra in the file: x, y"), "{error}");
    assert!(error.contains("a (file f32[2], model f32[3])"), "{error}");
    assert!(error.contains("b (file f32[3], model f16[3])"), "{error}");
    assert!(error.contains("last.safetensors"), "{error}");
    assert_eq!(leaves(&other), before);
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let (_folder, path) = folder();
    let mut tree = state(2);
    save_checkpoint(&path, &tree, &metadata()).unwrap();
    let whole = fs::read(&path).unwrap();
    let before = leaves(&tree);
    for length in [0, 1, 7, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = message(&load_checkpoint(&path, &mut tree).unwrap_err());
        assert!(error.contains("truncated or corrupt"), "{length}: {error}");
        assert!(error.contains("last.safetensors"), "{length}: {error}");
    }
    assert_eq!(leaves(&tree), before);
}

/// Every bit of the file, its header and the checksum itself included.
#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let (_folder, path) = folder();
    let mut tree = state(2);
    save_checkpoint(&path, &tree, &metadata()).unwrap();
    let whole = fs::read(&path).unwrap();
    let before = leaves(&tree);
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let places = (0..header).chain((header..whole.len()).step_by(97)).chain([whole.len() - 1]);
    for at in places {
        for bit in [0x01, 0x10, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            fs::write(&path, &bytes).unwrap();
            let result = load_checkpoint(&path, &mut tree);
            let error = message(&result.expect_err(&format!("byte {at}, bit {bit:#x}")));
            assert!(error.contains("truncated or corrupt"), "byte {at}, bit {bit:#x}: {error}");
        }
    }
    assert_eq!(leaves(&tree), before);
    fs::write(&path, &whole).unwrap();
    assert_eq!(load_checkpoint(&path, &mut tree).unwrap(), metadata());
}

#[test]
fn metadata_that_looks_like_a_checksum_is_not_taken_for_one() {
    let (_folder, path) = folder();
    let mut tree = state(2);
    let text = "\"nnx.checksum\":\"12345678\"";
    let metadata = BTreeMap::from([("a".to_owned(), text.to_owned()), (text.into(), "b".into())]);
    save_checkpoint(&path, &tree, &metadata).unwrap();
    assert_eq!(load_checkpoint(&path, &mut tree).unwrap(), metadata);
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_another_writes_is_not() {
    let (folder, path) = folder();
    let left = folder.path().join(".checkpoint-dead.tmp");
    let written = folder.path().join(".checkpoint-alive.tmp");
    let mine = folder.path().join("checkpoint-mine.tmp");
    for file in [&left, &written, &mine] {
        fs::write(file, "half").unwrap();
    }
    let other = fs::File::open(&written).unwrap();
    other.lock().unwrap();
    save_checkpoint(&path, &state(1), &metadata()).unwrap();
    assert!(!left.exists() && written.exists() && mine.exists());
}

#[test]
fn what_is_no_checkpoint_is_an_error() {
    let (folder, path) = folder();
    let mut tree = state(1);
    let error = message(&load_checkpoint(&path, &mut tree).unwrap_err());
    assert!(error.contains("cannot be read"), "{error}");
    let error = message(&load_checkpoint(folder.path(), &mut tree).unwrap_err());
    assert!(error.contains("cannot be read"), "{error}");
    fs::write(&path, b"\x89PNG\r\n\x1a\n and more bytes than a header has").unwrap();
    let error = message(&load_checkpoint(&path, &mut tree).unwrap_err());
    assert!(error.contains("truncated or corrupt"), "{error}");
}

#[test]
fn files_of_other_programs_load_without_our_checksum() {
    let (_folder, path) = folder();
    let bytes: Vec<u8> = [1.5_f32, 2.5].iter().flat_map(|v| v.to_le_bytes()).collect();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2], &bytes).unwrap();
    fs::write(&path, safetensors::serialize([("0", view)], None).unwrap()).unwrap();
    let mut tree = vec![nnx_core::array::zeros([2], DType::F32)];
    load_checkpoint(&path, &mut tree).unwrap();
    assert_eq!(tree[0].to_vec::<f32>(), [1.5, 2.5]);
}

#[test]
fn a_save_that_fails_leaves_the_old_file_and_no_other() {
    let (folder, path) = folder();
    let good = Model::new(1);
    save_checkpoint(&path, &good, &metadata()).unwrap();
    let old = fs::read(&path).unwrap();

    // A leaf without a value: gradients hold none for batch statistics.
    let bad = nnx_core::grad(|m: &Model| m.layers[0].kernel.sum(..), &good);
    let error = message(&save_checkpoint(&path, &bad, &metadata()).unwrap_err());
    assert!(error.contains("`mean` cannot be saved"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), old);

    // A folder where the file should go.
    let blocked = folder.path().join("blocked");
    fs::create_dir_all(blocked.join("inside")).unwrap();
    let error = message(&save_checkpoint(&blocked, &good, &metadata()).unwrap_err());
    assert!(error.contains("blocked") && error.contains("cannot be written"), "{error}");

    // A file where a folder should be.
    let error =
        message(&save_checkpoint(path.join("x.safetensors"), &good, &metadata()).unwrap_err());
    assert!(error.contains("cannot make the folder"), "{error}");

    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["blocked", "last.safetensors"]);
}

#[test]
fn a_save_replaces_the_old_file_and_makes_folders() {
    let (folder, _) = folder();
    let path = folder.path().join("a/b/last.safetensors");
    save_checkpoint(&path, &Model::new(1), &metadata()).unwrap();
    save_checkpoint(&path, &Model::new(2), &[("epoch".into(), "4".into())].into()).unwrap();
    let mut model = Model::new(2);
    model.table = model.table.zeros_like();
    assert_eq!(load_checkpoint(&path, &mut model).unwrap()["epoch"], "4");
    assert_same(&model, &Model::new(2));
}

#[test]
fn two_leaves_of_one_name_are_an_error() {
    let (_folder, path) = folder();
    let inner = |name: &str| BTreeMap::from([(name.to_owned(), Array::scalar(1.0_f32))]);
    let tree = BTreeMap::from([("a".to_owned(), inner("b.c")), ("a.b".to_owned(), inner("c"))]);
    let error = save_checkpoint(&path, &tree, &metadata()).unwrap_err();
    assert!(message(&error).contains("two leaves have the name `a.b.c`"), "{error}");
}

/// Modules of any type can be saved, whole or in part.
#[test]
fn a_part_of_a_tree_can_be_saved_alone() {
    fn save<M: Module>(tree: &M) -> Vec<String> {
        let (_folder, path) = folder();
        save_checkpoint(&path, tree, &BTreeMap::new()).unwrap();
        let bytes = fs::read(&path).unwrap();
        SafeTensors::deserialize(&bytes).unwrap().names().into_iter().map(str::to_owned).collect()
    }
    assert_eq!(save(&Model::new(1).layers[0]).len(), 2);
}
