//! The Siamese network: one encoder in two branches, each with statistics of its own.

use crate::program::{Checkpoint, Program};

const SIAMESE: Program = Program(env!("CARGO_BIN_EXE_siamese"));

#[test]
fn both_branches_hold_one_encoder_and_a_norm_each() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    crate::mnist::write_data(&folder.join("data"));
    let run = "--data data --batch-size 16 --epochs";
    let output = SIAMESE.succeeds(folder, &format!("{run} 3 --out whole"));
    assert!(output.contains("train_step: traced 1 x, compiled 1 x"), "{output}");
    SIAMESE.succeeds(folder, &format!("{run} 2 --out part"));
    SIAMESE.succeeds(folder, &format!("{run} 3 --out rest --resume part/checkpoint.safetensors"));
    let [whole, part, rest] =
        ["whole", "part", "rest"].map(|out| Checkpoint::read(&folder.join(out)));
    assert!(whole.bytes == rest.bytes, "the checkpoints differ");
    assert!(whole.bytes != part.bytes);

    // Each part of the encoder of the right branch is that of the left one.
    let layers = ["conv1", "conv2", "linear"];
    let parts = layers.iter().flat_map(|layer| ["kernel", "bias"].map(|p| format!("{layer}.{p}")));
    let place = |branch: &str, part: &str| format!("model.{branch}.encoder.{part}");
    let pairs = parts.map(|part| (place("right", &part), place("left", &part)));
    assert_eq!(whole.aliases, pairs.collect());
    let encoders: Vec<&str> = whole.model().filter(|name| name.contains("encoder")).collect();
    assert!(encoders.iter().all(|name| name.starts_with("left.")));
    assert_eq!(encoders.len(), 6);

    for statistic in ["mean", "var"] {
        let [left, right] = ["left", "right"]
            .map(|branch| &whole.tensors[&format!("model.{branch}.norm.{statistic}")]);
        assert_eq!(left.len(), right.len());
        let apart = left.iter().zip(right).filter(|(a, b)| (*a - *b).abs() > 1e-3).count();
        assert!(apart > left.len() / 2, "{statistic}: {left:?} and {right:?}");
    }
}
