//! `minimize`: JAX's numbers where JAX gets through, minima that are known, ends of all kinds.

use nnx_core::array::*;
use nnx_core::optim::{MinimizeOptions, OptimizeResults, minimize};
use nnx_core::{Array, DType, jit, vmap};

/// Of several variables; its minimum, 0, is at 1, 1, ….
fn rosenbrock(x: &Array) -> Array {
    let (a, b) = (x.slice([(..-1).into()]), x.slice([(1..).into()]));
    ((b - a.square()).square() * 100.0 + (1.0 - a).square()).sum(..)
}

fn ends(found: &OptimizeResults) -> (bool, i32, i32, i32) {
    let int = |x: &Array| x.item::<i32>();
    (found.success.item::<bool>(), int(&found.status), int(&found.nfev), int(&found.nit))
}

#[test]
fn known_minima() {
    for start in [vec![-1.2, 1.0], vec![-1.2, 1.0, 0.5], vec![3.0, -2.0, 0.0, 1.0, 5.0]] {
        let found = minimize(rosenbrock, Array::from(start), Default::default());
        assert!(found.success.item::<bool>(), "{found:?}");
        assert!((found.x - 1.0).abs().max(..).item::<f64>() < 1e-5);
        assert!(found.jac.abs().max(..).item::<f64>() < 1e-5);
    }
    let himmelblau = |p: &Array| {
        let (x, y) = (p.at(0).get(), p.at(1).get());
        (x.square() + &y - 11.0).square() + (x + y.square() - 7.0).square()
    };
    let found = minimize(himmelblau, Array::from([0.0, 0.0]), Default::default());
    assert!(found.success.item::<bool>() && found.fun.item::<f64>() < 1e-10, "{found:?}");
    let single = Array::from([-1.2, 1.0]).astype(DType::F32);
    let found = minimize(rosenbrock, &single, MinimizeOptions { gtol: 1e-3, ..Default::default() });
    assert_eq!(found.x.dtype(), DType::F32);
    assert!((found.x - 1.0).abs().max(..).item::<f32>() < 1e-2);
}

#[test]
fn the_steps_are_those_of_jax() {
    let matyas = |p: &Array| p.square().sum(..) * 0.26 - p.prod(..) * 0.48;
    let options = MinimizeOptions { gtol: 1e-9, ..Default::default() };
    let found = minimize(matyas, Array::from([1.0, 2.0]), options);
    assert_eq!(ends(&found), (true, 0, 10, 8));
    assert!(found.x.abs().max(..).item::<f64>() < 1e-9);
    let want = [12.999999068960738, 12.000001335531667, 12.000001335531667, 12.999998084243066];
    let off = (found.hess_inv - Array::from(want).reshape([2, 2])).abs().max(..);
    assert!(off.item::<f64>() < 1e-4, "{off}");
    // A minimum from the start, a function without one, a function without values.
    let found =
        minimize(|p: &Array| p.square().sum(..), zeros([2], DType::F64), Default::default());
    assert_eq!(ends(&found), (true, 0, 1, 0));
    let found = minimize(|p: &Array| p.sum(..), zeros([2], DType::F64), Default::default());
    assert_eq!(ends(&found), (false, 5, 11, 1));
    let found = minimize(|p: &Array| p.log().sum(..), Array::from([-1.0, 2.0]), Default::default());
    assert_eq!(ends(&found), (false, 5, 11, 1));
    let options = MinimizeOptions { maxiter: Some(3), ..Default::default() };
    let found = minimize(rosenbrock, Array::from([-1.2, 1.0]), options);
    assert_eq!((ends(&found).1, ends(&found).3), (1, 3));
}

#[test]
fn minimize_in_programs_and_batches() {
    let starts = Array::from([[-1.2, 1.0], [0.0, 0.0], [2.0, 2.0]]);
    let one = |x: &Array| minimize(rosenbrock, x, Default::default());
    let found = vmap(one, &starts, 0);
    assert!(found.success.all(..).item::<bool>());
    assert!((&found.x - 1.0).abs().max(..).item::<f64>() < 1e-5);
    let alone = one(&starts.at(0).get());
    assert_eq!(found.nit.at(0).get().item::<i32>(), alone.nit.item::<i32>());
    let compiled = jit(|x: &Array| minimize(rosenbrock, x, Default::default()).x);
    assert!((compiled.call(&starts.at(1).get()) - 1.0).abs().max(..).item::<f64>() < 1e-5);
}

#[test]
fn minimize_tells_mistakes() {
    let text = |f: fn()| {
        let error = std::panic::catch_unwind(f).unwrap_err();
        error.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let of_matrix = text(|| {
        minimize(|x: &Array| x.sum(..), zeros([2, 2], DType::F32), Default::default());
    });
    assert!(of_matrix.contains("must be a vector of f32 or f64"), "{of_matrix}");
    let of_dtype = text(|| {
        let f = |x: &Array| x.sum(..).astype(DType::F32);
        minimize(f, zeros([2], DType::F64), Default::default());
    });
    assert!(of_dtype.contains("must give the dtype"), "{of_dtype}");
}
