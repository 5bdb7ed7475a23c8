//! Lowerings that are written over arrays, and loops inside of them. The derivative is that of the
//! operation, not of the loop.

use super::While;
use crate::graph::{Array, Builder, Closed, trace};
use crate::lower::{Id, Ids};
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// `state` after `body` was applied to it as long as `test` gives true.
pub(crate) fn inner_while(
    state: &[Array],
    test: impl FnOnce(&[Array]) -> Array,
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> Vec<Array> {
    let avals: Vec<Aval> = state.iter().map(Array::aval).cloned().collect();
    let (test, ()) = trace("inner_loop", &avals, |args| (vec![test(args)], ()));
    let (body, ()) = trace("inner_loop", &avals, |args| (body(args), ()));
    let (graphs, captures, _) = crate::rewrite::align(state.len(), vec![test, body]);
    let [condition, body] = graphs.try_into().unwrap_or_default();
    let op = While { condition: condition.into(), body: body.into(), carry: state.len() };
    let ins: Vec<Array> = state.iter().chain(&captures).cloned().collect();
    op.bind(&ins).to_vec()
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
        let (Closed { graph, captures, .. }, ()) = trace("lower", &avals, |args| (body(args), ()));
        debug_assert!(captures.is_empty(), "a lowering captures arrays");
        self.inline(&graph, ins)
    }

    /// [`traced`](Builder::traced) with one result.
    pub(crate) fn traced1(&mut self, ins: &[Id], body: impl FnOnce(&[Array]) -> Array) -> Ids {
        let outs = self.traced(ins, |args| vec![body(args)]);
        smallvec![outs[0]]
    }
}
