//! The logarithm of the beta function without the difference of two great logarithms.

use super::{Array, select};

/// log |B(a, b)|, of floats of one dtype and shape.
pub(super) fn log_beta(a: &Array, b: &Array) -> Array {
    let (a, b) = (a.minimum(b), a.maximum(b));
    let near = a.lgamma() + (b.lgamma() - (&a + &b).lgamma());
    let far = b.ge(LEAST).logical_and((&a + &b).ge(LEAST));
    // Elsewhere at a point where the derivatives are finite.
    let (a, b) = (select(&far, &a, a.ones_like()), select(&far, &b, b.full_like(LEAST)));
    // log Γ(b) − log Γ(a + b), each by Stirling's formula.
    let slow = (&a + (&b - 0.5)) * (&a / &b).log1p() + &a * (b.log() - 1.0);
    let difference = stirling(&b) - stirling(&(&a + &b)) - slow;
    select(&far, &(a.lgamma() + difference), &near)
}

/// From here on, the terms below are enough for f64.
const LEAST: f64 = 8.0;

/// The rest of log Γ(x) after the main terms of Stirling's formula. Abramowitz and Stegun, 6.1.41.
fn stirling(x: &Array) -> Array {
    const TERMS: [f64; 5] = [1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];
    let inverse = 1.0 / x;
    let square = inverse.square();
    let first = square.full_like(-691.0 / 360_360.0);
    TERMS.into_iter().fold(first, |sum, term| sum * &square + term) * inverse
}
