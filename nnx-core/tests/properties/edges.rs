//! Values at the edges of a dtype, as JAX (0.10.2, CPU) has them: NaN, infinities, signed zeros,
//! denormals, overflow, division by zero, shifts that are too long, conversions out of range,
//! empty reductions, and slopes at kinks.

use nnx_core::array::*;
use nnx_core::xla::{Backend, Client};
use nnx_core::{Array, DType, Element, grad};

pub(crate) const INF: f32 = f32::INFINITY;
pub(crate) const NAN: f32 = f32::NAN;

/// Equal values with equal signs of zero; NaN is equal to NaN.
fn exact(got: &[f32], want: &[f32]) -> bool {
    let same = |a: f32, b: f32| (a.is_nan() && b.is_nan()) || a.to_bits() == b.to_bits();
    got.len() == want.len() && got.iter().zip(want).all(|(&a, &b)| same(a, b))
}

/// As [`exact`] for values that are not ordinary numbers, else up to rounding.
pub(crate) fn near(got: &[f32], want: &[f32]) -> bool {
    // The treatment of denormal numbers is the compiler's choice, and the numbers here are the
    // plugin's.
    let other = Client::global().unwrap().backend() != Backend::Pjrt;
    let tiny = |x: f32| x.abs() <= 1e-15;
    let same = |a: f32, b: f32| {
        let ordinary = b.is_finite() && !tiny(b);
        exact(&[a], &[b])
            || (ordinary && (a - b).abs() <= 4e-6 * b.abs().max(1.0))
            || (other && tiny(a) && tiny(b))
    };
    got.len() == want.len() && got.iter().zip(want).all(|(&a, &b)| same(a, b))
}

pub(crate) fn f(values: &[f32]) -> Array {
    Array::from_slice(values, [values.len()])
}

pub(crate) fn floats(x: &Array) -> Vec<f32> {
    x.astype(DType::F32).to_vec()
}

/// All wrong rows at once.
#[track_caller]
pub(crate) fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[track_caller]
fn equal<T: Element + PartialEq + std::fmt::Debug>(what: &str, got: &Array, want: &[T]) {
    assert_eq!(got.to_vec::<T>(), want, "{what}");
}

#[test]
fn of_integers_that_overflow_or_divide_by_zero() {
    let p = Array::from_slice(&[i32::MAX, i32::MIN, 7, i32::MIN, 5, 0, 100], [7]);
    let q = Array::from_slice(&[1, 1, 0, -1, 3, 0, 100], [7]);
    equal("add", &(&p + &q), &[i32::MIN, -2147483647, 7, i32::MAX, 8, 0, 200]);
    equal("sub", &(&p - &q), &[2147483646, i32::MAX, 7, -2147483647, 2, 0, 0]);
    equal("mul", &(&p * &q), &[i32::MAX, i32::MIN, 0, i32::MIN, 15, 0, 10000]);
    equal("rem", &(&p % &q), &[0, 0, 0, 0, 2, 0, 0]);
    equal("neg", &-&p, &[-2147483647, i32::MIN, -7, i32::MIN, -5, 0, -100]);
    equal("abs", &p.abs(), &[i32::MAX, i32::MIN, 7, i32::MIN, 5, 0, 100]);
    equal("sign", &p.sign(), &[1, -1, 1, -1, 1, 0, 1]);
    equal("pow", &p.pow(&q.abs()), &[i32::MAX, i32::MIN, 1, i32::MIN, 125, 1, 0]);
    equal("sum", &p.sum(..), &[-2147483537]);
    let running = [i32::MAX, -1, 6, -2147483642, -2147483637, -2147483637, -2147483537];
    equal("cumsum", &p.cumsum(0), &running);
    let quotient = [2147483648.0_f32, -2147483648.0, INF, 2147483648.0, 5.0 / 3.0, NAN, 1.0];
    assert!(exact(&floats(&(&p / &q)), &quotient), "{:?}", floats(&(&p / &q)));

    let p = Array::from_slice(&[127_i8, -128, 7, -128, 5, 0, 100], [7]);
    let q = Array::from_slice(&[1_i8, 1, 0, -1, 3, 0, 100], [7]);
    equal("i8 add", &(&p + &q), &[-128_i8, -127, 7, 127, 8, 0, -56]);
    equal("i8 mul", &(&p * &q), &[127_i8, -128, 0, -128, 15, 0, 16]);
    equal("i8 rem", &(&p % &q), &[0_i8, 0, 0, 0, 2, 0, 0]);
    equal("i8 pow", &p.pow(&q.abs()), &[127_i8, -128, 1, -128, 125, 1, 0]);
    equal("i8 sum", &p.sum(..), &[-17]);
    equal("i8 cumsum", &p.cumsum(0), &[127_i8, -1, 6, -122, -117, -117, -17]);
    assert!(near(&floats(&p.mean(..)), &[-2.428_571_5]));

    let p = Array::from_slice(&[255_u8, 0, 7, 250, 5, 0, 100], [7]);
    let q = Array::from_slice(&[1_u8, 1, 0, 7, 3, 0, 100], [7]);
    equal("u8 add", &(&p + &q), &[0_u8, 1, 7, 1, 8, 0, 200]);
    equal("u8 sub", &(&p - &q), &[254_u8, 255, 7, 243, 2, 0, 0]);
    equal("u8 rem", &(&p % &q), &[0_u8, 0, 0, 5, 2, 0, 0]);
    equal("u8 neg", &-&p, &[1_u8, 0, 249, 6, 251, 0, 156]);
    equal("u8 abs", &p.abs(), &[255_u8, 0, 7, 250, 5, 0, 100]);
    equal("u8 sum", &p.sum(..), &[617_u32]);
}

#[test]
fn of_bits_and_shifts() {
    let s = Array::from_slice(&[1, 1, 1, -1, -8, 5], [6]);
    let t = Array::from_slice(&[31, 32, -1, 1, 2, 40], [6]);
    equal("shl", &(&s << &t), &[i32::MIN, 0, 0, -2, -32, 0]);
    equal("shr", &(&s >> &t), &[0, 0, 0, -1, -2, 0]);
    equal("logical shr", &s.shift_right_logical(&t), &[0, 0, 0, i32::MAX, 1073741822, 0]);
    equal("population_count", &s.population_count(), &[1, 1, 1, 32, 29, 2]);
    equal("count_leading_zeros", &s.count_leading_zeros(), &[31, 31, 31, 0, 0, 29]);
    let (u, v) = (f(&[1.0, 255.0, 128.0]).astype(DType::U8), f(&[7.0, 8.0, 1.0]).astype(DType::U8));
    equal("u8 shl", &(&u << &v), &[128_u8, 0, 0]);
    equal("u8 shr", &(&u >> &v), &[0_u8, 0, 64]);
}

#[test]
fn of_conversions() {
    let c = f(&[NAN, INF, -INF, 3e9, -3e9, 300.7, -300.7, -1.5, 1e-40, -0.0]);
    let to = |dtype| c.astype(dtype);
    equal("i8", &to(DType::I8), &[0_i8, 127, -128, 127, -128, 127, -128, -1, 0, 0]);
    equal("u8", &to(DType::U8), &[0_u8, 255, 0, 255, 0, 255, 0, 0, 0, 0]);
    equal("i16", &to(DType::I16), &[0_i16, 32767, -32768, 32767, -32768, 300, -300, -1, 0, 0]);
    equal("u16", &to(DType::U16), &[0_u16, 65535, 0, 65535, 0, 300, 0, 0, 0, 0]);
    equal(
        "i32",
        &to(DType::I32),
        &[0, i32::MAX, i32::MIN, i32::MAX, i32::MIN, 300, -300, -1, 0, 0],
    );
    equal("u32", &to(DType::U32), &[0_u32, u32::MAX, 0, 3_000_000_000, 0, 300, 0, 0, 0, 0]);
    equal(
        "i64",
        &to(DType::I64),
        &[0_i64, i64::MAX, i64::MIN, 3_000_000_000, -3_000_000_000, 300, -300, -1, 0, 0],
    );
    equal(
        "bool",
        &to(DType::Bool),
        &[true, true, true, true, true, true, true, true, false, false],
    );
    let half = floats(&to(DType::F16));
    let wanted = [NAN, INF, -INF, INF, -INF, 300.75, -300.75, -1.5, 0.0, -0.0];
    assert!(exact(&half, &wanted), "{half:?}");
    let brain = floats(&to(DType::BF16));
    let wanted = [NAN, INF, -INF, 3_003_121_664.0, -3_003_121_664.0, 300.0, -300.0, -1.5];
    assert!(exact(&brain[..8], &wanted), "{brain:?}");
    let i = Array::from_slice(&[-1, 256, 65536, i32::MAX, i32::MIN], [5]);
    equal("i32 to i8", &i.astype(DType::I8), &[-1_i8, 0, 0, -1, 0]);
    equal("i32 to u8", &i.astype(DType::U8), &[255_u8, 0, 0, 255, 0]);
    equal("i32 to u16", &i.astype(DType::U16), &[65535_u16, 256, 0, 65535, 0]);
    equal("i32 to u32", &i.astype(DType::U32), &[u32::MAX, 256, 65536, 2147483647, 2147483648]);
    let half = floats(&i.astype(DType::F16));
    assert!(exact(&half, &[-1.0, 256.0, INF, INF, -INF]), "{half:?}");
}

#[test]
fn of_reductions_and_sorts() {
    let r = f(&[NAN, 1.0, 2.0, 3.0, NAN, -0.0, 0.0, -0.0, 0.0, INF, -INF, 1.0]).reshape([4, 3]);
    let mut wrong = Vec::new();
    let mut check = |name: &str, got: Array, want: &[f32]| {
        let got = floats(&got);
        if !near(&got, want) {
            wrong.push(format!("{name} is {got:?}, not {want:?}"));
        }
    };
    check("sum", r.sum(1), &[NAN, NAN, 0.0, NAN]);
    check("prod", r.prod(1), &[NAN, NAN, -0.0, -INF]);
    check("mean", r.mean(1), &[NAN, NAN, 0.0, NAN]);
    check("var", r.var(1), &[NAN, NAN, 0.0, NAN]);
    check("std", r.std(1), &[NAN, NAN, 0.0, NAN]);
    check("max", r.max(1), &[NAN, NAN, 0.0, INF]);
    check("min", r.min(1), &[NAN, NAN, -0.0, -INF]);
    check("argmax", r.argmax(1), &[0.0, 1.0, 0.0, 0.0]);
    check("argmin", r.argmin(1), &[0.0, 1.0, 0.0, 1.0]);
    check("any", r.any(1), &[1.0, 1.0, 0.0, 1.0]);
    check("all", r.all(1), &[1.0, 0.0, 0.0, 1.0]);
    check("logsumexp", logsumexp(&r, 1), &[NAN, NAN, 1.098_612_3, INF]);
    let third = 1.0 / 3.0;
    check(
        "softmax",
        softmax(&r, 1),
        &[NAN, NAN, NAN, NAN, NAN, NAN, third, third, third, NAN, NAN, NAN],
    );
    check("sort", r.sort(1), &[1.0, 2.0, NAN, -0.0, 3.0, NAN, 0.0, -0.0, 0.0, -INF, 1.0, INF]);
    check("argsort", r.argsort(1), &[1.0, 2.0, 0.0, 2.0, 0.0, 1.0, 0.0, 1.0, 2.0, 1.0, 2.0, 0.0]);
    check("top_k", r.top_k(2).0, &[NAN, 2.0, NAN, 3.0, 0.0, 0.0, INF, 1.0]);
    check("positions of top_k", r.top_k(2).1, &[0.0, 2.0, 1.0, 0.0, 0.0, 2.0, 0.0, 2.0]);
    check("cummax", r.cummax(1), &[NAN, NAN, NAN, 3.0, NAN, NAN, 0.0, 0.0, 0.0, INF, INF, INF]);
    check("cummin", r.cummin(1), &[NAN, NAN, NAN, 3.0, NAN, NAN, 0.0, -0.0, -0.0, INF, -INF, -INF]);
    check("cumsum", r.cumsum(1), &[NAN, NAN, NAN, 3.0, NAN, NAN, 0.0, 0.0, 0.0, INF, NAN, NAN]);
    check("argmax of -inf", f(&[-INF, -INF]).argmax(0), &[0.0]);
    check("argmin of the largest", Array::from_slice(&[i32::MAX, i32::MAX], [2]).argmin(0), &[0.0]);
    let (sorted, values) = (f(&[1.0, 2.0, 2.0, INF, NAN]), f(&[NAN, INF, 2.0, -INF, 0.0]));
    check("searchsorted", sorted.searchsorted(&values, false), &[4.0, 3.0, 1.0, 0.0, 0.0]);
    check("searchsorted right", sorted.searchsorted(&values, true), &[5.0, 4.0, 3.0, 0.0, 0.0]);
    check("clip", f(&[NAN, INF, -INF, 0.0]).clip(-1, 1), &[NAN, 1.0, -1.0, 0.0]);
    check("clip with crossed bounds", f(&[0.0, 5.0]).clip(3, 1), &[1.0, 1.0]);
    check("clip with NaN", f(&[0.0, 5.0]).clip(f64::NAN, 1), &[NAN, NAN]);

    let empty = zeros([2, 0], DType::F32);
    check("sum of nothing", empty.sum(1), &[0.0, 0.0]);
    check("prod of nothing", empty.prod(1), &[1.0, 1.0]);
    check("mean of nothing", empty.mean(1), &[NAN, NAN]);
    check("var of nothing", empty.var(1), &[NAN, NAN]);
    check("any of nothing", empty.any(1), &[0.0, 0.0]);
    check("all of nothing", empty.all(1), &[1.0, 1.0]);
    check("prod of no i8", zeros([0], DType::I8).prod(..), &[1.0]);
    check("a product with no inner axis", empty.matmul(zeros([0, 1], DType::F32)), &[0.0, 0.0]);
    check("softmax of nothing", softmax(&empty, 1), &[]);
    check("logsumexp of nothing", logsumexp(&empty, 1), &[-INF, -INF]);
    check("sort of nothing", empty.sort(1), &[]);
    none(wrong);
}

/// Slopes where a function has a kink, a pole or no value.
#[test]
fn of_gradients() {
    type Unary = fn(&Array) -> Array;
    let unary: &[(&str, Unary, f32, f32)] = &[
        ("abs at 0", |x| x.abs(), 0.0, 1.0),
        ("abs at -0", |x| x.abs(), -0.0, 1.0),
        ("sqrt at 0", |x| x.sqrt(), 0.0, INF),
        ("cbrt at 0", |x| x.cbrt(), 0.0, INF),
        ("log at 0", |x| x.log(), 0.0, INF),
        ("sign at 0", |x| x.sign(), 0.0, 0.0),
        ("clip at its bound", |x| x.clip(-1.0, 1.0), 1.0, 0.5),
        ("asin at 1", |x| x.asin(), 1.0, INF),
        ("acosh at 1", |x| x.acosh(), 1.0, INF),
        ("relu at 0", |x| nnx_core::nn::relu(x), 0.0, 0.0),
        ("tanh far out", |x| x.tanh(), 50.0, 0.0),
        ("sigmoid far out", |x| x.sigmoid(), -100.0, 0.0),
        ("lgamma at 0", |x| x.lgamma(), 0.0, -INF),
        ("erf_inv at 1", |x| x.erf_inv(), 1.0, INF),
        ("square of infinity", |x| x.square(), INF, INF),
        ("cube at 0", |x| x.powi(3), 0.0, 0.0),
        ("power 0 at 0", |x| x.powi(0), 0.0, 0.0),
        ("power 0.5 at 0", |x| x.pow(0.5), 0.0, INF),
        ("power 2.0 of a negative", |x| x.pow(2.0), -3.0, -6.0),
        ("power -1", |x| x.powi(-1), 2.0, -0.25),
    ];
    type Binary = fn(&Array, &Array) -> Array;
    let binary: &[(&str, Binary, [f32; 2], [f32; 2])] = &[
        ("maximum of equals", |x, y| x.maximum(y), [1.0, 1.0], [0.5, 0.5]),
        ("minimum of equals", |x, y| x.minimum(y), [1.0, 1.0], [0.5, 0.5]),
        ("maximum of NaN", |x, y| x.maximum(y), [NAN, 1.0], [0.0, 0.0]),
        ("pow at 0, 2", |x, y| x.pow(y), [0.0, 2.0], [0.0, 0.0]),
        ("pow at 0, 1", |x, y| x.pow(y), [0.0, 1.0], [1.0, 0.0]),
        ("pow at -2, 2", |x, y| x.pow(y), [-2.0, 2.0], [-4.0, NAN]),
        ("pow at -2, 3", |x, y| x.pow(y), [-2.0, 3.0], [12.0, NAN]),
        ("pow at 0, -1", |x, y| x.pow(y), [0.0, -1.0], [-INF, NAN]),
        ("atan2 at 0, 0", |x, y| x.atan2(y), [0.0, 0.0], [NAN, NAN]),
        ("division by 0", |x, y| x / y, [1.0, 0.0], [INF, -INF]),
        ("remainder", |x, y| x % y, [5.5, -2.0], [1.0, 3.0]),
        ("remainder 0", |x, y| x % y, [4.0, 2.0], [1.0, -2.0]),
    ];
    let many: &[(&str, Unary, &[f32], &[f32])] = &[
        ("max of equals", |x| x.max(..), &[1.0, 3.0, 3.0, 2.0], &[0.0, 0.5, 0.5, 0.0]),
        ("prod with a 0", |x| x.prod(..), &[2.0, 0.0, 3.0], &[0.0, 6.0, 0.0]),
        ("prod with zeros", |x| x.prod(..), &[2.0, 0.0, 0.0], &[0.0, 0.0, 0.0]),
        ("cumprod with a 0", |x| x.cumprod(0).sum(..), &[2.0, 0.0, 3.0], &[1.0, 8.0, 0.0]),
        ("cummax of equals", |x| x.cummax(0).sum(..), &[1.0, 1.0, 0.0], &[2.0, 1.0, 0.0]),
        (
            "sort of equals",
            |x| (x.sort(0) * arange(3, DType::F32)).sum(..),
            &[1.0, 1.0, 0.0],
            &[1.0, 2.0, 0.0],
        ),
        ("logsumexp of -inf", |x| logsumexp(x, ..), &[-INF, -INF], &[NAN, NAN]),
        ("logsumexp of inf", |x| logsumexp(x, ..), &[INF, 1.0], &[NAN, 0.0]),
        ("logsumexp with -inf", |x| logsumexp(x, ..), &[-INF, 1.0], &[0.0, 1.0]),
        ("std of equals", |x| x.std(..), &[1.0, 1.0], &[NAN, NAN]),
        (
            "window of equals",
            |x| reduce_window_max(x, &[2], &WindowOptions::default()).sum(..),
            &[1.0, 1.0, 1.0],
            &[1.0, 1.0, 0.0],
        ),
    ];
    let mut wrong = Vec::new();
    let mut check = |name: &str, got: Vec<f32>, want: &[f32]| {
        if !near(&got, want) {
            wrong.push(format!("{name} is {got:?}, not {want:?}"));
        }
    };
    for (name, function, x, want) in unary {
        check(name, grad(|x: &Array| function(x), &Array::scalar(*x)).to_vec(), &[*want]);
    }
    for (name, function, [x, y], want) in binary {
        let (x, y) = (Array::scalar(*x), Array::scalar(*y));
        let (gx, gy) = grad(|(x, y): (&Array, &Array)| function(x, y), (&x, &y));
        check(name, vec![gx.item(), gy.item()], want);
    }
    for (name, function, x, want) in many {
        check(name, grad(|x: &Array| function(x), &f(x)).to_vec(), want);
    }
    none(wrong);
}
