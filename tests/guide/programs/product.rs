use nnx::{Array, DType, array};

#[nnx::jit(graph = false)]
fn layer(x: &Array, kernel: &Array) -> nnx::Result<Array> {
    Ok(x.matmul(kernel))
}

fn main() {
    let (x, kernel) = (array::ones([8, 3], DType::F32), array::ones([4, 16], DType::F32));
    println!("{}", layer(&x, &kernel).unwrap_err());
}
