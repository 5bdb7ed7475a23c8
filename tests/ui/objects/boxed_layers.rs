//! Traits of one's own with objects.
use nnx::{Array, Module, Param};

#[nnx::dyn_module]
trait Layer: Send + Sync {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct Scale(Param);

impl Layer for Scale {
    fn forward(&self, x: &Array) -> Array {
        x * &self.0
    }
}

#[derive(Module)]
struct ByReference {
    layer: &'static dyn Layer,
    //~ layer: Box<dyn Layer>,
}

#[derive(Module)]
struct Unboxed {
    layer: dyn Layer,
    //~ layer: Box<dyn Layer>,
}

#[derive(Module)]
struct Counted {
    layer: std::sync::Arc<dyn Layer>,
    //~ layer: Box<dyn Layer>,
    //~2 layer: nnx::Shared<Box<dyn Layer>>,
}

trait Plain {
//~ #[nnx::dyn_module]
//~ trait Plain {
    fn forward(&self, x: &Array) -> Array;
}

#[derive(Module)]
struct OfAPlainTrait {
    layer: Box<dyn Plain>,
}

fn unboxed(scale: Scale) -> Vec<Box<dyn Layer>> {
    vec![scale]
    //~ vec![Box::new(scale)]
}

fn main() {}
