//! Arrays without elements, and arrays larger than any device.

use super::child;
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, array};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message with which `f` panics.
fn refusal(f: impl FnOnce() -> Array) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(array) => panic!("{:?} was accepted", array.aval()),
        Err(payload) => payload,
    };
    *payload.downcast::<String>().unwrap()
}

#[test]
fn operations_on_arrays_without_elements_are_constants() {
    let x = array::zeros([200, 20, 0], DType::F32);
    let y = (&x + 1.0).exp() * -x.t().t();
    assert_eq!(y.to_vec::<f32>(), [0.0_f32; 0]);
    let joined = array::concatenate([&x, &array::ones([200, 20, 0], DType::F32)], 2);
    assert_eq!(joined.cumsum(0).sort(-1).shape(), [200, 20, 0]);
    assert_eq!(x.sum([0, 1]).to_vec::<f32>(), [0.0_f32; 0]);
    assert_eq!(x.sum(2).to_vec::<f32>(), [0.0; 4000]);
}

const EMPTY: &str = "sizes::arrays_without_elements_are_quick_whatever_their_other_axes";

#[test]
fn arrays_without_elements_are_quick_whatever_their_other_axes() {
    if !child::is(EMPTY) {
        let text = child::output(&mut child::command(EMPTY));
        return assert!(text.contains("all done"), "{text}");
    }
    let shapes: [&[usize]; 4] = [&[20000, 20000, 0], &[1 << 27, 0], &[0, 1 << 27], &[0, 1 << 40]];
    for shape in shapes {
        let x = array::zeros(shape, DType::F32);
        let y = (&x + 1.0).exp() * array::iota(shape, DType::F32, 0) - &x;
        assert_eq!(array::concatenate([&y, &x], 0).astype(DType::I32).to_vec::<i32>(), [0; 0]);
        assert_eq!(x.sum(..).item::<f32>(), 0.0);
        // As one program, with a result that has elements.
        assert_eq!(x.nansum(..).item::<f32>(), 0.0);
    }
    println!("all done");
}

#[test]
fn arrays_larger_than_any_device_are_refused_with_both_numbers() {
    let n = 1_usize << 39;
    let mut rngs = Rngs::new(0);
    let indices = array::zeros([4], DType::I32);
    type Call<'a> = (&'a str, Box<dyn FnOnce() -> Array + 'a>);
    let calls: [Call<'_>; 6] = [
        ("iota", Box::new(|| array::iota([n, 2], DType::I32, 0))),
        ("iota", Box::new(|| array::arange(n, DType::U8))),
        ("iota", Box::new(|| array::one_hot(&indices, n, DType::Bool))),
        ("broadcast_in_dim", Box::new(|| array::zeros([1_usize << 20, 1 << 20], DType::F32))),
        ("", Box::new(|| nnx_core::random::normal(&rngs.params(), [n], DType::F32))),
        ("", Box::new(|| nnx_core::random::permutation(&nnx_core::random::key(0), n))),
    ];
    for (op, call) in calls {
        let message = refusal(call);
        assert!(message.starts_with(op), "{op}: {message}");
        assert!(message.contains("bytes, more than any device holds"), "{op}: {message}");
        assert!(message.contains("the most are 549755813887"), "{op}: {message}");
        assert!(message.contains("sizes.rs:"), "{op}: {message}");
    }
    let message = refusal(|| array::zeros([1_usize << 62, 4, 0], DType::U8));
    assert!(message.contains("18446744073709551616 bytes, beside"), "{message}");
}
