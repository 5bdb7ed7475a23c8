//! Decompositions, equations, norms: values from JAX, properties, derivatives, batches.

use crate::check::*;
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, jvp, vmap};

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("linalg", "values_as_in_jax");
    let [a, b3, t, v, r, spd, sing, z, iz] =
        rows.inputs(["a", "b3", "t", "v", "r", "spd", "sing", "z", "iz"]);
    rows.check("jnp.linalg.cholesky(spd)", || linalg::cholesky(&spd));
    rows.check("jnp.linalg.cholesky(-spd)", || linalg::cholesky(&-&spd));
    rows.check("jnp.linalg.cholesky(z @ z.conj().T)", || linalg::cholesky(z.matmul(z.conj().t())));
    rows.check("[*jnp.linalg.qr(t)]", || linalg::qr(&t));
    rows.check("[*jnp.linalg.qr(t.T)]", || linalg::qr(t.t()));
    rows.check("[*jnp.linalg.qr(b3)]", || linalg::qr(&b3));
    rows.check(
        "jnp.abs(jnp.linalg.qr(t, mode=\"complete\")[0] @ jnp.linalg.qr(t, mode=\"complete\")[1])",
        || {
            let (q, r) = linalg::qr_full(&t);
            q.matmul(r).abs()
        },
    );
    rows.check("[*jsp.linalg.lu(t)]", || linalg::lu(&t));
    rows.check("[*jsp.linalg.lu(t.T)]", || linalg::lu(t.t()));
    rows.check("[*jsp.linalg.lu_factor(a)]", || linalg::lu_factor(&a));
    rows.check("jsp.linalg.lu_solve(jsp.linalg.lu_factor(a), v)", || {
        let (l, p) = linalg::lu_factor(&a);
        linalg::lu_solve(&l, &p, &v)
    });
    rows.check("jnp.linalg.solve(a, v)", || linalg::solve(&a, &v));
    rows.check("jnp.linalg.solve(a, r)", || linalg::solve(&a, &r));
    rows.check("jnp.linalg.solve(b3, b3[0, :, :2])", || {
        linalg::solve(&b3, b3.slice([0.into(), (..).into(), (0..2).into()]))
    });
    rows.check("jnp.linalg.solve(z, z.T)", || linalg::solve(&z, z.t()));
    rows.check("jsp.linalg.solve_triangular(a, v, lower=True)", || {
        linalg::solve_triangular(&a, &v, true)
    });
    rows.check("jsp.linalg.solve_triangular(a, r)", || linalg::solve_triangular(&a, &r, false));
    rows.check("lax.linalg.triangular_solve(a, r.T, left_side=False, lower=True, transpose_a=True, unit_diagonal=True)", || linalg::triangular_solve(&a, r.t(), linalg::TriangularOptions { left_side: false, transpose_a: true, unit_diagonal: true, ..Default::default() }));
    rows.check("jsp.linalg.cho_solve(jsp.linalg.cho_factor(spd), v)", || {
        linalg::cho_solve(linalg::cho_factor(&spd), &v)
    });
    rows.check("jnp.linalg.inv(a)", || linalg::inv(&a));
    rows.check("jnp.linalg.inv(b3)", || linalg::inv(&b3));
    rows.check("jnp.linalg.inv(iz.astype(float))", || linalg::inv(iz.astype(DType::F64)));
    rows.check("jnp.linalg.det(a)", || linalg::det(&a));
    rows.check("jnp.linalg.det(b3)", || linalg::det(&b3));
    rows.check("jnp.linalg.det(sing)", || linalg::det(&sing));
    rows.check("jnp.linalg.det(z)", || linalg::det(&z));
    rows.check("jax.grad(jnp.linalg.det)(sing)", || grad(|x: &Array| linalg::det(x), &sing));
    rows.check("jax.grad(lambda x: jnp.linalg.det(x))(jnp.pad(sing, (0, 1)))", || {
        grad(|x: &Array| linalg::det(x), &sing.pad(&[(0, 1), (0, 1)], 0.0))
    });
    rows.check("[*jnp.linalg.slogdet(b3)]", || linalg::slogdet(&b3));
    rows.check("[*jnp.linalg.slogdet(0 * a)]", || linalg::slogdet(&(&a * 0.0)));
    rows.check("[*jnp.linalg.slogdet(z)]", || linalg::slogdet(&z));
    rows.check("jnp.linalg.eigvalsh(b3)", || linalg::eigvalsh(&b3));
    rows.check("jnp.linalg.svdvals(t)", || linalg::svdvals(&t));
    rows.check("jnp.linalg.svdvals(b3)", || linalg::svdvals(&b3));
    rows.check("jnp.linalg.svdvals(sing)", || linalg::svdvals(&sing));
    rows.check("jnp.linalg.pinv(t)", || linalg::pinv(&t, None));
    rows.check("jnp.linalg.pinv(sing)", || linalg::pinv(&sing, None));
    rows.check("jnp.linalg.pinv(t.T)", || linalg::pinv(t.t(), None));
    rows.check("[*jnp.linalg.lstsq(t, t[:, 0] ** 2)][0]", || {
        linalg::lstsq(&t, t.slice([(..).into(), 0.into()]).square(), None).x
    });
    rows.check("[*jnp.linalg.lstsq(t, t ** 2)][1]", || {
        linalg::lstsq(&t, t.square(), None).residuals
    });
    rows.check("[*jnp.linalg.lstsq(sing, v)][0]", || linalg::lstsq(&sing, &v, None).x);
    rows.check("[*jnp.linalg.lstsq(sing, v)][2]", || linalg::lstsq(&sing, &v, None).rank);
    rows.check("jnp.linalg.matrix_rank(sing)", || linalg::matrix_rank(&sing, None));
    rows.check("jnp.linalg.matrix_rank(b3)", || linalg::matrix_rank(&b3, None));
    rows.check("jnp.linalg.cond(t)", || linalg::cond(&t));
    rows.check("jnp.linalg.matrix_power(a, 5)", || linalg::matrix_power(&a, 5));
    rows.check("jnp.linalg.matrix_power(b3, -3)", || linalg::matrix_power(&b3, -3));
    rows.check("jnp.linalg.matrix_power(a, 0)", || linalg::matrix_power(&a, 0));
    rows.check("jnp.linalg.multi_dot([v, a, a, r])", || linalg::multi_dot([&v, &a, &a, &r]));
    rows.check("jsp.linalg.expm(a)", || linalg::expm(&a));
    rows.check("jsp.linalg.expm(b3 * 4)", || linalg::expm(&(&b3 * 4.0)));
    rows.check("jsp.linalg.expm(0 * a)", || linalg::expm(&(&a * 0.0)));
    rows.check("jnp.linalg.norm(b3)", || linalg::norm(&b3, ..));
    rows.check("jnp.linalg.norm(z, axis=1)", || linalg::norm(&z, 1));
    rows.check("jnp.linalg.vector_norm(t, ord=1, axis=0)", || linalg::vector_norm(&t, 1, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=2, axis=0)", || linalg::vector_norm(&t, 2, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=3, axis=0)", || linalg::vector_norm(&t, 3, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=0.5, axis=0)", || linalg::vector_norm(&t, 0.5, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=0, axis=0)", || linalg::vector_norm(&t, 0, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=inf, axis=0)", || linalg::vector_norm(&t, INF, 0));
    rows.check("jnp.linalg.vector_norm(t, ord=-inf, axis=0)", || linalg::vector_norm(&t, -INF, 0));
    rows.check("jnp.linalg.matrix_norm(b3, ord=1)", || linalg::matrix_norm(&b3, 1));
    rows.check("jnp.linalg.matrix_norm(b3, ord=-1)", || linalg::matrix_norm(&b3, -1));
    rows.check("jnp.linalg.matrix_norm(b3, ord=2)", || linalg::matrix_norm(&b3, 2));
    rows.check("jnp.linalg.matrix_norm(b3, ord=-2)", || linalg::matrix_norm(&b3, -2));
    rows.check("jnp.linalg.matrix_norm(b3, ord=inf)", || linalg::matrix_norm(&b3, INF));
    rows.check("jnp.linalg.matrix_norm(b3, ord=-inf)", || linalg::matrix_norm(&b3, -INF));
    rows.check("jnp.linalg.matrix_norm(b3, ord=\"fro\")", || {
        linalg::matrix_norm(&b3, linalg::Ord::Frobenius)
    });
    rows.check("jnp.linalg.matrix_norm(b3, ord=\"nuc\")", || {
        linalg::matrix_norm(&b3, linalg::Ord::Nuclear)
    });
    rows.done();
}

/// Largest element of |a − b|, relative to the largest of |b|.
fn distance(a: &Array, b: &Array) -> f64 {
    let scale = b.abs().max(..).maximum(1e-300);
    ((a - b).abs().max(..) / scale).astype(DType::F64).item()
}

fn orthonormal(q: &Array) -> f64 {
    let n = q.shape()[q.rank() - 1];
    distance(&q.mt().matmul(q), &eye(n, q.dtype()))
}

#[test]
fn decompositions_multiply_back() {
    let mut rng = Rng(5);
    for (dtype, shapes) in [(DType::F64, &[[3, 7], [40, 30]][..]), (DType::F32, &[[7, 3]])] {
        let eps = finfo(dtype).eps;
        for &shape in shapes {
            let x = rng.array(&shape, -1.0, 1.0).astype(dtype);
            let bound = 30.0 * eps * (shape[0].max(shape[1]) as f64);
            let (q, r) = linalg::qr(&x);
            assert!(distance(&q.matmul(r), &x) < bound, "{dtype} qr {shape:?}");
            assert!(orthonormal(&q) < bound, "{dtype} q {shape:?}");
            let (p, l, u) = linalg::lu(&x);
            assert!(distance(&p.matmul(l.matmul(&u)), &x) < bound, "{dtype} lu {shape:?}");
            assert!(l.abs().max(..).astype(DType::F64).item::<f64>() <= 1.0, "{shape:?}");
            let (u, s, vt) = linalg::svd(&x);
            assert!(distance(&(&u * &s).matmul(&vt), &x) < bound, "{dtype} svd {shape:?}");
            assert!(orthonormal(&u) < bound && orthonormal(&vt.t()) < bound, "{dtype} {shape:?}");
            let (u, _, vt) = linalg::svd_full(&x);
            assert_eq!((u.shape(), vt.shape()), (&[shape[0]; 2][..], &[shape[1]; 2][..]));
            assert!(orthonormal(&u) < bound && orthonormal(&vt.t()) < bound, "{dtype} {shape:?}");
            let gram = x.t().matmul(&x);
            let (w, v) = linalg::eigh(&gram);
            assert!(distance(&(&v * &w).matmul(v.t()), &gram) < bound, "{dtype} eigh {shape:?}");
            assert!(orthonormal(&v) < bound, "{dtype} eigh {shape:?}");
            let spd = &gram + eye(shape[1], dtype) * 0.1;
            let l = linalg::cholesky(&spd);
            assert!(distance(&l.matmul(l.t()), &spd) < bound, "{dtype} cholesky {shape:?}");
            let inverse = linalg::inv(&spd);
            let bound = bound * 1e3;
            assert!(distance(&spd.matmul(inverse), &eye(shape[1], dtype)) < bound, "{shape:?}");
        }
    }
}

#[test]
fn singular_values_of_hard_matrices() {
    // Graded: small singular values keep their relative precision.
    let d = f64s(&[1.0, 1e-5, 1e-10, 1e-14], &[4]).diag(0);
    let (q, _) = linalg::qr(Rng(3).array(&[4, 4], -1.0, 1.0));
    let s = linalg::svdvals(q.matmul(&d)).to_vec::<f64>();
    for (s, want) in s.iter().zip([1.0, 1e-5, 1e-10, 1e-14]) {
        assert!((s / want - 1.0).abs() < 1e-12, "{s} {want}");
    }
    for x in [zeros([3, 3], DType::F64), ones([5, 3], DType::F64), eye(4, DType::F64)] {
        let (u, s, vt) = linalg::svd(&x);
        assert!(distance(&(&u * s).matmul(&vt), &x) < 1e-14);
        assert!(orthonormal(&u) < 1e-14 && orthonormal(&vt.t()) < 1e-14);
    }
    let large = Rng(4).array(&[3, 2], -1e200, 1e200);
    assert!(linalg::svdvals(&large).is_finite().all(..).item::<bool>());
    for empty in [[0, 3], [3, 0]] {
        let (u, s, vt) = linalg::svd(zeros(empty, DType::F64));
        assert_eq!((u.shape()[0], s.size(), vt.shape()[1]), (empty[0], 0, empty[1]));
        let (q, r) = linalg::qr_full(zeros(empty, DType::F64));
        assert_eq!(q.to_vec::<f64>(), eye(empty[0], DType::F64).to_vec::<f64>());
        assert_eq!(r.shape(), empty);
    }
    assert_eq!(linalg::det(zeros([2, 0, 0], DType::F64)).to_vec::<f64>(), [1.0, 1.0]);
    assert_eq!(linalg::solve(eye(2, DType::F64), zeros([2, 0], DType::F64)).shape(), [2, 0]);
}

#[test]
fn a_lu_of_many_blocks() {
    let mut rng = Rng(8);
    let a = rng.array(&[150, 150], -1.0, 1.0);
    let x = rng.array(&[150, 2], -1.0, 1.0);
    assert!(distance(&linalg::solve(&a, a.matmul(&x)), &x) < 1e-9);
    let tall = rng.array(&[2, 140, 70], -1.0, 1.0);
    let (p, l, u) = linalg::lu(&tall);
    assert!(distance(&p.matmul(l.matmul(u)), &tall) < 1e-12);
}

#[test]
fn derivatives_are_the_slopes() {
    let mut rng = Rng(21);
    let (a, b) = (rng.array(&[3, 3], -1.0, 1.0), rng.array(&[3, 2], -1.0, 1.0));
    let tall = rng.array(&[4, 2], -1.0, 1.0);
    let args = [a + eye(3, DType::F64) * 2.0, b, tall];
    fn spd(x: &Array) -> Array {
        x.matmul(x.t()) + eye(3, DType::F64)
    }
    let table: &[(&str, Function)] = &[
        ("solve", &|a| linalg::solve(&a[0], &a[1])),
        ("solve vector", &|a| linalg::solve(&a[0], a[1].slice([(..).into(), 0.into()]))),
        ("inv", &|a| linalg::inv(&a[0])),
        ("det", &|a| linalg::det(&a[0])),
        ("slogdet", &|a| linalg::slogdet(&a[0]).1),
        ("cholesky", &|a| linalg::cholesky(spd(&a[0]))),
        ("cho_solve", &|a| linalg::cho_solve(linalg::cholesky(spd(&a[0])), &a[1])),
        ("triangular", &|a| linalg::solve_triangular(&a[0], &a[1], true)),
        ("triangular right", &|a| {
            linalg::triangular_solve(
                &a[0],
                a[1].t(),
                linalg::TriangularOptions {
                    left_side: false,
                    lower: false,
                    transpose_a: true,
                    ..Default::default()
                },
            )
        }),
        ("unit triangular", &|a| {
            linalg::triangular_solve(
                &a[0],
                &a[1],
                linalg::TriangularOptions {
                    unit_diagonal: true,
                    lower: false,
                    ..Default::default()
                },
            )
        }),
        ("lu_solve", &|a| {
            let (l, p) = linalg::lu_factor(&a[0]);
            linalg::lu_solve(&l, &p, &a[1])
        }),
        ("norm", &|a| linalg::norm(&a[1], 0)),
        ("vector_norm", &|a| linalg::vector_norm(&a[1], 3, ..)),
    ];
    check_table(check_grad2, table, &args);
    let table: &[(&str, Function)] = &[
        ("qr q", &|a| linalg::qr(&a[2]).0),
        ("qr r", &|a| linalg::qr(&a[2]).1),
        ("lu", &|a| linalg::lu(&a[0]).1.matmul(&a[1])),
        ("lu tall", &|a| linalg::lu(&a[2]).2),
        ("lu wide", &|a| linalg::lu(a[2].t()).2),
        ("eigh values", &|a| linalg::eigh(spd(&a[0])).0),
        ("eigh function", &|a| {
            let (w, v) = linalg::eigh(spd(&a[0]));
            (&v * w.log()).matmul(v.t())
        }),
        ("svd values", &|a| linalg::svd(&a[2]).1),
        ("svd function", &|a| {
            let (u, s, vt) = linalg::svd(&a[2]);
            (u * s.square()).matmul(vt)
        }),
        ("svd wide", &|a| {
            let (u, s, vt) = linalg::svd(a[2].t());
            (u * s.sqrt()).matmul(vt)
        }),
        ("svd full", &|a| {
            let (u, s, vt) = linalg::svd_full(&a[0]);
            (u * s.square()).matmul(vt)
        }),
        ("pinv", &|a| linalg::pinv(&a[2], None)),
        ("lstsq", &|a| linalg::lstsq(&a[2], a[2].square().sum(1), None).x),
        ("expm", &|a| linalg::expm(&a[0])),
        ("matrix_power", &|a| linalg::matrix_power(&a[0], -2)),
        ("multi_dot", &|a| linalg::multi_dot([&a[0], &a[0], &a[1]])),
        ("nuclear", &|a| linalg::matrix_norm(&a[0], linalg::Ord::Nuclear)),
    ];
    check_table(check_grad, table, &args);
}

#[test]
fn batches_are_loops() {
    let mut rng = Rng(30);
    let x = rng.array(&[3, 4, 4], -1.0, 1.0);
    let b = rng.array(&[3, 4, 2], -1.0, 1.0);
    type F = fn(&Array, &Array) -> Array;
    let table: &[(&str, F)] = &[
        ("solve", |x, b| linalg::solve(x, b)),
        ("solve shared", |x, _| linalg::solve(&(eye(4, DType::F64) * 2.0), x)),
        ("inv", |x, _| linalg::inv(x)),
        ("det", |x, _| linalg::det(x)),
        ("slogdet", |x, _| linalg::slogdet(x).1),
        ("cholesky", |x, _| linalg::cholesky(&(x.matmul(x.t()) + eye(4, DType::F64)))),
        ("triangular", |x, b| linalg::solve_triangular(x, b, true)),
        ("qr", |x, _| linalg::qr(x).1),
        ("lu", |x, _| linalg::lu(x).2),
        ("eigh", |x, _| linalg::eigvalsh(x)),
        ("svd", |x, _| linalg::svdvals(x)),
        ("gradient of solve", |x, b| grad(|x: &Array| linalg::solve(x, b).square().sum(..), x)),
        ("gradient of svd", |x, _| grad(|x: &Array| linalg::svdvals(x).sum(..), x)),
        ("jvp of det", |x, b| jvp(|x: &Array| linalg::det(x), x, &b.matmul(b.t())).1),
    ];
    for (name, f) in table {
        let all = vmap(|(x, b): (&Array, &Array)| f(x, b), (&x, &b), 0);
        let one = |i: usize| f(&x.slice([i.into()]), &b.slice([i.into()]));
        let each: Vec<Array> = (0..3).map(one).collect();
        let each = stack(&each, 0);
        close(&all.to_vec::<f64>(), &each.to_vec::<f64>(), 1e-10);
        assert_eq!(all.shape(), each.shape(), "{name}");
    }
}

#[test]
fn mistakes_name_shapes_and_rules() {
    let (a, v) = (zeros([2, 3], DType::F32), zeros([4], DType::F32));
    let z = zeros([2, 2], DType::C64);
    refused(&[
        ("cholesky", &|| linalg::cholesky(&a), &["cholesky", "f32[2, 3]", "square"]),
        ("solve", &|| linalg::solve(eye(3, DType::F32), &v), &["f32[3, 3]", "rows"]),
        ("solve scalar", &|| linalg::solve(&a, &v), &["f32[2, 3]", "square"]),
        ("inv", &|| linalg::inv(&a), &["inv", "f32[2, 3]", "square"]),
        ("det", &|| linalg::det(&v), &["det", "f32[4]"]),
        ("qr", &|| linalg::qr(&v).0, &["qr", "f32[4]", "matrix"]),
        ("update", &|| linalg::cholesky_update(&z, &z), &["cholesky_update", "c64[2, 2]", "real"]),
        ("multi_dot", &|| linalg::multi_dot([&a, &a]), &["multi_dot", "f32[2, 3]", "rows"]),
        ("lstsq", &|| linalg::lstsq(&a, &v, None).x, &["lstsq", "f32[2, 3]", "f32[4]"]),
        ("matrix_norm", &|| linalg::matrix_norm(&a, 3), &["matrix_norm", "3-norm"]),
        (
            "vector_norm",
            &|| linalg::vector_norm(&a, linalg::Ord::Nuclear, 0),
            &["vector_norm", "Nuclear"],
        ),
        ("qr gradient", &|| grad(|x: &Array| linalg::qr(x).0.sum(..), &a), &["qr", "f32[2, 3]"]),
    ]);
}

/// Beside elements that are not finite the others are as without them.
#[test]
fn named_matrices_do_not_spread_what_is_not_finite() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let rows = |a: Array| format!("{:?}", a.to_vec::<f32>());
    let l = linalg::leslie(Array::from([1.0_f32, 2.0, 3.0]), Array::from([nan, inf]));
    assert_eq!(rows(l), "[1.0, 2.0, 3.0, NaN, 0.0, 0.0, 0.0, inf, 0.0]");
    let c = linalg::fiedler_companion(Array::from([1.0_f32, nan, 2.0, inf]));
    assert_eq!(rows(c), "[NaN, -2.0, 1.0, 1.0, 0.0, 0.0, 0.0, -inf, 0.0]");
}

#[test]
fn the_fiedler_companion_of_a_constant_is_empty() {
    let constant = |shape: &[usize]| linalg::fiedler_companion(ones(shape, DType::F32));
    assert_eq!(constant(&[1]).shape(), [0, 0]);
    assert_eq!(constant(&[3, 1]).shape(), [3, 0, 0]);
}
