//! `capture`, `sow`, `perturb` and results of methods: every value arrives, or an error says what to do.

use super::jit_support::*;
use nnx::module::{Called, Intermediate, Perturbation, Shared};
use nnx::nn::{Dropout, GRUCell, LayerNorm, Linear, RNN, Sequential};
use nnx::random::{self, Rngs};
use nnx::{
    Array, Capture, DType, Everything, Module, Param, State, StateAxes, called, capture, cond,
    grad, in_axes, of_type, over, perturb, remat, scan, sow, value_and_grad, vmap, while_loop, wrt,
};

#[derive(Module, Clone)]
struct Dense {
    w: Param,
}

impl Dense {
    fn new(seed: u64) -> Dense {
        Dense { w: random::normal(&random::key(seed), [8, 8], DType::F32).into() }
    }

    fn forward(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let x = x.matmul(&*self.w);
        sow::<Intermediate, _>(self, "pre_act", &x);
        call.returns(perturb(self, "grad_pre_act", &x).sin())
    }
}

#[derive(Module, Clone)]
struct Chain {
    layers: Vec<Dense>,
}

impl Chain {
    fn new() -> Chain {
        Chain { layers: vec![Dense::new(1), Dense::new(2)] }
    }

    fn by_copies(&self, x: &Array) -> Array {
        let call: Called = called(self, "by_copies", &[x]);
        let copies = self.layers.clone();
        call.returns(copies.iter().fold(x.clone(), |x, dense| dense.forward(&x)))
    }

    fn forward(&self, x: &Array) -> Array {
        self.layers.iter().fold(x.clone(), |x, dense| dense.forward(&x))
    }
}

fn x() -> Array {
    random::normal(&random::key(0), [4, 8], DType::F32)
}

fn paths(state: &State) -> Vec<String> {
    state.paths().map(|path| path.to_string()).collect()
}

#[track_caller]
fn assert_same(a: &Array, b: &Array) {
    assert_eq!(a.shape(), b.shape());
    assert!((a - b).abs().max(..).item::<f32>() < 1e-5);
}

fn loss(y: &Array) -> Array {
    (y - 0.5).square().mean(..)
}

#[nnx::jit(graph = false)]
fn captured_in_jit(model: &mut Chain, x: &Array) -> (Array, State) {
    capture(|m| m.forward(x), model)
}

#[test]
fn what_is_sown_lies_below_the_paths_of_its_modules() {
    let (mut model, x) = (Chain::new(), x());
    // Without a capture nothing happens.
    let y = model.forward(&x);
    let (captured, values) = capture(|m| m.forward(&x), &mut model);
    assert_same(&captured, &y);
    let all = [
        "layers[0].grad_pre_act",
        "layers[0].pre_act[0]",
        "layers[1].grad_pre_act",
        "layers[1].pre_act[0]",
    ];
    assert_eq!(paths(&values), all);
    assert_same(&values["layers[1].pre_act[0]"].value.sin(), &y);
    assert_same(&values["layers[0].pre_act[0]"].value, &x.matmul(&*model.layers[0].w));
    assert_eq!(values.filter(of_type::<Perturbation>()).len(), 2);
    for _ in 0..2 {
        let (y_jit, in_jit) = captured_in_jit(&mut model, &x);
        assert_same(&y_jit, &y);
        assert_eq!(paths(&in_jit), all);
        assert_same(&in_jit["layers[1].pre_act[0]"].value.sin(), &y);
    }
    assert_eq!(stats("captured_in_jit").traces, 1);
}

#[test]
fn a_module_that_is_called_again_sows_another_value() {
    let twice = |m: &mut Dense| m.forward(&m.forward(&x()));
    let (_, values) = capture(twice, &mut Dense::new(1));
    assert_eq!(paths(&values), ["grad_pre_act", "pre_act[0]", "pre_act[1]"]);
    assert_same(
        &values["pre_act[1]"].value,
        &values["pre_act[0]"].value.sin().matmul(&*Dense::new(1).w),
    );
}

#[test]
fn vmap_and_scan_stack_what_is_sown() {
    let (mut model, x) = (Chain::new(), x());
    let (y, want) = capture(|m| m.forward(&x), &mut model);
    let rows = |m: &mut Chain| vmap(|(m, x): (&Chain, &Array)| m.forward(x), (&*m, &x), (None, 0));
    let (y_rows, values) = capture(rows, &mut model);
    assert_same(&y_rows, &y);
    assert_eq!(paths(&values), paths(&want));
    assert_same(&values["layers[0].pre_act[0]"].value, &want["layers[0].pre_act[0]"].value);
    // A part of the model is mapped over, behind `&mut`.
    let part = |m: &mut Chain| {
        let shared = StateAxes::new().with(Everything, None);
        vmap(
            |(m, x): (&mut Dense, &Array)| m.forward(x),
            (&mut m.layers[1], &x),
            in_axes((shared, 0)),
        )
    };
    let (_, values) = capture(part, &mut model);
    assert_eq!(paths(&values), ["layers[1].grad_pre_act", "layers[1].pre_act[0]"]);

    let steps = |m: &mut Dense| {
        scan(
            |h: Array, (m, x): (&Dense, &Array)| (m.forward(&(h + x)), ()),
            nnx::array::zeros([8], DType::F32),
            over((&*m, &x)).in_axes((None, 0)),
        )
        .0
    };
    let (last, values) = capture(steps, &mut model.layers[0]);
    let all = &values["pre_act[0]"].value;
    assert_eq!(all.shape(), [4, 8]);
    assert_same(&all.slice([3.into()]).reshape([8]).sin(), &last);
    // In a jitted function, with a capture around the loop.
    let (in_jit, values) = scan_in_jit(&model.layers[0], &x);
    assert_same(&in_jit, &last);
    assert_same(&values["pre_act[0]"].value, all);
}

#[nnx::jit(graph = false)]
fn scan_in_jit(model: &Dense, x: &Array) -> (Array, State) {
    let steps = |m: &mut Dense| {
        scan(
            |h: Array, (m, x): (&Dense, &Array)| (m.forward(&(h + x)), ()),
            nnx::array::zeros([8], DType::F32),
            over((&*m, x)).in_axes((None, 0)),
        )
        .0
    };
    capture(steps, &mut model.clone())
}

#[test]
fn derivatives_and_remat_hand_on_what_is_sown() {
    let (mut model, x) = (Chain::new(), x());
    let (_, want) = capture(|m| m.forward(&x), &mut model);
    let step = |m: &mut Chain| value_and_grad(|m: &mut Chain| loss(&m.forward(&x)), m);
    let ((_, gradient), values) = capture(step, &mut model);
    assert_same(&values["layers[1].pre_act[0]"].value, &want["layers[1].pre_act[0]"].value);
    assert_same(&gradient.layers[0].w, &grad(|m: &Chain| loss(&m.forward(&x)), &model).layers[0].w);
    let again = |m: &mut Chain| grad(|m: &Chain| loss(&remat(|m: &Chain| m.forward(&x), m)), &*m);
    let (_, values) = capture(again, &mut model);
    assert_same(&values["layers[1].pre_act[0]"].value, &want["layers[1].pre_act[0]"].value);
    // Of the outputs of a derivative, those that are sown have none.
    let (_, values) = capture(|m| nnx::vjp(|m: &Chain| m.forward(&x), &*m).0, &mut model);
    assert_same(&values["layers[0].pre_act[0]"].value, &want["layers[0].pre_act[0]"].value);
    let (_, values) =
        capture(|m| nnx::jvp(|m: &Chain| m.forward(&x), &*m, &Chain::new()), &mut model);
    assert_same(&values["layers[0].pre_act[0]"].value, &want["layers[0].pre_act[0]"].value);
}

#[nnx::jit(graph = false)]
fn perturbed_in_jit(model: &Chain, zeros: &State, x: &Array) -> State {
    let loss = |zeros: &State| {
        let capture = Capture::new().perturbations(zeros);
        capture.run(|m| loss(&m.forward(x)), &mut model.clone()).0
    };
    grad(loss, wrt(of_type::<Perturbation>(), zeros))
}

#[test]
fn the_gradient_of_a_perturbation_is_that_of_the_value() {
    let (mut model, x) = (Chain::new(), x());
    let (_, values) = capture(|m| m.forward(&x), &mut model);
    let zeros = values.filter(of_type::<Perturbation>());
    let loss_of = |zeros: &State| {
        let capture = Capture::new().perturbations(zeros);
        capture.run(|m| loss(&m.forward(&x)), &mut model.clone()).0
    };
    let grads = grad(loss_of, wrt(of_type::<Perturbation>(), &zeros));
    // By hand: that of the second value, and through its weights that of the first.
    let pre_act = |i: usize| values[format!("layers[{i}].pre_act[0]").as_str()].value.clone();
    let second = grad(|z: &Array| loss(&z.sin()), &pre_act(1));
    let first = second.matmul(model.layers[1].w.t()) * pre_act(0).cos();
    assert_same(&grads["layers[1].grad_pre_act"].value, &second);
    assert_same(&grads["layers[0].grad_pre_act"].value, &first);
    let in_jit = perturbed_in_jit(&model, &zeros, &x);
    assert_same(&in_jit["layers[0].grad_pre_act"].value, &first);
    // A capture with perturbations captures too, and does not give these again.
    let capture = Capture::new().perturbations(&zeros);
    let (_, values) = capture.run(|m| m.forward(&x), &mut model);
    assert_eq!(paths(&values), ["layers[0].pre_act[0]", "layers[1].pre_act[0]"]);
}

#[test]
fn results_of_methods() {
    #[derive(Module)]
    struct Outer {
        first: Linear,
        rest: Sequential<(LayerNorm, Linear)>,
        dense: Dense,
    }
    impl Outer {
        fn forward(&mut self, x: &Array) -> (Array, Array) {
            let call = called(self, "forward", &[x]);
            let h = self.rest.forward(self.first.forward(x));
            call.returns((self.dense.forward(&h), h))
        }
    }
    let mut rngs = Rngs::new(0);
    let mut model = Outer {
        first: Linear::new(8, 6, &mut rngs),
        rest: Sequential::new((LayerNorm::new(6, &mut rngs), Linear::new(6, 8, &mut rngs))),
        dense: Dense::new(1),
    };
    let x = x();
    let capture_ = Capture::new().method_outputs();
    let ((y, h), values) = capture_.clone().run(|m| m.forward(&x), &mut model);
    let values = values.filter(of_type::<Intermediate>());
    assert_eq!(
        paths(&values),
        [
            "dense.forward[0]",
            "dense.pre_act[0]",
            "first.forward[0]",
            "forward[0]",
            "forward[1]",
            "rest.forward[0]",
            "rest.layers[0].forward[0]",
            "rest.layers[1].forward[0]",
        ]
    );
    assert_same(&values["dense.forward[0]"].value, &y);
    assert_same(&values["rest.layers[1].forward[0]"].value, &h);
    // The cell of a loop, for each step.
    let mut rnn = RNN::new(GRUCell::new(8, 5, &mut rngs));
    let (y, values) = capture_.run(|m| m.forward(x.reshape([1, 4, 8])), &mut rnn);
    assert_eq!(values["cell.dense_i.forward[0]"].value.shape(), [4, 1, 15]);
    assert_same(&values["forward[1]"].value, &y);
}

#[test]
fn modules_in_shared_nodes_and_modules_without_a_path() {
    #[derive(Module)]
    struct Tied {
        dense: Shared<Dense>,
    }
    let mut model = Tied { dense: Shared::new(Dense::new(1)) };
    let (_, values) = capture(|m| m.dense.read().forward(&x()), &mut model);
    assert_eq!(paths(&values), ["dense.grad_pre_act", "dense.pre_act[0]"]);
    // A copy lies outside of the tree: it counts as the Module whose method is running.
    let (_, values) = capture(|m| m.by_copies(&x()), &mut Chain::new());
    assert_eq!(paths(&values), ["grad_pre_act", "pre_act[0]", "pre_act[1]"]);
}

#[nnx::jit(graph = false)]
fn sows(dense: &Dense, x: &Array) -> Array {
    dense.forward(x)
}

#[nnx::jit(graph = false)]
fn sows_nothing(dense: &Dense, x: &Array) -> Array {
    x.matmul(&*dense.w)
}

#[test]
fn values_that_cannot_leave_are_errors() {
    let (mut model, x) = (Dense::new(1), x());
    let text = panic_message(|| {
        let looped = |m: &mut Dense| {
            while_loop(|_: &Array| Array::scalar(false), |x: Array| m.forward(&x), x.clone())
        };
        drop(capture(looped, &mut model));
    });
    assert!(
        text.contains("while_loop: the function given to `while_loop` sows `pre_act`, at "),
        "{text}"
    );
    assert!(
        text.contains("capture.rs") && text.contains("sow it where `while_loop` is called"),
        "{text}"
    );
    let text = panic_message(|| {
        let branch = |m: &mut Dense| {
            let yes = |x: &Array| m.forward(x);
            cond(Array::scalar(true), yes, |x: &Array| x.clone(), &x)
        };
        drop(capture(branch, &mut model));
    });
    assert!(text.contains("a branch of `cond` sows `pre_act`"), "{text}");
    // The panics ended the captures.
    assert!(!sow::<Intermediate, _>(&model, "x", &x));

    // A program that was compiled outside of a capture does not pass for one that sows nothing.
    drop((sows(&model, &x), sows(&model, &x), sows_nothing(&model, &x)));
    for _ in 0..2 {
        let text = panic_message(|| drop(capture(|m| sows(m, &x), &mut model)));
        assert!(text.contains("sows: the body sows `pre_act`, at "), "{text}");
        assert!(text.contains("call `capture` in the jitted function"), "{text}");
    }
    for _ in 0..2 {
        let (_, values) = capture(|m| sows_nothing(m, &x), &mut model);
        assert!(values.is_empty());
    }
    assert_eq!(stats("sows_nothing").traces, 2);
    assert_same(&sows(&model, &x), &model.forward(&x));
}

#[test]
fn perturbations_that_do_not_fit_are_errors() {
    let (mut model, x) = (Chain::new(), x());
    let (_, values) = capture(|m| m.forward(&x), &mut model);
    let zeros = values.filter(of_type::<Perturbation>());
    let run = |model: &mut Chain, f: &dyn Fn(&mut Chain) -> Array| {
        drop(Capture::new().perturbations(&zeros).run(f, model))
    };
    let text = panic_message(|| run(&mut model, &|m| m.layers[0].forward(&x)));
    assert!(text.contains("asked `perturb` for layers[1].grad_pre_act"), "{text}");
    let rows = |m: &mut Chain| vmap(|(m, x): (&Chain, &Array)| m.forward(x), (&*m, &x), (None, 0));
    let text = panic_message(|| run(&mut model, &rows));
    assert!(text.contains("the perturbation `layers[0].grad_pre_act` is"), "{text}");
    assert!(text.contains("in the function of `vmap` or `scan`, return the value"), "{text}");
}

#[test]
fn a_capture_in_a_function_of_a_transform() {
    let (model, x) = (Chain::new(), x());
    let row = |(m, x): (&Chain, &Array)| capture(|m| m.forward(x), &mut m.clone());
    let (y, values) = vmap(row, (&model, &x), (None, 0));
    assert_eq!(values["layers[1].pre_act[0]"].value.shape(), [4, 8]);
    assert_same(&values["layers[1].pre_act[0]"].value.sin(), &y);
    let loss = |m: &Chain| {
        let (y, values) = capture(|m| m.forward(&x), &mut m.clone());
        (loss(&y), values)
    };
    let ((_, values), _) = value_and_grad(loss, &model);
    assert_same(&values["layers[1].pre_act[0]"].value.sin(), &y);
}

#[test]
fn a_state_is_a_part_of_a_module() {
    #[derive(Module)]
    struct Holder {
        values: State,
    }
    let mut model = Sequential::new((
        Linear::new(8, 2, &mut Rngs::new(0)),
        Dropout::new(0.0, &mut Rngs::new(1)),
    ));
    let mut holder = Holder { values: nnx::state(&model) };
    let own = nnx::state(&holder);
    assert!(paths(&own).contains(&"values.layers[0].kernel".to_owned()), "{own:?}");
    for leaf in holder.values.filter(of_type::<Param>()).paths() {
        if let Some(leaf) = holder.values.get_mut(leaf) {
            leaf.value = leaf.value.zeros_like();
        }
    }
    nnx::update(&mut model, holder.values).unwrap();
    assert_eq!(model.layers.0.kernel.sum(..).item::<f32>(), 0.0);
}
