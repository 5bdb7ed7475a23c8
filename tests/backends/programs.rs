//! The programs that both backends compute.

use super::points::{point, whole};
use super::probe::Probe;
use super::probes::groups;
use super::results::Results;
use nnx::array::stack;
use nnx::nn::{BatchNorm, Conv, Dropout, LayerNorm, Linear, gelu};
use nnx::optim::{AdamW, Optimizer, adamw};
use nnx::random::{Rngs, key, normal, uniform};
use nnx::{
    Array, DType, Module, cond, grad, hessian, jvp, remat, scan, value_and_grad, vmap, while_loop,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Dtypes that take different ways through a compiler.
const DTYPES: [DType; 9] = [
    DType::F32,
    DType::F64,
    DType::F16,
    DType::BF16,
    DType::C64,
    DType::I32,
    DType::U8,
    DType::I64,
    DType::Bool,
];

/// The dtypes of [`DTYPES`] that a program is compiled for: of the short floats one, as the name has it, and of the
/// integers one if the function converts them all to floats, which is one way through a compiler.
fn dtypes(probe: &Probe) -> Vec<DType> {
    let all: &[DType] = if SLOW.contains(&probe.name) { &COMPUTED } else { &DTYPES };
    let other = if probe.name.len().is_multiple_of(2) { DType::BF16 } else { DType::F16 };
    let mut dtypes: Vec<DType> =
        all.iter().copied().filter(|&d| d != other && probe.takes(d)).collect();
    let results = |dtype| {
        let args = arguments(probe, dtype);
        nnx::eval_shape(|x: &Vec<Array>| (probe.call)(x), &args)
    };
    if dtypes.contains(&DType::I32) && results(DType::I32).iter().all(|y| y.dtype().is_float()) {
        dtypes.retain(|dtype| !matches!(dtype, DType::U8 | DType::I64 | DType::Bool));
    }
    dtypes
}

/// Functions that take seconds to compile in each dtype. They compute in these, and convert the others to f32.
const SLOW: [&str; 7] =
    ["eig", "eig_left_right", "schur", "rsf2csf", "sqrtm", "funm", "solve_sylvester"];
const COMPUTED: [DType; 3] = [DType::F32, DType::F64, DType::C64];

/// One program per public function: its results for every dtype that it takes, and the gradient in
/// single precision if it has one.
#[nnx::jit(graph = false)]
fn call(
    x: &Vec<Vec<Array>>,
    group: usize,
    probe: usize,
    gradient: bool,
) -> Result<Vec<Vec<Array>>, nnx::Error> {
    let probe = &groups()[group].1[probe];
    let mut results: Vec<Vec<Array>> = x.iter().map(|x| (probe.call)(x)).collect();
    if gradient {
        results.push(grad(|x: &Vec<Array>| total(probe, x), &x[0]));
    }
    Ok(results)
}

fn total(probe: &Probe, x: &[Array]) -> Array {
    let floats = (probe.call)(x).into_iter().filter(|y| y.dtype().is_float());
    floats.fold(Array::scalar(0.0_f32), |sum, y| sum + y.square().sum(..).astype(DType::F32))
}

pub(crate) fn functions(results: &mut Results) {
    let mut failed = Vec::new();
    for (group, (kind, probes)) in groups().into_iter().enumerate() {
        for (index, probe) in probes.iter().enumerate() {
            let dtypes = dtypes(probe);
            let args: Vec<Vec<Array>> = dtypes.iter().map(|&d| arguments(probe, d)).collect();
            let differentiable = dtypes.first() == Some(&DType::F32)
                && catch_unwind(AssertUnwindSafe(|| {
                    nnx::eval_shape(
                        |x: &Vec<Array>| grad(|x: &Vec<Array>| total(probe, x), x),
                        &args[0],
                    )
                }))
                .is_ok();
            let name = format!("{}.{index}", probe.name);
            match call(&args, group, index, differentiable) {
                Ok(outs) => {
                    let of = dtypes.iter().map(DType::to_string).chain(["gradient".into()]);
                    for (of, outs) in of.zip(&outs) {
                        let outs = outs.iter().enumerate();
                        outs.for_each(|(i, y)| results.keep(kind, &name, &format!("{of}.{i}"), y));
                    }
                }
                Err(error) => failed.push(format!("{name}: {error}")),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn arguments(probe: &Probe, dtype: DType) -> Vec<Array> {
    if dtype.is_inexact() {
        point(probe).iter().map(|x| x.astype(dtype)).collect()
    } else {
        whole(probe, dtype)
    }
}

fn looped(x: &Array) -> Array {
    let step = |c: Array, x: &Array| ((&c * x).sin() + x, c * 0.5);
    let (carry, ys) = scan(step, Array::scalar(0.3_f32), x);
    carry + ys.sum(..)
}

fn halved(x: &Array) -> Array {
    while_loop(|x: &Array| x.abs().max(..).gt(0.1), |x: Array| x * 0.5, x.clone())
}

fn branched(x: &Array) -> Array {
    cond(&x.sum(..).gt(0.0), |x: &Array| x.exp(), |x: &Array| -x, x)
}

#[nnx::jit(graph = false)]
fn composed(x: &Array) -> Vec<Array> {
    let recomputed = |x: &Array| remat(|x: &Array| looped(x), x);
    vec![
        looped(x),
        grad(|x: &Array| looped(x), x),
        hessian(|x: &Array| looped(x), x),
        jvp(|x: &Array| looped(x), x, x).1,
        grad(recomputed, x),
        halved(x),
        branched(x),
        vmap(|x: &Array| branched(x), &stack([x, &-x], 0), 0),
        vmap(|x: &Array| halved(x), &stack([x, &(x * 10.0)], 0), 0),
        x.sort(-1),
        x.cumsum(0),
    ]
}

#[nnx::jit(graph = false)]
fn random() -> Vec<Array> {
    let key = key(7);
    vec![uniform(&key, [300], DType::F32), normal(&key, [4, 5], DType::F32)]
}

pub(crate) fn compositions(results: &mut Results) {
    let x = Array::from_slice(&[0.9_f32, -0.4, 0.25, 1.3], [4]);
    for (i, y) in composed(&x).iter().enumerate() {
        results.keep("compositions", &format!("composed.{i}"), "0", y);
    }
    for (i, y) in random().iter().enumerate() {
        results.keep("compositions", &format!("random.{i}"), "0", y);
    }
}

#[derive(Module)]
struct Net {
    conv: Conv,
    batch_norm: BatchNorm,
    dropout: Dropout,
    norm: LayerNorm,
    out: Linear,
}

impl Net {
    fn forward(&mut self, x: &Array) -> Array {
        let x = gelu(&self.batch_norm.forward(&self.conv.forward(x)));
        let x = x.reshape([x.shape()[0] as isize, -1]);
        self.out.forward(&self.norm.forward(&self.dropout.forward(&x)))
    }
}

#[nnx::jit(graph = false)]
fn train_step(net: &mut Net, optimizer: &mut Optimizer<AdamW>, x: &Array, y: &Array) -> Array {
    let (loss, grads) =
        value_and_grad(|net: &mut Net| (net.forward(x) - y).square().mean(..), &mut *net);
    optimizer.update(net, &grads);
    loss
}

/// Ten steps of training, with state that is updated in place.
pub(crate) fn training(results: &mut Results) {
    let mut rngs = Rngs::new(0);
    let mut net = Net {
        // A bias before the normalization has rounding errors for a gradient, which Adam magnifies.
        conv: Conv::builder(1, 4, [3, 3]).use_bias(false).build(&mut rngs),
        batch_norm: BatchNorm::new(4, &mut rngs),
        dropout: Dropout::new(0.1, &mut rngs),
        norm: LayerNorm::new(4 * 36, &mut rngs),
        out: Linear::new(4 * 36, 2, &mut rngs),
    };
    let mut optimizer = Optimizer::new(&net, adamw(1e-3));
    let x = normal(&key(1), [8, 6, 6, 1], DType::F32);
    let y = uniform(&key(2), [8, 2], DType::F32);
    for step in 0..10 {
        let loss = train_step(&mut net, &mut optimizer, &x, &y);
        results.keep("training", "loss", &step.to_string(), &loss);
    }
    for (i, (_, leaf)) in nnx::state(&net).iter().enumerate() {
        if leaf.value.dtype().is_float() {
            results.keep("training", "state", &i.to_string(), &leaf.value);
        }
    }
}
