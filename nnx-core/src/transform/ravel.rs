//! Trees as vectors.

use super::trees::{leaves, with_leaves};
use crate::array::{concatenate, invalid, zeros};
use crate::graph::Array;
use crate::module::Module;
use crate::value::{DType, promote_dtypes};

/// The elements of all leaves of a tree in one vector, of the dtype that holds them all, and the function that makes such a
/// tree of a vector. `jax.flatten_util.ravel_pytree`.
///
/// ```
/// use nnx::{Array, ravel_pytree};
///
/// let tree = (Array::from([[1.0_f32, 2.0]]), Array::from([3_i32]));
/// let (vector, unravel) = ravel_pytree(&tree);
/// assert_eq!(vector.to_vec::<f32>(), [1.0, 2.0, 3.0]);
/// let doubled = unravel(&(vector * 2.0));
/// assert_eq!((doubled.0.shape(), doubled.1.to_vec::<i32>()), (&[1, 2][..], vec![6]));
/// ```
///
/// # Panics
/// The function panics if the vector has not as many elements as the tree.
pub fn ravel_pytree<M: Module>(tree: &M) -> (Array, impl Fn(&Array) -> M) {
    let parts = RaveledParts::of(tree);
    let like = with_leaves(tree, &leaves(tree));
    let vector = parts.joined(tree);
    let size = parts.size();
    let unravel = move |x: &Array| {
        if x.shape() != [size] {
            let message = format!("the tree has {size} elements, got {}", x.aval());
            invalid("ravel_pytree", message);
        }
        parts.split(&like, x)
    };
    (vector, unravel)
}

/// The leaves of a tree as one vector.
pub(super) struct RaveledParts {
    leaves: Vec<(Vec<usize>, DType)>,
    pub(super) dtype: DType,
}

impl RaveledParts {
    pub(super) fn of<B: Module>(tree: &B) -> RaveledParts {
        let leaves: Vec<(Vec<usize>, DType)> =
            leaves(tree).iter().map(|x| (x.shape().to_vec(), x.dtype())).collect();
        let dtype = leaves.iter().map(|(_, dtype)| *dtype).reduce(promote_dtypes);
        RaveledParts { leaves, dtype: dtype.unwrap_or(DType::F32) }
    }

    pub(super) fn size(&self) -> usize {
        self.leaves.iter().map(|(shape, _)| shape.iter().product::<usize>()).sum()
    }

    pub(super) fn joined<B: Module>(&self, tree: &B) -> Array {
        let flat: Vec<Array> =
            leaves(tree).iter().map(|x| x.astype(self.dtype).flatten()).collect();
        if flat.is_empty() {
            return zeros([0], self.dtype);
        }
        concatenate(&flat, 0)
    }

    pub(super) fn split<B: Module>(&self, like: &B, x: &Array) -> B {
        let mut first = 0;
        let part = |(shape, dtype): &(Vec<usize>, DType)| {
            let end = first + shape.iter().product::<usize>();
            let part = x.slice_dim(0, first, end).reshape(shape).astype(*dtype);
            first = end;
            part
        };
        let parts: Vec<Array> = self.leaves.iter().map(part).collect();
        with_leaves(like, &parts)
    }
}
