//! Methods of a type that is no Module.
use nnx::{Array, Param};

struct Plain {
//~ #[derive(nnx::Module)]
//~ struct Plain {
    kernel: Param,
}

impl Plain {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        x * &self.kernel
    }
}

fn main() {}
