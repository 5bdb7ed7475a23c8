//! Functions made of several operations.

use crate::check::{Case, Draw};
use crate::families::properties;
use nnx_core::Array;
use nnx_core::array::*;

fn full(draw: &mut Draw, rank: usize) {
    draw.shape.iter_mut().for_each(|n| *n = (*n).max(1));
    while draw.rank() < rank {
        draw.shape.push(2);
    }
}

#[test]
fn elementwise() {
    properties!("more_elementwise", 3, 2, |draw| {
        let one = |name: &str, x: Array, f: fn(&Array) -> Array| {
            Case::new(name, vec![x], move |x| f(&x[0]))
        };
        let mut x = |low, high| draw.of(low, high);
        let mut cases = vec![
            one("log2", x(0.4, 2.0), |x| x.log2()),
            one("log10", x(0.4, 2.0), |x| x.log10()),
            one("exp2", x(-2.0, 2.0), |x| x.exp2()),
            one("sinc", x(0.2, 1.8), |x| x.sinc()),
            one("rad2deg and back", x(-2.0, 2.0), |x| x.rad2deg().square().deg2rad()),
            one("reciprocal", x(0.4, 2.0), |x| x.reciprocal()),
            one("modf", x(0.1, 0.9), |x| x.modf().0 * x + x.modf().1),
            one("nan_to_num", x(0.1, 0.9), |x| x.nan_to_num(0.0, None, None) * x),
        ];
        let two = |name: &str, x: Array, y: Array, f: fn(&Array, &Array) -> Array| {
            Case::new(name, vec![x, y], move |x| f(&x[0], &x[1]))
        };
        let (a, b) = (draw.of(0.5, 2.0), draw.of(0.5, 2.0));
        let small = draw.smaller();
        let c = draw.floats(&small, 0.5, 2.0);
        cases.extend([
            two("hypot", a.clone(), c.clone(), |x, y| x.hypot(y)),
            two("copysign", a.clone(), b.clone(), |x, y| x.copysign(&-y) * y),
            two("float_power", a.clone(), c.clone(), |x, y| x.float_power(y)),
            two("logaddexp", a.clone(), c.clone(), |x, y| logaddexp(x, y)),
            two("logaddexp2", a.clone(), c, |x, y| x.logaddexp2(y)),
            two("fmod", a.clone() + 3.05, b.ceil() + 0.2, |x, y| x.fmod(y) * x),
        ]);
        cases
    });
}

#[test]
fn structure() {
    properties!("more_structure", 3, 2, |draw| {
        full(draw, 1);
        let (axis, shift) = (draw.axis(), draw.below(4) as isize - 1);
        let (shape, x) = (draw.shape.clone(), draw.of(0.5, 1.5));
        let d = draw.distinct(&shape);
        let on = |name: &str, x: &Array, f: Box<dyn Fn(&Array) -> Array>| {
            Case::new(name, vec![x.clone()], move |x| f(&x[0]))
        };
        let mut cases = vec![
            on("roll", &x, Box::new(move |x| x.roll(shift, axis).square())),
            on("diff", &x, Box::new(move |x| x.diff(1, axis).square())),
            on("median", &d, Box::new(move |x| x.median(axis).square())),
            on("quantile", &d, Box::new(move |x| x.quantile(0.37, axis).square())),
            on("ptp", &d, Box::new(move |x| x.ptp(axis).square())),
            on("cumlogsumexp", &x, Box::new(move |x| x.cumlogsumexp(axis))),
            on("nansum", &x, Box::new(move |x| x.square().nansum(axis))),
            on("nanmean", &x, Box::new(move |x| x.square().nanmean(axis))),
            on("masked sum", &d, Box::new(move |x| x.square().masked(&x.gt(0.0)).sum(axis))),
            on("unstack", &x, Box::new(|x| x.axis_iter(0).next_back().unwrap().square())),
            on("norm", &x, Box::new(move |x| linalg::norm(x, axis))),
            on("trapezoid", &x, Box::new(move |x| trapezoid(&x.square(), 0.5, axis))),
        ];
        let w = draw.of(0.5, 1.5);
        cases.push(Case::new("average", vec![x.clone(), w.clone()], move |x| {
            x[0].average(&x[1], axis)
        }));
        cases.push(Case::new("vecdot", vec![x, w], move |x| vecdot(&x[0], &x[1], axis)));
        full(draw, 2);
        let (k, x) = (draw.below(3) as isize - 1, draw.of(-1.0, 1.0));
        cases.extend([
            on("tril", &x, Box::new(move |x| x.tril(k).square())),
            on("triu", &x, Box::new(move |x| x.triu(k).square())),
            on("diagonal", &x, Box::new(move |x| x.diagonal(k, 0, 1).square())),
            on("trace", &x, Box::new(move |x| x.trace(0, 1, 0).square())),
            on("rot90", &x, Box::new(move |x| x.rot90(k, [0, 1]).square())),
            on("mt", &x, Box::new(move |x| x.mt().square())),
        ]);
        cases
    });
}

#[test]
fn products() {
    properties!("more_products", 1, 2, |draw| {
        let (m, n) = (1 + draw.below(3), 1 + draw.below(3));
        let mut f = |shape: &[usize]| draw.floats(shape, -1.0, 1.0);
        vec![
            Case::new("tensordot", vec![f(&[2, m, n]), f(&[n, m])], |x| {
                tensordot(&x[0], &x[1], ([1, 2], [1, 0]))
            }),
            Case::new("inner", vec![f(&[m, n]), f(&[2, n])], |x| inner(&x[0], &x[1])),
            Case::new("outer", vec![f(&[m]), f(&[n])], |x| outer(&x[0], &x[1])),
            Case::new("kron", vec![f(&[m, 2]), f(&[2, n])], |x| kron(&x[0], &x[1])),
            Case::new("cross", vec![f(&[m, 3]), f(&[m, 3])], |x| cross(&x[0], &x[1])),
            Case::new("polyval", vec![f(&[3]), f(&[m, n])], |x| polyval(&x[0], &x[1])),
            Case::new("convolve", vec![f(&[m + 1]), f(&[n])], |x| {
                convolve(&x[0], &x[1], ConvolveMode::Full)
            }),
            Case::new("correlate", vec![f(&[m + 2]), f(&[2])], |x| {
                correlate(&x[0], &x[1], ConvolveMode::Same)
            }),
            Case::new("multi_dot", vec![f(&[2, m]), f(&[m, n]), f(&[n, 3])], |x| {
                linalg::multi_dot([&x[0], &x[1], &x[2]])
            }),
        ]
    });
}
