//! Comparing arrays with values from JAX.

use nnx_core::{Array, DType};

pub(crate) const NAN: f64 = f64::NAN;
pub(crate) const INF: f64 = f64::INFINITY;

/// The dtype that a result should have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Want {
    Exactly(DType),
    /// i32 or i64: indices and counts are i64 in JAX with 64 bits enabled, and i32 here.
    AnyInt,
}

pub(crate) use names::*;
#[allow(non_upper_case_globals)]
mod names {
    use super::Want;
    use nnx_core::DType;
    pub(crate) const F64: Want = Want::Exactly(DType::F64);
    pub(crate) const I32: Want = Want::Exactly(DType::I32);
    pub(crate) const U8: Want = Want::Exactly(DType::U8);
    pub(crate) const Bool: Want = Want::Exactly(DType::Bool);
    pub(crate) const C128: Want = Want::Exactly(DType::C128);
    pub(crate) const Ints: Want = Want::AnyInt;
}

/// What differs from JAX.
#[derive(Default)]
pub(crate) struct Wrong(Vec<String>);

/// The elements as f64; real and imaginary parts in turn.
pub(crate) fn numbers(x: &Array) -> Vec<f64> {
    if x.dtype().is_complex() {
        let (re, im) = (numbers(&x.real()), numbers(&x.imag()));
        return re.into_iter().zip(im).flat_map(|(a, b)| [a, b]).collect();
    }
    x.astype(DType::F64).to_vec::<f64>()
}

impl Wrong {
    pub(crate) fn check(
        &mut self,
        name: &str,
        got: &Array,
        dtype: Want,
        shape: &[usize],
        want: &[f64],
        tolerance: f64,
    ) {
        let fits = match dtype {
            Want::Exactly(dtype) => got.dtype() == dtype,
            Want::AnyInt => matches!(got.dtype(), DType::I32 | DType::I64),
        };
        if !fits || got.shape() != shape {
            self.0.push(format!("{name}: is {}, should be {dtype:?}{shape:?}", got.aval()));
        } else if let Some(why) = crate::check::difference(&numbers(got), want, tolerance) {
            self.0.push(format!("{name}: {why}"));
        }
    }

    #[track_caller]
    pub(crate) fn none(self) {
        assert!(self.0.is_empty(), "{} wrong:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// A name, a call that must be refused, and what its message must say.
type Refusal<'a> = (&'a str, &'a dyn Fn() -> Array, &'a [&'a str]);

/// The messages of calls that must be refused each hold all of their words.
#[track_caller]
pub(crate) fn refused(table: &[Refusal<'_>]) {
    let mut wrong = Vec::new();
    for (name, f, words) in table {
        let hook = std::panic::AssertUnwindSafe(f);
        match std::panic::catch_unwind(|| drop(hook())) {
            Ok(()) => wrong.push(format!("{name}: was not refused")),
            Err(payload) => {
                let text = payload
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string()))
                    .unwrap_or_default();
                let missing: Vec<_> = words.iter().filter(|w| !text.contains(**w)).collect();
                if !missing.is_empty() || !text.contains(file_name()) {
                    wrong.push(format!("{name}: no {missing:?} in `{text}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The caller's line is in every message.
fn file_name() -> &'static str {
    "tests/numeric/"
}
