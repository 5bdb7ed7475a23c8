//! Loops inside of other operations, whose derivatives are not those of the loop.

use super::{Builder, Id, Ids, Jvp, Primitive, Tangents};
use crate::Array;
use crate::array::DType;
use crate::graph::{Aval, Avals, Closed, Graph, bind, trace};
use smallvec::smallvec;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Repeats `body` while `test` holds. Both take the state; what they use besides stands behind it
/// and stays as it is.
#[derive(Clone)]
struct InnerLoop {
    test: Arc<Graph>,
    body: Arc<Graph>,
}

impl PartialEq for InnerLoop {
    fn eq(&self, other: &Self) -> bool {
        self.test.same_program(&other.test) && self.body.same_program(&other.body)
    }
}
impl Eq for InnerLoop {}

impl Hash for InnerLoop {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.body.fingerprint().hash(state);
    }
}

impl Primitive for InnerLoop {
    fn name(&self) -> &'static str {
        "inner_loop"
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        if self.body.output_avals() != ins || self.body.input_avals() != ins {
            let state = self.body.output_avals();
            return Err(format!("the body makes {state:?} of the state {ins:?}"));
        }
        if self.test.output_avals() != [Aval::scalar(DType::Bool)] {
            return Err(format!("the test gives {:?}, not a bool", self.test.output_avals()));
        }
        Ok(ins.into())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let test = b.region(outs, |b, params| b.inline(&self.test, params));
        let body = b.region(outs, |b, params| b.inline(&self.body, params));
        b.op_with_regions("stablehlo.while", ins, outs, vec![], vec![test, body])
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("a loop of unknown length has none".into())
    }
}

/// A graph of `state` and of all `shared` arrays, which it may capture.
fn close(state: &[Aval], shared: &mut Vec<Array>, f: impl FnOnce(&[Array]) -> Vec<Array>) -> Graph {
    let (Closed { mut graph, captures }, ()) = trace("loop", state, |args| (f(args), ()));
    // The captures of this graph take their places among the shared arrays.
    let own: Vec<_> = graph.inputs.split_off(state.len());
    for array in &captures {
        if !shared.iter().any(|known| known.is_same_value(array)) {
            shared.push(array.clone());
        }
    }
    for array in shared.iter() {
        let value = match captures.iter().position(|c| c.is_same_value(array)) {
            Some(at) => own[at],
            None => graph.value(array.aval()),
        };
        graph.inputs.push(value);
    }
    graph
}

/// `state` after `body` was applied to it as long as `test` gives true. Not differentiable: for
/// use inside of operations with a rule of their own.
pub(crate) fn inner_while(
    state: &[Array],
    test: impl FnOnce(&[Array]) -> Array,
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Vec<Array> {
    let avals: Vec<Aval> = state.iter().map(Array::aval).collect();
    let mut shared = Vec::new();
    let test = close(&avals, &mut shared, |args| vec![test(args)]);
    let mut body = close(&avals, &mut shared, body);
    // What the body captured beyond the test.
    let mut test = test;
    for array in &shared[test.inputs.len() - avals.len()..] {
        let value = test.value(array.aval());
        test.inputs.push(value);
    }
    let fixed: Vec<_> = body.inputs[avals.len()..].to_vec();
    body.outputs.extend(fixed);
    let ins: Vec<&Array> = state.iter().chain(&shared).collect();
    let mut outs = bind(InnerLoop { test: test.into(), body: body.into() }, &ins);
    outs.truncate(state.len());
    outs.into_vec()
}

/// `state` after `body(i, state)` for i in `0..n`; the index is an i32 scalar.
pub(crate) fn inner_for(
    n: usize,
    state: &[Array],
    body: impl FnOnce(&Array, &[Array]) -> Vec<Array>,
) -> Vec<Array> {
    let mut all = vec![Array::constant_int(DType::I32, 0)];
    all.extend_from_slice(state);
    let mut outs = inner_while(
        &all,
        |args| args[0].lt(n),
        |args| {
            let mut next = vec![&args[0] + 1];
            next.extend(body(&args[0], &args[1..]));
            next
        },
    );
    outs.remove(0);
    outs
}

impl Builder {
    /// The instructions of `body`, which is written over arrays.
    pub(crate) fn traced(&mut self, ins: &[Id], body: impl FnOnce(&[Array]) -> Vec<Array>) -> Ids {
        let avals: Vec<Aval> = ins.iter().map(|&id| self.aval(id)).collect();
        let (Closed { graph, captures }, ()) = trace("lower", &avals, |args| (body(args), ()));
        debug_assert!(captures.is_empty(), "a lowering captures arrays");
        self.inline(&graph, ins)
    }

    /// [`traced`](Builder::traced) with one result.
    pub(crate) fn traced1(&mut self, ins: &[Id], body: impl FnOnce(&[Array]) -> Array) -> Ids {
        let outs = self.traced(ins, |args| vec![body(args)]);
        smallvec![outs[0]]
    }
}
