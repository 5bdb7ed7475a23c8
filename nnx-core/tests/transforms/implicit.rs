//! `custom_root` and `custom_linear_solve`: derivatives of equations, and not of the steps to their
//! solutions.

use nnx_core::array::*;
use nnx_core::{
    Array, DType, TransposeSolve, custom_linear_solve, custom_root, grad, jacfwd, jacrev, jvp,
    linalg, random, vmap, while_loop,
};

/// Two vectors.
type Both = (Array, Array);

fn matrix(n: usize, seed: u64) -> Array {
    random::normal(&random::key(seed), [n, n], DType::F64) + eye(n, DType::F64) * 3.0
}

#[track_caller]
fn near(a: &Array, b: &Array) {
    let tolerance = Tolerance { rtol: 1e-9, atol: 1e-9, ..Default::default() };
    assert_eq!(a.shape(), b.shape());
    assert!(a.allclose(b, tolerance).item::<bool>(), "{a}\nis not\n{b}");
}

type Product<'a> = &'a dyn Fn(&Array) -> Array;

/// By Richardson's iteration, a loop without a reverse derivative, of the normal equations' kind: the
/// matrix comes out of the product.
fn richardson(product: Product<'_>, b: &Array) -> Array {
    let going = |(x, _): &(Array, Array)| (product(x) - b).abs().max(..).gt(1e-13);
    let step = |(x, i): (Array, Array)| {
        let r = b - product(&x);
        (x + r * 0.15, i + 1)
    };
    while_loop(going, step, (b.zeros_like(), Array::scalar(0))).0
}

/// With a small matrix, so that the iteration converges.
fn solved(a: &Array, b: &Array) -> Array {
    let matvec = |x: &Array| a.matmul(x);
    let back = |product: Product<'_>, b: &Array| richardson(product, b);
    custom_linear_solve(matvec, b, |f, b| richardson(f, b), TransposeSolve::With(&back))
}

#[test]
fn linear_solve_has_the_derivatives_of_the_equation() {
    let a = matrix(3, 1) * 0.5 + eye(3, DType::F64);
    let b = Array::from([1.0, -2.0, 0.5]);
    near(&solved(&a, &b), &linalg::solve(&a, &b));
    let loss = |x: Array| x.sin().sum(..);
    let gradient = grad(|a: &Array| loss(solved(a, &b)), &a);
    near(&gradient, &grad(|a: &Array| loss(linalg::solve(a, &b)), &a));
    let gradient = grad(|b: &Array| loss(solved(&a, b)), &b);
    near(&gradient, &grad(|b: &Array| loss(linalg::solve(&a, b)), &b));
    let t = matrix(3, 2);
    let (_, dx) = jvp(|a: &Array| solved(a, &b), &a, &t);
    near(&dx, &jvp(|a: &Array| linalg::solve(a, &b), &a, &t).1);
    // Twice, forwards and backwards.
    let second = |f: fn(&Array, &Array) -> Array| {
        jacfwd(|b: &Array| grad(|a: &Array| loss(f(a, b)), &a), &b)
    };
    near(&second(solved), &second(|a, b| linalg::solve(a, b)));
    let second = |f: fn(&Array, &Array) -> Array| {
        jacrev(|a: &Array| grad(|b: &Array| loss(f(a, b)), &b), &a)
    };
    near(&second(solved), &second(|a, b| linalg::solve(a, b)));
}

#[test]
fn linear_solve_of_batches() {
    let a = stack([&matrix(3, 1), &matrix(3, 3)], 0) * 0.4 + eye(3, DType::F64) * 1.5;
    let b = Array::from([[1.0, -2.0, 0.5], [0.0, 1.0, 2.0]]);
    let column = |x: Array| x.squeeze(-1);
    let want = column(linalg::solve(&a, b.expand_dims(-1)));
    near(&vmap(|(a, b): (&Array, &Array)| solved(a, b), (&a, &b), 0), &want);
    let first = a.slice([0.into()]);
    let want = linalg::solve(&first, b.t()).t();
    near(&vmap(|b: &Array| solved(&first, b), &b, 0), &want);
    let one = b.slice([0.into()]);
    let got = vmap(|a: &Array| solved(a, &one), &a, 0);
    near(&got, &column(linalg::solve(&a, one.expand_dims(-1).broadcast_to([2, 3, 1]))));
    let gradient = vmap(
        |(a, b): (&Array, &Array)| grad(|a: &Array| solved(a, b).square().sum(..), a),
        (&a, &b),
        0,
    );
    let each = |i: i32| {
        let (a, b) = (a.slice([i.into()]), b.slice([i.into()]));
        grad(|a: &Array| linalg::solve(a, &b).square().sum(..), &a)
    };
    near(&gradient, &stack([&each(0), &each(1)], 0));
}

#[test]
fn linear_solve_of_a_tree_with_a_symmetric_matrix() {
    let a = Array::from([[4.0, 1.0], [1.0, 3.0]]);
    let f = |a: &Array, b: &(Array, Array)| {
        // The matrix on the first part, and twice the second.
        let matvec = |(x, y): &(Array, Array)| (a.matmul(x), y * 2.0);
        let solve = |_: &dyn Fn(&Both) -> Both, (b, c): &Both| {
            (linalg::solve(a.stop_gradient(), b), c / 2.0)
        };
        custom_linear_solve(matvec, b, solve, TransposeSolve::Symmetric)
    };
    let b = (Array::from([1.0, 2.0]), Array::scalar(6.0));
    let (x, y) = f(&a, &b);
    near(&x, &Array::from([1.0 / 11.0, 7.0 / 11.0]));
    assert_eq!(y.item::<f64>(), 3.0);
    let gradient = grad(|b: &(Array, Array)| f(&a, b).0.sum(..) + f(&a, b).1, &b);
    near(&gradient.0, &Array::from([2.0 / 11.0, 3.0 / 11.0]));
    assert_eq!(gradient.1.item::<f64>(), 0.5);
    let gradient = grad(|a: &Array| f(a, &b).0.sum(..), &a);
    let want = grad(|a: &Array| linalg::solve(a, &b.0).sum(..), &a);
    near(&gradient, &want);
}

fn message(f: impl FnOnce()) -> String {
    let error = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    error.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn linear_solve_tells_mistakes() {
    let b = Array::from([1.0, 2.0]);
    let missing = |b: &Array| {
        let solve = |_: Product<'_>, b: &Array| b / 2.0;
        custom_linear_solve(|x: &Array| x * 2.0, b, solve, TransposeSolve::Missing).sum(..)
    };
    assert_eq!(jvp(missing, &b, &b).1.item::<f64>(), 1.5);
    let text = message(|| drop(grad(missing, &b)));
    assert!(text.contains("`TransposeSolve::With`"), "{text}");
    let solve = |_: Product<'_>, b: &Array| b.clone();
    let text = message(|| {
        custom_linear_solve(|x: &Array| x.sum(..), &b, solve, TransposeSolve::Missing);
    });
    assert!(text.contains("`matvec` must return a tree like `b`"), "{text}");
    let text = message(|| {
        let b = Array::from([1, 2]);
        custom_linear_solve(|x: &Array| x.clone(), &b, solve, TransposeSolve::Missing);
    });
    assert!(text.contains("floats or complex numbers are needed"), "{text}");
    let text = message(|| {
        let back = |_: Product<'_>, b: &Array| b.clone();
        custom_linear_solve(|x: &Array| x * x, &b, solve, TransposeSolve::With(&back));
    });
    assert!(text.contains("linear"), "{text}");
}

/// The x with x + a tanh(x) = c, by Newton's method in a loop.
fn root(a: &Array, c: &Array) -> Array {
    let f = |x: &Array| x + a * x.tanh() - c;
    let solve = |f: Product<'_>, x: &Array| {
        let going = |x: &Array| f(x).abs().max(..).gt(1e-14);
        let step = |x: Array| {
            let (y, slope) = jvp(f, &x, &x.ones_like());
            x - y / slope
        };
        while_loop(going, step, x.clone())
    };
    let tangent_solve = |g: Product<'_>, y: &Array| y / g(&y.ones_like());
    custom_root(f, c, solve, tangent_solve)
}

#[test]
fn root_has_the_derivatives_of_the_equation() {
    let (a, c) = (Array::scalar(0.7), Array::scalar(1.3));
    let x = root(&a, &c);
    let value = x.item::<f64>();
    assert!((value + 0.7 * value.tanh() - 1.3).abs() < 1e-14);
    // dx/da = -tanh(x) / (1 + a sech²(x)), dx/dc = 1 / (1 + a sech²(x)).
    let slope = 1.0 + 0.7 / value.cosh().powi(2);
    let (by_a, by_c) = grad(|(a, c): (&Array, &Array)| root(a, c), (&a, &c));
    assert!((by_a.item::<f64>() + value.tanh() / slope).abs() < 1e-13);
    assert!((by_c.item::<f64>() - 1.0 / slope).abs() < 1e-13);
    let (_, forward) = jvp(|a: &Array| root(a, &c), &a, &Array::scalar(1.0));
    assert!((forward.item::<f64>() + value.tanh() / slope).abs() < 1e-13);
    // The second derivative, by differences of the first.
    let first = |a: &Array| grad(|a: &Array| root(a, &c), a);
    let second = grad(first, &a).item::<f64>();
    let h = 1e-5;
    let difference = (first(&(&a + h)) - first(&(&a - h))).item::<f64>() / (2.0 * h);
    assert!((second - difference).abs() < 1e-8, "{second} {difference}");
}

#[test]
fn root_of_a_system_with_a_linear_solve() {
    let f = |p: &Array| {
        let equations = |x: &Array| p.matmul(x) + x.sin() - 1.0;
        let solve = |f: Product<'_>, x: &Array| {
            let going = |x: &Array| f(x).abs().max(..).gt(1e-13);
            while_loop(going, |x: Array| &x - linalg::solve(jacfwd(f, &x), f(&x)), x.clone())
        };
        let tangent_solve = |g: Product<'_>, y: &Array| linalg::solve(jacfwd(g, y), y);
        custom_root(equations, &zeros([2], DType::F64), solve, tangent_solve)
    };
    let p = Array::from([[3.0, 1.0], [-0.5, 4.0]]);
    let x = f(&p);
    assert!((p.matmul(&x) + x.sin() - 1.0).abs().max(..).item::<f64>() < 1e-13);
    let jacobian = jacrev(f, &p);
    near(&jacobian, &jacfwd(f, &p));
    // (P + diag cos x) dx = -dP x.
    let slope = &p + x.cos() * eye(2, DType::F64);
    let inverse = linalg::inv(&slope);
    let want = -(inverse.reshape([2, 2, 1]) * x.reshape([1, 1, 2]));
    near(&jacobian, &want);
    // A batch of parameters.
    let many = stack([&p, &(&p * 2.0)], 0);
    let both = vmap(f, &many, 0);
    near(&both, &stack([&f(&p), &f(&(&p * 2.0))], 0));
    let gradients = vmap(|p: &Array| grad(|p: &Array| f(p).sum(..), p), &many, 0);
    let one = |p: &Array| grad(|p: &Array| f(p).sum(..), p);
    near(&gradients, &stack([&one(&p), &one(&(&p * 2.0))], 0));
}

#[test]
fn root_tells_mistakes() {
    let x = Array::scalar(1.0);
    let same = |_: Product<'_>, x: &Array| x.clone();
    let text = message(|| {
        custom_root(|x: &Array| x.astype(DType::F32), &x, same, same);
    });
    assert!(text.contains("`f` must return a tree like `initial_guess`"), "{text}");
    let text = message(|| {
        custom_root(|x: &Array| x.clone(), &x, |_, x| stack([x, x], 0), same);
    });
    assert!(text.contains("`solve` must return a tree like `initial_guess`"), "{text}");
    let text = message(|| {
        custom_root(|x: &Array| x.clone(), &Array::scalar(1), same, same);
    });
    assert!(text.contains("floats or complex numbers are needed"), "{text}");
}
