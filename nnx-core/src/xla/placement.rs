//! Where arrays lie and programs run.

use crate::error::Result;
use crate::value::{Aval, NamedSharding};
use std::fmt;
use std::sync::RwLock;

/// Where an array lies or a program runs: one device of the client, or spread over the devices of a mesh. Small, so
/// that keys and calls compare it as a number.
///
/// ```
/// use nnx::xla::Placement;
///
/// assert_eq!(Placement::default(), Placement::device(0));
/// assert_eq!(Placement::device(3).index(), 3);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placement(u32);

/// The shardings that placements stand for, by number. A program has few, which are kept for as long as it runs.
static SHARDINGS: RwLock<Vec<&'static NamedSharding>> = RwLock::new(Vec::new());

impl Placement {
    /// Numbers from here on are those of shardings.
    const SPREAD: u32 = 1 << 31;

    /// Device number `index` of the client; whether there is such a device shows when the placement
    /// is used.
    pub const fn device(index: usize) -> Self {
        // No client has as many devices: the check at use refuses what is cut off here.
        Placement(if index < Self::SPREAD as usize { index as u32 } else { Self::SPREAD - 1 })
    }

    /// Spread over the devices of a mesh.
    ///
    /// ```
    /// use nnx::sharding::Mesh;
    /// use nnx::xla::Placement;
    ///
    /// let mesh = Mesh::new([("data", 2)]).unwrap();
    /// let rows = mesh.sharding(["data"]).unwrap();
    /// assert_eq!(Placement::sharded(&rows).sharding(), Some(&rows));
    /// assert_eq!(Placement::sharded(&rows), Placement::sharded(&rows.clone()));
    /// ```
    pub fn sharded(sharding: &NamedSharding) -> Self {
        let find = |all: &[&'static NamedSharding]| all.iter().position(|own| *own == sharding);
        let known = find(&SHARDINGS.read().unwrap_or_else(|e| e.into_inner()));
        let number = known.unwrap_or_else(|| {
            let mut all = SHARDINGS.write().unwrap_or_else(|e| e.into_inner());
            find(&all).unwrap_or_else(|| {
                all.push(Box::leak(Box::new(sharding.clone())));
                all.len() - 1
            })
        });
        // There is no memory for as many.
        Placement(Self::SPREAD | number as u32)
    }

    /// How an array lies on several devices; `None` if it lies on one as a whole.
    pub fn sharding(self) -> Option<&'static NamedSharding> {
        if !self.is_spread() {
            return None;
        }
        let all = SHARDINGS.read().unwrap_or_else(|e| e.into_inner());
        all.get((self.0 & !Self::SPREAD) as usize).copied()
    }

    /// Whether it is on a mesh.
    #[inline]
    pub(crate) fn is_spread(self) -> bool {
        self.0 >= Self::SPREAD
    }

    /// The device's number, that of the first device of a mesh.
    pub fn index(self) -> usize {
        match self.sharding() {
            Some(sharding) => sharding.mesh().devices()[0],
            None => self.0 as usize,
        }
    }

    /// A number of its own, for keys.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// Where a whole array lies that is to be used together with one that lies here: the same device, or each of the
    /// mesh.
    pub(crate) fn whole(self) -> Self {
        match self.sharding() {
            Some(sharding) => Placement::sharded(&sharding.mesh().replicated()),
            None => self,
        }
    }

    /// The part of an array of `aval` that each device has.
    pub(super) fn shard(self, aval: &Aval) -> Result<Aval> {
        self.sharding().map_or_else(|| Ok(aval.clone()), |sharding| sharding.shard_aval(aval))
    }

    /// How many devices it is.
    pub(super) fn device_count(self) -> usize {
        self.sharding().map_or(1, |sharding| sharding.mesh().size())
    }
}

/// `device 0`, or the sharding.
impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sharding() {
            Some(sharding) => sharding.fmt(f),
            None => write!(f, "device {}", self.0),
        }
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Placement({self})")
    }
}
