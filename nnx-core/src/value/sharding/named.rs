//! An array's way over a mesh.

use super::{Mesh, PartitionSpec};
use crate::error::{Error, Result};
use crate::value::Aval;
use std::fmt;
use std::ops::Range;

/// How an array lies on the devices of a mesh: split along the axes that the spec names, and whole along the others.
/// `jax.sharding.NamedSharding`.
///
/// ```
/// use nnx::sharding::{Mesh, NamedSharding};
///
/// let mesh = Mesh::new([("data", 2), ("model", 2)]).unwrap();
/// let columns = NamedSharding::new(&mesh, (None, "model")).unwrap();
/// assert_eq!(columns.shard_shape(&[3, 4]).unwrap(), [3, 2]);
/// assert_eq!(columns.to_string(), "(None, model) over Mesh(data: 2, model: 2)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NamedSharding {
    mesh: Mesh,
    spec: PartitionSpec,
}

impl NamedSharding {
    /// The way of `spec` over `mesh`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the mesh has no axis of a name in the spec, or an axis stands in it twice.
    pub fn new(mesh: &Mesh, spec: impl Into<PartitionSpec>) -> Result<Self> {
        let spec = spec.into();
        let mut seen: Vec<&str> = Vec::new();
        for name in spec.entries().iter().flatten() {
            if mesh.axis_size(name).is_none() {
                return Err(Error::Invalid(format!(
                    "the spec {spec} names the axis `{name}`, which {mesh} does not have"
                )));
            }
            if seen.contains(&&**name) {
                return Err(Error::Invalid(format!(
                    "the spec {spec} names the axis `{name}` twice; an axis of a mesh splits one axis of an array"
                )));
            }
            seen.push(name);
        }
        Ok(NamedSharding { mesh: mesh.clone(), spec })
    }

    pub(super) fn replicated(mesh: &Mesh) -> Self {
        NamedSharding { mesh: mesh.clone(), spec: PartitionSpec::new() }
    }

    /// The devices.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Which axes are split along which axes of the mesh.
    pub fn spec(&self) -> &PartitionSpec {
        &self.spec
    }

    /// Whether each device has the whole array.
    ///
    /// ```
    /// use nnx::sharding::Mesh;
    ///
    /// let mesh = Mesh::new([("data", 2), ("model", 1)]).unwrap();
    /// assert!(mesh.sharding(["model"]).unwrap().is_fully_replicated());
    /// assert!(!mesh.sharding(["data"]).unwrap().is_fully_replicated());
    /// ```
    pub fn is_fully_replicated(&self) -> bool {
        self.spec.entries().iter().all(|axes| self.parts(axes) == 1)
    }

    /// In how many parts the axes of the mesh split an axis.
    fn parts(&self, axes: &[Box<str>]) -> usize {
        // The product of a mesh's axes fits.
        axes.iter().map(|name| self.mesh.axis_size(name).unwrap_or(1)).product()
    }

    /// The shape of the part that each device has of an array of `shape`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the spec has more entries than the array has axes, or an axis does not split into equal
    /// parts.
    pub fn shard_shape(&self, shape: &[usize]) -> Result<Vec<usize>> {
        let entries = self.spec.entries();
        if entries.len() > shape.len() {
            return Err(Error::Invalid(format!(
                "the spec {} has {} entries, but the shape {shape:?} has {} axes",
                self.spec,
                entries.len(),
                shape.len()
            )));
        }
        let mut own = shape.to_vec();
        for (axis, (size, axes)) in own.iter_mut().zip(entries).enumerate() {
            let parts = self.parts(axes);
            if !size.is_multiple_of(parts) {
                return Err(Error::Invalid(format!(
                    "axis {axis} of the shape {shape:?} cannot be split into {parts} equal parts, as {self} asks"
                )));
            }
            *size /= parts;
        }
        Ok(own)
    }

    /// The part of an array of `aval` that each device has.
    pub(crate) fn shard_aval(&self, aval: &Aval) -> Result<Aval> {
        Ok(Aval::new(aval.dtype(), &self.shard_shape(aval.shape())?))
    }

    /// Which part device number `at` of the mesh has of an array of `shape`: a range for each axis.
    ///
    /// ```
    /// use nnx::sharding::Mesh;
    ///
    /// let mesh = Mesh::new([("data", 2), ("model", 2)]).unwrap();
    /// let columns = mesh.sharding((None, "model")).unwrap();
    /// assert_eq!(columns.shard_index(1, &[3, 4]).unwrap(), [0..3, 2..4]);
    /// ```
    ///
    /// # Errors
    /// As [`shard_shape`](Self::shard_shape); if the mesh has no such device.
    pub fn shard_index(&self, at: usize, shape: &[usize]) -> Result<Vec<Range<usize>>> {
        if at >= self.mesh.size() {
            return Err(Error::Invalid(format!("{} has no device number {at}", self.mesh)));
        }
        let places = self.mesh.coordinates(at);
        let own = self.shard_shape(shape)?;
        let range = |(axis, &size): (usize, &usize)| {
            let part = self.part(axis, &places);
            part * size..(part + 1) * size
        };
        Ok(own.iter().enumerate().map(range).collect())
    }

    /// The number of the part of an axis that a device at these places has.
    fn part(&self, axis: usize, places: &[usize]) -> usize {
        self.spec.along(axis).iter().fold(0, |part, name| {
            let of_mesh = self.mesh.axis_names().zip(self.mesh.shape()).zip(places);
            let found = of_mesh.into_iter().find(|((own, _), _)| *own == &**name);
            found.map_or(part, |((_, size), place)| part * size + place)
        })
    }
}

impl fmt::Display for NamedSharding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}", self.spec, self.mesh)
    }
}

impl fmt::Debug for NamedSharding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
