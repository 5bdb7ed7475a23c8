//! Reference values from JAX, Flax and Optax in `tests/golden/data`.

use nnx_core::{Array, DType};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::Path;

/// The tensors of one case by name (`in.x`, `out.y`, `grad.kernel`).
pub(crate) struct Case {
    name: String,
    tensors: BTreeMap<String, Array>,
}

/// The cases of `FILE.safetensors` by name.
pub(crate) fn cases(file: &str) -> BTreeMap<String, Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data");
    let bytes = std::fs::read(folder.join(file).with_extension("safetensors")).unwrap();
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for (key, view) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
        let (name, tensor) = key.split_once('/').unwrap();
        let array = Array::from_bytes(view.data(), dtype(view.dtype()), view.shape()).unwrap();
        let case = cases
            .entry(name.to_owned())
            .or_insert_with(|| Case { name: format!("{file}/{name}"), tensors: BTreeMap::new() });
        case.tensors.insert(tensor.to_owned(), array);
    }
    cases
}

/// One case of a file.
pub(crate) fn case(file: &str, name: &str) -> Case {
    cases(file).remove(name).unwrap_or_else(|| panic!("{file} has no case {name}"))
}

fn dtype(dtype: Dtype) -> DType {
    match dtype {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::U8 => DType::U8,
        Dtype::U16 => DType::U16,
        Dtype::U32 => DType::U32,
        Dtype::I32 => DType::I32,
        Dtype::I64 => DType::I64,
        other => panic!("dtype {other:?}"),
    }
}

impl Case {
    /// The tensor `name`.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &Array {
        self.find(name).unwrap_or_else(|| panic!("{} has no tensor {name}", self.name))
    }

    /// The tensor `name`, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<&Array> {
        self.tensors.get(name)
    }

    /// The names of tensors that start with `prefix`, without it.
    pub(crate) fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.tensors.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    /// Compares `actual` with the tensor `name` within `tol`, absolute and relative; 0 is exact.
    #[track_caller]
    pub(crate) fn check(&self, name: &str, actual: &Array, tol: f64) {
        // The generator stores scalars with one axis of size 1.
        let scalar = actual.rank() == 0 && self.get(name).shape() == [1];
        let actual = if scalar { actual.reshape([1]) } else { actual.clone() };
        assert_close(&format!("{} {name}", self.name), &actual, self.get(name), tol);
    }
}

/// Compares two arrays within `tol`, absolute and relative; 0 is exact. Bools equal their u8.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: &Array, expected: &Array, tol: f64) {
    let same_bits = |a: DType, b: DType| a == b || (a == DType::Bool && b == DType::U8);
    assert_eq!(actual.shape(), expected.shape(), "{what}: shape");
    assert!(
        same_bits(actual.dtype(), expected.dtype()),
        "{what}: {} for {}",
        actual.aval(),
        expected.aval()
    );
    if tol == 0.0 || !actual.dtype().is_float() {
        let (got, want) = (actual.to_bytes().unwrap(), expected.to_bytes().unwrap());
        assert_eq!(got, want, "{what}: got\n{actual}\nexpected\n{expected}");
        return;
    }
    let values = |a: &Array| a.astype(DType::F64).to_vec::<f64>();
    for (i, (a, b)) in values(actual).into_iter().zip(values(expected)).enumerate() {
        let close = (a - b).abs() <= tol + tol * b.abs() || (a.is_nan() && b.is_nan()) || a == b;
        assert!(close, "{what}: element {i} is {a}, expected {b} (tolerance {tol})");
    }
}
