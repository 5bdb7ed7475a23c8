use nnx::{Array, Module, Param, Shared};

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    head: Shared<Param>,
}

#[nnx::jit]
fn step(model: &Tied) -> nnx::Result<Array> {
    Ok(model.embed.read().value() * 2.0)
}

fn main() {
    let table = Shared::new(Param::new(Array::scalar(1.0_f32)));
    let model = Tied { embed: table.clone(), head: table };
    let _guard = model.head.read();
    println!("{}", step(&model).unwrap_err());
}
