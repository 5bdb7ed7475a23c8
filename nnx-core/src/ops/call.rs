//! A call of a program that stays a function of its own in the compiled module.

use super::{
    Backward, Batch, Batched, Builder, Id, Ids, Jvp, Mode, Primitive, Tangent, Tangents, batched,
};
use crate::Array;
use crate::graph::{Arrays, Aval, Avals, Graph, bind};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Runs `graph` on its operands.
#[derive(Clone)]
pub(crate) struct CallGraph {
    pub(crate) name: Arc<str>,
    pub(crate) graph: Arc<Graph>,
}

impl PartialEq for CallGraph {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && (Arc::ptr_eq(&self.graph, &other.graph) || self.graph.same_program(&other.graph))
    }
}
impl Eq for CallGraph {}

impl Hash for CallGraph {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.graph.fingerprint().hash(state);
    }
}

impl Primitive for CallGraph {
    fn name(&self) -> &'static str {
        "call"
    }
    fn params(&self) -> String {
        self.name.to_string()
    }
    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        if self.graph.input_avals() != ins {
            return Err(format!(
                "`{}` takes {:?}, got {ins:?}",
                self.name,
                self.graph.input_avals()
            ));
        }
        Ok(self.graph.output_avals().into())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![&self.graph]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        b.call(self, ins, outs)
    }
    fn flops(&self, _: &[Aval], _: &[Aval]) -> u64 {
        self.graph.flops()
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        Err("its derivative is taken inside of it".into())
    }
    fn jvp_with_values(
        &self,
        primals: &[Array],
        tangents: &[Tangent],
        mode: Mode,
    ) -> Option<Result<(Arrays, Tangents), String>> {
        let (outs, tangents) =
            crate::transform::interpret_jvp(&self.graph, primals, tangents, mode);
        Some(Ok((outs.into(), tangents.into())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let always = vec![true; self.graph.outputs.len()];
        let (graph, _) = crate::transform::batch_graph(&self.graph, cx.batched, cx.size, &always);
        let op = CallGraph { name: self.name.clone(), graph: Arc::new(graph) };
        batched(bind(op, &cx.ins.iter().collect::<Vec<_>>()))
    }
    fn transpose(&self, _: &Backward<'_>) -> Result<Tangents, String> {
        Err("its derivative is taken inside of it".into())
    }
}
