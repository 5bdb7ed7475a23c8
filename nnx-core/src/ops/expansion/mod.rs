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

pub(super) use zeta::zeta_by_exponent;

use crate::graph::{Array, lower, trace};
use crate::lower::Lowered;
use crate::value::{Aval, DType};

/// What a formula works on: operands of one shape and dtype, f32 or f64.
type Formula = fn(&[Array]) -> Array;

fn formula(opcode: &str) -> Option<Formula> {
    Some(match opcode {
        "chlo.acos" => |x| trigonometric::acos(&x[0]),
        "chlo.acosh" => |x| trigonometric::acosh(&x[0]),
        "chlo.asin" => |x| trigonometric::asin(&x[0]),
        "chlo.asinh" => |x| trigonometric::asinh(&x[0]),
        "chlo.atanh" => |x| trigonometric::atanh(&x[0]),
        "chlo.cosh" => |x| trigonometric::cosh(&x[0]),
        "chlo.sinh" => |x| trigonometric::sinh(&x[0]),
        "chlo.bessel_i1e" => |x| bessel::i1e(&x[0]),
        "chlo.erf_inv" => |x| error::erf_inv(&x[0]),
        "chlo.erfc" => |x| error::erfc(&x[0]),
        "chlo.lgamma" => |x| gamma::lgamma(&x[0]),
        "chlo.digamma" => |x| gamma::digamma(&x[0]),
        "chlo.polygamma" => |x| gamma::polygamma(&x[0], &x[1]),
        "chlo.zeta" => |x| zeta::zeta(&x[0], &x[1]),
        _ => return None,
    })
}

/// The function that `opcode` names of operands of one shape and dtype; `None` if there is no
/// formula for it.
fn apply(opcode: &str, x: &[Array]) -> Option<Array> {
    if opcode == "chlo.next_after" {
        // Neighbours among the numbers of the dtype itself.
        return Some(next::next_after(&x[0], &x[1]));
    }
    let formula = formula(opcode)?;
    let own = x[0].dtype();
    if own.size() >= 4 {
        return Some(formula(x));
    }
    let wide: Vec<Array> = x.iter().map(|x| x.astype(DType::F32)).collect();
    Some(formula(&wide).astype(own))
}

/// The program of the function that `opcode` names for operands of these types; `None` if there is
/// no formula for it.
pub(crate) fn expand(opcode: &str, ins: &[Aval]) -> Option<Lowered> {
    let (closed, found) = trace(opcode, ins, |x| {
        let out = apply(opcode, x);
        let found = out.is_some();
        (Vec::from_iter(out), found)
    });
    debug_assert!(closed.captures.is_empty(), "a formula captures arrays");
    found.then(|| lower(&closed.graph))
}

/// The polynomial with these coefficients, the highest power first.
fn polynomial(x: &Array, coefficients: &[f64]) -> Array {
    let mut sum = x.full_like(coefficients[0]);
    for &c in &coefficients[1..] {
        sum = sum * x + c;
    }
    sum
}
