//! A program of a shared node does in each transform what the same program of one array does: the values are
//! the same, and what is asked of the node is the sum over its places.

use super::{Tied, message};
use nnx::transform::{Checks, SavePolicy, check};
use nnx::{
    Array, Module, Param, Shared, StateAxes, checkify, custom_jvp, custom_vjp, grad, in_axes,
    jacfwd, jacrev, jvp, linearize, map_slices, over, path_contains, remat_with, scan,
    value_and_grad, vjp, vmap, wrt,
};

fn weights() -> Array {
    Array::from_slice(&[0.5_f32, 1.0, 2.0], [3])
}

fn direction() -> Array {
    Array::from_slice(&[1.0_f32, -1.0, 3.0], [3])
}

/// A model whose node has this value, at both places.
fn tied(value: &Array) -> Tied {
    let embed = Shared::new(Param::new(value * 1.0));
    Tied { head: embed.clone(), embed }
}

fn body(a: &Array, b: &Array) -> Array {
    a * 3.0 + b.square() + (a * b).sin()
}

fn of_array(w: &Array) -> Array {
    body(w, w)
}

fn of_tied(m: &Tied) -> Array {
    body(m.embed.read().value(), m.head.read().value())
}

fn floats(array: &Array) -> Vec<f32> {
    array.to_vec::<f32>()
}

#[track_caller]
fn same(found: &Array, expected: &Array) {
    assert_eq!(found.shape(), expected.shape());
    let (found, expected) = (floats(found), floats(expected));
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
    assert!(found.iter().zip(&expected).all(near), "{found:?} is not {expected:?}");
}

/// Checks a tree of the form of the model: one node, with this value.
#[track_caller]
fn one_node(tree: &Tied, expected: &Array) {
    assert!(tree.embed.ptr_eq(&tree.head));
    same(tree.head.read().value(), expected);
}

/// The model, and a function of it that adds 1 to its node at the end.
fn adds(m: &Tied) -> Array {
    let y = of_tied(m);
    let next = m.embed.read().value() + 1.0;
    m.head.write().set(next);
    y
}

#[track_caller]
fn added(model: &Tied) {
    one_node(model, &(weights() + 1.0));
}

#[test]
fn derivatives_along_a_tangent() {
    let (w, t) = (weights(), direction());
    let (expected, slope) = jvp(of_array, &w, &t);
    let model = tied(&w);
    let (y, dy) = jvp(adds, &model, &tied(&t));
    same(&y, &expected);
    same(&dy, &slope);
    added(&model);
    let model = tied(&w);
    let (y, linear) = linearize(adds, &model);
    same(&y, &expected);
    added(&model);
    // At the point where it was taken, whatever became of the node.
    for factor in [1.0_f32, 2.0] {
        same(&linear.call(&tied(&(&t * factor))), &(&slope * factor));
    }
}

#[test]
fn derivatives_backwards() {
    let (w, ct) = (weights(), direction());
    let expected = vjp(of_array, &w).1.call(&ct);
    let model = tied(&w);
    let (y, pullback) = vjp(adds, &model);
    same(&y, &of_array(&w));
    added(&model);
    let gradient = pullback.call(&ct);
    one_node(&gradient, &expected);
    assert!(!gradient.embed.ptr_eq(&model.embed));
    // Each call gives nodes of its own.
    assert!(!pullback.call(&ct).embed.ptr_eq(&gradient.embed));
    let sum = |m: &Tied| of_tied(m).sum(..);
    let (value, gradient) = value_and_grad(sum, &tied(&w));
    let (expected_value, expected) = value_and_grad(|w: &Array| of_array(w).sum(..), &w);
    same(&value, &expected_value);
    one_node(&gradient, &expected);
}

#[test]
fn whole_jacobians() {
    let w = weights();
    let (forward, reverse) = (jacfwd(of_array, &w), jacrev(of_array, &w));
    let model = tied(&w);
    one_node(&jacfwd(adds, &model), &forward);
    added(&model);
    let model = tied(&w);
    one_node(&jacrev(adds, &model), &reverse);
    added(&model);
    // A function that does not depend on the node.
    one_node(&jacfwd(|_: &Tied| direction(), &model), &nnx::array::zeros([3, 3], w.dtype()));
    one_node(&jacrev(|_: &Tied| direction(), &model), &nnx::array::zeros([3, 3], w.dtype()));
}

#[test]
fn second_derivatives() {
    let w = weights();
    let loss = |w: &Array| of_array(w).sum(..);
    let expected = jacfwd(|w: &Array| grad(loss, w), &w);
    let of_model = |m: &Tied| of_tied(m).sum(..);
    let inner = |m: &Tied| grad(of_model, m).head.read().value() * 1.0;
    one_node(&jacfwd(inner, &tied(&w)), &expected);
    one_node(&jacrev(inner, &tied(&w)), &expected);
}

#[test]
fn derivatives_of_ones_own() {
    let (w, t) = (weights(), direction());
    // Three times the derivative, so that one can tell whose it is.
    let slope = |w: &Array, t: &Array| jvp(of_array, w, t).1 * 3.0;
    let expected = slope(&w, &t);
    let own = custom_jvp(of_tied, move |m: &Tied, t: &Tied| {
        assert!(m.embed.ptr_eq(&m.head) && t.embed.ptr_eq(&t.head));
        let (w, t) = (m.embed.read().value() * 1.0, t.head.read().value() * 1.0);
        (body(&w, &w), slope(&w, &t))
    });
    let (y, dy) = jvp(|m: &Tied| own(m), &tied(&w), &tied(&t));
    same(&y, &of_array(&w));
    same(&dy, &expected);
    let by_reverse = vjp(|w: &Array| of_array(w) * 3.0, &w).1.call(&t);
    one_node(&vjp(|m: &Tied| own(m), &tied(&w)).1.call(&t), &by_reverse);

    let own = custom_vjp(
        of_tied,
        |m: &Tied| (of_tied(m), tied(m.head.read().value())),
        |kept: Tied, ct: &Array| {
            assert!(kept.embed.ptr_eq(&kept.head));
            let w = kept.embed.read().value() * 1.0;
            tied(&(vjp(of_array, &w).1.call(ct) * 3.0))
        },
    );
    let (y, pullback) = vjp(|m: &Tied| own(m), &tied(&w));
    same(&y, &of_array(&w));
    one_node(&pullback.call(&t), &by_reverse);
    // Inside of other transforms.
    let rows = nnx::array::stack([&w, &t], 0);
    let mapped = vmap(|m: &Tied| own(m), &tied(&rows), 0);
    same(&mapped, &of_array(&rows));
    let gradient = grad(|m: &Tied| vmap(|m: &Tied| own(m), m, 0).sum(..), &tied(&rows));
    one_node(&gradient, &grad(|w: &Array| (of_array(w) * 3.0).sum(..), &rows));
}

#[test]
fn checks_of_values() {
    let checked = |m: &Tied| {
        check(m.head.read().gt(0.0), "weights must be positive");
        adds(m)
    };
    let model = tied(&weights());
    let (error, y) = checkify(Checks::ALL, checked, &model);
    assert_eq!(error.get().unwrap(), None);
    same(&y, &of_array(&weights()));
    added(&model);
    // The updates come out of a run with a mistake too.
    let model = tied(&direction());
    let (error, y) = checkify(Checks::ALL, checked, &model);
    assert!(error.get().unwrap().unwrap().starts_with("weights must be positive"));
    same(&y, &of_array(&direction()));
    one_node(&model, &(direction() + 1.0));
    let node = Shared::new(Param::new(weights()));
    let (_, same) = checkify(Checks::ALL, |n: &Shared<Param>| n.clone(), &node);
    assert!(same.ptr_eq(&node));
}

#[test]
fn recomputed_for_the_gradient() {
    let w = weights();
    let expected = grad(|w: &Array| of_array(w).sum(..), &w);
    for policy in [SavePolicy::Nothing, SavePolicy::Everything] {
        let model = tied(&w);
        let gradient = grad(|m: &Tied| remat_with(policy, adds, m).sum(..), &model);
        one_node(&gradient, &expected);
        added(&model);
    }
}

fn rows() -> Array {
    nnx::array::stack([&weights(), &direction()], 0)
}

#[test]
fn slices_one_after_the_other() {
    let model = tied(&rows());
    let y = map_slices(adds, &model);
    same(&y, &of_array(&rows()));
    one_node(&model, &(rows() + 1.0));
    // One node in two arguments, by columns.
    let node = Shared::new(Param::new(rows()));
    let both = |(a, b): (&Shared<Param>, &Shared<Param>)| body(a.read().value(), b.read().value());
    let y = map_slices(both, over((&node, &node)).in_axes((1, 1)));
    same(&y, &of_array(&rows()).t());
    let text = message(|| {
        map_slices(both, over((&node, &node)).in_axes((0, 1)));
    });
    assert!(text.contains("one node, different axes:\n  [0]: 0\n  [1]: 1"), "{text}");
    let text = message(|| {
        map_slices(both, over((&node, &node)).in_axes((0, None)));
    });
    assert!(text.contains("one node, different axes:\n  [0]: 0\n  [1]: None"), "{text}");
}

#[test]
fn gradients_through_vmap_and_scan() {
    let (w, xs) = (weights(), rows());
    let array = |w: &Array| vmap(|x: &Array| (of_array(w) * x).sum(..), &xs, 0).sum(..);
    let expected = grad(array, &w);
    let mapped = |m: &Tied| {
        let row = |(m, x): (&Tied, &Array)| (of_tied(m) * x).sum(..);
        vmap(row, (m, &xs), in_axes((None, Some(0)))).sum(..)
    };
    one_node(&grad(mapped, &tied(&w)), &expected);
    let scanned = |m: &Tied| {
        let step = |sum: Array, (m, x): (&Tied, &Array)| (sum + (of_tied(m) * x).sum(..), ());
        scan(step, Array::scalar(0.0_f32), over((m, &xs)).in_axes((None, Some(0)))).0
    };
    one_node(&grad(scanned, &tied(&w)), &expected);
}

#[derive(Module)]
struct Three {
    a: Shared<Param>,
    b: Shared<Param>,
    c: Shared<Param>,
}

/// Every place of a node is asked, and every place is named.
#[test]
fn one_node_one_answer() {
    let node = Shared::new(Param::new(rows()));
    let model = Three { a: node.clone(), b: node.clone(), c: node };
    let f = |m: &Three| m.a.read().value() + m.b.read().value() * m.c.read().value();
    let sum = |m: &Three| f(m).sum(..);
    let some = || path_contains("b");
    let expected = "one node, different `wrt`:\n  a: not differentiated\n  b: differentiated\n  \
                    c: not differentiated";
    let calls: [&dyn Fn(); 6] = [
        &|| drop(grad(sum, wrt(some(), &model))),
        &|| drop(value_and_grad(sum, wrt(some(), &model))),
        &|| drop(vjp(f, wrt(some(), &model))),
        &|| drop(linearize(f, wrt(some(), &model))),
        &|| drop(jacrev(f, wrt(some(), &model))),
        &|| drop(jacfwd(f, wrt(some(), &model))),
    ];
    for call in calls {
        let text = message(call);
        assert!(text.contains(expected), "{text}");
    }
    let axes = || StateAxes::new().with(some(), 1).with(nnx::module::Everything, 0);
    let calls: [(&str, &dyn Fn()); 3] = [
        ("vmap: one node, different axes:\n  a: 0\n  b: 1\n  c: 0", &|| {
            drop(vmap(f, &model, axes()))
        }),
        ("map_slices: one node, different axes:\n  a: 0\n  b: 1\n  c: 0", &|| {
            drop(map_slices(f, over(&model).in_axes(axes())));
        }),
        ("scan: one node, different axes:\n  [1].a: 0\n  [1].b: 1\n  [1].c: 0", &|| {
            drop(scan(|(), m: &Three| ((), f(m)), (), over(&model).in_axes(axes())));
        }),
    ];
    for (expected, call) in calls {
        let text = message(call);
        assert!(text.contains(expected), "{text}");
    }
    assert!(model.b.ptr_eq(&model.c));
}
