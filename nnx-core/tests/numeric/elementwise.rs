//! Elementwise functions at ordinary and special points.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("elementwise", "values_as_in_jax");
    let [p, x, y, i, j, u, v] = rows.inputs(["p", "x", "y", "i", "j", "u", "v"]);
    rows.check("jnp.log2(p)", || p.log2());
    rows.check("jnp.log10(p)", || p.log10());
    rows.check("jnp.exp2(p)", || p.exp2());
    rows.check("jnp.sinc(p)", || p.sinc());
    rows.check("jnp.rad2deg(p)", || p.rad2deg());
    rows.check("jnp.deg2rad(p)", || p.deg2rad());
    rows.check("jnp.reciprocal(p)", || p.reciprocal());
    rows.check("jnp.isnan(p)", || p.is_nan());
    rows.check("jnp.isinf(p)", || p.is_inf());
    rows.check("jnp.isposinf(p)", || p.is_posinf());
    rows.check("jnp.isneginf(p)", || p.is_neginf());
    rows.check("jnp.signbit(p)", || p.signbit());
    rows.check("jnp.signbit(i)", || i.signbit());
    rows.check("jnp.nan_to_num(p)", || p.nan_to_num(0.0, None, None));
    rows.check("jnp.nan_to_num(p, nan=1., posinf=2., neginf=3.)", || {
        p.nan_to_num(1.0, Some(2.0), Some(3.0))
    });
    rows.check("jnp.round(x, 0)", || x.round_decimals(0));
    rows.check("jnp.round(x/3, 2)", || (&x / 3.0).round_decimals(2));
    rows.check("jnp.round(x*100, -2)", || (&x * 100.0).round_decimals(-2));
    rows.check("jnp.modf(p)", || p.modf());
    rows.check("jnp.hypot(p, p[::-1])", || p.hypot(p.flip(0)));
    rows.check("jnp.hypot(x, y)", || x.hypot(&y));
    rows.check("jnp.hypot(x*1e200, y*1e200)", || (&x * 1e200).hypot(&y * 1e200));
    rows.check("jnp.copysign(p, p[::-1])", || p.copysign(p.flip(0)));
    rows.check("jnp.heaviside(p, 0.5)", || p.heaviside(0.5));
    rows.check("jnp.float_power(i.astype(float), 2)", || i.astype(DType::F64).float_power(2));
    rows.check("jnp.logaddexp(p, p[::-1])", || logaddexp(&p, p.flip(0)));
    rows.check("jnp.logaddexp2(p, p[::-1])", || p.logaddexp2(p.flip(0)));
    rows.check("jnp.logaddexp2(x, y)", || x.logaddexp2(&y));
    rows.check("[jnp.frexp(x)[0], jnp.frexp(x)[1]]", || x.frexp());
    rows.check("jnp.ldexp(x, i % 5)", || x.ldexp(&(&i % 5)));
    rows.check("jnp.isclose(x, x*1.000001)", || x.isclose(&x * 1.000001, Tolerance::default()));
    rows.check("jnp.isclose(p, p, equal_nan=True)", || {
        p.isclose(&p, Tolerance { equal_nan: true, ..Default::default() })
    });
    rows.check("jnp.isclose(p, p[::-1])", || p.isclose(p.flip(0), Tolerance::default()));
    rows.check("jnp.allclose(x, x)", || x.allclose(&x, Tolerance::default()));
    rows.check("jnp.array_equal(x, y)", || x.array_equal(&y));
    rows.check("jnp.floor_divide(x, y)", || x.floor_divide(&y));
    rows.check("jnp.floor_divide(p, p[::-1])", || p.floor_divide(p.flip(0)));
    rows.check("jnp.divmod(x, y)", || x.divmod(&y));
    rows.check("jnp.divmod(p, 0.75)", || p.divmod(0.75));
    rows.check("jnp.fmod(x, y)", || x.fmod(&y));
    rows.check("jnp.remainder(x, y)", || &x % &y);
    rows.check("jnp.floor_divide(i, j)", || i.floor_divide(&j));
    rows.check("jnp.remainder(i, j)", || &i % &j);
    rows.check("jnp.fmod(i, j)", || i.fmod(&j));
    rows.check("lax.rem(i, j)", || i.rem_trunc(&j));
    rows.check("lax.div(i, j)", || i.astype(DType::I32).div_trunc(&j));
    rows.check("jnp.divmod(i, j)", || i.divmod(&j));
    rows.check("jnp.floor_divide(u, v)", || u.floor_divide(&v));
    rows.check("jnp.remainder(u, v)", || &u % &v);
    rows.check("jnp.gcd(i, j)", || i.gcd(&j));
    rows.check("jnp.lcm(i[:6], j[:6])", || i.slice([(0..6).into()]).lcm(j.slice([(0..6).into()])));
    rows.check("jnp.gcd(u, v)", || u.gcd(&v));
    rows.check("jnp.bitwise_count(i)", || i.bitwise_count());
    rows.check("lax.population_count(u)", || u.population_count());
    rows.check("lax.clz(i)", || i.count_leading_zeros());
    rows.check("jnp.invert(i)", || i.bitwise_not());
    rows.check("jnp.left_shift(i, j)", || &i << &j);
    rows.check("jnp.right_shift(i, j)", || &i >> &j);
    rows.check("jnp.right_shift(u, v)", || &u >> &v);
    rows.check("jnp.left_shift(i, 32)", || &i << 32);
    rows.check("jnp.right_shift(i, 40)", || &i >> 40);
    rows.check("lax.shift_right_logical(i, jnp.int32(33)+0*i)", || i.shift_right_logical(33));
    rows.check("i + i", || &i + &i);
    rows.check("-i", || -&i);
    rows.check("jnp.abs(i)", || i.abs());
    rows.check("u * v", || &u * &v);
    rows.check("u - v - v", || &u - &v - &v);
    rows.check("jnp.power(i, 3)", || i.pow(3));
    rows.check("jnp.logical_xor(i > 0, j > 0)", || i.gt(0).logical_xor(j.gt(0)));
    rows.check("i.astype(float) / j", || i.astype(DType::F64) / &j);
    rows.done();
}

#[test]
fn gradients_as_in_jax() {
    let mut rows = Rows::of("elementwise", "gradients_as_in_jax");
    let [p] = rows.inputs(["p"]);
    rows.check("jax.grad(lambda p: jnp.log2(p).sum())(p)", || {
        grad(|p: &Array| p.log2().sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.exp2(p).sum())(p)", || {
        grad(|p: &Array| p.exp2().sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.sinc(p).sum())(p)", || {
        grad(|p: &Array| p.sinc().sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.hypot(p, 1.5).sum())(p)", || {
        grad(|p: &Array| p.hypot(1.5).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.copysign(p, -1.).sum())(p)", || {
        grad(|p: &Array| p.copysign(-1.0).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.logaddexp2(p, 0.5).sum())(p)", || {
        grad(|p: &Array| p.logaddexp2(0.5).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.nan_to_num(p).sum())(p)", || {
        grad(|p: &Array| p.nan_to_num(0.0, None, None).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.reciprocal(p).sum())(p)", || {
        grad(|p: &Array| p.reciprocal().sum(..), &p)
    });
    rows.check("jax.grad(lambda p: (p % 0.75).sum())(p)", || {
        grad(|p: &Array| (p % 0.75).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.fmod(p, 0.75).sum())(p)", || {
        grad(|p: &Array| p.fmod(0.75).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.round(p, 1).sum())(p)", || {
        grad(|p: &Array| p.round_decimals(1).sum(..), &p)
    });
    rows.check("jax.grad(lambda p: jnp.heaviside(p, 1.0).sum())(p)", || {
        grad(|p: &Array| p.heaviside(1.0).sum(..), &p)
    });
    rows.done();
}
