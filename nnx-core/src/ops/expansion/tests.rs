//! Formulas against the plugin's own decompositions of the same operations.

use super::apply;
use crate::graph::Array;
use crate::lower::Chlo;
use crate::ops::Special;
use crate::run::{bind1, staged};
use crate::value::DType;
use crate::value::DType::{BF16, F16, F32, F64};

const FLOATS: [DType; 4] = [F16, BF16, F32, F64];

/// Points from where functions change, and ends of the range.
fn points(dtype: DType) -> Vec<f64> {
    let huge = if dtype == F64 { 1e300 } else { 3e38 };
    let mut x = vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, huge, -huge];
    for size in [1e-30, 1e-7, 0.1, 0.25, 0.49, 0.5, 0.51, 0.75, 0.999, 1.0, 1.001, 1.5, 2.0] {
        x.extend([size, -size]);
    }
    for size in [2.5, 3.0, 3.7, 5.0, 7.9, 8.0, 8.1, 9.5, 10.5, 17.3, 26.0, 30.0, 88.0, 710.0, 1e4] {
        x.extend([size, -size]);
    }
    x
}

fn array(x: &[f64], dtype: DType) -> Array {
    Array::from_slice(x, [x.len()]).astype(dtype)
}

fn formula(function: Chlo, args: &[Array]) -> Array {
    let outs = staged("formula", args, |args| vec![apply(function, args)]).unwrap();
    outs.into_iter().next().unwrap()
}

fn f64s(x: &Array) -> Vec<f64> {
    x.astype(F64).to_vec()
}

/// Compares elementwise; `ulps` counts units in the last place of results above `floor`, below
/// which it is the absolute error that counts: near a zero that no float hits.
#[track_caller]
fn assert_close(what: &str, args: &[Array], ours: &Array, theirs: &Array, ulps: f64, floor: f64) {
    let dtype = ours.dtype();
    assert_eq!(dtype, theirs.dtype(), "{what}");
    let eps = crate::array::finfo(dtype).eps;
    // The narrow ones are computed in f32, so that only the last rounding may differ.
    let ulps = if dtype.size() == 2 { 1.0 } else { ulps };
    let args: Vec<Vec<f64>> = args.iter().map(f64s).collect();
    let mut far = Vec::new();
    for (i, (a, b)) in f64s(ours).into_iter().zip(f64s(theirs)).enumerate() {
        let same =
            (a == b && a.is_sign_negative() == b.is_sign_negative()) || (a.is_nan() && b.is_nan());
        let close = (a - b).abs() <= ulps * eps * b.abs().max(floor);
        if !(same || close) {
            let at: Vec<f64> = args.iter().map(|arg| arg[i]).collect();
            let times = (a - b).abs() / (eps * b.abs());
            far.push(format!("of {at:?}: {a:e}, the plugin gives {b:e} ({times:.1} ulps)"));
        }
    }
    assert!(far.is_empty(), "{what} in {dtype}\n{}", far.join("\n"));
}

#[track_caller]
fn check_unary(function: Chlo, f: fn(&Array) -> Array, ulps: f64, floor: f64) {
    for dtype in FLOATS {
        let x = [array(&points(dtype), dtype)];
        let (ours, theirs) = (formula(function, &x), f(&x[0]));
        assert_close(function.text(), &x, &ours, &theirs, ulps, floor);
    }
}

#[test]
fn inverse_cosine() {
    check_unary(Chlo::Acos, Array::acos, 8.0, 1e-3);
}

#[test]
fn inverse_functions() {
    check_unary(Chlo::Asin, Array::asin, 4.0, 0.0);
    check_unary(Chlo::Acosh, Array::acosh, 4.0, 1e-2);
    check_unary(Chlo::Asinh, Array::asinh, 4.0, 0.0);
    check_unary(Chlo::Atanh, Array::atanh, 4.0, 0.0);
}

#[test]
fn hyperbolic_functions() {
    // The plugin rounds x + log ½ before it exponentiates, which counts up to x/2 times.
    check_unary(Chlo::Cosh, Array::cosh, 360.0, 0.0);
    check_unary(Chlo::Sinh, Array::sinh, 360.0, 0.0);
}

#[test]
fn complementary_error_function() {
    // The plugin's squares are rounded before they are exponentiated.
    check_unary(Chlo::Erfc, Array::erfc, 100.0, 1e-30);
}

#[test]
fn inverse_error_function() {
    check_unary(Chlo::ErfInv, Array::erf_inv, 4.0, 0.0);
}

#[test]
fn logarithm_of_gamma() {
    check_unary(Chlo::Lgamma, Array::lgamma, 16.0, 1.0);
}

#[test]
fn digamma() {
    check_unary(Chlo::Digamma, Array::digamma, 16.0, 1.0);
}

#[test]
fn bessel_functions() {
    check_unary(Chlo::BesselI1e, |x| bind1(Special::BesselI1e, &[x]), 8.0, 0.0);
}

/// Every pair of elements.
fn pairs(x: &[f64], y: &[f64], dtype: DType) -> [Array; 2] {
    let all: Vec<(f64, f64)> = x.iter().flat_map(|&x| y.iter().map(move |&y| (x, y))).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = all.into_iter().unzip();
    [array(&x, dtype), array(&y, dtype)]
}

const PLACES: [f64; 13] =
    [0.1, 0.5, 1.0, 1.5, 2.0, 7.25, 30.0, 1e4, 0.0, -1.0, -0.5, -2.25, f64::NAN];

#[test]
fn zeta() {
    for dtype in FLOATS {
        let args = pairs(&[1.0, 1.1, 1.5, 2.0, 3.0, 4.5, 12.0, 0.5, f64::NAN], &PLACES, dtype);
        let theirs = bind1(Special::Zeta, &[&args[0], &args[1]]);
        assert_close("zeta", &args, &formula(Chlo::Zeta, &args), &theirs, 32.0, 0.0);
    }
}

#[test]
fn polygamma() {
    for dtype in FLOATS {
        let args = pairs(&[0.0, 1.0, 2.0, 3.0, 6.0, 0.5, -1.0], &PLACES, dtype);
        let theirs = crate::array::special::polygamma(&args[0], &args[1]);
        let ours = formula(Chlo::Polygamma, &args);
        assert_close("polygamma", &args, &ours, &theirs, 64.0, 1.0);
    }
}

#[test]
fn neighbours() {
    for dtype in FLOATS {
        let x = points(dtype);
        let args = pairs(&x, &x, dtype);
        let theirs = args[0].nextafter(&args[1]);
        let ours = formula(Chlo::NextAfter, &args);
        assert_close("next_after", &args, &ours, &theirs, 0.0, 0.0);
    }
}

/// In all quadrants, from far inside of the unit disk to far outside of it.
#[test]
fn inverse_functions_of_complex_numbers() {
    let sizes = [1e-9, 1e-3, 0.3, 0.9, 1.1, 4.0, 1e3, 1e9];
    let signed: Vec<f64> = sizes.iter().flat_map(|&size| [size, -size]).collect();
    let count = signed.len();
    let [re, im] = [[count, 1], [1, count]].map(|shape| Array::from_slice(&signed, shape));
    let z = crate::array::complex(re, im).flatten();
    type Function = fn(&Array) -> Array;
    let functions: [(Chlo, Function); 7] = [
        (Chlo::Acos, Array::acos),
        (Chlo::Acosh, Array::acosh),
        (Chlo::Asin, Array::asin),
        (Chlo::Asinh, Array::asinh),
        (Chlo::Atanh, Array::atanh),
        (Chlo::Cosh, |z| (z.exp() + (-z).exp()) / 2.0),
        (Chlo::Sinh, |z| (z.exp() - (-z).exp()) / 2.0),
    ];
    for (function, theirs) in functions {
        let args = std::slice::from_ref(&z);
        let outs = staged("formula", args, |args| vec![super::complex_formula(function, &args[0])]);
        let (ours, theirs) = (outs.unwrap()[0].clone(), theirs(&z));
        // Where the exponentials are finite, and their difference keeps its digits.
        let counts = match function {
            Chlo::Cosh | Chlo::Sinh => z.abs().lt(100.0) & z.abs().gt(0.2),
            _ => z.abs().gt(0.0),
        };
        let far = (&ours - &theirs).abs() / theirs.abs();
        let far = crate::array::where_(counts, far, 0.0);
        let (worst, at) = (far.max(..).item::<f64>(), far.argmax(..));
        assert!(worst < 1e-13, "{function:?}: {worst:e} at {}", z.take(&at, 0));
    }
}
