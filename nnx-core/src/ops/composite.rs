//! Programs with a name that the compiler may know.

use super::RunsProgram;
use crate::graph::{Avals, Batch, Batched, Body, Builder, Primitive};
use crate::lower::{Id, Ids};
use crate::value::{Aval, DType, int_scalar_bytes};
use smallvec::smallvec;
use std::sync::Arc;

/// The program `graph`, as one operation called `name` for compilers that know it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Composite {
    pub(crate) name: Arc<str>,
    pub(crate) version: i32,
    pub(crate) graph: Body,
}

impl RunsProgram for Composite {
    fn name(&self) -> &'static str {
        "composite"
    }
    fn params(&self) -> String {
        format!("{} version={}", self.name, self.version)
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        Composite { graph, ..self.clone() }
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.composite(&self.name, self.version, &self.graph, ins, outs)
    }
}

/// The number of the platform that the program is compiled for among these, or how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PlatformIndex(pub(crate) Vec<Arc<str>>);

impl Primitive for PlatformIndex {
    fn name(&self) -> &'static str {
        "platform_index"
    }
    fn params(&self) -> String {
        self.0.join(", ")
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, _: &[&Aval]) -> Result<Avals, String> {
        Ok(smallvec![Aval::scalar(DType::I32)])
    }
    fn lower(&self, b: &mut Builder, _: &[Id], outs: &[&Aval]) -> Ids {
        let own = b.platform().to_ascii_lowercase();
        let is_own = |name: &Arc<str>| {
            **name == *own || (&**name == "gpu" && matches!(&*own, "cuda" | "rocm"))
        };
        let index = self.0.iter().position(is_own).unwrap_or(self.0.len());
        smallvec![b.literal(outs[0], &int_scalar_bytes(DType::I32, index as i64))]
    }
    fn batch(&self, _: &Batch<'_>) -> Result<Batched, String> {
        Err("it has no operand".into())
    }
}
