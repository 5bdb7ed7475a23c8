//! Trees of arrays, leaf by leaf.

use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::{Statics, collect_leaves, paths, rebuild};
use crate::value::{Aval, DType};
use std::panic::Location;

/// The leaves of a tree.
pub(crate) fn leaves<M: Module>(tree: &M) -> Vec<Array> {
    collect_leaves(tree).into_iter().map(|leaf| leaf.array).collect()
}

/// A tree of the structure of `tree` with these leaves.
pub(crate) fn with_leaves<M: Module>(tree: &M, leaves: &[Array]) -> M {
    rebuild(tree, |i, old| leaves.get(i).unwrap_or(old).clone())
}

/// The gap in a tree of derivatives where an array of `dtype`, `what`, has none.
pub(crate) fn no_derivative(kind: &str, what: &str, dtype: DType) -> Array {
    Array::absent(format!(
        "there is no {kind} here: {what} is {dtype}, which is not a float or complex dtype"
    ))
}

/// Raises an error about the arguments of `op`.
#[track_caller]
pub(crate) fn invalid(op: &str, message: String, location: &'static Location<'static>) -> ! {
    raise(Error::Op { op: op.into(), message, location })
}

/// Says where two trees that have to be alike are not; `what` names the place, as in "the carry".
pub(crate) fn difference<M: Module, N: Module>(
    before: &M,
    after: &N,
    what: [&str; 2],
) -> Option<String> {
    let old = Statics::of(|v| before.flatten(v));
    if let Some(difference) = old.difference(&Statics::of(|v| after.flatten(v))) {
        return Some(format!("{}: {}", what[1], difference.message));
    }
    let paths = paths(|v| before.flatten(v));
    let pairs = collect_leaves(before).into_iter().zip(collect_leaves(after)).zip(paths);
    for ((a, b), path) in pairs {
        let (a, b) = (a.array.try_aval().ok(), b.array.try_aval().ok());
        if a != b {
            let path = path.to_string();
            let place = if path.is_empty() { String::new() } else { format!("`{path}` is ") };
            let show =
                |aval: Option<Aval>| aval.map_or("without a value".into(), |a| a.to_string());
            return Some(format!("{place}{} in {}, {} in {}", show(a), what[0], show(b), what[1]));
        }
    }
    None
}
