//! Random graphs and random programs: a jitted function does to them what the same program does to plain
//! `Rc<RefCell<…>>`, in the first call and in one that finds its executable.

use super::param;
use nnx::{Module, Param, Shared};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

#[derive(Module)]
struct Cell {
    value: Param,
    next: Option<Shared<Cell>>,
    list: Vec<Shared<Cell>>,
}

#[derive(Module)]
struct World {
    slots: Vec<Shared<Cell>>,
}

/// The same without the library.
struct Plain {
    value: f32,
    next: Option<Rc<RefCell<Plain>>>,
    list: Vec<Rc<RefCell<Plain>>>,
}

/// A step of a program; numbers are slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    /// Doubles a value and adds another slot's.
    Set(usize, usize),
    Swap(usize, usize),
    Tie(usize, usize),
    /// A new node with the value of the old one.
    Untie(usize),
    Link(usize, usize),
    Cut(usize),
    Push(usize, usize),
    Pop(usize),
    /// Goes on to the next node, if there is one.
    Follow(usize),
    Return(usize),
}

const SLOTS: usize = 3;

fn apply(world: &mut World, steps: &[Step]) -> Vec<Shared<Cell>> {
    let slots = &mut world.slots;
    let mut returned = Vec::new();
    for step in steps {
        match *step {
            Step::Set(i, j) => {
                let other = slots[j].read().value.value().clone();
                let next = slots[i].read().value.value() * 2.0 + other;
                slots[i].write().value.set(next);
            }
            Step::Swap(i, j) => slots.swap(i, j),
            Step::Tie(i, j) => slots[i] = slots[j].clone(),
            Step::Untie(i) => {
                let value = Param::new(slots[i].read().value.value() + 1.0);
                slots[i] = Shared::new(Cell { value, next: None, list: vec![] });
            }
            Step::Link(i, j) => {
                let next = slots[j].clone();
                slots[i].write().next = Some(next);
            }
            Step::Cut(i) => slots[i].write().next = None,
            Step::Push(i, j) => {
                let item = slots[j].clone();
                slots[i].write().list.push(item);
            }
            Step::Pop(i) => {
                slots[i].write().list.pop();
            }
            Step::Follow(i) => {
                let next = slots[i].read().next.clone();
                slots[i] = next.unwrap_or_else(|| slots[i].clone());
            }
            Step::Return(i) => returned.push(slots[i].clone()),
        }
    }
    returned
}

fn apply_plain(slots: &mut [Rc<RefCell<Plain>>], steps: &[Step]) -> Vec<Rc<RefCell<Plain>>> {
    let mut returned = Vec::new();
    for step in steps {
        match *step {
            Step::Set(i, j) => {
                let next = slots[i].borrow().value * 2.0 + slots[j].borrow().value;
                slots[i].borrow_mut().value = next;
            }
            Step::Swap(i, j) => slots.swap(i, j),
            Step::Tie(i, j) => slots[i] = slots[j].clone(),
            Step::Untie(i) => {
                let value = slots[i].borrow().value + 1.0;
                slots[i] = Rc::new(RefCell::new(Plain { value, next: None, list: vec![] }));
            }
            Step::Link(i, j) => slots[i].borrow_mut().next = Some(slots[j].clone()),
            Step::Cut(i) => slots[i].borrow_mut().next = None,
            Step::Push(i, j) => {
                let item = slots[j].clone();
                slots[i].borrow_mut().list.push(item);
            }
            Step::Pop(i) => {
                slots[i].borrow_mut().list.pop();
            }
            Step::Follow(i) => {
                let next = slots[i].borrow().next.clone();
                slots[i] = next.unwrap_or_else(|| slots[i].clone());
            }
            Step::Return(i) => returned.push(slots[i].clone()),
        }
    }
    returned
}

#[nnx::jit]
fn run(world: &mut World, #[nnx(static)] steps: Vec<Step>) -> Vec<Shared<Cell>> {
    apply(world, &steps)
}

/// Two graphs side by side.
struct Beside {
    /// The plain node of each node that was met, and the other way round.
    plain: HashMap<usize, usize>,
    nodes: HashMap<usize, usize>,
}

impl Beside {
    fn same(&mut self, node: &Shared<Cell>, plain: &Rc<RefCell<Plain>>) {
        let (id, other) = (node.id(), Rc::as_ptr(plain).addr());
        assert_eq!(*self.plain.entry(id).or_insert(other), other, "one node, two of the others");
        assert_eq!(*self.nodes.entry(other).or_insert(id), id, "two nodes, one of the others");
        if self.plain.len() > 1000 {
            panic!("more nodes than there can be");
        }
    }

    /// Compares everything that can be reached.
    fn compare(&mut self, nodes: &[Shared<Cell>], plains: &[Rc<RefCell<Plain>>]) {
        assert_eq!(nodes.len(), plains.len());
        let mut left: Vec<_> = nodes.iter().cloned().zip(plains.iter().cloned()).collect();
        let mut seen = std::collections::HashSet::new();
        while let Some((node, plain)) = left.pop() {
            self.same(&node, &plain);
            if !seen.insert(node.id()) {
                continue;
            }
            let (node, plain) = (node.read(), plain.borrow());
            assert_eq!(node.value.item::<f32>(), plain.value);
            assert_eq!(node.next.is_some(), plain.next.is_some());
            assert_eq!(node.list.len(), plain.list.len());
            left.extend(node.next.clone().into_iter().zip(plain.next.clone()));
            left.extend(node.list.iter().cloned().zip(plain.list.iter().cloned()));
        }
    }
}

/// A graph, made by a program, and the same without the library; with the handles of its first nodes.
struct Pair {
    world: World,
    plain: Vec<Rc<RefCell<Plain>>>,
    first: (Vec<Shared<Cell>>, Vec<Rc<RefCell<Plain>>>),
}

impl Pair {
    fn new(program: &[Step]) -> Self {
        let cell = |i: usize| Cell { value: param(i as f32 + 1.0), next: None, list: vec![] };
        let slots: Vec<_> = (0..SLOTS).map(|i| Shared::new(cell(i))).collect();
        let plain = |i: usize| Plain { value: i as f32 + 1.0, next: None, list: vec![] };
        let mut plain: Vec<_> = (0..SLOTS).map(|i| Rc::new(RefCell::new(plain(i)))).collect();
        let first = (slots.clone(), plain.clone());
        let mut world = World { slots };
        apply(&mut world, program);
        apply_plain(&mut plain, program);
        Pair { world, plain, first }
    }

    fn check(&self, returned: &[Shared<Cell>], plain: &[Rc<RefCell<Plain>>]) {
        let mut beside = Beside { plain: HashMap::new(), nodes: HashMap::new() };
        beside.compare(&self.first.0, &self.first.1);
        beside.compare(&self.world.slots, &self.plain);
        beside.compare(returned, plain);
    }

    fn call(&mut self, steps: &[Step]) {
        let returned = run(&mut self.world, steps.to_vec());
        let plain = apply_plain(&mut self.plain, steps);
        self.check(&returned, &plain);
    }
}

impl Drop for Pair {
    /// Cycles are not freed by themselves.
    fn drop(&mut self) {
        for node in self.first.0.iter().chain(&self.world.slots) {
            let mut node = node.write();
            (node.next, node.list) = (None, vec![]);
        }
        for plain in self.first.1.iter().chain(&self.plain) {
            let mut plain = plain.borrow_mut();
            (plain.next, plain.list) = (None, vec![]);
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || 0..SLOTS;
    prop_oneof![
        3 => (slot(), slot()).prop_map(|(i, j)| Step::Set(i, j)),
        1 => (slot(), slot()).prop_map(|(i, j)| Step::Swap(i, j)),
        1 => (slot(), slot()).prop_map(|(i, j)| Step::Tie(i, j)),
        1 => slot().prop_map(Step::Untie),
        2 => (slot(), slot()).prop_map(|(i, j)| Step::Link(i, j)),
        1 => slot().prop_map(Step::Cut),
        2 => (slot(), slot()).prop_map(|(i, j)| Step::Push(i, j)),
        1 => slot().prop_map(Step::Pop),
        1 => slot().prop_map(Step::Follow),
        1 => slot().prop_map(Step::Return),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn programs_do_to_graphs_what_they_do_to_plain_ones(
        graph in proptest::collection::vec(step(), 0..8),
        steps in proptest::collection::vec(step(), 1..8),
    ) {
        // The first call, one on what it left, and one that finds the first one's program.
        let mut pair = Pair::new(&graph);
        pair.call(&steps);
        pair.call(&steps);
        Pair::new(&graph).call(&steps);
        // Eagerly.
        let mut eager = Pair::new(&graph);
        let returned = apply(&mut eager.world, &steps);
        let plain = apply_plain(&mut eager.plain, &steps);
        eager.check(&returned, &plain);
    }
}
