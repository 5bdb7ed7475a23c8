//! Trees that transforms take, and functions of trees as programs.

use crate::error::{Error, Result, or_raise, raise};
use crate::graph::{Array, Closed, inherited_name, trace};
use crate::module::walk::{Statics, collect_leaves, for_each_leaf_of, leaves_of, paths, rebuild};
use crate::module::{Key, Leaves, Module, Path, VarInfo, Visitor};
use crate::value::{Aval, DType};
use std::panic::Location;

/// What a transform lends to its function: `&M` to read, `&mut M` to read and set Variables in, or a
/// tuple of these.
///
/// The function gets the same form: of `(&mut model, &x)`, a pair of `&mut Model` and `&Array`.
pub trait TreeArgument {
    /// The tree's type, without references; gradients have it too.
    type Tree: Module;
    /// What the function gets.
    type Body<'t>;
    #[doc(hidden)]
    const IS_TUPLE: bool;
    #[doc(hidden)]
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V);
    #[doc(hidden)]
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self::Tree;
    /// Sets the leaves that may be set, counted from `at`.
    #[doc(hidden)]
    fn update(&mut self, at: &mut usize, new: &mut dyn FnMut(usize) -> Option<Array>);
    #[doc(hidden)]
    fn lend(twin: &mut Self::Tree) -> Self::Body<'_>;
}

impl<M: Module> TreeArgument for &mut M {
    type Tree = M;
    type Body<'t> = &'t mut M;
    const IS_TUPLE: bool = false;
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        M::flatten(self, visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> M {
        M::unflatten(self, leaves)
    }
    fn update(&mut self, at: &mut usize, new: &mut dyn FnMut(usize) -> Option<Array>) {
        crate::module::walk::replace_leaves(*self, |_, leaf| {
            if let Some(array) = new(*at) {
                *leaf = array;
            }
            *at += 1;
        });
    }
    fn lend(twin: &mut M) -> &mut M {
        twin
    }
}

impl<M: Module> TreeArgument for &M {
    type Tree = M;
    type Body<'t> = &'t M;
    const IS_TUPLE: bool = false;
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        M::flatten(self, visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> M {
        M::unflatten(self, leaves)
    }
    fn update(&mut self, at: &mut usize, _: &mut dyn FnMut(usize) -> Option<Array>) {
        *at += collect_leaves(*self).len();
    }
    fn lend(twin: &mut M) -> &M {
        twin
    }
}

impl TreeArgument for () {
    type Tree = ();
    type Body<'t> = ();
    const IS_TUPLE: bool = true;
    fn flatten<'a, V: Visitor<'a>>(&'a self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, _: &mut L) {}
    fn update(&mut self, _: &mut usize, _: &mut dyn FnMut(usize) -> Option<Array>) {}
    fn lend(_: &mut ()) {}
}

macro_rules! tuples {
    ($($($t:ident $i:tt),*;)*) => {$(
        impl<$($t: TreeArgument),*> TreeArgument for ($($t,)*) {
            type Tree = ($($t::Tree,)*);
            type Body<'t> = ($($t::Body<'t>,)*);
            const IS_TUPLE: bool = true;
            fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
                $(
                    visitor.enter(Key::Index($i));
                    self.$i.flatten(visitor);
                    visitor.exit();
                )*
            }
            fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self::Tree {
                ($(
                    {
                        leaves.enter(Key::Index($i));
                        let part = self.$i.unflatten(leaves);
                        leaves.exit();
                        part
                    },
                )*)
            }
            fn update(&mut self, at: &mut usize, new: &mut dyn FnMut(usize) -> Option<Array>) {
                $(self.$i.update(at, new);)*
            }
            fn lend(twin: &mut Self::Tree) -> Self::Body<'_> {
                ($($t::lend(&mut twin.$i),)*)
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

/// The leaves of an argument. Those without a value, as the gaps of a gradient, take no part.
pub(crate) struct Operands {
    /// Number of leaves, with and without a value.
    pub(crate) leaves: usize,
    /// The positions of those with a value.
    pub(crate) present: Vec<usize>,
    /// The values of those.
    pub(crate) values: Vec<Array>,
    /// Shapes and dtypes of those.
    pub(crate) avals: Vec<Aval>,
}

impl Operands {
    pub(crate) fn of<A: TreeArgument>(argument: &A) -> Self {
        let leaves = leaves_of(|v| argument.flatten(v));
        let mut operands =
            Operands { leaves: leaves.len(), present: vec![], values: vec![], avals: vec![] };
        for (i, leaf) in leaves.iter().enumerate() {
            if let Ok(aval) = leaf.array.try_aval() {
                operands.present.push(i);
                operands.values.push(leaf.array.clone());
                operands.avals.push(aval);
            }
        }
        operands
    }

    /// The path of each operand. In an argument that is a tuple it begins with the position.
    pub(crate) fn paths<A: TreeArgument>(&self, argument: &A) -> Vec<Path> {
        let all = paths(|v| argument.flatten(v));
        self.present.iter().map(|&i| all[i].clone()).collect()
    }

    /// What `f` says of each operand.
    pub(crate) fn map<A: TreeArgument, R>(
        &self,
        argument: &A,
        mut f: impl FnMut(&Path, &VarInfo<'_>) -> R,
    ) -> Vec<R> {
        let mut results = Vec::new();
        let mut at = 0;
        for_each_leaf_of(
            |v| argument.flatten(v),
            |path, leaf| {
                if self.present.binary_search(&at).is_ok() {
                    results.push(f(path, &leaf));
                }
                at += 1;
            },
        );
        results
    }

    /// Gives new values to the operands of `argument` that are marked.
    pub(crate) fn write_back<A: TreeArgument>(
        &self,
        argument: &mut A,
        values: impl IntoIterator<Item = (usize, Array)>,
    ) {
        let mut of: Vec<Option<Array>> = vec![None; self.leaves];
        for (operand, value) in values {
            of[self.present[operand]] = Some(value);
        }
        argument.update(&mut 0, &mut |i| of[i].take());
    }
}

/// A function of a tree as a program. Outputs: the leaves of the result, then each operand as the
/// function left it.
pub(crate) struct Program<R> {
    pub(crate) closed: Closed,
    /// The result, of values of the trace.
    pub(crate) result: R,
    /// Number of leaves of the result.
    pub(crate) results: usize,
    /// The operands that the function set.
    pub(crate) changed: Vec<usize>,
}

impl<R> Program<R> {
    /// Keeps of the outputs those of the result and the operands `wanted`.
    pub(crate) fn keep_operands(&mut self, wanted: &[usize]) {
        let graph = &mut self.closed.graph;
        let kept: Vec<_> = wanted.iter().map(|&i| graph.outputs[self.results + i]).collect();
        graph.outputs.truncate(self.results);
        graph.outputs.extend(kept);
        graph.eliminate_dead_code();
    }
}

/// Traces `f` over a twin of `argument` whose operands have the shapes and dtypes `avals`. `split`
/// gives the leaves of what `f` returns.
#[track_caller]
pub(crate) fn trace_tree<A, R, F>(
    op: &str,
    f: F,
    argument: &A,
    operands: &Operands,
    avals: &[Aval],
    split: impl FnOnce(&R) -> Vec<Array>,
) -> Program<R>
where
    A: TreeArgument,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let (closed, (result, results, changed)) = trace(inherited_name(op), avals, |inputs| {
        let mut of: Vec<Option<&Array>> = vec![None; operands.leaves];
        for (&i, input) in operands.present.iter().zip(inputs) {
            of[i] = Some(input);
        }
        let mut twin = argument.unflatten(&mut crate::module::walk::Rebuild {
            at: 0,
            leaf: |i: usize, old: &Array| of[i].unwrap_or(old).clone(),
        });
        let result = f(A::lend(&mut twin));
        let changed = or_raise(changed_operands(op, argument, &twin, operands, inputs));
        let after = collect_leaves(&twin);
        let mut outputs = split(&result);
        let results = outputs.len();
        // A leaf that lost its value keeps the old one.
        outputs.extend(operands.present.iter().zip(inputs).map(|(&i, input)| {
            if after[i].array.is_absent() { input.clone() } else { after[i].array.clone() }
        }));
        (outputs, (result, results, changed))
    });
    Program { closed, result, results, changed }
}

/// The operands that the function set; that anything but Variables changed is an error.
fn changed_operands<A: TreeArgument>(
    op: &str,
    argument: &A,
    after: &A::Tree,
    operands: &Operands,
    inputs: &[Array],
) -> Result<Vec<usize>> {
    let old = Statics::of(|v| argument.flatten(v));
    if let Some(what) = old.difference(&Statics::of(|v| after.flatten(v))) {
        return Err(Error::Invalid(format!(
            "{op}: the function changed a static part of its argument: {}. Only Variables may \
             change; return other values from the function",
            what.message
        )));
    }
    let leaves = collect_leaves(after);
    let mut changed = Vec::new();
    for (operand, (&i, input)) in operands.present.iter().zip(inputs).enumerate() {
        let leaf = leaves[i];
        if input.is_same_value(leaf.array) || leaf.array.is_absent() {
            continue;
        }
        if leaf.kind.is_none() {
            let path = &operands.paths(argument)[operand];
            // An argument that is an array itself may be set.
            if path.keys().len() > usize::from(A::IS_TUPLE) {
                return Err(Error::Invalid(format!(
                    "{op}: the function changed the plain array `{path}` of its argument. Only \
                     Variables may change; make it a Variable"
                )));
            }
        }
        changed.push(operand);
    }
    Ok(changed)
}

/// The leaves of a tree.
pub(crate) fn leaves<M: Module>(tree: &M) -> Vec<Array> {
    collect_leaves(tree).iter().map(|leaf| leaf.array.clone()).collect()
}

/// A tree of the structure of `tree` with these leaves.
pub(crate) fn with_leaves<M: Module>(tree: &M, leaves: &[Array]) -> M {
    rebuild(tree, |i, old| leaves.get(i).unwrap_or(old).clone())
}

/// The gap in a tree of derivatives where an array of `dtype`, `what`, has none.
pub(crate) fn no_derivative(kind: &str, what: &str, dtype: DType) -> Array {
    Array::absent(format!(
        "there is no {kind} here: {what} is {dtype}, which is not a float or complex dtype"
    ))
}

/// Raises an error about the arguments of `op`.
#[track_caller]
pub(crate) fn invalid(op: &str, message: String, location: &'static Location<'static>) -> ! {
    raise(Error::Op { op: op.into(), message, location })
}

/// Says where two trees that have to be alike are not; `what` names the place, as in "the carry".
pub(crate) fn difference<M: Module>(before: &M, after: &M, what: [&str; 2]) -> Option<String> {
    let old = Statics::of(|v| before.flatten(v));
    if let Some(difference) = old.difference(&Statics::of(|v| after.flatten(v))) {
        return Some(format!("{}: {}", what[1], difference.message));
    }
    let paths = paths(|v| before.flatten(v));
    let pairs = collect_leaves(before).into_iter().zip(collect_leaves(after)).zip(paths);
    for ((a, b), path) in pairs {
        if let (Ok(a), Ok(b)) = (a.array.try_aval(), b.array.try_aval())
            && a != b
        {
            let path = path.to_string();
            let place = if path.is_empty() { String::new() } else { format!("`{path}` is ") };
            return Some(format!("{place}{a} in {}, {b} in {}", what[0], what[1]));
        }
    }
    None
}
