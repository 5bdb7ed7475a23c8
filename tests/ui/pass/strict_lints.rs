//! A crate that denies what a crate can deny.
#![deny(missing_docs, warnings, unreachable_pub, unused_qualifications, private_bounds)]
#![deny(missing_debug_implementations, single_use_lifetimes, unused_results, let_underscore_drop)]
#![deny(non_local_definitions, elided_lifetimes_in_paths, trivial_casts)]
#![forbid(unsafe_code)]

use nnx::{Module, Param};

mod private {
    #[derive(Debug, nnx::Module)]
    struct Inner<T>(T);

    /// Documented.
    #[derive(Debug, nnx::Module)]
    #[allow(unreachable_pub)]
    pub struct Outer<T> {
        inner: Inner<T>,
        #[deprecated = "use `inner`"]
        old: Option<T>,
    }
}

/// Documented.
#[derive(Debug, Module)]
pub struct Model {
    /// Documented.
    pub layers: Vec<private::Outer<Param>>,
    #[module(static)]
    _name: String,
    tree: Tree,
}

/// Documented.
#[derive(Debug, Module)]
pub enum Tree {
    /// Documented.
    Leaf(Param),
    /// Documented.
    Node {
        /// Documented.
        children: Vec<Self>,
    },
}

fn main() {
    assert_eq!(Model::SCHEMA.variables().count(), 3);
}
