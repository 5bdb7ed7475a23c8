//! Reductions of many elements, which programs for CPUs make in steps: the same as those of few, and as the host's.

use nnx_core::array::{
    Padding, WindowOptions, concatenate, reduce_window_max, reduce_window_min, reduce_window_sum,
};
use nnx_core::transform::{jvp, vjp};
use nnx_core::{Array, DType};

/// Whole numbers from -40 to 40, of which neighbours are often equal; every `nan_every`-th is NaN.
fn numbers(shape: &[usize], nan_every: usize) -> Array {
    let number = |i: usize| match i % nan_every {
        i if i + 1 == nan_every => f32::NAN,
        _ => ((i * 7919 + i / 13) % 81) as f32 - 40.0,
    };
    let values: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Array::from(values).reshape(shape.iter().map(|&n| n as isize).collect::<Vec<_>>())
}

/// The elements of `x` that each element of a reduction over `axes` is made of.
fn groups(x: &Array, axes: &[usize]) -> Vec<Vec<f32>> {
    let (shape, values) = (x.shape(), x.to_vec::<f32>());
    let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let mut groups = vec![vec![]; kept.iter().map(|&axis| shape[axis]).product()];
    for (i, value) in values.into_iter().enumerate() {
        let (mut rest, mut index) = (i, vec![0; shape.len()]);
        for axis in (0..shape.len()).rev() {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        groups[kept.iter().fold(0, |at, &axis| at * shape[axis] + index[axis])].push(value);
    }
    groups
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect()
}

#[test]
fn reductions_over_any_axes() {
    let shapes: [&[usize]; 7] = [
        &[20_000],
        &[20_001],
        &[130, 128],
        &[128, 130],
        &[1, 40, 1, 640],
        &[16, 33, 3, 16],
        &[2, 3, 64, 2, 24],
    ];
    for shape in shapes {
        for set in 1..1_usize << shape.len() {
            let axes: Vec<usize> = (0..shape.len()).filter(|axis| set >> axis & 1 == 1).collect();
            for nan_every in [usize::MAX, 5_003] {
                let x = numbers(shape, nan_every);
                let groups = groups(&x, &axes);
                let each =
                    |f: fn(&[f32]) -> f32| bits(&groups.iter().map(|g| f(g)).collect::<Vec<_>>());
                let nan_or =
                    |g: &[f32], x: f32| if g.iter().any(|x| x.is_nan()) { f32::NAN } else { x };
                // Sums of such whole numbers are exact, whatever their order.
                assert_eq!(
                    bits(&x.sum(&axes).to_vec::<f32>()),
                    each(|g| g.iter().sum()),
                    "{shape:?} {axes:?}"
                );
                let max =
                    groups.iter().map(|g| nan_or(g, g.iter().copied().fold(f32::MIN, f32::max)));
                assert_eq!(
                    bits(&x.max(&axes).to_vec::<f32>()),
                    bits(&max.collect::<Vec<_>>()),
                    "{shape:?} {axes:?}"
                );
                let min =
                    groups.iter().map(|g| nan_or(g, g.iter().copied().fold(f32::MAX, f32::min)));
                assert_eq!(
                    bits(&x.min(&axes).to_vec::<f32>()),
                    bits(&min.collect::<Vec<_>>()),
                    "{shape:?} {axes:?}"
                );
            }
        }
    }
}

#[test]
fn reductions_of_other_dtypes() {
    let (shape, axes) = ([16, 33, 3, 16], [0, 1, 3]);
    let x = numbers(&shape, usize::MAX);
    let groups = groups(&x, &axes);
    let sums: Vec<i64> = groups.iter().map(|g| g.iter().map(|&x| x as i64).sum()).collect();
    assert_eq!(x.astype(DType::I64).sum(axes).to_vec::<i64>(), sums);
    // Narrow floats are added in a wide one, and rounded once.
    let sum = |dtype| x.astype(dtype).sum(axes).astype(DType::F32).to_vec::<f32>();
    let rounded = |dtype| {
        Array::from(sums.iter().map(|&x| x as f32).collect::<Vec<_>>())
            .astype(dtype)
            .astype(DType::F32)
            .to_vec::<f32>()
    };
    for dtype in [DType::BF16, DType::F16] {
        assert_eq!(sum(dtype), rounded(dtype), "{dtype}");
    }
    let (all, any): (Vec<bool>, Vec<bool>) =
        groups.iter().map(|g| (g.iter().all(|&x| x > -40.0), g.iter().any(|&x| x > 40.0))).unzip();
    assert_eq!(x.gt(-40.0).all(axes).to_vec::<bool>(), all);
    assert_eq!(x.gt(40.0).any(axes).to_vec::<bool>(), any);
    let signs = Array::from(
        (0..40_000).map(|i| if i % 1000 == 7 { -1.0_f32 } else { 1.0 }).collect::<Vec<_>>(),
    );
    assert_eq!(signs.reshape([4, 100, 100]).prod([1, 2]).to_vec::<f32>(), [1.0; 4]);
    let complex = x.astype(DType::C64) * Array::scalar(num_complex::Complex::new(0.0_f32, 1.0));
    assert_eq!(
        complex.sum(axes).imag().to_vec::<f32>(),
        sums.iter().map(|&x| x as f32).collect::<Vec<_>>()
    );
}

/// The results of a function of images for all at once, and for one after the other, are the same.
fn same_for_each(name: &str, x: &[&Array], f: impl Fn(&[&Array]) -> Array) {
    let at_once = f(x);
    let each: Vec<Array> = (0..x[0].shape()[0])
        .map(|i| {
            let one: Vec<Array> = x.iter().map(|x| x.at(i..i + 1).get()).collect();
            f(&one.iter().collect::<Vec<_>>())
        })
        .collect();
    let each = concatenate(&each, 0);
    assert_eq!(at_once.shape(), each.shape(), "{name}");
    let (at_once, each) = (at_once.to_vec::<f32>(), each.to_vec::<f32>());
    let differ = |i: &usize| bits(&at_once[*i..=*i]) != bits(&each[*i..=*i]);
    let first = (0..each.len()).find(differ);
    assert!(first.is_none(), "{name}: {:?}", first.map(|i| (i, at_once[i], each[i])));
}

#[test]
fn windows_and_their_derivatives() {
    let options = |strides: [usize; 2], padding, dilation: [usize; 2]| WindowOptions {
        strides: vec![1, strides[0], strides[1], 1],
        padding,
        window_dilation: vec![1, dilation[0], dilation[1], 1],
        ..Default::default()
    };
    let around = Padding::Explicit(vec![(0, 0), (1, 2), (2, 0), (0, 0)]);
    let cut = Padding::Explicit(vec![(0, 0), (-1, 0), (0, -2), (0, 0)]);
    let cases = [
        ([2, 2], options([2, 2], Padding::Valid, [1, 1])),
        ([3, 2], options([1, 2], Padding::Same, [1, 1])),
        ([3, 3], options([2, 2], around.clone(), [1, 1])),
        ([2, 3], options([3, 4], around, [1, 1])),
        ([2, 2], options([1, 1], cut, [1, 1])),
        ([2, 2], options([1, 2], Padding::Valid, [3, 2])),
    ];
    for (sizes, options) in &cases {
        for nan_every in [usize::MAX, 97] {
            let x = numbers(&[24, 18, 20, 4], nan_every);
            let name = format!("{sizes:?} {options:?} {nan_every}");
            let window = [1, sizes[0], sizes[1], 1];
            let max = |x: &Array| reduce_window_max(x, &window, options);
            same_for_each(&format!("max {name}"), &[&x], |x| max(x[0]));
            same_for_each(&format!("min {name}"), &[&x], |x| {
                reduce_window_min(x[0], &window, options)
            });
            same_for_each(&format!("sum {name}"), &[&x], |x| {
                reduce_window_sum(x[0], &window, options)
            });
            let t = numbers(&[24, 18, 20, 4], usize::MAX) * 0.5;
            // Where NaN meets padding, which element the tangent is of depends on whether the padding is there.
            if nan_every == usize::MAX || options.padding == Padding::Valid {
                same_for_each(&format!("jvp {name}"), &[&x, &t], |x| jvp(max, x[0], x[1]).1);
            }
            if options.window_dilation == [1; 4] {
                let ct = numbers(max(&x).shape(), usize::MAX);
                same_for_each(&format!("vjp {name}"), &[&x, &ct], |x| vjp(max, x[0]).1.call(x[1]));
            }
        }
    }
}

/// Of equal elements the first has the gradient, and each window gives its own.
#[test]
fn the_gradient_of_a_maximum_goes_to_one_element() {
    let x = Array::from(vec![1.0_f32; 64 * 32 * 32]).reshape([64, 32, 32, 1]);
    let options = WindowOptions { strides: vec![1, 2, 2, 1], ..Default::default() };
    let (y, pull) = vjp(|x: &Array| reduce_window_max(x, &[1, 2, 2, 1], &options), &x);
    let gradient = pull.call(&Array::from(vec![3.0_f32; 64 * 16 * 16]).reshape([64, 16, 16, 1]));
    assert_eq!(y.to_vec::<f32>(), [1.0; 64 * 16 * 16]);
    for (i, slope) in gradient.to_vec::<f32>().into_iter().enumerate() {
        let first = i / 32 % 2 == 0 && i % 2 == 0;
        assert_eq!(slope, if first { 3.0 } else { 0.0 }, "{i}");
    }
}
