use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::{Array, DType, array, cond};

#[nnx::jit(graph = false)]
fn product(a: &Array, b: &Array) -> nnx::Result<Array> {
    Ok(a.matmul(b))
}

#[nnx::jit(graph = false)]
fn layer(layer: &Linear, x: &Array) -> nnx::Result<Array> {
    Ok(layer.forward(x))
}

#[nnx::jit(graph = false)]
fn branches(x: &Array) -> nnx::Result<Array> {
    Ok(cond(x.sum(..).gt(0.0), |x: &Array| x.sum(0), |x: &Array| x.clone(), x))
}

fn main() {
    let x = array::ones([8, 3], DType::F32);
    println!("{}\n", product(&x, &x).unwrap_err());
    println!("{}\n", layer(&Linear::new(4, 2, &mut Rngs::new(0)), &x).unwrap_err());
    println!("{}", branches(&x).unwrap_err());
}
