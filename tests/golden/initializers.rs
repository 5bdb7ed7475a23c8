//! Initializers, from a key of the folder's seed and 3.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::nn::Initializer;
use nnx::nn::initializers::{self as init, Distribution, FanMode};
use nnx::{DType, random};

pub(crate) fn find(name: &str) -> Option<Run> {
    let (rule, _shape) = name.rsplit_once('.')?;
    Some(match rule {
        "lecun_normal" => |case| run(case, init::lecun_normal()),
        "lecun_uniform" => |case| run(case, init::lecun_uniform()),
        "glorot_normal" => |case| run(case, init::glorot_normal()),
        "glorot_uniform" => |case| run(case, init::glorot_uniform()),
        "he_normal" => |case| run(case, init::he_normal()),
        "he_uniform" => |case| run(case, init::he_uniform()),
        "normal_0.02" => |case| run(case, init::normal(0.02)),
        "uniform_0.1" => |case| run(case, init::uniform(0.1)),
        "truncated_normal_0.02" => |case| run(case, init::truncated_normal(0.02, -2.0, 2.0)),
        "variance_scaling_1_fan_avg_normal" => {
            |case| run(case, init::variance_scaling(1.0, FanMode::FanAvg, Distribution::Normal))
        }
        _ => return None,
    })
}

fn run(case: &Case, initializer: Initializer) -> Outputs {
    let shape = &case.tensor("out.y").shape;
    let y = initializer.call(&random::key(case.seed + 3), shape, DType::F32);
    vec![("out.y".into(), y)]
}
