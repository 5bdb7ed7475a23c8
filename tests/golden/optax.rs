//! Losses, schedules and gradient transformations with arguments that are not the defaults.

use super::more::function;
use super::optimizers::values;
use super::reference::Case;
use super::{Outputs, Run};
use nnx::module::{Everything, Path, VarInfo};
use nnx::optim::losses::*;
use nnx::optim::{self, *};
use nnx::{Array, Module, Param, path_contains};

pub(crate) fn loss(name: &str) -> Option<Run> {
    Some(match name {
        "safe_softmax" => {
            |c| function(c, &["x", "p"], |a| safe_softmax_cross_entropy(&a[0], &a[1]))
        }
        "safe_softmax_masked" => |c| {
            let p = c.input("p");
            function(c, &["x"], |a| safe_softmax_cross_entropy(&a[0], &p))
        },
        "focal" => |c| function(c, &["x", "p"], |a| sigmoid_focal_loss(&a[0], &a[1], None, 2.0)),
        "focal_alpha" => {
            |c| function(c, &["x", "p"], |a| sigmoid_focal_loss(&a[0], &a[1], Some(0.25), 1.5))
        }
        "hinge" => |c| function(c, &["x", "s"], |a| hinge_loss(&a[0], &a[1])),
        "perceptron" => |c| function(c, &["x", "s"], |a| perceptron_loss(&a[0], &a[1])),
        "multiclass_hinge" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| multiclass_hinge_loss(&a[0], &i))
        },
        "multiclass_perceptron" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| multiclass_perceptron_loss(&a[0], &i))
        },
        "sparsemax" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| sparsemax_loss(&a[0], &i))
        },
        "poly" => |c| function(c, &["x", "p"], |a| poly_loss_cross_entropy(&a[0], &a[1], -1.0)),
        "kl" => |c| function(c, &["q", "p"], |a| kl_divergence(&a[0], &a[1])),
        "kl_sparse" => |c| {
            let p = c.input("p");
            function(c, &["q"], |a| kl_divergence(&a[0], &p))
        },
        "kl_log" => |c| function(c, &["q", "p"], |a| kl_divergence_with_log_targets(&a[0], &a[1])),
        "kl_generalized" => {
            |c| function(c, &["q", "p"], |a| generalized_kl_divergence(&a[0], &a[1]))
        }
        "log_cosh" => |c| function(c, &["x", "t"], |a| log_cosh(&a[0], &a[1])),
        "cosine_distance" => |c| function(c, &["x", "t"], |a| cosine_distance(&a[0], &a[1])),
        "triplet" => {
            |c| function(c, &["a", "p", "n"], |a| triplet_margin_loss(&a[0], &a[1], &a[2], 0.5))
        }
        "ntxent" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| ntxent(&a[0], &i, 0.3).reshape([1]))
        },
        "ranking" => |c| function(c, &["x", "p"], |a| ranking_softmax_loss(&a[0], &a[1], None)),
        "ranking_mask" => |c| {
            let mask = c.input("m");
            function(c, &["x", "p"], |a| ranking_softmax_loss(&a[0], &a[1], Some(&mask)))
        },
        "smooth" => |c| function(c, &["p"], |a| smooth_labels(&a[0], 0.1)),
        "dice" => |c| function(c, &["x", "t"], |a| dice_loss(&a[0], &a[1], 0.5)),
        "dice_binary" => |c| function(c, &["x", "t"], |a| dice_loss(&a[0], &a[1], 1.0)),
        "ctc" => |c| ctc(c, 0),
        "ctc_blank" => |c| ctc(c, 4),
        _ => return None,
    })
}

fn ctc(case: &Case, blank: usize) -> Outputs {
    let [frame_paddings, words, word_paddings] = ["xp", "y", "yp"].map(|name| case.input(name));
    function(case, &["x"], |a| ctc_loss(&a[0], &frame_paddings, &words, &word_paddings, blank))
}

pub(crate) fn schedule(name: &str) -> Option<Run> {
    Some(match name {
        "warmup_constant" => |_| values(warmup_constant_schedule(0.1, 0.7, 6)),
        "warmup_exponential" => |_| {
            let decay = exponential_decay(0.5, 5, 0.6).transition_begin(2).staircase();
            values(warmup_exponential_decay_schedule(0.0, 4, decay.end_value(0.15)))
        },
        "linear_onecycle" => |_| values(linear_onecycle_schedule(20, 0.5)),
        "cosine_onecycle" => |_| values(cosine_onecycle_schedule(13, 0.3)),
        "interpolate_linear" => |_| values(interpolate(Interpolation::Linear)),
        "interpolate_cosine" => |_| values(interpolate(Interpolation::Cosine)),
        "sgdr" => |_| {
            values(sgdr_schedule([
                (6, warmup_cosine_decay_schedule(0.0, 0.1, 2, 6, 0.01)),
                (10, warmup_cosine_decay_schedule(0.0, 0.05, 2, 10, 0.01)),
            ]))
        },
        "cosine_exponent" => |_| values(cosine_decay_schedule(0.1, 20, 0.1).exponent(1.7)),
        "warmup_cosine_exponent" => {
            |_| values(warmup_cosine_decay_schedule(0.0, 0.1, 5, 20, 0.01).exponent(2.0))
        }
        _ => return None,
    })
}

fn interpolate(along: Interpolation) -> Schedule {
    piecewise_interpolate_schedule(along, 0.4, [(11, 0.2), (4, 3.0)])
}

pub(crate) fn update(name: &str) -> Option<Run> {
    fn bias() -> nnx::module::PathContains {
        path_contains("b")
    }
    fn matrices() -> Mask {
        Mask::of(|_: &Path, leaf: &VarInfo<'_>| leaf.value.rank() > 1)
    }
    Some(match name {
        "clip" => |c| steps(c, optim::clip(0.3)),
        "adaptive_grad_clip" => |c| steps(c, adaptive_grad_clip(0.2)),
        "zero_nans" => |c| steps(c, zero_nans()),
        "keep_params_nonnegative" => |c| steps(c, keep_params_nonnegative()),
        "param_block_norm" => |c| steps(c, scale_by_param_block_norm()),
        "update_norm" => |c| steps(c, normalize_by_update_norm().scale_factor(2.0)),
        "centralize" => |c| steps(c, centralize()),
        "ema" => |c| steps(c, ema(0.8)),
        "ema_biased" => |c| steps(c, ema(0.8).debias(false)),
        "sign_sgd" => |c| steps(c, sign_sgd(0.05)),
        "signum" => |c| steps(c, signum(0.05).beta(0.7)),
        "adamaxw" => |c| steps(c, adamaxw(0.02).weight_decay(0.1).mask(matrices())),
        "nadamw" => |c| steps(c, nadamw(0.02).eps_root(1e-6)),
        "yogi" => |c| steps(c, yogi(0.02)),
        "novograd" => |c| steps(c, novograd(0.02).weight_decay(0.1)),
        "adan" => |c| steps(c, adan(0.02).weight_decay(0.1)),
        "rprop" => |c| steps(c, rprop(0.02)),
        "optimistic" => |c| steps(c, optimistic_gradient_descent(0.02).alpha(0.7).beta(0.4)),
        "optimistic_adam" => |c| steps(c, optimistic_adam(0.02).beta(0.5)),
        "noisy_sgd" => |c| steps(c, noisy_sgd(0.02, 0.01, 0.55, 3)),
        "apply_if_finite" => |c| steps(c, apply_if_finite(adam(0.02), 1)),
        "adamw_mask" => |c| steps(c, adamw(0.02).weight_decay(0.3).mask(matrices())),
        "partition" => {
            |c| steps(c, partition((group(bias(), sgd(0.1)), group(Everything, adam(0.02)))))
        }
        "masked" => |c| steps(c, masked(adam(0.02), bias())),
        "freeze" => |c| steps(c, (adam(0.02), freeze(path_contains("w")))),
        "rmsprop" => |c| {
            let tx = rmsprop(0.02).decay(0.8).eps(1e-3).initial_scale(0.5);
            steps(c, tx.momentum(Some(0.6)).nesterov(true))
        },
        "lamb" => |c| steps(c, lamb(0.02).b1(0.8).weight_decay(0.1).mask(matrices())),
        "lion" => |c| steps(c, lion(0.02).weight_decay(0.1).mask(matrices())),
        _ => return None,
    })
}

#[derive(Module)]
struct Parameters {
    w: Param,
    b: Param,
}

/// The parameters after each step.
fn steps<T: GradientTransformation>(case: &Case, tx: T) -> Outputs {
    let mut model = Parameters { w: case.input("w").into(), b: case.input("b").into() };
    let [gw, gb] = ["gw", "gb"].map(|name| case.input(name));
    let mut opt = Optimizer::new(&model, tx);
    let (mut w, mut b) = (Vec::new(), Vec::new());
    for i in 0..gw.shape()[0] {
        let gradient = Parameters { w: gw.at(i).get().into(), b: gb.at(i).get().into() };
        opt.update(&mut model, &gradient);
        w.push(model.w.value().clone());
        b.push(model.b.value().clone());
    }
    let all = |arrays: &[Array]| nnx::array::stack(arrays, 0);
    vec![("out.w".into(), all(&w)), ("out.b".into(), all(&b))]
}
