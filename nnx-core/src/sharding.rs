//! Arrays and models over the devices of a mesh: a program on them runs on all devices, each on its part, and XLA
//! moves what a part needs of the others. `jax.sharding`, and what Flax says of Variables.
//!
//! ```no_run
//! use nnx::module::Metadata;
//! use nnx::sharding::{Mesh, shard};
//! use nnx::xla::{ClientOptions, init};
//! use nnx::{Array, DType, array, nn::Linear, random::Rngs};
//!
//! #[nnx::jit]
//! fn forward(layer: &Linear, x: &Array) -> Array {
//!     layer.forward(x)
//! }
//!
//! init(ClientOptions::new().cpu_devices(4))?; // on CPUs, before anything else
//! let mesh = Mesh::new([("data", 2), ("model", 2)])?;
//! // The columns of the kernel over `model`, the rows of the batch over `data`.
//! let columns = Metadata::default().with_out_sharding((None, "model"));
//! let mut layer = Linear::builder(6, 8).kernel_metadata(columns).build(&mut Rngs::new(0));
//! shard(&mut layer, &mesh)?;
//! let x = array::ones([4, 6], DType::F32).to_sharding(&mesh.sharding(["data"])?)?;
//! let y = forward(&layer, &x);
//! assert_eq!(y.sharding().unwrap().spec().to_string(), "(data, model)");
//! # Ok::<(), nnx::Error>(())
//! ```
//!
//! A Variable that a jitted function sets stays as it lies; results lie as XLA finds best. An array on the first device,
//! where everything is that was not put anywhere, is copied to each device of the mesh that a program runs on.

pub use crate::array::sharding::with_sharding_constraint;
pub use crate::module::partition::{
    StateSharding, get_named_sharding, get_partition_spec, logical_axis_rules, shard, shard_by,
};
pub use crate::transform::metadata::{PARTITION_NAME, transform_metadata};
pub use crate::transform::shard_map::{ArgSpec, ShardSpecs, shard_map};
pub use crate::value::sharding::{Mesh, NamedSharding, PartitionSpec, SpecAxes};
