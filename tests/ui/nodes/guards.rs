//! Guards of shared nodes, and what they are not.
use nnx::nn::Linear;
use nnx::{Array, Module, Shared};

#[derive(Module)]
struct Tied {
    encoder: Shared<Linear>,
    decoder: Shared<Linear>,
}

fn without_a_guard(model: &Tied, x: &Array) -> Array {
    model.encoder.forward(x)
    //~ model.encoder.read().forward(x)
}

fn field_without_a_guard(model: &Tied) -> Array {
    model.encoder.kernel.sum(..)
    //~ model.encoder.read().kernel.sum(..)
}

fn set_by_a_reader(model: &Tied, x: Array) {
    model.encoder.read().kernel.set(x);
    //~ model.encoder.write().kernel.set(x);
}

fn a_guard_as_an_argument(model: &Tied, x: &Array) -> Array {
    #[nnx::jit]
    fn forward(layer: nnx::module::SharedRef<'_, Linear>, x: &Array) -> Array {
        //~ fn forward(layer: &Shared<Linear>, x: &Array) -> Array {
        layer.forward(x)
        //~ layer.read().forward(x)
    }
    forward(model.encoder.read(), x)
    //~ forward(&model.encoder, x)
}

fn main() {}
