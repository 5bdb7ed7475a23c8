use nnx::{Array, Param, cond};

#[nnx::jit(graph = false)]
fn step(scale: &mut Param, x: &Array) -> nnx::Result<Array> {
    cond(x.gt(0.0), |x: &Array| scale.set(x * 2.0), |_: &Array| (), x);
    Ok(x * &*scale)
}

fn main() {
    let mut scale = Param::new(Array::scalar(1.0_f32));
    println!("{}", step(&mut scale, &Array::scalar(3.0_f32)).unwrap_err());
}
