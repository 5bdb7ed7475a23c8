//! A loop over the elements of arrays.

use super::{int, loop_batch};
use crate::graph::{
    Array, Arrays, Avals, Backward, Batch, Batched, Body, Builder, Checker, Dual, Graph, Jvp, Mode,
    Primitive, Tangents,
};
use crate::lower::{AttrName, Id, Ids, Opcode, ints};
use crate::ops::rules::bind_checked;
use crate::run::bind;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// Runs `body` `length` times. Operands: the carry's start, the arrays whose slices along dimension
/// 0 an iteration gets, and constants. Results: the carry's end, and the stacked other results.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scan {
    /// From carry, slices and constants to carry and other results.
    pub(crate) body: Body,
    /// Number of arrays in the carry.
    pub(crate) carry: usize,
    /// Number of arrays that are sliced.
    pub(crate) xs: usize,
    pub(crate) length: usize,
    /// Whether the last elements come first.
    pub(crate) reverse: bool,
    /// The copies of the body in one iteration of the compiled loop.
    pub(crate) unroll: usize,
    /// The operands that the results are linear in, where it is known.
    pub(crate) linear: Vec<bool>,
}

/// The shape and dtype of a slice along dimension 0.
fn element(aval: &Aval) -> Aval {
    aval.with_shape(&aval.shape()[1..])
}

/// The shape and dtype of `length` stacked arrays.
pub(super) fn stacked(aval: &Aval, length: usize) -> Aval {
    crate::rewrite::batch_aval(aval, length)
}

impl Scan {
    /// Applies it.
    pub(crate) fn bind(self, ins: &[Array]) -> Arrays {
        bind(self, &ins.iter().collect::<Vec<_>>())
    }

    /// One run of the body at position `i`, a scalar: returns the carry, and writes the other results.
    fn iteration(&self, b: &mut Builder, i: Id, state: &IterationValues<'_>) -> (Ids, Vec<Id>) {
        let mut ins: Ids = state.carry.into();
        for &x in state.xs {
            let aval = b.aval(x);
            let sizes = crate::graph::prepend(1, &aval.shape()[1..]);
            let operands = starts(b, &[x], i, aval.rank());
            let attrs = vec![(AttrName::SliceSizes, ints(&sizes))];
            let slice = b.op(Opcode::DynamicSlice, &operands, &aval.with_shape(&sizes), attrs);
            ins.push(b.op(Opcode::Reshape, &[slice], &element(&aval), vec![]));
        }
        ins.extend_from_slice(state.consts);
        let outs = b.inline(&self.body, &ins);
        let (carry, ys) = outs.split_at(self.carry);
        let written = ys
            .iter()
            .zip(state.ys)
            .map(|(&y, &all)| {
                let (aval, whole) = (b.aval(y), b.aval(all));
                let row = b.op(Opcode::Reshape, &[y], &stacked(&aval, 1), vec![]);
                let operands = starts(b, &[all, row], i, whole.rank());
                b.op(Opcode::DynamicUpdateSlice, &operands, &whole, vec![])
            })
            .collect();
        (carry.into(), written)
    }

    /// The position of iteration `step`.
    fn position(&self, b: &mut Builder, step: Id) -> Id {
        if !self.reverse {
            return step;
        }
        let last = int(b, self.length - 1);
        b.op(Opcode::Subtract, &[last, step], &Aval::scalar(DType::I32), vec![])
    }
}

/// The values that an iteration works on.
struct IterationValues<'a> {
    carry: &'a [Id],
    xs: &'a [Id],
    consts: &'a [Id],
    ys: &'a [Id],
}

/// `first`, then the start of row `i` in `rank` dimensions.
fn starts(b: &mut Builder, first: &[Id], i: Id, rank: usize) -> Vec<Id> {
    let mut operands = first.to_vec();
    operands.push(i);
    if rank > 1 {
        let zero = int(b, 0);
        operands.extend(std::iter::repeat_n(zero, rank - 1));
    }
    operands
}

impl Primitive for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }
    fn params(&self) -> String {
        format!(
            "length={} carry={} xs={} reverse={} unroll={} body={}",
            self.length, self.carry, self.xs, self.reverse, self.unroll, self.body
        )
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let expected = self.body.input_avals();
        let outs = self.body.output_avals();
        for (i, (aval, wanted)) in ins.iter().zip(&expected).enumerate() {
            let sliced = (self.carry..self.carry + self.xs).contains(&i);
            let wanted = if sliced { &stacked(wanted, self.length) } else { wanted };
            if *aval != wanted {
                return Err(format!("operand {i} must be {wanted}, got {aval}"));
            }
        }
        if ins.len() != expected.len() || outs[..self.carry] != expected[..self.carry] {
            return Err(format!(
                "the carry is {:?} before an iteration and {:?} after it",
                &expected[..self.carry],
                &outs[..self.carry]
            ));
        }
        let ys = outs[self.carry..].iter().map(|aval| stacked(aval, self.length));
        Ok(outs[..self.carry].iter().cloned().chain(ys).collect())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![&self.body]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let (carry, rest) = ins.split_at(self.carry);
        let (xs, consts) = rest.split_at(self.xs);
        let mut carry: Ids = carry.into();
        let mut ys: Vec<Id> = outs[self.carry..]
            .iter()
            .map(|aval| b.splat(aval, &vec![0; aval.dtype().size()]))
            .collect();
        let unroll = self.unroll.clamp(1, self.length.max(1));
        let looped = if self.length <= unroll { 0 } else { self.length - self.length % unroll };
        if looped > 0 {
            let step = int(b, 0);
            let mut operands: Ids = smallvec![step];
            operands.extend(carry.iter().chain(&ys).chain(xs).chain(consts).copied());
            let avals: Vec<Aval> = operands.iter().map(|&id| b.aval(id)).collect();
            let avals: Vec<&Aval> = avals.iter().collect();
            let condition = b.region(&avals, |b, p| {
                let end = int(b, looped);
                smallvec![super::while_loop::less(b, p[0], end)]
            });
            let (nc, ny) = (self.carry, ys.len());
            let body = b.region(&avals, |b, p| {
                let mut step = p[0];
                let mut carry: Ids = p[1..1 + nc].into();
                let mut ys = p[1 + nc..1 + nc + ny].to_vec();
                let (xs, consts) = p[1 + nc + ny..].split_at(self.xs);
                let one = int(b, 1);
                for _ in 0..unroll {
                    let i = self.position(b, step);
                    let state = IterationValues { carry: &carry, xs, consts, ys: &ys };
                    (carry, ys) = self.iteration(b, i, &state);
                    step = b.op(Opcode::Add, &[step, one], &Aval::scalar(DType::I32), vec![]);
                }
                let mut results: Ids = smallvec![step];
                results.extend(carry.into_iter().chain(ys).chain(p[1 + nc + ny..].iter().copied()));
                results
            });
            let regions = vec![condition, body];
            let ids = b.op_with_regions(Opcode::While, &operands, &avals, vec![], regions);
            carry = ids[1..1 + nc].into();
            ys = ids[1 + nc..1 + nc + ny].to_vec();
        }
        for step in looped..self.length {
            let step = int(b, step);
            let i = self.position(b, step);
            let state = IterationValues { carry: &carry, xs, consts, ys: &ys };
            (carry, ys) = self.iteration(b, i, &state);
        }
        carry.into_iter().chain(ys).collect()
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.length as u64 * self.body.flops()
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        Ok(match cx.mode {
            Mode::Forward => self.jvp_joint(cx.primals, cx.tangents),
            Mode::Reverse => self.jvp_apart(cx.primals, cx.tangents),
        })
    }
    fn checked(
        &self,
        checker: &mut dyn Checker,
        ins: &[Array],
        code: &mut Array,
    ) -> Option<Arrays> {
        let at = self.carry;
        let body = checker.program(&self.body, at, at).into();
        let op = Scan { body, carry: at + 1, linear: vec![], ..self.clone() };
        Some(bind_checked(op, ins, [at, at], code))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        self.transpose_linear(cx)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut flags = cx.batched.to_vec();
        let (body, out_flags) = loop_batch(&self.body, &mut flags, self.carry, cx.axis);
        // The iterations run along dimension 0, so the batch moves after it.
        let sliced = self.carry..self.carry + self.xs;
        let ins: SmallVec<[Array; 4]> = (0..cx.ins.len())
            .map(|i| match flags[i] {
                true if sliced.contains(&i) => cx.ins[i].moveaxis(0, 1),
                true => cx.with_batch(i),
                false => cx.ins[i].clone(),
            })
            .collect();
        let op = Scan { body: body.into(), ..self.clone() };
        let outs = op.bind(&ins).into_iter().zip(out_flags).enumerate();
        Ok(outs
            .map(|(i, (out, batched))| {
                (if batched && i >= self.carry { out.moveaxis(1, 0) } else { out }, batched)
            })
            .collect())
    }
}
