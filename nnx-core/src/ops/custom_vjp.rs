//! Functions with a reverse derivative of their own.

use super::RunsProgram;
use crate::graph::{
    Array, Avals, Backward, Batch, BatchAxis, Batched, Body, Builder, Checker, Closed, Dual, Graph,
    Jvp, Mode, Primitive, Rule, Tangents, trace,
};
use crate::lower::{Id, Ids};
use crate::rewrite::{batch_call, interpret};
use crate::run::bind;
use crate::value::Aval;
use std::sync::Arc;

/// A function from arrays to arrays.
pub(crate) type ArrayFn = Arc<dyn Fn(&[Array]) -> Vec<Array> + Send + Sync>;

/// The two halves of a reverse derivative.
#[derive(Clone)]
pub(crate) struct VjpRule {
    /// From the inputs to the outputs, then what the backward pass needs.
    pub(crate) forward: ArrayFn,
    /// From what the forward pass kept and the cotangents of the outputs, zeros included, to those of
    /// the differentiable inputs.
    pub(crate) backward: ArrayFn,
}

/// Runs `graph`; its reverse derivative is `rule`. `jax.custom_vjp`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CustomVjp {
    pub(crate) graph: Body,
    pub(crate) rule: Rule<VjpRule>,
}

impl RunsProgram for CustomVjp {
    fn name(&self) -> &'static str {
        "custom_vjp"
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        CustomVjp { graph, rule: self.rule.clone() }
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        if cx.mode == Mode::Forward {
            return Err("it has a reverse derivative only (`custom_vjp`); for forward mode use \
                        `custom_jvp`"
                .into());
        }
        let avals = self.graph.output_avals();
        let mut outs = (self.rule.forward)(cx.primals);
        let kept = outs.split_off(avals.len());
        let op = CustomVjpLinear {
            kept: kept.len(),
            active: cx.tangents.iter().map(Option::is_some).collect(),
            inputs: cx.primals.iter().map(Array::aval).cloned().collect(),
            outputs: avals.clone(),
            backward: Rule(self.rule.backward.clone()),
        };
        let ins: Vec<&Array> = kept.iter().chain(cx.tangents.iter().flatten()).collect();
        let tangents = bind(op, &ins).into_iter().zip(avals);
        let tangents = tangents.map(|(t, aval)| aval.dtype().is_differentiable().then_some(t));
        Ok((outs.into(), tangents.collect()))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let rule = Rule(self.rule.batched(&self.graph, cx.batched.to_vec(), cx.axis.clone()));
        self.graph.batch(cx, |graph| CustomVjp { graph, rule })
    }
    fn checked(&self, checker: &mut dyn Checker) -> Self {
        let graph = checker.function(RunsProgram::name(self), &self.graph).into();
        CustomVjp { graph, rule: Rule(self.rule.checked(checker, &self.graph)) }
    }
}

impl VjpRule {
    /// The rule for a batch of which the marked inputs have a dimension.
    fn batched(&self, graph: &Graph, in_batch: Vec<bool>, axis: BatchAxis) -> VjpRule {
        let VjpRule { forward, backward } = self.clone();
        let in_batch_of_cts: Vec<bool> = graph
            .input_avals()
            .iter()
            .zip(&in_batch)
            .filter(|(aval, _)| aval.dtype().is_differentiable())
            .map(|(_, batched)| *batched)
            .collect();
        let all = move |f: &ArrayFn, args: &[Array], flags: &[bool]| {
            batch_call("custom_vjp", args, flags, &axis, |args| (f(args), ())).0
        };
        let all_forward = all.clone();
        VjpRule {
            forward: Arc::new(move |args| all_forward(&forward, args, &in_batch)),
            backward: Arc::new(move |args| {
                let cts = all(&backward, args, &vec![true; args.len()]);
                // An input without the dimension took part in every element.
                let of = |(ct, &batched): (Array, &bool)| if batched { ct } else { ct.sum(0) };
                cts.into_iter().zip(&in_batch_of_cts).map(of).collect()
            }),
        }
    }

    /// The rule of a checked function of `graph`'s shapes, where the first input and output are the
    /// code. What the forward pass checks is checked; the backward pass runs outside of it.
    fn checked(&self, checker: &mut dyn Checker, graph: &Graph) -> VjpRule {
        let VjpRule { forward, backward } = self.clone();
        let (Closed { graph: forward, captures, .. }, ()) =
            trace("custom_vjp", &graph.input_avals(), |args| (forward(args), ()));
        let forward = checker.function("custom_vjp", &forward);
        let outs = graph.outputs.len() + 1;
        VjpRule {
            forward: Arc::new(move |args| {
                let args: Vec<Array> = args.iter().chain(&captures).cloned().collect();
                interpret(&forward, &args)
            }),
            backward: Arc::new(move |args| {
                let mut args = args.to_vec();
                args.remove(args.len() - outs);
                backward(&args)
            }),
        }
    }
}

/// The tangents of the results of a [`CustomVjp`], which nobody computes: there is only a
/// transpose. Operands: what the forward pass kept, then the tangents of the active inputs.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CustomVjpLinear {
    kept: usize,
    active: Vec<bool>,
    inputs: Vec<Aval>,
    outputs: Vec<Aval>,
    backward: Rule<ArrayFn>,
}

impl Primitive for CustomVjpLinear {
    fn name(&self) -> &'static str {
        "custom_vjp_linear"
    }
    fn infer(&self, _: &[&Aval]) -> Result<Avals, String> {
        Ok(self.outputs.clone().into())
    }
    fn is_reverse_only(&self) -> bool {
        true
    }
    /// Zeros: a derivative in forward mode was refused before.
    fn lower(&self, b: &mut Builder, _: &[Id], outs: &[&Aval]) -> Ids {
        outs.iter().map(|aval| b.splat(aval, &vec![0; aval.dtype().size()])).collect()
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        Err("it has a reverse derivative only (`custom_vjp`)".into())
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let mut args: Vec<Array> = (0..self.kept).filter_map(|i| cx.known(i).cloned()).collect();
        for (ct, aval) in cx.cts.iter().zip(&self.outputs) {
            args.push(ct.clone().unwrap_or_else(|| Array::zeros_aval(aval)));
        }
        let mut cts = (self.backward.0)(&args).into_iter();
        let mut cotangents: Tangents = (0..self.kept).map(|_| None).collect();
        for (aval, &active) in self.inputs.iter().zip(&self.active) {
            let ct = if aval.dtype().is_differentiable() { cts.next() } else { None };
            if active {
                cotangents.push(ct);
            }
        }
        Ok(cotangents)
    }
    fn batch(&self, _: &Batch<'_>) -> Result<Batched, String> {
        Err("it has a reverse derivative only (`custom_vjp`)".into())
    }
}
