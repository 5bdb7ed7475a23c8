//! Derivatives of functions of arrays and Modules, outside of jit.

use nnx::{Array, Module, Param, grad, jvp};

#[derive(Module)]
struct Scale {
    kernel: Param,
    steps: Array,
}

fn f32s(values: &[f32]) -> Array {
    Array::from_slice(values, [values.len()])
}

#[test]
fn forward_and_reverse_agree_along_a_direction() {
    let (x, v) = (f32s(&[0.3, -0.7, 1.1]), f32s(&[1.0, 0.5, -2.0]));
    let f = |x: &Array| (x.sin() * x.exp()).sum(..) / x.square().sum(..);
    let (_, forward) = jvp(f, &x, &v);
    let reverse = (grad(f, &x) * &v).sum(..);
    assert!((forward.item::<f32>() - reverse.item::<f32>()).abs() < 1e-5);
    // Forward over reverse is the product of the Hessian with the direction.
    let (_, hvp) = jvp(|x: &Array| grad(|x: &Array| x.powi(3).sum(..), x), &x, &v);
    let expected: Vec<f32> = (6.0 * &x * &v).to_vec();
    let got = hvp.to_vec::<f32>();
    assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{got:?} {expected:?}");
}

#[test]
fn integers_have_no_tangent_and_say_so() {
    let model = Scale { kernel: Param::new(f32s(&[2.0])), steps: Array::scalar(3_i32) };
    let tangent = Scale { kernel: Param::new(f32s(&[1.0])), steps: Array::absent("unused") };
    let f = |m: &Scale| (m.kernel.square(), &m.steps + 1);
    let ((y, steps), (dy, dsteps)) = jvp(f, &model, &tangent);
    assert_eq!((y.to_vec::<f32>(), steps.item::<i32>()), (vec![4.0], 4));
    assert_eq!(dy.to_vec::<f32>(), [4.0]);
    assert!(dsteps.try_to_vec::<i32>().unwrap_err().to_string().contains("no tangent"));
}

#[test]
#[should_panic(expected = "a tangent is f32[2], but its leaf is f32[3]")]
fn a_tangent_must_fit_its_leaf() {
    jvp(|x: &Array| x.clone(), &f32s(&[1.0, 2.0, 3.0]), &f32s(&[1.0, 2.0]));
}
