//! Reductions, shapes, parts, products: values, and gradients against finite differences.

use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

/// Differentiable functions of a [3, 4] and a [4, 2] array with their names: every operation that
/// is not elementwise, in each of its forms.
#[test]
fn everything_smooth_has_two_derivatives() {
    let mut rng = Rng(10);
    let args = [rng.array(&[3, 4], 0.3, 1.5), rng.array(&[4, 2], -1.5, -0.3)];
    let scalars = [f64s(&[0.3], &[]), f64s(&[-0.7], &[1])];
    #[rustfmt::skip]
    let table: &[(&str, Function)] = &[
        ("sum", &|a| a[0].square().sum(1)),
        ("sum of all", &|a| a[0].square().sum(..)),
        ("sum of none", &|a| a[0].square().sum([0_i32; 0])),
        ("sum keepdims", &|a| &a[0] * a[0].sum(keepdims(-2))),
        ("mean", &|a| a[0].square().mean([0, 1])),
        ("prod", &|a| a[0].prod(0)),
        ("prod of all", &|a| a[0].prod(..)),
        ("prod keepdims", &|a| a[0].prod(keepdims(1))),
        ("var", &|a| a[0].var(-1)),
        ("std", &|a| a[0].std(0)),
        ("logsumexp", &|a| logsumexp(&a[0], 1)),
        ("logsumexp of all", &|a| logsumexp(&a[0], keepdims(..))),
        ("softmax", &|a| softmax(&a[0], -1)),
        ("softmax of all", &|a| softmax(&a[0], ..)),
        ("matmul", &|a| a[0].matmul(&a[1])),
        ("matmul vector", &|a| a[0].slice([0.into()]).matmul(&a[1])),
        ("matmul two vectors", &|a| a[0].slice([0.into()]).matmul(a[1].slice([(..).into(), 1.into()]))),
        ("matmul batches", &|a| a[0].reshape([3, 1, 2, 2]).matmul(a[1].reshape([2, 2, 2]))),
        ("dot_general", &|a| dot_general(a[0].reshape([3, 2, 2]), a[1].reshape([2, 2, 2]), (&[2], &[0]), (&[1], &[2]))),
        ("dot_general two", &|a| dot_general(a[0].reshape([2, 3, 2]), a[1].reshape([2, 2, 2]), (&[0, 2], &[2, 0]), (&[], &[]))),
        ("einsum", &|a| einsum("ij,jk->ki", [&a[0], &a[1]])),
        ("einsum diagonal", &|a| einsum("ii,ij->ij", [&a[1].matmul(a[1].t()), &a[1]])),
        ("einsum three", &|a| einsum("ij,jk,lk->l", [&a[0], &a[1], &a[1]])),
        ("outer", &|a| a[0].reshape([12, 1]) * a[1].reshape([1, 8])),
        ("reshape", &|a| a[0].square().reshape([2, -1])),
        ("transpose", &|a| a[0].reshape([3, 2, 2]).square().transpose([1, 2, 0])),
        ("swapaxes", &|a| a[0].square().swapaxes(0, -1).matmul(&a[0])),
        ("moveaxis", &|a| a[0].reshape([3, 2, 2]).square().moveaxis(0, 1)),
        ("expand_dims", &|a| a[0].square().expand_dims(1)),
        ("squeeze", &|a| a[0].square().expand_dims(0).squeeze(0)),
        ("flip", &|a| a[0].flip(1) * &a[0]),
        ("tile", &|a| a[0].square().tile(&[2, 3])),
        ("repeat", &|a| a[0].square().repeat(3, 0)),
        ("broadcast_to", &|a| a[0].square().broadcast_to([2, 3, 4])),
        ("broadcast ones", &|a| a[0].slice([(0..1).into()]).square().broadcast_to([5, 4])),
        ("concatenate", &|a| concatenate([&a[0].t(), &a[1].square(), &a[1]], -1)),
        ("stack", &|a| stack([&a[0].square(), &a[0]], 1)),
        ("split", &|a| { let p = a[0].split(2, 1); &p[0] * &p[1] }),
        ("slice", &|a| a[0].square().slice([(1..).into(), SliceSpec::from(0..4).step_by(3)])),
        ("pad", &|a| a[0].square().pad(&[(1, 2), (-1, 0)], 0.0)),
        ("pad inside", &|a| a[0].square().pad_general(&[(-1, 0, 2), (0, -2, 1)], 1.0)),
        ("pad with a value", &|a| a[0].pad_general(&[(1, 0, 1), (0, 1, 0)], a[1].sum(..).square())),
        ("dynamic_slice", &|a| a[0].square().dynamic_slice([&Array::scalar(1), &Array::scalar(9)], &[2, 3])),
        ("dynamic_index", &|a| a[0].square().dynamic_index(Array::scalar(2), 1)),
        ("dynamic_update_slice", &|a| a[0].square().dynamic_update_slice(a[1].t().square(), [&Array::scalar(1), &Array::scalar(0)])),
        ("select", &|a| select(a[0].gt(0.9), a[0].square(), a[0].exp())),
        ("where", &|a| where_(a[0].gt(0.9), 1.0, a[0].square())),
        ("powi", &|a| a[0].powi(5) + a[0].powi(-2)),
        ("pow", &|a| a[0].pow(a[1].reshape([2, 4]).slice([0.into()]))),
        ("rsub rdiv", &|a| 1.0 - 2.0 / &a[0]),
        ("rem", &|a| (&a[0] * 5.0) % &a[1].sum(..)),
        ("atan2", &|a| a[0].atan2(a[0].square() - 1.0)),
        ("erf", &|a| a[0].erf() * a[0].erfc()),
        ("tanh", &|a| a[0].tanh() * a[0].sigmoid()),
        ("through integers", &|a| a[0].square() * a[0].astype(DType::I32)),
    ];
    check_table(check_grad2, table, &args);
    let table: &[(&str, Function)] = &[
        ("scalar", &|a| a[0].square() * &a[1]),
        ("scalar sum", &|a| a[0].square().sum(..)),
        ("scalar reshape", &|a| a[0].square().reshape([1, 1])),
        ("one of prod", &|a| a[1].prod(0) * &a[0]),
        ("one of softmax", &|a| softmax(&a[1], 0)),
        ("scalar transpose", &|a| a[0].square().t()),
        ("scalar broadcast", &|a| a[0].square().broadcast_to([3])),
    ];
    check_table(check_grad2, table, &scalars);
}

#[test]
fn everything_with_kinks_has_one_derivative() {
    let mut rng = Rng(11);
    let args = [rng.distinct(&[3, 4]) + 0.05, rng.distinct(&[3, 4]) + 0.1];
    let table: &[(&str, Function)] = &[
        ("max", &|a| a[0].max(1)),
        ("max of all", &|a| a[0].max(keepdims(..)) * &a[0]),
        ("min", &|a| a[0].min([0, 1])),
        ("maximum", &|a| a[0].maximum(&a[1])),
        ("minimum", &|a| a[0].minimum(&a[1]).square()),
        ("clip", &|a| a[0].clip(-0.5, 1.3)),
        ("clip by arrays", &|a| a[0].clip(a[1].min(0), a[1].max(..))),
        ("abs", &|a| a[0].abs()),
        ("sign", &|a| a[0].sign() * &a[0]),
        ("floor", &|a| a[0].floor() * &a[0]),
        ("trunc", &|a| a[0].trunc() * a[1].ceil() * &a[1]),
    ];
    check_table(check_grad, table, &args);
}

#[test]
fn gradients_at_special_places_as_in_jax() {
    let at = |f: fn(&Array) -> Array, x: &[f64]| {
        grad(|x: &Array| f(x).sum(..), &f64s(x, &[x.len()])).to_vec::<f64>()
    };
    assert_eq!(at(|x| x.prod(0), &[3., 0., 2., 0.]), [0.; 4]);
    assert_eq!(at(|x| x.prod(0), &[3., 0., 2., 5.]), [0., 30., 0., 0.]);
    assert_eq!(at(|x| x.max(0), &[1., 3., 3., 2.]), [0., 0.5, 0.5, 0.]);
    assert_eq!(at(|x| x.min(0), &[1., 3., 1., 2.]), [0.5, 0., 0.5, 0.]);
    assert_eq!(at(|x| x.clip(-1.0, 1.0), &[-2., -1., 0., 1., 2.]), [0., 0.5, 1., 0.5, 0.]);
    assert_eq!(at(|x| x.powi(3), &[-2., 0., 1.]), [12., 0., 3.]);
    assert_eq!(at(|x| x.powi(-2), &[-2., 0.5, 1.]), [0.25, -16., -2.]);
    close(
        &at(|x| x.std(0), &[1., 2., 4.]),
        &[-0.3563483225498992, -0.0890870806374748, 0.445435403187374],
        1e-14,
    );
    let inf = f64::INFINITY;
    let x = f64s(&[1., 2., -inf, -inf, inf, 1., 1000., 1000.], &[4, 2]);
    let sums = logsumexp(&x, 1).to_vec::<f64>();
    close(&sums, &[2.313261687518223, -inf, inf, 1000.6931471805599], 1e-14);
    let loss = |x: &Array| logsumexp(x, 1).at(Array::from_slice(&[0, 3], [2])).get().sum(..);
    let slopes = grad(loss, &x).to_vec::<f64>();
    close(&slopes[..2], &[0.2689414213699951, 0.7310585786300049], 1e-14);
    close(&slopes[6..], &[0.5, 0.5], 0.0);
    let x = f64s(&[1., 2., -inf, 1000., 0., -1000.], &[2, 3]);
    let want = [0.2689414213699951, 0.7310585786300049, 0., 1., 0., 0.];
    close(&softmax(&x, 1).to_vec::<f64>(), &want, 1e-14);
}

#[test]
fn no_gradient_flows_through_stop_gradient() {
    let x = f64s(&[1.0, 2.0], &[2]);
    let loss = |x: &Array| (x.stop_gradient() * x + x.stop_gradient().square()).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [1.0, 2.0]);
}

#[test]
fn integers_as_in_jax() {
    let x = Array::from_slice(&[-7, 7, -7, 7], [4]);
    let y = Array::from_slice(&[3, -3, -3, 3], [4]);
    assert_eq!((&x % &y).to_vec::<i32>(), [2, -2, -1, 1]);
    let powers = Array::from_slice(&[2, -3, 0, 5], [4]).pow(Array::from_slice(&[3, 3, 0, 2], [4]));
    assert_eq!(powers.to_vec::<i32>(), [8, -27, 1, 25]);
    assert_eq!((Array::scalar(-8) >> 1).item::<i32>(), -4);
    assert_eq!((Array::scalar(0xFFFF_FFF8_u32) >> 1).item::<u32>(), 0x7FFF_FFFC);
    assert_eq!(Array::scalar(-8).shift_right_logical(1).item::<i32>(), 0x7FFF_FFFC);
    let wild = f64s(&[1.9, -1.9, 3e9, -3e9, f64::NAN], &[5]).astype(DType::I32);
    assert_eq!(wild.to_vec::<i32>(), [1, -1, i32::MAX, i32::MIN, 0]);
    let x = Array::from_slice(&[100_u8, 100, 100], [3]);
    assert_eq!((x.sum(..).dtype(), x.sum(..).item::<u32>()), (DType::U32, 300));
    assert_eq!(Array::from_slice(&[true, true], [2]).sum(..).item::<i32>(), 2);
    assert_eq!(Array::from_slice(&[1_i32, 2], [2]).mean(..).item::<f32>(), 1.5);
    assert_eq!((Array::scalar(7) / 2).item::<f32>(), 3.5);
    assert_eq!(Array::from_slice(&[5_i32, -1, 3], [3]).max(..).item::<i32>(), 5);
    assert_eq!(Array::from_slice(&[5_u8, 1, 3], [3]).argmin(0).item::<i32>(), 1);
    assert_eq!(Array::scalar(0b1011_u32).population_count().item::<u32>(), 3);
    assert_eq!(Array::scalar(1_u32).count_leading_zeros().item::<u32>(), 31);
}

#[test]
fn empty_arrays_and_size_one_axes() {
    let empty = zeros([0, 3], DType::F64);
    assert_eq!(empty.sum(0).to_vec::<f64>(), [0.; 3]);
    assert_eq!(empty.prod(0).to_vec::<f64>(), [1.; 3]);
    assert_eq!(empty.max(1).shape(), [0]);
    assert!(empty.mean(..).item::<f64>().is_nan());
    assert_eq!(empty.matmul(ones([3, 2], DType::F64)).shape(), [0, 2]);
    let y = zeros([2, 0], DType::F64).matmul(zeros([0, 3], DType::F64));
    assert_eq!(y.to_vec::<f64>(), [0.; 6]);
    assert_eq!(concatenate([&empty, &ones([1, 3], DType::F64)], 0).to_vec::<f64>(), [1.; 3]);
    assert_eq!(empty.pad(&[(1, 0), (0, 0)], 2.0).to_vec::<f64>(), [2.; 3]);
    assert_eq!(softmax(&empty, 1).shape(), [0, 3]);
    assert_eq!(empty.reshape([3, 0, 5]).transpose([2, 0, 1]).shape(), [5, 3, 0]);
    let table: &[(&str, Function)] = &[
        ("sum", &|a| a[0].square().sum(0)),
        ("prod", &|a| a[0].prod(0)),
        ("max", &|a| a[0].max(1)),
        ("concatenate", &|a| concatenate([&a[0], &a[1]], 0).square()),
        ("matmul", &|a| a[0].t().matmul(&a[0])),
        ("softmax", &|a| softmax(&a[0], 1)),
        ("slice", &|a| a[1].slice([(0..0).into()]).square()),
        ("pad", &|a| a[0].square().pad(&[(2, -1), (0, 1)], 0.0)),
    ];
    let args = [empty, Rng(12).array(&[1, 3], 0.5, 1.0)];
    check_table(check_grad, table, &args);
    let text = message(|| drop(zeros([0, 3], DType::F32).max(0)));
    assert!(text.contains("f32[0, 3]"), "{text}");
}

#[test]
fn nan_and_ties_in_extremes() {
    let nan = f32::NAN;
    let x = f32s(&[1., nan, 3., 3., 2., 3., nan, nan, -1.], &[3, 3]);
    assert_eq!(x.argmax(1).to_vec::<i32>(), [1, 0, 0]);
    assert_eq!(x.argmin(1).to_vec::<i32>(), [1, 1, 0]);
    let max = x.max(1).to_vec::<f32>();
    assert!(max[0].is_nan() && max[1] == 3.0 && max[2].is_nan());
    assert!(x.eq(&x).to_vec::<bool>() == [true, false, true, true, true, true, false, false, true]);
    let lowest = f32s(&[f32::NEG_INFINITY; 3], &[3]);
    assert_eq!(lowest.argmax(0).item::<i32>(), 0);
    assert_eq!(lowest.max(0).item::<f32>(), f32::NEG_INFINITY);
}
