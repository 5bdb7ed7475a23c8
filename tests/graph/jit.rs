//! Jitted functions of trees with shared nodes.

use super::{Block, Tied, message, param, shared, value};
use nnx::module::MetaValue;
use nnx::{Array, Param, Shared};

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

#[nnx::jit(name = "graph_step")]
fn step(model: &Tied, x: &Array) -> Array {
    let y = x * &**model.embed.read() + &**model.head.read();
    let next = &**model.embed.read() + 1.0;
    model.embed.write().set(next);
    y
}

#[test]
fn a_tied_parameter_is_one_node_inside_and_outside() {
    let model = Tied::new(2.0);
    let x = Array::scalar(3.0_f32);
    for i in 0..3 {
        let before = 2.0 + i as f32;
        assert_eq!(step(&model, &x).item::<f32>(), 3.0 * before + before);
        assert_eq!((value(&model.embed), value(&model.head)), (before + 1.0, before + 1.0));
        assert!(model.embed.ptr_eq(&model.head));
    }
}

#[nnx::jit(name = "graph_pairs")]
fn pairs(a: &Shared<Param>, b: &Shared<Param>) -> Array {
    let sum = &**a.read() + &**b.read();
    a.write().set(sum.clone());
    &**b.read() + &sum
}

/// Keys hold the pattern of nodes, never their identities.
#[test]
fn programs_are_kept_by_the_pattern_of_nodes() {
    let (a, b) = (shared(1.0), shared(2.0));
    assert_eq!(pairs(&a, &b).item::<f32>(), 5.0);
    assert_eq!(pairs(&b, &a).item::<f32>(), 8.0);
    assert_eq!(traces("graph_pairs"), 1);
    // Both are one node: what is set in one is read from the other.
    assert_eq!(pairs(&a, &a).item::<f32>(), 12.0);
    assert_eq!(traces("graph_pairs"), 2);
    assert_eq!(pairs(&b, &b).item::<f32>(), 20.0);
    assert_eq!(traces("graph_pairs"), 2);
    assert_eq!((value(&a), value(&b)), (6.0, 10.0));
    a.write().metadata_mut().set("axis", MetaValue::Int(0));
    pairs(&a, &b);
    assert_eq!(traces("graph_pairs"), 3);
}

#[nnx::jit(name = "graph_swapped_places")]
fn swapped_places(model: &Tied) -> Array {
    &**model.embed.read() - &**model.head.read()
}

#[test]
fn swapping_nodes_of_one_shape_outside_is_no_new_program() {
    let mut model = Tied::untied(5.0, 3.0);
    assert_eq!(swapped_places(&model).item::<f32>(), 2.0);
    let Tied { embed, head } = &mut model;
    std::mem::swap(embed, head);
    assert_eq!(swapped_places(&model).item::<f32>(), -2.0);
    assert_eq!(traces("graph_swapped_places"), 1);
    assert_eq!(swapped_places(&Tied::new(1.0)).item::<f32>(), 0.0);
    assert_eq!(traces("graph_swapped_places"), 2);
}

#[nnx::jit]
fn count(block: &mut Block) -> Array {
    let next = block.count.value() + 1;
    block.count.set(next);
    if let Some(sub) = &block.sub {
        let next = sub.read().count.value() + 10;
        sub.write().count.set(next);
    }
    block.kernel.value() * 2.0
}

#[test]
fn a_shared_module_is_updated_behind_its_owner() {
    let sub = Shared::new(Block::new(1.0));
    let mut block = Block { sub: Some(sub.clone()), ..Block::new(3.0) };
    for i in 1..=3 {
        assert_eq!(count(&mut block).item::<f32>(), 6.0);
        assert_eq!(block.count.item::<i32>(), i);
        assert_eq!(sub.read().count.item::<i32>(), 10 * i);
    }
}

#[nnx::jit(name = "graph_self")]
fn itself(node: &Shared<Block>) {
    let sub = node.read().sub.clone();
    if let Some(sub) = sub {
        let next = sub.read().count.value() + 1;
        sub.write().count.set(next);
    }
}

#[test]
fn a_node_may_hold_itself() {
    let node = Shared::new(Block::new(1.0));
    node.write().sub = Some(node.clone());
    itself(&node);
    itself(&node);
    assert_eq!(node.read().count.item::<i32>(), 2);
    assert_eq!(traces("graph_self"), 1);
    // Or the cycle keeps itself alive.
    node.write().sub = None;
}

#[nnx::jit]
fn same(model: &Tied) -> (Shared<Param>, Array, Shared<Param>) {
    let new = Shared::new(Param::new(&**model.embed.read() * 2.0));
    let next = &**model.embed.read() + 1.0;
    model.embed.write().set(next);
    (model.head.clone(), new.read().value().clone(), new.clone())
}

#[test]
fn a_node_of_an_argument_in_the_result_is_the_callers() {
    let model = Tied::new(4.0);
    for i in 0..2 {
        let (head, double, new) = same(&model);
        assert!(head.ptr_eq(&model.embed));
        assert_eq!(value(&head), 5.0 + i as f32);
        assert_eq!(double.item::<f32>(), 8.0 + 2.0 * i as f32);
        assert_eq!(value(&new), 8.0 + 2.0 * i as f32);
        assert!(!new.ptr_eq(&head));
    }
}

#[nnx::jit]
fn twice(x: &Array) -> (Shared<Param>, Shared<Param>) {
    let node = Shared::new(Param::new(x + 1.0));
    (node.clone(), node)
}

#[test]
fn a_new_node_twice_in_the_result_is_one_node() {
    for _ in 0..2 {
        let (a, b) = twice(&Array::scalar(1.0_f32));
        assert!(a.ptr_eq(&b));
        a.write().set(Array::scalar(7.0_f32));
        assert_eq!(value(&b), 7.0);
    }
}

#[nnx::jit(graph_updates = false)]
fn no_updates(model: &Tied) -> Shared<Param> {
    model.head.clone()
}

#[test]
fn without_graph_updates_a_node_in_the_result_is_an_error() {
    let text = message(|| {
        no_updates(&Tied::new(1.0));
    });
    assert!(text.contains("the result holds a shared node of an argument"), "{text}");
}

#[nnx::jit(graph_updates = false)]
fn grows(block: &Shared<Block>) {
    let sub = Shared::new(Block::new(1.0));
    block.write().sub = Some(sub);
}

#[test]
fn without_graph_updates_a_change_of_structure_is_an_error_with_its_path() {
    let block = Shared::new(Block::new(2.0));
    let text = message(|| grows(&block));
    assert!(text.contains("`block.sub` is now Some, before None"), "{text}");
    assert!(block.read().sub.is_none());
}

#[nnx::jit]
fn notes(model: &Tied) {
    model.embed.write().metadata_mut().set("seen", MetaValue::Bool(true));
}

#[test]
fn metadata_of_a_node_is_written_back() {
    let model = Tied::new(1.0);
    notes(&model);
    assert_eq!(model.head.read().metadata().get("seen"), Some(&MetaValue::Bool(true)));
    let other = Tied::new(1.0);
    notes(&other);
    assert_eq!(other.head.read().metadata().get("seen"), Some(&MetaValue::Bool(true)));
}

#[nnx::jit]
fn fails(model: &Tied, x: &Array) -> nnx::Result<Array> {
    model.embed.write().set(Array::scalar(100.0_f32));
    x.try_item::<f32>()?;
    Ok(x.clone())
}

#[test]
fn a_body_that_fails_leaves_nodes_as_they_were() {
    let model = Tied::new(1.0);
    assert!(fails(&model, &Array::scalar(1.0_f32)).is_err());
    assert_eq!(value(&model.head), 1.0);
    assert!(model.embed.ptr_eq(&model.head));
}

#[test]
fn a_guard_of_the_calling_thread_is_an_error_and_no_standstill() {
    let model = Tied::new(1.0);
    let guard = model.head.read();
    let text = message(|| {
        step(&model, &Array::scalar(1.0_f32));
    });
    assert!(text.contains("`model.embed` is held by a guard of this thread"), "{text}");
    drop(guard);
    step(&model, &Array::scalar(1.0_f32));
}

#[test]
fn a_thread_never_waits_for_itself() {
    let node = shared(1.0);
    let guard = node.write();
    let text = message(|| drop(node.read()));
    assert!(text.contains("this thread holds this node"), "{text}");
    let text = message(|| drop(node.write()));
    assert!(text.contains("this thread holds this node"), "{text}");
    drop(guard);
    let guard = node.read();
    let text = message(|| drop(node.write()));
    assert!(text.contains("this thread holds this node"), "{text}");
    let again = node.read();
    drop((guard, again));
    node.write().set(Array::scalar(2.0_f32));
}

#[nnx::jit]
fn increment(model: &Tied) {
    let next = &**model.embed.read() + 1.0;
    model.embed.write().set(next);
}

#[test]
fn calls_with_a_common_node_lose_no_update() {
    let model = Tied::new(0.0);
    increment(&model);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mine = Tied { embed: model.embed.clone(), head: model.head.clone() };
            scope.spawn(move || {
                for _ in 0..25 {
                    increment(&mine);
                }
            });
        }
        // Eager writers take turns with the calls too.
        let node = model.head.clone();
        scope.spawn(move || {
            for _ in 0..25 {
                let mut node = node.write();
                let next = node.value() + 1.0;
                node.set(next);
            }
        });
    });
    assert_eq!(value(&model.embed), 126.0);
}

#[nnx::jit(inline = false)]
fn inner(model: &Tied) -> Array {
    let next = &**model.embed.read() * 2.0;
    model.embed.write().set(next);
    &**model.head.read() + 0.0
}

#[nnx::jit]
fn outer(model: &Tied) -> Array {
    let a = inner(model);
    increment(model);
    a + inner(model)
}

#[test]
fn calls_inside_of_calls_see_the_same_nodes() {
    let model = Tied::new(1.0);
    // 2, then 3, then 6.
    assert_eq!(outer(&model).item::<f32>(), 8.0);
    assert_eq!(value(&model.head), 6.0);
}

#[nnx::jit(name = "graph_log", graph_updates = false)]
fn logged(model: &Tied) -> Array {
    &**model.embed.read() + &**model.head.read()
}

#[test]
fn the_reason_of_a_miss_names_both_places() {
    logged(&Tied::untied(1.0, 2.0));
    let text = message(|| {
        nnx::jit::assert_max_traces(0, || {
            logged(&Tied::new(1.0));
        });
    });
    assert!(text.contains("`model.head` was a node of its own, now it is `model.embed`"), "{text}");
}

#[nnx::jit]
fn owned(model: Tied) -> Array {
    let next = &**model.embed.read() + 1.0;
    model.embed.write().set(next.clone());
    next
}

#[test]
fn a_node_of_an_argument_by_value_is_updated_for_others_that_hold_it() {
    let model = Tied::new(1.0);
    let other = model.embed.clone();
    assert_eq!(owned(model).item::<f32>(), 2.0);
    assert_eq!(value(&other), 2.0);
}

#[test]
fn lowering_leaves_nodes_as_they_were() {
    let model = Tied::new(1.0);
    let lowered = nnx::jit::lower(|| same(&model)).unwrap();
    assert_eq!(lowered.input_avals().len(), 1);
    assert_eq!(value(&model.embed), 1.0);
    assert_eq!(param(1.0).item::<f32>(), 1.0);
}

#[nnx::jit]
fn panics(node: &Shared<Block>, kept: &Array) {
    KEPT.with_borrow_mut(|all| all.push(node.clone()));
    let next = node.read().kernel.value() + kept;
    node.write().kernel.set(next);
    panic!("on purpose");
}

thread_local! {
    static KEPT: std::cell::RefCell<Vec<Shared<Block>>> = const { std::cell::RefCell::new(vec![]) };
}

/// The twin of a node that holds itself would stay alive with its traced values.
#[test]
fn a_body_that_panics_leaves_no_cycle_behind() {
    let node = Shared::new(Block::new(1.0));
    node.write().sub = Some(node.clone());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        panics(&node, &Array::scalar(1.0_f32));
    }));
    assert!(panic.is_err());
    assert_eq!(node.read().kernel.item::<f32>(), 1.0);
    let twin = KEPT.with_borrow_mut(|all| all.pop()).unwrap();
    assert!(!twin.ptr_eq(&node));
    // Its own handle to itself is gone with its content.
    assert_eq!(twin.handles(), 1);
    let read = || {
        twin.read().kernel.item::<f32>();
    };
    assert!(message(read).contains("a trace that is over"));
    node.write().sub = None;
}
