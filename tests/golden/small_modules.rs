//! `optax.assignment`, `optax.perturbations` and `optax.second_order`.

use super::more::function;
use super::reference::Case;
use super::{Outputs, Run};
use nnx::optim::{Perturbation, PerturbationNoise, hungarian_algorithm, make_perturbed_fun};
use nnx::random::key;
use nnx::{Array, fisher_diag, hessian_diag, hvp};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "hungarian_wide" | "hungarian_tall" | "hungarian_square" => |c| {
            let (i, j) = hungarian_algorithm(c.input("c"));
            vec![("out.i".into(), i), ("out.j".into(), j)]
        },
        "perturbed_gumbel" => |c| {
            let gumbel = Perturbation { num_samples: 20, sigma: 0.5, ..Perturbation::default() };
            perturbed(c, gumbel)
        },
        "perturbed_normal" => |c| {
            let noise = PerturbationNoise::Normal;
            perturbed(c, Perturbation { num_samples: 30, sigma: 0.3, noise, use_baseline: false })
        },
        "hvp" => |c| found(hvp(bent, &c.input("x"), &c.input("v"))),
        "hessian_diag" => |c| found(hessian_diag(bent, &c.input("x"))),
        "fisher_diag" => |c| found(fisher_diag(bent, &c.input("x"))),
        _ => return None,
    })
}

fn perturbed(case: &Case, perturbation: Perturbation) -> Outputs {
    let steps = |x: &Array| {
        x.gt(0.1).astype(x.dtype()).cumsum(0) * Array::from([1.0_f32, -2.0, 0.5, 3.0, 1.0])
    };
    let smooth = make_perturbed_fun(steps, perturbation);
    function(case, &["x"], |a| smooth(&key(7), &a[0]))
}

fn bent(x: &Array) -> Array {
    (x.sin() * x.flip(0)).sum(..) + x.square().sum(..).square()
}

fn found(y: Array) -> Outputs {
    vec![("out.y".into(), y)]
}
