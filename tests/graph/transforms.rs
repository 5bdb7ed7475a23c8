//! Transforms of functions of trees with shared nodes.

use super::{Block, Tied, message, param, shared, value};
use nnx::optim::{GradientTransformation, Optimizer, Params, sgd};
use nnx::{
    Array, DType, Module, Param, Shared, cond, fori_loop, grad, in_axes, of_type, over,
    path_contains, remat, scan, value_and_grad, vmap, while_loop, wrt,
};

fn product(model: &Tied) -> Array {
    &**model.embed.read() * 3.0 + model.head.read().square()
}

#[test]
fn a_tied_parameter_has_one_gradient_the_sum_over_its_uses() {
    let model = Tied::new(1.0);
    let gradient = grad(product, &model);
    assert!(gradient.embed.ptr_eq(&gradient.head));
    assert!(!gradient.embed.ptr_eq(&model.embed));
    assert_eq!(value(&gradient.head), 5.0);
    let gradient = grad(product, &Tied::untied(1.0, 1.0));
    assert_eq!((value(&gradient.embed), value(&gradient.head)), (3.0, 2.0));
}

#[test]
fn one_node_in_two_arguments() {
    let node = shared(2.0);
    let f = |(a, b): (&Shared<Param>, &Shared<Param>)| &**a.read() * &**b.read();
    let (a, b) = grad(f, (&node, &node));
    assert!(a.ptr_eq(&b));
    assert_eq!(value(&a), 4.0);
}

#[test]
fn differentiated_and_not_is_an_error_with_both_paths() {
    let node = shared(2.0);
    let f = |(a, b): (&Shared<Param>, &Shared<Param>)| &**a.read() * &**b.read();
    let first = |path: &nnx::module::Path, _: &nnx::module::VarInfo<'_>| path.to_string() == "[0]";
    let text = message(|| {
        grad(f, wrt(first, (&node, &node)));
    });
    assert!(text.contains("one node, different `wrt`:"), "{text}");
    assert!(text.contains("[0]: differentiated\n  [1]: not differentiated"), "{text}");
}

#[test]
fn updated_and_not_is_an_error_with_both_paths() {
    let model = Tied::new(2.0);
    let text = message(|| {
        Optimizer::wrt(&model, sgd(0.5), path_contains("head"));
    });
    assert!(text.contains("Optimizer::wrt: one node, different `wrt`:"), "{text}");
    assert!(text.contains("embed: not updated\n  head: updated"), "{text}");
    // Both places, and so the node once.
    let mut opt = Optimizer::wrt(&model, sgd(0.5), of_type::<Param>());
    let mut model = model;
    let gradient = grad(product, &model);
    opt.update(&mut model, &gradient);
    assert_eq!((value(&model.embed), value(&model.head)), (-1.5, -1.5));
}

#[test]
fn a_gradient_whose_nodes_are_untied_is_refused() {
    let mut model = Tied::new(2.0);
    let mut opt = Optimizer::new(&model, sgd(0.5));
    let text = message(|| opt.update(&mut model, &Tied::untied(1.0, 3.0)));
    assert!(text.contains("the gradient shares other nodes: `head` is `embed`"), "{text}");
    assert_eq!(value(&model.embed), 2.0);
    opt.update(&mut model, &Tied::new(1.0));
    assert_eq!(value(&model.embed), 1.5);
}

#[test]
fn updates_and_aux_come_out_of_grad() {
    let model = Tied::new(3.0);
    let ((loss, node), _) = value_and_grad(
        |model: &Tied| {
            let loss = product(model);
            let next = &**model.embed.read() + 1.0;
            model.head.write().set(next);
            (loss, model.head.clone())
        },
        &model,
    );
    assert_eq!(loss.item::<f32>(), 18.0);
    assert!(node.ptr_eq(&model.embed));
    assert_eq!(value(&model.embed), 4.0);
}

#[test]
fn an_optimizer_has_one_moment_and_one_step_for_a_node() {
    let mut model = Tied::new(1.0);
    let mut opt = Optimizer::new(&model, sgd(0.1).momentum(Some(0.9)));
    let gradient = grad(product, &model);
    opt.update(&mut model, &gradient);
    assert!((value(&model.head) - 0.5).abs() < 1e-6);
    assert!(model.embed.ptr_eq(&model.head));
    // A moment, and the step.
    assert_eq!(nnx::state(&opt).len(), 2);
    let mut untied = Tied::untied(1.0, 1.0);
    let gradient = grad(product, &untied);
    let text = message(|| opt.update(&mut untied, &gradient));
    assert!(
        text.contains("`head` is `embed` in the model that this optimizer was made for"),
        "{text}"
    );
}

/// A transformation whose rate lies in a node of the caller's.
#[derive(Module)]
struct SharedRate {
    rate: Shared<Param>,
}

impl GradientTransformation for SharedRate {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        let rate = -self.rate.read().value();
        updates.map(|u| u * &rate)
    }
}

#[nnx::jit(name = "graph_shared_rate")]
fn step_both(model: &Tied, other: &mut Param, opts: &mut [Optimizer<SharedRate>; 2]) {
    let gradient = grad(product, model);
    let mut model = Tied { embed: model.embed.clone(), head: model.head.clone() };
    opts[0].update(&mut model, &gradient);
    let gradient = Param::new(Array::scalar(1.0_f32));
    opts[1].update(other, &gradient);
    // A schedule of the body's own.
    let next = opts[0].tx.rate.read().value() * 0.5;
    opts[1].tx.rate.write().set(next);
}

#[test]
fn two_optimizers_share_a_rate_that_is_set_without_another_program() {
    let rate = shared(0.5);
    let (model, mut other) = (Tied::new(1.0), param(1.0));
    let mut opts = [
        Optimizer::new(&model, SharedRate { rate: rate.clone() }),
        Optimizer::new(&other, SharedRate { rate: rate.clone() }),
    ];
    step_both(&model, &mut other, &mut opts);
    // 1 - 0.5 (3 + 2 · 1), and 1 - 0.5.
    assert_eq!((value(&model.head), other.item::<f32>(), value(&rate)), (-1.5, 0.5, 0.25));
    rate.write().set(Array::scalar(1.0_f32));
    step_both(&model, &mut other, &mut opts);
    // -1.5 - (3 - 2 · 1.5), and 0.5 - 1.
    assert_eq!((value(&model.head), other.item::<f32>(), value(&rate)), (-1.5, -0.5, 0.5));
    let traces = nnx::jit::functions().into_iter().find(|f| f.name == "graph_shared_rate");
    assert_eq!(traces.map(|f| f.traces), Some(1));
}

/// The rate is a weight too: the update reads its own node, outside of jit as inside.
#[test]
fn an_optimizer_reads_a_node_of_the_model() {
    let mut model = Tied::untied(2.0, 0.5);
    let mut opt = Optimizer::new(&model, SharedRate { rate: model.head.clone() });
    let gradient = grad(product, &model);
    let slope = value(&gradient.embed);
    opt.update(&mut model, &gradient);
    assert_eq!(value(&model.embed), 2.0 - 0.5 * slope);
}

fn batch() -> Array {
    Array::from_slice(&[1.0_f32, 2.0, 3.0], [3])
}

#[test]
fn vmap_maps_a_node_once_and_writes_it_back() {
    let node = Shared::new(Param::new(batch()));
    let f = |(a, b): (&Shared<Param>, &Shared<Param>)| {
        let next = &**a.read() + 10.0;
        a.write().set(next);
        &**b.read() * 1.0
    };
    let y = vmap(f, (&node, &node), 0);
    assert_eq!(y.to_vec::<f32>(), [11.0, 12.0, 13.0]);
    assert_eq!(node.read().to_vec::<f32>(), [11.0, 12.0, 13.0]);
}

#[test]
fn one_node_with_two_axes_is_an_error_with_both_paths() {
    let node = Shared::new(Param::new(Array::from_slice(&[1.0_f32; 4], [2, 2])));
    let model = Tied { embed: node.clone(), head: node };
    let f = |(a, b): (&Tied, &Tied)| &**a.embed.read() + &**b.head.read();
    let text = message(|| {
        vmap(f, (&model, &model), (0, 1));
    });
    assert!(text.contains("one node, different axes:\n  [0].embed: 0\n"), "{text}");
    assert!(text.contains("[1].embed: 1") && text.contains("[1].head: 1"), "{text}");
    assert!(vmap(f, (&model, &model), (0, 0)).shape() == [2, 2]);
}

#[test]
fn a_node_in_the_result_must_keep_its_axis() {
    let node = Shared::new(Param::new(Array::from_slice(&[1.0_f32; 4], [2, 2])));
    let f = |node: &Shared<Param>| (node.clone(), node.read().sum(..));
    let (same, sums) = vmap(f, &node, 0);
    assert!(same.ptr_eq(&node));
    assert_eq!(sums.to_vec::<f32>(), [2.0, 2.0]);
    let text = message(|| {
        vmap(f, &node, in_axes(0).out_axes((1, 0)));
    });
    assert!(text.contains("one node, different axes"), "{text}");
}

#[test]
fn a_carried_node_is_the_callers() {
    let node = Shared::new(Block::new(1.0));
    let step = |c: Shared<Block>, x: &Array| {
        let next = c.read().kernel.value() + x;
        c.write().kernel.set(next.clone());
        (c, next)
    };
    let (carry, ys) = scan(step, node.clone(), &batch());
    assert!(carry.ptr_eq(&node));
    assert_eq!(node.read().kernel.item::<f32>(), 7.0);
    assert_eq!(ys.to_vec::<f32>(), [2.0, 4.0, 7.0]);
}

#[test]
fn a_carry_keeps_its_nodes() {
    let text = message(|| {
        scan(
            |c: Shared<Param>, _: &Array| (Shared::new(Param::new(&**c.read() + 1.0)), ()),
            shared(1.0),
            &batch(),
        );
    });
    assert!(text.contains("the carry must keep its structure"), "{text}");
    let text = message(|| {
        fori_loop(
            0,
            3,
            |_, mut c: Tied| {
                std::mem::swap(&mut c.embed, &mut c.head);
                c
            },
            Tied::untied(1.0, 2.0),
        );
    });
    assert!(text.contains("the carry must keep its structure"), "{text}");
}

#[test]
fn scan_carries_a_node_that_it_does_not_slice() {
    let counter = shared(0.0);
    let ((), ys) = scan(
        |(), (n, x): (&Shared<Param>, &Array)| {
            let next = &**n.read() + 1.0;
            n.write().set(next.clone());
            ((), next * x)
        },
        (),
        over((&counter, &batch())).in_axes((None, Some(0))),
    );
    assert_eq!(ys.to_vec::<f32>(), [1.0, 4.0, 9.0]);
    assert_eq!(value(&counter), 3.0);
}

#[test]
fn a_node_that_is_carried_and_sliced_is_an_error() {
    let node = Shared::new(Param::new(batch()));
    let text = message(|| {
        scan(|c: Shared<Param>, _: &Shared<Param>| (c, ()), node.clone(), &node);
    });
    assert!(text.contains("one node, different axes:\n  [0]: None\n  [1]: 0"), "{text}");
}

#[test]
fn loops_keep_one_node_one() {
    let model = Tied::new(1.0);
    let (embed, head) = (model.embed.clone(), model.head.clone());
    let end = while_loop(
        |m: &Tied| m.head.read().lt(100.0),
        |m: Tied| {
            let next = &**m.embed.read() * 2.0;
            m.embed.write().set(next);
            m
        },
        model,
    );
    assert!(end.embed.ptr_eq(&embed) && end.head.ptr_eq(&head));
    assert_eq!(value(&head), 128.0);
    // A is shared by B, C and D.
    let a = shared(0.0);
    let holders = [a.clone(), a.clone(), a.clone()];
    fori_loop(
        0,
        10,
        |_, c: [Shared<Param>; 3]| {
            let next = &**c[1].read() + 1.0;
            c[2].write().set(next);
            c
        },
        holders,
    );
    assert_eq!(value(&a), 10.0);
}

#[test]
fn branches_update_nodes_and_return_them() {
    let model = Tied::new(1.0);
    for (flag, expected) in [(true, 2.0), (false, 4.0)] {
        let node = cond(
            Array::scalar(flag),
            |m: &Tied| {
                let next = &**m.head.read() + 1.0;
                m.embed.write().set(next);
                m.head.clone()
            },
            |m: &Tied| {
                let next = &**m.head.read() * 2.0;
                m.embed.write().set(next);
                m.head.clone()
            },
            &model,
        );
        assert!(node.ptr_eq(&model.embed));
        assert_eq!(value(&node), expected);
    }
}

#[test]
fn branches_must_return_the_same_nodes() {
    let model = Tied::untied(1.0, 2.0);
    let text = message(|| {
        cond(Array::scalar(true), |m: &Tied| m.head.clone(), |m: &Tied| m.embed.clone(), &model);
    });
    assert!(text.contains("`embed`") && text.contains("`head`"), "{text}");
}

#[test]
fn remat_is_the_function_itself() {
    let model = Tied::new(2.0);
    let gradient = grad(
        |m: &Tied| {
            remat(
                |m: &Tied| {
                    let y = product(m);
                    let next = &**m.head.read() + 1.0;
                    m.head.write().set(next);
                    y
                },
                m,
            )
        },
        &model,
    );
    assert_eq!(value(&gradient.embed), 7.0);
    assert_eq!(value(&model.embed), 3.0);
}

#[test]
fn derivatives_of_other_kinds() {
    let model = Tied::new(1.0);
    let (y, pullback) = nnx::vjp(product, &model);
    assert_eq!(y.item::<f32>(), 4.0);
    assert_eq!(value(&pullback.call(&Array::scalar(2.0_f32)).head), 10.0);
    let (_, tangent) = nnx::jvp(product, &model, &Tied::new(1.0));
    assert_eq!(tangent.item::<f32>(), 5.0);
    let text = message(|| {
        nnx::jvp(product, &model, &Tied::untied(1.0, 1.0));
    });
    assert!(text.contains("tangents"), "{text}");
    let text = message(|| {
        nnx::vjp(|m: &Tied| m.head.clone(), &model);
    });
    assert!(text.contains("the result holds the node `embed` of the argument"), "{text}");
}

#[test]
fn custom_derivatives_of_tied_modules() {
    let f = nnx::custom_vjp(
        product,
        |m: &Tied| (product(m), ()),
        |(), ct: &Array| Tied::from_value(ct * 10.0),
    );
    let gradient = grad(|m: &Tied| f(m), &Tied::new(1.0));
    assert_eq!(value(&gradient.head), 10.0);
    let text = message(|| {
        let g = nnx::custom_vjp(
            |m: &Tied| {
                m.head.write().set(Array::scalar(1.0_f32));
                product(m)
            },
            |m: &Tied| (product(m), ()),
            |(), ct: &Array| Tied::from_value(ct * 10.0),
        );
        g(&Tied::new(1.0));
    });
    assert!(text.contains("the function sets `embed`"), "{text}");
}

/// Functions that may only read are refused every change that a handle allows.
#[test]
fn changes_by_functions_that_only_read_are_refused() {
    type Change = fn(&Tied);
    let set: Change = |m| {
        let twice = m.head.read().value() * 2.0;
        m.head.write().set(twice);
    };
    let note: Change = |m| {
        m.head.write().metadata_mut().set("seen", nnx::module::MetaValue::Bool(true));
    };
    let empty: Change = |m| {
        let _ = nnx::pop(&mut *m.head.write(), nnx::module::Everything);
    };
    let changes =
        [(set, "sets"), (note, "changes the metadata of"), (empty, "takes the value out of")];
    for (change, does) in changes {
        let text = message(|| {
            let condition = |m: &Tied| {
                let holds = m.head.read().value().lt(3.0);
                change(m);
                holds
            };
            nnx::while_loop(condition, |m: Tied| m, Tied::new(1.0));
        });
        assert!(text.contains(&format!("the condition {does} `embed`")), "{text}");
        let f = move |m: &Tied| {
            let y = product(m);
            change(m);
            y
        };
        let backward = |(), ct: &Array| Tied::from_value(ct * 10.0);
        let made = nnx::custom_vjp(f, |m: &Tied| (product(m), ()), backward);
        let text = message(|| drop(made(&Tied::new(1.0))));
        assert!(text.contains(&format!("the function {does} `embed`")), "{text}");

        let made = nnx::custom_vjp(product, move |m: &Tied| (f(m), ()), backward);
        let text = message(|| drop(grad(|m: &Tied| made(m), &Tied::new(1.0))));
        assert!(text.contains("`forward` changes ") && text.contains("`embed`"), "{text}");
        let made = nnx::custom_jvp(product, move |m: &Tied, t: &Tied| (f(m), product(t)));
        let text = message(|| drop(grad(|m: &Tied| made(m), &Tied::new(1.0))));
        assert!(text.contains("`jvp` changes ") && text.contains("`embed`"), "{text}");
    }
}

/// A Variable in a node that a loop carries has a value before a step if it has one after it.
#[test]
fn a_carried_node_keeps_what_has_a_value() {
    #[derive(nnx::Module)]
    struct Parts {
        seen: Param,
        kernel: Param,
        count: Param,
    }
    let node = || {
        let count = Param::new(Array::scalar(7_i32));
        let mut parts = Parts { seen: param(0.0), kernel: param(2.0), count };
        let _ = nnx::pop(&mut parts.seen, nnx::module::Everything);
        Shared::new(parts)
    };
    fn step(node: &Shared<Parts>) {
        let mut parts = node.write();
        let next = parts.kernel.value() * 2.0;
        parts.seen.set(next.clone());
        parts.kernel.set(next);
    }
    let xs = Array::from([1.0_f32, 2.0]);
    type Run = fn(Shared<Parts>, &Array);
    let scanned: Run = |node, xs| {
        let body = |c: Shared<Parts>, x: &Array| {
            step(&c);
            (c, x.clone())
        };
        nnx::scan(body, node, xs);
    };
    let counted: Run = |node, _| {
        let body = |_: Array, c: Shared<Parts>| {
            step(&c);
            c
        };
        nnx::fori_loop(0, 3, body, node);
    };
    let repeated: Run = |node, _| {
        let body = |c: Shared<Parts>| {
            step(&c);
            c
        };
        nnx::while_loop(|c: &Shared<Parts>| c.read().kernel.value().lt(9.0), body, node);
    };
    for run in [scanned, counted, repeated] {
        let text = message(|| run(node(), &xs));
        assert!(text.contains("seen` has no value before a step and one after it"), "{text}");
        let text = message(|| nnx::eval_shape(|xs: &Array| run(node(), xs), &xs));
        assert!(text.contains("seen` has no value before a step and one after it"), "{text}");
    }
    // With a value at the start each one is carried.
    let full = node();
    full.write().seen.set(Array::scalar(0_f32));
    scanned(full.clone(), &xs);
    let parts = full.read();
    let values = [&parts.seen, &parts.kernel].map(|p| p.item::<f32>());
    assert_eq!((values, parts.count.item::<i32>()), ([8.0, 8.0], 7));
}

impl Tied {
    fn from_value(value: Array) -> Self {
        let embed = Shared::new(Param::new(value));
        Tied { head: embed.clone(), embed }
    }
}

#[test]
fn shapes_and_programs_change_nothing() {
    let model = Tied::new(1.0);
    let f = |m: &Tied| {
        let next = &**m.head.read() + 1.0;
        m.head.write().set(next.clone());
        next
    };
    assert_eq!(nnx::eval_shape(f, &model).dtype(), DType::F32);
    assert_eq!(nnx::make_graph(f, &model).input_avals().len(), 1);
    assert_eq!(value(&model.head), 1.0);
    let by_kind = grad(|m: &Tied| product(m), wrt(of_type::<Param>(), &model));
    assert_eq!(value(&by_kind.embed), 5.0);
    let plain = grad(|p: &Param| p.square(), &param(3.0));
    assert_eq!(plain.item::<f32>(), 6.0);
}

#[test]
fn a_shared_stream_is_split_and_restored_once() {
    use nnx::module::Everything;
    use nnx::random::{Rngs, fork_rngs, normal, split_rngs};
    let rngs = Shared::new(Rngs::new(0));
    let mut both = (rngs.clone(), rngs.clone());
    let draw = |(a, b): (&Shared<Rngs>, &Shared<Rngs>)| {
        let first = normal(&a.write().params(), [2], DType::F32);
        (first, normal(&b.write().params(), [2], DType::F32))
    };
    let before = split_rngs(&mut both, Everything, 3);
    let (x, y) = vmap(draw, (&both.0, &both.1), 0);
    assert_eq!(x.shape(), [3, 2]);
    assert_ne!(x.to_vec::<f32>(), y.to_vec::<f32>());
    before.restore(&mut both);
    let before = fork_rngs(&mut both, Everything);
    let text = message(|| before.restore(&mut shared(1.0)));
    assert!(text.contains("there is no random stream at `[0]"), "{text}");
}

/// Structure is handed back by jit alone.
#[test]
fn a_structure_that_a_transform_changes_is_an_error_with_its_path() {
    let mut block = Block::new(1.0);
    let text = message(|| {
        value_and_grad(
            |b: &mut Block| {
                b.sub = Some(Shared::new(Block::new(2.0)));
                b.kernel.square()
            },
            &mut block,
        );
    });
    assert!(text.contains("`sub` is now Some, before None"), "{text}");
    assert!(block.sub.is_none());
}

#[test]
fn a_node_in_a_node_is_sliced_with_it() {
    let inner = Shared::new(Param::new(batch()));
    let node = Shared::new(inner.clone());
    let step = |(), n: &Shared<Shared<Param>>| {
        let y = n.read().read().value() * 2.0;
        n.read().write().set(y.clone());
        ((), y)
    };
    assert_eq!(scan(step, (), &node).1.to_vec::<f32>(), [2.0, 4.0, 6.0]);
    assert_eq!(inner.read().to_vec::<f32>(), [2.0, 4.0, 6.0]);
}
