//! A call of a program that stays a function of its own in the compiled module.

use super::RunsProgram;
use crate::graph::{Body, Builder};
use crate::lower::{Id, Ids};
use crate::value::Aval;
use std::sync::Arc;

/// Runs `graph` on its operands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CallGraph {
    pub(crate) name: Arc<str>,
    pub(crate) graph: Body,
}

impl RunsProgram for CallGraph {
    fn name(&self) -> &'static str {
        "call"
    }
    fn params(&self) -> String {
        self.name.to_string()
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        CallGraph { graph, ..self.clone() }
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.call(&self.name, &self.graph, ins, outs)
    }
}
