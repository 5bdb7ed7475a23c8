//! Types that a jitted function cannot take or return, found by their names.
//!
//! Names are all that a macro sees. What hides behind an alias is found by the traits.

use crate::diagnostics::{Errors, with_fixes};
use quote::ToTokens;
use syn::{
    GenericArgument, Generics, Path, PathArguments, PathSegment, Type, TypeImplTrait,
    TypeParamBound, TypeReference, WherePredicate,
};

/// Where a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Parameter,
    Static,
    Result,
}

impl Place {
    /// What the type cannot be.
    fn noun(self) -> &'static str {
        match self {
            Place::Parameter => "an argument of a jitted function",
            Place::Static => "a static argument",
            Place::Result => "the result of a jitted function",
        }
    }
}

/// Reports what is wrong with the type of the parameter `name`, without its own `&` or `&mut`.
pub(crate) fn parameter(
    name: &str,
    reference: Option<&TypeReference>,
    ty: &Type,
    errors: &mut Errors,
) {
    match (reference, ty) {
        (Some(reference), Type::Slice(slice)) => {
            errors.at(reference, borrowed_slice(reference, slice))
        }
        (Some(reference), ty) if is_str(ty) => errors.at(reference, borrowed_str(name)),
        _ => {
            report(Place::Parameter, ty, errors);
            for float in floats(ty) {
                errors.at(float, float_message(name, float, ty));
            }
        }
    }
}

/// Reports what is wrong with the type of a parameter that is marked static.
pub(crate) fn static_parameter(name: &str, ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Reference(reference) if !is_static_str(ty) => {
            let message = with_fixes(
                "a static argument is passed by value",
                &[format!("`#[nnx(static)] {name}: {}`", owned(&reference.elem))],
            );
            errors.at(reference, message);
        }
        _ => report(Place::Static, ty, errors),
    }
}

/// Reports that the type of a parameter is a type parameter that stands for closures.
pub(crate) fn closure(ty: &Type, generics: &Generics, errors: &mut Errors) {
    let Type::Path(path) = ty else { return };
    let Some(name) = path.path.get_ident() else { return };
    let declared = generics.type_params().filter(|parameter| parameter.ident == *name);
    let declared = declared.flat_map(|parameter| &parameter.bounds);
    let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let wanted = clauses.filter_map(|clause| match clause {
        WherePredicate::Type(clause) if clause.bounded_ty == *ty => Some(&clause.bounds),
        _ => None,
    });
    if declared.chain(wanted.flatten()).any(is_fn_bound) {
        errors.at(ty, function_message(Place::Parameter, &text(name)));
    }
}

/// Reports what is wrong with a return type.
pub(crate) fn result(ty: &Type, errors: &mut Errors) {
    report(Place::Result, ty, errors);
}

/// Whether a float is written out in `ty`.
pub(crate) fn has_float(ty: &Type) -> bool {
    !floats(ty).is_empty()
}

/// `&'static str`, which is a string as static data.
pub(crate) fn is_static_str(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let is_static = reference.lifetime.as_ref().is_some_and(|l| l.ident == "static");
    is_static && is_str(&reference.elem) && reference.mutability.is_none()
}

fn is_str(ty: &Type) -> bool {
    match ty {
        Type::Path(ty) => ty.path.segments.last().is_some_and(|last| last.ident == "str"),
        _ => false,
    }
}

/// The type arguments of the standard containers, and the elements of tuples and arrays.
pub(crate) fn inside(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Array(array) => vec![&array.elem],
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Paren(inner) => vec![&inner.elem],
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            // What a function returns as its error may be anything.
            Some(last) if last.ident == "Result" => type_arguments(last).take(1).collect(),
            Some(last) if is_container(last) => type_arguments(last).collect(),
            _ => vec![],
        },
        _ => vec![],
    }
}

fn is_container(segment: &PathSegment) -> bool {
    ["Vec", "Option", "Box", "BTreeMap", "HashMap"].iter().any(|name| segment.ident == name)
}

/// `A` and `B` for `Name<'a, A, B, 3>`.
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

/// Every `f32` and `f64` in a value of this type that is not inside a Module.
fn floats(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Path(path) if is_float(path) => vec![ty],
        _ => inside(ty).into_iter().flat_map(floats).collect(),
    }
}

fn is_float(ty: &syn::TypePath) -> bool {
    let plausible = match ty.path.segments.first() {
        Some(first) if ty.path.segments.len() > 1 => {
            ["std", "core", "primitive"].iter().any(|root| first.ident == root)
        }
        _ => true,
    };
    let last = ty.path.segments.last();
    let named = last.is_some_and(|last| last.ident == "f32" || last.ident == "f64");
    plausible && named && ty.qself.is_none()
}

fn report(place: Place, ty: &Type, errors: &mut Errors) {
    if let Some(message) = why_not(place, ty) {
        errors.at(ty, message);
        return;
    }
    for part in inside(ty) {
        report(place, part, errors);
    }
    // Whatever type this is, there is nothing borrowed in it.
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last().filter(|last| !is_container(last))
    {
        for part in type_arguments(last) {
            borrows(place, part, errors);
        }
    }
}

fn borrows(place: Place, ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty {
        if !is_static_str(ty) {
            errors.at(ty, reference_message(place, reference));
        }
        return;
    }
    inside(ty).into_iter().for_each(|part| borrows(place, part, errors));
}

fn why_not(place: Place, ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            forbidden(place, &std_type(&path.path, last)?, last).or_else(|| borrowing(place, last))
        }
        Type::Reference(_) if is_static_str(ty) => None,
        Type::Reference(reference) => Some(reference_message(place, reference)),
        Type::Slice(slice) => Some(slice_message(&slice.elem)),
        Type::Ptr(_) => Some(pointer_message(place)),
        Type::BareFn(function) if place != Place::Static => {
            Some(function_message(place, &text(function)))
        }
        Type::TraitObject(object) => Some(dyn_message(place, &text(object))),
        Type::ImplTrait(bounds) if is_closure(bounds) && place != Place::Static => {
            Some(function_message(place, &text(bounds)))
        }
        _ => None,
    }
}

/// The name of the type if it is plausibly the standard library's: `Cell<T>` and `std::cell::Cell`
/// are, a bare `Cell` (a recurrent cell, say) and `crate::Cell<T>` are not.
fn std_type(path: &Path, last: &PathSegment) -> Option<String> {
    let roots = ["std", "core", "alloc", "rc", "sync", "cell", "atomic"];
    let plausible = match path.segments.first() {
        Some(first) if path.segments.len() > 1 => roots.iter().any(|root| first.ident == root),
        _ => !last.arguments.is_none() || last.ident.to_string().starts_with("Atomic"),
    };
    Some(if plausible { last.ident.to_string() } else { String::new() })
}

fn forbidden(place: Place, name: &str, segment: &PathSegment) -> Option<String> {
    let noun = place.noun();
    let own = || {
        let inner = innermost(segment);
        match place {
            Place::Result => format!("return {inner} itself"),
            _ => format!("take {inner} itself, by `&`, or by `&mut` to update it"),
        }
    };
    match name {
        _ if place == Place::Static => None,
        "Rc" | "Arc" | "Weak" => Some(with_fixes(
            format!(
                "`{name}` cannot be {noun}: what several places own cannot be updated through one \
                 of them"
            ),
            &[own()],
        )),
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "LazyCell" | "Mutex" | "RwLock"
        | "OnceLock" | "LazyLock" => Some(with_fixes(
            format!(
                "`{name}` cannot be {noun}: what changes behind a shared reference would change \
                 without the function knowing"
            ),
            &[own()],
        )),
        name if name.starts_with("Atomic") => Some(with_fixes(
            format!(
                "`{name}` cannot be {noun}: what changes behind a shared reference would change \
                 without the function knowing"
            ),
            &["use a number, an `Array` or a Variable"],
        )),
        _ => None,
    }
}

/// `Param`, for `Arc<Mutex<Param>>`.
fn innermost(segment: &PathSegment) -> String {
    let Some(inner) = type_arguments(segment).next() else { return "the value".to_owned() };
    if let Type::Path(path) = inner
        && let Some(last) = path.path.segments.last()
    {
        let std = std_type(&path.path, last).unwrap_or_default();
        if forbidden(Place::Parameter, &std, last).is_some() {
            return innermost(last);
        }
    }
    format!("`{}`", text(inner))
}

/// A type with a lifetime in it borrows, which no Module does.
fn borrowing(place: Place, segment: &PathSegment) -> Option<String> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let borrows = arguments.args.iter().any(|argument| match argument {
        GenericArgument::Lifetime(lifetime) => lifetime.ident != "static",
        _ => false,
    });
    borrows.then(|| {
        with_fixes(
            format!(
                "`{}` borrows, and what borrows cannot be {}: a Module owns its data",
                text(segment),
                place.noun()
            ),
            &["own the data: cloning an `Array` or a `Param` copies no data"],
        )
    })
}

fn reference_message(place: Place, reference: &TypeReference) -> String {
    let owned = owned(&reference.elem);
    match place {
        Place::Result => with_fixes(
            "a jitted function cannot return a reference: its results are new arrays",
            &[
                format!(
                    "return it by value: `{owned}` (cloning an `Array` or a `Param` copies no data)"
                ),
                "return nothing, and read the argument after the call".to_owned(),
            ],
        ),
        _ => with_fixes(
            "there cannot be a reference inside the type of an argument: `&` and `&mut` stand \
             before the whole type, and say whether it is updated",
            &[
                format!("own it: `{owned}` (cloning an `Array` or a `Param` copies no data)"),
                "take it in a parameter of its own".to_owned(),
            ],
        ),
    }
}

/// The owned form of what a reference points to.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        ty if is_str(ty) => "String".to_owned(),
        other => text(other),
    }
}

fn borrowed_slice(reference: &TypeReference, slice: &syn::TypeSlice) -> String {
    let (mutable, element) = (reference.mutability.map_or("", |_| "mut "), text(&slice.elem));
    with_fixes(
        "a slice cannot be an argument of a jitted function: it does not own its elements",
        &[format!("`&{mutable}Vec<{element}>`"), format!("`&{mutable}[{element}; N]`")],
    )
}

fn borrowed_str(name: &str) -> String {
    with_fixes(
        "a string is static, part of the compiled program, and cannot be borrowed for the call",
        &[format!("`{name}: &'static str`"), format!("`{name}: String`")],
    )
}

fn slice_message(element: &Type) -> String {
    let element = text(element);
    with_fixes(
        "a slice has no known size",
        &[format!("`Vec<{element}>`"), format!("`[{element}; N]`")],
    )
}

fn pointer_message(place: Place) -> String {
    let fix = match place {
        Place::Result => "return the value itself",
        Place::Static => "take the value itself",
        Place::Parameter => "take the value itself, by `&`, or by `&mut` to update it",
    };
    with_fixes(
        format!(
            "a raw pointer cannot be {}: the program knows arrays, not addresses",
            place.noun()
        ),
        &[fix],
    )
}

fn function_message(place: Place, ty: &str) -> String {
    let noun = place.noun();
    match place {
        Place::Result => with_fixes(
            format!("`{ty}` cannot be {noun}: its results are arrays"),
            &["return what the function holds, as a struct that derives Module, with a method"],
        ),
        _ => with_fixes(
            format!("`{ty}` cannot be {noun}: there are no arrays in it to pass to the program"),
            &[
                "a plain function: `#[nnx(static)] f: fn(&Array) -> Array`",
                "a function with data: a struct that derives Module, with a method",
            ],
        ),
    }
}

fn dyn_message(place: Place, ty: &str) -> String {
    with_fixes(
        format!("`{ty}` cannot be {}: its arrays must be known when Rust compiles", place.noun()),
        &[
            "one of several types: an enum that derives Module, with a variant for each",
            "any type, chosen by the caller: a type parameter with the bound `Module`",
        ],
    )
}

fn is_closure(bounds: &TypeImplTrait) -> bool {
    bounds.bounds.iter().any(is_fn_bound)
}

fn is_fn_bound(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    let last = bound.path.segments.last();
    last.is_some_and(|last| ["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name))
}

fn float_message(name: &str, float: &Type, ty: &Type) -> String {
    let array = match std::ptr::eq(float, ty) {
        true => format!("`{name}: &Array`, with `&Array::scalar(value)` at the call"),
        false => "an `Array` in its place, with `Array::scalar(value)` at the call".to_owned(),
    };
    let mark = match holds_tuple(ty) {
        // Marked as a whole, everything in it would have to be static.
        true => "take it in a parameter of its own with the mark `#[nnx(static)]`".to_owned(),
        false => format!("mark it: `#[nnx(static)] {name}: {}`", text(ty)),
    };
    with_fixes(
        "a float argument would compile the function again for every new value",
        &[array, format!("if it hardly ever changes, {mark}")],
    )
}

fn holds_tuple(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(_)) || inside(ty).into_iter().any(holds_tuple)
}

/// Tokens as their author would write them, not the spaced-out form of a token stream.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let spaced = tokens.to_token_stream().to_string();
    let mut text = String::with_capacity(spaced.len());
    let mut rest = spaced.chars().peekable();
    while let Some(letter) = rest.next() {
        let opened = text.ends_with(['<', '(', '[', '&', '\'']) || text.ends_with("::");
        let closes = rest.peek().is_some_and(|next| "<>,;:)]".contains(*next));
        if letter != ' ' || !(opened || closes) {
            text.push(letter);
        }
    }
    text
}
