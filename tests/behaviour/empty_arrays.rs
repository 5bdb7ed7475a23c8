//! Arrays without elements, also such with more rows of none than XLA can write, in programs with other results.

use nnx::array::{concatenate, einsum, full, iota, ones, zeros};
use nnx::{Array, DType, Module, Param, cond, fori_loop, grad, length, remat, scan, vmap};

const HUGE: [usize; 3] = [20000, 20000, 0];

fn huge() -> Array {
    zeros(HUGE, DType::F32)
}

fn floats(array: &Array) -> Vec<f32> {
    array.to_vec()
}

#[nnx::jit]
fn results(x: &Array, e: &Array) -> (Array, Array, Array, Array) {
    (zeros(e.shape(), DType::F32) + 1.0, x + 1.0, e.exp() * e, x * 2.0)
}

#[test]
fn they_are_results_beside_others() {
    let x = Array::from([1.0_f32, 2.0]);
    let shapes: [&[usize]; 6] =
        [&HUGE, &[1 << 40, 0], &[0, 1 << 40], &[1 << 20, 0, 1 << 20], &[0], &[4097, 0]];
    for shape in shapes {
        let e = zeros(shape, DType::F32);
        for e in [&e, &-&e] {
            let (a, b, c, d) = results(&x, e);
            assert_eq!((a.shape(), c.shape()), (shape, shape));
            assert_eq!((floats(&a), floats(&c)), (vec![], vec![]));
            assert_eq!((floats(&b), floats(&d)), (vec![2.0, 3.0], vec![2.0, 4.0]));
            // The results of a call are arguments of others, and of operations.
            assert_eq!(floats(&results(&d, &c).1), [3.0, 5.0]);
            assert_eq!((a + c).sum(..).item::<f32>(), 0.0);
        }
    }
}

#[nnx::jit]
fn consumers(x: &Array, e: &Array) -> Vec<Array> {
    let rows = zeros([1 << 14, 0], DType::F32);
    let row = iota([1 << 14, 1], DType::F32, 0);
    vec![
        x + e.sum(..) + huge().prod(..),
        e.sum([0, 1]),
        rows.sum(1).sum(..),
        concatenate([&rows, &row, &(&rows + 1.0)], 1).sum(..),
        concatenate([&zeros([0, 2], DType::F32), &ones([1, 2], DType::F32)], 0),
        (rows.matmul(zeros([0, 3], DType::F32)) + 1.0).sum(..),
        einsum("abi,ibc->c", [&zeros([2, 3, 0], DType::F32), &zeros([0, 3, 2], DType::F32)]) + x,
        zeros([0], DType::F32).pad(&[(1, 1)], 7.0),
        x.dynamic_update_slice(zeros([0], DType::F32), [&Array::scalar(0_i32)]),
        rows.all(1).astype(DType::F32).sum(..),
    ]
}

#[test]
fn operations_over_them_have_the_values_of_numpy() {
    let x = Array::from([1.0_f32, 2.0]);
    let got: Vec<Vec<f32>> = consumers(&x, &huge()).iter().map(floats).collect();
    let rows = (1 << 14) as f32;
    let expected: [&[f32]; 10] = [
        &[2.0, 3.0],
        &[],
        &[0.0],
        &[rows * (rows - 1.0) / 2.0],
        &[1.0, 1.0],
        &[3.0 * rows],
        &[1.0, 2.0],
        &[7.0, 7.0],
        &[1.0, 2.0],
        &[rows],
    ];
    assert_eq!(got, expected);
}

#[nnx::jit]
fn bodies(x: &Array) -> (Array, Array, Array, Array, Array, Array) {
    let xs = (zeros([3, 20000, 20000, 0], DType::F32), iota([3], DType::F32, 0));
    let step = |(e, sum): (Array, Array), (xe, x): (&Array, &Array)| {
        let e = e + xe;
        let sum = sum + x + e.sum(..);
        ((e.clone(), sum.clone()), (e, sum))
    };
    let ((_, sum), (es, sums)) = scan(step, (huge(), Array::scalar(0.0_f32)), (&xs.0, &xs.1));
    let chosen = cond(
        x.sum(..).gt(0.0),
        |(x, e): (&Array, &Array)| (x + 1.0, e + 1.0),
        |(x, e): (&Array, &Array)| (x - 1.0, e.clone()),
        (x, &huge()),
    );
    let looped = fori_loop(
        0,
        4,
        |_, (x, e): (Array, Array)| (x + 1.0 + e.sum(..), e * 2.0),
        (chosen.0, chosen.1),
    );
    let kept = remat(|(x, e): (&Array, &Array)| (x * 2.0, e.sin()), (&looped.0, &looped.1));
    (sum, es, sums, looped.0, kept.0, kept.1)
}

#[test]
fn bodies_of_loops_and_branches_pass_them_on() {
    let (sum, es, sums, looped, kept, e) = bodies(&Array::from([1.0_f32, 2.0]));
    assert_eq!((sum.item::<f32>(), floats(&sums)), (3.0, vec![0.0, 1.0, 3.0]));
    assert_eq!((es.shape(), e.shape()), (&[3, 20000, 20000, 0][..], &HUGE[..]));
    assert_eq!((floats(&looped), floats(&kept)), (vec![6.0, 7.0], vec![12.0, 14.0]));
}

#[nnx::jit]
fn derivatives(x: &Array) -> (Array, Array, Array) {
    let loss = |(x, e): (&Array, &Array)| (x.square().sum(..) + (e * e).sum(..)) * 1.0;
    let (dx, de) = grad(loss, (x, &huge()));
    let each = vmap(|(x, e): (&Array, &Array)| x + e.sum(..), (x, &huge()), (0, None));
    (dx, de, each)
}

#[test]
fn derivatives_and_batches_have_them() {
    let (dx, de, each) = derivatives(&Array::from([1.0_f32, 2.0]));
    assert_eq!((floats(&dx), floats(&each)), (vec![2.0, 4.0], vec![1.0, 2.0]));
    assert_eq!(de.shape(), HUGE);
}

#[derive(Module)]
struct Net {
    none: Param,
    some: Param,
    few: Param,
}

#[nnx::jit]
fn update(net: &mut Net) -> Array {
    net.none.set(&*net.none * 2.0);
    net.some.set(&*net.some + 1.0);
    net.few.set(&*net.few * 2.0);
    let ((), lengths) = scan(|(), ()| ((), net.none.sum(..)), (), length(2));
    lengths
}

#[test]
fn state_that_is_updated_in_place_has_them() {
    let few = zeros([2, 0], DType::F32);
    let some = full([3], 1.0, DType::F32);
    let mut net = Net { none: Param::new(huge()), some: Param::new(some), few: Param::new(few) };
    for call in 1..4 {
        assert_eq!(floats(&update(&mut net)), [0.0, 0.0]);
        assert_eq!(floats(&net.some), [1.0 + call as f32; 3]);
        assert_eq!((net.none.shape(), net.few.shape()), (&HUGE[..], &[2, 0][..]));
    }
    let text = nnx::jit::lower(|| update(&mut net)).unwrap().stablehlo();
    assert_eq!(text.matches("20000x").count(), 2, "one argument: {text}");
    assert!(text.contains("tf.aliasing_output = 0"), "{text}");
}
