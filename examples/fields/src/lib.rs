//! Neural fields: a picture, a sound or a shape as a network from places to values, which can be asked at any
//! place. A library of layers for others, on top of nnx: parts of types that it does not know, a kind of Variable that
//! is not trained, shapes that are checked at the caller's line.
//!
//! ```
//! use nnx::random::Rngs;
//! use nnx_example_fields::{Field, Rectified, Waves, grid};
//!
//! let mut rngs = Rngs::new(0);
//! let waves = Waves::new(2, 64, 4.0, &mut rngs);
//! let rectified = Rectified::new(128, 32, &mut rngs);
//! let field = Field::new(vec![Box::new(waves), Box::new(rectified)], 32, &mut rngs);
//! assert_eq!(field.forward(&grid(8, 8)).shape(), [8, 8, 1]);
//! ```

use nnx::array::{Indexing, concatenate, linspace, meshgrid, stack};
use nnx::nn::initializers::{Distribution, FanMode, he_normal, variance_scaling};
use nnx::nn::{Linear, relu};
use nnx::random::{self, Rngs};
use nnx::{Array, DType, Module, Variable, variable_kind};
use std::f64::consts::TAU;

variable_kind! {
    /// Numbers that are drawn once: a part of checkpoints, but not a `Param`, so that nothing trains them.
    pub struct Fixed;
}

/// A part of a [`Field`], from features to features. A crate that uses this one adds parts of its own.
#[nnx::dyn_module]
pub trait Part: Send + Sync {
    /// f32 `[…, inputs]` to f32 `[…, outputs]`.
    fn forward(&self, x: &Array) -> Array;
}

/// A linear map and a rectifier.
#[derive(Module)]
pub struct Rectified {
    linear: Linear,
}

impl Rectified {
    /// From so many features to so many, with parameters from the stream `params`.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, rngs: &mut Rngs) -> Self {
        Rectified { linear: Linear::builder(inputs, outputs).kernel_init(he_normal()).build(rngs) }
    }
}

impl Part for Rectified {
    #[track_caller]
    fn forward(&self, x: &Array) -> Array {
        relu(&self.linear.forward(x))
    }
}

/// Cosines and sines of places, of frequencies that are drawn once (Tancik and others, "Fourier Features Let Networks
/// Learn High Frequency Functions in Low Dimensional Domains", 2020).
#[derive(Module)]
pub struct Waves {
    /// f32 `[inputs, waves]`, in waves per unit of a place.
    pub frequencies: Variable<Fixed>,
}

impl Waves {
    /// So many frequencies from a normal distribution of this deviation, drawn from the stream `params`. The output
    /// has two features for each.
    pub fn new(inputs: usize, waves: usize, deviation: f64, rngs: &mut Rngs) -> Self {
        let frequencies = random::normal(&rngs.params(), [inputs, waves], DType::F32) * deviation;
        Waves { frequencies: frequencies.into() }
    }
}

impl Part for Waves {
    #[track_caller]
    fn forward(&self, x: &Array) -> Array {
        let phase = x.matmul(&self.frequencies) * TAU;
        concatenate([&phase.cos(), &phase.sin()], -1)
    }
}

/// The sine of a linear map (Sitzmann and others, "Implicit Neural Representations with Periodic Activation Functions",
/// 2020).
#[derive(Module)]
pub struct Sines {
    linear: Linear,
    /// Each value is a program of its own, as it is a number in it.
    #[module(static)]
    frequency: f64,
}

impl Sines {
    /// The factor inside of the sine that the paper takes.
    pub const FREQUENCY: f64 = 30.0;

    /// The first part of a field, which gets places: its kernel is between ±1 / inputs.
    #[track_caller]
    pub fn first(inputs: usize, outputs: usize, rngs: &mut Rngs) -> Self {
        Sines::scaled(1.0 / (3.0 * inputs as f64), inputs, outputs, rngs)
    }

    /// A part that gets the output of another one: its kernel is between ±√(6 / inputs) / 30.
    #[track_caller]
    pub fn hidden(inputs: usize, outputs: usize, rngs: &mut Rngs) -> Self {
        Sines::scaled(2.0 / Sines::FREQUENCY.powi(2), inputs, outputs, rngs)
    }

    /// With a kernel of variance `scale / inputs`.
    #[track_caller]
    fn scaled(scale: f64, inputs: usize, outputs: usize, rngs: &mut Rngs) -> Self {
        let uniform = variance_scaling(scale, FanMode::FanIn, Distribution::Uniform);
        let linear = Linear::builder(inputs, outputs).kernel_init(uniform).build(rngs);
        Sines { linear, frequency: Sines::FREQUENCY }
    }
}

impl Part for Sines {
    #[track_caller]
    fn forward(&self, x: &Array) -> Array {
        (self.linear.forward(x) * self.frequency).sin()
    }
}

/// A network from places to one value each: parts one after the other, then a linear map.
#[derive(Module)]
pub struct Field {
    /// The first one gets places.
    pub parts: Vec<Box<dyn Part>>,
    output: Linear,
}

impl Field {
    /// Of parts whose last one has so many outputs.
    #[track_caller]
    pub fn new(parts: Vec<Box<dyn Part>>, outputs: usize, rngs: &mut Rngs) -> Self {
        Field { parts, output: Linear::new(outputs, 1, rngs) }
    }

    /// The values at places f32 `[…, axes]`: f32 `[…, 1]`.
    #[track_caller]
    pub fn forward(&self, places: &Array) -> Array {
        let features = self.parts.iter().fold(places.clone(), |x, part| part.forward(&x));
        self.output.forward(&features)
    }
}

/// The middles of the pixels of a picture whose sides go from -1 to 1: f32 `[height, width, 2]`, y and x.
pub fn grid(height: usize, width: usize) -> Array {
    let middles = |n: usize| {
        let end = 1.0 - 1.0 / n.max(1) as f64;
        linspace(-end, end, n, DType::F32)
    };
    let axes = meshgrid([&middles(height), &middles(width)], Indexing::Ij);
    stack([&axes[0], &axes[1]], -1)
}

/// The peak signal-to-noise ratio of values from 0 to 1, in decibels: -10 log₁₀ of the mean squared error. f32 `[]`.
///
/// # Panics
/// Panics if the shapes do not broadcast.
#[track_caller]
pub fn psnr(values: &Array, truth: &Array) -> Array {
    (values - truth).square().mean(..).log10() * -10.0
}
