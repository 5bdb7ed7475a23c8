//! The memory of a node's old value is reused where nobody can reach it, however many places hold the node.

use super::{Tied, shared, value};
use nnx::xla::{Backend, Client};
use nnx::{Array, Module, Param, Shared};

#[nnx::jit]
fn advance(model: &Tied) {
    let next = model.embed.read().value() + 1.0;
    model.embed.write().set(next);
    let next = model.head.read().value() * 2.0;
    model.head.write().set(next);
}

fn address(node: &Shared<Param>) -> usize {
    node.read().device_address().unwrap()
}

/// Whether the backend tells addresses.
fn tells_memory() -> bool {
    Client::global().unwrap().backend() == Backend::Pjrt
}

#[test]
fn a_tied_node_is_updated_in_place() {
    let model = Tied::new(1.0);
    advance(&model);
    if tells_memory() {
        let before = address(&model.embed);
        for _ in 0..5 {
            advance(&model);
            assert_eq!(address(&model.head), before);
        }
    } else {
        (0..5).for_each(|_| advance(&model));
    }
    // 2 (x + 1), six times.
    assert_eq!(value(&model.embed), 190.0);
}

#[test]
fn nodes_of_their_own_are_updated_in_place() {
    let model = Tied::untied(1.0, 3.0);
    advance(&model);
    if tells_memory() {
        let before = [address(&model.embed), address(&model.head)];
        advance(&model);
        assert_eq!([address(&model.embed), address(&model.head)], before);
    }
}

#[test]
fn a_value_that_is_held_elsewhere_stays() {
    let model = Tied::new(1.0);
    advance(&model);
    let held = model.embed.read().value().clone();
    // Another handle to the node is not another handle to its value.
    let handle = model.head.clone();
    let before = held.item::<f32>();
    advance(&model);
    assert_eq!(held.item::<f32>(), before);
    assert_eq!(value(&handle), 2.0 * (before + 1.0));
    if tells_memory() {
        assert_ne!(address(&model.embed), held.device_address().unwrap());
        drop(held);
        let before = address(&handle);
        advance(&model);
        assert_eq!(address(&model.embed), before);
    }
}

/// Nodes, and a node that holds one.
#[derive(Module)]
struct Parts {
    list: Vec<Shared<Param>>,
    inner: Option<Shared<Holder>>,
}

#[derive(Module)]
struct Holder {
    held: Shared<Param>,
    next: Option<Shared<Holder>>,
}

impl Parts {
    fn of(list: impl Into<Vec<Shared<Param>>>) -> Self {
        Parts { list: list.into(), inner: None }
    }

    fn holding(inner: &Shared<Holder>) -> Self {
        Parts { list: vec![], inner: Some(inner.clone()) }
    }
}

fn holder(held: &Shared<Param>) -> Shared<Holder> {
    Shared::new(Holder { held: held.clone(), next: None })
}

fn double_all(parts: &Parts) -> Vec<Array> {
    let inner = parts.inner.iter().map(|inner| inner.read().held.read().value() * 2.0);
    parts.list.iter().map(|node| node.read().value() * 2.0).chain(inner).collect()
}

#[nnx::jit]
fn doubled(parts: Parts) -> Vec<Array> {
    double_all(&parts)
}

/// Whether results lie where `before` says that nodes lay.
fn lie_at(results: &[Array], before: &[usize]) -> bool {
    results.iter().any(|array| before.contains(&array.device_address().unwrap()))
}

/// Checks that the call takes the memory of its nodes over, or does not; in the first call and in others.
fn check_taken(make: impl Fn() -> (Parts, Vec<Box<dyn std::any::Any>>), taken: bool) {
    for _ in 0..3 {
        let (parts, elsewhere) = make();
        let nodes = parts.list.iter().cloned();
        let nodes: Vec<_> =
            nodes.chain(parts.inner.iter().map(|inner| inner.read().held.clone())).collect();
        let values: Vec<f32> = nodes.iter().map(value).collect();
        let before: Option<Vec<usize>> =
            tells_memory().then(|| nodes.iter().map(address).collect());
        drop(nodes);
        let results = doubled(parts);
        for (result, value) in results.iter().zip(values) {
            assert_eq!(result.item::<f32>(), 2.0 * value);
        }
        assert!(before.is_none_or(|before| lie_at(&results, &before) == taken));
        drop(elsewhere);
    }
}

#[test]
fn nodes_that_an_argument_by_value_alone_holds_are_consumed() {
    check_taken(|| (Parts::of([shared(1.0)]), vec![]), true);
    check_taken(|| (Parts::of([shared(1.0), shared(2.0)]), vec![]), true);
    let tied = || {
        let node = shared(3.0);
        (Parts::of([node.clone(), node]), vec![])
    };
    check_taken(tied, true);
    check_taken(|| (Parts::holding(&holder(&shared(4.0))), vec![]), true);
    let both = || {
        let node = shared(5.0);
        (Parts { list: vec![node.clone()], inner: Some(holder(&node)) }, vec![])
    };
    check_taken(both, true);
}

#[test]
fn nodes_that_somebody_else_holds_are_not_consumed() {
    let handle = || {
        let node = shared(1.0);
        (Parts::of([node.clone()]), vec![Box::new(node) as _])
    };
    check_taken(handle, false);
    let array = || {
        let node = shared(1.0);
        let held = node.read().value().clone();
        (Parts::of([node]), vec![Box::new(held) as _])
    };
    check_taken(array, false);
    // The node that holds the node is held.
    let inner = || {
        let inner = holder(&shared(4.0));
        (Parts::holding(&inner), vec![Box::new(inner) as _])
    };
    check_taken(inner, false);
    // So it would be by another thread that makes a handle of a link.
    let link = || {
        let node = shared(1.0);
        let link = node.downgrade();
        (Parts::of([node]), vec![Box::new(link) as _])
    };
    check_taken(link, false);
    let node = shared(7.0);
    doubled(Parts::of([node.clone()]));
    assert_eq!(value(&node), 7.0);
    let inner = holder(&shared(8.0));
    doubled(Parts::holding(&inner));
    assert_eq!(value(&inner.read().held), 8.0);
}

#[test]
fn a_cycle_keeps_its_nodes() {
    for _ in 0..2 {
        let node = holder(&shared(2.0));
        node.write().next = Some(node.clone());
        let link = node.downgrade();
        let parts = Parts::holding(&node);
        drop(node);
        assert_eq!(doubled(parts)[0].item::<f32>(), 4.0);
        let node = link.upgrade().unwrap();
        assert_eq!(value(&node.read().held), 2.0);
        node.write().next = None;
    }
}

#[nnx::jit]
fn handed_back(parts: Parts, place: &mut Option<Shared<Param>>) -> (Vec<Array>, Shared<Param>) {
    *place = Some(parts.list[0].clone());
    (double_all(&parts), parts.list[1].clone())
}

#[nnx::jit]
fn beside(parts: Parts, node: &Shared<Param>) -> Vec<Array> {
    let doubled = double_all(&parts);
    doubled.into_iter().map(|double| double + node.read().value()).collect()
}

#[test]
fn nodes_that_the_function_hands_on_are_not_consumed() {
    for _ in 0..2 {
        let mut place = None;
        let (doubled, second) =
            handed_back(Parts::of([shared(1.0), shared(2.0), shared(3.0)]), &mut place);
        assert_eq!((value(&place.unwrap()), value(&second)), (1.0, 2.0));
        assert_eq!(doubled.iter().map(Array::item::<f32>).collect::<Vec<_>>(), [2.0, 4.0, 6.0]);
    }
    // The caller lends the same node.
    for _ in 0..2 {
        let node = shared(2.0);
        assert_eq!(beside(Parts::of([node.clone()]), &node)[0].item::<f32>(), 6.0);
        assert_eq!(value(&node), 2.0);
    }
}

#[nnx::jit(donate = false)]
fn undonated(parts: Parts) -> Vec<Array> {
    double_all(&parts)
}

#[test]
fn without_donation_nothing_is_consumed() {
    let parts = Parts::of([shared(1.0)]);
    let before = tells_memory().then(|| address(&parts.list[0]));
    let results = undonated(parts);
    assert!(before.is_none_or(|before| !lie_at(&results, &[before])));
}
