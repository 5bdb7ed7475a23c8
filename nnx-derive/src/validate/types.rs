//! Types that can be no part of a Module, found by their names.
//!
//! Names are all that a macro sees. What hides behind an alias is found by the trait `Module`.

use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text;
use nnx_macro_support::types::{Sharing, is_static_str, is_str, parts, sharing, type_arguments};
use syn::{PathSegment, Type, TypeReference};

/// Reports every part of `ty` that can't be a Module.
pub(super) fn module(ty: &Type, errors: &mut Errors) {
    for part in parts(ty) {
        if let Some(message) = why_not(part) {
            errors.at(part, message);
        }
    }
}

fn why_not(part: &Type) -> Option<String> {
    match part {
        Type::Path(_) => match sharing(part)? {
            (Sharing::Counted, last) => Some(shared_message(last)),
            (Sharing::Cell | Sharing::Atomic, last) => Some(interior_message(last)),
        },
        Type::Reference(_) if is_static_str(part) => None,
        Type::Reference(reference) => Some(reference_message(reference)),
        Type::Ptr(_) => Some(pointer_message()),
        Type::BareFn(_) => Some(fn_message()),
        Type::TraitObject(object) => Some(dyn_message(object)),
        Type::Slice(slice) => Some(slice_message(&slice.elem)),
        _ => None,
    }
}

/// `Linear`, for `Rc<Linear>`.
fn inner(segment: &PathSegment) -> String {
    type_arguments(segment).next().map_or_else(|| "the value".to_owned(), code)
}

fn code(ty: &Type) -> String {
    format!("`{}`", text::of(ty))
}

fn shared_message(segment: &PathSegment) -> String {
    let (name, inner) = (&segment.ident, inner(segment));
    let own = match name.to_string().as_str() {
        "Weak" => "pass what is needed of the other value to the methods that need it".to_owned(),
        _ => format!("own it: {inner} in place of `{name}<…>` (arrays share their buffers anyway)"),
    };
    with_fixes(
        format!(
            "`{name}` cannot be part of a Module: what several places own cannot be updated \
             through one of them"
        ),
        &[
            own,
            "to use one layer in several places, keep it in one field and lend it to the others \
             when they are called"
                .to_owned(),
            "settings that never change: mark the field `#[module(static)]`".to_owned(),
            "anything that no jitted function looks at: mark the field `#[module(skip)]`"
                .to_owned(),
        ],
    )
}

fn interior_message(segment: &PathSegment) -> String {
    let (name, inner) = (&segment.ident, inner(segment));
    with_fixes(
        format!(
            "`{name}` cannot be part of a Module: what changes behind a shared reference would \
             change without the jitted function knowing"
        ),
        &[
            format!("hold {inner} itself and change it through `&mut self`"),
            "numbers that a jitted function changes: use a `Variable`".to_owned(),
            "anything that no jitted function looks at: mark the field `#[module(skip)]`"
                .to_owned(),
        ],
    )
}

fn reference_message(reference: &TypeReference) -> String {
    let owned = match &*reference.elem {
        Type::Slice(slice) => format!("`Vec<{}>`", text::of(&slice.elem)),
        other if is_str(other) => "`String`".to_owned(),
        other => code(other),
    };
    let mut fixes = vec![
        format!("own it: {owned} (cloning an `Array` or a `Param` copies no data)"),
        "pass the reference to the methods that need it".to_owned(),
    ];
    if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") {
        fixes.push("settings that never change: mark the field `#[module(static)]`".to_owned());
    }
    with_fixes("a reference cannot be part of a Module: a Module owns its data", &fixes)
}

fn pointer_message() -> String {
    with_fixes(
        "a raw pointer cannot be part of a Module: a Module owns its data",
        &[
            "own the value, in a `Box` if it is large or recursive",
            "anything that no jitted function looks at: mark the field `#[module(skip)]`",
        ],
    )
}

fn fn_message() -> String {
    with_fixes(
        "a function pointer is not a Module by itself",
        &[
            "part of the computation, as an activation: mark the field `#[module(static)]`",
            "anything that no jitted function looks at: mark the field `#[module(skip)]`",
        ],
    )
}

fn dyn_message(object: &syn::TypeTraitObject) -> String {
    let text = text::of(object);
    with_fixes(
        format!(
            "`{text}` cannot be part of a Module: its fields must be known when the program is \
             compiled"
        ),
        &[
            "one of several types: an enum that derives Module, with a variant for each",
            "any type, chosen by the user: a type parameter",
        ],
    )
}

fn slice_message(element: &Type) -> String {
    let element = text::of(element);
    with_fixes(
        "a slice has no known size",
        &[format!("`Vec<{element}>`"), format!("`[{element}; N]`")],
    )
}
