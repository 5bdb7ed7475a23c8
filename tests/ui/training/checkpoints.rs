//! Checkpoints hold Modules; where they are is a path.
use nnx::nn::Linear;
use nnx::train::{load_checkpoint, save_checkpoint};
use std::collections::BTreeMap;

struct Progress {
//~ #[derive(nnx::Module)]
//~ struct Progress {
    epoch: u32,
}

fn without_metadata(model: &Linear) -> nnx::Result<()> {
    save_checkpoint("model.safetensors", model)
    //~ save_checkpoint("model.safetensors", model, &BTreeMap::new())
}

fn a_new_value() -> nnx::Result<Linear> {
    //~ fn a_new_value(mut model: Linear) -> nnx::Result<Linear> {
    let model: Linear = load_checkpoint("model.safetensors")?;
    //~ load_checkpoint("model.safetensors", &mut model)?;
    Ok(model)
}

fn not_mutable(model: &Linear) -> nnx::Result<BTreeMap<String, String>> {
    //~ fn not_mutable(model: &mut Linear) -> nnx::Result<BTreeMap<String, String>> {
    load_checkpoint("model.safetensors", model)
}

fn not_a_module(progress: &Progress) -> nnx::Result<()> {
    save_checkpoint("progress.safetensors", progress, &BTreeMap::new())
}

fn main() {}
