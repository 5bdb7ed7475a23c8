//! Programs whose values are computed again for the backward pass instead of being kept.

use super::OptimizationBarrier;
use crate::graph::{
    Array, Arrays, Avals, Backward, Batch, Batched, Body, Builder, Graph, Jvp, Lin, Mode,
    Primitive, Tangent, Tangents, Value,
};
use crate::lower::{Id, Ids};
use crate::rewrite::{interpret, interpret_jvp, jvp_program, spread, transpose};
use crate::run::bind;
use crate::value::Aval;

/// Which values [`remat_with`](crate::transform::remat_with) keeps for the backward pass; all others
/// are computed again.
/// `jax.checkpoint_policies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SavePolicy {
    /// None: only the arguments are kept. `nothing_saveable`.
    #[default]
    Nothing,
    /// All that the backward pass needs, as without remat. `everything_saveable`.
    Everything,
    /// Results of matrix products and convolutions. `dots_saveable`.
    Dots,
    /// Results of matrix products without batch dimensions, which are those with weights.
    /// `dots_with_no_batch_dims_saveable`.
    DotsWithoutBatch,
}

impl SavePolicy {
    fn keeps(self, node: &crate::graph::Node) -> bool {
        let op = node.op.as_any();
        let dot = op.downcast_ref::<super::DotGeneral>();
        match self {
            SavePolicy::Nothing => false,
            SavePolicy::Everything => true,
            SavePolicy::Dots => dot.is_some() || op.is::<super::Conv>(),
            SavePolicy::DotsWithoutBatch => dot.is_some_and(|dot| dot.0.lhs_batch.is_empty()),
        }
    }
}

/// Runs `graph`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Remat {
    pub(crate) graph: Body,
    pub(crate) saved: SavePolicy,
}

impl Primitive for Remat {
    fn name(&self) -> &'static str {
        "remat"
    }
    fn params(&self) -> String {
        format!("saved={:?} body={}", self.saved, self.graph)
    }
    fn infer(&self, _: &[Aval]) -> Result<Avals, String> {
        Ok(self.graph.output_avals().into())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![&self.graph]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[Aval]) -> Ids {
        b.inline(&self.graph, ins)
    }
    fn flops(&self, _: &[Aval], _: &[Aval]) -> u64 {
        self.graph.flops()
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("its derivative is taken together with its values".into())
    }
    fn jvp_with_values(
        &self,
        primals: &[Array],
        tangents: &[Tangent],
        mode: Mode,
    ) -> Option<Result<(Arrays, Tangents), String>> {
        if mode == Mode::Forward {
            let (outs, tangents) = interpret_jvp(&self.graph, primals, tangents, mode);
            return Some(Ok((outs.into(), tangents.into())));
        }
        let n = primals.len();
        let active: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let never = vec![false; self.graph.outputs.len()];
        let program = jvp_program(&self.graph, &active, &never, mode);
        let split = program.split(n);
        let saved: Vec<Value> = program
            .graph
            .nodes
            .iter()
            .filter(|node| self.saved.keeps(node))
            .flat_map(|node| &node.outs)
            .filter(|v| match self.saved {
                SavePolicy::Everything => split.residuals.contains(v),
                _ => !split.depends_on_tangents[v.index()],
            })
            .copied()
            .collect();
        let mut outs = interpret(&program.known_part(n, &saved), primals);
        let kept = outs.split_off(program.has_tangent.len());
        let from: Vec<Value> = program.graph.inputs[..n].iter().chain(&saved).copied().collect();
        let linear = program.linear_part(&from, n);
        let ins: Vec<&Array> =
            primals.iter().chain(&kept).chain(tangents.iter().flatten()).collect();
        let given = bind(RematLinear { graph: linear.into(), known: from.len() }, &ins);
        Some(Ok((outs.into(), spread(&program.has_tangent, &given).into())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        self.graph.batch(cx, |graph| Remat { graph, saved: self.saved })
    }
}

/// The tangents of a [`Remat`] from its inputs, of which the first `known` are values and the others
/// tangents. It computes the values on the way again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RematLinear {
    graph: Body,
    known: usize,
}

impl Primitive for RematLinear {
    fn name(&self) -> &'static str {
        "remat_linear"
    }
    fn params(&self) -> String {
        format!("known={} body={}", self.known, self.graph)
    }
    fn infer(&self, _: &[Aval]) -> Result<Avals, String> {
        Ok(self.graph.output_avals().into())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![&self.graph]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[Aval]) -> Ids {
        b.inline(&self.graph, ins)
    }
    fn flops(&self, _: &[Aval], _: &[Aval]) -> u64 {
        self.graph.flops()
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("its derivative is taken together with its values".into())
    }
    fn jvp_with_values(
        &self,
        primals: &[Array],
        tangents: &[Tangent],
        mode: Mode,
    ) -> Option<Result<(Arrays, Tangents), String>> {
        let (outs, tangents) = interpret_jvp(&self.graph, primals, tangents, mode);
        Some(Ok((outs.into(), tangents.into())))
    }
    /// Behind a barrier that waits for the cotangents, or the compiler would see that the values
    /// are those of the forward pass and keep them after all.
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let known: Option<Vec<&Array>> = (0..self.known).map(|i| cx.known(i)).collect();
        let Some(known) = known else { return Err("it is linear in tangents only".into()) };
        let n = known.len();
        let waiting: Vec<&Array> = known.into_iter().chain(cx.cts.iter().flatten()).collect();
        let behind = bind(OptimizationBarrier, &waiting);
        let (known, given) = behind.split_at(n);
        let places: Vec<bool> = cx.cts.iter().map(Option::is_some).collect();
        let ins: Vec<Lin> = (0..cx.ins.len())
            .map(|i| match known.get(i) {
                Some(array) => Lin::Known(array.clone()),
                None => match cx.known(i) {
                    Some(array) => Lin::Known(array.clone()),
                    None => Lin::Linear(cx.aval(i)),
                },
            })
            .collect();
        Ok(transpose(&self.graph, &ins, &spread(&places, given)).into())
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        self.graph.batch(cx, |graph| RematLinear { graph, known: self.known })
    }
}
