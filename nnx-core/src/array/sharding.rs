//! Arrays over the devices of a mesh.

use super::AsArray;
use crate::error::{Result, or_raise};
use crate::graph::{Array, is_tracing};
use crate::ops::ShardingConstraint;
use crate::run::{bind1, buffer};
use crate::value::NamedSharding;
use crate::xla::Placement;

/// Meshes.
impl Array {
    /// The array over the devices of a mesh: itself if it lies so, else a copy, by way of the host. Operations on it run
    /// on all devices of the mesh, each on its part; what else they take is to lie on the same mesh or, as a whole, on
    /// the first device. `jax.device_put`.
    ///
    /// ```no_run
    /// use nnx::sharding::Mesh;
    /// use nnx::xla::{ClientOptions, init};
    /// use nnx::{Array, DType, array};
    ///
    /// init(ClientOptions::new().cpu_devices(4))?; // on CPUs, before anything else
    /// let mesh = Mesh::new([("data", 2), ("model", 2)])?;
    /// let x = array::ones([4, 6], DType::F32).to_sharding(&mesh.sharding(["data"])?)?;
    /// let kernel = array::ones([6, 8], DType::F32).to_sharding(&mesh.sharding((None, "model"))?)?;
    /// let y = x.matmul(&kernel); // each device computes a quarter
    /// assert_eq!(y.sharding().unwrap().spec().to_string(), "(data, model)");
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the mesh has a device that does not exist, an axis does not split into equal parts, the spec
    /// has more entries than the array has axes, or the array is traced (see
    /// [`with_sharding_constraint`](Array::with_sharding_constraint)) or holds no value.
    pub fn to_sharding(&self, sharding: &NamedSharding) -> Result<Array> {
        sharding.shard_shape(self.try_aval()?.shape())?;
        self.moved_to(Placement::sharded(sharding))
    }

    /// How the array lies over the devices of a mesh; `None` if it lies on one device, is traced or holds no value.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// assert!(Array::from([1.0, 2.0]).sharding().is_none());
    /// ```
    pub fn sharding(&self) -> Option<NamedSharding> {
        buffer(self).ok()?.placement().sharding().cloned()
    }

    /// The part that each device of its mesh has, on that device, in the order of the mesh's devices; the array itself
    /// if it lies on one device. `jax.Array.addressable_shards`.
    ///
    /// ```
    /// use nnx::Array;
    ///
    /// let x = Array::from([1.0_f32, 2.0]);
    /// assert_eq!(x.shards().unwrap()[0].to_vec::<f32>(), [1.0, 2.0]);
    /// ```
    ///
    /// # Errors
    /// Returns an error if the array is traced or holds no value, or its computation failed.
    pub fn shards(&self) -> Result<Vec<Array>> {
        Ok(buffer(self)?.shards()?.into_iter().map(Array::from_buffer).collect())
    }

    /// The same values, laid over the devices of a mesh, also in the middle of a traced function, which then runs on that
    /// mesh. `jax.lax.with_sharding_constraint`.
    ///
    /// ```no_run
    /// use nnx::Array;
    /// use nnx::sharding::NamedSharding;
    ///
    /// #[nnx::jit]
    /// fn hidden(x: &Array, kernel: &Array, #[nnx(static)] rows: NamedSharding) -> Array {
    ///     x.matmul(kernel).with_sharding_constraint(&rows).tanh()
    /// }
    /// ```
    ///
    /// # Panics
    /// Panics if an axis does not split into equal parts, the spec has more entries than the array has axes, or the mesh
    /// has a device that does not exist.
    #[track_caller]
    pub fn with_sharding_constraint(&self, sharding: &NamedSharding) -> Array {
        let shape = or_raise(self.try_aval().map(|aval| aval.shape().to_vec()));
        or_raise(sharding.shard_shape(&shape));
        if is_tracing() {
            return bind1(ShardingConstraint::new(sharding, shape.len()), &[self]);
        }
        or_raise(self.to_sharding(sharding))
    }
}

/// The same values, laid over the devices of a mesh: [`Array::with_sharding_constraint`].
///
/// ```no_run
/// use nnx::sharding::{Mesh, with_sharding_constraint};
/// use nnx::{DType, array};
///
/// let rows = Mesh::new([("data", 2)])?.sharding(["data"])?;
/// let x = with_sharding_constraint(array::ones([4, 6], DType::F32), &rows);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Panics
/// As [`Array::with_sharding_constraint`].
#[track_caller]
pub fn with_sharding_constraint(x: impl AsArray, sharding: &NamedSharding) -> Array {
    x.as_array().with_sharding_constraint(sharding)
}
