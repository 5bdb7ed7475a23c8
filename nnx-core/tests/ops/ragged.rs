//! Products with groups of rows, and convolutions with kernels of their own, with the numbers of JAX 0.10.2.

use nnx_core::array::{
    ConvOptions, Padding, RaggedDotDimensionNumbers, arange, conv_general_dilated_local,
    dot_general_as, ragged_dot_general,
};
use nnx_core::{Array, DType, grad, vmap};

/// −3 to 3, again and again.
fn values(shape: &[usize]) -> Array {
    let n = shape.iter().product::<usize>();
    (arange(n, DType::F32) % 7 - 3).reshape(shape)
}

#[track_caller]
fn check(y: &Array, shape: &[usize], sum: f32, weighted: f32) {
    assert_eq!(y.shape(), shape);
    let weights = arange(y.size(), DType::F32).cos();
    let found = [y.sum(..), (y.flatten() * weights).sum(..)].map(|y| y.item::<f32>());
    assert!((found[0] - sum).abs() < 1e-3 && (found[1] - weighted).abs() < 1e-3, "{found:?}");
}

fn dims(
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
    lhs_ragged: usize,
    rhs_group: Option<usize>,
) -> RaggedDotDimensionNumbers {
    RaggedDotDimensionNumbers {
        contract: (contract.0.to_vec(), contract.1.to_vec()),
        batch: (batch.0.to_vec(), batch.1.to_vec()),
        lhs_ragged,
        rhs_group,
    }
}

#[test]
fn groups_of_every_sort_of_axis() {
    let sizes = Array::from([2, 0, 1, 2]);
    let each = Array::from([[2, 0, 1, 2], [1, 1, 1, 1]]);
    // Rows, in a batch.
    let (x, y) = (values(&[2, 5, 3]), values(&[4, 2, 3, 6]));
    let numbers = dims((&[2], &[2]), (&[0], &[1]), 1, Some(0));
    check(&ragged_dot_general(&x, &y, &sizes, &numbers), &[2, 5, 6], 24.0, 90.174_97);
    check(&ragged_dot_general(&x, &y, &each, &numbers), &[2, 5, 6], 19.0, 64.552_36);
    // Rows below an axis that is not a batch.
    let numbers = dims((&[2], &[1]), (&[], &[]), 1, Some(0));
    let z = ragged_dot_general(&x, values(&[4, 3, 6]), &each, &numbers);
    check(&z, &[2, 5, 6], 46.0, 107.567_32);
    // A contracted axis.
    let numbers = dims((&[2], &[1]), (&[0], &[0]), 2, None);
    let y = values(&[2, 3, 6]);
    check(
        &ragged_dot_general(&x, &y, Array::from([2, 1]), &numbers),
        &[2, 2, 5, 6],
        3.0,
        -48.004_99,
    );
    let numbers = dims((&[1, 2], &[0, 1]), (&[], &[]), 2, None);
    let by_outer = Array::from([[2, 1], [1, 1]]);
    let z = ragged_dot_general(values(&[5, 2, 3]), &y, &by_outer, &numbers);
    check(&z, &[2, 5, 6], -15.0, -112.358_03);
    let numbers = dims((&[1], &[1]), (&[0], &[0]), 1, None);
    let (x, sizes) = (values(&[2, 4, 3]), Array::from([[2, 1, 1], [1, 1, 0]]));
    check(&ragged_dot_general(&x, &x, &sizes, &numbers), &[3, 2, 3, 3], 62.0, 13.848_091);
    // A batch.
    let numbers = dims((&[2], &[1]), (&[0], &[0]), 0, None);
    let (x, y) = (values(&[4, 5, 3]), values(&[4, 3, 6]));
    let z = ragged_dot_general(&x, &y, Array::from([2, 1]), &numbers);
    check(&z, &[4, 5, 6], -16.0, -74.206_89);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let (x, y) = (values(&[5, 3]), values(&[4, 3, 6]));
    let sizes = Array::from([2, 0, 1, 2]);
    let says = |sizes: &Array, numbers, what: &str| {
        let call = || ragged_dot_general(&x, &y, sizes, &numbers);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(what), "{text}");
    };
    let contract: (&[usize], &[usize]) = (&[1], &[1]);
    says(&sizes, dims(contract, (&[], &[]), 0, None), "the right needs an axis of groups");
    says(&sizes, dims(contract, (&[], &[]), 2, Some(0)), "the left has no axis 2");
    says(&sizes, dims(contract, (&[], &[]), 0, Some(1)), "has not 4 groups along axis 1");
    says(&sizes, dims(contract, (&[], &[]), 1, Some(0)), "no axis of groups if a contracted");
    let floats = sizes.astype(DType::F32);
    says(&floats, dims(contract, (&[], &[]), 0, Some(0)), "must be integers");
    let deep = Array::from([[2, 0, 1, 2]]);
    says(&deep, dims(contract, (&[], &[]), 0, Some(0)), "must be [4]");
}

#[test]
fn each_place_has_a_kernel() {
    let options = |dimension_numbers| ConvOptions {
        strides: vec![2, 2],
        padding: Padding::Explicit(vec![(0, 1), (1, 0)]),
        dimension_numbers: Some(dimension_numbers),
        ..Default::default()
    };
    let last = options(["NHWC", "HWIO", "NHWC"]);
    let y =
        conv_general_dilated_local(values(&[2, 5, 6, 3]), values(&[3, 3, 18, 4]), &[2, 3], &last);
    check(&y, &[2, 3, 3, 4], -78.0, -52.876_484);
    let other = ConvOptions {
        padding: Padding::Explicit(vec![(1, 0), (0, 1)]),
        ..options(["NCWH", "OIWH", "NHWC"])
    };
    let y =
        conv_general_dilated_local(values(&[2, 3, 6, 5]), values(&[4, 18, 3, 3]), &[3, 2], &other);
    check(&y, &[2, 3, 3, 4], -37.0, -89.069_94);
}

#[test]
fn products_in_a_wider_dtype() {
    let (x, y) = (values(&[2, 3]).astype(DType::BF16), values(&[3, 4]).astype(DType::BF16));
    let product = |x: &Array, y: &Array| dot_general_as(x, y, (&[1], &[0]), (&[], &[]), DType::F32);
    let wide = [&x, &y].map(|x| x.astype(DType::F32));
    assert_eq!(product(&x, &y).dtype(), DType::F32);
    assert_eq!(product(&x, &y).to_vec::<f32>(), wide[0].matmul(&wide[1]).to_vec::<f32>());
    // Gradients are in the dtypes of the operands.
    let slope = grad(|x: &Array| (product(x, &y) * wide[0].matmul(&wide[1])).sum(..), &x);
    let expected =
        grad(|x: &Array| (x.matmul(&wide[1]) * wide[0].matmul(&wide[1])).sum(..), &wide[0]);
    assert_eq!(slope.dtype(), DType::BF16);
    assert_eq!(slope.astype(DType::F32).to_vec::<f32>(), expected.to_vec::<f32>());
    let rows =
        vmap(|row: &Array| dot_general_as(row, &y, (&[0], &[0]), (&[], &[]), DType::F32), &x, 0);
    assert_eq!(rows.to_vec::<f32>(), product(&x, &y).to_vec::<f32>());
}
