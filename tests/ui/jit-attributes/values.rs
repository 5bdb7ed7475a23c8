//! Values of the wrong kind; all of one attribute together.

use nnx::Array;

#[nnx::jit(
    graph = "false",
    donate = 0,
    inline = yes,
    keep_unused,
    name = step,
    device = -1,
    static = x,
    crate = "nnx"
)]
fn all(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, donate(false), name = "", device = 1.5, static())]
fn others(x: &Array) -> Array {
    x.clone()
}

fn main() {}
