//! The MNIST program as its users run it: resuming, and what bad input gets.

use crate::program::Program;
use std::path::Path;

const MNIST: Program = Program(env!("CARGO_BIN_EXE_mnist"));

fn idx(axes: &[u32], data: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    bytes.extend(axes.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// Images of 8 x 8 pixels whose brightness is a function of their label.
pub(crate) fn write_data(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (part, count) in [("train", 48_u32), ("t10k", 20)] {
        let label = |i: u32| (i % 10) as u8;
        let pixels = (0..count).flat_map(|i| (0..64).map(move |p| label(i) * 20 + (p % 7) as u8));
        let images = idx(&[count, 8, 8], pixels);
        let labels = idx(&[count], (0..count).map(label));
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn a_resumed_run_gives_exactly_the_numbers_of_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_data(&folder.join("data"));
    let run = "--data data --batch-size 16 --epochs";
    let output = MNIST.succeeds(folder, &format!("{run} 3 --out whole"));
    assert!(output.contains("train_step: traced 1 x, compiled 1 x"), "{output}");
    assert!(folder.join("whole/curves.png").metadata().unwrap().len() > 1000);
    MNIST.succeeds(folder, &format!("{run} 2 --out parts"));
    MNIST.succeeds(folder, &format!("{run} 3 --out rest --resume parts/checkpoint.safetensors"));
    let read =
        |name: &str| std::fs::read(folder.join(name).join("checkpoint.safetensors")).unwrap();
    assert!(read("whole") == read("rest"), "the checkpoints differ");
    assert!(read("whole") != read("parts"));

    // The checkpoint of another model.
    let error = {
        let data = folder.join("wide");
        write_data(&data);
        let images = idx(&[48, 12, 8], (0..48 * 96).map(|i| i as u8));
        std::fs::write(data.join("train-images-idx3-ubyte"), images).unwrap();
        let images = idx(&[20, 12, 8], (0..20 * 96).map(|i| i as u8));
        std::fs::write(data.join("t10k-images-idx3-ubyte"), images).unwrap();
        MNIST.fails(
            folder,
            "--data wide --epochs 4 --resume parts/checkpoint.safetensors --out other",
        )
    };
    assert!(error.contains("model.linear1.kernel"), "{error}");

    // A truncated one.
    let whole = read("parts");
    std::fs::write(folder.join("cut.safetensors"), &whole[..whole.len() / 2]).unwrap();
    let error = MNIST.fails(folder, "--data data --epochs 4 --resume cut.safetensors --out other");
    assert!(error.contains("cut.safetensors"), "{error}");
}

#[test]
fn bad_input_gets_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    write_data(&data);
    let images = data.join("train-images-idx3-ubyte");
    let labels = data.join("train-labels-idx1-ubyte");
    let (good_images, good_labels) =
        (std::fs::read(&images).unwrap(), std::fs::read(&labels).unwrap());
    let run = "--data data --out out --epochs 1";

    std::fs::write(&images, &good_images[..good_images.len() - 5]).unwrap();
    let error = MNIST.fails(folder, run);
    assert!(error.contains("train-images") && error.contains("truncated"), "{error}");

    std::fs::write(&images, &good_labels).unwrap();
    assert!(MNIST.fails(folder, run).contains("train-images"));

    std::fs::write(&images, b"no digits here").unwrap();
    assert!(MNIST.fails(folder, run).contains("is no IDX file"));

    std::fs::write(&images, &good_images).unwrap();
    std::fs::write(&labels, idx(&[48], std::iter::repeat_n(11, 48))).unwrap();
    assert!(MNIST.fails(folder, run).contains("label 0 is 11"));

    std::fs::write(&labels, idx(&[47], std::iter::repeat_n(1, 47))).unwrap();
    assert!(MNIST.fails(folder, run).contains("48 images"));

    std::fs::remove_file(&labels).unwrap();
    assert!(MNIST.fails(folder, run).contains("train-labels"));
    std::fs::write(&labels, &good_labels).unwrap();

    for (arguments, expected) in [
        ("--epochs 0", "--epochs"),
        ("--batch-size many", "--batch-size"),
        ("--learning-rate -1", "--learning-rate"),
        ("--data nowhere", "nowhere"),
        ("--epoch 3", "--epoch"),
        ("--data data --batch-size 100", "48"),
        ("--data data --resume nothing.safetensors", "nothing.safetensors"),
    ] {
        let error = MNIST.fails(folder, arguments);
        assert!(error.contains(expected), "{arguments}: {error}");
    }
    assert!(!folder.join("out/checkpoint.safetensors").exists(), "nothing was written");
}

/// A checkpoint as another program would write it, with other metadata.
fn with_metadata(checkpoint: &[u8], name: &str, value: &str) -> Vec<u8> {
    let file = safetensors::SafeTensors::deserialize(checkpoint).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(checkpoint).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    metadata.retain(|name, _| !name.starts_with("nnx.checksum") && name != "nnx.format");
    metadata.insert(name.into(), value.into());
    safetensors::serialize(file.tensors(), Some(metadata)).unwrap()
}

#[test]
fn settings_in_a_checkpoint_are_as_strict_as_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_data(&folder.join("data"));
    let output =
        MNIST.succeeds(folder, "--data data --batch-size 16 --epochs 1 --learning-rate 1e30");
    assert!(output.contains("epoch 1/1"), "{output}");
    let checkpoint = std::fs::read(folder.join("runs/mnist/checkpoint.safetensors")).unwrap();
    for (name, value) in [
        ("learning_rate", "0"),
        ("learning_rate", "-1"),
        ("learning_rate", "NaN"),
        ("learning_rate", "inf"),
        ("batch_size", "0"),
        ("batch_size", "1e3"),
        ("seed", "-5"),
        ("epoch", "7"),
        ("history", "1 2 3"),
    ] {
        let changed = with_metadata(&checkpoint, name, value);
        std::fs::write(folder.join("changed.safetensors"), changed).unwrap();
        let error = MNIST.fails(folder, "--data data --epochs 4 --resume changed.safetensors");
        assert!(error.contains(&format!("`{name}` is `{value}`")), "{error}");
        assert!(error.contains("changed.safetensors"), "{error}");
    }
    let same = with_metadata(&checkpoint, "seed", "0");
    std::fs::write(folder.join("changed.safetensors"), same).unwrap();
    MNIST.succeeds(
        folder,
        "--data data --epochs 2 --resume changed.safetensors --learning-rate 1e-3",
    );
}

#[test]
fn a_loss_that_is_nan_is_said_once_with_the_step() {
    let folder = tempfile::tempdir().unwrap();
    write_data(&folder.path().join("data"));
    let run = "--data data --batch-size 16 --epochs 3 --learning-rate 1e30";
    let output = MNIST.output(folder.path(), run);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(error.matches("the loss is NaN since step 2 of epoch 1").count(), 1, "{error}");
    assert_eq!(error.matches("NaN").count(), 1, "{error}");
}

#[test]
fn a_folder_belongs_to_one_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_data(&folder.join("data"));
    std::fs::create_dir(folder.join("out")).unwrap();
    let lock = std::fs::File::create(folder.join("out/.lock")).unwrap();
    lock.lock().unwrap();
    let error = MNIST.fails(folder, "--data data --epochs 1 --out out");
    assert!(error.contains("--out out: another run writes to this folder"), "{error}");
    drop(lock);
    // Files that a killed run left are removed.
    let left = folder.join("out/.curves-dead.png");
    std::fs::write(&left, "half a picture").unwrap();
    MNIST.succeeds(folder, "--data data --epochs 1 --batch-size 16 --out out");
    assert!(!left.exists());
    let mut names: Vec<_> =
        std::fs::read_dir(folder.join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".lock", "checkpoint.safetensors", "curves.png"]);
}

#[test]
fn no_more_of_a_packed_file_is_unpacked_than_its_header_promises() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_data(&data);
    let fails_with = |content: &[u8], zeros: usize, cut: usize, expected: &str| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(content).unwrap();
        let block = vec![0; 1 << 20];
        (0..zeros >> 20).for_each(|_| packed.write_all(&block).unwrap());
        let mut packed = packed.finish().unwrap();
        packed.truncate(packed.len() - cut);
        std::fs::write(data.join("train-labels-idx1-ubyte.gz"), packed).unwrap();
        let error = MNIST.fails(folder.path(), "--data data --epochs 1");
        assert!(error.contains("train-labels") && error.contains(expected), "{error}");
    };
    let labels = || idx(&[48], (0..48).map(|i| i % 10));
    fails_with(&labels(), 1 << 30, 0, "promises [48] bytes, but more follow");
    fails_with(b"no digits here", 1 << 30, 0, "is no IDX file");
    fails_with(&idx(&[u32::MAX, 9], [].into_iter()), 0, 0, "more than 4294967296");
    fails_with(&idx(&[1 << 31], [1; 9].into_iter()), 0, 0, "but only 9 follow");
    fails_with(&labels(), 0, 3, "truncated or corrupt gzip file");
    fails_with(&labels(), 0, 12, "truncated or corrupt gzip file");
}

/// The figures of a run's epochs, as `loss` and `accuracy` are followed by one.
#[cfg(feature = "xla-rs")]
fn figures(output: &str) -> Vec<f64> {
    let words: Vec<&str> =
        output.lines().filter(|l| l.starts_with("epoch")).flat_map(str::split_whitespace).collect();
    let named = words.windows(2).filter(|pair| ["loss", "accuracy"].contains(&pair[0]));
    named.map(|pair| pair[1].parse().unwrap()).collect()
}

/// The main job, on the other backend and shorter; PJRT's turn is `cargo xtask mnist` in `.ci/run`.
#[cfg(feature = "xla-rs")]
#[test]
fn the_digits_that_ship_are_learnt_on_xla_rs() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = MNIST.command(folder.path(), "--epochs 2 --out run");
    let output = run.env("NNX_BACKEND", "xla-rs").output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures = figures(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(figures.len(), 8, "loss and accuracy in training and test, of two epochs");
    assert!(figures[7] >= 0.940, "{figures:?}");
}

#[cfg(feature = "xla-rs")]
#[test]
fn both_backends_train_alike() {
    let folder = tempfile::tempdir().unwrap();
    write_data(&folder.path().join("data"));
    let [pjrt, xla_rs] = ["pjrt", "xla-rs"].map(|backend| {
        let mut run = MNIST.command(
            folder.path(),
            &format!("--data data --batch-size 16 --epochs 2 --out {backend}"),
        );
        let output = run.env("NNX_BACKEND", backend).output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        figures(&String::from_utf8_lossy(&output.stdout))
    });
    assert_eq!(pjrt.len(), 8, "loss and accuracy in training and test, of two epochs");
    for (a, b) in pjrt.iter().zip(&xla_rs) {
        assert!((a - b).abs() <= 2e-2 * (1.0 + a.abs()), "{pjrt:?} and {xla_rs:?}");
    }
}
