//! Capturing intermediates.
use nnx::module::Intermediate;
use nnx::nn::Linear;
use nnx::{Array, Module, State};

#[derive(Module)]
struct Model {
    linear: Linear,
}

impl Model {
    fn forward(&mut self, x: &Array) -> Array {
        let h = self.linear.forward(x);
        nnx::sow(self, "h", &h);
        //~ nnx::sow::<Intermediate, _>(self, "h", &h);
        h
    }

    fn by_value(&mut self, x: &Array) -> Array {
        let h = self.linear.forward(x);
        nnx::sow::<Intermediate, _>(self, "h", h.clone());
        //~ nnx::sow::<Intermediate, _>(self, "h", &h);
        h
    }

    fn not_a_kind(&mut self, x: &Array) -> Array {
        nnx::sow::<Array, _>(self, "h", x);
        //~ nnx::sow::<Intermediate, _>(self, "h", x);
        x.clone()
    }
}

fn not_mutable(model: &Model, x: &Array) -> (Array, State) {
    //~ fn not_mutable(model: &mut Model, x: &Array) -> (Array, State) {
    nnx::capture(|m: &mut Model| m.forward(x), model)
}

fn shared_closure(model: &mut Model, x: &Array) -> (Array, State) {
    nnx::capture(|m: &Model| m.linear.forward(x), model)
    //~ nnx::capture(|m: &mut Model| m.linear.forward(x), model)
}

fn main() {}
