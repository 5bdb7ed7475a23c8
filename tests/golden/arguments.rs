//! Arguments of transformations and losses that are not at their defaults in the other areas.

use super::Run;
use super::more::function;
use super::reference::Case;
use super::wrappers::steps;
use nnx::optim::losses::{Along, DiceOptions, along, dice_loss_with};
use nnx::optim::{
    LionMode, Mask, adafactor, adam, adamw, adaptive_grad_clip, ademamix, adopt, amsgrad, ema,
    lamb, lion, muon, optimistic_adam, rmsprop, scale, scale_by_lion, scale_by_novograd, sgd,
    signum,
};
use nnx::{DType, path_contains};

const SHORT: Option<DType> = Some(DType::BF16);

pub(crate) fn find(name: &str) -> Option<Run> {
    update(name).or_else(|| loss(name))
}

fn update(name: &str) -> Option<Run> {
    Some(match name {
        "adam_mu" => |c| steps(c, adam(0.02).mu_dtype(SHORT)),
        "adamw_mu" => |c| steps(c, adamw(0.02).mu_dtype(SHORT).nesterov(true)),
        "amsgrad_mu" => |c| steps(c, amsgrad(0.02).mu_dtype(SHORT)),
        "amsgrad_plain" => {
            |c| steps(c, amsgrad(0.02).bias_correction_mu(false).bias_correction_nu(false))
        }
        "lion_mu" => |c| steps(c, lion(0.02).mu_dtype(SHORT)),
        "lion_smooth" => |c| steps(c, (scale_by_lion().mode(LionMode::Smooth(3.0)), scale(-0.02))),
        "lion_refined" => {
            |c| steps(c, (scale_by_lion().b1(0.5).mode(LionMode::Refined), scale(-0.02)))
        }
        "novograd_mu" => |c| steps(c, (scale_by_novograd().mu_dtype(SHORT), scale(-0.02))),
        "optimistic_mu" => |c| steps(c, optimistic_adam(0.02).mu_dtype(SHORT)),
        "ademamix_mu" => |c| steps(c, ademamix(0.02).mu_dtype(SHORT)),
        "adopt_mu" => |c| steps(c, adopt(0.02).mu_dtype(SHORT)),
        "muon_mu" => |c| steps(c, muon(0.02).mu_dtype(SHORT)),
        "sgd_accumulator" => {
            |c| steps(c, sgd(0.02).momentum(Some(0.9)).nesterov(true).accumulator_dtype(SHORT))
        }
        "ema_accumulator" => |c| steps(c, (ema(0.8).accumulator_dtype(SHORT), scale(-0.02))),
        "signum_accumulator" => |c| steps(c, signum(0.02).accumulator_dtype(SHORT)),
        "adafactor_all" => |c| {
            let tx = adafactor(0.02).min_dim_size_to_factor(2).multiply_by_parameter_scale(false);
            let tx = tx.momentum(Some(0.9)).dtype_momentum(SHORT).weight_decay_rate(Some(0.01));
            let tx = tx.weight_decay_mask(Mask::of(path_contains("w"))).step_offset(-3);
            steps(c, tx.clipping_threshold(f64::INFINITY))
        },
        "lamb_root" => |c| steps(c, lamb(0.02).eps_root(1e-3)),
        "clip_axis" => |c| steps(c, (adaptive_grad_clip(0.05).axis(Some(vec![-1])), sgd(0.1))),
        "rmsprop_centered" => |c| {
            let tx = rmsprop(0.02).decay(0.8).centered(true).initial_scale(0.3);
            steps(c, tx.momentum(Some(0.5)))
        },
        "muon_coefficients" => {
            |c| steps(c, muon(0.02).ns_coeffs(vec![[3.0, -3.5, 1.5]]).ns_steps(4))
        }
        "muon_rows" => |c| {
            let rows = vec![[3.0, -3.5, 1.5], [2.5, -2.5, 1.0]];
            steps(c, muon(0.02).ns_coeffs(rows).ns_steps(3))
        },
        "adafactor_whole" => |c| {
            let tx = adafactor(0.02).min_dim_size_to_factor(2).multiply_by_parameter_scale(false);
            steps(c, tx.factored(false))
        },
        _ => return None,
    })
}

/// Of the elements that the case has a mask for.
fn masked(case: &Case) -> Along {
    along(1).masked(case.input("m").ne(0))
}

fn loss(name: &str) -> Option<Run> {
    Some(match name {
        "softmax_axis" => {
            |c| function(c, &["x", "p"], |a| along(1).softmax_cross_entropy(&a[0], &a[1]))
        }
        "softmax_mask" => |c| {
            let (classes, p) = (masked(c), c.input("p"));
            function(c, &["x"], |a| classes.softmax_cross_entropy(&a[0], &p))
        },
        "integer_axis" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| along(1).softmax_cross_entropy_with_integer_labels(&a[0], &i))
        },
        "integer_rows" => |c| {
            let (rows, i) = (masked(c), c.input("i"));
            function(c, &["x"], |a| rows.softmax_cross_entropy_with_integer_labels(&a[0], &i))
        },
        "poly_mask" => |c| {
            let (rows, p) = (masked(c), c.input("p"));
            function(c, &["x"], |a| rows.poly_loss_cross_entropy(&a[0], &p, 1.5))
        },
        "kl_mask" => |c| {
            let some = masked(c);
            function(c, &["q", "p"], |a| some.kl_divergence(&a[0], &a[1]))
        },
        "kl_log_mask" => |c| {
            let some = masked(c);
            function(c, &["q", "p"], |a| some.kl_divergence_with_log_targets(&a[0], &a[1]))
        },
        "kl_generalized_mask" => |c| {
            let some = masked(c);
            function(c, &["q", "p"], |a| some.generalized_kl_divergence(&a[0], &a[1]))
        },
        "cosine_mask" => |c| {
            let some = masked(c);
            function(c, &["x", "t"], |a| some.cosine_similarity(&a[0], &a[1], 0.5))
        },
        "cosine_distance_axis" => {
            |c| function(c, &["x", "t"], |a| along(0).cosine_distance(&a[0], &a[1], 2.0))
        }
        "smooth_mask" => |c| {
            let rows = masked(c);
            function(c, &["p"], |a| rows.smooth_labels(&a[0], 0.1))
        },
        "triplet_all" => |c| {
            function(c, &["a", "p", "n"], |a| {
                along(1).triplet_margin_loss(&a[0], &a[1], &a[2], 4.0, 2.0, 1e-3)
            })
        },
        "dice_all" => |c| {
            let options = DiceOptions {
                smooth: 0.5,
                alpha: 0.3,
                beta: 0.7,
                ignore_background: true,
                ..DiceOptions::default()
            };
            function(c, &["x", "t"], |a| dice_loss_with(&a[0], &a[1], &options))
        },
        _ => return None,
    })
}
