//! The bounds that `#[nnx::jit]` puts on an argument's or result's type that is called `Rc`, `Cell` or the like: that
//! it can be one, in words for the standard library's types of these names. A type of the user's passes.

use super::output::Output;
use crate::module::{Module, Schema};

/// Traits with the schema alone.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident ($of:ident): $message:literal, $label:literal, $note:literal;)*) => {$(
        $(#[$doc])*
        #[diagnostic::on_unimplemented(message = $message, label = $label, note = $note)]
        pub trait $name<Inner: ?Sized> {
            /// As of the argument or the result.
            const SCHEMA: &'static Schema;
            /// Holds where the trait does.
            const OK: () = ();
        }

        #[diagnostic::do_not_recommend]
        impl<T: $of, Inner: ?Sized> $name<Inner> for T {
            const SCHEMA: &'static Schema = T::SCHEMA;
        }
    )*};
}

parameters! {
    /// An argument of a type called `Rc`, `Arc` or `Weak`.
    CountedArgument(Module):
        "`{Self}` cannot be an argument of a jitted function: what several places own cannot be updated through one of them",
        "several places may own it",
        "fix: take `{Inner}` itself, by `&`, or by `&mut` to update it";
    /// An argument of a type called `Cell`, `Mutex` or the like.
    InteriorArgument(Module):
        "`{Self}` cannot be an argument of a jitted function: what changes behind a shared reference would change without the function knowing",
        "it changes behind a shared reference",
        "fix: take `{Inner}` itself, by `&`, or by `&mut` to update it";
    /// An argument with a trait object in a box.
    ObjectArgument(Module):
        "`{Self}` cannot be an argument of a jitted function: nothing says what is in a `{Inner}`",
        "not a Module",
        "fixes:\n  1. a trait of yours: put `#[nnx::dyn_module]` on it, and box the object as it is (`Box<dyn Layer>`, with `Send` and `Sync` as supertraits)\n  2. layers that map an array to an array: `nnx::nn::List`, or `Box<dyn nnx::nn::AnyLayer>`\n  3. one of several types: an enum that derives Module, with a variant for each\n  4. any type, chosen by the caller: a type parameter with the bound `Module`";
    /// A result with a trait object in a box.
    ObjectResult(Output):
        "`{Self}` cannot be the result of a jitted function: nothing says what is in a `{Inner}`",
        "not a Module that is `Send + Sync`",
        "fixes:\n  1. a trait of yours: put `#[nnx::dyn_module]` on it, with `Send` and `Sync` as supertraits, and box the object as it is (`Box<dyn Layer>`)\n  2. one of several types: an enum that derives Module, with a variant for each";
    /// A result of a type called `Rc`, `Arc` or `Weak`.
    CountedResult(Output):
        "`{Self}` cannot be the result of a jitted function: what several places own cannot be updated through one of them",
        "several places may own it",
        "fix: return `{Inner}` itself";
    /// A result of a type called `Cell`, `Mutex` or the like.
    InteriorResult(Output):
        "`{Self}` cannot be the result of a jitted function: what changes behind a shared reference would change without the function knowing",
        "it changes behind a shared reference",
        "fix: return `{Inner}` itself";
}
