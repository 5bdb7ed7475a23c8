//! The first step is not in the type.

use nnx::module::PathPattern;
use nnx::{Module, Param, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Model {
    encoder: Linear,
    decoder: Option<Linear>,
    depth: usize,
}

const A_SLIP: PathPattern = path!(Model: encodr.kernel);
//~ const A_SLIP: PathPattern = path!(Model: encoder.kernel);
const ANOTHER_NAME: PathPattern = path!(Model: head.kernel);
//~ const ANOTHER_NAME: PathPattern = path!(Model: decoder.kernel);
const UPPER_CASE: PathPattern = path!(Model: Decoder);
//~ const UPPER_CASE: PathPattern = path!(Model: decoder);

fn main() {}
