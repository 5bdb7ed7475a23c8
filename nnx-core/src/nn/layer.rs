//! [`Layer`], the interface that chains and wrappers of layers use.

use super::by_address::by_address;
use super::{BatchNorm, Conv, Dropout, GroupNorm, InstanceNorm, LayerNorm, Linear, RMSNorm};
use crate::array::AsArray;
use crate::graph::Array;
use crate::module::Module;

/// A Module that maps one array to another: what [`Sequential`](super::Sequential) chains and
/// [`SpectralNorm`](super::SpectralNorm) and [`WeightNorm`](super::WeightNorm) wrap.
///
/// ```
/// use nnx::nn::{Layer, Linear, relu};
/// use nnx::Array;
/// use nnx::Module;
///
/// #[derive(Module)]
/// struct Block {
///     linear: Linear,
/// }
///
/// impl Layer for Block {
///     fn forward(&mut self, x: &Array) -> Array {
///         relu(&self.linear.forward(x))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "`nnx::nn::Layer` is missing",
    note = "fixes:\n  1. a type of your own: implement `nnx::nn::Layer` for it, whose one method is `fn forward(&mut self, x: &Array) -> Array`\n  2. a function such as `relu`: `nnx::nn::Activation::new(relu)`"
)]
pub trait Layer: Module {
    /// The result for `x`.
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array;
}

macro_rules! layers {
    ($($layer:ident),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl $crate::nn::Layer for $layer {
            #[track_caller]
            fn forward(&mut self, x: &$crate::graph::Array) -> $crate::graph::Array {
                $layer::forward(self, x)
            }
        }
    )*};
}
pub(super) use layers;

layers!(Linear, Conv, Dropout, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm);

/// A function of one array.
///
/// ```
/// use nnx::nn::{ActivationFn, gelu, relu};
/// use nnx::Array;
///
/// let functions: [ActivationFn; 3] = [relu, gelu, |x| x * 2.0];
/// assert_eq!(functions[2](&Array::scalar(3.0_f32)).item::<f32>(), 6.0);
/// ```
pub type ActivationFn = fn(&Array) -> Array;

/// A function of one array as a part of a Module, such as [`relu`](super::relu). Static data:
/// functions are compared by their address, so that at worst equal ones count as different.
///
/// ```
/// use nnx::{Array, nn::{Activation, elu, relu}};
///
/// let relu = Activation::new(relu);
/// let elu = Activation::new(|x| elu(x, 0.5)); // what needs a number is wrapped
/// let y = elu.forward(relu.forward(&Array::scalar(-1.0_f32)));
/// assert_eq!(y.item::<f32>(), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Activation(#[module(static)] Function);

by_address! {
    /// The function of an [`Activation`].
    Function(ActivationFn)
}

impl Activation {
    /// The function `f` as a part of a Module.
    ///
    /// ```
    /// use nnx::nn::{Activation, Linear, relu};
    /// use nnx::{Module, random::Rngs};
    ///
    /// #[derive(Module)]
    /// struct Block {
    ///     linear: Linear,
    ///     activation: Activation,
    /// }
    ///
    /// let linear = Linear::new(2, 3, &mut Rngs::new(0));
    /// let block = Block { linear, activation: Activation::new(relu) };
    /// ```
    pub const fn new(f: ActivationFn) -> Activation {
        Activation(Function(f))
    }

    /// The function's result for `x`.
    ///
    /// ```
    /// use nnx::{Array, nn::{Activation, relu}};
    ///
    /// let y = Activation::new(relu).forward(Array::from([-1.0_f32, 2.0]));
    /// assert_eq!(y.to_vec::<f32>(), [0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn forward(&self, x: impl AsArray) -> Array {
        (self.0.0)(x.as_array())
    }
}

layers!(Activation);
