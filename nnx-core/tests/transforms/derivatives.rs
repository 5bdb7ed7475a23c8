//! `vjp`, `linearize`, Jacobians, custom derivatives and `remat`.

use nnx_core::array::{arange, complex, stack};
use nnx_core::module::{BatchStat, Variable};
use nnx_core::{
    Array, DType, Param, SavePolicy, associative_scan, custom_jvp, custom_vjp, grad, hessian,
    jacfwd, jacrev, jvp, linearize, map_slices, of_type, over, remat, remat_with, scan,
    value_and_grad, vjp, vmap, wrt,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

fn f(x: &Array) -> Array {
    (x.matmul(x.t()).sin() * x.slice([(..).into(), 0.into()])).cumsum(0)
}

#[test]
fn vjp_and_linearize_agree() {
    let x = ramp(&[3, 2]);
    let (y, pullback) = vjp(f, &x);
    let (z, linear) = linearize(f, &x);
    assert_close(&y, &z);
    let (ct, t) = (ramp(&[3, 3]).cos(), ramp(&[3, 2]).cos());
    let left = (&ct * linear.call(&t)).sum(..);
    let right = (pullback.call(&ct) * &t).sum(..);
    assert_close(&left, &right);
    assert_close(&linear.call(&t), &jvp(f, &x, &t).1);
    // Inside of a trace too.
    let total = grad(
        |x: &Array| {
            let (y, p) = vjp(f, x);
            p.call(&y).square().sum(..)
        },
        &x,
    );
    assert_eq!(total.shape(), [3, 2]);
}

#[test]
fn jacobians_and_hessians() {
    let x = ramp(&[3, 2]);
    let (r, c) = (jacrev(f, &x), jacfwd(f, &x));
    assert_eq!(r.shape(), [3, 3, 3, 2]);
    assert_close(&r, &c);
    let row = grad(|x: &Array| f(x).slice([1.into(), 2.into()]), &x);
    assert_close(&r.slice([1.into(), 2.into()]), &row);
    let (a, b) = jacfwd(|(a, b): (&Array, &Array)| a * b.sum(..), (&ramp(&[2]), &ramp(&[3])));
    assert_eq!((a.shape(), b.shape()), (&[2, 2][..], &[2, 3][..]));
    let loss = |x: &Array| f(x).square().sum(..);
    let h = hessian(loss, &x);
    let by_rows = jacrev(|x: &Array| grad(loss, x), &x);
    assert_close(&h, &by_rows);
    let constant = jacrev(|_: &Array| Array::scalar(1.0_f32), &x);
    assert_eq!(constant.to_vec::<f32>(), [0.0; 6]);
}

#[test]
fn custom_vjps_are_used_once_and_batched() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = runs.clone();
    // The gradient is three times the true one.
    let odd = custom_vjp(
        |(x, w): &(Array, Array)| (x * w).sin(),
        |(x, w): &(Array, Array)| ((x * w).sin(), (x.clone(), w.clone())),
        move |(x, w): (Array, Array), ct: &Array| {
            count.fetch_add(1, Ordering::Relaxed);
            let d = ct * (&x * &w).cos() * 3.0;
            (&d * &w, &d * &x)
        },
    );
    let (x, w) = (ramp(&[4]), ramp(&[4]).cos());
    let plain = |x: &Array, w: &Array| (x * w).sin().sum(..);
    let ours = |x: &Array, w: &Array| odd(&(x.clone(), w.clone())).sum(..);
    assert_close(&ours(&x, &w), &plain(&x, &w));
    let (gx, gw) = grad(|(x, w): (&Array, &Array)| ours(x, w), (&x, &w));
    let (px, pw) = grad(|(x, w): (&Array, &Array)| plain(x, w), (&x, &w));
    assert_close(&gx, &(&px * 3.0));
    assert_close(&gw, &(&pw * 3.0));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    // grad of vmap and vmap of grad; w is shared.
    let xs = ramp(&[3, 4]);
    let total = |w: &Array| vmap(|x: &Array| ours(x, w), &xs, 0).sum(..);
    let each = vmap(|x: &Array| grad(|w: &Array| ours(x, w), &w), &xs, 0);
    assert_close(&grad(total, &w), &each.sum(0));
    // In a scan.
    let scanned = |w: &Array| {
        scan(|c: Array, x: &Array| (odd(&(c, w.clone())) + x, ()), x.clone(), &xs).0.sum(..)
    };
    assert_eq!(grad(scanned, &w).shape(), [4]);
}

#[test]
#[should_panic(expected = "it has a reverse derivative only")]
fn custom_vjps_have_no_forward_derivative() {
    let id =
        custom_vjp(|x: &Array| x.clone(), |x: &Array| (x.clone(), ()), |(), ct: &Array| ct.clone());
    jvp(|x: &Array| id(x), &ramp(&[2]), &ramp(&[2]));
}

#[test]
#[should_panic(expected = "what `backward` returns must be f32[2], got f32[]")]
fn custom_vjps_of_another_shape() {
    let id =
        custom_vjp(|x: &Array| x.clone(), |x: &Array| (x.clone(), ()), |(), ct: &Array| ct.sum(..));
    grad(|x: &Array| id(x).sum(..), &ramp(&[2]));
}

#[test]
fn custom_jvps_in_both_modes() {
    let double =
        custom_jvp(|x: &Array| x.sin(), |x: &Array, t: &Array| (x.sin(), t * x.cos() * 2.0));
    let x = ramp(&[3]);
    assert_close(&grad(|x: &Array| double(x).sum(..), &x), &(x.cos() * 2.0));
    assert_close(&jvp(|x: &Array| double(x), &x, &x).1, &(x.cos() * &x * 2.0));
    let xs = ramp(&[2, 3]);
    let batched = grad(|xs: &Array| vmap(|x: &Array| double(x), xs, 0).sum(..), &xs);
    assert_close(&batched, &(xs.cos() * 2.0));
    let second = grad(|x: &Array| grad(|x: &Array| double(x).sum(..), x).sum(..), &x);
    assert_close(&second, &(x.sin() * -2.0));
}

/// All transforms differentiate the same leaves: floats and complex numbers.
#[test]
fn complex_leaves() {
    let z = complex(Array::scalar(2.0_f32), Array::scalar(-1.0_f32));
    let size = |z: &Array| (z * z.conj()).real();
    let gradient = grad(size, &z);
    let parts = |z: &Array| [z.real().item::<f32>(), z.imag().item::<f32>()];
    // As in JAX: of x² + y² the cotangent is 2x − 2iy.
    assert_eq!(parts(&gradient), [4.0, 2.0]);
    let (_, pullback) = vjp(size, &z);
    assert_eq!(parts(&pullback.call(&Array::scalar(1.0_f32))), [4.0, 2.0]);

    let square = |z: &Array| z * z;
    let i = complex(Array::scalar(0.0_f32), Array::scalar(1.0_f32));
    let (_, slope) = jvp(square, &z, &i);
    assert_eq!(parts(&slope), [2.0, 4.0]);
    let (_, linear) = linearize(square, &z);
    assert_eq!(parts(&linear.call(&i)), [2.0, 4.0]);
    assert_eq!(parts(&vjp(square, &z).1.call(&i)), [2.0, 4.0]);

    let with_jvp = custom_jvp(square, |z: &Array, t: &Array| (z * z, t * z * 2.0));
    assert_eq!(parts(&jvp(|z: &Array| with_jvp(z), &z, &i).1), [2.0, 4.0]);
    assert_eq!(parts(&grad(|z: &Array| with_jvp(z).real(), &z)), [4.0, -2.0]);
    let with_vjp =
        custom_vjp(square, |z: &Array| (z * z, z.clone()), |z: Array, ct: &Array| ct * z * 2.0);
    assert_eq!(parts(&grad(|z: &Array| with_vjp(z).real(), &z)), [4.0, -2.0]);
    let zs = complex(ramp(&[2]), ramp(&[2]));
    let each = grad(|zs: &Array| vmap(|z: &Array| with_vjp(z), zs, 0).real().sum(..), &zs);
    assert_close(&each.real(), &(zs.real() * 2.0));
}

/// Why there is no derivative: the dtype, or the kind.
#[test]
fn what_is_no_float_is_named() {
    let model = (
        Param::new(ramp(&[2])),
        Param::new(Array::scalar(3)),
        Variable::<BatchStat>::new(ramp(&[2])),
    );
    let loss = |m: &(Param, Param, Variable<BatchStat>)| (m.0.value() * m.2.value()).sum(..);
    let gradient = grad(loss, &model);
    let why = |x: &Array| x.try_to_vec::<f32>().unwrap_err().to_string();
    let message = why(gradient.1.value());
    assert!(
        message.contains("this Param is i32, which is not a float or complex dtype"),
        "{message}"
    );
    let message = why(gradient.2.value());
    assert!(
        message.contains("this is BatchStat, and gradients are taken with respect to Param"),
        "{message}"
    );
    let derivative = vjp(loss, &model).1.call(&Array::scalar(1.0_f32));
    let message = why(derivative.1.value());
    assert!(message.contains("i32, which is not a float or complex dtype"), "{message}");
}

/// Nothing to differentiate with respect to is an error at once, in each of these transforms.
#[test]
fn where_no_leaf_is_differentiated() {
    let whole = Array::scalar(3);
    let stat = Variable::<BatchStat>::new(ramp(&[2]));
    let message = |call: &dyn Fn()| {
        let error = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        error.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let sum = |x: &Array| x.astype(DType::F32).sum(..);
    let calls: [(&str, &dyn Fn()); 6] = [
        ("grad", &|| drop(grad(sum, &whole))),
        ("value_and_grad", &|| drop(value_and_grad(sum, &whole))),
        ("vjp", &|| drop(vjp(sum, &whole))),
        ("linearize", &|| drop(linearize(sum, &whole))),
        ("jacrev", &|| drop(jacrev(sum, &whole))),
        ("jacfwd", &|| drop(jacfwd(sum, &whole))),
    ];
    for (name, call) in calls {
        let text = message(call);
        assert!(
            text.contains(&format!("{name}: there is nothing to differentiate with respect to"))
                && text.contains("\n  the argument: array, i32[]\nfix: convert it with `astype`"),
            "{text}"
        );
    }
    let loss = |v: &Variable<BatchStat>| v.value().sum(..);
    let text = message(&|| drop(grad(loss, &stat)));
    assert!(
        text.contains("with respect to Param and plain arrays\n  the argument: BatchStat, f32[2]"),
        "{text}"
    );
    let text = message(&|| drop(grad(loss, wrt(of_type::<Param>(), &stat))));
    assert!(
        text.contains("the filter of `wrt` takes none of these leaves\n  the argument: BatchStat"),
        "{text}"
    );
    assert_eq!(grad(loss, wrt(of_type::<BatchStat>(), &stat)).to_vec::<f32>(), [1.0, 1.0]);
}

#[test]
fn remat_changes_no_numbers() {
    let (w, x) = (ramp(&[3, 3]), ramp(&[2, 3]));
    let layer = |w: &Array, x: &Array| x.matmul(w).tanh().matmul(w).sin();
    let plain = value_and_grad(|w: &Array| layer(w, &x).sum(..), &w);
    for policy in [
        SavePolicy::Nothing,
        SavePolicy::Everything,
        SavePolicy::Dots,
        SavePolicy::DotsWithoutBatch,
    ] {
        let again = value_and_grad(
            |w: &Array| remat_with(policy, |(w, x): (&Array, &Array)| layer(w, x), (w, &x)).sum(..),
            &w,
        );
        assert_close(&again.0, &plain.0);
        assert_close(&again.1, &plain.1);
    }
    // In a scan, batched, and twice differentiated.
    let deep = |w: &Array, again: bool| {
        let step = |h: Array, ()| {
            let h = if again { remat(|h: &Array| layer(w, h), &h) } else { layer(w, &h) };
            (h, ())
        };
        scan(step, x.clone(), nnx_core::length(4)).0.sum(..)
    };
    assert_close(&grad(|w: &Array| deep(w, true), &w), &grad(|w: &Array| deep(w, false), &w));
    let second =
        |again: bool| grad(|w: &Array| grad(|w: &Array| deep(w, again), w).square().sum(..), &w);
    assert_close(&second(true), &second(false));
    let ws = ramp(&[2, 3, 3]);
    let batch = |again: bool| vmap(|w: &Array| grad(|w: &Array| deep(w, again), w), &ws, 0);
    assert_close(&batch(true), &batch(false));
}

#[test]
fn remat_sets_variables() {
    let mut p = Param::new(Array::scalar(1.0_f32));
    remat(
        |p: &mut Param| {
            let v = p.value() + 1.0;
            p.set(v)
        },
        &mut p,
    );
    assert_eq!(p.value().item::<f32>(), 2.0);
}

#[test]
fn maps_and_prefixes() {
    let xs = ramp(&[5, 2]);
    assert_close(&map_slices(|x: &Array| x.sum(..).sin(), &xs), &xs.sum(1).sin());
    assert_close(&map_slices(|x: &Array| x.sum(..), over(&xs).in_axes(1)), &xs.sum(0));
    // The composition of affine maps x -> a x + b.
    let (a, b) = (ramp(&[6]), ramp(&[6]).cos());
    let compose = |f: &(Array, Array), g: &(Array, Array)| (&f.0 * &g.0, &f.1 * &g.0 + &g.1);
    for reverse in [false, true] {
        let (_, found) = associative_scan(compose, &(a.clone(), b.clone()), 0, reverse);
        let step = |c: Array, (a, b): (&Array, &Array)| {
            let c = c * a + b;
            (c.clone(), c)
        };
        let all = over((&a, &b));
        let all = if reverse { all.reverse() } else { all };
        let (_, expected) = scan(step, Array::scalar(0.0_f32), all);
        assert_close(&found, &expected);
    }
    let stacked = stack([&a, &b], 1);
    let sums = associative_scan(|x: &Array, y: &Array| x + y, &stacked, 0, false);
    assert_close(&sums, &stacked.cumsum(0));
}

/// Of an operation with several results, only the second may have a part in the derivative.
#[test]
fn a_pullback_through_the_second_result_of_a_loop() {
    let xs = Array::from_slice(&[1.0_f32, 2.0, 3.0], [3]);
    let products = |xs: &Array| {
        let step = |c: Array, x: &Array| (&c * x, &c * x * 2.0);
        nnx_core::scan(step, Array::scalar(1.0_f32), xs).1
    };
    let (ys, pullback) = nnx_core::vjp(products, &xs);
    assert_eq!(ys.to_vec::<f32>(), [2.0, 4.0, 12.0]);
    assert_eq!(pullback.call(&ys.ones_like()).to_vec::<f32>(), [18.0, 8.0, 4.0]);
}
