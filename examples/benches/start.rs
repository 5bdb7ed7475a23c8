//! The start of a program: from the start of its process to the end of its first training step, with an empty
//! cache of compiled programs (cold) and with that of a start before (warm), each in a process of its own.
//!
//! `cargo bench --bench start -- [--runs N] [--json FILE]`

#[path = "../mnist/model.rs"]
mod model;

use model::{Cnn, train_step};
use nnx::nn::{
    Embed, LayerNorm, Linear, MultiHeadAttention, MultiHeadAttentionOptions, gelu, relu,
};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{Adam, AdamW, Optimizer, adam, adamw};
use nnx::random::Rngs;
use nnx::train::{Accuracy, Average};
use nnx::xla::{Client, cache_stats};
use nnx::{Array, DType, Module, array, value_and_grad};
use nnx_examples::Metrics;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The argument of a child: the model, and when its process was started.
const CHILD: &str = "--child";
const MODELS: [&str; 3] = ["mlp", "mnist", "gpt"];
/// Steps whose time is taken after the first.
const STEPS: usize = 20;
const WIDTH: usize = 64;
const BATCH: usize = 64;

#[derive(Module)]
struct Mlp {
    layers: Vec<Linear>,
}

#[nnx::jit(graph = false)]
fn mlp_step(model: &mut Mlp, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) -> Array {
    let loss = |model: &mut Mlp| {
        let (last, hidden) = model.layers.split_last().expect("there are 32 layers");
        let h = hidden.iter().fold(x.clone(), |h, layer| relu(&layer.forward(&h)));
        (last.forward(&h) - y).square().mean(..)
    };
    let (loss, grads) = value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

/// A transformer of twelve layers.
#[derive(Module)]
struct Gpt {
    embed: Embed,
    blocks: Vec<Block>,
    head: Linear,
}

#[derive(Module)]
struct Block {
    norms: [LayerNorm; 2],
    attention: MultiHeadAttention,
    up: Linear,
    down: Linear,
}

impl Gpt {
    const FEATURES: usize = 128;
    const TOKENS: usize = 256;

    fn new(rngs: &mut Rngs) -> Self {
        let n = Gpt::FEATURES;
        let block = |_| Block {
            norms: [LayerNorm::new(n, rngs), LayerNorm::new(n, rngs)],
            attention: MultiHeadAttention::new(4, n, rngs),
            up: Linear::new(n, 4 * n, rngs),
            down: Linear::new(4 * n, n, rngs),
        };
        let blocks = (0..12).map(block).collect();
        Gpt {
            embed: Embed::new(Gpt::TOKENS, n, rngs),
            blocks,
            head: Linear::new(n, Gpt::TOKENS, rngs),
        }
    }

    /// i32 `[n, length]` to logits f32 `[n, length, TOKENS]`.
    fn forward(&mut self, tokens: &Array) -> Array {
        let x = self.blocks.iter_mut().fold(self.embed.forward(tokens), |x, block| {
            let causal = MultiHeadAttentionOptions::new().is_causal(true);
            let x = &x + block.attention.forward_with(block.norms[0].forward(&x), causal);
            &x + block.down.forward(gelu(&block.up.forward(block.norms[1].forward(&x))))
        });
        self.head.forward(&x)
    }
}

#[nnx::jit(graph = false)]
fn gpt_step(model: &mut Gpt, opt: &mut Optimizer<AdamW>, tokens: &Array) -> Array {
    let loss = |model: &mut Gpt| {
        softmax_cross_entropy_with_integer_labels(model.forward(tokens), tokens).mean(..)
    };
    let (loss, grads) = value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

/// The things that a child measures, in milliseconds but for the last three.
const COLUMNS: [&str; 9] = [
    "total",
    "client",
    "model",
    "optimizer",
    "first step",
    "step",
    "loaded",
    "compiled",
    "peak MB",
];
type Row = [f64; COLUMNS.len()];

struct Clock(Instant);

impl Clock {
    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        (now - std::mem::replace(&mut self.0, now)).as_secs_f64() * 1e3
    }
}

/// Starts a training and prints a [`Row`].
fn child(model: &str, started_nanos: u128) -> Result<(), Box<dyn Error>> {
    let before = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() - started_nanos;
    let mut clock = Clock(Instant::now());
    Client::global()?;
    // With what came before `main`.
    let client = clock.lap() + before as f64 * 1e-6;
    let mut rngs = Rngs::new(0);
    let (made, optimizer, mut step): (f64, f64, Box<dyn FnMut() -> Array>);
    if model == MODELS[0] {
        let layers = (0..32).map(|_| Linear::new(WIDTH, WIDTH, &mut rngs)).collect();
        let mut model = Mlp { layers };
        made = clock.lap();
        let mut opt = Optimizer::new(&model, adam(1e-3));
        optimizer = clock.lap();
        let x = Array::from_slice(&vec![0.5_f32; BATCH * WIDTH], [BATCH, WIDTH]);
        step = Box::new(move || mlp_step(&mut model, &mut opt, &x, &x));
    } else if model == MODELS[2] {
        let mut model = Gpt::new(&mut rngs);
        made = clock.lap();
        let mut opt = Optimizer::new(&model, adamw(1e-3));
        optimizer = clock.lap();
        let tokens = array::zeros([8, 64], DType::I32);
        step = Box::new(move || gpt_step(&mut model, &mut opt, &tokens));
    } else {
        let mut model = Cnn::new(28, 28, &mut rngs);
        made = clock.lap();
        let mut opt = Optimizer::new(&model, adamw(5e-3));
        optimizer = clock.lap();
        let mut metrics = Metrics { loss: Average::new(), accuracy: Accuracy::new() };
        let x = Array::from_slice(&vec![127_u8; BATCH * 784], [BATCH, 28, 28, 1]);
        let labels = array::zeros([BATCH], DType::I32);
        step = Box::new(move || train_step(&mut model, &mut opt, &mut metrics, &x, &labels));
    }
    step().block_until_ready()?;
    let first = clock.lap();
    let stats = cache_stats()?;
    let mut later = Vec::new();
    for _ in 0..STEPS {
        step().block_until_ready()?;
        later.push(clock.lap());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|n| n.trim().trim_end_matches(" kB").parse::<f64>().ok());
    let total = client + made + optimizer + first;
    let (loaded, compiled) = (stats.loaded as f64, stats.compiled as f64);
    let peak = peak.unwrap_or(0.0) / 1024.0;
    let row: Row =
        [total, client, made, optimizer, first, median(&mut later), loaded, compiled, peak];
    println!("{}", row.map(|n| n.to_string()).join(" "));
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs a child with this cache.
fn start(model: &str, cache: &Path) -> Result<Row, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env("NNX_CACHE", cache).args([CHILD, model]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let output = command.arg(now.to_string()).output()?;
    let (text, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let numbers: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    match Row::try_from(numbers.unwrap_or_default()) {
        Ok(row) if output.status.success() => Ok(row),
        _ => Err(format!("a start of {model} failed: {text}{error}").into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut json, mut runs) = (None, 5);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            CHILD => return child(&value()?, value()?.parse()?),
            "--json" => json = Some(std::fs::File::create(value()?)?),
            "--runs" => runs = value()?.parse::<usize>()?.max(1),
            _ => {}
        }
    }
    println!("medians of {runs} starts: milliseconds; programs loaded and compiled; peak memory");
    print!("{:>6} {:>5}", "model", "cache");
    COLUMNS.iter().for_each(|column| print!(" {column:>10}"));
    println!();
    for model in MODELS {
        let (mut cold, mut warm) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let folder = tempfile::tempdir()?;
            cold.push(start(model, folder.path())?);
            warm.push(start(model, folder.path())?);
        }
        for (cache, rows) in [("cold", &cold), ("warm", &warm)] {
            print!("{model:>6} {cache:>5}");
            let column = |i: usize| median(&mut rows.iter().map(|row| row[i]).collect::<Vec<_>>());
            (0..COLUMNS.len()).for_each(|i| print!(" {:>10.1}", column(i)));
            println!();
            let Some(json) = &mut json else { continue };
            for (i, variant) in COLUMNS[..6].iter().enumerate() {
                writeln!(
                    json,
                    "{{\"bench\":\"start\",\"case\":\"{model} {cache}\",\"variant\":\"{variant}\",\
                     \"median_us\":{:.0}}}",
                    column(i) * 1e3
                )?;
            }
        }
    }
    Ok(())
}
