use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

#[test]
fn floats_have_a_total_order() {
    let inf = f64::INFINITY;
    let nan = f64::NAN;
    let x = f64s(&[1., nan, -inf, -0., 0., inf, -nan, 2.], &[8]);
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        let x = x.astype(dtype);
        let sorted = x.sort(0).astype(DType::F64).to_vec::<f64>();
        close(&sorted, &[-inf, 0., 0., 1., 2., inf, nan, nan], 0.0);
        // −0 and 0 are equal and keep their order, as do the two NaNs.
        assert!(sorted[1].is_sign_negative() && sorted[2].is_sign_positive());
        assert_eq!(x.argsort(0).to_vec::<i32>(), [2, 3, 4, 0, 7, 5, 1, 6]);
    }
}

#[test]
fn any_axis_and_dtype() {
    let x = Array::from_slice(&[3, 1, 2, 9, 7, 8], [2, 3]);
    assert_eq!(x.sort(-1).to_vec::<i32>(), [1, 2, 3, 7, 8, 9]);
    assert_eq!(x.sort(0).to_vec::<i32>(), [3, 1, 2, 9, 7, 8]);
    assert_eq!(x.flip(0).argsort(0).to_vec::<i32>(), [1, 1, 1, 0, 0, 0]);
    let order = x.argsort(1);
    assert_eq!(x.take_along_axis(&order, 1).to_vec::<i32>(), [1, 2, 3, 7, 8, 9]);
    let flags = Array::from_slice(&[true, false, true, false], [4]);
    assert_eq!(flags.sort(0).to_vec::<bool>(), [false, false, true, true]);
    assert_eq!(flags.argsort(0).to_vec::<i32>(), [1, 3, 0, 2]);
    let unsigned = Array::from_slice(&[255_u8, 0, 128], [3]);
    assert_eq!(unsigned.sort(0).to_vec::<u8>(), [0, 128, 255]);
    assert_eq!(zeros([2, 0], DType::F32).sort(1).shape(), [2, 0]);
    assert_eq!(zeros([0, 2], DType::F32).argsort(1).shape(), [0, 2]);
    assert_eq!(x.slice([(0..1).into(), (0..1).into()]).sort(1).to_vec::<i32>(), [3]);
}

#[test]
fn several_arrays() {
    let a = Array::from_slice(&[2_i32, 1, 2, 1], [4]);
    let b = f32s(&[0.5, 4., f32::NAN, -1.], &[4]);
    let c = arange(4, DType::I32);
    let by_one = sort_multi([&a, &b, &c], 0, 1);
    assert_eq!(by_one[0].to_vec::<i32>(), [1, 1, 2, 2]);
    assert_eq!(by_one[2].to_vec::<i32>(), [1, 3, 0, 2]);
    let by_two = sort_multi([&a, &b, &c], 0, 2);
    assert_eq!(by_two[2].to_vec::<i32>(), [3, 1, 0, 2]);
    let (keys, values) = sort_key_val(&b, &c, 0);
    close(&keys.astype(DType::F64).to_vec::<f64>(), &[-1., 0.5, 4., f64::NAN], 0.0);
    assert_eq!(values.to_vec::<i32>(), [3, 0, 1, 2]);
}

#[test]
fn gradients_follow_the_elements() {
    let mut rng = Rng(9);
    let x = rng.distinct(&[3, 4]);
    let v = rng.distinct(&[3, 4]);
    for axis in [0, 1] {
        check_grad2("sort", &|a| a[0].sort(axis).square(), std::slice::from_ref(&x));
        let f = |a: &[Array]| {
            let (keys, values) = sort_key_val(&a[0], a[1].square(), axis);
            keys * values
        };
        check_grad("sort_key_val", &f, &[x.clone(), v.clone()]);
    }
    let f = |a: &[Array]| a[0].top_k(2).0.square();
    check_grad2("top_k", &f, std::slice::from_ref(&x));
    let f = |a: &[Array]| a[0].square().take_along_axis(a[0].argsort(1), 1);
    check_grad("argsort", &f, &[x]);
    // The integers that go along have no gradient and do no harm.
    let x = f64s(&[3., 1., 2.], &[3]);
    let weights = f64s(&[1., 10., 100.], &[3]);
    let loss = |x: &Array| {
        let sorted = sort_multi([x, &arange(3, DType::I32)], 0, 1);
        (&sorted[0] * &weights).sum(..) + sorted[1].sum(..)
    };
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [100., 1., 10.]);
}

#[test]
fn largest_elements() {
    let x = f32s(&[1., f32::NAN, 5., f32::INFINITY, 5., 2.], &[2, 3]);
    let (values, places) = x.top_k(2);
    assert_eq!(values.shape(), [2, 2]);
    let values = values.astype(DType::F64).to_vec::<f64>();
    close(&values, &[f64::NAN, 5., f64::INFINITY, 5.], 0.0);
    assert_eq!(places.to_vec::<i32>(), [1, 2, 0, 1]);
    let (values, places) = Array::from_slice(&[1, 5, 5, 2], [4]).top_k(3);
    assert_eq!(values.to_vec::<i32>(), [5, 5, 2]);
    assert_eq!(places.to_vec::<i32>(), [1, 2, 3]);
    assert_eq!(x.top_k(0).0.shape(), [2, 0]);
}

#[test]
fn places_in_a_sorted_array() {
    let nan = f64::NAN;
    let sorted = f64s(&[1., 2., 2., 5., nan], &[5]);
    let values = f64s(&[0., 2., 5., 9., nan, 1.], &[2, 3]);
    let left = sorted.searchsorted(&values, false);
    assert_eq!((left.shape(), left.to_vec::<i32>()), (&[2, 3][..], vec![0, 1, 3, 4, 4, 0]));
    let right = sorted.searchsorted(&values, true);
    assert_eq!(right.to_vec::<i32>(), [0, 3, 4, 4, 5, 1]);
    let whole = Array::from_slice(&[1, 3, 5], [3]);
    assert_eq!(whole.searchsorted(Array::scalar(4), false).item::<i32>(), 2);
}

#[test]
fn mistakes_are_refused() {
    let x = || zeros([2, 3], DType::F32);
    let text = message(|| drop(x().sort(2)));
    assert!(text.contains("axis 2") && text.contains("tests/ops/sort.rs"), "{text}");
    let text = message(|| drop(x().top_k(4)));
    assert!(text.contains("f32[2, 3]") && text.contains('4'), "{text}");
    let text = message(|| drop(Array::scalar(1.0_f32).top_k(1)));
    assert!(text.contains("f32[]"), "{text}");
    let text = message(|| drop(sort_key_val(x(), zeros([3, 2], DType::F32), 0)));
    assert!(text.contains("f32[2, 3]") && text.contains("f32[3, 2]"), "{text}");
    let text = message(|| drop(sort_multi([&x()], 0, 2)));
    assert!(text.contains("2 keys for 1 arrays"), "{text}");
}
