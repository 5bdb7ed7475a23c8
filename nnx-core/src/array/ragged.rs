//! Products with groups of rows.

use super::axes::invalid;
use super::{AsArray, dot_general_as, iota, one_program, where_};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};

/// The roles of axes in [`ragged_dot_general`]. `jax.lax.RaggedDotDimensionNumbers`.
///
/// ```
/// use nnx::array::{RaggedDotDimensionNumbers, ragged_dot, ragged_dot_general};
/// use nnx::Array;
///
/// // That of `ragged_dot`.
/// let dims = RaggedDotDimensionNumbers {
///     contract: (vec![1], vec![1]),
///     batch: (vec![], vec![]),
///     lhs_ragged: 0,
///     rhs_group: Some(0),
/// };
/// let x = Array::from([[1.0], [2.0], [3.0]]);
/// let w = Array::from([[[10.0]], [[100.0]]]);
/// let sizes = Array::from([2, 1]);
/// let y = ragged_dot_general(&x, &w, &sizes, &dims);
/// assert_eq!(y.to_vec::<f64>(), ragged_dot(&x, &w, &sizes).to_vec::<f64>());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RaggedDotDimensionNumbers {
    /// The pairs of axes that are contracted, as in [`dot_general`](super::dot_general).
    pub contract: (Vec<usize>, Vec<usize>),
    /// The pairs of axes of batches.
    pub batch: (Vec<usize>, Vec<usize>),
    /// The axis of `lhs` that is cut into groups.
    pub lhs_ragged: usize,
    /// The axis of `rhs` with one entry for each group, if `lhs_ragged` is neither contracted nor a batch.
    pub rhs_group: Option<usize>,
}

/// A product in which groups of slices of `lhs` have a factor of their own. `jax.lax.ragged_dot_general`.
///
/// `group_sizes` says how many slices along `lhs_ragged` belong to each of g groups, from the first slice on; those
/// beyond the sum belong to none. It is `[g]`, or has the sizes `x…` of axes before the ragged one in front: those of its
/// own sort (batch, contracted, or neither), and the batch. What the groups are for depends on the ragged axis:
///
/// - Neither contracted nor a batch: a group of rows is multiplied with its own entry along `rhs_group`, which the result
///   has not.
/// - Contracted: the product of each group by itself, along a new axis 0 of the result.
/// - A batch: as [`dot_general`](super::dot_general); the groups change nothing.
///
/// ```
/// use nnx::array::{RaggedDotDimensionNumbers, ragged_dot_general};
/// use nnx::Array;
///
/// // The gradient of the matrices in `ragged_dot`: rows of the same group meet.
/// let dims = RaggedDotDimensionNumbers {
///     contract: (vec![0], vec![0]),
///     batch: (vec![], vec![]),
///     lhs_ragged: 0,
///     rhs_group: None,
/// };
/// let (x, y) = (Array::from([[1.0], [2.0], [3.0]]), Array::from([[10.0], [10.0], [100.0]]));
/// let z = ragged_dot_general(&x, &y, &Array::from([2, 1]), &dims);
/// assert_eq!((z.shape(), z.to_vec::<f64>()), (&[2, 1, 1][..], vec![30.0, 300.0]));
/// ```
///
/// # Panics
/// Panics if the axes and shapes do not fit, or the sizes are not integers.
#[track_caller]
pub fn ragged_dot_general(
    lhs: impl AsArray,
    rhs: impl AsArray,
    group_sizes: impl AsArray,
    dimension_numbers: &RaggedDotDimensionNumbers,
) -> Array {
    const OP: &str = "ragged_dot_general";
    let (lhs, rhs, sizes) = (lhs.as_array(), rhs.as_array(), group_sizes.as_array());
    let plan = match RaggedPlan::of(lhs, rhs, sizes, dimension_numbers) {
        Ok(plan) => plan,
        Err(why) => {
            let (lhs, rhs, sizes) = (lhs.aval(), rhs.aval(), sizes.aval());
            invalid(
                OP,
                format!("{lhs}, {rhs} and groups {sizes}: {why}, with {dimension_numbers:?}"),
            )
        }
    };
    let dtype = promote_dtypes(lhs.dtype(), rhs.dtype());
    one_program(OP, &[lhs.clone(), rhs.clone(), sizes.clone()], |args| {
        plan.product(&args[0].astype(dtype), &args[1].astype(dtype), &args[2])
    })
}

/// The role of the ragged axis.
enum Ragged {
    Free { rhs_group: usize },
    Contracted { rhs_ragged: usize, rhs_prefix: Vec<usize> },
    Batch,
}

struct RaggedPlan<'a> {
    dims: &'a RaggedDotDimensionNumbers,
    mode: Ragged,
    /// The axes of `lhs` that the sizes may have in front.
    prefix: Vec<usize>,
}

impl<'a> RaggedPlan<'a> {
    fn of(
        lhs: &Array,
        rhs: &Array,
        sizes: &Array,
        dims: &'a RaggedDotDimensionNumbers,
    ) -> Result<Self, String> {
        let ragged = dims.lhs_ragged;
        if ragged >= lhs.rank() {
            return Err(format!("the left has no axis {ragged}"));
        }
        if !sizes.dtype().is_int() || sizes.rank() == 0 {
            return Err("the sizes of groups must be integers along an axis".into());
        }
        let groups = sizes.shape()[sizes.rank() - 1];
        let before = |dims: &[usize], axis: usize| -> Vec<usize> {
            dims.iter().copied().take_while(|&d| d != axis).collect()
        };
        let contracted = dims.contract.0.iter().position(|&d| d == ragged);
        let (mode, prefix) = if let Some(at) = contracted {
            if dims.rhs_group.is_some() {
                return Err("the right has no axis of groups if a contracted axis is ragged".into());
            }
            let Some(&rhs_ragged) = dims.contract.1.get(at) else {
                return Err("an axis is contracted with none".into());
            };
            let prefix = [&dims.batch.0[..], &before(&dims.contract.0, ragged)].concat();
            let rhs_prefix = [&dims.batch.1[..], &before(&dims.contract.1, rhs_ragged)].concat();
            (Ragged::Contracted { rhs_ragged, rhs_prefix }, prefix)
        } else if dims.batch.0.contains(&ragged) {
            if dims.rhs_group.is_some() {
                return Err("the right has no axis of groups if a batch is ragged".into());
            }
            (Ragged::Batch, before(&dims.batch.0, ragged))
        } else {
            let Some(rhs_group) = dims.rhs_group else {
                return Err("the right needs an axis of groups".into());
            };
            if rhs.shape().get(rhs_group) != Some(&groups) {
                return Err(format!("the right has not {groups} groups along axis {rhs_group}"));
            }
            let named = |d: &usize| dims.batch.0.contains(d) || dims.contract.0.contains(d);
            let outer = (0..ragged).filter(|d| !named(d));
            (Ragged::Free { rhs_group }, dims.batch.0.iter().copied().chain(outer).collect())
        };
        if prefix.iter().any(|&d| d >= lhs.rank()) {
            return Err("the left has no such axes".into());
        }
        let expected: Vec<usize> = prefix.iter().map(|&d| lhs.shape()[d]).collect();
        if sizes.rank() > 1 && sizes.shape()[..sizes.rank() - 1] != expected {
            return Err(format!(
                "the sizes of groups must be [{groups}], or have {expected:?} in front"
            ));
        }
        Ok(RaggedPlan { dims, mode, prefix })
    }

    #[track_caller]
    fn product(&self, lhs: &Array, rhs: &Array, sizes: &Array) -> Array {
        let RaggedDotDimensionNumbers { contract, batch, lhs_ragged, .. } = self.dims;
        let later = |dims: &[usize]| -> Vec<usize> { dims.iter().map(|d| d + 1).collect() };
        let dtype = lhs.dtype();
        match &self.mode {
            Ragged::Free { rhs_group } => {
                let lhs = by_groups(lhs, *lhs_ragged, sizes, &self.prefix);
                let left = [later(&contract.0), vec![0]].concat();
                let right = [&contract.1[..], &[*rhs_group]].concat();
                dot_general_as(&lhs, rhs, (&left, &right), (&later(&batch.0), &batch.1), dtype)
            }
            Ragged::Contracted { rhs_ragged, rhs_prefix } => {
                let lhs = by_groups(lhs, *lhs_ragged, sizes, &self.prefix);
                let rhs = by_groups(rhs, *rhs_ragged, sizes, rhs_prefix);
                let front = |dims: &[usize]| [vec![0], later(dims)].concat();
                let contract = (&*later(&contract.0), &*later(&contract.1));
                dot_general_as(&lhs, &rhs, contract, (&front(&batch.0), &front(&batch.1)), dtype)
            }
            Ragged::Batch => {
                dot_general_as(lhs, rhs, (&contract.0, &contract.1), (&batch.0, &batch.1), dtype)
            }
        }
    }
}

/// `x` once for each group, along a new axis 0, with 0 in the slices along `axis` of all others. `sizes` has `prefix`,
/// axes of `x`, in front or is `[g]`.
#[track_caller]
fn by_groups(x: &Array, axis: usize, sizes: &Array, prefix: &[usize]) -> Array {
    let groups = sizes.shape()[sizes.rank() - 1];
    let ends = sizes.astype(DType::I32).cumsum(-1);
    let starts = &ends - sizes.astype(DType::I32);
    // The groups first, and then the axes of `x`, of the size 1 where the bounds do not depend on them.
    let spread = |bounds: &Array| {
        let mut shape = vec![1; x.rank() + 1];
        shape[0] = groups;
        if bounds.rank() == 1 {
            return bounds.reshape(shape);
        }
        prefix.iter().for_each(|&d| shape[d + 1] = x.shape()[d]);
        // The axes of the prefix in the order in which `x` has them.
        let mut order: Vec<usize> = (0..prefix.len()).collect();
        order.sort_by_key(|&i| prefix[i]);
        let order: Vec<isize> = [prefix.len()].iter().chain(&order).map(|&i| i as isize).collect();
        bounds.transpose(order.as_slice()).reshape(shape)
    };
    let mut shape = vec![1; x.rank() + 1];
    shape[axis + 1] = x.shape()[axis];
    let place = iota([x.shape()[axis]], DType::I32, 0).reshape(shape);
    let own = spread(&starts).le(&place) & place.lt(spread(&ends));
    where_(own, x.expand_dims(0), 0)
}
