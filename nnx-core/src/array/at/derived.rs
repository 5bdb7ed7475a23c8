//! Updates of parts of an array that are made of others.

use super::new_axes::without_new;
use super::{At, Item, OP, invalid};
use crate::array::{Operand, one_program, where_};
use crate::graph::Array;
use crate::ops::{ScatterKind, inner_while};
use crate::value::DType;

impl At {
    /// The array with `values` subtracted from this part, as often as the index names an element.
    /// `jax.numpy.ndarray.at[].subtract`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1, 2, 3]);
    /// assert_eq!(x.at(Array::from([0, 0])).subtract(5).to_vec::<i32>(), [-9, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// As [`add`](At::add).
    #[track_caller]
    pub fn subtract(self, values: impl Operand) -> Array {
        let values = values.array(self.x.dtype());
        if values.dtype() == DType::Bool {
            return self.add(values);
        }
        self.updated(ScatterKind::Add, &-values)
    }

    /// The array with this part divided by `values`, as often as the index names an element; integers
    /// become f32. `jax.numpy.ndarray.at[].divide`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.at(1..).divide(2.0).to_vec::<f64>(), [1.0, 1.0, 1.5]);
    /// ```
    ///
    /// # Panics
    /// As [`mul`](At::mul).
    #[track_caller]
    pub fn divide(self, values: impl Operand) -> Array {
        let (x, shape) = (self.x.clone(), self.without_new.clone());
        let divisors = At { x: x.ones_like(), ..self }.update(ScatterKind::Mul, &values);
        without_new(shape, x / divisors)
    }

    /// The array with this part raised to the power of `values`, as often as the index names an element.
    /// `jax.numpy.ndarray.at[].power`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.at(1).power(3.0).to_vec::<f64>(), [1.0, 8.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// As [`mul`](At::mul).
    #[track_caller]
    pub fn power(self, values: impl Operand) -> Array {
        let (x, shape) = (self.x.clone(), self.without_new.clone());
        let exponents = At { x: x.ones_like(), ..self }.update(ScatterKind::Mul, &values);
        without_new(shape, x.pow(exponents))
    }

    /// The array with the results of `f`, which works elementwise, in this part; where the index names an
    /// element several times, `f` is applied as often. In that case there is no reverse derivative,
    /// unless [`unique_indices`](At::unique_indices) says that there is none named twice.
    /// `jax.numpy.ndarray.at[].apply`.
    ///
    /// ```
    /// use nnx::Array;
    /// let x = Array::from([0, 1, 2, 3]);
    /// assert_eq!(x.at(2..).apply(|x| x * 10).to_vec::<i32>(), [0, 1, 20, 30]);
    /// assert_eq!(x.at(Array::from([1, 1])).apply(|x| x * 10).to_vec::<i32>(), [0, 100, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// Panics if the index does not fit the array, or `f` makes another shape or dtype.
    #[track_caller]
    pub fn apply(self, f: impl Fn(&Array) -> Array) -> Array {
        let shape = self.without_new.clone();
        without_new(shape, self.applied(f))
    }

    #[track_caller]
    fn applied(self, f: impl Fn(&Array) -> Array) -> Array {
        if self.sole_mask().is_some() {
            let nowhere = self.x.astype(DType::Bool).zeros_like();
            let here = At { x: nowhere, ..self.clone() }.update(ScatterKind::Set, &true);
            return where_(&here, kept(&self.x, f(&self.x)), &self.x);
        }
        let at = self.without_masks();
        let arrays = at.items.iter().any(|item| matches!(item.0, Item::Positions(_)));
        if at.unique || !arrays {
            let part = at.clone().get();
            let values = kept(&part, f(&part));
            return at.update(ScatterKind::Set, &values);
        }
        let x = at.x.clone();
        let counts = At { x: crate::array::zeros(x.shape(), DType::I32), ..at };
        let counts = counts.update(ScatterKind::Add, &1);
        // Once out here, so that a mistake stops at the user's line.
        let once = where_(counts.gt(0), kept(&x, f(&x)), &x);
        one_program("apply", &[once, counts - 1], |args| {
            let state = inner_while(
                args,
                |state| state[1].gt(0).any(..),
                |state| {
                    let (x, left) = (&state[0], &state[1]);
                    vec![where_(left.gt(0), kept(x, f(x)), x), left - 1]
                },
            );
            state[0].clone()
        })
    }
}

/// The result of a function that keeps shape and dtype.
#[track_caller]
fn kept(x: &Array, y: Array) -> Array {
    if y.aval() != x.aval() {
        let (x, y) = (x.aval(), y.aval());
        invalid(OP, format!("`apply` needs a function that keeps {x}, it made {y}"));
    }
    y
}
