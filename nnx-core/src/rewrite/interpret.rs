//! Replaying a program.

use crate::graph::{Array, Graph};
use crate::run::Env;

/// Records `graph` into the running trace, or carries out its operations one by one.
pub(crate) fn interpret(graph: &Graph, args: &[Array]) -> Vec<Array> {
    let mut env = Env::new(graph, args);
    for node in &graph.nodes {
        env.replay(node);
    }
    graph.outputs.iter().map(|&v| env.get(v)).collect()
}
