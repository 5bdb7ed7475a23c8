//! Functions written over arrays with a derivative of their own.

use super::{Builder, Id, Ids, Jvp, Primitive, Tangent, Tangents, one};
use crate::Array;
use crate::graph::{Aval, Avals, Closed, Graph, bind1, trace};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A function of arrays whose derivative is not that of its body. `jax.custom_jvp`.
pub(crate) trait CustomJvp: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static {
    /// Its name in printed graphs and messages.
    const NAME: &'static str;

    /// Its parameters, as they stand in a printed graph.
    fn params(&self) -> String {
        String::new()
    }

    /// The function, of arrays of a running trace and of nothing else.
    fn body(&self, args: &[Array]) -> Array;

    /// The tangent of the result, linear in the tangents of the arguments.
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent;
}

/// One operation that computes `function.body(args)`.
#[track_caller]
pub(crate) fn custom_jvp<F: CustomJvp>(function: F, args: &[&Array]) -> Array {
    let avals: Vec<Aval> = args.iter().map(|arg| arg.aval()).collect();
    let (Closed { graph, captures }, ()) =
        trace(F::NAME, &avals, |args| (vec![function.body(args)], ()));
    debug_assert!(captures.is_empty(), "{} captures arrays", F::NAME);
    bind1(WithRule { function, graph: Arc::new(graph) }, args)
}

#[derive(Clone)]
struct WithRule<F> {
    function: F,
    /// The body for the operands' shapes and dtypes, which with `function` say what it is.
    graph: Arc<Graph>,
}

impl<F: CustomJvp> PartialEq for WithRule<F> {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.graph.input_avals() == other.graph.input_avals()
    }
}

impl<F: CustomJvp> Eq for WithRule<F> {}

impl<F: CustomJvp> Hash for WithRule<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

impl<F: CustomJvp> Primitive for WithRule<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }
    fn params(&self) -> String {
        self.function.params()
    }
    fn infer(&self, _: &[Aval]) -> Result<Avals, String> {
        Ok(self.graph.output_avals().into())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], _: &[Aval]) -> Ids {
        b.inline(&self.graph, ins)
    }
    fn flops(&self, _: &[Aval], _: &[Aval]) -> u64 {
        self.graph.flops()
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Tangents, String> {
        one(self.function.jvp(cx))
    }
}
