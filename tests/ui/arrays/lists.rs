//! Several arrays are a list, a slice or a `Vec` of arrays or Variables.
use nnx::array::{concatenate, einsum, stack};
use nnx::{Array, Param};

fn arguments_of_einsum(x: &Array, w: &Param) -> Array {
    einsum("ij,jk->ik", x, w)
    //~ einsum("ij,jk->ik", [x, w])
}

fn a_tuple(x: &Array, y: &Array) -> Array {
    concatenate((x, y), 0)
    //~ concatenate([x, y], 0)
}

fn the_rows_of_a_matrix(x: &Array) -> Array {
    stack(x, 1)
    //~2 stack(x.axis_iter(0).collect::<Vec<_>>(), 1)
}

fn main() {}
