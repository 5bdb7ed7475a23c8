//! Activation functions. `jax.nn`.
//!
//! All work elementwise and keep shape and dtype unless they say otherwise; integers become f32
//! where the function makes fractions. The derivatives are JAX's, at the kinks too.
//!
//! Those of one array take `&Array`, because layers and transforms take them as values, which generic functions
//! cannot be; each is a method too. The others take their array in every form.

use crate::array::{AsArray, IntoAxes, invalid, keepdims, one_program, real_only, select, where_};
pub use crate::array::{logaddexp, logsumexp, one_hot, softmax};
use crate::graph::{Array, Jvp, Tangent};
use crate::ops::{CustomJvp, custom_jvp};
use std::slice;

/// x itself. `jax.nn.identity`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-1.0_f32, 0.5]);
/// assert_eq!(nn::identity(&x).to_vec::<f32>(), [-1.0, 0.5]);
/// ```
#[track_caller]
pub fn identity(x: &Array) -> Array {
    x.clone()
}

/// max(x, 0). The derivative at 0 is 0. `jax.nn.relu`.
///
/// ```
/// use nnx::{Array, grad, nn};
///
/// let x = Array::from([-1.0_f32, 0.0, 2.0]);
/// assert_eq!(nn::relu(&x).to_vec::<f32>(), [0.0, 0.0, 2.0]);
/// let slope = grad(|x: &Array| nn::relu(x).sum(..), &x);
/// assert_eq!(slope.to_vec::<f32>(), [0.0, 0.0, 1.0]);
/// ```
#[track_caller]
pub fn relu(x: &Array) -> Array {
    custom_jvp(Relu, &[x])
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Relu;

impl CustomJvp for Relu {
    const NAME: &'static str = "relu";
    fn body(&self, args: &[Array]) -> Array {
        args[0].maximum(0)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let t = cx.tangent(0)?;
        Some(select(cx.primals[0].gt(0), t, t.zeros_like()))
    }
}

/// min(max(x, 0), 6); integers become f32. The derivative at 0 and 6 is 0. `jax.nn.relu6`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-1.0_f32, 3.0, 8.0]);
/// assert_eq!(nn::relu6(&x).to_vec::<f32>(), [0.0, 3.0, 6.0]);
/// ```
#[track_caller]
pub fn relu6(x: &Array) -> Array {
    custom_jvp(Relu6, &[&x.to_inexact()])
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Relu6;

impl CustomJvp for Relu6 {
    const NAME: &'static str = "relu6";
    fn body(&self, args: &[Array]) -> Array {
        args[0].maximum(0).minimum(6)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        let (x, t) = (&cx.primals[0], cx.tangent(0)?);
        Some(select(&(x.gt(0) & x.lt(6)), t, t.zeros_like()))
    }
}

/// log(1 + eˣ). `jax.nn.softplus`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::softplus(&Array::from([-1.0_f32, 0.0, 1000.0])); // without overflow
/// let expected = Array::from([0.31326_f32, 0.69315, 1000.0]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn softplus(x: &Array) -> Array {
    logaddexp(x, 0.0)
}

/// x / (1 + |x|). `jax.nn.soft_sign`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-1.0_f32, 0.0, 3.0]);
/// assert_eq!(nn::soft_sign(&x).to_vec::<f32>(), [-0.5, 0.0, 0.75]);
/// ```
#[track_caller]
pub fn soft_sign(x: &Array) -> Array {
    one_program("soft_sign", slice::from_ref(x), |args| &args[0] / (args[0].abs() + 1))
}

/// 1 / (1 + e⁻ˣ). `jax.nn.sigmoid`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::sigmoid(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([0.26894_f32, 0.5, 0.88080]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn sigmoid(x: &Array) -> Array {
    x.sigmoid()
}

/// log(sigmoid(x)) = −softplus(−x). `jax.nn.log_sigmoid`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::log_sigmoid(&Array::from([-1000.0_f32, 0.0, 2.0])); // finite where sigmoid is 0
/// let expected = Array::from([-1000.0_f32, -0.69315, -0.12693]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn log_sigmoid(x: &Array) -> Array {
    -softplus(&-x)
}

/// x · tanh(log(1 + eˣ)) (Misra 2019). `jax.nn.mish`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::mish(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-0.30340_f32, 0.0, 1.94396]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn mish(x: &Array) -> Array {
    one_program("mish", slice::from_ref(x), |args| &args[0] * softplus(&args[0]).tanh())
}

/// (x + √(x² + b)) / 2, a smooth [`relu`] without exponentials (Barron 2021).
/// `jax.nn.squareplus` (default `b` 4).
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::squareplus(Array::from([-1.5_f32, 0.0, 1.5]), 4.0);
/// assert!((y - Array::from([0.5_f32, 1.0, 2.0])).abs().max(..).item::<f32>() < 1e-5);
/// // With b = 0 it is relu.
/// let y = nn::squareplus(Array::from([-3.0_f32, 4.0]), 0.0);
/// assert!((y - Array::from([0.0_f32, 4.0])).abs().max(..).item::<f32>() < 1e-5);
/// ```
#[track_caller]
pub fn squareplus(x: impl AsArray, b: f64) -> Array {
    one_program("squareplus", slice::from_ref(x.as_array()), |args| {
        (&args[0] + (args[0].square() + b).sqrt()) * 0.5
    })
}

/// log(1 − e⁻ˣ) for positive x, without loss of digits (Mächler 2012). `jax.nn.log1mexp`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::log1mexp(&Array::from([1e-3_f32, 1.0, 20.0]));
/// let expected = Array::from([-6.90826_f32, -0.458675, -2.06115e-9]);
/// assert!((y / expected - 1.0).abs().max(..).item::<f32>() < 1e-4); // all digits, not just size
/// ```
#[track_caller]
pub fn log1mexp(x: &Array) -> Array {
    custom_jvp(Log1mExp, &[&x.to_inexact()])
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Log1mExp;

impl CustomJvp for Log1mExp {
    const NAME: &'static str = "log1mexp";
    fn body(&self, args: &[Array]) -> Array {
        let x = &args[0];
        let small = x.lt(std::f64::consts::LN_2);
        select(&small, (-(-x).expm1()).log(), (-(-x).exp()).log1p())
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Tangent {
        // In one form for both branches: that of each is 0 · ∞ where the other is meant.
        Some(cx.tangent(0)? / cx.primals[0].expm1())
    }
}

/// The logarithm of the mean of eˣ along the axes, without overflow. `jax.nn.logmeanexp`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([[1000.0_f32, 1002.0], [3.0, 3.0]]);
/// let y = nn::logmeanexp(&x, -1); // of each row
/// assert!((y - Array::from([1001.4338_f32, 3.0])).abs().max(..).item::<f32>() < 1e-3);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn logmeanexp(x: impl AsArray, axes: impl IntoAxes) -> Array {
    let x = x.as_array();
    let sum = logsumexp(x, axes);
    let count = x.size() as f64 / sum.size().max(1) as f64;
    sum - count.ln()
}

/// x · sigmoid(x), also called [`swish`]. `jax.nn.silu`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::silu(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-0.26894_f32, 0.0, 1.76159]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn silu(x: &Array) -> Array {
    one_program("silu", slice::from_ref(x), |args| &args[0] * args[0].sigmoid())
}

/// [`silu`] by its other name: x · sigmoid(x) (Ramachandran et al. 2017). `jax.nn.swish`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::swish(&Array::scalar(2.0_f32));
/// assert!((y.item::<f32>() - 1.76159).abs() < 1e-4);
/// ```
#[track_caller]
pub fn swish(x: &Array) -> Array {
    silu(x)
}

/// tanh(x). `jax.numpy.tanh`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::tanh(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-0.76159_f32, 0.0, 0.96403]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn tanh(x: &Array) -> Array {
    x.tanh()
}

/// The Gaussian error linear unit by its tanh approximation,
/// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks & Gimpel 2016). `jax.nn.gelu`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::gelu(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-0.158808_f32, 0.0, 1.954598]); // gelu_exact: -0.158655, …
/// assert!((y - expected).abs().max(..).item::<f32>() < 5e-5);
/// ```
#[track_caller]
pub fn gelu(x: &Array) -> Array {
    one_program("gelu", &[x.to_inexact()], |args| {
        let x = &args[0];
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
        let cdf = 0.5 * (1.0 + inner.tanh());
        x * cdf
    })
}

/// The Gaussian error linear unit, x · Φ(x) with the normal distribution function Φ.
/// `jax.nn.gelu` with `approximate=False`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::gelu_exact(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-0.158655_f32, 0.0, 1.954500]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 5e-5);
/// ```
#[track_caller]
pub fn gelu_exact(x: &Array) -> Array {
    one_program("gelu_exact", &[x.to_inexact()], |args| {
        let x = &args[0];
        0.5 * x * (-x * 0.5_f64.sqrt()).erfc()
    })
}

/// x where it is positive, `alpha` · (eˣ − 1) elsewhere (Clevert et al. 2015). `jax.nn.elu`
/// (default `alpha` 1).
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::elu(Array::from([-1.0_f32, 0.0, 2.0]), 0.5);
/// let expected = Array::from([-0.31606_f32, 0.0, 2.0]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn elu(x: impl AsArray, alpha: f64) -> Array {
    let x = x.as_array();
    one_program("elu", &[x.to_inexact()], |args| {
        let x = &args[0];
        let positive = x.gt(0);
        // Without the inner choice the unused branch could overflow and make the gradient NaN.
        let negative = select(&positive, x.zeros_like(), x);
        select(&positive, x, &(alpha * negative.expm1()))
    })
}

/// max(x, 0) + `alpha` · (e^(min(x, 0) / alpha) − 1) (Barron 2017). `jax.nn.celu` (default `alpha`
/// 1).
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::celu(Array::from([-1.0_f32, 0.0, 2.0]), 0.5); // elu has -0.31606
/// let expected = Array::from([-0.43233_f32, 0.0, 2.0]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn celu(x: impl AsArray, alpha: f64) -> Array {
    one_program("celu", slice::from_ref(x.as_array()), |args| {
        args[0].maximum(0.0) + alpha * (args[0].minimum(0.0) / alpha).expm1()
    })
}

/// [`elu`] scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017).
/// `jax.nn.selu`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::selu(&Array::from([-1.0_f32, 0.0, 2.0]));
/// let expected = Array::from([-1.11133_f32, 0.0, 2.10140]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
#[track_caller]
pub fn selu(x: &Array) -> Array {
    const ALPHA: f64 = 1.673_263_242_354_377_2;
    const SCALE: f64 = 1.050_700_987_355_480_5;
    SCALE * elu(x, ALPHA)
}

/// [`relu6`] of x + 3, divided by 6. `jax.nn.hard_sigmoid`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-3.0_f32, 0.0, 1.5, 3.0]);
/// assert_eq!(nn::hard_sigmoid(&x).to_vec::<f32>(), [0.0, 0.5, 0.75, 1.0]);
/// ```
#[track_caller]
pub fn hard_sigmoid(x: &Array) -> Array {
    relu6(&(x + 3.0)) / 6.0
}

/// x times [`hard_sigmoid`] of x, also called [`hard_swish`]. `jax.nn.hard_silu`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-4.0_f32, -1.5, 1.5, 4.0]);
/// assert_eq!(nn::hard_silu(&x).to_vec::<f32>(), [0.0, -0.375, 1.125, 4.0]);
/// ```
#[track_caller]
pub fn hard_silu(x: &Array) -> Array {
    x * hard_sigmoid(x)
}

/// [`hard_silu`] by its other name: x times [`hard_sigmoid`] of x (Howard et al. 2019).
/// `jax.nn.hard_swish`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-4.0_f32, 1.5, 4.0]);
/// assert_eq!(nn::hard_swish(&x).to_vec::<f32>(), [0.0, 1.125, 4.0]);
/// ```
#[track_caller]
pub fn hard_swish(x: &Array) -> Array {
    hard_silu(x)
}

/// x cut at −1 and 1. `jax.nn.hard_tanh`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-2.0_f32, 0.5, 3.0]);
/// assert_eq!(nn::hard_tanh(&x).to_vec::<f32>(), [-1.0, 0.5, 1.0]);
/// ```
#[track_caller]
pub fn hard_tanh(x: &Array) -> Array {
    one_program("hard_tanh", slice::from_ref(x), |args| {
        let x = &args[0];
        where_(x.gt(1), 1, where_(x.lt(-1), -1, x))
    })
}

/// 0 up to −1, x from 1 on, (x + 1)² / 4 between (Blondel and others, "Learning with Fenchel-Young
/// losses"); integers become f32. `jax.nn.sparse_plus`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-2.0_f32, 0.0, 0.5, 2.0]);
/// assert_eq!(nn::sparse_plus(&x).to_vec::<f32>(), [0.0, 0.25, 0.5625, 2.0]);
/// ```
#[track_caller]
pub fn sparse_plus(x: &Array) -> Array {
    one_program("sparse_plus", &[x.to_inexact()], |args| {
        let x = &args[0];
        let between = (x + 1.0).square() / 4.0;
        where_(x.le(-1.0), 0.0, where_(x.ge(1.0), x, between))
    })
}

/// The slope of [`sparse_plus`]: (x + 1) / 2, cut at 0 and 1; integers become f32.
/// `jax.nn.sparse_sigmoid`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-2.0_f32, 0.0, 0.5, 2.0]);
/// assert_eq!(nn::sparse_sigmoid(&x).to_vec::<f32>(), [0.0, 0.5, 0.75, 1.0]);
/// ```
#[track_caller]
pub fn sparse_sigmoid(x: &Array) -> Array {
    one_program("sparse_sigmoid", &[x.to_inexact()], |args| (&args[0] + 1.0).clip(0.0, 2.0) * 0.5)
}

/// x where it is not negative, `negative_slope` · x elsewhere. `jax.nn.leaky_relu` (default slope
/// 0.01).
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([-2.0_f32, 0.0, 3.0]);
/// assert_eq!(nn::leaky_relu(&x, 0.25).to_vec::<f32>(), [-0.5, 0.0, 3.0]);
/// ```
#[track_caller]
pub fn leaky_relu(x: impl AsArray, negative_slope: f64) -> Array {
    one_program("leaky_relu", slice::from_ref(x.as_array()), |args| {
        where_(args[0].ge(0), &args[0], negative_slope * &args[0])
    })
}

/// The first half along `axis` times the sigmoid of the second (Dauphin et al. 2016): the axis
/// halves. `jax.nn.glu`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let x = Array::from([[1.0_f32, 2.0, 0.0, 3.0]]);
/// let y = nn::glu(&x, -1); // [1, 2]: 1 · sigmoid(0), 2 · sigmoid(3)
/// assert!((y - Array::from([[0.5_f32, 1.90515]])).abs().max(..).item::<f32>() < 1e-4);
/// ```
///
/// # Panics
/// Panics if there is no such axis or its size is odd.
#[track_caller]
pub fn glu(x: impl AsArray, axis: isize) -> Array {
    glu_of(x.as_array(), axis)
}

#[track_caller]
fn glu_of(x: &Array, axis: isize) -> Array {
    let size = x.shape()[crate::array::dim("glu", axis, x.aval())];
    if !size.is_multiple_of(2) {
        invalid("glu", format!("axis {axis} of {} cannot be halved", x.aval()));
    }
    one_program("glu", slice::from_ref(x), |args| {
        let halves = args[0].split(2, axis);
        &halves[0] * halves[1].sigmoid()
    })
}

/// log(softmax(x)) along the axes, without overflow. `jax.nn.log_softmax`.
///
/// ```
/// use nnx::{Array, nn};
///
/// let logits = Array::from([[0.0_f32, 0.0], [1000.0, 1001.0]]);
/// let y = nn::log_softmax(&logits, -1); // along each row
/// let expected = Array::from([[-0.69315_f32, -0.69315], [-1.31326, -0.31326]]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn log_softmax(x: impl AsArray, axes: impl IntoAxes) -> Array {
    let x = x.as_array();
    let axes = keepdims(axes);
    one_program("log_softmax", &[x.to_inexact()], |args| {
        let x = &args[0];
        let shifted = x - x.max(axes.clone()).stop_gradient();
        let log_sum = shifted.exp().sum(axes).log();
        shifted - log_sum
    })
}

/// x less its mean, divided by its standard deviation along the axes: (x − mean) /
/// √(variance + `epsilon`), with the variance as mean(x²) − mean². `jax.nn.standardize` (default
/// `epsilon` 1e-5).
///
/// ```
/// use nnx::{Array, nn};
///
/// let y = nn::standardize(Array::from([[1.0_f32, 2.0, 3.0], [0.0, 0.0, 6.0]]), -1, 1e-5);
/// let expected = Array::from([[-1.22474_f32, 0.0, 1.22474], [-0.70711, -0.70711, 1.41421]]);
/// assert!((y - expected).abs().max(..).item::<f32>() < 1e-4);
/// ```
///
/// # Panics
/// Panics if there is no such axis.
#[track_caller]
pub fn standardize(x: impl AsArray, axes: impl IntoAxes, epsilon: f64) -> Array {
    let x = x.as_array();
    let axes = keepdims(axes);
    one_program("standardize", slice::from_ref(x), |args| {
        let x = &args[0];
        real_only("standardize", x);
        let mean = x.mean(axes.clone());
        let variance = (x.square().mean(axes) - mean.square()).maximum(0.0);
        (x - mean) * (variance + epsilon).rsqrt()
    })
}
