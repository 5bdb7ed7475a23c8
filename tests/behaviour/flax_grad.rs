//! Counterparts of Flax's tests of `grad`, `value_and_grad`, `eval_shape`, `make_jaxpr` and whole training
//! steps in tree mode. The table in `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::module::{BatchStat, View, view};
use nnx::nn::{BatchNorm, Dropout, Linear, relu};
use nnx::optim::{Adam, AdamW, Optimizer, adam, adamw};
use nnx::random::{self, Rngs};
use nnx::{Array, DType, Module, Param, Variable, grad, value_and_grad};

fn ones(shape: [usize; 2]) -> Array {
    nnx::array::ones(shape, DType::F32)
}

fn normal(seed: u64, shape: [usize; 2]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

fn mean_square(y: &Array, target: &Array) -> Array {
    (y - target).square().mean(..)
}

fn shapes(linear: &Linear) -> [&[usize]; 2] {
    [linear.kernel.shape(), linear.bias.as_ref().unwrap().shape()]
}

#[test]
fn the_gradient_of_a_layer_is_a_layer() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let means = |m: &Linear| m.kernel.mean(..) + m.bias.as_ref().unwrap().mean(..);
    let gradient: Linear = grad(means, &model);
    assert_eq!(shapes(&gradient), [&[2, 3][..], &[3]]);
    let sixth = 1.0_f32 / 6.0;
    assert!(gradient.kernel.to_vec::<f32>().iter().all(|g| (g - sixth).abs() < 1e-6));
}

#[test]
fn data_comes_into_the_differentiated_function_by_capture() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let (x, y) = (normal(1, [1, 2]), ones([1, 3]));
    let gradient = grad(|m: &Linear| mean_square(&m.forward(&x), &y), &model);
    assert_eq!(shapes(&gradient), [&[2, 3][..], &[3]]);
    // d/db mean((x·k + b − y)²) = 2/3 (x·k + b − y)
    let expected = ((model.forward(&x) - &y) * (2.0 / 3.0)).to_vec::<f32>();
    let bias = gradient.bias.unwrap().to_vec::<f32>();
    assert!(bias.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{bias:?}");
}

#[test]
fn the_gradient_of_two_models_is_a_pair() {
    let mut rngs = Rngs::new(0);
    let models = (Linear::new(2, 3, &mut rngs), Linear::new(3, 3, &mut rngs));
    let (x, y) = (normal(1, [1, 2]), ones([1, 3]));
    let loss = |(m1, m2): &(Linear, Linear)| mean_square(&m2.forward(m1.forward(&x)), &y);
    let (g1, g2) = grad(loss, &models);
    assert_eq!(shapes(&g1), [&[2, 3][..], &[3]]);
    assert_eq!(shapes(&g2), [&[3, 3][..], &[3]]);
}

#[derive(Module)]
struct Mixed {
    a: (Param, Variable<BatchStat>),
    b: Param,
    c: usize,
}

#[test]
fn variables_that_are_no_params_have_no_gradient() {
    let model = Mixed {
        a: (Param::new(scalar(10.0)), Variable::new(scalar(20.0))),
        b: Param::new(scalar(10.0)),
        c: 7,
    };
    let gradient = grad(|m: &Mixed| &m.a.0 + &*m.a.1 + &*m.b, &model);
    assert_eq!((gradient.a.0.item::<f32>(), gradient.b.item::<f32>(), gradient.c), (1.0, 1.0, 7));
    assert_says(&gradient.a.1.try_item::<f32>().unwrap_err().to_string(), &["BatchStat", "Param"]);
}

#[test]
fn static_aux_comes_back_and_a_variable_set_in_the_loss_is_set() {
    let mut model = Linear::new(2, 3, &mut Rngs::new(0));
    let ((loss, aux), gradient) = value_and_grad(
        |m: &mut Linear| {
            let loss = m.kernel.mean(..);
            m.kernel.set(m.kernel.ones_like());
            (loss, 1_usize)
        },
        &mut model,
    );
    assert_eq!((loss.rank(), aux), (0, 1));
    assert_eq!(shapes(&gradient), [&[2, 3][..], &[3]]);
    assert_eq!(model.kernel.to_vec::<f32>(), [1.0; 6]);
}

#[test]
fn a_new_module_is_aux_and_a_variable_may_change_its_shape() {
    let mut rngs = Rngs::new(0);
    let mut models = (Linear::new(2, 3, &mut rngs), Linear::new(2, 3, &mut rngs));
    let second = models.1.kernel.to_vec::<f32>();
    let ((loss, made), gradient) = value_and_grad(
        |(m1, m2): &mut (Linear, Linear)| {
            let loss = (&m1.kernel * &*m2.kernel).mean(..);
            m1.kernel.set(scalar(-1.0));
            (loss, Linear::new(2, 3, &mut Rngs::new(2)))
        },
        &mut models,
    );
    assert_eq!(models.0.kernel.item::<f32>(), -1.0);
    assert_eq!((loss.rank(), shapes(&made)), (0, [&[2, 3][..], &[3]]));
    let of_first = gradient.0.kernel.to_vec::<f32>();
    assert!(of_first.iter().zip(second).all(|(g, w)| (g - w / 6.0).abs() < 1e-6), "{of_first:?}");
}

#[test]
fn what_a_differentiated_closure_captured_has_no_gradient_and_no_updates() {
    struct Owner {
        w: Param,
        last: Param,
    }
    let mut owner = Owner { w: Param::new(scalar(3.0)), last: Param::new(scalar(0.0)) };
    let gradient = grad(|s: &Array| (&owner.w * s).square(), &scalar(2.0));
    assert_eq!(gradient.item::<f32>(), 36.0, "2·w²·s, and nothing for w");
    let set = |s: &Array| {
        owner.last.set(s.clone()); // inside grad
        s.square()
    };
    let message = panic_message(|| drop(grad(set, &scalar(2.0))));
    let place = file!().to_owned() + ":";
    assert_says(&message, &["`grad` set a Param to f32[]", "which it captured", &place]);
    assert_eq!(owner.w.item::<f32>(), 3.0);
}

#[test]
fn a_model_can_be_made_of_shapes_alone() {
    let model = nnx::eval_shape(|(): &()| Linear::new(1, 2, &mut Rngs::new(0)), &());
    assert_eq!(shapes(&model), [&[1, 2][..], &[2]]);
    assert!(model.kernel.try_to_vec::<f32>().is_err(), "there are no elements");
}

#[test]
fn the_shape_of_a_layers_output() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let y = nnx::eval_shape(|m: &Linear| m.forward(ones([4, 2])), &model);
    assert_eq!(y.aval().to_string(), "f32[4, 3]");
    assert!(y.try_to_vec::<f32>().is_err());
}

#[test]
fn shapes_and_printed_programs_update_nothing() {
    let mut count: Variable<BatchStat> = Variable::new(Array::scalar(0_i32));
    let tick = |count: &mut Variable<BatchStat>| {
        let next = &*count + 1;
        count.set(next);
        nnx::array::ones([3, 4], DType::F32) * &**count
    };
    assert_eq!(nnx::eval_shape(tick, &mut count).shape(), [3, 4]);
    let graph = nnx::make_graph(tick, &mut count).to_string();
    assert_says(&graph, &["i32[] = add", "f32[3, 4]"]);
    assert_eq!(count.item::<i32>(), 0);
}

#[nnx::jit(graph = false)]
fn adamw_step(model: &mut Linear, opt: &mut Optimizer<AdamW>, x: &Array, y: &Array) -> Array {
    let (loss, grads) = value_and_grad(|m: &mut Linear| mean_square(&m.forward(x), y), &mut *model);
    opt.update(model, &grads);
    loss
}

#[test]
fn a_training_step_over_model_and_optimizer_lowers_the_loss() {
    let mut model = Linear::new(2, 3, &mut Rngs::new(0));
    let mut opt = Optimizer::new(&model, adamw(1e-3));
    let (x, y) = (normal(0, [4, 2]), normal(1, [4, 3]));
    let mut step = || adamw_step(&mut model, &mut opt, &x, &y).item::<f32>();
    let (first, second) = (step(), step());
    assert!(second < first, "{second} after {first}");
    assert_eq!((opt.step.item::<u32>(), traces("adamw_step")), (2, 1));
}

#[derive(Module)]
struct Block {
    linear: Linear,
    bn: BatchNorm,
}

#[derive(Module)]
struct Model {
    blocks: [Block; 2],
}

impl Model {
    fn forward(&mut self, x: &Array) -> Array {
        self.blocks.iter_mut().fold(x.clone(), |x, block| {
            let y = block.linear.forward(&x);
            relu(&block.bn.forward(&y))
        })
    }
}

/// Takes the model and gives the next one.
#[nnx::jit(graph = false)]
fn next_model(mut model: Model, x: &Array, y: &Array) -> Model {
    let grads = grad(|m: &mut Model| mean_square(&m.forward(x), y), &mut model);
    for (block, grads) in model.blocks.iter_mut().zip(&grads.blocks) {
        let next = &block.linear.kernel - 0.1 * &grads.linear.kernel;
        block.linear.kernel.set(next);
    }
    model
}

#[test]
fn a_step_may_consume_the_model_and_return_the_next() {
    let mut rngs = Rngs::new(0);
    let mut block =
        || Block { linear: Linear::new(2, 2, &mut rngs), bn: BatchNorm::new(2, &mut rngs) };
    let mut model = Model { blocks: [block(), block()] };
    let (x, y) = (normal(0, [4, 2]), normal(1, [4, 2]));
    let mut seen = vec![model.blocks[0].linear.kernel.to_vec::<f32>()];
    for _ in 0..3 {
        model = next_model(model, &x, &y);
        seen.push(model.blocks[0].linear.kernel.to_vec::<f32>());
    }
    assert!(seen.windows(2).all(|w| w[0] != w[1]), "{seen:?}");
    assert!(model.blocks[1].bn.mean.to_vec::<f32>().iter().all(|mean| *mean != 0.0));
    assert_eq!(traces("next_model"), 1);
}

nnx::variable_kind! {
    /// A kind of Variable that the user brings.
    struct Calls;
}

#[derive(Module)]
struct Counting {
    w: Param,
    b: Param,
    count: Variable<Calls>,
}

impl Counting {
    fn forward(&mut self, x: &Array) -> Array {
        let next = &self.count + 1;
        self.count.set(next);
        x.matmul(&*self.w) + &*self.b
    }
}

#[nnx::jit(graph = false)]
fn sgd_step(model: &mut Counting, x: &Array, y: &Array) {
    let grads = grad(|m: &mut Counting| mean_square(&m.forward(x), y), &mut *model);
    let (w, b) = (&model.w - 0.1 * &grads.w, &model.b - 0.1 * &grads.b);
    model.w.set(w);
    model.b.set(b);
}

#[test]
fn a_variable_of_the_users_own_kind_is_updated_through_grad_and_jit() {
    let b = Param::new(nnx::array::zeros([2], DType::F32));
    let w = Param::new(normal(0, [12, 2]));
    let mut model = Counting { w, b, count: Variable::new(Array::scalar(0_i32)) };
    let x = ones([8, 12]);
    let y = ones([8, 2]);
    let loss = |model: &mut Counting| mean_square(&model.forward(&x), &y).item::<f32>();
    let before = loss(&mut model);
    assert_eq!(model.count.item::<i32>(), 1);
    sgd_step(&mut model, &x, &y);
    assert_eq!(model.count.item::<i32>(), 2);
    assert!(loss(&mut model) != before);
}

#[derive(Module)]
struct Dropping {
    linear: Linear,
    bn: BatchNorm,
    dropout: Dropout,
    out: Linear,
}

impl Dropping {
    fn forward(&mut self, x: &Array) -> Array {
        let y = self.bn.forward(self.linear.forward(x));
        self.out.forward(relu(&self.dropout.forward(&y)))
    }
}

#[nnx::jit(graph = false)]
fn train_step(model: &mut Dropping, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) -> Array {
    let (loss, grads) =
        value_and_grad(|m: &mut Dropping| mean_square(&m.forward(x), y), &mut *model);
    opt.update(model, &grads);
    loss
}

#[nnx::jit(graph = false)]
fn eval_step(model: &mut Dropping, x: &Array, y: &Array) -> Array {
    let prediction = model.forward(x);
    mean_square(&prediction, y)
}

#[test]
fn a_view_for_evaluation_leaves_statistics_and_streams_of_the_model_alone() {
    let mut rngs = Rngs::new(0);
    let mut model = Dropping {
        linear: Linear::new(2, 64, &mut rngs),
        bn: BatchNorm::new(64, &mut rngs),
        dropout: Dropout::new(0.2, &mut rngs),
        out: Linear::new(64, 3, &mut rngs),
    };
    let mut opt = Optimizer::new(&model, adam(1e-3));
    let (x, y) = (normal(0, [8, 2]), normal(1, [8, 3]));
    train_step(&mut model, &mut opt, &x, &y);
    assert_eq!(model.dropout.rngs.as_ref().unwrap().count.item::<u32>(), 1);
    let (mean, count) =
        (model.bn.mean.to_vec::<f32>(), model.dropout.rngs.as_ref().unwrap().count.item::<u32>());
    let mut evaluated = view(&model, View::eval());
    assert!(*evaluated.dropout.deterministic && *evaluated.bn.use_running_average);
    assert!(!*model.dropout.deterministic && !*model.bn.use_running_average);
    let loss = eval_step(&mut evaluated, &x, &y).item::<f32>();
    assert_eq!(eval_step(&mut evaluated, &x, &y).item::<f32>(), loss, "nothing is random");
    assert_eq!(model.bn.mean.to_vec::<f32>(), mean);
    assert_eq!(model.dropout.rngs.as_ref().unwrap().count.item::<u32>(), count);
}
