//! The search for NaN in the results of jitted functions.

use super::collect::Collected;
use super::entry::{Entry, Parameter, ResultLeaf};
use super::erased::AnyCall;
use super::function::Function;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::graph::{Array, Checks, Graph};
use crate::module::walk::paths;
use crate::rewrite::Checkify;
use crate::run::{has_nan, staged};
use crate::transform::lend::Update;
use crate::value::DType;
use crate::xla::Outputs;

/// The search for the operation that makes NaN.
pub(super) struct NanSearch {
    /// The program.
    pub(super) graph: Graph,
    /// The names of its outputs, as in "its result `loss`".
    pub(super) outputs: Vec<String>,
}

/// The names of a program's outputs; `changed` are the leaves that may be updated.
pub(super) fn output_names(plan: &Plan, changed: &[usize], body: &dyn AnyCall) -> Vec<String> {
    let mut names = vec![String::new(); plan.graph.outputs.len()];
    let results = paths(|mut v| body.flatten_result(&mut v));
    for (i, leaf) in plan.results.iter().enumerate() {
        let ResultLeaf::Output { index, .. } = *leaf else { continue };
        let path = results.get(i).map(ToString::to_string).unwrap_or_default();
        names[index] = match path.as_str() {
            // A part of an argument that is handed back as a whole follows the result.
            "" if i >= results.len() => "a new part of its arguments".into(),
            "" => "its result".into(),
            path => format!("its result `{path}`"),
        };
    }
    let arguments = paths(|v| body.argument().flatten(v));
    for (leaf, update) in changed.iter().zip(&plan.updates) {
        if let Update::Set(output) = update {
            names[*output] = format!("the new value of `{}`", arguments[*leaf]);
        }
    }
    names
}

impl NanSearch {
    /// Refuses outputs that hold NaN.
    #[cold]
    pub(super) fn check(
        &self,
        function: &Function,
        entry: &Entry,
        leaves: &Collected,
        outputs: &Outputs,
    ) -> Result<()> {
        for (i, (&value, name)) in self.graph.outputs.iter().zip(&self.outputs).enumerate() {
            let aval = self.graph.aval(value);
            if !aval.dtype().is_inexact() || !has_nan(aval, &outputs.to_host(i)?) {
                continue;
            }
            let origin = match self.origin(entry, leaves)? {
                Some(message) => message,
                None => "no operation makes it: it is in an argument, or comes only of several operations in one \
                         program"
                    .into(),
            };
            return Err(Error::Jit {
                function: function.name.into(),
                message: format!("nan in {name}, {aval} (`debug_nans` is on): {origin}"),
            });
        }
        Ok(())
    }

    /// The first operation that makes NaN, with its line.
    fn origin(&self, entry: &Entry, leaves: &Collected) -> Result<Option<String>> {
        let argument = |(at, parameter): (usize, &Parameter)| match parameter {
            Parameter::Leaf { index, .. } => {
                leaves.arrays()[*index].moved_to(entry.executable.input_placement(at))
            }
            Parameter::Capture(array) => Ok(array.clone()),
        };
        let args =
            entry.parameters.iter().enumerate().map(argument).collect::<Result<Vec<Array>>>()?;
        let mut checker = Checkify::again(Checks::NAN);
        let outs = staged("debug_nans", &args, |args| {
            let none = Array::constant_int(DType::I32, 0);
            vec![checker.run(&self.graph, args, none).1]
        })?;
        let code = outs[0].try_item::<i32>()?;
        Ok(usize::try_from(code - 1).ok().and_then(|i| checker.messages.get(i).cloned()))
    }
}
