//! Paths that stand for nothing: past a Variable, through static data, to a sub-tree without leaves.

use nnx::module::PathPattern;
use nnx::{Array, Module, Param, path};
use std::marker::PhantomData;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    depth: usize,
}

#[derive(Module)]
struct Activation {
    #[module(static)]
    leak: f32,
    of: PhantomData<Param>,
}

#[derive(Module)]
struct Model {
    kernel: Param,
    table: Array,
    activation: Activation,
    #[module(static)]
    config: Config,
    #[module(skip)]
    note: String,
}

const PAST_A_VARIABLE: PathPattern = path!(Model: kernel.value);
//~ const PAST_A_VARIABLE: PathPattern = path!(Model: kernel);
const PAST_AN_ARRAY: PathPattern = path!(Model: table[0]);
//~ const PAST_AN_ARRAY: PathPattern = path!(Model: table);
const THROUGH_A_STATIC_FIELD: PathPattern = path!(Model: config.depth);
//~
const TO_A_STATIC_FIELD: PathPattern = path!(Model: config);
//~
const SKIPPED: PathPattern = path!(Model: note);
//~
const NOTHING_IN_IT: PathPattern = path!(Model: activation);
//~
const NOTHING_THERE: PathPattern = path!(Model: activation.alpha);
//~
const STATIC_ITSELF: PathPattern = path!(usize: depth);
//~

fn main() {}
