//! Closures under `nnx::jit(…)`: values that hold their own programs.

use nnx::module::Shared;
use nnx::nn::Linear;
use nnx::optim::{Optimizer, adam};
use nnx::random::Rngs;
use nnx::transform::Owned;
use nnx::{Array, DType, Param, array, jit, value_and_grad};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn stats(name: &str) -> Vec<nnx::jit::Stats> {
    nnx::jit::functions().into_iter().filter(|f| f.name == name).collect()
}

#[test]
fn a_closure_is_traced_once_for_each_key() {
    let traced = Cell::new(0);
    let double = jit(|x: &Array| {
        traced.set(traced.get() + 1);
        x * 2.0
    });
    for size in [3, 3, 4, 3] {
        let y = double.call(&array::ones([size], DType::F32));
        assert_eq!(y.to_vec::<f32>(), vec![2.0; size]);
    }
    assert_eq!(traced.get(), 2);
}

#[test]
fn a_step_with_an_optimizer_whose_type_is_left_open() {
    let mut model = Linear::new(2, 1, &mut Rngs::new(0));
    let mut optimizer = Optimizer::new(&model, adam(0.1));
    let decay = 1e-3;
    let step = jit(|(model, optimizer, x): (&mut Linear, &mut Optimizer<_>, &Array)| {
        let loss = |model: &mut Linear| {
            let y = model.forward(x);
            (&y * &y).mean(..) + (model.kernel.value() * model.kernel.value()).sum(..) * decay
        };
        let (loss, gradients) = value_and_grad(loss, &mut *model);
        optimizer.update(model, &gradients);
        loss
    })
    .name("closure_step");
    let x = array::ones([4, 2], DType::F32);
    let losses: Vec<f32> =
        (0..50).map(|_| step.call((&mut model, &mut optimizer, &x)).item::<f32>()).collect();
    assert!(losses[49] < 0.2 * losses[0], "{losses:?}");
    let [stats] = &stats("closure_step")[..] else { panic!("one closure") };
    assert_eq!((stats.traces, stats.hits), (1, 49));
}

#[test]
fn captured_values_are_those_of_each_closure() {
    let scaled = |factor: f32, offset: Array| jit(move |x: &Array| x * factor + &offset);
    let by = |n: f32| scaled(n, Array::from([n, 10.0 * n]));
    let (first, second) = (by(2.0), by(3.0));
    for _ in 0..2 {
        let x = Array::from([1.0_f32, 1.0]);
        assert_eq!(first.call(&x).to_vec::<f32>(), [4.0, 22.0]);
        assert_eq!(second.call(&x).to_vec::<f32>(), [6.0, 33.0]);
    }
}

#[test]
fn arguments_by_value_are_given_away_and_results_may_be_errors() {
    let sum = jit(|(x, y): (Array, &Array)| -> nnx::Result<Array> { Ok(x + y) });
    let ones = array::ones([3], DType::F32);
    let y = sum.call((Owned::new(ones.clone()), &ones)).expect("the shapes fit");
    assert_eq!(y.to_vec::<f32>(), [2.0; 3]);
    let error = sum.call((Owned::new(ones.clone()), &array::ones([2], DType::F32)));
    assert!(error.expect_err("the shapes differ").to_string().contains("[3]"));
}

#[test]
fn dropped_closures_leave_no_programs_and_one_row() {
    for i in 0..20 {
        let add = jit(move |x: &Array| x + i).name("closure_in_a_loop");
        assert_eq!(add.call(&Array::scalar(1_i32)).item::<i32>(), 1 + i);
    }
    assert_eq!(nnx::jit::clear_cache("closure_in_a_loop"), 0);
    let [stats] = &stats("closure_in_a_loop")[..] else { panic!("one after the other") };
    assert_eq!(stats.traces, 20);
}

#[test]
fn a_closure_without_a_name_is_called_by_its_place() {
    let line = line!() + 1;
    let one = jit(|x: &Array| x + 1.0);
    one.call(&Array::scalar(1.0_f32));
    let name = format!("closure at {}:{line}:15", file!());
    assert_eq!(stats(&name).len(), 1, "{name}");
}

/// Its value may be another one at the next call, which would not see it.
#[test]
fn a_captured_node_is_an_error_with_the_fix() {
    let node = Shared::new(Param::new(Array::scalar(2.0_f32)));
    let read = jit(|x: &Array| x * node.read().value());
    let x = Array::scalar(3.0_f32);
    let panic = catch_unwind(AssertUnwindSafe(|| read.call(&x))).expect_err("it would be stale");
    let text = panic.downcast_ref::<String>().expect("a message");
    assert!(text.contains("was captured by a jitted closure"), "{text}");
    let passed = jit(|(x, node): (&Array, &Shared<Param>)| x * node.read().value());
    assert_eq!(passed.call((&x, &node)).item::<f32>(), 6.0);
    node.write().set(Array::scalar(5.0_f32));
    assert_eq!(passed.call((&x, &node)).item::<f32>(), 15.0);
    // Outside of the trace it can be read again.
    assert_eq!(node.read().item::<f32>(), 5.0);
}

#[nnx::jit(name = "closure_product")]
fn product(node: &Shared<Param>, x: &Array) -> Array {
    node.read().value() * x
}

/// Nor by a call that gets it in an argument, by a transform, or by an operation on the whole of it.
#[test]
fn a_captured_node_is_an_error_by_every_way() {
    let node = Shared::new(Param::new(Array::scalar(2.0_f32)));
    let weak = node.downgrade();
    let link = || weak.upgrade().expect("it is there");
    type Way<'a> = Box<dyn Fn(&Array) -> Array + 'a>;
    let ways: [(&str, Way<'_>); 6] = [
        ("a call", Box::new(|x| product(&node, x))),
        ("a link", Box::new(|x| link().read().value() * x)),
        (
            "grad",
            Box::new(|x| {
                nnx::grad(|n: &Shared<Param>| product(n, x), &node).read().value().clone()
            }),
        ),
        (
            "remat",
            Box::new(|x| nnx::remat(|(n, x): (&Shared<Param>, &Array)| product(n, x), (&node, x))),
        ),
        (
            "state",
            Box::new(|x| nnx::state(&node).iter().next().expect("a leaf").1.value.clone() * x),
        ),
        ("clone", Box::new(|x| product(&nnx::clone(&node), x))),
    ];
    for (name, way) in &ways {
        let closure = jit(|x: &Array| way(x));
        let called = catch_unwind(AssertUnwindSafe(|| closure.call(&Array::scalar(3.0_f32))));
        let panic = called.expect_err(name);
        let text = panic.downcast_ref::<String>().expect("a message");
        assert!(text.contains("a jitted closure"), "{name}: {text}");
        // Everything is let go of.
        node.write().set(Array::scalar(2.0_f32));
    }
}

#[test]
fn new_nodes_may_be_returned() {
    let pair = jit(|x: &Array| {
        let node = Shared::new(Param::new(x * 2.0));
        (node.clone(), node)
    });
    for _ in 0..2 {
        let (first, second) = pair.call(&Array::scalar(3.0_f32));
        assert!(first == second && first.read().item::<f32>() == 6.0);
    }
}

/// It would be set in the first call alone, to a value that is of no use outside.
#[test]
fn a_captured_value_that_is_set_is_an_error_with_its_place() {
    let last = RefCell::new(Param::new(Array::scalar(0.0_f32)));
    let sets = jit(|x: &Array| {
        last.borrow_mut().set(x * 2.0);
        x + 1.0
    });
    let kept = RefCell::new(vec![]);
    let keeps = jit(|x: &Array| {
        kept.borrow_mut().push(x * 2.0);
        x + 1.0
    });
    let message = |closure: &dyn Fn(&Array) -> Array| {
        let panic = catch_unwind(AssertUnwindSafe(|| closure(&Array::scalar(3.0_f32))));
        panic.expect_err("a value is left").downcast_ref::<String>().expect("a message").clone()
    };
    let text = message(&|x| sets.call(x));
    assert!(text.contains("set a Param to f32[] at tests/behaviour/jit_closure.rs"), "{text}");
    let text = message(&|x| keeps.call(x));
    assert!(text.contains("put a traced value into something that it captured"), "{text}");
    assert!(text.contains("fixes:\n  1. pass what is set in an argument"), "{text}");
}

#[test]
fn changes_of_structure_are_handed_back_unless_refused() {
    let push = |list: &mut Vec<Param>| list.push(Param::new(list[0].value() + 1.0));
    let mut list = vec![Param::new(Array::scalar(1.0_f32))];
    let pushes = jit(push);
    (0..3).for_each(|_| pushes.call(&mut list));
    assert_eq!(list.len(), 4);
    let refused = jit(push).graph_updates(false);
    let panic = catch_unwind(AssertUnwindSafe(|| refused.call(&mut list)));
    assert!(panic.is_err() && list.len() == 4);
}
