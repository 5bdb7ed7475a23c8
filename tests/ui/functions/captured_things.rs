//! Names around a jitted function that its body cannot reach.
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Model {
    kernel: Param,
}

fn outer(model: &mut Model, xs: &[Array]) -> Vec<Array> {
    let rate = xs.len() as f32;
    #[nnx::jit(graph = false)]
    fn step(model: &mut Model, x: &Array) -> Array {
        //~ fn step(model: &mut Model, x: &Array, rate: &Array) -> Array {
        x * &model.kernel * rate
    }
    xs.iter().map(|x| step(model, x)).collect()
    //~ xs.iter().map(|x| step(model, x, &Array::scalar(rate))).collect()
}

fn generic_outer<L: Module>(layer: &L) -> usize {
    #[nnx::jit(graph = false)]
    fn count(layer: &L) -> Array {
        //~ fn count<L: Module>(layer: &L) -> Array {
        let _ = layer;
        Array::scalar(1)
    }
    count(layer).item::<i32>() as usize
}

fn main() {}
