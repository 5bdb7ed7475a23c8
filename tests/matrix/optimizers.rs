//! The optimizers, on a small regression: two steps each.

use super::{
    Case, DTYPES, Entries, check, entries, has_all_modes, on_host, pair, results, stacked,
};
use nnx::optim::*;
use nnx::{Array, DType, Module, Param, dyn_module, random, scan, value_and_grad, vmap};

#[derive(Clone, Module)]
struct Net {
    w: Param,
    b: Param,
}

/// A step of training; the loss before it.
#[dyn_module]
trait Trained {
    fn step(&mut self, x: &Array) -> Array;
}

#[derive(Module)]
struct Run<T: GradientTransformation> {
    net: Net,
    opt: Optimizer<T>,
}

impl<T: GradientTransformation> Trained for Run<T> {
    fn step(&mut self, x: &Array) -> Array {
        let loss_fn = |net: &mut Net| {
            let y = x.matmul(&*net.w) + &net.b;
            (y - x.sum(-1).expand_dims(-1)).square().mean(..)
        };
        let (loss, gradients) = value_and_grad(loss_fn, &mut self.net);
        let extra = ExtraArgs::new().value(&loss).value_fn(&loss_fn);
        self.opt.update_with(&mut self.net, &gradients, extra);
        loss
    }
}

type Runs = Vec<Box<dyn Trained>>;

fn step(runs: &mut Runs, x: &Array) -> Vec<Array> {
    runs.iter_mut().map(|run| run.step(x)).collect()
}

#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn together(runs: &mut Runs, x: &Array) -> Vec<Array> {
    step(runs, x)
}

/// The function has the name of the other, so that equal programs are compiled once.
mod graph_mode {
    use super::*;

    #[nnx::jit(compiler_options(xla_backend_optimization_level = 0))]
    pub(super) fn together(runs: &mut Runs, x: &Array) -> Vec<Array> {
        step(runs, x)
    }
}

#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn ensemble(runs: &mut Runs, xs: &Array) -> Vec<Array> {
    vmap(|(runs, x): (&mut Runs, &Array)| step(runs, x), (runs, xs), 0)
}

/// One after the other, in a loop.
#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn looped(runs: &mut Runs, xs: &Array) -> Vec<Array> {
    scan(|(), (runs, x): (&mut Runs, &Array)| ((), step(runs, x)), (), (runs, xs)).1
}

/// The optimizers by their names, each with parameters of its own.
fn rows(dtype: DType, seed: u64) -> Vec<(&'static str, Box<dyn Trained>)> {
    fn boxed<T: GradientTransformation>(net: Net, tx: T) -> Box<dyn Trained> {
        Box::new(Run { opt: Optimizer::new(&net, tx), net })
    }
    let [w, b] = [&[4, 3][..], &[3]].map(|shape| {
        Param::new(random::normal(&random::key(seed), shape, DType::F32).astype(dtype))
    });
    let net = Net { w, b };
    macro_rules! rows {
        ($($name:literal: $make:expr,)*) => {
            vec![$(($name, boxed(net.clone(), $make)),)*]
        };
    }
    rows! {
        "sgd": sgd(0.1).momentum(Some(0.9)).nesterov(true),
        "noisy_sgd": noisy_sgd(0.1, 0.01, 0.55, 0),
        "sign_sgd": sign_sgd(0.1),
        "signum": signum(0.1),
        "optimistic_gradient_descent": optimistic_gradient_descent(0.1),
        "polyak_sgd": polyak_sgd(),
        "adam": adam(0.1),
        "adamw": adamw(0.1),
        "nadam": nadam(0.1),
        "nadamw": nadamw(0.1),
        "adamax": adamax(0.1),
        "adamaxw": adamaxw(0.1),
        "amsgrad": amsgrad(0.1),
        "radam": radam(0.1),
        "adabelief": adabelief(0.1),
        "adan": adan(0.1),
        "yogi": yogi(0.1),
        "novograd": novograd(0.1),
        "optimistic_adam": optimistic_adam(0.1),
        "rmsprop": rmsprop(0.1),
        "rprop": rprop(0.1),
        "adagrad": adagrad(0.1),
        "adadelta": adadelta(0.1),
        "adafactor": adafactor(0.1),
        "sm3": sm3(0.1),
        "lion": lion(0.1),
        "lamb": lamb(0.1),
        "lars": lars(0.1),
        "fromage": fromage(0.1),
        "lbfgs": lbfgs(),
        "muon": muon(0.1),
        "acprop": acprop(0.1),
        "ademamix": ademamix(0.1),
        "simplified_ademamix": simplified_ademamix(0.1),
        "adopt": adopt(0.1),
        "cocob": cocob(1.0),
        "dadapt_adamw": dadapt_adamw(1.0),
        "prodigy": prodigy(1.0),
        "dog": dog(1.0),
        "dowg": dowg(1.0),
        "galore": galore(0.1, scale_by_galore().rank(2)),
        "madgrad": madgrad(0.1),
        "mechanize": mechanize(adam(0.1)),
        "momo": momo(0.5),
        "momo_adam": momo_adam(0.1),
        "sam": sam(sgd(0.1), (normalize(), sgd(0.05))),
        "schedule_free": schedule_free(sgd(0.1), 0.1),
        "schedule_free_adamw": schedule_free_adamw(0.1),
        "schedule_free_sgd": schedule_free_sgd(0.1),
        "sophia": sophia(0.1, scale_by_sophia()),
        "lookahead": lookahead(sgd(0.1), 2, 0.5),
        "multi_steps": multi_steps(adam(0.1), 2),
        "apply_if_finite": apply_if_finite(adam(0.1), 2),
        "inject_hyperparams": inject_hyperparams(adam(0.1)).hyperparam_dtype(Some(DType::F32)),
        "reduce_on_plateau": (sgd(0.1), reduce_on_plateau()),
    }
}

/// The names of the rows.
pub(super) fn names() -> Vec<&'static str> {
    rows(DType::F32, 0).into_iter().map(|(name, _)| name).collect()
}

/// How many optimizers are one program.
const TOGETHER: usize = 14;

fn optimizers(i: usize) {
    let (dtype, rounding) = DTYPES[i];
    if dtype == DType::F16 && !has_all_modes(dtype) {
        return;
    }
    let x = |seed| random::normal(&random::key(seed), [5, 4], DType::F32).astype(dtype);
    let xs = [x(7), x(8)];
    let names = names();
    let mut made = [0, 1].map(|seed| rows(dtype, seed).into_iter().map(|(_, run)| run));
    let mut faults = Vec::new();
    for part in (0..names.len()).step_by(TOGETHER) {
        let starts = made.each_mut().map(|made| made.take(TOGETHER).collect::<Runs>());
        let start = |i: usize| nnx::clone(&starts[i]);
        let case = Case { names: &names[part..], dtype, rounding };
        let run = |mut runs: Runs, call: fn(&mut Runs, &Array) -> Vec<Array>, x: &Array| {
            let mut all: Entries = results("first loss", &call(&mut runs, x));
            all.extend(results("second loss", &call(&mut runs, x)));
            all.extend(entries("", &runs));
            all
        };
        let eager = [0, 1].map(|i| run(start(i), step, &xs[i]));
        let tree = run(start(0), together, &xs[0]);
        check(&case, "in tree mode", &tree, &eager[0], &mut faults);
        if !has_all_modes(dtype) {
            continue;
        }
        let graph = run(start(0), graph_mode::together, &xs[0]);
        check(&case, "in graph mode", &graph, &eager[0], &mut faults);
        let (x, both) = (on_host([&xs[0], &xs[1]]), stacked(&eager[0], &eager[1]));
        let two = || pair(&starts[0], &starts[1]);
        check(&case, "under vmap", &run(two(), ensemble, &x), &both, &mut faults);
        check(&case, "under scan", &run(two(), looped, &x), &both, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn optimizers_in_f32() {
    optimizers(0);
}

#[test]
fn optimizers_in_bf16() {
    optimizers(1);
}

#[test]
fn optimizers_in_f16() {
    optimizers(2);
}
