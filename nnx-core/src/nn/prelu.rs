//! A rectifier whose negative slope is learned.

use super::builder::builder;
use super::dtypes::promote;
use super::layer::layers;
use crate::array::{full, one_program, select};
use crate::graph::Array;
use crate::module::Param;
use crate::module::called;
use crate::value::DType;
use std::slice;

/// x where x ≥ 0, else `negative_slope` · x (He et al. 2015). `flax.nnx.PReLU`.
///
/// ```no_run
/// use nnx::{Array, nn::PReLU};
///
/// let layer = PReLU::new();
/// let y = layer.forward(&Array::from_slice(&[-1.0_f32, 2.0], [2])); // -0.01, 2
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
    PReLUBuilder;
    given {}
    settings {
        /// How the slope starts. Default: 0.01.
        negative_slope_init: f64 = 0.01,
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
        PReLU { negative_slope: slope.into(), dtype: self.dtype }
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
    #[track_caller]
    pub fn forward(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        call.returns(one_program("PReLU", slice::from_ref(x), |args| {
            let (x, slope) = match self.dtype {
                Some(_) => {
                    let arrays = [Some(&args[0]), Some(self.negative_slope.value())];
                    let [Some(x), Some(slope)] = promote("PReLU", arrays, self.dtype) else {
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
