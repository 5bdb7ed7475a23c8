//! Indices of `at`.
use nnx::Array;

fn float(x: &Array) -> Array {
    x.at(1.0).get()
    //~ x.at(1).get()
}

fn name(x: &Array) -> Array {
    x.at("kernel").get()
    //~ x.at(0).get()
}

fn slice_of_arrays(x: &Array, from: &Array) -> Array {
    x.at(from..).get()
    //~ x.at(from).get()
}

fn index_of_u8(x: &Array, i: u8) -> Array {
    x.at(i).get()
    //~ x.at(usize::from(i)).get()
}

fn without_get(x: &Array) -> Array {
    x.at(0)
    //~ x.at(0).get()
}

fn main() {}
