// The types of filters, and where a filter stands.
use nnx::{Module, Param};
//+ use nnx::module::{Path, VarInfo};

#[derive(Module)]
struct Model {
    kernel: Param,
    bias: Param,
}

fn name(model: &Model) -> usize {
    nnx::state(model).filter("kernel").len()
    //~ nnx::state(model).filter(nnx::path!(Model: kernel)).len()
    //~2 nnx::state(model).filter(nnx::path_contains("kernel")).len()
    //~4 nnx::state(model).filter(|path: &Path, leaf: &VarInfo| path.to_string() == "kernel").len()
}

fn kind(model: &Model) -> usize {
    nnx::state(model).filter(std::any::TypeId::of::<Param>()).len()
    //~3 nnx::state(model).filter(nnx::of_type::<Param>()).len()
}

fn swapped(model: &Model) -> Model {
    nnx::grad(|m: &Model| m.kernel.sum(..), nnx::wrt(model, nnx::of_type::<Param>()))
    //~3 nnx::grad(|m: &Model| m.kernel.sum(..), nnx::wrt(nnx::of_type::<Param>(), model))
}

fn not_a_kind(model: &Model) -> usize {
    nnx::state(model).filter(nnx::of_type::<Model>()).len()
    //~ nnx::state(model).filter(nnx::of_type::<Param>()).len()
}

fn one_of_several(model: &Model) -> usize {
    nnx::state(model).filter(nnx::Any(nnx::of_type::<Param>())).len()
    //~ nnx::state(model).filter(nnx::of_type::<Param>()).len()
}

fn main() {}
