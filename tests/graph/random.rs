//! Random graphs and random programs: a jitted function does to them what the same program does to plain
//! `Rc<RefCell<…>>`, in the first call and in one that finds its executable. Without graph updates it does so where
//! the program sets values alone, and changes nothing where it does more.

use super::param;
use nnx::{Module, Param, Shared};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

#[derive(Module)]
struct Cell {
    value: Param,
    next: Option<Shared<Cell>>,
    list: Vec<Shared<Cell>>,
    map: BTreeMap<u32, Shared<Cell>>,
    kind: Kind,
    count: usize,
}

#[derive(Module)]
enum Kind {
    Alone,
    Holding(#[module(recursive)] Shared<Cell>),
    Weighed(Param),
}

impl Cell {
    fn new(value: Param) -> Self {
        let (list, map) = (vec![], BTreeMap::new());
        Cell { value, next: None, list, map, kind: Kind::Alone, count: 0 }
    }

    /// The handles to other cells.
    fn handles(&self) -> Vec<Shared<Cell>> {
        let held = match &self.kind {
            Kind::Holding(held) => Some(held),
            _ => None,
        };
        self.next.iter().chain(&self.list).chain(self.map.values()).chain(held).cloned().collect()
    }
}

#[derive(Module)]
struct World {
    slots: Vec<Shared<Cell>>,
}

/// The same without the library.
struct Plain {
    value: f32,
    next: Option<Handle>,
    list: Vec<Handle>,
    map: BTreeMap<u32, Handle>,
    kind: PlainKind,
    count: usize,
}

type Handle = Rc<RefCell<Plain>>;

enum PlainKind {
    Alone,
    Holding(Handle),
    Weighed(f32),
}

impl Plain {
    fn new(value: f32) -> Self {
        let (list, map) = (vec![], BTreeMap::new());
        Plain { value, next: None, list, map, kind: PlainKind::Alone, count: 0 }
    }

    fn handles(&self) -> Vec<Handle> {
        let held = match &self.kind {
            PlainKind::Holding(held) => Some(held),
            _ => None,
        };
        self.next.iter().chain(&self.list).chain(self.map.values()).chain(held).cloned().collect()
    }

    /// All but values: which fields are filled, and with which cells.
    fn structure(&self) -> String {
        let kind = match &self.kind {
            PlainKind::Alone => 0,
            PlainKind::Holding(_) => 1,
            PlainKind::Weighed(_) => 2,
        };
        let keys: Vec<_> = self.map.keys().collect();
        let handles: Vec<usize> = self.handles().iter().map(|h| Rc::as_ptr(h).addr()).collect();
        let sizes = (self.next.is_some(), self.list.len(), keys, kind, self.count);
        format!("{sizes:?} {handles:?}")
    }
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
    Insert(usize, u32, usize),
    Remove(usize, u32),
    /// On to the next variant.
    Turn(usize, usize),
    /// Counts, in a static value.
    Count(usize),
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
                slots[i] = Shared::new(Cell::new(value));
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
            Step::Insert(i, key, j) => {
                let item = slots[j].clone();
                slots[i].write().map.insert(key, item);
            }
            Step::Remove(i, key) => {
                slots[i].write().map.remove(&key);
            }
            Step::Turn(i, j) => {
                let held = slots[j].clone();
                let cell = &mut *slots[i].write();
                cell.kind = match &cell.kind {
                    Kind::Alone => Kind::Holding(held),
                    Kind::Holding(_) => Kind::Weighed(Param::new(cell.value.value() * 3.0)),
                    Kind::Weighed(_) => Kind::Alone,
                };
            }
            Step::Count(i) => slots[i].write().count += 1,
            Step::Follow(i) => {
                let next = slots[i].read().next.clone();
                slots[i] = next.unwrap_or_else(|| slots[i].clone());
            }
            Step::Return(i) => returned.push(slots[i].clone()),
        }
    }
    returned
}

fn apply_plain(slots: &mut [Handle], steps: &[Step]) -> Vec<Handle> {
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
                slots[i] = Rc::new(RefCell::new(Plain::new(value)));
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
            Step::Insert(i, key, j) => {
                let item = slots[j].clone();
                slots[i].borrow_mut().map.insert(key, item);
            }
            Step::Remove(i, key) => {
                slots[i].borrow_mut().map.remove(&key);
            }
            Step::Turn(i, j) => {
                let held = slots[j].clone();
                let cell = &mut *slots[i].borrow_mut();
                cell.kind = match &cell.kind {
                    PlainKind::Alone => PlainKind::Holding(held),
                    PlainKind::Holding(_) => PlainKind::Weighed(cell.value * 3.0),
                    PlainKind::Weighed(_) => PlainKind::Alone,
                };
            }
            Step::Count(i) => slots[i].borrow_mut().count += 1,
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

#[nnx::jit(graph_updates = false)]
fn run_values(world: &mut World, #[nnx(static)] steps: Vec<Step>) -> Vec<Shared<Cell>> {
    apply(world, &steps)
}

/// The cells that can be reached, with their structure. They are kept, so that no other gets the address of one.
fn reached(from: &[Handle]) -> BTreeMap<usize, (Handle, String)> {
    let (mut left, mut found) = (from.to_vec(), BTreeMap::new());
    while let Some(cell) = left.pop() {
        let plain = cell.borrow();
        let entry = (cell.clone(), plain.structure());
        if found.insert(Rc::as_ptr(&cell).addr(), entry).is_none() {
            left.extend(plain.handles());
        }
    }
    found
}

/// Two graphs side by side.
struct Beside {
    /// The plain node of each node that was met, and the other way round.
    plain: HashMap<usize, usize>,
    nodes: HashMap<usize, usize>,
}

impl Beside {
    fn same(&mut self, node: &Shared<Cell>, plain: &Handle) {
        let (id, other) = (node.id(), Rc::as_ptr(plain).addr());
        assert_eq!(*self.plain.entry(id).or_insert(other), other, "one node, two of the others");
        assert_eq!(*self.nodes.entry(other).or_insert(id), id, "two nodes, one of the others");
        if self.plain.len() > 1000 {
            panic!("more nodes than there can be");
        }
    }

    /// Compares everything that can be reached.
    fn compare(&mut self, nodes: &[Shared<Cell>], plains: &[Handle]) {
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
            assert_eq!(node.count, plain.count);
            assert!(node.map.keys().eq(plain.map.keys()));
            match (&node.kind, &plain.kind) {
                (Kind::Alone, PlainKind::Alone) | (Kind::Holding(_), PlainKind::Holding(_)) => {}
                (Kind::Weighed(a), PlainKind::Weighed(b)) => assert_eq!(a.item::<f32>(), *b),
                _ => panic!("another variant"),
            }
            left.extend(node.handles().into_iter().zip(plain.handles()));
        }
    }
}

/// A graph, made by a program, and the same without the library; with the handles of its first nodes.
struct Pair {
    world: World,
    plain: Vec<Handle>,
    first: (Vec<Shared<Cell>>, Vec<Handle>),
}

impl Pair {
    fn new(program: &[Step]) -> Self {
        let value = |i: usize| i as f32 + 1.0;
        let slots: Vec<_> = (0..SLOTS).map(|i| Shared::new(Cell::new(param(value(i))))).collect();
        let mut plain: Vec<_> =
            (0..SLOTS).map(|i| Rc::new(RefCell::new(Plain::new(value(i))))).collect();
        let first = (slots.clone(), plain.clone());
        let mut world = World { slots };
        apply(&mut world, program);
        apply_plain(&mut plain, program);
        Pair { world, plain, first }
    }

    fn check(&self, returned: &[Shared<Cell>], plain: &[Handle]) {
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

    /// The same without graph updates.
    fn call_for_values(&mut self, steps: &[Step]) {
        let called = catch_unwind(AssertUnwindSafe(|| run_values(&mut self.world, steps.to_vec())));
        if let Err(panic) = &called {
            // Nothing is changed.
            self.check(&[], &[]);
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            assert!(text.contains("fixes:\n"), "{text}");
        }
        let before = (addresses(&self.plain), reached(&self.plain));
        let plain = apply_plain(&mut self.plain, steps);
        let after = reached(&self.plain);
        let is_same = |(cell, (_, structure)): (&usize, &(Handle, String))| {
            after.get(cell).is_some_and(|(_, now)| now == structure)
        };
        let of_argument = reached(&plain).keys().any(|cell| before.1.contains_key(cell));
        let values_alone =
            before.0 == addresses(&self.plain) && before.1.iter().all(is_same) && !of_argument;
        match called {
            Ok(returned) => {
                assert!(values_alone, "a change was lost");
                self.check(&returned, &plain);
            }
            Err(_) => assert!(!values_alone, "there was nothing to refuse"),
        }
    }
}

fn addresses(cells: &[Handle]) -> Vec<usize> {
    cells.iter().map(|cell| Rc::as_ptr(cell).addr()).collect()
}

impl Drop for Pair {
    /// Cycles are not freed by themselves.
    fn drop(&mut self) {
        for node in self.first.0.iter().chain(&self.world.slots) {
            let mut node = node.write();
            *node = Cell::new(node.value.clone());
        }
        for plain in self.first.1.iter().chain(&self.plain) {
            let mut plain = plain.borrow_mut();
            *plain = Plain::new(plain.value);
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
        1 => (slot(), 0..2_u32, slot()).prop_map(|(i, key, j)| Step::Insert(i, key, j)),
        1 => (slot(), 0..2_u32).prop_map(|(i, key)| Step::Remove(i, key)),
        2 => (slot(), slot()).prop_map(|(i, j)| Step::Turn(i, j)),
        1 => slot().prop_map(Step::Count),
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
        // Without graph updates: the program, and as much of it as sets values.
        Pair::new(&graph).call_for_values(&steps);
        let sets: Vec<Step> =
            steps.iter().filter(|step| matches!(step, Step::Set(..))).cloned().collect();
        let mut pair = Pair::new(&graph);
        pair.call_for_values(&sets);
        pair.call_for_values(&sets);
        // Eagerly.
        let mut eager = Pair::new(&graph);
        let returned = apply(&mut eager.world, &steps);
        let plain = apply_plain(&mut eager.plain, &steps);
        eager.check(&returned, &plain);
    }
}
