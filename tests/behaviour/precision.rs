//! Mixed precision for a whole model, and scaled losses.

use super::jit_support::panic_message;
use nnx::module::path_contains;
use nnx::nn::{BatchNorm, Dropout, Linear};
use nnx::optim::{LossScale, Optimizer, Sgd, apply_if_finite, sgd};
use nnx::train::Policy;
use nnx::{Array, DType, Module, Param, Rngs, Shared, array, value_and_grad};

#[derive(Module)]
struct Net {
    linear: Linear,
    norm: BatchNorm,
    dropout: Dropout,
    tied: [Shared<Param>; 2],
    calls: usize,
}

fn net() -> Net {
    let mut rngs = Rngs::new(0);
    let gain = Shared::new(Param::new(Array::scalar(1.5_f32)));
    Net {
        linear: Linear::new(4, 3, &mut rngs),
        norm: BatchNorm::builder(3).momentum(0.5).build(&mut rngs),
        dropout: Dropout::new(0.5, &mut rngs),
        tied: [gain.clone(), gain],
        calls: 0,
    }
}

impl Net {
    fn forward(&mut self, x: &Array) -> Array {
        let y = self.dropout.forward(self.norm.forward(self.linear.forward(x)));
        y * &**self.tied[0].read()
    }
}

fn loss(policy: &Policy, model: &mut Net, x: &Array) -> Array {
    let y = policy.apply(model, |model| {
        assert_eq!(model.linear.kernel.dtype(), DType::BF16);
        assert!(model.tied[0].ptr_eq(&model.tied[1]));
        model.forward(&policy.cast_to_compute(x))
    });
    policy.cast_to_output(&y).square().mean(..)
}

#[nnx::jit]
fn step(model: &mut Net, x: &Array) -> (Array, Net) {
    let policy = Policy::new(DType::BF16);
    value_and_grad(|model: &mut Net| loss(&policy, model, x), model)
}

#[test]
fn a_model_computes_in_bf16_and_is_trained_in_f32() {
    let x = array::arange(32, DType::F32).reshape([8, 4]) / 16.0;
    let (mut model, mut eager) = (net(), net());
    for _ in 0..2 {
        let before = model.norm.mean.to_vec::<f32>();
        let (loss_of_step, grads) = step(&mut model, &x);
        // State that the copy got is in the model, in the model's dtypes.
        assert_eq!(model.linear.kernel.dtype(), DType::F32);
        assert_eq!((model.norm.mean.dtype(), model.norm.var.dtype()), (DType::F32, DType::F32));
        assert_ne!(model.norm.mean.to_vec::<f32>(), before);
        assert_eq!((grads.linear.kernel.dtype(), loss_of_step.dtype()), (DType::F32, DType::F32));
        assert!(grads.tied[0].read().item::<f32>() != 0.0);
        // The kernel has 7 bits in the copy: what is set there is nothing but the state.
        let expected = loss(&Policy::new(DType::BF16), &mut eager, &x);
        let close = loss_of_step
            .isclose(&expected, nnx::array::Tolerance { rtol: 0.05, ..Default::default() });
        assert!(close.item::<bool>(), "{loss_of_step} is not {expected}");
    }
    assert_eq!(model.linear.kernel.to_vec::<f32>(), net().linear.kernel.to_vec::<f32>());
    // The same streams were drawn from.
    let counts = |net: &Net| -> Vec<String> {
        let state = nnx::state(net);
        let of_streams = state.iter().filter(|(_, leaf)| !leaf.value.dtype().is_float());
        of_streams.map(|(_, leaf)| leaf.value.to_string()).collect()
    };
    assert!(!counts(&model).is_empty());
    assert_eq!(counts(&model), counts(&eager));
}

#[test]
fn parts_may_stay_as_they_are() {
    let policy = Policy::new(DType::F16).keep(path_contains("norm")).param_dtype(DType::F64);
    let half = policy.cast_to_compute(&net());
    let scale = half.norm.scale.as_ref().unwrap();
    assert_eq!((half.linear.kernel.dtype(), scale.dtype()), (DType::F16, DType::F32));
    assert_eq!(policy.cast_to_param(&net()).linear.kernel.dtype(), DType::F64);
    let batch = (array::ones([2], DType::F32), array::ones([2], DType::I32));
    let batch = Policy::new(DType::BF16).cast_to_compute(&batch);
    assert_eq!((batch.0.dtype(), batch.1.dtype()), (DType::BF16, DType::I32));
    // Statistics are not parameters.
    assert_eq!(Policy::new(DType::BF16).cast_to_compute(&net()).norm.var.dtype(), DType::F32);
}

#[nnx::jit]
fn track(norm: &mut BatchNorm, x: &Array) {
    let policy = Policy::new(DType::BF16);
    policy.apply(norm, |norm| norm.forward(policy.cast_to_compute(x)));
}

/// Small steps of running statistics are not lost.
#[test]
fn statistics_reach_their_values() {
    let mut norm = BatchNorm::new(1, &mut Rngs::new(0));
    let x = Array::from([[-1.5_f32], [0.0], [1.5], [2.0]]);
    for _ in 0..700 {
        track(&mut norm, &x);
    }
    let mean = x.mean(..);
    let var = (&x - &mean).square().mean(..);
    for (got, expected) in [(&norm.mean, mean), (&norm.var, var)] {
        let error = (got.value() - &expected).abs().max(..).item::<f32>();
        assert!(error < 0.01, "{got:?} is not {expected}");
    }
}

#[test]
fn a_change_that_would_be_lost_is_an_error() {
    let policy = Policy::new(DType::BF16);
    let mut model = net();
    let text = panic_message(|| policy.apply(&mut model, |model| model.calls += 1));
    assert!(text.contains("`calls` is now 1, before 0"), "{text}");
    assert!(text.contains("precision.rs"), "{text}");
    assert_eq!(model.calls, 0);
    let node = Shared::new(vec![Param::new(Array::scalar(1.0_f32))]);
    let (other, mut nodes) = (node.clone(), (node, Param::new(Array::scalar(2.0_f32))));
    let text = panic_message(|| {
        policy.apply(&mut nodes, |nodes| {
            other.write().push(Param::new(Array::scalar(3.0_f32)));
            nodes.1.set(Array::scalar(4.0_f32));
        });
    });
    assert!(text.contains("the model changed meanwhile"), "{text}");
    assert_eq!(nodes.1.item::<f32>(), 2.0);
    let text = panic_message(|| drop(Policy::new(DType::I32)));
    assert!(text.contains("the dtype of `compute` is i32"), "{text}");
}

#[test]
fn a_dynamic_scale_follows_the_gradients() {
    let mut scale = LossScale { period: Some(2), ..LossScale::dynamic(8.0) };
    let (fine, bad) = (Array::scalar(16.0_f32), Array::scalar(f32::INFINITY));
    let mut seen = Vec::new();
    for grad in [&fine, &fine, &fine, &bad, &fine, &bad, &bad, &bad, &bad, &bad] {
        let unscaled = scale.unscale(grad).item::<f32>();
        seen.push((unscaled, scale.scale.item::<f32>(), scale.counter.item::<i32>()));
    }
    let inf = f32::INFINITY;
    let expected = [
        (2.0, 8.0, 1),
        (2.0, 16.0, 0),
        (1.0, 16.0, 1),
        (inf, 8.0, 0),
        (2.0, 8.0, 1),
        (inf, 4.0, 0),
        (inf, 2.0, 0),
        (inf, 1.0, 0),
        (inf, 1.0, 0),
        (inf, 1.0, 0),
    ];
    assert_eq!(seen, expected);
    // It does not grow beyond what a float holds.
    let mut scale = LossScale { period: Some(1), ..LossScale::dynamic(2.0_f64.powi(127)) };
    scale.unscale(&Array::scalar(0.0_f32));
    assert_eq!(scale.scale.item::<f32>(), 2.0_f32.powi(127));
    let text = panic_message(|| drop(LossScale::fixed(0.0)));
    assert!(text.contains("the scale is 0"), "{text}");
}

type Opt = Optimizer<nnx::optim::ApplyIfFinite<Sgd>>;

#[nnx::jit]
fn f16_step(w: &mut Param, opt: &mut Opt, scale: &mut LossScale, x: &Array) {
    let of = |w: &mut Param| scale.scale(&(w.astype(DType::F16) * x));
    let (_, grads) = value_and_grad(of, &mut *w);
    let grads = scale.unscale(&grads);
    opt.update(w, &grads);
}

#[test]
fn a_step_with_an_overflow_is_left_out() {
    let mut w = Param::new(Array::scalar(1.0_f32));
    let mut opt = Optimizer::new(&w, apply_if_finite(sgd(1.0), i32::MAX));
    let mut scale = LossScale::dynamic(32768.0);
    // 2⁻¹⁴ · 2¹⁵ = 2; a gradient of 4 overflows.
    f16_step(&mut w, &mut opt, &mut scale, &Array::scalar(2.0_f32.powi(-14)).astype(DType::F16));
    assert_eq!(w.item::<f32>(), 1.0 - 2.0_f32.powi(-14));
    f16_step(&mut w, &mut opt, &mut scale, &Array::scalar(4.0_f32).astype(DType::F16));
    assert_eq!((w.item::<f32>(), scale.scale.item::<f32>()), (1.0 - 2.0_f32.powi(-14), 16384.0));
}
