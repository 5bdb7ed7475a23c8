//! x log y and the entropies that are made of it.

use crate::array::program::{Compute, binary, unary};
use crate::array::{AsArray, Operand, real_only, select};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp};
use crate::rewrite::add_tangents;

/// x log y, 0 where x is 0. `jax.scipy.special.xlogy`.
///
/// ```
/// use nnx::{Array, special::xlogy};
/// assert_eq!(xlogy(Array::scalar(0.0_f32), 0.0).item::<f32>(), 0.0); // 0 · −∞ is NaN
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn xlogy(x: impl Operand, y: impl Operand) -> Array {
    binary("xlogy", Compute::Inexact, &x, &y, |x, y| custom_jvp(XLogY { one_plus: false }, &[x, y]))
}

/// x log(1 + y), 0 where x is 0. `jax.scipy.special.xlog1py`.
///
/// ```
/// use nnx::{Array, special::xlog1py};
/// assert!((xlog1py(Array::scalar(2.0_f32), 1e-5).item::<f32>() - 1.99999e-5).abs() < 1e-9);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn xlog1py(x: impl Operand, y: impl Operand) -> Array {
    binary("xlog1py", Compute::Inexact, &x, &y, |x, y| {
        custom_jvp(XLogY { one_plus: true }, &[x, y])
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct XLogY {
    /// log(1 + y) in place of log y.
    one_plus: bool,
}

impl CustomJvp for XLogY {
    const NAME: &'static str = "xlogy";
    fn params(&self) -> String {
        format!("one_plus={}", self.one_plus)
    }
    fn body(&self, args: &[Array]) -> Array {
        let (x, y) = (&args[0], &args[1]);
        let zero = x.eq(0.0) & y.eq(y);
        let log = if self.one_plus { y.log1p() } else { y.log() };
        select(&zero, x.zeros_like(), &(x * log))
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (x, y) = (&cx.primals[0], &cx.primals[1]);
        let by_x = cx.tangent(0).map(|t| t * if self.one_plus { y.log1p() } else { y.log() });
        // Backward a slope times x comes first: x / y may overflow where no slope is wanted.
        let by_y = cx.tangent(1).map(|t| if self.one_plus { t / (1.0 + y) * x } else { t / y * x });
        add_tangents(by_x, by_y)
    }
}

/// −x log x, 0 at 0, −∞ below. `jax.scipy.special.entr`.
///
/// ```
/// use nnx::{Array, special::entr};
/// // The entropy of four equally likely results: log 4.
/// let p = Array::from([0.25_f32, 0.25, 0.25, 0.25, 0.0]);
/// assert!((entr(&p).sum(..).item::<f32>() - 4.0_f32.ln()).abs() < 1e-4);
/// ```
#[track_caller]
pub fn entr(x: impl AsArray) -> Array {
    unary("entr", x.as_array(), |x| {
        real_only("entr", x);
        let negative = x.lt(0.0);
        select(&negative, x.full_like(f64::NEG_INFINITY), custom_jvp(Entropy, &[x]))
    })
}

/// −x log x.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Entropy;

impl CustomJvp for Entropy {
    const NAME: &'static str = "entr";
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let zero = x.eq(0.0);
        let safe = select(&zero, x.ones_like(), x);
        -(x * safe.log())
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        Some(-(cx.tangent(0)? * (cx.primals[0].log() + 1.0)))
    }
}

/// x log(x / y): 0 where x is 0 and y ≥ 0, ∞ where one is negative or y is 0.
/// `jax.scipy.special.rel_entr`.
///
/// ```
/// use nnx::{Array, special::rel_entr};
/// // The distance of q from p; an outcome that p does not have counts for nothing.
/// let (p, q) = (Array::from([0.5_f32, 0.5, 0.0]), Array::from([0.25_f32, 0.25, 0.5]));
/// assert!((rel_entr(&p, &q).sum(..).item::<f32>() - 2.0_f32.ln()).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn rel_entr(x: impl Operand, y: impl Operand) -> Array {
    binary("rel_entr", Compute::Inexact, &x, &y, |x, y| {
        real_only("rel_entr", x);
        relative_entropy(x, y)
    })
}

#[track_caller]
fn relative_entropy(x: &Array, y: &Array) -> Array {
    let both = x.gt(0.0) & y.gt(0.0);
    let none = x.eq(0.0) & y.ge(0.0);
    let (one, zero) = (x.ones_like(), x.zeros_like());
    let (safe_x, safe_y) = (select(&both, x, &one), select(&both, y, &one));
    let value = custom_jvp(XLogY { one_plus: false }, &[&safe_x, &safe_x])
        - custom_jvp(XLogY { one_plus: false }, &[&safe_x, &safe_y]);
    let other = select(&none, &zero, x.full_like(f64::INFINITY));
    select(&both, &value, &other)
}

/// x log(x / y) − x + y. `jax.scipy.special.kl_div`.
///
/// ```
/// use nnx::{Array, special::kl_div};
/// assert!((kl_div(Array::scalar(1.0), 2.0).item::<f64>() - (1.0 - 2.0_f64.ln())).abs() < 1e-6);
/// ```
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn kl_div(x: impl Operand, y: impl Operand) -> Array {
    binary("kl_div", Compute::Inexact, &x, &y, |x, y| {
        real_only("kl_div", x);
        relative_entropy(x, y) - x + y
    })
}
