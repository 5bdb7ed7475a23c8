//! Named results, and how near those of two backends must be.

use nnx::{Array, DType};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use std::collections::BTreeMap;
use std::path::Path;

/// Numbers as f64 bits or as integers, by `group/name/dtype/of`: of which dtype's call, or of the gradient, and
/// which of its results.
#[derive(Default)]
pub(crate) struct Results(BTreeMap<String, Vec<u8>>);

impl Results {
    /// Keeps `y`, the result `of` a call of `name` of `group`.
    pub(crate) fn keep(&mut self, group: &str, name: &str, of: &str, y: &Array) {
        let dtype = y.dtype();
        let bytes = if dtype.is_complex() {
            let parts = [y.real(), y.imag()].map(|part| part.astype(DType::F64).to_vec::<f64>());
            parts.concat().into_iter().flat_map(f64::to_le_bytes).collect()
        } else if dtype.is_float() {
            y.astype(DType::F64).to_vec::<f64>().into_iter().flat_map(f64::to_le_bytes).collect()
        } else {
            y.astype(DType::I64).to_vec::<i64>().into_iter().flat_map(i64::to_le_bytes).collect()
        };
        let old = self.0.insert(format!("{group}/{name}/{dtype}/{of}"), bytes);
        assert!(old.is_none(), "{group}/{name} twice");
    }

    pub(crate) fn write(&self, file: &Path) {
        let views = self.0.iter().map(|(name, bytes)| {
            (name.as_str(), TensorView::new(Dtype::U8, vec![bytes.len()], bytes).unwrap())
        });
        serialize_to_file(views, None, file).unwrap();
    }

    pub(crate) fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        Results(tensors.iter().map(|(name, view)| (name.into(), view.data().to_vec())).collect())
    }
}

/// Groups of functions that move or choose numbers, or compute with no rounding.
const EXACT: [&str; 4] = ["comparison_and_choice", "creation", "shapes", "indexing"];

/// How far the results of one formula may lie apart: a few roundings, as the compilers fuse
/// operations differently.
fn tolerance(dtype: &str) -> f64 {
    match dtype {
        "f64" | "c128" => 1e-12,
        "f32" | "c64" => 1e-5,
        "f16" => 4e-3,
        _ => 3e-2,
    }
}

/// Results that are the difference of numbers of order 1, by group, function, dtype and what they are of: they may
/// be a few roundings of such numbers apart, however small the difference is.
const CANCELLATIONS: [(&str, &str); 17] = [
    (
        "activations/standardize/f32/gradient.0",
        "the gradient of a sum of squares that is constant but for epsilon: two terms cancel",
    ),
    ("matrices/Rotation::apply/f32/gradient.0", TURNED),
    ("matrices/Rotation::as_matrix/f32/gradient.0", TURNED),
    ("matrices/Rotation::as_quat/f32/gradient.0", TURNED),
    ("matrices/Rotation::concatenate/f32/gradient.0", TURNED),
    ("matrices/Rotation::concatenate/f32/gradient.1", TURNED),
    ("matrices/Rotation::from_mrp/f32/gradient.0", TURNED),
    ("matrices/Rotation::from_quat/f32/gradient.0", TURNED),
    ("matrices/Rotation::from_rotvec/f32/gradient.0", TURNED),
    ("matrices/Rotation::inv/f32/gradient.0", TURNED),
    ("matrices/Rotation::mean/f32/gradient.0", TURNED),
    ("matrices/Rotation::single/f32/gradient.0", TURNED),
    ("matrices/Rotation::take/f32/gradient.0", TURNED),
    ("matrices/Slerp::call/f32/gradient.0", TURNED),
    ("matrices/Slerp::call/f32/gradient.1", TURNED),
    ("matrices/Slerp::new/f32/gradient.0", TURNED),
    ("matrices/Slerp::new/f32/gradient.1", TURNED),
];

const TURNED: &str = "the gradient of the squares of a turn, whose sum does not depend on the turn";

/// Whether a result is listed above; the position of its function in the group does not count.
fn cancels(parts: &[&str]) -> bool {
    CANCELLATIONS.iter().any(|(known, _)| *known == place(parts))
}

fn place(parts: &[&str]) -> String {
    let &[group, name, dtype, of] = parts else { return String::new() };
    let function = name.rsplit_once('.').map_or(name, |(function, _)| function);
    [group, function, dtype, of].join("/")
}

pub(crate) fn compare(one: &Results, other: &Results) {
    assert!(one.0.len() > 1000, "only {} results", one.0.len());
    assert!(one.0.keys().eq(other.0.keys()));
    let places: Vec<String> =
        one.0.keys().map(|name| place(&name.split('/').collect::<Vec<_>>())).collect();
    let of_none = CANCELLATIONS.iter().filter(|(known, _)| !places.iter().any(|at| at == known));
    let of_none = of_none.map(|(known, _)| format!("{known}: `CANCELLATIONS` names no result"));
    let (mut equal, mut wrong) = (0, of_none.collect::<Vec<_>>());
    for ((name, a), b) in one.0.iter().zip(other.0.values()) {
        if a == b {
            equal += 1;
        } else if let Some(why) = differ(name, a, b) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    println!("{equal} of {} results are equal bit for bit", one.0.len());
    assert!(wrong.is_empty(), "{} results are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Why two results that are not equal bit for bit are not near enough.
fn differ(name: &str, a: &[u8], b: &[u8]) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let (group, dtype) = (parts[0], parts[parts.len() - 2]);
    let floats = ["f", "bf", "c"].iter().any(|start| dtype.starts_with(start));
    if !floats {
        return Some("integers differ".into());
    }
    let numbers = |bytes: &[u8]| -> Vec<f64> {
        bytes.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let (a, b) = (numbers(a), numbers(b));
    let largest = a.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
    let scale = if cancels(&parts) { largest.max(1.0) } else { largest };
    for (x, y) in a.iter().zip(&b) {
        // NaN has no sign to agree on.
        let same = x == y && x.is_sign_negative() == y.is_sign_negative();
        if same || (x.is_nan() && y.is_nan()) {
            continue;
        }
        let allowed = if EXACT.contains(&group) { 0.0 } else { tolerance(dtype) * scale };
        let near = (x - y).abs() <= allowed;
        if !near || x.is_finite() != y.is_finite() {
            return Some(format!("{x:e} and {y:e}, at most {allowed:e} apart"));
        }
    }
    None
}
