//! Linear equations by products with the matrix: x, and slopes by the matrix and the right side.

use crate::values::*;
use nnx_core::{Array, DType, KrylovOptions, bicgstab, cg, gmres, grad};

/// A method of the matrix and the right side, up to a tolerance.
type Method = fn(&Array, &Array, f64) -> Array;

fn by_cg(a: &Array, b: &Array, tol: f64) -> Array {
    cg(|x: &Array| a.matmul(x), b, &KrylovOptions { tol, ..KrylovOptions::default() })
}

fn by_bicgstab(a: &Array, b: &Array, tol: f64) -> Array {
    bicgstab(|x: &Array| a.matmul(x), b, &KrylovOptions { tol, ..KrylovOptions::default() })
}

fn by_gmres(a: &Array, b: &Array, tol: f64) -> Array {
    gmres(|x: &Array| a.matmul(x), b, 20, &KrylovOptions { tol, ..KrylovOptions::default() })
}

/// The gradient of Re Σ x · w by the matrix and the right side.
fn slopes(method: Method, a: &Array, b: &Array, w: &Array) -> Vec<Array> {
    let of = |(a, b): (&Array, &Array)| (method(a, b, 1e-13) * w).real().sum(..);
    let (a, b) = grad(of, (a, b));
    vec![a, b]
}

fn slope_row(method: &str, matrix: &str) -> String {
    format!(
        "[*jax.grad(lambda {matrix}, b: (jsp.sparse.linalg.{method}({matrix}, b, tol=1e-13)[0] * w).real.sum(), \
         (0, 1))({matrix}, b)]"
    )
}

#[test]
fn real() {
    let mut rows = Rows::of("krylov", "real");
    let [a, n, b, w, x0] = rows.inputs(["a", "n", "b", "w", "x0"]);
    let diagonal = [&a, &n].map(|m| m.diagonal(0, 0, 1));
    let [of_a, of_n] = diagonal.map(|d| move |x: &Array| x / &d);
    let few = |preconditioner, maxiter| KrylovOptions {
        x0: Some(&x0),
        maxiter: Some(maxiter),
        preconditioner: Some(preconditioner),
        ..KrylovOptions::default()
    };
    let times = |m: &Array| {
        let m = m.clone();
        move |x: &Array| m.matmul(x)
    };
    rows.check("jsp.sparse.linalg.cg(a, b, tol=1e-12)[0]", || by_cg(&a, &b, 1e-12));
    rows.check("jsp.sparse.linalg.cg(a, b, x0, maxiter=2, M=lambda x: x / jnp.diag(a))[0]", || {
        cg(times(&a), &b, &few(&of_a, 2))
    });
    rows.check("jsp.sparse.linalg.cg(a.astype('float32'), b.astype('float32'))[0]", || {
        by_cg(&a.astype(DType::F32), &b.astype(DType::F32), 1e-5)
    });
    rows.check("jsp.sparse.linalg.bicgstab(n, b, tol=1e-12)[0]", || by_bicgstab(&n, &b, 1e-12));
    rows.check(
        "jsp.sparse.linalg.bicgstab(n, b, x0, maxiter=2, M=lambda x: x / jnp.diag(n))[0]",
        || bicgstab(times(&n), &b, &few(&of_n, 2)),
    );
    rows.check("jsp.sparse.linalg.gmres(n, b)[0]", || by_gmres(&n, &b, 1e-5));
    rows.check(
        "jsp.sparse.linalg.gmres(n, b, x0, restart=2, maxiter=3, M=lambda x: x / jnp.diag(n))[0]",
        || gmres(times(&n), &b, 2, &few(&of_n, 3)),
    );
    rows.check("jsp.sparse.linalg.gmres(n, b, restart=2, tol=1e-3)[0]", || {
        gmres(times(&n), &b, 2, &KrylovOptions { tol: 1e-3, ..KrylovOptions::default() })
    });
    let methods: [(&str, Method); 3] =
        [("cg", by_cg), ("bicgstab", by_bicgstab), ("gmres", by_gmres)];
    for (name, method) in methods {
        rows.check(&slope_row(name, "a"), || slopes(method, &a, &b, &w));
    }
    rows.done();
}

#[test]
fn complex() {
    let mut rows = Rows::of("krylov", "complex");
    let [a, n, b, w] = rows.inputs(["a", "n", "b", "w"]);
    let methods: [(&str, Method, &str, &Array); 3] =
        [("cg", by_cg, "a", &a), ("bicgstab", by_bicgstab, "n", &n), ("gmres", by_gmres, "n", &n)];
    for (name, method, matrix, m) in methods {
        let tol = if name == "gmres" { "" } else { ", tol=1e-12" };
        rows.check(&format!("jsp.sparse.linalg.{name}({matrix}, b{tol})[0]"), || {
            method(m, &b, 1e-12)
        });
        rows.check(&slope_row(name, matrix), || slopes(method, m, &b, &w));
    }
    rows.done();
}

/// The unknowns may be a tree.
#[test]
fn trees() {
    let b = vec![Array::from([2.0_f32, 4.0]), Array::from([[3.0_f32]])];
    let double = |x: &Vec<Array>| x.iter().map(|x| x * 2.0).collect::<Vec<Array>>();
    let options = KrylovOptions::default();
    for x in
        [cg(double, &b, &options), bicgstab(double, &b, &options), gmres(double, &b, 3, &options)]
    {
        let near =
            |i: usize, want: &[f32]| (&x[i].flatten() * 16.0).round().to_vec::<f32>() == want;
        assert!(near(0, &[16.0, 32.0]) && near(1, &[24.0]));
    }
    let product = |x: &Array| x * 2.0;
    let (whole, short) = (Array::from([1, 2]), Array::from([1.0]));
    let two = Array::from([1.0, 2.0]);
    let wrong = KrylovOptions { x0: Some(&short), ..KrylovOptions::default() };
    refused(&[
        ("integers", &|| cg(product, &whole, &KrylovOptions::default()), &["cg", "`b`", "i32[2]"]),
        ("start", &|| gmres(product, &two, 2, &wrong), &["gmres", "`x0`", "[[1]]", "[[2]]"]),
        ("restart", &|| gmres(product, &two, 0, &KrylovOptions::default()), &["restart"]),
    ]);
}
