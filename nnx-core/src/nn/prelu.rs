//! A rectifier whose negative slope is learned.

use super::builder::builder;
use super::dtypes::promote;
use super::layer::layers;
use crate::array::{AsArray, full, one_program, select};
use crate::graph::Array;
use crate::module::{Metadata, Param, called};
use crate::value::DType;
use std::slice;

/// x where x ≥ 0, else `negative_slope` · x (He et al. 2015). `flax.nnx.PReLU`.
///
/// ```
/// use nnx::{Array, nn::PReLU};
///
/// let layer = PReLU::new();
/// let y = layer.forward(Array::from([-1.0_f32, 2.0]));
/// assert_eq!(y.to_vec::<f32>(), [-0.01, 2.0]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct PReLU {
    /// The slope of the negative part, a scalar.
    pub negative_slope: Param,
    /// The dtype to compute in; by default that of the input.
    pub dtype: Option<DType>,
}

builder! {
    /// Settings of a [`PReLU`].
    ///
    /// ```
    /// use nnx::{Array, nn::PReLU};
    ///
    /// let layer = PReLU::builder().negative_slope_init(0.25).build();
    /// assert_eq!(layer.forward(Array::scalar(-2.0_f32)).item::<f32>(), -0.5);
    /// ```
    PReLUBuilder;
    given {}
    settings {
        /// How the slope starts. Default: 0.01.
        negative_slope_init: f64 = 0.01,
        /// Notes on the slope. Default: none.
        negative_slope_metadata: Metadata = Metadata::default(),
        /// The dtype of the slope. Default: f32.
        param_dtype: DType = DType::F32,
    }
    optional {
        /// The dtype to compute in. Default: that of the input.
        dtype: DType,
    }
}

impl PReLUBuilder {
    /// Makes the layer.
    #[track_caller]
    pub fn build(self) -> PReLU {
        let slope = full([0; 0], self.negative_slope_init, self.param_dtype);
        let slope = Param::new(slope).with_all_metadata(self.negative_slope_metadata);
        PReLU { negative_slope: slope, dtype: self.dtype }
    }
}

impl Default for PReLU {
    fn default() -> PReLU {
        PReLU::new()
    }
}

impl PReLU {
    /// The layer with default settings.
    #[track_caller]
    pub fn new() -> PReLU {
        PReLU::builder().build()
    }

    /// A layer with other settings.
    pub fn builder() -> PReLUBuilder {
        PReLUBuilder::with_defaults()
    }

    /// A result of the shape of `x`.
    ///
    /// ```
    /// use nnx::{Array, nn::PReLU};
    ///
    /// let mut layer = PReLU::new();
    /// layer.negative_slope.set(Array::scalar(0.5_f32)); // as training would
    /// let y = layer.forward(Array::from([-2.0_f32, 0.0, 3.0]));
    /// assert_eq!(y.to_vec::<f32>(), [-1.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        self.run(x.as_array())
    }

    #[track_caller]
    fn run(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        call.returns(one_program("PReLU", slice::from_ref(x), |args| {
            let (x, slope) = match self.dtype {
                Some(_) => {
                    let arrays = [Some(&args[0]), Some(self.negative_slope.value())];
                    let [Some(x), Some(slope)] = promote("PReLU", arrays, self.dtype, None) else {
                        unreachable!("arrays that were there stay")
                    };
                    (x, slope)
                }
                None => (args[0].clone(), self.negative_slope.astype(args[0].dtype())),
            };
            select(x.ge(0), &x, &(slope * &x))
        }))
    }
}

layers!(PReLU);
