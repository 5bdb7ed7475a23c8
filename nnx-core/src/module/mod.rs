//! The [`Module`] trait: a tree of Variables, arrays and static data.
//!
//! `#[derive(Module)]` writes the three walks of a type as straight-line code; jit, grad, split,
//! checkpoints and the optimizers are all written against them and nothing else.

mod any_tree;
pub(crate) mod boxed;
pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod compare;
mod containers;
pub(crate) mod doubt;
mod duplicates;
mod filter;
mod gate;
pub(crate) mod held;
mod iter_modules;
mod kind;
mod map_modules;
pub(crate) mod new_nodes;
pub(crate) mod node;
mod operators;
pub(crate) mod partition;
pub(crate) mod parts;
mod path;
mod pattern;
mod places;
mod schema;
mod shared;
pub(crate) mod sharing;
mod split;
mod state;
mod statics;
mod tabulate;
mod variable;
mod view;
pub(crate) mod waits;
pub(crate) mod walk;

pub use any_tree::{AnyList, AnyTree};
pub use capture::{Called, Capture, called, capture, perturb, sow};
pub use containers::MapKey;
pub use duplicates::{find_duplicates, find_shared_buffers};
pub use filter::{
    All, Any, Everything, Filter, Filters, Not, Nothing, OfType, PathContains, VarInfo, WithTag,
    of_type, path_contains, with_tag,
};
pub use iter_modules::{ModuleInfo, iter_children, iter_modules};
pub use kind::*;
pub use map_modules::map_modules;
pub use node::{Arrival, Nodes, Seen, SharedNode};
pub use path::{KeyRef, Path, PathKey};
pub use pattern::{PathPattern, PatternKey, VariablePattern};
pub(crate) use places::{check_places, for_each_other_place, other_places};
pub use schema::{Field, Schema, Variant};
pub(crate) use shared::RefusingCaptured;
pub use shared::{Shared, SharedMut, SharedRef, SharedWeak};
pub use split::{
    GraphDef, IntoStates, clone, clone_arrays, map, map2, merge, pop, split, split_by, update,
};
pub use state::{State, StateLeaf, state};
pub use statics::{LinkTarget, StaticArgument, StaticField, StaticValue, Structure};
pub(crate) use tabulate::TableText;
pub use tabulate::{Row, Table, Total, tabulate};
pub use variable::{MetaValue, Metadata, VarMut, VarRef, Variable, set_metadata};
pub use view::{Flag, FlagInfo, View, view, view_info, with_attributes};

use crate::graph::Array;

/// The message for a type that is not a Module, on the traits that say so.
macro_rules! not_a_module {
    ($of:item) => {
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a Module",
            label = "not a Module",
            note = "fixes:\n  1. a type of your own with layers, Variables or arrays in it: add `#[derive(Module)]` to it\n  2. settings (`Clone + Eq + Hash`): mark the field `#[module(static)]`, or the parameter `#[nnx(static)]`\n  3. anything that no jitted function looks at: mark the field `#[module(skip)]`\n  4. a reference, `Rc`, `Arc`, `Cell`, `RefCell`, `Mutex` and the like: own the value itself, because a Module owns its data and changes only through `&mut` (arrays share their buffers anyway)"
        )]
        $of
    };
}
pub(crate) use not_a_module;

not_a_module! {
    /// A tree whose leaves are Variables and Arrays and whose other parts are static.
    ///
    /// Implement it with `#[derive(Module)]`. The three walks meet the same leaves in the same order.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::{Array, Module, Param, random::Rngs, state};
    ///
    /// #[derive(Module)]
    /// struct Model {
    ///     linear: Linear,
    ///     scale: Param,
    ///     depth: usize, // static
    /// }
    ///
    /// let linear = Linear::new(2, 3, &mut Rngs::new(0));
    /// let model = Model { linear, scale: Param::new(Array::scalar(2.0_f32)), depth: 3 };
    /// let leaves = state(&model);
    /// let paths: Vec<String> = leaves.paths().map(|path| path.to_string()).collect();
    /// assert_eq!(paths, ["linear.bias", "linear.kernel", "scale"]);
    /// ```
    pub trait Module: Sized + 'static {
        /// The tree of field names, Variable kinds and static parts, known at compile time.
        const SCHEMA: &'static Schema;

        /// Visits every leaf and static part in order.
        fn flatten<V: Visitor>(&self, visitor: &mut V);

        /// Visits every leaf in order, so that its value can be replaced.
        fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V);

        /// Builds another tree of the same structure: static parts are cloned from `self`, the leaves'
        /// values come from `leaves`.
        fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self;
    }
}

/// Receives the parts of a tree from [`Module::flatten`].
///
/// ```
/// use nnx::module::{SharedNode, StaticValue, Structure, VarRef, Visitor};
/// use nnx::{Array, Module, Param};
///
/// /// Adds the sizes of all leaves up.
/// struct Sizes(usize);
/// impl Visitor for Sizes {
///     fn variable(&mut self, variable: VarRef<'_>) {
///         self.0 += variable.value.size();
///     }
///     fn array(&mut self, array: &Array) {
///         self.0 += array.size();
///     }
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, _: Structure) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
/// }
/// let mut sizes = Sizes(0);
/// (Param::new(Array::from([1.0_f32, 2.0])), Array::scalar(3), "static").flatten(&mut sizes);
/// assert_eq!(sizes.0, 3);
/// ```
pub trait Visitor {
    /// A Variable.
    fn variable(&mut self, variable: VarRef<'_>);
    /// A plain array: data that is neither static nor updated.
    fn array(&mut self, array: &Array);
    /// A static part: hashed into the key of a jitted function.
    fn static_value(&mut self, value: &dyn StaticValue);
    /// How a container is filled: its length, its variant, whether it is `Some`.
    fn structure(&mut self, structure: Structure);
    /// A place of a node that several places may hold. Its contents are visited by
    /// [`SharedNode::flatten`], once, as [`Seen`] helps to do: a node may even hold itself.
    fn shared(&mut self, node: &dyn SharedNode);
    /// A link to a node, if it is still there, that does not hold it: no part of the tree.
    fn link(&mut self, _node: Option<&dyn SharedNode>) {}
    /// A field that walks pass over. One that is not told of may be lost without an error where a traced function
    /// changes the structure around it.
    #[inline(always)]
    fn skipped(&mut self, _key: KeyRef<'_>) {}
    /// A struct or an enum that derives Module, before its variant and its parts, with the description of its type.
    /// That of what holds it may end above, where types hold each other.
    #[inline(always)]
    fn module(&mut self, _schema: &'static Schema) {}
    /// The following parts lie below `key`, until [`exit`](Visitor::exit).
    #[inline(always)]
    fn enter(&mut self, _key: KeyRef<'_>) {}
    /// Ends the last [`enter`](Visitor::enter).
    #[inline(always)]
    fn exit(&mut self) {}
}

/// Receives the leaves of a tree from [`Module::flatten_mut`].
///
/// ```
/// use nnx::module::{SharedNode, VarMut, VisitorMut};
/// use nnx::{Array, Module, Param};
///
/// /// Doubles all Variables.
/// struct Double;
/// impl VisitorMut for Double {
///     fn variable(&mut self, variable: VarMut<'_>) {
///         *variable.value = &*variable.value * 2.0;
///     }
///     fn array(&mut self, _: &mut Array) {}
///     fn shared(&mut self, _: &dyn SharedNode) {}
/// }
/// let mut model = (Param::new(Array::scalar(3.0_f32)), Array::scalar(3.0_f32));
/// model.flatten_mut(&mut Double);
/// assert_eq!((model.0.item::<f32>(), model.1.item::<f32>()), (6.0, 3.0));
/// ```
pub trait VisitorMut {
    /// A Variable.
    fn variable(&mut self, variable: VarMut<'_>);
    /// A plain array.
    fn array(&mut self, array: &mut Array);
    /// A place of a node that several places may hold. Its contents are visited by
    /// [`SharedNode::flatten_mut`], once, as [`Seen`] helps to do.
    fn shared(&mut self, node: &dyn SharedNode);
    /// A part of the tree, after its leaves. The walk does not ask again for what is in its place.
    #[inline(always)]
    fn module(&mut self, _module: &mut dyn AnyTree) {}
    /// A list, after its items and right before it is visited as a [`module`](VisitorMut::module).
    #[inline(always)]
    fn list(&mut self, _list: &mut dyn AnyList) {}
    /// The following leaves lie below `key`, until [`exit`](VisitorMut::exit).
    #[inline(always)]
    fn enter(&mut self, _key: KeyRef<'_>) {}
    /// Ends the last [`enter`](VisitorMut::enter).
    #[inline(always)]
    fn exit(&mut self) {}
}

/// Gives the leaves of a new tree to [`Module::unflatten`].
///
/// ```
/// use nnx::module::{Leaves, Nodes, VarRef};
/// use nnx::{Array, Module, Param};
///
/// /// Zeros for Variables.
/// struct Zeros(Nodes);
/// impl Leaves for Zeros {
///     fn variable(&mut self, variable: VarRef<'_>) -> Array {
///         variable.value.zeros_like()
///     }
///     fn array(&mut self, array: &Array) -> Array {
///         array.clone()
///     }
///     fn nodes(&mut self) -> &mut Nodes {
///         &mut self.0
///     }
/// }
/// let model = (Param::new(Array::from([1.0_f32, 2.0])), 5_usize);
/// let zeros = model.unflatten(&mut Zeros(Nodes::fresh()));
/// assert_eq!((zeros.0.to_vec::<f32>(), zeros.1), (vec![0.0, 0.0], 5));
/// ```
pub trait Leaves {
    /// The new value of `variable`; its kind stays.
    fn variable(&mut self, variable: VarRef<'_>) -> Array;
    /// The new value of a plain array.
    fn array(&mut self, array: &Array) -> Array;
    /// Which nodes of the new tree stand for those of the old one: [`Nodes::fresh`], or another rule,
    /// kept from the first leaf to the last.
    fn nodes(&mut self) -> &mut Nodes;
    /// The new value of a [`Flag`], which stays as it is unless a [`view`] is made.
    fn flag(&mut self, _name: &str, value: bool) -> bool {
        value
    }
    /// The metadata of the Variable whose value was asked for last: what it was, unless a transform takes an axis away.
    fn metadata(&mut self, metadata: &Metadata) -> Metadata {
        metadata.clone()
    }
    /// The following leaves lie below `key`, until [`exit`](Leaves::exit).
    #[inline(always)]
    fn enter(&mut self, _key: KeyRef<'_>) {}
    /// Ends the last [`enter`](Leaves::enter).
    #[inline(always)]
    fn exit(&mut self) {}
}

// So that a walk can be given a `&mut dyn Visitor`: then it is compiled once, whoever visits.
impl<V: Visitor + ?Sized> Visitor for &mut V {
    fn variable(&mut self, variable: VarRef<'_>) {
        (**self).variable(variable);
    }
    fn array(&mut self, array: &Array) {
        (**self).array(array);
    }
    fn static_value(&mut self, value: &dyn StaticValue) {
        (**self).static_value(value);
    }
    fn structure(&mut self, structure: Structure) {
        (**self).structure(structure);
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        (**self).shared(node);
    }
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        (**self).link(node);
    }
    fn skipped(&mut self, key: KeyRef<'_>) {
        (**self).skipped(key);
    }
    fn module(&mut self, schema: &'static Schema) {
        (**self).module(schema);
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        (**self).enter(key);
    }
    fn exit(&mut self) {
        (**self).exit();
    }
}

impl<V: VisitorMut + ?Sized> VisitorMut for &mut V {
    fn variable(&mut self, variable: VarMut<'_>) {
        (**self).variable(variable);
    }
    fn array(&mut self, array: &mut Array) {
        (**self).array(array);
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        (**self).shared(node);
    }
    fn module(&mut self, module: &mut dyn AnyTree) {
        (**self).module(module);
    }
    fn list(&mut self, list: &mut dyn AnyList) {
        (**self).list(list);
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        (**self).enter(key);
    }
    fn exit(&mut self) {
        (**self).exit();
    }
}

impl<L: Leaves + ?Sized> Leaves for &mut L {
    fn variable(&mut self, variable: VarRef<'_>) -> Array {
        (**self).variable(variable)
    }
    fn array(&mut self, array: &Array) -> Array {
        (**self).array(array)
    }
    fn nodes(&mut self) -> &mut Nodes {
        (**self).nodes()
    }
    fn metadata(&mut self, metadata: &Metadata) -> Metadata {
        (**self).metadata(metadata)
    }
    fn flag(&mut self, name: &str, value: bool) -> bool {
        (**self).flag(name, value)
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        (**self).enter(key);
    }
    fn exit(&mut self) {
        (**self).exit();
    }
}
