//! The trait by hand.
use nnx::{Module, Param};

struct Nothing(Param);
//~ #[derive(Module)]
//~ struct Nothing(Param);

impl Module for Nothing {}
//~

fn main() {}
