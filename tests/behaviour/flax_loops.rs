//! Counterparts of Flax's tests of loops, branches and `checkify` in tree mode. The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::BatchStat;
use nnx::nn::{Linear, Sequential};
use nnx::random::{self, Rngs};
use nnx::transform::Checks;
use nnx::{
    Array, DType, Module, Param, Variable, checkify, cond, fori_loop, switch, vmap, while_loop,
};

type Count = Variable<BatchStat>;

fn count(n: i32) -> Count {
    Variable::new(Array::scalar(n))
}

fn eye(factor: f64) -> Array {
    nnx::array::eye(10, DType::F32) * factor
}

/// A layer that doubles.
fn doubling() -> Linear {
    let mut layer = Linear::new(10, 10, &mut Rngs::new(0));
    layer.kernel.set(eye(2.0));
    layer
}

fn input() -> Array {
    random::normal(&random::key(0), [10], DType::F32) * 10.0
}

fn values(x: &Array) -> Vec<f32> {
    x.to_vec()
}

#[test]
fn a_layer_is_carried_through_a_loop() {
    let (_, y, left) = while_loop(
        |(_, _, left): &(Linear, Array, Array)| left.gt(0.0),
        |(m, x, left)| {
            let y = m.forward(&x);
            (m, y, left - 1.0)
        },
        (doubling(), input(), scalar(3.0)),
    );
    assert_eq!((values(&y), left.item::<f32>()), (values(&(input() * 8.0)), 0.0));
}

#[test]
fn a_layer_and_a_variable_in_a_tuple_are_carried() {
    let half: (Variable<BatchStat>,) = (Variable::new(eye(0.5)),);
    let (_, _, y, _) = while_loop(
        |(_, _, _, left): &(Linear, (Count,), Array, Array)| left.gt(0.0),
        |(m, (half,), x, left)| {
            let y = m.forward(&x).matmul(&*half);
            (m, (half,), y, left - 1.0)
        },
        (doubling(), half, input(), scalar(3.0)),
    );
    assert_eq!(values(&y), values(&input()));
}

#[test]
fn a_layer_in_a_layer_is_carried() {
    type Nested = Sequential<(Linear,)>;
    let (_, y, _) = while_loop(
        |(_, _, left): &(Nested, Array, Array)| left.gt(0.0),
        |(mut m, x, left)| {
            let y = m.forward(&x);
            (m, y, left - 1.0)
        },
        (Sequential::new((doubling(),)), input(), scalar(3.0)),
    );
    assert_eq!(values(&y), values(&(input() * 8.0)));
}

#[test]
fn a_value_that_a_loop_sets_is_carried() {
    let (m, y, _) = while_loop(
        |(_, _, left): &(Linear, Array, Array)| left.gt(0.0),
        |(mut m, x, left)| {
            m.kernel.set(m.kernel.zeros_like());
            let y = m.forward(&x);
            (m, y, left - 1.0)
        },
        (doubling(), input(), scalar(3.0)),
    );
    assert_eq!((values(&m.kernel), values(&y)), (vec![0.0; 100], vec![0.0; 10]));
}

#[test]
fn all_variables_of_a_carry_are_mapped() {
    let zeros = nnx::map(&doubling(), |_, leaf| leaf.value.zeros_like());
    let twos = fori_loop(0, 2, |_, m: Linear| nnx::map(&m, |_, leaf| leaf.value + 1.0), zeros);
    assert_eq!(values(&twos.kernel), [2.0; 100]);
    assert_eq!(values(twos.bias.as_ref().unwrap()), [2.0; 10]);
}

#[test]
fn a_variable_alone_accumulates() {
    let add = |_, mut sum: Count| {
        sum += 1.0;
        sum
    };
    let sum = fori_loop(0, 3, add, Variable::new(nnx::array::zeros([10, 10], DType::F32)));
    assert_eq!(values(&sum), [3.0; 100]);
}

#[test]
fn the_counter_of_a_loop_is_an_array() {
    let body = |i: Array, (mut m, x): (Linear, Array)| {
        m.kernel.set(eye(1.0) * i.astype(DType::F32));
        let y = m.forward(&x);
        (m, y)
    };
    let (m, y) = fori_loop(2, 4, body, (doubling(), input()));
    assert_eq!(values(&y), values(&(input() * 2.0 * 3.0)));
    assert_eq!(values(&m.kernel), values(&eye(3.0)));
}

#[derive(Module)]
struct Held {
    param: Param,
}

#[test]
fn modules_that_a_loop_leaves_alone_come_out_of_it() {
    let held = |x: f32| Held { param: Param::new(scalar(x)) };
    let (a, b, left) = while_loop(
        |(_, _, left): &(Held, Held, Array)| left.gt(0),
        |(a, b, left)| (a, b, left - 1),
        (held(1.0), held(2.0), Array::scalar(2)),
    );
    let (a, b) = fori_loop(0, 2, |_, both: (Held, Held)| both, (a, b));
    assert_eq!((a.param.item::<f32>(), b.param.item::<f32>()), (1.0, 2.0));
    assert_eq!(left.item::<i32>(), 0);
}

#[derive(Module)]
struct Counter {
    count: Count,
}

type Counted = (Counter, Linear, Array, Array);

#[test]
fn a_counter_counts_the_steps_of_a_while_loop() {
    let (counter, _, y, _) = while_loop(
        |(_, _, _, left): &Counted| left.gt(0),
        |(mut counter, m, x, left)| {
            counter.count += 1;
            let y = m.forward(&x);
            (counter, m, y, left - 1)
        },
        (Counter { count: count(0) }, doubling(), input(), Array::scalar(3)),
    );
    assert_eq!((counter.count.item::<i32>(), values(&y)), (3, values(&(input() * 8.0))));
}

#[test]
fn a_counter_counts_the_steps_of_a_fori_loop() {
    let body = |_, (mut counter, m, x): (Counter, Linear, Array)| {
        counter.count += 1;
        let y = m.forward(&x);
        (counter, m, y)
    };
    let start = (Counter { count: count(0) }, doubling(), input());
    let (counter, _, y) = fori_loop(0, 3, body, start);
    assert_eq!((counter.count.item::<i32>(), values(&y)), (3, values(&(input() * 8.0))));
}

#[nnx::jit(graph = false)]
fn while_inside(m: Linear, x: &Array) -> Array {
    let start = (m, x.clone(), scalar(3.0));
    let going = |(_, _, left): &(Linear, Array, Array)| left.gt(0.0);
    let body = |(m, x, left): (Linear, Array, Array)| {
        let y = m.forward(&x);
        (m, y, left - 1.0)
    };
    while_loop(going, body, start).1
}

#[test]
fn a_while_loop_inside_jit() {
    assert_eq!(values(&while_inside(doubling(), &input())), values(&(input() * 8.0)));
}

#[nnx::jit(graph = false)]
fn fori_inside(m: Linear, x: &Array) -> Array {
    let body = |_, (m, x): (Linear, Array)| {
        let y = m.forward(&x);
        (m, y)
    };
    fori_loop(0, 3, body, (m, x.clone())).1
}

#[test]
fn a_fori_loop_inside_jit() {
    assert_eq!(values(&fori_inside(doubling(), &input())), values(&(input() * 8.0)));
}

#[derive(Module)]
struct TimeStep {
    step: Count,
    reward: Variable<BatchStat>,
}

impl TimeStep {
    fn update(&mut self) {
        let even = (&self.step % 2).eq(0);
        let advance = |m: &mut TimeStep, reward: f32| {
            m.step += 1;
            m.reward.set(scalar(reward));
        };
        cond(&even, |m: &mut TimeStep| advance(m, 2.0), |m: &mut TimeStep| advance(m, 0.0), self);
    }
}

#[test]
fn a_branch_updates_a_module() {
    let mut m = TimeStep { step: count(0), reward: Variable::new(scalar(0.0)) };
    for (step, reward) in [(1, 2.0), (2, 0.0), (3, 2.0)] {
        m.update();
        assert_eq!((m.step.item::<i32>(), m.reward.item::<f32>()), (step, reward));
    }
}

#[test]
fn a_branch_updates_a_variable() {
    let mut x = count(8);
    for expected in [4, 2, 1, 4] {
        let even = (&x % 2).eq(0);
        cond(
            &even,
            |x: &mut Count| x.set(x.floor_divide(2)),
            |x: &mut Count| x.set(x.value() * 3 + 1),
            &mut x,
        );
        assert_eq!(x.item::<i32>(), expected);
    }
}

#[derive(Module)]
struct Env {
    index: Count,
    step: Count,
}

#[test]
fn a_branch_of_each_element_beside_a_common_layer() {
    let mut env = Env {
        index: Variable::new(nnx::array::arange(8, DType::I32)),
        step: Variable::new(nnx::array::zeros([8], DType::U32)),
    };
    let f = |(env, m): (&mut Env, &Linear)| {
        assert_eq!((env.index.shape().len(), m.kernel.shape()), (0, &[10, 10][..]));
        let even = (&env.index % 2).eq(0);
        cond(&even, |env: &mut Env| env.step += 1_u32, |_: &mut Env| (), env);
    };
    vmap(f, (&mut env, &doubling()), (0, None));
    assert_eq!(env.step.to_vec::<u32>(), [1, 0, 1, 0, 1, 0, 1, 0]);
}

#[test]
fn each_branch_sets_another_variable() {
    let (mut a, mut b) = (count(0), count(0));
    for (which, expected) in [(true, (1, 0)), (false, (1, 10))] {
        cond(
            Array::scalar(which),
            |(a, _): (&mut Count, &mut Count)| *a += 1,
            |(_, b): (&mut Count, &mut Count)| *b += 10,
            (&mut a, &mut b),
        );
        assert_eq!((a.item::<i32>(), b.item::<i32>()), expected);
    }
}

#[derive(Module)]
struct RoundTable {
    linear: Linear,
    rounds: Count,
}

#[test]
fn branches_by_number_update_a_module() {
    let mut table = RoundTable { linear: doubling(), rounds: count(0) };
    table.linear.kernel.set(eye(1.0));
    let x = nnx::array::ones([10], DType::F32);
    let branch = |k: usize, (m, x): (&mut RoundTable, &Array)| match k {
        0 => {
            m.rounds += 1;
            m.linear.forward(x)
        }
        1 => m.linear.forward(x) * 2.0,
        _ => {
            m.linear.kernel.set(eye(0.0));
            m.linear.forward(x)
        }
    };
    for (i, (y, rounds)) in [(1.0, 1), (2.0, 1), (0.0, 1), (0.0, 2)].into_iter().enumerate() {
        let index = Array::scalar(i as i32 % 3);
        assert_eq!(values(&switch(&index, 3, branch, (&mut table, &x))), [y; 10], "call {i}");
        assert_eq!(table.rounds.item::<i32>(), rounds, "call {i}");
    }
}

#[test]
fn branches_by_number_update_a_variable() {
    let mut x = count(0);
    for (k, expected) in [(0, 1), (1, 11), (2, 111)] {
        let add = |k: usize, x: &mut Count| *x += [1, 10, 100][k];
        switch(Array::scalar(k), 3, add, &mut x);
        assert_eq!(x.item::<i32>(), expected);
    }
}

#[nnx::jit(graph = false)]
fn sine(m: &Held) -> Array {
    &m.param + m.param.sin()
}

#[test]
fn a_check_reaches_into_a_jitted_function() {
    let held = |x: f32| Held { param: Param::new(scalar(x)) };
    let (error, _) = checkify(Checks::NAN, sine, &held(f32::INFINITY));
    assert_says(&error.throw().unwrap_err().to_string(), &["nan generated by sin"]);
    let (error, y) = checkify(Checks::NAN, sine, &held(0.0));
    error.throw().unwrap();
    assert_eq!(y.item::<f32>(), 0.0);
}

#[nnx::jit(graph = false)]
fn tick(count: &mut Count) -> Array {
    *count += 1;
    count.value().clone()
}

#[test]
fn what_a_checked_jitted_function_sets_is_set() {
    let mut n = count(0);
    let (error, y) = checkify(Checks::ALL, |n: &mut Count| tick(n), &mut n);
    error.throw().unwrap();
    assert_eq!((n.item::<i32>(), y.item::<i32>()), (1, 1));
}
