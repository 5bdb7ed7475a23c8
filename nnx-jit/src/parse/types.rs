//! The parts of a type, as far as its tokens tell.

use nnx_macro_support::types::{elements, is_float, last_segment, type_arguments};
use syn::Type;

/// The type arguments of the standard containers, the elements of tuples and arrays, and what a
/// `Result` holds.
pub(crate) fn inside(ty: &Type) -> Vec<&Type> {
    match last_segment(ty) {
        // The error type of a function may be any type.
        Some(last) if last.ident == "Result" => type_arguments(last).take(1).collect(),
        _ => elements(ty).unwrap_or_default(),
    }
}

/// Every `f32` and `f64` in a value of this type that is not inside a Module.
pub(crate) fn floats(ty: &Type) -> Vec<&Type> {
    if is_float(ty) { vec![ty] } else { inside(ty).into_iter().flat_map(floats).collect() }
}
