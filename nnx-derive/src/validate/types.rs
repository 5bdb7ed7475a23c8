//! Types that cannot be part of a Module, found by how they are written.
//!
//! Only the compiler knows the type behind a name: there the trait `Module` decides, or one of its
//! stand-ins that say more about a type of that name.

use nnx_macro_support::diagnostics::{Errors, with_fixes};
use nnx_macro_support::text;
use nnx_macro_support::types::{
    is_data, is_object_of_module, is_static_str, is_str, object, parts,
};
use syn::{Type, TypeReference};

/// Reports every part of `ty` that can't be a Module.
pub(super) fn module(ty: &Type, errors: &mut Errors) {
    if let Type::TraitObject(_) = ty {
        errors.at(ty, format!("a `{0}` has no known size\nfix: `Box<{0}>`", text::of(ty)));
        return;
    }
    for part in parts(ty) {
        if let Some(message) = why_not(part) {
            errors.at(part, message);
        }
    }
}

fn why_not(part: &Type) -> Option<String> {
    match part {
        Type::Reference(_) if is_static_str(part) => None,
        Type::Reference(reference) => Some(reference_message(reference)),
        Type::Ptr(_) => Some(pointer_message()),
        Type::BareFn(_) => Some(fn_message()),
        Type::Slice(slice) => Some(slice_message(&slice.elem)),
        part => object(part).filter(|object| is_object_of_module(object)).map(|_| object_message()),
    }
}

fn code(ty: &Type) -> String {
    format!("`{}`", text::of(ty))
}

fn reference_message(reference: &TypeReference) -> String {
    let owned = match &*reference.elem {
        Type::Slice(slice) => format!("`Vec<{}>`", text::of(&slice.elem)),
        Type::TraitObject(object) => format!("`Box<{}>`", text::of(object)),
        other if is_str(other) => "`String`".to_owned(),
        other => code(other),
    };
    let mut fixes = vec![
        format!("own it: {owned} (cloning an `Array` or a `Param` copies no data)"),
        "pass the reference to the methods that need it".to_owned(),
    ];
    let is_static = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
    if is_static && reference.mutability.is_none() && !is_data(&reference.elem) {
        fixes.push("settings that never change: mark the field `#[module(static)]`".to_owned());
    }
    with_fixes("a reference cannot be part of a Module: a Module owns its data", &fixes)
}

fn object_message() -> String {
    with_fixes(
        "there are no objects of the trait `Module`: its walks are generic",
        &[
            "layers that map an array to an array: `nnx::nn::List`, or `Box<dyn nnx::nn::AnyLayer>`",
            "objects of a trait of yours with `#[nnx::dyn_module]`",
            "one of several types: an enum that derives Module, with a variant for each",
        ],
    )
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

fn slice_message(element: &Type) -> String {
    let element = text::of(element);
    with_fixes(
        "a slice has no known size",
        &[format!("`Vec<{element}>`"), format!("`[{element}; N]`")],
    )
}
