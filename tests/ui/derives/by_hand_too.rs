//! The trait by hand and derived.
use nnx::{Module, Param};

#[derive(Module)]
struct Twice(Param);

impl Module for Twice {}
//~

#[derive(Module, Module)]
//~ #[derive(Module)]
struct Again(Param);

fn main() {}
