use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

fn random_options(rng: &mut Rng, dilated: bool) -> (Vec<usize>, WindowOptions) {
    let two = |rng: &mut Rng, high| vec![rng.size(1, high), rng.size(1, high)];
    let window = two(rng, 3);
    let pad = |rng: &mut Rng, w: usize| (rng.int(-1, w as i64 - 1), rng.int(-1, w as i64 - 1));
    let options = WindowOptions {
        strides: two(rng, 3),
        padding: Padding::Explicit(vec![pad(rng, window[0]), pad(rng, window[1])]),
        base_dilation: two(rng, 2),
        window_dilation: two(rng, if dilated { 2 } else { 1 }),
    };
    (window, options)
}

/// The definition, for two axes.
fn naive(x: &Array, window: &[usize], o: &WindowOptions, out: &[usize], kind: usize) -> Vec<f64> {
    let (xs, xv) = (x.shape(), x.to_vec::<f64>());
    let Padding::Explicit(pads) = &o.padding else { panic!("explicit") };
    let at = |d: usize, i: usize, j: usize| {
        let p = (i * o.strides[d] + j * o.window_dilation[d]) as i64 - pads[d].0;
        let step = o.base_dilation[d] as i64;
        (p >= 0 && p % step == 0 && p / step < xs[d] as i64).then_some((p / step) as usize)
    };
    let mut result = Vec::new();
    for i in 0..out[0] {
        for j in 0..out[1] {
            let mut acc = [0.0, f64::NEG_INFINITY, f64::INFINITY][kind];
            for a in 0..window[0] {
                for b in 0..window[1] {
                    let (Some(p), Some(q)) = (at(0, i, a), at(1, j, b)) else { continue };
                    let v = xv[p * xs[1] + q];
                    acc = [acc + v, f64::max(acc, v), f64::min(acc, v)][kind];
                }
            }
            result.push(acc);
        }
    }
    result
}

type Reduction = fn(&Array, &[usize], &WindowOptions) -> Array;

#[test]
fn equal_their_definition_and_have_gradients() {
    let mut rng = Rng(5);
    let reductions: [Reduction; 3] = [reduce_window_sum, reduce_window_max, reduce_window_min];
    for case in 0..12 {
        let kind = case % 3;
        let (window, options) = random_options(&mut rng, kind == 0 || case < 6);
        let shape = [rng.size(3, 6), rng.size(3, 6)];
        let x = rng.distinct(&shape);
        let y = reductions[kind](&x, &window, &options);
        close(&y.to_vec::<f64>(), &naive(&x, &window, &options, y.shape(), kind), 1e-12);
        if kind > 0 && (case < 6 || y.to_vec::<f64>().iter().any(|v| v.is_infinite())) {
            continue;
        }
        let f = |args: &[Array]| reductions[kind](&args[0].square(), &window, &options);
        let name = format!("case {case}: {kind} {:?} {window:?} {options:?}", x.aval());
        if case < 8 { check_grad2(&name, &f, &[x]) } else { check_grad(&name, &f, &[x]) }
    }
}
#[test]
fn ties_and_nan_as_in_jax() {
    let x = f64s(&[1., f64::NAN, 3., 2., 5., 4., f64::INFINITY, 0.], &[2, 4]);
    let same = WindowOptions { padding: Padding::Same, ..Default::default() };
    let y = reduce_window_max(&x, &[1, 2], &same);
    let inf = f64::INFINITY;
    close(&y.to_vec::<f64>(), &[f64::NAN, f64::NAN, 3., 2., 5., inf, inf, 0.], 0.0);
    close(&x.cummax(1).to_vec::<f64>()[..4], &[1., f64::NAN, f64::NAN, f64::NAN], 0.0);

    // Whole reductions of vectorized sizes too.
    for at in [0, 3, 8, 63] {
        let mut values = vec![1.0_f32; 64];
        values[at] = f32::NAN;
        let x = f32s(&values, &[64]);
        assert!(x.max(..).item::<f32>().is_nan() && x.min(..).item::<f32>().is_nan());
        assert!(x.maximum(2.0).to_vec::<f32>()[at].is_nan());
        assert!(x.minimum(0.0).to_vec::<f32>()[at].is_nan());
    }

    let x = f64s(&[2., 2., 1., 3., 3., 3.], &[1, 6]);
    let weights = f64s(&[1., 2., 3., 4., 5.], &[1, 5]);
    let plain = WindowOptions::default();
    let loss = |x: &Array| (reduce_window_max(x, &[1, 2], &plain) * &weights).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [1., 2., 0., 7., 5., 0.]);
    let weights = f64s(&[1., 2., 3., 4., 5., 6.], &[1, 6]);
    let loss = |x: &Array| (reduce_window_min(x, &[1, 3], &same) * &weights).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [1., 0., 9., 5., 6., 0.]);
    let loss = |x: &Array| (x.cummax(-1) * &weights).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [3.5, 2.5, 0.0, 9.5, 4.0, 1.5]);
    let loss = |x: &Array| (x.cummin(-1) * &weights).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [2., 1., 18., 0., 0., 0.]);
}

#[test]
fn integers_and_small_floats() {
    let x = arange(9, DType::I32).reshape([3, 3]) - 4;
    let options = WindowOptions { padding: Padding::Same, ..Default::default() };
    let max = reduce_window_max(&x, &[2, 2], &options);
    assert_eq!(max.to_vec::<i32>(), [0, 1, 1, 3, 4, 4, 3, 4, 4]);
    let min = reduce_window_min(&x, &[2, 2], &options);
    assert_eq!(min.to_vec::<i32>(), [-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    for dtype in [DType::BF16, DType::F16, DType::F32] {
        let y = x.astype(dtype);
        let sum = reduce_window_sum(&y, &[2, 2], &options);
        assert_eq!(sum.dtype(), dtype);
        let want = [-8., -4., -1., 4., 8., 5., 5., 7., 4.];
        assert_eq!(sum.astype(DType::F32).to_vec::<f32>(), want);
        let loss = |y: &Array| reduce_window_max(y, &[2, 2], &options).sum(..);
        let grad = grad(loss, &y).astype(DType::F32);
        assert_eq!(grad.to_vec::<f32>(), [0., 0., 0., 0., 1., 2., 0., 2., 4.]);
    }
}

#[test]
fn pooling_of_images() {
    let mut rng = Rng(6);
    let x = rng.array(&[2, 4, 6, 3], -1.0, 1.0);
    let options = WindowOptions { strides: vec![1, 2, 2, 1], ..Default::default() };
    let blocks = x.reshape([2, 2, 2, 3, 2, 3]);
    let sum = reduce_window_sum(&x, &[1, 2, 2, 1], &options);
    close(&sum.to_vec::<f64>(), &blocks.sum([2, 4]).to_vec::<f64>(), 1e-13);
    let max = reduce_window_max(&x, &[1, 2, 2, 1], &options);
    close(&max.to_vec::<f64>(), &blocks.max([2, 4]).to_vec::<f64>(), 0.0);
}

#[test]
fn running_reductions() {
    let mut rng = Rng(7);
    for (n, axis) in [(1, -1), (2, -1), (3, 0), (5, -1), (8, 0)] {
        let mut shape = [2, 2];
        shape[(axis & 1) as usize] = n;
        let x = rng.distinct(&shape);
        let x = std::slice::from_ref(&x);
        check_grad2("cumprod", &|a| a[0].cumprod(axis), x);
        let table: &[(&str, Function)] = &[
            ("cumsum", &|a| a[0].square().cumsum(axis)),
            ("cummax", &|a| a[0].cummax(axis).square()),
            ("cummin", &|a| a[0].cummin(axis).square()),
        ];
        check_table(check_grad, table, x);
    }
    let x = f64s(&[3., 0., 2., 0., 5.], &[5]);
    assert_eq!(x.cumsum(0).to_vec::<f64>(), [3., 3., 5., 5., 10.]);
    assert_eq!(x.cumprod(0).to_vec::<f64>(), [3., 0., 0., 0., 0.]);
    let weights = f64s(&[1., 2., 3., 4., 5.], &[5]);
    let loss = |x: &Array| (x.cumprod(0) * &weights).sum(..);
    assert_eq!(grad(loss, &x).to_vec::<f64>(), [1., 24., 0., 0., 0.]);
    let flags = Array::from_slice(&[true, false, true], [3]);
    assert_eq!(flags.cumsum(0).to_vec::<i32>(), [1, 1, 2]);
    let small = Array::from_slice(&[100_i8, 100, 1], [3]);
    assert_eq!(small.cumsum(0).to_vec::<i8>(), [100, -56, -55]);
    let empty = zeros([2, 0], DType::F32);
    assert_eq!(empty.cumsum(1).shape(), [2, 0]);
    assert_eq!(empty.cummax(0).shape(), [2, 0]);
    // Long ones do not take quadratic time.
    let long = ones([1 << 20], DType::F32).cumsum(0);
    assert_eq!(long.slice([(-1).into()]).item::<f32>(), (1 << 20) as f32);
}

#[test]
fn mistakes_name_the_window() {
    let x = || zeros([4, 4], DType::F32);
    let text = message(|| drop(reduce_window_sum(&x(), &[2], &WindowOptions::default())));
    assert!(text.contains("[2]") && text.contains("f32[4, 4]"), "{text}");
    assert!(text.contains("tests/ops/window.rs"), "{text}");
    let text = message(|| {
        let options = WindowOptions { strides: vec![1, 0], ..Default::default() };
        drop(reduce_window_max(&x(), &[2, 2], &options));
    });
    assert!(text.contains("positive"), "{text}");
    let text = message(|| drop(x().cumsum(2)));
    assert!(text.contains("axis 2") && text.contains("f32[4, 4]"), "{text}");
    let text = message(|| {
        let options = WindowOptions { window_dilation: vec![1, 2], ..Default::default() };
        let loss = |x: &Array| reduce_window_max(x, &[2, 2], &options).sum(..);
        drop(grad(loss, &x()));
    });
    assert!(text.contains("window_dilation"), "{text}");
    let text = message(|| drop(reduce_window_sum(&x().eq(0), &[2, 2], &WindowOptions::default())));
    assert!(text.contains("bool"), "{text}");
}
