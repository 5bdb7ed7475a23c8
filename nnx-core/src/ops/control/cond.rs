//! A choice among programs.

use super::{active, count};
use crate::array::select;
use crate::graph::{
    Array, Arrays, Avals, Backward, Batch, Batched, Body, Builder, Checker, Closed, Dual, Graph,
    Jvp, Mode, Primitive, Tangent, Tangents, Value, trace,
};
use crate::lower::{Id, Ids, Opcode};
use crate::ops::rules::bind_checked;
use crate::rewrite::{
    JvpProgram, batch_graph, interpret, interpret_batch, jvp_program, lin_of, spread, transpose,
};
use crate::run::bind;
use crate::value::{Aval, DType};
use smallvec::SmallVec;

/// Runs one of several programs of equal inputs and outputs. Operands: which one, an i32 scalar
/// that is in range, and the inputs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cond {
    pub(crate) branches: Vec<Body>,
    /// The inputs that the results are linear in, where it is known.
    pub(crate) linear: Vec<bool>,
}

/// Where the linear part of a branch finds what it needs.
struct Residuals {
    /// For each place in the list of handed values, what the branch hands there.
    slots: Vec<Option<Value>>,
    /// Inputs of the branch.
    inputs: Vec<(Value, usize)>,
}

impl Cond {
    /// Applies it to the index and the inputs.
    pub(crate) fn bind(self, ins: &[Array]) -> Arrays {
        bind(self, &ins.iter().collect::<Vec<_>>())
    }

    fn of(branches: Vec<Graph>, linear: Vec<bool>) -> Self {
        Cond { branches: branches.into_iter().map(Body::from).collect(), linear }
    }

    /// The derivatives of the branches, which have the same tangents.
    fn programs(&self, active: &[bool], mode: Mode) -> Vec<JvpProgram> {
        let outs = self.branches[0].outputs.len();
        let of = |always: &[bool]| -> Vec<JvpProgram> {
            self.branches.iter().map(|branch| jvp_program(branch, active, always, mode)).collect()
        };
        let programs = of(&vec![false; outs]);
        let any: Vec<bool> =
            (0..outs).map(|i| programs.iter().any(|program| program.has_tangent[i])).collect();
        if programs.iter().all(|program| program.has_tangent == any) { programs } else { of(&any) }
    }

    /// Values and tangents by one choice.
    fn jvp_joint(&self, primals: &[Array], tangents: &[Tangent]) -> Dual {
        let programs = self.programs(&active(&tangents[1..]), Mode::Forward);
        let has_tangent = programs[0].has_tangent.clone();
        let op = Cond::of(programs.into_iter().map(|p| p.graph).collect(), vec![]);
        let ins: Vec<Array> = primals.iter().chain(tangents.iter().flatten()).cloned().collect();
        let mut outs = op.bind(&ins);
        let given: Vec<Array> = outs.drain(has_tangent.len()..).collect();
        (outs, spread(&has_tangent, &given).into())
    }

    /// A choice among values that hands over what a linear choice among tangents needs.
    fn jvp_apart(&self, primals: &[Array], tangents: &[Tangent]) -> Dual {
        let active = active(&tangents[1..]);
        let n = active.len();
        let programs = self.programs(&active, Mode::Reverse);
        let splits: Vec<_> = programs.iter().map(|program| program.split(n)).collect();

        // Branches share a place for values of one shape and dtype: only one of them runs.
        let mut slots: Vec<Aval> = Vec::new();
        let mut residuals = Vec::new();
        for (program, split) in programs.iter().zip(&splits) {
            let mut of = Residuals { slots: vec![None; slots.len()], inputs: vec![] };
            for &v in &split.residuals {
                if let Some(i) = program.graph.inputs.iter().position(|&input| input == v) {
                    of.inputs.push((v, i));
                    continue;
                }
                let aval = program.graph.aval(v);
                let free = (0..slots.len()).find(|&s| slots[s] == *aval && of.slots[s].is_none());
                match free {
                    Some(slot) => of.slots[slot] = Some(v),
                    None => {
                        slots.push(aval.clone());
                        of.slots.push(Some(v));
                    }
                }
            }
            residuals.push(of);
        }

        let in_avals = self.branches[0].input_avals();
        let known = programs.iter().zip(&residuals).map(|(program, of)| {
            let handed: Vec<Value> = of.slots.iter().flatten().copied().collect();
            let part = program.known_part(n, &handed);
            let outs = program.has_tangent.len();
            traced(&in_avals, |args| {
                let mut results = interpret(&part, args);
                let mut handed = results.drain(outs..).collect::<Vec<_>>().into_iter();
                for (s, aval) in slots.iter().enumerate() {
                    let value = match of.slots.get(s) {
                        Some(Some(_)) => handed.next(),
                        _ => None,
                    };
                    results.push(value.unwrap_or_else(|| Array::zeros_aval(aval)));
                }
                results
            })
        });
        let mut outs = Cond::of(known.collect(), vec![]).bind(primals);
        let handed: Vec<Array> = outs.drain(programs[0].has_tangent.len()..).collect();

        let tangent_avals = (0..n).filter(|&i| active[i]).map(|i| &in_avals[i]);
        let avals: Vec<Aval> =
            slots.iter().chain(&in_avals).chain(tangent_avals).cloned().collect();
        let linear_branches = splits.iter().zip(&residuals).map(|(split, of)| {
            traced(&avals, |args| {
                let (from_slots, rest) = args.split_at(slots.len());
                let (inputs, tangents) = rest.split_at(n);
                let find = |v: Value| match of.inputs.iter().find(|(input, _)| *input == v) {
                    Some((_, i)) => inputs[*i].clone(),
                    None => match of.slots.iter().position(|slot| *slot == Some(v)) {
                        Some(slot) => from_slots[slot].clone(),
                        None => unreachable!("each residual has its place"),
                    },
                };
                let args: Vec<Array> = split
                    .residuals
                    .iter()
                    .map(|&v| find(v))
                    .chain(tangents.iter().cloned())
                    .collect();
                interpret(&split.linear, &args)
            })
        });
        let mut linear = vec![false; slots.len() + n];
        linear.resize(linear.len() + count(&active), true);
        let op = Cond::of(linear_branches.collect(), linear);
        let ins: Vec<Array> = primals[..1]
            .iter()
            .chain(&handed)
            .chain(&primals[1..])
            .chain(tangents.iter().flatten())
            .cloned()
            .collect();
        let given = op.bind(&ins);
        (outs, spread(&programs[0].has_tangent, &given).into())
    }

    /// Every branch for every element, of which the right ones are selected.
    fn batch_all(&self, cx: &Batch<'_>) -> Batched {
        let (ins, flags) = (&cx.ins[1..], &cx.batched[1..]);
        let run = |branch: &Body| -> Vec<Array> {
            interpret_batch(branch, ins, flags, cx.axis)
                .into_iter()
                .map(|(out, batched)| if batched { out } else { out.repeated(cx.axis.size) })
                .collect()
        };
        let mut outs = run(&self.branches[0]);
        for (k, branch) in self.branches.iter().enumerate().skip(1) {
            let chosen = cx.ins[0].eq(k as i32);
            for (out, other) in outs.iter_mut().zip(run(branch)) {
                let op = crate::ops::BroadcastInDim { shape: out.shape().to_vec(), dims: vec![0] };
                *out = select(crate::run::bind1(op, &[&chosen]), &other, &*out);
            }
        }
        outs.into_iter().map(|out| (out, true)).collect()
    }
}

/// The program of `body`, which uses nothing but its arguments.
fn traced(avals: &[Aval], body: impl FnOnce(&[Array]) -> Vec<Array>) -> Graph {
    let (Closed { graph, .. }, ()) = trace("cond", avals, |args| (body(args), ()));
    graph
}

impl Primitive for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }
    fn params(&self) -> String {
        let branches: Vec<String> = self.branches.iter().map(|b| b.to_string()).collect();
        format!("branches=({})", branches.join(", "))
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if *ins[0] != Aval::scalar(DType::I32) {
            return Err(format!("the index must be an i32 scalar, got {}", ins[0]));
        }
        let outs = self.branches[0].output_avals();
        for branch in &self.branches {
            if branch.avals_of(&branch.inputs)[..] != ins[1..] || branch.output_avals() != outs {
                return Err("its branches differ in what they take or give".into());
            }
        }
        Ok(outs.into())
    }
    fn bodies(&self) -> Vec<&Graph> {
        self.branches.iter().map(|branch| &**branch).collect()
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if outs.is_empty() {
            return Ids::new();
        }
        let regions = self
            .branches
            .iter()
            .map(|branch| b.region(&[], |b, _| b.inline(branch, &ins[1..])))
            .collect();
        b.op_with_regions(Opcode::Case, &ins[..1], outs, vec![], regions)
    }
    /// Those of the largest branch.
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.branches.iter().map(|branch| branch.flops()).max().unwrap_or(0)
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
        let branches = self.branches.iter().map(|branch| checker.program(branch, 0, 0));
        let op = Cond::of(branches.collect(), vec![]);
        Some(bind_checked(op, ins, [1, 0], code))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        if self.linear.is_empty() {
            return Err("it is not known to be linear".into());
        }
        let avals = self.branches[0].input_avals();
        let known_at: Vec<usize> = (0..avals.len()).filter(|&i| !self.linear[i]).collect();
        let linear_at: Vec<usize> = (0..avals.len()).filter(|&i| self.linear[i]).collect();
        let given: Vec<usize> = (0..cx.cts.len()).filter(|&i| cx.cts[i].is_some()).collect();
        let index = cx.known(0).ok_or("it is not linear in the index")?;
        let known = known_at.iter().map(|&i| cx.known(i + 1).cloned().ok_or("it is not linear"));
        let known: Vec<Array> = known.collect::<Result<_, _>>()?;
        let cts: Vec<Array> = cx.cts.iter().flatten().cloned().collect();
        let ins: Vec<Array> = std::iter::once(index).chain(&known).chain(&cts).cloned().collect();
        let in_avals: Vec<Aval> = ins[1..].iter().map(Array::aval).cloned().collect();
        let branches = self.branches.iter().map(|branch| {
            traced(&in_avals, |args| {
                let (known, given_cts) = args.split_at(known_at.len());
                let mut at = vec![None; avals.len()];
                for (&i, value) in known_at.iter().zip(known) {
                    at[i] = Some(value.clone());
                }
                let mut cts = vec![None; cx.cts.len()];
                for (&i, ct) in given.iter().zip(given_cts) {
                    cts[i] = Some(ct.clone());
                }
                let mut result = transpose(branch, &lin_of(&avals, &at), &cts);
                let or_zeros =
                    |&i: &usize| result[i].take().unwrap_or_else(|| Array::zeros_aval(&avals[i]));
                linear_at.iter().map(or_zeros).collect()
            })
        });
        let mut linear = vec![false; known.len()];
        linear.resize(in_avals.len(), true);
        let outs = Cond::of(branches.collect(), linear).bind(&ins);
        let mut cotangents: Tangents = SmallVec::from_elem(None, avals.len() + 1);
        for (i, ct) in linear_at.into_iter().zip(outs) {
            cotangents[i + 1] = Some(ct);
        }
        Ok(cotangents)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        if cx.batched[0] {
            return Ok(self.batch_all(cx));
        }
        let of = |always: &[bool]| -> Vec<(Graph, Vec<bool>)> {
            self.branches
                .iter()
                .map(|branch| batch_graph(branch, &cx.batched[1..], cx.axis, always))
                .collect()
        };
        let outs = self.branches[0].outputs.len();
        let mut branches = of(&vec![false; outs]);
        let any: Vec<bool> = (0..outs).map(|i| branches.iter().any(|(_, f)| f[i])).collect();
        if branches.iter().any(|(_, flags)| *flags != any) {
            branches = of(&any);
        }
        let op =
            Cond::of(branches.into_iter().map(|(graph, _)| graph).collect(), self.linear.clone());
        Ok(op.bind(cx.ins).into_iter().zip(any).collect())
    }
}
