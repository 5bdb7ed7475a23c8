//! The abstract value: shape and dtype, interned.

use super::DType;
use rustc_hash::{FxHashSet, FxHasher};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, RwLock};

/// Shape and dtype of an array, known while tracing.
///
/// Interned, so that it is cloned as a pointer and compares as one: the call path of a jitted function
/// compares one per argument on every call.
#[derive(Clone)]
pub struct Aval(Arc<Data>);

struct Data {
    dtype: DType,
    dims: Box<[usize]>,
    /// Number of elements; what cannot be counted is the largest number.
    size: usize,
    /// Whether it is no larger than XLA can work with: asked of every result that is recorded.
    fits: bool,
    /// Of dtype and dimensions, so that keys do not depend on where this lies in memory.
    hash: u64,
}

impl Data {
    /// Bytes, where dimensions beside one of size 0 count too, the most there may be, and why.
    fn extent(&self) -> (u128, u128, &'static str) {
        let sizes = self.dims.iter().filter(|&&n| n > 0);
        let bytes = sizes.fold(self.dtype.size() as u128, |n, &d| n.saturating_mul(d as u128));
        match self.size {
            0 => (bytes, isize::MAX as u128, "beside its dimension of size 0"),
            _ => (bytes, MAX_BYTES, "more than any device holds"),
        }
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.dtype == other.dtype && self.dims == other.dims
    }
}
impl Eq for Data {}

impl Hash for Data {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// The most bytes of an array: below what XLA's compiler can count to in all of its parts.
pub(crate) const MAX_BYTES: u128 = (1 << 39) - 1;

/// The product of sizes, or the largest number.
pub(crate) fn saturating_product(sizes: &[usize]) -> usize {
    sizes.iter().fold(1, |product: usize, &n| product.saturating_mul(n))
}

/// A table with fewer is not swept.
const FEWEST_SWEPT: usize = 4096;

/// Every shape and dtype that is in use, and those that were since the last sweep.
#[derive(Default)]
struct Table {
    set: FxHashSet<Arc<Data>>,
    /// How many were in use at the last sweep.
    survived: usize,
}

impl Table {
    /// Drops what nobody uses, once the table has twice as many as were in use the last time: so a sweep
    /// looks at no more than two for each that was added since.
    fn sweep(&mut self) {
        if self.set.len() < (2 * self.survived).max(FEWEST_SWEPT) {
            return;
        }
        // Whoever has none gets one from here alone, and the table is locked.
        self.set.retain(|data| Arc::strong_count(data) > 1);
        self.survived = self.set.len();
        self.set.shrink_to(2 * self.survived);
    }
}

static INTERNED: LazyLock<RwLock<Table>> = LazyLock::new(Default::default);

impl Aval {
    /// The abstract value of an array of `dtype` with the dimensions `dims`.
    pub fn new(dtype: DType, dims: &[usize]) -> Self {
        let mut hasher = FxHasher::default();
        (dtype, dims).hash(&mut hasher);
        let size = if dims.contains(&0) { 0 } else { saturating_product(dims) };
        let mut data = Data { dtype, dims: dims.into(), size, fits: false, hash: hasher.finish() };
        // A poisoned lock is harmless: an entry is added or dropped as a whole.
        if let Some(found) = INTERNED.read().unwrap_or_else(|e| e.into_inner()).set.get(&data) {
            return Aval(found.clone());
        }
        let mut table = INTERNED.write().unwrap_or_else(|e| e.into_inner());
        if let Some(found) = table.set.get(&data) {
            return Aval(found.clone());
        }
        table.sweep();
        let (bytes, limit, _) = data.extent();
        data.fits = bytes <= limit;
        let data = Arc::new(data);
        table.set.insert(data.clone());
        Aval(data)
    }

    /// How many shapes and dtypes are interned: those in use, and some that were. Every now and then
    /// these are dropped.
    ///
    /// ```
    /// use nnx_core::value::{Aval, DType};
    /// let mut last = Aval::scalar(DType::F32);
    /// for n in 0..100_000 {
    ///     last = last.with_shape(&[n]);
    /// }
    /// assert!(Aval::interned() < 10_000);
    /// ```
    pub fn interned() -> usize {
        INTERNED.read().unwrap_or_else(|e| e.into_inner()).set.len()
    }

    /// A rank-0 abstract value.
    pub fn scalar(dtype: DType) -> Self {
        Self::new(dtype, &[])
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// The dimensions, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.0.dims
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.dims.len()
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Number of bytes of the dense array.
    pub fn byte_size(&self) -> usize {
        self.size().saturating_mul(self.0.dtype.size())
    }

    /// Refuses an array that is larger than XLA can work with: its compiler ends the process over
    /// some operations. Dimensions beside one of size 0 count too, as in NumPy.
    pub(crate) fn check_size(&self) -> Result<(), String> {
        if self.0.fits {
            return Ok(());
        }
        let (bytes, limit, why) = self.0.extent();
        Err(format!("{self} has {bytes} bytes, {why}; the most are {limit}"))
    }

    /// The same shape with another dtype.
    pub fn with_dtype(&self, dtype: DType) -> Self {
        if dtype == self.0.dtype { self.clone() } else { Self::new(dtype, self.shape()) }
    }

    /// The same dtype with another shape.
    pub fn with_shape(&self, dims: &[usize]) -> Self {
        Self::new(self.0.dtype, dims)
    }

    /// A hash of dtype and dimensions.
    pub(crate) fn content_hash(&self) -> u64 {
        self.0.hash
    }
}

impl PartialEq for Aval {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Aval {}

impl Hash for Aval {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// `f32[32, 784]`.
impl fmt::Display for Aval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.0.dtype, self.0.dims)
    }
}
impl fmt::Debug for Aval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
