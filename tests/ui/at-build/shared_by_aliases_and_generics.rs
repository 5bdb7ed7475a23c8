//! Behind aliases, type arguments and both.

use nnx::module::Shared;
use nnx::{Array, Module, Param};

type Tied<T> = Shared<T>;
type Net = Residual<Tied<Linear>>;

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Residual<L> {
    scale: Param,
    inner: L,
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
fn by_alias(net: &Net, x: &Array) -> Array {
    x * &net.scale
}

#[nnx::jit(graph = false)]
//~ #[nnx::jit]
//~2 #[nnx::jit(graph = false)]
fn written_out(nets: &Vec<Residual<Shared<Linear>>>, x: &Array) -> Array {
//~2 fn written_out(nets: &Vec<Residual<Linear>>, x: &Array) -> Array {
    x * &nets[0].scale
}

fn main() {
    let x = Array::scalar(1.0_f32);
    written_out(&Vec::new(), &x);
}
