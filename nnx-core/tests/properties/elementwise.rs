//! Elementwise operations.

use crate::check::Case;
use crate::families::properties;
use nnx_core::Array;
use nnx_core::array::*;

pub(crate) type Unary = fn(&Array) -> Array;

/// Name, function, and where it is smooth.
pub(crate) const UNARY: &[(&str, Unary, f64, f64)] = &[
    ("neg", |x| -x, -3.0, 3.0),
    ("abs", |x| x.abs(), 0.1, 3.0),
    ("abs of negatives", |x| x.abs(), -3.0, -0.1),
    ("square", |x| x.square(), -3.0, 3.0),
    ("sign", |x| x.sign(), 0.1, 3.0),
    ("floor", |x| x.floor(), 0.1, 0.9),
    ("ceil", |x| x.ceil(), 0.1, 0.9),
    ("round", |x| x.round(), 0.6, 1.4),
    ("trunc", |x| x.trunc(), -0.9, -0.1),
    ("exp", |x| x.exp(), -2.0, 2.0),
    ("expm1", |x| x.expm1(), -2.0, 2.0),
    ("log", |x| x.log(), 0.3, 3.0),
    ("log1p", |x| x.log1p(), -0.7, 3.0),
    ("sqrt", |x| x.sqrt(), 0.3, 3.0),
    ("rsqrt", |x| x.rsqrt(), 0.4, 3.0),
    ("cbrt", |x| x.cbrt(), 0.4, 3.0),
    ("cbrt of negatives", |x| x.cbrt(), -3.0, -0.4),
    ("sin", |x| x.sin(), -4.0, 4.0),
    ("cos", |x| x.cos(), -4.0, 4.0),
    ("tan", |x| x.tan(), -1.1, 1.1),
    ("asin", |x| x.asin(), -0.8, 0.8),
    ("acos", |x| x.acos(), -0.8, 0.8),
    ("atan", |x| x.atan(), -3.0, 3.0),
    ("sinh", |x| x.sinh(), -2.0, 2.0),
    ("cosh", |x| x.cosh(), -2.0, 2.0),
    ("asinh", |x| x.asinh(), -3.0, 3.0),
    ("acosh", |x| x.acosh(), 1.3, 3.0),
    ("atanh", |x| x.atanh(), -0.8, 0.8),
    ("tanh", |x| x.tanh(), -2.0, 2.0),
    ("sigmoid", |x| x.sigmoid(), -4.0, 4.0),
    ("erf", |x| x.erf(), -2.0, 2.0),
    ("erfc", |x| x.erfc(), -2.0, 2.0),
    ("erf_inv", |x| x.erf_inv(), -0.8, 0.8),
    ("lgamma", |x| x.lgamma(), 0.4, 5.0),
    ("lgamma of negatives", |x| x.lgamma(), -1.8, -1.2),
    ("digamma", |x| x.digamma(), 0.5, 5.0),
    ("powi 0", |x| x.powi(0), -2.0, 2.0),
    ("powi 3", |x| x.powi(3), -2.0, 2.0),
    ("powi 7", |x| x.powi(7), -1.5, 1.5),
    ("powi -2", |x| x.powi(-2), 0.5, 2.0),
    ("clip", |x| x.clip(-0.5, 0.5), -0.4, 0.4),
    ("clipped", |x| x.clip(-0.5, 0.5), 0.6, 2.0),
];

pub(crate) type Binary = fn(&Array, &Array) -> Array;

/// Name, function, and where each operand is smooth.
pub(crate) const BINARY: &[(&str, Binary, [f64; 4])] = &[
    ("add", |x, y| x + y, [-2.0, 2.0, -2.0, 2.0]),
    ("sub", |x, y| x - y, [-2.0, 2.0, -2.0, 2.0]),
    ("mul", |x, y| x * y, [-2.0, 2.0, -2.0, 2.0]),
    ("div", |x, y| x / y, [-2.0, 2.0, 0.5, 2.0]),
    ("rem", |x, y| x % y, [0.6, 0.9, 0.4, 0.5]),
    ("rem of a negative", |x, y| x % y, [-0.9, -0.6, 0.4, 0.5]),
    ("pow", |x, y| x.pow(y), [0.4, 2.0, -2.0, 2.0]),
    ("maximum", |x, y| x.maximum(y), [0.6, 2.0, -2.0, 0.5]),
    ("minimum", |x, y| x.minimum(y), [0.6, 2.0, -2.0, 0.5]),
    ("atan2", |x, y| x.atan2(y), [0.3, 2.0, -2.0, -0.3]),
    ("where", |x, y| where_(&x.gt(y), x, y), [0.6, 2.0, -2.0, 0.5]),
    ("clip low", |x, y| x.clip(y, 10.0), [0.6, 2.0, -2.0, 0.5]),
    ("clip high", |x, y| x.clip(-10.0, y), [0.6, 2.0, -2.0, 0.5]),
];

#[test]
fn of_one_operand() {
    properties!("unary", 4, 2, |draw| {
        let case = |&(name, f, low, high): &(&'static str, Unary, f64, f64)| {
            Case::new(name, vec![draw.of(low, high)], move |x| f(&x[0]))
        };
        UNARY.iter().map(case).collect()
    });
}

/// One operand has the drawn shape, the other one that broadcasts to it.
#[test]
fn of_two_operands_that_broadcast() {
    properties!("binary", 4, 2, |draw| {
        let mut cases = Vec::new();
        for &(name, f, [a, b, c, d]) in BINARY {
            let (mut x, mut y) = (draw.shape.clone(), draw.smaller());
            if draw.flag() {
                std::mem::swap(&mut x, &mut y);
            }
            let args = vec![draw.floats(&x, a, b), draw.floats(&y, c, d)];
            cases.push(Case::new(name, args, move |x| f(&x[0], &x[1])));
        }
        cases
    });
}

/// Scalars of Rust combined with an array, and operands that are the same array.
#[test]
fn of_scalars_and_of_one_array_twice() {
    properties!("scalars", 3, 2, |draw| {
        let mut x = |low, high| vec![draw.of(low, high)];
        vec![
            Case::new("scalar - x", x(-2.0, 2.0), |x| 1.5 - &x[0]),
            Case::new("scalar / x", x(0.5, 2.0), |x| 2 / &x[0]),
            Case::new("x / scalar", x(0.5, 2.0), |x| &x[0] / 4),
            Case::new("x pow scalar", x(0.5, 2.0), |x| x[0].pow(2.5)),
            Case::new("x pow integer", x(-2.0, -0.5), |x| x[0].pow(3)),
            Case::new("scalar pow x", x(-1.0, 1.0), |x| x[0].full_like(2.0).pow(&x[0])),
            Case::new("x * x", x(-2.0, 2.0), |x| &x[0] * &x[0]),
            Case::new("x / x", x(0.5, 2.0), |x| &x[0] / &x[0] * &x[0]),
            Case::new("x pow x", x(0.5, 2.0), |x| x[0].pow(&x[0])),
        ]
    });
}
