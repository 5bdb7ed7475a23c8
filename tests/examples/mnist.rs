//! The MNIST program as its users run it: resuming, and what bad input gets.

use crate::program::Program;
use std::path::Path;

const MNIST: Program = Program("mnist");

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

/// The figures of a run's epochs, as `loss` and `accuracy` are followed by one.
#[cfg(feature = "xla-rs")]
fn figures(output: &str) -> Vec<f64> {
    let words: Vec<&str> =
        output.lines().filter(|l| l.starts_with("epoch")).flat_map(str::split_whitespace).collect();
    let named = words.windows(2).filter(|pair| ["loss", "accuracy"].contains(&pair[0]));
    named.map(|pair| pair[1].parse().unwrap()).collect()
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
        let output = run.env("NNX_BACKEND", backend).output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        figures(&String::from_utf8_lossy(&output.stdout))
    });
    assert_eq!(pjrt.len(), 8, "loss and accuracy in training and test, of two epochs");
    for (a, b) in pjrt.iter().zip(&xla_rs) {
        assert!((a - b).abs() <= 2e-2 * (1.0 + a.abs()), "{pjrt:?} and {xla_rs:?}");
    }
}
