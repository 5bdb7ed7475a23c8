//! Arrays and models over the devices of a mesh. A process of its own, for the number of devices is that of the process.
#![allow(clippy::unwrap_used)]

mod arrays;
mod flax;
mod flax_shard_map;
mod jit;
mod mistakes;
mod models;
mod shard_map;
mod transforms;

use nnx::sharding::Mesh;
use nnx::xla::{Backend, ClientOptions, init};
use nnx::{Array, DType, array};

fn mesh() -> Mesh {
    init(ClientOptions::new().backend(Backend::Pjrt).cpu_devices(4)).unwrap();
    Mesh::new([("data", 2), ("model", 2)]).unwrap()
}

/// How an array lies: the entries of its spec.
fn spec(x: &Array) -> String {
    x.sharding().map_or("one device".into(), |sharding| sharding.spec().to_string())
}

fn stats(name: &str) -> nnx::jit::Stats {
    nnx::jit::functions().into_iter().find(|f| f.name == name).unwrap()
}

fn count(shape: [usize; 2]) -> Array {
    array::arange(shape[0] * shape[1], DType::F32).reshape(shape) * 0.1
}

#[track_caller]
fn assert_close(x: &Array, y: &Array) {
    let (x, y) = (x.to_vec::<f32>(), y.to_vec::<f32>());
    assert_eq!(x.len(), y.len());
    let far = x.iter().zip(&y).find(|(a, b)| (*a - *b).abs() > 1e-5 * b.abs().max(1.0));
    assert!(far.is_none(), "{far:?}");
}
