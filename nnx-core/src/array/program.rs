//! Functions made of several operations that run as one program outside of a trace.

use super::arith::broadcast_shapes;
use super::axes::invalid;
use super::{Operand, one_program};
use crate::error::{catching, or_raise};
use crate::graph::{Array, user_location, with_location};
use crate::run::staged;
use crate::value::{DType, PromotionKind, promote, promote_dtypes};

/// Which dtype the operands of a function are computed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compute {
    /// The dtype that the operands meet in.
    Promoted,
    /// That dtype, bool becoming i32.
    Numeric,
    /// That dtype, or f32 where it is not a float.
    Inexact,
}

impl Compute {
    pub(crate) fn dtype(self, dtype: DType) -> DType {
        match self {
            Compute::Numeric if dtype == DType::Bool => DType::I32,
            Compute::Inexact => dtype.inexact(),
            _ => dtype,
        }
    }
}

/// A function of one array that is computed in floats.
#[track_caller]
pub(crate) fn unary(name: &str, x: &Array, body: impl FnOnce(&Array) -> Array) -> Array {
    one_program(name, std::slice::from_ref(x), |args| body(&args[0].to_inexact()))
}

/// The array itself, or the number in the dtype that it is to have.
#[track_caller]
fn raw(x: &dyn Operand, dtype: DType) -> Array {
    match x.kind() {
        PromotionKind::Strong(own) => x.array(own),
        _ => x.array(dtype),
    }
}

/// A function of two operands in one dtype and shape.
#[track_caller]
pub(crate) fn binary(
    name: &str,
    compute: Compute,
    a: &dyn Operand,
    b: &dyn Operand,
    body: impl FnOnce(&Array, &Array) -> Array,
) -> Array {
    let dtype = compute.dtype(promote(a.kind(), b.kind()));
    let args = [raw(a, dtype), raw(b, dtype)];
    let shape = common_shape(name, &[&args[0], &args[1]]);
    one_program(name, &args, |args| {
        let meet = |x: &Array| x.astype(dtype).broadcast_to_dims(&shape);
        body(&meet(&args[0]), &meet(&args[1]))
    })
}

/// A function of three operands in one dtype and shape.
#[track_caller]
pub(crate) fn ternary(
    name: &str,
    compute: Compute,
    operands: [&dyn Operand; 3],
    body: impl FnOnce(&[Array]) -> Array,
) -> Array {
    let [a, b, c] = operands;
    let first = promote(a.kind(), b.kind());
    let both = match (a.kind(), b.kind(), c.kind()) {
        // Two numbers leave the choice to the third operand.
        (
            PromotionKind::WeakInt | PromotionKind::WeakFloat,
            PromotionKind::WeakInt | PromotionKind::WeakFloat,
            PromotionKind::Strong(_),
        ) => promote(promote_weak(a.kind(), b.kind()), c.kind()),
        (_, _, kind) => promote(PromotionKind::Strong(first), kind),
    };
    let dtype = compute.dtype(both);
    let args = [raw(a, dtype), raw(b, dtype), raw(c, dtype)];
    let shape = common_shape(name, &[&args[0], &args[1], &args[2]]);
    one_program(name, &args, |args| {
        let args: Vec<Array> =
            args.iter().map(|x| x.astype(dtype).broadcast_to_dims(&shape)).collect();
        body(&args)
    })
}

/// A function of any number of operands in one dtype and shape, real numbers all.
#[track_caller]
pub(crate) fn together(
    name: &str,
    operands: &[&dyn Operand],
    body: impl FnOnce(&[Array]) -> Array,
) -> Array {
    // Arrays decide before numbers.
    let arrays = operands.iter().filter_map(|p| match p.kind() {
        PromotionKind::Strong(own) => Some(own),
        _ => None,
    });
    let strong = arrays.reduce(promote_dtypes).unwrap_or(DType::F32);
    let dtype =
        operands.iter().fold(strong, |dtype, p| promote(PromotionKind::Strong(dtype), p.kind()));
    let dtype = Compute::Inexact.dtype(dtype);
    let args: Vec<Array> = operands.iter().map(|&p| raw(p, dtype)).collect();
    if dtype.is_complex() {
        let all: Vec<String> = args.iter().map(|a| a.aval().to_string()).collect();
        invalid(name, format!("takes real numbers, got {}", all.join(" and ")));
    }
    let shape = common_shape(name, &args.iter().collect::<Vec<_>>());
    one_program(name, &args, |args| {
        let met: Vec<Array> =
            args.iter().map(|x| x.astype(dtype).broadcast_to_dims(&shape)).collect();
        body(&met)
    })
}

fn promote_weak(a: PromotionKind, b: PromotionKind) -> PromotionKind {
    if a == PromotionKind::WeakFloat || b == PromotionKind::WeakFloat {
        PromotionKind::WeakFloat
    } else {
        PromotionKind::WeakInt
    }
}

/// The shape that all operands broadcast to.
#[track_caller]
pub(crate) fn common_shape(name: &str, args: &[&Array]) -> Vec<usize> {
    let mut shape = Vec::new();
    for arg in args {
        match broadcast_shapes(&shape, arg.shape()) {
            Some(wider) => shape = wider,
            None => {
                let all: Vec<String> = args.iter().map(|a| a.aval().to_string()).collect();
                let all = all.join(" and ");
                let rule = "sizes must be equal or 1, counted from the last axis";
                invalid(name, format!("{all} do not broadcast: {rule}"))
            }
        }
    }
    shape
}

/// Several arrays from several by operations that become one program.
#[track_caller]
pub(crate) fn program(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Vec<Array> {
    let location = user_location();
    // Caught, so that a mistake in the body stops at the user's line.
    or_raise(
        catching(|| staged(name, args, |args| with_location(location, || body(args)))).flatten(),
    )
}

/// [`program`] with two results.
#[track_caller]
pub(crate) fn program2(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> (Array, Array),
) -> (Array, Array) {
    let outs = program(name, args, |args| {
        let (a, b) = body(args);
        vec![a, b]
    });
    match <[Array; 2]>::try_from(outs) {
        Ok([a, b]) => (a, b),
        Err(_) => unreachable!("the body has two results"),
    }
}
