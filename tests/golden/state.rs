//! The Variables of a tree by their paths, as the reference names them.

use super::reference::Case;
use nnx::module::{KeyRef, Path, StaticValue, Structure, VarMut, VarRef, Visitor, VisitorMut};
use nnx::{Array, Module};

/// The Variables of a tree by their dotted paths.
pub(crate) fn variables<M: Module>(module: &M) -> Vec<(String, Array)> {
    #[derive(Default)]
    struct Collect(Path, Vec<(String, Array)>);
    impl Visitor for Collect {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: VarRef<'_>) {
            self.1.push((self.0.dotted(), variable.value.clone()));
        }
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
        fn enter(&mut self, key: KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    let mut collect = Collect::default();
    module.flatten(&mut collect);
    collect.1
}

/// Sets every Variable to the case's `in.state.PATH`. Before that it must be near: a model that is
/// made from the case's seed starts as Flax's does.
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
            self.seen += 1;
            let path = format!("in.state.{}", self.path.dotted());
            // The generator stores scalars with one axis of size 1.
            let given = self.case.array(&path).reshape(variable.value.shape());
            let far = |tolerance| {
                let (a, b) =
                    (variable.value.astype(nnx::DType::F32), given.astype(nnx::DType::F32));
                ((&a - &b).abs() - b.abs() * tolerance).max(..).item::<f32>() > tolerance as f32
            };
            assert!(given.size() == 0 || !far(2e-6), "{path} does not start as in Flax");
            *variable.value = given;
        }
        fn array(&mut self, _: &mut Array) {}
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
    assert_eq!(set.seen, given, "Variables here and in Flax");
}
