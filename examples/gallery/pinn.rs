//! A physics-informed network (Raissi, Perdikaris and Karniadakis, 2019): the solution of Burgers' equation
//! u_t + u u_x = v u_xx, which makes a steep front of a smooth wave, without a solver and without data. The network is
//! trained until its own derivatives satisfy the equation.
//!
//! `cargo xtask example pinn` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::{linspace, stack};
use nnx::nn::{Linear, tanh};
use nnx::optim::{Adam, Optimizer, adam, cosine_decay_schedule};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::{Array, DType, Module, grad, over, scan, value_and_grad, vmap};
use nnx_examples::{About, Length, Options, Outcome, Run};
use std::f64::consts::PI;

pub(crate) const ABOUT: About = About {
    name: "pinn",
    purpose: "Solves Burgers' equation by a network whose derivatives satisfy it.",
    examples: "Points",
    data: None,
    length: Length::Steps(6000),
    batch_size: 512,
    learning_rate: 3e-3,
    flags: &[],
};

/// v in the equation.
const VISCOSITY: f64 = 0.02 / PI;
const WIDTH: usize = 32;
/// Steps in one call of the jitted function.
const IN_A_CALL: usize = 100;

#[derive(Module)]
struct Net {
    input: Linear,
    hidden: [Linear; 3],
    output: Linear,
}

impl Net {
    fn new(rngs: &mut Rngs) -> Self {
        Net {
            input: Linear::new(2, WIDTH, rngs),
            hidden: std::array::from_fn(|_| Linear::new(WIDTH, WIDTH, rngs)),
            output: Linear::new(WIDTH, 1, rngs),
        }
    }

    /// u at the time t from 0 to 1 and the place x from -1 to 1, f32 `[]` each. Whatever the parameters are, it begins
    /// as -sin(pi x), and is 0 at both ends.
    fn u(&self, t: &Array, x: &Array) -> Array {
        let h = tanh(&self.input.forward(stack([t, x], 0)));
        let h = self.hidden.iter().fold(h, |h, layer| tanh(&layer.forward(&h)));
        t * (1.0 - x.square()) * self.output.forward(&h).reshape([0_isize; 0]) - (x * PI).sin()
    }

    /// By how much the equation is not satisfied at a point.
    fn residual(&self, t: &Array, x: &Array) -> Array {
        let (u, (u_t, u_x)) = value_and_grad(|(t, x): (&Array, &Array)| self.u(t, x), (t, x));
        let u_xx = grad(|x: &Array| grad(|x: &Array| self.u(t, x), x), x);
        u_t + u * u_x - VISCOSITY * u_xx
    }
}

/// Steps on points that are new for each, in one program. Returns the loss of the last one.
#[nnx::jit(graph = false)]
fn train_steps(
    net: &mut Net,
    optimizer: &mut Optimizer<Adam>,
    draws: &mut RngStream,
    points: usize,
    steps: usize,
) -> Array {
    let step = |(), (net, optimizer, key): (&mut Net, &mut Optimizer<Adam>, &Key)| {
        let [times, places] = random::split(key, 2).unstack();
        let t = random::uniform(&times, [points], DType::F32);
        let x = random::uniform_range(&places, [points], -1.0, 1.0, DType::F32);
        let (loss, grads) = value_and_grad(
            |net: &Net| {
                let residual = |(t, x): (&Array, &Array)| net.residual(t, x);
                vmap(residual, (&t, &x), 0).square().mean(..)
            },
            &*net,
        );
        optimizer.update(net, &grads);
        ((), loss)
    };
    let keys = random::split(&draws.next_key(), steps);
    // Those that are not sliced are carried from step to step.
    let inputs = over((net, optimizer, &keys)).in_axes((None, None, 0));
    let ((), losses) = scan(step, (), inputs);
    losses.at(-1).get()
}

/// u at one time and many places, f32 `[n]`.
#[nnx::jit(graph = false)]
fn solution(net: &Net, t: &Array, x: &Array) -> Array {
    vmap(|x: &Array| net.u(t, x), x, 0)
}

/// u by the formula of Cole and Hopf, whose integrals are sums here.
fn exact(t: f64, x: f64) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for i in -400..=400 {
        let z = f64::from(i) / 80.0;
        let y = x - (4.0 * VISCOSITY * t).sqrt() * z;
        let weight = (-z * z - (PI * y).cos() / (2.0 * PI * VISCOSITY)).exp();
        above -= weight * (PI * y).sin();
        below += weight;
    }
    above / below
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let mut rngs = Rngs::new(run.seed);
    let mut net = Net::new(&mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let rate = cosine_decay_schedule(run.learning_rate, run.steps as i32, 0.0);
    let mut optimizer = Optimizer::new(&net, adam(rate));
    let in_a_call = IN_A_CALL.min(run.steps);
    for step in (in_a_call - 1..run.steps).step_by(in_a_call) {
        let loss = train_steps(&mut net, &mut optimizer, &mut draws, run.batch_size, in_a_call);
        if run.is_due(step) || step + 1 == in_a_call {
            run.line(step, &[("loss", &loss)])?;
        }
    }

    let x = linspace(-1.0, 1.0, 201, DType::F32);
    let places = x.try_to_vec::<f32>()?;
    println!("{:>5} {:>22}", "time", "error relative to u");
    let mut lines = Vec::new();
    for t in [0.25, 0.5, 0.75, 1.0] {
        let u = solution(&net, &Array::scalar(t as f32), &x).try_to_vec::<f32>()?;
        let truth: Vec<f32> = places.iter().map(|&x| exact(t, x.into()) as f32).collect();
        let norm =
            |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
        let wrong = norm(&mut u.iter().zip(&truth).map(|(u, truth)| u - truth));
        println!("{t:>5} {:>22.5}", wrong / norm(&mut truth.iter().copied()));
        let points = |u: Vec<f32>| places.iter().copied().zip(u).collect::<Vec<_>>();
        lines.push((format!("t = {t}"), points(u)));
        if t == 1.0 {
            lines.push(("t = 1, exact".to_owned(), points(truth)));
        }
    }
    run.curves("solution.png", "u of x", &lines)?;
    run.summary();
    Ok(())
}
