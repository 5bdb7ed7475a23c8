//! Static fields with floats in them.

use crate::parts;
use syn::Type;

const FLOATS: &[&str] = &["f32", "f64"];
const OTHERS: &[&str] = &[
    "bool", "char", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize", "String",
];

/// Whether a type holds floats, and besides them only other primitives: `f32`, `Option<(f64, u8)>`.
pub(super) fn only_primitives_with_floats(ty: &Type) -> bool {
    let parts = parts::of(ty);
    parts.iter().any(|ty| is_one_of(ty, FLOATS))
        && parts.iter().all(|ty| is_one_of(ty, FLOATS) || is_one_of(ty, OTHERS))
}

fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    match ty {
        Type::Path(ty) => {
            ty.path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
        }
        _ => false,
    }
}
