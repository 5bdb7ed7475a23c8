//! Devices in a grid.

use super::{NamedSharding, PartitionSpec};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// Devices in a grid whose axes have names. `jax.sharding.Mesh`.
///
/// ```
/// use nnx::sharding::Mesh;
///
/// let mesh = Mesh::new([("data", 2), ("model", 4)]).unwrap();
/// assert_eq!((mesh.size(), mesh.axis_size("model")), (8, Some(4)));
/// assert_eq!(mesh.to_string(), "Mesh(data: 2, model: 4)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mesh(Arc<Grid>);

#[derive(PartialEq, Eq, Hash)]
struct Grid {
    axes: Box<[(Box<str>, usize)]>,
    /// The last axis fastest.
    devices: Box<[usize]>,
}

impl Mesh {
    /// The first devices of the client in a grid of these axes, the last one fastest. `jax.make_mesh`.
    ///
    /// Whether there are as many devices shows when an array is put there. On CPUs there is one unless more are asked
    /// for, before anything else: `nnx::xla::init(ClientOptions::new().cpu_devices(8))`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no axis, an axis has no name, two have the same one, or an axis has no devices.
    pub fn new<N: AsRef<str>>(axes: impl IntoIterator<Item = (N, usize)>) -> Result<Mesh> {
        Self::of(axes, None)
    }

    /// These devices in a grid of these axes, the last one fastest.
    ///
    /// ```
    /// use nnx::sharding::Mesh;
    ///
    /// let mesh = Mesh::with_devices([("data", 2)], [3, 1]).unwrap();
    /// assert_eq!(mesh.devices(), [3, 1]);
    /// assert!(Mesh::with_devices([("data", 2)], [1]).is_err());
    /// ```
    ///
    /// # Errors
    /// As [`new`](Mesh::new); if there are more or fewer devices than places in the grid, or one twice.
    pub fn with_devices<N: AsRef<str>>(
        axes: impl IntoIterator<Item = (N, usize)>,
        devices: impl IntoIterator<Item = usize>,
    ) -> Result<Mesh> {
        Self::of(axes, Some(devices.into_iter().collect()))
    }

    fn of<N: AsRef<str>>(
        axes: impl IntoIterator<Item = (N, usize)>,
        devices: Option<Vec<usize>>,
    ) -> Result<Mesh> {
        /// More than any client has.
        const MAX: usize = 1 << 20;
        let invalid = |message: String| Err(Error::Invalid(format!("a mesh {message}")));
        let axes: Vec<(Box<str>, usize)> =
            axes.into_iter().map(|(name, size)| (name.as_ref().into(), size)).collect();
        if axes.is_empty() {
            return invalid("needs an axis, as in `Mesh::new([(\"data\", 2)])`".into());
        }
        let mut size = 1_usize;
        for (i, (name, n)) in axes.iter().enumerate() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return invalid(format!(
                    "has an axis named {name:?}; names are letters, digits and underscores"
                ));
            }
            if axes[..i].iter().any(|(other, _)| other == name) {
                return invalid(format!("has two axes named `{name}`"));
            }
            if *n == 0 {
                return invalid(format!("has an axis `{name}` without devices"));
            }
            size = match size.checked_mul(*n) {
                Some(size) if size <= MAX => size,
                _ => return invalid(format!("has more than {MAX} devices")),
            };
        }
        let devices = devices.unwrap_or_else(|| (0..size).collect());
        if devices.len() != size {
            return invalid(format!("of {size} devices was given {}", devices.len()));
        }
        let mut sorted = devices.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return invalid(format!("has device {} twice", twice[0]));
        }
        Ok(Mesh(Arc::new(Grid { axes: axes.into(), devices: devices.into() })))
    }

    /// The names of its axes.
    pub fn axis_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.axes.iter().map(|(name, _)| &**name)
    }

    /// How many devices lie along each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.0.axes.iter().map(|(_, size)| *size).collect()
    }

    /// How many devices lie along the axis of this name, if there is one.
    pub fn axis_size(&self, name: &str) -> Option<usize> {
        self.0.axes.iter().find(|(own, _)| **own == *name).map(|(_, size)| *size)
    }

    /// How many devices it has.
    pub fn size(&self) -> usize {
        self.0.devices.len()
    }

    /// The numbers of its devices, the last axis fastest.
    pub fn devices(&self) -> &[usize] {
        &self.0.devices
    }

    /// An array's way over this mesh.
    ///
    /// ```
    /// use nnx::sharding::Mesh;
    ///
    /// let mesh = Mesh::new([("data", 2), ("model", 4)]).unwrap();
    /// let rows = mesh.sharding(("data", None)).unwrap();
    /// assert_eq!(rows.shard_shape(&[6, 8]).unwrap(), [3, 8]);
    /// assert!(mesh.sharding(["batch"]).is_err()); // it has no such axis
    /// ```
    ///
    /// # Errors
    /// As [`NamedSharding::new`].
    pub fn sharding(&self, spec: impl Into<PartitionSpec>) -> Result<NamedSharding> {
        NamedSharding::new(self, spec)
    }

    /// Whole on each device.
    pub fn replicated(&self) -> NamedSharding {
        NamedSharding::replicated(self)
    }

    /// The place of device number `at` of [`devices`](Mesh::devices) along each axis.
    pub(crate) fn coordinates(&self, at: usize) -> Vec<usize> {
        let mut rest = at;
        let mut places: Vec<usize> = Vec::with_capacity(self.0.axes.len());
        for (_, size) in self.0.axes.iter().rev() {
            places.push(rest % size);
            rest /= size;
        }
        places.reverse();
        places
    }
}

impl fmt::Display for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> =
            self.0.axes.iter().map(|(name, size)| format!("{name}: {size}")).collect();
        write!(f, "Mesh({})", axes.join(", "))
    }
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
