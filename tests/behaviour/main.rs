//! What a user relies on, one module per behaviour.

mod derive_containers;
mod derive_enums;
mod derive_fields;
mod derive_generics;
mod derive_schema;
mod derive_statics;
mod jit;
mod staging;
mod support;
