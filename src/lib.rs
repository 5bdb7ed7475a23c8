//! Flax NNX for Rust: neural networks as plain structs, compiled by XLA.
//!
//! ```
//! use nnx::nn::Linear;
//! use nnx::optim::{Adam, Optimizer, adam};
//! use nnx::random::Rngs;
//! use nnx::{Array, Module, value_and_grad};
//!
//! #[derive(Module)]
//! struct Mlp {
//!     hidden: Linear,
//!     out: Linear,
//! }
//!
//! impl Mlp {
//!     fn forward(&self, x: &Array) -> Array {
//!         self.out.forward(self.hidden.forward(x).relu())
//!     }
//! }
//!
//! #[nnx::jit(graph = false)]
//! fn train_step(model: &mut Mlp, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) -> Array {
//!     let (loss, grads) =
//!         value_and_grad(|m: &mut Mlp| (m.forward(x) - y).square().mean(..), &mut *model);
//!     opt.update(model, &grads);
//!     loss
//! }
//!
//! // XOR.
//! let x = Array::from_slice(&[0.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], [4, 2]);
//! let y = Array::from_slice(&[0.0_f32, 1.0, 1.0, 0.0], [4, 1]);
//! let mut rngs = Rngs::new(0);
//! let mut model =
//!     Mlp { hidden: Linear::new(2, 16, &mut rngs), out: Linear::new(16, 1, &mut rngs) };
//! let mut opt = Optimizer::new(&model, adam(1e-2));
//! let mut loss = 1.0;
//! for _ in 0..300 {
//!     loss = train_step(&mut model, &mut opt, &x, &y).item::<f32>();
//! }
//! assert!(loss < 0.01, "{loss}");
//! ```
//!
//! Where things are:
//!
//! | | |
//! |---|---|
//! | [`Array`], [`mod@array`] | the numeric API, with the names and semantics of `jax.numpy` |
//! | [`#[derive(Module)]`](derive@Module), [`module`] | structs as trees of Variables; split, merge, filters |
//! | [`path!`] | paths such as `encoder.layers[*].kernel`, checked at compile time; filters |
//! | [`#[nnx::jit]`](macro@jit), [`mod@jit`] | compiled functions: lowering, statistics, limits |
//! | [`grad`], [`vjp`], [`jvp`], [`vmap`], [`scan()`], [`cond`], [`remat`], …: [`transform`] | functions to functions: derivatives, batches, loops, branches |
//! | [`debug`], [`debug_nans`] | values from inside compiled functions while they run; the first NaN |
//! | [`random`] | keys, distributions, [`random::Rngs`] |
//! | [`nn`], [`optim`], [`train`] | layers; optimizers, schedules, losses; batches, metrics, checkpoints |
//! | [`xla`] | the runtime: plugins, devices, executables |
//!
//! A program usually begins with some of
//!
//! ```
//! # #![allow(unused_imports)]
//! use nnx::nn::{Linear, relu}; // layers and activations
//! use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
//! use nnx::optim::{Adam, Optimizer, adam}; // `Adam` is the type of what `adam(1e-3)` makes
//! use nnx::random::{self, Rngs};
//! use nnx::train::{Loader, load_checkpoint, save_checkpoint};
//! use nnx::{Array, DType, Module, Param, array, value_and_grad, vmap};
//! ```
//!
//! where `array` has the functions that make arrays, `array::zeros([2, 3], DType::F32)`.
//!
//! The guide in `docs/guide` of the repository begins with a trained model in a crate of one's own;
//! `cargo xtask book` makes a book of it.
//!
//! XLA comes as a PJRT plugin that is found and opened at run time; `cargo xtask setup` in the
//! repository installs one, and without one the first array operation says where it looked.
#![forbid(unsafe_code)]

pub use nnx_core::*;
pub use nnx_derive::{Module, dyn_module};
pub use nnx_jit::jit;

/// The examples of the pages.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct FrontPage;
    #[doc = include_str!("../docs/sharing.md")]
    struct Sharing;
    #[doc = include_str!("../docs/guide/why.md")]
    struct Why;
    #[doc = include_str!("../docs/guide/getting-started.md")]
    struct GettingStarted;
    #[doc = include_str!("../docs/guide/arrays.md")]
    struct Arrays;
    #[doc = include_str!("../docs/guide/modules.md")]
    struct Modules;
    #[doc = include_str!("../docs/guide/jit.md")]
    struct Jit;
    #[doc = include_str!("../docs/guide/transforms.md")]
    struct Transforms;
    #[doc = include_str!("../docs/guide/random.md")]
    struct RandomStreams;
    #[doc = include_str!("../docs/guide/training.md")]
    struct Training;
    #[doc = include_str!("../docs/guide/checkpoints.md")]
    struct Checkpoints;
    #[doc = include_str!("../docs/guide/performance.md")]
    struct Performance;
    #[doc = include_str!("../docs/guide/debugging.md")]
    struct Debugging;
    #[doc = include_str!("../docs/guide/deploying.md")]
    struct Deploying;
    #[doc = include_str!("../docs/guide/extending.md")]
    struct Extending;
    #[doc = include_str!("../docs/guide/errors.md")]
    struct Errors;
    #[doc = include_str!("../docs/guide/devices.md")]
    struct Devices;
    #[doc = include_str!("../docs/guide/from-flax.md")]
    struct FromFlax;
    #[doc = include_str!("../docs/guide/from-pytorch.md")]
    struct FromPyTorch;
}
