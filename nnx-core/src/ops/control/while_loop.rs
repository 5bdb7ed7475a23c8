//! A loop that runs as long as a condition holds.

use super::{active, count, loop_batch, loop_jvp, reordered};
use crate::array::select;
use crate::graph::{
    Array, Arrays, Avals, Batch, Batched, Body, Builder, Checker, Closed, Dual, Graph, Jvp, Mode,
    Primitive, Tangent, Tangents, trace,
};
use crate::lower::{Attr, AttrName, ComparisonType, Direction, Id, Ids, Opcode};
use crate::ops::BroadcastInDim;
use crate::ops::rules::bind_checked;
use crate::rewrite::{JvpProgram, batch_graph, interpret_batch, spread};
use crate::run::{bind, bind1};
use crate::value::{Aval, DType};

/// Runs `body` while `condition` holds. Operands: the carry's start, and constants.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct While {
    /// From carry and constants to a bool scalar.
    pub(crate) condition: Body,
    /// From carry and constants to the carry.
    pub(crate) body: Body,
    /// Number of arrays in the carry.
    pub(crate) carry: usize,
}

/// Whether one counter is below another.
pub(super) fn less(b: &mut Builder, x: Id, y: Id) -> Id {
    let attrs = vec![
        (AttrName::ComparisonDirection, Attr::Case(Direction::Lt.into())),
        (AttrName::CompareType, Attr::Case(ComparisonType::Signed.into())),
    ];
    b.op(Opcode::Compare, &[x, y], &Aval::scalar(DType::Bool), attrs)
}

impl While {
    /// Applies it.
    pub(crate) fn bind(self, ins: &[Array]) -> Arrays {
        bind(self, &ins.iter().collect::<Vec<_>>())
    }

    /// Values and tangents in one loop, and the derivative of the body.
    fn joint(&self, primals: &[Array], tangents: &[Tangent], mode: Mode) -> (Arrays, JvpProgram) {
        let mut active = active(tangents);
        let program = loop_jvp(&self.body, &mut active, self.carry, mode);
        let (carry, consts) = (count(&active[..self.carry]), count(&active[self.carry..]));
        let lengths = [self.carry, primals.len() - self.carry, carry, consts];
        let order = [0, 2, 1, 3];
        let mut body = program.graph.clone();
        body.inputs = reordered(&body.inputs, &lengths, &order);
        let mut condition = Graph::clone(&self.condition);
        let mut inputs = condition.inputs.clone();
        inputs.extend(
            (0..primals.len()).filter(|&i| active[i]).map(|i| condition.value(primals[i].aval())),
        );
        condition.inputs = reordered(&inputs, &lengths, &order);

        let given = (0..primals.len())
            .filter(|&i| active[i])
            .map(|i| tangents[i].clone().unwrap_or_else(|| primals[i].zeros_like()));
        let given: Vec<Array> = given.collect();
        let ins: Vec<Array> = primals[..self.carry]
            .iter()
            .chain(&given[..carry])
            .chain(&primals[self.carry..])
            .chain(&given[carry..])
            .cloned()
            .collect();
        let op =
            While { condition: condition.into(), body: body.into(), carry: self.carry + carry };
        (op.bind(&ins), program)
    }

    /// The loop for a batch whose elements end at different times: it runs until the last one
    /// ends, and those that have ended keep their values.
    fn batch_masked(&self, cx: &Batch<'_>, flags: &[bool]) -> Batched {
        let mut ins = cx.where_batched(flags);
        let running = |args: &[Array]| {
            interpret_batch(&self.condition, args, flags, cx.axis).swap_remove(0).0
        };
        // Which elements go on is a part of the carry: the condition, which may call the host, is computed once for
        // each iteration.
        ins.insert(0, running(&ins));
        let avals: Vec<Aval> = ins.iter().map(Array::aval).cloned().collect();
        let (Closed { graph: condition, .. }, ()) =
            trace("while_loop", &avals, |args| (vec![args[0].any(..)], ()));
        let (Closed { graph: body, .. }, ()) = trace("while_loop", &avals, |args| {
            let [going, args @ ..] = args else { unreachable!("the carry begins with it") };
            let next = interpret_batch(&self.body, args, flags, cx.axis);
            let kept = next.into_iter().zip(args).map(|((next, batched), old)| {
                let next = if batched { next } else { next.repeated(cx.axis.size) };
                let op = BroadcastInDim { shape: next.shape().to_vec(), dims: vec![0] };
                select(bind1(op, &[going]), &next, old)
            });
            let mut kept: Vec<Array> = kept.collect();
            let state: Vec<Array> = kept.iter().chain(&args[self.carry..]).cloned().collect();
            kept.insert(0, going & running(&state));
            (kept, ())
        });
        let op = While { condition: condition.into(), body: body.into(), carry: self.carry + 1 };
        op.bind(&ins).into_iter().skip(1).map(|out| (out, true)).collect()
    }
}

impl Primitive for While {
    fn name(&self) -> &'static str {
        "while_loop"
    }
    fn params(&self) -> String {
        format!("carry={} condition={} body={}", self.carry, self.condition, self.body)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let expected = self.body.avals_of(&self.body.inputs);
        if *ins != expected[..] {
            return Err(format!("takes {expected:?}, got {ins:?}"));
        }
        let outs = self.body.avals_of(&self.body.outputs);
        if outs[..] != ins[..self.carry] {
            let before = &ins[..self.carry];
            return Err(format!("the carry is {before:?} before an iteration, {outs:?} after it"));
        }
        Ok(outs.into_iter().cloned().collect())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![&self.condition, &self.body]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        let avals: Vec<Aval> = ins.iter().map(|&id| b.aval(id)).collect();
        let avals: Vec<&Aval> = avals.iter().collect();
        let condition = b.region(&avals, |b, p| b.inline(&self.condition, p));
        let body = b.region(&avals, |b, p| {
            let mut next = b.inline(&self.body, p);
            next.extend_from_slice(&p[self.carry..]);
            next
        });
        let regions = vec![condition, body];
        let mut outs = b.op_with_regions(Opcode::While, ins, &avals, vec![], regions);
        outs.truncate(self.carry);
        outs
    }
    /// Those of one iteration: how many there are is not known.
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.body.flops()
    }
    /// In reverse mode a loop of its own for the tangents, so that the values do not depend on them.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let apart = (cx.mode == Mode::Reverse).then(|| cx.outs().clone());
        let (mut outs, program) = self.joint(cx.primals, cx.tangents, cx.mode);
        let given: Vec<Array> = outs.drain(self.carry..).collect();
        Ok((apart.unwrap_or(outs), spread(&program.has_tangent, &given).into()))
    }
    /// The condition is not checked, and takes the code without a look at it.
    fn checked(
        &self,
        checker: &mut dyn Checker,
        ins: &[Array],
        code: &mut Array,
    ) -> Option<Arrays> {
        let at = self.carry;
        let body = checker.program(&self.body, at, at).into();
        let condition = checker.condition(&self.condition, at).into();
        let op = While { condition, body, carry: at + 1 };
        Some(bind_checked(op, ins, [at, at], code))
    }
    fn transpose(&self, _: &crate::graph::Backward<'_>) -> Result<Tangents, String> {
        Err("how often it runs is not known, so reverse mode cannot keep what it needs; use \
             `fori_loop` with integers for bounds, or `scan`, or forward mode (`jvp`)"
            .into())
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let mut flags = cx.batched.to_vec();
        let (body, outs) = loop_batch(&self.body, &mut flags, self.carry, cx.axis);
        let (condition, ends) = batch_graph(&self.condition, &flags, cx.axis, &[false]);
        if ends[0] {
            flags[..self.carry].fill(true);
            return Ok(self.batch_masked(cx, &flags));
        }
        let op = While { condition: condition.into(), body: body.into(), carry: self.carry };
        Ok(op.bind(&cx.where_batched(&flags)).into_iter().zip(outs).collect())
    }
}
