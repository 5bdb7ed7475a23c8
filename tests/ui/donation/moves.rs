//! Arguments that a call took over.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

#[nnx::jit(graph = false)]
fn consume(model: Model, x: &Array) -> Array {
    x * &model.kernel
}

struct Trainer {
    model: Model,
}

impl Trainer {
    fn run(&mut self, x: &Array) -> Array {
        consume(self.model, x)
        //~ consume(nnx::clone(&self.model), x)
    }
}

fn of_a_vector(models: Vec<Model>, x: &Array) -> Array {
    consume(models[0], x)
    //~ consume(nnx::clone(&models[0]), x)
}

fn twice(model: Model, x: &Array) -> Array {
    consume(model, x) + consume(model, x)
    //~ consume(nnx::clone(&model), x) + consume(model, x)
}

fn behind_a_reference(model: &Model, x: &Array) -> Array {
    consume(*model, x)
    //~ consume(nnx::clone(model), x)
}

fn main() {}
