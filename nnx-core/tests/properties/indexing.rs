//! Slices, gathers and scatters, at fixed and at computed places.

use crate::check::{Case, Draw};
use crate::families::properties;
use nnx_core::Array;
use nnx_core::array::*;

/// At least one axis, the first not empty, so that there is something to name.
fn nameable(draw: &mut Draw) -> usize {
    if draw.shape.is_empty() {
        draw.shape.push(3);
    }
    draw.shape[0] = draw.shape[0].max(2);
    draw.shape[0]
}

#[test]
fn slices() {
    properties!("slices", 3, 2, |draw| {
        let n = nameable(draw);
        let x = draw.of(-1.0, 1.0);
        let (start, step) = (draw.below(n), 1 + draw.below(3));
        let (neg, at) = (-(1 + draw.below(n) as isize), draw.below(n) as isize);
        let last = draw.shape[draw.rank() - 1];
        let i = draw.ints(&[], -1, n as i32);
        let starts: Vec<Array> = (0..draw.rank()).map(|_| draw.ints(&[], -1, 3)).collect();
        let sizes: Vec<usize> = draw.shape.clone().iter().map(|&n| draw.below(n + 1)).collect();
        let update = draw.floats(&sizes, -1.0, 1.0);
        let of = |name: &str, f: Box<dyn Fn(&Array) -> Array>| {
            Case::new(name, vec![x.clone()], move |x| f(&x[0]).square())
        };
        let at_starts = starts.clone();
        vec![
            of("slice", Box::new(move |x| x.slice([SliceSpec::from(start..).step_by(step)]))),
            of("slice from the end", Box::new(move |x| x.slice([(neg..).into()]))),
            of("position", Box::new(move |x| x.slice([at.into()]))),
            of("at a position", Box::new(move |x| x.at((at, Ellipsis)).get())),
            of("dynamic_index", Box::new(move |x| x.dynamic_index(&i, 0))),
            of(
                "dynamic_slice",
                Box::new(move |x| x.dynamic_slice(&starts.iter().collect::<Vec<_>>(), &sizes)),
            ),
            Case::new("dynamic_update_slice", vec![x.clone(), update], move |x| {
                x[0].dynamic_update_slice(&x[1], &at_starts.iter().collect::<Vec<_>>()).square()
            }),
            of(
                "at a range of the last axis",
                Box::new(move |x| x.at((Ellipsis, 0..last.div_ceil(2))).set(3.0) * x),
            ),
        ]
    });
}

/// Positions that a function takes as an argument that is not differentiated, so that a batch of
/// them is not tested here but in the compositions.
#[test]
fn gathers() {
    properties!("gathers", 3, 2, |draw| {
        let n = nameable(draw) as i32;
        let x = draw.of(-1.0, 1.0);
        let count = draw.below(4);
        let rows = draw.ints(&[count], -n, n - 1);
        let outside = draw.ints(&[2, 2], -2 * n, 2 * n);
        let one = draw.ints(&[], 0, n - 1);
        let mut along = draw.shape.clone();
        along[0] = 2;
        let along = draw.ints(&along, -n, n - 1);
        let of = |name: &str, f: Box<dyn Fn(&Array) -> Array>| {
            Case::new(name, vec![x.clone()], move |x| f(&x[0]).square())
        };
        let (r, o, i) = (rows.clone(), outside.clone(), one.clone());
        let (o2, o3) = (outside.clone(), outside.clone());
        vec![
            of("take", Box::new(move |x| x.take(&r, 0))),
            of("take one", Box::new(move |x| x.take(&i, 0))),
            of("take clipped", Box::new(move |x| x.take_mode(&o, 0, IndexMode::Clip))),
            of("take wrapped", Box::new(move |x| x.take_mode(&o2, 0, IndexMode::Wrap))),
            of("get filled", Box::new(move |x| x.at(&o3).fill_value(0.5).get())),
            of("take_along_axis", Box::new(move |x| x.take_along_axis(&along, 0))),
            of("at arrays", Box::new(move |x| x.expand_dims(1).at((&rows, 0)).get())),
            of(
                "at arrays apart",
                Box::new(move |x| {
                    stack([x, x], 1).expand_dims(1).at((&one, .., &one.zeros_like())).get()
                }),
            ),
        ]
    });
}

type Update = fn(At, &Array) -> Array;

const UPDATES: &[(&str, Update)] = &[
    ("set", |at, v| at.set(v)),
    ("add", |at, v| at.add(v)),
    ("mul", |at, v| at.unique_indices().mul(v)),
    ("min", |at, v| at.min(v)),
    ("max", |at, v| at.max(v)),
];

#[test]
fn scatters() {
    properties!("scatters", 3, 2, |draw| {
        let n = nameable(draw);
        let count = draw.below(n + 1);
        let rest = draw.shape[1..].to_vec();
        let updates = [&[count], rest.as_slice()].concat();
        let mut cases = Vec::new();
        for &(name, update) in UPDATES {
            // Different rows, then rows that may meet or lie outside.
            let order: Vec<i32> = draw.permutation(n).iter().map(|&i| i as i32).collect();
            let rows = Array::from_slice(&order[..count], [count]);
            let shape = draw.shape.clone();
            let both = draw
                .distinct(&[shape.iter().product::<usize>() + updates.iter().product::<usize>()]);
            let x = both.slice([(0..shape.iter().product::<usize>()).into()]).reshape(&shape);
            let v = both.slice([(shape.iter().product::<usize>()..).into()]).reshape(&updates);
            let args = vec![x.clone(), v.clone()];
            cases.push(Case::new(name, args, move |x| update(x[0].at(&rows), &x[1]).square()));
            let start = draw.below(n - 1);
            let row = if rest.is_empty() { vec![] } else { rest.clone() };
            let one = draw.floats(&row, 5.0, 6.0);
            cases.push(Case::new(format!("{name} in a range"), vec![x.clone(), one], move |x| {
                update(x[0].at(start..), &x[1]).square()
            }));
            if name == "mul" {
                cases.push(Case::new("mul by numbers", vec![x], |x| x[0].at(0).mul(2.5)));
                continue;
            }
            let any = draw.ints(&[count], -1, n as i32);
            cases.push(Case::new(format!("{name} where rows meet"), vec![x, v], move |x| {
                update(x[0].at(&any), &x[1]).square()
            }));
        }
        cases
    });
}
