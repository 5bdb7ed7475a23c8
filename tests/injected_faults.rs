//! Whatever fails at whatever point of a training step: the state is the old one or the new one, never a
//! mix, and the next call works. The runtime with the faults is the process's, so this is a process of its
//! own.
#![allow(clippy::unwrap_used)]

use nnx::nn::{BatchNorm, Linear, relu};
use nnx::optim::{AdamW, Optimizer, adamw};
use nnx::random::{Rngs, key, normal};
use nnx::{Array, DType, Error, Module, Shared, value_and_grad};
use nnx_core::xla::{ClientOptions, InjectedFault, disarm, init_injected, inject};
use std::sync::{Mutex, MutexGuard};

#[derive(Module)]
struct Tree {
    first: Linear,
    norm: BatchNorm,
    last: Linear,
}

/// A layer that is at two places, and a node of its own.
#[derive(Module)]
struct Graph {
    first: Shared<Linear>,
    norm: Shared<BatchNorm>,
    last: Shared<Linear>,
}

#[derive(Module)]
struct Training<M: Module> {
    model: M,
    optimizer: Optimizer<AdamW>,
}

impl<M: Module> Training<M> {
    fn new(model: M) -> Self {
        let optimizer = Optimizer::new(&model, adamw(1e-2));
        Training { model, optimizer }
    }
}

fn rngs() -> Rngs {
    Rngs::new(0)
}

fn tree() -> Training<Tree> {
    let (first, last) = (Linear::new(4, 4, &mut rngs()), Linear::new(4, 4, &mut rngs()));
    Training::new(Tree { first, norm: BatchNorm::new(4, &mut rngs()), last })
}

fn graph() -> Training<Graph> {
    let first = Shared::new(Linear::new(4, 4, &mut rngs()));
    let norm = Shared::new(BatchNorm::new(4, &mut rngs()));
    Training::new(Graph { last: first.clone(), first, norm })
}

#[nnx::jit(graph = false)]
fn tree_step(training: &mut Training<Tree>, x: &Array) -> Result<Array, Error> {
    let Training { model, optimizer } = training;
    let loss = |model: &mut Tree| {
        let y = model.norm.forward(relu(&model.first.forward(x)));
        model.last.forward(&y).square().mean(..)
    };
    let (loss, grads) = value_and_grad(loss, &mut *model);
    optimizer.update(model, &grads);
    Ok(loss)
}

#[nnx::jit]
fn graph_step(training: &mut Training<Graph>, x: &Array) -> Result<Array, Error> {
    let Training { model, optimizer } = training;
    let loss = |model: &mut Graph| {
        let y = relu(&model.first.read().forward(x));
        let y = model.norm.write().forward(&y);
        model.last.read().forward(&y).square().mean(..)
    };
    let (loss, grads) = value_and_grad(loss, &mut *model);
    optimizer.update(model, &grads);
    Ok(loss)
}

/// Gives its errors as panics.
#[nnx::jit(graph = false)]
fn panicking_step(training: &mut Training<Tree>, x: &Array) -> Array {
    tree_step(training, x).unwrap_or_else(|error| panic!("{error}"))
}

fn caught(training: &mut Training<Tree>, x: &Array) -> Result<Array, Error> {
    let step = std::panic::AssertUnwindSafe(|| panicking_step(training, x));
    std::panic::catch_unwind(step).map_err(|_| Error::Invalid("a panic".into()))
}

/// One test at a time: the faults are the process's.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    init_injected(ClientOptions::new()).unwrap();
    // Panics are asked for here, many of them.
    std::panic::set_hook(Box::new(|panic| {
        if !panic.to_string().contains("an injected fault") {
            eprintln!("{panic}");
        }
    }));
    one
}

/// The bytes of each leaf, or that it cannot be read.
type Values = Vec<Option<Vec<u8>>>;

fn values<M: Module>(module: &M) -> Values {
    nnx::state(module).iter().map(|(_, leaf)| leaf.value.to_bytes().ok()).collect()
}

/// Puts values into a tree, in arrays that nobody else has; `like` says what they are.
fn restore<M: Module>(module: &mut M, values: &Values, like: &M) {
    let mut state = nnx::state(like);
    for ((_, leaf), bytes) in state.iter_mut().zip(values) {
        let (dtype, shape) = (leaf.value.dtype(), leaf.value.shape().to_vec());
        leaf.value = Array::from_bytes(bytes.as_ref().unwrap(), dtype, &shape).unwrap();
    }
    nnx::update(module, state).unwrap();
}

/// Injects every fault at every point of a step, in its first call (`name` is that of the function, whose
/// programs are dropped) and in one that finds its program. Gives how many faults there were.
fn check<M: Module>(
    name: &str,
    start: fn() -> Training<M>,
    step: fn(&mut Training<M>, &Array) -> Result<Array, Error>,
) -> usize {
    let x = normal(&key(1), [8, 4], DType::F32);
    let step = |training: &mut Training<M>| step(training, &x)?.try_item::<f32>();
    let mut reference = start();
    let old = values(&reference);
    step(&mut reference).unwrap();
    let new = values(&reference);
    step(&mut reference).unwrap();
    let newer = values(&reference);
    assert!(old != new && new != newer);

    let mut faults = 0;
    for first_call in [true, false] {
        for fault in InjectedFault::ALL {
            if first_call && fault == InjectedFault::Lost {
                // Its many points are those of a later call, and each would be compiled for.
                continue;
            }
            for number in 0.. {
                let mut training = start();
                restore(&mut training, &old, &reference);
                if first_call {
                    nnx::jit::clear_cache(name);
                }
                inject(fault, number);
                let result = step(&mut training);
                if disarm() {
                    // The step has no such point any more.
                    assert!(result.is_ok() && values(&training) == new, "{fault:?} {number}");
                    break;
                }
                faults += 1;
                let case = format!("{name}, {fault:?} {number}, first call: {first_call}");
                let found = values(&training);
                let broken = found.iter().any(Option::is_none);
                let each = found.iter().zip(old.iter().zip(&new));
                match fault {
                    // Nothing was started.
                    InjectedFault::Upload | InjectedFault::Compile | InjectedFault::Run => {
                        assert!(result.is_err() && found == old, "{case}");
                    }
                    // The Variables that were taken say so, and all else is old.
                    InjectedFault::RunTakesArguments => {
                        assert!(result.is_err() && broken, "{case}");
                        assert!(
                            each.clone().all(|(x, (old, _))| x.is_none() || x == old),
                            "{case}"
                        );
                    }
                    // All that the step sets says that its run has failed.
                    InjectedFault::Late => {
                        assert!(result.is_err() && broken, "{case}");
                        assert!(
                            each.clone()
                                .all(|(x, (old, new))| x.is_none() || (x == old && old == new)),
                            "{case}"
                        );
                    }
                    // The lost one says so, and all else is new.
                    InjectedFault::Lost => {
                        assert!(
                            each.clone().all(|(x, (_, new))| x.is_none() || x == new),
                            "{case}"
                        );
                        let lost = found.iter().filter(|x| x.is_none()).count();
                        assert_eq!(lost + usize::from(result.is_err()), 1, "{case}");
                    }
                    // The loss was not read, but the step was made.
                    InjectedFault::Read => assert!(result.is_err() && found == new, "{case}"),
                }
                if broken {
                    // A state that is not whole is refused, and stays as it is.
                    assert!(step(&mut training).is_err(), "{case}");
                    restore(&mut training, &old, &reference);
                    step(&mut training).unwrap();
                    assert!(values(&training) == new, "{case}");
                } else {
                    step(&mut training).unwrap();
                    let expected = if found == old { &new } else { &newer };
                    assert!(values(&training) == *expected, "{case}");
                }
            }
        }
    }
    println!("{name}: {faults} faults injected");
    faults
}

#[test]
fn a_fault_in_a_step_in_tree_mode_leaves_no_mix_unsaid() {
    let _one = alone();
    assert!(check("tree_step", tree, tree_step) > 20);
}

#[test]
fn a_fault_in_a_step_in_graph_mode_leaves_no_mix_unsaid() {
    let _one = alone();
    assert!(check("graph_step", graph, graph_step) > 20);
}

#[test]
fn a_fault_that_is_a_panic_leaves_no_mix_unsaid() {
    let _one = alone();
    assert!(check("panicking_step", tree, caught) > 20);
}
