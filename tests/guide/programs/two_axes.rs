use nnx::{Array, DType, Module, Param, Shared, array, vmap};

#[derive(Module)]
struct Encoder {
    embed: Shared<Param>,
}

#[nnx::jit]
fn products(a: &Encoder, b: &Encoder) -> nnx::Result<Array> {
    let of_slices =
        |(a, b): (&Encoder, &Encoder)| a.embed.read().value() * b.embed.read().value();
    Ok(vmap(of_slices, (a, b), (0, 1)))
}

fn main() {
    let embed = Shared::new(Param::new(array::ones([2, 2], DType::F32)));
    let (a, b) = (Encoder { embed: embed.clone() }, Encoder { embed });
    println!("{}", products(&a, &b).unwrap_err());
}
