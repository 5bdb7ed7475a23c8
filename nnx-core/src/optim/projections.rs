//! The nearest points of sets, in the distance of all numbers of a tree together: an [`Array`], a
//! [`Params`](super::Params), a model. `optax.projections`. Leaves that are not real floats stay as they are.
//!
//! ```
//! use nnx::Array;
//! use nnx::optim::projections::projection_l1_ball;
//!
//! let near = projection_l1_ball(&Array::from([3.0_f32, -1.5, 0.5]), 2.0);
//! assert_eq!(near.to_vec::<f32>(), [1.75, -0.25, 0.0]);
//! ```
//!
//! [`Optimizer::put`](super::Optimizer::put) gives projected parameters back to a model.

use crate::array::{arange, concatenate, invalid, where_};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::Module;
use crate::module::walk::{collect_leaves, rebuild};
use crate::run::staged;
use crate::transform::custom_jvp;
use crate::value::DType;

/// The float leaves of trees.
fn floats<M: Module>(tree: &M) -> Vec<Array> {
    let leaves = collect_leaves(tree).into_iter().map(|leaf| leaf.array);
    leaves.filter(|array| array.dtype().is_float()).collect()
}

/// `tree` with the float leaves that `project` makes of those of all trees; one program outside of a trace.
#[track_caller]
fn projected<M: Module, const N: usize>(
    name: &str,
    trees: [&M; N],
    project: impl FnOnce([&[Array]; N]) -> Vec<Array>,
) -> M {
    let all = trees.map(floats);
    let n = all[0].len();
    let shapes = |leaves: &[Array]| -> Vec<Vec<usize>> {
        leaves.iter().map(|leaf| leaf.shape().to_vec()).collect()
    };
    if all.iter().any(|leaves| shapes(leaves) != shapes(&all[0])) {
        let found: Vec<_> = all.iter().map(|leaves| shapes(leaves)).collect();
        invalid(name, format!("needs trees of the same shapes, got {found:?}"));
    }
    let args: Vec<Array> = all.iter().flatten().cloned().collect();
    let outs = or_raise(staged(name, &args, |args| {
        project(std::array::from_fn(|i| &args[i * n..(i + 1) * n]))
    }));
    let mut outs = outs.into_iter().zip(&all[0]);
    rebuild(trees[0], |_, old| match old.dtype().is_float() {
        true => outs.next().map_or_else(|| old.clone(), |(new, old)| new.astype(old.dtype())),
        false => old.clone(),
    })
}

fn each(leaves: &[Array], f: impl Fn(&Array) -> Array) -> Vec<Array> {
    leaves.iter().map(f).collect()
}

/// Σ x · y.
fn vdot(x: &[Array], y: &[Array]) -> Array {
    let products = x.iter().zip(y).map(|(x, y)| (x * y).to_wide().sum(..));
    products.reduce(|a, b| a + b).unwrap_or_else(|| Array::scalar(0.0_f32))
}

fn scaled(x: &[Array], factor: &Array) -> Vec<Array> {
    each(x, |x| x * factor.astype(x.dtype()))
}

#[track_caller]
fn check_scale(name: &str, scale: f64) {
    if scale.is_nan() || scale <= 0.0 {
        invalid(name, format!("scale must be positive, got {scale}"));
    }
}

/// No number is negative. `optax.projections.projection_non_negative`.
///
/// ```
/// use nnx::optim::projections::projection_non_negative;
/// use nnx::{Array, Param};
///
/// let model = [Array::from([-1.0_f32, 2.0]), Array::from([-0.5_f32])].map(Param::new);
/// let [a, b] = projection_non_negative(&model);
/// assert_eq!((a.to_vec::<f32>(), b.item::<f32>()), (vec![0.0, 2.0], 0.0));
/// ```
#[track_caller]
pub fn projection_non_negative<M: Module>(tree: &M) -> M {
    projected("projection_non_negative", [tree], |[x]| each(x, crate::nn::relu))
}

/// Each number is between those of `lower` and `upper`. `optax.projections.projection_box`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_box;
///
/// let (lower, upper) = (Array::from([-1.0_f32; 3]), Array::from([1.0_f32, 1.0, 2.0]));
/// let x = projection_box(&Array::from([-3.0_f32, 0.5, 3.0]), &lower, &upper);
/// assert_eq!(x.to_vec::<f32>(), [-1.0, 0.5, 2.0]);
/// ```
///
/// # Panics
/// Panics if the trees differ in the shapes of their float leaves.
#[track_caller]
pub fn projection_box<M: Module>(tree: &M, lower: &M, upper: &M) -> M {
    projected("projection_box", [tree, lower, upper], |[x, lower, upper]| {
        let bounds = lower.iter().zip(upper);
        x.iter().zip(bounds).map(|(x, (lower, upper))| x.maximum(lower).minimum(upper)).collect()
    })
}

/// Each number is between 0 and `scale`. `optax.projections.projection_hypercube`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_hypercube;
///
/// let x = projection_hypercube(&Array::from([-1.0_f32, 0.5, 3.0]), 2.0);
/// assert_eq!(x.to_vec::<f32>(), [0.0, 0.5, 2.0]);
/// ```
#[track_caller]
pub fn projection_hypercube<M: Module>(tree: &M, scale: f64) -> M {
    projected("projection_hypercube", [tree], |[x]| each(x, |x| x.clip(0.0, scale)))
}

/// Each number is between −`scale` and `scale`. `optax.projections.projection_linf_ball`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_linf_ball;
///
/// let x = projection_linf_ball(&Array::from([-3.0_f32, 0.5]), 1.0);
/// assert_eq!(x.to_vec::<f32>(), [-1.0, 0.5]);
/// ```
#[track_caller]
pub fn projection_linf_ball<M: Module>(tree: &M, scale: f64) -> M {
    projected("projection_linf_ball", [tree], |[x]| each(x, |x| x.clip(-scale, scale)))
}

/// No number is negative, and their sum is 1: values `[n]`.
fn unit_simplex(values: &Array) -> Array {
    let n = values.size();
    // A NaN is first, so that all numbers become NaN.
    let sorted = values.sort(-1).flip(-1);
    let sums = sorted.cumsum(0);
    let counts = (arange(n, DType::I32) + 1).astype(values.dtype());
    let is_in = (1.0 / &counts + (sorted - &sums / &counts)).gt(0.0);
    // The first is in but for a NaN, which the sum is then too.
    let count = is_in.astype(DType::I32).sum(..);
    let sum = sums.take(&(&count - 1), 0);
    let count = count.astype(values.dtype());
    (1.0 / &count + (values - sum / &count)).maximum(0.0)
}

/// [`unit_simplex`], whose derivative is the projection onto the plane of the numbers that are not 0.
fn simplex(values: &Array) -> Array {
    let project = custom_jvp(
        |x: &Array| unit_simplex(x),
        |x: &Array, tangent: &Array| {
            let y = unit_simplex(x);
            let support = y.gt(0.0).astype(x.dtype());
            let mean = (&support * tangent).sum(..) / support.sum(..);
            let tangent = &support * tangent - mean * support;
            (y, tangent)
        },
    );
    project(values)
}

/// The simplex of the absolute sum `scale`, of leaves without negative numbers or with.
fn scaled_simplex(x: &[Array], scale: f64) -> Vec<Array> {
    let flat: Vec<Array> = x.iter().map(|x| x.reshape([x.size()])).collect();
    if flat.iter().all(|x| x.size() == 0) {
        return x.to_vec();
    }
    let all = concatenate(&flat, 0);
    let all = simplex(&(all / scale)) * scale;
    let mut start = 0;
    each_with(x, |x| {
        let piece = all.slice([(start..start + x.size()).into()]).reshape(x.shape());
        start += x.size();
        piece
    })
}

fn each_with(leaves: &[Array], f: impl FnMut(&Array) -> Array) -> Vec<Array> {
    leaves.iter().map(f).collect()
}

fn l1_sphere(x: &[Array], scale: f64) -> Vec<Array> {
    let sizes = scaled_simplex(&each(x, Array::abs), scale);
    x.iter().zip(&sizes).map(|(x, size)| x.sign() * size).collect()
}

/// No number is negative, and the sum of all is `scale`. `optax.projections.projection_simplex`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_simplex;
///
/// let x = projection_simplex(&Array::from([1.5_f32, 1.0, -2.0]), 1.0);
/// assert_eq!(x.to_vec::<f32>(), [0.75, 0.25, 0.0]);
/// ```
///
/// Source: Held et al., "Validation of subgradient optimization", 1974.
///
/// # Panics
/// Panics if `scale` is not positive.
#[track_caller]
pub fn projection_simplex<M: Module>(tree: &M, scale: f64) -> M {
    check_scale("projection_simplex", scale);
    projected("projection_simplex", [tree], |[x]| scaled_simplex(x, scale))
}

/// The sum of the sizes of all numbers is `scale`. `optax.projections.projection_l1_sphere`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_l1_sphere;
///
/// let x = projection_l1_sphere(&Array::from([0.5_f32, -0.25]), 1.0);
/// // Numbers inside of the ball go to its surface.
/// assert_eq!(x.to_vec::<f32>(), [0.625, -0.375]);
/// ```
///
/// # Panics
/// Panics if `scale` is not positive.
#[track_caller]
pub fn projection_l1_sphere<M: Module>(tree: &M, scale: f64) -> M {
    check_scale("projection_l1_sphere", scale);
    projected("projection_l1_sphere", [tree], |[x]| l1_sphere(x, scale))
}

/// The sum of the sizes of all numbers is at most `scale`. `optax.projections.projection_l1_ball`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_l1_ball;
///
/// let x = projection_l1_ball(&Array::from([3.0_f32, -1.5, 0.5]), 2.0);
/// assert_eq!(x.to_vec::<f32>(), [1.75, -0.25, 0.0]);
/// ```
///
/// # Panics
/// Panics if `scale` is not positive.
#[track_caller]
pub fn projection_l1_ball<M: Module>(tree: &M, scale: f64) -> M {
    check_scale("projection_l1_ball", scale);
    projected("projection_l1_ball", [tree], |[x]| {
        let sum = vdot(&each(x, Array::abs), &each(x, |x| x.full_like(1.0)));
        let is_in = sum.le(scale);
        let outside = l1_sphere(x, scale);
        x.iter().zip(&outside).map(|(x, y)| where_(&is_in, x, y)).collect()
    })
}

/// The root of the sum of squares is `scale`. `optax.projections.projection_l2_sphere`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::projections::projection_l2_sphere;
///
/// let x = projection_l2_sphere(&Array::from([0.3_f32, 0.4]), 1.0);
/// assert!(x.allclose(Array::from([0.6_f32, 0.8]), Tolerance::default()).item::<bool>());
/// ```
#[track_caller]
pub fn projection_l2_sphere<M: Module>(tree: &M, scale: f64) -> M {
    projected("projection_l2_sphere", [tree], |[x]| scaled(x, &(scale / vdot(x, x).sqrt())))
}

/// The root of the sum of squares is at most `scale`. `optax.projections.projection_l2_ball`, whose default is 1.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::projections::projection_l2_ball;
///
/// let near = |x: &Array, want: [f32; 2]| {
///     x.allclose(Array::from(want), Tolerance::default()).item::<bool>()
/// };
/// assert!(near(&projection_l2_ball(&Array::from([3.0_f32, 4.0]), 1.0), [0.6, 0.8]));
/// assert!(near(&projection_l2_ball(&Array::from([0.3_f32, 0.4]), 1.0), [0.3, 0.4]));
/// ```
#[track_caller]
pub fn projection_l2_ball<M: Module>(tree: &M, scale: f64) -> M {
    projected("projection_l2_ball", [tree], |[x]| {
        scaled(x, &(scale / vdot(x, x).maximum(scale * scale).sqrt()))
    })
}

/// The part of `x` along `a`. `optax.projections.projection_vector`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_vector;
///
/// let x = projection_vector(&Array::from([3.0_f32, 4.0]), &Array::from([2.0_f32, 0.0]));
/// assert_eq!(x.to_vec::<f32>(), [3.0, 0.0]);
/// ```
///
/// # Panics
/// Panics if the trees differ in the shapes of their float leaves.
#[track_caller]
pub fn projection_vector<M: Module>(x: &M, a: &M) -> M {
    projected("projection_vector", [x, a], |[x, a]| scaled(a, &(vdot(x, a) / vdot(a, a))))
}

/// `x` moved along `a` by `share`.
fn moved(x: &[Array], a: &[Array], share: &Array) -> Vec<Array> {
    x.iter().zip(scaled(a, share)).map(|(x, step)| x + step).collect()
}

/// The product with `a` is `b`. `optax.projections.projection_hyperplane`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_hyperplane;
///
/// let a = Array::from([0.0_f32, 2.0]);
/// let x = projection_hyperplane(&Array::from([3.0_f32, 4.0]), &a, 2.0);
/// // 2 · 1 = 2
/// assert_eq!(x.to_vec::<f32>(), [3.0, 1.0]);
/// ```
///
/// # Panics
/// Panics if the trees differ in the shapes of their float leaves.
#[track_caller]
pub fn projection_hyperplane<M: Module>(x: &M, a: &M, b: f64) -> M {
    projected("projection_hyperplane", [x, a], |[x, a]| {
        moved(x, a, &((b - vdot(x, a)) / vdot(a, a)))
    })
}

/// The product with `a` is at most `b`. `optax.projections.projection_halfspace`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::projections::projection_halfspace;
///
/// let a = Array::from([0.0_f32, 2.0]);
/// let near = projection_halfspace(&Array::from([3.0_f32, 4.0]), &a, 2.0);
/// assert_eq!(near.to_vec::<f32>(), [3.0, 1.0]);
/// // 2 · −4 is less than 2.
/// let same = projection_halfspace(&Array::from([3.0_f32, -4.0]), &a, 2.0);
/// assert_eq!(same.to_vec::<f32>(), [3.0, -4.0]);
/// ```
///
/// # Panics
/// Panics if the trees differ in the shapes of their float leaves.
#[track_caller]
pub fn projection_halfspace<M: Module>(x: &M, a: &M, b: f64) -> M {
    projected("projection_halfspace", [x, a], |[x, a]| {
        moved(x, a, &((b - vdot(x, a)) / vdot(a, a)).minimum(0.0))
    })
}
