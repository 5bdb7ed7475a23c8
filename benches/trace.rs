//! The cost of making a program, without compiling it: tracing, differentiating and lowering a
//! chain of operations and a training step of a multilayer perceptron of Modules. Time per
//! operation must not grow with the program.
//!
//! `cargo bench --bench trace -- [--json FILE]`

use nnx::jit::lower;
use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::{Array, DType, Module, Param, grad, make_graph};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

const WIDTH: usize = 64;
const BATCH: usize = 32;

/// Trace and lower of the same step in JAX 0.10.2, milliseconds by number of layers: medians of
/// seven, four and two runs on two virtual CPUs with nothing else to do.
const JAX: [(usize, f64, f64); 3] = [(4, 26.0, 13.0), (32, 115.0, 40.0), (128, 424.0, 135.0)];

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Param,
}

#[derive(Module)]
struct Mlp {
    layers: Vec<Linear>,
}

fn array(shape: &[usize]) -> Array {
    Array::shape_only(shape, DType::F32)
}

fn mlp(layers: usize) -> Mlp {
    let zeros = |shape: &[usize]| Param::new(nnx::array::zeros(shape, DType::F32));
    let linear = |_| Linear { kernel: zeros(&[WIDTH, WIDTH]), bias: zeros(&[WIDTH]) };
    Mlp { layers: (0..layers).map(linear).collect() }
}

#[nnx::jit(graph = false)]
fn train_step(model: &mut Mlp, opt: &mut Optimizer<Sgd>, x: &Array, y: &Array) -> Array {
    let loss = |model: &mut Mlp| {
        let mut h = x.clone();
        let last = model.layers.len() - 1;
        for (i, layer) in model.layers.iter().enumerate() {
            h = h.matmul(&*layer.kernel) + &layer.bias;
            if i < last {
                h = nnx::nn::relu(&h);
            }
        }
        (h - y).square().mean(..)
    };
    let (loss, grads) = nnx::value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

fn chain(x: &Array, ops: usize) -> Array {
    let mut y = x.clone();
    for _ in 0..ops / 2 {
        y = (&y * x).sin();
    }
    y.sum(..)
}

#[nnx::jit(graph = false)]
fn value(x: &Array, ops: usize) -> Array {
    chain(x, ops)
}

/// Milliseconds, the median of `rounds`.
fn time<R>(rounds: usize, mut f: impl FnMut() -> R) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            black_box(f());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

struct Report(Option<std::fs::File>);

impl Report {
    /// One line of the file; `ratio` is to JAX, 0 where there is no figure of it.
    fn line(&mut self, case: &str, variant: &str, micros: f64, ratio: f64) -> std::io::Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        writeln!(
            file,
            "{{\"bench\":\"trace\",\"case\":\"{case}\",\"variant\":\"{variant}\",\
             \"median_us\":{micros:.3},\"ratio\":{ratio:.4}}}"
        )
    }
}

fn rounds(size: usize) -> usize {
    (3000 / size).clamp(3, 21)
}

fn chains(report: &mut Report) -> Result<(), Box<dyn Error>> {
    println!("chain of operations: microseconds per operation of the chain");
    println!("{:>7} {:>9} {:>17} {:>9}", "ops", "trace", "trace and grad", "lower");
    let x = array(&[8]);
    for ops in [100, 1000, 10_000] {
        let n = rounds(ops);
        let trace = time(n, || make_graph(|x: &Array| chain(x, ops), &x));
        let both = time(n, || make_graph(|x: &Array| grad(|x: &Array| chain(x, ops), x), &x));
        let lowered = lower(|| value(&x, ops))?;
        let text = time(n, || lowered.stablehlo());
        let [trace, both, text] = [trace, both, text].map(|ms| ms * 1e3 / ops as f64);
        println!("{ops:>7} {trace:>9.3} {both:>17.3} {text:>9.3}");
        let case = format!("ops={ops}");
        for (variant, micros) in [("trace", trace), ("trace_grad", both), ("lower", text)] {
            report.line(&case, variant, micros, 0.0)?;
        }
    }
    Ok(())
}

fn nets(report: &mut Report) -> Result<(), Box<dyn Error>> {
    println!("\ntraining step of an MLP (gradient, SGD with momentum): milliseconds, beside JAX");
    println!("{:>7} {:>9} {:>9} {:>9} {:>9}", "layers", "trace", "JAX", "lower", "JAX");
    let (x, y) = (array(&[BATCH, WIDTH]), array(&[BATCH, WIDTH]));
    for layers in [4, 32, 128, 1000] {
        let mut model = mlp(layers);
        let mut opt = Optimizer::new(&model, sgd(1e-3).momentum(Some(0.9)));
        let n = rounds(layers * 10);
        let mut traced = || lower(|| train_step(&mut model, &mut opt, &x, &y));
        let lowered = traced()?;
        let trace = time(n, &mut traced);
        let text = time(n, || lowered.stablehlo());
        let jax = JAX.iter().find(|(l, ..)| *l == layers);
        let show = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| format!("{ms:.0}"));
        let (jax_trace, jax_text) = (jax.map(|j| j.1), jax.map(|j| j.2));
        println!(
            "{layers:>7} {trace:>9.2} {:>9} {text:>9.2} {:>9}",
            show(jax_trace),
            show(jax_text)
        );
        let case = format!("layers={layers}");
        for (variant, ms, jax) in [("trace", trace, jax_trace), ("lower", text, jax_text)] {
            report.line(&case, variant, ms * 1e3, jax.map_or(0.0, |jax| ms / jax))?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut json = None;
    while let Some(arg) = args.next() {
        if arg == "--json" {
            json = Some(std::fs::File::create(args.next().ok_or("--json needs a file")?)?);
        }
    }
    let mut report = Report(json);
    chains(&mut report)?;
    nets(&mut report)
}
