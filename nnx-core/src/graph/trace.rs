//! The stack of running traces of a thread.
//!
//! While a trace runs, every operation of the thread is recorded in the innermost one. Arrays from
//! outside (concrete ones, or values of an enclosing trace) are captured: they become extra inputs
//! of the inner graph.

use super::{Array, Closed, Graph, Node, Op, Repr, Traced, Value};
use crate::error::{Error, or_raise};
use crate::value::Aval;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

pub(crate) type Arrays = SmallVec<[Array; 1]>;

/// Which trace a value belongs to.
#[derive(Debug)]
pub(crate) struct TraceInfo {
    pub(crate) id: u64,
    /// The name of the traced function in messages: "`train_step`", "the function given to `grad`".
    pub(crate) scope: Arc<str>,
}

struct Frame {
    info: Arc<TraceInfo>,
    graph: Graph,
    captures: Vec<Array>,
    captured: FxHashMap<CaptureKey, Value>,
    /// Stands in for the caller's line while a transform replays recorded nodes.
    location: Option<&'static Location<'static>>,
    /// Variables of other traces or of none that were set to values of this one.
    sets: Vec<NotedSet>,
}

/// A trace that is over.
pub(crate) struct Scope {
    info: Arc<TraceInfo>,
    /// Variables that were set in it and may belong to somebody else.
    sets: Vec<NotedSet>,
}

impl Scope {
    /// How it left a value in something that outlives it, if it did. Must be asked once the program's
    /// traced inputs and results are given up: what remains was captured.
    pub(crate) fn left(&self) -> Option<String> {
        // Each value of a trace holds a handle to it.
        if Arc::strong_count(&self.info) == 1 {
            return None;
        }
        let scope = &self.info.scope;
        Some(match self.sets.iter().find(|set| set.is_alive()) {
            Some(set) => {
                format!("{scope} set {set}, which it captured: the value from before is lost")
            }
            None => format!("{scope} put a traced value into something that it captured"),
        })
    }
}

/// A Variable that was set to a value of the running trace though its old value is not one of this
/// trace: either one that the body made, or one that it captured.
struct NotedSet {
    value: Weak<Traced>,
    kind: &'static str,
    location: &'static Location<'static>,
}

impl NotedSet {
    /// Whether the Variable, or a copy of what it was set to, is still there.
    fn is_alive(&self) -> bool {
        self.value.strong_count() > 0
    }
}

/// As in `a Param to f32[3] at src/main.rs:3:7`.
impl fmt::Display for NotedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aval = self.value.upgrade().map_or(String::new(), |v| format!(" to {}", v.aval));
        write!(f, "a {}{aval} at {}", self.kind, self.location)
    }
}

/// Takes note of a Variable of `kind` whose value `old` is replaced by `new`.
#[track_caller]
pub(crate) fn note_set(kind: &'static str, old: &Array, new: &Array) {
    let Repr::Traced(new) = &new.0 else { return };
    if matches!(&old.0, Repr::Traced(old) if old.trace.id == new.trace.id) {
        return;
    }
    let location = user_location();
    with_top(|stack| {
        if let Some(frame) = stack.last_mut().filter(|frame| frame.info.id == new.trace.id) {
            frame.sets.push(NotedSet { value: Arc::downgrade(new), kind, location });
        }
    });
}

/// Captured arrays stay alive in `captures`, so that an address names one buffer.
#[derive(PartialEq, Eq, Hash)]
enum CaptureKey {
    Device(usize),
    Traced(u64, Value),
}

thread_local! {
    static STACK: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

static NEXT_TRACE: AtomicU64 = AtomicU64::new(1);

/// Whether operations of this thread are being recorded.
pub(crate) fn is_tracing() -> bool {
    STACK.with_borrow(|stack| !stack.is_empty())
}

/// The number of the innermost trace of this thread, 0 if there is none.
pub(crate) fn current_trace() -> u64 {
    STACK.with_borrow(|stack| stack.last().map_or(0, |frame| frame.info.id))
}

/// Whether `trace` is running on this thread.
pub(crate) fn is_running(trace: &TraceInfo) -> bool {
    STACK.with_borrow(|stack| stack.iter().any(|frame| frame.info.id == trace.id))
}

/// Takes the frame away again when the body ends, by a panic too.
struct FrameGuard(u64);

impl Drop for FrameGuard {
    fn drop(&mut self) {
        STACK.with_borrow_mut(|stack| {
            if let Some(at) = stack.iter().position(|frame| frame.info.id == self.0) {
                stack.truncate(at);
            }
        });
    }
}

/// Records `body` over inputs of the given abstract values. The body returns the outputs and
/// anything else that its caller wants.
#[track_caller]
pub(crate) fn trace<R>(
    name: &str,
    inputs: &[Aval],
    body: impl FnOnce(&[Array]) -> (Vec<Array>, R),
) -> (Closed, R) {
    trace_at(Location::caller(), format!("`{name}`"), inputs, body)
}

/// [`trace`] of inputs that come from `location`; messages call what is traced `scope`.
#[track_caller]
pub(crate) fn trace_at<R>(
    location: &'static Location<'static>,
    scope: String,
    inputs: &[Aval],
    body: impl FnOnce(&[Array]) -> (Vec<Array>, R),
) -> (Closed, R) {
    let (mut body, mut rest) = (Some(body), None);
    let closed = trace_outputs(location, scope.into(), inputs, &mut |arrays| {
        let Some(body) = body.take() else { unreachable!("a body runs once") };
        let (outputs, other) = body(arrays);
        rest = Some(other);
        outputs
    });
    match rest {
        Some(rest) => (closed, rest),
        None => unreachable!("the body ran"),
    }
}

/// The part of [`trace_at`] that is the same for every body.
#[track_caller]
fn trace_outputs(
    location: &'static Location<'static>,
    scope: Arc<str>,
    inputs: &[Aval],
    body: &mut dyn FnMut(&[Array]) -> Vec<Array>,
) -> Closed {
    let info = Arc::new(TraceInfo { id: NEXT_TRACE.fetch_add(1, Ordering::Relaxed), scope });
    let mut graph = Graph::default();
    let arrays: Vec<Array> = inputs
        .iter()
        .map(|aval| traced(&info, graph.input(aval), aval.clone(), location))
        .collect();
    let guard = FrameGuard(info.id);
    STACK.with_borrow_mut(|stack| {
        stack.push(Frame {
            info: info.clone(),
            graph,
            captures: Vec::new(),
            captured: FxHashMap::default(),
            location: None,
            sets: Vec::new(),
        });
    });
    let outputs = body(&arrays);
    let outputs = or_raise(with_top(|stack| {
        outputs.iter().map(|array| lift(stack, array)).collect::<Result<Vec<Value>, Error>>()
    }));
    let frame = STACK.with_borrow_mut(|stack| stack.pop());
    drop(guard);
    let Some(mut frame) = frame else {
        unreachable!("the frame pushed above is still there");
    };
    frame.graph.outputs = outputs;
    frame.graph.eliminate_dead_code();
    let Frame { info, graph, captures, sets, .. } = frame;
    Closed { graph, captures, scope: Scope { info, sets } }
}

fn with_top<R>(f: impl FnOnce(&mut Vec<Frame>) -> R) -> R {
    STACK.with_borrow_mut(f)
}

fn traced(
    trace: &Arc<TraceInfo>,
    value: Value,
    aval: Aval,
    location: &'static Location<'static>,
) -> Array {
    Array(Repr::Traced(Arc::new(Traced { trace: trace.clone(), value, aval, location })))
}

/// The value that stands for `array` in the innermost trace.
fn lift(stack: &mut [Frame], array: &Array) -> Result<Value, Error> {
    let Some((frame, outer)) = stack.split_last_mut() else {
        return Err(Error::Invalid("no trace is running".into()));
    };
    let (key, aval) = match &array.0 {
        Repr::Traced(t) if t.trace.id == frame.info.id => return Ok(t.value),
        Repr::Traced(t) => {
            if !outer.iter().any(|frame| frame.info.id == t.trace.id) {
                return Err(escaped(t));
            }
            (CaptureKey::Traced(t.trace.id, t.value), &t.aval)
        }
        Repr::Device(buffer) => (CaptureKey::Device(Arc::as_ptr(buffer).addr()), buffer.aval()),
        Repr::Absent(absence) => return Err(absence.error()),
    };
    if let Some(&value) = frame.captured.get(&key) {
        return Ok(value);
    }
    let value = frame.graph.input(aval);
    frame.captured.insert(key, value);
    frame.captures.push(array.clone());
    Ok(value)
}

/// The error for a value that outlived its trace.
pub(crate) fn escaped(t: &Traced) -> Error {
    Error::Unavailable(format!(
        "a traced value escaped: {} was made while {} was being traced, at {}, and is used \
         outside of it. A traced value stands for an array inside one call only\n\
         fixes:\n  \
         1. return it from {}\n  \
         2. store it in a Variable of an argument\n  \
         3. compute it again where it is needed",
        t.aval, t.trace.scope, t.location, t.trace.scope
    ))
}

/// The part of the innermost trace that computes `outputs`, from `inputs` and from what the trace was given and took from
/// outside. Arrays of other traces have no part in it.
pub(crate) fn recorded_part(inputs: &[Array], outputs: &[Array]) -> Graph {
    with_top(|stack| {
        let Some(frame) = stack.last() else { return Graph::default() };
        let value = |array: &Array| match &array.0 {
            Repr::Traced(t) if t.trace.id == frame.info.id => Some(t.value),
            _ => None,
        };
        let mut given: Vec<Value> = inputs.iter().filter_map(value).collect();
        given.extend(&frame.graph.inputs);
        let mut all: Vec<Value> = Vec::new();
        given.into_iter().for_each(|v| {
            if !all.contains(&v) {
                all.push(v);
            }
        });
        let outputs: Vec<Value> = outputs.iter().filter_map(value).collect();
        let part = frame.graph.part(&all, &outputs);
        let used: Vec<Value> = part.inputs.iter().copied().filter(|v| part.uses(*v)).collect();
        part.part(&used, &part.outputs)
    })
}

/// Runs `f` with `location` in place of the caller's line, for nodes that a transform replays.
pub(crate) fn with_location<R>(location: &'static Location<'static>, f: impl FnOnce() -> R) -> R {
    /// Puts the line back that stood there, after a panic too.
    struct Before(Option<&'static Location<'static>>);
    impl Drop for Before {
        fn drop(&mut self) {
            set_location(self.0);
        }
    }
    let _before = Before(set_location(Some(location)));
    f()
}

/// Sets the line of the innermost trace; returns the one before.
fn set_location(
    location: Option<&'static Location<'static>>,
) -> Option<&'static Location<'static>> {
    with_top(|stack| {
        stack.last_mut().and_then(|frame| std::mem::replace(&mut frame.location, location))
    })
}

/// The user's line: the one set in place of the caller's, or the caller's.
#[track_caller]
pub(crate) fn user_location() -> &'static Location<'static> {
    let caller = Location::caller();
    STACK.with_borrow(|stack| stack.last().and_then(|frame| frame.location).unwrap_or(caller))
}

/// The abstract values of the results of `op`.
pub(crate) fn infer(
    op: &Op,
    ins: &[&Array],
    location: &'static Location<'static>,
) -> Result<super::Avals, Error> {
    let mut avals: SmallVec<[&Aval; 3]> = SmallVec::new();
    for array in ins {
        avals.push(array.try_aval()?);
    }
    let outs = op.infer(&avals).and_then(|outs| {
        outs.iter().try_for_each(|aval| aval.check_size())?;
        Ok(outs)
    });
    outs.map_err(|message| Error::Op { op: op.name().into(), message, location })
}

/// Records `op` in the innermost trace.
pub(crate) fn record(
    op: Op,
    ins: &[&Array],
    caller: &'static Location<'static>,
) -> Result<Arrays, Error> {
    with_top(|stack| record_on(stack, op, ins, caller))
}

fn record_on(
    stack: &mut [Frame],
    op: Op,
    ins: &[&Array],
    caller: &'static Location<'static>,
) -> Result<Arrays, Error> {
    let location = stack.last().and_then(|frame| frame.location).unwrap_or(caller);
    let avals = infer(&op, ins, location)?;
    let mut values = SmallVec::new();
    for array in ins {
        values.push(lift(stack, array)?);
    }
    let Some(frame) = stack.last_mut() else {
        return Err(Error::Invalid("no trace is running".into()));
    };
    let (mut outs, mut arrays) = (SmallVec::new(), Arrays::new());
    for aval in avals {
        let value = frame.graph.value(&aval);
        outs.push(value);
        arrays.push(traced(&frame.info, value, aval, location));
    }
    frame.graph.nodes.push(Node { op, ins: values, outs, location });
    Ok(arrays)
}
