//! Products of matrices whose blocks have scales.

use crate::array::{AsArray, OptionalArray, dot_general, dot_general_as, invalid};
use crate::graph::Array;
use crate::value::DType;

/// Batches of matrices, `lhs` `[b, m, k]` with each row of `rhs` `[b, n, k]`, where each block of numbers along the last
/// axis has a scale: `lhs_scales` is `[b, m, k / block]` and `rhs_scales` `[b, n, k / block]`. The result is `[b, m, n]`.
/// `jax.nn.scaled_matmul`.
///
/// It is computed in f32, and then converted.
///
/// ```
/// use nnx::nn::scaled_matmul;
/// use nnx::{Array, DType};
///
/// let (a, b) = (Array::from([[[1.0_f32, 2.0, 3.0]]]), Array::from([[[4.0_f32, 5.0, 6.0]]]));
/// let half = Array::from([[[0.5_f32]]]);
/// let y = scaled_matmul(&a, &b, &half, &half, DType::F32);
/// assert_eq!(y.to_vec::<f32>(), [8.0]);
/// ```
///
/// # Panics
/// Panics if the shapes do not fit.
#[track_caller]
pub fn scaled_matmul(
    lhs: impl AsArray,
    rhs: impl AsArray,
    lhs_scales: impl AsArray,
    rhs_scales: impl AsArray,
    preferred_element_type: DType,
) -> Array {
    const OP: &str = "scaled_matmul";
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    let fits = match (lhs.shape(), rhs.shape()) {
        ([b, _, k], [c, _, l]) => b == c && k == l,
        _ => false,
    };
    if !fits {
        let (lhs, rhs) = (lhs.aval(), rhs.aval());
        invalid(OP, format!("needs [b, m, k] and [b, n, k], got {lhs} and {rhs}"));
    }
    let lhs = scaled(OP, lhs, Some(lhs_scales.as_array()), 2, DType::F32);
    let rhs = scaled(OP, rhs, Some(rhs_scales.as_array()), 2, DType::F32);
    dot_general(&lhs, &rhs, (&[2], &[2]), (&[0], &[0])).astype(preferred_element_type)
}

/// The product of two operands that have a scale for each block of numbers along the contracted axes: `lhs` times
/// `lhs_scale`, repeated, with `rhs` times `rhs_scale`. `jax.lax.scaled_dot`.
///
/// The last axis of `lhs` meets the second last of `rhs`, and those before are a batch, as `dimension_numbers` of JAX are
/// by default. Both are scaled in bf16, as JAX does it where there is no instruction for it; the product is of dtype
/// `preferred_element_type`, bf16 or f32.
///
/// ```
/// use nnx::array::ones;
/// use nnx::nn::scaled_dot;
/// use nnx::{Array, DType};
///
/// // Blocks of 2 along the contracted axis.
/// let x = ones([1, 4], DType::F32);
/// let scale = Array::from([[1.0_f32, 0.5]]);
/// let y = scaled_dot(&x, ones([4, 3], DType::F32), &scale, None, DType::F32);
/// assert_eq!(y.to_vec::<f32>(), [3.0, 3.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if an operand has fewer than two axes, the shapes do not fit, or a scale does not divide its operand.
#[track_caller]
pub fn scaled_dot(
    lhs: impl AsArray,
    rhs: impl AsArray,
    lhs_scale: impl OptionalArray,
    rhs_scale: impl OptionalArray,
    preferred_element_type: DType,
) -> Array {
    const OP: &str = "scaled_dot";
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    let rank = lhs.rank();
    if rank < 2 || rhs.rank() != rank {
        let (lhs, rhs) = (lhs.aval(), rhs.aval());
        invalid(OP, format!("{lhs} and {rhs}: both need as many axes, two at least"));
    }
    if !matches!(preferred_element_type, DType::BF16 | DType::F32) {
        invalid(
            OP,
            format!("a product of {preferred_element_type} is not defined: choose bf16 or f32"),
        );
    }
    let (left, right) = (rank - 1, rank - 2);
    let lhs = scaled(OP, lhs, lhs_scale.optional(), left, DType::BF16);
    let rhs = scaled(OP, rhs, rhs_scale.optional(), right, DType::BF16);
    let batch: Vec<usize> = (0..rank - 2).collect();
    dot_general_as(&lhs, &rhs, (&[left], &[right]), (&batch, &batch), preferred_element_type)
}

/// `x` in `dtype`, times the scales of its blocks along `axis`.
#[track_caller]
fn scaled(op: &str, x: &Array, scale: Option<&Array>, axis: usize, dtype: DType) -> Array {
    let Some(scale) = scale else { return x.astype(dtype) };
    let fits = scale.rank() == x.rank()
        && (0..x.rank()).all(|d| {
            let (n, blocks) = (x.shape()[d], scale.shape()[d]);
            if d == axis { blocks > 0 && n % blocks == 0 } else { n == blocks }
        });
    if !fits {
        let (x, scale) = (x.aval(), scale.aval());
        invalid(
            op,
            format!(
                "the scales {scale} do not fit {x}: they need its sizes, and along axis {axis} one that divides it"
            ),
        );
    }
    let mut shape = x.shape().to_vec();
    let blocks = scale.shape()[axis];
    shape.splice(axis..=axis, [blocks, shape[axis] / blocks]);
    let scale =
        scale.astype(dtype).expand_dims(axis as isize + 1).broadcast_to(shape).reshape(x.shape());
    x.astype(dtype) * scale
}
