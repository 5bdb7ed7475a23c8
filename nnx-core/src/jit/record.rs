//! The first call with a new key: trace the body over a twin of the arguments, and compile.

use super::entry::{CacheKey, Entry, Parameter};
use super::erased::AnyCall;
use super::function::Function;
use super::plan::Plan;
use crate::error::{Error, Result, catching};
use crate::graph::Array;
use crate::module::walk::Rebuild;
use crate::run::compile;
use crate::transform::lend;
use crate::transform::lend::Stopped;
use crate::value::Aval;
use std::any::Any;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// A traced call, before it is compiled.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The result with shapes but no elements.
    pub(super) template: Box<dyn Any + Send + Sync>,
}

/// Traces `body` for a call at `location`. `avals` are those of all leaves of the arguments. `None`
/// if the body returned an error of its own.
#[track_caller]
pub(super) fn record(
    function: &'static Function,
    location: &'static Location<'static>,
    body: &mut dyn AnyCall,
    avals: &[Option<Aval>],
) -> Result<Option<Planned>> {
    if body.catches() {
        // Mistakes in the body are errors where the function returns a `Result`.
        catching(|| trace_body(function, location, body, avals)).and_then(|result| result)
    } else {
        trace_body(function, location, body, avals)
    }
}

#[track_caller]
fn trace_body(
    function: &'static Function,
    location: &'static Location<'static>,
    body: &mut dyn AnyCall,
    avals: &[Option<Aval>],
) -> Result<Option<Planned>> {
    function.register();
    let start = Instant::now();
    let traced = match lend::record(location, format!("`{}`", function.name), body, avals) {
        Ok(traced) => traced,
        Err(Stopped::Body) => return Ok(None),
        Err(Stopped::Rule(message)) => {
            return Err(Error::Jit { function: function.name.into(), message });
        }
    };
    function.traces.fetch_add(1, Relaxed);
    function.trace_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    let roles: Vec<_> = lend::lent(body.argument()).iter().map(|lent| lent.role).collect();
    let plan = Plan::new(&function.options, traced, &roles, avals);
    let shapes = |_: usize, array: &Array| match array.try_aval() {
        Ok(aval) => Array::of_aval(aval),
        Err(_) => array.clone(),
    };
    let template = body.template(&mut Rebuild { at: 0, leaf: shapes });
    Ok(Some(Planned { plan, template }))
}

impl Planned {
    /// Compiles the program.
    pub(super) fn compile(self, function: &'static Function, key: CacheKey) -> Result<Entry> {
        let start = Instant::now();
        let Plan { graph, aliases, mut parameters, updates, results } = self.plan;
        let executable = compile(function.name, &graph, &aliases, key.placement)?;
        let number = function.compiles.fetch_add(1, Relaxed);
        function.compile_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        for parameter in &mut parameters {
            if let Parameter::Capture(array) = parameter {
                *array = array.moved_to(key.placement)?;
            }
        }
        let template = self.template;
        Ok(Entry { key, number, executable, parameters, updates, results, template })
    }
}
