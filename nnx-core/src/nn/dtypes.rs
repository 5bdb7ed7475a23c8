//! In which dtype a layer computes. `flax.nnx.nn.dtypes`.

use super::arithmetic::PromoteDtype;
use crate::array::invalid;
use crate::graph::Array;
use crate::value::{Aval, DType, promote_dtypes};
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::sync::Mutex;

/// `dtype` if it is given, else the promoted dtype of all arrays, made a float.
///
/// # Panics
/// Panics if a given dtype is not a float, or none is given and an array is complex.
#[track_caller]
pub(super) fn canonicalize(layer: &str, arrays: &[Option<&Array>], dtype: Option<DType>) -> DType {
    let dtype = dtype.unwrap_or_else(|| {
        // Their imaginary parts would be lost.
        if let Some(complex) = arrays.iter().flatten().find(|array| array.dtype().is_complex()) {
            invalid(layer, format!("takes no complex numbers, got {}", complex.aval()));
        }
        let dtype = common(arrays);
        warn_of_f64(layer, arrays, dtype);
        dtype
    });
    if !dtype.is_float() {
        invalid(layer, format!("computes in a float dtype, not {dtype}"));
    }
    dtype
}

/// Says once for each kind of layer and shapes that a layer of f32 computes in f64: mostly it is a float literal, which
/// is f64 in Rust, and the whole model behind it is twice as large and slow.
fn warn_of_f64(layer: &str, arrays: &[Option<&Array>], dtype: DType) {
    let of = |wanted| arrays.iter().flatten().find(|array| array.dtype() == wanted);
    let (DType::F64, Some(wide), Some(narrow)) = (dtype, of(DType::F64), of(DType::F32)) else {
        return;
    };
    static TOLD: Mutex<FxHashSet<(String, Aval, Aval)>> =
        Mutex::new(FxHashSet::with_hasher(FxBuildHasher));
    let this = (layer.to_owned(), wide.aval().clone(), narrow.aval().clone());
    let mut told = TOLD.lock().unwrap_or_else(|e| e.into_inner());
    // Ever new shapes are no reason to keep them all.
    if told.len() >= 256 {
        told.clear();
    }
    let is_new = told.insert(this);
    drop(told);
    if is_new {
        tracing::warn!(
            target: "nnx::nn",
            "{layer} computes in f64: it has {} and {}. A float literal is f64 in Rust\n\
             fixes:\n  \
             1. write `0.5_f32`, or `x.astype(DType::F32)`\n  \
             2. where f64 is meant: make the layer with `param_dtype(DType::F64)`",
            wide.aval(),
            narrow.aval(),
        );
    }
}

fn common(arrays: &[Option<&Array>]) -> DType {
    let dtypes = arrays.iter().flatten().map(|array| array.dtype());
    let dtype = dtypes.reduce(promote_dtypes).unwrap_or(DType::F32);
    if dtype.is_float() { dtype } else { DType::F32 }
}

/// All arrays in the dtype of [`canonicalize`], or as the layer's own function has them.
///
/// # Panics
/// Panics if a given dtype is not a float, or the function does not give an array for each.
#[track_caller]
pub(super) fn promote<const N: usize>(
    layer: &str,
    arrays: [Option<&Array>; N],
    dtype: Option<DType>,
    by: Option<PromoteDtype>,
) -> [Option<Array>; N] {
    let mut made = promote_all(layer, &arrays, dtype, by).into_iter();
    arrays.map(|_| made.next().flatten())
}

/// [`promote`] of any number of arrays.
#[track_caller]
pub(super) fn promote_all(
    layer: &str,
    arrays: &[Option<&Array>],
    dtype: Option<DType>,
    by: Option<PromoteDtype>,
) -> Vec<Option<Array>> {
    let Some(by) = by else {
        let dtype = canonicalize(layer, arrays, dtype);
        return arrays.iter().map(|array| array.map(|array| array.astype(dtype))).collect();
    };
    let given: Vec<&Array> = arrays.iter().copied().flatten().collect();
    let made = by.call(&given, dtype);
    if made.len() != given.len() {
        let (made, given) = (made.len(), given.len());
        invalid(
            layer,
            format!(
                "its `promote_dtype` gave {made} arrays for {given}: give one for each, in their order"
            ),
        );
    }
    let mut made = made.into_iter();
    arrays.iter().map(|array| array.and_then(|_| made.next())).collect()
}

/// All arrays in `dtype`, or in their promoted dtype, made a float, if it is none: the way in which layers bring their input
/// and parameters to one dtype. `flax.nnx.nn.dtypes.promote_dtype`.
///
/// ```
/// use nnx::nn::promote_dtype;
/// use nnx::{Array, DType};
///
/// let (x, w) = (Array::from([1, 2]), Array::from([0.5_f32]).astype(DType::BF16));
/// assert_eq!(promote_dtype(&[&x, &w], None)[0].dtype(), DType::BF16);
/// assert_eq!(promote_dtype(&[&x, &w], Some(DType::F32))[1].dtype(), DType::F32);
/// ```
///
/// # Panics
/// Panics if a given dtype is not a float, or none is given and an array is complex.
#[track_caller]
pub fn promote_dtype(arrays: &[&Array], dtype: Option<DType>) -> Vec<Array> {
    let all: Vec<Option<&Array>> = arrays.iter().map(|&array| Some(array)).collect();
    let dtype = canonicalize("promote_dtype", &all, dtype);
    arrays.iter().map(|array| array.astype(dtype)).collect()
}

/// The value of an optional parameter.
pub(super) fn value(param: &Option<crate::module::Param>) -> Option<&Array> {
    param.as_ref().map(|param| param.value())
}
