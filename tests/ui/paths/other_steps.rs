//! A field where a position comes next, a position where a key comes next, and so on.

use nnx::module::PathPattern;
use nnx::{Module, Param, path};
use std::collections::BTreeMap;

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
struct Factors(Param, Param);

#[derive(Module)]
struct Model {
    layers: Vec<Linear>,
    heads: BTreeMap<String, Linear>,
    pair: (Linear, usize, Param),
    factors: Factors,
}

const FIELD_OF_A_LIST: PathPattern = path!(Model: layers.kernel);
//~ const FIELD_OF_A_LIST: PathPattern = path!(Model: layers[*].kernel);
const KEYS_OF_A_LIST: PathPattern = path!(Model: layers.*);
//~ const KEYS_OF_A_LIST: PathPattern = path!(Model: layers[*]);
const POSITION_IN_A_MAP: PathPattern = path!(Model: heads[3].kernel);
//~ const POSITION_IN_A_MAP: PathPattern = path!(Model: heads.*.kernel);
const POSITIONS_OF_A_MAP: PathPattern = path!(Model: heads[*].kernel);
//~ const POSITIONS_OF_A_MAP: PathPattern = path!(Model: heads.*.kernel);
const POSITION_IN_A_STRUCT: PathPattern = path!(Model: layers[*][0]);
//~ const POSITION_IN_A_STRUCT: PathPattern = path!(Model: layers[*].kernel);
const POSITIONS_OF_A_STRUCT: PathPattern = path!(Model: [*].kernel);
//~ const POSITIONS_OF_A_STRUCT: PathPattern = path!(Model: layers[*].kernel);
const KEYS_OF_A_STRUCT: PathPattern = path!(Model: layers[*].*);
//~ const KEYS_OF_A_STRUCT: PathPattern = path!(Model: layers[*]);
const FIELD_OF_A_TUPLE: PathPattern = path!(Model: pair.0.kernel);
//~ const FIELD_OF_A_TUPLE: PathPattern = path!(Model: pair[0].kernel);
const POSITION_BEYOND_A_TUPLE: PathPattern = path!(Model: pair[3]);
//~ const POSITION_BEYOND_A_TUPLE: PathPattern = path!(Model: pair[2]);
const POSITIONS_OF_A_TUPLE: PathPattern = path!(Model: pair[*]);
//~ const POSITIONS_OF_A_TUPLE: PathPattern = path!(Model: pair[0]);
const FIELD_OF_A_TUPLE_STRUCT: PathPattern = path!(Model: factors.1);
//~ const FIELD_OF_A_TUPLE_STRUCT: PathPattern = path!(Model: factors[1]);
const LIST_ITSELF: PathPattern = path!(Vec<Linear>: kernel);
//~ const LIST_ITSELF: PathPattern = path!(Vec<Linear>: [*].kernel);

fn main() {}
