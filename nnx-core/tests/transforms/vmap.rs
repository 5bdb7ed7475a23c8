//! `vmap` against loops.

use nnx_core::array::{arange, stack};
use nnx_core::module::Everything;
use nnx_core::{Array, DType, Param, StateAxes, grad, in_axes, of_type, over, scan, vmap};

fn ramp(shape: &[usize]) -> Array {
    let n = shape.iter().product();
    (arange(n, DType::F32) * 0.37 - 1.0).sin().reshape(shape)
}

/// `f` of each element, stacked.
fn by_loop(f: impl Fn(&Array) -> Array, xs: &Array) -> Array {
    let rows: Vec<Array> = (0..xs.shape()[0]).map(|i| f(&xs.slice([i.into()]))).collect();
    stack(&rows, 0)
}

fn assert_close(a: &Array, b: &Array) {
    assert_eq!(a.shape(), b.shape());
    for (x, y) in a.to_vec::<f32>().iter().zip(b.to_vec::<f32>()) {
        assert!((x - y).abs() <= 1e-5 * (1.0 + y.abs()), "{x} and {y}");
    }
}

/// A name, the shape of an element, a function of one.
type Case = (&'static str, Vec<usize>, Box<dyn Fn(&Array) -> Array>);

#[test]
fn operations_agree_with_a_loop() {
    let w = ramp(&[4, 3]);
    let k = ramp(&[3, 3, 2, 5]);
    let cases: Vec<Case> = vec![
        ("elementwise", vec![2, 3], Box::new(|x| (x.sin() * 2.0 + x.exp()).maximum(0.3))),
        ("matmul right", vec![5, 4], Box::new(move |x| x.matmul(&w))),
        ("matmul both", vec![4, 4], Box::new(|x| x.matmul(x.t()))),
        ("reduce", vec![3, 4], Box::new(|x| x.sum(-1) + x.max(1) * x.mean(..))),
        ("softmax", vec![3, 4], Box::new(|x| nnx_core::array::softmax(x, -1))),
        ("argmax", vec![3, 4], Box::new(|x| x.argmax(1).astype(DType::F32))),
        ("sort", vec![6], Box::new(|x| x.sort(0))),
        ("top_k", vec![6], Box::new(|x| x.top_k(2).0)),
        ("cumsum", vec![6], Box::new(|x| x.cumsum(0))),
        ("pad", vec![2, 3], Box::new(|x| x.pad(&[(1, 2), (0, 1)], 0.5))),
        ("pad with own", vec![3], Box::new(|x| x.pad(&[(1, 2)], x.sum(..)))),
        ("slices", vec![4, 6], Box::new(|x| x.slice([(1..3).into(), (..).into()]).flip(1))),
        ("gather", vec![5, 2], Box::new(|x| x.take(Array::from_slice(&[3, 0, 3], [3]), 0))),
        ("gather by own", vec![5], Box::new(|x| x.take(x.argsort(0), 0))),
        (
            "dynamic slice",
            vec![6],
            Box::new(|x| x.dynamic_slice([&x.argmax(0).astype(DType::I32)], &[2])),
        ),
        (
            "conv",
            vec![1, 6, 6, 2],
            Box::new(move |x| nnx_core::array::conv_general_dilated(x, &k, &Default::default())),
        ),
        ("at", vec![5], Box::new(|x| x.at(1).set(7.0).at(x.argmin(0)).add(1.0))),
    ];
    for (name, shape, f) in cases {
        let xs = ramp(&[&[3], &shape[..]].concat());
        let batched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            vmap(|x: &Array| f(x), &xs, 0)
        }));
        let batched = batched.unwrap_or_else(|_| panic!("{name}"));
        let looped = by_loop(&f, &xs);
        assert_eq!(batched.shape(), looped.shape(), "{name}");
        let worst = (&batched - &looped).abs().max(..).item::<f32>();
        assert!(worst < 1e-5, "{name}: {worst}");
    }
}

#[test]
fn axes_of_arguments_and_results() {
    let (a, b) = (ramp(&[2, 5]), ramp(&[2]));
    let product = |(x, y): (&Array, &Array)| (x * y, y.sum(..));
    let (y, sum) = vmap(product, (&a, &b), in_axes((-1, None)).out_axes((1, None)));
    assert_eq!((y.shape(), sum.shape()), (&[2, 5][..], &[][..]));
    assert_close(&y, &(&a * b.expand_dims(1)));
    let ones = vmap(|()| Array::scalar(1.0_f32), (), in_axes(()).axis_size(3));
    assert_eq!(ones.to_vec::<f32>(), [1.0; 3]);
}

#[test]
fn gradients_of_each_element() {
    let xs = ramp(&[4, 3]);
    let f = |x: &Array| (x * x.sum(..)).sin().sum(..);
    let batched = vmap(|x: &Array| grad(f, x), &xs, 0);
    assert_close(&batched, &by_loop(|x| grad(f, x), &xs));
    let total = |xs: &Array| vmap(f, xs, 0).sum(..);
    assert_close(&grad(total, &xs), &batched);
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Counter {
    w: Param,
    seen: nnx_core::Variable<nnx_core::module::BatchStat>,
}

#[test]
fn modules_with_axes_by_filter() {
    let mut model =
        Counter { w: Param::new(ramp(&[3, 2])), seen: nnx_core::Variable::new(Array::scalar(0)) };
    let axes = StateAxes::new().with(of_type::<Param>(), 0).with(Everything, None);
    let y = vmap(
        |(m, x): (&mut Counter, &Array)| {
            let seen = m.seen.value() + 1;
            m.seen.set(seen);
            let w = m.w.value() * 2.0;
            m.w.set(w);
            (m.w.value() * x).sum(..)
        },
        (&mut model, &ramp(&[3, 2])),
        (axes, 0),
    );
    assert_eq!(y.shape(), [3]);
    assert_eq!(model.seen.value().item::<i32>(), 1);
    assert_close(model.w.value(), &(ramp(&[3, 2]) * 2.0));
}

#[test]
#[should_panic(
    expected = "vmap: in_axes: no filter of the `StateAxes` takes the BatchStat at `[0].seen`"
)]
fn a_leaf_that_no_filter_takes() {
    let model =
        Counter { w: Param::new(ramp(&[3, 2])), seen: nnx_core::Variable::new(Array::scalar(0)) };
    let axes = StateAxes::new().with(of_type::<Param>(), 0);
    vmap(|(m, x): (&Counter, &Array)| m.w.value() * x, (&model, &ramp(&[3, 2])), (axes, 0));
}

#[test]
#[should_panic(expected = "vmap: out_axes: no filter of the `StateAxes` takes the array")]
fn a_leaf_of_the_result_that_no_filter_takes() {
    let axes = in_axes(0).out_axes(StateAxes::new().with(of_type::<Param>(), 0));
    vmap(|x: &Array| x * 2.0, &ramp(&[3, 2]), axes);
}

#[test]
#[should_panic(
    expected = "scan: in_axes: no filter of the `StateAxes` takes the BatchStat at `seen`"
)]
fn a_leaf_of_a_scan_that_no_filter_takes() {
    let model =
        Counter { w: Param::new(ramp(&[3, 2])), seen: nnx_core::Variable::new(Array::scalar(0)) };
    let axes = StateAxes::new().with(of_type::<Param>(), 0);
    scan(|(), m: &Counter| ((), m.w.value() * 2.0), (), over(&model).in_axes(axes));
}

#[test]
#[should_panic(expected = "the Variable `[0].w` has axis None")]
fn a_shared_variable_set_to_something_else_for_each() {
    let mut model =
        Counter { w: Param::new(ramp(&[2])), seen: nnx_core::Variable::new(Array::scalar(0)) };
    vmap(
        |(m, x): (&mut Counter, &Array)| m.w.set(x.clone()),
        (&mut model, &ramp(&[3, 2])),
        (None, 0),
    );
}

#[test]
#[should_panic(expected = "`[1]` f32[4] has 4 along axis 0")]
fn sizes_differ() {
    vmap(|(x, y): (&Array, &Array)| x + y, (&ramp(&[3]), &ramp(&[4])), 0);
}
