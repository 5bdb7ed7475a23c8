//! Through containers to what they hold, as the walks go.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The types that a field is made of: `A` and `B` for `Vec<(A, Option<B>)>`. Keys of maps are
/// among them.
pub(crate) fn of(ty: &Type) -> Vec<&Type> {
    let mut parts = Vec::new();
    collect(ty, &mut parts);
    parts
}

fn collect<'a>(ty: &'a Type, parts: &mut Vec<&'a Type>) {
    match ty {
        Type::Array(array) => collect(&array.elem, parts),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| collect(ty, parts)),
        Type::Paren(inner) => collect(&inner.elem, parts),
        Type::Group(inner) => collect(&inner.elem, parts),
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) if is_container(last) => {
                type_arguments(last).for_each(|ty| collect(ty, parts));
            }
            _ => parts.push(ty),
        },
        _ => parts.push(ty),
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
