//! Differences from JAX that fuzzing found, and functions that came with the fixes.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::linalg::*;
use nnx_core::special::{poch, zeta};
use nnx_core::{Array, DType, grad, hessian, jvp, make_graph, nn};
use std::panic::catch_unwind;

#[test]
fn complex_numbers() {
    let mut rows = Rows::of("faults", "complex_numbers");
    let [z, w, m, k] = rows.inputs(["z", "w", "m", "k"]);
    rows.check("jnp.var(z)", || z.var(..));
    rows.check("jnp.std(z)", || z.std(..));
    rows.check("jnp.var(z, ddof=1)", || z.var_ddof(.., 1));
    rows.check("jnp.std(z, ddof=1)", || z.std_ddof(.., 1));
    rows.check("jnp.var(m, axis=1)", || m.var(1));
    rows.check("jnp.nanvar(z, ddof=1)", || z.nanvar(.., 1));
    rows.check("jnp.var(k)", || k.var(..));
    rows.check("jax.grad(lambda z: jnp.var(z))(z)", || grad(|z: &Array| z.var(..), &z));
    rows.check("jax.grad(lambda z: jnp.var(z))(k)", || grad(|z: &Array| z.var(..), &k));
    rows.check("jnp.round(w)", || w.round());
    rows.check("jnp.round(w, 2)", || w.round_decimals(2));
    rows.check("jnp.round(w, 40)", || w.round_decimals(40));
    rows.check("jnp.rint(w)", || w.rint());
    rows.check("jnp.cov(m)", || m.cov(1));
    rows.check("jnp.corrcoef(m)", || m.corrcoef());
    rows.check("jnp.corrcoef(z)", || z.corrcoef());
    rows.done();
}

/// Squares, sums and counts that leave the range of the short dtypes.
#[test]
fn short_floats() {
    let mut rows = Rows::of("faults", "short_floats");
    let [h, b, t] = rows.inputs(["h", "b", "t"]);
    rows.check("jnp.var(h)", || h.var(..));
    rows.check("jnp.std(h)", || h.std(..));
    rows.check("jnp.var(h, ddof=1)", || h.var_ddof(.., 1));
    rows.check("jnp.std(h, ddof=1)", || h.std_ddof(.., 1));
    rows.check("jnp.var(b)", || b.var(..));
    rows.check("jnp.var(b, ddof=1)", || b.var_ddof(.., 1));
    rows.check("jnp.mean(t, where=t > 0)", || t.masked(t.gt(0.0)).mean(..));
    let all = h.ge(0.0);
    rows.check("jnp.var(h, where=h >= 0)", || h.masked(&all).var(.., 0));
    rows.check("jnp.std(h, where=h >= 0)", || h.masked(&all).std(.., 0));
    rows.check("jnp.var(b, where=b < 101.2)", || b.masked(b.lt(101.2)).var(.., 0));
    let with_nan = || append(&h, full([1], f64::NAN, DType::F16), None);
    rows.check("jnp.nanvar(jnp.append(h, h.dtype.type(nan)))", || with_nan().nanvar(.., 0));
    rows.check("jnp.nanstd(jnp.append(h, h.dtype.type(nan)))", || with_nan().nanstd(.., 0));
    rows.check("jnp.mean(jnp.ones(100_000, jnp.float16), where=True)", || {
        ones([100_000], DType::F16).masked(Array::scalar(true)).mean(..)
    });
    rows.check("jnp.mean(jnp.ones(300, jnp.bfloat16), where=jnp.arange(300) != 1)", || {
        let mask = arange(300, DType::I32).ne(1);
        ones([300], DType::BF16).masked(&mask).mean(..)
    });
    rows.check("jax.grad(lambda h: jnp.var(h))(h)[-2:]", || {
        grad(|h: &Array| h.var(..), &h).slice([(98..).into()])
    });
    rows.done();
}

#[test]
fn slopes() {
    let mut rows = Rows::of("faults", "slopes");
    let [z, m, z32, z16, s, q] = rows.inputs(["z", "m", "z32", "z16", "s", "q"]);
    rows.check("jsp.special.poch(z, m)", || poch(&z, &m));
    rows.check("jax.grad(lambda z: jsp.special.poch(z, m).sum())(z)", || {
        grad(|z: &Array| poch(z, &m).sum(..), &z)
    });
    rows.check("jax.grad(lambda m: jsp.special.poch(z, m).sum())(m)", || {
        grad(|m: &Array| poch(&z, m).sum(..), &m)
    });
    rows.check("jax.grad(lambda z: jsp.special.poch(z, -0.5).sum())(z32)", || {
        grad(|z: &Array| poch(z, -0.5).sum(..), &z32)
    });
    rows.check("jax.grad(lambda z: jsp.special.poch(z, -0.5).sum())(z16)", || {
        grad(|z: &Array| poch(z, -0.5).sum(..), &z16)
    });
    rows.check("jsp.special.zeta(s, q)", || zeta(&s, &q));
    rows.check("jax.grad(lambda s: jsp.special.zeta(s, q).sum())(s)", || {
        grad(|s: &Array| zeta(s, &q).sum(..), &s)
    });
    rows.check("jax.grad(lambda q: jsp.special.zeta(s, q).sum())(q)", || {
        grad(|q: &Array| zeta(&s, q).sum(..), &q)
    });
    rows.check("jax.grad(lambda s: jsp.special.zeta(s, 1.5).sum())(s.astype(jnp.float32))", || {
        grad(|s: &Array| zeta(s, 1.5).sum(..), &s.astype(DType::F32))
    });
    rows.done();
}

/// The slope in the exponent has slopes itself.
#[test]
fn zeta_twice() {
    let at = Array::from([2.5_f64]);
    let slope = |s: &Array| grad(|s: &Array| zeta(s, 1.5).sum(..), s);
    let (_, second) = jvp(slope, &at, &at.ones_like());
    let h = 1e-5;
    let want = (slope(&(&at + h)) - slope(&(&at - h))) / (2.0 * h);
    let (got, want) = (second.to_vec::<f64>()[0], want.to_vec::<f64>()[0]);
    assert!((got - want).abs() < 1e-8, "{got} {want}");
    assert_eq!(hessian(|s: &Array| zeta(s, 1.5).sum(..), &at).to_vec::<f64>(), [got]);
}

#[test]
fn empty() {
    let mut rows = Rows::of("faults", "empty");
    let [a, b, x] = rows.inputs(["a", "b", "x"]);
    rows.check("[*jnp.linalg.svd(a, full_matrices=False)]", || svd(&a));
    rows.check("[*jnp.linalg.svd(b, full_matrices=False)]", || svd(&b));
    rows.check("[*jnp.linalg.svd(b)]", || svd_full(&b));
    rows.check("jnp.linalg.svdvals(a)", || svdvals(&a));
    rows.check("jnp.linalg.pinv(a)", || pinv(&a, None));
    rows.check("jnp.linalg.pinv(b)", || pinv(&b, None));
    rows.check("jnp.linalg.cond(a)", || cond(&a));
    rows.check("jnp.linalg.matrix_rank(a)", || matrix_rank(&a, None));
    rows.check("jax.grad(lambda a: jnp.linalg.svdvals(a).sum())(a)", || {
        grad(|a: &Array| svdvals(a).sum(..), &a)
    });
    rows.check("jax.grad(lambda a: jnp.linalg.pinv(a).sum())(b)", || {
        grad(|b: &Array| pinv(b, None).sum(..), &b)
    });
    let masked = x.masked(x.gt(0));
    rows.check("jnp.max(x, axis=0, initial=2., where=x > 0)", || masked.max(0, 2.0));
    rows.check("jnp.min(x, axis=0, initial=2., where=x > 0)", || masked.min(0, 2.0));
    rows.check("jnp.max(x, initial=2., where=x > 0)", || masked.max(.., 2.0));
    rows.done();
}

#[test]
fn dtypes() {
    let mut rows = Rows::of("faults", "dtypes");
    let [h, b, i, n, t] = rows.inputs(["h", "b", "i", "n", "t"]);
    rows.check("jnp.average(h, weights=b)", || h.average(&b, ..));
    rows.check("jnp.average(b, weights=h)", || b.average(&h, ..));
    rows.check("jnp.average(i, weights=b)", || i.average(&b, ..));
    rows.check("jnp.average(i, weights=h)", || i.average(&h, ..));
    rows.check("jnp.average(h, weights=i)", || h.average(&i, ..));
    rows.check("jnp.average(i, weights=n).astype(jnp.float32)", || i.average(&n, ..));
    rows.check("jnp.round(i)", || i.round());
    rows.check("jnp.round(n)", || n.round());
    rows.check("jnp.rint(i).astype(jnp.float32)", || i.rint());
    rows.check("jnp.rint(t).astype(jnp.float32)", || t.rint());
    rows.check("jnp.rint(h * 10)", || (&h * 10).rint());
    rows.check("jax.nn.relu6(i).astype(jnp.float32)", || nn::relu6(&i));
    rows.check("jax.nn.relu6(t).astype(jnp.float32)", || nn::relu6(&t));
    rows.check("jax.nn.relu6(h * 10)", || nn::relu6(&(&h * 10)));
    rows.check("jax.nn.hard_swish(i).astype(jnp.float32)", || nn::hard_swish(&i));
    rows.check("2 + n", || 2 + &n);
    rows.check("2 - i", || (2 - &i).flatten());
    rows.check("2 * h", || 2 * h.clone());
    rows.check("2 / b", || 2 / &b);
    rows.done();
}

/// Cases next to the faults that were right.
#[test]
fn neighbours() {
    let mut rows = Rows::of("faults", "neighbours");
    let [z, k, i, n, h, b, a, x] = rows.inputs(["z", "k", "i", "n", "h", "b", "a", "x"]);
    rows.check("jnp.var(z, where=k)", || z.masked(&k).var(.., 0));
    rows.check("jnp.std(z, where=k, ddof=1)", || z.masked(&k).std(.., 1));
    rows.check("jnp.nanstd(z)", || z.nanstd(.., 0));
    rows.check("jax.grad(lambda z: jnp.std(z))(z)", || grad(|z: &Array| z.std(..), &z));
    rows.check("jnp.average(z, weights=n.astype(jnp.float32)).astype(jnp.complex64)", || {
        z.average(n.astype(DType::F32), ..)
    });
    rows.check("jnp.average(h, weights=z)", || h.average(&z, ..));
    rows.check("jnp.average(k, weights=b)", || k.average(&b, ..));
    rows.check("jnp.round(i, 2)", || i.round_decimals(2));
    rows.check("jnp.round(h * 100, -1)", || (&h * 100).round_decimals(-1));
    rows.check("jnp.floor(i)", || i.floor());
    rows.check("jnp.ceil(n)", || n.ceil());
    rows.check("jnp.trunc(n)", || n.trunc());
    rows.check("jax.nn.hard_tanh(i)", || nn::hard_tanh(&i));
    rows.check("jax.nn.hard_sigmoid(i).astype(jnp.float32)", || nn::hard_sigmoid(&i));
    rows.check("jax.nn.relu(i)", || nn::relu(&i));
    rows.check("jax.nn.leaky_relu(i).astype(jnp.float32)", || nn::leaky_relu(&i, 0.01));
    rows.check("2 & n", || 2 & &n);
    rows.check("2 | n", || 2 | &n);
    rows.check("2 ^ n", || 2 ^ &n);
    rows.check("2 % i", || 2 % &i);
    rows.check("2 << n // 9", || 2 << n.floor_divide(9));
    rows.check("2 - k.astype(jnp.uint8)", || 2 - k.astype(DType::U8));
    rows.check("jnp.linalg.cholesky(a)", || cholesky(&a));
    rows.check("[*jnp.linalg.qr(a)]", || qr(&a));
    rows.check("[*jnp.linalg.qr(a, mode='complete')]", || qr_full(&a));
    rows.check("[*jsp.linalg.lu_factor(a)]", || lu_factor(&a));
    rows.check("[*jnp.linalg.eigh(a)]", || eigh(&a));
    rows.check("jnp.linalg.eigvalsh(a)", || eigvalsh(&a));
    rows.check("jnp.linalg.inv(a)", || inv(&a));
    rows.check("jnp.linalg.det(a)", || det(&a));
    rows.check("[*jnp.linalg.slogdet(a)]", || slogdet(&a));
    rows.check("jnp.linalg.solve(a, a)", || solve(&a, &a));
    rows.check("jsp.linalg.solve_triangular(a, a, lower=True)", || solve_triangular(&a, &a, true));
    rows.check("jsp.linalg.expm(a)", || expm(&a));
    rows.check("jnp.linalg.matrix_power(a, 3)", || matrix_power(&a, 3));
    rows.check("jnp.linalg.matrix_norm(a, ord='nuc')", || matrix_norm(&a, Ord::Nuclear));
    rows.check("jnp.linalg.matrix_norm(a, ord=2)", || matrix_norm(&a, 2));
    rows.check("jax.grad(lambda a: jnp.linalg.inv(a).sum())(a)", || {
        grad(|a: &Array| inv(a).sum(..), &a)
    });
    rows.check("jax.grad(lambda a: jnp.linalg.det(a).sum())(a)", || {
        grad(|a: &Array| det(a).sum(..), &a)
    });
    let masked = x.masked(x.gt(0));
    rows.check("jnp.sum(x, axis=0, where=x > 0)", || masked.sum(0));
    rows.check("jnp.prod(x, axis=0, where=x > 0)", || masked.prod(0));
    rows.check("jnp.mean(x, axis=0, where=x > 0)", || masked.mean(0));
    rows.check("jnp.var(x, axis=0, where=x > 0)", || masked.var(0, 0));
    rows.check("jnp.all(x, axis=0, where=x > 0)", || masked.all(0));
    rows.check("jnp.any(x, axis=0, where=x > 0)", || masked.any(0));
    rows.check("jnp.max(n, initial=30, where=n > 99)", || n.masked(n.gt(99)).max(.., 30));
    rows.check("jnp.min(i, initial=3, where=i > 0)", || i.masked(i.gt(0)).min(.., 3));
    rows.done();
}

#[test]
fn masks() {
    let mut rows = Rows::of("faults", "masks");
    let [x, y, m, r, c, i, v, w] = rows.inputs(["x", "y", "m", "r", "c", "i", "v", "w"]);
    let none = !&m & &m;
    rows.check("x.at[m].get()", || x.at(&m).get());
    rows.check("x.at[m].set(0.)", || x.at(&m).set(0.0));
    rows.check("x.at[m].set(v)", || x.at(&m).set(&v));
    rows.check("x.at[m].add(v)", || x.at(&m).add(&v));
    rows.check("x.at[m].add(1.)", || x.at(&m).add(1.0));
    rows.check("x.at[m].mul(v[:1])", || x.at(&m).mul(v.at(..1).get()));
    rows.check("x.at[m].min(2.)", || x.at(&m).min(2.0));
    rows.check("x.at[m].max(2.)", || x.at(&m).max(2.0));
    rows.check("x.at[~m & m].get()", || x.at(&none).get());
    rows.check("x.at[~m & m].set(0.)", || x.at(&none).set(0.0));
    rows.check("y.at[y > 2].set(0.)", || y.at(y.gt(2)).set(0.0));
    rows.check("y.at[y > 2].get()", || y.at(y.gt(2)).get());
    rows.check("y.at[y > 2].set(w)", || y.at(y.gt(2)).set(&w));
    rows.check("y.at[r].add(1.)", || y.at(&r).add(1.0));
    rows.check("y.at[r].set(w)", || y.at((&r, Ellipsis)).set(&w));
    rows.check("y.at[r].get()", || y.at(&r).get());
    rows.check("y.at[:, c].mul(2.)", || y.at((.., &c)).mul(2.0));
    rows.check("y.at[:, c].get()", || y.at((.., &c)).get());
    rows.check("y.at[..., c].get()", || y.at((Ellipsis, &c)).get());
    rows.check("y.at[r | ~r, i].get()", || y.at((&r | !&r, &i)).get());
    rows.check("y.at[r, 1:].add(v)", || y.at((&r, 1..)).add(&v));
    rows.check("y.at[1, c].set(v)", || y.at((1, &c)).set(&v));
    rows.check("jax.grad(lambda y: (y.at[r].set(w) ** 2).sum())(y)", || {
        grad(|y: &Array| y.at(&r).set(&w).square().sum(..), &y)
    });
    rows.check("jax.grad(lambda w: (y.at[r].mul(w, unique_indices=True) ** 2).sum())(w)", || {
        grad(|w: &Array| y.at(&r).mul(w).square().sum(..), &w)
    });
    rows.check("jax.grad(lambda v: (x.at[m].add(v) ** 2).sum())(v)", || {
        grad(|v: &Array| x.at(&m).add(v).square().sum(..), &v)
    });
    rows.check("jax.grad(lambda v: (x.at[m].mul(v, unique_indices=True) ** 2).sum())(v)", || {
        grad(|v: &Array| x.at(&m).mul(v).square().sum(..), &v)
    });
    rows.done();
}

/// None of the elements is chosen.
#[test]
fn nothing_chosen() {
    let x = Array::from([0, 0]);
    assert_eq!(x.nonzero(None, 0)[0].shape(), [0]);
    assert_eq!(x.flatnonzero(None, 0).shape(), [0]);
    assert_eq!(x.extract(x.ne(0), None, 0).shape(), [0]);
}

/// Inside a trace a mask is taken where the number of its places does not matter, and refused with
/// the ways out elsewhere.
#[test]
fn traced_masks() {
    let x = Array::shape_only([4], DType::F32);
    make_graph(|x: &Array| x.at(x.gt(2.0)).set(0.0), &x);
    let refused = |f: fn(&Array) -> Array| {
        let x = Array::shape_only([4], DType::F32);
        let payload = catch_unwind(move || drop(make_graph(f, &x))).unwrap_err();
        payload.downcast_ref::<String>().unwrap().clone()
    };
    for f in [|x: &Array| x.at(x.gt(2.0)).get(), |x: &Array| x.at(x.gt(2.0)).set(x.at(..2).get())] {
        let message = refused(f);
        for part in ["bool[4]", "not known while tracing", "`where_`", "`extract`", "faults.rs"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    let message = refused(|x| x.at(x.at(..3).get().gt(0.0)).set(0.0));
    assert!(message.contains("the mask bool[3] does not fit f32[4] from axis 0 on"), "{message}");
}

#[test]
fn names() {
    let mut rows = Rows::of("faults", "names");
    let names = ["x", "v", "none", "f", "s", "h", "b", "e"];
    let [x, v, none, f, s, h, b, e] = rows.inputs(names);
    rows.check("jnp.amax(x, 1)", || x.amax(1));
    rows.check("jnp.amin(x)", || x.amin(..));
    rows.check("jnp.fliplr(x)", || x.fliplr());
    rows.check("jnp.flipud(x)", || x.flipud());
    rows.check("jnp.hsplit(x, 3)", || x.hsplit(3));
    rows.check("jnp.hsplit(v, 3)", || v.hsplit(3));
    rows.check("jnp.vsplit(x, 2)", || x.vsplit(2));
    rows.check("jnp.identity(3, dtype=jnp.int32)", || identity(3, DType::I32));
    rows.check("jnp.empty((2, 3), dtype=jnp.float32)", || {
        nnx_core::array::empty([2, 3], DType::F32)
    });
    rows.check("jnp.trim_zeros(v)", || v.trim_zeros(Trim::Both, None));
    rows.check("jnp.trim_zeros(v, 'f')", || v.trim_zeros(Trim::Front, None));
    rows.check("jnp.trim_zeros(v, 'b')", || v.trim_zeros(Trim::Back, None));
    rows.check("jnp.trim_zeros(v * 0)", || v.zeros_like().trim_zeros(Trim::Both, None));
    rows.check("jnp.trim_zeros(none)", || none.trim_zeros(Trim::Both, None));
    rows.check("jnp.ediff1d(x)", || x.ediff1d(None, None));
    rows.check("jnp.ediff1d(x, to_end=v, to_begin=e)", || x.ediff1d(Some(&e), Some(&v)));
    rows.check("jnp.ediff1d(v[:1])", || v.at(..1).get().ediff1d(None, None));
    rows.check("jnp.append(x, v)", || append(&x, &v, None));
    rows.check("jnp.append(x, e)", || append(&x, &e, None));
    rows.check("jnp.append(x, x, axis=1)", || append(&x, &x, 1));
    rows.check("jnp.resize(x, (2, 2))", || x.resize([2, 2]));
    rows.check("jnp.resize(x, (3, 5))", || x.resize([3, 5]));
    rows.check("jnp.resize(x, (0, 3))", || x.resize([0, 3]));
    rows.check("jnp.resize(none, (2,))", || none.resize([2]));
    rows.check("jnp.polysub(v[2:5], v[:2] + 1)", || {
        polysub(v.at(2..5).get(), &(v.at(..2).get() + 1))
    });
    rows.check("jnp.polysub(v[:2], v[2:5])", || polysub(v.at(..2).get(), v.at(2..5).get()));
    rows.check("jnp.spacing(f)", || f.spacing());
    rows.check("jnp.spacing(s)", || s.spacing());
    rows.check("jnp.spacing(h)", || h.spacing());
    rows.check("jnp.spacing(b)", || b.spacing());
    rows.check("jax.nn.swish(s[:3])", || nn::swish(&s.at(..3).get()));
    rows.check("jax.nn.hard_swish(s[:3])", || nn::hard_swish(&s.at(..3).get()));
    rows.done();
}

/// From 0 the step is the least denormal, which the conversion to f64 in `Rows` would lose.
#[test]
fn spacing_at_zero() {
    let x = Array::from([0.0_f32, -0.0]);
    let bits: Vec<u32> = x.spacing().to_vec::<f32>().iter().map(|v| v.to_bits()).collect();
    assert_eq!(bits, [1, 0x8000_0001]);
}
