//! Threads that would wait for each other at nodes for ever: one gets an error, the others go on.

use super::{shared, value};
use nnx::{Array, Param, Shared, grad};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Barrier, LazyLock, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// Runs both threads; gives the message of the one that had to give way.
fn give_way(first: impl FnOnce() + Send, second: impl FnOnce() + Send) -> String {
    let texts = Mutex::new(Vec::new());
    let run = |f: Box<dyn FnOnce() + Send + '_>| {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        if let Err(panic) = result {
            texts.lock().unwrap().push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(Box::new(first)));
        scope.spawn(|| run(Box::new(second)));
    });
    let texts = texts.into_inner().unwrap();
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts.into_iter().next().unwrap_or_default()
}

#[test]
fn guards_taken_in_opposite_orders() {
    let (a, b) = (shared(1.0), shared(2.0));
    let both = Barrier::new(2);
    let take = |one: &Shared<Param>, other: &Shared<Param>| {
        let one = one.write();
        both.wait();
        other.write().set(Array::scalar(5.0_f32));
        drop(one);
    };
    let text = give_way(|| take(&a, &b), || take(&b, &a));
    assert!(text.contains("Shared::write: another thread holds this node"), "{text}");
    assert!(text.contains("waits for one that this thread has"), "{text}");
    assert_eq!([value(&a), value(&b)].iter().filter(|&&v| v == 5.0).count(), 1);
}

/// Sends when it goes, also in a panic.
struct Tell(Sender<()>);

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// The circle has a reader in it who came when the other thread waited already.
#[test]
fn a_reader_who_comes_later_is_waited_for_too() {
    let (a, b) = (shared(1.0), shared(2.0));
    let held = Barrier::new(3);
    let (tell, told) = channel();
    let (first, second) = (Tell(tell.clone()), Tell(tell));
    let (a, b, held) = (&a, &b, &held);
    std::thread::scope(|scope| {
        // Reads until one of the others has given way.
        scope.spawn(move || {
            let guard = a.read();
            held.wait();
            told.recv().unwrap();
            drop(guard);
        });
        let text = give_way(
            move || {
                let _first = first;
                let _guard = b.write();
                held.wait();
                a.write().set(Array::scalar(5.0_f32));
            },
            move || {
                let _second = second;
                held.wait();
                // The other one waits for the first reader by now. If it does not yet, less is tested.
                sleep(Duration::from_millis(30));
                let _guard = a.read();
                b.write().set(Array::scalar(6.0_f32));
            },
        );
        assert!(text.contains("another thread holds this node"), "{text}");
    });
}

/// Nodes that no call holds for long are waited for, however many threads want them.
#[test]
fn a_wait_that_ends_is_no_error() {
    let nodes = [shared(0.0), shared(0.0), shared(0.0)];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    // In one order: no circle.
                    let mut guards = nodes.iter().map(Shared::write).collect::<Vec<_>>();
                    for guard in &mut guards {
                        let next = guard.item::<f32>() + 1.0;
                        guard.set(Array::scalar(next));
                    }
                }
            });
        }
        scope.spawn(|| {
            for i in 0..400 {
                assert!(value(&nodes[i % 3]) >= 0.0);
            }
        });
    });
    assert_eq!(nodes.iter().map(value).collect::<Vec<_>>(), [800.0; 3]);
}

static NODES: LazyLock<[Shared<Param>; 2]> = LazyLock::new(|| [shared(1.0), shared(2.0)]);
static TRACED: Barrier = Barrier::new(2);

/// The node of an argument, which the call has, and a captured one, which a transform wants.
#[nnx::jit]
fn takes_another(mine: &Shared<Param>, #[nnx(static)] other: usize) -> Array {
    TRACED.wait();
    let inner = grad(|n: &Shared<Param>| n.read().value() * 2.0, &NODES[other]);
    inner.read().value() * &**mine.read()
}

#[test]
fn transforms_that_take_captured_nodes_in_opposite_orders() {
    let call = |mine: usize, other: usize| drop(takes_another(&NODES[mine], other));
    let text = give_way(|| call(0, 1), || call(1, 0));
    assert!(text.contains("the argument is held by another thread"), "{text}");
    assert!(text.contains("pass what it captures in an argument"), "{text}");
}

/// A function that is traced, with its node, looks at a whole tree that it captured.
#[nnx::jit]
fn looks_at_a_captured_tree(mine: &Shared<Param>) -> Array {
    LOOKING.wait();
    // The other thread waits for the argument's node by now. If it does not yet, less is tested.
    sleep(Duration::from_millis(30));
    let state = nnx::state(&*CAPTURED);
    mine.read().value() * state.len() as f32
}

static LOOKING: Barrier = Barrier::new(2);
static CAPTURED: LazyLock<Shared<Param>> = LazyLock::new(|| shared(3.0));

#[test]
fn a_walk_through_a_captured_tree() {
    let node = shared(1.0);
    let text = give_way(
        || drop(looks_at_a_captured_tree(&node)),
        || {
            let guard = CAPTURED.write();
            LOOKING.wait();
            drop(node.write());
            drop(guard);
        },
    );
    assert!(
        text.contains("held by another thread") || text.contains("another thread holds"),
        "{text}"
    );
}

static MAKING: Barrier = Barrier::new(2);
static FIRST: AtomicBool = AtomicBool::new(true);
static PAIR: LazyLock<[Shared<Param>; 2]> = LazyLock::new(|| [shared(1.0), shared(2.0)]);

/// The call that makes the program wants a node that another call of the same program has.
#[nnx::jit]
fn reads_a_captured_node(mine: &Shared<Param>) -> Array {
    if FIRST.swap(false, Relaxed) {
        MAKING.wait();
        // The other thread waits for the program by now. If it does not yet, less is tested.
        sleep(Duration::from_millis(30));
        return mine.read().value() + &**PAIR[1].read();
    }
    mine.read().value() + 2.0
}

#[test]
fn two_first_calls_of_one_program() {
    let results = std::thread::scope(|scope| {
        let builder = scope.spawn(|| reads_a_captured_node(&PAIR[0]).item::<f32>());
        let other = scope.spawn(|| {
            MAKING.wait();
            reads_a_captured_node(&PAIR[1]).item::<f32>()
        });
        [builder.join().unwrap(), other.join().unwrap()]
    });
    assert_eq!(results, [3.0, 4.0]);
}

/// On the thread of the call the callback may read the node; on one of the backend it is refused, because the call
/// may wait for the run with the node in its hands.
#[test]
fn a_callback_that_reads_a_node_of_its_run() {
    let node = shared(2.0);
    let handle = node.clone();
    let loss = move |n: &Shared<Param>| {
        let loss = n.read().value() * 2.0;
        let handle = handle.clone();
        nnx::debug::callback(move |_: &Array| assert_eq!(handle.read().shape(), [0; 0]), &loss);
        loss
    };
    for _ in 0..2 {
        let run = std::panic::AssertUnwindSafe(|| {
            let gradient = grad(&loss, &node);
            nnx::effects_barrier().map(|()| value(&gradient))
        });
        match std::panic::catch_unwind(run) {
            Ok(Ok(gradient)) => assert_eq!(gradient, 2.0),
            Ok(Err(error)) => assert!(error.to_string().contains("callback"), "{error}"),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                assert!(text.contains("callback"), "{text}");
            }
        }
    }
    assert_eq!(value(&node), 2.0);
}
