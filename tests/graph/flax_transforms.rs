//! Counterparts of Flax's tests of jit and the transforms in graph mode. The table in
//! `docs/flax-tests.md` says which is which.

use super::{Block, Tied, message, param, shared, value};
use nnx::module::{BatchStat, Intermediate, path_contains};
use nnx::nn::Linear;
use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::random::Rngs;
use nnx::{
    Array, DType, Module, Param, Shared, StateAxes, Variable, cond, custom_vjp, fori_loop, grad,
    in_axes, of_type, over, pop, scan, switch, value_and_grad, vmap, while_loop,
};
use std::collections::BTreeMap;

fn traces(name: &str) -> u64 {
    nnx::jit::functions().into_iter().find(|f| f.name == name).map_or(0, |f| f.traces)
}

fn kernel(node: &Shared<Block>) -> f32 {
    node.read().kernel.item::<f32>()
}

fn add(node: &Shared<Param>, x: f32) {
    let next = node.read().value() + x;
    node.write().set(next);
}

fn matrix() -> Shared<Param> {
    Shared::new(Param::new(Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0], [2, 2])))
}

#[derive(Module)]
struct Pair {
    a: Shared<Block>,
    b: Shared<Block>,
    width: usize,
}

impl Pair {
    fn new(a: f32, b: f32) -> Self {
        Pair { a: Shared::new(Block::new(a)), b: Shared::new(Block::new(b)), width: 2 }
    }
}

#[nnx::jit(name = "graph_flax_swap")]
fn swap(pair: &mut Pair) {
    std::mem::swap(&mut pair.a, &mut pair.b);
}

#[test]
fn sub_modules_change_places_and_stay_who_they_are() {
    let mut pair = Pair::new(1.0, 2.0);
    let (a, b) = (pair.a.clone(), pair.b.clone());
    for i in 0..3 {
        swap(&mut pair);
        assert_eq!(pair.a.ptr_eq(&b) && pair.b.ptr_eq(&a), i % 2 == 0);
        assert_eq!((kernel(&a), kernel(&b)), (1.0, 2.0));
    }
    assert_eq!(traces("graph_flax_swap"), 1);
}

#[derive(Module)]
struct Sized {
    weight: Param,
    width: usize,
}

type Holders = (Shared<Sized>, Vec<Shared<Sized>>);

#[nnx::jit(name = "graph_flax_static")]
fn widen(holders: &Holders) {
    let width = holders.1[0].read().width;
    holders.0.write().width = width + 1;
}

#[test]
fn a_static_value_of_a_shared_module_is_seen_in_both_places() {
    let node = Shared::new(Sized { weight: param(1.0), width: 1 });
    let holders = (node.clone(), vec![node]);
    for i in 2..4 {
        widen(&holders);
        assert_eq!((holders.0.read().width, holders.1[0].read().width), (i, i));
        assert!(holders.0.ptr_eq(&holders.1[0]));
        assert_eq!(holders.0.read().weight.item::<f32>(), 1.0);
        assert_eq!(traces("graph_flax_static"), i as u64 - 1);
    }
}

type Boxed = BTreeMap<String, (Shared<Block>, usize)>;

#[nnx::jit]
fn exchange(parts: &mut Boxed) {
    let (a, b) = (parts["a"].0.clone(), parts["b"].0.clone());
    parts.get_mut("a").unwrap().0 = b.clone();
    parts.get_mut("b").unwrap().0 = a;
    let next = b.read().kernel.value() * 10.0;
    b.write().kernel.set(next);
}

#[test]
fn nodes_in_maps_and_tuples_change_places() {
    let Pair { a, b, .. } = Pair::new(1.0, 2.0);
    let mut parts =
        BTreeMap::from([("a".to_owned(), (a.clone(), 1)), ("b".to_owned(), (b.clone(), 2))]);
    for i in 0..2 {
        exchange(&mut parts);
        let (first, second) = if i == 0 { (&b, &a) } else { (&a, &b) };
        assert!(parts["a"].0.ptr_eq(first) && parts["b"].0.ptr_eq(second));
        assert_eq!((parts["a"].1, parts["b"].1), (1, 2));
    }
    assert_eq!((kernel(&a), kernel(&b)), (10.0, 20.0));
}

#[nnx::jit(name = "graph_flax_identity")]
fn handed_back(node: &Shared<Block>, x: &Array) -> (Shared<Block>, Array) {
    let y = node.read().kernel.value() * x;
    let next = node.read().count.value() + 1;
    node.write().count.set(next);
    (node.clone(), y)
}

#[test]
fn a_bound_node_is_reused_by_each_call() {
    let node = Shared::new(Block::new(3.0));
    let bound = |x: f32| handed_back(&node, &Array::scalar(x));
    for i in 1..=3 {
        let (same, y) = bound(i as f32);
        assert!(same.ptr_eq(&node));
        assert_eq!((y.item::<f32>(), node.read().count.item::<i32>()), (3.0 * i as f32, i));
    }
    assert_eq!(traces("graph_flax_identity"), 1);
}

#[derive(Module)]
struct Scaled {
    scale: Shared<Param>,
}

#[nnx::jit]
fn both_scales(first: &Scaled, second: &Scaled, x: &Array) -> Array {
    add(&first.scale, 1.0);
    x * second.scale.read().value()
}

#[test]
fn one_variable_in_two_bound_modules() {
    let scale = shared(1.0);
    let (first, second) = (Scaled { scale: scale.clone() }, Scaled { scale: scale.clone() });
    let bound = |x: f32| both_scales(&first, &second, &Array::scalar(x)).item::<f32>();
    assert_eq!(bound(2.0), 4.0);
    assert_eq!(bound(2.0), 6.0);
    assert_eq!(value(&scale), 3.0);
}

/// A layer that notes its last output.
#[derive(Module)]
struct Noting {
    linear: Shared<Linear>,
    seen: Option<Variable<Intermediate>>,
    calls: Shared<Variable<BatchStat>>,
}

impl Noting {
    fn new() -> Self {
        let linear = Shared::new(Linear::new(2, 3, &mut Rngs::new(0)));
        let calls = Shared::new(Variable::new(Array::scalar(0_i32)));
        Noting { linear, seen: None, calls }
    }
}

#[nnx::jit(name = "graph_flax_noting")]
fn noting_step(model: &mut Noting, opt: &mut Optimizer<Sgd>, x: &Array, y: &Array) -> Array {
    let loss = |linear: &Shared<Linear>| {
        let out = linear.read().forward(x);
        ((&out - y).square().mean(..), out)
    };
    let ((loss, out), gradient) = value_and_grad(loss, &model.linear);
    opt.update(&mut model.linear, &gradient);
    model.seen = Some(Variable::new(out));
    let next = model.calls.read().value() + 1;
    model.calls.write().set(next);
    loss
}

#[test]
fn a_bound_training_step_keeps_nodes_and_records() {
    let mut model = Noting::new();
    let (linear, calls) = (model.linear.clone(), model.calls.clone());
    let mut opt = Optimizer::new(&model.linear, sgd(0.1));
    let x = Array::from_slice(&[1.0_f32, 2.0], [1, 2]);
    let y = Array::from_slice(&[1.0_f32; 3], [1, 3]);
    let mut step = || noting_step(&mut model, &mut opt, &x, &y).item::<f32>();
    let losses = [step(), step(), step()];
    assert!(losses[2] < losses[1] && losses[1] < losses[0], "{losses:?}");
    // Without a record, with one.
    assert_eq!(traces("graph_flax_noting"), 2);
    assert!(model.linear.ptr_eq(&linear));
    assert_eq!(calls.read().item::<i32>(), 3);
    let records = pop(&mut model, of_type::<Intermediate>());
    assert_eq!(records["seen"].value.shape(), [1, 3]);
}

#[test]
fn a_cotangent_has_the_pattern_of_the_argument() {
    type Both = (Shared<Param>, Shared<Param>);
    let sum = |(a, b): &Both| a.read().value() + b.read().value();
    let node = shared(1.0);
    let one = custom_vjp(
        sum,
        move |both: &Both| (sum(both), ()),
        |(), ct: &Array| {
            let node = Shared::new(Param::new(ct * 5.0));
            (node.clone(), node)
        },
    );
    let (a, b) = grad(
        |(a, b): (&Shared<Param>, &Shared<Param>)| one(&(a.clone(), b.clone())),
        (&node, &node),
    );
    assert!(a.ptr_eq(&b));
    assert_eq!(value(&b), 5.0);
    let two = custom_vjp(
        sum,
        move |both: &Both| (sum(both), ()),
        |(), ct: &Array| (Shared::new(Param::new(ct * 5.0)), Shared::new(Param::new(ct * 6.0))),
    );
    let text = message(|| {
        grad(
            |(a, b): (&Shared<Param>, &Shared<Param>)| two(&(a.clone(), b.clone())),
            (&node, &node),
        );
    });
    assert!(text.contains("leaves"), "{text}");
}

#[test]
fn a_variable_of_two_modules_is_mapped_one_way() {
    #[derive(Module)]
    struct Other {
        inner: Option<Shared<Param>>,
    }
    let node = matrix();
    let (first, second) = (Scaled { scale: node.clone() }, Other { inner: Some(node.clone()) });
    let f = |(first, second): (&Scaled, &Other)| {
        first.scale.read().value() + second.inner.as_ref().unwrap().read().value()
    };
    let text = message(|| {
        vmap(f, (&first, &second), (0, 1));
    });
    assert!(text.contains("one node, different axes:"), "{text}");
    assert!(text.contains("[0].scale: 0\n") && text.contains("[1].inner: 1"), "{text}");
    let y = vmap(f, (&first, &second), (1, 1));
    assert_eq!(y.to_vec::<f32>(), [2.0, 6.0, 4.0, 8.0]);
}

#[test]
fn axes_by_filter_agree_on_a_node() {
    let embed = matrix();
    let tied = Tied { head: embed.clone(), embed };
    let f = |m: &Tied| m.embed.read().value() * m.head.read().value();
    let by_path = || StateAxes::new().with(path_contains("embed"), 0);
    let text = message(|| {
        vmap(f, &tied, by_path().with(path_contains("head"), None));
    });
    assert!(text.contains("one node, different axes:\n  embed: 0\n  head: None"), "{text}");
    let y = vmap(f, &tied, by_path().with(path_contains("head"), 0));
    assert_eq!(y.to_vec::<f32>(), [1.0, 4.0, 9.0, 16.0]);
    // By kind the places of a node agree by themselves.
    let y = vmap(f, &tied, StateAxes::new().with(of_type::<Param>(), 1));
    assert_eq!(y.to_vec::<f32>(), [1.0, 9.0, 4.0, 16.0]);
}

#[test]
fn a_node_is_not_mapped_here_and_common_there() {
    let node = Shared::new(Param::new(Array::from_slice(&[1.0_f32, 2.0], [2])));
    let f = |(a, b): (&Shared<Param>, &Shared<Param>)| a.read().value() + b.read().value();
    let text = message(|| {
        vmap(f, (&node, &node), (0, None));
    });
    assert!(text.contains("one node, different axes:\n  [0]: 0\n  [1]: None"), "{text}");
}

#[test]
fn a_scanned_node_may_be_returned() {
    let node = Shared::new(Param::new(Array::from_slice(&[1.0_f32, 2.0], [2])));
    let step = |(), node: &Shared<Param>| {
        add(node, 1.0);
        ((), node.clone())
    };
    let ((), same) = scan(step, (), &node);
    assert!(same.ptr_eq(&node));
    assert_eq!(node.read().to_vec::<f32>(), [2.0, 3.0]);
}

#[test]
fn a_captured_node_is_no_result_of_vmap() {
    let node = Shared::new(Block::new(1.0));
    let x = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let text = message(|| {
        vmap(|x: &Array| (x * 2.0, node.clone()), &x, 0);
    });
    assert!(text.contains("that the function captured"), "{text}");
    let text = message(|| {
        vmap(
            |x: &Array| {
                node.write().kernel.set(x.clone());
                x.clone()
            },
            &x,
            in_axes(0),
        );
    });
    assert!(text.contains("was captured by the function that is being traced"), "{text}");
    assert_eq!(kernel(&node), 1.0);
}

nnx::variable_kind! {
    struct Broadcast;
    struct Vectorized;
}

#[derive(Module)]
struct World {
    broadcast: Variable<Broadcast>,
    index: Shared<Variable<Vectorized>>,
    step: Variable<Vectorized>,
}

#[test]
fn a_branch_inside_vmap_updates_a_shared_module() {
    let index = Shared::new(Variable::new(nnx::array::arange(8, DType::I32)));
    let world = Shared::new(World {
        broadcast: Variable::new(Array::scalar(1_i32)),
        step: Variable::new(nnx::array::zeros([8], DType::I32)),
        index: index.clone(),
    });
    let axes =
        || StateAxes::new().with(of_type::<Broadcast>(), None).with(of_type::<Vectorized>(), 0);
    vmap(
        |world: &Shared<World>| {
            let even = (world.read().index.read().value() % 2).eq(0);
            let increment = |world: &Shared<World>| {
                let next = world.read().step.value() + 1;
                world.write().step.set(next);
            };
            cond(&even, increment, |_: &Shared<World>| (), world);
        },
        &world,
        axes(),
    );
    assert_eq!(world.read().step.to_vec::<i32>(), [1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(world.read().broadcast.item::<i32>(), 1);
    // The node that comes back from both branches is the caller's.
    let same = vmap(
        |world: &Shared<World>| {
            let odd = (world.read().index.read().value() % 2).eq(1);
            let increment = |world: &Shared<World>| {
                let next = world.read().step.value() + 10;
                world.write().step.set(next);
                world.clone()
            };
            cond(&odd, increment, |world: &Shared<World>| world.clone(), world)
        },
        &world,
        in_axes(axes()).out_axes(axes()),
    );
    assert!(same.ptr_eq(&world) && same.read().index.ptr_eq(&index));
    assert_eq!(world.read().step.to_vec::<i32>(), [1, 10, 1, 10, 1, 10, 1, 10]);
}

#[test]
fn each_branch_sets_a_node_that_two_fields_hold() {
    for (flag, expected) in [(true, 11.0), (false, 101.0)] {
        let model = Tied::new(1.0);
        cond(
            Array::scalar(flag),
            |m: &Tied| add(&m.embed, 10.0),
            |m: &Tied| add(&m.head, 100.0),
            &model,
        );
        assert_eq!((value(&model.embed), value(&model.head)), (expected, expected));
        assert!(model.embed.ptr_eq(&model.head));
    }
    for k in 0..3 {
        let model = Tied::new(1.0);
        let branch = |k: usize, m: &Tied| match k {
            0 => add(&m.embed, 1.0),
            1 => add(&m.head, 2.0),
            _ => {
                add(&m.embed, 1.0);
                add(&m.head, 2.0);
            }
        };
        switch(Array::scalar(k), 3, branch, &model);
        assert_eq!(value(&model.embed), 2.0 + k as f32);
        assert_eq!(value(&model.head), 2.0 + k as f32);
    }
}

#[derive(Module)]
struct Layers {
    first: Linear,
    second: Shared<Linear>,
    third: Shared<Linear>,
}

#[test]
fn layers_that_are_one_are_one_in_a_loop() {
    let mut rngs = Rngs::new(0);
    let second = Shared::new(Linear::new(3, 3, &mut rngs));
    let layers = Layers {
        first: Linear::new(3, 3, &mut rngs),
        third: second.clone(),
        second: second.clone(),
    };
    let first = layers.first.kernel.to_vec::<f32>();
    let x = Array::from_slice(&[1e-4_f32; 6], [2, 3]);
    let (n, layers, y) = while_loop(
        |(n, _, _): &(Array, Layers, Array)| n.lt(2),
        |(n, layers, x): (Array, Layers, Array)| {
            assert!(layers.second.ptr_eq(&layers.third));
            let y =
                layers.third.read().forward(layers.second.read().forward(layers.first.forward(&x)));
            let mut second = layers.second.write();
            let next = second.kernel.value() * 0.0 + 1.0;
            second.kernel.set(next);
            drop(second);
            (n + 1, layers, y)
        },
        (Array::scalar(0_i32), layers, x),
    );
    assert_eq!((n.item::<i32>(), y.shape()), (2, &[2, 3][..]));
    assert!(layers.second.ptr_eq(&second) && layers.third.ptr_eq(&second));
    assert_eq!(second.read().kernel.to_vec::<f32>(), [1.0; 9]);
    assert_eq!(layers.first.kernel.to_vec::<f32>(), first);
}

#[derive(Module)]
struct Holders3 {
    b: Scaled,
    c: Scaled,
    d: Scaled,
}

#[nnx::jit]
fn counted(holders: Holders3) -> Holders3 {
    let body = |_: Array, m: Holders3| {
        add(&m.b.scale, 0.25);
        add(&m.c.scale, 0.25);
        add(&m.d.scale, 0.5);
        m
    };
    fori_loop(0, 10, body, holders)
}

#[test]
fn a_node_of_three_holders_in_a_loop_inside_jit() {
    let a = shared(0.0);
    let scaled = || Scaled { scale: a.clone() };
    let out = counted(Holders3 { b: scaled(), c: scaled(), d: scaled() });
    assert_eq!(value(&a), 10.0);
    assert!([&out.b, &out.c, &out.d].iter().all(|holder| holder.scale.ptr_eq(&a)));
    counted(out);
    assert_eq!(value(&a), 20.0);
}

#[nnx::jit(name = "graph_flax_scan")]
fn squares(count: &Array, xs: &Array, model: &Scaled) -> (Array, Array) {
    scan(
        |count: Array, (x, model): (&Array, &Scaled)| {
            assert_eq!(model.scale.read().shape(), [3]);
            (count + 1, x.square())
        },
        count.clone(),
        over((xs, model)),
    )
}

#[test]
fn a_scan_over_a_node_is_traced_once() {
    let model = Scaled { scale: Shared::new(Param::new(nnx::array::ones([5, 3], DType::F32))) };
    let xs = nnx::array::arange(5, DType::I32);
    let mut count = Array::scalar(0_i32);
    for i in 1..=2 {
        let (next, ys) = squares(&count, &xs, &model);
        assert_eq!((next.item::<i32>(), ys.to_vec::<i32>()), (5 * i, vec![0, 1, 4, 9, 16]));
        count = next;
    }
    assert_eq!(traces("graph_flax_scan"), 1);
}
