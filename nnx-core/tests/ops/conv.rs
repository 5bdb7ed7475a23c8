use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

/// The definition, for channels-last arrays with two spatial axes.
fn naive(x: &Array, k: &Array, o: &ConvOptions, out: &[usize]) -> Vec<f64> {
    let (xs, ks) = (x.shape(), k.shape());
    let (xv, kv) = (x.to_vec::<f64>(), k.to_vec::<f64>());
    let Padding::Explicit(pads) = &o.padding else { panic!("explicit") };
    let (features, group) = (ks[3], ks[3] / o.feature_group_count);
    let batches = xs[0] / o.batch_group_count;
    // Position in the input of kernel element `j` in window `i`, unless it is padding or a hole.
    let at = |d: usize, i: usize, j: usize| {
        let p = (i * o.strides[d] + j * o.rhs_dilation[d]) as i64 - pads[d].0;
        let step = o.lhs_dilation[d] as i64;
        (p >= 0 && p % step == 0 && p / step < xs[d + 1] as i64).then_some((p / step) as usize)
    };
    let mut result = Vec::new();
    for n in 0..out[0] {
        for i in 0..out[1] {
            for j in 0..out[2] {
                for f in 0..features {
                    let mut sum = 0.0;
                    for a in 0..ks[0] {
                        for b in 0..ks[1] {
                            let (Some(p), Some(q)) = (at(0, i, a), at(1, j, b)) else { continue };
                            // Batch groups: output features choose the part of the batch.
                            let n = n + f / (features / o.batch_group_count) * batches;
                            for c in 0..ks[2] {
                                let channel = f / group * ks[2] + c;
                                sum += xv[((n * xs[1] + p) * xs[2] + q) * xs[3] + channel]
                                    * kv[((a * ks[1] + b) * ks[2] + c) * features + f];
                            }
                        }
                    }
                    result.push(sum);
                }
            }
        }
    }
    result
}

fn random_case(rng: &mut Rng, case: usize) -> (Array, Array, ConvOptions) {
    let (fg, bg) = [(1, 1), (2, 1), (1, 2), (3, 1)][case % 4];
    let two = |rng: &mut Rng, low, high| vec![rng.size(low, high), rng.size(low, high)];
    let (image, kernel) = (two(rng, 3, 6), two(rng, 1, 3));
    let (batch, channels, features) = (bg * rng.size(1, 2), rng.size(1, 2), rng.size(1, 2));
    let pad = |rng: &mut Rng| (rng.int(-1, 2), rng.int(-1, 2));
    let options = ConvOptions {
        strides: two(rng, 1, 2),
        padding: Padding::Explicit(vec![pad(rng), pad(rng)]),
        lhs_dilation: two(rng, 1, 2),
        rhs_dilation: two(rng, 1, 2),
        feature_group_count: fg,
        batch_group_count: bg,
        dimension_numbers: None,
        ..Default::default()
    };
    let x = rng.array(&[batch, image[0], image[1], channels * fg], -1.0, 1.0);
    let k = rng.array(&[kernel[0], kernel[1], channels, features * fg * bg], -1.0, 1.0);
    (x, k, options)
}

#[test]
fn equals_its_definition_and_has_gradients() {
    let mut rng = Rng(1);
    for case in 0..14 {
        let (x, k, options) = random_case(&mut rng, case);
        let y = conv_general_dilated(&x, &k, &options);
        close(&y.to_vec::<f64>(), &naive(&x, &k, &options, y.shape()), 1e-12);
        let f = |args: &[Array]| conv_general_dilated(&args[0], &args[1], &options);
        let name = format!("case {case}: {:?} {:?} {options:?}", x.aval(), k.aval());
        if case < 3 {
            check_grad2(&name, &f, &[x, k]);
        } else {
            check_grad(&name, &f, &[x, k]);
        }
    }
}

#[test]
fn layouts_name_the_axes() {
    let mut rng = Rng(2);
    let (x, k) = (rng.array(&[2, 5, 4, 3], -1.0, 1.0), rng.array(&[3, 2, 3, 4], -1.0, 1.0));
    let options = ConvOptions { strides: vec![2, 1], padding: Padding::Same, ..Default::default() };
    let y = conv_general_dilated(&x, &k, &options);
    let other =
        ConvOptions { dimension_numbers: Some(["NCHW", "OIHW", "NCHW"]), ..options.clone() };
    let z = conv_general_dilated(x.transpose([0, 3, 1, 2]), k.transpose([3, 2, 0, 1]), &other);
    assert_eq!(z.shape(), [2, 4, 3, 4]);
    close(&z.transpose([0, 2, 3, 1]).to_vec::<f64>(), &y.to_vec::<f64>(), 1e-13);
    // The kernel's layout gives the order of the spatial axes; the result may have another.
    let other = ConvOptions { dimension_numbers: Some(["NHWC", "HWIO", "CWHN"]), ..options };
    let z = conv_general_dilated(&x, &k, &other);
    assert_eq!(z.shape(), [4, 4, 3, 2]);
    close(&z.transpose([3, 2, 1, 0]).to_vec::<f64>(), &y.to_vec::<f64>(), 1e-13);
    check_grad("NHWC-HWIO-CWHN", &|a| conv_general_dilated(&a[0], &a[1], &other), &[x, k]);
}

#[test]
fn any_number_of_spatial_axes() {
    let mut rng = Rng(3);
    for spatial in [vec![], vec![7], vec![3, 4, 5]] {
        let n = spatial.len();
        let mut shape = vec![2];
        shape.extend(&spatial);
        shape.push(3);
        let mut kernel = vec![2; n];
        kernel.extend([3, 2]);
        let (x, k) = (rng.array(&shape, -1.0, 1.0), rng.array(&kernel, -1.0, 1.0));
        let options = ConvOptions { padding: Padding::Same, ..Default::default() };
        let y = conv_general_dilated(&x, &k, &options);
        let mut want = shape.clone();
        want[n + 1] = 2;
        assert_eq!(y.shape(), want);
        check_grad2("spatial", &|a| conv_general_dilated(&a[0], &a[1], &options), &[x, k]);
    }
}

#[test]
fn padding_as_in_lax() {
    // jax.lax.padtype_to_pads
    let sizes = [10, 11, 3];
    assert_eq!(Padding::Same.pairs(&sizes, &[3, 4, 1], &[2, 3, 2]), [(0, 1), (1, 1), (0, 0)]);
    assert_eq!(Padding::SameLower.pairs(&sizes, &[3, 4, 1], &[2, 3, 2]), [(1, 0), (1, 1), (0, 0)]);
    assert_eq!(Padding::Valid.pairs(&sizes, &[3, 4, 1], &[2, 3, 2]), [(0, 0); 3]);
    let explicit = Padding::Explicit(vec![(1, 2)]);
    assert_eq!(explicit.pairs(&[5], &[2], &[1]), [(1, 2)]);
}
/// 0, 1, … in the shape [1, 4, 3, 1], and −3, −2, … in the shape [2, 2, 1, 2].
fn counting() -> (Array, Array) {
    let x = arange(12, DType::F64).reshape([1, 4, 3, 1]);
    (x, (arange(8, DType::F64) - 3.0).reshape([2, 2, 1, 2]))
}

#[test]
fn same_padding_as_in_jax() {
    let (x, k) = counting();
    let options = ConvOptions { strides: vec![2, 2], padding: Padding::Same, ..Default::default() };
    let y = conv_general_dilated(&x, &k, &options);
    assert_eq!(y.shape(), [1, 2, 2, 2]);
    assert_eq!(y.to_vec::<f64>(), [14., 22., -1., 6., 14., 46., -13., 6.]);
}

#[test]
fn conv_transpose_as_in_jax() {
    let (x, k) = counting();
    let case = |strides: Vec<usize>, padding: Padding| {
        let options = ConvTransposeOptions { strides, padding, ..Default::default() };
        conv_transpose(&x, &k, &options)
    };
    let y = case(vec![1, 1], Padding::Same);
    assert_eq!(y.shape(), [1, 4, 3, 2]);
    let want = [
        0.0, 0.0, 3.0, 4.0, 7.0, 10.0, 9.0, 12.0, 14.0, 22.0, 14.0, 26.0, 15.0, 24.0, 14.0, 34.0,
        14.0, 38.0, 21.0, 36.0, 14.0, 46.0, 14.0, 50.0,
    ];
    assert_eq!(y.to_vec::<f64>(), want);
    let y = case(vec![1, 1], Padding::Valid);
    assert_eq!(y.shape(), [1, 5, 4, 2]);
    assert_eq!(y.to_vec::<f64>()[32..], [-9., 0., -37., -18., -41., -20., -33., -22.]);
    let y = case(vec![2, 3], Padding::Explicit(vec![(1, 0), (0, 2)]));
    assert_eq!(y.shape(), [1, 7, 8, 2]);
    assert_eq!(y.to_vec::<f64>()[..8], [0., 0., 0., 0., 3., 4., 1., 2.]);
    assert_eq!(y.to_vec::<f64>()[100..108], [30., 40., 10., 20., 0., 0., 33., 44.]);

    let options = ConvTransposeOptions {
        strides: vec![2, 1],
        padding: Padding::Same,
        rhs_dilation: vec![2, 3],
        ..Default::default()
    };
    let y = conv_transpose(&x, &k, &options);
    assert_eq!(y.shape(), [1, 8, 3, 2]);
    assert_eq!(y.to_vec::<f64>()[..6], [3., 4., 6., 8., 0., 0.]);
    assert_eq!(y.to_vec::<f64>()[12..18], [11., 16., 13., 20., 3., 6.]);

    // Stride 4 is larger than the kernel of 3.
    let x = f64s(&[0., 1., 2.], &[1, 3, 1]);
    let k = f64s(&[1., 2., 3.], &[3, 1, 1]);
    let options =
        ConvTransposeOptions { strides: vec![4], padding: Padding::Same, ..Default::default() };
    let want = [0., 0., 0., 0., 3., 2., 1., 0., 6., 4., 2., 0.];
    assert_eq!(conv_transpose(&x, &k, &options).to_vec::<f64>(), want);
    check_grad("conv_transpose", &|a| conv_transpose(&a[0], &a[1], &options), &[x, k]);
}

#[test]
fn conv_transpose_with_the_kernel_transposed_is_the_gradient() {
    let mut rng = Rng(4);
    let x = rng.array(&[1, 8, 6, 2], -1.0, 1.0);
    let k = rng.array(&[3, 2, 2, 4], -1.0, 1.0);
    let ct = rng.array(&[1, 4, 3, 4], -1.0, 1.0);
    let options = ConvOptions { strides: vec![2, 2], padding: Padding::Same, ..Default::default() };
    let want = grad(|x: &Array| (conv_general_dilated(x, &k, &options) * &ct).sum(..), &x);
    let options = ConvTransposeOptions {
        strides: vec![2, 2],
        padding: Padding::Same,
        transpose_kernel: true,
        ..Default::default()
    };
    let got = conv_transpose(&ct, &k, &options);
    assert_eq!(got.shape(), [1, 8, 6, 2]);
    close(&got.to_vec::<f64>(), &want.to_vec::<f64>(), 1e-12);
}

#[test]
fn other_dtypes() {
    let x = arange(9, DType::I32).reshape([1, 3, 3, 1]);
    let k = f32s(&[0., 1., 3., 4.], &[2, 2, 1, 1]);
    let want = [26., 34., 50., 58.];
    let y = conv_general_dilated(&x, k.astype(DType::I32), &ConvOptions::default());
    assert_eq!(y.to_vec::<i32>(), [26, 34, 50, 58]);
    for dtype in [DType::BF16, DType::F16, DType::F32] {
        let (x, k) = (x.astype(dtype), k.astype(dtype));
        let y = conv_general_dilated(&x, &k, &ConvOptions::default());
        assert_eq!(y.dtype(), dtype);
        assert_eq!(y.astype(DType::F32).to_vec::<f32>(), want);
    }
}

#[test]
fn empty_arrays() {
    let k = ones([3, 3, 2, 4], DType::F64);
    let options = ConvOptions::default();
    for (input, output) in [([0, 5, 5, 2], [0, 3, 3, 4]), ([2, 2, 5, 2], [2, 0, 3, 4])] {
        let x = ones(input, DType::F64);
        assert_eq!(conv_general_dilated(&x, &k, &options).shape(), output);
        let loss = |k: &Array| conv_general_dilated(&x, k, &options).sum(..);
        assert_eq!(grad(loss, &k).to_vec::<f64>(), [0.0; 72]);
        let loss = |x: &Array| conv_general_dilated(x, &k, &options).sum(..);
        assert_eq!(grad(loss, &x).to_vec::<f64>(), vec![0.0; x.size()]);
    }
    // No input features: sums of nothing.
    let y = conv_general_dilated(
        ones([1, 4, 4, 0], DType::F32),
        ones([2, 2, 0, 1], DType::F32),
        &options,
    );
    assert_eq!(y.to_vec::<f32>(), [0.0; 9]);
}

#[test]
fn mistakes_name_both_operands_and_the_rule() {
    let f32 = DType::F32;
    let refuse = |x: &[usize], k: &[usize], options: ConvOptions, parts: &[&str]| {
        let (x, k) = (zeros(x, f32), zeros(k, f32));
        let text = message(move || drop(conv_general_dilated(&x, &k, &options)));
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
        assert!(text.contains("tests/ops/conv.rs"), "{text}");
    };
    let plain = ConvOptions::default;
    let avals = ["f32[1, 8, 8, 3]", "f32[3, 3, 4, 16]"];
    refuse(&[1, 8, 8, 3], &[3, 3, 4, 16], plain(), &avals);
    refuse(&[1, 8, 8, 3], &[3, 3, 4, 16], plain(), &["features", "axis 3: 3", "axis 2: 4"]);
    refuse(&[8, 8, 3], &[3, 3, 3, 16], plain(), &["f32[8, 8, 3]", "as many axes"]);
    let strides = ConvOptions { strides: vec![1], ..plain() };
    refuse(&[1, 8, 8, 3], &[3, 3, 3, 2], strides, &["strides has 1 entries for 2 spatial axes"]);
    let strides = ConvOptions { strides: vec![1, 0], ..plain() };
    refuse(&[1, 8, 8, 3], &[3, 3, 3, 2], strides, &["positive"]);
    let groups = ConvOptions { feature_group_count: 2, ..plain() };
    refuse(&[1, 8, 8, 4], &[3, 3, 2, 3], groups, &["multiple", "feature_group_count (2)"]);
    let cut = ConvOptions { padding: Padding::Explicit(vec![(-9, 0), (0, 0)]), ..plain() };
    refuse(&[1, 8, 8, 4], &[3, 3, 4, 3], cut, &["(-9, 0)", "axis 1"]);
    let layout = ConvOptions { dimension_numbers: Some(["NHWC", "HWIO", "NHHC"]), ..plain() };
    refuse(&[1, 8, 8, 4], &[3, 3, 4, 3], layout, &["NHHC", "spatial letters"]);
    let dilated = ConvOptions { lhs_dilation: vec![2, 2], padding: Padding::Same, ..plain() };
    refuse(&[1, 8, 8, 4], &[3, 3, 4, 3], dilated, &["Same", "conv_transpose"]);
    let text = message(|| {
        let (x, k) = (zeros([1, 2, 2, 1], f32), zeros([1, 1, 1, 1], DType::F64));
        conv_general_dilated(&x, &k, &ConvOptions::default());
    });
    assert!(text.contains("f64[1, 1, 1, 1]") && text.contains("astype"), "{text}");
}
