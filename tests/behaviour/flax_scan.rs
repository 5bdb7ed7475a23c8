//! Counterparts of Flax's tests of `scan` in tree mode. The table in `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::{BatchStat, Intermediate};
use nnx::nn::{Linear, gelu};
use nnx::random::{self, Rngs, split_rngs};
use nnx::{
    Any, Array, DType, Everything, Module, Param, StateAxes, Variable, length, map_slices, of_type,
    over, path_contains, pop, scan,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

fn ramp(n: usize) -> Array {
    nnx::array::arange(n, DType::F32)
}

fn ones(shape: &[usize]) -> Array {
    nnx::array::ones(shape, DType::F32)
}

fn normal(seed: u64, shape: &[usize]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-5
}

/// The sum so far.
fn sums(carry: Array, x: &Array) -> (Array, Array) {
    let carry = carry + x;
    (carry.clone(), carry)
}

#[test]
fn a_carry_and_a_result_for_each_slice() {
    let (last, all) = scan(sums, scalar(0.0), &ramp(5));
    assert_eq!(last.item::<f32>(), 10.0);
    assert_eq!(all.to_vec::<f32>(), [0.0, 1.0, 3.0, 6.0, 10.0]);
    let (last, all) = scan(sums, scalar(0.0), over(&ramp(5)).reverse());
    assert_eq!(last.item::<f32>(), 10.0);
    assert_eq!(all.to_vec::<f32>(), [10.0, 10.0, 9.0, 7.0, 4.0]);
}

#[test]
fn slices_along_another_axis() {
    let x = ramp(10).reshape([2, 5]);
    for axis in [1, -1] {
        let (last, all) = scan(sums, ramp(2) * 0.0, over(&x).in_axes(axis));
        assert_eq!(last.to_vec::<f32>(), [10.0, 35.0]);
        assert_eq!(all.shape(), [5, 2]);
        let expected = [0.0, 5.0, 1.0, 11.0, 3.0, 18.0, 6.0, 26.0, 10.0, 35.0];
        assert_eq!(all.to_vec::<f32>(), expected);
    }
}

#[test]
fn an_argument_that_is_not_sliced_is_the_same_in_each_step() {
    let step = |carry: Array, (scale, x): (&Array, &Array)| sums(carry, &(x * scale));
    let (last, all) = scan(step, scalar(0.0), over((&scalar(2.0), &ramp(5))).in_axes((None, 0)));
    assert_eq!(last.item::<f32>(), 20.0);
    assert_eq!(all.to_vec::<f32>(), [0.0, 2.0, 6.0, 12.0, 20.0]);
}

#[test]
fn slices_without_a_carry() {
    let expected = [0.0, 2.0, 4.0, 6.0, 8.0];
    assert_eq!(map_slices(|x: &Array| x * 2.0, &ramp(5)).to_vec::<f32>(), expected);
    let ((), ys) = scan(|(), x: &Array| ((), x * 2.0), (), &ramp(5));
    assert_eq!(ys.to_vec::<f32>(), expected);
}

#[test]
fn a_carry_without_slices() {
    let (n, ()) = scan(|n: Array, ()| (n + 1, ()), Array::scalar(0), length(5));
    assert_eq!(n.item::<i32>(), 5);
    let (x, ()) = scan(|x: Array, ()| (x, ()), scalar(1.0), length(3));
    assert_eq!(x.item::<f32>(), 1.0);
}

#[derive(Module)]
struct Parts {
    a: Array,
    b: Array,
}

#[test]
fn parts_of_an_argument_have_axes_of_their_own() {
    let parts = Parts { a: ramp(3), b: scalar(1.0) };
    let axes = StateAxes::new().with(path_contains("a"), 0).with(Everything, None);
    let step = |carry: Array, x: &Parts| sums(carry, &(&x.a + &x.b));
    let (last, _) = scan(step, scalar(0.0), over(&parts).in_axes(axes));
    assert_eq!(last.item::<f32>(), 6.0);
}

#[test]
fn an_argument_that_holds_nothing_needs_no_axis() {
    let nothing: Option<Array> = None;
    let step = |carry: Array, (n, x): (&Option<Array>, &Array)| {
        assert!(n.is_none());
        sums(carry, x)
    };
    let (last, _) = scan(step, scalar(0.0), over((&nothing, &ramp(3))).in_axes((None, 0)));
    assert_eq!(last.item::<f32>(), 3.0);
}

#[test]
fn a_part_that_holds_nothing_is_not_sliced() {
    let xs = BTreeMap::from([("a".to_owned(), Some(ramp(3))), ("b".to_owned(), None)]);
    let step = |carry: Array, x: &BTreeMap<String, Option<Array>>| {
        assert!(x["b"].is_none());
        sums(carry, x["a"].as_ref().unwrap())
    };
    let (last, _) = scan(step, scalar(0.0), &xs);
    assert_eq!(last.item::<f32>(), 3.0);
}

#[test]
fn a_map_is_carried() {
    let of = |a: Array, b: Array| BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
    let step = |carry: BTreeMap<String, Array>, x: &BTreeMap<String, Array>| {
        let next = of(&carry["a"] + &x["a"], &carry["b"] + &x["b"]);
        (next.clone(), next)
    };
    let (last, all) = scan(step, of(scalar(0.0), scalar(0.0)), &of(ramp(3), ones(&[3])));
    assert_eq!((last["a"].item::<f32>(), last["b"].item::<f32>()), (3.0, 3.0));
    assert_eq!(all["a"].to_vec::<f32>(), [0.0, 1.0, 3.0]);
    assert_eq!(all["b"].to_vec::<f32>(), [1.0, 2.0, 3.0]);
}

type Block = (Param, Param, Variable<BatchStat>);

fn block() -> Block {
    (Param::new(normal(0, &[3, 3])), Param::new(normal(1, &[3])), Variable::new(Array::scalar(0)))
}

fn apply(w: &Param, b: &Param, x: &Array) -> Array {
    gelu(&(x.matmul(&**w) + &**b))
}

#[test]
fn variables_are_carried() {
    let xs = normal(2, &[5, 1, 3]);
    let step = |(w, b, mut count): Block, x: &Array| {
        let y = apply(&w, &b, x);
        count += 1;
        ((w, b, count), y)
    };
    let ((w, b, count), ys) = scan(step, block(), &xs);
    assert_eq!(count.item::<i32>(), 5);
    assert!(close(&ys, &apply(&w, &b, &xs)));
    assert_eq!(w.to_vec::<f32>(), block().0.to_vec::<f32>());
}

#[test]
fn variables_that_all_steps_get() {
    let (w, b, mut count) = block();
    let xs = normal(2, &[5, 1, 3]);
    let step = |(), (w, b, count, x): (&Param, &Param, &mut Variable<BatchStat>, &Array)| {
        *count += 1;
        ((), apply(w, b, x))
    };
    let arguments = over((&w, &b, &mut count, &xs)).in_axes((None, None, None, 0));
    let ((), ys) = scan(step, (), arguments);
    assert!(close(&ys, &apply(&w, &b, &xs)));
    assert_eq!(count.item::<i32>(), 5);
}

#[derive(Module)]
struct Counter {
    n: Variable<BatchStat>,
}

fn counter(n: Array) -> Counter {
    Counter { n: Variable::new(n) }
}

#[test]
fn each_step_sets_a_slice_of_a_variable() {
    let whole = nnx::array::arange(3, DType::I32);
    let mut counters = counter(whole.clone());
    let step = |(), (c, x): (&mut Counter, &Array)| {
        c.n += 1;
        ((), x + 1)
    };
    let ((), ys) = scan(step, (), (&mut counters, &whole));
    assert_eq!(ys.to_vec::<i32>(), [1, 2, 3]);
    assert_eq!(counters.n.to_vec::<i32>(), [1, 2, 3]);
}

#[test]
fn all_steps_get_everything_whole() {
    let (c, x) = (counter(Array::scalar(2)), Array::scalar(1));
    let step = |(), (c, x): (&Counter, &Array)| ((), x + &c.n);
    let ((), ys) = scan(step, (), over((&c, &x)).in_axes(None::<isize>).length(4));
    assert_eq!(ys.to_vec::<i32>(), [3; 4]);
}

#[test]
fn a_count_in_the_carry() {
    let step = |mut c: Counter, x: &Array| {
        c.n += 1;
        let y = x + &c.n;
        (c, y)
    };
    let (c, ys) = scan(step, counter(Array::scalar(0)), &nnx::array::arange(5, DType::I32));
    assert_eq!((c.n.item::<i32>(), ys.to_vec::<i32>()), (5, vec![1, 3, 5, 7, 9]));
    // Without slices: in the carry, and in an argument that each step gets whole.
    let step = |mut c: Counter, ()| {
        c.n += 1;
        let n = c.n.value().clone();
        (c, n)
    };
    let (c, ns) = scan(step, counter(Array::scalar(0)), length(5));
    assert_eq!((c.n.item::<i32>(), ns.to_vec::<i32>()), (5, vec![1, 2, 3, 4, 5]));
}

#[test]
fn a_count_in_an_argument_without_slices() {
    let mut c = counter(Array::scalar(0));
    let step = |(), c: &mut Counter| {
        c.n += 1;
        ((), c.n.value().clone())
    };
    let ((), ns) = scan(step, (), over(&mut c).in_axes(None::<isize>).length(5));
    assert_eq!((c.n.item::<i32>(), ns.to_vec::<i32>()), (5, vec![1, 2, 3, 4, 5]));
}

/// `n` layers from a scan over random streams.
fn layers(n: usize) -> Linear {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, n);
    let ((), layers) = scan(|(), rngs: &mut Rngs| ((), Linear::new(3, 3, rngs)), (), &mut rngs);
    before.restore(&mut rngs);
    assert_eq!(rngs.stream("default").count.item::<u32>(), 1);
    layers
}

fn one(layers: &Linear, i: usize) -> Linear {
    nnx::map(layers, |_, leaf| leaf.value.slice([i.into()]))
}

#[test]
fn layers_are_made_by_a_scan_and_applied_to_one_input() {
    let layers = layers(5);
    assert_eq!(layers.kernel.shape(), [5, 3, 3]);
    assert_eq!(layers.bias.as_ref().unwrap().shape(), [5, 3]);
    assert_ne!(one(&layers, 0).kernel.to_vec::<f32>(), one(&layers, 1).kernel.to_vec::<f32>());
    let x = ones(&[1, 3]);
    let step = |(), (m, x): (&Linear, &Array)| ((), gelu(&m.forward(x)));
    let ((), ys) = scan(step, (), over((&layers, &x)).in_axes((0, None)));
    assert_eq!(ys.shape(), [5, 1, 3]);
    for i in 0..5 {
        assert!(close(&ys.slice([i.into()]), &gelu(&one(&layers, i).forward(&x))), "layer {i}");
    }
}

#[test]
fn layers_are_made_by_a_scan_and_applied_one_after_the_other() {
    let (layers, x) = (layers(5), ones(&[1, 3]));
    let (y, ()) = scan(|x: Array, m: &Linear| (gelu(&m.forward(&x)), ()), x.clone(), &layers);
    let expected = (0..5).fold(x, |x, i| gelu(&one(&layers, i).forward(&x)));
    assert!(close(&y, &expected));
}

#[test]
fn variables_are_made_by_a_scan_and_applied_by_another() {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, 5);
    let make = |(), rngs: &mut Rngs| {
        let w = random::normal(&rngs.params(), [3, 3], DType::F32);
        ((), (Param::new(w), Param::new(ones(&[3]))))
    };
    let ((), (w, b)) = scan(make, (), &mut rngs);
    before.restore(&mut rngs);
    assert_eq!((w.shape(), b.shape()), (&[5, 3, 3][..], &[5, 3][..]));
    let x = ones(&[1, 3]);
    let (y, ()) =
        scan(|x: Array, (w, b): (&Param, &Param)| (apply(w, b, &x), ()), x.clone(), (&w, &b));
    let row = |v: &Param, i: usize| Param::new(v.slice([i.into()]));
    let expected = (0..5).fold(x, |x, i| apply(&row(&w, i), &row(&b, i), &x));
    assert!(close(&y, &expected));
}

#[derive(Module)]
struct Noting {
    linear: Linear,
    node: Variable<BatchStat>,
    seen: Variable<Intermediate>,
}

fn noting() -> Noting {
    Noting {
        linear: layers(5),
        node: Variable::new(ones(&[2])),
        seen: Variable::new(Array::absent("nothing was seen")),
    }
}

/// Params and what is noted have an axis.
fn axes() -> StateAxes {
    let sliced = Any((of_type::<Param>(), of_type::<Intermediate>()));
    StateAxes::new().with(sliced, 0).with(Everything, None)
}

#[test]
fn what_a_layer_notes_in_each_step_is_stacked() {
    let (mut model, a) = (noting(), normal(3, &[5, 1, 3]));
    let step = |x: Array, (m, a): (&mut Noting, &Array)| {
        assert_eq!((x.shape(), m.node.shape()), (a.shape(), &[2][..]));
        let y = gelu(&m.linear.forward(&(x + a)));
        m.seen.set(y.clone());
        (y, ())
    };
    let (y, ()) = scan(step, ones(&[1, 3]), over((&mut model, &a)).in_axes((axes(), 0)));
    let noted = pop(&mut model, of_type::<Intermediate>());
    let seen = &noted["seen"].value;
    assert_eq!((noted.len(), seen.shape(), model.node.shape()), (1, &[5, 1, 3][..], &[2][..]));
    let mut expected = ones(&[1, 3]);
    for i in 0..5_usize {
        let x = expected + a.slice([i.into()]);
        expected = gelu(&one(&model.linear, i).forward(&x));
        assert!(close(&seen.slice([i.into()]), &expected), "step {i}");
    }
    assert!(close(&y, &expected));
}

#[test]
fn an_argument_that_is_sliced_and_one_that_is_not() {
    let (model, a, b) = (noting(), normal(3, &[5, 1, 3]), normal(4, &[1, 3]));
    let step = |x: Array, (m, a, b): (&Noting, &Array, &Array)| {
        assert_eq!((x.shape(), x.shape()), (a.shape(), b.shape()));
        (gelu(&m.linear.forward(&(x + a + b))), ())
    };
    let (y, ()) = scan(step, ones(&[1, 3]), over((&model, &a, &b)).in_axes((axes(), 0, None)));
    let expected = (0..5_usize).fold(ones(&[1, 3]), |x, i| {
        gelu(&one(&model.linear, i).forward(&(x + a.slice([i.into()]) + &b)))
    });
    assert!(close(&y, &expected));
}

#[derive(Module)]
struct Place {
    data: Array,
}

#[derive(Module)]
struct Walker {
    fc: Linear,
    data1: Variable<Intermediate>,
    data2: Variable<Intermediate>,
}

type Walk = (Place, Array, Place);

#[nnx::jit(graph = false)]
fn walk(model: &mut Walker, start: Walk) -> Walk {
    let step = |(mut a, x, mut b): Walk, m: &mut Walker| {
        let x = m.fc.forward(&x);
        a.data += 1.0;
        b.data += 1.0;
        m.data1.set(a.data.clone());
        m.data2.set(b.data.clone());
        ((a, x, b), ())
    };
    let axes = StateAxes::new().with(of_type::<Intermediate>(), 0).with(Everything, None);
    scan(step, start, over(model).in_axes(axes).length(5)).0
}

#[test]
fn a_module_that_all_steps_get_notes_a_value_in_each() {
    let absent = || Variable::new(Array::absent("nothing was noted"));
    let fc = Linear::new(3, 3, &mut Rngs::new(0));
    let mut model = Walker { fc, data1: absent(), data2: absent() };
    let place = |x: f32| Place { data: scalar(x) };
    let (a, x, b) = walk(&mut model, (place(0.0), ones(&[3]), place(10.0)));
    assert_eq!((a.data.item::<f32>(), b.data.item::<f32>(), x.shape()), (5.0, 15.0, &[3][..]));
    assert_eq!(model.data1.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(model.data2.to_vec::<f32>(), [11.0, 12.0, 13.0, 14.0, 15.0]);
}

static BODIES: AtomicUsize = AtomicUsize::new(0);

#[nnx::jit(graph = false)]
fn squares(count: &Array, xs: &Array) -> (Array, Array) {
    let step = |count: Array, x: &Array| {
        BODIES.fetch_add(1, Ordering::Relaxed);
        (count + 1, x.square())
    };
    scan(step, count.clone(), xs)
}

#[test]
fn a_body_is_traced_once_for_all_steps_and_calls() {
    let xs = nnx::array::arange(5, DType::I32);
    let mut count = Array::scalar(0);
    for calls in 1..3 {
        let (next, ys) = squares(&count, &xs);
        count = next;
        assert_eq!((count.item::<i32>(), ys.to_vec::<i32>()), (5 * calls, vec![0, 1, 4, 9, 16]));
        assert_eq!(BODIES.load(Ordering::Relaxed), 1);
    }
}
