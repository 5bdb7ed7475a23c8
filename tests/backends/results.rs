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

/// Results that are the difference of numbers of order 1, by group, function, dtype and index: they
/// may be a few roundings of such numbers apart, however small the difference is.
const CANCELLATIONS: [(&str, &str); 22] = [
    ("elementwise/lgamma/f32/7", "of `true`: 1 is a root, and the terms of the formula cancel"),
    ("special_functions/gammaln/f32/7", "is `lgamma`"),
    (
        "special_functions/betaln/f32/7",
        "of `true` twice: the sum of three values of `lgamma` at roots",
    ),
    (
        "activations/standardize/f32/7",
        "the gradient of a sum of squares that is constant but for epsilon: two terms cancel",
    ),
    (
        "statistics/dirichlet::logpdf/f16/2",
        "a sum of logarithms less a sum of `lgamma`, both between 1 and 2, where a rounding is 2^-10",
    ),
    ("matrices/Rotation::apply/f32/8", TURNED),
    ("matrices/Rotation::as_matrix/f32/8", TURNED),
    ("matrices/Rotation::as_quat/f32/8", TURNED),
    ("matrices/Rotation::concatenate/f32/8", TURNED),
    ("matrices/Rotation::concatenate/f32/9", TURNED),
    ("matrices/Rotation::from_mrp/f32/8", TURNED),
    ("matrices/Rotation::from_quat/f32/8", TURNED),
    ("matrices/Rotation::from_rotvec/f32/8", TURNED),
    ("matrices/Rotation::inv/f32/8", TURNED),
    ("matrices/Rotation::mean/f32/8", TURNED),
    ("matrices/Rotation::single/f32/8", TURNED),
    ("matrices/Rotation::take/f32/8", TURNED),
    ("matrices/Slerp::call/f32/8", TURNED),
    ("matrices/Slerp::call/f32/9", TURNED),
    ("matrices/Slerp::new/f32/8", TURNED),
    ("matrices/Slerp::new/f32/9", TURNED),
    ("matrices/loggamma/f32/8", "is `lgamma`"),
];

const TURNED: &str = "the gradient of the squares of a turn, whose sum does not depend on the turn";

/// Whether a result is listed above; the position of its function in the group does not count.
fn cancels(parts: &[&str]) -> bool {
    let &[group, name, dtype, index] = parts else { return false };
    let function = name.rsplit_once('.').map_or(name, |(function, _)| function);
    let place = [group, function, dtype, index].join("/");
    CANCELLATIONS.iter().any(|(known, _)| *known == place)
}

pub(crate) fn compare(one: &Results, other: &Results) {
    assert!(one.0.len() > 1000, "only {} results", one.0.len());
    assert!(one.0.keys().eq(other.0.keys()));
    let listed = one.0.keys().filter(|name| cancels(&name.split('/').collect::<Vec<_>>()));
    assert_eq!(listed.count(), CANCELLATIONS.len(), "`CANCELLATIONS` names others");
    let (mut equal, mut wrong) = (0, Vec::new());
    for ((name, a), b) in one.0.iter().zip(other.0.values()) {
        if a == b {
            equal += 1;
        } else if let Some(why) = differ(name, a, b) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    println!("{equal} of {} results are equal bit for bit", one.0.len());
    assert!(wrong.is_empty(), "{} results differ:\n{}", wrong.len(), wrong.join("\n"));
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
