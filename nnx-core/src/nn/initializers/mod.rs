//! How parameters start: a function of a key, a shape and a dtype. `jax.nn.initializers`.
//!
//! ```
//! use nnx::{DType, nn::initializers, random};
//! let kernel = initializers::he_normal().call(&random::key(0), [3, 3, 16, 32], DType::F32);
//! assert!((kernel.std(..).item::<f32>() - 0.1179).abs() < 0.01); // √(2/(3 · 3 · 16))
//! ```

mod sample;

use super::by_address::by_address;
use crate::array::{IntoAxes, IntoShape, dim, invalid, shape_of};
use crate::graph::Array;
use crate::random::Key;
use crate::value::{Aval, DType};

/// How a parameter starts. Static data: it can be compared and hashed.
///
/// ```
/// use nnx::{DType, nn::Linear, nn::initializers, random, random::Rngs};
/// let init = initializers::normal(0.02);
/// let table = init.call(&random::key(0), [50, 40], DType::F32);
/// assert!((table.std(..).item::<f32>() - 0.02).abs() < 2e-3);
/// let layer = Linear::builder(3, 4).kernel_init(init).build(&mut Rngs::new(0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Initializer {
    rule: InitRule,
    in_axes: Vec<isize>,
    out_axes: Vec<isize>,
    batch_axes: Vec<isize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum InitRule {
    Constant(InitFloat),
    Uniform(InitFloat),
    Normal(InitFloat),
    TruncatedNormal { stddev: InitFloat, lower: InitFloat, upper: InitFloat },
    VarianceScaling { scale: InitFloat, mode: FanMode, distribution: Distribution },
    Orthogonal { scale: InitFloat, column_axis: isize },
    DeltaOrthogonal { scale: InitFloat, column_axis: isize },
    Custom(Custom),
}

/// A float that is compared by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct InitFloat(u64);

impl InitFloat {
    fn new(value: f64) -> InitFloat {
        InitFloat(value.to_bits())
    }
    fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl std::fmt::Debug for InitFloat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// A function of one's own that makes a parameter's first value.
///
/// ```
/// use nnx::{DType, array, nn::initializers, random};
/// let ramp: initializers::InitFn = |_key, shape, dtype| array::arange(shape[0], dtype);
/// assert_eq!(ramp(&random::key(0), &[3], DType::F32).to_vec::<f32>(), [0.0, 1.0, 2.0]);
/// ```
pub type InitFn = fn(&Key, &[usize], DType) -> Array;

by_address! {
    /// A user's function.
    Custom(InitFn)
}

/// The divisor of the variance in [`variance_scaling`].
///
/// ```
/// use nnx::{DType, nn::initializers::{Distribution, FanMode, variance_scaling}, random};
/// let init = variance_scaling(1.0, FanMode::FanOut, Distribution::Normal);
/// let kernel = init.call(&random::key(0), [4, 100], DType::F32);
/// assert!((kernel.std(..).item::<f32>() - 0.1).abs() < 0.02); // √(1/100)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FanMode {
    /// The number of inputs.
    FanIn,
    /// The number of outputs.
    FanOut,
    /// The arithmetic mean of both.
    FanAvg,
    /// The geometric mean of both.
    FanGeoAvg,
}

/// The distribution that [`variance_scaling`] draws from.
///
/// ```
/// use nnx::{DType, nn::initializers::{Distribution, FanMode, variance_scaling}, random};
/// let init = variance_scaling(1.0, FanMode::FanIn, Distribution::Uniform);
/// let largest = init.call(&random::key(0), [4, 100], DType::F32).abs().max(..).item::<f32>();
/// assert!(0.8 < largest && largest < 0.8661); // √(3 · 1/4)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// A normal distribution cut at two standard deviations; the variance is that after the cut.
    TruncatedNormal,
    /// A normal distribution.
    Normal,
    /// A uniform distribution around 0.
    Uniform,
}

impl Initializer {
    fn new(rule: InitRule) -> Initializer {
        Initializer { rule, in_axes: vec![-2], out_axes: vec![-1], batch_axes: vec![] }
    }

    /// The axes of the parameter that count as inputs; the second last by default. Only the
    /// initializers made of [`variance_scaling`] look at axes.
    ///
    /// ```
    /// use nnx::{DType, nn::initializers, random};
    /// let init = initializers::lecun_uniform().in_axis(-1).out_axis(-2);
    /// let largest = init.call(&random::key(0), [4, 100], DType::F32).abs().max(..).item::<f32>();
    /// assert!(0.16 < largest && largest < 0.1733); // √(3/100): [outputs, inputs]
    /// ```
    pub fn in_axis(mut self, axes: impl IntoAxes) -> Initializer {
        self.in_axes = given(axes);
        self
    }

    /// The axes of the parameter that count as outputs; the last by default. Axes that are neither
    /// inputs, outputs nor batch are the receptive field of a convolution.
    ///
    /// ```
    /// use nnx::{DType, nn::initializers, random};
    /// let init = initializers::glorot_uniform().in_axis(0).out_axis([1, 2]);
    /// let kernel = init.call(&random::key(0), [4, 5, 20], DType::F32);
    /// let largest = kernel.abs().max(..).item::<f32>();
    /// assert!(0.22 < largest && largest < 0.2403); // √(6/(4 + 5 · 20))
    /// ```
    pub fn out_axis(mut self, axes: impl IntoAxes) -> Initializer {
        self.out_axes = given(axes);
        self
    }

    /// The axes of the parameter that stand for separate parameters; none by default.
    ///
    /// ```
    /// use nnx::{DType, nn::initializers, random};
    /// let init = initializers::lecun_uniform().batch_axis(0);
    /// let kernel = init.call(&random::key(0), [10, 3, 8], DType::F32);
    /// let largest = kernel.abs().max(..).item::<f32>();
    /// assert!(0.9 < largest && largest < 1.0001); // √(3/3): ten kernels of 3 inputs
    /// ```
    pub fn batch_axis(mut self, axes: impl IntoAxes) -> Initializer {
        self.batch_axes = given(axes);
        self
    }

    /// The first value of a parameter.
    ///
    /// ```
    /// use nnx::{DType, nn::initializers, random};
    /// let bias = initializers::constant(0.5).call(&random::key(0), [2, 2], DType::F32);
    /// assert_eq!(bias.to_vec::<f32>(), [0.5; 4]);
    /// ```
    ///
    /// # Panics
    /// Panics if a size is negative, `dtype` is not a float (except for [`constant`], [`zeros`] and
    /// [`ones`]), or the shape has too few axes for the initializer.
    #[track_caller]
    pub fn call(&self, key: &Key, shape: impl IntoShape, dtype: DType) -> Array {
        let shape = shape_of("initializer", shape);
        match &self.rule {
            InitRule::Constant(value) => return crate::array::full(&shape, value.get(), dtype),
            InitRule::Custom(custom) => {
                return self.checked(custom.0(key, &shape, dtype), &shape, dtype);
            }
            _ => {}
        }
        match &self.rule {
            InitRule::Orthogonal { .. } if shape.len() < 2 => {
                invalid("initializer", format!("orthogonal needs at least two axes, got {shape:?}"))
            }
            InitRule::DeltaOrthogonal { .. } => check_delta(&shape),
            _ => {}
        }
        if matches!(self.rule, InitRule::Orthogonal { .. } | InitRule::DeltaOrthogonal { .. })
            && shape.contains(&0)
        {
            return crate::array::zeros(&shape, dtype);
        }
        if !dtype.is_float() {
            invalid("initializer", format!("{self:?} makes floats, not {dtype}"));
        }
        sample::sample(self, key, &shape, dtype)
    }

    /// Checks what a user's function has made.
    #[track_caller]
    fn checked(&self, array: Array, shape: &[usize], dtype: DType) -> Array {
        let asked = Aval::new(dtype, shape);
        if *array.aval() != asked {
            let got = array.aval();
            invalid("initializer", format!("the custom function made {got}, asked for {asked}"));
        }
        array
    }

    /// The variance that variance scaling wants for a parameter.
    #[track_caller]
    fn variance(&self, shape: &[usize], dtype: DType) -> f64 {
        let InitRule::VarianceScaling { scale, mode, .. } = &self.rule else { return 0.0 };
        let aval = Aval::new(dtype, shape);
        if shape.len() < 2 && self.in_axes == [-2] {
            invalid(
                "initializer",
                format!(
                    "{aval} has no inputs and outputs to count: name its axes with `.in_axis(…)` \
                     and `.out_axis(…)`"
                ),
            );
        }
        let (fan_in, fan_out) = (axes_size(&self.in_axes, &aval), axes_size(&self.out_axes, &aval));
        let batch = axes_size(&self.batch_axes, &aval);
        let field = aval.size() as f64 / fan_in / fan_out / batch;
        let (fan_in, fan_out) = (fan_in * field, fan_out * field);
        scale.get()
            / match mode {
                FanMode::FanIn => fan_in,
                FanMode::FanOut => fan_out,
                FanMode::FanAvg => (fan_in + fan_out) / 2.0,
                FanMode::FanGeoAvg => (fan_in * fan_out).sqrt(),
            }
    }
}

/// Refuses a shape that is not the kernel of a convolution with at least as many outputs as inputs.
#[track_caller]
fn check_delta(shape: &[usize]) {
    if !(3..=5).contains(&shape.len()) {
        invalid(
            "initializer",
            format!(
                "delta_orthogonal makes kernels of convolutions, of 3 to 5 axes, not {shape:?}"
            ),
        );
    }
    if shape[shape.len() - 2] > shape[shape.len() - 1] {
        invalid(
            "initializer",
            format!("delta_orthogonal needs at least as many outputs as inputs, got {shape:?}"),
        );
    }
}

/// The axes as the user gave them.
fn given(axes: impl IntoAxes) -> Vec<isize> {
    axes.into_axes().axes.unwrap_or_default()
}

/// How many elements the axes have together.
#[track_caller]
fn axes_size(axes: &[isize], aval: &Aval) -> f64 {
    let mut size = 1;
    for &axis in axes {
        size *= aval.shape()[dim("initializer", axis, aval)];
    }
    size as f64
}

/// Every element is `value`. `jax.nn.initializers.constant`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let bias = initializers::constant(-2.0).call(&random::key(0), [3], DType::I32);
/// assert_eq!(bias.to_vec::<i32>(), [-2; 3]);
/// ```
pub fn constant(value: f64) -> Initializer {
    Initializer::new(InitRule::Constant(InitFloat::new(value)))
}

/// Zeros. `jax.nn.initializers.zeros`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let bias = initializers::zeros().call(&random::key(0), [3], DType::F32);
/// assert_eq!(bias.to_vec::<f32>(), [0.0; 3]);
/// ```
pub fn zeros() -> Initializer {
    constant(0.0)
}

/// Ones. `jax.nn.initializers.ones`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let scale = initializers::ones().call(&random::key(0), [3], DType::F32);
/// assert_eq!(scale.to_vec::<f32>(), [1.0; 3]);
/// ```
pub fn ones() -> Initializer {
    constant(1.0)
}

/// [`zeros`] by its other name. `flax.nnx.initializers.zeros_init`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::zeros_init(), initializers::zeros());
/// ```
pub fn zeros_init() -> Initializer {
    zeros()
}

/// [`ones`] by its other name. `flax.nnx.initializers.ones_init`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::ones_init(), initializers::ones());
/// ```
pub fn ones_init() -> Initializer {
    ones()
}

/// Uniform in [0, `scale`). `jax.nn.initializers.uniform` (default scale 0.01).
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let x = initializers::uniform(0.5).call(&random::key(0), [1000], DType::F32);
/// assert!(x.min(..).item::<f32>() >= 0.0); // not around 0
/// assert!(x.max(..).item::<f32>() < 0.5 && x.max(..).item::<f32>() > 0.45);
/// ```
pub fn uniform(scale: f64) -> Initializer {
    Initializer::new(InitRule::Uniform(InitFloat::new(scale)))
}

/// Normal with mean 0. `jax.nn.initializers.normal` (default `stddev` 0.01).
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let x = initializers::normal(0.5).call(&random::key(0), [1000], DType::F32);
/// assert!((x.square().mean(..).item::<f32>() - 0.25).abs() < 0.03);
/// ```
pub fn normal(stddev: f64) -> Initializer {
    Initializer::new(InitRule::Normal(InitFloat::new(stddev)))
}

/// A standard normal distribution cut at `lower` and `upper`, then multiplied by `stddev`.
/// `jax.nn.initializers.truncated_normal` (default `stddev` 0.01, cut at −2 and 2).
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let init = initializers::truncated_normal(0.1, -1.0, 2.0);
/// let x = init.call(&random::key(0), [1000], DType::F32);
/// let (low, high) = (x.min(..).item::<f32>(), x.max(..).item::<f32>());
/// assert!(-0.1001 < low && low < -0.09 && 0.15 < high && high < 0.2001);
/// ```
pub fn truncated_normal(stddev: f64, lower: f64, upper: f64) -> Initializer {
    Initializer::new(InitRule::TruncatedNormal {
        stddev: InitFloat::new(stddev),
        lower: InitFloat::new(lower),
        upper: InitFloat::new(upper),
    })
}

/// Mean 0 and variance `scale` / n, where `mode` says which n. `jax.nn.initializers.variance_scaling`.
///
/// ```
/// use nnx::nn::initializers::{Distribution, FanMode, he_normal, variance_scaling};
/// assert_eq!(variance_scaling(2.0, FanMode::FanIn, Distribution::TruncatedNormal), he_normal());
/// ```
pub fn variance_scaling(scale: f64, mode: FanMode, distribution: Distribution) -> Initializer {
    Initializer::new(InitRule::VarianceScaling { scale: InitFloat::new(scale), mode, distribution })
}

/// Uniform with variance 1 / mean of inputs and outputs (Glorot & Bengio 2010).
/// `jax.nn.initializers.glorot_uniform`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::glorot_uniform().call(&random::key(0), [50, 100], DType::F32);
/// let largest = kernel.abs().max(..).item::<f32>();
/// assert!(0.195 < largest && largest < 0.2001); // √(6/150)
/// ```
pub fn glorot_uniform() -> Initializer {
    variance_scaling(1.0, FanMode::FanAvg, Distribution::Uniform)
}

/// [`glorot_uniform`] by its other name. `jax.nn.initializers.xavier_uniform`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::xavier_uniform(), initializers::glorot_uniform());
/// ```
pub fn xavier_uniform() -> Initializer {
    glorot_uniform()
}

/// Truncated normal with variance 1 / mean of inputs and outputs (Glorot & Bengio 2010).
/// `jax.nn.initializers.glorot_normal`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::glorot_normal().call(&random::key(0), [50, 150], DType::F32);
/// assert!((kernel.std(..).item::<f32>() - 0.1).abs() < 5e-3); // √(2/200)
/// ```
pub fn glorot_normal() -> Initializer {
    variance_scaling(1.0, FanMode::FanAvg, Distribution::TruncatedNormal)
}

/// [`glorot_normal`] by its other name. `jax.nn.initializers.xavier_normal`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::xavier_normal(), initializers::glorot_normal());
/// ```
pub fn xavier_normal() -> Initializer {
    glorot_normal()
}

/// Uniform with variance 1 / inputs (LeCun et al. 1998). `jax.nn.initializers.lecun_uniform`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::lecun_uniform().call(&random::key(0), [75, 100], DType::F32);
/// let largest = kernel.abs().max(..).item::<f32>();
/// assert!(0.195 < largest && largest < 0.2001); // √(3/75)
/// ```
pub fn lecun_uniform() -> Initializer {
    variance_scaling(1.0, FanMode::FanIn, Distribution::Uniform)
}

/// Truncated normal with variance 1 / inputs (LeCun et al. 1998).
/// `jax.nn.initializers.lecun_normal`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::lecun_normal().call(&random::key(0), [3, 3, 4, 99], DType::F32);
/// assert!((kernel.std(..).item::<f32>() - 1.0 / 6.0).abs() < 0.01); // 3 · 3 · 4 inputs
/// ```
pub fn lecun_normal() -> Initializer {
    variance_scaling(1.0, FanMode::FanIn, Distribution::TruncatedNormal)
}

/// Uniform with variance 2 / inputs (He et al. 2015). `jax.nn.initializers.he_uniform`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::he_uniform().call(&random::key(0), [150, 50], DType::F32);
/// let largest = kernel.abs().max(..).item::<f32>();
/// assert!(0.195 < largest && largest < 0.2001); // √(6/150)
/// ```
pub fn he_uniform() -> Initializer {
    variance_scaling(2.0, FanMode::FanIn, Distribution::Uniform)
}

/// [`he_uniform`] by its other name. `jax.nn.initializers.kaiming_uniform`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::kaiming_uniform(), initializers::he_uniform());
/// ```
pub fn kaiming_uniform() -> Initializer {
    he_uniform()
}

/// Truncated normal with variance 2 / inputs (He et al. 2015). `jax.nn.initializers.he_normal`.
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let kernel = initializers::he_normal().call(&random::key(0), [50, 100], DType::F32);
/// assert!((kernel.std(..).item::<f32>() - 0.2).abs() < 0.01); // √(2/50)
/// ```
pub fn he_normal() -> Initializer {
    variance_scaling(2.0, FanMode::FanIn, Distribution::TruncatedNormal)
}

/// [`he_normal`] by its other name. `jax.nn.initializers.kaiming_normal`.
///
/// ```
/// use nnx::nn::initializers;
/// assert_eq!(initializers::kaiming_normal(), initializers::he_normal());
/// ```
pub fn kaiming_normal() -> Initializer {
    he_normal()
}

/// Orthonormal columns, or rows where there are fewer of them, uniformly distributed, times `scale`
/// (Saxe et al. 2013). The axis `column_axis` counts the columns, all others together the rows.
/// `jax.nn.initializers.orthogonal` (default scale 1 and axis −1).
///
/// ```
/// use nnx::{DType, array, nn::initializers, random};
/// let q = initializers::orthogonal(1.0, -1).call(&random::key(0), [4, 3], DType::F32);
/// assert!((q.t().matmul(&q) - array::eye(3, DType::F32)).abs().max(..).item::<f32>() < 1e-2);
/// ```
pub fn orthogonal(scale: f64, column_axis: isize) -> Initializer {
    Initializer::new(InitRule::Orthogonal { scale: InitFloat::new(scale), column_axis })
}

/// A matrix of [`orthogonal`] at the center of a convolution's kernel, zeros around it (Xiao et al.
/// 2018): the layer starts as a rotation of each place's features. There need to be at least as many
/// outputs as inputs. `jax.nn.initializers.delta_orthogonal` (default scale 1 and axis −1).
///
/// ```
/// use nnx::{DType, nn::initializers, random};
/// let init = initializers::delta_orthogonal(1.0, -1);
/// let kernel = init.call(&random::key(0), [3, 2, 2], DType::F32); // of a `Conv` over a line
/// assert_eq!(kernel.at(0).get().to_vec::<f32>(), [0.0; 4]);
/// assert!((kernel.at(1).get().square().sum(0) - 1.0).abs().max(..).item::<f32>() < 1e-3);
/// ```
pub fn delta_orthogonal(scale: f64, column_axis: isize) -> Initializer {
    Initializer::new(InitRule::DeltaOrthogonal { scale: InitFloat::new(scale), column_axis })
}

/// A function of one's own.
///
/// ```
/// use nnx::{DType, array, nn::initializers, random};
/// let init = initializers::custom(|_key, shape, dtype| array::full(shape, 0.5, dtype));
/// assert_eq!(init.call(&random::key(0), [2], DType::F32).to_vec::<f32>(), [0.5; 2]);
/// ```
pub fn custom(f: InitFn) -> Initializer {
    Initializer::new(InitRule::Custom(Custom(f)))
}
