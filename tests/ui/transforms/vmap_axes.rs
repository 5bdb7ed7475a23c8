//! Axes of vmap and scan.
use nnx::Array;

fn a_list(xs: &Array) -> Array {
    nnx::vmap(|x: &Array| x * 2, xs, [0])
    //~ nnx::vmap(|x: &Array| x * 2, xs, 0)
}

fn some(xs: &Array) -> Array {
    nnx::vmap(|x: &Array| x * 2, xs, Some("batch"))
    //~ nnx::vmap(|x: &Array| x * 2, xs, nnx::in_axes(0).axis_name("batch"))
}

fn number_as_length(x: Array) -> Array {
    nnx::scan(|x: Array, ()| (x * 2, ()), x, 10).0
    //~ nnx::scan(|x: Array, ()| (x * 2, ()), x, nnx::length(10)).0
}

fn main() {}
