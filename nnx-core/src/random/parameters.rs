//! Parameters of distributions: what is checked of them, and samples that take some.

use super::bits::float_sample;
use super::key::Key;
use crate::array::{IntoShape, Operand, broadcast_shapes, invalid, one_program};
use crate::graph::Array;
use crate::value::DType;

/// A parameter: its name, its value, and which numbers it may be.
pub(super) type GivenParameter<'a> = (&'static str, &'a dyn Operand, Range);

/// Which numbers a parameter may be. Held against Rust's numbers; what an array holds is known to the
/// device alone.
#[derive(Clone, Copy)]
pub(super) enum Range {
    Any,
    Positive,
    NotNegative,
    /// (0, 1].
    Chance,
    /// [0, 1].
    Probability,
}

impl Range {
    /// Stops at a number outside.
    #[track_caller]
    pub(super) fn check(self, op: &str, name: &str, value: &dyn Operand) {
        let Some(number) = value.number() else { return };
        let (holds, what) = match self {
            Range::Any => (true, ""),
            Range::Positive => (number > 0.0, "positive"),
            Range::NotNegative => (number >= 0.0, "0 or positive"),
            Range::Chance => (number > 0.0 && number <= 1.0, "above 0 and at most 1"),
            Range::Probability => ((0.0..=1.0).contains(&number), "from 0 to 1"),
        };
        if !holds {
            invalid(op, format!("`{name}` must be {what}, got {number}"));
        }
    }
}

/// A parameter of a distribution in `dtype`, which must broadcast to the sample's shape.
#[track_caller]
pub(super) fn parameter(op: &str, value: &dyn Operand, dtype: DType, shape: &[usize]) -> Array {
    let value = value.array(dtype);
    check_broadcast(op, "parameter", &value, value.shape(), shape);
    value
}

/// Stops if `part`, the shape of `value` or the front of it, does not broadcast to `shape`.
#[track_caller]
pub(super) fn check_broadcast(
    op: &str,
    what: &str,
    value: &Array,
    part: &[usize],
    shape: &[usize],
) {
    if broadcast_shapes(part, shape).as_deref() == Some(shape) {
        return;
    }
    let aval = value.aval();
    let message = if part.len() == value.rank() {
        format!("the {what} {aval} does not broadcast to the shape {shape:?}")
    } else {
        format!("the shape {part:?} of the {what} {aval} does not broadcast to {shape:?}")
    };
    invalid(op, message);
}

/// A float sample of `shape` by `body`, which is given the key, the parameters in `dtype` and the shape.
#[track_caller]
pub(super) fn float_program(
    op: &'static str,
    key: &Key,
    shape: impl IntoShape,
    dtype: DType,
    parameters: &[GivenParameter<'_>],
    body: impl FnOnce(&Array, &[Array], &[usize]) -> Array,
) -> Array {
    let shape = float_sample(op, shape, dtype);
    program(op, key, &shape, dtype, parameters, body)
}

/// A sample of `shape` with parameters in `dtype`; `op` is its name with the module's.
#[track_caller]
pub(super) fn program(
    op: &'static str,
    key: &Key,
    shape: &[usize],
    dtype: DType,
    parameters: &[GivenParameter<'_>],
    body: impl FnOnce(&Array, &[Array], &[usize]) -> Array,
) -> Array {
    let mut args = vec![key.single(op).clone()];
    for (name, value, range) in parameters {
        range.check(op, name, *value);
        args.push(parameter(op, *value, dtype, shape));
    }
    let name = op.strip_prefix("random::").unwrap_or(op);
    one_program(name, &args, |args| body(&args[0], &args[1..], shape))
}
