//! Types that can be no part of a Module, found by their names.
//!
//! Names are all that a macro sees. What hides behind an alias is found by the trait `Module`.

use crate::diagnostics::{Errors, with_fixes};
use crate::text;
use syn::{GenericArgument, Path, PathArguments, PathSegment, Type, TypePath, TypeReference};

/// Reports every part of `ty` that can't be a Module.
pub(super) fn module(ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Path(path) => type_path(path, errors),
        Type::Reference(reference) if !is_static_str(reference) => {
            errors.at(reference, reference_message(reference));
        }
        Type::Ptr(pointer) => errors.at(pointer, pointer_message()),
        Type::BareFn(function) => errors.at(function, fn_message()),
        Type::TraitObject(object) => errors.at(object, dyn_message(object)),
        Type::Slice(slice) => errors.at(slice, slice_message(&slice.elem)),
        Type::Array(array) => module(&array.elem, errors),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| module(ty, errors)),
        Type::Paren(inner) => module(&inner.elem, errors),
        Type::Group(inner) => module(&inner.elem, errors),
        _ => {}
    }
}

fn type_path(ty: &TypePath, errors: &mut Errors) {
    let Some(last) = ty.path.segments.last() else { return };
    if ty.qself.is_some() {
        return;
    }
    if let Some(message) = std_type(&ty.path, last).and_then(|name| forbidden(&name, last)) {
        errors.at(ty, message);
    } else if is_container(last) {
        type_arguments(last).for_each(|ty| module(ty, errors));
    }
}

/// Whether a walk goes through this type into its arguments.
pub(crate) fn is_container(segment: &PathSegment) -> bool {
    ["Vec", "Option", "Box", "BTreeMap", "HashMap"].iter().any(|name| segment.ident == name)
}

pub(crate) fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The name of the type if it is plausibly the standard library's: `Cell<T>` and `std::cell::Cell`
/// are, a bare `Cell` (a recurrent cell, say) and `crate::Cell<T>` are not.
fn std_type(path: &Path, last: &PathSegment) -> Option<String> {
    let roots = ["std", "core", "alloc", "rc", "sync", "cell", "atomic"];
    let plausible = match path.segments.first() {
        Some(first) if path.segments.len() > 1 => roots.iter().any(|root| first.ident == root),
        _ => !last.arguments.is_none() || last.ident.to_string().starts_with("Atomic"),
    };
    plausible.then(|| last.ident.to_string())
}

fn forbidden(name: &str, segment: &PathSegment) -> Option<String> {
    match name {
        "Rc" | "Arc" | "Weak" => Some(shared_message(name, segment)),
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "LazyCell" | "Mutex" | "RwLock"
        | "OnceLock" | "LazyLock" => Some(interior_message(name, segment)),
        "AtomicBool" | "AtomicU8" | "AtomicU16" | "AtomicU32" | "AtomicU64" | "AtomicUsize"
        | "AtomicI8" | "AtomicI16" | "AtomicI32" | "AtomicI64" | "AtomicIsize" | "AtomicPtr" => {
            Some(interior_message(name, segment))
        }
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

fn shared_message(name: &str, segment: &PathSegment) -> String {
    let inner = inner(segment);
    with_fixes(
        format!(
            "`{name}` cannot be part of a Module: what several places own cannot be updated \
             through one of them"
        ),
        &[
            format!("own it: {inner} in place of `{name}<…>` (arrays share their buffers anyway)"),
            "to use one layer in several places, keep it in one field and lend it to the others \
             when they are called"
                .to_owned(),
            "settings that never change: mark the field `#[module(static)]`".to_owned(),
            "anything that no jitted function looks at: mark the field `#[module(skip)]`"
                .to_owned(),
        ],
    )
}

fn interior_message(name: &str, segment: &PathSegment) -> String {
    let inner = inner(segment);
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
    let inner = code(&reference.elem);
    with_fixes(
        "a reference cannot be part of a Module: a Module owns its data",
        &[
            format!("own it: {inner} (cloning an `Array` or a `Param` copies no data)"),
            "pass the reference to the methods that need it".to_owned(),
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

fn dyn_message(object: &syn::TypeTraitObject) -> String {
    let text = text::of(&Type::TraitObject(object.clone()));
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

fn is_static_str(reference: &TypeReference) -> bool {
    let is_static = reference.lifetime.as_ref().is_some_and(|l| l.ident == "static");
    let is_str = matches!(&*reference.elem, Type::Path(ty) if ty.path.is_ident("str"));
    is_static && is_str && reference.mutability.is_none()
}
