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

/// i (a + bi) = −b + ai.
fn times_i(z: &Array) -> Array {
    complex(-z.imag(), z.real())
}

/// −i (a + bi) = b − ai.
fn by_i(z: &Array) -> Array {
    complex(z.imag(), -z.real())
}

pub(super) fn complex_sinh(z: &Array) -> Array {
    by_i(&complex_sin(&times_i(z)))
}

pub(super) fn complex_cosh(z: &Array) -> Array {
    complex_cos(&times_i(z))
}

/// √(1 − z) and √(1 + z).
fn roots(z: &Array) -> (Array, Array) {
    ((1.0 - z).sqrt(), (1.0 + z).sqrt())
}

pub(super) fn complex_asin(z: &Array) -> Array {
    let (minus, plus) = roots(z);
    let real = z.real().atan2((&minus * &plus).real());
    complex(real, (minus.conj() * plus).imag().asinh())
}

pub(super) fn complex_acos(z: &Array) -> Array {
    let (minus, plus) = roots(z);
    let real = minus.real().atan2(plus.real()) * 2.0;
    complex(real, (plus.conj() * minus).imag().asinh())
}

pub(super) fn complex_acosh(z: &Array) -> Array {
    let (below, above) = ((z - 1.0).sqrt(), (z + 1.0).sqrt());
    let imaginary = below.imag().atan2(above.real()) * 2.0;
    complex((below.conj() * above).real().asinh(), imaginary)
}

pub(super) fn complex_asinh(z: &Array) -> Array {
    by_i(&complex_asin(&times_i(z)))
}

/// ¼ log(1 + 4a / ((1 − a)² + b²)) + ½ i arg((1 − a)(1 + a) − b² + 2bi).
pub(super) fn complex_atanh(z: &Array) -> Array {
    let (a, b) = (z.real(), z.imag());
    let size = a.abs();
    let square = b.square();
    let near = 1.0 - &size;
    let far = (near.square() + &square).maximum(finfo(a.dtype()).tiny);
    // Far out the quotient loses its digits to overflow: there it is a / |z|².
    let large = size.maximum(b.abs()).gt(large(&a));
    let length = size.hypot(&b);
    let log = select(&large, &(&size / &length / &length), &((&size * 4.0 / far).log1p() * 0.25));
    let real = select(a.lt(0.0), &-&log, &log);
    let angle = (&b * 2.0).atan2(near * (1.0 + size) - square) * 0.5;
    let quarter = b.full_like(std::f64::consts::FRAC_PI_2).copysign(&b);
    complex(select(a.eq(0.0), &a, &real), select(&large, &quarter, &angle))
}

/// −i artanh(iz).
pub(super) fn complex_atan(z: &Array) -> Array {
    by_i(&times_i(z).atanh())
}
