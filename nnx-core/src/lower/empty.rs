//! Programs in which no operation makes or takes an array without elements.
//!
//! XLA's compiler ends the process over operations on some of these arrays, and it writes the empty rows of a
//! constant one by one, of which an array that no memory holds may have more than it can write in a day.

use super::{Attr, AttrName, Block, Func, Id, Instr, Lowering, Opcode, ints};
use crate::value::{Aval, saturating_product};
use smallvec::smallvec;

/// A constant with more rows of no elements than this takes XLA's CPU plugin milliseconds to compile: 0.2 µs a
/// row, measured on API 0.115.
const MANY_ROWS: usize = 1 << 12;

/// Whether an array has no elements, but many rows of none: the product of the dimensions before its first of
/// size 0.
fn has_many_rows(aval: &Aval) -> bool {
    let zero = aval.shape().iter().position(|&n| n == 0);
    zero.is_some_and(|zero| saturating_product(&aval.shape()[..zero]) > MANY_ROWS)
}

impl Lowering {
    /// The program of these blocks, with constants in place of all that makes arrays without elements.
    ///
    /// Where such an array has many rows, the program has one of shape `[0]` in its place. Such a result is left
    /// out: its caller makes it.
    pub(crate) fn new(mut main: Block, mut functions: Vec<Func>, mut avals: Vec<Aval>) -> Self {
        rewrite(&mut main, &mut avals);
        functions.iter_mut().for_each(|function| rewrite(&mut function.block, &mut avals));

        // An argument is what the caller has; a constant takes its place inside.
        let values = avals.len();
        let mut instead = Vec::new();
        for param in &mut main.params {
            let aval = &avals[param.index()];
            if has_many_rows(aval) {
                let argument = Id(avals.len() as u32);
                avals.push(aval.clone());
                instead.push(constant(std::mem::replace(param, argument), &[]));
            }
        }
        main.instrs.splice(0..0, instead);
        let is_left_out = |id: &Id| has_many_rows(&avals[id.index()]);
        let left_out = (0..main.results.len()).filter(|&i| is_left_out(&main.results[i])).collect();
        main.results.retain(|id| !is_left_out(id));
        for aval in avals[..values].iter_mut().filter(|aval| has_many_rows(aval)) {
            *aval = aval.with_shape(&[0]);
        }
        Lowering { main, functions, avals, left_out }
    }
}

fn constant(out: Id, bytes: &[u8]) -> Instr {
    instr(Opcode::Constant, &[], out, (AttrName::Value, Attr::Dense(bytes.into())))
}

fn broadcast(scalar: Id, out: Id) -> Instr {
    instr(Opcode::BroadcastInDim, &[scalar], out, (AttrName::BroadcastDimensions, ints(&[])))
}

fn instr(opcode: Opcode, operands: &[Id], out: Id, attr: (AttrName, Attr)) -> Instr {
    Instr {
        opcode,
        operands: operands.into(),
        outs: smallvec![out],
        attrs: vec![attr],
        regions: vec![],
    }
}

fn rewrite(block: &mut Block, avals: &mut [Aval]) {
    let is_empty = |avals: &[Aval], id: &Id| avals[id.index()].size() == 0;
    for mut instr in std::mem::take(&mut block.instrs) {
        if instr.outs.iter().all(|id| is_empty(avals, id)) {
            block.instrs.extend(instr.outs.iter().map(|&out| constant(out, &[])));
            continue;
        }
        instr.regions.iter_mut().for_each(|region| rewrite(region, avals));
        let (operands, outs) = (&instr.operands, &instr.outs);
        if !operands.iter().any(|id| is_empty(avals, id)) {
            block.instrs.push(instr);
            continue;
        }
        match instr.opcode {
            // Nothing is added to where they begin.
            Opcode::Reduce | Opcode::ReduceWindow => {
                let begin = &operands[operands.len() / 2..];
                block.instrs.extend(begin.iter().zip(outs).map(|(&x, &out)| broadcast(x, out)));
            }
            Opcode::SelectAndScatter => block.instrs.push(broadcast(operands[2], outs[0])),
            Opcode::Pad => block.instrs.push(broadcast(operands[1], outs[0])),
            Opcode::DotGeneral | Opcode::Convolution => {
                let zero = vec![0; avals[outs[0].index()].dtype().size()];
                block.instrs.push(constant(outs[0], &zero));
            }
            Opcode::DynamicUpdateSlice => {
                instr.operands.truncate(1);
                block.instrs.push(Instr { opcode: Opcode::Reshape, ..instr });
            }
            Opcode::Concatenate => {
                instr.operands.retain(|id| !is_empty(avals, id));
                block.instrs.push(instr);
            }
            // They only pass it on: calls, loops and barriers.
            _ => block.instrs.push(instr),
        }
    }
}
