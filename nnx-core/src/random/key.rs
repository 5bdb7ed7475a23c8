//! Keys, and how new ones are made from them.

use crate::array::{IntoShape, Operand, invalid, iota, one_program, shape_of, stack};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::{Leaves, Module, Schema, Visitor, VisitorMut};
use crate::ops::{OptimizationBarrier, Threefry2x32};
use crate::run::{bind, bind1, staged};
use crate::value::{DType, PromotionKind, saturating_product};

/// The state of a random generator, or a batch of them: u32 words `[…, 2]`. `jax.random.key`.
///
/// Use every key once: the same key gives the same numbers again.
///
/// ```
/// use nnx::random::{self, Key};
///
/// let key: Key = random::key(0);
/// let [a, b] = random::split(&key, 2).unstack();
/// assert_ne!(a.data().to_vec::<u32>(), b.data().to_vec::<u32>());
/// ```
#[derive(Debug, Clone)]
pub struct Key(Array);

/// A key from a seed, whose two halves are its words. `jax.random.key`.
///
/// JAX ignores the upper half unless `jax_enable_x64` is set; below 2³² there is no difference.
///
/// ```
/// use nnx::random;
///
/// assert_eq!(random::key(42).data().to_vec::<u32>(), [0, 42]);
/// ```
///
/// # Panics
/// Panics if no XLA runtime is found.
#[track_caller]
pub fn key(seed: u64) -> Key {
    Key(Array::from_slice(&[(seed >> 32) as u32, seed as u32], [2]))
}

impl From<u64> for Key {
    #[track_caller]
    fn from(seed: u64) -> Key {
        key(seed)
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Key {
        key.clone()
    }
}

impl Key {
    /// The keys whose words are `data`. `jax.random.wrap_key_data`.
    ///
    /// ```
    /// use nnx::{Array, random::Key};
    ///
    /// let keys = Key::from_data(Array::from([[0_u32, 42], [0, 43]])); // a batch
    /// let [_, second] = keys.unstack();
    /// assert_eq!(second.data().to_vec::<u32>(), [0, 43]);
    /// ```
    ///
    /// # Panics
    /// Panics if `data` is not a u32 array with a last axis of size 2.
    #[track_caller]
    pub fn from_data(data: Array) -> Key {
        if data.dtype() != DType::U32 || data.shape().last() != Some(&2) {
            invalid("Key::from_data", format!("a key is u32[…, 2], got {}", data.aval()));
        }
        Key(data)
    }

    /// The words, u32 `[…, 2]`. `jax.random.key_data`.
    ///
    /// ```
    /// use nnx::random::{Key, key};
    ///
    /// let words = key(42).data().to_vec::<u32>(); // to keep in a file
    /// let again = Key::from_data(nnx::Array::from_slice(&words, [2]));
    /// assert_eq!(again.data().to_vec::<u32>(), [0, 42]);
    /// ```
    pub fn data(&self) -> &Array {
        &self.0
    }

    /// The words, u32 `[…, 2]`, given up by the key.
    ///
    /// ```
    /// use nnx::random::key;
    ///
    /// assert_eq!(key(42).into_data().to_vec::<u32>(), [0, 42]);
    /// ```
    pub fn into_data(self) -> Array {
        self.0
    }

    /// The shape of a batch of keys; empty for a single key.
    ///
    /// ```
    /// use nnx::random;
    ///
    /// let key = random::key(0);
    /// assert_eq!((key.shape(), random::split(&key, [2, 3]).shape()), (&[][..], &[2, 3][..]));
    /// ```
    #[track_caller]
    pub fn shape(&self) -> &[usize] {
        let shape = self.0.shape();
        &shape[..shape.len() - 1]
    }

    /// The `N` keys along the first axis of a batch.
    ///
    /// ```
    /// use nnx::random;
    ///
    /// let [a, b] = random::split(&random::key(0), 2).unstack(); // two, because two are named
    /// assert_eq!(a.data().to_vec::<u32>(), [1_797_259_609, 2_579_123_966]); // as in JAX
    /// assert_eq!(b.data().to_vec::<u32>(), [928_981_903, 3_453_687_069]);
    /// ```
    ///
    /// # Panics
    /// Panics if the first axis does not have size `N`.
    #[track_caller]
    pub fn unstack<const N: usize>(&self) -> [Key; N] {
        if self.shape().first() != Some(&N) {
            let shape = self.shape();
            invalid("Key::unstack", format!("keys of shape {shape:?} are not {N} along axis 0"));
        }
        let rows = or_raise(staged("unstack", std::slice::from_ref(&self.0), |args| {
            (0..N).map(|i| args[0].slice([i.into()])).collect()
        }));
        std::array::from_fn(|i| Key(rows[i].clone()))
    }

    /// Both words of a single key, as scalars.
    #[track_caller]
    pub(super) fn words(data: &Array) -> [Array; 2] {
        [0, 1].map(|i| data.slice([i.into()]))
    }

    /// The words, once it is sure that this is one key and no batch.
    #[track_caller]
    pub(crate) fn single(&self, op: &str) -> &Array {
        if !self.shape().is_empty() {
            let shape = self.shape();
            invalid(
                op,
                format!("takes a single key, got keys of shape {shape:?}; take one of them"),
            );
        }
        &self.0
    }
}

/// A key counts as plain data: an [`Array`] leaf.
#[diagnostic::do_not_recommend]
impl Module for Key {
    const SCHEMA: &'static Schema = &Schema::Array;
    #[inline]
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        Module::flatten(&self.0, visitor);
    }
    #[inline]
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        Module::flatten_mut(&mut self.0, visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Key(Module::unflatten(&self.0, leaves))
    }
}

/// New keys from one: a batch of `shape`. `jax.random.split`.
///
/// ```
/// use nnx::random;
///
/// let keys = random::split(&random::key(0), 3);
/// assert_eq!(keys.data().shape(), [3, 2]);
/// let [a, b, c] = keys.unstack();
/// assert_ne!(a.data().to_vec::<u32>(), c.data().to_vec::<u32>());
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys or a size is negative.
#[track_caller]
pub fn split(key: &Key, shape: impl IntoShape) -> Key {
    let data = key.single("split");
    let shape = shape_of("split", shape);
    Key(one_program("split", std::slice::from_ref(data), |args| raw_split(&args[0], &shape)))
}

/// A new key from one and an integer. `jax.random.fold_in`.
///
/// `data` is an integer scalar, taken modulo 2³².
///
/// ```
/// use nnx::random;
///
/// let of_step = random::fold_in(&random::key(0), 7); // step 7 of a run
/// assert_eq!(of_step.data().to_vec::<u32>(), [2_716_826_189, 292_468_403]); // as in JAX
/// ```
///
/// # Panics
/// Panics if `key` is a batch of keys or `data` is not an integer scalar.
#[track_caller]
pub fn fold_in(key: &Key, data: impl Operand) -> Key {
    let words = key.single("fold_in");
    let whole = match data.kind() {
        PromotionKind::Strong(dtype) => dtype.is_int(),
        PromotionKind::WeakInt => true,
        PromotionKind::WeakFloat => false,
    };
    let data = data.array(DType::U32);
    if !whole || data.rank() != 0 {
        invalid("fold_in", format!("takes an integer scalar, got {}", data.aval()));
    }
    Key(one_program("fold_in", &[words.clone(), data], |args| fold(&args[0], &args[1])))
}

/// The words of the key that `data`, a u32 scalar, makes from `key`.
pub(super) fn fold(key: &Array, data: &Array) -> Array {
    let [k1, k2] = Key::words(key);
    let zero = Array::constant_int(DType::U32, 0);
    let words = bind(Threefry2x32 { combine: false }, &[&k1, &k2, &zero, data]);
    computed_once(stack([&words[0], &words[1]], 0))
}

/// [`split`] inside a trace.
pub(super) fn raw_split(key: &Array, shape: &[usize]) -> Array {
    let (high, low) = hash_positions(key, shape);
    computed_once(stack([&high, &low], -1))
}

/// `N` new keys, inside a trace.
pub(super) fn split_into<const N: usize>(key: &Array) -> [Array; N] {
    let keys = raw_split(key, &[N]);
    std::array::from_fn(|i| keys.slice([i.into()]))
}

/// New keys, kept from being computed again in every loop that uses them: the hash is long, and
/// XLA would compile a copy of it into each.
fn computed_once(keys: Array) -> Array {
    bind1(OptimizationBarrier, &[&keys])
}

/// For each element of `shape` the hash of its position, counted in row-major order, under `key`:
/// two words of 32 bits.
///
/// Positions are sums over dimensions, so that a partitioned array computes its own part.
pub(super) fn hash_positions(key: &Array, shape: &[usize]) -> (Array, Array) {
    let words = bind(Threefry2x32 { combine: false }, &hash_inputs(key, shape).each_ref());
    (words[0].clone(), words[1].clone())
}

/// The exclusive or of both words of [`hash_positions`].
pub(super) fn hash_positions_combined(key: &Array, shape: &[usize]) -> Array {
    bind1(Threefry2x32 { combine: true }, &hash_inputs(key, shape).each_ref())
}

/// The words of the key and of every position. A third word of the key is the position of the first element: the
/// sample is a part of a larger one then, of fewer than 2³² elements.
fn hash_inputs(key: &Array, shape: &[usize]) -> [Array; 4] {
    let (high, low) = if key.shape() == [3] {
        let low = positions(shape, DType::U32) + key.slice([2.into()]);
        (low.zeros_like(), low)
    } else if saturating_product(shape) <= 1 << 32 {
        let low = positions(shape, DType::U32);
        (low.zeros_like(), low)
    } else {
        let wide = positions(shape, DType::U64);
        ((&wide >> 32).astype(DType::U32), wide.astype(DType::U32))
    };
    let [k1, k2] = Key::words(key).map(|word| word.splat(shape));
    [k1, k2, high, low]
}

/// The position of each element of `shape` in row-major order.
fn positions(shape: &[usize], dtype: DType) -> Array {
    let mut stride = 1_i64;
    let mut sum: Option<Array> = None;
    for d in (0..shape.len()).rev() {
        let along = iota(shape, dtype, d);
        let along = if stride == 1 { along } else { along * stride };
        sum = Some(sum.map_or_else(|| along.clone(), |sum| along.clone() + sum));
        stride = stride.saturating_mul(shape[d] as i64);
    }
    sum.unwrap_or_else(|| Array::constant_int(dtype, 0))
}
