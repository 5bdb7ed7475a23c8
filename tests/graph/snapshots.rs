//! Operations on whole trees beside jitted calls at the same nodes: each comes before a call or after it, and one
//! that cannot have a node changes none.

use super::stress::within;
use super::{message, shared, value};
use nnx::module::{
    Leaves, Schema, View, Visitor, VisitorMut, find_duplicates, find_shared_buffers, iter_modules,
    map, map_modules, of_type, pop, split, state, tabulate, update, view,
};
use nnx::optim::{Optimizer, sgd};
use nnx::random::{Rngs, split_rngs};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::{Array, Module, Param, Shared};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

/// Two nodes whose values are equal whenever nobody is at them. Between them a walk takes its time.
#[derive(Module)]
struct Slow {
    first: Shared<Param>,
    pause: Pause,
    second: Shared<Param>,
}

impl Slow {
    fn new(value: f32) -> Self {
        Slow { first: shared(value), pause: Pause, second: shared(value) }
    }

    fn values(&self) -> [f32; 2] {
        [value(&self.first), value(&self.second)]
    }

    /// The same nodes, met in the other order.
    fn turned(&self) -> Slow {
        Slow { first: self.second.clone(), pause: Pause, second: self.first.clone() }
    }
}

struct Pause;

impl Pause {
    fn take() {
        sleep(Duration::from_millis(1));
    }
}

impl Module for Pause {
    const SCHEMA: &'static Schema = &Schema::Static("Pause");
    fn flatten<V: Visitor>(&self, _: &mut V) {
        Pause::take();
    }
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {
        Pause::take();
    }
    fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
        Pause::take();
        Pause
    }
}

#[nnx::jit(name = "snapshots_step")]
fn step(first: &Shared<Param>, second: &Shared<Param>) {
    for node in [first, second] {
        let next = &**node.read() + 1.0;
        node.write().set(next);
    }
}

/// Runs `others` beside a thread that takes steps until they are done; gives the number of steps.
fn beside_steps(model: &Slow, others: &[&(dyn Fn() + Sync)]) -> usize {
    step(&model.first, &model.second);
    let (busy, mut steps) = (AtomicUsize::new(others.len()), 1);
    within(Duration::from_secs(300), || {
        std::thread::scope(|scope| {
            for other in others {
                let busy = &busy;
                scope.spawn(move || {
                    struct Done<'a>(&'a AtomicUsize);
                    impl Drop for Done<'_> {
                        fn drop(&mut self) {
                            self.0.fetch_sub(1, SeqCst);
                        }
                    }
                    let _done = Done(busy);
                    other();
                });
            }
            while busy.load(SeqCst) > 0 {
                step(&model.first, &model.second);
                steps += 1;
                // The nodes are free for a while.
                sleep(Duration::from_micros(100));
            }
        });
    });
    steps
}

const ROUNDS: usize = 30;

#[test]
fn a_copy_is_of_one_step_and_keeps_its_buffers() {
    let model = Slow::new(0.0);
    let copies = || {
        for _ in 0..ROUNDS {
            let [first, second] = nnx::clone(&model).values();
            assert_eq!(first, second);
        }
    };
    let maps = || {
        for _ in 0..ROUNDS {
            let [first, second] = map(&model, |_, leaf| leaf.value.clone()).values();
            assert_eq!(first, second);
        }
    };
    beside_steps(&model, &[&copies, &maps]);
}

#[test]
fn a_state_is_of_one_step_and_keeps_its_buffers() {
    let model = Slow::new(0.0);
    let equal = |state: nnx::module::State| {
        let values: Vec<f32> = state.iter().map(|(_, leaf)| leaf.value.item()).collect();
        assert_eq!(values.len(), 2);
        assert_eq!(values[0], values[1]);
    };
    let states = || (0..ROUNDS).for_each(|_| equal(state(&model)));
    let splits = || (0..ROUNDS).for_each(|_| equal(split(&model.turned()).1));
    beside_steps(&model, &[&states, &splits]);
}

#[test]
fn a_checkpoint_is_of_one_step() {
    let model = Slow::new(0.0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    let saves = || {
        for _ in 0..ROUNDS {
            save_checkpoint(&file, &model, &BTreeMap::new()).unwrap();
            let mut saved = Slow::new(0.0);
            load_checkpoint(&file, &mut saved).unwrap();
            assert_eq!(saved.values()[0], saved.values()[1]);
        }
    };
    beside_steps(&model, &[&saves]);
}

#[test]
fn a_state_goes_in_between_two_steps() {
    let model = Slow::new(0.0);
    let zero = state(&model);
    let updates = || (0..ROUNDS).for_each(|_| update(&mut model.turned(), zero.clone()).unwrap());
    beside_steps(&model, &[&updates]);
    let [first, second] = model.values();
    assert_eq!(first, second);
}

#[test]
fn an_eager_step_of_an_optimizer_loses_no_update() {
    let model = Slow::new(0.0);
    let eager = || {
        let mut model = model.turned().turned();
        let gradient = map(&model, |_, _| Array::scalar(-1.0_f32));
        let mut opt = Optimizer::new(&model, sgd(1.0));
        (0..ROUNDS).for_each(|_| opt.update(&mut model, &gradient));
    };
    let steps = beside_steps(&model, &[&eager, &eager]);
    let all = (steps + 2 * ROUNDS) as f32;
    assert_eq!(model.values(), [all, all]);
}

#[test]
fn what_writes_is_an_error_before_the_first_leaf_if_a_later_node_is_guarded() {
    let mut model = Slow::new(1.0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    save_checkpoint(&file, &Slow::new(2.0), &BTreeMap::new()).unwrap();
    let new = state(&Slow::new(2.0));
    let gradient = Slow::new(1.0);
    let mut opt = Optimizer::new(&model, sgd(1.0));

    let second = model.second.clone();
    let guard = second.read();
    let guarded = "`second` is held by a guard of this thread";
    let error = update(&mut model, new.clone()).unwrap_err().to_string();
    assert!(error.starts_with("update: ") && error.contains(guarded), "{error}");
    assert_eq!(model.values(), [1.0, 1.0]);
    let error = load_checkpoint(&file, &mut model).unwrap_err().to_string();
    assert!(error.contains("model.safetensors") && error.contains(guarded), "{error}");
    assert_eq!(model.values(), [1.0, 1.0]);
    let error = message(|| opt.update(&mut model, &gradient));
    assert!(error.contains("Optimizer::update: ") && error.contains(guarded), "{error}");
    assert_eq!(model.values(), [1.0, 1.0]);
    assert_eq!(opt.step.item::<u32>(), 0);
    let error = message(|| drop(pop(&mut model, of_type::<Param>())));
    assert!(error.contains("pop: ") && error.contains(guarded), "{error}");
    assert_eq!(model.values(), [1.0, 1.0]);

    let error =
        message(|| map_modules(&mut model, |_, param: &mut Param| *param = super::param(3.0)));
    assert!(error.contains("map_modules: ") && error.contains(guarded), "{error}");
    assert_eq!(model.values(), [1.0, 1.0]);

    // A guard of the gradient is in nobody's way.
    drop(guard);
    let guard = gradient.second.read();
    opt.update(&mut model, &gradient);
    assert_eq!(model.values(), [0.0, 0.0]);
    drop(guard);
    update(&mut model, new).unwrap();
    assert_eq!(model.values(), [2.0, 2.0]);
}

#[test]
fn streams_are_all_split_and_restored_or_none() {
    let mut streams = [0, 1].map(|seed| Shared::new(Rngs::new(seed)));
    let keys = |streams: &[Shared<Rngs>; 2]| -> Vec<Vec<u32>> {
        state(streams).iter().map(|(_, leaf)| leaf.value.to_vec()).collect()
    };
    let before = keys(&streams);
    let second = streams[1].clone();
    let guard = second.read();
    let error = message(|| drop(split_rngs(&mut streams, nnx::module::Everything, 2)));
    assert!(error.contains("`[1]` is held by a guard of this thread"), "{error}");
    assert_eq!(keys(&streams), before);
    drop(guard);
    let backup = split_rngs(&mut streams, nnx::module::Everything, 2);
    let split = keys(&streams);
    let guard = second.read();
    let error = message(|| backup.restore(&mut streams));
    assert!(error.contains("`[1]` is held by a guard of this thread"), "{error}");
    assert_eq!(keys(&streams), split);
    drop(guard);
}

#[test]
fn what_reads_comes_in_beside_read_guards_and_names_a_node_that_is_being_written() {
    let model = Slow::new(1.0);
    let guard = model.second.read();
    assert_eq!(nnx::clone(&model).values(), [1.0, 1.0]);
    assert_eq!(view(&model, View::eval()).values(), [1.0, 1.0]);
    assert_eq!(state(&model).len(), 2);
    assert_eq!(split(&model).1.len(), 2);
    // The guard holds on.
    let error = message(|| drop(model.second.write()));
    assert!(error.contains("this thread holds this node"), "{error}");
    drop(guard);

    let guard = model.second.write();
    let error = message(|| drop(nnx::clone(&model)));
    assert!(error.contains("clone: `second` is held by a guard of this thread"), "{error}");
    let walks: [(&str, &dyn Fn()); 4] = [
        ("tabulate", &|| drop(tabulate(&model))),
        ("iter_modules", &|| assert!(iter_modules(&model).count() > 0)),
        ("find_duplicates", &|| drop(find_duplicates(&model))),
        ("find_shared_buffers", &|| drop(find_shared_buffers(&model))),
    ];
    for (name, walk) in walks {
        let error = message(walk);
        let expected = format!("{name}: `second` is held by a guard of this thread");
        assert!(error.contains(&expected), "{error}");
    }
    drop(guard);
    step(&model.first, &model.second);
    assert_eq!(model.values(), [2.0, 2.0]);
}

#[nnx::jit(name = "snapshots_inner", inline = false)]
fn copied_and_put_back(model: &mut Slow) -> Array {
    let before = nnx::clone(model);
    step(&model.first, &model.second);
    let after = state(model);
    update(model, state(&before)).unwrap();
    let sum = after.iter().fold(Array::scalar(0.0_f32), |sum, (_, leaf)| sum + &leaf.value);
    update(model, after).unwrap();
    sum
}

#[nnx::jit(name = "snapshots_outer")]
fn inside_of_a_call(model: &mut Slow) -> Array {
    nnx::clone(model);
    copied_and_put_back(model)
}

#[test]
fn a_traced_function_may_copy_and_update_what_is_lent_to_it() {
    let mut model = Slow::new(1.0);
    assert_eq!(copied_and_put_back(&mut model).item::<f32>(), 4.0);
    assert_eq!(inside_of_a_call(&mut model).item::<f32>(), 6.0);
    assert_eq!(model.values(), [3.0, 3.0]);
}
