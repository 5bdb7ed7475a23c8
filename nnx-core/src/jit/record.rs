//! The first call with a new key: trace the body over a twin of the arguments, find out what
//! changed, and compile.

use super::arguments::Role;
use super::entry::{CacheKey, Entry, Parameter, ResultLeaf};
use super::erased::{AnyArguments, AnyBody};
use super::function::Function;
use crate::error::{Error, Result, catching};
use crate::graph::{Array, Closed, Graph, Repr, Value, trace_at};
use crate::module::walk::{Rebuild, Statics, leaves_of, paths};
use crate::run::compile;
use crate::value::Aval;
use std::any::Any;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// A traced call, before it is compiled.
pub(super) struct Recorded {
    pub(super) graph: Graph,
    pub(super) aliases: Vec<(usize, usize)>,
    /// The result with shapes but no elements.
    pub(super) template: Box<dyn Any + Send + Sync>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) updates: Vec<Option<usize>>,
    pub(super) results: Vec<ResultLeaf>,
}

/// What the body did.
struct Traced {
    /// For every leaf behind `&mut`, whether it was set.
    changed: Vec<bool>,
    /// For every leaf of the result, whether it has a value. Those are outputs after the changed
    /// Variables.
    present: Vec<bool>,
}

/// Why there is no program.
enum Stopped {
    /// The body returned an error of its own.
    Body,
    /// The body broke a rule.
    Rule(Error),
}

/// Traces `body` for a call at `location`. `avals` are those of all leaves of the arguments. `None`
/// if the body returned an error of its own.
#[track_caller]
pub(super) fn record(
    function: &'static Function,
    location: &'static Location<'static>,
    body: &mut dyn AnyBody,
    avals: &[Option<Aval>],
) -> Result<Option<Recorded>> {
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
    body: &mut dyn AnyBody,
    avals: &[Option<Aval>],
) -> Result<Option<Recorded>> {
    function.register();
    let start = Instant::now();
    let present: Vec<Aval> = avals.iter().copied().flatten().collect();
    let (closed, traced) = trace_at(location, function.name, &present, |inputs| {
        let mut inputs = inputs.iter();
        let of_leaf: Vec<Option<&Array>> =
            avals.iter().map(|aval| aval.and_then(|_| inputs.next())).collect();
        let leaf = |i: usize, old: &Array| of_leaf[i].unwrap_or(old).clone();
        if !body.run(&mut Rebuild { at: 0, leaf }) {
            return (vec![], Err(Stopped::Body));
        }
        let (changed, mut outputs) = match changes(function, &*body, &of_leaf) {
            Ok(changes) => changes,
            Err(error) => return (vec![], Err(Stopped::Rule(error))),
        };
        let results = leaves_of(|v| body.flatten_result(v));
        let present = results.iter().map(|leaf| leaf.array.try_aval().is_ok()).collect();
        outputs.extend(
            results.iter().filter(|l| l.array.try_aval().is_ok()).map(|leaf| leaf.array.clone()),
        );
        (outputs, Ok(Traced { changed, present }))
    });
    let traced = match traced {
        Ok(traced) => traced,
        Err(Stopped::Body) => return Ok(None),
        Err(Stopped::Rule(error)) => return Err(error),
    };
    function.traces.fetch_add(1, Relaxed);
    function.trace_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    let Plan { graph, parameters, aliases, updates, results } =
        plan(function, closed, roles(body.arguments()), avals, &traced);
    let shapes = |_: usize, array: &Array| match array.try_aval() {
        Ok(aval) => Array::of_aval(aval),
        Err(_) => array.clone(),
    };
    let template = body.template(&mut Rebuild { at: 0, leaf: shapes });
    Ok(Some(Recorded { graph, aliases, template, parameters, updates, results }))
}

impl Recorded {
    /// Compiles the program.
    pub(super) fn compile(self, function: &'static Function, key: CacheKey) -> Result<Entry> {
        let start = Instant::now();
        let executable = compile(function.name, &self.graph, &self.aliases, key.placement)?;
        let number = function.compiles.fetch_add(1, Relaxed);
        function.compile_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        let mut parameters = self.parameters;
        for parameter in &mut parameters {
            if let Parameter::Capture(array) = parameter {
                *array = array.moved_to(key.placement)?;
            }
        }
        Ok(Entry {
            key,
            number,
            executable,
            parameters,
            updates: self.updates,
            results: self.results,
            template: self.template,
        })
    }
}

/// How each leaf was passed.
fn roles(arguments: &dyn AnyArguments) -> Vec<Role> {
    let mut roles = Vec::new();
    for (i, &role) in arguments.roles().iter().enumerate() {
        let leaves = leaves_of(|v| arguments.flatten_one(i, v));
        roles.extend(std::iter::repeat_n(role, leaves.len()));
    }
    roles
}

/// Compares the twins behind `&mut` with the arguments: which Variables were set, and their new
/// values. Any other change is an error that names its path.
fn changes(
    function: &Function,
    body: &dyn AnyBody,
    inputs: &[Option<&Array>],
) -> Result<(Vec<bool>, Vec<Array>)> {
    let (names, arguments) = (function.parameters, body.arguments());
    let error = |message: String| Error::Jit { function: function.name.into(), message };
    let before = Statics::of(|v| arguments.flatten_updatable(names, v));
    let after = Statics::of(|v| body.flatten_twin(names, v));
    if let Some(what) = before.difference(&after) {
        let what = what.message;
        return Err(error(format!(
            "the function changed a static part of an argument, which tree mode \
             (`graph = false`) does not hand back to the caller: {what}. Fixes: (1) change it \
             outside of the jitted function; (2) make it a Variable; (3) return it"
        )));
    }
    let leaves = leaves_of(|v| body.flatten_twin(names, v));
    let updatable: Vec<usize> = roles(arguments)
        .iter()
        .enumerate()
        .filter(|(_, role)| **role == Role::Updated)
        .map(|(i, _)| i)
        .collect();
    let (mut changed, mut outputs) = (Vec::new(), Vec::new());
    for (at, (leaf, &i)) in leaves.iter().zip(&updatable).enumerate() {
        let same = match inputs[i] {
            Some(input) => input.is_same_value(leaf.array),
            None => matches!(leaf.array.0, Repr::Absent(_)),
        };
        if !same && leaf.kind.is_none() && !is_bare(function, arguments, i) {
            let path = &paths(|v| body.flatten_twin(names, v))[at];
            return Err(error(format!(
                "the function changed the plain array `{path}`, which tree mode \
                 (`graph = false`) does not hand back to the caller. Fixes: (1) make the field a \
                 Variable; (2) return the new array"
            )));
        }
        if !same {
            outputs.push(leaf.array.clone());
        }
        changed.push(!same);
    }
    Ok((changed, outputs))
}

/// Whether leaf `i` is an argument of its own, `x: &mut Array`, which is updated as a Variable.
fn is_bare(function: &Function, arguments: &dyn AnyArguments, i: usize) -> bool {
    paths(|v| arguments.flatten(function.parameters, v))[i].keys().len() == 1
}

/// How a program is wired to the arguments and the result.
struct Plan {
    graph: Graph,
    parameters: Vec<Parameter>,
    aliases: Vec<(usize, usize)>,
    updates: Vec<Option<usize>>,
    results: Vec<ResultLeaf>,
}

fn plan(
    function: &Function,
    closed: Closed,
    roles: Vec<Role>,
    avals: &[Option<Aval>],
    traced: &Traced,
) -> Plan {
    let Closed { mut graph, captures } = closed;
    let leaf_of_input: Vec<usize> = (0..avals.len()).filter(|&i| avals[i].is_some()).collect();

    // Outputs: one for each update, then one for each different value of the result. A result
    // that is an argument's own value is handed on without a copy, unless its buffer may be
    // taken over.
    let n_updates = traced.changed.iter().filter(|c| **c).count();
    let all = std::mem::take(&mut graph.outputs);
    let (update_values, result_values) = all.split_at(n_updates);
    let mut outputs = update_values.to_vec();
    let updates = number(&traced.changed);
    let changed_leaf = changed_leaves(&roles, &traced.changed);
    let mut rest = result_values.iter();
    let mut results: Vec<ResultLeaf> = Vec::with_capacity(traced.present.len());
    for &present in &traced.present {
        let Some(value) = present.then(|| rest.next()).flatten() else {
            results.push(ResultLeaf::Absent);
            continue;
        };
        let leaf = graph.inputs.iter().position(|v| v == value);
        let leaf = leaf.and_then(|i| leaf_of_input.get(i).copied());
        if let Some(leaf) = leaf.filter(|&leaf| !changed_leaf[leaf]) {
            results.push(ResultLeaf::Leaf(leaf));
            continue;
        }
        let index = match outputs[n_updates..].iter().position(|v| v == value) {
            Some(at) => n_updates + at,
            None => {
                outputs.push(*value);
                outputs.len() - 1
            }
        };
        results.push(ResultLeaf::Output { index, last: true });
    }
    mark_shared(&mut results);
    graph.outputs = outputs;
    graph.eliminate_dead_code();

    // Parameters: the inputs that the program uses.
    let live = graph.live();
    let handed_on: Vec<usize> = results
        .iter()
        .filter_map(|r| if let ResultLeaf::Leaf(leaf) = r { Some(*leaf) } else { None })
        .collect();
    let mut captures = captures.into_iter();
    let mut parameters = Vec::new();
    let mut inputs: Vec<Value> = Vec::new();
    for (i, &value) in graph.inputs.iter().enumerate() {
        let source = match leaf_of_input.get(i) {
            Some(&index) => Some(Parameter::Leaf { index, donate: false }),
            None => captures.next().map(Parameter::Capture),
        };
        let Some(source) = source else { continue };
        if live[value.index()] || function.options.keep_unused {
            inputs.push(value);
            parameters.push(source);
        }
    }
    graph.inputs = inputs;

    let mut plan = Plan { graph, parameters, aliases: Vec::new(), updates, results };
    if function.options.donate {
        plan.donate(&roles, &changed_leaf, &handed_on);
    }
    plan
}

/// For each flag that is set, its number among those.
fn number(flags: &[bool]) -> Vec<Option<usize>> {
    let mut next = 0;
    flags
        .iter()
        .map(|&set| {
            set.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect()
}

/// For every leaf, whether it is behind `&mut` and was set.
fn changed_leaves(roles: &[Role], changed: &[bool]) -> Vec<bool> {
    let mut changed = changed.iter();
    roles.iter().map(|&role| role == Role::Updated && changed.next() == Some(&true)).collect()
}

fn mark_shared(results: &mut [ResultLeaf]) {
    for i in 0..results.len() {
        let ResultLeaf::Output { index, .. } = results[i] else { continue };
        let again = results.iter().enumerate().any(|(j, r)| {
            j != i && matches!(r, ResultLeaf::Output { index: other, .. } if *other == index)
        });
        results[i] = ResultLeaf::Output { index, last: !again };
    }
}

impl Plan {
    /// Pairs inputs whose old value nobody can reach with outputs of the same shape and dtype.
    fn donate(&mut self, roles: &[Role], changed: &[bool], handed_on: &[usize]) {
        let mut taken = vec![false; self.graph.outputs.len()];
        let mut update_of_leaf = vec![None; roles.len()];
        let updated = roles.iter().enumerate().filter(|(_, role)| **role == Role::Updated);
        for ((leaf, _), output) in updated.zip(&self.updates) {
            update_of_leaf[leaf] = *output;
        }
        for (parameter, source) in self.parameters.iter_mut().enumerate() {
            let Parameter::Leaf { index, donate } = source else { continue };
            let aval = self.graph.aval(self.graph.inputs[parameter]);
            let fits = |output: usize, taken: &[bool]| {
                !taken[output] && self.graph.aval(self.graph.outputs[output]) == aval
            };
            let output = match roles[*index] {
                Role::Updated if changed[*index] => {
                    update_of_leaf[*index].filter(|&output| fits(output, &taken))
                }
                Role::Consumed if !handed_on.contains(index) => {
                    (self.updates.iter().flatten().count()..taken.len())
                        .find(|&output| fits(output, &taken))
                }
                _ => None,
            };
            if let Some(output) = output {
                taken[output] = true;
                *donate = true;
                self.aliases.push((parameter, output));
            }
        }
    }
}
