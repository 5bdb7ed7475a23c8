//! The Variables of a tree by their paths, as the reference names them.

use super::reference::Case;
use nnx::module::{KeyRef, Path, StaticValue, Structure, VarMut, VarRef, Visitor, VisitorMut};
use nnx::{Array, Module};

/// A path as Flax writes it: a wrapper's map has the paths of the wrapped layer as its keys, which
/// are tuples there.
fn name(path: &Path) -> String {
    let dotted = path.dotted();
    for map in ["batch_stats", "scales"] {
        if let Some(key) = dotted.strip_prefix(map).and_then(|rest| rest.strip_prefix('.')) {
            let steps: Vec<String> = key.split('.').map(|step| format!("'{step}'")).collect();
            let comma = if steps.len() == 1 { "," } else { "" };
            return format!("{map}.({}{comma})", steps.join(", "));
        }
    }
    dotted
}

/// The Variables of a tree by their paths.
pub(crate) fn variables<M: Module>(module: &M) -> Vec<(String, Array)> {
    collect(module, false)
}

/// The Variables and the plain arrays of a tree by their paths.
pub(crate) fn leaves<M: Module>(module: &M) -> Vec<(String, Array)> {
    collect(module, true)
}

fn collect<M: Module>(module: &M, arrays: bool) -> Vec<(String, Array)> {
    struct Collect {
        path: Path,
        arrays: bool,
        found: Vec<(String, Array)>,
    }
    impl Visitor for Collect {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: VarRef<'_>) {
            self.found.push((name(&self.path), variable.value.clone()));
        }
        fn array(&mut self, array: &Array) {
            if self.arrays {
                self.found.push((name(&self.path), array.clone()));
            }
        }
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
        fn enter(&mut self, key: KeyRef<'_>) {
            self.path.push(key);
        }
        fn exit(&mut self) {
            self.path.pop();
        }
    }
    let mut collect = Collect { path: Path::new(), arrays, found: Vec::new() };
    module.flatten(&mut collect);
    collect.found
}

/// Sets every Variable and plain array to the case's `in.state.PATH`. Before that it must be near: a
/// model that is made from the case's seed starts as Flax's does.
pub(crate) fn start<M: Module>(module: &mut M, case: &Case) {
    struct Set<'c> {
        path: Path,
        case: &'c Case,
        seen: usize,
    }
    impl VisitorMut for Set<'_> {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: VarMut<'_>) {
            self.array(variable.value);
        }
        fn array(&mut self, value: &mut Array) {
            self.seen += 1;
            let path = format!("in.state.{}", name(&self.path));
            // The generator stores scalars with one axis of size 1.
            let given = self.case.array(&path).reshape(value.shape());
            let far = |tolerance| {
                let (a, b) = (value.astype(nnx::DType::F32), given.astype(nnx::DType::F32));
                ((&a - &b).abs() - b.abs() * tolerance).max(..).item::<f32>() > tolerance as f32
            };
            assert!(given.size() == 0 || !far(2e-6), "{path} does not start as in Flax");
            *value = given;
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.path.push(key);
        }
        fn exit(&mut self) {
            self.path.pop();
        }
    }
    let mut set = Set { path: Path::new(), case, seen: 0 };
    module.flatten_mut(&mut set);
    let given = case.names().filter(|name| name.starts_with("in.state.")).count();
    assert_eq!(set.seen, given, "leaves here and in Flax");
}
