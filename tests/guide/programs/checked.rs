use nnx::transform::{Checks, check};
use nnx::{Array, checkify};

#[nnx::jit(graph = false)]
fn entropy(p: &Array) -> Array {
    -(p * p.log()).sum(..)
}

fn main() -> nnx::Result<()> {
    let p = Array::from_slice(&[0.5_f32, 0.5, 0.0], [3]);
    let (error, value) = checkify(Checks::NAN, |p: &Array| entropy(p), &p);
    println!("{value}");
    println!("{}\n", error.get()?.unwrap_or_default());

    let checked = |p: &Array| {
        check(p.gt(0.0), "every probability must be positive");
        entropy(p)
    };
    let (error, _) = checkify(Checks::USER, checked, &p);
    println!("{}", error.get()?.unwrap_or_default());
    Ok(())
}
