//! Everything that the expansions of the macros need, and nobody else: it may change in any release.
//!
//! `#[derive(Module)]`, `path!` and `#[nnx::jit]` name this room and the trait `Module`, so that the
//! public API is free of what only they use. The items live where they belong; this file lists
//! them, with the templates for what no error message points at.

// `#[derive(Module)]` and `#[nnx::dyn_module]`.
pub use crate::module::{
    Field, KeyRef, Leaves, Module, Schema, StaticField, Structure, Variant, Visitor, VisitorMut,
};
pub use std::boxed::Box;

pub use crate::module::boxed::{flatten_boxed, flatten_mut_boxed, unflatten_boxed};
pub use crate::module::check::{
    FieldPart, PartOf, UnknownPart, boxed, is_module, schema_of, skipped, static_field,
    static_parameter,
};
pub use crate::module::doubt::{
    Blame, BlameInside, BlameWhole, EndsOrIsMarkedRecursive, FieldWalk, FieldWalkUnchecked,
    HoldsModules, IsModule,
};
pub use crate::module::sharing::{
    CountedAlias, CountedData, CountedField, CountedObject, InteriorData, InteriorField,
    KindAsType, ObjectField, Unnamed, UnnamedKind, UnnamedOther,
};
/// Named where the type of a field shows a float, so that rustc warns there.
#[deprecated(
    note = "a float in a Module is a part of the key of compiled programs: the functions that take the Module are \
            compiled again for every new value. Mark the field `#[module(static)]` if it seldom changes; hold an \
            `Array` if it does"
)]
pub const FLOAT_WITHOUT_A_MARK: () = ();

pub use crate::{
    __nnx_doubt as doubt, __nnx_doubts as doubts, __nnx_module as module, __nnx_part as part,
    __nnx_walks as walks,
};

/// The impl of `Module`, from one description of the fields. Each field is named once, with the parts that
/// errors point at: its type, and what else decides about it.
///
/// | field | |
/// |---|---|
/// | `member binding key: Type` | a Module; `[…]` what `doubt!` takes about it; `{ schema }` where the schema is not that of the type |
/// | `… = "Type" Type` | static data |
/// | `… [skip] Type` | left out |
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_module {
    ([$($header:tt)*] $place:ident struct $name:literal [$($check:tt)*] { $($field:tt)* }) => {
        $crate::__nnx_module! {
            @ [$($header)*]
            {
                $($check)*
                $crate::__nnx_doubts! { $place $($field)* }
                $crate::__private::Schema::Struct($name, $crate::__nnx_fields![$($field)*])
            }
            Self { $($field)* }
        }
    };
    (
        [$($header:tt)*] $place:ident enum $name:literal [$($check:tt)*]
        $($position:literal $variant:ident $label:literal { $($field:tt)* })*
    ) => {
        $crate::__nnx_module! {
            @ [$($header)*]
            {
                $($check)*
                $($crate::__nnx_doubts! { $place $($field)* })*
                $crate::__private::Schema::Enum($name, &[$($crate::__private::Variant {
                    name: $label,
                    fields: $crate::__nnx_fields![$($field)*],
                }),*])
            }
            $(Self::$variant [$position, $label] { $($field)* })*
        }
    };
    // The stand-in for a type inside itself.
    (recursive $stand_in:ident $name:literal) => {
        enum $stand_in {}

        $crate::__nnx_module! {
            @ [impl $crate::__private::Module for $stand_in]
            { $crate::__private::Schema::Recursive($name) }
        }
    };
    // For an item with errors.
    ([$($header:tt)*] unusable $name:literal) => {
        #[automatically_derived]
        #[allow(deprecated, private_bounds)]
        $($header)* {
            $crate::__nnx_walks! {
                self __walker $crate::__private::Schema::Struct($name, &[]),
                {} {} { ::core::unreachable!() }
            }
        }
    };
    (@ [$($header:tt)*] $schema:block) => {
        #[automatically_derived]
        $($header)* {
            $crate::__nnx_walks! {
                self __walker $schema,
                { match *self {} } { match *self {} } { match *self {} }
            }
        }
    };
    (
        @ [$($header:tt)*] $schema:block
        $($item:ident $(:: $variant:ident [$position:literal, $label:literal])? {
            $($member:tt $binding:ident $key:literal
                $(: $module:ty $([$($_doubt:tt)*])? $($_schema:block)?)?
                $(= $_type:literal $static:ty)?
                $([skip] $skipped:ty)?
            ),*
        })*
    ) => {
        #[allow(unused_imports)]
        use $crate::__private::FieldWalkUnchecked as _;

        #[automatically_derived]
        #[allow(
            deprecated,
            private_bounds,
            unused_variables,
            clippy::trait_duplication_in_bounds,
            clippy::type_repetition_in_bounds
        )]
        $($header)* {
            $crate::__nnx_walks! {
                self __walker $schema,
                {
                    $crate::__private::Visitor::module(
                        __walker,
                        <Self as $crate::__private::Module>::SCHEMA,
                    );
                    match self {
                        $($item $(:: $variant)? { $($member: $binding),* } => {
                            $($crate::__private::Visitor::structure(
                                __walker,
                                $crate::__private::Structure::Variant($position, $label),
                            );)?
                            $(
                                $($crate::__private::FieldWalk::<$module>::flatten_at(
                                    $binding, $key, __walker,
                                );)?
                                $(<$static as $crate::__private::StaticField>::flatten_at(
                                    $binding, $key, __walker,
                                );)?
                                $(
                                    let _: &$skipped = $binding;
                                    $crate::__private::Visitor::skipped(
                                        __walker,
                                        ::core::convert::From::from($key),
                                    );
                                )?
                            )*
                        })*
                    }
                }
                {
                    match self {
                        $($item $(:: $variant)? { $($member: $binding),* } => {
                            $(
                                $($crate::__private::FieldWalk::<$module>::flatten_mut_at(
                                    $binding, $key, __walker,
                                );)?
                            )*
                        })*
                    }
                }
                {
                    match self {
                        $($item $(:: $variant)? { $($member: $binding),* } => $item $(:: $variant)? { $($member: {
                            $($crate::__private::FieldWalk::<$module>::unflatten_at(
                                $binding, $key, __walker,
                            ))?
                            $(<$static as $crate::__private::StaticField>::copy($binding))?
                            $(<$skipped as ::core::clone::Clone>::clone($binding))?
                        }),* },)*
                    }
                }
            }
        }
    };
}

/// The fields of a schema, from the description of them for `module!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_fields {
    ($($_member:tt $_binding:ident $key:literal
        $(: $module:ty $([$($_doubt:tt)*])? $($schema:block)?)?
        $(= $type:literal $_static:ty)?
        $([skip] $skipped:ty)?
    ),*) => {
        &[$($crate::__private::Field {
            name: ::core::concat!($key),
            schema: $crate::__nnx_fields!(
                @ $(: $module $($schema)?)? $(= $type)? $([skip] $skipped)?
            ),
        }),*]
    };
    (@ : $module:ty) => { $crate::__private::FieldWalk::<$module>::SCHEMA };
    (@ : $module:ty $schema:block) => { $schema };
    (@ = $type:literal) => { &$crate::__private::Schema::Static($type) };
    (@ [skip] $skipped:ty) => { &$crate::__private::Schema::Skipped };
}

/// Asks of the fields, from the description of them for `module!`, whether they are Modules: in items, as rustc
/// reports a mistake once in each; where a type names parameters, in the body.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_doubts {
    ($place:ident $($_member:tt $_binding:ident $_key:literal
        $(: $module:ty $([$($doubt:tt)*])? $($_schema:block)?)?
        $(= $_type:literal $_static:ty)?
        $([skip] $_skipped:ty)?
    ),*) => {
        $($($crate::__nnx_doubts! { @ $place $module $([$($doubt)*])? })?)*
    };
    (@ item $module:ty $([$($doubt:tt)*])?) => {
        const _: fn() = || { $crate::__nnx_doubt!($module $([$($doubt)*])?); };
    };
    (@ body $module:ty $([$($doubt:tt)*])?) => {
        let _ = || { $crate::__nnx_doubt!($module $([$($doubt)*])?); };
    };
}

/// A statement that does not compile if a type is not a Module.
///
/// | `Type` | |
/// |---|---|
/// | `Type [as Trait]` | in the words of the trait |
/// | `Type [(inside) …]` | a container; what is in it is asked likewise |
/// | `Type [: A, …]` | with the type arguments, of which no one knows what they have to be |
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_doubt {
    ($type:ty) => {
        #[allow(unused_imports)]
        use $crate::__private::{UnnamedKind as _, UnnamedOther as _};
        let unnamed = &$crate::__private::Unnamed::<$type>::NEW;
        <$type as $crate::__private::IsModule<_>>::ok(unnamed.of_any());
        <$type as $crate::__private::CountedAlias<_, _>>::ok(unnamed.inner(), unnamed.of_counted());
        <$type as $crate::__private::KindAsType<_>>::ok(unnamed.of_kind());
    };
    ($type:ty [as $trait:path]) => {
        let _: () = <$type as $trait>::OK;
    };
    ($type:ty [: $($argument:ty),*]) => {
        #[allow(unused_imports)]
        use $crate::__private::{BlameInside as _, BlameWhole as _};
        let blame = $crate::__private::Blame::<$type, ($($argument,)*)>::NEW;
        $(<$argument as $crate::__private::IsModule<_>>::ok((&blame).inside());)*
        <$type as $crate::__private::IsModule<_>>::ok((&blame).whole());
    };
    ($type:ty [$(($inside:ty $([$($doubt:tt)*])?))*]) => {
        #[allow(unused_imports)]
        use $crate::__private::{BlameInside as _, BlameWhole as _};
        $($crate::__nnx_doubt!($inside $([$($doubt)*])?);)*
        let blame = $crate::__private::Blame::<$type, ($($inside,)*)>::NEW;
        <$type as $crate::__private::HoldsModules<_>>::ok((&blame).whole());
    };
}

/// A type as the check of a field sees it, with the types in it that may own something of theirs.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_part {
    (_ $([$($inside:tt)*])?) => {
        &$crate::__private::FieldPart {
            schema: ::core::option::Option::None,
            inside: &[$($($crate::__nnx_part! $inside),*)?],
        }
    };
    ($part:ty $([$($inside:tt)*])?) => {
        &$crate::__private::FieldPart {
            schema: $crate::__private::PartOf::<$part>::SCHEMA,
            inside: &[$($($crate::__nnx_part! $inside),*)?],
        }
    };
}

/// The constant and the three walks of `Module`. The names of the receiver and the walker come from
/// the caller, who uses them in the bodies.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_walks {
    (
        $this:ident $walker:ident $schema:expr,
        $flatten:block $flatten_mut:block $unflatten:block
    ) => {
        const SCHEMA: &'static $crate::__private::Schema = &$schema;

        #[inline]
        fn flatten<__V: $crate::__private::Visitor>(&$this, $walker: &mut __V) $flatten

        #[inline]
        fn flatten_mut<__V: $crate::__private::VisitorMut>(
            &mut $this,
            $walker: &mut __V,
        ) $flatten_mut

        #[inline]
        fn unflatten<__L: $crate::__private::Leaves>(&$this, $walker: &mut __L) -> Self $unflatten
    };
}

// `path!`.
pub use crate::module::PatternKey;
pub use crate::module::check::{CheckedPath, path};
pub use nnx_derive::__path;

/// In place of a type that an item cannot name: any path leads somewhere in it.
pub type UnknownModule = Box<dyn crate::nn::AnyLayer>;

/// A path into a type, checked at compile time: `path!(Model: encoder.layers[*].attn.query.kernel)`.
///
/// It evaluates to a [`PathPattern`](crate::module::PathPattern), can be used in constants, and is
/// a [`Filter`](crate::module::Filter) for what it leads to: a Variable, an array, or all that are
/// below. A step that is not in the type is a compile error that lists what is there.
///
/// | step | |
/// |---|---|
/// | `.kernel` | a field, or one key of a map; the first one has no dot |
/// | `[0]` | one position of a list, an array, a tuple or a tuple struct |
/// | `[*]` | every position of a list or an array |
/// | `.*` | every key of a map |
/// | `["a key"]` | one key of a map that is not a name |
///
/// `Option`, `Box` and `Shared` are not steps. Of an enum, the fields of all variants are known. How
/// long a list is and which keys a map has is not known at compile time: a position or a key that
/// does not exist is a filter that takes nothing.
///
/// ```
/// use nnx::module::{Everything, PathPattern, split_by};
/// use nnx::{Array, Module, Param, path};
///
/// #[derive(Module)]
/// struct Linear {
///     kernel: Param,
///     bias: Option<Param>,
/// }
///
/// #[derive(Module)]
/// struct Model {
///     layers: Vec<Linear>,
///     head: Linear,
/// }
///
/// const KERNELS: PathPattern = path!(Model: layers[*].kernel);
/// assert_eq!(KERNELS.to_string(), "layers[*].kernel");
///
/// let linear = || Linear { kernel: Param::new(Array::absent("no value")), bias: None };
/// let model = Model { layers: vec![linear(), linear()], head: linear() };
/// let (_, [kernels, head, rest]) =
///     split_by(&model, (KERNELS, path!(Model: head), Everything))?;
/// assert_eq!((kernels.len(), head.len(), rest.len()), (2, 1, 0));
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// A typo does not compile:
///
/// ```compile_fail
/// use nnx::{Param, module::PathPattern, path};
/// # #[derive(nnx::Module)]
/// # struct Linear { kernel: Param }
/// # #[derive(nnx::Module)]
/// # struct Model { layers: Vec<Linear> }
/// const KERNELS: PathPattern = path!(Model: layers[*].kernle);
/// // error: `layers[*]` is `Linear`, which has no field `kernle`
/// //        fields with Variables or arrays: `kernel`
/// //        fix: `layers[*].kernel`
/// ```
///
/// `cargo check` and editors report it where the type is a name that its module knows (`Model`), and everywhere
/// in `const` items; a type with arguments, a type parameter and a type inside of a function are looked into
/// when code is generated, by `cargo build`, and only then the compiler knows them. (So a name must not stand for
/// one type in the module and for another in the function.)
#[macro_export]
macro_rules! path {
    ($($path:tt)*) => {
        $crate::__private::__path!($crate $($path)*)
    };
}

// `#[nnx::jit]`.
// The forms of arguments are in the types of calls.
pub use crate::jit::check::{
    Verdict, argument, graph_argument, graph_result, report, report_after, result, static_argument,
    updated_argument, updated_graph_argument,
};
pub use crate::jit::conditions::Decides;
pub use crate::jit::forms::{
    CallReturning, CallUnchecked, Lend, LendUnchecked, NullVisitor, ParameterName, pass,
};
pub use crate::jit::function::{Function, Options};
pub use crate::jit::sharing::{
    CountedArgument, CountedResult, InteriorArgument, InteriorResult, ObjectArgument, ObjectResult,
};
pub use crate::jit::{CallError, Output};
pub use crate::module::StaticArgument;
pub use crate::transform::{Argument, Owned, Static};
pub use crate::xla::{CompilerOption, OptionValue};
pub use crate::{
    __nnx_check as check, __nnx_check_value as check_value, __nnx_function as function,
};

/// The static of a jitted function, and what its call needs in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_function {
    ($name:literal [$($parameter:literal),*] $($option:tt)*) => {
        #[allow(unused_imports)]
        use $crate::__private::{CallUnchecked as _, LendUnchecked as _};
        static __NNX_FUNCTION: $crate::__private::Function = $crate::__private::Function::new(
            $name,
            ::core::module_path!(),
            &[$($parameter),*],
            $crate::__private::Options::DEFAULT $($option)*,
        );
    };
}

/// A check of a type that does not wait for the instances of the function, and one that does. In
/// the first, names that the module does not know are `()`; the comment in `nnx-jit` says why.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_check {
    // An argument, with its name: a Module.
    (
        $names:tt $rule:ident ($label:literal, $ty:ty $([$($doubt:tt)*])?), $early:expr, $late:expr
    ) => {{
        $crate::__nnx_doubts! { @ body $ty $([$($doubt)*])? }
        $crate::__nnx_check!(@ $names $rule ($label, $ty), $early, $late)
    }};
    ($names:tt $rule:ident ($ty:ty), $early:expr, $late:expr) => {
        $crate::__nnx_check!(@ $names $rule ($ty), $early, $late)
    };
    (@ [$($name:ident)*] $rule:ident ($($label:literal,)? $ty:ty), $early:expr, $late:expr) => {{
        const __NNX_VERDICT: $crate::__private::Verdict = {
            $(
                #[allow(dead_code, non_camel_case_types)]
                type $name = ();
            )*
            {
                #[allow(unused_imports)]
                use self::*;
                #[allow(unused_imports)]
                use $crate::__private::LendUnchecked as _;
                $crate::__private::$rule($($label,)? $crate::__private::Lend::<$ty>::SCHEMA)
            }
        };
        const _: () = $early;
        $late
    }};
}

/// The checks of a value whose type cannot be written down.
#[doc(hidden)]
#[macro_export]
macro_rules! __nnx_check_value {
    ($label:literal, $is_module:expr, $check:expr) => {{
        #[allow(unused_qualifications, clippy::borrow_deref_ref, clippy::deref_addrof)]
        if false {
            $is_module
        }
        struct Name;
        impl $crate::__private::ParameterName for Name {
            const NAME: &'static ::core::primitive::str = $label;
        }
        $check
    }};
}
