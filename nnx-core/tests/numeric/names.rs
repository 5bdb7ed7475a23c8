//! Names of NumPy that came late: elements put in, taken out and counted, updates of parts.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::linalg::*;
use nnx_core::special::{boxcox1p, comb, exp1, expi};
use nnx_core::{Array, DType, grad};

#[test]
fn places() {
    let mut rows = Rows::of("names", "places");
    let [v, m, n, h, e, p, b] = rows.inputs(["v", "m", "n", "h", "e", "p", "b"]);
    rows.check("jnp.insert(v, jnp.array([1, 3]), 9)", || v.insert(&[1, 3], 9, None));
    rows.check("jnp.insert(v, 1, p)", || v.insert(&[1], &p, None));
    rows.check("jnp.insert(v, jnp.array([3, 1, 1]), p)", || v.insert(&[3, 1, 1], &p, 0));
    rows.check("jnp.insert(v, -1, p)", || v.insert(&[-1], &p, 0));
    rows.check("jnp.insert(v, 8, 2.7)", || v.insert(&[8], 2.7, 0));
    rows.check("jnp.insert(m, 1, jnp.array([7, 8]), axis=1)", || {
        m.insert(&[1], Array::from([[7], [8]]), 1)
    });
    rows.check("jnp.insert(m, 1, p, axis=0)", || m.insert(&[1], &p, 0));
    rows.check("jnp.insert(m, jnp.array([0, 2]), 0.5, axis=1)", || m.insert(&[0, 2], 0.5, 1));
    rows.check("jnp.insert(e, 0, p)", || e.insert(&[0], &p, None));
    rows.check("jnp.insert(v, jnp.array([], dtype=int), 1)", || v.insert(&[], 1, None));
    rows.check("jnp.delete(v, jnp.array([1, -1, 1]))", || v.delete(&[1, -1, 1], None));
    rows.check("jnp.delete(m, 1, axis=1)", || m.delete(&[1], 1));
    rows.check("jnp.delete(m, jnp.array([0, 1]), axis=0)", || m.delete(&[0, 1], 0));
    rows.check("jnp.delete(h, 2)", || h.delete(&[2], None));
    rows.check("jnp.partition(v, 3)", || v.partition(3, -1));
    rows.check("jnp.partition(v, -1)", || v.partition(-1, -1));
    rows.check("jnp.partition(n, 1)", || n.partition(1, 0));
    rows.check("jnp.partition(m, 0, axis=0)", || m.partition(0, 0));
    rows.check("jnp.partition(h, 1)", || h.partition(1, 0));
    rows.check("jnp.argpartition(v, 3)", || v.argpartition(3, -1));
    rows.check("jnp.argpartition(m, 1, axis=1)", || m.argpartition(1, 1));
    rows.check("jnp.argpartition(h, 0)", || h.argpartition(0, 0));
    rows.check("jnp.roll(m, (1, 2), (0, 1))", || m.roll([1, 2], [0, 1]));
    rows.check("jnp.roll(m, (1, 2), 1)", || m.roll([1, 2], 1));
    rows.check("jnp.roll(m, -2, (0, 1))", || m.roll(-2, [0, 1]));
    rows.check("jnp.roll(m, 4)", || m.roll(4, ..));
    rows.check("jnp.roll(e, 3)", || e.roll(3, ..));
    rows.check("jnp.block([[m, m[:, :1]], [jnp.zeros((1, 4))]])", || {
        let (c, z) = (m.at((.., ..1)).get(), zeros([1, 4], DType::F64));
        block(&[&[&m, &c], &[&z]])
    });
    rows.check("jnp.block([[jnp.float32(2), p], [jnp.float32(1), p]])", || {
        block(&[&[&Array::scalar(2.0_f32), &p], &[&Array::scalar(1.0_f32), &p]])
    });
    rows.check("m[jnp.ix_(jnp.array([1, 0]), jnp.array([0, 2]))]", || {
        let at = ix_([&Array::from([1, 0]), &b]);
        m.at((&at[0], &at[1])).get()
    });
    rows.check("jnp.rollaxis(jnp.ones((2, 3, 4)), 2)", || {
        ones([2, 3, 4], DType::F64).rollaxis(2, 0)
    });
    rows.check("jnp.rollaxis(jnp.ones((2, 3, 4)), 0, 3)", || {
        ones([2, 3, 4], DType::F64).rollaxis(0, 3)
    });
    rows.check("jnp.array_equiv(m, m[:1])", || m.array_equiv(m.at(..1).get()));
    rows.check("jnp.diag_indices(3, 2)", || diag_indices(3, 2));
    rows.check("jnp.piecewise(m, [m < 1, m < 0], [lambda x: x * 2, lambda x: -x, 7])", || {
        piecewise(&m, &[(m.lt(1), &|x| x * 2), (m.lt(0), &|x| -x)], 7)
    });
    rows.check("jnp.piecewise(v, [v > 2], [lambda x: x / 2])", || {
        piecewise(&v, &[(v.gt(2), &|x| x / 2)], 0)
    });
    rows.check("jnp.apply_over_axes(jnp.sum, m, [0, 1])", || {
        apply_over_axes(|x, axis| x.sum(axis), &m, &[0, 1])
    });
    rows.check("lax.reduce(v, 0, lax.bitwise_xor, (0,))", || reduce(&v, 0, 0, |a, b| a ^ b));
    rows.check("lax.reduce(m, -inf, jnp.logaddexp, (0, 1))", || {
        reduce(&m, f64::NEG_INFINITY, .., |a, b| logaddexp(a, b))
    });
    rows.check("lax.reduce(e, jnp.float32(4), lax.max, (0,))", || {
        reduce(&e, 4.0, 0, |a, b| a.maximum(b))
    });
    rows.check("lax.optimization_barrier((m, v))", || optimization_barrier([&m, &v]));
    rows.check("lax.mulhi(jnp.int32([2**30, -7, -2**31]), jnp.int32([8, 2**30, -2**31]))", || {
        Array::from([1 << 30, -7, i32::MIN]).mulhi(Array::from([8, 1 << 30, i32::MIN]))
    });
    rows.check("lax.mulhi(jnp.uint8([255, 16, 3]), jnp.uint8([255, 16, 4]))", || {
        Array::from([255_u8, 16, 3]).mulhi(Array::from([255_u8, 16, 4]))
    });
    rows.check("lax.mulhi(jnp.int64([2**62, -3]), jnp.int64([2**62, 5]))", || {
        Array::from([1_i64 << 62, -3]).mulhi(Array::from([1_i64 << 62, 5]))
    });
    rows.check("jax.grad(lambda m: (jnp.insert(m, 1, m[0], axis=0) ** 2).sum())(m)", || {
        grad(|m: &Array| m.insert(&[1], m.at(0).get(), 0).square().sum(..), &m)
    });
    rows.check(
        "jax.grad(lambda m: (jnp.roll(m, (1, 1), (0, 1)) * jnp.arange(6.).reshape(2, 3)).sum())(m)",
        || {
            grad(
                |m: &Array| {
                    (m.roll([1, 1], [0, 1]) * arange(6, DType::F64).reshape([2, 3])).sum(..)
                },
                &m,
            )
        },
    );
    rows.done();
}

#[test]
fn counts() {
    let mut rows = Rows::of("names", "counts");
    let [x, y, w, u, c, s, k, b, h] = rows.inputs(["x", "y", "w", "u", "c", "s", "k", "b", "h"]);
    rows.check("jnp.histogram2d(x, y, bins=[2, 3], range=[[0, 1], [0, 1]])", || {
        histogram2d(&x, &y, [2, 3], [(0.0, 1.0), (0.0, 1.0)], None)
    });
    rows.check("jnp.histogram2d(x, y, bins=[2, 2], range=[[-1, 1], [0, 2]], weights=w)", || {
        histogram2d(&x, &y, [2, 2], [(-1.0, 1.0), (0.0, 2.0)], Some(&w))
    });
    rows.check("jnp.histogramdd(jnp.stack([x, y, w], 1), bins=[2, 1, 2], range=[[0, 1], [0, 1], [1, 3]])[0]", || histogramdd(stack([&x, &y, &w], 1), &[2, 1, 2], &[(0.0, 1.0), (0.0, 1.0), (1.0, 3.0)], None).0);
    rows.check("jnp.histogram_bin_edges(x, 3, (0., 2.))", || {
        histogram_bin_edges(3, 0.0, 2.0, DType::F64)
    });
    rows.check("jnp.packbits(c)", || c.packbits(None, BitOrder::Big));
    rows.check("jnp.packbits(c, axis=1, bitorder=\"little\")", || c.packbits(1, BitOrder::Little));
    rows.check("jnp.packbits(c, axis=0)", || c.packbits(0, BitOrder::Big));
    rows.check("jnp.unpackbits(u)", || u.unpackbits(None, None, BitOrder::Big));
    rows.check("jnp.unpackbits(u, axis=1, count=12)", || u.unpackbits(1, 12, BitOrder::Big));
    rows.check("jnp.unpackbits(u, axis=0, count=3, bitorder=\"little\")", || {
        u.unpackbits(0, 3, BitOrder::Little)
    });
    rows.check("jnp.unique_counts(k)", || k.unique_counts(None));
    rows.check("jnp.unique_counts(k, size=4)", || k.unique_counts(4));
    rows.check("jnp.unique_inverse(k)", || k.unique_inverse(None));
    rows.check("jax.ops.segment_sum(x, s, 4)", || segment_sum(&x, &s, 4));
    rows.check("jax.ops.segment_sum(jnp.stack([x, y], 1), s, 3)", || {
        segment_sum(stack([&x, &y], 1), &s, 3)
    });
    rows.check("jax.ops.segment_sum(x, s)", || segment_sum(&x, &s, None));
    rows.check("jax.ops.segment_sum(h, s, 2)", || segment_sum(&h, &s, 2));
    rows.check("jax.ops.segment_prod(w, s, 3)", || segment_prod(&w, &s, 3));
    rows.check("jax.ops.segment_max(x, s, 4)", || segment_max(&x, &s, 4));
    rows.check("jax.ops.segment_min(x, s, 4)", || segment_min(&x, &s, 4));
    rows.check("jax.ops.segment_max(h, s, 3)", || segment_max(&h, &s, 3));
    rows.check("jax.ops.segment_max(s, s, 3)", || segment_max(&s, &s, 3));
    rows.check("jax.ops.segment_min(b, s, 3)", || segment_min(&b, &s, 3));
    rows.check("jax.ops.segment_sum(x[:0], s[:0], 3)", || {
        segment_sum(x.at(..0).get(), s.at(..0).get(), 3)
    });
    rows.check("jax.grad(lambda x: (jax.ops.segment_sum(x, s, 3) ** 2).sum())(x)", || {
        grad(|x: &Array| segment_sum(x, &s, 3).square().sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.ops.segment_max(x, s, 2).sum())(x)", || {
        grad(|x: &Array| segment_max(x, &s, 2).sum(..), &x)
    });
    rows.done();
}

#[test]
fn parts() {
    let mut rows = Rows::of("names", "parts");
    let [x, k, i, v, h] = rows.inputs(["x", "k", "i", "v", "h"]);
    rows.check("x.at[i].subtract(v)", || x.at(&i).subtract(&v));
    rows.check("k.at[1:].subtract(2)", || k.at(1..).subtract(2));
    rows.check("x.at[i].divide(v)", || x.at(&i).divide(&v));
    rows.check("k.at[1].divide(4)", || k.at(1).divide(4));
    rows.check("h.at[i].divide(2)", || h.at(&i).divide(2));
    rows.check("x.at[x < 3].divide(2)", || x.at(x.lt(3)).divide(2));
    rows.check("x.at[i].power(v)", || x.at(&i).power(&v));
    rows.check("k.at[::2].power(2)", || k.at(SliceSpec::from(..).step_by(2)).power(2));
    rows.check("x.at[jnp.array([7, 0])].power(3., mode=\"drop\")", || {
        x.at(Array::from([7, 0])).power(3)
    });
    rows.check("x.at[i].apply(jnp.square)", || x.at(&i).apply(Array::square));
    rows.check("x.at[1:3].apply(jnp.sin)", || x.at(1..3).apply(Array::sin));
    rows.check("k.at[i].apply(lambda x: x * 10)", || k.at(&i).apply(|x| x * 10));
    rows.check("x.at[x < 3].apply(jnp.cos)", || x.at(x.lt(3)).apply(Array::cos));
    rows.check("k.at[jnp.array([9, -1])].apply(lambda x: x + 1)", || {
        k.at(Array::from([9, -1])).apply(|x| x + 1)
    });
    rows.check("jax.grad(lambda x: (x.at[jnp.array([0, 2])].divide(2.) ** 2).sum())(x)", || {
        grad(|x: &Array| x.at(Array::from([0, 2])).divide(2.0).square().sum(..), &x)
    });
    rows.check("jax.grad(lambda x: (x.at[1].power(3.) * 2).sum())(x)", || {
        grad(|x: &Array| (x.at(1).power(3.0) * 2).sum(..), &x)
    });
    rows.done();
}

#[test]
fn matrices() {
    let mut rows = Rows::of("names", "matrices");
    let [p, q, k, c, z, m, t] = rows.inputs(["p", "q", "k", "c", "z", "m", "t"]);
    rows.check("jnp.polydiv(p, q)", || polydiv(&p, &q));
    rows.check("jnp.polydiv(q, p)", || polydiv(&q, &p));
    rows.check("jnp.polydiv(p, p[:1])", || polydiv(&p, p.at(..1).get()));
    rows.check("jnp.polydiv(k.astype(float), q)", || polydiv(&k, &q));
    rows.check("jnp.poly(p)", || poly(&p));
    rows.check("jnp.sort(jnp.roots(p).real)", || roots(&p).real().sort(0));
    rows.check("jnp.sort(jnp.roots(p).imag)", || roots(&p).imag().sort(0));
    rows.check("jnp.sort(jnp.roots(jnp.array([0., 0, 1, -2, 1])).real)", || {
        roots(Array::from([0.0, 0.0, 1.0, -2.0, 1.0])).real().sort(0)
    });
    rows.check("jnp.sort(jnp.roots(jnp.poly(jnp.arange(-4., 5.))).real)", || {
        roots(poly(&(arange(9, DType::F64) - 4.0))).real().sort(0)
    });
    rows.check("jnp.sort(jnp.roots(z).real)", || roots(&z).real().sort(0));
    rows.check("jnp.sort(jnp.roots(jnp.array([1., 0, -1, 0, 0])).real)", || {
        roots(Array::from([1.0, 0.0, -1.0, 0.0, 0.0])).real().sort(0)
    });
    rows.check("jnp.roots(p[:1])", || roots(p.at(..1).get()));
    rows.check("jax.grad(lambda p: jnp.sum(jnp.abs(jnp.roots(p, strip_zeros=False))))(p)", || {
        grad(|p: &Array| roots(p).abs().sum(0), &p)
    });
    rows.check("lax.ragged_dot(c.T, jnp.stack([c, c * 2, c * 3])[:, :, :1].swapaxes(1, 2).repeat(2, 1), jnp.array([1, 0, 2]))", || ragged_dot(c.t(), stack([&c, &(&c * 2), &(&c * 3)], 0).slice([(..).into(), (..).into(), (..1).into()]).swapaxes(1, 2).repeat(2, 1), Array::from([1, 0, 2])));
    rows.check("lax.ragged_dot(c, jnp.ones((2, 3, 2)), jnp.array([1, 0]))", || {
        ragged_dot(&c, ones([2, 3, 2], DType::F64), Array::from([1, 0]))
    });
    rows.check("jax.nn.sparse_plus(jnp.array([-2., -1, -0.5, 0.5, 1, 3]))", || {
        nnx_core::nn::sparse_plus(&Array::from([-2.0, -1.0, -0.5, 0.5, 1.0, 3.0]))
    });
    rows.check("jax.nn.sparse_sigmoid(jnp.array([-2., -1, -0.5, 0.5, 1, 3]))", || {
        nnx_core::nn::sparse_sigmoid(&Array::from([-2.0, -1.0, -0.5, 0.5, 1.0, 3.0]))
    });
    rows.check("jnp.apply_along_axis(lambda v: jnp.outer(v, v[:1]), 1, c)", || {
        nnx_core::apply_along_axis(|v: &Array| outer(v, v.slice([(..1).into()])), &c, 1)
    });
    rows.check(
        "jnp.apply_along_axis(lambda v: v.sum(), 1, jnp.arange(24.).reshape(2, 3, 4))",
        || {
            nnx_core::apply_along_axis(
                |v: &Array| v.sum(0),
                arange(24, DType::F64).reshape([2, 3, 4]),
                1,
            )
        },
    );
    rows.check("jnp.apply_along_axis(lambda v: v[:2], 0, c)", || {
        nnx_core::apply_along_axis(|v: &Array| v.slice([(..2).into()]), &c, 0)
    });
    rows.check("jnp.poly(z)", || poly(&z));
    rows.check("jnp.poly(p[:0])", || poly(p.at(..0).get()));
    rows.check("jsp.linalg.toeplitz(c)", || toeplitz(&c, None));
    rows.check("jsp.linalg.toeplitz(z)", || toeplitz(&z, None));
    rows.check("jsp.linalg.toeplitz(k, q)", || toeplitz(&k, Some(&q)));
    rows.check("jsp.linalg.hankel(p)", || hankel(&p, None));
    rows.check("jsp.linalg.hankel(k, q)", || hankel(&k, Some(&q)));
    rows.check("jsp.linalg.circulant(c)", || circulant(&c));
    rows.check("jsp.linalg.hilbert(3).astype(jnp.float32)", || hilbert(3));
    rows.check("jsp.linalg.companion(p)", || companion(&p));
    rows.check("jsp.linalg.companion(k)", || companion(&k));
    rows.check("jsp.linalg.leslie(p, p[1:])", || leslie(&p, p.at(1..).get()));
    rows.check("jsp.linalg.fiedler(c)", || fiedler(&c));
    rows.check("jsp.linalg.fiedler_companion(p)", || fiedler_companion(&p));
    rows.check("jsp.linalg.fiedler_companion(jnp.arange(1., 8.))", || {
        fiedler_companion(&(arange(7, DType::F64) + 1.0))
    });
    rows.check("jsp.linalg.convolution_matrix(c, 4)", || {
        convolution_matrix(&c, 4, ConvolveMode::Full)
    });
    rows.check("jsp.linalg.convolution_matrix(c, 2, \"same\")", || {
        convolution_matrix(&c, 2, ConvolveMode::Same)
    });
    rows.check("jsp.linalg.convolution_matrix(p, 6, \"same\")", || {
        convolution_matrix(&p, 6, ConvolveMode::Same)
    });
    rows.check("jsp.linalg.convolution_matrix(p, 2, \"valid\")", || {
        convolution_matrix(&p, 2, ConvolveMode::Valid)
    });
    rows.check("jsp.linalg.invhilbert(4).astype(jnp.float32)", || invhilbert(4));
    rows.check("jsp.linalg.pascal(5).astype(jnp.float32)", || pascal(5, PascalKind::Symmetric));
    rows.check("jsp.linalg.pascal(4, \"lower\").astype(jnp.float32)", || {
        pascal(4, PascalKind::Lower)
    });
    rows.check("jsp.linalg.invpascal(5).astype(jnp.float32)", || {
        invpascal(5, PascalKind::Symmetric)
    });
    rows.check("jsp.linalg.invpascal(4, \"upper\").astype(jnp.float32)", || {
        invpascal(4, PascalKind::Upper)
    });
    rows.check("jsp.linalg.helmert(4).astype(jnp.float32)", || helmert(4, false));
    rows.check("jsp.linalg.helmert(3, True).astype(jnp.float32)", || helmert(3, true));
    rows.check("jsp.linalg.hadamard(8, jnp.int32)", || hadamard(8, DType::I32));
    rows.check("jsp.linalg.dft(5).astype(jnp.complex64)", || dft(5, DftScale::None));
    rows.check("jsp.linalg.dft(4, \"sqrtn\").astype(jnp.complex64)", || dft(4, DftScale::SqrtN));
    rows.check("jsp.linalg.dft(3, \"n\").astype(jnp.complex64)", || dft(3, DftScale::N));
    rows.check("jsp.linalg.polar(m, method=\"svd\")", || polar(&m, PolarSide::Right));
    rows.check("jsp.linalg.polar(m, side=\"left\", method=\"svd\")", || polar(&m, PolarSide::Left));
    rows.check("jnp.linalg.tensorsolve(t, m[:, :2])", || {
        tensorsolve(&t, m.at((.., ..2)).get(), None)
    });
    rows.check("jnp.linalg.tensorsolve(jnp.moveaxis(t, 2, 0), m[:, :2], axes=(0,))", || {
        tensorsolve(t.moveaxis(2, 0), m.at((.., ..2)).get(), Some(&[0]))
    });
    rows.check("jnp.linalg.tensorinv(t)", || tensorinv(&t, 2));
    rows.check("jnp.linalg.tensorinv(t.reshape(4, 2, 2), 1)", || {
        tensorinv(t.reshape([4, 2, 2]), 1)
    });
    rows.check(
        "jsp.special.comb(jnp.array([5., 6, 10, 3, -2, 100]), jnp.array([2., 2, 3.5, 4, 1, 50]))",
        || {
            comb(
                Array::from([5.0, 6.0, 10.0, 3.0, -2.0, 100.0]),
                Array::from([2.0, 2.0, 3.5, 4.0, 1.0, 50.0]),
            )
        },
    );
    rows.check("jax.grad(lambda n: jsp.special.comb(n, 2.))(5.)", || {
        grad(|n: &Array| comb(n, 2.0), &Array::scalar(5.0))
    });
    rows.check("jsp.special.boxcox1p(p, jnp.array([0., 0.5, -1, 2]))", || {
        boxcox1p(&p, Array::from([0.0, 0.5, -1.0, 2.0]))
    });
    rows.check(
        "jsp.special.exp1(jnp.array([-1., 0, 1e-3, 0.1, 1, 1.5, 2, 2.5, 10, 100, 800, nan]))",
        || exp1(Array::from([-1.0, 0.0, 1e-3, 0.1, 1.0, 1.5, 2.0, 2.5, 10.0, 100.0, 800.0, NAN])),
    );
    rows.check("jsp.special.expi(jnp.array([-700., -1, -0.5, 0.1, 1, 2.5, 10, 49, 51, 100, 700, 800, nan]))", || expi(Array::from([-700.0, -1.0, -0.5, 0.1, 1.0, 2.5, 10.0, 49.0, 51.0, 100.0, 700.0, 800.0, NAN])));
    rows.check("jax.grad(lambda x: jsp.special.exp1(x).sum())(p)", || {
        grad(|x: &Array| exp1(x).sum(..), &p)
    });
    rows.check("jax.grad(lambda x: jsp.special.expi(x).sum())(p)", || {
        grad(|x: &Array| expi(x).sum(..), &p)
    });
    rows.check("jsp.special.exp1(jnp.float32([0.5, 3]))", || exp1(Array::from([0.5_f32, 3.0])));
    rows.check("jsp.special.expi(jnp.float32([-0.5, 3, 60]))", || {
        expi(Array::from([-0.5_f32, 3.0, 60.0]))
    });
    rows.done();
}

/// Where JAX has NaN, or an error of its own.
#[test]
fn limits() {
    let at = Array::from([0.0, INF, -INF]);
    assert_eq!(exp1(&at).to_vec::<f64>()[..2], [INF, 0.0]);
    assert_eq!(expi(&at).to_vec::<f64>(), [-INF, INF, 0.0]);
    assert!(!Array::from([1, 2]).array_equiv(Array::from([1, 2, 3])).item::<bool>());
    let rows = ix_([&Array::from([true, false, true]), &Array::from([1])]);
    assert_eq!(rows[0].to_vec::<i32>(), [0, 2]);
    assert!(roots(Array::from([0.0, -0.0])).shape() == [0]);
}

#[test]
fn wrong_arguments() {
    let (x, m) = (Array::from([3.0_f32, 1.0, 2.0]), ones([2, 3], DType::F32));
    let k = Array::from([0, 1, 1]);
    refused(&[
        ("insert place", &|| x.insert(&[4], 0, None), &["insert", "f32[3]", "position 4"]),
        ("insert values", &|| m.insert(&[0, 1], &x, 1), &["insert", "f32[3]", "[2, 2]"]),
        ("delete", &|| x.delete(&[-4], 0), &["delete", "f32[3]", "position -4"]),
        ("delete axis", &|| x.delete(&[0], 1), &["delete", "f32[3]", "axis 1"]),
        ("partition", &|| x.partition(3, 0), &["partition", "f32[3]", "element 3"]),
        ("roll", &|| m.roll([1, 2, 3], [0, 1]), &["roll", "3 shifts", "2 axes"]),
        ("roll flat", &|| m.roll([1, 2], ..), &["roll", "one shift"]),
        ("block", &|| block(&[&[&x], &[]]), &["block", "at least one"]),
        ("packbits", &|| x.packbits(None, BitOrder::Big), &["packbits", "f32[3]"]),
        (
            "unpackbits",
            &|| k.unpackbits(None, None, BitOrder::Big),
            &["unpackbits", "i32[3]", "u8"],
        ),
        ("segments", &|| segment_sum(&m, &k, 2), &["segment_sum", "f32[2, 3]", "i32[3]"]),
        ("segment ids", &|| segment_max(&x, &x, 2), &["segment_max", "f32[3]", "integer"]),
        ("segment bools", &|| segment_prod(x.gt(0), &k, 2), &["segment_prod", "bool[3]"]),
        ("apply", &|| x.at(1).apply(|x| x.gt(0)), &["`apply`", "f32[]", "bool[]"]),
        ("apply twice", &|| x.at(&k).apply(|x| x.gt(0)), &["`apply`", "f32[3]", "bool[3]"]),
        ("divide", &|| x.gt(0).at(1).divide(2), &["`add` and `mul`", "bool[3]"]),
        ("reduce", &|| reduce(&m, 0, 0, |a, _| a.sum(0)), &["reduce", "f32[3]", "f32[1, 3]"]),
        ("piecewise", &|| piecewise(&x, &[(m.gt(0), &|x| -x)], 0), &["piecewise", "bool[2, 3]"]),
        ("ragged", &|| ragged_dot(&m, &m, &k), &["ragged_dot", "f32[2, 3]", "i32[3]"]),
        ("roots", &|| roots(&m), &["roots", "f32[2, 3]"]),
        ("hankel", &|| hankel(&m, None), &["hankel", "f32[2, 3]"]),
        ("tensorsolve", &|| tensorsolve(&m, &x, None), &["tensorsolve", "f32[2, 3]", "f32[3]"]),
        ("mulhi", &|| x.mulhi(2), &["mulhi", "f32", "integers"]),
        (
            "histogramdd",
            &|| histogramdd(&x, &[2], &[(0.0, 1.0)], None).0,
            &["histogramdd", "f32[3]"],
        ),
    ]);
}
