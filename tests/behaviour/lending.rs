//! A function's changes to what it is lent arrive at the caller, whatever transform lends it: one
//! rule for `jit` and all transforms. A change that cannot arrive is an error that names the place.

use nnx::module::{Intermediate, of_type, pop};
use nnx::transform::{Checks, vjp};
use nnx::{
    Array, Module, Param, Variable, checkify, cond, fori_loop, grad, jvp, linearize, over, remat,
    scan, switch, value_and_grad, vmap, while_loop,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Module)]
struct Layer {
    weight: Param,
    /// The values that `forward` notes; empty at first.
    seen: Variable<Intermediate>,
}

impl Layer {
    fn new() -> Layer {
        Layer { weight: Param::new(Array::scalar(3.0_f32)), seen: Variable::new(nothing()) }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let y = &self.weight * x;
        self.seen.set(y.clone());
        y
    }
}

fn nothing() -> Array {
    Array::absent("nothing was seen")
}

fn two() -> Array {
    Array::scalar(2.0_f32)
}

/// The message of the panic that `f` ends in.
fn message(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it is an error");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => other.downcast::<&str>().map(|text| text.to_string()).unwrap_or_default(),
    }
}

#[track_caller]
fn assert_seen(layer: &Layer, expected: &[f32]) {
    assert_eq!(layer.seen.to_vec::<f32>(), expected);
}

#[test]
fn a_variable_without_a_value_gets_one_in_derivatives() {
    let (x, mut m) = (two(), Layer::new());
    let gradient = grad(|m: &mut Layer| m.forward(&x), &mut m);
    assert_seen(&m, &[6.0]);
    assert_eq!(gradient.weight.item::<f32>(), 2.0);

    let mut m = Layer::new();
    assert_eq!(value_and_grad(|m: &mut Layer| m.forward(&x), &mut m).0.item::<f32>(), 6.0);
    assert_seen(&m, &[6.0]);

    let mut m = Layer::new();
    let (_, pullback) = vjp(|m: &mut Layer| m.forward(&x), &mut m);
    assert_seen(&m, &[6.0]);
    assert_eq!(pullback.call(&Array::scalar(1.0_f32)).weight.item::<f32>(), 2.0);

    let mut m = Layer::new();
    linearize(|m: &mut Layer| m.forward(&x), &mut m);
    assert_seen(&m, &[6.0]);

    let mut m = Layer::new();
    remat(|m: &mut Layer| m.forward(&x), &mut m);
    assert_seen(&m, &[6.0]);
}

#[test]
fn jvp_writes_back() {
    let (x, mut m) = (two(), Layer::new());
    let mut direction = Layer::new();
    direction.weight.set(Array::scalar(1.0_f32));
    let (y, dy) = jvp(|m: &mut Layer| m.forward(&x), &mut m, &direction);
    assert_eq!((y.item::<f32>(), dy.item::<f32>()), (6.0, 2.0));
    assert_seen(&m, &[6.0]);
}

#[test]
fn a_variable_without_a_value_gets_one_in_batches_and_loops() {
    let xs = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let f = |(m, x): (&mut Layer, &Array)| m.forward(x);

    let mut m = stacked();
    vmap(f, (&mut m, &xs), 0);
    assert_seen(&m, &[3.0, 8.0]);

    // A slice of each step, stacked.
    let mut m = stacked();
    scan(|(), (m, x): (&mut Layer, &Array)| ((), m.forward(x)), (), (&mut m, &xs));
    assert_seen(&m, &[3.0, 8.0]);

    let mut m = Layer::new();
    let (error, _) = checkify(Checks::ALL, |m: &mut Layer| m.forward(&xs), &mut m);
    error.throw().unwrap();
    assert_seen(&m, &[3.0, 6.0]);
}

/// Two layers in one, with the weights 3 and 4.
fn stacked() -> Layer {
    let mut m = Layer::new();
    m.weight.set(Array::from_slice(&[3.0_f32, 4.0], [2]));
    m
}

#[test]
fn a_variable_without_a_value_gets_one_in_branches_if_all_set_it() {
    let (x, yes) = (two(), Array::scalar(true));
    let mut m = Layer::new();
    cond(&yes, |m: &mut Layer| m.forward(&x), |m: &mut Layer| m.forward(&-&x), &mut m);
    assert_seen(&m, &[6.0]);

    let mut m = Layer::new();
    let branch = |k: usize, m: &mut Layer| m.forward(&(&x * k as f64));
    switch(Array::scalar(2), 3, branch, &mut m);
    assert_seen(&m, &[12.0]);

    // Whether there is a value must not depend on the branch.
    let mut m = Layer::new();
    let message = message(|| {
        let keep = |m: &mut Layer| m.weight.value().clone();
        cond(&yes, |m: &mut Layer| m.forward(&x), keep, &mut m);
    });
    let expected = "the Variable `seen` with different shapes or dtypes: without a value in \
                    `on_false`, f32[] in `on_true`";
    assert!(message.contains(expected), "{message}");
    assert!(m.seen.is_absent());
}

#[test]
fn a_carry_has_a_value_before_and_after_a_step_or_never() {
    let x = two();
    let step = |mut m: Layer| {
        m.forward(&x);
        m
    };
    let wanted = "`seen` is without a value in the carry at the start, f32[] in the carry that the";
    for loops in [
        &(|| drop(while_loop(|m: &Layer| m.weight.gt(9.0), step, Layer::new()))) as &dyn Fn(),
        &|| drop(fori_loop(0, 3, |_, m: Layer| step(m), Layer::new())),
        &|| drop(fori_loop(0, Array::scalar(3), |_, m: Layer| step(m), Layer::new())),
        &|| drop(scan(|m: Layer, ()| (step(m), ()), Layer::new(), nnx::length(3))),
    ] {
        let message = message(loops);
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn a_value_that_is_taken_out_is_gone() {
    let x = two();
    let take = |m: &mut Layer| {
        let y = m.forward(&x);
        assert_eq!(pop(m, of_type::<Intermediate>()).len(), 1);
        y
    };
    let full = || {
        let mut m = Layer::new();
        m.forward(&x);
        m
    };
    let mut m = full();
    value_and_grad(take, &mut m);
    assert!(m.seen.is_absent());

    let mut m = full();
    remat(take, &mut m);
    assert!(m.seen.is_absent());

    #[nnx::jit(graph = false)]
    fn jitted(m: &mut Layer, x: &Array) -> Array {
        let y = m.forward(x);
        pop(m, of_type::<Intermediate>());
        y
    }
    // Traced, and then found again.
    for _ in 0..2 {
        let mut m = full();
        assert_eq!(jitted(&mut m, &x).item::<f32>(), 6.0);
        assert!(m.seen.is_absent());
    }
}

/// Flax's tree mode: one count, or one dropout stream, for all steps of a loop.
#[test]
fn what_a_loop_sets_without_slicing_it_is_carried_from_step_to_step() {
    nnx::variable_kind! {
        struct Count;
    }
    let mut count = Variable::<Count>::new(Array::scalar(10));
    let xs = Array::from_slice(&[1.0_f32, 2.0, 3.0], [3]);
    let step = |(): (), (count, x): (&mut Variable<Count>, &Array)| {
        let next = &*count + 1;
        count.set(next.clone());
        ((), x * next)
    };
    let ((), ys) = scan(step, (), over((&mut count, &xs)).in_axes((None, 0)));
    assert_eq!(count.item::<i32>(), 13);
    assert_eq!(ys.to_vec::<f32>(), [11.0, 24.0, 39.0]);

    // And in reverse mode through it.
    let loss = |x: &Array| {
        let mut scale = Param::new(x.clone());
        let grow = |(): (), s: &mut Param| {
            let next = &*s * x;
            s.set(next);
            ((), ())
        };
        scan(grow, (), over(&mut scale).in_axes(None).length(3));
        scale.into_value()
    };
    // x⁴
    assert_eq!(grad(loss, &two()).item::<f32>(), 32.0);

    let message = message(|| {
        let mut value = Param::new(Array::scalar(1.0_f32));
        let widen = |(): (), v: &mut Param| {
            let next = nnx::array::stack([v.value(), v.value()], 0);
            v.set(next);
            ((), ())
        };
        scan(widen, (), over(&mut value).in_axes(None).length(3));
    });
    assert!(
        message.contains("is not sliced, so that it is carried from step to step"),
        "{message}"
    );
    assert!(message.contains("f32[] before a step and f32[2] after it"), "{message}");
}

#[test]
fn a_captured_module_that_is_set_is_reported_at_once() {
    let (x, yes) = (two(), Array::scalar(true));
    let mut m = Layer::new();
    let line = line!() + 2;
    let text = message(|| {
        cond(&yes, |x: &Array| m.weight.set(x * 2.0), |_: &Array| (), &x);
    });
    assert!(text.contains("a branch of `cond` set a Param to f32[] at "), "{text}");
    assert!(text.contains(&format!("lending.rs:{line}")), "{text}");
    assert!(text.contains("which it captured"), "{text}");

    let mut other = Layer::new();
    let text = message(|| {
        grad(
            |x: &Array| {
                other.seen = Variable::new(x * 2.0);
                x * 3.0
            },
            &x,
        );
    });
    let expected =
        "the function given to `grad` put a traced value into something that it captured";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_value_that_escapes_names_the_scope_that_it_left() {
    #[nnx::jit(graph = false)]
    fn step(x: &Array) -> Array {
        let mut kept = None;
        // The mistake is found where the inner scope ends, not where `step` does.
        grad(
            |x: &Array| {
                kept = Some(x * 2.0);
                x.square()
            },
            x,
        );
        kept.unwrap_or_else(|| x.clone())
    }
    let text = message(|| {
        step(&two());
    });
    assert!(text.contains("the function given to `grad` put a traced value"), "{text}");
}

#[test]
#[allow(clippy::type_complexity)]
fn up_to_twelve_arguments_are_lent() {
    let x = two();
    let sum = |(a, b, c, d, e, f, g, h, i, j, k, l): (
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
        &Array,
    )| { a * b + c * d + e * f + g * h + i * j + k * l };
    let gradient = grad(sum, (&x, &x, &x, &x, &x, &x, &x, &x, &x, &x, &x, &x));
    assert_eq!(gradient.11.item::<f32>(), 2.0);
}
