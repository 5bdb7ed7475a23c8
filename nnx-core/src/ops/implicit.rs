//! Solutions of equations, whose derivatives come from the equations, and not from how they were
//! solved.

use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Body, Builder, Dual, Graph, Jvp, Primitive, Tangent,
    Tangents,
};
use crate::lower::{Id, Ids};
use crate::rewrite::{batch_graph, interpret, interpret_jvp};
use crate::run::bind;
use crate::value::Aval;
use std::ops::Range;

/// A program whose last inputs, which its function captured, are some operands of an operation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CapturingPart {
    pub(crate) graph: Body,
    pub(crate) captures: Range<usize>,
}

impl CapturingPart {
    fn args<T: Clone>(&self, first: &[T], operands: &[T]) -> Vec<T> {
        first.iter().chain(&operands[self.captures.clone()]).cloned().collect()
    }

    /// The results for arguments `first`.
    fn call(&self, first: &[Array], operands: &[Array]) -> Vec<Array> {
        interpret(&self.graph, &self.args(first, operands))
    }

    /// The tangents of the results by what was captured alone.
    fn tangents(&self, first: &[Array], cx: &Jvp<'_>) -> Vec<Tangent> {
        let none: Vec<Tangent> = vec![None; first.len()];
        let (primals, tangents) = (self.args(first, cx.primals), self.args(&none, cx.tangents));
        interpret_jvp(&self.graph, &primals, &tangents, cx.mode).1
    }

    /// The program for a batch, in which all but captures have one.
    fn batched(&self, cx: &Batch<'_>) -> CapturingPart {
        let first = self.graph.inputs.len() - self.captures.len();
        let flags = self.args(&vec![true; first], cx.batched);
        let always = vec![true; self.graph.outputs.len()];
        let (graph, _) = batch_graph(&self.graph, &flags, cx.axis, &always);
        CapturingPart { graph: graph.into(), captures: self.captures.clone() }
    }
}

/// The operands of a batch, of which the first `n` all have one.
fn all_batched(cx: &Batch<'_>, n: usize) -> Vec<Array> {
    (0..cx.ins.len()).map(|i| if i < n { cx.with_batch(i) } else { cx.ins[i].clone() }).collect()
}

/// The x of A x = b as `solve` finds it. Operands: the parts of b, and what the functions captured.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LinearSolve {
    /// From x to A x.
    pub(crate) matvec: CapturingPart,
    /// From b to x.
    pub(crate) solve: CapturingPart,
    /// The same of the transpose of A.
    pub(crate) transposed: Option<[CapturingPart; 2]>,
    /// Number of the parts of b.
    pub(crate) parts: usize,
}

impl Primitive for LinearSolve {
    fn name(&self) -> &'static str {
        "custom_linear_solve"
    }
    fn params(&self) -> String {
        format!("matvec={} solve={}", self.matvec.graph, self.solve.graph)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(ins[..self.parts].iter().copied().cloned().collect())
    }
    fn bodies(&self) -> Vec<&Graph> {
        let transposed = self.transposed.iter().flatten();
        [&self.matvec, &self.solve].into_iter().chain(transposed).map(|part| &*part.graph).collect()
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        b.inline(&self.solve.graph, &self.solve.args(&ins[..self.parts], ins))
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.solve.graph.flops()
    }
    /// A ẋ = ḃ − Ȧ x.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let n = self.parts;
        let mut right: Vec<Tangent> = cx.tangents[..n].to_vec();
        if cx.tangents[self.matvec.captures.clone()].iter().any(Option::is_some) {
            let change = self.matvec.tangents(cx.outs(), cx);
            right = right
                .into_iter()
                .zip(change)
                .map(|(b, a)| crate::rewrite::add_tangents(b, a.map(|a| -a)))
                .collect();
        }
        if right.iter().all(Option::is_none) {
            return cx.zero();
        }
        let outs = cx.outs().clone();
        let mut ins: Vec<Array> = cx.primals.to_vec();
        for (operand, tangent) in ins.iter_mut().zip(right) {
            *operand = tangent.unwrap_or_else(|| operand.zeros_like());
        }
        let tangents = bind(self.clone(), &ins.iter().collect::<Vec<_>>());
        Ok((outs, tangents.into_iter().map(Some).collect()))
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some([matvec, solve]) = &self.transposed else {
            return Err("reverse mode needs a way to solve the transposed system: give \
                        `TransposeSolve::With` or, if the matrix is symmetric, \
                        `TransposeSolve::Symmetric`"
                .into());
        };
        let n = self.parts;
        let mut ins: Vec<Array> = (cx.cts.iter().enumerate())
            .map(|(i, ct)| ct.clone().unwrap_or_else(|| Array::zeros_aval(cx.aval(i))))
            .collect();
        for i in n..cx.ins.len() {
            let Some(known) = cx.known(i) else {
                return Err("it is not linear in the matrix".into());
            };
            ins.push(known.clone());
        }
        let op = LinearSolve {
            matvec: matvec.clone(),
            solve: solve.clone(),
            transposed: Some([self.matvec.clone(), self.solve.clone()]),
            parts: n,
        };
        let mut out: Tangents =
            bind(op, &ins.iter().collect::<Vec<_>>()).into_iter().map(Some).collect();
        out.resize(cx.ins.len(), None);
        Ok(out)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let op = LinearSolve {
            matvec: self.matvec.batched(cx),
            solve: self.solve.batched(cx),
            transposed: self.transposed.as_ref().map(|pair| pair.each_ref().map(|p| p.batched(cx))),
            parts: self.parts,
        };
        let ins = all_batched(cx, self.parts);
        crate::graph::batched(bind(op, &ins.iter().collect::<Vec<_>>()))
    }
}

/// The x of f(x) = 0 as `solve` finds it. Operands: the parts of the start, and what the functions
/// captured.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ImplicitRoot {
    pub(crate) f: CapturingPart,
    /// From the start to x.
    pub(crate) solve: CapturingPart,
    /// From x and y to the t with f'(x) t = y.
    pub(crate) tangent_solve: CapturingPart,
    /// Number of the parts of x.
    pub(crate) parts: usize,
}

impl Primitive for ImplicitRoot {
    fn name(&self) -> &'static str {
        "custom_root"
    }
    fn params(&self) -> String {
        format!("f={} solve={}", self.f.graph, self.solve.graph)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(ins[..self.parts].iter().copied().cloned().collect())
    }
    fn bodies(&self) -> Vec<&Graph> {
        [&self.f, &self.solve, &self.tangent_solve].map(|part| &*part.graph).to_vec()
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        b.inline(&self.solve.graph, &self.solve.args(&ins[..self.parts], ins))
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.solve.graph.flops()
    }
    /// The implicit function theorem: f'(x) ẋ = −ḟ, where ḟ is by what f captured.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let x = cx.outs().clone();
        let change = self.f.tangents(&x, cx);
        if change.iter().all(Option::is_none) {
            return cx.zero();
        }
        let change = change.into_iter().zip(&x);
        let change = change.map(|(t, x)| t.unwrap_or_else(|| x.zeros_like()));
        let both: Vec<Array> = x.iter().cloned().chain(change).collect();
        let tangents = self.tangent_solve.call(&both, cx.primals);
        Ok((x, tangents.into_iter().map(|t| Some(-t)).collect()))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let op = ImplicitRoot {
            f: self.f.batched(cx),
            solve: self.solve.batched(cx),
            tangent_solve: self.tangent_solve.batched(cx),
            parts: self.parts,
        };
        let ins = all_batched(cx, self.parts);
        crate::graph::batched(bind(op, &ins.iter().collect::<Vec<_>>()))
    }
}

impl CapturingPart {
    /// Programs with what their functions captured, after `parts` operands; and all captures.
    pub(crate) fn of<const N: usize>(
        parts: usize,
        programs: [crate::graph::Closed; N],
    ) -> ([CapturingPart; N], Vec<Array>) {
        let mut captures: Vec<Array> = Vec::new();
        let made = programs.map(|program| {
            let start = parts + captures.len();
            captures.extend(program.captures);
            CapturingPart { graph: program.graph.into(), captures: start..parts + captures.len() }
        });
        (made, captures)
    }
}
