//! Whatever a file with digits holds, reading it ends, with an error that names it or with its elements.

use nnx_examples::idx;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::io::Write;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Headers that are nearly right, with some bytes after them, packed or not, and damaged then or not.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let byte = || prop_oneof![4 => 0_u8..4, 1 => any::<u8>()];
    let start = prop_oneof![4 => Just(vec![0, 0, 8]), 1 => vec(any::<u8>(), 0..4)];
    let axis = (byte(), byte()).prop_map(|(high, low)| [0, 0, high / 3, low]);
    let axes = vec(axis, 0..4);
    let content = (start, any::<bool>(), axes, vec(any::<u8>(), 0..40)).prop_map(
        |(mut file, counts, axes, data)| {
            file.push(if counts { axes.len() as u8 } else { 3 });
            file.extend(axes.concat());
            file.extend(data);
            file
        },
    );
    let damage = vec((any::<usize>(), any::<u8>()), 0..3);
    (content, any::<bool>(), damage, 0_usize..4).prop_map(|(content, pack, damage, cut)| {
        let mut file = if pack { packed(&content) } else { content };
        for (at, byte) in damage {
            let len = file.len().max(1);
            if let Some(place) = file.get_mut(at % len) {
                *place = byte;
            }
        }
        file.truncate(file.len() - cut.min(file.len()));
        file
    })
}

#[test]
fn any_bytes_may_be_a_file_of_digits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train-images");
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&files(), |bytes| {
            std::fs::write(&path, &bytes).unwrap();
            match idx::read(&path) {
                Ok(idx::Idx { shape, data }) => {
                    prop_assert_eq!(shape.iter().product::<usize>(), data.len());
                    prop_assert!(!shape.is_empty());
                }
                Err(message) => prop_assert!(message.contains("train-images"), "{message}"),
            }
            Ok(())
        })
        .unwrap();
}
