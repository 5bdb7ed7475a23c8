//! Complex arguments: elementwise functions, order, decompositions, and their gradients.

use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, jvp, vmap};

type Function = fn(&Array) -> Array;

/// Those with branch cuts, and those that overflow.
const TRIGONOMETRIC: [(&str, Function); 10] = [
    ("arcsin", Array::asin),
    ("arccos", Array::acos),
    ("arctan", Array::atan),
    ("arcsinh", Array::asinh),
    ("arccosh", Array::acosh),
    ("arctanh", Array::atanh),
    ("sinh", Array::sinh),
    ("cosh", Array::cosh),
    ("tan", Array::tan),
    ("tanh", Array::tanh),
];

/// Σ|y − 0.3|, whose gradient the rows have.
fn distance(y: Array) -> Array {
    (y - 0.3).abs().sum(..)
}

#[test]
fn elementwise() {
    let mut rows = Rows::of("complex_numbers", "elementwise");
    let [z, zf, y, x] = rows.inputs(["z", "zf", "y", "x"]);
    let most = z.slice([(..).into(), (0..3).into()]);
    for (name, function) in TRIGONOMETRIC {
        rows.check(&format!("jnp.{name}(z[:, :3])"), || function(&most));
        if !["sinh", "cosh"].contains(&name) {
            rows.check(&format!("jnp.{name}(z[:, 3])"), || {
                function(&z.slice([(..).into(), 3.into()]))
            });
        }
        rows.check(&format!("jnp.{name}(zf)"), || function(&zf));
        rows.check(
            &format!("jax.grad(lambda x: jnp.abs(jnp.{name}(x) - 0.3).sum())(z[:, :3])"),
            || grad(|x: &Array| distance(function(x)), &most),
        );
    }
    let of = |f: &dyn Fn(&Array) -> Array| grad(|x: &Array| distance(f(x)), &y);
    rows.check("jnp.arctan2(y, x)", || y.atan2(&x));
    rows.check("jax.grad(lambda x: jnp.abs(jnp.arctan2(x, x[::-1]) - 0.3).sum())(y)", || {
        of(&|x| x.atan2(x.flip(0)))
    });
    rows.check("jnp.logaddexp(y, x)", || logaddexp(&y, &x));
    rows.check("jax.grad(lambda x: jnp.abs(jnp.logaddexp(x, 2 * x[::-1]) - 0.3).sum())(y)", || {
        of(&|x| logaddexp(x, x.flip(0) * 2))
    });
    rows.check("jsp.special.logsumexp(y)", || logsumexp(&y, ..));
    rows.check("jax.grad(lambda x: jnp.abs(jsp.special.logsumexp(x) - 0.3).sum())(y)", || {
        of(&|x| logsumexp(x, ..))
    });
    rows.check("jax.nn.softmax(y)", || softmax(&y, -1));
    rows.check("jax.grad(lambda x: jnp.abs(jax.nn.softmax(x) - 0.3).sum())(y)", || {
        of(&|x| softmax(x, -1))
    });
    rows.check("lax.cumlogsumexp(y)", || y.cumlogsumexp(0));
    rows.done();
}

#[test]
fn order() {
    let mut rows = Rows::of("complex_numbers", "order");
    let [s, w, f] = rows.inputs(["s", "w", "f"]);
    rows.check("s < w", || s.lt(&w));
    rows.check("s <= w", || s.le(&w));
    rows.check("s > w", || s.gt(&w));
    rows.check("s >= w", || s.ge(&w));
    rows.check("jnp.maximum(s, w)", || s.maximum(&w));
    rows.check("jnp.minimum(s, w)", || s.minimum(&w));
    rows.check("jnp.fmax(s, w)", || s.fmax(&w));
    rows.check("jnp.fmin(s, w)", || s.fmin(&w));
    rows.check("s.max()", || s.max(..));
    rows.check("s.min(0)", || s.min(0));
    rows.check("s.max(1)", || s.max(1));
    rows.check("jnp.tile(s, (300, 3)).max(0)", || s.tile(&[300, 3]).max(0));
    rows.check("jnp.ptp(s, 1)", || s.ptp(1));
    rows.check("jnp.nanmax(s, 1)", || s.nanmax(1));
    let holed = |i: usize, j: usize| s.at((i, j)).set(f64::NAN);
    rows.check("jnp.nanmax(s.at[0, 0].set(nan), 1)", || holed(0, 0).nanmax(1));
    rows.check("jnp.nanmin(s.at[1, 3].set(nan), 1)", || holed(1, 3).nanmin(1));
    rows.check("jnp.max(s, initial=-9., where=s.imag != 0)", || {
        s.masked(s.imag().ne(0)).max(.., -9.0)
    });
    rows.check("lax.cummax(s, 1)", || s.cummax(1));
    rows.check("lax.cummin(s, 1, reverse=True)", || s.flip(1).cummin(1).flip(1));
    rows.check("jnp.sort(s)", || s.sort(-1));
    rows.check("jnp.argsort(s, 0)", || s.argsort(0));
    rows.check("jnp.sort(f)", || f.sort(-1));
    rows.check("[*lax.sort([s, s.real], num_keys=1)]", || sort_multi([&s, &s.real()], -1, 1));
    let flat = s.flatten();
    rows.check("jnp.lexsort((s.ravel(), s.real.ravel()))", || lexsort([&flat, &flat.real()], 0));
    rows.check("jnp.searchsorted(jnp.sort(w), s.ravel())", || w.sort(0).searchsorted(&flat, false));
    rows.check("jnp.digitize(s, jnp.sort(w))", || s.digitize(w.sort(0), false));
    rows.check("jnp.unique(s, size=6)", || s.unique(6));
    rows.check("jnp.union1d(s.ravel(), w, size=8)", || union1d(&flat, &w, 8));
    rows.check("jnp.intersect1d(s.ravel(), w)", || intersect1d(&flat, &w, 2, 0));
    rows.check("jnp.setdiff1d(w, s.ravel())", || setdiff1d(&w, &flat, 2, 0));
    rows.check("jax.ops.segment_max(s.ravel(), jnp.array([0, 0, 1, 1, 2, 2, 0, 1]), 3)", || {
        segment_max(&flat, Array::from([0, 0, 1, 1, 2, 2, 0, 1]), 3)
    });
    rows.check("lax.reduce_window(s, -jnp.inf + 0j, lax.max, (1, 2), (1, 1), 'VALID')", || {
        reduce_window_max(&s, &[1, 2], &WindowOptions::default())
    });
    rows.check("jax.nn.relu(s)", || nnx_core::nn::relu(&s));
    let of = |f: &dyn Fn(&Array) -> Array| grad(|x: &Array| distance(f(x)), &s);
    rows.check("jax.grad(lambda x: jnp.abs(x.max(1) ** 2 - 0.3).sum())(s)", || {
        of(&|x| x.max(1).square())
    });
    rows.check("jax.grad(lambda x: jnp.abs(jnp.sort(x, 1) * w - 0.3).sum())(s)", || {
        of(&|x| x.sort(1) * &w)
    });
    rows.check("jax.grad(lambda x: jnp.abs(jnp.maximum(x, w) - 0.3).sum())(s)", || {
        of(&|x| x.maximum(&w))
    });
    rows.check("jax.grad(lambda x: jnp.abs(lax.cummax(x, 1) * w - 0.3).sum())(s)", || {
        of(&|x| x.cummax(1) * &w)
    });
    rows.done();
    // JAX says that it takes complex numbers here, and refuses them when it compiles. These are NumPy's.
    assert_eq!(s.argmax(..).item::<i32>(), 6);
    assert_eq!(s.argmin(1).to_vec::<i32>(), [3, 3]);
}

#[test]
fn decompositions() {
    let mut rows = Rows::of("complex_numbers", "decompositions");
    let [a, t, d, e] = rows.inputs(["a", "t", "d", "e"]);
    rows.check("jnp.linalg.eigvalsh(a)", || linalg::eigvalsh(&a));
    rows.check("jnp.abs(jnp.linalg.eigh(a)[1])", || linalg::eigh(&a).1.abs());
    rows.check("jnp.linalg.eigvalsh(a.astype('complex64'))", || {
        linalg::eigvalsh(a.astype(DType::C64))
    });
    rows.check("jnp.linalg.eigvalsh(jnp.stack([a, 1j * a]))", || {
        let i = complex(0.0, 1.0).astype(DType::C128);
        linalg::eigvalsh(stack([&a, &(i * &a)], 0))
    });
    rows.check("jax.grad(lambda x: (jnp.linalg.eigvalsh(x) ** 3).sum())(a)", || {
        grad(|x: &Array| linalg::eigvalsh(x).powi(3).sum(..), &a)
    });
    rows.check(
        "jax.grad(lambda x: (jnp.abs(jnp.linalg.eigh(x)[1]) ** 2 * a.real).sum())(a)",
        || grad(|x: &Array| (linalg::eigh(x).1.abs().square() * a.real()).sum(..), &a),
    );
    rows.check("jnp.linalg.svdvals(t)", || linalg::svdvals(&t));
    rows.check("jnp.linalg.svdvals(t.T)", || linalg::svdvals(t.t()));
    rows.check("jnp.linalg.svdvals(t.astype('complex64'))", || {
        linalg::svdvals(t.astype(DType::C64))
    });
    let parts = |(u, s, v): (Array, Array, Array)| vec![u.abs(), s, v.abs()];
    rows.check("[*map(jnp.abs, jnp.linalg.svd(t, full_matrices=False))]", || {
        parts(linalg::svd(&t))
    });
    rows.check("[*map(jnp.abs, jnp.linalg.svd(t.T, full_matrices=False))]", || {
        parts(linalg::svd(t.t()))
    });
    rows.check("jax.grad(lambda x: (jnp.linalg.svdvals(x) ** 3).sum())(t)", || {
        grad(|x: &Array| linalg::svdvals(x).powi(3).sum(..), &t)
    });
    let bent = &t + t.flip(0).conj();
    rows.check("jax.grad(lambda x: (lambda u, s, v: ((u @ v) * t.conj()).real.sum())(*jnp.linalg.svd(x, full_matrices=False)))(t + t[::-1].conj())", || {
        grad(
            |x: &Array| {
                let (u, _, v) = linalg::svd(x);
                (u.matmul(v) * t.conj()).real().sum(..)
            },
            &bent,
        )
    });
    rows.check("jnp.linalg.pinv(t)", || linalg::pinv(&t, None));
    rows.check("jnp.linalg.pinv(t.T)", || linalg::pinv(t.t(), None));
    rows.check(
        "jax.grad(lambda x: (jnp.linalg.pinv(x) * t.T).real.sum())(t + t[::-1].conj())",
        || grad(|x: &Array| (linalg::pinv(x, None) * t.t()).real().sum(..), &bent),
    );
    rows.check("jnp.linalg.cond(t)", || linalg::cond(&t));
    rows.check("jnp.linalg.matrix_rank(t)", || linalg::matrix_rank(&t, None));
    rows.check("jnp.linalg.matrix_rank(t[:, :1] @ t[:1])", || {
        let (column, row) = (t.slice([(..).into(), (0..1).into()]), t.slice([(0..1).into()]));
        linalg::matrix_rank(column.matmul(row), None)
    });
    rows.check("[*jnp.linalg.lstsq(t, t[:, 0] ** 2)][0]", || {
        linalg::lstsq(&t, t.slice([(..).into(), 0.into()]).square(), None).x
    });
    rows.check("[*jnp.linalg.lstsq(t, t ** 2)][1]", || {
        linalg::lstsq(&t, t.square(), None).residuals
    });
    rows.check("[*jsp.linalg.polar(t)]", || linalg::polar(&t, linalg::PolarSide::Right));
    rows.check("[*jsp.linalg.polar(t.T, side='left', method='svd')]", || {
        linalg::polar(t.t(), linalg::PolarSide::Left)
    });
    rows.check("(lambda w, v: (v * w) @ v.conj().T)(*jsp.linalg.eigh_tridiagonal(d, e))", || {
        let (w, v) = linalg::eigh_tridiagonal(&d, &e, None);
        (&v * w).matmul(adjoint(&v))
    });
    rows.check("jnp.linalg.norm(t, 2)", || linalg::matrix_norm(&t, 2));
    rows.check("jnp.linalg.norm(t, 'nuc')", || linalg::matrix_norm(&t, linalg::Ord::Nuclear));
    rows.done();
}

#[test]
fn what_decompositions_promise() {
    let n = 6_usize;
    let parts =
        [0.37, 0.59].map(|step| (iota([4 * n * n], DType::F64, 0).reshape([4, n, n]) * step).sin());
    let a = complex(&parts[0], &parts[1]);
    let near = |x: &Array, y: &Array| (x - y).abs().max(..).item::<f64>();
    let eye = eye(n, DType::C128);
    let hermitian = &a + adjoint(&a);
    let (w, v) = linalg::eigh(&hermitian);
    assert!(near(&hermitian.matmul(&v), &(&v * w.expand_dims(-2))) < 1e-12);
    assert!(near(&adjoint(&v).matmul(&v), &eye) < 1e-12);
    let tall = a.slice([(..).into(), (..).into(), (0..4).into()]);
    for (x, full) in [(&tall, false), (&tall.mt(), true), (&a, true)] {
        let (u, s, vh) = if full { linalg::svd_full(x) } else { linalg::svd(x) };
        let k = s.shape()[1];
        let left = u.slice([(..).into(), (..).into(), (0..k).into()]);
        let right = vh.slice([(..).into(), (0..k).into(), (..).into()]);
        assert!(near(&(left * s.expand_dims(-2)).matmul(right), x) < 1e-12);
        let unit = nnx_core::array::eye(u.shape()[2], DType::C128);
        assert!(near(&adjoint(&u).matmul(&u), &unit) < 1e-12);
    }
    // A batch is what its matrices are, and a pushed tangent the slope along it.
    let values = vmap(|x: &Array| linalg::svdvals(x), &tall, 0);
    assert!(near(&values, &linalg::svdvals(&tall)) < 1e-13);
    let step = complex(&parts[1], &parts[0]) * 1e-6;
    let (_, slope) = jvp(|x: &Array| linalg::eigvalsh(x), &hermitian, &step);
    let ahead = linalg::eigvalsh(&hermitian + &step) - linalg::eigvalsh(&hermitian - &step);
    assert!(near(&(ahead / 2e-6), &(slope / 1e-6)) < 1e-6);
}

fn adjoint(x: &Array) -> Array {
    x.mt().conj()
}
