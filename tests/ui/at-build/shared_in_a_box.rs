//! A shared node in what is boxed.
#![allow(dead_code)]
use nnx::module::Shared;
use nnx::{Array, Module, Param};

#[nnx::dyn_module]
//~ #[nnx::dyn_module(graph)]
//~2 #[nnx::dyn_module]
trait Layer {
    fn forward(&mut self, x: &Array) -> Array;
}

#[derive(Module)]
pub struct Tied {
    table: Shared<Param>,
    //~2 table: Param,
}

impl Layer for Tied {
    fn forward(&mut self, x: &Array) -> Array {
        x * &*self.table.read()
        //~ x * &*self.table.read()
        //~2 x * &self.table
    }
}

fn main() {
    let table = Shared::new(Param::new(Array::scalar(1.0_f32)));
    //~2 let table = Param::new(Array::scalar(1.0_f32));
    let _boxed: Box<dyn Layer> = Box::new(Tied { table });
}
