//! Whatever a file or a text holds, reading it ends, with an error or with a value.

use super::child;
use nnx_core::module::Path;
use nnx_core::train::{load_checkpoint, save_checkpoint};
use nnx_core::value::Aval;
use nnx_core::xla::{Client, Dialect, Program};
use nnx_core::{Array, DType, Error, Param};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// Damage to some bytes.
#[derive(Debug, Clone)]
enum Damage {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
    Insert(usize, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<usize>;
    let one = prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => place().prop_map(Damage::Cut),
        2 => (place(), 1_usize..40).prop_map(|(at, n)| Damage::Remove(at, n)),
        2 => (place(), 1_usize..40).prop_map(|(at, n)| Damage::Repeat(at, n)),
        1 => (place(), vec(any::<u8>(), 1..9)).prop_map(|(at, new)| Damage::Insert(at, new)),
    ];
    vec(one, 1..6)
}

fn damaged(whole: &[u8], damage: &[Damage]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for damage in damage {
        let len = bytes.len().max(1);
        match damage {
            _ if bytes.is_empty() => return bytes,
            Damage::Set(at, byte) => bytes[at % len] = *byte,
            Damage::Cut(at) => bytes.truncate(at % len),
            Damage::Remove(at, n) => drop(bytes.drain(at % len..(at % len + n).min(len))),
            Damage::Repeat(at, n) => {
                let part = bytes[at % len..(at % len + n).min(len)].to_vec();
                bytes.splice(at % len..at % len, part);
            }
            Damage::Insert(at, new) => drop(bytes.splice(at % len..at % len, new.clone())),
        }
    }
    bytes
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

type Tree = (Param, Vec<Array>);

fn tree() -> Tree {
    let param = Param::new(Array::from_slice(&[1.0_f32, 2.0, 3.0], [3]));
    (param, vec![Array::from_slice(&[4_i32], [1]), Array::scalar(true)])
}

fn bytes(tree: &Tree) -> Vec<Vec<u8>> {
    let arrays = [tree.0.value(), &tree.1[0], &tree.1[1]];
    arrays.map(|array| array.to_bytes().unwrap()).to_vec()
}

/// A load that fails changes nothing, and one of a damaged file with a checksum fails.
#[test]
fn any_bytes_may_be_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    save_checkpoint(&path, &tree(), &[("epoch".into(), "3".into())].into()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let before = bytes(&tree());
    let mut runner = TestRunner::new(config(600));
    let some = prop_oneof![
        3 => damage().prop_map(move |damage| damaged(&whole, &damage)),
        1 => vec(any::<u8>(), 0..200),
    ];
    let original = std::fs::read(&path).unwrap();
    runner
        .run(&some, |file| {
            std::fs::write(&path, &file).unwrap();
            let mut tree = tree();
            match load_checkpoint(&path, &mut tree) {
                Ok(_) => prop_assert_eq!(&file, &original),
                Err(error) => prop_assert!(matches!(error, Error::Checkpoint { .. }), "{error:?}"),
            }
            prop_assert_eq!(bytes(&tree), before.clone());
            Ok(())
        })
        .unwrap();
}

/// Files of other programs have no checksum: their headers say what they like.
#[test]
fn any_header_may_stand_in_a_safetensors_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let number =
        || prop_oneof![Just(0_u64), 1..40_u64, Just(u64::MAX), Just(1 << 63), any::<u64>()];
    let dtype = prop_oneof![Just("F32"), Just("I32"), Just("BOOL"), Just("F8_E4M3"), Just("X")];
    let name = prop_oneof![Just("0"), Just("1[0]"), Just("1[1]"), Just("__metadata__"), Just("a")];
    let entry = (name, dtype, vec(number(), 0..4), vec(number(), 0..4));
    let mut runner = TestRunner::new(config(600));
    let before = bytes(&tree());
    runner
        .run(&(vec(entry, 0..4), 0_usize..64, -2_i64..3), |(entries, data, extra)| {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, dtype, shape, offsets)| {
                    format!(
                        "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":{offsets:?}}}"
                    )
                })
                .collect();
            let header = format!("{{{}}}", entries.join(","));
            let size = (header.len() as u64).saturating_add_signed(extra);
            let mut file = size.to_le_bytes().to_vec();
            file.extend(header.as_bytes());
            file.resize(file.len() + data, 1);
            std::fs::write(&path, &file).unwrap();
            let mut tree = tree();
            if let Err(error) = load_checkpoint(&path, &mut tree) {
                prop_assert!(matches!(error, Error::Checkpoint { .. }), "{error:?}");
                prop_assert_eq!(bytes(&tree), before.clone());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_text_may_be_a_path() {
    let mut runner = TestRunner::new(config(4000));
    let some = prop_oneof!["[a-z.\\[\\]0-9* ]{0,16}", any::<String>()];
    runner
        .run(&some, |text| {
            if let Ok(path) = text.parse::<Path>() {
                // A path is shown as it was read, but for zeros before a number.
                let shown = path.to_string();
                prop_assert_eq!(shown.parse::<Path>().unwrap(), path);
            }
            Ok(())
        })
        .unwrap();
}

const PROGRAM: &str = "module @step {
  func.func public @main(%arg0: tensor<4x3xf32>, %arg1: tensor<3xf32>) -> (tensor<4x3xf32>, tensor<f32>) {
    %0 = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
    %1 = stablehlo.multiply %arg0, %0 : tensor<4x3xf32>
    %2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %3 = stablehlo.reduce(%1 init: %2) applies stablehlo.add across dimensions = [0, 1] : (tensor<4x3xf32>, tensor<f32>) -> tensor<f32>
    %4 = stablehlo.transpose %1, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
    %5 = stablehlo.dot_general %1, %4, contracting_dims = [1] x [0] : (tensor<4x3xf32>, tensor<3x4xf32>) -> tensor<4x4xf32>
    %6 = stablehlo.slice %5 [0:4, 1:4] : (tensor<4x4xf32>) -> tensor<4x3xf32>
    return %6, %3 : tensor<4x3xf32>, tensor<f32>
  }
}
";

/// Compiles damaged programs, the same ones each time, in a child.
#[test]
fn any_text_may_be_a_program() {
    const TEST: &str = "fuzz::any_text_may_be_a_program";
    if Client::global().unwrap().dialect() != Dialect::StableHlo {
        return;
    }
    if !child::is(TEST) {
        let output = child::output(&mut child::command(TEST));
        assert!(output.contains("programs read"), "{output}");
        return;
    }
    let client = Client::global().unwrap();
    let aval = |dims: &[usize]| Aval::new(DType::F32, dims);
    let (inputs, outputs) = ([aval(&[4, 3]), aval(&[3])], [aval(&[4, 3]), aval(&[])]);
    let compile =
        |text: &str| client.compile(&Program::stablehlo("fuzzed", text, &inputs, &outputs));
    compile(PROGRAM).unwrap();
    let words: Vec<&str> = PROGRAM.split_inclusive([' ', '\n', ',', '<', 'x']).collect();
    let mut runner =
        TestRunner::new_with_rng(config(250), TestRunner::deterministic().rng().clone());
    let exchange = vec((any::<usize>(), any::<usize>()), 1..4);
    let some = prop_oneof![
        damage()
            .prop_map(|d| String::from_utf8_lossy(&damaged(PROGRAM.as_bytes(), &d)).into_owned()),
        exchange.prop_map(move |pairs| {
            let mut words = words.clone();
            let n = words.len();
            pairs.iter().for_each(|(to, from)| words[to % n] = words[from % n]);
            words.concat()
        }),
    ];
    let mut counts = [0, 0];
    for _ in 0..250 {
        let text = some.new_tree(&mut runner).unwrap().current();
        counts[usize::from(compile(&text).is_err())] += 1;
    }
    println!("programs read: {counts:?}");
}
