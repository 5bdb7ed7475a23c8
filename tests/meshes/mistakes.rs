//! Mistakes with meshes, and what is said about them.

use crate::jit::one_device;
use crate::{count, mesh};
use nnx::module::Metadata;
use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::sharding::{Mesh, PartitionSpec, StateSharding, shard, shard_by};
use nnx::{Array, Error, Everything, Param, Shared, path_contains};

#[test]
fn mistakes_are_told() {
    let mesh = mesh();
    let x = count([4, 6]);
    let says = |error: Error, words: &[&str]| {
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    let rows = mesh.sharding(["data"]).unwrap();
    says(mesh.sharding(["batch"]).unwrap_err(), &["`batch`", "Mesh(data: 2, model: 2)"]);
    says(mesh.sharding(("data", "data")).unwrap_err(), &["`data` twice"]);
    says(count([3, 6]).to_sharding(&rows).unwrap_err(), &["axis 0", "[3, 6]", "2 equal parts"]);
    says(Array::scalar(1.0).to_sharding(&rows).unwrap_err(), &["1 entries", "0 axes"]);
    let large = Mesh::new([("data", 8)]).unwrap();
    says(x.to_sharding(&large.replicated()).unwrap_err(), &["device 4", "cpu_devices"]);
    // Two meshes, or a mesh and another device.
    let other = Mesh::new([("data", 4)]).unwrap();
    let (here, there) =
        (x.to_sharding(&rows).unwrap(), x.to_sharding(&other.replicated()).unwrap());
    says(caught(|| &here + &there), &["`add`", "Mesh(data: 2, model: 2)", "Mesh(data: 4)"]);
    says(caught(|| &here + x.to_device(1).unwrap()), &["argument 1", "device 1", ".to_sharding("]);
    says(caught(|| one_device(&here) + one_device(&there)), &["Mesh(data: 4)"]);
    // A Variable is named.
    let mut layer = Linear::builder(6, 7)
        .kernel_metadata(Metadata::default().with_out_sharding((None, "model")))
        .build(&mut Rngs::new(0));
    says(shard(&mut layer, &mesh).unwrap_err(), &["`kernel`", "axis 1", "[6, 7]"]);
    let kernels = StateSharding::new().with(path_contains("kernel"), PartitionSpec::new());
    says(
        shard_by(&mut layer, &mesh, &kernels).unwrap_err(),
        &["`bias`", "no filter", "Everything"],
    );
    assert!(layer.bias.as_ref().unwrap().sharding().is_none(), "it is as it was");
}

#[test]
fn a_shared_node_has_one_spec() {
    let mesh = mesh();
    let node = Shared::new(Param::new(count([4, 6])));
    let mut model = (node.clone(), node);
    let specs =
        StateSharding::new().with(path_contains(0), ["data"]).with(Everything, (None, "model"));
    let text = shard_by(&mut model, &mesh, &specs).unwrap_err().to_string();
    assert!(
        text.contains("one node, different specs:\n  [0]: (data)\n  [1]: (None, model)"),
        "{text}"
    );
    assert!(model.0.read().sharding().is_none());
}

fn caught(f: impl FnOnce() -> Array) -> Error {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    Error::Invalid(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}
