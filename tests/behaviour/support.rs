//! Helpers of several behaviours to look at Modules.

use nnx::module::{
    KeyRef, Leaves, Path, StaticValue, Structure, VarMut, VarRef, Visitor, VisitorMut,
};
use nnx::{Array, Module, Variable};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A Variable without a value that tells the walks apart by `name`.
pub(crate) fn var<K: nnx::module::VariableKind>(name: &str) -> Variable<K> {
    Variable::new(Array::absent(name))
}

/// Why an array has no value: the name it was made with.
pub(crate) fn name_of(array: &Array) -> String {
    let debug = format!("{array:?}");
    debug.trim_start_matches("Absent(").trim_end_matches(')').to_owned()
}

/// The parts that `flatten` shows, a line for each: `layers[0].kernel: Param k0`.
pub(crate) fn parts<M: Module>(module: &M) -> Vec<String> {
    #[derive(Default)]
    struct Parts {
        at: Path,
        found: Vec<String>,
    }
    impl Visitor for Parts {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: VarRef<'_>) {
            let (kind, name) = (variable.kind.name, name_of(variable.value));
            self.found.push(format!("{}: {kind} {name}", self.at));
        }
        fn array(&mut self, array: &Array) {
            self.found.push(format!("{}: array {}", self.at, name_of(array)));
        }
        fn static_value(&mut self, value: &dyn StaticValue) {
            self.found.push(format!("{}: static {}", self.at, value.type_name()));
        }
        fn structure(&mut self, structure: Structure) {
            self.found.push(format!("{}: {structure:?}", self.at));
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.at.push(key);
        }
        fn exit(&mut self) {
            self.at.pop();
        }
    }
    let mut parts = Parts::default();
    module.flatten(&mut parts);
    assert_eq!(parts.at, Path::new(), "every enter has its exit");
    parts.found
}

/// The parts that are leaves.
pub(crate) fn leaves<M: Module>(module: &M) -> Vec<String> {
    let kinds = ["static", "Len", "Some", "Variant"];
    let is_leaf = |part: &String| {
        !kinds.iter().any(|kind| part.split(": ").nth(1).is_some_and(|p| p.starts_with(kind)))
    };
    parts(module).into_iter().filter(is_leaf).collect()
}

/// A hash of everything static and of the structure, as the key of a jitted function has it.
pub(crate) fn static_hash<M: Module>(module: &M) -> u64 {
    struct Hash64(DefaultHasher);
    impl Visitor for Hash64 {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, _: VarRef<'_>) {}
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, value: &dyn StaticValue) {
            value.hash_static(&mut self.0);
        }
        fn structure(&mut self, structure: Structure) {
            structure.hash(&mut self.0);
        }
    }
    let mut hash = Hash64(DefaultHasher::new());
    module.flatten(&mut hash);
    hash.0.finish()
}

/// The leaves as `flatten_mut` meets them, each replaced by one named `new <old name>`.
pub(crate) fn renew<M: Module>(module: &mut M) -> Vec<String> {
    #[derive(Default)]
    struct Renew {
        at: Path,
        found: Vec<String>,
    }
    impl VisitorMut for Renew {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: VarMut<'_>) {
            let name = name_of(variable.value);
            self.found.push(format!("{}: {} {name}", self.at, variable.kind.name));
            *variable.value = Array::absent(format!("new {name}"));
        }
        fn array(&mut self, array: &mut Array) {
            let name = name_of(array);
            self.found.push(format!("{}: array {name}", self.at));
            *array = Array::absent(format!("new {name}"));
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.at.push(key);
        }
        fn exit(&mut self) {
            self.at.pop();
        }
    }
    let mut renew = Renew::default();
    module.flatten_mut(&mut renew);
    assert_eq!(renew.at, Path::new(), "every enter has its exit");
    renew.found
}

/// The leaves as `unflatten` asks for them, and the tree built with leaves named `copy <old name>`.
pub(crate) fn rebuild<M: Module>(module: &M) -> (Vec<String>, M) {
    #[derive(Default)]
    struct Copies {
        at: Path,
        found: Vec<String>,
        nodes: nnx::module::Nodes,
    }
    impl Leaves for Copies {
        fn nodes(&mut self) -> &mut nnx::module::Nodes {
            &mut self.nodes
        }
        fn variable(&mut self, variable: VarRef<'_>) -> Array {
            let name = name_of(variable.value);
            self.found.push(format!("{}: {} {name}", self.at, variable.kind.name));
            Array::absent(format!("copy {name}"))
        }
        fn array(&mut self, array: &Array) -> Array {
            let name = name_of(array);
            self.found.push(format!("{}: array {name}", self.at));
            Array::absent(format!("copy {name}"))
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.at.push(key);
        }
        fn exit(&mut self) {
            self.at.pop();
        }
    }
    let mut copies = Copies::default();
    let built = module.unflatten(&mut copies);
    assert_eq!(copies.at, Path::new(), "every enter has its exit");
    (copies.found, built)
}

/// Checks that the three walks agree and that the tree is `expected`, leaf by leaf.
#[track_caller]
pub(crate) fn assert_walks<M: Module>(mut module: M, expected: &[&str]) {
    assert_eq!(leaves(&module), expected, "flatten");
    let hash = static_hash(&module);
    let (found, built) = rebuild(&module);
    assert_eq!(found, expected, "unflatten");
    let value = |line: &str| line.rsplit_once(' ').map(|(_, name)| name.to_owned());
    let names: Vec<_> = expected.iter().filter_map(|line| value(line)).collect();
    let built_names: Vec<_> = leaves(&built).iter().filter_map(|line| value(line)).collect();
    assert_eq!(built_names, names, "what unflatten built");
    assert!(leaves(&built).iter().all(|line| line.contains(" copy ")), "unflatten's leaves");
    assert_eq!(static_hash(&built), hash, "the static parts of what unflatten built");
    assert_eq!(renew(&mut module), expected, "flatten_mut");
    assert!(leaves(&module).iter().all(|line| line.contains(" new ")), "flatten_mut's changes");
    assert_eq!(static_hash(&module), hash, "flatten_mut and static parts");
}
