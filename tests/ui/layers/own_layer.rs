//! The trait of layers, implemented with mistakes.
use nnx::nn::{Layer, Linear, Sequential};
use nnx::{Array, Module, Param};

struct NotAModule(Param);
//~ #[derive(Module)]
//~ struct NotAModule(Param);

impl Layer for NotAModule {
    fn forward(&mut self, x: &Array) -> Array {
        x * &self.0
    }
}

#[derive(Module)]
struct BySharedReference(Param);

impl Layer for BySharedReference {
    fn forward(&self, x: &Array) -> Array {
        //~ fn forward(&mut self, x: &Array) -> Array {
        x * &self.0
    }
}

#[derive(Module)]
struct ByValue(Param);

impl Layer for ByValue {
    fn forward(&mut self, x: Array) -> Array {
        //~ fn forward(&mut self, x: &Array) -> Array {
        x * &self.0
    }
}

#[derive(Module)]
struct WithoutTheTrait(Param);
//+
//+ impl Layer for WithoutTheTrait {
//+     fn forward(&mut self, x: &Array) -> Array {
//+         x * &self.0
//+     }
//+ }

fn chain(linear: Linear) -> Sequential<(Linear, WithoutTheTrait)> {
    Sequential::new((linear, WithoutTheTrait(Param::new(Array::scalar(1.0_f32)))))
}

fn main() {}
