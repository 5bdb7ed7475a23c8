//! Many threads at the same nodes: calls, readers and writers, each by every way in. No update is lost, no
//! reader sees half of one, and nobody waits for ever.

use super::{param, shared};
use nnx::{Array, Module, Param, Shared};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Two Variables that are equal whenever nobody is at the node.
#[derive(Module)]
struct Pair {
    a: Param,
    b: Param,
}

impl Pair {
    fn add_one(&mut self) {
        let next = self.a.value() + 1.0;
        self.a.set(next.clone());
        self.b.set(next);
    }
}

#[derive(Module)]
struct Both {
    first: Shared<Pair>,
    second: Shared<Pair>,
}

impl Both {
    /// The same two nodes, in the other order.
    fn turned(&self) -> Both {
        Both { first: self.second.clone(), second: self.first.clone() }
    }
}

#[nnx::jit(name = "stress_one")]
fn add_to_one(node: &Shared<Pair>) {
    node.write().add_one();
}

#[nnx::jit(name = "stress_both")]
fn add_to_both(nodes: &Both) {
    nodes.first.write().add_one();
    nodes.second.write().add_one();
}

#[nnx::jit(name = "stress_look")]
fn difference(nodes: &Both) -> Array {
    let (first, second) = (nodes.first.read(), nodes.second.read());
    (&*first.a - &*first.b) + (&*second.a - &*second.b)
}

#[nnx::jit(name = "stress_outer")]
fn add_in_a_call_in_a_call(nodes: &Both) {
    add_to_both(nodes);
    add_to_one(&nodes.first);
}

/// Ends the process if `run` does not end: a test that waits for ever says nothing.
pub(super) fn within(limit: Duration, run: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let start = Instant::now();
            while !done.load(SeqCst) {
                if start.elapsed() > limit {
                    eprintln!("a standstill at a shared node");
                    std::process::abort();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        // Also if an assertion fails.
        struct Done<'a>(&'a AtomicBool);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(true, SeqCst);
            }
        }
        let _done = Done(&done);
        run();
    });
}

#[test]
fn calls_readers_and_writers_at_the_same_nodes_lose_nothing_and_come_to_an_end() {
    const ROUNDS: usize = 300;
    let pair = || Shared::new(Pair { a: param(0.0), b: param(0.0) });
    let nodes = Both { first: pair(), second: pair() };
    // Programs are made before, so that the threads meet at the nodes and not at a compilation.
    add_to_one(&nodes.first);
    add_to_both(&nodes);
    add_in_a_call_in_a_call(&nodes);
    difference(&nodes);
    let before = [4.0, 2.0];
    let looks = AtomicUsize::new(0);
    within(Duration::from_secs(300), || {
        std::thread::scope(|scope| {
            let (nodes, looks) = (&nodes, &looks);
            for turned in [false, true] {
                scope.spawn(move || {
                    let nodes = if turned { nodes.turned() } else { nodes.turned().turned() };
                    (0..ROUNDS).for_each(|_| add_to_both(&nodes));
                });
            }
            scope.spawn(move || (0..ROUNDS).for_each(|_| add_to_one(&nodes.first)));
            scope.spawn(move || (0..ROUNDS).for_each(|_| add_in_a_call_in_a_call(nodes)));
            scope.spawn(move || (0..ROUNDS).for_each(|_| nodes.second.write().add_one()));
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    assert_eq!(difference(nodes).item::<f32>(), 0.0);
                    looks.fetch_add(1, SeqCst);
                }
            });
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let node = nodes.first.read();
                    assert_eq!(node.a.item::<f32>(), node.b.item::<f32>());
                    looks.fetch_add(1, SeqCst);
                }
            });
        });
    });
    assert_eq!(looks.load(SeqCst), 2 * ROUNDS);
    let rounds = ROUNDS as f32;
    for (node, before, each) in
        [(&nodes.first, before[0], 2.0 + 1.0 + 2.0), (&nodes.second, before[1], 2.0 + 1.0 + 1.0)]
    {
        let node = node.read();
        assert_eq!(node.a.item::<f32>(), before + each * rounds);
        assert_eq!(node.b.item::<f32>(), before + each * rounds);
    }
}

/// No arrays in between: the gate alone, as fast as threads come and go.
#[test]
fn guards_that_come_and_go_keep_others_out() {
    const ROUNDS: usize = 20_000;
    let node = shared(0.0);
    let (inside, writers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    within(Duration::from_secs(300), || {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (node, inside, writers) = (&node, &inside, &writers);
                scope.spawn(move || {
                    for i in 0..ROUNDS {
                        if (i + thread) % 3 == 0 {
                            let guard = node.write();
                            assert_eq!(inside.fetch_add(1, SeqCst), 0, "somebody else is there");
                            writers.fetch_add(1, SeqCst);
                            inside.fetch_sub(1, SeqCst);
                            drop(guard);
                        } else {
                            let guard = node.read();
                            let at = writers.load(SeqCst);
                            std::hint::spin_loop();
                            assert_eq!(writers.load(SeqCst), at, "somebody wrote meanwhile");
                            drop(guard);
                        }
                    }
                });
            }
        });
    });
    let expected = (0..4).flat_map(|t| (0..ROUNDS).map(move |i| (i + t) % 3 == 0));
    assert_eq!(writers.load(SeqCst), expected.filter(|writes| *writes).count());
}

/// With nodes of their own, lent by reference and as `&mut` with a change of structure.
#[test]
fn a_body_may_wait_for_a_thread_that_calls_its_own_function_with_another_key() {
    #[derive(Module)]
    struct Nodes(Vec<Shared<Param>>);

    #[nnx::jit(name = "stress_nested")]
    fn nested(node: &Shared<Param>, nodes: &mut Nodes, depth: u32) -> Array {
        let below = depth.checked_sub(1).map_or(0.0, |depth| {
            std::thread::spawn(move || {
                let (node, mut nodes) = (shared(10.0), Nodes(vec![]));
                let sum = nested(&node, &mut nodes, depth).item::<f32>();
                assert_eq!((node.read().item::<f32>(), nodes.0.len()), (11.0, 1));
                sum
            })
            .join()
            .unwrap()
        });
        let next = node.read().value() + 1.0;
        node.write().set(next.clone());
        nodes.0.push(node.clone());
        next + f64::from(below)
    }

    within(Duration::from_secs(300), || {
        for round in 1..3 {
            let (node, mut nodes) = (shared(0.0), Nodes(vec![]));
            // 11 of each thread below, the first of which starts another one.
            assert_eq!(nested(&node, &mut nodes, 2).item::<f32>(), 23.0, "round {round}");
            assert_eq!(node.read().item::<f32>(), 1.0);
            assert!(nodes.0[0].ptr_eq(&node));
        }
    });
    let stats = nnx::jit::functions().into_iter().find(|f| f.name == "stress_nested").unwrap();
    assert_eq!((stats.traces, stats.compiles, stats.hits), (3, 3, 1));
}

/// Two keys of one function with nodes are traced at the same time: each waits for the other in its body.
#[test]
fn two_keys_of_one_function_with_nodes_are_traced_at_the_same_time() {
    static INSIDE: std::sync::Barrier = std::sync::Barrier::new(2);
    #[nnx::jit(name = "stress_meets")]
    fn meets(node: &Shared<Param>, x: &Array) -> Array {
        INSIDE.wait();
        let next = node.read().value() + x.sum(..);
        node.write().set(next.clone());
        next
    }
    within(Duration::from_secs(300), || {
        std::thread::scope(|scope| {
            for n in [2, 3] {
                scope.spawn(move || {
                    let node = shared(1.0);
                    let x = nnx::array::ones([n], nnx::DType::F32);
                    assert_eq!(meets(&node, &x).item::<f32>(), 1.0 + n as f32);
                    assert_eq!(node.read().item::<f32>(), 1.0 + n as f32);
                });
            }
        });
    });
}
