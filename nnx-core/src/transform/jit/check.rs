//! The rules of tree mode for the arguments and the result of a jitted function, checked while the
//! user's crate compiles: the expansion of `#[nnx::jit]` calls these in constants.

use crate::module::{Schema, check};

/// Fails to compile when `schema` cannot be that of an argument called `name`.
#[track_caller]
pub const fn argument(name: &str, schema: &Schema) {
    check::argument(name, schema);
}

/// Fails to compile when `schema` cannot be that of a static argument called `name`.
#[track_caller]
pub const fn static_argument(name: &str, schema: &Schema) {
    check::static_argument(name, schema);
}

/// Fails to compile when `schema` cannot be that of a result.
#[track_caller]
pub const fn result(schema: &Schema) {
    check::result(schema);
}
