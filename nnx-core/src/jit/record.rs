//! The first call with a new key: trace the body over a twin of the arguments, and compile.

use super::entry::{CacheKey, Entry, Next, Parameter};
use super::erased::AnyCall;
use super::function::Function;
use super::nans;
use super::nans::NanSearch;
use super::placed::Placed;
use super::plan::Plan;
use super::rebuilt::Rebuilt;
use super::tree_mode;
use crate::error::{Error, Result, catching};
use crate::graph::{Array, Closed, is_tracing};
use crate::module::capture::Sown;
use crate::module::new_nodes::NewNodes;
use crate::module::walk::{Rebuild, nodes_of};
use crate::module::{Nodes, SharedNode};
use crate::run::{Stamp, compile};
use crate::transform::lend;
use crate::transform::lend::{Allowed, Consumable, Recorded, Stopped};
use crate::value::Aval;
use std::any::Any;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// A traced call, before it is compiled.
pub(super) struct Planned {
    pub(super) plan: Plan,
    consumable: Vec<Consumable>,
    /// The result with shapes but no elements. The arguments' nodes are empty ones in it.
    pub(super) template: Box<dyn Any + Send + Sync>,
    /// The arguments' nodes in place of those.
    pub(super) back: Nodes,
    result_nodes: Vec<(Arc<dyn SharedNode>, usize)>,
    result_outside: Vec<(Arc<dyn SharedNode>, usize)>,
    pub(super) rebuilt: Rebuilt,
    /// The nodes of the templates.
    pub(super) template_nodes: NewNodes,
    /// The names of the outputs, if NaN is searched for.
    outputs: Option<Vec<String>>,
}

/// Traces `body` for a call at `location`. `avals` are those of all leaves of the arguments; `searches` says whether
/// NaN is searched for. `None` if the body returned an error of its own.
#[track_caller]
pub(super) fn record(
    function: &'static Function,
    location: &'static Location<'static>,
    body: &mut dyn AnyCall,
    avals: &[Option<Aval>],
    searches: bool,
) -> Result<Option<Planned>> {
    if body.catches() {
        // Mistakes in the body are errors where the function returns a `Result`.
        catching(|| trace_body(function, location, body, avals, searches)).and_then(|result| result)
    } else {
        trace_body(function, location, body, avals, searches)
    }
}

#[track_caller]
fn trace_body(
    function: &'static Function,
    location: &'static Location<'static>,
    body: &mut dyn AnyCall,
    avals: &[Option<Aval>],
    searches: bool,
) -> Result<Option<Planned>> {
    function.register();
    tree_mode::check(function, "", |v| body.argument().flatten(v))?;
    let start = Instant::now();
    let allowed = match function.options.graph_updates {
        true => Allowed::Structure,
        false => Allowed::Values,
    };
    let traced =
        match lend::record(location, format!("`{}`", function.name), body, avals, &[], allowed) {
            Ok(traced) => traced,
            Err(Stopped::Body) => return Ok(None),
            Err(Stopped::Rule(message)) => {
                return Err(Error::Jit { function: function.name.into(), message });
            }
        };
    // Inlined, it is a part of the trace that counts.
    if !(is_tracing() && function.options.inline) {
        function.traces.fetch_add(1, Relaxed);
        function.trace_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    }
    tree_mode::check(function, " in the result", |mut v| body.flatten_result(&mut v))?;
    let Recorded { closed, results, changes, twins, sown, perturbed } = traced;
    if let Some((_, Sown { path, location, .. })) = sown.first() {
        return Err(Error::Jit {
            function: function.name.into(),
            message: format!(
                "the body sows `{path}`, at {location}, whose value cannot leave it\n\
                 fix: call `capture` in the jitted function, and return what it gives"
            ),
        });
    }
    // In a trace it is a value of the trace.
    if let Some(path) = perturbed.filter(|_| !is_tracing()) {
        return Err(Error::Jit {
            function: function.name.into(),
            message: format!(
                "the body adds the perturbation `{path}` of a `capture` around it, which would be a constant\n\
                 fix: call `capture` in the jitted function, which takes the perturbations as an argument"
            ),
        });
    }
    let mut held = lend::held(&|v| body.flatten_result(v));
    held.extend(changes.rebuilt.iter().flat_map(|part| part.held().iter().cloned()));
    let result_outside = twins.outside_among(&held);
    let result_nodes = twins.among(held);
    let kept: Vec<usize> = result_nodes.iter().map(|(_, number)| *number).collect();
    let consumable = lend::consumable(body.argument(), &kept);
    let lent = lend::lent(body.argument());
    let options = match searches {
        // The arguments are needed again.
        true => function.options.donate(false),
        false => function.options,
    };
    let Closed { graph, captures, scope } = closed;
    let plan =
        Plan::new(&options, (graph, captures), &results, &changes, &lent, &consumable, avals);
    let outputs = searches.then(|| {
        let changed = changes.ordered(&lent).leaves;
        nans::output_names(&plan, &changed, body)
    });
    let shapes = |_: usize, array: &Array| match array.try_aval() {
        Ok(aval) => Array::of_aval(aval),
        Err(_) => array.clone(),
    };
    if !function.options.graph_updates
        && !twins.among(nodes_of(|mut v| body.flatten_result(&mut v))).is_empty()
    {
        return Err(Error::Jit {
            function: function.name.into(),
            message: "the result holds a shared node of an argument, and with `graph_updates = \
                      false` only values are handed back to the caller\n\
                      fixes:\n  \
                      1. return the node's value\n  \
                      2. take `graph_updates = false` away"
                .into(),
        });
    }
    let template_nodes = NewNodes::default();
    let noting = template_nodes.note();
    let mut leaves = Rebuild::with_nodes(twins.themselves(), shapes);
    let template = body.template(&mut leaves);
    let rebuilt = Rebuilt::new(&changes.rebuilt, &twins, &mut leaves, &template_nodes);
    drop(noting);
    let back = twins.back();
    // With these gone, values of the trace are left where the body captured something.
    drop((leaves, changes, twins));
    body.give_up();
    if let Some(what) = scope.left().filter(|_| function.options.captures) {
        return Err(Error::Jit {
            function: function.name.into(),
            message: format!(
                "{what}. A traced value is of no use there\n\
                 fixes:\n  \
                 1. pass what is set in an argument, as `&mut`\n  \
                 2. return the new value"
            ),
        });
    }
    Ok(Some(Planned {
        plan,
        consumable,
        template,
        back,
        result_nodes,
        result_outside,
        rebuilt,
        template_nodes,
        outputs,
    }))
}

impl Planned {
    /// Compiles the program.
    pub(super) fn compile(
        self,
        function: &'static Function,
        key: CacheKey,
        placed: &Placed,
    ) -> Result<Entry> {
        let start = Instant::now();
        let aliases = placed.aliases(&self.plan);
        let Plan { graph, mut parameters, updates, metadata, results, .. } = self.plan;
        let Placed { place, outputs: wanted, .. } = placed;
        let options = function.options.compiler;
        let executable = compile(function.name, &graph, &aliases, place, wanted, options)?;
        let number = function.compiles.fetch_add(1, Relaxed);
        function.compile_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        for (at, parameter) in parameters.iter_mut().enumerate() {
            if let Parameter::Capture(array) = parameter {
                *array = array.moved_to(executable.input_placement(at))?;
            }
        }
        let Planned {
            consumable,
            template,
            result_nodes,
            result_outside,
            rebuilt,
            template_nodes,
            outputs,
            ..
        } = self;
        let search = outputs.map(|outputs| NanSearch { graph, outputs });
        Ok(Entry {
            key,
            number,
            used: Stamp::new(),
            next: Next::default(),
            executable,
            search,
            parameters,
            consumable,
            updates,
            metadata,
            results,
            template,
            result_nodes,
            result_outside,
            rebuilt,
            _template_nodes: template_nodes,
        })
    }
}
