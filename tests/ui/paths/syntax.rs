//! Paths that do not follow the grammar.

use nnx::module::PathPattern;
use nnx::{Module, Param, path};

#[derive(Module)]
struct Model {
    layers: Vec<Param>,
}

const NOTHING: PathPattern = path!();
//~ const NOTHING: PathPattern = path!(Model: layers);
const NO_PATH: PathPattern = path!(Model);
//~ const NO_PATH: PathPattern = path!(Model: layers);
const NO_TYPE: PathPattern = path!(layers[*].kernel);
//~ const NO_TYPE: PathPattern = path!(Model: layers[*]);
const NO_STEPS: PathPattern = path!(Model:);
//~ const NO_STEPS: PathPattern = path!(Model: layers);
const TWO_DOTS: PathPattern = path!(Model: layers..kernel);
//~ const TWO_DOTS: PathPattern = path!(Model: layers[*]);
const DOT_FIRST: PathPattern = path!(Model: .layers);
//~ const DOT_FIRST: PathPattern = path!(Model: layers);
const DOT_LAST: PathPattern = path!(Model: layers.);
//~ const DOT_LAST: PathPattern = path!(Model: layers);
const COLONS: PathPattern = path!(Model: layers::kernel);
//~ const COLONS: PathPattern = path!(Model: layers[*]);
const CALL: PathPattern = path!(Model: layers()[0]);
//~ const CALL: PathPattern = path!(Model: layers[0]);
const EMPTY_BRACKETS: PathPattern = path!(Model: layers[]);
//~ const EMPTY_BRACKETS: PathPattern = path!(Model: layers[*]);
const NAME_IN_BRACKETS: PathPattern = path!(Model: layers[first]);
//~ const NAME_IN_BRACKETS: PathPattern = path!(Model: layers[0]);
const RANGE: PathPattern = path!(Model: layers[0..2]);
//~ const RANGE: PathPattern = path!(Model: layers[*]);
const NEGATIVE: PathPattern = path!(Model: layers[-1]);
//~ const NEGATIVE: PathPattern = path!(Model: layers[1]);
const SUFFIX: PathPattern = path!(Model: layers[0u8]);
//~ const SUFFIX: PathPattern = path!(Model: layers[0]);
const TOO_LARGE: PathPattern = path!(Model: layers[99999999999999999999]);
//~ const TOO_LARGE: PathPattern = path!(Model: layers[9]);
const EMPTY_KEY: PathPattern = path!(Model: layers[""]);
//~ const EMPTY_KEY: PathPattern = path!(Model: layers[*]);
const EXPONENT: PathPattern = path!(Model: layers.1e3);
//~ const EXPONENT: PathPattern = path!(Model: layers[1]);

fn main() {}
