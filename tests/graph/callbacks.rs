//! Functions of the host that get shared nodes.

use super::{Block, Tied, message, shared, value};
use nnx::{Array, DType, Module, Param, Shared, io_callback, pure_callback};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[derive(Module)]
struct Sized {
    weight: Param,
    width: usize,
}

fn sized() -> Shared<Sized> {
    Shared::new(Sized { weight: super::param(1.0), width: 1 })
}

fn shape() -> Array {
    Array::shape_only((), DType::F32)
}

/// Nobody sees a change of the copy that a callback gets.
#[test]
fn changes_of_any_kind_are_refused() {
    let why = "which nobody would see: it may only read";
    let node = sized();
    let text = message(|| {
        let widen = |n: &Shared<Sized>| {
            n.write().width = 5;
            Array::scalar(0.0_f32)
        };
        io_callback(widen, &shape(), &node);
    });
    assert!(text.contains(why) && text.contains("`width` is now 5, before 1"), "{text}");
    assert_eq!(node.read().width, 1);

    let block = Shared::new(Block::new(1.0));
    let text = message(|| {
        let grow = |n: &Shared<Block>| {
            n.write().sub = Some(Shared::new(Block::new(2.0)));
            Array::scalar(0.0_f32)
        };
        pure_callback(grow, &shape(), &block);
    });
    assert!(text.contains(why) && text.contains("`sub`"), "{text}");
    assert!(block.read().sub.is_none());

    let tied = Tied::untied(1.0, 2.0);
    let text = message(|| {
        let set = |(m,): (&Tied,)| {
            m.head.write().set(Array::scalar(5.0_f32));
            Array::scalar(0.0_f32)
        };
        io_callback(set, &shape(), (&tied,));
    });
    assert!(text.contains(&format!("changes `[0].head`, {why}")), "{text}");
    let text = message(|| {
        let set = |n: &Shared<Param>| {
            n.write().set(Array::scalar(5.0_f32));
            Array::scalar(0.0_f32)
        };
        io_callback(set, &shape(), &tied.head);
    });
    assert!(text.contains(&format!("changes its argument, {why}")), "{text}");
    assert_eq!(value(&tied.head), 2.0);
}

#[nnx::jit]
fn widened_on_the_host(node: &Shared<Sized>) -> Array {
    let widen = |n: &Shared<Sized>| {
        n.write().width = 5;
        Array::scalar(0.0_f32)
    };
    io_callback(widen, &shape(), node)
}

#[test]
fn in_a_program_too() {
    if !nnx::xla::Client::global().unwrap().has_callbacks() {
        return;
    }
    let node = sized();
    let text = message(|| {
        widened_on_the_host(&node).item::<f32>();
    });
    assert!(text.contains("`width` is now 5, before 1"), "{text}");
    let _ = nnx::effects_barrier();
    assert_eq!(node.read().width, 1);
}

/// Another thread changes the structure meanwhile: a callback sees the tree before it or after it.
#[test]
fn the_tree_is_read_as_it_is_at_one_time() {
    let node = Shared::new(vec![super::param(1.0)]);
    /// Ends the other thread after a failure too.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                let mut list = node.write();
                match list.len() {
                    1 => (0..40).for_each(|_| list.push(super::param(1.0))),
                    _ => list.truncate(1),
                }
            }
        });
        let _done = Done(&done);
        for _ in 0..2000 {
            let count = |list: &Shared<Vec<Param>>| {
                let list = list.read();
                Array::scalar(list.iter().map(|param| param.item::<f32>()).sum::<f32>())
            };
            let sum = pure_callback(count, &shape(), &node).item::<f32>();
            assert!([1.0, 41.0].contains(&sum), "{sum}");
        }
    });
    let held = shared(1.0);
    let _guard = held.write();
    let text = message(|| {
        pure_callback(|_: &Shared<Param>| Array::scalar(0.0_f32), &shape(), &held);
    });
    assert!(text.contains("is held by a guard of this thread"), "{text}");
}
