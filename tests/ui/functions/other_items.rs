//! The attribute on an item that is not a function.
use nnx::{Array, Module, Param};

#[nnx::jit(graph = false)]
//~
mod steps {
    use nnx::Array;
    pub fn step(x: &Array) -> Array {
        //~ #[nnx::jit(graph = false)]
        //~ pub fn step(x: &Array) -> Array {
        x * 2
    }
}

#[derive(Module)]
#[nnx::jit]
//~
struct Model {
    kernel: Param,
}

#[nnx::jit]
//~
static RATE: f32 = 0.1;

#[nnx::jit]
//~
const STEPS: usize = 3;

fn main() {
    let _ = (RATE, STEPS);
    let _: Option<Array> = None;
}
