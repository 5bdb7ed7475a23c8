//! Paths that begin with the name of a parameter.

use crate::graph::Array;
use crate::module::{
    KeyRef, Path, PathKey, Schema, SharedNode, StaticValue, Structure, VarRef, Visitor,
};

/// Visits a tuple of arguments, whose positions it takes for the parameters' names.
pub(super) struct Named<'n, 'v> {
    names: &'n [&'n str],
    depth: usize,
    visitor: &'v mut dyn Visitor,
}

impl<'n, 'v> Named<'n, 'v> {
    pub(super) fn new(names: &'n [&'n str], visitor: &'v mut dyn Visitor) -> Self {
        Named { names, depth: 0, visitor }
    }
}

impl Visitor for Named<'_, '_> {
    fn variable(&mut self, variable: VarRef<'_>) {
        self.visitor.variable(variable);
    }
    fn array(&mut self, array: &Array) {
        self.visitor.array(array);
    }
    fn static_value(&mut self, value: &dyn StaticValue) {
        self.visitor.static_value(value);
    }
    fn structure(&mut self, structure: Structure) {
        self.visitor.structure(structure);
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        self.visitor.shared(node);
    }
    fn link(&mut self, node: Option<&dyn SharedNode>) {
        self.visitor.link(node);
    }
    fn skipped(&mut self, key: KeyRef<'_>) {
        self.visitor.skipped(key);
    }
    fn module(&mut self, schema: &'static Schema) {
        self.visitor.module(schema);
    }
    fn enter(&mut self, key: KeyRef<'_>) {
        self.visitor.enter(match key {
            KeyRef::Index(i) if self.depth == 0 => name(self.names, i),
            key => key,
        });
        self.depth += 1;
    }
    fn exit(&mut self) {
        self.depth -= 1;
        self.visitor.exit();
    }
}

/// The step to a parameter; those of a closure have no names.
fn name<'n>(names: &[&'n str], i: usize) -> KeyRef<'n> {
    names.get(i).map_or(KeyRef::Index(i), |name| KeyRef::Name(name))
}

/// The path of a part of a tuple of arguments, whose position becomes the parameter's name.
pub(super) fn named(names: &[&str], path: &Path) -> Path {
    let mut named = Path::new();
    for (depth, key) in path.keys().iter().enumerate() {
        named.push(match key {
            PathKey::Index(i) if depth == 0 => name(names, *i),
            PathKey::Index(i) => KeyRef::Index(*i),
            PathKey::Name(name) => KeyRef::Name(name),
        });
    }
    named
}
