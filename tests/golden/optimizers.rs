//! Six updates by each optimizer, and schedules over 25 steps.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::array::arange;
use nnx::optim::{self, GradientTransformation, Optimizer, Schedule};
use nnx::{Array, DType, Module, Param};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "sgd" => |case| six_updates(case, optim::sgd(0.1)),
        "momentum" => |case| six_updates(case, optim::sgd(0.1).momentum(Some(0.9))),
        "nesterov" => |case| six_updates(case, optim::sgd(0.1).momentum(Some(0.9)).nesterov(true)),
        "adam" => |case| six_updates(case, optim::adam(1e-2)),
        "nadam" => |case| six_updates(case, optim::adam(1e-2).nesterov(true)),
        "adamw" => |case| six_updates(case, optim::adamw(1e-2).weight_decay(1e-2)),
        "adamax" => |case| six_updates(case, optim::adamax(1e-2)),
        "amsgrad" => |case| six_updates(case, optim::amsgrad(1e-2)),
        "radam" => |case| six_updates(case, optim::radam(1e-2)),
        "adabelief" => |case| six_updates(case, optim::adabelief(1e-2)),
        "rmsprop" => |case| six_updates(case, optim::rmsprop(1e-2)),
        "adagrad" => |case| six_updates(case, optim::adagrad(1e-1)),
        "adadelta" => |case| six_updates(case, optim::adadelta(1e-1)),
        "lion" => |case| six_updates(case, optim::lion(1e-3)),
        "lamb" => |case| six_updates(case, optim::lamb(1e-2)),
        "lars" => |case| six_updates(case, optim::lars(1e-1)),
        "adafactor" => |case| six_updates(case, optim::adafactor(1e-2)),
        "muon" => |case| six_updates(case, optim::muon(1e-2)),
        "accumulate" => |case| six_updates(case, optim::multi_steps(optim::adam(1e-2), 3)),
        "clip_chain" => {
            |case| six_updates(case, (optim::clip_by_global_norm(0.5), optim::adam(1e-2)))
        }
        "scheduled_adamw" => |case| {
            let rate = optim::warmup_cosine_decay_schedule(0.0, 1e-2, 3, 10, 0.0);
            six_updates(case, optim::adamw(rate))
        },
        "schedule.constant" => |_| values(optim::constant_schedule(0.3)),
        "schedule.exponential_decay" => |_| values(optim::exponential_decay(0.1, 5, 0.5)),
        "schedule.cosine_decay" => |_| values(optim::cosine_decay_schedule(0.1, 20, 0.1)),
        "schedule.warmup_cosine" => {
            |_| values(optim::warmup_cosine_decay_schedule(0.0, 0.1, 5, 20, 0.01))
        }
        "schedule.piecewise" => {
            |_| values(optim::piecewise_constant_schedule(1.0, [(5, 0.5), (12, 0.1)]))
        }
        "schedule.linear" => |_| values(optim::linear_schedule(1.0, 0.1, 10, 3)),
        "schedule.polynomial" => |_| values(optim::polynomial_schedule(1.0, 0.1, 2.0, 10, 0)),
        "schedule.onecycle_cosine" => |_| values(optim::cosine_onecycle_schedule(20, 0.5)),
        _ => return None,
    })
}

#[derive(Module)]
struct Parameters {
    w: Param,
    b: Param,
}

fn six_updates<T: GradientTransformation>(case: &Case, tx: T) -> Outputs {
    let parameters = |w: &str, b: &str| Parameters {
        w: Param::new(case.input(w)),
        b: Param::new(case.input(b)),
    };
    let mut model = parameters("w", "b");
    let mut opt = Optimizer::new(&model, tx);
    let mut outputs = Outputs::new();
    for i in 0..6 {
        opt.update(&mut model, &parameters(&format!("gw{i}"), &format!("gb{i}")));
        outputs.push((format!("out.w{i}"), model.w.value().clone()));
        outputs.push((format!("out.b{i}"), model.b.value().clone()));
    }
    assert_eq!(opt.step.item::<u32>(), 6, "the optimizer counts its steps");
    outputs
}

pub(crate) fn values(schedule: Schedule) -> Outputs {
    let steps: Vec<Array> = (0..25).map(|step| schedule.value(Array::scalar(step))).collect();
    let stacked = nnx::array::stack(&steps, 0);
    // All counts at once give the same.
    let together = schedule.value(arange(25, DType::I32));
    assert_eq!(together.to_vec::<f32>(), stacked.to_vec::<f32>());
    vec![("out.y".into(), stacked)]
}
