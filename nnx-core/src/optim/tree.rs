//! Arithmetic of [`Params`]: `optax.tree`.

use super::Params;
use crate::array::{AsArray, select};
use crate::graph::Array;
use crate::module::walk::{collect_leaves, rebuild};
use crate::module::{Module, OptState, Variable};
use crate::random::{Key, split};
use crate::value::DType;

impl Params {
    /// Σ x · y over all elements of both, the real part of Σ conj(x) · y of complex ones; an f32 scalar unless the
    /// arrays are wider. `optax.tree.vdot`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let other = params.map(|x| x + 2.0);
    /// // 1 · 3 + 2 · 4
    /// assert_eq!(params.vdot(&other).item::<f32>(), 11.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the paths of both differ.
    #[track_caller]
    pub fn vdot(&self, other: &Params) -> Array {
        let mut sum = Array::scalar(0.0_f32);
        for product in self.zip(other, |x, y| (x.conj() * y).real().to_wide().sum(..)).arrays() {
            sum += product;
        }
        sum
    }

    /// The arrays times a scalar, in the dtypes that they have. `optax.tree.scale`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let halves = params.scale(&Array::scalar(0.5_f32));
    /// assert_eq!(halves.get("").unwrap().to_vec::<f32>(), [0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn scale(&self, factor: impl AsArray) -> Params {
        self.map(|x| x * factor.as_array().astype(x.dtype()))
    }

    /// The arrays plus `factor` times those of `other`, in the dtypes that they have. `optax.tree.add_scale`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let ones = params.full_like(1.0);
    /// let sum = params.add_scale(&Array::scalar(-0.5_f32), &ones);
    /// assert_eq!(sum.get("").unwrap().to_vec::<f32>(), [0.5, 1.5]);
    /// ```
    ///
    /// # Panics
    /// Panics if the paths of both differ.
    #[track_caller]
    pub fn add_scale(&self, factor: impl AsArray, other: &Params) -> Params {
        self.zip(other, |x, y| (x + y * factor.as_array().astype(y.dtype())).astype(x.dtype()))
    }

    /// Where `which`, a bool scalar, is true these arrays, otherwise those of `other`. `optax.tree.where`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let chosen = params.select(&Array::scalar(false), &params.zeros_like());
    /// assert_eq!(chosen.get("").unwrap().to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the paths of both differ.
    #[track_caller]
    pub fn select(&self, which: impl AsArray, other: &Params) -> Params {
        let choose = |x: &Array, y: &Array| {
            select(which.as_array().broadcast_to(x.shape()), x, y.astype(x.dtype()))
        };
        self.zip(other, choose)
    }

    /// √Σ|x|² over all elements of all arrays, an f32 scalar unless the arrays are wider.
    /// `optax.tree.norm`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
    /// let params = Params::of(&model, &Everything);
    /// // √(3² + 4² + 12²)
    /// assert!((params.global_norm().item::<f32>() - 13.0).abs() < 1e-5);
    /// ```
    pub fn global_norm(&self) -> Array {
        let squares = self.map(Array::squared_magnitude);
        let mut sum = Array::scalar(0.0_f32);
        for square in squares.arrays() {
            sum += square.sum(..);
        }
        sum.sqrt()
    }

    /// Each array with axes of the sizes `shape` in front, along which it repeats. `optax.tree.batch_shape`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::{Array, Everything, Param};
    ///
    /// let params = Params::of(&Param::new(Array::from([1.0_f32, 2.0])), &Everything);
    /// let batch = params.batch_shape(&[3]);
    /// assert_eq!(batch.get("").unwrap().to_vec::<f32>(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(batch.get("").unwrap().shape(), [3, 2]);
    /// ```
    #[track_caller]
    pub fn batch_shape(&self, shape: &[usize]) -> Params {
        self.map(|x| x.broadcast_to(&*[shape, x.shape()].concat()))
    }

    /// A key of its own for each array, in the order of paths. `optax.tree.split_key_like`.
    ///
    /// ```
    /// use nnx::optim::Params;
    /// use nnx::random::{key, uniform};
    /// use nnx::{Array, DType, Everything, Param};
    ///
    /// let model = [Array::from([3.0_f32, 4.0]), Array::scalar(12.0_f32)].map(Param::new);
    /// let params = Params::of(&model, &Everything);
    /// let keys = params.split_key_like(&key(0));
    /// let draws: Vec<f32> = keys.iter().map(|key| uniform(key, [1], DType::F32).item()).collect();
    /// assert_eq!(draws.len(), 2);
    /// assert_ne!(draws[0], draws[1]);
    /// ```
    ///
    /// # Panics
    /// Panics if `key` is not a single key.
    #[track_caller]
    pub fn split_key_like(&self, key: &Key) -> Vec<Key> {
        let keys = split(key, self.len()).into_data();
        (0..self.len()).map(|i| Key::from_data(keys.slice([i.into()]))).collect()
    }

    /// Random arrays in the shapes of these: `sampler(key, shape, dtype)` with a key of its own for each.
    /// `optax.tree.random_like`.
    ///
    /// ```
    /// use nnx::module::Path;
    /// use nnx::optim::Params;
    /// use nnx::random::{key, normal};
    /// use nnx::Array;
    ///
    /// let params = Params::new([(Path::new(), Array::from([5.0_f32; 1000]))]);
    /// let noise = params.random_like(&key(0), |key, shape, dtype| normal(key, shape, dtype));
    /// let noise = noise.get("").unwrap();
    /// assert!(noise.mean(..).item::<f32>().abs() < 0.1);
    /// assert!((noise.std(..).item::<f32>() - 1.0).abs() < 0.1);
    /// ```
    ///
    /// # Panics
    /// Panics if `key` is not a single key.
    #[track_caller]
    pub fn random_like(
        &self,
        key: &Key,
        sampler: impl Fn(&Key, &[usize], DType) -> Array,
    ) -> Params {
        let mut keys = self.split_key_like(key).into_iter();
        self.map(|x| match keys.next() {
            Some(key) => sampler(&key, x.shape(), x.dtype()),
            None => unreachable!("there is a key for each array"),
        })
    }
}

/// The dtype of numbers beside parameters: f32, or f64 if a parameter is.
pub(super) fn number_dtype(params: &Params) -> DType {
    let wide = params.arrays().any(|p| p.dtype().real() == DType::F64);
    if wide { DType::F64 } else { DType::F32 }
}

/// A number of a state, in that dtype.
pub(super) fn number(params: &Params, value: f64) -> Variable<OptState> {
    Variable::new(Array::constant_scalar(number_dtype(params), value))
}

/// Where `which`, a bool scalar, is true the state `yes`, otherwise `no`, in its dtypes.
pub(super) fn select_state<S: Module>(which: &Array, yes: &S, no: &S) -> S {
    let before = collect_leaves(no);
    rebuild(yes, |i, new| {
        let old = &before[i].array;
        select(which.broadcast_to(old.shape()), new.astype(old.dtype()), old)
    })
}
