//! On items other than functions.

use nnx::{Array, Module, Param};

#[nnx::jit(graph = false)]
//~
struct Linear {
    kernel: Param,
}

#[nnx::jit(graph = false)]
//~
#[derive(Module)]
enum Layer {
    Dense(Param),
}

#[nnx::jit(graph = false)]
//~
impl Linear {
    fn forward(&self, x: &Array) -> Array {
        x * &self.kernel
    }
}

#[nnx::jit(graph = false)]
//~
trait Forward {
    fn forward(&self, x: &Array) -> Array;
}

#[nnx::jit(graph = false)]
//~
mod layers {}

#[nnx::jit(graph = false)]
//~
const WIDTH: usize = 1;

#[nnx::jit(graph = false)]
//~
static DEPTH: usize = 1;

#[nnx::jit(graph = false)]
//~
type Kernel = Param;

#[nnx::jit(graph = false)]
//~
use std::collections::BTreeMap;

fn main() {
    let _: Kernel = Linear { kernel: Param::new(Array::scalar(WIDTH as i32)) }.kernel;
    let _: BTreeMap<usize, Layer> = BTreeMap::from([(DEPTH, Layer::Dense(Param::new(Array::scalar(1))))]);
}
