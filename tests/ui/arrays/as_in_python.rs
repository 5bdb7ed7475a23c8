//! Arrays as they are written in Python.
use nnx::Array;

fn power(x: &Array) -> Array {
    x ** 2
    //~ x.powi(2)
}

fn transposed(x: &Array) -> Array {
    x.T
    //~ x.t()
}

fn length(x: &Array) -> usize {
    x.len()
    //~ x.size()
}

fn item_assignment(x: &mut Array) {
    x[0] = 1.0;
    //~ *x = x.at(0).set(1.0);
}

fn main() {}
