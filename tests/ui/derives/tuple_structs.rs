//! Tuple structs: marks, wrong types, and what is not static.
use nnx::{Array, Module, Param};
use std::collections::HashMap;
use std::time::Duration;

#[derive(Module)]
struct Pair(Param, Duration);
//~ struct Pair(Param, #[module(static)] Duration);

#[derive(Module)]
struct Table(HashMap<Array, Param>);
//~ struct Table(HashMap<String, Param>);

#[derive(Module)]
struct Marked(Param, #[module(statik)] usize);
//~ struct Marked(Param, #[module(static)] usize);

#[derive(Module)]
struct Renamed(#[module(rename = "0")] Param, Array);
//~ struct Renamed(#[module(rename = "kernel")] Param, Array);

fn main() {}
