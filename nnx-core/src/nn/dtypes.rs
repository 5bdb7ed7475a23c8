//! In which dtype a layer computes. `flax.nnx.nn.dtypes`.

use crate::array::invalid;
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// `dtype` if it is given, else the promoted dtype of all arrays, made a float.
///
/// # Panics
/// Panics if a given dtype is not a float.
#[track_caller]
pub(super) fn canonicalize(layer: &str, arrays: &[Option<&Array>], dtype: Option<DType>) -> DType {
    let dtype = dtype.unwrap_or_else(|| common(arrays));
    if !dtype.is_float() {
        invalid(layer, format!("computes in a float dtype, not {dtype}"));
    }
    dtype
}

fn common(arrays: &[Option<&Array>]) -> DType {
    let dtypes = arrays.iter().flatten().map(|array| array.dtype());
    let dtype = dtypes.reduce(promote_dtypes).unwrap_or(DType::F32);
    if dtype.is_float() { dtype } else { DType::F32 }
}

/// All arrays in the dtype of [`canonicalize`].
///
/// # Panics
/// Panics if a given dtype is not a float.
#[track_caller]
pub(super) fn promote<const N: usize>(
    layer: &str,
    arrays: [Option<&Array>; N],
    dtype: Option<DType>,
) -> [Option<Array>; N] {
    let dtype = canonicalize(layer, &arrays, dtype);
    arrays.map(|array| array.map(|array| array.astype(dtype)))
}

/// The value of an optional parameter.
pub(super) fn value(param: &Option<crate::module::Param>) -> Option<&Array> {
    param.as_ref().map(|param| param.value())
}
