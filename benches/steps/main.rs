//! Training steps of three models, each training in a process of its own: ours in tree mode and in graph mode and, where
//! NNX_PEERS_PYTHON is a Python that has them, the same model in `jax.jit` with its state donated, `nnx.jit` and
//! `nnx.jit(graph=False)`. All start from the same numbers, and the first losses must agree before anything is
//! timed. In each round every training takes as many steps in turn, in another order from round to round; a ratio is
//! the median over the rounds of ours / theirs.
//!
//! `cargo bench --bench steps -- [--models mlp,cnn,gpt] [--rounds N] [--seconds S] [--threads N] [--json FILE]`

mod cnn;
mod gpt;
mod mlp;
mod numbers;
mod task;
mod worker;

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use worker::{ARGUMENT, MODELS, OURS, PEERS, Worker};

const PYTHON: &str = "NNX_PEERS_PYTHON";
/// How far the first losses may be from ours, relative to ours. Rounding alone moves them by 1e-7, and those of the CNN by
/// 4e-5: a bias before a BatchNorm has no gradient but what rounding leaves, and Adam makes a whole step of that.
const TOLERANCE: f64 = 1e-4;

struct Settings {
    python: Option<OsString>,
    rounds: usize,
    seconds: f64,
    threads: usize,
}

/// Lower quartile, median and upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}

fn compare_losses(workers: &[Worker]) -> Result<f64, Box<dyn Error>> {
    let (ours, others) = workers.split_first().ok_or("there are no trainings")?;
    let mut largest = 0.0_f64;
    for other in others {
        if other.losses.len() != ours.losses.len() {
            return Err(format!("`{}` gave another number of losses", other.variant).into());
        }
        for (a, b) in ours.losses.iter().zip(&other.losses) {
            let difference = ((a - b) / a).abs();
            if difference.is_nan() || difference > TOLERANCE {
                return Err(format!(
                    "the first losses differ, so that times say nothing:\n{}: {:?}\n{}: {:?}",
                    ours.variant, ours.losses, other.variant, other.losses
                )
                .into());
            }
            largest = largest.max(difference);
        }
    }
    Ok(largest)
}

fn measure(
    model: &str,
    settings: &Settings,
    json: Option<&mut File>,
) -> Result<(), Box<dyn Error>> {
    let Settings { python, rounds, seconds, threads } = settings;
    let mut workers = Vec::new();
    for variant in OURS {
        workers.push(Worker::ours(model, variant, *threads)?);
    }
    if let Some(python) = python {
        for variant in PEERS {
            workers.push(Worker::peer(python, model, variant, *threads)?);
        }
    }
    let difference = compare_losses(&workers)?;
    let mut steps = 0;
    for worker in &mut workers {
        worker.take(3)?;
        // As many for all, by the time of the first.
        if steps == 0 {
            steps = (seconds / worker.take(5)?).ceil().max(1.0) as usize;
        }
        worker.take(steps)?;
    }
    for round in 0..*rounds {
        for i in 0..workers.len() {
            let turn = (round + i) % workers.len();
            let worker = &mut workers[turn];
            let time = worker.take(steps)?;
            worker.times.push(time);
        }
    }
    report(model, &workers, steps, difference, json)
}

fn report(
    model: &str,
    workers: &[Worker],
    steps: usize,
    difference: f64,
    mut json: Option<&mut File>,
) -> Result<(), Box<dyn Error>> {
    let rounds = workers[0].times.len();
    println!(
        "\n{model}: {rounds} rounds of {steps} steps; first losses differ by {difference:.0e}"
    );
    println!(
        "{:>10} {:>9} {:>22} {:>22} {:>9}",
        "", "ms/step", "tree / it", "graph / it", "peak MB"
    );
    for worker in workers {
        let [_, time, _] = quartiles(worker.times.clone());
        let ratio = |ours: usize| {
            let pairs = workers[ours].times.iter().zip(&worker.times);
            quartiles(pairs.map(|(ours, theirs)| ours / theirs).collect())
        };
        let [tree, graph] = [ratio(0), ratio(1)];
        let shown = |[low, middle, high]: [f64; 3]| format!("{middle:.3} [{low:.3}, {high:.3}]");
        let peak = worker.peak_memory();
        let peak_shown = peak.map_or("-".into(), |peak| format!("{peak:.0}"));
        println!(
            "{:>10} {:>9.3} {:>22} {:>22} {peak_shown:>9}",
            worker.variant,
            time * 1e3,
            shown(tree),
            shown(graph)
        );
        let Some(json) = &mut json else { continue };
        let peak = peak.map_or("null".into(), |peak| format!("{peak:.1}"));
        writeln!(
            json,
            "{{\"bench\":\"steps\",\"case\":\"{model}\",\"variant\":\"{}\",\"median_us\":{:.1},\
             \"tree_ratio\":{:.4},\"graph_ratio\":{:.4},\"peak_mb\":{peak},\"steps\":{steps},\
             \"rounds\":{rounds},\"versions\":\"{}\"}}",
            worker.variant,
            time * 1e6,
            tree[1],
            graph[1],
            worker.versions
        )?;
    }
    if let [_, _, peer, ..] = workers {
        println!("{}, {}", workers[0].versions, peer.versions);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let python = std::env::var_os(PYTHON).filter(|python| !python.is_empty());
    let mut settings = Settings { python, rounds: 15, seconds: 0.5, threads: 2 };
    let (mut json, mut models) = (None, MODELS.join(","));
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            ARGUMENT => return worker::work(&value()?, &value()?),
            "--json" => json = Some(File::create(value()?)?),
            "--models" => models = value()?,
            "--rounds" => settings.rounds = value()?.parse::<usize>()?.max(1),
            "--seconds" => settings.seconds = value()?.parse()?,
            "--threads" => settings.threads = value()?.parse()?,
            _ => {}
        }
    }
    if settings.python.is_none() {
        println!(
            "ours alone; for JAX and NNX beside it, set {PYTHON} to a Python that has them:\n  \
             python3 -m venv peers && peers/bin/pip install jax flax optax\n  \
             {PYTHON}=$PWD/peers/bin/python cargo xtask bench steps"
        );
    }
    for model in models.split(',') {
        measure(model, &settings, json.as_mut())?;
    }
    Ok(())
}
