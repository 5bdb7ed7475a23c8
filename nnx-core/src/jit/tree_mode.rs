//! Tree mode where the compiler does not see the whole type: behind a field under `#[module(recursive)]` there may
//! be a shared node. It is looked for when the function is traced, in the arguments and in the result.

use super::function::Function;
use crate::error::{Error, Result};
use crate::graph::Array;
use crate::module::{KeyRef, Path, SharedNode, StaticValue, Structure, VarRef, Visitor};

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
    let mut search = FirstNode { path: Path::new(), found: None };
    flatten(&mut search);
    let Some(path) = search.found else { return Ok(()) };
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

struct FirstNode {
    path: Path,
    found: Option<Path>,
}

impl Visitor for FirstNode {
    fn variable(&mut self, _: VarRef<'_>) {}
    fn array(&mut self, _: &Array) {}
    fn static_value(&mut self, _: &dyn StaticValue) {}
    fn structure(&mut self, _: Structure) {}
    fn shared(&mut self, _: &dyn SharedNode) {
        self.found.get_or_insert_with(|| self.path.clone());
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.path.push(key);
    }
    fn exit(&mut self) {
        self.path.pop();
    }
}
