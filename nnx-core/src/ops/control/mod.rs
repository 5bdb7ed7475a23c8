//! Operations that run programs a number of times that is not one: loops and branches.

mod cond;
mod scan;
mod scan_derivative;
mod while_loop;

pub(crate) use cond::Cond;
pub(crate) use scan::Scan;
pub(crate) use while_loop::While;

use crate::graph::{BatchAxis, Builder, Graph, Mode, Tangent, Value};
use crate::lower::Id;
use crate::rewrite::{JvpProgram, batch_graph, jvp_program};
use crate::value::{Aval, DType, int_scalar_bytes};

/// An integer constant of the counters of loops.
fn int(b: &mut Builder, value: usize) -> Id {
    b.literal(&Aval::scalar(DType::I32), &int_scalar_bytes(DType::I32, value as i64))
}

/// Which inputs have tangents.
fn active(tangents: &[Tangent]) -> Vec<bool> {
    tangents.iter().map(Option::is_some).collect()
}

/// The derivative of a loop's body, whose first `carry` inputs and outputs are the same values:
/// those of them have tangents that get one in some iteration. `active` holds these afterwards.
fn loop_jvp(body: &Graph, active: &mut [bool], carry: usize, mode: Mode) -> JvpProgram {
    loop {
        let mut always = vec![false; body.outputs.len()];
        always[..carry].copy_from_slice(&active[..carry]);
        let program = jvp_program(body, active, &always, mode);
        if active[..carry] == program.has_tangent[..carry] {
            return program;
        }
        for (active, has_tangent) in active.iter_mut().zip(&program.has_tangent[..carry]) {
            *active |= has_tangent;
        }
    }
}

/// The body of a loop for a batch, and which of its results have one. A part of the carry that gets a
/// batch in some iteration has one from the start: `batched`, of the inputs, says so afterwards.
fn loop_batch(
    body: &Graph,
    batched: &mut [bool],
    carry: usize,
    axis: &BatchAxis,
) -> (Graph, Vec<bool>) {
    loop {
        let mut always = vec![false; body.outputs.len()];
        always[..carry].copy_from_slice(&batched[..carry]);
        let (graph, outs) = batch_graph(body, batched, axis, &always);
        if outs[..carry] == batched[..carry] {
            return (graph, outs);
        }
        batched[..carry].copy_from_slice(&outs[..carry]);
    }
}

/// The values of a list, taken apart at `lengths` and put together in another order.
fn reordered(values: &[Value], lengths: &[usize], order: &[usize]) -> Vec<Value> {
    let starts: Vec<usize> = lengths
        .iter()
        .scan(0, |at, n| {
            *at += n;
            Some(*at - n)
        })
        .collect();
    order.iter().flat_map(|&i| &values[starts[i]..starts[i] + lengths[i]]).copied().collect()
}

/// How many are marked.
fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}
