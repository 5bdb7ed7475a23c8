//! Inverse trigonometric and hyperbolic functions by identities that lose no digits (DLMF 4.23,
//! 4.35 to 4.37; Kahan (1987), "Branch cuts for complex elementary functions").

use crate::array::{complex, finfo, select};
use crate::graph::Array;
use std::f64::consts::LN_2;

/// √(1 − x²).
fn cosine(x: &Array) -> Array {
    ((1.0 - x) * (1.0 + x)).sqrt()
}

pub(super) fn asin(x: &Array) -> Array {
    x.atan2(1.0 + cosine(x)) * 2.0
}

pub(super) fn acos(x: &Array) -> Array {
    cosine(x).atan2(x)
}

/// log(x + √(x² − 1)).
pub(super) fn acosh(x: &Array) -> Array {
    let above = x - 1.0;
    // Two roots, so that it is NaN below −1 too.
    let near = (&above + above.sqrt() * (x + 1.0).sqrt()).log1p();
    select(x.gt(large(x)), &(x.log() + LN_2), &near)
}

/// log(x + √(x² + 1)) for x ≥ 0; odd.
pub(super) fn asinh(x: &Array) -> Array {
    let size = x.abs();
    let square = &size * &size;
    let near = (&size + &square / (1.0 + (&square + 1.0).sqrt())).log1p();
    let value = select(size.gt(large(x)), &(size.log() + LN_2), &near);
    // Zero keeps its sign.
    select(x.eq(0.0), x, &(x.sign() * value))
}

/// Half of log((1 + x) / (1 − x)).
pub(super) fn atanh(x: &Array) -> Array {
    let size = x.abs();
    let value = (&size * 2.0 / (1.0 - &size)).log1p() * 0.5;
    let value = select(size.gt(1.0), value.full_like(f64::NAN), &value);
    select(x.eq(0.0), x, &(x.sign() * value))
}

/// From where on the square of a number overflows, or adding 1 to it changes nothing.
fn large(x: &Array) -> f64 {
    finfo(x.dtype()).max.sqrt() / 2.0
}

/// √(eˣ) for x ≥ 0: its square would overflow before the result does.
fn root_of_exp(x: &Array) -> Array {
    (x.abs() * 0.5).exp()
}

pub(super) fn cosh(x: &Array) -> Array {
    let root = root_of_exp(x);
    &root * 0.5 * &root + 0.5 / &root / &root
}

pub(super) fn sinh(x: &Array) -> Array {
    let root = root_of_exp(x);
    let far = &root * 0.5 * &root - 0.5 / &root / &root;
    let far = select(x.lt(0.0), &-&far, &far);
    // By eˣ − 1, whose digits are all good where eˣ is near 1.
    let small = x.expm1();
    let near = (&small + &small / (&small + 1.0)) * 0.5;
    let value = select(x.abs().lt(1.0), &near, &far);
    select(x.eq(0.0), x, &value)
}

/// sin(a + bi) = sin a cosh b + i cos a sinh b.
pub(super) fn complex_sin(x: &Array) -> Array {
    let (a, b) = (x.real(), x.imag());
    // Not 0 · ∞ on the imaginary axis.
    let real = select(a.eq(0.0), &a, &(a.sin() * cosh(&b)));
    complex(real, a.cos() * sinh(&b))
}

/// cos(a + bi) = cos a cosh b − i sin a sinh b.
pub(super) fn complex_cos(x: &Array) -> Array {
    let (a, b) = (x.real(), x.imag());
    let imaginary = select(a.eq(0.0), &(&a * b.sign()), &(a.sin() * sinh(&b)));
    complex(a.cos() * cosh(&b), -imaginary)
}
