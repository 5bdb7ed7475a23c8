//! Functions written over arrays with a derivative of their own.

use super::RunsProgram;
use crate::error::{catching, or_raise};
use crate::graph::{
    Array, Batch, BatchAxis, Batched, Body, Checker, Closed, Dual, Jvp, Rule, Tangent, Tangents,
    one, trace, user_location, with_location,
};
use crate::rewrite::batch_call;
use crate::run::bind1;
use crate::value::Aval;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// A function of arrays whose derivative is not that of its body. `jax.custom_jvp`.
pub(crate) trait CustomJvp: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static {
    /// Its name in printed graphs and messages.
    const NAME: &'static str;

    /// Its parameters, as a printed graph shows them.
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
    let avals: Vec<Aval> = args.iter().map(|arg| arg.aval().clone()).collect();
    let location = user_location();
    // Caught, so that a mistake in the body stops at the user's line.
    let traced = catching(|| {
        trace(F::NAME, &avals, |args| (vec![with_location(location, || function.body(args))], ()))
    });
    let (Closed { graph, captures, .. }, ()) = or_raise(traced);
    debug_assert!(captures.is_empty(), "{} captures arrays", F::NAME);
    let params = function.params();
    let rule: JvpRule = Arc::new(move |cx| one(function.jvp(cx)));
    bind1(WithRule { name: F::NAME, params, graph: graph.into(), rule: Rule(rule) }, args)
}

/// Tangents given by a function.
pub(crate) type JvpRule = Arc<dyn Fn(&Jvp<'_>) -> Result<Tangents, String> + Send + Sync>;

/// Runs `graph`; its derivative is `rule`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct WithRule {
    pub(crate) name: &'static str,
    pub(crate) params: String,
    pub(crate) graph: Body,
    pub(crate) rule: Rule<JvpRule>,
}

impl RunsProgram for WithRule {
    fn name(&self) -> &'static str {
        self.name
    }
    fn params(&self) -> String {
        self.params.clone()
    }
    fn program(&self) -> &Body {
        &self.graph
    }
    fn of(&self, graph: Body) -> Self {
        WithRule { graph, ..self.clone() }
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let outs = cx.outs().clone();
        Ok((outs, (self.rule.0)(cx)?))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        let rule = Rule(batched_rule(self.rule.0.clone(), cx.batched.to_vec(), cx.axis.clone()));
        self.graph.batch(cx, |graph| WithRule { graph, rule, ..self.clone() })
    }
    fn checked(&self, checker: &mut dyn Checker) -> Self {
        let graph = checker.function(self.name, &self.graph).into();
        WithRule { graph, rule: Rule(checked_rule(self.rule.0.clone())), ..self.clone() }
    }
}

/// The rule where the first input and output are the code of `checkify`.
fn checked_rule(rule: JvpRule) -> JvpRule {
    Arc::new(move |cx| {
        let outs = cx.outs()[1..].iter().cloned().collect();
        let inner = cx.of(&cx.primals[1..], &cx.tangents[1..], outs);
        let mut tangents = rule(&inner)?;
        tangents.insert(0, None);
        Ok(tangents)
    })
}

/// The rule for a batch from that for one element.
fn batched_rule(rule: JvpRule, in_batch: Vec<bool>, axis: BatchAxis) -> JvpRule {
    Arc::new(move |cx| {
        let (n, outs) = (cx.primals.len(), cx.outs().len());
        let given: Vec<bool> = cx.tangents.iter().map(Option::is_some).collect();
        let args: Vec<Array> = cx
            .primals
            .iter()
            .chain(cx.outs())
            .chain(cx.tangents.iter().flatten())
            .cloned()
            .collect();
        let mut flags = in_batch.clone();
        flags.resize(n + outs, true);
        flags.extend((0..n).filter(|&i| given[i]).map(|i| in_batch[i]));
        let (tangents, result) = batch_call("custom_jvp", &args, &flags, &axis, |args| {
            let tangents = crate::rewrite::spread(&given, &args[n + outs..]);
            let outs = args[n..n + outs].iter().cloned().collect();
            match rule(&cx.of(&args[..n], &tangents, outs)) {
                Ok(tangents) => {
                    let present: Vec<bool> = tangents.iter().map(Option::is_some).collect();
                    (tangents.into_iter().flatten().collect(), Ok(present))
                }
                Err(why) => (vec![], Err(why)),
            }
        });
        Ok(crate::rewrite::spread(&result?, &tangents).into())
    })
}
