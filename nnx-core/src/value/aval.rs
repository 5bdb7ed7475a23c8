//! The abstract value: shape and dtype, interned.

use super::DType;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, RwLock};

/// Shape and dtype of an array, known while tracing.
///
/// Interned, so that it is cloned as a pointer and compares as one: the call path of a jitted function
/// compares one per argument on every call.
///
/// ```
/// use nnx::value::{Aval, DType};
///
/// let aval = Aval::new(DType::F32, &[32, 784]);
/// assert_eq!(aval.to_string(), "f32[32, 784]");
/// assert_eq!((aval.dtype(), aval.shape()), (DType::F32, &[32, 784][..]));
/// assert_eq!((aval.rank(), aval.size(), aval.byte_size()), (2, 25088, 100352));
/// ```
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
    fn new(hash: u64, dtype: DType, dims: &[usize]) -> Self {
        let size = if dims.contains(&0) { 0 } else { saturating_product(dims) };
        let mut data = Data { dtype, dims: dims.into(), size, fits: false, hash };
        let (bytes, limit, _) = data.extent();
        data.fits = bytes <= limit;
        data
    }

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
struct Interned {
    /// By their hashes, so that a look needs no memory.
    lists: FxHashMap<u64, SmallVec<[Arc<Data>; 1]>>,
    len: usize,
    /// How many were in use at the last sweep.
    survived: usize,
}

impl Interned {
    fn find(&self, hash: u64, dtype: DType, dims: &[usize]) -> Option<Aval> {
        let is_same = |data: &&Arc<Data>| data.dtype == dtype && *data.dims == *dims;
        self.lists.get(&hash)?.iter().find(is_same).cloned().map(Aval)
    }

    fn add(&mut self, data: Data) -> Aval {
        self.sweep();
        let data = Arc::new(data);
        self.lists.entry(data.hash).or_default().push(data.clone());
        self.len += 1;
        Aval(data)
    }

    /// Drops what nobody uses, once the table has twice as many as were in use the last time: so a sweep
    /// looks at no more than two for each that was added since.
    fn sweep(&mut self) {
        if self.len < (2 * self.survived).max(FEWEST_SWEPT) {
            return;
        }
        self.lists.retain(|_, list| {
            // Who has none gets one from here alone, and the table is locked.
            list.retain(|data| Arc::strong_count(data) > 1);
            !list.is_empty()
        });
        self.len = self.lists.values().map(SmallVec::len).sum();
        self.survived = self.len;
        self.lists.shrink_to(2 * self.survived);
    }
}

static INTERNED: LazyLock<RwLock<Interned>> = LazyLock::new(Default::default);

impl Aval {
    /// The abstract value of an array of `dtype` with the dimensions `dims`.
    ///
    /// ```
    /// use nnx::{Array, value::{Aval, DType}};
    ///
    /// let aval = Aval::new(DType::I32, &[3]);
    /// assert_eq!(*Array::from([1, 2, 3]).aval(), aval);
    /// ```
    pub fn new(dtype: DType, dims: &[usize]) -> Self {
        let mut hasher = FxHasher::default();
        (dtype, dims).hash(&mut hasher);
        let hash = hasher.finish();
        // A poisoned lock is harmless: only a lack of memory stops a change half way.
        let found = INTERNED.read().unwrap_or_else(|e| e.into_inner()).find(hash, dtype, dims);
        found.unwrap_or_else(|| {
            let mut table = INTERNED.write().unwrap_or_else(|e| e.into_inner());
            table.find(hash, dtype, dims).unwrap_or_else(|| table.add(Data::new(hash, dtype, dims)))
        })
    }

    /// How many shapes and dtypes are interned: those in use, and some that were. Every now and then
    /// these are dropped.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    /// let mut last = Aval::scalar(DType::F32);
    /// for n in 0..100_000 {
    ///     last = last.with_shape(&[n]);
    /// }
    /// assert!(Aval::interned() < 10_000);
    /// ```
    pub fn interned() -> usize {
        INTERNED.read().unwrap_or_else(|e| e.into_inner()).len
    }

    /// A rank-0 abstract value.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    ///
    /// let aval = Aval::scalar(DType::F64);
    /// assert_eq!((aval.rank(), aval.size(), aval.byte_size()), (0, 1, 8));
    /// ```
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
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    ///
    /// let aval = Aval::new(DType::F32, &[2, 3]);
    /// assert_eq!(aval.with_dtype(DType::BF16), Aval::new(DType::BF16, &[2, 3]));
    /// ```
    pub fn with_dtype(&self, dtype: DType) -> Self {
        if dtype == self.0.dtype { self.clone() } else { Self::new(dtype, self.shape()) }
    }

    /// The same dtype with another shape.
    ///
    /// ```
    /// use nnx::value::{Aval, DType};
    ///
    /// let aval = Aval::new(DType::F32, &[2, 3]);
    /// assert_eq!(aval.with_shape(&[6]), Aval::new(DType::F32, &[6]));
    /// ```
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
