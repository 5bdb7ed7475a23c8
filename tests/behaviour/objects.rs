//! Modules behind trait objects: `#[nnx::dyn_module]`, `nn::List` and surgery.

use super::jit_support::traces;
use nnx::module::{Path, iter_modules, map_modules};
use nnx::nn::{Activation, AnyLayer, Linear, List, LoRA, LoRALinear, Sequential, relu};
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::Rngs;
use nnx::{Array, Module, Param, grad, merge, split, state};

#[nnx::dyn_module]
trait Layer: Send + Sync {
    fn call(&mut self, x: &Array) -> Array;
}

impl Layer for Linear {
    fn call(&mut self, x: &Array) -> Array {
        self.forward(x)
    }
}

#[derive(Module, Clone)]
struct Times {
    by: Param,
    n: usize,
}

#[derive(Module, Clone)]
struct Plus {
    by: Param,
    n: usize,
}

impl Layer for Times {
    fn call(&mut self, x: &Array) -> Array {
        x * &self.by * self.n as i32
    }
}

impl Layer for Plus {
    fn call(&mut self, x: &Array) -> Array {
        x + &self.by * self.n as i32
    }
}

fn param(value: f32) -> Param {
    Param::new(Array::scalar(value))
}

fn times(by: f32, n: usize) -> Box<dyn Layer> {
    Box::new(Times { by: param(by), n })
}

fn plus(by: f32, n: usize) -> Box<dyn Layer> {
    Box::new(Plus { by: param(by), n })
}

fn run(layers: &mut [Box<dyn Layer>], x: &Array) -> Array {
    layers.iter_mut().fold(x.clone(), |x, layer| layer.call(&x))
}

#[test]
fn the_type_in_the_box_and_its_statics_are_part_of_the_key() {
    #[nnx::jit(graph = false)]
    fn objects_key(layers: &mut Vec<Box<dyn Layer>>, x: &Array) -> Array {
        run(layers, x)
    }
    let x = Array::scalar(3.0_f32);
    let call = |layers: Vec<Box<dyn Layer>>| {
        let mut layers = layers;
        (objects_key(&mut layers, &x).item::<f32>(), traces("objects_key"))
    };
    assert_eq!(call(vec![times(2.0, 1), plus(1.0, 1)]), (7.0, 1));
    assert_eq!(call(vec![times(5.0, 1), plus(2.0, 1)]), (17.0, 1));
    // Of the same leaves and statics.
    assert_eq!(call(vec![plus(2.0, 1), times(1.0, 1)]), (5.0, 2));
    assert_eq!(call(vec![plus(2.0, 3), times(1.0, 1)]), (9.0, 3));
}

#[test]
fn objects_are_trained_split_and_listed_as_other_modules() -> nnx::Result<()> {
    #[nnx::jit(graph = false)]
    fn step(layers: &mut Vec<Box<dyn Layer>>, opt: &mut Optimizer<Adam>, x: &Array) -> Array {
        let gradients =
            grad(|layers: &mut Vec<Box<dyn Layer>>| run(layers, x).sum(..), &mut *layers);
        opt.update(layers, &gradients);
        run(layers, x)
    }
    let mut layers = vec![times(2.0, 1), plus(1.0, 1)];
    let mut opt = Optimizer::new(&layers, adam(1.0));
    // Adam's first step is 1: from 2 and 1 to 1 and 0.
    let y = step(&mut layers, &mut opt, &Array::scalar(3.0_f32)).item::<f32>();
    assert!((y - 3.0).abs() < 1e-4, "{y}");
    let paths: Vec<String> = state(&layers).iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["[0].by", "[1].by"]);
    let (definition, values) = split(&layers);
    let mut again: Vec<Box<dyn Layer>> = merge(&definition, values)?;
    assert_eq!(run(&mut again, &Array::scalar(3.0_f32)).item::<f32>(), y);
    let names: Vec<_> = iter_modules(&layers).map(|module| module.name).collect();
    assert_eq!(names, ["Times", "Plus"]);
    Ok(())
}

#[test]
fn an_object_can_be_exchanged_in_graph_mode() {
    #[nnx::jit]
    fn exchange(layers: &mut Vec<Box<dyn Layer>>) {
        let old = layers[0].downcast_ref::<Times>().map(|times| &times.by * 2.0);
        if let Some(by) = old {
            layers[0] = Box::new(Plus { by: Param::new(by), n: 1 });
        }
    }
    let mut layers = vec![times(4.0, 1)];
    exchange(&mut layers);
    assert!(layers[0].is::<Plus>());
    assert_eq!(run(&mut layers, &Array::scalar(1.0_f32)).item::<f32>(), 9.0);
}

#[test]
fn a_list_is_a_sequential_and_takes_a_lora_around_a_layer() {
    #[derive(Module)]
    struct Model {
        body: Sequential<List>,
        head: Box<dyn AnyLayer>,
    }
    let mut rngs = Rngs::new(0);
    let body = List::new()
        .with(Linear::new(3, 4, &mut rngs))
        .with(Activation::new(relu))
        .with(Linear::new(4, 4, &mut rngs));
    let head = Box::new(Linear::new(4, 2, &mut rngs));
    let mut model = Model { body: Sequential::new(body), head };
    #[nnx::jit(graph = false)]
    fn forward(model: &mut Model, x: &Array) -> Array {
        let y = model.body.forward(x);
        model.head.forward_any(&y)
    }
    let x = nnx::array::ones([2, 3], nnx::DType::F32);
    let before = forward(&mut model, &x);
    let mut seen = Vec::new();
    map_modules(&mut model, |path: &Path, layer: &mut Box<dyn AnyLayer>| {
        seen.push(path.to_string());
        let below = path.to_string().starts_with("body");
        if let Some(linear) = layer.downcast_ref::<Linear>().filter(|_| below) {
            let shape = linear.kernel.shape();
            let lora = LoRA::new(shape[0], 2, shape[1], &mut rngs);
            *layer = Box::new(LoRALinear::adapt(linear.clone(), lora));
        }
    });
    assert_eq!(seen, ["body.layers[0]", "body.layers[1]", "body.layers[2]", "head"]);
    let paths: Vec<String> = state(&model)
        .filter(nnx::of_type::<nnx::LoRAParam>())
        .iter()
        .map(|(path, _)| path.to_string())
        .collect();
    let of = |i: usize, name: &str| format!("body.layers[{i}].lora.{name}");
    assert_eq!(paths, [of(0, "lora_a"), of(0, "lora_b"), of(2, "lora_a"), of(2, "lora_b")]);
    // `lora_b` starts as zeros.
    assert_eq!(forward(&mut model, &x).to_vec::<f32>(), before.to_vec::<f32>());
    // Parts of one type, in place.
    let mut kernels = 0;
    map_modules(&mut model, |_, _: &mut Param| kernels += 1);
    assert_eq!(kernels, 6);
}

mod parts {
    use nnx::{Array, Param};

    /// A trait of a user's own may have this name.
    #[nnx::dyn_module]
    pub trait Module: Send + Sync {
        fn apply(&self, x: &Array) -> Array;
    }

    impl Module for Param {
        fn apply(&self, x: &Array) -> Array {
            x * self
        }
    }
}

#[derive(Module)]
struct Parts {
    all: Vec<Box<dyn parts::Module>>,
}

#[nnx::jit]
fn apply_parts(parts: &Parts, x: &Array) -> Array {
    parts.all.iter().fold(x.clone(), |x, part| part.apply(&x))
}

#[test]
fn a_trait_that_is_called_module() {
    let part = |n: f32| -> Box<dyn parts::Module> { Box::new(Param::new(Array::scalar(n))) };
    let parts = Parts { all: vec![part(2.0), part(3.0)] };
    assert_eq!(apply_parts(&parts, &Array::scalar(5.0_f32)).item::<f32>(), 30.0);
}
