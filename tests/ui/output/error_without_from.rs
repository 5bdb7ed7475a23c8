//! The errors of tracing, compiling and running must become errors of the function.

use nnx::Array;

#[derive(Debug)]
struct TrainingError;
//~ struct TrainingError;
//~ 
//~ impl From<nnx::Error> for TrainingError {
//~     fn from(_: nnx::Error) -> Self {
//~         TrainingError
//~     }
//~ }
//~2 struct TrainingError;

#[nnx::jit(graph = false)]
fn own_error(x: &Array) -> Result<Array, TrainingError> {
//~ fn own_error(x: &Array) -> Result<Array, TrainingError> {
//~2 fn own_error(x: &Array) -> nnx::Result<Array> {
    if x.rank() == 0 { Err(TrainingError) } else { Ok(x.clone()) }
    //~ if x.rank() == 0 { Err(TrainingError) } else { Ok(x.clone()) }
    //~2 if x.rank() == 0 { Err(nnx::Error::Invalid("a scalar".to_owned())) } else { Ok(x.clone()) }
}

#[nnx::jit(graph = false)]
fn text(x: &Array) -> Result<(), String> {
//~ fn text(x: &Array) -> nnx::Result<()> {
    if x.rank() == 0 { Err("a scalar".to_owned()) } else { Ok(()) }
    //~ if x.rank() == 0 { Err(nnx::Error::Invalid("a scalar".to_owned())) } else { Ok(()) }
}

fn main() {}
