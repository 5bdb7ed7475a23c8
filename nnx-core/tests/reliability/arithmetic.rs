//! Sizes and positions at the ends of the integers, and requests for very many parts.

use super::child;
use nnx_core::array::{ConvOptions, PadMode, Padding, conv_general_dilated};
use nnx_core::{Array, DType, array};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn vector() -> Array {
    Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [4])
}

/// Requires a refusal by `op`, at a line of this file, that names `what`.
fn refused(op: &str, what: &str, f: impl FnOnce() -> Array) {
    let message = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(array) => panic!("{op}: {:?} was accepted", array.aval()),
        Err(payload) => *payload.downcast::<String>().unwrap_or_else(|_| panic!("{op}: no text")),
    };
    assert!(message.starts_with(&format!("{op}: ")), "{op}: {message}");
    assert!(message.contains(what), "{op}: {message}");
    assert!(message.contains("arithmetic.rs:"), "{op}: {message}");
}

#[test]
fn sums_of_sizes_that_overflow_are_refused() {
    let x = vector();
    let m = array::ones([3, 3], DType::F32);
    refused("diag", "9223372036854775812 is more than can be counted", || x.diag(isize::MIN));
    refused("diag", "more than can be counted", || x.diag(isize::MAX));
    refused("tile", "4 · 18446744073709551615", || x.tile(&[usize::MAX]));
    refused("repeat", "4 · 18446744073709551615", || x.repeat(usize::MAX, 0));
    refused("pad", "-9223372036854775808", || x.pad(&[(i64::MIN, i64::MAX)], 0.0));
    refused("pad", "9223372036854775807", || x.pad(&[(i64::MAX, 1)], 0.0));
    refused("pad", "9223372036854775807", || x.pad_general(&[(0, 0, i64::MAX)], 0.0));
    refused("pad_mode", "more than can be counted", || {
        x.pad_mode(&[(usize::MAX, 1)], PadMode::Reflect)
    });
    refused("reshape", "to [-2]", || x.reshape([-2]));
    refused("reshape", "to [-2, -2]", || x.reshape([-2, -2]));
    refused("reshape", "cannot reshape", || x.reshape([i64::MAX, i64::MAX, 4]));
    refused("reshape", "cannot reshape", || x.reshape([i64::MIN]));
    refused("sum", "out of bounds", || m.sum(usize::MAX));
    let both = "at least 27670116110564327421 bytes, more than any device holds; the most are 549755813887";
    refused("full", both, || array::zeros([usize::MAX, 3], DType::F32));
    refused("histogram", "more than can be counted", || x.histogram(usize::MAX, 0.0, 1.0).0);
    refused("unique", "more than can be counted", || x.unique(usize::MAX));
}

#[test]
fn convolutions_of_sizes_that_overflow_are_refused() {
    let x = array::ones([1, 4, 1], DType::F32);
    let k = array::ones([2, 1, 1], DType::F32);
    let with = |options: ConvOptions| conv_general_dilated(&x, &k, &options);
    for pair in [(i64::MAX, 1), (i64::MIN, i64::MAX), (0, i64::MAX)] {
        refused("conv_general_dilated", "is not between", || {
            let padding = Padding::Explicit(vec![pair]);
            with(ConvOptions { padding, ..Default::default() })
        });
    }
    for dilation in [1 << 40, usize::MAX] {
        refused("conv_general_dilated", "", || {
            with(ConvOptions { lhs_dilation: vec![dilation], ..Default::default() })
        });
        refused("conv_general_dilated", "", || {
            let padding = Padding::Same;
            with(ConvOptions { rhs_dilation: vec![dilation], padding, ..Default::default() })
        });
    }
    refused("conv_general_dilated", "18446744073709551615", || {
        with(ConvOptions { strides: vec![usize::MAX], ..Default::default() })
    });
}

#[test]
fn diagonals_far_outside_are_outside() {
    let m = Array::from_slice(&[1, 2, 3, 4], [2, 2]);
    assert_eq!(m.triu(isize::MIN).to_vec::<i32>(), [1, 2, 3, 4]);
    assert_eq!(m.triu(isize::MAX).to_vec::<i32>(), [0; 4]);
    assert_eq!(m.tril(isize::MIN).to_vec::<i32>(), [0; 4]);
    assert_eq!(m.tril(isize::MAX).to_vec::<i32>(), [1, 2, 3, 4]);
    assert_eq!(m.tril(1 << 32).to_vec::<i32>(), [1, 2, 3, 4]);
    assert_eq!(m.diagonal(isize::MIN, 0, 1).to_vec::<i32>(), [0_i32; 0]);
    assert_eq!(m.diagonal(isize::MAX, 0, 1).to_vec::<i32>(), [0_i32; 0]);
    assert_eq!(array::triu_indices(2, 2, isize::MAX).0.to_vec::<i32>(), [0_i32; 0]);
    assert_eq!(array::triu_indices(2, 2, isize::MIN).0.size(), 4);
    assert_eq!(array::tril_indices(2, 2, isize::MAX).1.to_vec::<i32>(), [0, 1, 0, 1]);
    assert_eq!(array::tril_indices(2, 2, 0).1.to_vec::<i32>(), [0, 0, 1]);
    assert_eq!(array::triu_indices(2, 3, 1).1.to_vec::<i32>(), [1, 2, 2]);
    assert_eq!(array::eye_diagonal(2, 2, isize::MAX, DType::I32).to_vec::<i32>(), [0; 4]);
    assert_eq!(array::eye_diagonal(2, 2, 1 << 32, DType::I32).to_vec::<i32>(), [0; 4]);
}

#[test]
fn an_end_beyond_the_largest_is_not_one_counted_from_the_end() {
    assert_eq!(vector().slice([(..usize::MAX).into()]).size(), 4);
    assert_eq!(vector().slice([(1..usize::MAX).into()]).size(), 3);
}

#[test]
fn arrays_of_very_many_axes_can_be_printed() {
    for rank in [75, 76, 120] {
        let text = format!("{:?}", array::ones(vec![1_usize; rank], DType::F32));
        assert!(text.contains("1."), "{text}");
    }
}

#[test]
fn very_many_parts_end() {
    child::ends("arithmetic::very_many_parts_end", || {
        let x = vector();
        refused("array_split", "1048576 arrays are too many", || {
            x.array_split(1 << 20, 0).remove(0)
        });
        let sizes = |parts: usize| -> Vec<usize> {
            x.array_split(parts, 0).iter().map(Array::size).collect()
        };
        assert_eq!(sizes(3), [2, 1, 1]);
        assert_eq!(sizes(6), [1, 1, 1, 1, 0, 0]);
        assert_eq!(x.diff(usize::MAX, 0).size(), 0);
        refused("broadcast_in_dim", "more than any device holds", || {
            x.nonzero(1_usize << 50, 0).remove(0)
        });
    });
}

#[test]
fn padding_by_many_periods_is_right() {
    child::ends("arithmetic::padding_by_many_periods_is_right", || {
        let x = Array::from_slice(&[1, 2, 3, 4], [4]);
        let padded = |mode| x.pad_mode(&[(1 << 20, 1 << 20)], mode);
        let source = |mode: PadMode, i: i64| match mode {
            PadMode::Wrap => i.rem_euclid(4),
            PadMode::Symmetric => [0, 1, 2, 3, 3, 2, 1, 0][i.rem_euclid(8) as usize],
            PadMode::Edge => i.clamp(0, 3),
            _ => [0, 1, 2, 3, 2, 1][i.rem_euclid(6) as usize],
        };
        for mode in [PadMode::Reflect, PadMode::Wrap, PadMode::Symmetric, PadMode::Edge] {
            let found = padded(mode).to_vec::<i32>();
            let wanted = (-(1_i64 << 20)..4 + (1 << 20)).map(|i| source(mode, i) as i32 + 1);
            assert!(found.into_iter().eq(wanted), "{mode:?}");
        }
        let one = Array::from_slice(&[7], [1]);
        for mode in [PadMode::Reflect, PadMode::Wrap, PadMode::Symmetric] {
            assert_eq!(one.pad_mode(&[(30, 30)], mode).to_vec::<i32>(), [7; 61]);
        }
    });
}
