//! Elementwise functions at ordinary and special points.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

#[test]
#[rustfmt::skip]
fn values_as_in_jax() {
    let p = Array::from_slice::<f64>(&[-f64::INFINITY, -2.5, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.5, 40.0, f64::INFINITY, f64::NAN], &[12][..]);
    let x = Array::from_slice::<f64>(&[-7.5, -3.0, -0.25, 0.0, 1.5, 4.0, 7.0], &[7][..]);
    let y = Array::from_slice::<f64>(&[2.0, -2.0, 0.75, -3.0, 0.5, -1.5, 3.0], &[7][..]);
    let i = Array::from_slice::<i32>(&[-7, 7, -7, 7, 0, 5, -2147483648], &[7][..]);
    let j = Array::from_slice::<i32>(&[3, -3, -3, 3, 0, 0, -1], &[7][..]);
    let u = Array::from_slice::<u8>(&[7, 0, 255, 13], &[4][..]);
    let v = Array::from_slice::<u8>(&[3, 0, 2, 5], &[4][..]);
    let mut wrong = Wrong::default();
    wrong.check("jnp.log2(p)", &p.log2(), F64, &[12], &[NAN, NAN, NAN, NAN, -INF, -INF, -2.0, 0.0, 1.3219280948873624, 5.321928094887363, INF, NAN], 1e-12);
    wrong.check("jnp.log10(p)", &p.log10(), F64, &[12], &[NAN, NAN, NAN, NAN, -INF, -INF, -0.6020599913279624, 0.0, 0.3979400086720376, 1.6020599913279623, INF, NAN], 1e-12);
    wrong.check("jnp.exp2(p)", &p.exp2(), F64, &[12], &[0.0, 0.1767766952966369, 0.5, 0.7071067811865476, 1.0, 1.0, 1.189207115002721, 2.0, 5.656854249492381, 1099511627776.0, INF, NAN], 1e-12);
    wrong.check("jnp.sinc(p)", &p.sinc(), F64, &[12], &[NAN, 0.12732395447351627, 3.8981718325193755e-17, 0.6366197723675814, 1.0, 1.0, 0.9003163161571061, 3.8981718325193755e-17, 0.12732395447351627, -3.898171832519376e-17, NAN, NAN], 1e-12);
    wrong.check("jnp.rad2deg(p)", &p.rad2deg(), F64, &[12], &[-INF, -143.2394487827058, -57.29577951308232, -28.64788975654116, -0.0, 0.0, 14.32394487827058, 57.29577951308232, 143.2394487827058, 2291.831180523293, INF, NAN], 1e-12);
    wrong.check("jnp.deg2rad(p)", &p.deg2rad(), F64, &[12], &[-INF, -0.04363323129985824, -0.017453292519943295, -0.008726646259971648, -0.0, 0.0, 0.004363323129985824, 0.017453292519943295, 0.04363323129985824, 0.6981317007977318, INF, NAN], 1e-12);
    wrong.check("jnp.reciprocal(p)", &p.reciprocal(), F64, &[12], &[-0.0, -0.4, -1.0, -2.0, -INF, INF, 4.0, 1.0, 0.4, 0.025, 0.0, NAN], 1e-12);
    wrong.check("jnp.isnan(p)", &p.is_nan(), Bool, &[12], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 1e-12);
    wrong.check("jnp.isinf(p)", &p.is_inf(), Bool, &[12], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0], 1e-12);
    wrong.check("jnp.isposinf(p)", &p.is_posinf(), Bool, &[12], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0], 1e-12);
    wrong.check("jnp.isneginf(p)", &p.is_neginf(), Bool, &[12], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.signbit(p)", &p.signbit(), Bool, &[12], &[1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.signbit(i)", &i.signbit(), Bool, &[7], &[1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 1e-12);
    wrong.check("jnp.nan_to_num(p)", &p.nan_to_num(0.0, None, None), F64, &[12], &[-1.7976931348623157e+308, -2.5, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.5, 40.0, 1.7976931348623157e+308, 0.0], 1e-12);
    wrong.check("jnp.nan_to_num(p, nan=1., posinf=2., neginf=3.)", &p.nan_to_num(1.0, Some(2.0), Some(3.0)), F64, &[12], &[3.0, -2.5, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.5, 40.0, 2.0, 1.0], 1e-12);
    wrong.check("jnp.round(x, 0)", &x.round_decimals(0), F64, &[7], &[-8.0, -3.0, -0.0, 0.0, 2.0, 4.0, 7.0], 1e-12);
    wrong.check("jnp.round(x/3, 2)", &(&x / 3.0).round_decimals(2), F64, &[7], &[-2.5, -1.0, -0.08, 0.0, 0.5, 1.33, 2.33], 1e-12);
    wrong.check("jnp.round(x*100, -2)", &(&x * 100.0).round_decimals(-2), F64, &[7], &[-800.0, -300.0, -0.0, 0.0, 200.0, 400.0, 700.0], 1e-12);
    let outs: Vec<Array> = { let (a, b) = p.modf(); vec![a, b] };
    wrong.check("jnp.modf(p) [0]", &outs[0], F64, &[12], &[NAN, -0.5, 0.0, -0.5, 0.0, 0.0, 0.25, 0.0, 0.5, 0.0, NAN, NAN], 1e-12);
    wrong.check("jnp.modf(p) [1]", &outs[1], F64, &[12], &[-INF, -2.0, -1.0, -0.0, -0.0, 0.0, 0.0, 1.0, 2.0, 40.0, INF, NAN], 1e-12);
    wrong.check("jnp.hypot(p, p[::-1])", &p.hypot(p.flip(0)), F64, &[12], &[INF, INF, 40.01249804748512, 2.5495097567963927, 1.0, 0.25, 0.25, 1.0, 2.5495097567963927, 40.01249804748512, INF, INF], 1e-12);
    wrong.check("jnp.hypot(x, y)", &x.hypot(&y), F64, &[7], &[7.762087348130012, 3.6055512754639896, 0.7905694150420949, 3.0, 1.5811388300841898, 4.272001872658765, 7.615773105863909], 1e-12);
    wrong.check("jnp.hypot(x*1e200, y*1e200)", &(&x * 1e200).hypot(&y * 1e200), F64, &[7], &[7.76208734813001e+200, 3.6055512754639894e+200, 7.905694150420948e+199, 3e+200, 1.5811388300841897e+200, 4.272001872658765e+200, 7.615773105863908e+200], 1e-12);
    wrong.check("jnp.copysign(p, p[::-1])", &p.copysign(p.flip(0)), F64, &[12], &[INF, 2.5, 1.0, 0.5, 0.0, 0.0, 0.25, -1.0, -2.5, -40.0, -INF, NAN], 1e-12);
    wrong.check("jnp.heaviside(p, 0.5)", &p.heaviside(0.5), F64, &[12], &[0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, NAN], 1e-12);
    wrong.check("jnp.float_power(i.astype(float), 2)", &i.astype(DType::F64).float_power(2), F64, &[7], &[49.0, 49.0, 49.0, 49.0, 0.0, 25.0, 4.611686018427388e+18], 1e-12);
    wrong.check("jnp.logaddexp(p, p[::-1])", &logaddexp(&p, p.flip(0)), F64, &[12], &[NAN, INF, 40.0, 2.548587351573742, 1.3132616875182228, 0.8259394198788437, 0.8259394198788437, 1.3132616875182228, 2.548587351573742, 40.0, INF, NAN], 1e-12);
    wrong.check("jnp.logaddexp2(p, p[::-1])", &p.logaddexp2(p.flip(0)), F64, &[12], &[NAN, INF, 40.000000000000654, 2.6699250014423126, 1.584962500721156, 1.130408450476996, 1.130408450476996, 1.584962500721156, 2.6699250014423126, 40.000000000000654, INF, NAN], 1e-12);
    wrong.check("jnp.logaddexp2(x, y)", &x.logaddexp2(&y), F64, &[7], &[2.0019910852608884, -1.415037499278844, 1.334962500721156, 0.1699250014423124, 2.084962500721156, 4.031532241436055, 7.087462841250339], 1e-12);
    let outs: Vec<Array> = { let (a, b) = x.frexp(); vec![a, b] };
    wrong.check("[jnp.frexp(x)[0], jnp.frexp(x)[1]] [0]", &outs[0], F64, &[7], &[-0.9375, -0.75, -0.5, 0.0, 0.75, 0.5, 0.875], 1e-12);
    wrong.check("[jnp.frexp(x)[0], jnp.frexp(x)[1]] [1]", &outs[1], I32, &[7], &[3.0, 2.0, -1.0, 0.0, 1.0, 3.0, 3.0], 1e-12);
    wrong.check("jnp.ldexp(x, i % 5)", &x.ldexp(&(&i % 5)), F64, &[7], &[-60.0, -12.0, -2.0, 0.0, 1.5, 4.0, 28.0], 1e-12);
    wrong.check("jnp.isclose(x, x*1.000001)", &x.isclose(&x * 1.000001, Tolerance::default()), Bool, &[7], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1e-12);
    wrong.check("jnp.isclose(p, p, equal_nan=True)", &p.isclose(&p, Tolerance { equal_nan: true, ..Default::default() }), Bool, &[12], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1e-12);
    wrong.check("jnp.isclose(p, p[::-1])", &p.isclose(p.flip(0), Tolerance::default()), Bool, &[12], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.allclose(x, x)", &x.allclose(&x, Tolerance::default()), Bool, &[], &[1.0], 1e-12);
    wrong.check("jnp.array_equal(x, y)", &x.array_equal(&y), Bool, &[], &[0.0], 1e-12);
    wrong.check("jnp.floor_divide(x, y)", &x.floor_divide(&y), F64, &[7], &[-4.0, 1.0, -1.0, -0.0, 3.0, -3.0, 2.0], 1e-12);
    wrong.check("jnp.floor_divide(p, p[::-1])", &p.floor_divide(p.flip(0)), F64, &[12], &[NAN, -1.0, -1.0, -1.0, 0.0, 0.0, INF, -INF, -5.0, -40.0, NAN, NAN], 1e-12);
    let outs: Vec<Array> = { let (a, b) = x.divmod(&y); vec![a, b] };
    wrong.check("jnp.divmod(x, y) [0]", &outs[0], F64, &[7], &[-4.0, 1.0, -1.0, -0.0, 3.0, -3.0, 2.0], 1e-12);
    wrong.check("jnp.divmod(x, y) [1]", &outs[1], F64, &[7], &[0.5, -1.0, 0.5, 0.0, 0.0, -0.5, 1.0], 1e-12);
    let outs: Vec<Array> = { let (a, b) = p.divmod(0.75); vec![a, b] };
    wrong.check("jnp.divmod(p, 0.75) [0]", &outs[0], F64, &[12], &[NAN, -4.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 3.0, 53.0, NAN, NAN], 1e-12);
    wrong.check("jnp.divmod(p, 0.75) [1]", &outs[1], F64, &[12], &[NAN, 0.5, 0.5, 0.25, -0.0, 0.0, 0.25, 0.25, 0.25, 0.25, NAN, NAN], 1e-12);
    wrong.check("jnp.fmod(x, y)", &x.fmod(&y), F64, &[7], &[-1.5, -1.0, -0.25, 0.0, 0.0, 1.0, 1.0], 1e-12);
    wrong.check("jnp.remainder(x, y)", &(&x % &y), F64, &[7], &[0.5, -1.0, 0.5, 0.0, 0.0, -0.5, 1.0], 1e-12);
    wrong.check("jnp.floor_divide(i, j)", &i.floor_divide(&j), I32, &[7], &[-3.0, -3.0, 2.0, 2.0, -1.0, -2.0, -2147483648.0], 1e-12);
    wrong.check("jnp.remainder(i, j)", &(&i % &j), I32, &[7], &[2.0, -2.0, -1.0, 1.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.fmod(i, j)", &i.fmod(&j), I32, &[7], &[-1.0, 1.0, -1.0, 1.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("lax.rem(i, j)", &i.rem_trunc(&j), I32, &[7], &[-1.0, 1.0, -1.0, 1.0, 0.0, 5.0, 0.0], 1e-12);
    wrong.check("lax.div(i, j)", &i.astype(DType::I32).div_trunc(&j), I32, &[7], &[-2.0, -2.0, 2.0, 2.0, -1.0, -1.0, -2147483648.0], 1e-12);
    let outs: Vec<Array> = { let (a, b) = i.divmod(&j); vec![a, b] };
    wrong.check("jnp.divmod(i, j) [0]", &outs[0], I32, &[7], &[-3.0, -3.0, 2.0, 2.0, -1.0, -2.0, -2147483648.0], 1e-12);
    wrong.check("jnp.divmod(i, j) [1]", &outs[1], I32, &[7], &[2.0, -2.0, -1.0, 1.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.floor_divide(u, v)", &u.floor_divide(&v), U8, &[4], &[2.0, 255.0, 127.0, 2.0], 1e-12);
    wrong.check("jnp.remainder(u, v)", &(&u % &v), U8, &[4], &[1.0, 0.0, 1.0, 3.0], 1e-12);
    wrong.check("jnp.gcd(i, j)", &i.gcd(&j), I32, &[7], &[1.0, 1.0, 1.0, 1.0, 0.0, 5.0, 1.0], 1e-12);
    wrong.check("jnp.lcm(i[:6], j[:6])", &i.slice([(0..6).into()]).lcm(j.slice([(0..6).into()])), I32, &[6], &[21.0, 21.0, 21.0, 21.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.gcd(u, v)", &u.gcd(&v), U8, &[4], &[1.0, 0.0, 1.0, 1.0], 1e-12);
    wrong.check("jnp.bitwise_count(i)", &i.bitwise_count(), U8, &[7], &[3.0, 3.0, 3.0, 3.0, 0.0, 2.0, 1.0], 1e-12);
    wrong.check("lax.population_count(u)", &u.population_count(), U8, &[4], &[3.0, 0.0, 8.0, 3.0], 1e-12);
    wrong.check("lax.clz(i)", &i.count_leading_zeros(), I32, &[7], &[0.0, 29.0, 0.0, 29.0, 32.0, 29.0, 0.0], 1e-12);
    wrong.check("jnp.invert(i)", &i.bitwise_not(), I32, &[7], &[6.0, -8.0, 6.0, -8.0, -1.0, -6.0, 2147483647.0], 1e-12);
    wrong.check("jnp.left_shift(i, j)", &(&i << &j), I32, &[7], &[-56.0, 0.0, 0.0, 56.0, 0.0, 5.0, 0.0], 1e-12);
    wrong.check("jnp.right_shift(i, j)", &(&i >> &j), I32, &[7], &[-1.0, 0.0, -1.0, 0.0, 0.0, 5.0, -1.0], 1e-12);
    wrong.check("jnp.right_shift(u, v)", &(&u >> &v), U8, &[4], &[0.0, 0.0, 63.0, 0.0], 1e-12);
    wrong.check("jnp.left_shift(i, 32)", &(&i << 32), I32, &[7], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jnp.right_shift(i, 40)", &(&i >> 40), I32, &[7], &[-1.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0], 1e-12);
    wrong.check("lax.shift_right_logical(i, jnp.int32(33)+0*i)", &i.shift_right_logical(33), I32, &[7], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("i + i", &(&i + &i), I32, &[7], &[-14.0, 14.0, -14.0, 14.0, 0.0, 10.0, 0.0], 1e-12);
    wrong.check("-i", &-&i, I32, &[7], &[7.0, -7.0, 7.0, -7.0, 0.0, -5.0, -2147483648.0], 1e-12);
    wrong.check("jnp.abs(i)", &i.abs(), I32, &[7], &[7.0, 7.0, 7.0, 7.0, 0.0, 5.0, -2147483648.0], 1e-12);
    wrong.check("u * v", &(&u * &v), U8, &[4], &[21.0, 0.0, 254.0, 65.0], 1e-12);
    wrong.check("u - v - v", &(&u - &v - &v), U8, &[4], &[1.0, 0.0, 251.0, 3.0], 1e-12);
    wrong.check("jnp.power(i, 3)", &i.pow(3), I32, &[7], &[-343.0, 343.0, -343.0, 343.0, 0.0, 125.0, 0.0], 1e-12);
    wrong.check("jnp.logical_xor(i > 0, j > 0)", &i.gt(0).logical_xor(&j.gt(0)), Bool, &[7], &[1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 1e-12);
    wrong.check("i.astype(float) / j", &(i.astype(DType::F64) / &j), F64, &[7], &[-2.3333333333333335, -2.3333333333333335, 2.3333333333333335, 2.3333333333333335, NAN, INF, 2147483648.0], 1e-12);
    wrong.none();
}

#[test]
#[rustfmt::skip]
fn gradients_as_in_jax() {
    let p = Array::from_slice::<f64>(&[-f64::INFINITY, -2.5, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.5, 40.0, f64::INFINITY, f64::NAN], &[12][..]);
    let mut wrong = Wrong::default();
    wrong.check("jax.grad(lambda p: jnp.log2(p).sum())(p)", &grad(|p: &Array| p.log2().sum(..), &p), F64, &[12], &[-0.0, -0.5770780163555853, -1.4426950408889634, -2.8853900817779268, -INF, INF, 5.7707801635558535, 1.4426950408889634, 0.5770780163555853, 0.03606737602222408, 0.0, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.exp2(p).sum())(p)", &grad(|p: &Array| p.exp2().sum(..), &p), F64, &[12], &[0.0, 0.1225322679335684, 0.34657359027997264, 0.4901290717342736, 0.6931471805599453, 0.6931471805599453, 0.8242955588659627, 1.3862943611198906, 3.921032573874189, 762123384785.8104, INF, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.sinc(p).sum())(p)", &grad(|p: &Array| p.sinc().sum(..), &p), F64, &[12], &[NAN, 0.05092958178940639, 1.0, 1.2732395447351625, 0.0, 0.0, -0.7728381398822333, -1.0, -0.05092958178940639, 0.024999999999999998, NAN, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.hypot(p, 1.5).sum())(p)", &grad(|p: &Array| p.hypot(1.5).sum(..), &p), F64, &[12], &[NAN, -0.857492925712544, -0.5547001962252291, -0.3162277660168379, 0.0, 0.0, 0.16439898730535732, 0.5547001962252291, 0.857492925712544, 0.9992976157091806, NAN, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.copysign(p, -1.).sum())(p)", &grad(|p: &Array| p.copysign(-1.0).sum(..), &p), F64, &[12], &[1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.logaddexp2(p, 0.5).sum())(p)", &grad(|p: &Array| p.logaddexp2(0.5).sum(..), &p), F64, &[12], &[0.0, 0.11111111111111113, 0.26120387496374153, 0.33333333333333337, 0.4142135623730951, 0.4142135623730951, 0.4567863831370551, 0.585786437626905, 0.8, 0.9999999999987146, 1.0, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.nan_to_num(p).sum())(p)", &grad(|p: &Array| p.nan_to_num(0.0, None, None).sum(..), &p), F64, &[12], &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.reciprocal(p).sum())(p)", &grad(|p: &Array| p.reciprocal().sum(..), &p), F64, &[12], &[-0.0, -0.16, -1.0, -4.0, -INF, -INF, -16.0, -1.0, -0.16, -0.000625, -0.0, NAN], 1e-12);
    wrong.check("jax.grad(lambda p: (p % 0.75).sum())(p)", &grad(|p: &Array| (p % 0.75).sum(..), &p), F64, &[12], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.fmod(p, 0.75).sum())(p)", &grad(|p: &Array| p.fmod(0.75).sum(..), &p), F64, &[12], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.round(p, 1).sum())(p)", &grad(|p: &Array| p.round_decimals(1).sum(..), &p), F64, &[12], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    wrong.check("jax.grad(lambda p: jnp.heaviside(p, 1.0).sum())(p)", &grad(|p: &Array| p.heaviside(1.0).sum(..), &p), F64, &[12], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 1e-12);
    wrong.none();
}
