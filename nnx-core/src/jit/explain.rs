//! Why a call did not find its executable: what differs from the nearest cached key.

use super::collect::Collected;
use super::entry::CacheKey;
use super::function::Function;
use crate::module::compare::Statics;
use crate::module::walk::paths;
use crate::transform::lend::AnyArgument;
use crate::value::Aval;
use std::any::TypeId;
use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;

/// How many differing shapes a message lists.
const LISTED: usize = 3;
/// From how many misses on by one static value there is advice.
const ADVICE_AFTER: u32 = 3;

/// The difference behind a miss, and the static value to blame, if it is one.
pub(super) struct Miss {
    pub(super) message: String,
    blame: Option<String>,
    /// The floats that differ, if nothing else does: their paths and values.
    floats: Option<Vec<(String, String)>>,
}

/// Compares a call with all cached keys; `None` for the first call.
pub(super) fn explain(
    function: &Function,
    arguments: &dyn AnyArgument,
    instance: TypeId,
    avals: &[Option<Aval>],
    leaves: &Collected,
) -> Option<Miss> {
    let entries = function.entries.read().unwrap_or_else(|e| e.into_inner());
    if entries.is_empty() {
        return None;
    }
    let &Collected { searches, captures, .. } = leaves;
    let statics = Statics::of(|v| arguments.flatten(v));
    // Of several that are as near, the latest.
    let candidates = entries.values().flatten().filter(|entry| entry.key.instance == instance);
    let nearest = candidates
        .min_by_key(|entry| (distance(&entry.key, avals, &statics), Reverse(entry.number)));
    let Some(nearest) = nearest.map(|entry| &entry.key) else {
        let message = "it is the first call with these generic arguments".into();
        return Some(Miss { message, blame: None, floats: None });
    };
    if let Some(difference) = nearest.statics.difference(&statics) {
        let same_shapes = nearest.avals == avals;
        let floats = same_shapes.then(|| nearest.statics.floats_that_differ(&statics)).flatten();
        return Some(Miss { message: difference.message, blame: difference.value, floats });
    }
    let paths = paths(|v| arguments.flatten(v));
    let show =
        |aval: &Option<Aval>| aval.as_ref().map_or("without a value".into(), Aval::to_string);
    let mut changes = avals
        .iter()
        .zip(&nearest.avals)
        .zip(&paths)
        .filter(|((now, before), _)| now != before)
        .map(|((now, before), path)| {
            format!("`{path}` is now {}, before {}", show(now), show(before))
        });
    let mut message: Vec<String> = changes.by_ref().take(LISTED).collect();
    let more = changes.count();
    if more > 0 {
        message.push(format!("and {more} more"));
    }
    if !leaves.lies_as(nearest) {
        let before = |i| nearest.shardings.get(i).copied().unwrap_or(nearest.placement);
        let moved = leaves.placements().enumerate().filter_map(|(i, at)| {
            let (at, before) = (at.filter(|at| *at != before(i))?, before(i));
            Some(format!("`{}` now lies on {at}, before on {before}", paths[i]))
        });
        message.extend(moved.take(LISTED));
    }
    if nearest.searches != searches {
        let state = if searches { "on" } else { "off" };
        message.push(format!("`debug_nans` is now {state}"));
    }
    if nearest.captures != captures {
        message.push(format!(
            "what `capture` takes was {:?}, now it is {captures:?}",
            nearest.captures
        ));
    }
    Some(Miss { message: message.join(", "), blame: None, floats: None })
}

fn distance(key: &CacheKey, avals: &[Option<Aval>], statics: &Statics) -> usize {
    let leaves = match key.avals.len().abs_diff(avals.len()) {
        0 => key.avals.iter().zip(avals).filter(|(a, b)| a != b).count(),
        // Which of them correspond is not known.
        more => more,
    };
    leaves + key.statics.distance(statics)
}

impl Miss {
    /// Writes to the log; the third miss by one static value comes with advice, once.
    pub(super) fn log(&self, function: &Function) {
        tracing::debug!(target: "nnx::jit", "`{}` is traced again: {}", function.name, self.message);
        if let Some(floats) = &self.floats {
            return Self::log_floats(function, floats);
        }
        let Some(path) = &self.blame else { return };
        let mut misses = function.static_misses.lock().unwrap_or_else(|e| e.into_inner());
        let count = misses.entry(path.clone()).or_insert(0);
        *count += 1;
        if *count == ADVICE_AFTER {
            tracing::warn!(
                target: "nnx::jit",
                "`{}` was compiled {} times because the static value `{path}` changed. A static \
                 value is part of the program: if it changes often, pass it as an `Array`",
                function.name,
                ADVICE_AFTER + 1
            );
        }
    }

    /// Counts a miss by floats alone; the third one comes with advice, once.
    fn log_floats(function: &Function, floats: &[(String, String)]) {
        let misses = function.float_misses.fetch_add(1, Relaxed) + 1;
        if misses != u64::from(ADVICE_AFTER) {
            return;
        }
        let listed: Vec<String> = floats
            .iter()
            .take(LISTED)
            .map(|(path, values)| format!("`{path}` is now {values}"))
            .collect();
        let field = floats[0].0.rsplit('.').next().unwrap_or_default();
        tracing::warn!(
            target: "nnx::jit",
            "`{}` was compiled {} times for arguments that differ in floats alone: {}. A float is part of \
             the program, and each new one is compiled\n\
             fixes:\n  \
             1. a number that changes: hold an `Array`, as `{field}: Array` with `Array::scalar(value)`, which \
             is an input of the program\n  \
             2. a number that has only a few values: nothing needs to be done",
            function.name,
            misses + 1,
            listed.join(", "),
        );
    }
}
