//! The features `ndarray` and `serde`. nnx-core has more tests of their code, which are left out of a
//! build without a feature; this file fails to compile there.

use super::jit_support::f32s;
use nnx::Array;

#[test]
fn ndarray_and_back() {
    let matrix = ndarray::array![[1.0_f32, 2.0], [3.0, 4.0]];
    let x = Array::from(&matrix);
    assert_eq!(x.shape(), [2, 2]);
    assert_eq!((&x + 1.0).to_ndarray::<f32>().unwrap(), (matrix + 1.0).into_dyn());
}

#[test]
fn serialized_and_back() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned>(x: &T) -> T {
        serde_json::from_str(&serde_json::to_string(x).unwrap()).unwrap()
    }
    assert_eq!(same(&f32s(&[1.0, -2.5])).to_vec::<f32>(), [1.0, -2.5]);
}
