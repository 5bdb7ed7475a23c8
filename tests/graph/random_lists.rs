//! Random changes of lists of what a tree owns, and of handles: a jitted function does to them what the same program
//! does eagerly, in the first call and in one that finds its executable.

use super::param;
use nnx::{Module, Param, Shared};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

#[derive(Module)]
struct Item {
    value: Param,
    extra: Option<Param>,
    form: Form,
}

#[derive(Module)]
enum Form {
    Plain,
    Scaled(Param),
}

#[derive(Module)]
struct Lists {
    /// A leaf on either side of each list.
    before: Param,
    items: Vec<Item>,
    between: Param,
    nested: Vec<Vec<Param>>,
    handles: Vec<Shared<Param>>,
    in_node: Shared<Vec<Item>>,
    maybe: Vec<Option<Param>>,
    by_name: BTreeMap<String, Item>,
    by_number: HashMap<u32, Param>,
    after: Param,
}

fn item(x: f32) -> Item {
    Item { value: param(x), extra: None, form: Form::Plain }
}

fn lists() -> Lists {
    Lists {
        before: param(1.0),
        items: vec![item(2.0), item(3.0)],
        between: param(4.0),
        nested: vec![vec![param(5.0)], vec![]],
        handles: vec![Shared::new(param(6.0)), Shared::new(param(7.0))],
        in_node: Shared::new(vec![item(8.0)]),
        maybe: vec![None, Some(param(9.0))],
        by_name: [("1", 11.0), ("3", 12.0)].map(|(key, x)| (key.into(), item(x))).into(),
        by_number: [(10, param(13.0)), (2, param(14.0))].into(),
        after: param(10.0),
    }
}

/// A change of a list. Numbers are places, modulo its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Change {
    Push,
    Pop,
    Insert(usize),
    Remove(usize),
    Swap(usize, usize),
    Truncate(usize),
    /// Another value in place of one.
    Set(usize),
    /// An optional part of an item comes or goes.
    Turn(usize),
}

/// The list that is changed: of items, in a list, of handles, in a node, of what may be there, maps.
type Step = (usize, Change);

fn change<T>(
    list: &mut Vec<T>,
    change: &Change,
    new: impl FnOnce() -> T,
    edit: impl FnOnce(&mut T, bool),
) {
    let len = list.len();
    match change {
        Change::Push => list.push(new()),
        Change::Pop => drop(list.pop()),
        Change::Insert(i) => list.insert(i % (len + 1), new()),
        Change::Truncate(n) => list.truncate(*n),
        _ if len == 0 => {}
        Change::Remove(i) => drop(list.remove(i % len)),
        Change::Swap(i, j) => list.swap(i % len, j % len),
        Change::Set(i) => edit(&mut list[i % len], false),
        Change::Turn(i) => edit(&mut list[i % len], true),
    }
}

/// The same of a map, where `$key` makes a key of a place.
macro_rules! change_map {
    ($map:expr, $change:expr, $key:expr, $new:expr, $edit:expr) => {
        match $change {
            Change::Push => drop($map.insert($key(&9), $new())),
            Change::Pop => drop($map.remove(&$key(&9))),
            Change::Insert(i) => drop($map.insert($key(i), $new())),
            Change::Remove(i) | Change::Truncate(i) => drop($map.remove(&$key(i))),
            Change::Swap(i, j) => {
                if let Some(moved) = $map.remove(&$key(i)) {
                    $map.insert($key(j), moved);
                }
            }
            Change::Set(i) => $map.get_mut(&$key(i)).into_iter().for_each(|x| $edit(x, false)),
            Change::Turn(i) => $map.get_mut(&$key(i)).into_iter().for_each(|x| $edit(x, true)),
        }
    };
}

fn double(param: &mut Param) {
    let next = &*param * 2.0 + 0.5;
    param.set(next);
}

fn edit_item(item: &mut Item, turns: bool) {
    double(&mut item.value);
    if turns {
        item.extra = item.extra.is_none().then(|| Param::new(&*item.value + 1.0));
        item.form = match &item.form {
            Form::Plain => Form::Scaled(Param::new(&*item.value * 3.0)),
            Form::Scaled(_) => Form::Plain,
        };
    }
}

fn apply(lists: &mut Lists, steps: &[Step]) {
    for (which, step) in steps {
        let sum = &*lists.before + &*lists.after;
        let new = || Param::new(&sum + 100.0);
        let new_item = || Item { value: new(), extra: None, form: Form::Plain };
        match which % 8 {
            0 => change(&mut lists.items, step, new_item, edit_item),
            1 => match lists.nested.first_mut() {
                Some(inner) => change(inner, step, new, |param, _| double(param)),
                None => lists.nested.push(vec![]),
            },
            2 => change(
                &mut lists.nested,
                step,
                || vec![new(), new()],
                |inner, _| inner.iter_mut().for_each(double),
            ),
            3 => {
                let first = lists.handles.first().cloned();
                let node = || first.unwrap_or_else(|| Shared::new(new()));
                change(&mut lists.handles, step, node, |node, turns| match turns {
                    true => {
                        let next = &**node.read() + 1.0;
                        *node = Shared::new(Param::new(next));
                    }
                    false => double(&mut node.write()),
                });
            }
            4 => change(&mut lists.in_node.write(), step, new_item, edit_item),
            5 => change_map!(lists.by_name, step, |i: &usize| i.to_string(), new_item, edit_item),
            6 => {
                let edit = |param: &mut Param, _| double(param);
                change_map!(lists.by_number, step, |i: &usize| 2 + *i as u32, new, edit);
            }
            _ => change(
                &mut lists.maybe,
                step,
                || Some(new()),
                |param, turns| match param {
                    Some(_) if turns => *param = None,
                    Some(param) => double(param),
                    None => *param = Some(new()),
                },
            ),
        }
        double(&mut lists.between);
    }
}

#[nnx::jit(name = "random_lists")]
fn run(lists: &mut Lists, #[nnx(static)] steps: Vec<Step>) {
    apply(lists, &steps);
}

/// All values with their paths, the statics between, and which handle is which of `nodes` or of those before.
fn picture(lists: &Lists, nodes: &[Shared<Param>]) -> String {
    let state = nnx::state(lists);
    let leaf = |(path, leaf): (&nnx::module::Path, &nnx::module::StateLeaf)| {
        format!("{path}={}", leaf.value.item::<f32>())
    };
    let picture = state.iter().map(leaf).collect::<Vec<_>>().join(" ");
    let known: Vec<_> = nodes.iter().chain(&lists.handles).collect();
    let number = |node: &Shared<Param>| known.iter().position(|known| *known == node);
    let handles: Vec<_> = lists.handles.iter().map(number).collect();
    let lens: Vec<usize> = lists.nested.iter().map(Vec::len).collect();
    let outside: Vec<f32> = nodes.iter().map(|node| node.read().item::<f32>()).collect();
    let options: Vec<bool> = lists.maybe.iter().map(Option::is_some).collect();
    format!("{picture} {handles:?} {lens:?} {options:?} {outside:?}")
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..4_usize;
    let change = prop_oneof![
        2 => Just(Change::Push),
        2 => Just(Change::Pop),
        1 => place().prop_map(Change::Insert),
        2 => place().prop_map(Change::Remove),
        1 => (place(), place()).prop_map(|(i, j)| Change::Swap(i, j)),
        1 => place().prop_map(Change::Truncate),
        2 => place().prop_map(Change::Set),
        1 => place().prop_map(Change::Turn),
    ];
    (0..8_usize, change)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn programs_do_to_lists_what_they_do_eagerly(
        first in proptest::collection::vec(step(), 0..4),
        steps in proptest::collection::vec(step(), 1..6),
    ) {
        let prepared = || {
            let mut lists = lists();
            apply(&mut lists, &first);
            let nodes = lists.handles.clone();
            (lists, nodes)
        };
        let (mut eager, eager_nodes) = prepared();
        let expected = [(); 2].map(|()| {
            apply(&mut eager, &steps);
            picture(&eager, &eager_nodes)
        });
        // The first call, one on what it left, and both once more, where the programs are found.
        for _ in 0..2 {
            let (mut jitted, nodes) = prepared();
            for expected in &expected {
                run(&mut jitted, steps.clone());
                prop_assert_eq!(&picture(&jitted, &nodes), expected);
            }
        }
    }
}
