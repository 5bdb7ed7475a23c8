//! Kinds of Variables: what a Variable is for, and the hierarchy that filters follow.

use super::Variable;

/// A kind of Variable at run time. Compared by name along the chain of parents.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// As users write it: `Param`.
    pub name: &'static str,
    /// The kind this one specialises: a filter for the parent takes this kind too.
    pub parent: Option<&'static Kind>,
}

impl Kind {
    /// Whether this is `other` or a specialisation of it.
    pub fn is(&self, other: &Kind) -> bool {
        let mut kind = Some(self);
        while let Some(k) = kind {
            if k == other {
                return true;
            }
            kind = k.parent;
        }
        false
    }
}

/// A kind of Variable at compile time: the `K` of `Variable<K>`.
///
/// [`variable_kind!`](crate::variable_kind) makes new ones.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of Variable",
    label = "not a kind",
    note = "fixes:\n  1. a kind of your own: `nnx::variable_kind!` makes it\n  2. a type of Variable is one already, without `Variable<…>`: `Param`, `LoRAParam`"
)]
pub trait VariableKind: 'static {
    /// The kind's name and parent.
    const KIND: &'static Kind;
}

/// A kind, or a type of Variable, which has one: `ParamKind` and `Param` alike.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a kind of Variable nor a type of Variable",
    note = "kinds are made by `nnx::variable_kind!`"
)]
pub trait HasKind {
    /// The kind.
    const VARIABLE_KIND: &'static Kind;
}

#[diagnostic::do_not_recommend]
impl<K: VariableKind> HasKind for K {
    const VARIABLE_KIND: &'static Kind = K::KIND;
}

#[diagnostic::do_not_recommend]
impl<K: VariableKind> HasKind for Variable<K> {
    const VARIABLE_KIND: &'static Kind = K::KIND;
}

/// Makes kinds of Variables of one's own.
///
/// A kind can specialise another one, given by its kind or its type of Variable: filters for that
/// one then take the new kind too.
///
/// ```
/// use nnx::module::{of_type, state};
/// use nnx::{Array, Param, Variable, variable_kind};
///
/// variable_kind! {
///     /// Parameters of embedding tables, which are trained with another learning rate.
///     pub struct Table: Param;
///     /// Counts for reports.
///     struct Count;
/// }
///
/// let value = || Array::absent("no value");
/// let model = (Variable::<Table>::new(value()), Variable::<Count>::new(value()));
/// assert_eq!(state(&model).filter(of_type::<Table>()).len(), 1);
/// assert_eq!(state(&model).filter(of_type::<Param>()).len(), 1);
/// ```
#[macro_export]
macro_rules! variable_kind {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident $(: $parent:ty)?;)+) => {$(
        $crate::variable_kind! {
            @kind $(#[$meta])* $vis $name, ::core::stringify!($name) $(, $parent)?
        }
    )+};
    (@kind $(#[$meta:meta])* $vis:vis $kind:ident, $name:expr $(, $parent:ty)?) => {
        $(#[$meta])*
        #[derive(
            ::core::fmt::Debug,
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        $vis struct $kind;

        #[diagnostic::do_not_recommend]
        impl $crate::module::VariableKind for $kind {
            const KIND: &'static $crate::module::Kind = &$crate::module::Kind {
                name: $name,
                parent: $crate::variable_kind!(@parent $($parent)?),
            };
        }
    };
    (@parent) => { ::core::option::Option::None };
    (@parent $parent:ty) => {
        ::core::option::Option::Some(<$parent as $crate::module::HasKind>::VARIABLE_KIND)
    };
    ($($other:tt)*) => {
        ::core::compile_error! {
            "`variable_kind!` takes structs without fields: `variable_kind! { pub struct Mask; }`, or with a parent \
             `variable_kind! { pub struct Table: Param; }`"
        }
    };
}

/// The kinds that come with the library, a line each: a kind by itself, as `BatchStat;`, or a type
/// of Variable with a name of its own, as `Param = Variable<ParamKind>;`.
macro_rules! kinds {
    () => {};
    ($(#[$doc:meta])* $kind:ident $(: $parent:ty)?; $($rest:tt)*) => {
        variable_kind! { @kind $(#[$doc])* pub $kind, stringify!($kind) $(, $parent)? }
        kinds! { $($rest)* }
    };
    ($(#[$doc:meta])* $name:ident = Variable<$kind:ident> $(: $parent:ty)?; $($rest:tt)*) => {
        $(#[$doc])*
        pub type $name = Variable<$kind>;
        variable_kind! {
            @kind
            #[doc = concat!("The kind of a [`", stringify!($name), "`].")]
            pub $kind, stringify!($name) $(, $parent)?
        }
        kinds! { $($rest)* }
    };
}

kinds! {
    /// A parameter: a Variable that is trained by gradients.
    Param = Variable<ParamKind>;
    /// Running statistics of a batch norm.
    BatchStat;
    /// Kept between calls, as the keys and values of decoding attention.
    Cache;
    /// Values recorded on the way, as by `sow`.
    Intermediate;
    /// Zeros added to intermediates, to take gradients with respect to them.
    Perturbation;
    /// The key of a random stream.
    RngKey;
    /// How many keys a random stream has given out.
    RngCount;
    /// The state of an optimizer between steps.
    OptState;
    /// The running totals of a metric.
    MetricState;
    /// A low-rank factor of a LoRA layer: a [`Param`] to every filter.
    LoRAParam = Variable<LoRAParamKind>: Param;
}
