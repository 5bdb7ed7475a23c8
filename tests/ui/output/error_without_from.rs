//! The errors of tracing, compiling and running must become errors of the function.

use nnx::Array;

#[derive(Debug)]
struct TrainingError;

#[nnx::jit(graph = false)]
fn own_error(x: &Array) -> Result<Array, TrainingError> {
    if x.rank() == 0 { Err(TrainingError) } else { Ok(x.clone()) }
}

#[nnx::jit(graph = false)]
fn text(x: &Array) -> Result<(), String> {
    if x.rank() == 0 { Err("a scalar".to_owned()) } else { Ok(()) }
}

fn main() {}
