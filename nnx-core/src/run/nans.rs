//! The search for the first NaN: results are looked at, and a program that gives one is taken apart.

use super::Env;
use crate::error::{Error, Result};
use crate::graph::{Array, Graph};
use crate::value::{Aval, DType};
use half::{bf16, f16};
use std::panic::Location;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The variable that turns the search on.
const VAR: &str = "NNX_DEBUG_NANS";

const OFF: u8 = 0;
const ON: u8 = 1;
/// The environment was not asked yet.
const UNKNOWN: u8 = 2;

static SEARCH: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Stops at the first NaN: from now on every jitted function and every operation outside of a trace that gives one
/// is an error, which names the operation that made it, and its line. `jax.debug_nans`.
///
/// It holds for the whole process, and is off until it is turned on, here or by `NNX_DEBUG_NANS=1` in the environment
/// when the process starts. A jitted function fails as it does for other errors of a run: as an `Err` if it returns a
/// `Result`, by a panic elsewhere; its arguments stay as they were.
///
/// Each call waits for its results then, and reads them; nothing is donated, and programs are not those of calls without
/// the search. Only results count: a NaN that a function gets rid of, as by [`where_`](crate::array::where_), is none.
/// Once there is one, the program runs again, with [`checkify`](crate::transform::checkify()) for a jitted function,
/// which finds the operation inside of loops and branches, and operation by operation elsewhere, where a loop is one
/// operation. Callbacks without results are not called again. Off, it costs nothing.
///
/// ```
/// use nnx::{Array, debug_nans};
/// debug_nans(true);
/// let x = Array::scalar(-1.0_f32);
/// let panics = std::panic::catch_unwind(|| x.log()).is_err();
/// debug_nans(false);
/// assert!(panics && x.log().item::<f32>().is_nan());
/// ```
pub fn debug_nans(on: bool) {
    SEARCH.store(if on { ON } else { OFF }, Relaxed);
}

/// Whether NaN is searched for.
#[inline]
pub(crate) fn is_searching() -> bool {
    match SEARCH.load(Relaxed) {
        UNKNOWN => ask_environment(),
        state => state == ON,
    }
}

#[cold]
fn ask_environment() -> bool {
    let value = std::env::var(VAR).unwrap_or_default().to_lowercase();
    let is_on = !["", "0", "off", "false"].contains(&value.as_str());
    let state = if is_on { ON } else { OFF };
    // Somebody may have set it meanwhile.
    SEARCH
        .compare_exchange(UNKNOWN, state, Relaxed, Relaxed)
        .map_or_else(|now| now == ON, |_| is_on)
}

/// Whether an array with these elements holds NaN.
pub(crate) fn has_nan(aval: &Aval, bytes: &[u8]) -> bool {
    fn any<const N: usize>(bytes: &[u8], is_nan: impl Fn([u8; N]) -> bool) -> bool {
        bytes.as_chunks::<N>().0.iter().any(|&element| is_nan(element))
    }
    match aval.dtype() {
        DType::F16 => any(bytes, |element| f16::from_le_bytes(element).is_nan()),
        DType::BF16 => any(bytes, |element| bf16::from_le_bytes(element).is_nan()),
        DType::F32 | DType::C64 => any(bytes, |element| f32::from_le_bytes(element).is_nan()),
        DType::F64 | DType::C128 => any(bytes, |element| f64::from_le_bytes(element).is_nan()),
        _ => false,
    }
}

/// The first of these arrays that holds NaN.
fn first(arrays: &[Array]) -> Result<Option<usize>> {
    for (i, array) in arrays.iter().enumerate() {
        let aval = array.try_aval()?;
        if aval.dtype().is_inexact() && has_nan(aval, &array.to_bytes()?) {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// Refuses results of an operation that hold NaN.
pub(super) fn check(op: &str, outs: &[Array], location: &'static Location<'static>) -> Result<()> {
    let Some(i) = first(outs)? else { return Ok(()) };
    let which = match outs.len() {
        1 => "its result".to_string(),
        count => format!("its result {i} of {count}"),
    };
    let message = format!("nan in {which}, {} (`debug_nans` is on)", outs[i].aval());
    Err(Error::Op { op: op.into(), message, location })
}

/// Refuses results of a program that hold NaN: the error is that of the first operation that gives it.
pub(super) fn check_program(
    name: &str,
    graph: &Graph,
    args: &[Array],
    outs: &[Array],
    location: &'static Location<'static>,
) -> Result<()> {
    let Err(error) = check(name, outs, location) else { return Ok(()) };
    let mut env = Env::new(graph, args);
    for node in graph.nodes.iter().filter(|node| !node.is_only_effect()) {
        let ins: Vec<Array> = node.ins.iter().map(|&v| env.get(v)).collect();
        let ins: Vec<&Array> = ins.iter().collect();
        let outs = super::eager::eager(
            node.op.clone(),
            &ins,
            graph.avals_of(&node.outs).into_iter().cloned().collect(),
            node.location,
        )?;
        for (&value, out) in node.outs.iter().zip(outs) {
            env.set(value, out);
        }
    }
    // One operation at a time makes none.
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_found_in_every_dtype_that_has_it() {
        let holds = |dtype, bytes: &[u8]| has_nan(&Aval::scalar(dtype), bytes);
        assert!(holds(DType::F16, &f16::NAN.to_le_bytes()));
        assert!(!holds(DType::F16, &f16::INFINITY.to_le_bytes()));
        assert!(holds(DType::BF16, &bf16::NAN.to_le_bytes()));
        assert!(!holds(DType::BF16, &bf16::NEG_INFINITY.to_le_bytes()));
        let two = |a: f32, b: f32| [a.to_le_bytes(), b.to_le_bytes()].concat();
        assert!(holds(DType::C64, &two(0.0, f32::NAN)) && holds(DType::F32, &two(1.0, -f32::NAN)));
        assert!(!holds(DType::C64, &two(f32::INFINITY, 0.0)));
        assert!(holds(DType::F64, &f64::NAN.to_le_bytes()));
        assert!(!holds(DType::F64, &f64::MAX.to_le_bytes()));
        assert!(holds(DType::C128, &[[0; 8], f64::NAN.to_le_bytes()].concat()));
        assert!(!holds(DType::U32, &[0xff; 4]));
    }
}
