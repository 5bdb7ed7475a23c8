//! Fields that the walks pass over or take as one static value: what in them would be lost.

use super::text::Text;
use super::{Verdict, Wanted, find};
use crate::module::{Kind, Module, Schema};
use std::marker::PhantomData;

/// A type as the derive finds it in a field, Module or not: [`PartOf::SCHEMA`] for a Module, and that of
/// [`UnknownPart`] for other types.
pub struct PartOf<T: ?Sized>(PhantomData<T>);

impl<T: Module> PartOf<T> {
    /// The schema of the type.
    pub const SCHEMA: Option<&'static Schema> = Some(T::SCHEMA);
}

/// The types of which nothing is known.
pub trait UnknownPart {
    /// There is none.
    const SCHEMA: Option<&'static Schema> = None;
}

impl<T: ?Sized> UnknownPart for PartOf<T> {}

/// The type of a field.
pub struct FieldPart {
    /// Its schema, if it is a Module.
    pub schema: Option<&'static Schema>,
    /// The types that its arguments name.
    pub inside: &'static [&'static FieldPart],
}

/// Whether the field `name` under `skip` has nothing in it that a jitted function would have to see.
pub const fn skipped(name: &str, part: &FieldPart) -> Verdict {
    let mut text = Text::new();
    if !says_what(name, part, Wanted::Data, &mut text) {
        return Verdict::FINE;
    }
    text.push(
        ", and cannot be under `skip`: a jitted function would go on with the value that it saw first, \
         and what it sets would be lost\n\
         fixes:\n  \
         1. take `#[module(skip)]` off\n  \
         2. to freeze it: take it off as well, and name what is trained, as in \
         `grad(loss, wrt(filter, &model))`; or call `stop_gradient` on what it computes; or give its \
         Variables a kind of their own, which is not trained",
    );
    Verdict(Some(text))
}

/// Whether the field `name` under `static` has no shared node in it, which could be hashed, as itself.
pub const fn static_field(name: &str, part: &FieldPart) -> Verdict {
    let mut text = Text::new();
    if !says_what(name, part, Wanted::Node, &mut text) {
        return Verdict::FINE;
    }
    text.push(
        ", and cannot be under `static`: a node would be part of the key as itself, whatever is in it\n\
         fix: take `#[module(static)]` off",
    );
    Verdict(Some(text))
}

/// Whether the static argument `name` has no shared node in it, which could be hashed, as itself.
pub const fn static_parameter(name: &str, part: &FieldPart) -> Verdict {
    let mut text = Text::new();
    if !says_what(name, part, Wanted::Node, &mut text) {
        return Verdict::FINE;
    }
    text.push(
        ", and cannot be a static argument: a node would be part of the key as itself, whatever is in it\n\
         fix: take `#[nnx(static)]` off, and pass it by `&` or `&mut`",
    );
    Verdict(Some(text))
}

/// Writes what was found in the field; false if nothing was.
const fn says_what(name: &str, part: &FieldPart, wanted: Wanted, text: &mut Text) -> bool {
    let mut path = Text::new();
    super::push_field(&mut path, name);
    match find_in(part, wanted, &mut path) {
        Some(found) => {
            text.push_code(path.as_str());
            text.push(" is ");
            match found {
                Schema::Variable(kind) => push_kind(text, kind),
                Schema::Array => text.push("an `Array`"),
                Schema::Dyn(name, _) => {
                    text.push("a `");
                    text.push(name);
                    text.push("`, which may have Variables");
                }
                Schema::Shared(_) => text.push("`Shared`"),
                Schema::Static(name) => text.push_code(name),
                Schema::Recursive(name) => {
                    text.push("a `");
                    text.push(name);
                    text.push("`, with its Variables");
                }
                _ => text.push("data"),
            }
            true
        }
        None => false,
    }
}

const fn push_kind(text: &mut Text, kind: &Kind) {
    text.push("a Variable (`");
    text.push(kind.name);
    text.push("`)");
}

const fn find_in(part: &FieldPart, wanted: Wanted, path: &mut Text) -> Option<&'static Schema> {
    if let Some(schema) = part.schema {
        return find(wanted, schema, path);
    }
    let mut i = 0;
    while i < part.inside.len() {
        if let Some(found) = find_in(part.inside[i], wanted, path) {
            return Some(found);
        }
        i += 1;
    }
    None
}

/// Whether the module with this full path is `crate::` and `path`.
pub const fn is_module(full: &str, path: &str) -> bool {
    let (full, path) = (full.as_bytes(), path.as_bytes());
    let mut start = 0;
    while start < full.len() && full[start] != b':' {
        start += 1;
    }
    start = if start + 2 < full.len() { start + 2 } else { full.len() };
    if full.len() - start != path.len() {
        return false;
    }
    let mut i = 0;
    while i < path.len() {
        if full[start + i] != path[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// The schema of a Module, evaluated where this is called.
pub const fn schema_of<M: Module>() -> &'static Schema {
    M::SCHEMA
}
