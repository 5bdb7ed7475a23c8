//! Reductions, running reductions, shapes, joining, sorting.

use crate::check::{Case, Draw};
use crate::families::properties;
use nnx_core::Array;
use nnx_core::array::*;

/// A draw with at least one axis, none of them empty.
fn full(draw: &mut Draw) {
    draw.shape.iter_mut().for_each(|n| *n = (*n).max(1));
    if draw.shape.is_empty() {
        draw.shape.push(2);
    }
}

fn some_axes(draw: &mut Draw) -> Axes {
    let axes = draw.axes();
    if draw.flag() { keepdims(axes.as_slice()) } else { axes.as_slice().into_axes() }
}

#[test]
fn reductions() {
    properties!("reductions", 4, 2, |draw| {
        let x = draw.of(0.5, 1.5);
        let axes = some_axes(draw);
        let linear = |name: &str, f: fn(&Array, Axes) -> Array| {
            let axes = axes.clone();
            Case::new(name, vec![x.clone()], move |x| f(&x[0], axes.clone()))
        };
        let mut cases = vec![
            linear("sum", |x, axes| x.sum(axes)),
            linear("prod", |x, axes| x.prod(axes)),
            linear("logsumexp of 1 + x", |x, axes| logsumexp(&x.expand_dims(0), axes)),
        ];
        full(draw);
        let axes = some_axes(draw);
        let (shape, mut x) = (draw.shape.clone(), draw.of(-1.0, 1.5));
        let on = |name: &str, x: &Array, f: fn(&Array, Axes) -> Array| {
            let axes = axes.clone();
            Case::new(name, vec![x.clone()], move |x| f(&x[0], axes.clone()))
        };
        cases.push(on("mean", &x, |x, axes| x.mean(axes)));
        cases.push(on("var", &x, |x, axes| x.var(axes)));
        cases.push(on("softmax", &x, |x, axes| softmax(x, axes)));
        x = draw.distinct(&shape);
        cases.push(on("max", &x, |x, axes| x.max(axes)));
        cases.push(on("min", &x, |x, axes| x.min(axes)));
        cases
    });
}

#[test]
fn running_reductions_and_sorts() {
    properties!("running", 4, 2, |draw| {
        if draw.shape.is_empty() {
            draw.shape.push(3);
        }
        let (axis, shape) = (draw.axis(), draw.shape.clone());
        let (x, d) = (draw.of(0.5, 1.5), draw.distinct(&shape));
        let on = |name: &str, x: &Array, f: fn(&Array, isize) -> Array| {
            Case::new(name, vec![x.clone()], move |x| f(&x[0], axis))
        };
        let two = draw.of(-1.0, 1.0);
        let k = draw.below(shape[shape.len() - 1] + 1);
        vec![
            on("cumsum", &x, |x, axis| x.cumsum(axis)),
            on("cumprod", &x, |x, axis| x.cumprod(axis)),
            on("cummax", &d, |x, axis| x.cummax(axis)),
            on("cummin", &d, |x, axis| x.cummin(axis)),
            on("sort", &d, |x, axis| x.sort(axis)),
            on("argsort and take", &d, |x, axis| x.take_along_axis(&x.argsort(axis), axis)),
            Case::new("sort_key_val", vec![d.clone(), two.clone()], move |x| {
                let (a, b) = sort_key_val(&x[0], &x[1], axis);
                a * b
            }),
            Case::new("sort_multi", vec![d.clone(), two], move |x| {
                let y = sort_multi([&x[0].floor(), &x[0], &x[1]], axis, 2);
                &y[0] * &y[1] + &y[2]
            })
            .once(),
            Case::new("top_k", vec![d], move |x| x[0].top_k(k).0),
        ]
    });
}

#[test]
fn shapes() {
    properties!("shapes", 4, 2, |draw| {
        let x = draw.of(-1.0, 1.0);
        let (shape, rank) = (draw.shape.clone(), draw.rank());
        let case = |name: &str, f: Box<dyn Fn(&Array) -> Array>| {
            Case::new(name, vec![x.clone()], move |x| f(&x[0]).square())
        };
        let perm = draw.permutation(rank);
        let mut merged = shape.clone();
        if rank > 1 {
            let last = merged.pop().unwrap();
            *merged.last_mut().unwrap() *= last;
        } else {
            merged.push(1);
        }
        let at = draw.below(rank + 1) as isize;
        let flipped = draw.axes();
        let reps: Vec<usize> = (0..rank).map(|_| draw.below(3)).collect();
        let mut wider = shape.clone();
        wider.insert(0, 2);
        let narrow = draw.smaller();
        let wide = shape.clone();
        let mut cases = vec![
            case("reshape", Box::new(move |x| x.reshape(&merged))),
            case("t", Box::new(|x| x.t())),
            case("transpose", Box::new(move |x| x.transpose(perm.as_slice()))),
            case("expand_dims", Box::new(move |x| x.expand_dims(at))),
            case("squeeze", Box::new(|x| x.expand_dims(0).expand_dims(-1).squeeze([0, -1]))),
            case("flatten", Box::new(|x| x.flatten())),
            case("flip", Box::new(move |x| x.flip(flipped.as_slice()))),
            case("tile", Box::new(move |x| x.tile(&reps))),
            case("broadcast_to", Box::new(move |x| x.broadcast_to(&wider))),
            Case::new("broadcast_to from 1", vec![draw.floats(&narrow, -1.0, 1.0)], move |x| {
                x[0].broadcast_to(&wide).square()
            }),
            case("astype", Box::new(|x| x.astype(nnx_core::DType::F64))),
        ];
        if draw.shape.is_empty() {
            draw.shape.push(2);
        }
        let (a, b, n) = (draw.axis(), draw.axis(), draw.below(3));
        let x = draw.of(-1.0, 1.0);
        let mut on = |name: &str, f: Box<dyn Fn(&Array) -> Array>| {
            cases.push(Case::new(name, vec![x.clone()], move |x| f(&x[0]).square()));
        };
        on("swapaxes", Box::new(move |x| x.swapaxes(a, b)));
        on("moveaxis", Box::new(move |x| x.moveaxis(a, b)));
        on("repeat", Box::new(move |x| x.repeat(n, a)));
        let parts =
            if x.shape()[a.rem_euclid(x.rank() as isize) as usize] % 2 == 0 { 2 } else { 1 };
        on("split", Box::new(move |x| x.split(parts, a).pop().unwrap()));
        cases
    });
}

#[test]
fn joined() {
    properties!("joined", 3, 2, |draw| {
        if draw.shape.is_empty() {
            draw.shape.push(2);
        }
        let (axis, at) = (draw.axis(), draw.below(draw.rank() + 1) as isize);
        let mut other = draw.shape.clone();
        other[axis.rem_euclid(draw.rank() as isize) as usize] = draw.below(3);
        let (a, b) = (draw.of(-1.0, 1.0), draw.floats(&other, -1.0, 1.0));
        let (c, d) = (draw.of(-1.0, 1.0), draw.of(-1.0, 1.0));
        let which = draw.distinct(&draw.shape.clone());
        let small = draw.smaller();
        let (s, scalar) = (draw.floats(&small, -1.0, 1.0), draw.floats(&[], -1.0, 1.0));
        let config: Vec<(i64, i64, i64)> = (0..draw.rank())
            .map(|_| (draw.below(3) as i64, draw.below(3) as i64, draw.below(2) as i64))
            .collect();
        let widths: Vec<(i64, i64)> =
            (0..draw.rank()).map(|_| (draw.below(2) as i64, draw.below(4) as i64 - 1)).collect();
        vec![
            Case::new("concatenate", vec![a.clone(), b], move |x| {
                concatenate([&x[0], &x[1], &x[0]], axis).square()
            }),
            Case::new("stack", vec![c.clone(), d.clone()], move |x| {
                stack([&x[0], &x[1]], at).square()
            }),
            Case::new("select", vec![which, c, d], |x| {
                select(&x[0].gt(0.0), &(&x[1] * &x[0]), &x[2].square())
            }),
            Case::new("where that broadcasts", vec![a.clone(), s], |x| {
                where_(&x[1].gt(100.0), &x[0], &x[1] * &x[0])
            }),
            Case::new("pad", vec![a.clone()], move |x| x[0].pad(&widths, 1.5).square()),
            Case::new("pad_general", vec![a, scalar], move |x| {
                x[0].pad_general(&config, &x[1]).square()
            }),
        ]
    });
}
