//! Tree mode where the compiler does not see the whole type: behind a field under `#[module(recursive)]` there may
//! be a shared node. It is looked for when the function is traced, in the arguments and in the result.

use super::function::Function;
use crate::error::{Error, Result};
use crate::module::Visitor;
use crate::module::walk::first_node;

/// Returns an error if there is a shared node in what `flatten` visits and `function` is one of tree mode. `whole`
/// stands before the path.
pub(super) fn check(
    function: &Function,
    whole: &str,
    flatten: impl FnOnce(&mut dyn Visitor),
) -> Result<()> {
    if !function.options.tree {
        return Ok(());
    }
    let Some(path) = first_node(flatten) else { return Ok(()) };
    Err(Error::Jit {
        function: function.name.into(),
        message: format!(
            "`{path}`{whole} is `Shared`, behind a field under `#[module(recursive)]`, but in tree mode a Module is \
             a tree, and a node has one owner\n\
             fixes:\n  \
             1. write `#[nnx::jit]`, without `graph = false`: graph mode keeps shared nodes\n  \
             2. own the node there, in place of `Shared<…>`"
        ),
    })
}
