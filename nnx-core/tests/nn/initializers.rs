use nnx_core::array::Tolerance;
use nnx_core::nn::Initializer;
use nnx_core::nn::initializers::{self as init, Distribution, FanMode};
use nnx_core::{Array, DType, random};

#[test]
fn axes_choose_the_fans() {
    let key = random::key(3);
    let shape = [2, 3, 4];
    let plain = random::normal(&key, shape, DType::F32);
    let init = init::variance_scaling(2.0, FanMode::FanIn, Distribution::Normal);
    let check = |init: Initializer, variance: f64| {
        let got = init.call(&key, shape, DType::F32).to_vec::<f32>();
        for (a, b) in got.iter().zip(plain.to_vec::<f32>()) {
            assert!((a - b * variance.sqrt() as f32).abs() < 1e-6, "{init:?}");
        }
    };
    check(init.clone(), 2.0 / 6.0); // the first axis is receptive field
    check(init.clone().in_axis([0, 1]), 2.0 / 6.0);
    check(init.clone().batch_axis(0), 2.0 / 3.0);
    check(init.clone().in_axis(2).out_axis(0), 2.0 / 12.0);
    let geometric = init::variance_scaling(1.0, FanMode::FanGeoAvg, Distribution::Normal);
    check(geometric.clone().batch_axis(0), 1.0 / 12.0_f64.sqrt());
    check(init::variance_scaling(1.0, FanMode::FanOut, Distribution::Normal), 1.0 / 8.0);
}

#[test]
fn orthogonal_columns_or_rows() {
    let key = random::key(1);
    let identity = |x: nnx_core::Array, n: usize| {
        crate::assert_close("orthogonal", &x, &(4.0 * nnx_core::array::eye(n, x.dtype())), 1e-5);
    };
    for dtype in [DType::F32, DType::F64] {
        let tall = init::orthogonal(2.0, -1).call(&key, [7, 3], dtype);
        identity(tall.t().matmul(&tall), 3);
        let wide = init::orthogonal(2.0, -1).call(&key, [3, 7], dtype);
        identity(wide.matmul(wide.t()), 3);
    }
    // Columns along the first axis; the others are one.
    let x = init::orthogonal(2.0, 0).call(&key, [4, 2, 5], DType::F32).reshape([4, 10]);
    identity(x.matmul(x.t()), 4);
    assert_eq!(init::orthogonal(1.0, -1).call(&key, [0, 3], DType::F32).shape(), [0, 3]);
    assert_eq!(init::orthogonal(1.0, -1).call(&key, [2, 2], DType::BF16).dtype(), DType::BF16);
}

#[test]
fn constants_and_custom_functions() {
    let key = random::key(0);
    assert_eq!(init::ones().call(&key, [2], DType::I32).to_vec::<i32>(), [1, 1]);
    assert_eq!(init::constant(-7.5).call(&key, [2], DType::F32).to_vec::<f32>(), [-7.5, -7.5]);
    let custom = init::custom(|_, shape, dtype| nnx_core::array::full(shape, 2.0, dtype));
    assert_eq!(custom.call(&key, [2], DType::F32).to_vec::<f32>(), [2.0, 2.0]);
    assert_eq!(custom, custom.clone());
    assert_ne!(init::normal(0.1), init::normal(0.2));
}

#[test]
#[should_panic(expected = "name its axes")]
fn vectors_need_axes() {
    let _ = init::lecun_normal().call(&random::key(0), [3], DType::F32);
}

#[test]
#[should_panic(expected = "the custom function made f32[1]")]
fn custom_functions_keep_to_the_shape() {
    let custom = init::custom(|_, _, dtype| nnx_core::array::zeros([1], dtype));
    let _ = custom.call(&random::key(0), [3], DType::F32);
}

#[test]
fn delta_orthogonal_turns_the_features_of_each_place() {
    use nnx_core::nn::Conv;
    let builder = Conv::builder(3, 5, [4, 3]).kernel_init(init::delta_orthogonal(1.0, -1));
    let layer = builder.build(&mut nnx_core::random::Rngs::new(0));
    let x = random::normal(&random::key(1), [2, 6, 7, 3], DType::F32);
    let norms = |x: &nnx_core::Array| x.square().sum(-1);
    crate::assert_close("norms", &norms(&layer.forward(&x)), &norms(&x), 1e-5);
    assert_eq!(init::xavier_normal(), init::glorot_normal());
    assert_eq!(init::kaiming_uniform(), init::he_uniform());
}

#[test]
#[should_panic(expected = "at least as many outputs as inputs, got [3, 4, 2]")]
fn delta_orthogonal_needs_enough_outputs() {
    let _ = init::delta_orthogonal(1.0, -1).call(&random::key(0), [3, 4, 2], DType::F32);
}

#[test]
#[should_panic(expected = "makes kernels of convolutions, of 3 to 5 axes, not [4, 4]")]
fn delta_orthogonal_is_for_convolutions() {
    let _ = init::delta_orthogonal(1.0, -1).call(&random::key(0), [4, 4], DType::F32);
}

/// Outside of a trace f32 parameters are made block by block; in a trace as one sample.
#[test]
fn numbers_do_not_depend_on_the_way_they_are_made() {
    let key = random::key(5);
    let all = [
        init::lecun_normal(),
        init::glorot_uniform(),
        init::uniform(0.3),
        init::normal(0.02),
        init::truncated_normal(0.5, -1.0, 3.0),
        init::variance_scaling(2.0, FanMode::FanOut, Distribution::Normal),
    ];
    // Less than a block, blocks that are full, one more, and more than is made in blocks.
    for shape in [[1, 1], [3, 7], [64, 128], [2, 4096], [1, 8193], [37, 1001], [1, (1 << 20) + 1]] {
        for init in &all {
            let eager = init.call(&key, shape, DType::F32);
            let traced = nnx_core::jit(|data: &Array| {
                init.call(&random::Key::from_data(data.clone()), shape, DType::F32)
            });
            let traced = traced.call(key.data());
            assert_eq!(eager.shape(), shape);
            // √2 and the deviation are two factors of a sample, or one.
            let tolerance = Tolerance { rtol: 3e-7, atol: 0.0, ..Tolerance::default() };
            assert!(eager.allclose(&traced, tolerance).item::<bool>(), "{init:?} {shape:?}");
        }
    }
}
