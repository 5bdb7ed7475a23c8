//! Borrowed data.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: &'static Param,
    //~ kernel: Param,
    //~2
    table: &'static mut Array,
    //~ table: Array,
    //~2
    name: &'static str,
    names: Vec<&'static [usize]>,
    //~ names: Vec<Vec<usize>>,
    //~3 #[module(static)]
    //~3 names: Vec<&'static [usize]>,
}
//+2 impl Model {
//+2     fn forward(&self, kernel: &Param, table: &mut Array) {
//+2         *table = &*table * kernel;
//+2     }
//+2 }

fn main() {}
