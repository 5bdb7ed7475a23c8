//! Arrays spread over the devices of a mesh, as data: which axis of an array lies along which axes of the mesh.

mod mesh;
mod named;
mod spec;

pub use mesh::Mesh;
pub use named::NamedSharding;
pub use spec::{PartitionSpec, SpecAxes};
