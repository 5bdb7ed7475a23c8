// Where a path stands in the code of a function, `cargo check` sees it too.
use nnx::{Module, Param, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Model {
    layers: Vec<Linear>,
}

fn kernels(model: &Model) -> usize {
    nnx::state(model).filter(path!(Model: layers[*].kernle)).len()
    //~ nnx::state(model).filter(path!(Model: layers[*].kernel)).len()
}

fn main() {}
