use nnx_core::array::*;
use nnx_core::{Array, grad, value_and_grad};

#[test]
fn eager_and_grad() {
    let x = Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [2, 2]);
    assert_eq!((&x + 1.0).to_vec::<f32>(), [2., 3., 4., 5.]);
    assert_eq!(x.matmul(&x).to_vec::<f32>(), [7., 10., 15., 22.]);
    assert_eq!(x.sum(0).to_vec::<f32>(), [4., 6.]);
    assert_eq!(x.argmax(1).to_vec::<i32>(), [1, 1]);
    let (l, g) = value_and_grad(|x: &Array| (x.square() * x).sum(..), &x);
    assert_eq!(l.item::<f32>(), 100.0);
    assert_eq!(g.to_vec::<f32>(), [3., 12., 27., 48.]);
    let h = grad(|x: &Array| grad(|x: &Array| (x.square() * x).sum(..), x).sum(..), &x);
    assert_eq!(h.to_vec::<f32>(), [6., 12., 18., 24.]);
    let g = grad(|x: &Array| softmax(x, -1).matmul(x).log().sum(..), &x);
    println!("{g}");
    let g = grad(|x: &Array| einsum("ij,kj->ik", &[x, &x.tanh()]).max(0).prod(..), &x);
    println!("{g} {x}");
    println!("{:?}", x.slice([(0..1).into(), (-1).into()]));
}
