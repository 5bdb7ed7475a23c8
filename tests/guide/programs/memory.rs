use nnx::{Array, DType, Param, make_graph};

#[nnx::jit(graph = false)]
fn step(w: &mut Param, x: &Array) -> Array {
    let y = x.matmul(&*w);
    *w -= 0.1 * x.t().matmul(&y);
    y.square().sum(..)
}

fn main() -> nnx::Result<()> {
    let graph = make_graph(|x: &Array| x.exp().sum(0), &Array::shape_only([8, 2], DType::F32));
    println!("{graph}\n");

    let mut w = Param::new(Array::shape_only([256, 256], DType::F32));
    let x = Array::shape_only([64, 256], DType::F32);
    let lowered = nnx::jit::lower(|| step(&mut w, &x))?;
    println!("{} million operations", lowered.flops() / 1_000_000);
    println!("{} input takes the memory of an output", lowered.donations().len());
    println!("{}", lowered.stablehlo().lines().next().unwrap_or_default());
    let memory = lowered.compile()?.memory_analysis()?;
    println!("{} bytes of arguments, {} in place", memory.argument, memory.alias);
    Ok(())
}
