//! The frame of a transform: take the argument's leaves, trace the function, and, once its program
//! has run, hand back the result and the updates.

use super::super::axes::from_first;
use super::super::trees::invalid;
use super::argument::Argument;
use super::erased::{AnyArgument, TreeFunction};
use super::record::{Allowed, Changes, Recorded, SetLeaves, Stopped, Twins, Update, lent, record};
use crate::error::or_raise;
use crate::graph::{Array, Closed, Scope, with_location};
use crate::module::capture::{Sown, sow_again};
use crate::module::node::{LentNodes, lend_nodes};
use crate::module::walk::{Rebuild, for_each_leaf_of, leaves_of, nodes_of, paths};
use crate::module::{
    Metadata, Module, Path, Seen, VarInfo, Visitor, check_places, for_each_other_place,
};
use crate::run::staged;
use crate::value::Aval;
use std::cell::Cell;
use std::panic::Location;

/// A call of the transform `op`. Leaves of the argument without a value, such as the gaps of a gradient,
/// are not operands of the program.
pub(crate) struct TransformCall<'a, A> {
    pub(crate) op: &'static str,
    pub(crate) location: &'static Location<'static>,
    /// How paths are shown.
    pub(crate) name: fn(&Path) -> String,
    pub(crate) argument: &'a mut A,
    /// Number of leaves, with and without a value.
    pub(crate) leaves: usize,
    /// For each operand, which leaf it is.
    pub(crate) present: Vec<usize>,
    /// The operands.
    pub(crate) values: Vec<Array>,
    /// Shapes and dtypes of the operands.
    pub(crate) avals: Vec<Aval>,
    /// For each leaf the metadata that the function sees, where that is another. May be empty.
    pub(crate) of_twin: Vec<Option<Metadata>>,
    /// The shared nodes of the argument.
    nodes: LentNodes,
}

/// The function of a call as a program. Inputs: the operands, then what the function captured.
/// Outputs: the leaves of the result that have a value, then the new values of the leaves it set.
pub(crate) struct TransformProgram<R> {
    pub(crate) closed: Closed,
    /// The function's result, made of values of its trace.
    pub(crate) result: R,
    /// For every leaf of the result, outside of the argument's nodes, the output that it is, if it has
    /// a value.
    pub(crate) results: Vec<Option<usize>>,
    pub(crate) changes: Changes,
    /// The values that the function sowed, and the outputs that these are, after the others.
    pub(crate) sown: Vec<(usize, Sown)>,
    /// Dropped after the result, which may hold nodes of the twin.
    pub(crate) twins: Twins,
}

impl<R> TransformProgram<R> {
    /// Number of outputs that belong to the result.
    pub(crate) fn result_count(&self) -> usize {
        self.results.iter().flatten().count()
    }

    /// The result, of the outputs of a run. A node of the twin becomes the argument's.
    pub(crate) fn result_of(&self, outs: &[Array]) -> R
    where
        R: Module,
    {
        result_of(&self.result, &self.results, &self.twins, outs)
    }

    /// The result's leaves outside of the argument's nodes: which nodes these are.
    pub(crate) fn seen(&self) -> Seen {
        self.twins.seen_twins()
    }

    /// Raises an error if the result holds a node of the argument, for transforms whose results
    /// have no place for it.
    pub(crate) fn check_no_nodes<A: Argument>(&self, call: &TransformCall<'_, A>)
    where
        R: Module,
    {
        if let Some((_, number)) = self.twins.among(nodes_of(|v| self.result.flatten(v))).first() {
            call.invalid(format!(
                "the result holds the node {} of the argument: return its value instead",
                call.node_name(*number)
            ));
        }
    }

    /// Walks the nodes of the twin, then the result: every place of such a node there is a further one.
    fn twins_and_result<V: Visitor>(&self, visitor: &mut V)
    where
        R: Module,
    {
        self.twins(visitor);
        self.result.flatten(visitor);
    }

    fn twins<V: Visitor>(&self, visitor: &mut V) {
        self.twins.made().iter().for_each(|made| visitor.shared(&*made.new));
    }

    /// The leaves that were set, in the order of their outputs.
    pub(crate) fn set_leaves(&self) -> Vec<usize> {
        let is_set = |i: &usize| matches!(self.changes.updates[*i], Update::Set(_));
        (0..self.changes.updates.len()).filter(is_set).collect()
    }

    /// The first leaf of the argument that the function changed, with what it did, as in "sets". Only the
    /// contents of shared nodes can be changed behind a `&`.
    pub(crate) fn first_change(&self) -> Option<(usize, &'static str)> {
        let updates = self.changes.updates.iter().enumerate();
        let changed = updates.filter_map(|(i, update)| match update {
            Update::Kept => None,
            Update::Set(_) => Some((i, "sets")),
            Update::Emptied(_) => Some((i, "takes the value out of")),
        });
        let noted = self.changes.metadata.iter().map(|(i, _)| (*i, "changes the metadata of"));
        changed.chain(noted).min_by_key(|(i, _)| *i)
    }
}

impl<'a, A: Argument> TransformCall<'a, A> {
    #[track_caller]
    pub(crate) fn new(op: &'static str, argument: &'a mut A) -> Self {
        TransformCall::at(Location::caller(), op, argument)
    }

    /// A call for the line `location`.
    pub(crate) fn at(
        location: &'static Location<'static>,
        op: &'static str,
        argument: &'a mut A,
    ) -> Self {
        let nodes = match lend_nodes(&|v| AnyArgument::flatten(argument, v)) {
            Ok(nodes) => nodes,
            Err(message) => invalid(op, message, location),
        };
        let (mut present, mut values, mut avals) = (Vec::new(), Vec::new(), Vec::new());
        let leaves = leaves_of(|v| argument.flatten(v));
        for (i, leaf) in leaves.iter().enumerate() {
            if let Ok(aval) = leaf.array.try_aval() {
                present.push(i);
                values.push(leaf.array.clone());
                avals.push(aval.clone());
            }
        }
        let leaves = leaves.len();
        let name = Path::to_string;
        let of_twin = Vec::new();
        TransformCall {
            op,
            location,
            name,
            argument,
            leaves,
            present,
            values,
            avals,
            of_twin,
            nodes,
        }
    }

    /// The path of each leaf. In an argument that is a tuple it begins with the position.
    pub(crate) fn paths(&self) -> Vec<Path> {
        paths(|v| self.argument.flatten(v))
    }

    /// The path of leaf `i`, for messages.
    pub(crate) fn path(&self, i: usize) -> String {
        match (self.name)(&self.paths()[i]) {
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
        for_each_leaf_of(
            &Seen::default(),
            |v| self.argument.flatten(v),
            |path, leaf| results.push(f(path, &leaf)),
        );
        results
    }

    /// The name of the argument's node `number` in messages.
    pub(crate) fn node_name(&self, number: usize) -> String {
        let nodes = nodes_of(|v| self.argument.flatten(v));
        let name = |(path, _): &(Path, _)| format!("`{}`", (self.name)(path));
        nodes.get(number).map_or_else(|| "another node".into(), name)
    }

    /// For every leaf of the argument, whether it is in a shared node.
    pub(crate) fn in_nodes(&self) -> Vec<bool> {
        lent(&*self.argument).iter().map(|lent| lent.node().is_some()).collect()
    }

    /// Raises an error if a node would have different properties by its different places: `of`
    /// gives the property of a leaf by its path, and `what` is the property's name.
    pub(crate) fn check_places<T: PartialEq>(
        &self,
        what: &str,
        of: impl FnMut(&Path, &VarInfo<'_>) -> T,
        show: impl Fn(&T) -> String,
    ) {
        if self.nodes.is_empty() {
            return;
        }
        let flatten = |mut v: &mut dyn Visitor| self.argument.flatten(&mut v);
        if let Err(message) = check_places(flatten, what, self.name, of, show) {
            self.invalid(message);
        }
    }

    /// The operands' entries of a list with one entry for each leaf.
    pub(crate) fn of_operands<T: Clone>(&self, of_leaves: &[T]) -> Vec<T> {
        self.present.iter().map(|&i| of_leaves[i].clone()).collect()
    }

    /// For a loop whose carry is the first `leaves` of the argument and comes first in the result of a step,
    /// `program`: each operand of it, and the output that is its next value.
    pub(crate) fn carried<R>(
        &self,
        program: &mut TransformProgram<R>,
        leaves: usize,
    ) -> Vec<(usize, usize)> {
        let in_nodes = self.in_nodes();
        let mut results = program.results.iter();
        let mut carried = Vec::new();
        for (i, &in_node) in in_nodes.iter().enumerate().take(leaves) {
            let result = if in_node { None } else { results.next().copied().flatten() };
            // The end has a value wherever the start has.
            let Some(operand) = self.operand(i) else {
                if matches!(program.changes.updates[i], Update::Set(_)) {
                    self.invalid(format!(
                        "the carry must keep its structure: the Variable {} has no value before a step and one \
                         after it; start with a value",
                        self.path(i)
                    ));
                }
                continue;
            };
            let graph = &mut program.closed.graph;
            let output = match (&program.changes.updates[i], result) {
                (_, Some(output)) => output,
                (Update::Set(output), None) => *output,
                (Update::Emptied(_), None) => self.invalid(format!(
                    "the function takes the value out of the Variable {}, so that the next step would \
                     find none",
                    self.path(i)
                )),
                (Update::Kept, None) => {
                    graph.outputs.push(graph.inputs[operand]);
                    graph.outputs.len() - 1
                }
            };
            let next = graph.aval(graph.outputs[output]);
            if *next != self.avals[operand] {
                self.invalid(format!(
                    "the carry must keep its shapes and dtypes: the Variable {} is {} before a step \
                     and {next} after it",
                    self.path(i),
                    self.avals[operand]
                ));
            }
            carried.push((operand, output));
        }
        carried
    }

    /// Raises an error if a node in a call's result has places of different axes, its places in the argument
    /// among them: `of_result` is the axis of a place in the result, `of_leaf` has those of the argument's leaves.
    pub(crate) fn check_result_axes<R: Module>(
        &self,
        program: &TransformProgram<R>,
        of_leaf: &[Option<isize>],
        of_result: impl Fn(&Path, &VarInfo<'_>) -> Option<isize>,
    ) {
        // The argument's nodes come first, so that all their places in the result are further ones.
        let in_nodes: Vec<usize> =
            self.in_nodes().iter().enumerate().filter(|(_, is)| **is).map(|(i, _)| i).collect();
        let mut first = Vec::new();
        // The elements are put together along an axis more than a leaf of one of them has.
        let axis = |path: &Path, leaf: &VarInfo<'_>| from_first(of_result(path, leaf), leaf, 1);
        for_each_leaf_of(
            &Seen::default(),
            |v| program.twins_and_result(v),
            |path, leaf| {
                first.push(match in_nodes.get(first.len()) {
                    Some(&i) => of_leaf[i],
                    None => axis(path, &leaf),
                });
            },
        );
        let (mut wrong, mut places): (Vec<usize>, Vec<_>) = Default::default();
        let in_result = Cell::new(false);
        for_each_other_place(
            |v| {
                program.twins(v);
                in_result.set(true);
                program.result.flatten(v);
            },
            |i, path, leaf| {
                // A node in a node of the argument has no other place by that.
                if !in_result.get() {
                    return;
                }
                let other = axis(path, &leaf);
                if other != first[i] && !wrong.contains(&i) {
                    wrong.push(i);
                }
                places.push((i, path.clone(), other));
            },
        );
        if wrong.is_empty() {
            return;
        }
        let show = |axis: Option<isize>| axis.map_or("None".to_owned(), |axis| axis.to_string());
        let in_argument_and_result = paths(|v| program.twins_and_result(v));
        let mut message = "one node, different axes:".to_owned();
        for i in wrong {
            let place = match in_nodes.get(i) {
                Some(&leaf) => self.path(leaf),
                None => format!("{} of the result", in_argument_and_result[i]),
            };
            message += &format!("\n  {place}: {}", show(first[i]));
            for (_, path, axis) in places.iter().filter(|(at, ..)| *at == i) {
                message += &format!("\n  {path} of the result: {}", show(*axis));
            }
        }
        self.invalid(message);
    }

    /// Raises an error about this call.
    pub(crate) fn invalid(&self, message: String) -> ! {
        invalid(self.op, message, self.location)
    }

    /// The name of this call's function in messages.
    fn scope(&self) -> String {
        match self.op {
            "cond" | "switch" => format!("a branch of `{}`", self.op),
            op => format!("the function given to `{op}`"),
        }
    }

    /// [`trace_sowing`](TransformCall::trace_sowing), where no value that is sown can leave the function.
    #[track_caller]
    pub(crate) fn trace<R, F>(&self, f: F, avals: &[Aval]) -> TransformProgram<R>
    where
        R: Module,
        F: for<'t> FnOnce(A::Body<'t>) -> R,
    {
        let program = self.trace_sowing(f, avals);
        if let Some((_, Sown { path, location, .. })) = program.sown.first() {
            let scope = self.scope();
            self.invalid(format!(
                "{scope} sows `{path}`, at {location}, whose value cannot leave it\n\
                 fixes:\n  \
                 1. return the value, and sow it where `{}` is called\n  \
                 2. call `capture` inside of the function, and return what it gives",
                self.op
            ));
        }
        program
    }

    /// Traces `f` over operands of the shapes and dtypes `avals`. What it sows are outputs of the program, from which
    /// [`finish`](TransformCall::finish) takes them.
    #[track_caller]
    pub(crate) fn trace_sowing<R, F>(&self, f: F, avals: &[Aval]) -> TransformProgram<R>
    where
        R: Module,
        F: for<'t> FnOnce(A::Body<'t>) -> R,
    {
        let mut of_leaves = vec![None; self.leaves];
        for (&i, aval) in self.present.iter().zip(avals) {
            of_leaves[i] = Some(aval.clone());
        }
        let mut body = TreeFunction::new(&*self.argument, f);
        let allowed = Allowed::Values;
        match record(self.location, self.scope(), &mut body, &of_leaves, &self.of_twin, allowed) {
            Ok(Recorded { closed, results, changes, twins, sown, .. }) => {
                let result = body.into_result();
                TransformProgram { closed, result, results, changes, sown, twins }
            }
            Err(Stopped::Rule(message)) => self.invalid(message),
            Err(Stopped::Body) => unreachable!("a tree is not an error"),
        }
    }

    /// The operands, then what the function of `program` captured: the arguments of the program.
    pub(crate) fn arguments<R>(&self, program: &TransformProgram<R>) -> Vec<Array> {
        self.values.iter().chain(&program.closed.captures).cloned().collect()
    }

    /// Runs `body` as one program, with this call's line for what it records.
    pub(crate) fn staged(
        &self,
        args: &[Array],
        body: impl FnOnce(&[Array]) -> Vec<Array>,
    ) -> Vec<Array> {
        or_raise(staged(self.op, args, |args| with_location(self.location, || body(args))))
    }

    /// Sets in the caller's argument what the function set, of the outputs of a run.
    pub(crate) fn write_back(&mut self, changes: &Changes, outs: &[Array]) {
        let ordered = changes.ordered(&lent(&*self.argument));
        let mut write = SetLeaves::new(&ordered.updates, &ordered.metadata, outs);
        self.argument.flatten_mut(&mut write);
        self.nodes.nodes().for_each(|node| write.node(node));
    }

    /// Ends the call with the outputs of a run of `program`: writes back what the function set, and
    /// gives the result.
    pub(crate) fn finish<R: Module>(mut self, program: TransformProgram<R>, outs: &[Array]) -> R {
        self.write_back(&program.changes, outs);
        let result = program.result_of(outs);
        program.sown.iter().for_each(|(output, sown)| sow_again(sown, outs[*output].clone()));
        let TransformProgram { closed, result: traced, twins, .. } = program;
        drop((traced, twins));
        self.check_left(&closed.scope);
        result
    }

    /// Raises an error if the function put a value of its trace, which is over, into something that
    /// it captured. Must be called once the traced result is dropped.
    pub(crate) fn check_left(&self, scope: &Scope) {
        if let Some(what) = scope.left() {
            self.invalid(format!(
                "{what}. A traced value is of no use there\n\
                 fixes:\n  \
                 1. pass the Module in the argument, as `&mut`\n  \
                 2. return the new value"
            ));
        }
    }
}

/// A tree like `template` of the outputs that its leaves are, with the argument's nodes for the twins.
pub(crate) fn result_of<R: Module>(
    template: &R,
    of_leaf: &[Option<usize>],
    twins: &Twins,
    outs: &[Array],
) -> R {
    let leaf =
        |i: usize, absent: &Array| of_leaf[i].map_or_else(|| absent.clone(), |o| outs[o].clone());
    template.unflatten(&mut Rebuild::with_nodes(twins.back(), leaf))
}
