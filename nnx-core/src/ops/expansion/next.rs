//! Neighbouring floats.

use crate::array::select;
use crate::graph::Array;
use crate::ops::Bitcast;
use crate::run::bind1;
use crate::value::DType;

/// The next float after `x` towards `y`: floats of one sign are in the order of their bits.
pub(super) fn next_after(x: &Array, y: &Array) -> Array {
    let bits = match x.dtype().size() {
        2 => DType::I16,
        4 => DType::I32,
        _ => DType::I64,
    };
    let pattern = bind1(Bitcast(bits), &[x]);
    let from_bits = |bits: &Array| bind1(Bitcast(x.dtype()), &[bits]);
    // Away from zero if y lies further out on the same side.
    let out = x.gt(0.0).eq(y.gt(x));
    let step = select(&out, pattern.ones_like(), &-pattern.ones_like());
    let moved = from_bits(&(&pattern + step));
    let least = from_bits(&pattern.ones_like());
    let from_zero = select(y.lt(0.0), &-&least, &least);
    let value = select(x.eq(0.0), &from_zero, &moved);
    let value = select(x.eq(y), y, &value);
    select(&(x.is_nan() | y.is_nan()), &(x + y), &value)
}
