//! Every dtype that an operation takes gives the right values; every other one is refused with its
//! name.

use crate::check::{Draw, program};
use crate::elementwise::{BINARY, UNARY};
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, make_graph};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Function<'a> = &'a dyn Fn(&[Array]) -> Array;

/// How far a value may be from that in f64, relative to 1 and itself.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 1e-2,
        DType::BF16 => 1e-1,
        _ => 2e-5,
    }
}

fn near(got: f64, want: f64, tolerance: f64) -> bool {
    got == want
        || (got.is_nan() && want.is_nan())
        || (got - want).abs() <= tolerance * (1.0 + want.abs())
}

/// A whole number as an integer dtype holds it.
fn wrapped(dtype: DType, value: f64) -> f64 {
    let span = 2f64.powi(8 * dtype.size() as i32);
    let low = if dtype.is_signed_int() { -span / 2.0 } else { 0.0 };
    (value - low).rem_euclid(span) + low
}

/// Whether `value` is beyond an integer dtype. f64 cannot tell the largest ones of 64 bits.
fn wraps(dtype: DType, value: f64) -> bool {
    if dtype.size() < 8 {
        wrapped(dtype, value) != value
    } else {
        value < 0.0 && !dtype.is_signed_int()
    }
}

/// The message with which the dtype is refused.
fn refusal(f: Function, args: &Vec<Array>) -> Option<String> {
    let trace = || drop(make_graph(|x: &Vec<Array>| f(x), args));
    let payload = catch_unwind(AssertUnwindSafe(trace)).err()?;
    Some(payload.downcast::<String>().map_or("?".into(), |text| *text))
}

/// `args` are f64 where `f` is smooth, or `small` whole numbers.
fn check(name: &str, f: Function, smooth: &[Array], wrong: &mut Vec<String>) {
    let whole: Vec<Array> = smooth.iter().map(|x| (x.abs() * 2.0).ceil().clip(1.0, 3.0)).collect();
    let mut taken = Vec::new();
    for dtype in DType::ALL.into_iter().filter(|dtype| !dtype.is_complex()) {
        let inputs = if dtype.is_float() { smooth } else { &whole };
        let args: Vec<Array> = inputs.iter().map(|x| x.astype(dtype)).collect();
        match refusal(f, &args) {
            None => taken.push(dtype),
            Some(message) if !message.contains(&dtype.to_string()) => {
                wrong.push(format!("{name} of {dtype}: {message}"));
            }
            Some(_) => {}
        }
    }
    let both: Vec<Array> = smooth.iter().chain(&whole).cloned().collect();
    let n = smooth.len();
    let slopes = |args: &Vec<Array>| {
        let total = |x: &Vec<Array>| f(x).astype(DType::F64).sum(..);
        grad(total, args).iter().map(|g| g.astype(DType::F64).flatten()).collect::<Vec<_>>()
    };
    let mut kinds = Vec::new();
    let outs = program(&both, |both| {
        let mut outs = Vec::new();
        for &dtype in &taken {
            let inputs = if dtype.is_float() { &both[..n] } else { &both[n..] };
            let args: Vec<Array> = inputs.iter().map(|x| x.astype(dtype)).collect();
            // In f64, of the values as they are in the dtype.
            let exact: Vec<Array> = args.iter().map(|x| x.astype(DType::F64)).collect();
            let (got, want) = (f(&args), f(&exact));
            kinds.push((dtype, got.dtype(), false));
            outs.extend([got.astype(DType::F64).flatten(), want.astype(DType::F64).flatten()]);
            if matches!(dtype, DType::F16 | DType::BF16) && want.dtype().is_float() {
                for (got, want) in slopes(&args).into_iter().zip(slopes(&exact)) {
                    kinds.push((dtype, dtype, true));
                    outs.extend([got, want]);
                }
            }
        }
        outs
    });
    for ((dtype, out, slope), pair) in kinds.into_iter().zip(outs.chunks(2)) {
        let (got, want) = (pair[0].to_vec::<f64>(), pair[1].to_vec::<f64>());
        let what = if slope { "slope of " } else { "" };
        let bad = got.iter().zip(&want).any(|(&got, &want)| match out {
            DType::Bool => (got != 0.0) != (want != 0.0),
            // Integers wrap around, which f64 does not.
            _ if out.is_int() && wraps(out, want) => got != wrapped(out, want),
            // Rounded once in the dtype, a large slope is as far off as its terms are.
            _ => !near(got, want, tolerance(dtype) * if slope { 4.0 } else { 1.0 }),
        });
        if bad {
            wrong.push(format!("{what}{name} of {dtype}, which gives {out}: {got:?} not {want:?}"));
        }
    }
}

#[test]
fn of_elementwise_functions() {
    let mut draw = Draw::new(&[3], 5);
    let mut wrong = Vec::new();
    for &(name, f, low, high) in UNARY {
        let x = draw.of(low, high);
        check(name, &|x| f(&x[0]), &[x], &mut wrong);
    }
    for &(name, f, [a, b, c, d]) in BINARY {
        let args = [draw.floats(&[3], a, b), draw.floats(&[3], c, d)];
        check(name, &|x| f(&x[0], &x[1]), &args, &mut wrong);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn of_functions_of_structure() {
    let table: &[(&str, fn(&Array) -> Array)] = &[
        ("sum", |x| x.sum(0)),
        ("prod", |x| x.prod(1)),
        ("mean", |x| x.mean(1)),
        ("var", |x| x.var(0)),
        ("max", |x| x.max(1)),
        ("min", |x| x.min(0)),
        ("any", |x| x.any(1)),
        ("all", |x| x.all(1)),
        ("argmax", |x| x.argmax(1)),
        ("argmin", |x| x.argmin(0)),
        ("cumsum", |x| x.cumsum(0)),
        ("cumprod", |x| x.cumprod(0)),
        ("cummax", |x| x.cummax(1)),
        ("cummin", |x| x.cummin(1)),
        ("logsumexp", |x| logsumexp(x, 1)),
        ("softmax", |x| softmax(x, 1)),
        ("sort", |x| x.sort(1)),
        ("argsort", |x| x.argsort(1)),
        ("top_k", |x| x.top_k(2).0),
        ("searchsorted", |x| x.slice([0.into()]).sort(0).searchsorted(x, false)),
        ("reshape", |x| x.reshape([3, 2])),
        ("transpose", |x| x.t()),
        ("flip", |x| x.flip(1)),
        ("concatenate", |x| concatenate([x, x], 0)),
        ("pad", |x| x.pad(&[(1, 0), (0, 1)], 1)),
        ("slice", |x| x.slice([1.into()])),
        ("take", |x| x.take(&arange(2, DType::I32), 1)),
        ("dynamic_index", |x| x.dynamic_index(&Array::scalar(1), 0)),
        ("at set", |x| x.at(&arange(2, DType::I32)).set(1)),
        ("at max", |x| x.at(&arange(2, DType::I32)).max(2)),
        ("select", |x| select(&x.gt(1), x, x)),
        ("where", |x| where_(x, x, 2)),
        ("one_hot", |x| one_hot(&x.astype(DType::I32), 4, x.dtype())),
        ("tile", |x| x.tile(&[2, 1])),
        ("matmul", |x| x.matmul(x.t())),
        ("einsum", |x| einsum("ij,kj->i", [x, x])),
        ("window sum", |x| reduce_window_sum(x, &[1, 2], &WindowOptions::default())),
        ("window max", |x| reduce_window_max(x, &[2, 2], &WindowOptions::default())),
        ("conv", |x| {
            let kernel = x.reshape([3, 1, 2]);
            conv_general_dilated(
                &x.expand_dims(-1).tile(&[1, 2, 1]),
                &kernel,
                &ConvOptions::default(),
            )
        }),
        ("bits", |x| (x & x) | (x ^ x)),
        ("not", |x| !x),
        ("shifts", |x| (x << 1) >> 1),
        ("population_count", |x| x.population_count()),
        ("is_finite", |x| x.is_finite()),
    ];
    let mut draw = Draw::new(&[2, 3], 6);
    let mut wrong = Vec::new();
    for &(name, f) in table {
        let x = draw.distinct(&[2, 3]);
        // Not of f64 alone: there is nothing to compare with where only integers are taken.
        if refusal(&|x| f(&x[0]), &vec![x.clone()]).is_none() {
            check(name, &|x| f(&x[0]), &[x], &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
