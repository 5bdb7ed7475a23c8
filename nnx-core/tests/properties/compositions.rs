//! Transforms inside of transforms, against the same written out or differences.

use crate::check::{Case, Draw, check, program};
use nnx_core::array::*;
use nnx_core::{
    Array, DType, cond, fori_loop, grad, in_axes, jvp, length, over, scan, switch, vmap, while_loop,
};

fn floats(seed: u64, shape: &[usize]) -> Array {
    Draw::new(shape, seed).of(-1.0, 1.0)
}

/// Derivatives up to the second, batches of values and gradients.
#[track_caller]
fn verify(name: &str, args: Vec<Array>, f: impl Fn(&[Array]) -> Array + 'static) {
    let case = Case::new(name, args, f);
    // The seeds take different ways of second derivatives and of batches.
    for seed in 0..3 {
        if let Err(message) = check(&mut Draw::new(&[], seed), &case) {
            panic!("{message}");
        }
    }
}

#[track_caller]
fn same(what: &str, args: Vec<Array>, f: impl Fn(&Vec<Array>) -> [Array; 2]) {
    let outs = program(&args, |args| f(args).to_vec());
    assert_eq!(outs[0].aval(), outs[1].aval(), "{what}");
    let (got, want) = (outs[0].to_vec::<f64>(), outs[1].to_vec::<f64>());
    for (a, b) in got.iter().zip(&want) {
        assert!((a - b).abs() <= 1e-10 * (1.0 + b.abs()), "{what}: {got:?} and {want:?}");
    }
}

#[test]
fn scans_in_scans() {
    verify("scan of scan", vec![floats(1, &[3]), floats(2, &[2, 3])], |x| {
        let step = |c: Array, row: &Array| {
            let inner = |c: Array, v: &Array| ((&c * v).sin() + &x[0].sum(..), &c * &c);
            let (c, ys) = scan(inner, c, row);
            (c.clone(), ys.sum(..) + c)
        };
        let (end, ys) = scan(step, Array::scalar(0.3_f64), over(&x[1]).reverse().unroll(2));
        ys.sum(..) + end
    });
    verify("scan with an unused slice, an untouched carry and no xs", vec![floats(3, &[2])], |x| {
        let step = |(a, b): (Array, Array), ()| ((&a * 1.1 + &b, b.clone()), ());
        scan(step, (x[0].clone(), x[0].cos()), length(3)).0.0
    });
    verify("scan of length 0", vec![floats(3, &[2]), zeros([0, 2], DType::F64)], |x| {
        let (c, ys) = scan(|c: Array, y: &Array| (&c * y, c), x[0].clone(), &x[1]);
        c + ys.sum(..)
    });
}

#[test]
fn branches_in_loops() {
    verify("scan in cond in scan", vec![floats(4, &[2]), floats(5, &[4])], |x| {
        let step = |c: Array, v: &Array| {
            let inner = |c: &Array| {
                scan(|c: Array, ()| ((&c * v).tanh() + &x[0], c), c.clone(), length(2)).0
            };
            let c = cond(&v.gt(0.0), |c: &Array| inner(c), |c: &Array| c.sin() * v, &c);
            (c.clone(), c)
        };
        let (c, ys) = scan(step, x[0].clone(), &x[1]);
        c + ys.sum(0)
    });
    verify("switch in fori_loop", vec![floats(6, &[3])], |x| {
        let body = |i: Array, c: Array| {
            let branch = |k: usize, c: &Array| match k {
                0 => c.sin(),
                1 => c * &x[0],
                _ => x[0].clone(),
            };
            switch(&(&i % 3), 3, branch, &c)
        };
        fori_loop(0, 5, body, x[0].clone())
    });
    // In forward mode only.
    let (x, t) = (floats(7, &[2]), floats(8, &[2]));
    let newton = |x: &Array| {
        while_loop(
            |(i, _): &(Array, Array)| i.lt(6),
            |(i, y)| (i + 1, (&y + (x.square() + 1.0) / &y) * 0.5),
            (Array::scalar(0), x.square() + 1.0),
        )
        .1
    };
    same("jvp of while", vec![x, t], |a| {
        let (_, got) = jvp(newton, &a[0], &a[1]);
        let (_, want) = jvp(|x: &Array| (x.square() + 1.0).sqrt(), &a[0], &a[1]);
        [got, want]
    });
}

#[test]
fn batches_of_loops_that_end_at_different_times() {
    let xs = vec![floats(9, &[3, 2]), floats(10, &[3])];
    let count = |x: &Array, limit: &Array| {
        while_loop(
            |(i, _): &(Array, Array)| i.lt(limit),
            |(i, c)| (i + 1.0, &c * 1.5 + x.sum(..)),
            (Array::scalar(-2.0_f64), x.clone()),
        )
        .1
    };
    same("vmap of while", xs.clone(), |a| {
        let got = vmap(|(x, n): (&Array, &Array)| count(x, n), (&a[0], &a[1]), 0);
        let each: Vec<Array> =
            (0..3).map(|b| count(&a[0].slice([b.into()]), &a[1].slice([b.into()]))).collect();
        [got, stack(&each, 0)]
    });
    same("vmap of while with a shared bound", xs.clone(), |a| {
        let n = a[1].sum(..);
        let got = vmap(|x: &Array| count(x, &n), &a[0], 1);
        let each: Vec<Array> =
            (0..2).map(|b| count(&a[0].slice([(..).into(), b.into()]), &n)).collect();
        [got, stack(&each, 0)]
    });
    same("jvp of vmap of while", xs, |a| {
        let f = |x: &Array, n: &Array| jvp(|x: &Array| count(x, n), x, &x.cos()).1;
        let (x, n) = (&a[0], &a[1]);
        let got =
            jvp(|x: &Array| vmap(|(x, n): (&Array, &Array)| count(x, n), (x, n), 0), x, &x.cos()).1;
        let each: Vec<Array> =
            (0..3).map(|b| f(&x.slice([b.into()]), &n.slice([b.into()]))).collect();
        [got, stack(&each, 0)]
    });
}

#[test]
fn batches_of_branches() {
    let choose = |which: &Array, x: &Array| {
        cond(&which.gt(0.0), |x: &Array| x.sin() * which, |x: &Array| x.cumsum(0), x)
    };
    let args = vec![floats(11, &[4]), floats(12, &[4, 3])];
    same("vmap of cond", args.clone(), |a| {
        let got = vmap(|(w, x): (&Array, &Array)| choose(w, x), (&a[0], &a[1]), 0);
        let each: Vec<Array> =
            (0..4).map(|b| choose(&a[0].slice([b.into()]), &a[1].slice([b.into()]))).collect();
        [got, stack(&each, 0)]
    });
    same("grad of vmap of cond", args, |a| {
        let total = |w: &Array, x: &Array| {
            vmap(|(w, x): (&Array, &Array)| choose(w, x), (w, x), 0).square().sum(..)
        };
        let got = grad(|(w, x): (&Array, &Array)| total(w, x), (&a[0], &a[1])).1;
        let one = |w: &Array, x: &Array| grad(|x: &Array| choose(w, x).square().sum(..), x);
        let each: Vec<Array> =
            (0..4).map(|b| one(&a[0].slice([b.into()]), &a[1].slice([b.into()]))).collect();
        [got, stack(&each, 0)]
    });
}

#[test]
fn gradients_of_batches_of_gradients() {
    verify("grad of vmap of grad", vec![floats(13, &[3, 2]), floats(14, &[2])], |a| {
        let f = |x: &Array| (x.matmul(&a[1]).sin() * x.sum(..)).exp();
        vmap(|x: &Array| grad(f, x), &a[0], 0).square().sum(0)
    });
    verify("vmap of grad of scan", vec![floats(15, &[2, 3]), floats(16, &[3])], |a| {
        let f = |x: &Array| {
            scan(|c: Array, v: &Array| ((&c * v + &a[1]).tanh(), c.sum(..)), x.clone(), x).1.sum(..)
        };
        vmap(|x: &Array| grad(f, x), &a[0], 0)
    });
    same("hessian", vec![floats(17, &[3])], |a| {
        let f = |x: &Array| (x.cumprod(0) * x.sin()).sum(..);
        let x = &a[0];
        let reverse =
            vmap(|e: &Array| grad(|x: &Array| (grad(f, x) * e).sum(..), x), &eye(3, DType::F64), 0);
        let forward = vmap(
            |e: &Array| jvp(|x: &Array| grad(f, x), x, e).1,
            &eye(3, DType::F64),
            in_axes(1).out_axes(1),
        );
        [reverse, forward]
    });
}

/// Two batches of everything, positions too, against loops.
#[test]
fn batches_in_batches() {
    type Body = fn(&Array, &Array) -> Array;
    let table: &[(&str, Body)] = &[
        ("take", |x, i| x.take(i, 0)),
        ("get", |x, i| x.at(i).fill_value(2.0).get()),
        ("take_along_axis", |x, i| x.take_along_axis(&i.expand_dims(1), 0)),
        ("set", |x, i| x.at(i).set(x.slice([(0..2).into()]).sin())),
        ("add", |x, i| x.at(i).add(x.slice([(1..3).into()]))),
        ("max", |x, i| x.at((i, 0)).max(0.1)),
        ("dynamic_slice", |x, i| {
            let at = |k: i32| i.slice([k.into()]);
            x.dynamic_slice(&[&at(0), &at(1)], &[2, 1])
        }),
        ("dynamic_update_slice", |x, i| {
            let at = |k: i32| i.slice([k.into()]);
            x.dynamic_update_slice(&x.slice([1.into()]).expand_dims(0), &[&at(0), &at(1)])
        }),
        ("sort", |x, i| x.sort(0) * i.slice([0.into()])),
        ("top_k", |x, _| x.top_k(2).0 * x.top_k(2).1),
        ("argmax", |x, i| x.take(&x.argmax(1), 0) * i.sum(..)),
        ("conv", |x, i| {
            let kernel = x.reshape([2, 3, 1]) * i.sum(..);
            conv_general_dilated(
                &x.reshape([1, 3, 2]).transpose([0, 2, 1]),
                &kernel,
                &ConvOptions::default(),
            )
        }),
        ("window", |x, _| reduce_window_max(x, &[2, 2], &WindowOptions::default())),
        ("cumulative", |x, i| x.cummax(0) + i.sum(..)),
        ("one_hot", |x, i| x.matmul(one_hot(i, 3, DType::F64).slice([(..).into(), (0..2).into()]))),
    ];
    for &(name, body) in table {
        let x = floats(18, &[2, 2, 3, 2]);
        let i = Draw::new(&[], 19).ints(&[2, 2], -1, 3).astype(DType::F64);
        same(name, vec![x, i], |a| {
            let (x, i) = (&a[0], &a[1].astype(DType::I32));
            let one = |(x, i): (&Array, &Array)| {
                let g = grad(|x: &Array| body(x, i).square().sum(..), x);
                concatenate([&body(x, i).flatten(), &g.flatten()], 0)
            };
            let inner = |(x, i): (&Array, &Array)| vmap(one, (x, i), (0, None::<isize>));
            let got = vmap(inner, (x, i), in_axes((1, 0)));
            let at = |b: i32, c: i32| {
                // The positions of the outer batch are shared by the inner one.
                one((&x.slice([c.into(), b.into()]), &i.slice([b.into()])))
            };
            let rows: Vec<Array> = (0..2).map(|b| stack([&at(b, 0), &at(b, 1)], 0)).collect();
            [got, stack(&rows, 0)]
        });
    }
}
