//! Nodes that a traced function captured: they can be read, also by calls and transforms inside of it that get
//! them as arguments, and not set, whoever tries.

use super::{Block, Tied, message, shared, value};
use nnx::{Array, Param, Shared, cond, grad, in_axes, over, remat, scan, vmap};
use std::sync::{LazyLock, Mutex};

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
            let rows = nnx::array::stack([x, x], 0);
            let of = |(n, x): (&Shared<Param>, &Array)| product(n, x);
            vmap(of, (&node, &rows), in_axes((None, Some(0)))).mean(..)
        },
        &|x| {
            let step = |c: Array, n: &Shared<Param>| (c + product(n, x), ());
            scan(step, zero.clone(), over(&node).in_axes(None).length(1)).0
        },
        &|x| cond(Array::scalar(true), |n| product(n, x), |n| product(n, x) * 2.0, &node),
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
        let (a, b) = cond(Array::scalar(flag), fresh, other, &x());
        assert!(a.ptr_eq(&b));
        assert_eq!(value(&a), expected);
    }
    let text = message(|| {
        let two = |x: &Array| (Shared::new(Param::new(x * 2.0)), Shared::new(Param::new(x * 2.0)));
        cond(Array::scalar(true), fresh, two, &x());
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

static ALSO_AN_ARGUMENT: LazyLock<Shared<Param>> = LazyLock::new(|| shared(3.0));

#[nnx::jit]
fn reads_its_argument_by_another_handle(node: &Shared<Param>) -> Array {
    let captured = ALSO_AN_ARGUMENT.read();
    node.read().value() * &**captured
}

#[nnx::jit]
fn value_of(node: &Shared<Param>) -> Array {
    node.read().value() * 1.0
}

/// It would be a constant: stale in the next call, and without its part of the gradient.
#[test]
fn an_argument_is_not_read_by_a_captured_handle() {
    let node = shared(3.0);
    let squared = |n: &Shared<Param>| n.read().value() * &**node.read();
    let inside = |x: &Array| grad(squared, &node).read().value() * x;
    let all: [&dyn Fn(); 3] =
        [&|| drop(grad(squared, &node)), &|| drop(grad(inside, &x())), &|| {
            drop(reads_its_argument_by_another_handle(&ALSO_AN_ARGUMENT))
        }];
    for (i, f) in all.iter().enumerate() {
        let text = message(f);
        assert!(
            text.contains("in an argument of the function that is being traced"),
            "{i}: {text}"
        );
    }
    // Another node may be.
    assert_eq!(reads_its_argument_by_another_handle(&node).item::<f32>(), 9.0);
    assert_eq!((value(&node), value(&ALSO_AN_ARGUMENT)), (3.0, 3.0));
}

/// It reads as before; `&mut` is refused at its line, as `write()` is, so that the old value stays.
#[test]
fn a_guard_from_before() {
    let node = shared(3.0);
    let guard = Mutex::new(node.write());
    let uses = |x: &Array| guard.lock().unwrap().value() * x;
    assert_eq!(grad(uses, &x()).item::<f32>(), 3.0);
    let sets = |x: &Array| {
        guard.lock().unwrap().set(x.clone());
        x.clone()
    };
    let text = message(|| drop(grad(sets, &x())));
    let captured = "a guard of `Shared::write` from before: this node, a `";
    assert!(text.contains(captured), "{text}");
    assert!(text.contains("was captured by the function that is being traced"), "{text}");
    let mut guard = guard.into_inner().unwrap_or_else(|e| e.into_inner());
    assert_eq!(guard.item::<f32>(), 3.0);
    // Outside of the trace it is what it was.
    guard.set(Array::scalar(4.0_f32));
    drop(guard);
    assert_eq!(value(&node), 4.0);
}

#[nnx::jit]
fn holds_a_guard_over_a_transform(model: &Tied, x: &Array) -> Array {
    let guard = Mutex::new(model.embed.write());
    grad(
        |x: &Array| {
            let mut guard = guard.lock().unwrap();
            let next = guard.value() * x;
            guard.set(next.clone());
            next
        },
        x,
    )
}

#[test]
fn a_guard_of_the_enclosing_function() {
    let model = Tied::new(3.0);
    let text = message(|| drop(holds_a_guard_over_a_transform(&model, &x())));
    assert!(text.contains("was captured by the function that is being traced"), "{text}");
    assert_eq!(value(&model.head), 3.0);
}

/// Nobody stands between a `&mut` and its Variable: the error says that the old value is gone.
#[test]
fn a_captured_variable() {
    let param = Mutex::new(super::param(3.0));
    let sets = |x: &Array| {
        param.lock().unwrap().set(x * 2.0);
        x.clone()
    };
    let text = message(|| drop(grad(sets, &x())));
    assert!(text.contains("set a Param to f32[] at "), "{text}");
    assert!(text.contains("which it captured") && text.contains("captured.rs"), "{text}");
    assert!(text.contains("the value from before is lost"), "{text}");
    let text = message(|| assert!(param.lock().unwrap().item::<f32>() > 0.0));
    assert!(text.contains("a traced value escaped"), "{text}");
}

static MADE_INSIDE: LazyLock<Shared<Param>> = LazyLock::new(|| shared(4.0));

#[nnx::jit]
fn makes_a_static_node(x: &Array) -> Array {
    x * &**MADE_INSIDE.read()
}

#[nnx::jit]
fn doubles(node: &Shared<Param>) {
    let doubled = node.read().value() * 2.0;
    node.write().set(doubled);
}

/// A node that outlives the trace that it was made in is one like others.
#[test]
fn a_static_node_may_be_made_inside() {
    assert_eq!(makes_a_static_node(&x()).item::<f32>(), 8.0);
    MADE_INSIDE.write().set(Array::scalar(5.0_f32));
    doubles(&MADE_INSIDE);
    doubles(&MADE_INSIDE);
    assert_eq!(value(&MADE_INSIDE), 20.0);
}

#[nnx::jit]
fn sets_the_table(model: &Tied) {
    sets(&model.embed, &x());
}

#[nnx::jit]
fn holds_a_guard(model: &Tied) -> Array {
    let table = model.embed.read();
    sets_the_table(model);
    table.value() * 1.0
}

#[test]
fn a_guard_in_the_way_of_a_call_inside() {
    let model = Tied::new(3.0);
    let text = message(|| drop(holds_a_guard(&model)));
    assert!(text.contains("`model.embed` is held by a guard of this thread"), "{text}");
    assert_eq!(value(&model.embed), 3.0);
}
