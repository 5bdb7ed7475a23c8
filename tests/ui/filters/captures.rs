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

    fn number(&mut self, x: &Array) -> Array {
        nnx::sow::<Intermediate, _>(self, "scale", 0.5);
        //~ nnx::sow::<Intermediate, _>(self, "scale", Array::scalar(0.5_f32));
        self.linear.forward(x)
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
