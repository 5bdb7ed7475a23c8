//! Products of arrays: matmul, dot_general.

use super::axes::invalid;
use super::{AsArray, Operand, iota, one_program, where_};
use crate::graph::Array;
use crate::lower::{Attr, AttrName, DotDims};
use crate::ops::DotGeneral;
use crate::run::bind1;
use crate::value::{DType, promote_dtypes};

impl Array {
    /// Matrix product with NumPy's rules for vectors and batches: the last axis of this array meets
    /// the second last of `rhs`; leading axes broadcast. `jax.numpy.matmul`.
    ///
    /// ```
    /// use nnx::{Array, DType, array::zeros};
    ///
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.matmul(&x).to_vec::<i32>(), [7, 10, 15, 22]);
    /// assert_eq!(x.matmul(Array::from([1, 10])).to_vec::<i32>(), [21, 43]);
    /// let batch = zeros([8, 2, 3], DType::F32).matmul(zeros([3, 4], DType::F32));
    /// assert_eq!(batch.shape(), [8, 2, 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if the inner sizes differ, an operand is a scalar, or the batches do not broadcast.
    #[track_caller]
    pub fn matmul(&self, rhs: impl AsArray) -> Array {
        let rhs = rhs.as_array();
        let dtype = promote_dtypes(self.dtype(), rhs.dtype());
        let (a, b) = (self.array(dtype), rhs.array(dtype));
        let (ra, rb) = (a.rank(), b.rank());
        if ra == 0 || rb == 0 {
            invalid(
                "matmul",
                format!("{} and {}: scalars have no inner axis; use `*`", a.aval(), b.aval()),
            );
        }
        let inner = rb.saturating_sub(2);
        if a.shape()[ra - 1] != b.shape()[inner] {
            invalid(
                "matmul",
                format!(
                    "{} and {}: the last axis of the left ({}) must equal {} of the right ({})",
                    a.aval(),
                    b.aval(),
                    a.shape()[ra - 1],
                    if rb == 1 { "the only axis" } else { "the second last axis" },
                    b.shape()[inner]
                ),
            );
        }
        // Without a batch on the right one contraction does it, as Linear layers need.
        if rb <= 2 {
            let dims = DotDims {
                lhs_batch: vec![],
                rhs_batch: vec![],
                lhs_contract: vec![ra - 1],
                rhs_contract: vec![inner],
            };
            return bind1(DotGeneral::new(dims), &[&a, &b]);
        }
        let vector = ra == 1;
        let a = if vector { a.expand_dims(0) } else { a };
        let (ba, bb) = (&a.shape()[..a.rank() - 2], &b.shape()[..rb - 2]);
        let Some(batch) = super::arith::broadcast_shapes(ba, bb) else {
            invalid(
                "matmul",
                format!("the batches of {} and {} do not broadcast", a.aval(), b.aval()),
            );
        };
        let nb = batch.len();
        let widen = |x: &Array| {
            let mut shape = batch.clone();
            shape.extend(&x.shape()[x.rank() - 2..]);
            x.broadcast_to_dims(&shape)
        };
        let dims = DotDims {
            lhs_batch: (0..nb).collect(),
            rhs_batch: (0..nb).collect(),
            lhs_contract: vec![nb + 1],
            rhs_contract: vec![nb],
        };
        let out = bind1(DotGeneral::new(dims), &[&widen(&a), &widen(&b)]);
        if vector { out.squeeze(-2) } else { out }
    }
}

/// Contracts and batches pairs of dimensions; the result has the batch dimensions, the free ones
/// of `lhs`, then those of `rhs`. `jax.lax.dot_general`.
///
/// ```
/// use nnx::{Array, array::dot_general};
///
/// // Each row of one with the same row of the other.
/// let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([[1, 10], [1, 100]]));
/// let z = dot_general(&x, &y, (&[1], &[1]), (&[0], &[0]));
/// assert_eq!(z.to_vec::<i32>(), [21, 403]);
/// ```
///
/// # Panics
/// Panics if dtypes or paired sizes differ.
#[track_caller]
pub fn dot_general(
    lhs: impl AsArray,
    rhs: impl AsArray,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
) -> Array {
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    let dims = DotDims {
        lhs_batch: batch.0.to_vec(),
        rhs_batch: batch.1.to_vec(),
        lhs_contract: contract.0.to_vec(),
        rhs_contract: contract.1.to_vec(),
    };
    bind1(DotGeneral::new(dims), &[lhs, rhs])
}

/// How exactly floats of 32 bits are multiplied on devices that have faster ways: TPUs, and GPUs with TF32. On CPUs all are
/// the same. `jax.lax.Precision`.
///
/// ```
/// use nnx::array::{DotOptions, Precision, dot_general_with};
/// use nnx::Array;
///
/// let x = Array::from([1.0_f32, 2.0]);
/// let exact = DotOptions { precision: Precision::Highest, ..Default::default() };
/// assert_eq!(dot_general_with(&x, &x, (&[0], &[0]), (&[], &[]), &exact).item::<f32>(), 5.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// The fastest way.
    #[default]
    Default,
    /// Slower, and more exact where there is such a way.
    High,
    /// As exact as the dtype is.
    Highest,
}

impl Precision {
    /// The attribute of a product in a program, if it is not the usual one.
    pub(crate) fn attribute(self) -> Option<(AttrName, Attr)> {
        let level = match self {
            Precision::Default => return None,
            Precision::High => "HIGH",
            Precision::Highest => "HIGHEST",
        };
        Some((AttrName::PrecisionConfig, Attr::Precision(level)))
    }
}

/// The dtype of the products of numbers of a dtype that are summed in a `preferred` one.
///
/// # Panics
/// Panics if it is of another sort of numbers or shorter.
#[track_caller]
pub(super) fn sums_in(op: &str, lhs: &Array, preferred: Option<DType>) -> Option<DType> {
    let own = lhs.dtype();
    let wanted = preferred.unwrap_or(own);
    let of_one_sort = ((own.is_float() || own.is_small_float()) && wanted.is_float())
        || (own.is_int() && wanted.is_int() && own.is_signed_int() == wanted.is_signed_int())
        || (own.is_complex() && wanted.is_complex())
        || own == wanted;
    if !of_one_sort || wanted.size() < own.size() {
        let lhs = lhs.aval();
        let message = format!(
            "a product of {lhs} has no sums in {wanted}: choose a dtype of its sort that is as wide"
        );
        invalid(op, message);
    }
    (own != wanted).then_some(wanted)
}

/// Options of [`dot_general_with`].
///
/// ```
/// use nnx::array::{DotOptions, Precision};
/// use nnx::DType;
///
/// let options = DotOptions { preferred_element_type: Some(DType::F32), ..Default::default() };
/// assert_eq!(options.precision, Precision::Default);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DotOptions {
    /// The dtype of the result and of the sums in it, if it is not that of the operands.
    pub preferred_element_type: Option<DType>,
    /// How exactly numbers are multiplied.
    pub precision: Precision,
}

/// [`dot_general`] whose result, and the sums in it, are of a dtype of their own: of short floats and integers in a wider
/// one. `jax.lax.dot_general` with `preferred_element_type`.
///
/// ```
/// use nnx::{Array, DType, array::dot_general_as};
///
/// // The product does not fit into 8 bits.
/// let (x, y) = (Array::from([100_i8, 100]), Array::from([2_i8, 1]));
/// let z = dot_general_as(&x, &y, (&[0], &[0]), (&[], &[]), DType::I32);
/// assert_eq!(z.item::<i32>(), 300);
/// ```
///
/// # Panics
/// Panics if dtypes or paired sizes differ, or `preferred_element_type` is of another sort of numbers or shorter.
#[track_caller]
pub fn dot_general_as(
    lhs: impl AsArray,
    rhs: impl AsArray,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
    preferred_element_type: DType,
) -> Array {
    let preferred = Some(preferred_element_type);
    let options = DotOptions { preferred_element_type: preferred, ..DotOptions::default() };
    dot_general_with(lhs, rhs, contract, batch, &options)
}

/// [`dot_general`] with options. `jax.lax.dot_general` with `precision` and `preferred_element_type`.
///
/// ```
/// use nnx::array::{DotOptions, Precision, dot_general_with};
/// use nnx::{Array, DType};
///
/// let x = Array::from([1.5_f32, 2.0]).astype(DType::BF16);
/// let options = DotOptions {
///     preferred_element_type: Some(DType::F32),
///     precision: Precision::Highest,
/// };
/// let y = dot_general_with(&x, &x, (&[0], &[0]), (&[], &[]), &options);
/// assert_eq!(y.item::<f32>(), 6.25);
/// ```
///
/// # Panics
/// As [`dot_general_as`].
#[track_caller]
pub fn dot_general_with(
    lhs: impl AsArray,
    rhs: impl AsArray,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
    options: &DotOptions,
) -> Array {
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    let preferred = sums_in("dot_general", lhs, options.preferred_element_type);
    let dims = DotDims {
        lhs_batch: batch.0.to_vec(),
        rhs_batch: batch.1.to_vec(),
        lhs_contract: contract.0.to_vec(),
        rhs_contract: contract.1.to_vec(),
    };
    bind1(DotGeneral { dims, preferred, precision: options.precision }, &[lhs, rhs])
}

/// The rows of `lhs` `[m, k]` times one of the matrices `rhs` `[g, k, n]` each: the first `group_sizes[0]` rows times
/// the first matrix, the next times the second, and so on; rows beyond the sum give 0. Each row is
/// multiplied with every matrix, and 0 with all but its own. `jax.lax.ragged_dot`.
///
/// ```
/// use nnx::{Array, array::ragged_dot};
/// let x = Array::from([[1.0], [2.0], [3.0]]);
/// let w = Array::from([[[10.0]], [[100.0]]]);
/// let y = ragged_dot(&x, &w, &Array::from([2, 1]));
/// assert_eq!(y.to_vec::<f64>(), [10.0, 20.0, 300.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit or the sizes are not integers.
#[track_caller]
pub fn ragged_dot(lhs: impl AsArray, rhs: impl AsArray, group_sizes: impl AsArray) -> Array {
    let (lhs, rhs, group_sizes) = (lhs.as_array(), rhs.as_array(), group_sizes.as_array());
    const OP: &str = "ragged_dot";
    let fits = match (lhs.shape(), rhs.shape(), group_sizes.shape()) {
        ([_, k], [g, inner, _], [sizes]) => k == inner && g == sizes,
        _ => false,
    };
    if !fits || !group_sizes.dtype().is_int() {
        let (lhs, rhs, sizes) = (lhs.aval(), rhs.aval(), group_sizes.aval());
        invalid(
            OP,
            format!("needs [m, k], [g, k, n] and g integers, got {lhs}, {rhs} and {sizes}"),
        );
    }
    let dtype = promote_dtypes(lhs.dtype(), rhs.dtype());
    let (m, g) = (lhs.shape()[0], rhs.shape()[0]);
    one_program(OP, &[lhs.clone(), rhs.clone(), group_sizes.clone()], |args| {
        let (lhs, rhs) = (args[0].astype(dtype), args[1].astype(dtype));
        let group =
            args[2].astype(DType::I32).cumsum(0).searchsorted(iota([m], DType::I32, 0), true);
        let own = iota([g, 1], DType::I32, 0).eq(&group).expand_dims(-1);
        let rows = where_(&own, &lhs, 0);
        dot_general(&rows, &rhs, (&[0, 2], &[0, 1]), (&[], &[]))
    })
}
