//! The forms in which something is lent to a function.

use super::record::Roles;
use crate::module::capture::place_of;
use crate::module::{
    AnyTree, KeyRef, Leaves, Module, Path, Schema, StaticArgument, Visitor, VisitorMut,
};
use std::any::TypeId;

/// How a leaf was lent, which decides whether it can be updated or donated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Behind `&`: read.
    Read,
    /// Behind `&mut`: read and updated.
    Updated,
    /// By value: consumed.
    Consumed,
    /// In a shared node, which the function may write through any of its handles.
    Node,
}

/// An argument lent to a traced function: `&M` to read, `&mut M` to read and set Variables in,
/// [`Owned`] by value, [`Static`] as a part of the program, or a tuple of up to twelve of these.
///
/// The function gets the same form: of `(&mut model, &x)`, a pair of `&mut Model` and `&Array`.
/// Transforms take arguments as they are; the expansion of `#[nnx::jit]` wraps its parameters.
///
/// ```
/// use nnx::{Argument, Array, remat};
///
/// // A function of one's own that lends its argument on.
/// fn twice<A, F>(f: F, argument: A) -> Array
/// where
///     A: Argument,
///     F: for<'t> FnOnce(A::Body<'t>) -> Array,
/// {
///     remat(f, argument) * 2.0
/// }
/// let (x, y) = (Array::scalar(3.0_f32), Array::scalar(4.0_f32));
/// assert_eq!(twice(|x: &Array| x + 1.0, &x).item::<f32>(), 8.0);
/// assert_eq!(twice(|(x, y): (&Array, &Array)| x * y, (&x, &y)).item::<f32>(), 24.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be lent to a function",
    label = "not `&M`, `&mut M` or a tuple of these",
    note = "write `&x` for an argument that the function reads, `&mut model` for one whose Variables it sets, `(&mut model, &x)` for several"
)]
pub trait Argument {
    /// The tree's type, without references; gradients have it too.
    type Tree: Module;
    /// The argument as the function gets it.
    type Body<'t>;
    /// The number of elements of a tuple.
    #[doc(hidden)]
    const TUPLE: Option<usize> = None;
    /// Visits all parts.
    #[doc(hidden)]
    fn flatten<V: Visitor>(&self, visitor: &mut V);
    /// Calls `add` for each tree behind `&mut`, with its path.
    #[doc(hidden)]
    fn updated<'a>(&'a self, _path: &mut Path, _add: &mut dyn FnMut(&Path, &'a dyn AnyTree)) {}
    /// Calls `add` for each tree of a twin that was lent as `&mut`.
    #[doc(hidden)]
    fn updated_twin<'a>(_twin: &'a Self::Tree, _add: &mut dyn FnMut(&'a dyn AnyTree)) {}
    /// Calls `change` for each tree behind `&mut`.
    #[doc(hidden)]
    fn updated_mut(&mut self, _change: &mut dyn FnMut(&mut dyn AnyTree)) {}
    /// Visits the leaves that may be updated, outside of shared nodes.
    #[doc(hidden)]
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _visitor: &mut V) {}
    /// Calls `add` for each tree that is lent, with its path and where it lies.
    #[doc(hidden)]
    fn roots(&self, _path: &mut Path, _add: &mut dyn FnMut(&Path, (usize, TypeId))) {}
    /// Has `roles` walk through each part.
    #[doc(hidden)]
    fn roles(&self, roles: &mut Roles);
    /// A copy with other leaves.
    #[doc(hidden)]
    fn twin<L: Leaves>(&self, leaves: &mut L) -> Self::Tree;
    /// The twin, as the function takes it.
    #[doc(hidden)]
    fn lend(twin: &mut Self::Tree) -> Self::Body<'_>;
}

impl<M: Module> Argument for &M {
    type Tree = M;
    type Body<'t> = &'t M;
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        M::flatten(self, visitor);
    }
    fn roots(&self, path: &mut Path, add: &mut dyn FnMut(&Path, (usize, TypeId))) {
        add(path, place_of(*self));
    }
    fn roles(&self, roles: &mut Roles) {
        roles.of(*self, Role::Read);
    }
    fn twin<L: Leaves>(&self, leaves: &mut L) -> M {
        M::unflatten(self, leaves)
    }
    fn lend(twin: &mut M) -> &M {
        twin
    }
}

impl<M: Module> Argument for &mut M {
    type Tree = M;
    type Body<'t> = &'t mut M;
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        M::flatten(self, visitor);
    }
    fn updated<'a>(&'a self, path: &mut Path, add: &mut dyn FnMut(&Path, &'a dyn AnyTree)) {
        add(path, &**self);
    }
    fn updated_twin<'a>(twin: &'a M, add: &mut dyn FnMut(&'a dyn AnyTree)) {
        add(twin);
    }
    fn updated_mut(&mut self, change: &mut dyn FnMut(&mut dyn AnyTree)) {
        change(&mut **self);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        M::flatten_mut(self, visitor);
    }
    fn roots(&self, path: &mut Path, add: &mut dyn FnMut(&Path, (usize, TypeId))) {
        add(path, place_of(&**self));
    }
    fn roles(&self, roles: &mut Roles) {
        roles.of(&**self, Role::Updated);
    }
    fn twin<L: Leaves>(&self, leaves: &mut L) -> M {
        M::unflatten(self, leaves)
    }
    fn lend(twin: &mut M) -> &mut M {
        twin
    }
}

/// An argument by value; empty once the function has it.
///
/// ```
/// use nnx::transform::Owned;
/// use nnx::{Array, remat};
///
/// // The function gets the array itself.
/// let f = |(x, y): (Array, &Array)| x + y;
/// let y = Array::scalar(4.0_f32);
/// assert_eq!(remat(f, (Owned::new(Array::scalar(3.0_f32)), &y)).item::<f32>(), 7.0);
/// ```
pub struct Owned<T>(Option<T>);

/// The value's tree, or nothing.
#[diagnostic::do_not_recommend]
impl<T: Module> Module for Owned<T> {
    const SCHEMA: &'static Schema = T::SCHEMA;
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        if let Some(value) = &self.0 {
            value.flatten(visitor);
        }
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        if let Some(value) = &mut self.0 {
            value.flatten_mut(visitor);
        }
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Owned(self.0.as_ref().map(|value| value.unflatten(leaves)))
    }
}

/// An argument that is part of the program: hashed into a jitted function's key, and passed to the
/// function as it is.
///
/// ```
/// use nnx::transform::Static;
/// use nnx::{Array, remat};
///
/// let f = |(x, times): (&Array, usize)| (0..times).fold(x.clone(), |y, _| y * x);
/// let x = Array::scalar(3.0_f32);
/// assert_eq!(remat(f, (&x, Static::new(2))).item::<f32>(), 27.0);
/// ```
pub struct Static<T>(Option<T>);

/// A tree without leaves.
#[diagnostic::do_not_recommend]
impl<T: StaticArgument> Module for Static<T> {
    const SCHEMA: &'static Schema = &Schema::Skipped;
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        if let Some(value) = &self.0 {
            visitor.static_value(value.part());
        }
    }
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
        Static(self.0.as_ref().map(StaticArgument::copy))
    }
}

macro_rules! by_value {
    ($($wrapper:ident<T: $($bound:path),+>, $roles:expr;)*) => {$(
        impl<T> $wrapper<T> {
            /// The argument that lends this value.
            pub fn new(value: T) -> Self {
                $wrapper(Some(value))
            }

            fn give(&mut self) -> T {
                match self.0.take() {
                    Some(value) => value,
                    None => unreachable!("an argument is lent once"),
                }
            }
        }

        impl<T: $($bound +)+> Argument for $wrapper<T> {
            type Tree = Self;
            type Body<'t> = T;
            #[inline]
            fn flatten<V: Visitor>(&self, visitor: &mut V) {
                Module::flatten(self, visitor);
            }
            fn roles(&self, roles: &mut Roles) {
                let of: fn(&Self, &mut Roles) = $roles;
                of(self, roles);
            }
            fn twin<L: Leaves>(&self, leaves: &mut L) -> Self {
                self.unflatten(leaves)
            }
            fn lend(twin: &mut Self) -> T {
                twin.give()
            }
        }
    )*};
}

by_value! {
    Owned<T: Module>, |argument, roles| roles.of(argument, Role::Consumed);
    Static<T: StaticArgument>, |_, _| {};
}

macro_rules! tuples {
    ($($n:literal: $($t:ident $i:tt),*;)*) => {$(
        #[allow(clippy::unused_unit)]
        impl<$($t: Argument),*> Argument for ($($t,)*) {
            type Tree = ($($t::Tree,)*);
            type Body<'t> = ($($t::Body<'t>,)*);
            const TUPLE: Option<usize> = Some($n);
            #[inline]
            fn flatten<Vis: Visitor>(&self, _visitor: &mut Vis) {
                $(
                    _visitor.enter(KeyRef::Index($i));
                    self.$i.flatten(_visitor);
                    _visitor.exit();
                )*
            }
            fn updated<'a>(
                &'a self,
                _path: &mut Path,
                _add: &mut dyn FnMut(&Path, &'a dyn AnyTree),
            ) {
                $(
                    _path.push(KeyRef::Index($i));
                    self.$i.updated(_path, _add);
                    _path.pop();
                )*
            }
            fn updated_twin<'a>(
                _twin: &'a Self::Tree,
                _add: &mut dyn FnMut(&'a dyn AnyTree),
            ) {
                $($t::updated_twin(&_twin.$i, _add);)*
            }
            fn updated_mut(&mut self, _change: &mut dyn FnMut(&mut dyn AnyTree)) {
                $(self.$i.updated_mut(_change);)*
            }
            #[inline]
            fn flatten_mut<Vis: VisitorMut>(&mut self, _visitor: &mut Vis) {
                $(self.$i.flatten_mut(_visitor);)*
            }
            fn roots(&self, _path: &mut Path, _add: &mut dyn FnMut(&Path, (usize, TypeId))) {
                $(
                    _path.push(KeyRef::Index($i));
                    self.$i.roots(_path, _add);
                    _path.pop();
                )*
            }
            fn roles(&self, _roles: &mut Roles) {
                $(self.$i.roles(_roles);)*
            }
            fn twin<Lvs: Leaves>(&self, _leaves: &mut Lvs) -> Self::Tree {
                ($(
                    {
                        _leaves.enter(KeyRef::Index($i));
                        let part = self.$i.twin(_leaves);
                        _leaves.exit();
                        part
                    },
                )*)
            }
            fn lend(_twin: &mut Self::Tree) -> Self::Body<'_> {
                ($($t::lend(&mut _twin.$i),)*)
            }
        }
    )*};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
