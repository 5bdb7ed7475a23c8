//! Where functions of arrays surprise: values of JAX 0.10.2 at ties, NaN, bounds, empty arrays,
//! wrapping integers and half precision.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, nn};

#[test]
fn nan_and_ties() {
    let mut rows = Rows::of("surprises", "nan_and_ties");
    let [x, m, t, z0, s, b, i] = rows.inputs(["x", "m", "t", "z0", "s", "b", "i"]);
    rows.check("jnp.max(x)", || x.max(..));
    rows.check("jnp.min(x)", || x.min(..));
    rows.check("jnp.max(m, 1)", || m.max(1));
    rows.check("jnp.argmax(x)", || x.argmax(0));
    rows.check("jnp.argmin(x)", || x.argmin(0));
    rows.check("jnp.argmax(m, 0)", || m.argmax(0));
    rows.check("jnp.argmin(m, 1)", || m.argmin(1));
    rows.check("jnp.argmax(t)", || t.argmax(0));
    rows.check("jnp.argmin(t)", || t.argmin(0));
    rows.check("jnp.argmax(b)", || b.argmax(0));
    rows.check("jnp.argmin(b)", || b.argmin(0));
    rows.check("jnp.sort(x)", || x.sort(0));
    rows.check("jnp.argsort(x)", || x.argsort(0));
    rows.check("jnp.argsort(t)", || t.argsort(0));
    rows.check("jnp.argsort(z0)", || z0.argsort(0));
    rows.check("jnp.sort(m, 1)", || m.sort(1));
    rows.check("jnp.sort(m, 0)", || m.sort(0));
    rows.check("jnp.sort(b)", || b.sort(0));
    rows.check("jnp.argsort(i)", || i.argsort(-1));
    rows.check("[*lax.top_k(x, 4)]", || x.top_k(4));
    rows.check("[*lax.top_k(t, 4)]", || t.top_k(4));
    rows.check("[*lax.top_k(i, 2)]", || i.top_k(2));
    rows.check("jnp.searchsorted(s, x)", || s.searchsorted(&x, false));
    rows.check("jnp.searchsorted(s, x, side='right')", || s.searchsorted(&x, true));
    rows.check("jnp.searchsorted(s, s)", || s.searchsorted(&s, false));
    rows.check("jnp.searchsorted(s, s, side='right')", || s.searchsorted(&s, true));
    rows.check("jnp.median(x)", || x.median(..));
    rows.check("jnp.quantile(m, 0.5, axis=1)", || m.quantile(0.5, 1));
    rows.check("jnp.median(t)", || t.median(..));
    rows.check("jnp.cumsum(x)", || x.cumsum(0));
    rows.check("jnp.cumprod(x)", || x.cumprod(0));
    rows.check("lax.cummax(x)", || x.cummax(0));
    rows.check("lax.cummin(m, 1)", || m.cummin(1));
    rows.check("lax.cumlogsumexp(x)", || x.cumlogsumexp(0));
    rows.check("jnp.clip(x, 2., 1.)", || x.clip(2.0, 1.0));
    rows.check("jnp.clip(x, -1., 1.)", || x.clip(-1.0, 1.0));
    rows.check("jnp.maximum(x, 0.)", || x.maximum(0.0));
    rows.check("jnp.minimum(x, nan)", || x.minimum(f64::NAN));
    rows.check("jnp.any(x)", || x.any(..));
    rows.check("jnp.all(m, 1)", || m.all(1));
    rows.check("jnp.count_nonzero(x)", || x.count_nonzero(..));
    rows.check("jnp.std(t, ddof=1)", || t.std_ddof(.., 1));
    rows.check("jnp.var(t[:1])", || t.slice([(..1).into()]).var(..));
    rows.check("jnp.var(t[:1], ddof=1)", || t.slice([(..1).into()]).var_ddof(.., 1));
    rows.check("jnp.var(t[:1], ddof=2)", || t.slice([(..1).into()]).var_ddof(.., 2));
    rows.check("jnp.nanmax(jnp.array([nan, nan]))", || {
        Array::from([f64::NAN, f64::NAN]).nanmax(..)
    });
    rows.check("jnp.nanmean(jnp.array([nan, nan]))", || {
        Array::from([f64::NAN, f64::NAN]).nanmean(..)
    });
    rows.check("jnp.nansum(jnp.array([nan, nan]))", || {
        Array::from([f64::NAN, f64::NAN]).nansum(..)
    });
    rows.check("jnp.ptp(m, 1)", || m.ptp(1));
    rows.check("jnp.nan_to_num(x.astype(jnp.float32))", || {
        x.astype(DType::F32).nan_to_num(0.0, None, None)
    });
    rows.check("jnp.unique(z0, size=4)", || z0.unique(4));
    rows.check("jnp.isin(x, jnp.array([nan, 1.]))", || x.isin(Array::from([f64::NAN, 1.0])));
    rows.check("jnp.round(x)", || x.round());
    rows.check("jnp.rint(x)", || x.round());
    rows.check("jnp.trunc(x)", || x.trunc());
    rows.check("jnp.sign(x)", || x.sign());
    rows.check("jnp.ceil(x)", || x.ceil());
    rows.check("jnp.fmax(x, nan)", || x.fmax(f64::NAN));
    rows.check("jax.scipy.special.logsumexp(x)", || logsumexp(&x, ..));
    rows.check("jax.nn.softmax(x[2:8])", || softmax(x.slice([(2..8).into()]), 0));
    rows.check("jax.nn.softmax(x[3:])", || softmax(x.slice([(3..).into()]), 0));
    rows.check("jax.nn.log_softmax(x[3:])", || nn::log_softmax(x.slice([(3..).into()]), 0));
    rows.check("jnp.histogram(t, 3, (1., 3.))[0]", || t.histogram(3, 1.0, 3.0).0);
    rows.check("jnp.digitize(x, s)", || x.digitize(&s, false));
    rows.check("jnp.interp(x, jnp.array([0., 1.]), jnp.array([5., 6.]))", || {
        interp(&x, Array::from([0.0, 1.0]), Array::from([5.0, 6.0]), None, None)
    });
    rows.check("jnp.lexsort((t, jnp.array([1., 0., 1., 0., 1.])))", || {
        lexsort([&t, &Array::from([1.0, 0.0, 1.0, 0.0, 1.0])], 0)
    });
    rows.done();
}

#[test]
fn integers() {
    let mut rows = Rows::of("surprises", "integers");
    let [i, j, a8, b8, u8, v8, b, u, m8, mb] =
        rows.inputs(["i", "j", "a8", "b8", "u8", "v8", "b", "u", "m8", "mb"]);
    rows.check("i / j", || &i / &j);
    rows.check("jnp.power(i, 2)", || i.pow(2));
    rows.check("jnp.power(i, jnp.abs(j))", || i.pow(j.abs()));
    rows.check("jnp.power(a8, 3)", || a8.pow(3));
    rows.check("i ** 5", || i.powi(5));
    rows.check("lax.integer_pow(i[:4], 3)", || i.slice([(..4).into()]).powi(3));
    rows.check("jnp.floor_divide(a8, b8)", || a8.floor_divide(&b8));
    rows.check("jnp.remainder(a8, b8)", || &a8 % &b8);
    rows.check("jnp.fmod(a8, b8)", || a8.fmod(&b8));
    rows.check("lax.div(a8, b8)", || a8.div_trunc(&b8));
    rows.check("lax.rem(a8, b8)", || a8.rem_trunc(&b8));
    rows.check("jnp.floor_divide(u8, v8)", || u8.floor_divide(&v8));
    rows.check("jnp.floor_divide(b, b)", || b.floor_divide(&b));
    rows.check("a8 + b8", || &a8 + &b8);
    rows.check("a8 * b8", || &a8 * &b8);
    rows.check("u8 + v8", || &u8 + &v8);
    rows.check("-u8", || -&u8);
    rows.check("~u8", || !&u8);
    rows.check("~b", || !&b);
    rows.check("-u", || -&u);
    rows.check("jnp.abs(a8)", || a8.abs());
    rows.check("jnp.sign(a8)", || a8.sign());
    rows.check("b + b", || &b + &b);
    rows.check("b * b", || &b * &b);
    rows.check("b | ~b", || &b | !&b);
    rows.check("b ^ True", || &b ^ true);
    rows.check("jnp.maximum(b, False)", || b.maximum(false));
    rows.check("u8 < a8", || u8.lt(&a8));
    rows.check("u8 == a8", || u8.eq(&a8));
    rows.check("u > i[:5]", || u.gt(i.slice([(..5).into()])));
    rows.check("u + i[:5]", || &u + i.slice([(..5).into()]));
    rows.check("u8 + a8", || &u8 + &a8);
    rows.check("u8 << 3", || &u8 << 3);
    rows.check("u8 >> 9", || &u8 >> 9);
    rows.check("a8 >> 2", || &a8 >> 2);
    rows.check("a8 >> 9", || &a8 >> 9);
    rows.check("a8 << 8", || &a8 << 8);
    rows.check("lax.shift_right_logical(a8, jnp.int8(1) + 0 * a8)", || a8.shift_right_logical(1));
    rows.check("jnp.dot(m8, m8)", || dot(&m8, &m8));
    rows.check("m8 @ m8", || m8.matmul(&m8));
    rows.check("mb @ mb", || mb.matmul(&mb));
    rows.check("jnp.einsum('ij,jk', m8, m8)", || einsum("ij,jk", [&m8, &m8]));
    rows.check("jnp.cumprod(i[:4])", || i.slice([(..4).into()]).cumprod(0));
    rows.check("jnp.mean(a8)", || a8.mean(..));
    rows.check("jnp.sqrt(i)", || i.sqrt());
    rows.check("jnp.clip(u8, -5, 300)", || u8.clip(-5, 300));
    rows.check("jnp.clip(u8, 4, 200)", || u8.clip(4, 200));
    rows.check("jnp.where(b, 1, 2)", || where_(&b, 1, 2));
    rows.check("jnp.lcm(i, j)", || i.lcm(&j));
    rows.check("jnp.diff(u8)", || u8.diff(1, 0));
    rows.check("jnp.max(a8)", || a8.max(..));
    rows.check("jnp.argsort(u8)", || u8.argsort(0));
    rows.check("jnp.sort(a8)", || a8.sort(0));
    rows.check("jnp.bitwise_count(a8)", || a8.bitwise_count());
    rows.check("lax.clz(a8)", || a8.count_leading_zeros());
    rows.check("jnp.median(i).astype(float)", || i.median(..).astype(DType::F64));
    rows.check("jnp.round(i)", || i.round_decimals(0));
    rows.check("jnp.floor(i)", || i.floor());
    rows.check("jnp.trunc(i)", || i.trunc());
    rows.check("jnp.rint(i)", || i.round().astype(DType::F64));
    rows.check("jnp.isfinite(i)", || i.is_finite());
    rows.check("jnp.heaviside(i, 2)", || i.heaviside(2));
    rows.check("jnp.square(a8)", || a8.square());
    rows.check("jnp.average(i)", || i.average(i.ones_like(), ..));
    rows.done();
}

#[test]
#[allow(clippy::reversed_empty_ranges)]
fn indices_out_of_bounds() {
    let mut rows = Rows::of("surprises", "indices_out_of_bounds");
    let [x, n, u, b, k, d, v, m, l] = rows.inputs(["x", "n", "u", "b", "k", "d", "v", "m", "l"]);
    rows.check("jnp.take(x, k)", || x.take(&k, 0));
    rows.check("jnp.take(x, k, mode='fill')", || x.take_mode(&k, 0, IndexMode::Fill));
    rows.check("jnp.take(x, k, mode='clip')", || x.take_mode(&k, 0, IndexMode::Clip));
    rows.check("jnp.take(x, k, mode='wrap')", || x.take_mode(&k, 0, IndexMode::Wrap));
    rows.check("jnp.take(n, k)", || n.take(&k, 0));
    rows.check("jnp.take(u, k)", || u.take(&k, 0));
    rows.check("jnp.take(b, k)", || b.take(&k, 0));
    rows.check("x[k]", || x.at(&k).get());
    rows.check("n[k]", || n.at(&k).get());
    rows.check("x.at[k].get(mode='fill')", || x.at(&k).mode(IndexMode::Fill).get());
    rows.check("x.at[k].get(mode='fill', fill_value=-1.)", || x.at(&k).fill_value(-1.0).get());
    rows.check("x.at[k].get(mode='clip')", || x.at(&k).mode(IndexMode::Clip).get());
    rows.check("n.at[k].get(mode='fill')", || n.at(&k).mode(IndexMode::Fill).get());
    rows.check("u.at[k].get(mode='fill')", || u.at(&k).mode(IndexMode::Fill).get());
    rows.check("b.at[k].get(mode='fill')", || b.at(&k).mode(IndexMode::Fill).get());
    rows.check("x.at[d].set(v)[jnp.array([1,3])]", || {
        x.at(&d).set(&v).slice([SliceSpec::from(1..).step_by(2)])
    });
    rows.check("x.at[d].add(v)", || x.at(&d).add(&v));
    rows.check("x.at[d].multiply(v)", || x.at(&d).mul(&v));
    rows.check("x.at[d].min(v)", || x.at(&d).min(&v));
    rows.check("x.at[d].max(v * 5)", || x.at(&d).max(&v * 5.0));
    rows.check("x.at[d].add(v, mode='clip')", || x.at(&d).mode(IndexMode::Clip).add(&v));
    rows.check("x.at[d].add(v, mode='drop')", || x.at(&d).mode(IndexMode::Fill).add(&v));
    rows.check("n.at[d].add(jnp.int32(1))", || n.at(&d).add(1));
    rows.check("x.at[-1].set(0.)", || x.at(-1).set(0.0));
    rows.check("x.at[1:3].add(5.)", || x.at(1..3).add(5.0));
    rows.check("x.at[::-1].set(jnp.arange(4.))", || {
        x.flip(0).at(..).set(arange(4, DType::F64)).flip(0)
    });
    rows.check("m[..., -1]", || m.at((Ellipsis, -1)).get());
    rows.check("m[:, jnp.array([2, -3, 3])]", || m.at((.., &Array::from([2, -3, 3]))).get());
    rows.check("m[jnp.array([0, 1]), jnp.array([1, 5])]", || {
        m.at((&Array::from([0, 1]), &Array::from([1, 5]))).get()
    });
    rows.check("jnp.take_along_axis(m, l, 1)", || m.take_along_axis(&l, 1));
    rows.check("lax.dynamic_slice(x, (jnp.int32(3),), (2,))", || {
        x.dynamic_slice([&Array::scalar(3)], &[2])
    });
    rows.check("lax.dynamic_slice(x, (jnp.int32(-1),), (2,))", || {
        x.dynamic_slice([&Array::scalar(-1)], &[2])
    });
    rows.check("lax.dynamic_slice(x, (jnp.int32(-9),), (2,))", || {
        x.dynamic_slice([&Array::scalar(-9)], &[2])
    });
    rows.check("lax.dynamic_update_slice(x, jnp.array([0., 0.]), (jnp.int32(7),))", || {
        x.dynamic_update_slice(Array::from([0.0, 0.0]), [&Array::scalar(7)])
    });
    rows.check("lax.dynamic_index_in_dim(x, -1, keepdims=False)", || {
        x.dynamic_index(Array::scalar(-1), 0)
    });
    rows.check("x[-3:]", || x.slice([(-3..).into()]));
    rows.check("x[1:9]", || x.slice([(1..9).into()]));
    rows.check("x[3:1]", || x.slice([(3..1).into()]));
    rows.check("x[-9:2]", || x.slice([(-9..2).into()]));
    rows.check("x[::3]", || x.slice([SliceSpec::from(..).step_by(3)]));
    rows.check("m[None, 1]", || m.slice([1.into(), (..).into()]).expand_dims(0));
    rows.check("x[x > 10.5][:2]", || x.extract(x.gt(10.5), 2, 0.0));
    rows.check("x.at[x > 10.5].set(0.)", || where_(x.gt(10.5), 0.0, &x));
    rows.check("jax.nn.one_hot(k, 4, dtype=jnp.float64)", || one_hot(&k, 4, DType::F64));
    rows.check("jnp.bincount(k, length=3)", || k.bincount(3));
    rows.check("jnp.choose(jnp.array([0, 1, 0]), [n, n * 10])", || {
        choose(Array::from([0, 1, 0]), [&n, &(&n * 10)])
    });
    rows.check("jnp.repeat(x, 2)", || x.repeat(2, 0));
    rows.check("jnp.repeat(m, 0, axis=1)", || m.repeat(0, 1));
    rows.check("jnp.roll(jnp.roll(m, 1, 0), -2, 1)", || m.roll(1, 0).roll(-2, 1));
    rows.check("jnp.roll(x, 9)", || x.roll(9, 0));
    rows.check("jnp.tile(x, 0)", || x.tile(&[0]));
    rows.done();
}

#[test]
fn nothing() {
    let mut rows = Rows::of("surprises", "nothing");
    let [e, g, o] = rows.inputs(["e", "g", "o"]);
    rows.check("jnp.sum(e)", || e.sum(..));
    rows.check("jnp.prod(g, 1)", || g.prod(1));
    rows.check("jnp.mean(e)", || e.mean(..));
    rows.check("jnp.var(g, 1)", || g.var(1));
    rows.check("jnp.all(e)", || e.all(..));
    rows.check("jnp.any(e)", || e.any(..));
    rows.check("jnp.max(g, 0)", || g.max(0));
    rows.check("jnp.sum(g, 0)", || g.sum(0));
    rows.check("jax.scipy.special.logsumexp(e)", || logsumexp(&e, ..));
    rows.check("jnp.cumsum(g, 1)", || g.cumsum(1));
    rows.check("jnp.sort(e)", || e.sort(0));
    rows.check("jnp.argsort(e)", || e.argsort(0));
    rows.check("g @ g.T", || g.matmul(g.t()));
    rows.check("g.T @ g", || g.t().matmul(&g));
    rows.check("jnp.einsum('ij->i', g)", || einsum("ij->i", [&g]));
    rows.check("jnp.concatenate([e, o])", || concatenate([&e, &o], 0));
    rows.check("jnp.unique(e)", || e.unique(None));
    rows.check("jnp.searchsorted(e, o)", || e.searchsorted(&o, false));
    rows.check("jnp.searchsorted(o, e)", || o.searchsorted(&e, false));
    rows.check("jnp.linalg.norm(e)", || linalg::norm(&e, ..));
    rows.check("jnp.diff(o[:1])", || o.slice([(..1).into()]).diff(1, 0));
    rows.check("jnp.pad(e, 2)", || e.pad(&[(2, 2)], 0.0));
    rows.check("jnp.split(e, 1)[0]", || e.split(1, 0).remove(0));
    rows.check("jnp.reshape(g, (0, 3))", || g.reshape([0, 3]));
    rows.check("jnp.nonzero(e, size=2)[0]", || e.nonzero(2, 0).remove(0));
    rows.check("jnp.bincount(e.astype(int), length=2)", || e.astype(DType::I32).bincount(2));
    rows.check("jnp.linalg.det(jnp.zeros((0, 0)))", || linalg::det(zeros([0, 0], DType::F64)));
    rows.check("jnp.outer(e, o)", || outer(&e, &o));
    rows.check("jnp.where(e > 0, e, 1.)", || where_(e.gt(0.0), &e, 1.0));
    rows.check("jnp.take(o, e.astype(int))", || o.take(e.astype(DType::I32), 0));
    rows.check("o.at[e.astype(int)].set(e)", || o.at(e.astype(DType::I32)).set(&e));
    rows.done();
}

#[test]
fn half_precision() {
    let mut rows = Rows::of("surprises", "half_precision");
    let [h, b, p] = rows.inputs(["h", "b", "p"]);
    rows.check("h + h", || &h + &h);
    rows.check("jnp.mean(h[:2])", || h.slice([(..2).into()]).mean(..));
    rows.check("jnp.sum(h[:2])", || h.slice([(..2).into()]).sum(..));
    rows.check("jnp.var(h[:3])", || h.slice([(..3).into()]).var(..));
    rows.check("jnp.cumsum(h)", || h.cumsum(0));
    rows.check("jnp.sum(jnp.ones(300, jnp.bfloat16))", || ones([300], DType::BF16).sum(..));
    rows.check("jnp.mean(jnp.ones(300, jnp.bfloat16))", || ones([300], DType::BF16).mean(..));
    rows.check("jnp.cumsum(jnp.ones(300, jnp.bfloat16))[255:]", || {
        ones([300], DType::BF16).cumsum(0).slice([(255..).into()])
    });
    rows.check("b + b * 0.1", || &b + &b * 0.1);
    rows.check("jax.nn.softmax(b)", || softmax(&b, 0));
    rows.check("jax.scipy.special.logsumexp(h)", || logsumexp(&h, ..));
    rows.check("p.astype(jnp.bfloat16)", || p.astype(DType::BF16));
    rows.check("p.astype(jnp.float16)", || p.astype(DType::F16));
    rows.check("p.astype(jnp.float32)", || p.astype(DType::F32));
    rows.check("h * 2", || &h * 2);
    rows.check("h + 1.0", || &h + 1.0);
    rows.check("h + b", || &h + &b);
    rows.check("jnp.dot(h, h)", || dot(&h, &h));
    rows.check("jnp.dot(b, b)", || dot(&b, &b));
    rows.check("jnp.sqrt(b)", || b.sqrt());
    rows.check("jnp.linspace(0, 1, 4, dtype=jnp.float16)", || linspace(0.0, 1.0, 4, DType::F16));
    rows.check("jnp.arange(5, dtype=jnp.bfloat16)", || arange(5, DType::BF16));
    rows.check("jnp.prod(b)", || b.prod(..));
    rows.check("jnp.std(b)", || b.std(..));
    rows.check("jnp.linalg.norm(h[:2])", || linalg::norm(h.slice([(..2).into()]), ..));
    rows.check("jnp.nextafter(b, jnp.bfloat16(9))", || {
        b.nextafter(Array::scalar(9.0_f32).astype(DType::BF16))
    });
    rows.check("jnp.median(b)", || b.median(..));
    rows.check("jnp.exp(h)", || h.exp());
    rows.check("jax.nn.gelu(b)", || nn::gelu(&b));
    rows.check("jax.nn.gelu(b, approximate=False)", || nn::gelu_exact(&b));
    rows.done();
}

#[test]
fn activations_far_out() {
    let mut rows = Rows::of("surprises", "activations_far_out");
    let [x] = rows.inputs(["x"]);
    rows.check("jax.nn.relu(x)", || nn::relu(&x));
    rows.check("jax.nn.relu6(x)", || nn::relu6(&x));
    rows.check("jax.nn.softplus(x)", || nn::softplus(&x));
    rows.check("jax.nn.soft_sign(x)", || nn::soft_sign(&x));
    rows.check("jax.nn.sigmoid(x)", || nn::sigmoid(&x));
    rows.check("jax.nn.log_sigmoid(x)", || nn::log_sigmoid(&x));
    rows.check("jax.nn.silu(x)", || nn::silu(&x));
    rows.check("jax.nn.gelu(x)", || nn::gelu(&x));
    rows.check("jax.nn.elu(x)", || nn::elu(&x, 1.0));
    rows.check("jax.nn.celu(x)", || nn::celu(&x, 1.0));
    rows.check("jax.nn.selu(x)", || nn::selu(&x));
    rows.check("jax.nn.hard_sigmoid(x)", || nn::hard_sigmoid(&x));
    rows.check("jax.nn.hard_silu(x)", || nn::hard_silu(&x));
    rows.check("jax.nn.hard_tanh(x)", || nn::hard_tanh(&x));
    rows.check("jax.nn.leaky_relu(x)", || nn::leaky_relu(&x, 0.01));
    rows.check("jax.nn.gelu(x, approximate=False)", || nn::gelu_exact(&x));
    rows.check("jax.grad(lambda x: jax.nn.relu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::relu(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.relu6(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::relu6(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.softplus(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::softplus(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.soft_sign(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::soft_sign(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.sigmoid(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::sigmoid(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.log_sigmoid(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::log_sigmoid(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.silu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::silu(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.gelu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::gelu(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.elu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::elu(x, 1.0).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.celu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::celu(x, 1.0).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.selu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::selu(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.hard_sigmoid(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::hard_sigmoid(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.hard_silu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::hard_silu(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.hard_tanh(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::hard_tanh(x).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.leaky_relu(x).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::leaky_relu(x, 0.01).sum(..), &x)
    });
    rows.check("jax.grad(lambda x: jax.nn.gelu(x, approximate=False).sum())(x)", || {
        nnx_core::grad(|x: &Array| nn::gelu_exact(x).sum(..), &x)
    });
    rows.done();
}

#[test]
fn subscripts_and_padding() {
    let mut rows = Rows::of("surprises", "subscripts_and_padding");
    let [m, t, v] = rows.inputs(["m", "t", "v"]);
    rows.check("jnp.einsum('ii', m)", || einsum("ii", [&m]));
    rows.check("jnp.einsum('ii->i', m)", || einsum("ii->i", [&m]));
    rows.check("jnp.einsum('ij->', m)", || einsum("ij->", [&m]));
    rows.check("jnp.einsum('ba', m)", || einsum("ba", [&m]));
    rows.check("jnp.einsum('iij->j', t)", || einsum("iij->j", [&t]));
    rows.check("jnp.einsum('iii', t)", || einsum("iii", [&t]));
    rows.check("jnp.einsum('i,i', v, v)", || einsum("i,i", [&v, &v]));
    rows.check("jnp.einsum('i,j', v, v)", || einsum("i,j", [&v, &v]));
    rows.check("jnp.einsum('...ij,...jk', t, t)", || einsum("...ij,...jk", [&t, &t]));
    rows.check("jnp.einsum('i...->...', t)", || einsum("i...->...", [&t]));
    rows.check("jnp.einsum('ij,j,k->ik', m, v, v)", || einsum("ij,j,k->ik", [&m, &v, &v]));
    rows.check("jnp.einsum('ii,ij->ij', m, m)", || einsum("ii,ij->ij", [&m, &m]));
    rows.check("jnp.einsum(' i j , j k -> i k ', m, m)", || einsum(" i j , j k -> i k ", [&m, &m]));
    rows.check("jnp.tensordot(m, v, ([0], [0]))", || tensordot(&m, &v, ([0], [0])));
    rows.check("jnp.tensordot(t, t, ([-1, 0], [0, 1]))", || tensordot(&t, &t, ([-1, 0], [0, 1])));
    rows.check("jnp.tensordot(m, m, 2)", || tensordot(&m, &m, 2));
    rows.check("jnp.pad(v, (4, 5), 'reflect')", || v.pad_mode(&[(4, 5)], PadMode::Reflect));
    rows.check("jnp.pad(v, (4, 5), 'symmetric')", || v.pad_mode(&[(4, 5)], PadMode::Symmetric));
    rows.check("jnp.pad(v, (4, 5), 'wrap')", || v.pad_mode(&[(4, 5)], PadMode::Wrap));
    rows.check("jnp.pad(m, ((1, 0), (0, 2)), 'linear_ramp', end_values=-1.)", || {
        m.pad_mode(&[(1, 0), (0, 2)], PadMode::LinearRamp(-1.0))
    });
    rows.check("jnp.pad(v[:1], (2, 2), 'reflect')", || {
        v.slice([(..1).into()]).pad_mode(&[(2, 2)], PadMode::Reflect)
    });
    rows.check("lax.pad(v, 0., [(-1, 2, 1)])", || v.pad_general(&[(-1, 2, 1)], 0.0));
    rows.check("v @ m", || v.matmul(&m));
    rows.check("m @ v", || m.matmul(&v));
    rows.check("t @ t[0]", || t.matmul(t.slice([0.into(), (..).into(), (..).into()])));
    rows.check("v @ v", || v.matmul(&v));
    rows.check("jnp.linalg.norm(v)", || linalg::norm(&v, ..));
    rows.check("jnp.linalg.norm(m)", || linalg::norm(&m, ..));
    rows.check("jnp.trace(m, -1)", || m.trace(-1, 0, 1));
    rows.check("[*jnp.linalg.eigh(m @ m.T)][0]", || linalg::eigh(m.matmul(m.t())).0);
    rows.check("jnp.linalg.svd(m, compute_uv=False)", || linalg::svdvals(&m));
    rows.check("jnp.linalg.matrix_power(m, -1)", || linalg::matrix_power(&m, -1));
    rows.check("jnp.arange(0., 1., 0.1)", || arange_step(0.0, 1.0, 0.1, DType::F64));
    rows.check("jnp.arange(5., 0., -2.)", || arange_step(5.0, 0.0, -2.0, DType::F64));
    rows.check("jnp.linspace(5., 1., 3)", || linspace(5.0, 1.0, 3, DType::F64));
    rows.check("jnp.linspace(0., 1., 1, endpoint=False)", || {
        linspace_exclusive(0.0, 1.0, 1, DType::F64)
    });
    rows.check("jnp.geomspace(1., 1e6, 4)", || geomspace(1.0, 1e6, 4, DType::F64));
    rows.check("jnp.cross(v, m)", || cross(&v, &m));
    rows.check("jnp.percentile(m, jnp.array([0., 25., 100.]), method='nearest')", || {
        m.quantile_method(Array::from([0.0, 0.25, 1.0]), .., QuantileMethod::Nearest)
    });
    rows.check("lax.conv_general_dilated(t.reshape(1, 4, 2), jnp.arange(6.).reshape(1, 2, 3), (2,), [(1, -1)], dimension_numbers=('NWC', 'WIO', 'NWC'))", || conv_general_dilated(t.reshape([1, 4, 2]), arange(6, DType::F64).reshape([1, 2, 3]), &ConvOptions { strides: vec![2], padding: Padding::Explicit(vec![(1, -1)]), ..Default::default() }));
    rows.check("lax.reduce_window(m, -inf, lax.max, (2, 2), (2, 1), 'SAME')", || {
        reduce_window_max(
            &m,
            &[2, 2],
            &WindowOptions { strides: vec![2, 1], padding: Padding::Same, ..Default::default() },
        )
    });
    rows.check(
        "lax.reduce_window(m, 0., lax.add, (2, 2), (1, 1), 'VALID', (1, 1), (2, 1))",
        || {
            reduce_window_sum(
                &m,
                &[2, 2],
                &WindowOptions { window_dilation: vec![2, 1], ..Default::default() },
            )
        },
    );
    rows.done();
}

/// Powers of large zeros leave the range of f32.
#[test]
fn zeros_of_polynomials_of_a_high_degree() {
    let sorted = |z: Array| {
        let mut z = z.real().to_vec::<f32>();
        z.sort_by(f32::total_cmp);
        z
    };
    let large = Array::from([
        1.0_f32, -1000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
    ]);
    let found = roots(&large);
    assert!(found.abs().is_finite().all(..).item::<bool>(), "{found}");
    assert_eq!(sorted(found).last().map(|z| z.round()), Some(1000.0));
    // x⁴⁰ = 2⁴⁰, at any scale.
    for scale in [1e-6_f64, 1.0, 1e6] {
        let mut p = vec![0.0_f64; 41];
        (p[0], p[40]) = (1.0, -(2.0 * scale).powi(40));
        let found = roots(Array::from_slice(&p, [41]));
        let sizes = found.abs().to_vec::<f64>();
        assert!(sizes.iter().all(|z| (z / (2.0 * scale) - 1.0).abs() < 1e-9), "{scale}: {sizes:?}");
    }
    let steep =
        grad(|p: &Array| roots(p).real().max(..), &Array::from([1.0_f32, -1000.0, 0.0, 1.0]));
    assert!(steep.is_finite().all(..).item::<bool>(), "{steep}");
}

#[test]
fn a_line_is_taken_out_of_short_floats() {
    for dtype in [DType::F16, DType::BF16] {
        let line = (arange(200, DType::F32) * 0.5 + 3.0).astype(dtype);
        let left = nnx_core::signal::detrend(&line, -1, nnx_core::signal::Trend::Linear);
        assert_eq!(left.dtype(), dtype);
        let most = left.abs().max(..).astype(DType::F32).item::<f32>();
        assert!(most < 0.5, "{most}");
    }
}

#[test]
fn ranks_with_ties_and_without_an_order() {
    let ranks =
        |x: &[f32]| nnx_core::stats::rankdata(Array::from_slice(x, [x.len()])).to_vec::<f32>();
    assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0, 1.0]), [5.0, 1.5, 5.0, 3.0, 5.0, 1.5]);
    assert_eq!(ranks(&[7.0]), [1.0]);
    assert_eq!(ranks(&[]), [0.0_f32; 0]);
    assert!(ranks(&[1.0, f32::NAN, 0.0]).iter().all(|rank| rank.is_nan()));
}

/// Divided by their sum, the elements of a short dtype add up to 1 but for their rounding.
#[test]
fn vectors_of_short_floats_that_add_up_to_one() {
    for dtype in [DType::F16, DType::BF16, DType::F32] {
        let x = (arange(30, DType::F32) + 1.0).reshape([3, 10]).astype(dtype);
        let alpha = Array::from([0.5_f32, 2.0, 1.5]).astype(dtype);
        let density = nnx_core::stats::dirichlet::logpdf(&(&x / x.sum(0)), &alpha);
        assert!(density.is_finite().all(..).item::<bool>(), "{dtype}: {density}");
        let outside = nnx_core::stats::dirichlet::logpdf(&(&x / x.sum(0) * 0.9), &alpha);
        assert!(outside.eq(f64::NEG_INFINITY).all(..).item::<bool>(), "{dtype}: {outside}");
    }
}

#[test]
fn complex_numbers_are_finite_and_close_by_both_parts() {
    let parts = [(1.0, 2.0), (f64::NAN, 0.0), (0.0, f64::INFINITY), (3.0, -4.0)];
    let (re, im) = (parts.map(|p| p.0), parts.map(|p| p.1));
    let z = complex(Array::from(re), Array::from(im));
    assert_eq!(z.is_finite().to_vec::<bool>(), [true, false, false, true]);
    let near = &z + 1e-9;
    assert_eq!(z.isclose(&near, Tolerance::default()).to_vec::<bool>(), [true, false, false, true]);
}
