//! The shape of a Module's type, known at compile time.

use super::Kind;

/// The tree of a Module's type. Containers whose length is not part of the type are a pattern.
///
/// ```
/// use nnx::module::{HasKind, Module, Schema};
/// use nnx::Param;
///
/// let Schema::List(item) = <Vec<Param>>::SCHEMA else { panic!("a `Vec` is a list") };
/// assert_eq!(**item, Schema::Variable(Param::VARIABLE_KIND));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schema {
    /// A Variable of this kind.
    Variable(&'static Kind),
    /// A plain array.
    Array,
    /// Static data of the named type.
    Static(&'static str),
    /// A field that the walks pass over.
    Skipped,
    /// A struct with the name and fields.
    Struct(&'static str, &'static [Field]),
    /// An enum with the name and variants.
    Enum(&'static str, &'static [Variant]),
    /// A tuple.
    Tuple(&'static [&'static Schema]),
    /// Any number of elements: `name[*]`.
    List(&'static Schema),
    /// Any number of named elements: `name.*`.
    Map(&'static Schema),
    /// One element or none.
    Option(&'static Schema),
    /// A node that other places may hold too.
    Shared(&'static Schema),
    /// Another of the struct or enum with this name, which encloses this place.
    Recursive(&'static str),
    /// A trait object with this name, in which any type of the trait may be; with shared nodes, if
    /// that is true.
    Dyn(&'static str, bool),
}

impl Schema {
    /// Whether this is a container of arrays, Variables and static data, or one of these, without a struct
    /// or an enum: then its arrays are nobody's fields.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Schema::Variable(_) | Schema::Array | Schema::Static(_) => true,
            Schema::Tuple(items) => items.iter().all(|item| item.is_plain()),
            Schema::List(item) | Schema::Map(item) | Schema::Option(item) => item.is_plain(),
            _ => false,
        }
    }
}

/// A field of a struct or variant.
///
/// ```
/// use nnx::module::{Module, Schema};
/// use nnx::nn::Linear;
///
/// let Schema::Struct(name, fields) = Linear::SCHEMA else { panic!("`Linear` is a struct") };
/// assert_eq!((*name, fields[1].name), ("Linear", "bias"));
/// assert!(matches!(fields[1].schema, Schema::Option(_)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name in paths; tuple fields are named by their index.
    pub name: &'static str,
    /// The schema of its type.
    pub schema: &'static Schema,
}

/// A variant of an enum.
///
/// ```
/// use nnx::module::Schema;
/// use nnx::{Module, nn::{Embed, Linear}};
///
/// #[derive(Module)]
/// enum Input {
///     Tokens(Embed),
///     Features { map: Linear },
/// }
///
/// let Schema::Enum(_, variants) = Input::SCHEMA else { panic!("`Input` is an enum") };
/// assert_eq!((variants[1].name, variants[1].fields[0].name), ("Features", "map"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}
