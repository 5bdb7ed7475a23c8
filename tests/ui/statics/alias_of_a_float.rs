//! Only a float that is written out can be compared by its bits.

use nnx::Array;

type Rate = f32;

#[nnx::jit(graph = false)]
fn scaled(x: &Array, #[nnx(static)] rate: Rate) -> Array {
//~2 fn scaled(x: &Array, #[nnx(static)] rate: f32) -> Array {
    x * rate
}

fn main() {}
