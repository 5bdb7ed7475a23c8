//! The arguments of a jitted function, by the form in which they are passed.

use crate::module::{Key, Leaves, Module, StaticValue, Visitor, VisitorMut};

/// How a leaf was passed, which decides whether it can be updated or donated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Behind `&`: read.
    Read,
    /// Behind `&mut`: read and updated.
    Updated,
    /// By value: consumed.
    Consumed,
}

/// One argument of a jitted function, wrapped by the expansion of `#[nnx::jit]`.
pub trait Argument {
    /// What the body gets.
    type Body<'t>;
    /// Holds the traced copy while the body runs.
    type Twin;
    /// A copy of what the body may change in place.
    type Saved;
    /// How the argument's leaves were passed.
    const ROLE: Role;
    /// Visits all parts.
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V);
    /// Visits the leaves that may be updated.
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V);
    /// A copy with other leaves.
    fn twin<L: Leaves>(&self, leaves: &mut L) -> Self::Twin;
    /// Visits the parts of a twin that may have been updated.
    fn flatten_twin<'a, V: Visitor<'a>>(twin: &'a Self::Twin, visitor: &mut V);
    /// The twin, as the body takes it.
    fn lend(twin: &mut Self::Twin) -> Self::Body<'_>;
    /// The argument itself, as the body takes it.
    fn lend_self(&mut self) -> Self::Body<'_>;
    /// What [`restore`](Argument::restore) puts back.
    fn save(&self) -> Self::Saved;
    /// Undoes what the body did to the argument itself.
    fn restore(&mut self, saved: Self::Saved);
}

/// An argument passed as `&T`.
pub struct Ref<'a, T>(pub &'a T);

impl<T: Module> Argument for Ref<'_, T> {
    type Body<'t> = &'t T;
    type Twin = T;
    type Saved = ();
    const ROLE: Role = Role::Read;
    #[inline]
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        self.0.flatten(visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn twin<L: Leaves>(&self, leaves: &mut L) -> T {
        self.0.unflatten(leaves)
    }
    fn flatten_twin<'a, V: Visitor<'a>>(_: &'a T, _: &mut V) {}
    fn lend(twin: &mut T) -> &T {
        twin
    }
    fn lend_self(&mut self) -> &T {
        self.0
    }
    fn save(&self) {}
    fn restore(&mut self, (): ()) {}
}

/// An argument passed as `&mut T`.
pub struct Mut<'a, T>(pub &'a mut T);

impl<T: Module> Argument for Mut<'_, T> {
    type Body<'t> = &'t mut T;
    type Twin = T;
    type Saved = T;
    const ROLE: Role = Role::Updated;
    #[inline]
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        self.0.flatten(visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.0.flatten_mut(visitor);
    }
    fn twin<L: Leaves>(&self, leaves: &mut L) -> T {
        self.0.unflatten(leaves)
    }
    fn flatten_twin<'a, V: Visitor<'a>>(twin: &'a T, visitor: &mut V) {
        twin.flatten(visitor);
    }
    fn lend(twin: &mut T) -> &mut T {
        twin
    }
    fn lend_self(&mut self) -> &mut T {
        self.0
    }
    fn save(&self) -> T {
        crate::module::walk::copy(self.0)
    }
    fn restore(&mut self, saved: T) {
        *self.0 = saved;
    }
}

/// An argument passed by value; empty once the body has it.
pub struct Owned<T>(Option<T>);

impl<T> Owned<T> {
    /// The argument.
    pub fn new(value: T) -> Self {
        Owned(Some(value))
    }
}

fn given<T>(slot: &mut Option<T>) -> T {
    match slot.take() {
        Some(value) => value,
        None => unreachable!("an argument is lent once"),
    }
}

impl<T: Module> Argument for Owned<T> {
    type Body<'t> = T;
    type Twin = Option<T>;
    type Saved = ();
    const ROLE: Role = Role::Consumed;
    #[inline]
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        if let Some(value) = &self.0 {
            value.flatten(visitor);
        }
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn twin<L: Leaves>(&self, leaves: &mut L) -> Option<T> {
        self.0.as_ref().map(|value| value.unflatten(leaves))
    }
    fn flatten_twin<'a, V: Visitor<'a>>(_: &'a Option<T>, _: &mut V) {}
    fn lend(twin: &mut Option<T>) -> T {
        given(twin)
    }
    fn lend_self(&mut self) -> T {
        given(&mut self.0)
    }
    fn save(&self) {}
    fn restore(&mut self, (): ()) {}
}

/// An argument marked `#[nnx(static)]`: hashed into the key and passed to the body as it is.
pub struct Static<T>(Option<T>);

impl<T> Static<T> {
    /// The argument.
    pub fn new(value: T) -> Self {
        Static(Some(value))
    }
}

impl<T: StaticValue + Clone> Argument for Static<T> {
    type Body<'t> = T;
    type Twin = Option<T>;
    type Saved = ();
    const ROLE: Role = Role::Read;
    #[inline]
    fn flatten<'a, V: Visitor<'a>>(&'a self, visitor: &mut V) {
        if let Some(value) = &self.0 {
            visitor.static_value(value);
        }
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn twin<L: Leaves>(&self, _: &mut L) -> Option<T> {
        self.0.clone()
    }
    fn flatten_twin<'a, V: Visitor<'a>>(_: &'a Option<T>, _: &mut V) {}
    fn lend(twin: &mut Option<T>) -> T {
        given(twin)
    }
    fn lend_self(&mut self) -> T {
        given(&mut self.0)
    }
    fn save(&self) {}
    fn restore(&mut self, (): ()) {}
}

/// All arguments of a call: a tuple of [`Argument`]s.
pub trait Arguments {
    /// What the body gets.
    type Body<'t>;
    /// Holds the traced copies while the body runs.
    type Twin;
    /// Copies of what the body may change in place.
    type Saved;
    /// How each argument was passed.
    const ROLES: &'static [Role];
    /// Visits all parts, each argument below its name.
    fn flatten<'a, V: Visitor<'a>>(&'a self, names: &[&str], visitor: &mut V);
    /// Visits argument number `i`.
    fn flatten_one<'a, V: Visitor<'a>>(&'a self, i: usize, visitor: &mut V);
    /// Visits the leaves that may be updated.
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V);
    /// Copies with other leaves.
    fn twin<L: Leaves>(&self, leaves: &mut L) -> Self::Twin;
    /// Visits the parts of the twins that may have been updated.
    fn flatten_twin<'a, V: Visitor<'a>>(twin: &'a Self::Twin, names: &[&str], visitor: &mut V);
    /// Visits the arguments whose twins [`flatten_twin`](Arguments::flatten_twin) visits.
    fn flatten_updatable<'a, V: Visitor<'a>>(&'a self, names: &[&str], visitor: &mut V);
    /// The twins, as the body takes them.
    fn lend(twin: &mut Self::Twin) -> Self::Body<'_>;
    /// The arguments themselves, as the body takes them.
    fn lend_self(&mut self) -> Self::Body<'_>;
    /// What [`restore`](Arguments::restore) puts back.
    fn save(&self) -> Self::Saved;
    /// Undoes what the body did to the arguments themselves.
    fn restore(&mut self, saved: Self::Saved);
}

macro_rules! arguments {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Argument),*> Arguments for ($($t,)*) {
            type Body<'t> = ($($t::Body<'t>,)*);
            type Twin = ($($t::Twin,)*);
            type Saved = ($($t::Saved,)*);
            const ROLES: &'static [Role] = &[$($t::ROLE),*];
            #[inline]
            fn flatten<'a, V: Visitor<'a>>(&'a self, _names: &[&str], _visitor: &mut V) {
                $(
                    _visitor.enter(Key::Name(_names[$i]));
                    self.$i.flatten(_visitor);
                    _visitor.exit();
                )*
            }
            fn flatten_one<'a, V: Visitor<'a>>(&'a self, i: usize, _visitor: &mut V) {
                match i {
                    $($i => self.$i.flatten(_visitor),)*
                    _ => {}
                }
            }
            #[inline]
            fn flatten_mut<V: VisitorMut>(&mut self, _visitor: &mut V) {
                $(self.$i.flatten_mut(_visitor);)*
            }
            #[allow(clippy::unused_unit)]
            fn twin<L: Leaves>(&self, _leaves: &mut L) -> Self::Twin {
                ($(self.$i.twin(_leaves),)*)
            }
            fn flatten_twin<'a, V: Visitor<'a>>(
                _twin: &'a Self::Twin, _names: &[&str], _visitor: &mut V,
            ) {
                $(
                    _visitor.enter(Key::Name(_names[$i]));
                    $t::flatten_twin(&_twin.$i, _visitor);
                    _visitor.exit();
                )*
            }
            fn flatten_updatable<'a, V: Visitor<'a>>(&'a self, _names: &[&str], _visitor: &mut V) {
                $(
                    if $t::ROLE == Role::Updated {
                        _visitor.enter(Key::Name(_names[$i]));
                        self.$i.flatten(_visitor);
                        _visitor.exit();
                    }
                )*
            }
            #[allow(clippy::unused_unit)]
            fn lend(_twin: &mut Self::Twin) -> Self::Body<'_> {
                ($($t::lend(&mut _twin.$i),)*)
            }
            #[allow(clippy::unused_unit)]
            fn lend_self(&mut self) -> Self::Body<'_> {
                ($(self.$i.lend_self(),)*)
            }
            #[allow(clippy::unused_unit)]
            fn save(&self) -> Self::Saved {
                ($(self.$i.save(),)*)
            }
            fn restore(&mut self, _saved: Self::Saved) {
                $(self.$i.restore(_saved.$i);)*
            }
        }
    };
}
arguments!();
arguments!(A 0);
arguments!(A 0, B 1);
arguments!(A 0, B 1, C 2);
arguments!(A 0, B 1, C 2, D 3);
arguments!(A 0, B 1, C 2, D 3, E 4);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, M 11);
