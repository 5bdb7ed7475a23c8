//! Transformations that are told the loss and its function.

use super::{assert_same, panic_of};
use nnx_core::module::Everything;
use nnx_core::optim::*;
use nnx_core::{Array, Param, path_contains, value_and_grad};

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Pair {
    x: Param,
    y: Param,
}

fn pair() -> Pair {
    Pair {
        x: Param::new(Array::from([1.5_f32, -0.5, 2.0])),
        y: Param::new(Array::from([0.5_f32, 3.0])),
    }
}

/// Of x alone it is narrow, and y adds its own.
fn loss(p: &mut Pair) -> Array {
    let x = (p.x.value() * Array::from([1.0_f32, 5.0, 0.3])).square().square().sum(..);
    x + (p.y.value() - 1.0).square().sum(..)
}

/// The parameters after `steps` steps.
fn trained(tx: impl GradientTransformation, steps: usize) -> Pair {
    let mut p = pair();
    let mut opt = Optimizer::new(&p, tx);
    for _ in 0..steps {
        let (value, grads) = value_and_grad(loss, &mut p);
        opt.update_with(&mut p, &grads, ExtraArgs::new().value(&value).value_fn(&loss));
    }
    p
}

#[track_caller]
fn assert_close(a: &Param, b: &Param) {
    for (a, b) in a.to_vec::<f32>().iter().zip(b.to_vec::<f32>()) {
        assert!((a - b).abs() <= 1e-5 * a.abs(), "{a} {b}");
    }
}

#[test]
fn what_holds_transformations_passes_the_loss_on() {
    let alone = trained(polyak_sgd(), 3);
    for passed in [
        trained(apply_if_finite(polyak_sgd(), 2), 3),
        trained(multi_steps(polyak_sgd(), 1), 3),
        trained((Some(polyak_sgd()), ()), 3),
        trained(partition((group(Everything, polyak_sgd()),)), 3),
    ] {
        assert_close(&passed.x, &alone.x);
        assert_close(&passed.y, &alone.y);
    }
    assert_ne!(alone.y.to_vec::<f32>(), pair().y.to_vec::<f32>());
}

/// The search sees the loss as a function of the group: y stays where it is, and x moves as if it were alone.
#[test]
fn a_line_search_of_a_group() {
    let groups = || (group(path_contains("x"), lbfgs()), group(Everything, set_to_zero()));
    let p = trained(partition(groups()), 3);
    assert_eq!(p.y.to_vec::<f32>(), pair().y.to_vec::<f32>());
    let mut x = pair().x;
    let mut opt = Optimizer::new(&x, lbfgs());
    let of_x = |x: &mut Param| loss(&mut Pair { x: x.clone(), y: pair().y });
    for _ in 0..3 {
        let (value, grads) = value_and_grad(of_x, &mut x);
        opt.update_with(&mut x, &grads, ExtraArgs::new().value(&value).value_fn(&of_x));
    }
    assert_close(&p.x, &x);
    assert!(x.to_vec::<f32>() != pair().x.to_vec::<f32>());
}

#[test]
fn what_is_missing_is_named_and_the_model_stays() {
    let mut p = pair();
    let (value, grads) = value_and_grad(loss, &mut p);
    let mut opt = Optimizer::new(&p, polyak_sgd());
    let message = panic_of(|| opt.update(&mut p, &grads));
    assert!(message.contains("scale_by_polyak needs the loss\nfix: "), "{message}");
    let vector = ExtraArgs::new().value(p.x.value());
    let message = panic_of(|| opt.update_with(&mut p.clone(), &grads, vector));
    assert!(message.contains("the loss must be a float scalar, got f32[3]"), "{message}");

    let mut opt = Optimizer::new(&p, (scale(-1.0), scale_by_zoom_linesearch(3)));
    let only_value = || ExtraArgs::new().value(&value);
    let message = panic_of(|| opt.update_with(&mut p, &grads, only_value()));
    assert!(
        message.contains("scale_by_zoom_linesearch needs the function of the loss"),
        "{message}"
    );
    assert_same(&p, &pair());
    assert_eq!(opt.step.item::<u32>(), 0);
    let opt = Optimizer::new(&p, (sgd(1.0), scale_by_backtracking_linesearch(3)));
    let message = panic_of(|| opt.value_and_grad(&mut p, &loss));
    assert!(message.contains("no part of the optimizer keeps the loss"), "{message}");
    let message = panic_of(|| Optimizer::new(&p, lbfgs().memory_size(0)));
    assert!(message.contains("memory_size must be at least 1"), "{message}");
}

/// Each loss is NaN or infinite beyond the start: no step is better than one into the dark.
#[test]
fn a_search_that_finds_nothing_stays() {
    let start = Param::new(Array::from([1.0_f32]));
    let f = |x: &mut Param| (1.0 - x.value()).sqrt().sum(..);
    let stays = |mut opt: Optimizer<_>| {
        let mut x = start.clone();
        let ((), grads) = ((), Param::new(Array::from([-1.0_f32])));
        let value = Array::scalar(0.0_f32);
        opt.update_with(&mut x, &grads, ExtraArgs::new().value(&value).value_fn(&f));
        assert_eq!(x.to_vec::<f32>(), [1.0]);
    };
    stays(Optimizer::new(&start, (scale(-1.0), scale_by_zoom_linesearch(4))));
}
