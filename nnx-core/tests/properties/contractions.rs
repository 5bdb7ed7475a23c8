//! Products of arrays, convolutions, windows.

use crate::check::{Case, Draw};
use crate::families::properties;
use nnx_core::array::*;

#[test]
fn products() {
    properties!("products", 3, 2, |draw| {
        let batch = draw.shape.clone();
        let (m, k, n) = (draw.below(4), draw.below(4), draw.below(4));
        let with = |batch: &[usize], tail: &[usize]| [batch, tail].concat();
        let small = draw.smaller();
        let mut f = |shape: Vec<usize>| draw.floats(&shape, -1.0, 1.0);
        let dot = |batch: usize| (vec![batch], vec![batch]);
        let (contract, paired) = ((vec![0], vec![batch.len()]), dot(0));
        vec![
            Case::new("matmul", vec![f(with(&batch, &[m, k])), f(vec![k, n])], |x| {
                x[0].matmul(&x[1])
            }),
            Case::new(
                "matmul of batches",
                vec![f(with(&batch, &[m, k])), f(with(&small, &[k, n]))],
                |x| x[0].matmul(&x[1]),
            ),
            Case::new("matrix and vector", vec![f(with(&batch, &[m, k])), f(vec![k])], |x| {
                x[0].matmul(&x[1])
            }),
            Case::new("vector and matrices", vec![f(vec![k]), f(with(&batch, &[k, n]))], |x| {
                x[0].matmul(&x[1])
            }),
            Case::new(
                "dot_general",
                vec![f(with(&[k], &batch)), f(with(&batch, &[k, n]))],
                move |x| dot_general(&x[0], &x[1], (&contract.0, &contract.1), (&[], &[])),
            ),
            Case::new(
                "dot_general of a batch",
                vec![f(vec![m, k, n]), f(vec![m, n, k])],
                move |x| dot_general(&x[0], &x[1], (&[2, 1], &[1, 2]), (&paired.0, &paired.1)),
            ),
            Case::new("dot_general crossed", vec![f(vec![m, k, n]), f(vec![n, m, 2])], |x| {
                dot_general(&x[0], &x[1], (&[2], &[0]), (&[0], &[1]))
            }),
            Case::new("einsum", vec![f(vec![2, m, k]), f(vec![2, k, n]), f(vec![n])], |x| {
                einsum("bij,bjk,k->kib", [&x[0], &x[1], &x[2]])
            }),
            Case::new("einsum of a diagonal", vec![f(vec![m, k, m])], |x| {
                einsum("iji->j", [&x[0]])
            }),
            Case::new("outer", vec![f(vec![m]), f(vec![n])], |x| einsum("i,j", [&x[0], &x[1]])),
            Case::new("x matmul x", vec![f(vec![2, 2])], |x| x[0].matmul(&x[0]).matmul(x[0].t())),
        ]
    });
}

fn padding(draw: &mut Draw, spatial: usize) -> Padding {
    match draw.below(4) {
        0 => Padding::Valid,
        1 => Padding::Same,
        2 => Padding::SameLower,
        _ => Padding::Explicit(
            (0..spatial).map(|_| (draw.below(3) as i64, draw.below(3) as i64 - 1)).collect(),
        ),
    }
}

#[test]
fn convolutions() {
    properties!("convolutions", 2, 2, |draw| {
        let spatial = draw.rank();
        let sizes: Vec<usize> = draw.shape.clone().iter().map(|n| n + 2).collect();
        let mut each =
            |n: usize| -> Vec<usize> { (0..spatial).map(|_| 1 + draw.below(n)).collect() };
        let (kernel, strides, lhs_dilation, rhs_dilation) = (each(3), each(2), each(2), each(2));
        let padding = padding(draw, spatial);
        // Padding by name has no meaning for an input with holes.
        let holes = lhs_dilation.iter().any(|&d| d > 1);
        let padding = if holes && !matches!(padding, Padding::Explicit(_)) {
            Padding::Valid
        } else {
            padding
        };
        let options =
            ConvOptions { strides, padding, lhs_dilation, rhs_dilation, ..Default::default() };
        let (ins, outs) = (1 + draw.below(2), 1 + draw.below(2));
        let mut conv = |name: &str, groups: [usize; 2]| {
            let [features, batches] = groups;
            let image = [&[2], sizes.as_slice(), &[ins * features]].concat();
            let weights = [kernel.as_slice(), &[ins, outs * features * batches]].concat();
            let options = ConvOptions {
                feature_group_count: features,
                batch_group_count: batches,
                ..options.clone()
            };
            let args = vec![draw.floats(&image, -1.0, 1.0), draw.floats(&weights, -1.0, 1.0)];
            Case::new(name, args, move |x| conv_general_dilated(&x[0], &x[1], &options))
        };
        let mut cases = vec![
            conv("conv", [1, 1]),
            conv("conv of groups of features", [2, 1]),
            conv("conv of groups of the batch", [1, 2]),
        ];
        let up = ConvTransposeOptions {
            strides: options.strides.clone(),
            padding: if draw.flag() { Padding::Same } else { Padding::Valid },
            rhs_dilation: options.rhs_dilation.clone(),
            transpose_kernel: draw.flag(),
            ..Default::default()
        };
        let image = [&[2], sizes.as_slice(), &[2]].concat();
        let weights = [kernel.as_slice(), &[2, 2]].concat();
        let args = vec![draw.floats(&image, -1.0, 1.0), draw.floats(&weights, -1.0, 1.0)];
        cases.push(Case::new("conv_transpose", args, move |x| conv_transpose(&x[0], &x[1], &up)));
        cases
    });
}

#[test]
fn windows() {
    properties!("windows", 3, 2, |draw| {
        let rank = draw.rank();
        draw.shape.iter_mut().for_each(|n| *n += 1);
        let mut each = |n: usize| -> Vec<usize> { (0..rank).map(|_| 1 + draw.below(n)).collect() };
        let (window, strides, base_dilation, window_dilation) =
            (each(3), each(2), each(2), each(2));
        let padding = padding(draw, rank);
        let dilated = WindowOptions {
            strides: strides.clone(),
            padding: padding.clone(),
            base_dilation,
            window_dilation,
        };
        // Padding that cuts is left to the sum.
        let padding = if matches!(padding, Padding::Explicit(_)) { Padding::Same } else { padding };
        let plain = WindowOptions { strides, padding, ..Default::default() };
        let (x, shape) = (draw.of(-1.0, 1.0), draw.shape.clone());
        let (d, sizes) = (draw.distinct(&shape), window.clone());
        let (max, min, other) = (plain.clone(), plain, window.clone());
        vec![
            Case::new("reduce_window_sum", vec![x], move |x| {
                reduce_window_sum(&x[0].sin(), &window, &dilated)
            }),
            Case::new("reduce_window_max", vec![d.clone()], move |x| {
                reduce_window_max(&x[0], &sizes, &max).square()
            }),
            Case::new("reduce_window_min", vec![d], move |x| {
                reduce_window_min(&x[0], &other, &min).square()
            }),
        ]
    });
}
