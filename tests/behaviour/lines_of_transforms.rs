//! A mistake that a transform finds is told at the user's line, whichever transform it is.

use nnx::{
    Array, DType, Param, Shared, cond, custom_jvp, custom_vjp, fori_loop, grad, hessian, jvp, scan,
    value_and_grad, vjp, while_loop,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Requires a message that names this file and the line that `f` sets.
fn told(f: impl FnOnce(&Cell<u32>)) {
    let line = Cell::new(0);
    let payload = catch_unwind(AssertUnwindSafe(|| f(&line))).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    let line = line.get();
    assert!(text.contains(&format!("lines_of_transforms.rs:{line}:")), "line {line}: {text}");
}

fn x() -> Array {
    Array::scalar(2.0_f32)
}

#[test]
fn a_loop_without_a_reverse_derivative() {
    told(|line| {
        line.set(line!() + 1);
        grad(|x: &Array| while_loop(|x: &Array| x.lt(9.0), |x: Array| x * 2.0, x.clone()), &x());
    });
}

/// Transforms that are made of others tell their own name.
#[test]
fn a_loss_that_is_not_a_scalar() {
    let xs = Array::from([1.0_f32, 2.0]);
    for (name, f) in [
        ("grad", (|xs| drop(grad(|x: &Array| x * 2.0, xs))) as fn(&Array)),
        ("value_and_grad", |xs| drop(value_and_grad(|x: &Array| x * 2.0, xs))),
        ("hessian", |xs| drop(hessian(|x: &Array| x * 2.0, xs))),
    ] {
        let payload = catch_unwind(AssertUnwindSafe(|| f(&xs))).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(text.contains(&format!("{name}: the loss must be a float scalar")), "{text}");
        assert!(text.contains("lines_of_transforms.rs:"), "{text}");
    }
}

#[test]
fn a_carry_that_changes() {
    told(|line| {
        line.set(line!() + 1);
        scan(|c: Array, x: &Array| (c.astype(DType::F16), x * 1.0), x(), &Array::from([1.0_f32]));
    });
    told(|line| {
        line.set(line!() + 1);
        fori_loop(0, 3, |_, c: Array| c.astype(DType::F16), x());
    });
    told(|line| {
        line.set(line!() + 1);
        while_loop(|c: &Array| c.lt(9.0), |c: Array| c.astype(DType::F16), x());
    });
}

#[test]
fn branches_that_differ() {
    let yes = Array::scalar(true);
    told(|line| {
        line.set(line!() + 1);
        cond(&yes, |x: &Array| x.astype(DType::F16), |x: &Array| x * 1.0, &x());
    });
}

#[test]
fn a_node_in_a_result_that_has_no_place_for_it() {
    let node = Shared::new(Param::new(x()));
    told(|line| {
        line.set(line!() + 1);
        jvp(|n: &Shared<Param>| n.clone(), &node, &Shared::new(Param::new(x())));
    });
}

#[test]
fn rules_of_ones_own() {
    type Node = Shared<Param>;
    let double = |x: &Array| x * 2.0;
    let (forward, other) = (|x: &Array| (x * 2.0, ()), |x: &Array| (x.reshape([1]), ()));
    let (right, wrong) =
        (|(), ct: &Array| ct * 2.0, |(), _: &Array| Array::from_slice(&[1.0_f32], [1]));
    let tangent = |x: &Array, _: &Array| (x * 2.0, Array::from_slice(&[1.0_f32], [1]));
    let (same, slope) = (Node::clone, |n: &Node, t: &Node| (n.clone(), t.clone()));

    let made = line!() + 1;
    let f = custom_vjp(double, forward, wrong);
    told(|line| {
        line.set(made);
        grad(|x: &Array| f(x), &x());
    });
    let made = line!() + 1;
    let f = custom_vjp(double, other, right);
    told(|line| {
        line.set(made);
        vjp(|x: &Array| f(x), &x());
    });
    let made = line!() + 1;
    let f = custom_jvp(double, tangent);
    told(|line| {
        line.set(made);
        jvp(|x: &Array| f(x), &x(), &x());
    });
    let made = line!() + 1;
    let f = custom_jvp(same, slope);
    told(|line| {
        line.set(made);
        f(&Shared::new(Param::new(x())));
    });
}
