//! Functions that CHLO has and HLO has not, as formulas over arrays. A file per family; each is
//! computed in f32 for narrower floats.

mod bessel;
mod error;
mod gamma;
mod next;
#[cfg(test)]
mod tests;
mod trigonometric;
mod zeta;

pub(crate) use error::erfcx;
pub(crate) use gamma::{LANCZOS, LANCZOS_FIRST, LANCZOS_G};
pub(super) use zeta::zeta_by_exponent;

use crate::graph::{Array, Body, Builder, Closed, trace};
use crate::lower::{Chlo, Direction, Id, Ids, Opcode};
use crate::ops::Compare;
use crate::value::{Aval, DType, scalar_bytes};
use crate::xla::Dialect;
use smallvec::smallvec;

/// A formula of operands of one shape and dtype, f32 or f64.
type Formula = fn(&[Array]) -> Array;

/// A name for the formula, and the formula itself.
fn formula(function: Chlo) -> (&'static str, Formula) {
    match function {
        Chlo::Acos => ("acos", |x| trigonometric::acos(&x[0])),
        Chlo::Acosh => ("acosh", |x| trigonometric::acosh(&x[0])),
        Chlo::Asin => ("asin", |x| trigonometric::asin(&x[0])),
        Chlo::Asinh => ("asinh", |x| trigonometric::asinh(&x[0])),
        Chlo::Atanh => ("atanh", |x| trigonometric::atanh(&x[0])),
        Chlo::BesselI1e => ("bessel_i1e", |x| bessel::i1e(&x[0])),
        Chlo::Cosh => ("cosh", |x| trigonometric::cosh(&x[0])),
        Chlo::Digamma => ("digamma", |x| gamma::digamma(&x[0])),
        Chlo::ErfInv => ("erf_inv", |x| error::erf_inv(&x[0])),
        Chlo::Erfc => ("erfc", |x| error::erfc(&x[0])),
        Chlo::Lgamma => ("lgamma", |x| gamma::lgamma(&x[0])),
        Chlo::NextAfter => ("next_after", |x| next::next_after(&x[0], &x[1])),
        Chlo::Polygamma => ("polygamma", |x| gamma::polygamma(&x[0], &x[1])),
        Chlo::Sinh => ("sinh", |x| trigonometric::sinh(&x[0])),
        Chlo::Zeta => ("zeta", |x| zeta::zeta(&x[0], &x[1])),
    }
}

/// The function by its formula, of operands of one shape and dtype.
fn apply(function: Chlo, x: &[Array]) -> Array {
    let (_, formula) = formula(function);
    let own = x[0].dtype();
    // Neighbours are those among the numbers of the dtype itself.
    if own.size() >= 4 || function == Chlo::NextAfter {
        return formula(x);
    }
    let wide: Vec<Array> = x.iter().map(|x| x.astype(DType::F32)).collect();
    formula(&wide).astype(own)
}

/// An elementwise operation; where the dialect has no instruction for it, a call of its formula.
pub(super) fn lower(b: &mut Builder, opcode: Opcode, ins: &[Id], out: &Aval) -> Ids {
    match opcode {
        // XLA takes eʸ − e⁻ʸ of small y here, too.
        Opcode::Chlo(Chlo::Sinh) if out.dtype().is_complex() => {
            called(b, "sinh", ins, out, |x| trigonometric::complex_sinh(&x[0]))
        }
        Opcode::Chlo(Chlo::Cosh) if out.dtype().is_complex() => {
            called(b, "cosh", ins, out, |x| trigonometric::complex_cosh(&x[0]))
        }
        Opcode::Chlo(function) if !b.has(opcode) && out.dtype().is_complex() => {
            called(b, formula(function).0, ins, out, |x| complex_formula(function, &x[0]))
        }
        Opcode::Chlo(function) if !b.has(opcode) => {
            called(b, formula(function).0, ins, out, |x| apply(function, x))
        }
        // XLA takes eʸ − e⁻ʸ of small imaginary parts y, which cancels.
        Opcode::Sine if out.dtype().is_complex() => {
            called(b, "sin", ins, out, |x| trigonometric::complex_sin(&x[0]))
        }
        Opcode::Cosine if out.dtype().is_complex() => {
            called(b, "cos", ins, out, |x| trigonometric::complex_cos(&x[0]))
        }
        Opcode::Exponential | Opcode::ExponentialMinusOne
            if b.dialect() == Dialect::Hlo && out.dtype().is_float() =>
        {
            smallvec![exponential(b, opcode, ins[0], out)]
        }
        _ => smallvec![b.op(opcode, ins, out, vec![])],
    }
}

/// Of the functions that take complex numbers.
fn complex_formula(function: Chlo, z: &Array) -> Array {
    match function {
        Chlo::Acos => trigonometric::complex_acos(z),
        Chlo::Acosh => trigonometric::complex_acosh(z),
        Chlo::Asin => trigonometric::complex_asin(z),
        Chlo::Asinh => trigonometric::complex_asinh(z),
        Chlo::Atanh => trigonometric::complex_atanh(z),
        Chlo::Cosh => trigonometric::complex_cosh(z),
        Chlo::Sinh => trigonometric::complex_sinh(z),
        _ => unreachable!("{function:?} takes no complex numbers"),
    }
}

/// The inverse tangent of complex numbers, for which no dialect has an instruction.
pub(super) fn complex_atan(b: &mut Builder, x: Id, out: &Aval) -> Ids {
    called(b, "atan", &[x], out, |x| trigonometric::complex_atan(&x[0]))
}

/// A call of a formula.
fn called(
    b: &mut Builder,
    name: &'static str,
    ins: &[Id],
    out: &Aval,
    formula: impl FnOnce(&[Array]) -> Array,
) -> Ids {
    let avals: Vec<Aval> = ins.iter().map(|&id| b.aval(id)).collect();
    let (Closed { graph, captures, .. }, ()) = trace(name, &avals, |x| (vec![formula(x)], ()));
    debug_assert!(captures.is_empty(), "a formula captures arrays");
    b.call(&name.into(), &Body::from(graph), ins, &[out])
}

/// An exponential function that hands NaN on by itself.
///
/// XLA's C++ library, which takes HLO, computes it under the assumption that there is no NaN. Where its compiler can
/// tell that x is one, as in `exp(where(false, x, NaN))`, it leaves the result unwritten: whatever was in the memory.
fn exponential(b: &mut Builder, opcode: Opcode, x: Id, out: &Aval) -> Id {
    let is_nan = Compare(Direction::Ne);
    let is_nan =
        b.op(Opcode::Compare, &[x, x], &out.with_dtype(DType::Bool), is_nan.attrs(out.dtype()));
    let zero = b.splat(out, &scalar_bytes(out.dtype(), 0.0));
    let number = b.op(Opcode::Select, &[is_nan, zero, x], out, vec![]);
    let exponential = b.op(opcode, &[number], out, vec![]);
    b.op(Opcode::Select, &[is_nan, x, exponential], out, vec![])
}

/// The polynomial with these coefficients, the highest power first.
pub(crate) fn polynomial(x: &Array, coefficients: &[f64]) -> Array {
    let mut sum = x.full_like(coefficients[0]);
    for &c in &coefficients[1..] {
        sum = sum * x + c;
    }
    sum
}
