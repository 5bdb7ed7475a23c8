//! The frame of a transform: take the argument's leaves, trace the function, and, once its program
//! has run, hand back the result and the updates.

use super::super::trees::invalid;
use super::argument::{Argument, Role};
use super::erased::TreeFunction;
use super::record::{Recorded, Stopped, Update, lent, record};
use crate::graph::{Array, Closed, Scope};
use crate::module::walk::{Replace, for_each_leaf_of, leaves_of, paths, rebuild};
use crate::module::{Module, Path, VarInfo};
use crate::value::Aval;
use std::panic::Location;

/// A call of the transform `op`. Leaves of the argument without a value, as the gaps of a gradient,
/// are no operands of the program.
pub(crate) struct TransformCall<'a, A> {
    pub(crate) op: &'static str,
    pub(crate) location: &'static Location<'static>,
    pub(crate) argument: &'a mut A,
    /// Number of leaves, with and without a value.
    pub(crate) leaves: usize,
    /// For each operand, which leaf it is.
    pub(crate) present: Vec<usize>,
    /// The operands.
    pub(crate) values: Vec<Array>,
    /// Shapes and dtypes of the operands.
    pub(crate) avals: Vec<Aval>,
}

/// The function of a call as a program. Inputs: the operands, then what the function captured.
/// Outputs: the leaves of the result that have a value, then the new values of the leaves it set.
pub(crate) struct TransformProgram<R> {
    pub(crate) closed: Closed,
    /// What the function returned, of values of its trace.
    pub(crate) result: R,
    /// For every leaf of the result, the output that it is, if it has a value.
    pub(crate) results: Vec<Option<usize>>,
    /// For every leaf of the argument.
    pub(crate) updates: Vec<Update>,
}

impl<R> TransformProgram<R> {
    /// Number of outputs that belong to the result.
    pub(crate) fn result_count(&self) -> usize {
        self.results.iter().flatten().count()
    }

    /// The leaves that were set, in the order of their outputs.
    pub(crate) fn set_leaves(&self) -> Vec<usize> {
        let is_set = |i: &usize| matches!(self.updates[*i], Update::Set(_));
        (0..self.updates.len()).filter(is_set).collect()
    }
}

impl<'a, A: Argument> TransformCall<'a, A> {
    #[track_caller]
    pub(crate) fn new(op: &'static str, argument: &'a mut A) -> Self {
        let (mut present, mut values, mut avals) = (Vec::new(), Vec::new(), Vec::new());
        let leaves = leaves_of(|v| argument.flatten(v));
        for (i, leaf) in leaves.iter().enumerate() {
            if let Ok(aval) = leaf.array.try_aval() {
                present.push(i);
                values.push(leaf.array.clone());
                avals.push(aval);
            }
        }
        let leaves = leaves.len();
        TransformCall { op, location: Location::caller(), argument, leaves, present, values, avals }
    }

    /// The path of each leaf. In an argument that is a tuple it begins with the position.
    pub(crate) fn paths(&self) -> Vec<Path> {
        paths(|v| self.argument.flatten(v))
    }

    /// The path of leaf `i`, for messages.
    pub(crate) fn path(&self, i: usize) -> String {
        match self.paths()[i].to_string() {
            path if path.is_empty() => "the argument".into(),
            path => format!("`{path}`"),
        }
    }

    /// The operand that leaf `i` is, if it has a value.
    pub(crate) fn operand(&self, i: usize) -> Option<usize> {
        self.present.binary_search(&i).ok()
    }

    /// The results of `f` for each leaf.
    pub(crate) fn map<T>(&self, mut f: impl FnMut(&Path, &VarInfo<'_>) -> T) -> Vec<T> {
        let mut results = Vec::with_capacity(self.leaves);
        for_each_leaf_of(|v| self.argument.flatten(v), |path, leaf| results.push(f(path, &leaf)));
        results
    }

    /// Those of a list with one entry for each leaf that belong to operands.
    pub(crate) fn of_operands<T: Clone>(&self, of_leaves: &[T]) -> Vec<T> {
        self.present.iter().map(|&i| of_leaves[i].clone()).collect()
    }

    /// Raises an error about this call.
    pub(crate) fn invalid(&self, message: String) -> ! {
        invalid(self.op, message, self.location)
    }

    /// What the function of this call is called in messages.
    fn scope(&self) -> String {
        match self.op {
            "cond" | "switch" => format!("a branch of `{}`", self.op),
            op => format!("the function given to `{op}`"),
        }
    }

    /// Traces `f` over operands of the shapes and dtypes `avals`.
    #[track_caller]
    pub(crate) fn trace<R, F>(&self, f: F, avals: &[Aval]) -> TransformProgram<R>
    where
        R: Module,
        F: for<'t> FnOnce(A::Body<'t>) -> R,
    {
        let mut of_leaves = vec![None; self.leaves];
        for (&i, &aval) in self.present.iter().zip(avals) {
            of_leaves[i] = Some(aval);
        }
        let mut body = TreeFunction::new(&*self.argument, f);
        match record(self.location, self.scope(), &mut body, &of_leaves) {
            Ok(Recorded { closed, results, updates }) => {
                TransformProgram { closed, result: body.into_result(), results, updates }
            }
            Err(Stopped::Rule(message)) => self.invalid(message),
            Err(Stopped::Body) => unreachable!("a tree is no error"),
        }
    }

    /// The operands, then what the function of `program` captured: the arguments of the program.
    pub(crate) fn arguments<R>(&self, program: &TransformProgram<R>) -> Vec<Array> {
        self.values.iter().chain(&program.closed.captures).cloned().collect()
    }

    /// Sets in the caller's argument what the function set, of the outputs of a run.
    pub(crate) fn write_back(&mut self, updates: &[Update], outs: &[Array]) {
        let updated: Vec<usize> = lent(&*self.argument)
            .iter()
            .enumerate()
            .filter_map(|(i, lent)| (lent.role == Role::Updated).then_some(i))
            .collect();
        let f = |at: usize, leaf: &mut Array| match &updates[updated[at]] {
            Update::Kept => {}
            Update::Set(output) => *leaf = outs[*output].clone(),
            Update::Emptied(absent) => *leaf = absent.clone(),
        };
        self.argument.flatten_mut(&mut Replace { at: 0, f });
    }

    /// Ends the call with the outputs of a run of `program`: writes back what the function set, and
    /// gives the result.
    pub(crate) fn finish<R: Module>(mut self, program: TransformProgram<R>, outs: &[Array]) -> R {
        self.write_back(&program.updates, outs);
        let result = result_of(&program.result, &program.results, outs);
        let TransformProgram { closed, result: traced, .. } = program;
        drop(traced);
        self.check_left(&closed.scope);
        result
    }

    /// Says if the function put a value of its trace, which is over, into something that it
    /// captured. To be called once the traced result is dropped.
    pub(crate) fn check_left(&self, scope: &Scope) {
        if let Some(what) = scope.left() {
            self.invalid(format!(
                "{what}. The value is traced, so it is of no use there\n\
                 fixes:\n  \
                 1. pass the Module in the argument, as `&mut`\n  \
                 2. return the new value"
            ));
        }
    }
}

/// A tree like `template` of the outputs that its leaves are.
pub(crate) fn result_of<R: Module>(template: &R, of_leaf: &[Option<usize>], outs: &[Array]) -> R {
    rebuild(template, |i, absent| of_leaf[i].map_or_else(|| absent.clone(), |o| outs[o].clone()))
}
