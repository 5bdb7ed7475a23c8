// Arrays have no elements in memory to point at: what to write in place of `x[i]`.
use nnx::{Array, Param};

fn read(x: &Array, i: usize) -> Array {
    x[i].clone()
    //~ x.at(i).get()
}

fn number(x: &Array) -> f32 {
    x[0]
    //~ x.at(0).get().item::<f32>()
}

fn range(kernel: &Param) -> Array {
    kernel[1..3].clone()
    //~ kernel.at(1..3).get()
}

fn set(x: &mut Array, i: usize) {
    x[i] = 3.0;
    //~2 *x = x.at(i).set(3.0);
}

fn main() {}
