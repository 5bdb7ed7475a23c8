//! Programs whose values are computed again for the backward pass instead of being kept.

use super::{OptimizationBarrier, RunsProgram};
use crate::graph::{Array, Backward, Body, Dual, Jvp, Lin, Mode, Node, Product, Tangents, Value};
use crate::rewrite::{interpret, interpret_jvp, jvp_program, spread, transpose};
use crate::run::bind;
use rustc_hash::FxHashSet;

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
    fn keeps(self, node: &Node) -> bool {
        match self {
            SavePolicy::Nothing => false,
            SavePolicy::Everything => true,
            SavePolicy::Dots => node.op.product().is_some(),
            SavePolicy::DotsWithoutBatch => {
                node.op.product() == Some(Product::Dot { has_batch: false })
            }
        }
    }
}

/// Runs `graph`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Remat {
    pub(crate) graph: Body,
    pub(crate) saved: SavePolicy,
}

impl RunsProgram for Remat {
    fn name(&self) -> &'static str {
        "remat"
    }
    fn params(&self) -> String {
        format!("saved={:?} body={}", self.saved, self.graph)
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        Remat { graph, saved: self.saved }
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        if cx.mode == Mode::Forward {
            let (outs, tangents) = interpret_jvp(&self.graph, cx.primals, cx.tangents, cx.mode);
            return Ok((outs.into(), tangents.into()));
        }
        let n = cx.primals.len();
        let active: Vec<bool> = cx.tangents.iter().map(Option::is_some).collect();
        let never = vec![false; self.graph.outputs.len()];
        let program = jvp_program(&self.graph, &active, &never, cx.mode);
        let split = program.split(n);
        let residuals: FxHashSet<Value> = split.residuals.iter().copied().collect();
        let saved: Vec<Value> = program
            .graph
            .nodes
            .iter()
            // An effect happens once.
            .filter(|node| node.has_effect() || self.saved.keeps(node))
            .flat_map(|node| &node.outs)
            .filter(|v| match self.saved {
                SavePolicy::Everything => residuals.contains(v),
                _ => !split.depends_on_tangents[v.index()],
            })
            .copied()
            .collect();
        let mut outs = interpret(&program.known_part(n, &saved), cx.primals);
        let kept = outs.split_off(program.has_tangent.len());
        let from: Vec<Value> = program.graph.inputs[..n].iter().chain(&saved).copied().collect();
        let linear = program.linear_part(&from, n);
        let ins: Vec<&Array> =
            cx.primals.iter().chain(&kept).chain(cx.tangents.iter().flatten()).collect();
        let tangents = ins.len() - from.len();
        let given = bind(RematLinear { graph: linear.into(), tangents }, &ins);
        Ok((outs.into(), spread(&program.has_tangent, &given).into()))
    }
}

/// The tangents of a [`Remat`] from its inputs: values, and at the end as many tangents as it says.
/// It computes the values on the way again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RematLinear {
    graph: Body,
    tangents: usize,
}

impl RunsProgram for RematLinear {
    fn name(&self) -> &'static str {
        "remat_linear"
    }
    fn params(&self) -> String {
        format!("tangents={} body={}", self.tangents, self.graph)
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        RematLinear { graph, tangents: self.tangents }
    }
    /// Behind a barrier that waits for the cotangents, or the compiler would see that the values
    /// are those of the forward pass and keep them after all.
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let known = cx.ins.len() - self.tangents;
        let known: Option<Vec<&Array>> = (0..known).map(|i| cx.known(i)).collect();
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
                    None => Lin::Linear(cx.aval(i).clone()),
                },
            })
            .collect();
        Ok(transpose(&self.graph, &ins, &spread(&places, given)).into())
    }
}
