//! Running programs outside of a trace: compiled once per program, then executed.

use super::super::graph::{
    Arrays, Avals, Closed, Node, Op, bind_op, is_tracing, trace, with_location,
};
use crate::array::Repr;
use crate::graph::{Aval, Graph, escaped};
use crate::ops::lower;
use crate::xla::{Buffer, Client, Executable};
use crate::{Array, Error, Result};
use rustc_hash::FxHashMap;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

/// Compiles a program for device number `device`. `aliases` pairs an input with the output that
/// may take over its buffer.
pub(crate) fn compile(
    name: &str,
    graph: &Graph,
    aliases: &[(usize, usize)],
    device: usize,
) -> Result<Executable> {
    if graph.contains(&|op| op.is_effect()) {
        return Err(Error::Invalid(format!(
            "`{name}` holds a `check` with no `checkify` around it: wrap the function that is \
             checked, as in `checkify(Checks::USER, f, argument)`"
        )));
    }
    Client::global()?.compile_lowered(name, &lower(graph), aliases, device)
}

/// A program and, once it was needed, its executable.
struct Entry {
    graph: Graph,
    device: usize,
    executable: OnceLock<Executable>,
    compiling: Mutex<()>,
}

impl Entry {
    /// Compiles at the first call; a failure is not kept.
    fn executable(&self) -> Result<&Executable> {
        if let Some(executable) = self.executable.get() {
            return Ok(executable);
        }
        let _only_one = self.compiling.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(executable) = self.executable.get() {
            return Ok(executable);
        }
        let name = self.graph.nodes.last().map_or("identity", |node| node.op.name());
        let executable = compile(name, &self.graph, &[], self.device)?;
        Ok(self.executable.get_or_init(|| executable))
    }
}

static PROGRAMS: LazyLock<RwLock<FxHashMap<u64, Vec<Arc<Entry>>>>> =
    LazyLock::new(Default::default);

/// Drops all compiled programs.
pub(crate) fn clear() {
    PROGRAMS.write().unwrap_or_else(|e| e.into_inner()).clear();
}

fn entry(graph: Graph, device: usize) -> Arc<Entry> {
    let fingerprint = graph.fingerprint().rotate_left(device as u32);
    let find = |map: &FxHashMap<u64, Vec<Arc<Entry>>>| {
        map.get(&fingerprint)?
            .iter()
            .find(|entry| entry.device == device && entry.graph.same_program(&graph))
            .cloned()
    };
    if let Some(found) = find(&PROGRAMS.read().unwrap_or_else(|e| e.into_inner())) {
        return found;
    }
    let mut map = PROGRAMS.write().unwrap_or_else(|e| e.into_inner());
    if let Some(found) = find(&map) {
        return found;
    }
    let entry =
        Arc::new(Entry { graph, device, executable: OnceLock::new(), compiling: Mutex::new(()) });
    map.entry(fingerprint).or_default().push(entry.clone());
    entry
}

/// The buffer of a concrete array.
pub(crate) fn buffer(array: &Array) -> Result<&Arc<Buffer>> {
    match &array.0 {
        Repr::Device(buffer) => Ok(buffer),
        Repr::Traced(t) => Err(escaped(t)),
        Repr::Absent(absence) => Err(absence.error()),
    }
}

/// Runs a program on concrete arrays.
fn run(graph: Graph, args: &[&Array]) -> Result<Vec<Array>> {
    let device = match args.first() {
        Some(first) => buffer(first)?.device(),
        None => 0,
    };
    let entry = entry(graph, device);
    let mut call = entry.executable()?.call();
    for arg in args {
        call.arg(buffer(arg)?, false)?;
    }
    let mut outs = call.run()?;
    (0..outs.len()).map(|i| outs.take(i).map(Array::from_buffer)).collect()
}

/// Carries out one operation at once.
pub(crate) fn eager(op: Op, ins: &[&Array], outs: Avals) -> Result<Arrays> {
    let mut graph = Graph::default();
    let inputs = ins
        .iter()
        .map(|array| Ok(graph.input(array.try_aval()?)))
        .collect::<Result<smallvec::SmallVec<_>>>()?;
    let outputs: smallvec::SmallVec<_> = outs.iter().map(|&aval| graph.value(aval)).collect();
    graph.outputs = outputs.to_vec();
    graph.nodes.push(Node { op, ins: inputs, outs: outputs, location: Location::caller() });
    Ok(run(graph, ins)?.into())
}

/// The arrays that stand for the values of a graph while it is replayed.
pub(crate) struct Env(Vec<Option<Array>>);

impl Env {
    pub(crate) fn new(graph: &Graph, args: &[Array]) -> Self {
        let mut env = vec![None; graph.avals.len()];
        for (input, arg) in graph.inputs.iter().zip(args) {
            env[input.index()] = Some(arg.clone());
        }
        Env(env)
    }

    pub(crate) fn get(&self, value: crate::graph::Value) -> Array {
        match &self.0[value.index()] {
            Some(array) => array.clone(),
            None => unreachable!("a graph defines its values before their use"),
        }
    }

    pub(crate) fn set(&mut self, value: crate::graph::Value, array: Array) {
        self.0[value.index()] = Some(array);
    }

    /// Applies the node's operation again.
    pub(crate) fn replay(&mut self, node: &Node) {
        let ins: Vec<Array> = node.ins.iter().map(|&v| self.get(v)).collect();
        let ins: Vec<&Array> = ins.iter().collect();
        let outs = with_location(node.location, || bind_op(node.op.clone(), &ins));
        for (&value, array) in node.outs.iter().zip(outs) {
            self.set(value, array);
        }
    }
}

/// Records `graph` into the running trace, or carries out its operations one by one.
pub(crate) fn interpret(graph: &Graph, args: &[Array]) -> Vec<Array> {
    let mut env = Env::new(graph, args);
    for node in &graph.nodes {
        env.replay(node);
    }
    graph.outputs.iter().map(|&v| env.get(v)).collect()
}

/// Runs `body` so that its operations become one program: recorded into the running trace, or
/// traced, compiled once and executed.
pub(crate) fn staged(
    name: &str,
    args: &[Array],
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Result<Vec<Array>> {
    if is_tracing() {
        return Ok(body(args));
    }
    let avals = args.iter().map(|a| a.try_aval()).collect::<Result<Vec<Aval>>>()?;
    let (Closed { graph, captures }, ()) = trace(name, &avals, |inputs| (body(inputs), ()));
    let args: Vec<&Array> = args.iter().chain(&captures).collect();
    run(graph, &args)
}
