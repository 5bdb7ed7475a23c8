//! Values of the wrong kind; all of one attribute together.

use nnx::Array;

#[nnx::jit(
    graph = "false",
    //~ graph = false,
    donate = 0,
    //~ donate = false,
    inline = yes,
    //~ inline = true,
    keep_unused,
    //~ keep_unused = true,
    name = step,
    //~ name = "step",
    device = -1,
    //~ device = 0,
    static = x,
    //~
    crate = "nnx"
    //~ crate = nnx
)]
fn all(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, donate(false), name = "", device = 1.5, static())]
//~ #[nnx::jit(graph = false, donate = false, name = "others", device = 1)]
fn others(x: &Array) -> Array {
    x.clone()
}

fn main() {}
