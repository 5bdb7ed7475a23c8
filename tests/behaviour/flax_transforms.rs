//! Counterparts of Flax's tests of aliasing in `vmap`, `scan`, `cond` and the loops in tree mode, and of the
//! choice of what is differentiated. The table in `docs/flax-tests.md` says which is
//! which.

use super::jit_support::*;
use nnx::module::{BatchStat, Path, VarInfo};
use nnx::nn::Linear;
use nnx::random::{self, Rngs};
use nnx::transform::Checks;
use nnx::{
    Array, DType, Everything, Module, Param, StateAxes, Variable, checkify, cond, custom_vjp, grad,
    of_type, over, remat, scan, value_and_grad, vmap, while_loop, wrt,
};

fn normal(shape: &[usize]) -> Array {
    random::normal(&random::key(0), shape, DType::F32)
}

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-5
}

#[derive(Module)]
struct Foo {
    a: Param,
}

#[test]
fn one_module_is_read_along_two_axes() {
    let m = Foo { a: Param::new(normal(&[3, 3])) };
    let products =
        vmap(|(rows, columns): (&Foo, &Foo)| (&rows.a * &*columns.a).sum(..), (&m, &m), (0, 1));
    let expected = (m.a.value() * m.a.t()).sum(1);
    assert!(close(&products, &expected));
}

nnx::variable_kind! {
    struct Broadcast;
    struct Vectorized;
}

#[derive(Module)]
struct Env {
    broadcast: Variable<Broadcast>,
    index: Variable<Vectorized>,
    step: Variable<Vectorized>,
}

impl Env {
    fn new() -> Env {
        Env {
            broadcast: Variable::new(Array::scalar(1_i32)),
            index: Variable::new(nnx::array::arange(8, DType::I32)),
            step: Variable::new(nnx::array::zeros([8], DType::I32)),
        }
    }

    fn axes() -> StateAxes {
        StateAxes::new().with(of_type::<Broadcast>(), None).with(of_type::<Vectorized>(), 0)
    }

    /// Counts where the index is even.
    fn advance(&mut self, increment: fn(&mut Env)) {
        assert_eq!(self.step.shape(), [0; 0]);
        let is_even = (&self.index % 2).eq(0);
        cond(&is_even, increment, |_| (), self);
    }
}

#[test]
fn a_branch_inside_vmap_updates_what_is_mapped() {
    let mut env = Env::new();
    let increment = |env: &mut Env| {
        let next = &env.step + 1;
        env.step.set(next);
    };
    vmap(|env: &mut Env| env.advance(increment), &mut env, Env::axes());
    assert_eq!(env.step.to_vec::<i32>(), [1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(env.broadcast.item::<i32>(), 1);
}

#[test]
fn a_branch_inside_vmap_cannot_update_what_all_share() {
    let mut env = Env::new();
    let increment = |env: &mut Env| {
        let next = &env.broadcast + 1;
        env.broadcast.set(next);
    };
    let message = panic_message(|| {
        vmap(|env: &mut Env| env.advance(increment), &mut env, Env::axes());
    });
    assert_says(&message, &["the Variable `broadcast` has axis None"]);
    assert_eq!(env.broadcast.item::<i32>(), 1);
}

#[test]
fn axes_of_a_model_by_filter() {
    let model = Foo { a: Param::new(normal(&[4, 2, 3])) };
    let x = nnx::array::ones([2], DType::F32);
    let each = |axes: StateAxes| {
        vmap(|(m, x): (&Foo, &Array)| x.matmul(&*m.a), (&model, &x), (axes, None))
    };
    let y = each(StateAxes::new().with(of_type::<Param>(), 0));
    assert_eq!(y.shape(), [4, 3]);
    assert!(close(&y, &model.a.sum(1)));
    let by_closure = |_: &Path, leaf: &VarInfo| leaf.kind.is_some();
    assert!(close(&each(StateAxes::new().with(by_closure, 0)), &y));
    assert!(close(&each(StateAxes::new().with(Everything, 0)), &y));
    // A Variable alone; and a filter that takes nothing leaves nothing to map over.
    let alone = vmap(|(v, x): (&Param, &Array)| x.matmul(&**v), (&model.a, &x), (0, None));
    assert!(close(&alone, &y));
    let message = panic_message(|| drop(each(StateAxes::new().with(of_type::<BatchStat>(), 0))));
    assert_says(&message, &["vmap"]);
}

#[test]
fn a_carry_is_a_value_in_whose_place_comes_the_next() {
    let count: Variable<BatchStat> = Variable::new(Array::scalar(0_i32));
    let tick = |count: Variable<BatchStat>, x: &Array| (Variable::new(&count + 1), x.clone());
    let (last, xs) = scan(tick, count.clone(), &nnx::array::arange(3, DType::I32));
    assert_eq!((last.item::<i32>(), xs.to_vec::<i32>()), (3, vec![0, 1, 2]));
    assert_eq!(count.item::<i32>(), 0, "what was given is another Variable");
}

#[test]
fn a_variable_that_all_iterations_get_is_carried_along() {
    let mut v: Variable<BatchStat> = Variable::new(Array::scalar(1_i32));
    let xs = nnx::array::arange(3, DType::I32);
    let step = |carry: Array, (v, x): (&mut Variable<BatchStat>, &Array)| {
        let next = &*v + 1;
        v.set(next);
        (&carry + x, carry)
    };
    let (sum, _) = scan(step, Array::scalar(0_i32), over((&mut v, &xs)).in_axes((None, 0)));
    assert_eq!((sum.item::<i32>(), v.item::<i32>()), (3, 4));
}

type Carry = (Linear, Array, Array);

fn loop_from(model: Linear, body: impl FnOnce(Carry) -> Carry) -> Carry {
    let x = normal(&[10]) * 10.0;
    while_loop(|(_, _, left): &Carry| left.gt(0.0), body, (model, x, scalar(2.0)))
}

#[test]
fn a_new_variable_takes_its_place_in_the_carry_of_a_loop() {
    let model = Linear::new(10, 10, &mut Rngs::new(0));
    let (last, y, left) = loop_from(model, |(mut model, x, left)| {
        let y = model.forward(&x);
        model.kernel = Param::new(model.kernel.zeros_like());
        (model, y, left - 1.0)
    });
    assert_eq!(left.item::<f32>(), 0.0);
    assert_eq!(last.kernel.to_vec::<f32>(), [0.0; 100]);
    assert_eq!(y.to_vec::<f32>(), [0.0; 10]);
}

#[test]
fn a_carry_that_changes_its_structure_is_an_error_with_the_path() {
    let model = Linear::new(10, 10, &mut Rngs::new(0));
    let message = panic_message(|| {
        loop_from(model, |(_, x, left)| {
            let model = Linear::builder(10, 10).use_bias(false).build(&mut Rngs::new(1));
            let y = model.forward(&x);
            (model, y, left - 1.0)
        });
    });
    assert_says(&message, &["while_loop", "bias"]);
}

#[test]
fn what_a_closure_captured_is_the_same_for_each_element_and_iteration() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let xs = normal(&[4, 2]);
    let expected = model.forward(&xs);
    assert!(close(&vmap(|x: &Array| model.forward(x), &xs, 0), &expected));
    let (_, scanned) = scan(|(), x: &Array| ((), model.forward(x)), (), &xs);
    assert!(close(&scanned, &expected));
    assert!(close(&remat(|x: &Array| model.forward(x), &xs), &expected));
    let gradient = grad(|x: &Array| remat(|x: &Array| model.forward(x).sum(..), x), &xs);
    assert_eq!(gradient.shape(), [4, 2]);
    assert_eq!(nnx::eval_shape(|x: &Array| model.forward(x), &xs).shape(), [4, 3]);
}

#[test]
fn what_a_checked_closure_captured_is_read_and_its_argument_is_updated() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let xs = normal(&[4, 2]);
    let (error, ys) = checkify(Checks::ALL, |x: &Array| model.forward(x), &xs);
    assert_eq!(error.get().unwrap(), None);
    assert!(close(&ys, &model.forward(&xs)));
    // A Module that is the argument is updated, whatever the checks say.
    let mut foo = Foo { a: Param::new(f32s(&[1.0, -1.0])) };
    let logarithm = |foo: &mut Foo| {
        let next = foo.a.log();
        foo.a.set(next);
    };
    let (error, ()) = checkify(Checks::NAN, logarithm, &mut foo);
    assert!(error.get().unwrap().unwrap().starts_with("nan generated by log"));
    let logs = foo.a.to_vec::<f32>();
    assert!(logs[0] == 0.0 && logs[1].is_nan(), "{logs:?}");
}

#[test]
fn a_custom_derivative_inside_jit() {
    #[nnx::jit(graph = false)]
    fn sine_times(x: &Array, y: &Array) -> (Array, Array) {
        let f = custom_vjp(
            |(x, y): &(Array, Array)| x.sin() * y,
            |(x, y): &(Array, Array)| (x.sin() * y, (x.cos(), x.sin(), y.clone())),
            |(cos, sin, y): (Array, Array, Array), g: &Array| (cos * g * y, sin * g),
        );
        let arguments = (x.clone(), y.clone());
        let gradient =
            grad(|(x, y): &(Array, Array)| f(&(x.clone(), y.clone())).sum(..), &arguments);
        (f(&arguments), gradient.0)
    }
    let (x, y) = (f32s(&[1.0, 2.0]), f32s(&[3.0, 4.0]));
    let (value, gradient) = sine_times(&x, &y);
    assert!(close(&value, &(x.sin() * &y)) && close(&gradient, &(x.cos() * &y)));
}

#[derive(Module)]
struct Mixed {
    a: (Param, Variable<BatchStat>),
    b: Param,
    c: usize,
}

#[test]
fn the_leaves_to_differentiate_are_chosen_by_kind() {
    let model = Mixed {
        a: (Param::new(scalar(10.0)), Variable::new(scalar(20.0))),
        b: Param::new(scalar(10.0)),
        c: 7,
    };
    let sum = |m: &Mixed| &m.a.0 + &*m.a.1 + &*m.b;
    let gradient = grad(sum, wrt(of_type::<BatchStat>(), &model));
    assert_eq!((gradient.a.1.item::<f32>(), gradient.c), (1.0, 7));
    assert!(gradient.a.0.is_absent() && gradient.b.is_absent());
}

#[test]
fn the_leaves_to_differentiate_are_chosen_by_path() {
    let mut rngs = Rngs::new(0);
    let (m1, m2) = (Linear::new(2, 3, &mut rngs), Linear::new(2, 3, &mut rngs));
    let lists = (vec![m1], vec![m2]);
    let chosen = |path: &Path, _: &VarInfo| {
        ["[0][0].kernel", "[1][0].bias"].contains(&path.to_string().as_str())
    };
    let bias = |m: &Linear| m.bias.as_ref().unwrap().value().clone();
    let loss = |l1: &Linear, l2: &Linear| {
        (&l1.kernel * &*l2.kernel).mean(..) + (bias(l1) * bias(l2)).mean(..)
    };
    let (value, (g1, g2)) = value_and_grad(
        |(l1, l2): (&Vec<Linear>, &Vec<Linear>)| loss(&l1[0], &l2[0]),
        wrt(chosen, (&lists.0, &lists.1)),
    );
    assert_eq!(value.rank(), 0);
    assert!(close(&g1[0].kernel, &(lists.1[0].kernel.value() / 6.0)));
    assert!(g1[0].bias.as_ref().unwrap().is_absent() && g2[0].kernel.is_absent());
    assert_eq!(g2[0].bias.as_ref().unwrap().shape(), [3]);
}

fn kernel_of_the_first_and_bias_of_the_second(path: &Path, _: &VarInfo<'_>) -> bool {
    ["[0].kernel", "[1].bias"].contains(&path.to_string().as_str())
}

fn products((m1, m2): (&Linear, &Linear)) -> Array {
    let bias = |m: &Linear| m.bias.as_ref().unwrap().value().clone();
    (&m1.kernel * &*m2.kernel).mean(..) + (bias(m1) * bias(m2)).mean(..)
}

#[test]
fn of_two_arguments_the_leaves_to_differentiate_are_chosen_by_path() {
    let mut rngs = Rngs::new(0);
    let (m1, m2) = (Linear::new(2, 3, &mut rngs), Linear::new(2, 3, &mut rngs));
    let filter = kernel_of_the_first_and_bias_of_the_second;
    let (g1, g2) = grad(products, wrt(filter, (&m1, &m2)));
    assert!(close(&g1.kernel, &(m2.kernel.value() / 6.0)));
    assert!(g1.bias.unwrap().is_absent() && g2.kernel.is_absent());
    assert_eq!(g2.bias.unwrap().shape(), [3]);
}

#[test]
fn a_new_module_is_aux_beside_leaves_that_are_chosen_by_path() {
    let mut rngs = Rngs::new(0);
    let (mut m1, m2) = (Linear::new(2, 3, &mut rngs), Linear::new(2, 3, &mut rngs));
    let loss = |(m1, m2): (&mut Linear, &Linear)| {
        let loss = products((&*m1, m2));
        m1.kernel.set(scalar(-1.0));
        (loss, Linear::new(2, 3, &mut Rngs::new(2)))
    };
    let filter = kernel_of_the_first_and_bias_of_the_second;
    let ((loss, made), (g1, g2)) = value_and_grad(loss, wrt(filter, (&mut m1, &m2)));
    assert_eq!((loss.rank(), made.kernel.shape()), (0, &[2, 3][..]));
    assert_eq!(m1.kernel.item::<f32>(), -1.0);
    assert!(close(&g1.kernel, &(m2.kernel.value() / 6.0)));
    assert!(g1.bias.unwrap().is_absent() && g2.kernel.is_absent());
    assert_eq!(g2.bias.unwrap().shape(), [3]);
}

#[test]
fn a_variable_that_is_made_inside_has_a_derivative() {
    let square = |x: &Array| Param::new(x.clone()).square();
    assert_eq!(grad(square, &scalar(3.0)).item::<f32>(), 6.0);
}
