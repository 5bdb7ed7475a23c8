//! The optimizers of `optax.contrib`.

use super::reference::Case;
use super::searches::{Parameters, valley};
use super::wrappers::{seen, steps};
use super::{Outputs, Run};
use nnx::array::stack;
use nnx::module::{Path, VarInfo};
use nnx::optim::*;
use nnx::{Array, DType};

fn matrices() -> Mask {
    Mask::of(|_: &Path, leaf: &VarInfo<'_>| leaf.value.rank() > 1)
}

fn decay() -> Schedule {
    exponential_decay(0.03, 4, 0.6)
}

fn rising(from: f64, to: f64) -> LearningRate {
    linear_schedule(from, to, 6, 0).into()
}

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "ademamix" => |c| {
            let tx = ademamix(0.02).b3(0.99.into()).alpha(3.0.into()).eps_root(1e-6);
            steps(c, tx.weight_decay(0.1).mask(matrices()))
        },
        "ademamix_schedules" => {
            |c| steps(c, ademamix(decay()).b3(rising(0.5, 0.99)).alpha(rising(1.0, 5.0)))
        }
        "simplified" => |c| {
            let tx = simplified_ademamix(0.001).b1(0.9).alpha(rising(0.5, 2.0));
            steps(c, tx.weight_decay(0.1))
        },
        "adopt" => |c| steps(c, adopt(0.02).b2(0.99)),
        "adopt_nesterov" => |c| {
            let tx = adopt(decay()).nesterov(true).clipping(AdoptClipping::Off);
            steps(c, tx.eps(1e-2))
        },
        "adopt_clip" => |c| {
            let most = Schedule::custom(|n| (n + 1).astype(DType::F32) * 0.1);
            steps(c, adopt(0.02).clipping(AdoptClipping::By(most)))
        },
        "acprop" => |c| steps(c, acprop(0.01).b1(0.8).eps(1e-3).weight_decay(0.1)),
        "dog" => |c| {
            let tx = dog(0.7).init_step(DogInitStep::Heuristic(1e-2));
            steps(c, tx.weight_decay(Some(0.05)).mask(matrices()))
        },
        "dog_rate" => {
            |c| steps(c, dog(decay()).init_step(DogInitStep::LearningRate(0.01)).eps(1e-4))
        }
        "dog_distance" => |c| steps(c, dog(1.0).init_step(DogInitStep::Distance(0.1))),
        "dowg" => |c| steps(c, dowg(1.0).weight_decay(Some(0.05))),
        "dowg_first" => |c| steps(c, dowg(decay()).init_estim_sq_dist(Some(0.01)).eps(1e-3)),
        "prodigy" => {
            |c| steps(c, prodigy(1.0).betas((0.8, 0.99)).weight_decay(0.1).estim_lr0(1e-3))
        }
        "prodigy_warmup" => |c| {
            let tx = prodigy(rising(0.1, 2.0)).beta3(Some(0.9)).estim_lr_coef(2.0);
            steps(c, tx.safeguard_warmup(true).estim_lr0(1e-3))
        },
        "dadapt" => |c| steps(c, dadapt_adamw(1.0).weight_decay(0.1).estim_lr0(1e-3)),
        "dadapt_schedule" => |c| {
            let tx = dadapt_adamw(rising(0.1, 2.0)).betas((0.8, 0.9)).eps(1e-4);
            steps(c, tx.estim_lr0(1e-2))
        },
        "cocob" => |c| steps(c, cocob(1.0).alpha(10.0).weight_decay(0.1)),
        "cocob_schedule" => |c| steps(c, cocob(decay()).eps(1e-2)),
        "madgrad" => |c| steps(c, madgrad(0.02).momentum(0.7).weight_decay(0.1)),
        "madgrad_schedule" => |c| steps(c, madgrad(decay()).eps(1e-3)),
        "mechanize" => {
            |c| steps(c, mechanize(adam(0.05)).weight_decay(0.1).s_init(1e-2).num_betas(4))
        }
        "normalize" => |c| steps(c, (scale(-0.1), add_decayed_weights(0.1), normalize())),
        "sam" => |c| {
            let up = (add_decayed_weights(0.1), normalize(), sgd(0.1));
            steps(c, sam(adam(0.05), up).sync_period(3))
        },
        "sam_kept" => |c| steps(c, sam(adam(0.05), adam(0.02)).reset_state(false)),
        "schedule_free_sgd" => {
            |c| steps(c, schedule_free_sgd(0.1).warmup_steps(Some(4)).weight_decay(Some(0.1)))
        }
        "rmsprop_corrected" => |c| steps(c, rmsprop(0.02).bias_correction(true).eps_in_sqrt(false)),
        "schedule_free_adamw" => |c| {
            let tx = schedule_free_adamw(0.02).b1(0.8).b2(0.9).weight_decay(0.1);
            averaged(c, tx.weight_lr_power(1.0), |opt| &opt.opt_state)
        },
        "schedule_free" => |c| {
            let tx = schedule_free(adam(decay()).b1(0.0), decay()).b1(0.95);
            averaged(c, tx, |opt| &opt.opt_state)
        },
        "galore" => |c| {
            let galoring = scale_by_galore().rank(1).update_proj_gap(50).scale(0.5);
            seen(c, galore(0.02, galoring).weight_decay(0.1), |opt, _| {
                opt.opt_state.0.projector.get("w").unwrap().abs()
            })
        },
        "galore_tall" => |c| {
            let dims = GaLoreDimensionNumbers { reduction_axis: vec![1], output_axis: vec![-2] };
            let galoring = scale_by_galore().rank(1).update_proj_gap(3);
            let galoring = galoring.weight_dimension_numbers(Some(dims));
            steps(c, galore(decay(), galoring.base_optimizer(scale_by_sign())))
        },
        "momo" => |c| steps(c, momo(0.5).weight_decay(0.1)),
        "momo_bound" => {
            |c| steps(c, momo(decay()).beta(0.7).lower_bound(1.6).adapt_lower_bound(true))
        }
        "momo_adam" => |c| steps(c, momo_adam(0.05).b2(0.9).weight_decay(0.1)),
        "momo_adam_bound" => {
            |c| steps(c, momo_adam(decay()).lower_bound(1.6).adapt_lower_bound(true))
        }
        "plateau" => {
            |c| steps(c, (sgd(0.01), reduce_on_plateau().factor(0.3).patience(2).cooldown(2)))
        }
        "plateau_mean" => |c| {
            let tx = reduce_on_plateau().factor(0.3).patience(1).rtol(0.0).atol(0.06);
            steps(c, (sgd(0.01), tx.accumulation_size(2).min_scale(0.2)))
        },
        "sam_opaque" => |c| {
            let tx = sam(sgd(0.01), (normalize(), sgd(0.05))).sync_period(3);
            descended(c, tx.opaque_mode(true))
        },
        "sophia" => |c| {
            let scaling = scale_by_sophia().b1(0.9).gamma(0.5).update_interval(3);
            descended(c, sophia(0.05, scaling).weight_decay(0.01))
        },
        "sophia_free" => |c| {
            let scaling = scale_by_sophia().clip_threshold(None).update_interval(1).eps(1e-2);
            let estimate = hutchinson_estimator_diag_hessian(7);
            descended(c, sophia(0.001, scaling.hessian_diagonal_fn(estimate)))
        },
        _ => return None,
    })
}

/// The parameters after each step, and the mean of one.
fn averaged<T, S>(case: &Case, tx: T, state: fn(&Optimizer<T>) -> &ScheduleFreeState<S>) -> Outputs
where
    T: GradientTransformation,
{
    seen(case, tx, |opt, model| {
        let mean = schedule_free_eval_params(state(opt), &opt.params(model));
        mean.get("w").unwrap().clone()
    })
}

/// The parameters in ten steps down the valley.
fn descended<T: GradientTransformation>(case: &Case, tx: T) -> Outputs {
    let mut model = Parameters { w: case.input("w").into(), b: case.input("b").into() };
    let mut opt = Optimizer::new(&model, tx);
    let (mut w, mut b) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let (_, grads) = nnx::value_and_grad(valley, &mut model);
        opt.update_with(&mut model, &grads, ExtraArgs::new().value_fn(&valley));
        w.push(model.w.value().clone());
        b.push(model.b.value().clone());
    }
    let all = |arrays: &[Array]| stack(arrays, 0);
    vec![("out.w".into(), all(&w)), ("out.b".into(), all(&b))]
}
