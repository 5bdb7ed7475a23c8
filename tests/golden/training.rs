//! A whole training run: 60 jitted steps in tree mode.

use super::reference::Case;
use super::state::{start, variables};
use super::{Outputs, Run};
use nnx::array::stack;
use nnx::jit::assert_max_traces;
use nnx::nn::{BatchNorm, Dropout, Linear, relu};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{AdamW, Optimizer, adamw};
use nnx::random::Rngs;
use nnx::{Array, Module, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "mlp_bn_dropout_adamw" => run,
        _ => return None,
    })
}

#[derive(Module)]
struct Mlp {
    linear1: Linear,
    bn: BatchNorm,
    dropout: Dropout,
    linear2: Linear,
}

impl Mlp {
    fn new(rngs: &mut Rngs) -> Self {
        Mlp {
            linear1: Linear::new(16, 32, rngs),
            bn: BatchNorm::new(32, rngs),
            dropout: Dropout::new(0.2, rngs),
            linear2: Linear::new(32, 4, rngs),
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let x = self.bn.forward(self.linear1.forward(x));
        self.linear2.forward(relu(&self.dropout.forward(&x)))
    }
}

#[nnx::jit(graph = false)]
fn step(model: &mut Mlp, opt: &mut Optimizer<AdamW>, x: &Array, t: &Array) -> Array {
    let (loss, grads) = value_and_grad(
        |model: &mut Mlp| softmax_cross_entropy_with_integer_labels(model.forward(x), t).mean(..),
        &mut *model,
    );
    opt.update(model, &grads);
    loss
}

fn run(case: &Case) -> Outputs {
    let mut model = Mlp::new(&mut Rngs::new(case.seed));
    start(&mut model, case);
    let mut opt = Optimizer::new(&model, adamw(1e-2));
    let (xs, ts) = (case.input("x"), case.input("t"));
    let batches: Vec<(Array, Array)> =
        (0..20).map(|i| (xs.slice([i.into()]), ts.slice([i.into()]))).collect();
    let losses: Vec<Array> = assert_max_traces(1, || {
        batches.iter().cycle().take(60).map(|(x, t)| step(&mut model, &mut opt, x, t)).collect()
    });
    let after = variables(&model).into_iter();
    let mut outputs: Outputs = after.map(|(path, v)| (format!("after.state.{path}"), v)).collect();
    outputs.push(("out.losses".into(), stack(&losses, 0)));
    outputs
}
