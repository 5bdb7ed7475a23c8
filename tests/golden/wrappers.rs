//! Gradient transformations around others, those that keep what they measure, and functions beside them.

use super::reference::Case;
use super::searches::Parameters;
use super::{Outputs, Run};
use nnx::module::{Everything, OptState};
use nnx::optim::*;
use nnx::random::key;
use nnx::{Array, DType, Variable, path_contains};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "sm3" => |c| steps(c, sm3(0.05).momentum(0.8)),
        "sm3_decay" => |c| steps(c, (scale_by_sm3().b1(0.7).b2(0.9).eps(1e-4), scale(-0.05))),
        "fromage" => |c| steps(c, fromage(0.03).min_norm(0.1)),
        "fromage_schedule" => |c| steps(c, fromage(exponential_decay(0.05, 3, 0.7))),
        "stddev" => |c| {
            let tx = scale_by_stddev().decay(0.8).initial_scale(0.3);
            steps(c, (tx, scale(-0.01)))
        },
        "stddev_corrected" => |c| {
            let tx = scale_by_stddev().decay(0.8).eps(1e-3).eps_in_sqrt(false);
            steps(c, (tx.bias_correction(true), scale(-0.01)))
        },
        "apply_every" => |c| steps(c, (apply_every(3), sgd(0.01))),
        "distance" => |c| {
            let tx = scale_by_distance_over_gradients().reps_rel(1e-2).eps(1e-6);
            steps(c, (tx.global_scale(2.0), scale(-1.0)))
        },
        "transform" => {
            |c| steps(c, conditionally_transform(scale(-0.1), |step, _| (step % 3).eq(1)))
        }
        "mask" => |c| steps(c, conditionally_mask(adam(0.02), |step, _| (step % 3).ne(1))),
        "snapshot" => |c| {
            let tx = (snapshot("n", Params::global_norm), adam(0.02));
            seen(c, tx, |opt, _| opt.opt_state.0.measurements["n"].value().clone())
        },
        "monitor" => |c| monitored(c, true),
        "monitor_biased" => |c| monitored(c, false),
        "flatten" => |c| steps(c, flatten(lars(0.02))),
        "selective" => |c| steps(c, selective_transform(adam(0.02), path_contains("b"))),
        "trust_ratio" => |c| {
            let tx = scale_by_trust_ratio().min_norm(0.5).trust_coefficient(0.3).eps(0.01);
            steps(c, (tx, scale(-1.0)))
        },
        "sum" => |c| steps(c, multi_steps(adam(0.02), 3).use_grad_mean(false)),
        "growing" => |c| {
            let every = piecewise_constant_schedule(1.0, [(1, 3.0)]);
            steps(c, multi_steps(adam(0.02), 1).every_k_schedule(Some(every)))
        },
        "skip_large" => |c| skipped(c, multi_steps(adam(0.02), 2), skip_large_updates(4.0)),
        "skip_not_finite" => |c| skipped(c, multi_steps(sgd(0.1), 2), skip_not_finite()),
        "lookahead" => |c| looking_ahead(c, lookahead(adam(0.05), 4, 0.3)),
        "lookahead_reset" => |c| looking_ahead(c, lookahead(adam(0.05), 3, 0.6).reset_state(true)),
        "dpsgd" => |c| {
            let tx = dpsgd(0.1).l2_norm_clip(0.8).noise_multiplier(0.3).seed(4);
            steps(c, tx.momentum(Some(0.7)).nesterov(true))
        },
        "clip_uniform" => |c| clipped(c, true),
        "clip_by_size" => |c| clipped(c, false),
        "power_iteration" => |c| {
            let (value, vector) = power_iteration(c.input("x"), 30, 1e-6);
            vec![("out.value".into(), value), ("out.vector".into(), vector)]
        },
        "power_iteration_of" => |c| {
            let x = c.input("x");
            let (value, vector) =
                power_iteration_of(|v| x.matmul(v) * 2.0, c.input("v"), 100, 1e-2);
            vec![("out.value".into(), value), ("out.vector".into(), vector)]
        },
        "root_1" => |c| root(c, 1),
        "root_2" => |c| root(c, 2),
        "root_4" => |c| root(c, 4),
        "root_6" => |c| root(c, 6),
        "nnls" => |c| vec![("out.y".into(), nnls(c.input("a"), c.input("b"), 60, None))],
        "nnls_given" => |c| vec![("out.y".into(), nnls(c.input("a"), c.input("b"), 9, Some(7.0)))],
        "normal" => |c| {
            let (a, b) = (c.input("a"), c.input("b"));
            let normal = multi_normal(&a, &b);
            let sample = normal.sample(&[2], &key(5));
            vec![("out.sample".into(), sample), ("out.p".into(), normal.log_prob(&(a * 2.0)))]
        },
        _ => return None,
    })
}

/// The parameters after each step.
pub(crate) fn steps<T: GradientTransformation>(case: &Case, tx: T) -> Outputs {
    let mut outputs = seen(case, tx, |opt, _| opt.step.value().clone());
    outputs.retain(|(name, _)| name != "out.seen");
    outputs
}

/// The parameters after each step, and what `look` finds in the optimizer then.
pub(crate) fn seen<T: GradientTransformation>(
    case: &Case,
    tx: T,
    look: impl Fn(&Optimizer<T>, &Parameters) -> Array,
) -> Outputs {
    let mut model = Parameters { w: case.input("w").into(), b: case.input("b").into() };
    let [gw, gb] = ["gw", "gb"].map(|name| case.input(name));
    let values = case.has_input("values").then(|| case.input("values"));
    let mut opt = Optimizer::new(&model, tx);
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    for i in 0..gw.shape()[0] {
        let gradient = Parameters { w: gw.at(i).get().into(), b: gb.at(i).get().into() };
        let extra = match &values {
            Some(values) => ExtraArgs::new().value(values.at(i).get()),
            None => ExtraArgs::new(),
        };
        opt.update_with(&mut model, &gradient, extra);
        all[0].push(model.w.value().clone());
        all[1].push(model.b.value().clone());
        all[2].push(look(&opt, &model));
    }
    let stack = |arrays: &Vec<Array>| nnx::array::stack(arrays, 0);
    ["out.w", "out.b", "out.seen"].iter().zip(&all).map(|(n, a)| ((*n).into(), stack(a))).collect()
}

fn monitored(case: &Case, debias: bool) -> Outputs {
    let mean = measure_with_ema(Params::global_norm, 0.7).debias(debias);
    let look = |opt: &Optimizer<(Monitor, Adam)>, _: &Parameters| {
        opt.opt_state.0.measurements["m"].value().clone()
    };
    seen(case, (monitor([("m", mean)]), adam(0.02)), look)
}

fn skipped<T: GradientTransformation>(
    case: &Case,
    tx: MultiSteps<T>,
    rule: SkipUpdates,
) -> Outputs {
    let measured =
        |skip: &SkipState| skip.measured.as_ref().map(|v: &Variable<OptState>| v.value().clone());
    seen(case, tx.should_skip_update(Some(rule)), |opt, _| {
        opt.opt_state.skip_state.as_ref().and_then(measured).unwrap()
    })
}

fn looking_ahead<T: GradientTransformation>(case: &Case, tx: Lookahead<T>) -> Outputs {
    seen(case, tx, |opt, _| opt.opt_state.slow.get("b").unwrap().clone())
}

fn clipped(case: &Case, uniform: bool) -> Outputs {
    let grads = Parameters { w: case.input("w").into(), b: case.input("b").into() };
    let grads = Params::of(&grads, &Everything);
    let (sums, counts) = per_example_layer_norm_clip(&grads, 0.8, uniform);
    let named = |params: &Params, prefix: &str| -> Outputs {
        params.iter().map(|(path, a)| (format!("out.{prefix}{path}"), a.clone())).collect()
    };
    [named(&sums, ""), named(&counts, "n")].concat()
}

fn root(case: &Case, p: i32) -> Outputs {
    let (root, error) = matrix_inverse_pth_root(case.input("x"), p, 100, 1e-4, 1e-6);
    assert!(error.astype(DType::F32).item::<f32>() < 1e-3);
    vec![("out.y".into(), root)]
}
