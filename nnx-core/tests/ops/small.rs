//! Floats of 8 bits: kept, moved, converted and multiplied. That the host's codes are those of `ml_dtypes` is tested
//! where they are made.

use nnx_core::array::{concatenate, dot_general_as, finfo, select, zeros};
use nnx_core::value::*;
use nnx_core::{Array, DType, cond, grad, jvp, scan, vmap};

macro_rules! for_each_small {
    ($t:ident => $body:expr) => {{
        macro_rules! each {
            ($name:ident) => {{
                type $t = $name;
                $body
            }};
        }
        each!(F8E4M3FN);
        each!(F8E5M2);
        each!(F8E4M3B11FNUZ);
        each!(F8E4M3FNUZ);
        each!(F8E5M2FNUZ);
        each!(F8E3M4);
        each!(F8E4M3);
        each!(F8E8M0FNU);
    }};
}

fn message<R>(f: impl FnOnce() -> R) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => "no panic".to_owned(),
        Err(panic) => panic.downcast_ref::<String>().unwrap().clone(),
    }
}

/// All codes go to the device and come back, and are there the numbers that the host reads.
#[test]
fn every_code_is_the_same_number_on_the_device() {
    for_each_small!(T => {
        let codes: Vec<T> = (0..=u8::MAX).map(T::from_bits).collect();
        let x = Array::from_slice(&codes, [256]);
        assert_eq!(x.dtype(), <T as nnx_core::Element>::DTYPE);
        let bits = |x: &Array| x.to_vec::<T>().into_iter().map(T::to_bits).collect::<Vec<_>>();
        assert!(bits(&x).into_iter().eq(0..=u8::MAX), "{}", x.dtype());
        assert!(x.bitcast(DType::U8).to_vec::<u8>().into_iter().eq(0..=u8::MAX));
        for wide in [DType::F32, DType::F64] {
            let found = x.astype(wide).astype(DType::F64).to_vec::<f64>();
            for (code, found) in codes.iter().zip(found) {
                let want = code.to_f64();
                // The smallest power of two is below the normal numbers of f32, which XLA may give as 0.
                let same = found == want || (found.is_nan() && want.is_nan());
                let below = want < f64::from(f32::MIN_POSITIVE) && found == 0.0;
                assert!(same || below, "{} {} as {wide}: {found}, not {want}", x.dtype(), code.to_bits());
            }
        }
    });
}

/// Conversions round as the host does, ties and numbers that are too large among them.
#[test]
fn conversions_to_them_round_as_in_jax() {
    let bits = (0..=u32::MAX).step_by(65_537 * 3);
    let values: Vec<f32> =
        bits.map(f32::from_bits).filter(|x| x.is_normal() || *x == 0.0).collect();
    let x = Array::from_slice(&values, [values.len()]);
    for_each_small!(T => {
        let found = x.astype(<T as nnx_core::Element>::DTYPE).to_vec::<T>();
        for (&value, found) in values.iter().zip(found) {
            let want = T::from_f32(value);
            let same = found.to_bits() == want.to_bits()
                || (found.to_f64().is_nan() && want.to_f64().is_nan());
            assert!(same, "{} {value:e}: {found}, not {want}", <T as nnx_core::Element>::DTYPE);
        }
    });
}

#[test]
fn products_have_sums_in_a_wider_dtype() {
    let (x, y) = (
        Array::from([[1.0_f32, -2.0, 0.5], [3.0, 1.5, -0.25]]),
        Array::from([[2.0_f32, 1.0], [-1.0, 0.5], [4.0, 0.75]]),
    );
    let product =
        |x: &Array, y: &Array, dtype| dot_general_as(x, y, (&[1], &[0]), (&[], &[]), dtype);
    for dtype in DType::SMALL.into_iter().filter(|&dtype| dtype != DType::F8E8M0FNU) {
        let [a, b] = [&x, &y].map(|x| x.astype(dtype));
        let wide = product(&a.astype(DType::F32), &b.astype(DType::F32), DType::F32);
        assert_eq!(product(&a, &b, DType::F32).to_vec::<f32>(), wide.to_vec::<f32>(), "{dtype}");
        let short = product(&a, &b, DType::BF16);
        assert_eq!(short.astype(DType::F32).to_vec::<f32>(), wide.to_vec::<f32>(), "{dtype}");
        let rows = vmap(
            |row: &Array| dot_general_as(row, &b, (&[0], &[0]), (&[], &[]), DType::F32),
            &a,
            0,
        );
        assert_eq!(rows.to_vec::<f32>(), wide.to_vec::<f32>(), "{dtype}");
    }
    // Of two formats.
    let mixed = product(&x.astype(DType::F8E4M3FN), &y.astype(DType::F8E5M2), DType::F32);
    let wide = product(&x, &y.astype(DType::F8E5M2).astype(DType::F32), DType::F32);
    assert_eq!(mixed.to_vec::<f32>(), wide.to_vec::<f32>());
}

#[test]
fn they_are_moved_as_others_are() {
    let x = Array::from([[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for dtype in DType::SMALL {
        let small = x.astype(dtype);
        let check = |what: &str, f: &dyn Fn(&Array) -> Array| {
            let (found, want) = (f(&small), f(&small.astype(DType::F32)));
            assert_eq!(found.dtype(), dtype, "{what}");
            assert_eq!(
                found.astype(DType::F32).to_vec::<f32>(),
                want.to_vec::<f32>(),
                "{dtype} {what}"
            );
        };
        check("transpose", &|x| x.t());
        check("reshape", &|x| x.reshape([3, 2]));
        check("slice", &|x| x.slice([1.into()]));
        check("take", &|x| x.take(Array::from([2, 0]), 1));
        check("concatenate", &|x| concatenate([x, x], 0));
        check("broadcast", &|x| x.broadcast_to([4, 2, 3]));
        check("select", &|x| select(Array::from([[true, false, true]; 2]), x, x.flip(0)));
        check("scan", &|x| scan(|c: Array, x: &Array| (x.clone(), c), x.slice([0.into()]), x).1);
        check("cond", &|x| {
            cond(Array::scalar(true), |x: &Array| x.clone(), |x: &Array| x.flip(1), x)
        });
        check("vmap", &|x| vmap(|x: &Array| x.flip(0), x, 1));
        check("set", &|x| x.at(0).set(x.slice([1.into()])));
        if dtype != DType::F8E8M0FNU {
            assert_eq!(zeros([2], dtype).astype(DType::F32).to_vec::<f32>(), [0.0, 0.0]);
        }
        assert_eq!(finfo(dtype).bits, 8);
    }
    let text = Array::from([1.0_f32, -2.5]).astype(DType::F8E4M3FN).to_string();
    assert!(text.contains("[ 1.  -2.5]"), "{text}");
}

#[track_caller]
fn says(what: &str, f: &dyn Fn() -> Array) {
    let text = message(f);
    assert!(text.contains(what), "{text}");
}

#[test]
fn what_is_not_computed_says_so() {
    let x = Array::from([1.0_f32, 2.0]).astype(DType::F8E4M3FN);
    let refused = "nothing is computed in f8e4m3fn: convert with `.astype(DType::F32)`";
    says(refused, &|| &x + &x);
    says(refused, &|| &x * 2.0);
    says(refused, &|| x.sin());
    says(refused, &|| x.sum(..));
    says(refused, &|| x.max(..));
    says(refused, &|| x.eq(&x));
    says(refused, &|| x.sort(0));
    says(refused, &|| x.argmax(0));
    says(refused, &|| x.cumsum(0));
    says("f8e4m3fn and f32 have no common dtype", &|| &x + Array::scalar(1.0_f32));
    says("f8e4m3fn and f8e5m2 have no common dtype", &|| &x + x.astype(DType::F8E5M2));
    says("need a wider dtype", &|| x.matmul(&x));
    let rounded = |x: &Array| x.astype(DType::F8E4M3FN).astype(DType::F32).sum(..);
    let wide = x.astype(DType::F32);
    says("a conversion to f8e4m3fn has no derivative", &|| grad(rounded, &wide));
    says("a conversion to f8e4m3fn has no derivative", &|| jvp(rounded, &wide, &wide).1);
}
