//! Transformations that are told the loss and its function: line searches, L-BFGS, Polyak's steps.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::optim::*;
use nnx::{Array, Module, Param};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "polyak" => |c| run(c, polyak_sgd().max_learning_rate(0.05).scaling(0.7).f_min(0.1), false),
        "polyak_negative" => |c| run(c, scale_by_polyak().f_min(1e3).eps(1e-3), false),
        "polyak_plus" => |c| run(c, polyak_sgd().f_min(1e3).variant(PolyakVariant::SpsPlus), false),
        "backtracking" => |c| run(c, (sgd(1.0), scale_by_backtracking_linesearch(15)), false),
        "backtracking_stored" => |c| {
            let search = scale_by_backtracking_linesearch(8)
                .slope_rtol(0.1)
                .decrease_factor(0.5)
                .increase_factor(3.0)
                .max_learning_rate(2.0)
                .atol(1e-3)
                .rtol(0.01)
                .store_grad(true);
            run(c, (sgd(0.5), search), true)
        },
        "backtracking_up" => |c| run(c, (scale(10.0), scale_by_backtracking_linesearch(3)), false),
        "zoom" => |c| run(c, (sgd(1.0), scale_by_zoom_linesearch(15)), true),
        "zoom_short" => |c| {
            let search = scale_by_zoom_linesearch(6)
                .max_learning_rate(Some(20.0))
                .tol(1e-3)
                .increase_factor(3.0)
                .slope_rtol(0.01)
                .curv_rtol(0.3)
                .approx_dec_rtol(None)
                .stepsize_precision(1e-3)
                .initial_guess_strategy(InitialGuess::One);
            run(c, (sgd(0.001), search), true)
        },
        "zoom_up" => |c| run(c, (scale(10.0), scale_by_zoom_linesearch(5)), true),
        "lbfgs" => |c| run(c, lbfgs(), true),
        "lbfgs_short" => |c| {
            let tx = lbfgs().learning_rate(0.9).memory_size(2).scale_init_precond(false);
            run(c, tx.linesearch(scale_by_backtracking_linesearch(20)), false)
        },
        "lbfgs_plain" => {
            |c| run(c, lbfgs().learning_rate(exponential_decay(0.05, 2, 0.8)).linesearch(()), false)
        }
        _ => return None,
    })
}

#[derive(Module, Clone)]
pub(crate) struct Parameters {
    pub(crate) w: Param,
    pub(crate) b: Param,
}

/// A narrow valley with walls that grow quickly.
pub(crate) fn valley(m: &mut Parameters) -> Array {
    let near = m.w.slice([(..).into(), (..-1).into()]);
    let far = m.w.slice([(..).into(), (1..).into()]);
    let valley = (1.0 - &near).square().sum(..) + (far - near.square()).square().sum(..) * 10.0;
    let first = m.w.slice([0.into()]);
    valley + (m.b.value() - first).square().square().sum(..) + m.b.square().sum(..) * 0.1
}

/// One step: inside of a jitted function as outside of it.
fn step<T: GradientTransformation>(
    model: &mut Parameters,
    opt: &mut Optimizer<T>,
    stored: bool,
) -> Array {
    let (loss, grads) = match stored {
        true => opt.value_and_grad(model, &valley),
        false => nnx::value_and_grad(valley, &mut *model),
    };
    opt.update_with(model, &grads, ExtraArgs::new().value(&loss).value_fn(&valley));
    loss
}

/// The parameters and losses of eight steps.
fn run<T: GradientTransformation>(case: &Case, tx: T, stored: bool) -> Outputs {
    let mut model = Parameters { w: case.input("w").into(), b: case.input("b").into() };
    let mut opt = Optimizer::new(&model, tx);
    let (mut w, mut b, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..8 {
        losses.push(step(&mut model, &mut opt, stored));
        w.push(model.w.value().clone());
        b.push(model.b.value().clone());
    }
    let all = |arrays: &[Array]| nnx::array::stack(arrays, 0);
    vec![("out.w".into(), all(&w)), ("out.b".into(), all(&b)), ("out.loss".into(), all(&losses))]
}
