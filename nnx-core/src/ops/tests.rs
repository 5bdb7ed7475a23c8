//! Compiled code for many elements gives what it gives for few: XLA works on several at once, and
//! on the rest by itself.

use super::window::{ReduceWindow, SelectAndScatterAdd, Window};
use super::{Binary, BinaryOp, Reducer};
use crate::graph::{Array, Target, lower, trace};
use crate::lower::stablehlo;
use crate::run::{bind1, staged};
use crate::value::{Aval, DType};
use crate::xla::Dialect;

type NamedFunction = (&'static str, fn(&Array) -> Array);

/// Functions that are one operation, with constants where compilers know special cases.
const FUNCTIONS: &[NamedFunction] = &[
    ("exp", Array::exp),
    ("expm1", Array::expm1),
    ("log", Array::log),
    ("log1p", Array::log1p),
    ("sqrt", Array::sqrt),
    ("rsqrt", Array::rsqrt),
    ("cbrt", Array::cbrt),
    ("sin", Array::sin),
    ("cos", Array::cos),
    ("tan", Array::tan),
    ("asin", |x| (x / 50.0).asin()),
    ("acos", |x| (x / 50.0).acos()),
    ("atan", Array::atan),
    ("sinh", Array::sinh),
    ("cosh", Array::cosh),
    ("tanh", Array::tanh),
    ("asinh", Array::asinh),
    ("acosh", Array::acosh),
    ("atanh", |x| (x / 50.0).atanh()),
    ("logistic", Array::sigmoid),
    ("erf", Array::erf),
    ("erfc", Array::erfc),
    ("erf_inv", |x| (x / 50.0).erf_inv()),
    ("lgamma", Array::lgamma),
    ("digamma", Array::digamma),
    ("atan2 of 1", |x| x.atan2(x.ones_like())),
    ("atan2 of -1", |x| x.atan2(x.full_like(-1.0))),
    ("atan2 of 2", |x| x.atan2(x.full_like(2.0))),
    ("atan2 from 1", |x| x.ones_like().atan2(x)),
    ("pow", |x| x.abs().pow(x.full_like(2.5))),
    ("pow of 2", |x| x.full_like(2.0).pow(x)),
    ("remainder", |x| bind1(Binary(BinaryOp::Rem), &[x, &x.full_like(0.75)])),
];

#[test]
fn many_elements_are_as_few() {
    let x: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.75 - 20.0).collect();
    for dtype in [DType::F32, DType::F64] {
        for (name, f) in FUNCTIONS {
            let run = |x: &[f64]| {
                let x = [Array::from_slice(x, [x.len()]).astype(dtype)];
                let outs = staged("test", &x, |x| vec![f(&x[0])]).unwrap();
                outs[0].astype(DType::F64).to_vec::<f64>()
            };
            let few: Vec<f64> = x.chunks(2).flat_map(run).collect();
            let eps = crate::array::finfo(dtype).eps;
            for ((x, few), many) in x.iter().zip(few).zip(run(&x)) {
                let same = few == many || (few.is_nan() && many.is_nan());
                let close = (few - many).abs() <= 8.0 * eps * few.abs();
                assert!(same || close, "{name} of {x} in {dtype}: {few} alone, {many} among many");
            }
        }
    }
}

/// The program of `f` as text for a compiler for CPUs, or for any.
fn text(shape: &[usize], cpu: bool, f: impl FnOnce(&Array) -> Array) -> String {
    let (closed, ()) = trace("test", &[Aval::new(DType::F32, shape)], |x| (vec![f(&x[0])], ()));
    let target = Target { dialect: Dialect::StableHlo, cpu, platform: "" };
    stablehlo::text("test", &lower(&closed.graph, target).0, &[], None)
}

#[test]
fn large_reductions_are_in_steps_on_cpus_alone() {
    let halves = || Window {
        sizes: vec![1, 2, 2, 1],
        strides: vec![1, 2, 2, 1],
        padding: vec![(0, 0); 4],
        base_dilation: vec![1; 4],
        window_dilation: vec![1; 4],
    };
    let pool = |x: &Array| bind1(ReduceWindow { reducer: Reducer::Max, window: halves() }, &[x]);
    let slope =
        |x: &Array| bind1(SelectAndScatterAdd { max: true, window: halves() }, &[&pool(x), x]);
    let steps = |text: &str| text.matches("optimization_barrier").count();
    let (large, small) = ([64, 28, 28, 32], [2, 28, 28, 2]);
    // Three dimensions one after the other, until few elements are left.
    assert_eq!(steps(&text(&large, true, |x| x.sum([0, 1, 2]))), 2);
    assert_eq!(steps(&text(&[128, 4096], true, |x| x.max([1]))), 1);
    assert_eq!(steps(&text(&[128, 4096], true, |x| x.max([0]))), 0);
    assert_eq!(steps(&text(&small, true, |x| x.sum([0, 1, 2]))), 0);
    assert_eq!(steps(&text(&large, false, |x| x.sum([0, 1, 2]))), 0);
    assert!(!text(&large, true, slope).contains("select_and_scatter"));
    assert!(text(&small, true, slope).contains("select_and_scatter"));
    assert!(text(&large, false, slope).contains("select_and_scatter"));
    assert!(!text(&large, true, pool).contains("reduce_window"));
}
