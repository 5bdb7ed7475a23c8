//! A call of a jitted function: the only part that is compiled for each of them.

use super::collect::Collected;
use super::erased::{Pending, flatten_mut, flatten_named, from_template, shapes};
use super::function::Function;
use super::launch::{Launched, launch};
use super::nested::nested;
use super::outcome::{MarkLost, Results, WriteBack};
use super::output::Output;
use crate::error::Error;
use crate::graph::is_tracing;
use crate::transform::lend::Argument;
use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Why there is no result.
enum Failure {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// Calls a jitted function: what the expansion of `#[nnx::jit]` does.
///
/// Inside another trace the body's program becomes part of it, and its updates reach the caller.
#[track_caller]
pub(super) fn call<A, R, F>(function: &'static Function, mut arguments: A, body: F) -> R
where
    A: Argument,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    if is_tracing() {
        return nested(function, &mut arguments, body);
    }
    let mut leaves = Collected::new(function);
    let expected = function.expected();
    let filled = leaves.fill(function, expected.as_deref(), |v| arguments.flatten(v), &|v| {
        flatten_named(function.parameters, &arguments, v)
    });
    if let Err(error) = filled {
        return R::from_error(error);
    }
    let outcome = {
        let mut pending = Pending::new(function.parameters, &arguments, body);
        // The body's type names the instance of a generic function, whatever lifetimes it has.
        match launch(function, typeid::of::<F>(), expected, &mut leaves, &mut pending) {
            Ok(Launched::Run(mut run)) => {
                let mut results = Results::new(&run.entry, &leaves, &mut run.outputs);
                // Modules written by hand may panic here, after the memory of the arguments was taken over.
                let made = catch_unwind(AssertUnwindSafe(|| {
                    let result: R = from_template(&*run.entry.template, &mut results);
                    (result, run.entry.rebuilt.parts(&mut results))
                }));
                match (made, results.error) {
                    (Ok(_), Some(error)) => Err(Failure::Error(error)),
                    (Ok((result, parts)), None) => Ok((result, parts, run)),
                    (Err(panic), _) => Err(Failure::Panic(panic)),
                }
            }
            Ok(Launched::Lowered(template, nodes, _template_nodes)) => {
                return shapes(template, nodes);
            }
            Ok(Launched::BodyFailed) => return pending.into_error(),
            Err(error) => Err(Failure::Error(error)),
        }
    };
    // With these handles gone, a buffer that nobody else holds takes its new value in place.
    leaves.release();
    let (result, parts, run) = match outcome {
        Ok(outcome) => outcome,
        Err(failure) => {
            let why: &dyn Display = match &failure {
                Failure::Error(error) => error,
                Failure::Panic(_) => &"a panic while its result was made",
            };
            let mut mark = MarkLost { function, why };
            flatten_mut(&mut arguments, &leaves.nodes, &mut mark);
            match failure {
                Failure::Error(error) => return R::from_error(error),
                Failure::Panic(panic) => resume_unwind(panic),
            }
        }
    };
    let mut write = WriteBack::new(&run.entry, run.outputs);
    arguments.flatten_mut(&mut write);
    match parts {
        None => leaves.nodes.give_back(&mut write),
        Some(parts) => {
            leaves.nodes.nodes().for_each(|node| node.flatten_own(&mut write));
            parts.put(&mut arguments, leaves.nodes.nodes());
        }
    }
    if let Some(error) = write.error {
        return R::from_error(error);
    }
    if let Some(since) = run.since {
        function.note_hit(since);
    }
    result
}
