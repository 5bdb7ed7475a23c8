//! Links back (`SharedWeak`): no part of a tree, and in every copy, twin or gradient they point into that.

use super::{message, param, value};
use nnx::module::{Flag, View, find_duplicates};
use nnx::optim::{Optimizer, sgd};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::transform::Checks;
use nnx::{
    Array, Module, Param, Shared, SharedWeak, checkify, cond, custom_vjp, grad, jacfwd, jvp,
    linearize, map_slices, merge, over, remat, scan, split, state, update, value_and_grad, view,
    vjp, vmap, while_loop,
};
use std::collections::BTreeMap;

#[derive(Module)]
struct Parent {
    children: Vec<Shared<Child>>,
    weight: Shared<Param>,
    deterministic: Flag,
}

#[derive(Module)]
struct Child {
    weight: Param,
    parent: SharedWeak<Parent>,
}

/// A parent with this weight and a child of another.
fn family(parent: Array, child: Array) -> Shared<Parent> {
    let weight = Shared::new(Param::new(parent));
    let deterministic = Flag::new("deterministic", false);
    let parent = Shared::new(Parent { children: vec![], weight, deterministic });
    let child = Child { weight: Param::new(child), parent: parent.downgrade() };
    parent.write().children.push(Shared::new(child));
    parent
}

fn scalars(parent: f32, child: f32) -> Shared<Parent> {
    family(Array::scalar(parent), Array::scalar(child))
}

fn child(parent: &Shared<Parent>) -> Shared<Child> {
    parent.read().children[0].clone()
}

/// The parent as its child knows it.
fn by_link(parent: &Shared<Parent>) -> Shared<Parent> {
    child(parent).read().parent.upgrade().unwrap()
}

/// Checks that the link points into the tree, and that the tree is not `other`.
#[track_caller]
fn linked_inside(tree: &Shared<Parent>, other: &Shared<Parent>) {
    assert!(by_link(tree).ptr_eq(tree));
    assert!(!tree.ptr_eq(other));
}

/// The product of the child's weight and that of the parent, which is found by the link, squared.
fn product(parent: &Shared<Parent>) -> Array {
    let weight = by_link(parent).read().weight.clone();
    child(parent).read().weight.value() * weight.read().value().square()
}

/// The same, and adds 1 to the parent's weight by the link.
fn adds(parent: &Shared<Parent>) -> Array {
    let y = product(parent);
    let weight = by_link(parent).read().weight.clone();
    let next = weight.read().value() + 1.0;
    weight.write().set(next);
    y
}

fn weight(parent: &Shared<Parent>) -> f32 {
    value(&parent.read().weight)
}

#[test]
fn copies_link_into_themselves() {
    let parent = scalars(2.0, 3.0);
    let (graphdef, leaves) = split(&parent);
    let names: Vec<String> = leaves.paths().map(|path| path.to_string()).collect();
    assert_eq!(names, ["children[0].weight", "weight"]);
    assert_eq!(graphdef, split(&scalars(5.0, 6.0)).0);
    let merged = merge(&graphdef, leaves).unwrap();
    linked_inside(&merged, &parent);
    assert_eq!(product(&merged).item::<f32>(), 12.0);
    linked_inside(&nnx::clone(&parent), &parent);
    linked_inside(&nnx::map(&parent, |_, leaf| leaf.value * 2.0), &parent);
    // The definition keeps nobody alive, and a link counts for no place.
    assert_eq!(parent.handles(), 1);
    assert!(find_duplicates(&parent).is_empty());
    assert_eq!(nnx::tabulate(&parent).total().leaves, 2);
    let evaluated = view(&parent, View::eval());
    // A child has no flag, so that it is the same node, with the same link.
    assert!(!evaluated.ptr_eq(&parent) && child(&evaluated).ptr_eq(&child(&parent)));
    assert!(evaluated.read().weight.ptr_eq(&parent.read().weight));
    // The copy of a child alone has no parent.
    let alone = nnx::clone(&child(&parent));
    assert!(alone.read().parent.upgrade().is_none());
    let (graphdef, leaves) = split(&child(&parent));
    assert!(merge(&graphdef, leaves).unwrap().read().parent.upgrade().is_none());
}

#[test]
fn state_and_checkpoints_leave_links() {
    let mut parent = scalars(2.0, 3.0);
    let leaves = state(&scalars(4.0, 5.0));
    update(&mut parent, leaves).unwrap();
    assert!(by_link(&parent).ptr_eq(&parent));
    assert_eq!(product(&parent).item::<f32>(), 80.0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("family.safetensors");
    save_checkpoint(&file, &parent, &BTreeMap::new()).unwrap();
    let mut other = scalars(0.0, 0.0);
    load_checkpoint(&file, &mut other).unwrap();
    linked_inside(&other, &parent);
    assert_eq!(product(&other).item::<f32>(), 80.0);
}

#[test]
fn gradients_link_into_themselves_and_flow_through_links() {
    let parent = scalars(2.0, 3.0);
    let gradient = grad(adds, &parent);
    linked_inside(&gradient, &parent);
    assert_eq!((weight(&gradient), weight(&parent)), (12.0, 3.0));
    assert_eq!(child(&gradient).read().weight.item::<f32>(), 4.0);
    // At 3 and 3.
    let pullback = vjp(product, &parent).1;
    let cotangent = pullback.call(&Array::scalar(2.0_f32));
    linked_inside(&cotangent, &parent);
    assert_eq!(weight(&cotangent), 36.0);
    let (_, slope) = jvp(product, &parent, &scalars(1.0, 0.0));
    assert_eq!(slope.item::<f32>(), 18.0);
    let (_, linear) = linearize(product, &parent);
    assert_eq!(linear.call(&scalars(0.0, 1.0)).item::<f32>(), 9.0);
    assert_eq!(weight(&jacfwd(product, &parent)), 18.0);
    let gradient = grad(|p: &Shared<Parent>| remat(adds, p), &parent);
    assert_eq!((weight(&gradient), weight(&parent)), (18.0, 4.0));
    let own = custom_vjp(
        product,
        |p: &Shared<Parent>| (product(p), ()),
        |(), ct: &Array| family(ct * 100.0, ct * 10.0),
    );
    let gradient = grad(|p: &Shared<Parent>| own(p), &parent);
    linked_inside(&gradient, &parent);
    assert_eq!(weight(&gradient), 100.0);
    assert!(by_link(&parent).ptr_eq(&parent));
}

#[test]
fn an_optimizer_leaves_links() {
    let mut parent = scalars(2.0, 3.0);
    let mut opt = Optimizer::new(&parent, sgd(0.1).momentum(Some(0.9)));
    let (loss, gradient) = value_and_grad(product, &parent);
    opt.update(&mut parent, &gradient);
    assert_eq!(loss.item::<f32>(), 12.0);
    assert!((weight(&parent) - 0.8).abs() < 1e-6);
    assert!(by_link(&parent).ptr_eq(&parent));
    // Two moments, and the step.
    assert_eq!(state(&opt).len(), 3);
}

fn rows() -> [Array; 2] {
    [[1.0_f32, 2.0], [3.0, 4.0]].map(|row| Array::from_slice(&row, [2]))
}

#[test]
fn loops_branches_and_maps_go_by_links() {
    type Call<'c> = &'c dyn Fn(&Shared<Parent>) -> Array;
    let [a, b] = rows();
    let mapped: [Call<'_>; 3] =
        [&|parent| vmap(adds, parent, 0), &|parent| map_slices(adds, parent), &|parent| {
            scan(|(), p: &Shared<Parent>| ((), adds(p)), (), parent).1
        }];
    for call in mapped {
        let parent = family(a.clone(), b.clone());
        assert_eq!(call(&parent).to_vec::<f32>(), [3.0, 16.0]);
        assert_eq!(parent.read().weight.read().to_vec::<f32>(), [2.0, 3.0]);
        assert!(by_link(&parent).ptr_eq(&parent));
    }
    let parent = scalars(1.0, 1.0);
    let steps = nnx::array::zeros([3], a.dtype());
    let step = |p: Shared<Parent>, _: &Array| {
        let y = adds(&p);
        (p, y)
    };
    let (carried, ys) = scan(step, parent.clone(), &steps);
    assert_eq!(ys.to_vec::<f32>(), [1.0, 4.0, 9.0]);
    linked_and_same(&carried, &parent);
    let whole = |(), (p, _): (&Shared<Parent>, &Array)| ((), adds(p));
    let over = over((&parent, &steps)).in_axes((None, Some(0)));
    assert_eq!(scan(whole, (), over).1.to_vec::<f32>(), [16.0, 25.0, 36.0]);
    let end = while_loop(
        |p: &Shared<Parent>| product(p).lt(80.0),
        |p: Shared<Parent>| {
            adds(&p);
            p
        },
        parent.clone(),
    );
    linked_and_same(&end, &parent);
    assert_eq!(weight(&parent), 9.0);
    let flag = Array::scalar(true);
    assert_eq!(cond(&flag, adds, product, &parent).item::<f32>(), 81.0);
    let (_, y) = checkify(Checks::ALL, adds, &parent);
    assert_eq!((y.item::<f32>(), weight(&parent)), (100.0, 11.0));
    linked_and_same(&parent, &end);
}

#[track_caller]
fn linked_and_same(tree: &Shared<Parent>, other: &Shared<Parent>) {
    assert!(tree.ptr_eq(other) && by_link(tree).ptr_eq(tree));
}

#[test]
fn a_link_that_a_transform_changes_is_an_error_with_its_path() {
    let parent = scalars(1.0, 1.0);
    let cut = |p: &Shared<Parent>| {
        let other = scalars(2.0, 2.0);
        child(p).write().parent = other.downgrade();
        product(&other)
    };
    let calls: [&dyn Fn(); 3] =
        [&|| drop(grad(cut, &parent)), &|| drop(checkify(Checks::ALL, cut, &parent)), &|| {
            drop(cond(Array::scalar(true), cut, product, &parent))
        }];
    for call in calls {
        let text = message(call);
        assert!(text.contains("`children[0].parent` was a link to"), "{text}");
        assert!(by_link(&parent).ptr_eq(&parent));
    }
}

#[nnx::jit]
fn jitted(parent: &Shared<Parent>) -> (Array, Shared<Parent>) {
    (adds(parent), by_link(parent))
}

#[test]
fn a_node_that_was_found_by_a_link_is_the_callers() {
    let parent = scalars(2.0, 3.0);
    for expected in [12.0, 27.0] {
        let (y, same) = jitted(&parent);
        assert_eq!(y.item::<f32>(), expected);
        linked_and_same(&same, &parent);
    }
}

#[nnx::jit]
fn reads_by_link(child: &Child) -> Array {
    child.parent.upgrade().unwrap().read().weight.read().value() * 1.0
}

#[nnx::jit]
fn returns_by_link(child: &Child) -> (Array, Shared<Parent>) {
    (child.weight.value() * 1.0, child.parent.upgrade().unwrap())
}

/// Eager code would find the node, so that there is no other answer than an error.
#[test]
fn a_node_that_a_link_alone_leads_to_is_an_error() {
    let parent = scalars(2.0, 3.0);
    let alone = Child { weight: param(1.0), parent: parent.downgrade() };
    let text = message(|| drop(reads_by_link(&alone)));
    assert!(text.contains("a link led to it from an argument"), "{text}");
    let text = message(|| drop(returns_by_link(&alone)));
    assert!(
        text.contains("a shared node at `[1]` that a link led to, and that no argument holds"),
        "{text}"
    );
    linked_and_same(&parent, &alone.parent.upgrade().unwrap());
}

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

fn lone(weight: f32, parent: &Shared<Parent>) -> Child {
    Child { weight: param(weight), parent: parent.downgrade() }
}

fn orphan(weight: f32) -> Child {
    lone(weight, &scalars(0.0, 0.0))
}

fn flag(flag: bool) -> f32 {
    f32::from(u8::from(flag))
}

#[nnx::jit(name = "links_is_linked")]
fn is_linked(child: &Child) -> Array {
    child.weight.value() + flag(child.parent.upgrade().is_some())
}

#[nnx::jit(name = "links_are_siblings")]
fn are_siblings(a: &Child, b: &Child) -> Array {
    a.weight.value() + flag(a.parent.upgrade() == b.parent.upgrade())
}

#[test]
fn where_links_lead_is_part_of_the_key() {
    let [x, y] = [1.0, 2.0].map(|weight| scalars(weight, weight));
    for _ in 0..2 {
        assert_eq!(is_linked(&lone(0.0, &x)).item::<f32>(), 1.0);
        assert_eq!(is_linked(&orphan(0.0)).item::<f32>(), 0.0);
        assert_eq!(is_linked(&lone(0.0, &y)).item::<f32>(), 1.0);
    }
    assert_eq!(traces("links_is_linked"), 2);
    let pairs = [(&x, &x, 1.0), (&x, &y, 0.0), (&y, &y, 1.0), (&y, &x, 0.0)];
    for (a, b, expected) in pairs.into_iter().chain(pairs) {
        assert_eq!(are_siblings(&lone(0.0, a), &lone(0.0, b)).item::<f32>(), expected);
    }
    assert_eq!(traces("links_are_siblings"), 2);
    assert_eq!(are_siblings(&orphan(0.0), &orphan(0.0)).item::<f32>(), 1.0);
}

#[nnx::jit(name = "links_logged", graph_updates = false)]
fn logged(a: &Child, b: &Child) -> Array {
    are_siblings(a, b)
}

#[test]
fn the_reason_of_a_miss_tells_where_the_link_led() {
    let [x, y] = [1.0, 2.0].map(|weight| scalars(weight, weight));
    logged(&lone(0.0, &x), &lone(0.0, &x));
    let reason =
        |b: &Child| message(|| nnx::jit::assert_max_traces(0, || drop(logged(&lone(0.0, &x), b))));
    let was = "`b.parent` was a link to the node that `a.parent` links to, now it is a link to";
    let text = reason(&lone(0.0, &y));
    assert!(text.contains(&format!("{was} a node outside of the tree")), "{text}");
    let text = reason(&orphan(0.0));
    assert!(text.contains("now it is a link to no node"), "{text}");
}

#[nnx::jit(name = "links_is_parent")]
fn is_parent(parent: &Shared<Parent>, child: &Child) -> Array {
    child.weight.value() + flag(child.parent.upgrade().as_ref() == Some(parent))
}

#[test]
fn a_node_outside_that_this_thread_writes_is_none_of_the_arguments() {
    let [parent, other] = [1.0, 2.0].map(|weight| scalars(weight, weight));
    assert_eq!(is_parent(&parent, &lone(0.0, &parent)).item::<f32>(), 1.0);
    let guard = other.write();
    assert_eq!(is_parent(&parent, &lone(0.0, &other)).item::<f32>(), 0.0);
    drop(guard);
    assert_eq!(traces("links_is_parent"), 2);
}

/// Cuts the first link, and has the second lead where the third did.
fn relink(cut: &mut Child, set: &mut Child, to: &Child) {
    cut.parent = orphan(0.0).parent;
    set.parent = to.parent.clone();
    let next = to.weight.value() + set.weight.value();
    set.weight.set(next);
}

#[nnx::jit(name = "links_relinks_trees")]
fn relinks_trees(cut: &mut Child, set: &mut Child, to: &Child) {
    relink(cut, set, to);
}

#[nnx::jit(name = "links_relinks_nodes")]
fn relinks_nodes(cut: &Shared<Child>, set: &Shared<Child>, to: &Child) {
    relink(&mut cut.write(), &mut set.write(), to);
}

#[nnx::jit(inline = false)]
fn relinks_inside(cut: &mut Child, set: &mut Child, to: &Child) {
    relink(cut, set, to);
}

#[nnx::jit(name = "links_relinks_nested")]
fn relinks_nested(cut: &mut Child, set: &mut Child, to: &Child) {
    relinks_inside(cut, set, to);
}

#[test]
fn a_changed_link_to_a_node_outside_arrives() {
    for _ in 0..2 {
        let [x, y, z] = [1.0, 2.0, 3.0].map(|weight| scalars(weight, weight));
        let (mut cut, mut set, to) = (lone(1.0, &x), lone(2.0, &y), lone(3.0, &z));
        relinks_trees(&mut cut, &mut set, &to);
        assert!(cut.parent.upgrade().is_none() && set.parent.upgrade() == Some(z.clone()));
        assert_eq!((cut.weight.item::<f32>(), set.weight.item::<f32>()), (1.0, 5.0));
        let (mut cut, mut set) = (lone(1.0, &x), lone(2.0, &y));
        relinks_nested(&mut cut, &mut set, &to);
        assert!(cut.parent.upgrade().is_none() && set.parent.upgrade() == Some(z.clone()));
        assert_eq!((cut.weight.item::<f32>(), set.weight.item::<f32>()), (1.0, 5.0));
        let [cut, set] = [lone(1.0, &x), lone(2.0, &y)].map(Shared::new);
        relinks_nodes(&cut, &set, &to);
        let (cut, set) = (cut.read(), set.read());
        assert!(cut.parent.upgrade().is_none() && set.parent.upgrade() == Some(z));
        assert_eq!((cut.weight.item::<f32>(), set.weight.item::<f32>()), (1.0, 5.0));
    }
    let names = ["links_relinks_trees", "links_relinks_nodes", "links_relinks_nested"];
    assert_eq!(names.map(traces), [1, 1, 1]);
}

#[nnx::jit(graph_updates = false)]
fn may_not_cut(child: &Shared<Child>) {
    child.write().parent = orphan(0.0).parent;
}

#[test]
fn a_changed_link_to_a_node_outside_is_an_error_where_it_would_be_lost() {
    let [x, y] = [1.0, 2.0].map(|weight| scalars(weight, weight));
    let [a, b] = [&x, &y].map(|parent| Shared::new(lone(1.0, parent)));
    let text = message(|| may_not_cut(&a));
    let cut =
        "`child.parent` was a link to a node outside of the tree, now it is a link to no node";
    assert!(text.contains(cut), "{text}");
    let moves = |(a, b): (&Shared<Child>, &Shared<Child>)| {
        let to = b.read().parent.clone();
        a.write().parent = to;
        a.read().weight.value() * 1.0
    };
    let text = message(|| drop(grad(moves, (&a, &b))));
    let moved = "`[0].parent` was a link to a node outside of the tree, now it is another one";
    assert!(text.contains(moved), "{text}");
    let step =
        |(a, b): (Child, Child), _: &Array| ((Child { parent: b.parent.clone(), ..a }, b), ());
    let steps = nnx::array::zeros([3], nnx::DType::F32);
    let text = message(|| drop(scan(step, (lone(1.0, &x), lone(2.0, &y)), &steps)));
    assert!(text.contains("`[0].parent` was a link to a node outside"), "{text}");
    assert!(a.read().parent.upgrade() == Some(x) && b.read().parent.upgrade() == Some(y));
}

#[nnx::jit(name = "links_hands_on")]
fn hands_on(a: Child, b: &Child) -> (Child, SharedWeak<Parent>) {
    let weight = Param::new(a.weight.value() + b.weight.value());
    (Child { weight, ..a }, b.parent.clone())
}

#[nnx::jit(name = "links_loops")]
fn loops(child: &Child, steps: &Array) -> [Child; 2] {
    let of = |child: &Child| Child {
        weight: Param::new(child.weight.value() * 2.0),
        parent: child.parent.clone(),
    };
    let scanned = scan(|child: Child, _: &Array| (of(&child), ()), of(child), steps).0;
    [scanned, while_loop(|c: &Child| c.weight.value().lt(16.0), |c: Child| of(&c), of(child))]
}

#[test]
fn links_in_results_lead_where_they_led() {
    let [x, y] = [1.0, 2.0].map(|weight| scalars(weight, weight));
    for (a, b) in [(&x, &y), (&y, &x)] {
        let (child, link) = hands_on(lone(1.0, a), &lone(2.0, b));
        assert_eq!(child.weight.item::<f32>(), 3.0);
        assert!(child.parent.upgrade().as_ref() == Some(a) && link.upgrade().as_ref() == Some(b));
    }
    assert_eq!(traces("links_hands_on"), 1);
    let twice = |child: &Child| Child {
        weight: Param::new(child.weight.value() * 2.0),
        parent: child.parent.clone(),
    };
    let alone = lone(2.0, &x);
    let steps = nnx::array::zeros([3], nnx::DType::F32);
    let results = [
        cond(Array::scalar(true), twice, twice, &alone),
        scan(|child: Child, _: &Array| (twice(&child), ()), lone(0.5, &x), &steps).0,
        nnx::fori_loop(0, 2, |_, child: Child| twice(&child), lone(1.0, &x)),
        while_loop(|c: &Child| c.weight.value().lt(4.0), |c: Child| twice(&c), lone(2.0, &x)),
        remat(twice, &alone),
    ];
    for result in results {
        assert_eq!(result.weight.item::<f32>(), 4.0);
        assert!(result.parent.upgrade().as_ref() == Some(&x));
    }
    for parent in [&x, &y] {
        for result in loops(&lone(1.0, parent), &steps) {
            assert_eq!(result.weight.item::<f32>(), 16.0);
            assert!(result.parent.upgrade().as_ref() == Some(parent));
        }
    }
    assert_eq!(traces("links_loops"), 1);
}

#[test]
fn links_in_the_result_of_vjp_lead_to_the_argument() {
    let parent = scalars(2.0, 3.0);
    let f = |p: &Shared<Parent>| Child { weight: Param::new(product(p)), parent: p.downgrade() };
    let (result, pullback) = vjp(f, &parent);
    assert!(result.parent.upgrade().as_ref() == Some(&parent));
    assert_eq!(result.weight.item::<f32>(), 12.0);
    assert_eq!(weight(&pullback.call(&orphan(1.0))), 12.0);
    let (result, linear) = linearize(f, &parent);
    assert!(result.parent.upgrade().as_ref() == Some(&parent));
    assert_eq!(linear.call(&scalars(1.0, 0.0)).weight.item::<f32>(), 12.0);
}
