//! Lists of arrays are lists of references.
use nnx::array::{concatenate, einsum, stack};
use nnx::{Array, Param};

fn owned(x: Array, y: Array) -> Array {
    concatenate([x, y], 0)
    //~ concatenate([&x, &y], 0)
}

fn without_a_reference(x: &Array, y: &Array) -> Array {
    stack([x, y], 0)
    //~ stack([x, y], 0)
}

fn a_vector(xs: &Vec<Array>) -> Array {
    stack(xs, 0)
    //~ stack(&xs, 0)
}

fn arguments_of_einsum(x: &Array, w: &Param) -> Array {
    einsum("ij,jk->ik", x, w)
    //~ einsum("ij,jk->ik", [x, w])
}

fn a_tuple(x: &Array, y: &Array) -> Array {
    concatenate((x, y), 0)
    //~ concatenate([x, y], 0)
}

fn main() {}
