//! Surgery: changes to the parts of a tree that have one type.

use super::held::hold_to_write;
use super::{AnyTree, KeyRef, Module, Path, Seen, SharedNode, VarMut, VisitorMut};
use crate::error::or_raise;
use crate::graph::Array;

/// Calls `f` with the path of every `T` in a tree and the `T` itself, to change or replace it; parts come
/// before what holds them. What is in a shared node is visited once, at its first place.
///
/// A replacement has the same type. So a tree in which layers are to be exchanged for others holds them as
/// an enum, or as a trait object ([`dyn_module`](https://docs.rs/nnx/latest/nnx/attr.dyn_module.html)):
///
/// ```
/// use nnx::nn::{AnyLayer, Linear, List, LoRA, LoRALinear, Sequential};
/// use nnx::{LoRAParam, module::map_modules, of_type, random::Rngs, state};
///
/// let mut rngs = Rngs::new(0);
/// let layers = List::new().with(Linear::new(4, 8, &mut rngs)).with(Linear::new(8, 2, &mut rngs));
/// let mut model = Sequential::new(layers);
/// // A LoRA around every Linear but the last.
/// map_modules(&mut model, |path, layer: &mut Box<dyn AnyLayer>| {
///     if path.to_string() != "layers[1]"
///         && let Some(linear) = layer.downcast_ref::<Linear>()
///     {
///         let (inputs, outputs) = (linear.kernel.shape()[0], linear.kernel.shape()[1]);
///         let lora = LoRA::new(inputs, 2, outputs, &mut rngs);
///         *layer = Box::new(LoRALinear::adapt(linear.clone(), lora));
///     }
/// });
/// assert_eq!(state(&model).filter(of_type::<LoRAParam>()).len(), 2);
/// ```
///
/// # Panics
/// Panics if this thread holds a guard of a shared node.
#[track_caller]
pub fn map_modules<T: Module, M: Module>(tree: &mut M, f: impl FnMut(&Path, &mut T)) {
    struct MapModules<T, F> {
        path: Path,
        f: F,
        seen: Seen,
        of: std::marker::PhantomData<T>,
    }
    impl<T: Module, F: FnMut(&Path, &mut T)> VisitorMut for MapModules<T, F> {
        fn variable(&mut self, _: VarMut<'_>) {}
        fn array(&mut self, _: &mut Array) {}
        fn shared(&mut self, node: &dyn SharedNode) {
            if self.seen.is_new(node) {
                node.flatten_mut(self);
            }
        }
        fn module(&mut self, module: &mut dyn AnyTree) {
            if let Some(module) = module.downcast_mut::<T>() {
                (self.f)(&self.path, module);
            }
        }
        fn enter(&mut self, key: KeyRef<'_>) {
            self.path.push(key);
        }
        fn exit(&mut self) {
            self.path.pop();
        }
    }
    // A guard is an error before the first change. Then `f`, which may use other nodes, is called without them.
    drop(or_raise(hold_to_write("map_modules", tree)));
    let (path, seen) = (Path::new(), Seen::default());
    let mut map = MapModules { path, f, seen, of: std::marker::PhantomData };
    tree.flatten_mut(&mut map);
    map.module(tree);
}
