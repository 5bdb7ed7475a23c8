use crate::assert_close;
use nnx_core::nn;
use nnx_core::{Array, DType, grad};

#[test]
fn second_derivatives_follow_the_rules() {
    let x = Array::from_slice(&[-1.5_f32, -0.25, 0.5, 2.0], [4]);
    let second = |f: &dyn Fn(&Array) -> Array| {
        grad(|x: &Array| grad(|x: &Array| f(x).sum(..), x).sum(..), &x)
    };
    // softplus'' = sigmoid (1 - sigmoid)
    let s = x.sigmoid();
    assert_close("softplus''", &second(&nn::softplus), &(&s * (1.0 - &s)), 1e-5);
    assert_close("relu''", &second(&nn::relu), &x.zeros_like(), 0.0);
    // d/dx sum(d/dx sum(softmax^2)) by differences of the gradient
    let f = |x: &Array| nn::softmax(x, -1).square();
    let h = 1e-2_f32;
    let directional = |by: f32| {
        let x = &x + by;
        grad(|x: &Array| f(x).sum(..), &x)
    };
    // Adding one number to all logits changes nothing: the sum over the Hessian's rows is 0.
    assert_close("softmax", &directional(h), &directional(-h), 1e-5);
    assert_close("softmax''", &second(&f), &x.zeros_like(), 1e-5);
}

/// Values of JAX 0.10.2.
#[test]
fn extremes_stay_finite() {
    let x = Array::from_slice(&[-1e4_f32, -100.0, 0.0, 100.0, 1e4], [5]);
    let values = |f: &dyn Fn(&Array) -> Array| f(&x).to_vec::<f32>();
    let grads = |f: &dyn Fn(&Array) -> Array| grad(|x: &Array| f(x).sum(..), &x).to_vec::<f32>();
    assert_eq!(values(&nn::softplus), [0.0, 0.0, std::f32::consts::LN_2, 100.0, 1e4]);
    assert_eq!(grads(&nn::softplus), [0.0, 0.0, 0.5, 1.0, 1.0]);
    assert_eq!(grads(&|x| nn::elu(x, 1.0)), [0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(grads(&nn::log_sigmoid), [1.0, 1.0, 0.5, 0.0, 0.0]);
    let infinite = Array::from_slice(&[f32::INFINITY, f32::NEG_INFINITY], [2]);
    assert_eq!(nn::softplus(&infinite).to_vec::<f32>(), [f32::INFINITY, 0.0]);
    assert_eq!(grad(|x: &Array| nn::softplus(x).sum(..), &infinite).to_vec::<f32>(), [1.0, 0.0]);
    let same = nn::logaddexp(&infinite, &infinite).to_vec::<f32>();
    assert_eq!(same, [f32::INFINITY, f32::NEG_INFINITY]);
}

#[test]
fn dtypes_stay() {
    let x = Array::from_slice(&[-1.0_f32, 0.5], [2]);
    for f in [nn::relu, nn::gelu, nn::silu, nn::softplus, nn::hard_tanh, nn::selu] {
        assert_eq!(f(&x.astype(DType::BF16)).dtype(), DType::BF16);
        assert_eq!(f(&x.astype(DType::F64)).dtype(), DType::F64);
    }
    let ints = Array::from_slice(&[-2_i32, 3], [2]);
    assert_eq!(nn::relu(&ints).to_vec::<i32>(), [0, 3]);
    assert_eq!(nn::softplus(&ints).dtype(), DType::F32);
}
