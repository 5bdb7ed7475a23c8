//! The elements of an associative scan are values: there is no node that all of them could be.

use nnx::{Array, Param, Shared};

fn main() {
    let xs = (Shared::new(Param::new(Array::scalar(1.0_f32))), Array::scalar(1.0_f32));
    //~ let xs = (Param::new(nnx::array::ones([2], nnx::DType::F32)), nnx::array::ones([2], nnx::DType::F32));
    let first = |a: &(Shared<Param>, Array), _: &(Shared<Param>, Array)| a.clone();
    //~ let first = |a: &(Param, Array), _: &(Param, Array)| a.clone();
    let _ = nnx::associative_scan(first, &xs, 0, false);
}
