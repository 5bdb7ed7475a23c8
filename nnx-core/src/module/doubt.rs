//! How the macros ask of a type whether it is a Module: in a statement of its own for each part that the type
//! shows, so that the message is about that part and points at it.
//!
//! The traits here are those of all Modules. rustc lists types that have a trait where one has it not; of these
//! there are none to list. And whatever else names the type must compile with any type, or one mistake would be
//! several errors: [`FieldWalk`] takes its functions from [`FieldWalkUnchecked`] then.

use super::{KeyRef, Leaves, Module, Schema, Visitor, VisitorMut, not_a_module};
use std::marker::PhantomData;

/// A type that has to be a Module.
pub struct Blamed;
/// A type that may be one or not.
pub struct Excused;

not_a_module! {
    /// A Module, if the type is blamed.
    pub trait IsModule<Case = Blamed> {
        /// Holds for every Module.
        const OK: () = ();
        /// The same, in the case given.
        fn ok(_: Case) {}
    }
}

#[diagnostic::do_not_recommend]
impl<T: Module> IsModule for T {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsModule<Excused> for T {}
// A second one for every type: rustc would take the case to be the only one that fits.
#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsModule<()> for T {}

not_a_module! {
    /// The same, but the message is that of the first type that is not, however deep: of a map, what its keys must
    /// be; of a type with parameters, the bound that is missing.
    pub trait HoldsModules<Case = Blamed> {
        /// Holds for every Module.
        const OK: () = ();
        /// The same, in the case given.
        fn ok(_: Case) {}
    }
}

impl<T: Module> HoldsModules for T {}
impl<T: ?Sized> HoldsModules<Excused> for T {}
impl<T: ?Sized> HoldsModules<()> for T {}

not_a_module! {
    /// A Module with type arguments, in the bound that the derive puts on a field. Where types with parameters hold
    /// each other, rustc shows the name or the line.
    pub trait EndsOrIsMarkedRecursive: Module {} // a cycle? mark the field `#[module(recursive)]`; no argument may grow in it
}

#[diagnostic::do_not_recommend]
impl<T: Module> EndsOrIsMarkedRecursive for T {}

/// Who is to blame if `W` is not a Module: it or the types in it, the tuple `I`.
pub struct Blame<W, I>(PhantomData<(W, I)>);

impl<W, I> Blame<W, I> {
    /// For the type.
    pub const NEW: Self = Blame(PhantomData);
}

// Each function is looked for in this order.
impl<W: Module, I> Blame<W, I> {
    /// It is a Module.
    pub fn whole(&self) -> Excused {
        Excused
    }
    /// It is a Module.
    pub fn inside(&self) -> Excused {
        Excused
    }
}

/// The types in it are Modules.
pub trait BlameWhole {
    /// So it is to blame itself.
    fn whole(&self) -> Blamed {
        Blamed
    }
    /// They are not.
    fn inside(&self) -> Excused {
        Excused
    }
}

impl<W, I: Module> BlameWhole for Blame<W, I> {}

/// A type in it is not a Module.
pub trait BlameInside {
    /// So it may be one when that one is.
    fn whole(&self) -> Excused {
        Excused
    }
    /// And whichever it is, it is to blame.
    fn inside(&self) -> Blamed {
        Blamed
    }
}

impl<W, I> BlameInside for &Blame<W, I> {}

/// The walks through a field.
pub struct FieldWalk<T>(PhantomData<T>);

impl<T: Module> FieldWalk<T> {
    /// The schema of the field.
    pub const SCHEMA: &'static Schema = T::SCHEMA; // a cycle? mark the field `#[module(recursive)]`

    /// [`Module::flatten`], with all of it below `key`.
    #[inline]
    pub fn flatten_at<'k, V: Visitor>(field: &T, key: impl Into<KeyRef<'k>>, visitor: &mut V) {
        visitor.enter(key.into());
        field.flatten(visitor);
        visitor.exit();
    }

    /// [`Module::flatten_mut`], with all of it below `key`.
    #[inline]
    pub fn flatten_mut_at<'k, V: VisitorMut>(
        field: &mut T,
        key: impl Into<KeyRef<'k>>,
        visitor: &mut V,
    ) {
        visitor.enter(key.into());
        field.flatten_mut(visitor);
        visitor.module(field);
        visitor.exit();
    }

    /// [`Module::unflatten`], with all of it below `key`.
    #[inline]
    pub fn unflatten_at<'k, L: Leaves>(field: &T, key: impl Into<KeyRef<'k>>, leaves: &mut L) -> T {
        leaves.enter(key.into());
        let tree = field.unflatten(leaves);
        leaves.exit();
        tree
    }
}

/// The walks through a field that is not a Module. No program with them is ever built: a statement about the
/// field does not compile.
pub trait FieldWalkUnchecked<T> {
    /// There is nothing to check in it.
    const SCHEMA: &'static Schema = &Schema::Skipped;
    /// Never called.
    fn flatten_at<'k, V: Visitor>(_: &T, _: impl Into<KeyRef<'k>>, _: &mut V) {
        never()
    }
    /// Never called.
    fn flatten_mut_at<'k, V: VisitorMut>(_: &mut T, _: impl Into<KeyRef<'k>>, _: &mut V) {
        never()
    }
    /// Never called.
    fn unflatten_at<'k, L: Leaves>(_: &T, _: impl Into<KeyRef<'k>>, _: &mut L) -> T {
        never()
    }
}

impl<T> FieldWalkUnchecked<T> for FieldWalk<T> {}

fn never<T>() -> T {
    // Not in a constant: an optimized build would evaluate it here, where nobody calls it.
    unreachable!("a Module has a field that is not a Module")
}
