//! A call of a program that stays a function of its own in the compiled module.

use crate::graph::{
    Array, Arrays, Avals, Backward, Batch, Batched, Body, Builder, Graph, Jvp, Mode, Primitive,
    Tangent, Tangents,
};
use crate::lower::{Id, Ids};
use crate::value::Aval;
use std::sync::Arc;

/// Runs `graph` on its operands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CallGraph {
    pub(crate) name: Arc<str>,
    pub(crate) graph: Body,
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
        b.call(&self.name, &self.graph, ins, outs)
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
        let (outs, tangents) = crate::rewrite::interpret_jvp(&self.graph, primals, tangents, mode);
        Some(Ok((outs.into(), tangents.into())))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        self.graph.batch(cx, |graph| CallGraph { graph, ..self.clone() })
    }
    fn transpose(&self, _: &Backward<'_>) -> Result<Tangents, String> {
        Err("its derivative is taken inside of it".into())
    }
}
