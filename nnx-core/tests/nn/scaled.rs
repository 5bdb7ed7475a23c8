use crate::{assert_close, assert_mistakes};
use nnx_core::array::arange;
use nnx_core::nn::{scaled_dot, scaled_matmul};
use nnx_core::{Array, DType};

/// −3 to 3, again and again.
fn values(shape: &[usize]) -> Array {
    let n = shape.iter().product::<usize>();
    (arange(n, DType::F32) % 7 - 3).reshape(shape)
}

fn scales() -> Array {
    Array::from([[1.0_f32, 0.5], [2.0, 0.25]])
}

/// The numbers of JAX 0.10.2.
#[test]
fn scales_belong_to_blocks() {
    let threes = Array::from([[3.0_f32; 3]; 2]);
    let y = scaled_dot(values(&[2, 4]), values(&[4, 3]), scales(), &threes, DType::F32);
    let expected = Array::from([[22.5_f32, 16.5, 0.0], [-9.0, -6.75, 11.25]]);
    assert_close("scaled_dot", &y, &expected, 0.0);
    let [a, b] = [&[1, 2, 4], &[1, 3, 4]].map(|shape| values(shape));
    let y =
        scaled_matmul(&a, &b, scales().expand_dims(0), Array::from([[[3.0_f32]; 3]]), DType::BF16);
    let factor = Array::from([[1.0_f32, 1.0, 0.5, 0.5], [2.0, 2.0, 0.25, 0.25]]);
    let by_hand = (a.squeeze(0) * factor).matmul(b.squeeze(0).t()) * 3.0;
    assert_close("scaled_matmul", &y, &by_hand.expand_dims(0).astype(DType::BF16), 0.0);
    // Without scales, and in a batch.
    let (x, y) = (values(&[2, 3, 4]), values(&[2, 4, 5]));
    let plain = scaled_dot(&x, &y, None, None, DType::F32);
    assert_close("without scales", &plain, &x.matmul(&y), 0.0);
}

#[test]
fn mistakes_are_named() {
    let (x, y) = (values(&[2, 4]), values(&[4, 3]));
    let dot =
        |x: &Array, y: &Array, scale: &Array, dtype| drop(scaled_dot(x, y, scale, None, dtype));
    assert_mistakes(
        &[
            (
                &|| dot(&x, &y, &values(&[2, 3]), DType::F32),
                "the scales f32[2, 3] do not fit f32[2, 4]",
            ),
            (&|| dot(&x, &y, &scales(), DType::F16), "choose bf16 or f32"),
            (&|| dot(&x, &values(&[4]), &scales(), DType::F32), "both need as many axes"),
            (&|| drop(scaled_matmul(&x, &y, &x, &y, DType::F32)), "needs [b, m, k] and [b, n, k]"),
        ],
        file!(),
    );
}
