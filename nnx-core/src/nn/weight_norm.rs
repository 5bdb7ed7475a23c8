//! A layer whose weights have learned norms.

use super::initializers;
use super::initializers::Initializer;
use super::layer::Layer;
use crate::array::{AsArray, IntoAxes, dim, invalid};
use crate::graph::Array;
use crate::module::called;
use crate::module::walk::{for_each_leaf, for_each_leaf_mut};
use crate::module::{Filter, HasKind, Param, path_contains};
use crate::random::Rngs;
use crate::value::{DType, promote_dtypes};
use std::collections::BTreeMap;

const LAYER: &str = "WeightNorm";

/// A layer whose weights are divided by their L2 norm and multiplied by a scale before each call
/// (Salimans & Kingma 2016). `flax.nnx.WeightNorm`.
///
/// As in Flax the normalized weights stay in the layer, and the scales are plain arrays, which no
/// optimizer of parameters changes.
///
/// ```
/// use nnx::nn::{Linear, WeightNorm};
/// use nnx::{Array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut linear = Linear::new(2, 1, &mut rngs);
/// linear.kernel.set(Array::from([[3.0_f32], [4.0]])); // of the norm 5
/// let mut layer = WeightNorm::new(linear, &mut rngs);
/// layer.scales.insert("kernel".into(), Array::from([10.0_f32]));
/// let y = layer.forward(Array::from([1.0_f32, 0.0]));
/// assert!((y.to_vec::<f32>()[0] - 6.0).abs() < 1e-4); // 10 · 3/5
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct WeightNorm<L: Layer> {
    /// The layer.
    pub layer_instance: L,
    /// The factors of each normalized weight, by its path: one number per feature.
    pub scales: BTreeMap<String, Array>,
    /// The paths of the weights that are normalized.
    pub weights: Vec<String>,
    /// The axes with a norm for each element; the others are summed over.
    pub feature_axes: Vec<isize>,
    /// The number added to a squared norm before the square root.
    pub epsilon: f64,
    /// The dtype of the normalized weights; by default the promoted dtype of weight and scale.
    pub dtype: Option<DType>,
}

/// Settings of a [`WeightNorm`].
///
/// ```
/// use nnx::nn::{Linear, WeightNorm, initializers};
/// use nnx::random::Rngs;
///
/// let mut rngs = Rngs::new(0);
/// let settings = WeightNorm::builder(Linear::new(4, 5, &mut rngs)).epsilon(1e-8);
/// let layer = settings.scale_init(initializers::constant(2.0)).build(&mut rngs);
/// assert_eq!(layer.scales["kernel"].to_vec::<f32>(), [2.0; 5]);
/// ```
#[must_use = "a builder makes nothing until `build` is called"]
pub struct WeightNormBuilder<L> {
    layer: L,
    feature_axes: Vec<isize>,
    use_scale: bool,
    scale_init: Initializer,
    epsilon: f64,
    dtype: Option<DType>,
    variable_filter: Box<dyn Filter>,
}

impl<L: Layer> WeightNormBuilder<L> {
    /// The axes with a norm for each element; `[0; 0]` for one norm of the whole weight. Default:
    /// the last.
    ///
    /// ```
    /// use nnx::nn::{Linear, WeightNorm};
    /// use nnx::{Array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut linear = Linear::new(2, 2, &mut rngs);
    /// linear.kernel.set(Array::from([[1.0_f32, 1.0], [1.0, 1.0]]));
    /// // One norm of the whole kernel, which is 2.
    /// let mut layer = WeightNorm::builder(linear).feature_axes([0; 0]).build(&mut rngs);
    /// let y = layer.forward(Array::from([1.0_f32, 1.0]));
    /// assert!((y - 1.0).abs().max(..).item::<f32>() < 1e-5);
    /// ```
    pub fn feature_axes(mut self, axes: impl IntoAxes) -> Self {
        self.feature_axes = axes.into_axes().axes.unwrap_or_default();
        self
    }

    /// Whether normalized weights are multiplied by a scale. Default: true.
    ///
    /// ```
    /// use nnx::nn::{Linear, WeightNorm};
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = WeightNorm::builder(Linear::new(4, 5, &mut rngs)).use_scale(false);
    /// assert!(settings.build(&mut rngs).scales.is_empty());
    /// ```
    pub fn use_scale(mut self, use_scale: bool) -> Self {
        self.use_scale = use_scale;
        self
    }

    /// How scales start. Default: ones.
    pub fn scale_init(mut self, init: Initializer) -> Self {
        self.scale_init = init;
        self
    }

    /// The number added to a squared norm before the square root. Default: 1e-12.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The dtype of the normalized weights. Default: the promoted dtype of weight and scale.
    ///
    /// ```
    /// use nnx::nn::{Linear, WeightNorm};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = WeightNorm::builder(Linear::new(4, 5, &mut rngs)).dtype(DType::BF16);
    /// let mut layer = settings.build(&mut rngs);
    /// layer.forward(array::ones([3, 4], DType::BF16));
    /// assert_eq!(layer.layer_instance.kernel.dtype(), DType::BF16);
    /// ```
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Which parameters are normalized. Default: those with `kernel` in their path.
    ///
    /// ```
    /// use nnx::nn::{Linear, WeightNorm};
    /// use nnx::{path_contains, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let settings = WeightNorm::builder(Linear::new(4, 5, &mut rngs));
    /// let layer = settings.variable_filter(path_contains("bias")).build(&mut rngs);
    /// assert_eq!(layer.weights, ["bias"]);
    /// ```
    pub fn variable_filter(mut self, filter: impl Filter + 'static) -> Self {
        self.variable_filter = Box::new(filter);
        self
    }

    /// Makes the layer, with keys of the stream `params`.
    ///
    /// # Panics
    /// Panics if a weight lacks a feature axis.
    #[track_caller]
    pub fn build(self, rngs: &mut Rngs) -> WeightNorm<L> {
        let mut chosen = BTreeMap::new();
        for_each_leaf(&self.layer, |path, leaf| {
            let param = leaf.kind.is_some_and(|kind| kind.is(<Param as HasKind>::VARIABLE_KIND));
            if param && self.variable_filter.matches(path, &leaf) {
                chosen.insert(path.clone(), leaf.value.aval().clone());
            }
        });
        let mut shapes = BTreeMap::new();
        for (path, aval) in chosen {
            let mut shape = Vec::new();
            for &axis in &self.feature_axes {
                shape.push(aval.shape()[dim(LAYER, axis, &aval)]);
            }
            shapes.insert(path, shape);
        }
        let weights = shapes.keys().map(|path| path.dotted()).collect();
        let scales = match self.use_scale {
            true => shapes
                .iter()
                .map(|(path, shape)| {
                    let scale = self.scale_init.call(&rngs.params(), shape, DType::F32);
                    (path.dotted(), scale)
                })
                .collect(),
            false => BTreeMap::new(),
        };
        WeightNorm {
            layer_instance: self.layer,
            scales,
            weights,
            feature_axes: self.feature_axes,
            epsilon: self.epsilon,
            dtype: self.dtype,
        }
    }
}

/// The dimension that an axis means, if there is one.
fn try_dim(axis: isize, rank: usize) -> Option<usize> {
    let d = if axis < 0 { axis + rank as isize } else { axis };
    usize::try_from(d).ok().filter(|&d| d < rank)
}

/// The message about a weight that was exchanged.
fn changed(path: &str, weight: &Array) -> String {
    format!(
        "`{path}` is {}, for which its scale was not made: make the layer again when the wrapped \
         layer's weights have changed their shapes",
        weight.aval()
    )
}

impl<L: Layer> WeightNorm<L> {
    /// The layer with default settings.
    #[track_caller]
    pub fn new(layer: L, rngs: &mut Rngs) -> WeightNorm<L> {
        WeightNorm::builder(layer).build(rngs)
    }

    /// A layer with other settings.
    pub fn builder(layer: L) -> WeightNormBuilder<L> {
        WeightNormBuilder {
            layer,
            feature_axes: vec![-1],
            use_scale: true,
            scale_init: initializers::ones(),
            epsilon: 1e-12,
            dtype: None,
            variable_filter: Box::new(path_contains("kernel")),
        }
    }

    /// The layer's result with normalized weights.
    ///
    /// ```
    /// use nnx::nn::{Linear, WeightNorm};
    /// use nnx::{DType, array, random::Rngs};
    ///
    /// let mut rngs = Rngs::new(0);
    /// let mut layer = WeightNorm::new(Linear::new(4, 5, &mut rngs), &mut rngs);
    /// layer.forward(array::ones([3, 4], DType::F32));
    /// let norms = layer.layer_instance.kernel.square().sum(0); // the normalized weights stay
    /// assert!((norms - 1.0).abs().max(..).item::<f32>() < 1e-4);
    /// ```
    ///
    /// # Panics
    /// Panics if a weight has another shape than when the layer was made, or as the layer does.
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&mut self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let (scales, weights) = (&self.scales, &self.weights);
        let (axes, epsilon, dtype) = (&self.feature_axes, self.epsilon, self.dtype);
        let mut mistake = None;
        for_each_leaf_mut(&mut self.layer_instance, |path, leaf| {
            let path = path.dotted();
            if mistake.is_some() || !weights.contains(&path) {
                return;
            }
            let weight = leaf.value.clone();
            let place = |&axis: &isize| try_dim(axis, weight.rank());
            let Some(features) = axes.iter().map(place).collect::<Option<Vec<usize>>>() else {
                mistake = Some(changed(&path, &weight));
                return;
            };
            let (mut summed, mut shape) = (Vec::new(), weight.shape().to_vec());
            for (d, size) in shape.iter_mut().enumerate() {
                if !features.contains(&d) {
                    summed.push(d);
                    *size = 1;
                }
            }
            let square = (&weight * &weight).sum(summed.as_slice()).reshape(&shape);
            let mut normal = &weight * (square + epsilon).rsqrt();
            let mut own = weight.dtype();
            if let Some(scale) = scales.get(&path) {
                let sizes: Vec<usize> = features.iter().map(|&d| weight.shape()[d]).collect();
                if scale.shape() != sizes {
                    mistake = Some(changed(&path, &weight));
                    return;
                }
                own = promote_dtypes(own, scale.dtype());
                normal *= scale.reshape(&shape);
            }
            *leaf.value = normal.astype(dtype.unwrap_or(own));
        });
        if let Some(mistake) = mistake {
            invalid(LAYER, mistake);
        }
        call.returns(self.layer_instance.forward(x))
    }
}

impl<L: Layer> Layer for WeightNorm<L> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        WeightNorm::forward(self, x)
    }
}
