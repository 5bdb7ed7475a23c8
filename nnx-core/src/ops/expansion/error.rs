//! The error function's relatives.

use super::polynomial;
use crate::array::select;
use crate::graph::Array;
use crate::ops::special::chebyshev;
use crate::value::DType;

/// 1 − erf(x), without the loss of digits where erf(x) is near 1: Shepherd and Laframboise (1981),
/// "Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞". The coefficients were
/// computed with 60 digits.
pub(super) fn erfc(x: &Array) -> Array {
    let size = x.abs();
    // exp(−x²), where the square is taken apart because its rounding would count x² times: that of
    // a number of few bits is exact.
    let most = (&size * 16.0).round() / 16.0;
    let scale = (-(&most * &most)).exp() * (-((&size - &most) * (&size + &most))).exp();
    let tail = scaled(&size) * scale / (1.0 + &size * 2.0);
    // Infinity has no place on the scale.
    let limit = if x.dtype() == DType::F64 { 27.5 } else { 11.0 };
    let tail = select(size.gt(limit), tail.zeros_like(), &tail);
    let tail = select(x.lt(0.0), &(2.0 - &tail), &tail);
    select(size.lt(0.5), &(1.0 - x.erf()), &tail)
}

/// (1 + 2x) exp(x²) erfc(x) for 0 ≤ x < ∞.
fn scaled(x: &Array) -> Array {
    chebyshev(&((x - 3.75) / (x + 3.75)), &SCALED)
}

/// exp(x²) erfc(x) for 0 ≤ x ≤ ∞.
pub(crate) fn erfcx(x: &Array) -> Array {
    scaled(&x.minimum(1e15)) / (1.0 + x * 2.0)
}

/// The inverse of erf: Giles (2010), "Approximating the erfinv function", a polynomial in
/// w = −log(1 − x²) or √w for each range of w.
pub(super) fn erf_inv(x: &Array) -> Array {
    let w = -(-(x * x)).log1p();
    let value = if x.dtype() == DType::F64 {
        let root = w.sqrt();
        let near = polynomial(&(&w - 3.125), &NEAR);
        let middle = polynomial(&(&root - 3.25), &MIDDLE);
        let far = polynomial(&(&root - 5.0), &FAR);
        select(w.lt(6.25), &near, select(w.lt(16.0), &middle, &far))
    } else {
        let near = polynomial(&(&w - 2.5), &NEAR_F32);
        let far = polynomial(&(w.sqrt() - 3.0), &FAR_F32);
        select(w.lt(5.0), &near, &far)
    };
    let infinite = x * f64::INFINITY;
    select(x.abs().eq(1.0), &infinite, &(value * x))
}

const NEAR: [f64; 23] = [
    -3.64441206401782e-21,
    -1.6850591381820166e-19,
    1.28584807152564e-18,
    1.1157877678025181e-17,
    -1.333171662854621e-16,
    2.0972767875968562e-17,
    6.637638134358324e-15,
    -4.054566272975207e-14,
    -8.151934197605472e-14,
    2.6335093153082323e-12,
    -1.2975133253453532e-11,
    -5.415412054294628e-11,
    1.0512122733215323e-9,
    -4.112633980346984e-9,
    -2.9070369957882005e-8,
    4.2347877827932404e-7,
    -1.3654692000834679e-6,
    -1.3882523362786469e-5,
    0.00018673420803405714,
    -0.000740702534166267,
    -0.006033670871430149,
    0.24015818242558962,
    1.6536545626831027,
];

const MIDDLE: [f64; 19] = [
    2.2137376921775787e-9,
    9.075656193888539e-8,
    -2.7517406297064545e-7,
    1.8239629214389228e-8,
    1.5027403968909828e-6,
    -4.013867526981546e-6,
    2.9234449089955446e-6,
    1.2475304481671779e-5,
    -4.7318229009055734e-5,
    6.828485145957318e-5,
    2.4031110387097894e-5,
    -0.0003550375203628475,
    0.0009532893797373805,
    -0.0016882755560235047,
    0.002491442096107851,
    -0.003751208507569241,
    0.005370914553590064,
    1.0052589676941592,
    3.0838856104922208,
];

const FAR: [f64; 17] = [
    -2.7109920616438573e-11,
    -2.555641816996525e-10,
    1.5076572693500548e-9,
    -3.789465440126737e-9,
    7.61570120807834e-9,
    -1.496002662714924e-8,
    2.914795345090108e-8,
    -6.771199775845234e-8,
    2.2900482228026655e-7,
    -9.9298272942317e-7,
    4.526062597223154e-6,
    -1.968177810553167e-5,
    7.599527703001776e-5,
    -0.00021503011930044477,
    -0.00013871931833623122,
    1.0103004648645344,
    4.849906401408584,
];

const NEAR_F32: [f64; 9] = [
    2.81022636e-8,
    3.43273939e-7,
    -3.5233877e-6,
    -4.39150654e-6,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
];

const FAR_F32: [f64; 9] = [
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
];

/// Chebyshev coefficients of (1 + 2x) exp(x²) erfc(x) for x ≥ 0 in (x − 3.75) / (x + 3.75).
const SCALED: [f64; 25] = [
    1.1775789345674017,
    -0.004590054580646478,
    -0.08424913336651792,
    0.05920993999819189,
    -0.026658668435305753,
    0.009074997670705265,
    -0.002413163540417608,
    0.0004907758365258086,
    -6.916973302501207e-5,
    4.13902798607301e-6,
    7.74038306619849e-7,
    -2.1886401049234397e-7,
    1.076499946567091e-8,
    4.521959811218287e-9,
    -7.754400208831351e-10,
    -6.318088340886684e-11,
    2.86879501093067e-11,
    1.9455868545777347e-13,
    -9.65469674843344e-13,
    3.25254814814874e-14,
    3.3478119482868056e-14,
    -1.864562880419313e-15,
    -1.2507950530688648e-15,
    7.418235256624044e-17,
    5.068148904796111e-17,
];
