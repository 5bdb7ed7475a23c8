use nnx::{Array, DType, array};

fn main() {
    let x = array::arange(6, DType::F32).reshape([2, 3]);
    let column = Array::from([[10.0_f32], [20.0]]);
    println!("{x}\n");
    println!("{}\n", &x + &column);
    println!("{:?}", x.mean(0));
    println!("{:?}", x.sum(..));
    println!("{:?}", x.at((.., 1..)).get());
    println!("{:?} {}", x.shape(), x.dtype());
}
