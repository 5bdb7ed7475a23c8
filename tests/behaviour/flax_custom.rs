//! Counterparts of Flax's tests of `custom_vjp`, `vjp`, `jvp` and `remat` in tree mode. The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::BatchStat;
use nnx::nn::Linear;
use nnx::random::{self, Rngs, split_rngs};
use nnx::{
    Array, DType, Everything, Module, Param, Variable, custom_vjp, custom_vjp_call, grad, jvp,
    jvp_with_aux, linearize_with_aux, path_contains, remat, scan, value_and_grad, vjp,
    vjp_with_aux, vmap, wrt,
};

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-5
}

#[track_caller]
fn assert_near(x: &Array, expected: f64) {
    let x = f64::from(x.item::<f32>());
    assert!((x - expected).abs() < 1e-6 * expected.abs().max(1.0), "{x}, not {expected}");
}

#[derive(Module, Clone)]
struct Foo {
    x: Param,
    y: Param,
}

fn foo(x: f32, y: f32) -> Foo {
    Foo { x: Param::new(scalar(x)), y: Param::new(scalar(y)) }
}

fn product(m: &Foo) -> Array {
    m.x.sin() * &*m.y
}

/// The values that the rule of [`product`] keeps.
type Kept = (Array, Array, Foo);

fn kept(m: &Foo) -> Kept {
    (m.x.cos(), m.x.sin(), m.clone())
}

/// Ten times the cotangent with respect to `y`, so that it shows that the rule was used.
fn backward((cos, sin, m): Kept, g: &Array) -> Foo {
    Foo { x: Param::new(cos * g * &*m.y), y: Param::new(sin * g * 10.0) }
}

fn with_rule() -> impl Fn(&Foo) -> Array {
    custom_vjp(product, |m: &Foo| (product(m), kept(m)), backward)
}

#[test]
fn a_rule_for_modules_gives_a_module() {
    let f = with_rule();
    let m = foo(1.0, 2.0);
    assert_near(&f(&m), 1.0_f64.sin() * 2.0);
    let gradient = grad(|m: &Foo| f(m), &m);
    assert_near(&gradient.x, 1.0_f64.cos() * 2.0);
    assert_near(&gradient.y, 1.0_f64.sin() * 10.0);
}

#[test]
fn a_function_with_a_rule_is_called_without_a_derivative() {
    let mut rngs = Rngs::new(0);
    let f = custom_vjp(
        |(a, b): &(Linear, Linear)| &*a.kernel * &*b.kernel,
        |(a, b): &(Linear, Linear)| (&*a.kernel * &*b.kernel, (a.clone(), b.clone())),
        |both: (Linear, Linear), _: &Array| both,
    );
    let both = (Linear::new(1, 1, &mut rngs), Linear::new(1, 1, &mut rngs));
    let y = f(&both);
    assert_eq!(y.shape(), [1, 1]);
    let expected = both.0.kernel.to_vec::<f32>()[0] * both.1.kernel.to_vec::<f32>()[0];
    assert_eq!(y.to_vec::<f32>(), [expected]);
}

#[test]
fn of_a_rules_cotangent_those_parts_are_taken_that_are_asked_for() {
    let f = with_rule();
    let m = foo(1.0, 2.0);
    let gradient = grad(|m: &Foo| f(m), wrt(path_contains("x"), &m));
    assert_near(&gradient.x, 1.0_f64.cos() * 2.0);
    assert!(gradient.y.is_absent());
}

#[nnx::jit(graph = false)]
fn rematerialized(m: &Foo) -> Array {
    let again = |m: &Foo| remat(product, m);
    custom_vjp(again, move |m: &Foo| (again(m), kept(m)), backward)(m)
}

#[test]
fn a_rule_around_remat_inside_jit() {
    let m = foo(1.0, 2.0);
    let gradient = grad(|m: &Foo| rematerialized(m), &m);
    assert_near(&gradient.x, 1.0_f64.cos() * 2.0);
    assert_near(&gradient.y, 1.0_f64.sin() * 10.0);
}

#[test]
fn a_rule_for_two_modules_of_which_one_is_handed_on() {
    type Pair = (Foo, Foo);
    let f = custom_vjp(
        |(a, b): &Pair| (product(a), b.clone()),
        |(a, b): &Pair| ((product(a), b.clone()), kept(a)),
        |kept: Kept, (g, of_b): &(Array, Foo)| (backward(kept, g), of_b.clone()),
    );
    let (a, b) = (foo(1.0, 2.0), foo(3.0, 4.0));
    let loss = |(a, b): (&Foo, &Foo)| {
        let (y, b) = f(&(a.clone(), b.clone()));
        y + &*b.x * &*b.y
    };
    let (of_a, of_b) = grad(loss, (&a, &b));
    assert_near(&of_a.x, 1.0_f64.cos() * 2.0);
    assert_near(&of_a.y, 1.0_f64.sin() * 10.0);
    assert_eq!((of_b.x.item::<f32>(), of_b.y.item::<f32>()), (4.0, 3.0));
}

#[test]
fn a_rule_captures_its_settings() {
    let (power, factor) = (3_i32, 2.0_f32);
    let f = custom_vjp(
        move |m: &Foo| product(m).powi(power) * factor,
        move |m: &Foo| (product(m).powi(power) * factor, (m.clone(), kept(m))),
        move |(m, kept): (Foo, Kept), g: &Array| {
            let outer = product(&m).powi(power - 1) * (factor * power as f32);
            backward(kept, &(g * outer))
        },
    );
    let m = foo(1.0, 2.0);
    let gradient = grad(|m: &Foo| f(m), &m);
    // 2 p³ of p = sin(1) · 2 has the slope 6 p².
    let p = 1.0_f64.sin() * 2.0;
    assert_near(&gradient.x, 6.0 * p * p * 1.0_f64.cos() * 2.0);
    assert_near(&gradient.y, 6.0 * p * p * 1.0_f64.sin() * 10.0);
}

/// A product that counts its calls, and keeps the last one.
#[derive(Module, Clone)]
struct Noted {
    foo: Foo,
    calls: Variable<BatchStat>,
    last: Variable<BatchStat>,
}

fn noted() -> Noted {
    let (calls, last) = (Variable::new(Array::scalar(0)), Variable::new(scalar(0.0)));
    Noted { foo: foo(1.0, 2.0), calls, last }
}

fn noting(m: &mut Noted) -> Array {
    let y = product(&m.foo);
    m.calls.set(&*m.calls + 1);
    m.last.set(&y * 3.0);
    y
}

/// `noting` with ten times the cotangent of `y`; that of `last` is added, at a third.
fn noting_with_rule(m: &mut Noted) -> Array {
    let forward = |m: &mut Noted| {
        let kept = (kept(&m.foo), m.clone());
        (noting(m), kept)
    };
    let rule = |(kept, m): (Kept, Noted), ct: &Array, updates: &Noted| {
        assert!(updates.foo.x.is_absent() && updates.calls.is_absent());
        Noted { foo: backward(kept, &(ct + &*updates.last / 3.0)), ..m }
    };
    custom_vjp_call(noting, forward, rule, m)
}

#[test]
fn a_function_with_a_rule_sets_variables() {
    let mut m = noted();
    assert_near(&noting_with_rule(&mut m), 1.0_f64.sin() * 2.0);
    assert_eq!(m.calls.item::<i32>(), 1);
    let gradient = grad(noting_with_rule, &mut m);
    assert_near(&gradient.foo.x, 1.0_f64.cos() * 2.0);
    assert_near(&gradient.foo.y, 1.0_f64.sin() * 10.0);
    assert_eq!(m.calls.item::<i32>(), 2);
    assert_near(&m.last, 1.0_f64.sin() * 6.0);
}

#[nnx::jit(graph = false)]
fn noted_gradient(m: &mut Noted) -> (Array, Noted) {
    value_and_grad(noting_with_rule, m)
}

#[test]
fn a_rule_gets_the_cotangents_of_what_was_set() {
    let loss = |m: &mut Noted| noting_with_rule(m) + m.last.square();
    let gradient = grad(loss, &mut noted());
    // The rule gets 2 · 3 y for `last`, and takes a third of it.
    let seen = 1.0 + 2.0 * 3.0 * 1.0_f64.sin() * 2.0 / 3.0;
    assert_near(&gradient.foo.x, 1.0_f64.cos() * 2.0 * seen);
    let mut m = noted();
    let (y, gradient) = noted_gradient(&mut m);
    assert_near(&y, 1.0_f64.sin() * 2.0);
    assert_near(&gradient.foo.y, 1.0_f64.sin() * 10.0);
    assert_eq!(m.calls.item::<i32>(), 1);
}

#[test]
fn a_layer_with_a_rule_of_its_own_counts_and_learns() {
    #[derive(Module, Clone)]
    struct Counting {
        linear: Linear,
        n: Variable<BatchStat>,
    }
    let forward = |(m, x): (&mut Counting, &Array)| {
        m.n.set(&*m.n + 1);
        m.linear.forward(x)
    };
    let with_rule = move |m: &mut Counting, x: &Array| {
        custom_vjp_call(
            forward,
            move |(m, x)| (forward((m, x)), (m.clone(), x.clone())),
            |(m, x): (Counting, Array), g: &Array, _: &(Counting, Array)| {
                let kernel = x.reshape([10, 1]) * g.reshape([1, 5]);
                let of_x = m.linear.kernel.matmul(g);
                let linear =
                    Linear { kernel: kernel.into(), bias: Some(g.clone().into()), ..m.linear };
                (Counting { linear, n: m.n }, of_x)
            },
            (m, x),
        )
    };
    let x = normal(0, &[10]);
    let linear = Linear::new(10, 5, &mut Rngs::new(0));
    let mut m = Counting { linear, n: Variable::new(Array::scalar(0)) };
    let by_rule = grad(|(m, x): (&mut Counting, &Array)| with_rule(m, x).mean(..), (&mut m, &x));
    assert_eq!(m.n.item::<i32>(), 1);
    let own = |(m, x): (&mut Counting, &Array)| forward((m, x)).mean(..);
    let by_operations = grad(own, (&mut m, &x));
    assert!(close(&by_rule.0.linear.kernel, &by_operations.0.linear.kernel));
    assert!(close(&by_rule.1, &by_operations.1));
}

#[test]
fn what_a_rules_forward_half_sets_is_checked() {
    let rule = |m: Noted, _: &Array, _: &Noted| m;
    let call = |forward: fn(&mut Noted) -> (Array, Noted)| {
        panic_message(|| {
            drop(grad(move |m: &mut Noted| custom_vjp_call(noting, forward, rule, m), &mut noted()))
        })
    };
    let text = call(|m| (product(&m.foo), m.clone()));
    assert!(text.contains("the function sets `calls`, and it does not"), "{text}");
    let text = call(|m| {
        m.foo.x.set(scalar(0.0));
        (noting(m), m.clone())
    });
    assert!(text.contains("it sets `foo.x`, and the function does not"), "{text}");
    let text = call(|m| {
        let y = noting(m);
        m.last.set(scalar(0.0).reshape([1]));
        (y, m.clone())
    });
    assert!(text.contains("`last` becomes f32[1], not f32[]"), "{text}");
    assert!(text.contains("flax_custom.rs"), "{text}");
}

#[test]
fn aux_has_no_part_in_a_derivative() {
    let m = foo(1.0, 2.0);
    let f = |m: &Foo| (product(m), (m.clone(), Array::scalar(7)));
    let (y, pullback, (copy, seven)) = vjp_with_aux(f, &m);
    assert_near(&y, 1.0_f64.sin() * 2.0);
    assert_near(&pullback.call(&scalar(2.0)).x, 1.0_f64.cos() * 4.0);
    assert_eq!((copy.y.item::<f32>(), seven.item::<i32>()), (2.0, 7));
    let (_, tangent, (copy, _)) = jvp_with_aux(f, &m, &foo(1.0, 0.0));
    assert_near(&tangent, 1.0_f64.cos() * 2.0);
    assert_eq!(copy.y.item::<f32>(), 2.0);
    let (_, linear, (_, seven)) = linearize_with_aux(f, &m);
    assert_near(&linear.call(&foo(0.0, 1.0)), 1.0_f64.sin());
    assert_eq!(seven.item::<i32>(), 7);
    // Variables that the function sets are set.
    let mut m = noted();
    let (_, pullback, calls) =
        vjp_with_aux(|m: &mut Noted| (noting(m), m.calls.value().clone()), &mut m);
    assert_eq!((calls.item::<i32>(), m.calls.item::<i32>()), (1, 1));
    assert_near(&pullback.call(&scalar(1.0)).foo.y, 1.0_f64.sin());
}

#[derive(Module)]
struct Weights {
    w: Param,
}

fn weights() -> Weights {
    Weights { w: Param::new(f32s(&[1.0, 2.0, 3.0])) }
}

fn dot((m, x): (&Weights, &Array)) -> Array {
    (&*m.w * x).sum(..)
}

#[test]
fn a_pullback_gives_cotangents_of_a_module_and_an_array() {
    let (m, x) = (weights(), f32s(&[4.0, 5.0, 6.0]));
    let (y, pullback) = vjp(dot, (&m, &x));
    assert_eq!(y.item::<f32>(), 32.0);
    let (of_m, of_x) = pullback.call(&scalar(1.0));
    assert_eq!(of_m.w.to_vec::<f32>(), x.to_vec::<f32>());
    assert_eq!(of_x.to_vec::<f32>(), m.w.to_vec::<f32>());
}

#[test]
fn a_tangent_of_a_module_and_an_array() {
    let (m, x) = (weights(), f32s(&[4.0, 5.0, 6.0]));
    let direction = (Weights { w: Param::new(m.w.ones_like()) }, x.ones_like());
    let (y, dy) = jvp(dot, (&m, &x), &direction);
    // The sum of x and of w.
    assert_eq!((y.item::<f32>(), dy.item::<f32>()), (32.0, 21.0));
}

#[test]
fn what_goes_with_a_result_has_a_cotangent_of_zero() {
    let (m, x) = (weights(), f32s(&[4.0, 5.0, 6.0]));
    let with_input = |(m, x): (&Weights, &Array)| (dot((m, x)), x.clone());
    let ((y, input), pullback) = vjp(with_input, (&m, &x));
    assert_eq!((y.item::<f32>(), input.to_vec::<f32>()), (32.0, x.to_vec::<f32>()));
    let (of_m, of_x) = pullback.call(&(scalar(1.0), input.zeros_like()));
    assert_eq!(of_m.w.to_vec::<f32>(), x.to_vec::<f32>());
    assert_eq!(of_x.to_vec::<f32>(), m.w.to_vec::<f32>());
}

#[test]
fn what_goes_with_a_result_has_a_tangent_of_its_own() {
    let (m, x) = (weights(), f32s(&[4.0, 5.0, 6.0]));
    let with_input = |(m, x): (&Weights, &Array)| (dot((m, x)), x.clone());
    let direction = (Weights { w: Param::new(m.w.ones_like()) }, x.ones_like());
    let ((y, input), (dy, dinput)) = jvp(with_input, (&m, &x), &direction);
    assert_eq!((y.item::<f32>(), dy.item::<f32>()), (32.0, 21.0));
    assert_eq!((input.to_vec::<f32>(), dinput.to_vec::<f32>()), (x.to_vec(), vec![1.0; 3]));
}

#[derive(Module)]
struct Counted {
    w: Param,
    count: Variable<BatchStat>,
}

fn counted(count: Array) -> Counted {
    Counted { w: Param::new(f32s(&[1.0, 2.0])), count: Variable::new(count) }
}

fn counting((m, x): (&mut Counted, &Array)) -> Array {
    m.count += 1;
    (&*m.w * x).sum(..)
}

#[test]
fn vjp_hands_back_what_its_function_sets() {
    let (mut m, x) = (counted(Array::scalar(0)), f32s(&[3.0, 4.0]));
    let (y, pullback) = vjp(counting, (&mut m, &x));
    assert_eq!((y.item::<f32>(), m.count.item::<i32>()), (11.0, 1));
    // The pullback is applied twice and counts nothing.
    for factor in [1.0, 2.0] {
        let (of_m, _) = pullback.call(&scalar(factor));
        assert_eq!(of_m.w.to_vec::<f32>(), [3.0 * factor, 4.0 * factor]);
    }
    assert_eq!(m.count.item::<i32>(), 1);
}

#[test]
fn jvp_hands_back_what_its_function_sets() {
    let (mut m, x) = (counted(scalar(0.0)), f32s(&[3.0, 4.0]));
    let direction = (
        Counted { w: Param::new(f32s(&[1.0, 0.0])), count: Variable::new(scalar(0.0)) },
        x.zeros_like(),
    );
    let (y, dy) = jvp(counting, (&mut m, &x), &direction);
    assert_eq!((y.item::<f32>(), dy.item::<f32>()), (11.0, 3.0));
    assert_eq!(m.count.item::<f32>(), 1.0);
}

#[test]
fn vjp_and_jvp_of_arrays() {
    let f = |(w, x): (&Array, &Array)| (w * x).sum(..);
    let (w, x) = (f32s(&[1.0, 2.0, 3.0]), f32s(&[4.0, 5.0, 6.0]));
    let (y, pullback) = vjp(f, (&w, &x));
    let (of_w, of_x) = pullback.call(&y.ones_like());
    assert_eq!((of_w.to_vec::<f32>(), of_x.to_vec::<f32>()), (x.to_vec(), w.to_vec()));
    let (y, dy) = jvp(f, (&w, &x), &(w.ones_like(), x.ones_like()));
    assert_eq!((y.item::<f32>(), dy.item::<f32>()), (32.0, 21.0));
}

fn normal(seed: u64, shape: &[usize]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

#[test]
fn a_layer_that_is_computed_again_has_the_same_gradient() {
    let (model, x) = (Linear::new(2, 3, &mut Rngs::new(0)), normal(1, &[4, 2]));
    let plain = |m: &Linear| m.forward(&x).square().sum(..);
    let again = |m: &Linear| remat(|m: &Linear| m.forward(&x), m).square().sum(..);
    let (loss, gradient) = value_and_grad(again, &model);
    let (expected, gradient_of_plain) = value_and_grad(plain, &model);
    assert!(loss.rank() == 0 && close(&loss, &expected));
    assert!(close(&gradient.kernel, &gradient_of_plain.kernel));
    let bias = |m: &Linear| m.bias.as_ref().unwrap().value().clone();
    assert!(close(&bias(&gradient), &bias(&gradient_of_plain)));
}

#[test]
fn variables_are_arguments_of_remat() {
    let (w, b) = (Param::new(normal(0, &[2, 3])), Param::new(normal(1, &[3])));
    let mut count = Variable::<BatchStat>::new(Array::scalar(0));
    let x = normal(2, &[1, 2]);
    type Parts<'p> = (&'p Param, &'p Param, &'p mut Variable<BatchStat>);
    let linear = |(w, b, count): Parts<'_>| {
        *count += 1;
        x.matmul(&**w) + &**b
    };
    let (loss, (of_w, of_b, of_count)) =
        value_and_grad(|parts: Parts<'_>| remat(linear, parts).sum(..), (&w, &b, &mut count));
    assert_eq!((loss.rank(), of_w.shape()), (0, &[2, 3][..]));
    assert_eq!(of_b.to_vec::<f32>(), [1.0; 3]);
    assert!(of_count.is_absent());
    assert_eq!(count.item::<i32>(), 1);
}

#[test]
fn remat_hands_back_what_its_function_sets() {
    let (mut m, x) = (counted(Array::scalar(0)), f32s(&[3.0, 4.0]));
    assert_eq!(remat(counting, (&mut m, &x)).item::<f32>(), 11.0);
    assert_eq!(m.count.item::<i32>(), 1);
}

#[test]
fn layers_of_a_scan_are_computed_again() {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, 5);
    let layers = vmap(|rngs: &mut Rngs| Linear::new(3, 3, rngs), &mut rngs, 0);
    before.restore(&mut rngs);
    assert_eq!(layers.kernel.shape(), [5, 3, 3]);
    let x = normal(1, &[2, 3]);
    let forward = |layers: &Linear, again: bool| {
        let step = |x: Array, m: &Linear| {
            let layer = |(m, x): (&Linear, &Array)| m.forward(x).tanh();
            (if again { remat(layer, (m, &x)) } else { layer((m, &x)) }, ())
        };
        scan(step, x.clone(), layers).0
    };
    let y = forward(&layers, true);
    assert!(close(&y, &forward(&layers, false)));
    let gradient = |again: bool| grad(|m: &Linear| forward(m, again).sum(..), &layers).kernel;
    assert!(close(&gradient(true), &gradient(false)));
}
