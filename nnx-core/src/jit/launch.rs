//! From the arguments of a call to its run: finds the executable or makes it, and executes it.

use super::collect::{Collected, concrete_aval};
use super::entry::{CacheKey, Donate, Entry, Parameter};
use super::erased::AnyCall;
use super::explain::explain;
use super::function::Function;
use super::placed::Placed;
use super::record::record;
use super::stage::{Lowered, wants_lowering};
use super::{limit, stage};
use crate::error::{Error, Result};
use crate::module::Nodes;
use crate::module::compare::Statics;
use crate::module::new_nodes::NewNodes;
use crate::rewrite::share_equal;
use crate::run::{inserted, note_compiled};
use crate::transform::lend::consumed;
use crate::xla::{Buffer, Outputs};
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// The outcome of a call.
pub(super) enum Launched {
    /// The program was started.
    Run(Run),
    /// The call was only traced, for [`lower`](super::lower); this is its result, with shapes but no
    /// elements, the nodes to put into it, and those to drop after it.
    Lowered(Box<dyn Any + Send + Sync>, Nodes, NewNodes),
    /// The body returned an error of its own.
    BodyFailed,
}

/// A program that was started.
pub(super) struct Run {
    pub(super) entry: Arc<Entry>,
    pub(super) outputs: Outputs,
    /// When the call began, if it found its executable and its time is taken.
    pub(super) since: Option<Instant>,
}

/// Starts the program of a call, whose `leaves` were compared with those that `expected` was made for.
#[track_caller]
pub(super) fn launch(
    function: &'static Function,
    instance: TypeId,
    expected: Option<Arc<Entry>>,
    leaves: &mut Collected,
    body: &mut dyn AnyCall,
) -> Result<Launched> {
    if wants_lowering() {
        return lower_only(function, leaves, body).inspect_err(|error| stage::fail(error.clone()));
    }
    leaves.finish(function)?;
    let mut since = leaves.started;
    let entry = match expected.filter(|entry| leaves.is_for(entry, instance)) {
        Some(entry) => {
            count_hit(function, &entry);
            entry
        }
        None => match find(function, instance, leaves, body, &mut since)? {
            Some(entry) => entry,
            None => return Ok(Launched::BodyFailed),
        },
    };
    let outputs = execute(&entry, leaves)?;
    if let Some((hash, next)) = entry.next.other() {
        function.expect(hash, &next, &entry);
    }
    if let Some(search) = &entry.search {
        search.check(function, &entry, leaves, &outputs)?;
    }
    Ok(Launched::Run(Run { entry, outputs, since }))
}

fn count_hit(function: &Function, entry: &Entry) {
    function.hits.fetch_add(1, Relaxed);
    entry.used.touch();
}

/// The executable for a call that is not like the one before: one of the cache, or a new one. `None` if the
/// body returned an error of its own. `since` is emptied if the executable was made for the call.
#[cold]
#[track_caller]
fn find(
    function: &'static Function,
    instance: TypeId,
    leaves: &Collected,
    body: &mut dyn AnyCall,
    since: &mut Option<Instant>,
) -> Result<Option<Arc<Entry>>> {
    let hash = leaves.hash(instance, body.argument());
    let entry = match cached(function, hash, instance, leaves, body) {
        Some(entry) => entry,
        None => {
            let _turn = function.building.begin(hash);
            *since = since.map(|_| Instant::now());
            match cached(function, hash, instance, leaves, body) {
                Some(entry) => entry,
                None => {
                    *since = None;
                    match build(function, hash, instance, leaves, body)? {
                        Some(entry) => insert(function, hash, entry),
                        None => return Ok(None),
                    }
                }
            }
        }
    };
    if let Some(last) = function.last() {
        last.next.note(hash, &entry);
    }
    function.expect(hash, &entry, &entry);
    Ok(Some(entry))
}

/// The executable for a call, if there is one already.
fn cached(
    function: &Function,
    hash: u64,
    instance: TypeId,
    leaves: &Collected,
    body: &dyn AnyCall,
) -> Option<Arc<Entry>> {
    let entries = function.entries.read().unwrap_or_else(|e| e.into_inner());
    let entry = entries.get(&hash)?.iter().find(|entry| {
        let key = &entry.key;
        key.instance == instance
            && leaves.lies_as(key)
            && key.searches == leaves.searches
            && key.captures == leaves.captures
            && key.avals.len() == leaves.arrays().len()
            && key
                .avals
                .iter()
                .zip(leaves.arrays())
                .all(|(aval, array)| aval.as_ref() == concrete_aval(array))
            && key.statics.matches(&leaves.nodes, |m| body.argument().flatten(m))
            && entry.rebuilt.is_here()
    })?;
    count_hit(function, entry);
    Some(entry.clone())
}

/// Traces and compiles the call. `None` if the body returned an error of its own.
#[cold]
#[track_caller]
fn build(
    function: &'static Function,
    hash: u64,
    instance: TypeId,
    leaves: &Collected,
    body: &mut dyn AnyCall,
) -> Result<Option<Entry>> {
    let avals = leaves.avals();
    let miss = explain(function, body.argument(), instance, &avals, leaves);
    if let Some(miss) = &miss {
        miss.log(function);
    }
    limit::count(function, miss.as_ref().map(|miss| miss.message.as_str()))
        .map_err(|message| Error::Jit { function: function.name.into(), message })?;
    let (searches, captures) = (leaves.searches, leaves.captures);
    let Some(mut recorded) = record(function, Location::caller(), body, &avals, searches)? else {
        return Ok(None);
    };
    share_equal(&mut recorded.plan.graph);
    note_compiled(function.name, hash);
    let statics = Statics::of(|v| body.argument().flatten(v));
    let placed = Placed::of(function, &recorded.plan, leaves)?;
    let key = CacheKey {
        instance,
        avals,
        statics,
        placement: leaves.placement,
        shardings: placed.leaves.clone().into(),
        is_on_own_mesh: placed.is_on_own_mesh,
        searches,
        captures,
    };
    recorded.compile(function, key, &placed).map(Some)
}

/// Traces the call for [`lower`](super::lower).
#[cold]
#[track_caller]
fn lower_only(
    function: &'static Function,
    leaves: &mut Collected,
    body: &mut dyn AnyCall,
) -> Result<Launched> {
    stage::begin(function.name)?;
    leaves.finish(function)?;
    let avals: Vec<_> =
        leaves.arrays().iter().map(|array| array.try_aval().ok().cloned()).collect();
    Ok(match record(function, Location::caller(), body, &avals, leaves.searches)? {
        Some(mut recorded) => {
            share_equal(&mut recorded.plan.graph);
            let placed = Placed::of(function, &recorded.plan, leaves)?;
            let aliases = placed.aliases(&recorded.plan);
            stage::keep(Lowered::new(
                function.name,
                recorded.plan.graph,
                aliases,
                placed,
                function.options.compiler,
            ));
            Launched::Lowered(recorded.template, recorded.back, recorded.template_nodes)
        }
        None => {
            stage::fail(Error::Jit {
                function: function.name.into(),
                message: "returned an error of its own, so there is no program".into(),
            });
            Launched::BodyFailed
        }
    })
}

fn insert(function: &'static Function, hash: u64, entry: Entry) -> Arc<Entry> {
    let entry = Arc::new(entry);
    let mut entries = function.entries.write().unwrap_or_else(|e| e.into_inner());
    entries.entry(hash).or_default().push(entry.clone());
    drop(entries);
    inserted();
    entry
}

fn execute(entry: &Entry, leaves: &Collected) -> Result<Outputs> {
    let moves = leaves.moves || !entry.key.shardings.is_empty();
    let moved = if moves { moved(entry, leaves)? } else { FxHashMap::default() };
    let consumed = consumed(&entry.consumable, &leaves.nodes);
    let mut call = entry.executable.call();
    for parameter in &entry.parameters {
        match parameter {
            Parameter::Leaf { index, donate } => {
                if let Some(copy) = moved.get(index) {
                    call.arg(copy, true)?;
                    continue;
                }
                let buffer = leaves.buffer(*index)?;
                // Nobody else can see a buffer whose only handles lie in an argument that is updated
                // or consumed by this call, and in what the call collected.
                let is_alone = || Arc::strong_count(buffer) == 2;
                let may_donate = match *donate {
                    Donate::No => true,
                    Donate::Yes => is_alone(),
                    Donate::WithNode(node) => consumed[node] && is_alone(),
                };
                call.arg(buffer, may_donate)?;
            }
            Parameter::Capture(array) => {
                call.arg(crate::run::buffer(array)?, true)?;
            }
        }
    }
    call.run()
}

/// Copies of the arguments that lie elsewhere than where the program takes them.
fn moved(entry: &Entry, leaves: &Collected) -> Result<FxHashMap<usize, Buffer>> {
    let mut moved = FxHashMap::default();
    for (at, parameter) in entry.parameters.iter().enumerate() {
        let Parameter::Leaf { index, .. } = parameter else { continue };
        let (buffer, to) = (leaves.buffer(*index)?, entry.executable.input_placement(at));
        if buffer.placement() != to {
            moved.insert(*index, buffer.copy_to(to)?);
        }
    }
    Ok(moved)
}
