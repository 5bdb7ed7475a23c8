//! Nodes that a traced function captured: they can be read, also by calls and transforms inside of it that get
//! them as arguments, and not set, whoever tries.

use super::{Block, Tied, message, shared, value};
use nnx::{Array, Param, Shared, cond, grad, in_axes, over, remat, scan, vmap};

fn x() -> Array {
    Array::scalar(2.0_f32)
}

fn product(node: &Shared<Param>, x: &Array) -> Array {
    node.read().value() * x
}

#[nnx::jit]
fn inlined(node: &Shared<Param>, x: &Array) -> Array {
    product(node, x)
}

#[nnx::jit(inline = false)]
fn called(node: &Shared<Param>, x: &Array) -> Array {
    product(node, x)
}

#[test]
fn calls_and_transforms_inside_may_read_them() {
    let node = shared(3.0);
    let zero = Array::scalar(0.0_f32);
    let all: [&dyn Fn(&Array) -> Array; 8] = [
        &|x| product(&node, x),
        &|x| inlined(&node, x),
        &|x| called(&node, x),
        &|x| remat(|(n, x): (&Shared<Param>, &Array)| product(n, x), (&node, x)),
        &|x| {
            let rows = nnx::array::stack(&[x, x], 0);
            let of = |(n, x): (&Shared<Param>, &Array)| product(n, x);
            vmap(of, (&node, &rows), in_axes((None, Some(0)))).mean(..)
        },
        &|x| {
            let step = |c: Array, n: &Shared<Param>| (c + product(n, x), ());
            scan(step, zero.clone(), over(&node).in_axes(None).length(1)).0
        },
        &|x| cond(&Array::scalar(true), |n| product(n, x), |n| product(n, x) * 2.0, &node),
        &|x| {
            let inner = grad(|n: &Shared<Param>| product(n, x) * 3.0, &node);
            inner.read().value() * 1.0
        },
    ];
    for (i, f) in all.iter().enumerate() {
        assert_eq!(grad(f, &x()).item::<f32>(), 3.0, "{i}");
    }
    assert_eq!(value(&node), 3.0);
}

#[nnx::jit(inline = false)]
fn called_to_set(node: &Shared<Param>, x: &Array) -> Array {
    sets(node, x)
}

#[nnx::jit]
fn inlined_to_set(node: &Shared<Param>, x: &Array) -> Array {
    sets(node, x)
}

fn sets(node: &Shared<Param>, x: &Array) -> Array {
    node.write().set(x * 1.0);
    x * 2.0
}

#[test]
fn nobody_inside_may_set_them() {
    let node = shared(3.0);
    let all: [&dyn Fn(&Array) -> Array; 5] = [
        &|x| sets(&node, x),
        &|x| inlined_to_set(&node, x),
        &|x| called_to_set(&node, x),
        &|x| remat(|(n, x): (&Shared<Param>, &Array)| sets(n, x), (&node, x)),
        &|x| vmap(|n: &Shared<Param>| sets(n, x), &node, in_axes(None).axis_size(1)).sum(..),
    ];
    for (i, f) in all.iter().enumerate() {
        let text = message(|| {
            grad(f, &x());
        });
        assert!(text.contains("was captured by the function that is being traced"), "{i}: {text}");
        assert_eq!(value(&node), 3.0);
    }
}

#[nnx::jit(inline = false)]
fn called_to_grow(node: &Shared<Block>, x: &Array) -> Array {
    grows(node, x)
}

#[nnx::jit]
fn inlined_to_grow(node: &Shared<Block>, x: &Array) -> Array {
    grows(node, x)
}

fn grows(node: &Shared<Block>, x: &Array) -> Array {
    node.write().sub = Some(Shared::new(Block::new(1.0)));
    x * 2.0
}

#[test]
fn nobody_inside_may_change_their_structure() {
    let node = Shared::new(Block::new(3.0));
    let all: [&dyn Fn(&Array) -> Array; 3] =
        [&|x| grows(&node, x), &|x| inlined_to_grow(&node, x), &|x| called_to_grow(&node, x)];
    for (i, f) in all.iter().enumerate() {
        let text = message(|| {
            grad(f, &x());
        });
        assert!(text.contains("was captured by the function that is being traced"), "{i}: {text}");
        assert!(node.read().sub.is_none());
    }
}

#[nnx::jit]
fn outer(model: &Tied, x: &Array) -> Array {
    // The argument's node is captured by the function that is differentiated.
    grad(|x: &Array| called(&model.embed, x) + inlined(&model.head, x), x)
}

#[nnx::jit]
fn outer_sets(model: &Tied, x: &Array) -> Array {
    grad(|x: &Array| sets(&model.embed, x), x)
}

#[test]
fn so_it_is_with_the_nodes_of_an_enclosing_function() {
    let model = Tied::new(3.0);
    for _ in 0..2 {
        assert_eq!(outer(&model, &x()).item::<f32>(), 6.0);
        let text = message(|| drop(outer_sets(&model, &x())));
        assert!(text.contains("was captured by the function that is being traced"), "{text}");
    }
    assert_eq!(value(&model.head), 3.0);
}

#[test]
fn a_new_node_of_both_branches_is_one() {
    let fresh = |x: &Array| {
        let node = Shared::new(Param::new(x * 2.0));
        (node.clone(), node)
    };
    let other = |x: &Array| {
        let node = Shared::new(Param::new(x * 3.0));
        (node.clone(), node)
    };
    for (flag, expected) in [(true, 4.0), (false, 6.0)] {
        let (a, b) = cond(&Array::scalar(flag), fresh, other, &x());
        assert!(a.ptr_eq(&b));
        assert_eq!(value(&a), expected);
    }
    let text = message(|| {
        let two = |x: &Array| (Shared::new(Param::new(x * 2.0)), Shared::new(Param::new(x * 2.0)));
        cond(&Array::scalar(true), fresh, two, &x());
    });
    assert!(text.contains("[1]"), "{text}");
}

#[test]
fn a_node_that_is_not_mapped_takes_one_value() {
    let node = shared(3.0);
    let rows = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let same = |(n, x): (&Shared<Param>, &Array)| {
        let next = n.read().value() + 1.0;
        n.write().set(next);
        product(n, x)
    };
    let y = vmap(same, (&node, &rows), in_axes((None, Some(0))));
    assert_eq!(y.to_vec::<f32>(), [4.0, 8.0]);
    assert_eq!(value(&node), 4.0);
    let text = message(|| {
        vmap(
            |(n, x): (&Shared<Param>, &Array)| sets(n, x),
            (&node, &rows),
            in_axes((None, Some(0))),
        );
    });
    assert!(text.contains("`[0]`"), "{text}");
    assert_eq!(value(&node), 4.0);
}
