//! Layers of different types in one list.

use super::layer::Layer;
use super::sequential::Layers;
use crate::graph::Array;
use crate::module::{Leaves, Module, Schema, Visitor, VisitorMut};

/// A [`Layer`] of any type, boxed: `Box<dyn AnyLayer>` is a Module and a layer.
///
/// Every `Layer` that is `Send + Sync` is one. Its type is static: a list of other layers is another
/// program. A `Shared` in it is found where it is boxed.
///
/// ```
/// use nnx::nn::{Activation, AnyLayer, Layer, Linear, relu};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut layers: Vec<Box<dyn AnyLayer>> = vec![Box::new(Activation::new(relu))];
/// layers.push(Box::new(Linear::new(4, 2, &mut Rngs::new(0))));
/// let mut x = array::ones([3, 4], DType::F32);
/// for layer in &mut layers {
///     x = layer.forward(&x);
/// }
/// assert_eq!(x.shape(), [3, 2]);
/// ```
#[nnx_derive::dyn_module(crate = crate)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "`nnx::nn::Layer` is missing",
    note = "fixes:\n  1. a type of your own: implement `nnx::nn::Layer` for it, whose one method is `fn forward(&mut self, x: &Array) -> Array`\n  2. a function such as `relu`: `nnx::nn::Activation::new(relu)`"
)]
pub trait AnyLayer: Send + Sync {
    /// The result for `x`.
    #[track_caller]
    fn forward_any(&mut self, x: &Array) -> Array;
}

#[diagnostic::do_not_recommend]
impl<L: Layer + Send + Sync> AnyLayer for L {
    #[track_caller]
    fn forward_any(&mut self, x: &Array) -> Array {
        self.forward(x)
    }
}

impl Layer for Box<dyn AnyLayer> {
    #[track_caller]
    fn forward(&mut self, x: &Array) -> Array {
        (**self).forward_any(x)
    }
}

/// A list of layers of any types, chosen while the program runs. `flax.nnx.List`.
///
/// [`Sequential`](super::Sequential) calls them one after the other.
///
/// ```
/// use nnx::nn::{Activation, Linear, List, Sequential, relu};
/// use nnx::{DType, array, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut layers = List::new().with(Linear::new(5, 8, &mut rngs));
/// if std::env::args().count() > 1 {
///     layers.push(Activation::new(relu));
/// }
/// layers.push(Linear::new(8, 3, &mut rngs));
/// let y = Sequential::new(layers).forward(array::ones([4, 5], DType::F32));
/// assert_eq!(y.shape(), [4, 3]);
/// ```
#[derive(Default)]
pub struct List(Vec<Box<dyn AnyLayer>>);

impl List {
    /// A list without layers.
    ///
    /// ```
    /// use nnx::{Array, nn::{List, Sequential}};
    ///
    /// let x = Array::from([1.0_f32, 2.0]);
    /// assert_eq!(Sequential::new(List::new()).forward(&x).to_vec::<f32>(), [1.0, 2.0]);
    /// ```
    pub fn new() -> List {
        List::default()
    }

    /// Adds a layer.
    ///
    /// ```
    /// use nnx::nn::{Activation, Linear, List, relu};
    /// use nnx::random::Rngs;
    ///
    /// let mut layers = List::new();
    /// layers.push(Linear::new(5, 8, &mut Rngs::new(0)));
    /// layers.push(Activation::new(relu));
    /// assert_eq!(layers.len(), 2);
    /// ```
    pub fn push(&mut self, layer: impl AnyLayer + Module) {
        self.0.push(Box::new(layer));
    }

    /// The list with one more layer.
    ///
    /// ```
    /// use nnx::nn::{Activation, List, Sequential, relu};
    /// use nnx::Array;
    ///
    /// let layers = List::new().with(Activation::new(relu)).with(Activation::new(|x| x + 1.0));
    /// let y = Sequential::new(layers).forward(Array::from([-1.0_f32, 2.0]));
    /// assert_eq!(y.to_vec::<f32>(), [1.0, 3.0]); // in order
    /// ```
    pub fn with(mut self, layer: impl AnyLayer + Module) -> List {
        self.push(layer);
        self
    }
}

/// The layers, as those of a `Vec`.
impl std::ops::Deref for List {
    type Target = Vec<Box<dyn AnyLayer>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl std::ops::DerefMut for List {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<Box<dyn AnyLayer>> for List {
    fn from_iter<I: IntoIterator<Item = Box<dyn AnyLayer>>>(layers: I) -> List {
        List(layers.into_iter().collect())
    }
}

impl Layers for List {
    #[track_caller]
    fn forward_all(&mut self, x: &Array) -> Array {
        self.0.forward_all(x)
    }
}

/// As its `Vec`: `[0].kernel`.
#[diagnostic::do_not_recommend]
impl Module for List {
    const SCHEMA: &'static Schema = <Vec<Box<dyn AnyLayer>> as Module>::SCHEMA;
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        self.0.flatten(visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.0.flatten_mut(visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        List(self.0.unflatten(leaves))
    }
}
