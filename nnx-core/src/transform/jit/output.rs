//! What a jitted function may return.

use crate::error::raise;
use crate::module::Schema;
use crate::{Error, Module};

/// The result of a jitted function: a tree of arrays, or a `Result` of one.
///
/// A function that returns `Result<_, E>` with `E: From<nnx::Error>` gets tracing, compile and run
/// errors as `Err`; any other function panics with the same message at the caller's line.
#[diagnostic::on_unimplemented(
    message = "a jitted function cannot return `{Self}`",
    label = "not an array, a Variable, a Module, a container of these, or a `Result` of one",
    note = "return owned arrays or Modules; for a `Result<T, E>` the error needs `E: From<nnx::Error>`"
)]
pub trait Output: Sized {
    /// The tree of arrays.
    type Tree: Module + Send + Sync;
    /// What the tree is made of.
    const SCHEMA: &'static Schema = <Self::Tree as Module>::SCHEMA;
    /// Whether mistakes in the body come back as `Err`.
    const CATCHES: bool;
    /// The tree, or the body's own error.
    fn split(self) -> Result<Self::Tree, Self>;
    /// A result from a finished tree.
    fn from_tree(tree: Self::Tree) -> Self;
    /// What the caller gets when the call fails.
    #[track_caller]
    fn from_error(error: Error) -> Self;
}

impl<T: Module + Send + Sync> Output for T {
    type Tree = T;
    const CATCHES: bool = false;
    fn split(self) -> Result<T, Self> {
        Ok(self)
    }
    fn from_tree(tree: T) -> Self {
        tree
    }
    #[track_caller]
    fn from_error(error: Error) -> Self {
        raise(error)
    }
}

impl<T: Module + Send + Sync, E: From<Error>> Output for Result<T, E> {
    type Tree = T;
    const CATCHES: bool = true;
    fn split(self) -> Result<T, Self> {
        self.map_err(Err)
    }
    fn from_tree(tree: T) -> Self {
        Ok(tree)
    }
    fn from_error(error: Error) -> Self {
        Err(E::from(error))
    }
}
