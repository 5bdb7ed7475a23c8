// A float in a Module is static, and a program is made for each of its values. It is a warning where the type shows
// it, which is an error here. `#[module(static)]` says that it is meant.
#![deny(deprecated)]

use nnx::{Array, Module, Param};

#[derive(Module)]
struct Scaled {
    kernel: Param,
    scale: f32,
    //~ scale: Array,
    rates: Vec<f64>,
    //~ #[module(static)]
    //~ rates: Vec<f64>,
    range: Option<(f32, usize)>,
    //~ #[module(static)]
    //~ range: Option<(f32, usize)>,
}

#[derive(Module)]
enum Schedule {
    Constant(f64),
    //~ Constant(#[module(static)] f64),
    Steps { at: [f32; 2], rate: Array },
    //~ Steps { #[module(static)] at: [f32; 2], rate: Array },
}

fn main() {}
