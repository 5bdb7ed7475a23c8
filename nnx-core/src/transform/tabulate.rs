//! A table of the calls of a model's methods.

use super::lend::{Argument, TransformCall};
use crate::error::catching;
use crate::graph::{Array, Graph, recorded_part, trace};
use crate::module::capture::{Observed, observe};
use crate::module::{Path, PathKey, Row, Table, TableText, Total};
use crate::rewrite::LinearMap;
use crate::value::Aval;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// The result of [`tabulate_call`]: a row per call of a method, in the order of the calls, and the leaves of the argument.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::{DType, array::ones, random::Rngs, tabulate_call};
///
/// let model = Linear::new(3, 4, &mut Rngs::new(0));
/// let x = ones([8, 3], DType::F32);
/// let table = tabulate_call(|(m, x): (&Linear, &_)| m.forward(x), (&model, &x));
/// assert!(table.to_string().contains("f32[8, 4]")); // as it is printed
/// assert_eq!((table.calls().len(), table.leaves().rows().len()), (1, 2));
/// ```
#[derive(Debug, Clone)]
pub struct CallTable {
    calls: Vec<CallRow>,
    leaves: Table,
}

/// A call in a [`CallTable`].
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::{DType, array::ones, random::Rngs, tabulate_call};
///
/// let model = Linear::new(3, 4, &mut Rngs::new(0));
/// let x = ones([8, 3], DType::F32);
/// let table = tabulate_call(|(m, x): (&Linear, &_)| m.forward(x), (&model, &x));
/// let row = &table.calls()[0];
/// assert_eq!((&row.module[..], row.method), ("Linear", "forward"));
/// assert_eq!(row.inputs[0].to_string(), "f32[8, 3]");
/// assert_eq!(row.flops, 2 * 8 * 3 * 4 + 8 * 4); // the product and the bias
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// Where its Module is. Empty for the model itself; none for a Module outside of it.
    pub path: Option<Path>,
    /// The type of the Module, without its path.
    pub module: String,
    /// The method.
    pub method: &'static str,
    /// How many methods of the table this one is called in.
    pub depth: usize,
    /// Shapes and dtypes of the inputs.
    pub inputs: Vec<Aval>,
    /// Shapes and dtypes of the results.
    pub outputs: Vec<Aval>,
    /// The leaves of the Module by the names of their kinds, with those of its parts.
    pub leaves: Vec<(&'static str, Total)>,
    /// Its floating-point operations, as [`Graph::flops`] counts them.
    pub flops: u64,
    /// Those of its result and of the gradients by its inputs and everything that it reads; none if it has no gradient.
    pub gradient_flops: Option<u64>,
}

/// The calls of methods in `f`, with inputs, results, Variables, bytes and floating-point operations; printed with `{}`.
/// `f` is traced and never runs. `flax.nnx.tabulate`.
///
/// `argument` is what `f` takes, as for transforms: `&model`, or `(&model, &x)`, of which the first one is the model. Only
/// shapes and dtypes count. The layers of this library say when their methods are called; for a method of yours,
/// [`called`](crate::called) does. A call in the body of a loop is one row, of one iteration.
///
/// ```
/// use nnx::nn::{Linear, Sequential};
/// use nnx::{DType, array::ones, random::Rngs, tabulate_call};
///
/// let mut rngs = Rngs::new(0);
/// let model = Sequential::new((Linear::new(3, 4, &mut rngs), Linear::new(4, 2, &mut rngs)));
/// let x = ones([8, 3], DType::F32);
/// let forward = |(model, x): (&mut Sequential<(Linear, Linear)>, &_)| model.forward(x);
/// let table = tabulate_call(forward, (&mut model.clone(), &x));
/// println!("{table}");
/// let first = &table.calls()[1];
/// assert_eq!(first.path.as_ref().unwrap().to_string(), "layers[0]");
/// assert_eq!(first.outputs[0].to_string(), "f32[8, 4]");
/// assert_eq!((first.leaves[0].0, first.leaves[0].1.size), ("Param", 16));
/// ```
///
/// # Panics
/// Panics where tracing `f` does, and if `f` changes static parts or plain arrays of the argument.
#[track_caller]
pub fn tabulate_call<A, R, F>(f: F, mut argument: A) -> CallTable
where
    A: Argument,
    R: crate::module::Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let leaves = Table::of(|mut v| argument.flatten(&mut v));
    // Paths are seen from the model.
    let below = |path: &Path| match (A::TUPLE, path.keys()) {
        (Some(_), [PathKey::Index(0), ..]) => path.below_first(),
        _ => path.clone(),
    };
    // Arrays beside the model are inputs, and no part of it.
    let is_input = |row: &Row| {
        A::TUPLE.is_some()
            && row.kind == "array"
            && matches!(row.path.keys(), [PathKey::Index(1..)])
    };
    let leaves = leaves.without(is_input);
    let calls: Rc<RefCell<Vec<(usize, CallRow)>>> = Rc::default();
    let mut roots = Vec::new();
    argument.roots(&mut Path::new(), &mut |path, place| roots.push((place, path.clone())));
    let (seen, table) = (calls.clone(), leaves.clone());
    let observer = Rc::new(move |call: Observed<'_>| {
        let mut row = row(&call, &table);
        row.path = row.path.as_ref().map(below);
        seen.borrow_mut().push((call.number, row));
    });
    let call = TransformCall::new("tabulate_call", &mut argument);
    let program = observe(roots, observer, || call.trace_sowing(f, &call.avals));
    let scope = program.closed.scope;
    drop((program.result, program.twins));
    call.check_left(&scope);
    let mut calls = std::mem::take(&mut *calls.borrow_mut());
    // They are told at their ends.
    calls.sort_by_key(|(number, _)| *number);
    CallTable {
        calls: calls.into_iter().map(|(_, row)| row).collect(),
        leaves: leaves.with_paths(below),
    }
}

fn row(call: &Observed<'_>, leaves: &Table) -> CallRow {
    let avals =
        |arrays: &[Array]| arrays.iter().filter_map(|x| x.try_aval().ok().cloned()).collect();
    let part = recorded_part(call.inputs, call.outputs);
    let of = |row: &Row| call.path.is_some_and(|path| row.path.keys().starts_with(path.keys()));
    CallRow {
        path: call.path.cloned(),
        module: short(call.module),
        method: call.method,
        depth: call.depth,
        inputs: avals(call.inputs),
        outputs: avals(call.outputs),
        leaves: leaves.totals_of(of),
        flops: part.flops(),
        gradient_flops: gradient_flops(&part),
    }
}

/// The operations of a program with its derivative by all inputs that have one.
fn gradient_flops(program: &Graph) -> Option<u64> {
    let avals = program.input_avals();
    let active: Vec<bool> = avals.iter().map(|aval| aval.dtype().is_differentiable()).collect();
    let pullback = |args: &[Array]| {
        let (outs, map) = LinearMap::record(program, &active, args, program.outputs.len());
        let tangents = outs.iter().zip(map.has_tangent()).filter(|(_, has)| **has);
        let cts: Vec<Array> = tangents.map(|(out, _)| out.clone()).collect();
        let mut all = map.transpose(&cts);
        all.extend(outs);
        (all, ())
    };
    let (closed, ()) = catching(|| trace("gradient", &avals, pullback)).ok()?;
    Some(closed.graph.flops())
}

/// `Linear` of `nnx::nn::linear::Linear`; type parameters too.
fn short(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for c in name.chars() {
        match c {
            ':' => word.clear(),
            c if c.is_alphanumeric() || c == '_' => word.push(c),
            c => {
                short.push_str(&std::mem::take(&mut word));
                short.push(c);
            }
        }
    }
    short + &word
}

impl CallTable {
    /// The calls, each before those in it.
    pub fn calls(&self) -> &[CallRow] {
        &self.calls
    }

    /// The leaves of the argument, without arrays beside the model.
    pub fn leaves(&self) -> &Table {
        &self.leaves
    }
}

impl fmt::Display for CallTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = self.leaves.totals();
        let kinds: Vec<&'static str> = totals.iter().map(|(kind, _)| *kind).collect();
        let mut text = TableText::new();
        let mut heading: Vec<String> =
            ["path", "module", "inputs", "outputs", "FLOPs", "with gradient"]
                .map(str::to_owned)
                .into();
        heading.extend(kinds.iter().map(|kind| (*kind).to_owned()));
        text.right_from(4);
        text.line(heading);
        text.rule();
        for call in &self.calls {
            let list =
                |avals: &[Aval]| avals.iter().map(Aval::to_string).collect::<Vec<_>>().join(", ");
            let path = match &call.path {
                Some(path) if path.keys().is_empty() => ".".to_owned(),
                Some(path) => path.to_string(),
                None => String::new(),
            };
            let mut module = format!("{}{}", "  ".repeat(call.depth), call.module);
            if call.method != "forward" {
                module = format!("{module}::{}", call.method);
            }
            let gradient = call.gradient_flops.map_or(String::new(), TableText::number);
            let mut cells = vec![
                path,
                module,
                list(&call.inputs),
                list(&call.outputs),
                TableText::number(call.flops),
                gradient,
            ];
            cells.extend(kinds.iter().map(|kind| {
                let total = call.leaves.iter().find(|(of, _)| of == kind);
                total.map_or(String::new(), |(_, total)| total.brief())
            }));
            text.line(cells);
        }
        text.rule();
        let mut cells = vec![String::new(); 6];
        cells[0] = "total".into();
        cells.extend(totals.iter().map(|(_, total)| total.brief()));
        text.line(cells);
        write!(f, "{text}")
    }
}
