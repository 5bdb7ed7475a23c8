//! Layers one after the other.

use super::layer::Layer;
use crate::array::AsArray;
use crate::graph::Array;
use crate::module::{Module, called};

/// Calls its layers one after the other, each with the result of the one before.
/// `flax.nnx.Sequential`.
///
/// Layers of different types are held in a tuple, those of one type in a `Vec` or an array.
///
/// ```
/// use nnx::{DType, array, nn::{Activation, Linear, Sequential, relu}, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut mlp = Sequential::new((
///     Linear::new(5, 8, &mut rngs),
///     Activation::new(relu),
///     Linear::new(8, 3, &mut rngs),
/// ));
/// let y = mlp.forward(array::ones([4, 5], DType::F32));
/// assert_eq!(y.shape(), [4, 3]);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct Sequential<L> {
    /// The layers in order.
    pub layers: L,
}

/// Several [`Layer`]s in order: a tuple of up to twelve, a `Vec` or an array.
///
/// ```
/// use nnx::nn::{Activation, Layers, relu};
/// use nnx::Array;
///
/// let x = Array::from([-1.0_f32, 2.0]);
/// let (negate, relu) = (Activation::new(|x| -x), Activation::new(relu));
/// let y = (negate.clone(), relu.clone()).forward_all(&x); // a tuple
/// assert_eq!(y.to_vec::<f32>(), [1.0, 0.0]);
/// let y = vec![relu, negate].forward_all(&x); // a list
/// assert_eq!(y.to_vec::<f32>(), [0.0, -2.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a chain of layers",
    label = "not a tuple, `Vec` or array of layers",
    note = "fixes:\n  1. layers of different types: a tuple of up to twelve, or `nnx::nn::List`\n  2. an element that is not a layer: implement `nnx::nn::Layer` for its type"
)]
pub trait Layers: Module {
    /// The result of the last layer; `x` itself if there is none.
    #[track_caller]
    fn forward_all(&mut self, x: &Array) -> Array;
}

impl<L: Layers> Sequential<L> {
    /// The chain of these layers.
    ///
    /// ```
    /// use nnx::nn::{Linear, Sequential};
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0);
    /// let layers: Vec<Linear> = (0..3).map(|_| Linear::new(4, 4, &mut rngs)).collect();
    /// let tower = Sequential::new(layers);
    /// assert_eq!(tower.layers[2].kernel.shape(), [4, 4]);
    /// ```
    pub fn new(layers: L) -> Sequential<L> {
        Sequential { layers }
    }

    /// The result of the last layer; `x` itself if there is none.
    ///
    /// ```
    /// use nnx::nn::{Activation, Sequential, relu};
    /// use nnx::Array;
    ///
    /// let mut layers = Sequential::new((Activation::new(relu), Activation::new(|x| x - 1.0)));
    /// let y = layers.forward(Array::from([-1.0_f32, 3.0]));
    /// assert_eq!(y.to_vec::<f32>(), [-1.0, 2.0]); // relu first
    /// ```
    #[track_caller]
    pub fn forward(&mut self, x: impl AsArray) -> Array {
        let x = x.as_array();
        let call = called(self, "forward", &[x]);
        call.returns(self.layers.forward_all(x))
    }
}

impl<L: Layers> Layer for Sequential<L> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        Sequential::forward(self, x)
    }
}

impl<L: Layer> Layers for Vec<L> {
    #[track_caller]
    fn forward_all(&mut self, x: &Array) -> Array {
        chain(self, x)
    }
}

impl<L: Layer, const N: usize> Layers for [L; N] {
    #[track_caller]
    fn forward_all(&mut self, x: &Array) -> Array {
        chain(self, x)
    }
}

#[track_caller]
fn chain<L: Layer>(layers: &mut [L], x: &Array) -> Array {
    let mut x = x.clone();
    for layer in layers {
        x = layer.forward(&x);
    }
    x
}

macro_rules! tuples {
    ($($($layer:ident $i:tt),+;)*) => {$(
        impl<$($layer: Layer),+> Layers for ($($layer,)+) {
            #[track_caller]
            fn forward_all(&mut self, x: &Array) -> Array {
                let x = x.clone();
                $(let x = self.$i.forward(&x);)+
                x
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
