//! Model-agnostic meta-learning (Finn, Abbeel and Levine, 2017): a network that learns a sine wave from ten of its
//! points in a few steps of gradient descent. What is trained is where those steps start; so each step of training
//! takes the gradient through steps of an optimizer.
//!
//! `cargo xtask example maml` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::linspace;
use nnx::nn::{Linear, relu};
use nnx::optim::{Adam, Optimizer, adam, sgd};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::{Array, DType, Module, grad, value_and_grad, vmap};
use nnx_examples::{About, Length, Options, Outcome, Run};
use std::f64::consts::PI;

pub(crate) const ABOUT: About = About {
    name: "maml",
    purpose: "Learns to learn a sine wave from ten points.",
    examples: "Tasks",
    data: None,
    length: Length::Steps(10_000),
    batch_size: 25,
    learning_rate: 1e-3,
    flags: &[],
};

const HIDDEN: usize = 40;
/// How many points of a wave are given, and how many others are asked for.
const POINTS: usize = 10;
/// The rate of the steps that adapt the network to a wave.
const RATE: f64 = 0.01;

#[derive(Module)]
struct Net {
    input: Linear,
    hidden: Linear,
    output: Linear,
}

impl Net {
    fn new(rngs: &mut Rngs) -> Self {
        Net {
            input: Linear::new(1, HIDDEN, rngs),
            hidden: Linear::new(HIDDEN, HIDDEN, rngs),
            output: Linear::new(HIDDEN, 1, rngs),
        }
    }

    /// f32 `[n, 1]` to f32 `[n, 1]`.
    fn forward(&self, x: &Array) -> Array {
        self.output.forward(relu(&self.hidden.forward(relu(&self.input.forward(x)))))
    }

    /// The mean squared error on the points x and y, f32 `[n, 1]` each.
    fn loss(&self, x: &Array, y: &Array) -> Array {
        (self.forward(x) - y).square().mean(..)
    }

    /// The network after so many steps of gradient descent on the points.
    fn adapted(&self, x: &Array, y: &Array, steps: usize) -> Net {
        let mut net = nnx::clone(self);
        let mut optimizer = Optimizer::new(&net, sgd(RATE));
        for _ in 0..steps {
            let grads = grad(|net: &Net| net.loss(x, y), &net);
            optimizer.update(&mut net, &grads);
        }
        net
    }
}

/// Points of many waves, f32 `[tasks, POINTS, 1]` each.
#[derive(Module)]
struct Tasks {
    x: Array,
    y: Array,
    /// Others of the same waves.
    asked_x: Array,
    asked_y: Array,
}

impl Tasks {
    /// Waves of heights from 0.1 to 5 and any phase, with points from -5 to 5.
    fn draw(key: &Key, tasks: usize) -> Self {
        let [height, phase, x, asked_x] = random::split(key, 4).unstack();
        let draw = |key: &Key, points: usize, low: f64, high: f64| {
            random::uniform_range(key, [tasks, points, 1], low, high, DType::F32)
        };
        let (height, phase) = (draw(&height, 1, 0.1, 5.0), draw(&phase, 1, 0.0, PI));
        let (x, asked_x) = (draw(&x, POINTS, -5.0, 5.0), draw(&asked_x, POINTS, -5.0, 5.0));
        let wave = |x: &Array| &height * (x - &phase).sin();
        Tasks { y: wave(&x), asked_y: wave(&asked_x), x, asked_x }
    }

    /// The mean error at the points that are asked for, after so many steps on the others.
    fn loss(&self, net: &Net, steps: usize) -> Array {
        let loss =
            |task: &Tasks| net.adapted(&task.x, &task.y, steps).loss(&task.asked_x, &task.asked_y);
        vmap(loss, self, 0).mean(..)
    }
}

/// One step of training, on waves that are new.
#[nnx::jit(graph = false)]
fn train_step(
    net: &mut Net,
    optimizer: &mut Optimizer<Adam>,
    draws: &mut RngStream,
    tasks: usize,
) -> Array {
    let tasks = Tasks::draw(&draws.next_key(), tasks);
    let (loss, grads) = value_and_grad(|net: &Net| tasks.loss(net, 1), &*net);
    optimizer.update(net, &grads);
    loss
}

/// The mean errors on 500 waves after no step, one step and ten steps.
#[nnx::jit(graph = false)]
fn test(net: &Net) -> [Array; 3] {
    let tasks = Tasks::draw(&random::key(1), 500);
    [0, 1, 10].map(|steps| tasks.loss(net, steps))
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let mut rngs = Rngs::new(run.seed);
    let mut net = Net::new(&mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let mut optimizer = Optimizer::new(&net, adam(run.learning_rate));
    for step in 0..run.steps {
        let loss = train_step(&mut net, &mut optimizer, &mut draws, run.batch_size);
        if run.is_due(step) {
            let [before, one, ten] = test(&net);
            let figures =
                [("loss", &loss), ("before", &before), ("one_step", &one), ("ten_steps", &ten)];
            run.line(step, &figures)?;
        }
    }

    let task = Tasks::draw(&random::key(2), 1);
    let (x, y) = (task.x.squeeze(0), task.y.squeeze(0));
    let places = linspace(-5.0, 5.0, 200, DType::F32).reshape([200, 1]);
    let at = places.try_to_vec::<f32>()?;
    let mut lines = Vec::new();
    for steps in [0, 1, 10] {
        let wave = net.adapted(&x, &y, steps).forward(&places).try_to_vec::<f32>()?;
        lines.push((format!("{steps} steps"), at.iter().copied().zip(wave).collect()));
    }
    let mut given: Vec<_> =
        x.try_to_vec::<f32>()?.into_iter().zip(y.try_to_vec::<f32>()?).collect();
    given.sort_by(|a, b| a.0.total_cmp(&b.0));
    lines.push(("given points".to_owned(), given));
    run.curves("wave.png", "A wave, learned from ten points", &lines)?;
    run.summary();
    Ok(())
}
