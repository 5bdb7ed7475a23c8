//! NaN that a compiler can tell beforehand is still there in the result.

use nnx::array::where_;
use nnx::nn::{gelu, sigmoid, silu, softplus};
use nnx::{Array, DType, stats};

/// `f` of an array whose elements are all NaN, which no run is needed to know.
macro_rules! all_nan {
    ($($name:ident)*) => {$(
        {
            #[nnx::jit(graph = false)]
            fn $name(x: &Array) -> Array {
                (x.astype(DType::F32) * f64::NAN).$name()
            }
            for size in [6, 5000] {
                let y = $name(&nnx::array::arange(size, DType::I32)).to_vec::<f32>();
                let wrong = y.iter().find(|y| !y.is_nan());
                assert_eq!(wrong, None, "{} of NaN, {size} elements", stringify!($name));
            }
        }
    )*};
}

#[test]
fn functions_of_nan_are_nan() {
    all_nan! {
        exp expm1 exp2 sinh cosh tanh log log1p log2 sin cos tan sqrt rsqrt cbrt erf erfc asin acos atan
        asinh acosh atanh lgamma digamma floor ceil sign
    }
}

#[nnx::jit(graph = false)]
fn of_layers(x: &Array) -> Vec<Array> {
    let x = x.astype(DType::F32) * f64::NAN;
    vec![sigmoid(&x), silu(&x), gelu(&x), softplus(&x), x.pow(&x), x.pow(0.5), x.atan2(&x)]
}

#[test]
fn activations_of_nan_are_nan() {
    for (i, y) in of_layers(&nnx::array::arange(70, DType::I32)).iter().enumerate() {
        assert!(y.to_vec::<f32>().iter().all(|y| y.is_nan()), "{i}: {y}");
    }
}

#[nnx::jit(graph = false)]
fn chosen(x: &Array) -> Array {
    // No whole number is between 0 and 1.
    where_(&(x.gt(0.0) & x.lt(1.0)), x.astype(DType::F32), f64::NAN).exp()
}

#[test]
fn a_choice_that_is_always_nan() {
    let x = Array::from([2, 0, 3, 1, 0, 2]);
    assert!(chosen(&x).to_vec::<f32>().iter().all(|y| y.is_nan()));
    // The parameter of this distribution is between 0 and 1.
    let density = stats::wrapcauchy::pdf(&x, Array::scalar(2)).to_vec::<f32>();
    assert!(density.iter().all(|y| y.is_nan()), "{density:?}");
}
