//! What a user relies on, one module per behaviour.
#![allow(clippy::unwrap_used)]

mod derive_containers;
mod derive_enums;
mod derive_fields;
mod derive_generics;
mod derive_schema;
mod derive_statics;
mod features;
mod filters;
mod flax_grad;
mod flax_jit;
mod flax_table;
mod flax_transforms;
mod flax_trees;
mod inspect;
mod jit;
mod jit_arguments;
mod jit_donation;
mod jit_escapes;
mod jit_failures;
mod jit_key;
mod jit_log;
mod jit_nested;
mod jit_options;
mod jit_signatures;
mod jit_stats;
mod jit_support;
mod jit_threads;
mod layers;
mod lending;
mod objects;
mod paths;
mod staging;
mod state;
mod support;
mod transforms;
