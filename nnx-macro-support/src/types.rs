//! Types as a macro sees them: by their names.

use crate::table::{ATOMICS, CELLS, CONTAINERS, COUNTED, DATA, FLOATS, SETTINGS};
use syn::{GenericArgument, Ident, PathArguments, PathSegment, Type, TypeParamBound, TypePath};

/// `A` and `B` for `Name<'a, A, B, 3>`.
pub fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Whether an argument of a type may be a constant: `WIDTH` or `width`, and so `LSTM`. A name by itself does not
/// tell, but one that is written as types are, `Linear`, is taken for a type.
pub fn may_be_constant(ty: &Type) -> bool {
    let Some(last) = last_segment(ty).filter(|last| last.arguments.is_none()) else { return false };
    let name = last.ident.to_string();
    let is_camel_case = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    !is_camel_case && !is_primitive(ty)
}

/// The last segment of a type that is a path: `Vec<A>` for `std::vec::Vec<A>`.
pub fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Whether this is one of the standard library's containers of Modules.
pub fn is_container(segment: &PathSegment) -> bool {
    is_one_of(&segment.ident, CONTAINERS)
}

/// The type arguments of containers, and the elements of tuples and arrays; `None` for other types.
/// Keys of maps are among them.
pub fn elements(ty: &Type) -> Option<Vec<&Type>> {
    match ty {
        Type::Array(array) => Some(vec![&array.elem]),
        Type::Tuple(tuple) => Some(tuple.elems.iter().collect()),
        Type::Paren(inner) => Some(vec![&inner.elem]),
        Type::Group(inner) => Some(vec![&inner.elem]),
        _ => {
            let container = last_segment(ty).filter(|last| is_container(last))?;
            let arguments: Vec<&Type> = type_arguments(container).collect();
            // An object is a Module with its box, or not at all.
            let is_object = |ty: &&Type| matches!(ungrouped(ty), Type::TraitObject(_));
            (!arguments.iter().any(is_object)).then_some(arguments)
        }
    }
}

/// The first object in a type: `dyn Layer` for `Vec<Box<dyn Layer>>`.
pub fn object(ty: &Type) -> Option<&Type> {
    parts(ty).into_iter().find_map(|part| {
        let inside = type_arguments(last_segment(part)?).next()?;
        matches!(ungrouped(inside), Type::TraitObject(_)).then_some(inside)
    })
}

/// Whether this is `dyn Module`, which there is not.
pub fn is_object_of_module(ty: &Type) -> bool {
    let Type::TraitObject(object) = ty else { return false };
    object.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            // A trait of the user's own may have this name in another path.
            let names: Vec<String> =
                bound.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            matches!(names[..], ["Module"] | ["nnx" | "nnx_core", .., "Module"])
        }
        _ => false,
    })
}

fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

/// The types that a type is made of, through containers as the walks of a Module go: `A` and `B` for
/// `Vec<(A, Option<B>)>`.
pub fn parts(ty: &Type) -> Vec<&Type> {
    match elements(ty) {
        Some(elements) => elements.into_iter().flat_map(parts).collect(),
        None => vec![ty],
    }
}

/// Whether this is `f32` or `f64`.
pub fn is_float(ty: &Type) -> bool {
    is_in(ty, FLOATS)
}

/// Whether this is a primitive that is static as it is, such as `usize` or `String`.
pub fn is_setting(ty: &Type) -> bool {
    is_in(ty, SETTINGS)
}

/// Whether this is the name of a primitive, float or not.
pub fn is_primitive_name(name: &Ident) -> bool {
    is_one_of(name, FLOATS) || is_one_of(name, SETTINGS)
}

/// Whether this is a primitive, float or not.
pub fn is_primitive(ty: &Type) -> bool {
    is_float(ty) || is_setting(ty)
}

fn is_in(ty: &Type, table: &[&str]) -> bool {
    let Type::Path(TypePath { qself: None, path }) = ty else { return false };
    let roots = ["std", "core", "alloc", "primitive", "string"];
    let plausible = match path.segments.first() {
        Some(first) if path.segments.len() > 1 => is_one_of(&first.ident, &roots),
        _ => true,
    };
    plausible && path.segments.last().is_some_and(|last| is_one_of(&last.ident, table))
}

/// Whether this has the name of one of nnx's types with arrays in them, and so is not a setting.
pub fn is_data(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| is_one_of(&last.ident, DATA))
}

/// `str`, in whatever path.
pub fn is_str(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "str")
}

/// `&'static str`, which is a string as static data.
pub fn is_static_str(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let is_static = reference.lifetime.as_ref().is_some_and(|l| l.ident == "static");
    is_static && is_str(&reference.elem) && reference.mutability.is_none()
}

/// How the value of a type changes without its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Several places own it: `Rc`.
    Counted,
    /// It changes behind a shared reference: `RefCell`.
    Cell,
    /// The same, for a number: `AtomicBool`.
    Atomic,
}

/// How the value of this type changes without its owner, if its type is plausibly one of the
/// standard library's: `Cell<T>` and `std::cell::Cell` are, a bare `Cell` (a recurrent cell, say)
/// and `crate::Cell<T>` are not.
pub fn sharing(ty: &Type) -> Option<(Sharing, &PathSegment)> {
    let Type::Path(TypePath { qself: None, path }) = ty else { return None };
    let last = path.segments.last()?;
    let sharing = match &last.ident {
        name if is_one_of(name, COUNTED) => Sharing::Counted,
        name if is_one_of(name, CELLS) => Sharing::Cell,
        name if is_one_of(name, ATOMICS) => Sharing::Atomic,
        _ => return None,
    };
    let roots = ["std", "core", "alloc", "rc", "sync", "cell", "atomic"];
    let plausible = match path.segments.first() {
        Some(first) if path.segments.len() > 1 => is_one_of(&first.ident, &roots),
        _ => sharing == Sharing::Atomic || !last.arguments.is_none(),
    };
    plausible.then_some((sharing, last))
}

/// The type inside of one whose values change without their owner, through several of them: `Param`
/// for `Arc<Mutex<Param>>`.
pub fn innermost(ty: &Type) -> Type {
    let Some((kind, last)) = sharing(ty) else { return ty.clone() };
    match type_arguments(last).next() {
        Some(inner) => innermost(inner),
        // `usize`, for `AtomicUsize`.
        None if kind == Sharing::Atomic => {
            let name = last.ident.to_string().trim_start_matches("Atomic").to_lowercase();
            let name = Ident::new(&name, last.ident.span());
            syn::parse_quote!(::core::primitive::#name)
        }
        None => ty.clone(),
    }
}

fn is_one_of(name: &Ident, table: &[&str]) -> bool {
    table.iter().any(|known| name == known)
}

#[cfg(test)]
mod tests {
    use super::{Sharing, is_float, is_setting, is_static_str, may_be_constant, parts, sharing};
    use crate::text;
    use syn::{Type, parse_quote};

    #[test]
    fn containers_are_looked_through() {
        let ty: Type = parse_quote!(Vec<(A, std::option::Option<[B; 3]>, Other<C>)>);
        let parts: Vec<String> = parts(&ty).into_iter().map(text::of).collect();
        assert_eq!(parts, ["A", "B", "Other<C>"]);
    }

    #[test]
    fn arguments_that_are_not_written_as_types_may_be_constants() {
        for ty in [parse_quote!(WIDTH), parse_quote!(width), parse_quote!(sizes::max_width)] {
            assert!(may_be_constant(&ty), "{}", text::of(&ty));
        }
        for ty in [parse_quote!(Linear), parse_quote!(f32), parse_quote!(Vec<u8>)] {
            assert!(!may_be_constant(&ty), "{}", text::of(&ty));
        }
    }

    #[test]
    fn primitives_are_known_by_plausible_paths() {
        assert!(is_float(&parse_quote!(f32)) && is_float(&parse_quote!(::core::primitive::f64)));
        assert!(!is_float(&parse_quote!(soft::f32)) && !is_float(&parse_quote!(usize)));
        assert!(
            is_setting(&parse_quote!(String)) && is_setting(&parse_quote!(std::string::String))
        );
        assert!(is_static_str(&parse_quote!(&'static str)));
        assert!(!is_static_str(&parse_quote!(&str)));
    }

    #[test]
    fn sharing_types_are_the_standard_librarys() {
        let kind = |ty: Type| sharing(&ty).map(|(sharing, _)| sharing);
        assert_eq!(kind(parse_quote!(Rc<A>)), Some(Sharing::Counted));
        assert_eq!(kind(parse_quote!(std::cell::Cell)), Some(Sharing::Cell));
        assert_eq!(kind(parse_quote!(AtomicBool)), Some(Sharing::Atomic));
        assert_eq!(kind(parse_quote!(Cell)), None);
        assert_eq!(kind(parse_quote!(crate::Cell<A>)), None);
        assert_eq!(kind(parse_quote!(AtomicModel)), None);
    }
}
