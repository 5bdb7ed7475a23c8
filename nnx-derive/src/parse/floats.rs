//! Static fields with floats in them.

use crate::validate::{is_container, type_arguments};
use syn::Type;

/// Whether a type holds floats, and besides them only other primitives: `f32`, `Option<(f64, u8)>`.
pub(super) fn only_primitives_with_floats(ty: &Type) -> bool {
    let mut floats = false;
    only_primitives(ty, &mut floats) && floats
}

fn only_primitives(ty: &Type, floats: &mut bool) -> bool {
    match ty {
        Type::Array(array) => only_primitives(&array.elem, floats),
        Type::Tuple(tuple) => tuple.elems.iter().all(|ty| only_primitives(ty, floats)),
        Type::Paren(inner) => only_primitives(&inner.elem, floats),
        Type::Group(inner) => only_primitives(&inner.elem, floats),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return false };
            *floats |= ["f32", "f64"].iter().any(|float| last.ident == float);
            if is_container(last) {
                return type_arguments(last).all(|ty| only_primitives(ty, floats));
            }
            const PRIMITIVES: &[&str] = &[
                "f32", "f64", "bool", "char", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
                "u16", "u32", "u64", "u128", "usize", "String",
            ];
            PRIMITIVES.iter().any(|primitive| last.ident == primitive)
        }
        _ => false,
    }
}
