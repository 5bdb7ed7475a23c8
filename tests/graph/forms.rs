//! Tangents and cotangents have the form of what they belong to: as many leaves of the same shapes in
//! other places would be taken for one another.

use super::{message, shared};
use nnx::{
    Array, Param, Shared, custom_jvp, custom_vjp, grad, in_axes, jvp, linearize, scan, vjp, vmap,
};

type Nodes = Vec<Shared<Param>>;

/// Two nodes at three places.
fn nodes(places: [usize; 3]) -> Nodes {
    let nodes = [shared(2.0), shared(3.0)];
    places.map(|place| nodes[place].clone()).into()
}

fn sum(nodes: &Nodes) -> Array {
    nodes.iter().fold(Array::scalar(0.0_f32), |sum, node| sum + node.read().value())
}

#[test]
fn tangents_have_the_pattern_of_nodes() {
    let argument = nodes([0, 1, 0]);
    let (_, slope) = jvp(sum, &argument, &nodes([0, 1, 0]));
    assert_eq!(slope.item::<f32>(), 7.0);
    let text = message(|| {
        jvp(sum, &argument, &nodes([0, 0, 1]));
    });
    assert!(text.contains("of the tangents, `[1]` is the node of `[0]`"), "{text}");
    assert!(text.contains("where a node of its own is needed"), "{text}");
    let (_, linear) = linearize(sum, &argument);
    assert_eq!(linear.call(&nodes([0, 1, 0])).item::<f32>(), 7.0);
    let text = message(|| {
        linear.call(&nodes([0, 1, 1]));
    });
    assert!(text.contains("`[2]` is the node of `[1]`, where the node of `[0]`"), "{text}");
}

#[test]
fn cotangents_have_the_pattern_of_nodes() {
    let x = Array::scalar(1.0_f32);
    let (_, pullback) = vjp(
        |x: &Array| -> Nodes {
            let [a, b] = [2.0, 10.0].map(|factor| Shared::new(Param::new(x * factor)));
            vec![a.clone(), b, a]
        },
        &x,
    );
    assert_eq!(pullback.call(&nodes([0, 1, 0])).item::<f32>(), 34.0);
    let text = message(|| {
        pullback.call(&nodes([0, 0, 1]));
    });
    assert!(text.contains("of what is given, `[1]` is the node of `[0]`"), "{text}");
}

#[test]
fn what_a_rule_of_ones_own_returns_has_the_pattern_of_nodes() {
    let reverse = custom_vjp(sum, |x: &Nodes| (sum(x), ()), |(), _: &Array| nodes([0, 0, 1]));
    let text = message(|| {
        grad(|x: &Nodes| reverse(x), &nodes([0, 1, 0]));
    });
    assert!(text.contains("`backward` returns, `[1]` is the node of `[0]`"), "{text}");
    let same = |x: &Nodes| -> Nodes { x.clone() };
    let forward = custom_jvp(
        |x: &Nodes| vec![x[0].read().value() * 1.0, x[1].read().value() * 1.0],
        move |x: &Nodes, t: &Nodes| {
            let _ = same(t);
            let value = |node: &Shared<Param>| node.read().value() * 1.0;
            (vec![value(&x[0]), value(&x[1])], vec![value(&t[0]), value(&t[1])])
        },
    );
    let (_, slopes) = jvp(|x: &Nodes| forward(x), &nodes([0, 1, 0]), &nodes([0, 1, 0]));
    assert_eq!(slopes.iter().map(Array::item::<f32>).collect::<Vec<_>>(), [2.0, 3.0]);
}

#[test]
fn lists_of_other_lengths_are_no_form() {
    let x = Array::scalar(1.0_f32);
    let lists = |lengths: [usize; 2]| lengths.map(|n| vec![x.clone(); n]);
    let total = |[a, b]: &[Vec<Array>; 2]| a.iter().chain(b).fold(x.clone(), |sum, y| sum + y);
    let text = message(|| {
        jvp(total, &lists([1, 2]), &lists([2, 1]));
    });
    assert!(text.contains("`[0]` is of length 2, where of length 1 is needed"), "{text}");
}

/// Two rows, in a node.
fn rows() -> Shared<Param> {
    Shared::new(Param::new(Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [2, 2])))
}

#[test]
fn an_axis_has_one_name_whether_it_is_counted_from_the_first_or_the_last() {
    let node = rows();
    let double = |(a, b): (&Shared<Param>, &Shared<Param>)| a.read().value() + b.read().value();
    let y = vmap(double, (&node, &node), in_axes((1, -1)));
    assert_eq!(y.to_vec::<f32>(), [2.0, 6.0, 4.0, 8.0]);
    let same = vmap(|node: &Shared<Param>| node.clone(), &node, in_axes(-1).out_axes(-1));
    assert!(same.ptr_eq(&node));
}

#[test]
fn a_node_has_one_axis_in_the_result() {
    let node = rows();
    let twice = |node: &Shared<Param>| (node.clone(), node.clone());
    let (a, b) = vmap(twice, &node, in_axes(0).out_axes((0, 0)));
    assert!(a.ptr_eq(&node) && b.ptr_eq(&node));
    let text = message(|| {
        vmap(twice, &node, in_axes(0).out_axes((0, 1)));
    });
    let places = "one node, different axes:\n  the argument: 0\n  [0] of the result: 0\n  [1] of the result: 1";
    assert!(text.contains(places), "{text}");
    let new = |x: &Array| {
        let node = Shared::new(Param::new(x * 2.0));
        (node.clone(), node)
    };
    let (a, b) = vmap(new, node.read().value(), in_axes(0).out_axes(1));
    assert!(a.ptr_eq(&b));
    assert_eq!(a.read().to_vec::<f32>(), [2.0, 6.0, 4.0, 8.0]);
    let text = message(|| {
        vmap(new, node.read().value(), in_axes(0).out_axes((0, 1)));
    });
    assert!(text.contains("[0] of the result: 0\n  [1] of the result: 1"), "{text}");
}

#[test]
fn a_carried_node_is_not_put_together() {
    let node = rows();
    let xs = node.read().value().clone();
    let text = message(|| {
        scan(|node: Shared<Param>, _: &Array| (node.clone(), node), node.clone(), &xs);
    });
    assert!(text.contains("one node, different axes"), "{text}");
    assert!(text.contains("[1] of the result: 0"), "{text}");
}
