//! Trait objects whose trait has `#[nnx::dyn_module]`.
#![deny(warnings, unused_qualifications)]
use nnx::module::map_modules;
use nnx::nn::{AnyLayer, Linear, List, Sequential};
use nnx::{Array, Module, Param, grad};

#[nnx::dyn_module]
pub trait Layer: Send + Sync {
    fn forward(&mut self, x: &Array) -> Array;
    fn name(&self) -> String {
        "layer".to_owned()
    }
    fn twice(self) -> [Self; 2]
    where
        Self: Sized + Clone,
    {
        [self.clone(), self]
    }
}

impl Layer for Linear {
    fn forward(&mut self, x: &Array) -> Array {
        Linear::forward(self, x)
    }
}

#[derive(Module)]
struct Scale {
    by: Param,
    times: usize,
}

impl Layer for Scale {
    fn forward(&mut self, x: &Array) -> Array {
        x * &self.by * self.times as i32
    }
}

/// With a parameter, and shared nodes.
#[nnx::dyn_module(graph)]
trait Maps<T>: Send + Sync
where
    T: Clone,
{
    fn map(&self, x: T) -> T;
}

#[derive(Module)]
struct Model<H> {
    layers: Vec<Box<dyn Layer>>,
    head: Option<Box<dyn Layer>>,
    maps: Vec<Box<dyn Maps<H>>>,
    other: Sequential<List>,
}

#[nnx::jit]
fn step(model: &mut Model<Array>, layer: &mut Box<dyn Layer>, x: &Array) -> Box<dyn Layer> {
    let y = model.layers.iter_mut().fold(x.clone(), |x, layer| layer.forward(&x));
    layer.forward(&y);
    Box::new(Scale { by: Param::new(y), times: 2 })
}

#[nnx::jit(graph = false)]
fn tree(layers: &mut Vec<Box<dyn Layer>>, list: &mut Sequential<List>, x: &Array) -> Array {
    let gradient = grad(|layer: &mut Box<dyn Layer>| layer.forward(x).sum(..), &mut layers[0]);
    list.forward(x) + gradient.downcast_ref::<Scale>().map_or(x.clone(), |scale| x * &scale.by)
}

fn main() {
    let _ = step as fn(&mut Model<Array>, &mut Box<dyn Layer>, &Array) -> Box<dyn Layer>;
    let _ = tree as fn(&mut Vec<Box<dyn Layer>>, &mut Sequential<List>, &Array) -> Array;
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    map_modules(&mut layers, |_, layer: &mut Box<dyn Layer>| {
        if let Some(scale) = layer.downcast_mut::<Scale>() {
            scale.times += layer_name(scale);
        }
    });
    map_modules(&mut List::new(), |_, _: &mut Box<dyn AnyLayer>| {});
}

fn layer_name(layer: &dyn Layer) -> usize {
    layer.name().len()
}
