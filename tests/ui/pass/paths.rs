//! Checked paths where nothing of the prelude is in scope, and names mean something else.
#![no_implicit_prelude]
#![deny(warnings)]

extern crate nnx as flax;

/// The user's own, called as what the expansion uses.
mod own {
    pub struct PathPattern;
    pub struct PatternKey;
    pub fn path() -> (PathPattern, PatternKey) {
        (PathPattern, PatternKey)
    }
}

use own::{PathPattern, PatternKey, path};

mod module {}
mod nnx {}
mod core {}

#[derive(flax::Module)]
#[module(crate = ::nnx)]
struct Linear {
    kernel: flax::Param,
}

#[derive(flax::Module)]
#[module(crate = flax)]
struct Block<L> {
    layers: ::std::vec::Vec<L>,
    r#type: flax::Param,
}

const KERNELS: flax::module::PathPattern = flax::path!(Block<Linear>: layers[*].kernel);
static TYPE: flax::module::PathPattern = flax::path![Block<Linear>: type];

fn layers<L: flax::Module>() -> flax::module::PathPattern {
    let __path = ();
    let pattern = flax::path!(Block<L>: layers[0]);
    let () = __path;
    pattern
}

fn main() {
    let (PathPattern, PatternKey) = path();
    let text = ::std::string::ToString::to_string;
    ::std::assert_eq!(text(&KERNELS), "layers[*].kernel");
    ::std::assert_eq!(text(&TYPE), "type");
    ::std::assert_eq!(text(&layers::<Linear>()), "layers[0]");
}
