//! Shapes and axes in other types than they have.
use nnx::{Array, DType, array};

fn negative_axes(x: &Array) -> Array {
    x.sum("batch")
    //~ x.sum(0)
}

fn unsigned_axis(x: &Array, axis: u8) -> Array {
    x.sum(axis)
    //~ x.sum(axis as isize)
}

fn shape_of_floats(x: &Array) -> Array {
    x.reshape([2.0, 3.0])
    //~ x.reshape([2, 3])
}

fn a_tuple_as_a_shape(x: &Array) -> Array {
    x.reshape((2, 3))
    //~ x.reshape([2, 3])
}

fn dtype_as_a_string() -> Array {
    array::ones([2], "float32")
    //~ array::ones([2], DType::F32)
}

fn main() {}
