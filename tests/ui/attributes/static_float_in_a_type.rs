//! Floats alone are static by their bits; a type around them has to decide for itself.
use nnx::Module;

#[derive(Clone, Copy, PartialEq)]
//~2 #[derive(Clone, Copy, PartialEq, Module)]
struct Range {
    low: f32,
    high: f32,
}

#[derive(Module)]
struct Model {
    #[module(static)]
    epsilon: f32,
    #[module(static)]
    bounds: Option<(f32, f64)>,
    #[module(static)]
    //~2
    range: Range,
}

fn main() {}
