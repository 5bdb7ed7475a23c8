//! Loops and branches against what they mean.

use nnx_core::array::arange;
use nnx_core::module::{Everything, of_type};
use nnx_core::{
    Array, DType, Param, StateAxes, cond, fori_loop, grad, jvp, over, scan, switch, value_and_grad,
    vmap, while_loop,
};

fn ramp(shape: &[usize]) -> Array {
    let n = shape.iter().product();
    (arange(n, DType::F32) * 0.37 - 1.0).sin().reshape(shape)
}

fn assert_close(a: &Array, b: &Array) {
    assert_eq!(a.shape(), b.shape());
    for (x, y) in a.to_vec::<f32>().iter().zip(b.to_vec::<f32>()) {
        assert!((x - y).abs() <= 2e-5 * (1.0 + y.abs()), "{x} and {y}");
    }
}

/// A small recurrent net, as a scan and written out.
fn rnn(w: &Array, xs: &Array, scanned: bool) -> Array {
    let step = |h: &Array, x: &Array| (h.matmul(w) + x).tanh();
    let h0 = Array::from_slice(&[0.1_f32, -0.2, 0.3], [3]);
    if scanned {
        let (h, ys) = scan(
            |h: Array, x: &Array| {
                let h = step(&h, x);
                (h.clone(), h.square().sum(..))
            },
            h0,
            xs,
        );
        return ys.sum(..) + h.sum(..);
    }
    let (mut h, mut total) = (h0, Array::scalar(0.0_f32));
    for i in 0..xs.shape()[0] {
        h = step(&h, &xs.slice([i.into()]));
        total += h.square().sum(..);
    }
    total + h.sum(..)
}

#[test]
fn scan_and_its_derivatives() {
    let (w, xs) = (ramp(&[3, 3]), ramp(&[5, 3]));
    let (a, ga) = value_and_grad(|(w, xs): (&Array, &Array)| rnn(w, xs, true), (&w, &xs));
    let (b, gb) = value_and_grad(|(w, xs): (&Array, &Array)| rnn(w, xs, false), (&w, &xs));
    assert_close(&a, &b);
    assert_close(&ga.0, &gb.0);
    assert_close(&ga.1, &gb.1);
    let t = ramp(&[3, 3]).cos();
    let (_, ta) = jvp(|w: &Array| rnn(w, &xs, true), &w, &t);
    let (_, tb) = jvp(|w: &Array| rnn(w, &xs, false), &w, &t);
    assert_close(&ta, &tb);
    // Second derivatives, reverse over reverse and forward over reverse.
    let second = |scanned: bool| {
        grad(|w: &Array| grad(|w: &Array| rnn(w, &xs, scanned), w).square().sum(..), &w)
    };
    assert_close(&second(true), &second(false));
    let (_, fa) = jvp(|w: &Array| grad(|w: &Array| rnn(w, &xs, true), w), &w, &t);
    let (_, fb) = jvp(|w: &Array| grad(|w: &Array| rnn(w, &xs, false), w), &w, &t);
    assert_close(&fa, &fb);
}

#[test]
fn vmap_of_grad_of_scan() {
    let ws = ramp(&[2, 3, 3]);
    let xs = ramp(&[5, 3]);
    let batched = vmap(|w: &Array| grad(|w: &Array| rnn(w, &xs, true), w), &ws, 0);
    for i in 0..2 {
        let one = grad(|w: &Array| rnn(w, &xs, false), &ws.slice([i.into()]));
        assert_close(&batched.slice([i.into()]), &one);
    }
    let total = grad(|ws: &Array| vmap(|w: &Array| rnn(w, &xs, true), ws, 0).sum(..), &ws);
    assert_close(&total, &batched);
}

#[test]
fn scan_directions_and_unrolling() {
    let xs = arange(7, DType::F32);
    for unroll in [1, 2, 3, 7, 20] {
        let sums = |c: Array, x: &Array| {
            let c = c + x;
            (c.clone(), c)
        };
        let (end, ys) = scan(sums, Array::scalar(0.0_f32), over(&xs).reverse().unroll(unroll));
        assert_eq!(end.item::<f32>(), 21.0);
        assert_eq!(ys.to_vec::<f32>(), [21.0, 21.0, 20.0, 18.0, 15.0, 11.0, 6.0]);
    }
    let none = arange(0, DType::F32);
    let (end, ys) = scan(|c: Array, x: &Array| (c + x, x.clone()), Array::scalar(1.5_f32), &none);
    assert_eq!((end.item::<f32>(), ys.shape()), (1.5, &[0][..]));
}

#[test]
fn layers_in_a_scan_are_updated() {
    #[derive(nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct Layer {
        w: Param,
        calls: nnx_core::Variable<nnx_core::module::BatchStat>,
    }
    let mut layers = Layer {
        w: Param::new(ramp(&[4, 3, 3])),
        calls: nnx_core::Variable::new(nnx_core::array::zeros([4], DType::I32)),
    };
    let (h, ()) = scan(
        |h: Array, layer: &mut Layer| {
            let calls = layer.calls.value() + 1;
            layer.calls.set(calls);
            (h.matmul(layer.w.value()).tanh(), ())
        },
        ramp(&[2, 3]),
        &mut layers,
    );
    assert_eq!(layers.calls.value().to_vec::<i32>(), [1, 1, 1, 1]);
    let mut expected = ramp(&[2, 3]);
    for i in 0..4_usize {
        expected = expected.matmul(layers.w.value().slice([i.into()])).tanh();
    }
    assert_close(&h, &expected);
}

#[test]
fn branches() {
    let f = |which: &Array, x: &Array| {
        cond(which, |x: &Array| x.sin().sum(..), |x: &Array| (x * x.exp()).sum(..), x)
    };
    let x = ramp(&[3]);
    for which in [true, false] {
        let flag = Array::scalar(which);
        let plain = |x: &Array| if which { x.sin().sum(..) } else { (x * x.exp()).sum(..) };
        assert_close(&f(&flag, &x), &plain(&x));
        assert_close(&grad(|x: &Array| f(&flag, x), &x), &grad(plain, &x));
        let second = grad(|x: &Array| grad(|x: &Array| f(&flag, x), x).square().sum(..), &x);
        assert_close(&second, &grad(|x: &Array| grad(plain, x).square().sum(..), &x));
        let (_, t) = jvp(|x: &Array| f(&flag, x), &x, &x);
        assert_close(&t, &jvp(plain, &x, &x).1);
    }
    let flags = Array::from_slice(&[true, false, true], [3]);
    let xs = ramp(&[3, 3]);
    let each = vmap(|(w, x): (&Array, &Array)| f(w, x), (&flags, &xs), 0);
    for (i, flag) in flags.to_vec::<bool>().into_iter().enumerate() {
        assert_close(&each.slice([i.into()]), &f(&Array::scalar(flag), &xs.slice([i.into()])));
    }
    let shared = vmap(|x: &Array| f(&Array::scalar(false), x), &xs, 0);
    assert_eq!(shared.shape(), [3]);
}

#[test]
fn switch_moves_the_index_inside() {
    let x = Array::scalar(3.0_f32);
    let at = |i: i32| {
        let branch = |k: usize, x: &Array| match k {
            0 => x + 1.0,
            1 => x * 2.0,
            _ => x.square(),
        };
        switch(Array::scalar(i), 3, branch, &x).item::<f32>()
    };
    assert_eq!([at(-1), at(0), at(1), at(2), at(9)], [4.0, 4.0, 6.0, 9.0, 9.0]);
}

#[test]
fn variables_set_in_branches() {
    let mut p = Param::new(Array::scalar(1.0_f32));
    for (flag, expected) in [(true, 11.0), (false, 11.0)] {
        let y = cond(
            Array::scalar(flag),
            |p: &mut Param| {
                let v = p.value() + 10.0;
                p.set(v);
                p.value() * 2.0
            },
            |p| p.value().clone(),
            &mut p,
        );
        assert_eq!(p.value().item::<f32>(), expected);
        assert_eq!(y.item::<f32>(), if flag { 22.0 } else { 11.0 });
    }
}

#[test]
fn while_loops() {
    let newton = |a: &Array| {
        while_loop(
            |(x, _): &(Array, Array)| (x * x - a).abs().gt(1e-4),
            |(x, n)| ((&x + a / &x) * 0.5, n + 1),
            (a.ones_like(), Array::scalar(0)),
        )
    };
    let a = Array::scalar(2.0_f32);
    assert!((newton(&a).0.item::<f32>() - 2.0_f32.sqrt()).abs() < 1e-4);
    let many = Array::from_slice(&[1.0_f32, 2.0, 100.0], [3]);
    let (roots, counts) = vmap(newton, &many, 0);
    assert_close(&roots.round(), &Array::from_slice(&[1.0_f32, 1.0, 10.0], [3]));
    let counts = counts.to_vec::<i32>();
    assert!(counts[0] == 0 && counts[1] < counts[2], "{counts:?}");
    let (_, t) = jvp(|a: &Array| newton(a).0, &a, &a.ones_like());
    assert!((t.item::<f32>() - 0.5 / 2.0_f32.sqrt()).abs() < 1e-3);
}

#[test]
#[should_panic(expected = "how often it runs is not known")]
fn while_loops_have_no_reverse_derivative() {
    grad(
        |x: &Array| while_loop(|x: &Array| x.lt(10.0), |x: Array| &x * 2.0, x.clone()),
        &Array::scalar(1.0_f32),
    );
}

#[test]
fn fori_loops() {
    let x = Array::scalar(1.1_f32);
    let power = |x: &Array| fori_loop(0, 5, |_, c: Array| c * x, x.ones_like());
    assert!((power(&x).item::<f32>() - 1.1_f32.powi(5)).abs() < 1e-5);
    assert!((grad(power, &x).item::<f32>() - 5.0 * 1.1_f32.powi(4)).abs() < 1e-4);
    let n = Array::scalar(4);
    let sum = fori_loop(Array::scalar(0), &n, |i, c: Array| c + i, Array::scalar(0));
    assert_eq!(sum.item::<i32>(), 6);
}

#[test]
#[should_panic(
    expected = "f32[] in the carry at the start, f32[2] in the carry that the function returns"
)]
fn a_carry_that_changes_its_shape() {
    scan(|c: Array, x: &Array| (c + x, ()), Array::scalar(0.0_f32), &ramp(&[3, 2]));
}

#[test]
#[should_panic(expected = "i32[] in `on_false`, f32[] in `on_true`")]
fn branches_that_differ() {
    cond(Array::scalar(true), |x: &Array| x.clone(), |_| Array::scalar(1), &Array::scalar(0.0_f32));
}

#[test]
#[should_panic(expected = "a bound must be an integer scalar in the range of i32, got f32[]")]
fn bounds_that_are_no_integers() {
    fori_loop(0, Array::scalar(2.0_f32), |_, c: Array| c, Array::scalar(0));
}

#[test]
fn results_of_a_scan_are_stacked_along_any_axis() {
    let xs = ramp(&[4, 2, 3]);
    let body = |c: Array, x: &Array| (&c + x.sum(..), (x * 2.0, (x.sum(0), c)));
    let run = |over| scan(body, Array::scalar(0.0_f32), over).1;
    let (doubled, (sums, carries)) = run(over(&xs));
    let (a, (b, c)) = run(over(&xs).out_axes((1, -1)).reverse());
    let (reversed, (reversed_sums, _)) = run(over(&xs).reverse());
    assert_eq!((a.shape(), b.shape(), c.shape()), (&[2, 4, 3][..], &[3, 4][..], &[4][..]));
    assert_close(&a, &reversed.moveaxis(0, 1));
    assert_close(&b, &reversed_sums.t());
    let (a, (b, c)) = run(over(&xs).out_axes(-1_i32).unroll(3));
    assert_close(&a, &doubled.moveaxis(0, 2));
    assert_close(&b, &sums.t());
    assert_close(&c, &carries);
    // Derivatives go through it.
    let loss = |axis: i32| {
        let weights = ramp(&[4, 2]).moveaxis(0, axis as isize);
        move |xs: &Array| {
            let of = |c: Array, x: &Array| (c, x.square().sum(1));
            (scan(of, Array::scalar(0.0_f32), over(xs).out_axes(axis)).1 * &weights).sum(..)
        }
    };
    assert_close(&grad(loss(1), &xs), &grad(loss(0), &xs));
}

#[test]
#[should_panic(
    expected = "out_axes: there is no axis 2 to stack along: a stacked result has 2 axes"
)]
fn results_need_the_axis_that_they_are_stacked_along() {
    scan(
        |c: Array, x: &Array| (c, x + 1.0),
        Array::scalar(0.0_f32),
        over(&ramp(&[4, 2])).out_axes(2),
    );
}

#[test]
#[should_panic(expected = "out_axes: a result has axis None")]
fn a_result_of_a_scan_has_an_axis() {
    let xs = ramp(&[4, 2]);
    let axes = over(&xs).out_axes(None::<isize>);
    scan(|c: Array, x: &Array| (c, x + 1.0), Array::scalar(0.0_f32), axes);
}

#[test]
fn slices_and_results_of_a_scan_along_one_axis() {
    let xs = ramp(&[2, 4, 3]);
    for axis in [1, -2] {
        let body = |c: Array, x: &Array| (&c + x, x * 2.0 + c);
        let (sum, ys) = scan(
            body,
            Array::scalar(0.0_f32).broadcast_to([2, 3]),
            over(&xs).in_axes(axis).out_axes(axis),
        );
        assert_close(&sum, &xs.sum(1));
        let before = xs.cumsum(1) - &xs;
        assert_close(&ys, &(&xs * 2.0 + before));
    }
}

#[test]
#[should_panic(expected = "out_axes: a result has axis None")]
fn a_result_of_a_scan_has_an_axis_by_filter_too() {
    let xs = ramp(&[4, 2]);
    let axes = StateAxes::new().with(of_type::<Param>(), None).with(Everything, 0);
    let body = |c: Array, x: &Array| (c, Param::new(x + 1.0));
    scan(body, Array::scalar(0.0_f32), over(&xs).out_axes(axes));
}
