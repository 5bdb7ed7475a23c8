//! A function traced over a twin of what it is lent, and the one rule of what it may change.

use super::argument::Role;
use super::erased::{AnyArgument, AnyBody};
use crate::graph::{Array, Closed, trace_at};
use crate::module::walk::{Rebuild, Statics, leaves_of, paths};
use crate::value::Aval;
use std::panic::Location;

/// What became of a leaf.
#[derive(Clone)]
pub(crate) enum Update {
    /// It was not set.
    Kept,
    /// It was set to this output of the program.
    Set(usize),
    /// Its value was taken out; this says why there is none.
    Emptied(Array),
}

/// What is known of a leaf of the argument besides its value.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) role: Role,
    /// Whether it is an argument by itself: `x: &mut Array` is updated as a Variable.
    is_bare: bool,
}

/// For every leaf of an argument how it is lent.
pub(crate) fn lent(argument: &dyn AnyArgument) -> Vec<Lent> {
    let mut all = Vec::new();
    argument.roles(&mut |role, leaves, is_bare| {
        all.extend(std::iter::repeat_n(Lent { role, is_bare }, leaves));
    });
    all
}

/// A traced function. Its outputs are the leaves of its result that have a value, then the new
/// values of the leaves that it set.
pub(crate) struct Recorded {
    pub(crate) closed: Closed,
    /// For every leaf of the result, the output that it is, if it has a value.
    pub(crate) results: Vec<Option<usize>>,
    /// For every leaf of the argument.
    pub(crate) updates: Vec<Update>,
}

/// Why there is no program.
pub(crate) enum Stopped {
    /// The function returned an error of its own.
    Body,
    /// The function changed what it may not change; the text says what, where, and how to mend it.
    Rule(String),
}

/// Traces `body`, called `scope` in messages, for a caller at `location`. `avals` has one entry for
/// each leaf of the argument, `None` for one without a value.
#[track_caller]
pub(crate) fn record(
    location: &'static Location<'static>,
    scope: String,
    body: &mut dyn AnyBody,
    avals: &[Option<Aval>],
) -> Result<Recorded, Stopped> {
    let lent = lent(body.argument());
    let present: Vec<Aval> = avals.iter().copied().flatten().collect();
    let (closed, outcome) = trace_at(location, scope, &present, |inputs| {
        let mut inputs = inputs.iter();
        let inputs: Vec<Option<&Array>> =
            avals.iter().map(|aval| aval.and_then(|_| inputs.next())).collect();
        let leaf = |i: usize, old: &Array| inputs[i].unwrap_or(old).clone();
        if !body.run(&mut Rebuild { at: 0, leaf }) {
            return (vec![], Err(Stopped::Body));
        }
        let mut outputs = Vec::new();
        let results = leaves_of(|v| body.flatten_result(v)).into_iter().map(|leaf| {
            leaf.array.try_aval().ok()?;
            outputs.push(leaf.array.clone());
            Some(outputs.len() - 1)
        });
        let results = results.collect();
        match changes(body, &lent, &inputs, &mut outputs) {
            Ok(updates) => (outputs, Ok((results, updates))),
            Err(message) => (vec![], Err(Stopped::Rule(message))),
        }
    });
    let (results, updates) = outcome?;
    Ok(Recorded { closed, results, updates })
}

/// Compares the twins behind `&mut` with the arguments: what became of each leaf, with the new
/// values among the outputs. A change of anything but Variables is an error that names its path.
fn changes(
    body: &dyn AnyBody,
    lent: &[Lent],
    inputs: &[Option<&Array>],
    outputs: &mut Vec<Array>,
) -> Result<Vec<Update>, String> {
    let before = Statics::of(|v| body.argument().flatten_updated(v));
    let after = Statics::of(|v| body.flatten_twin(v));
    if let Some(what) = before.difference(&after) {
        return Err(format!(
            "the function changed a static part of an argument, and only Variables are handed back \
             to the caller: {}\n\
             fixes:\n  \
             1. change it outside of the function\n  \
             2. make it a Variable\n  \
             3. return it",
            what.message
        ));
    }
    let leaves = leaves_of(|v| body.flatten_twin(v));
    let mut updates = vec![Update::Kept; lent.len()];
    let updated = lent.iter().enumerate().filter(|(_, lent)| lent.role == Role::Updated);
    for (at, (leaf, (i, lent))) in leaves.iter().zip(updated).enumerate() {
        let (now, before) = (&leaf.array, inputs[i]);
        let same = match before {
            Some(input) => input.is_same_value(now),
            None => now.is_absent(),
        };
        if same {
            continue;
        }
        if leaf.kind.is_none() && !lent.is_bare {
            let path = &paths(|v| body.flatten_twin(v))[at];
            return Err(format!(
                "the function changed the plain array `{path}`, and only Variables are handed back \
                 to the caller\n\
                 fixes:\n  \
                 1. make the field a Variable\n  \
                 2. return the new array"
            ));
        }
        updates[i] = if now.is_absent() {
            Update::Emptied(now.clone())
        } else {
            outputs.push(now.clone());
            Update::Set(outputs.len() - 1)
        };
    }
    Ok(updates)
}
