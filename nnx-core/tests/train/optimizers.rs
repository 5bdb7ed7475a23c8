use super::{Model, leaves, panic_of};
use nnx_core::module::{BatchStat, Everything, LoRAParam, Nothing, Path, VarInfo, with_tag};
use nnx_core::nn::{Linear, LoRA, LoRALinear};
use nnx_core::optim::{
    self, GradientTransformation, Optimizer, Params, Schedule, losses, polynomial_schedule,
};
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, Param, Variable, grad, of_type, path_contains, value_and_grad, wrt};

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Single {
    w: Param,
}

fn single(w: f32) -> Single {
    Single { w: Param::new(Array::from_slice(&[w], [1])) }
}

#[test]
fn only_params_change_and_the_step_counts() {
    let mut model = Model::new(2);
    let before = leaves(&model);
    let grads = grad(
        |m: &Model| m.layers.iter().map(|l| l.kernel.sum(..)).reduce(|a, b| a + b).unwrap(),
        &model,
    );
    let mut opt = Optimizer::new(&model, optim::sgd(0.5));
    opt.update(&mut model, &grads);
    opt.update(&mut model, &grads);
    assert_eq!(opt.step.item::<u32>(), 2);
    assert_eq!(model.layers[1].kernel.to_vec::<f32>(), [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    // No gradient reached the bias; the statistics and the table are not parameters.
    let after = leaves(&model);
    assert_eq!(after[1], before[1]);
    assert_eq!(after[3..], before[3..]);
}

/// Adam's state of the other model would broadcast, and make parameters of another shape.
#[test]
fn a_model_of_other_shapes_is_refused() {
    let of_shape =
        |shape: &[usize]| Single { w: Param::new(nnx_core::array::ones(shape, DType::F32)) };
    for made_for in [&[2, 3][..], &[4, 1]] {
        let mut opt = Optimizer::new(&of_shape(made_for), optim::adam(0.1));
        let mut model = of_shape(&[1, 3]);
        let message = panic_of(|| opt.update(&mut model, &of_shape(&[1, 3])));
        let expected = format!("`w` is of shape [1, 3], and was of shape {made_for:?}");
        assert!(message.contains(&expected), "{message}");
    }
    // Of more or fewer axes, in a traced function too.
    for (made_for, now) in [(&[3][..], &[2, 3][..]), (&[2, 3], &[3]), (&[3, 3], &[3])] {
        let opt = Optimizer::new(&of_shape(made_for), optim::adam(0.1));
        let expected = format!("`w` is of shape {now:?}, and was of shape {made_for:?}");
        let (mut eager, mut model) = (opt.clone(), of_shape(now));
        let message = panic_of(|| eager.update(&mut model, &of_shape(now)));
        assert!(message.contains(&expected), "{message}");
        let traced = |w: &Array| {
            let (mut opt, mut model) = (opt.clone(), Single { w: Param::new(w.clone()) });
            opt.update(&mut model, &of_shape(now));
            model.w.value().clone()
        };
        let message = panic_of(|| drop(nnx_core::eval_shape(traced, of_shape(now).w.value())));
        assert!(message.contains(&expected), "{message}");
    }
    // A batch of models, and of the optimizers made for each.
    let mut batch = nnx_core::vmap(
        |w: &Array| {
            let model = Single { w: Param::new(w.clone()) };
            let opt = Optimizer::new(&model, optim::adam(0.5));
            (model, opt)
        },
        &nnx_core::array::ones([5, 2, 3], DType::F32),
        0,
    );
    let step = |(model, opt): &mut (Single, Optimizer<optim::Adam>)| {
        opt.update(model, &of_shape(&[2, 3]));
    };
    nnx_core::vmap(step, &mut batch, 0);
    assert_eq!(batch.0.w.shape(), [5, 2, 3]);
    let expected = batch.0.w.to_vec::<f32>();
    assert!(expected.iter().all(|w| (w - 0.5).abs() < 1e-5), "{expected:?}");
    // All at once the count of steps would be one for each model, and not for each row of one.
    let message = panic_of(|| batch.1.update(&mut batch.0, &of_shape(&[5, 2, 3])));
    assert!(message.contains("of shape [5, 2, 3], and was of shape [2, 3]"), "{message}");
}

#[test]
fn chains_work_from_left_to_right() {
    let run = |tx: (optim::Scale, optim::ClipByGlobalNorm)| {
        let mut model = single(0.0);
        Optimizer::new(&model, tx).update(&mut model, &single(2.0));
        model.w.to_vec::<f32>()[0]
    };
    assert_eq!(run((optim::scale(-1.0), optim::clip_by_global_norm(1.0))), -1.0);
    assert_eq!(run((optim::scale(0.25), optim::clip_by_global_norm(1.0))), 0.5);
}

#[test]
fn a_schedule_with_the_state_of_a_constant_rate_is_an_error() {
    let mut model = single(0.0);
    let schedule = polynomial_schedule(1.0, 0.1, 1.0, 10, 0);
    let mut opt = Optimizer::new(&model, optim::scale_by_learning_rate(schedule));
    opt.opt_state = Optimizer::new(&model, optim::scale_by_learning_rate(0.1)).opt_state;
    let message = panic_of(|| opt.update(&mut model, &single(1.0)));
    assert!(message.contains("schedule") && message.contains("constant"), "{message}");
}

#[test]
fn parameters_keep_their_dtype() {
    let half = |v: f32| Single { w: Param::new(Array::from_slice(&[v], [1]).astype(DType::BF16)) };
    let mut model = half(1.0);
    let mut opt = Optimizer::new(&model, optim::adamw(0.5));
    opt.update(&mut model, &half(1.0));
    assert_eq!(model.w.dtype(), DType::BF16);
    assert_eq!(opt.opt_state.0.mu.get("w").unwrap().dtype(), DType::BF16);
    let w = model.w.astype(DType::F32).to_vec::<f32>()[0];
    assert!((w - 0.5).abs() < 0.01, "{w}");
}

#[test]
fn a_users_transformation_chains_with_ours() {
    #[derive(Clone, nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct Sign;
    impl GradientTransformation for Sign {
        type State = ();
        fn init(&self, _: &Params) {}
        fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
            updates.map(|g| g.sign())
        }
    }
    let mut model = single(1.0);
    Optimizer::new(&model, (Sign, optim::sgd(0.25))).update(&mut model, &single(7.0));
    assert_eq!(model.w.to_vec::<f32>(), [0.75]);
}

#[test]
fn a_missing_gradient_is_named() {
    let mut model = Model::new(1);
    let mut opt = Optimizer::new(&model, optim::sgd(0.1));
    let twice = grad(|m: &Model| m.layers[0].kernel.sum(..), &model);
    // By path, not by position: the statistics come where the second layer would be.
    let mut two = Model::new(2);
    let mut opt_of_two = Optimizer::new(&two, optim::sgd(0.1));
    let message = panic_of(|| opt_of_two.update(&mut two, &Model::new(1)));
    assert!(message.contains("nothing at `layers[1].kernel`"), "{message}");

    let message = panic_of(|| opt.update(&mut Model::new(0), &Model::new(0)));
    assert!(message.contains("layers[0].bias"), "{message}");

    let mut wrong = twice.clone();
    wrong.layers[0].kernel.set(Array::scalar(1.0_f32));
    let message = panic_of(|| opt.update(&mut model, &wrong));
    assert!(message.contains("layers[0].kernel") && message.contains("f32[2, 3]"), "{message}");
}

#[test]
fn a_model_without_params_is_an_error() {
    let message = panic_of(|| Optimizer::new(&Array::scalar(1.0_f32), optim::sgd(0.1)));
    assert!(message.contains("holds no Param"), "{message}");
}

#[test]
fn schedules_compare_by_their_numbers() {
    let schedule = |power| polynomial_schedule(1.0, 0.1, power, 10, 0);
    assert_eq!(schedule(2.0), schedule(2.0));
    assert_ne!(schedule(2.0), schedule(3.0));
    let custom = Schedule::custom(|count| count.astype(DType::F32) * 0.5);
    assert_eq!(custom, custom.clone());
    assert_ne!(custom, Schedule::custom(|count| count.astype(DType::F32) * 0.5));
    assert_eq!(custom.value(Array::scalar(3)).item::<f32>(), 1.5);
}

#[test]
fn staircase_and_bounds_of_exponential_decay() {
    let at = |schedule: &Schedule, step: i32| schedule.value(Array::scalar(step)).item::<f32>();
    let stairs = optim::exponential_decay(1.0, 10, 0.5).staircase();
    assert_eq!([at(&stairs, 9), at(&stairs, 10), at(&stairs, 29)], [1.0, 0.5, 0.25]);
    let bounded = optim::exponential_decay(1.0, 1, 0.5).transition_begin(2).end_value(0.3);
    assert_eq!([0, 2, 3, 9].map(|step| at(&bounded, step)), [1.0, 1.0, 0.5, 0.3]);
}

#[test]
fn schedules_refuse_numbers_without_meaning() {
    for (message, f) in [
        ("decay_steps must be positive", &|| optim::cosine_decay_schedule(1.0, 0, 0.0) as _),
        ("decay_steps must be greater", &|| {
            optim::warmup_cosine_decay_schedule(0.0, 1.0, 10, 10, 0.0)
        }),
        ("must not be negative", &|| optim::piecewise_constant_schedule(1.0, [(1, -1.0)])),
        ("one boundary fewer", &|| optim::join_schedules([optim::constant_schedule(1.0)], [3])),
        ("only exponential_decay", &|| optim::constant_schedule(1.0).staircase()),
    ] as [(&str, &dyn Fn() -> Schedule); 5]
    {
        let got = panic_of(f);
        assert!(got.contains(message), "{got}");
    }
}

#[test]
fn labels_out_of_range_give_nan_and_negative_ones_count_from_the_end() {
    let logits = Array::from_slice(&[1.0_f32, 2.0, 3.0].repeat(4), [4, 3]);
    let labels = Array::from_slice(&[2_i32, -1, 3, -4], [4]);
    let loss = losses::softmax_cross_entropy_with_integer_labels(&logits, &labels).to_vec::<f32>();
    assert_eq!(loss[0], loss[1]);
    assert!(loss[0].is_finite() && loss[2].is_nan() && loss[3].is_nan(), "{loss:?}");
}

#[test]
fn one_hot_and_integer_labels_agree() {
    let logits = Array::from_slice(&[1.0_f32, -2.0, 3.0, 0.5, 0.25, -0.125], [2, 3]);
    let labels = Array::from_slice(&[2_i32, 0], [2]);
    let a = losses::softmax_cross_entropy_with_integer_labels(&logits, &labels).to_vec::<f32>();
    let one_hot = nnx_core::array::one_hot(&labels, 3, DType::F32);
    let b = losses::softmax_cross_entropy(&logits, &one_hot).to_vec::<f32>();
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn losses_name_shapes_that_do_not_fit() {
    let logits = Array::from_slice(&[0.0_f32; 6], [2, 3]);
    let labels = Array::from_slice(&[0_i32; 3], [3]);
    let message = panic_of(|| losses::softmax_cross_entropy_with_integer_labels(&logits, &labels));
    assert!(message.contains("f32[2, 3]") && message.contains("i32[3]"), "{message}");
    assert!(message.contains("optimizers.rs"), "the user's line: {message}");
    let message = panic_of(|| losses::squared_error(&logits, labels.astype(DType::F32)));
    assert!(message.contains("same shape"), "{message}");
}

/// Plain SGD by hand. A rate that is a power of two makes the products exact, however they are fused.
fn stepped(param: &Array, gradient: &Array, rate: f64) -> Vec<f32> {
    (param - gradient * rate).to_vec()
}

#[test]
fn the_low_rank_part_alone_is_trained() {
    let mut rngs = Rngs::new(0);
    let lora = LoRA::builder(3, 2, 4).b_initializer(nnx_core::nn::initializers::ones());
    let mut layer = LoRALinear::adapt(Linear::new(3, 4, &mut rngs), lora.build(&mut rngs));
    let trained = of_type::<LoRAParam>();
    let mut opt = Optimizer::wrt(&layer, optim::sgd(0.125), trained);
    let x = Array::from([[1.0_f32, -2.0, 0.5], [0.25, 3.0, -1.0]]);
    let loss = |layer: &mut LoRALinear| layer.forward(&x).square().mean(..);
    for step in 1..=3_u32 {
        let (_, grads) = value_and_grad(loss, wrt(trained, &mut layer));
        let lora = (&layer.lora, &grads.lora);
        let a = stepped(&lora.0.lora_a, &lora.1.lora_a, 0.125);
        let b = stepped(&lora.0.lora_b, &lora.1.lora_b, 0.125);
        let frozen = (layer.kernel.to_bytes(), layer.bias.as_ref().map(|bias| bias.to_bytes()));
        opt.update(&mut layer, &grads);
        assert_eq!((layer.lora.lora_a.to_vec::<f32>(), layer.lora.lora_b.to_vec::<f32>()), (a, b));
        let now = (layer.kernel.to_bytes(), layer.bias.as_ref().map(|bias| bias.to_bytes()));
        assert_eq!(format!("{now:?}"), format!("{frozen:?}"));
        assert_eq!(opt.step.item::<u32>(), step);
    }
    // A frozen Variable has no state, and the gradient of everything moves no more.
    let mut opt = Optimizer::wrt(&layer, optim::adam(0.1), trained);
    let moments: Vec<String> =
        opt.opt_state.0.mu.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(moments, ["lora.lora_a", "lora.lora_b"]);
    let (_, grads) = value_and_grad(loss, &mut layer);
    let kernel = layer.kernel.to_bytes().unwrap();
    opt.update(&mut layer, &grads);
    assert_eq!(layer.kernel.to_bytes().unwrap(), kernel);
}

/// Of any kind and by any rule: Variables that hold floats.
#[test]
fn an_optimizer_of_what_a_filter_takes() {
    let loss = |m: &Model| m.layers[0].kernel.sum(..) + m.mean.square().sum(..);
    let paths = |opt: &Optimizer<optim::Trace>| -> Vec<String> {
        opt.opt_state.trace.iter().map(|(path, _)| path.to_string()).collect()
    };
    let tx = || optim::trace(0.0);
    let mut model = Model::new(2);
    let all = Optimizer::wrt(&model, tx(), Everything);
    assert_eq!(paths(&all), ["layers[0].bias", "layers[0].kernel", "layers[1].kernel", "mean"]);
    let last = |path: &Path, _: &VarInfo<'_>| path.to_string().starts_with("layers[1]");
    assert_eq!(paths(&Optimizer::wrt(&model, tx(), last)), ["layers[1].kernel"]);

    let before = leaves(&model);
    let statistics = of_type::<BatchStat>();
    let mut opt = Optimizer::wrt(&model, optim::sgd(0.5), statistics);
    let grads = grad(loss, wrt(statistics, &model));
    let mean = stepped(&model.mean, &grads.mean, 0.5);
    opt.update(&mut model, &grads);
    assert_eq!(model.mean.to_vec::<f32>(), mean);
    model.mean = Model::new(2).mean;
    assert_eq!(leaves(&model), before);
}

#[test]
fn an_optimizer_of_nothing_is_an_error_with_what_there_is() {
    let model = Model::new(1);
    let what = "holds no Variable or array that the filter takes and that is of a float dtype";
    for message in [
        panic_of(|| Optimizer::wrt(&model, optim::sgd(0.1), Nothing)),
        panic_of(|| Optimizer::wrt(&model, optim::sgd(0.1), of_type::<LoRAParam>())),
        panic_of(|| Optimizer::wrt(&model, optim::sgd(0.1), path_contains("table"))),
        panic_of(|| Optimizer::wrt(&model, optim::sgd(0.1), with_tag("trained"))),
    ] {
        assert!(message.starts_with("Optimizer::wrt: ") && message.contains(what), "{message}");
        let there = "\n  layers[0].kernel: Param\n  layers[0].bias: Param\n  mean: BatchStat";
        assert!(message.contains(there), "{message}");
    }
    let gap = (Param::new(Array::absent("split off")), Param::new(Array::scalar(1.0_f32)));
    let message = panic_of(|| Optimizer::wrt(&gap, optim::sgd(0.1), of_type::<Param>()));
    assert!(message.contains("the Param at `[0]` has no value: split off"), "{message}");
}

#[test]
fn gradients_of_other_variables_are_named() {
    let mut model = Model::new(2);
    let sum = |m: &Model| m.layers[0].kernel.sum(..) + m.mean.sum(..);
    let mut opt = Optimizer::wrt(&model, optim::sgd(0.1), path_contains("kernel"));
    let before = leaves(&model);
    let grads = grad(sum, wrt(path_contains("bias"), &model));
    let message = panic_of(|| opt.update(&mut model, &grads));
    let expected = "no gradient for `layers[0].kernel`: there is no gradient here: this is Param, and it \
                    is not among those that `wrt` names";
    assert!(message.contains(expected), "{message}");
    // Params alone, where statistics are updated.
    let mut opt = Optimizer::wrt(&model, optim::sgd(0.1), of_type::<BatchStat>());
    let grads = grad(sum, &model);
    let message = panic_of(|| opt.update(&mut model, &grads));
    assert!(message.contains("no gradient for `mean`"), "{message}");
    assert_eq!(leaves(&model), before);
    assert_eq!(opt.step.item::<u32>(), 0);
}

#[test]
fn another_kind_at_the_path_is_an_error() {
    #[derive(Clone, nnx_derive::Module)]
    #[module(crate = nnx_core)]
    enum Either {
        Trained(Param),
        Counted(Variable<BatchStat>),
    }
    let value = || Array::scalar(1.0_f32);
    let mut opt =
        Optimizer::wrt(&Either::Trained(Param::new(value())), optim::sgd(0.1), Everything);
    let mut model = Either::Counted(Variable::new(value()));
    let grads = model.clone();
    let message = panic_of(|| opt.update(&mut model, &grads));
    assert!(message.contains("no Param of a float dtype at `[0]`"), "{message}");
}
