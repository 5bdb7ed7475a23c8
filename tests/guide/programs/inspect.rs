use nnx::module::tabulate;
use nnx::nn::Linear;
use nnx::random::Rngs;
use nnx::{Array, DType};

#[nnx::jit(graph = false)]
fn predict(model: &Linear, x: &Array) -> Array {
    model.forward(x).tanh()
}

fn main() -> nnx::Result<()> {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    println!("{}", tabulate(&model));

    let x = Array::shape_only([4, 2], DType::F32);
    let lowered = nnx::jit::lower(|| predict(&model, &x))?;
    println!("{}", lowered.graph());
    assert_eq!(lowered.output_avals()[0].to_string(), "f32[4, 3]");
    assert!(lowered.stablehlo().contains("stablehlo.tanh"));
    Ok(())
}
