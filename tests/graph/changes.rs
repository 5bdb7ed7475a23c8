//! Every kind of change to the structure of an argument, behind `&mut` and in a node: a function without graph
//! updates refuses it with its path and leaves everything as it was; another one hands it back, in the first
//! call and in one that finds its program, as eager code does.

use super::{Block, message, param, shared};
use nnx::module::{Flag, MetaValue};
use nnx::{Array, Module, Param, Shared, SharedWeak};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

#[derive(Module)]
struct World {
    weight: Param,
    table: Array,
    empty: Option<Param>,
    full: Option<Param>,
    list: Vec<Param>,
    sorted: BTreeMap<String, Param>,
    hashed: HashMap<u32, Param>,
    shape: Shape,
    width: usize,
    name: String,
    flag: Flag,
    pair: (Option<Param>, [Option<Param>; 2]),
    first: Shared<Param>,
    second: Shared<Param>,
    tied: Shared<Param>,
    nodes: Vec<Shared<Param>>,
    sub: Option<Shared<Block>>,
    block: Shared<Block>,
    itself: Option<Shared<World>>,
    link: SharedWeak<Param>,
}

#[derive(Module)]
enum Shape {
    Flat(Param),
    Deep { first: Param, second: Param },
}

impl World {
    fn new() -> Self {
        let first = shared(10.0);
        World {
            weight: param(1.0),
            table: Array::scalar(2.0_f32),
            empty: None,
            full: Some(param(3.0)),
            list: vec![param(4.0), param(5.0)],
            sorted: BTreeMap::from([("a".to_owned(), param(6.0)), ("b".to_owned(), param(7.0))]),
            hashed: HashMap::from([(1, param(8.0)), (2, param(9.0))]),
            shape: Shape::Flat(param(11.0)),
            width: 12,
            name: "old".into(),
            flag: Flag::new("flag", false),
            pair: (None, [None, Some(param(13.0))]),
            second: shared(14.0),
            tied: first.clone(),
            nodes: vec![first.clone()],
            sub: None,
            block: Shared::new(Block::new(15.0)),
            itself: None,
            link: first.downgrade(),
            first,
        }
    }
}

/// The names of nodes by their ids: those of a world at its start.
type Names = HashMap<usize, &'static str>;

fn names(world: &World) -> Names {
    let nodes = [(&world.first, "first"), (&world.second, "second")];
    let mut names: Names = nodes.iter().map(|(node, name)| (node.id(), *name)).collect();
    names.insert(world.block.id(), "block");
    names
}

/// All that can be told of a world, by its values and the names of its nodes.
fn show(world: &World, names: &Names) -> String {
    let mut text = String::new();
    let t = &mut text;
    let value = |p: &Param| format!("{} {}", p.item::<f32>(), p.metadata());
    let option = |p: &Option<Param>| p.as_ref().map(value);
    let name = |id: usize| names.get(&id).copied().unwrap_or("new");
    let node = |n: &Shared<Param>| format!("{} = {}", name(n.id()), value(&n.read()));
    writeln!(t, "{} {}", value(&world.weight), world.table.item::<f32>()).unwrap();
    writeln!(t, "{:?} {:?}", option(&world.empty), option(&world.full)).unwrap();
    writeln!(t, "{:?}", world.list.iter().map(value).collect::<Vec<_>>()).unwrap();
    let of_map = |(key, p): (&String, &Param)| format!("{key}: {}", value(p));
    writeln!(t, "{:?}", world.sorted.iter().map(of_map).collect::<Vec<_>>()).unwrap();
    let mut hashed: Vec<_> = world.hashed.iter().map(|(k, p)| (*k, value(p))).collect();
    hashed.sort();
    writeln!(t, "{hashed:?}").unwrap();
    match &world.shape {
        Shape::Flat(p) => writeln!(t, "flat {}", value(p)).unwrap(),
        Shape::Deep { first, second } => {
            writeln!(t, "deep {} {}", value(first), value(second)).unwrap();
        }
    }
    writeln!(t, "{} {} {}", world.width, world.name, *world.flag).unwrap();
    writeln!(t, "{:?} {:?}", option(&world.pair.0), world.pair.1.each_ref().map(option)).unwrap();
    let handles = [&world.first, &world.second, &world.tied].map(node);
    writeln!(t, "{handles:?} {:?}", world.nodes.iter().map(node).collect::<Vec<_>>()).unwrap();
    let link = world.link.upgrade();
    writeln!(t, "{:?} {}", link.as_ref().map(node), world.itself.is_some()).unwrap();
    // As far as a cycle is not gone round.
    let mut block = Some(world.block.clone());
    for _ in 0..3 {
        let Some(b) = block else { break };
        writeln!(t, "{} {}", name(b.id()), value(&b.read().kernel)).unwrap();
        block = b.read().sub.clone();
    }
    let sub = world.sub.as_ref().map(|b| (name(b.id()), value(&b.read().kernel)));
    writeln!(t, "{sub:?}").unwrap();
    text
}

/// A kind of change, the place that the message names, and the change itself.
type Change = (&'static str, &'static str, fn(&mut World));

const CHANGES: &[Change] = &[
    ("option filled", "empty", |w| w.empty = Some(Param::new(w.weight.value() * 2.0))),
    ("option emptied", "full", |w| w.full = None),
    ("pushed", "list", |w| w.list.push(Param::new(w.weight.value() * 3.0))),
    ("popped", "list", |w| drop(w.list.pop())),
    ("inserted first", "list", |w| w.list.insert(0, Param::new(w.weight.value() * 4.0))),
    ("cleared", "list", |w| w.list.clear()),
    ("key added", "sorted", |w| {
        w.sorted.insert("c".into(), Param::new(w.weight.value() * 5.0));
    }),
    ("key removed", "sorted", |w| drop(w.sorted.remove("a"))),
    ("key renamed", "sorted", |w| {
        let value = w.sorted.remove("a").unwrap();
        w.sorted.insert("c".into(), value);
    }),
    ("number added", "hashed", |w| {
        w.hashed.insert(3, Param::new(w.weight.value() * 6.0));
    }),
    ("number removed", "hashed", |w| drop(w.hashed.remove(&1))),
    ("variant", "shape", |w| {
        let (first, second) = (Param::new(w.weight.value() * 7.0), param(1.0));
        w.shape = Shape::Deep { first, second };
    }),
    ("number", "width", |w| w.width += 1),
    ("text", "name", |w| w.name.push_str(" and new")),
    ("flag", "flag", |w| w.flag = Flag::new("flag", true)),
    ("in a tuple", "pair[0]", |w| w.pair.0 = Some(param(1.0))),
    ("in an array", "pair[1]", |w| w.pair.1.swap(0, 1)),
    ("plain array", "table", |w| w.table = w.weight.value() * 8.0),
    ("tied", "second", |w| w.second = w.first.clone()),
    ("untied", "tied", |w| w.tied = Shared::new(Param::new(w.first.read().value() * 2.0))),
    ("pointed to another", "tied", |w| w.tied = w.second.clone()),
    ("swapped", "first", |w| std::mem::swap(&mut w.first, &mut w.second)),
    ("a node pushed", "nodes", |w| w.nodes.push(w.second.clone())),
    ("a new node", "sub", |w| w.sub = Some(Shared::new(Block::new(2.0)))),
    ("a node of another place", "sub", |w| w.sub = Some(w.block.clone())),
    ("inside of a node", "block.sub", |w| {
        w.block.write().sub = Some(Shared::new(Block::new(3.0)));
    }),
    ("self reference", "block.sub", |w| w.block.write().sub = Some(w.block.clone())),
    ("cycle", "block.sub", |w| {
        let other = Shared::new(Block { sub: Some(w.block.clone()), ..Block::new(4.0) });
        w.block.write().sub = Some(other);
    }),
    ("a link elsewhere", "link", |w| w.link = w.second.downgrade()),
    ("a link cut", "link", |w| w.link = Shared::new(param(1.0)).downgrade()),
];

fn change(world: &mut World, i: usize) {
    // A value beside the structure: it comes back with it or stays with it.
    let next = world.weight.value() + 1.0;
    world.weight.set(next);
    let next = world.first.read().value() + 1.0;
    world.first.write().set(next);
    CHANGES[i].2(world);
}

#[nnx::jit(name = "changes_owned")]
fn owned(world: &mut World, #[nnx(static)] i: usize) {
    change(world, i);
}

#[nnx::jit(name = "changes_in_a_node")]
fn in_a_node(world: &Shared<World>, #[nnx(static)] i: usize) {
    change(&mut world.write(), i);
}

#[nnx::jit(graph_updates = false)]
fn owned_values(world: &mut World, #[nnx(static)] i: usize) {
    change(world, i);
}

#[nnx::jit(graph_updates = false)]
fn values_in_a_node(world: &Shared<World>, #[nnx(static)] i: usize) {
    change(&mut world.write(), i);
}

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

/// Opens the cycles that a change made.
fn open(world: &World) {
    let sub = world.block.write().sub.take();
    drop(sub);
}

#[test]
fn without_graph_updates_each_is_an_error_with_its_path_and_nothing_changed() {
    for (i, (what, path, _)) in CHANGES.iter().enumerate() {
        let mut world = World::new();
        let names = names(&world);
        let before = show(&world, &names);
        for _ in 0..2 {
            let text = message(|| owned_values(&mut world, i));
            assert!(text.contains(&format!("`world.{path}")), "{what}: {text}");
            assert!(text.contains("fixes:\n"), "{what}: {text}");
            assert_eq!(show(&world, &names), before, "{what}");
        }
        let world = Shared::new(world);
        for _ in 0..2 {
            let text = message(|| values_in_a_node(&world, i));
            assert!(text.contains(&format!("`world.{path}")), "{what}: {text}");
            assert_eq!(show(&world.read(), &names), before, "{what}");
        }
    }
}

#[test]
fn with_graph_updates_each_arrives_in_the_first_call_and_in_a_hit() {
    for (i, (what, ..)) in CHANGES.iter().enumerate() {
        let expected = {
            let mut world = World::new();
            let names = names(&world);
            change(&mut world, i);
            let expected = show(&world, &names);
            open(&world);
            expected
        };
        for first in [true, false] {
            let mut world = World::new();
            let names = names(&world);
            let before = traces("changes_owned");
            owned(&mut world, i);
            assert_eq!(traces("changes_owned") - before, u64::from(first), "{what}");
            assert_eq!(show(&world, &names), expected, "{what}");
            open(&world);

            let world = Shared::new(World::new());
            let names = self::names(&world.read());
            let before = traces("changes_in_a_node");
            in_a_node(&world, i);
            assert_eq!(traces("changes_in_a_node") - before, u64::from(first), "{what}");
            assert_eq!(show(&world.read(), &names), expected, "{what}");
            open(&world.read());
        }
    }
}

#[nnx::jit]
fn holds_itself(world: &Shared<World>) {
    world.write().itself = Some(world.clone());
}

#[nnx::jit(graph_updates = false)]
fn would_hold_itself(world: &Shared<World>) {
    world.write().itself = Some(world.clone());
}

#[test]
fn a_node_that_comes_to_hold_itself() {
    let world = Shared::new(World::new());
    for _ in 0..2 {
        let text = message(|| would_hold_itself(&world));
        assert!(text.contains("`world.itself` is now Some, before None"), "{text}");
        assert!(world.read().itself.is_none());
    }
    for _ in 0..2 {
        holds_itself(&world);
        let held = world.write().itself.take().unwrap();
        assert!(held.ptr_eq(&world));
    }
}

#[nnx::jit]
fn annotates(world: &mut World) {
    world.weight.metadata_mut().set("axis", MetaValue::Int(1));
    world.first.write().metadata_mut().set("axis", MetaValue::Int(2));
}

#[nnx::jit(graph_updates = false)]
fn annotates_without_updates(world: &mut World) {
    world.weight.metadata_mut().set("axis", MetaValue::Int(1));
    world.first.write().metadata_mut().set("axis", MetaValue::Int(2));
}

#[test]
fn metadata_arrives_without_graph_updates_too() {
    let axis = |p: &Param| p.metadata().get("axis").cloned();
    for annotates in [annotates, annotates_without_updates] {
        for _ in 0..2 {
            let mut world = World::new();
            annotates(&mut world);
            assert_eq!(axis(&world.weight), Some(MetaValue::Int(1)));
            assert_eq!(axis(&world.tied.read()), Some(MetaValue::Int(2)));
        }
    }
}
