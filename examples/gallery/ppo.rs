//! Proximal policy optimization (Schulman and others, 2017) of a cart that balances a pole (Barto, Sutton and
//! Anderson, 1983). The environment is written in arrays, so that a jitted function plays, judges and learns without
//! coming back to the host in between.
//!
//! `cargo xtask example ppo` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::{stack, where_};
use nnx::nn::{Linear, log_softmax, tanh};
use nnx::optim::{Adam, ClipByGlobalNorm, Optimizer, adam, clip_by_global_norm};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::{Array, DType, Module, over, scan, value_and_grad, vmap};
use nnx_examples::{About, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "ppo",
    purpose: "Learns to balance a pole on a cart by PPO, the environment in the program.",
    examples: "Environments",
    data: None,
    length: Length::Steps(80),
    batch_size: 32,
    learning_rate: 2.5e-3,
    flags: &[],
};

/// Moments that each environment is played between updates.
const HORIZON: usize = 128;
/// How often an update goes through what was played, and in how many parts.
const EPOCHS: usize = 4;
const PARTS: usize = 4;
/// How much the next moment counts, and how far the advantages look ahead.
const DISCOUNT: f64 = 0.99;
const LAMBDA: f64 = 0.95;
/// How far one update may take the odds of an action.
const CLIP: f64 = 0.2;
/// The longest episode.
const LONGEST: i32 = 500;

type Tx = (ClipByGlobalNorm, Adam);

/// Carts with poles, f32 `[n]` each. Angles are in radians.
#[derive(Module)]
struct Carts {
    place: Array,
    speed: Array,
    angle: Array,
    spin: Array,
    /// Moments since the start, i32 `[n]`.
    age: Array,
}

impl Carts {
    /// Carts that begin near the middle, with the pole nearly upright.
    fn start(key: &Key, n: usize) -> Self {
        let numbers = random::uniform_range(key, [n, 4], -0.05, 0.05, DType::F32);
        let [place, speed, angle, spin] = [0, 1, 2, 3].map(|i| numbers.at((.., i)).get());
        Carts { place, speed, angle, spin, age: nnx::array::zeros([n], DType::I32) }
    }

    /// f32 `[n, 4]`.
    fn seen(&self) -> Array {
        stack([&self.place, &self.speed, &self.angle, &self.spin], 1)
    }

    /// The carts 0.02 s later, pushed to the left by action 0 and to the right by 1; and which of them fell, left the
    /// track or came to the longest age, bool `[n]`: those begin anew.
    fn push(&self, action: &Array, key: &Key) -> (Carts, Array) {
        let force = where_(action.eq(1), 10.0, Array::scalar(-10_f32));
        let (sin, cos) = (self.angle.sin(), self.angle.cos());
        // A pole of 0.1 kg and 1 m on a cart of 1 kg.
        let push = (force + 0.05 * self.spin.square() * &sin) / 1.1;
        let turn = (9.8 * &sin - &cos * &push) / (0.5 * (4.0 / 3.0 - 0.1 * cos.square() / 1.1));
        let gain = push - 0.05 * &turn * &cos / 1.1;
        let moved = Carts {
            place: &self.place + 0.02 * &self.speed,
            speed: &self.speed + 0.02 * gain,
            angle: &self.angle + 0.02 * &self.spin,
            spin: &self.spin + 0.02 * turn,
            age: &self.age + 1,
        };
        let over = moved.place.abs().gt(2.4)
            | moved.angle.abs().gt(12_f64.to_radians())
            | moved.age.ge(LONGEST);
        let anew = Carts::start(key, over.shape()[0]);
        let carts = Carts {
            place: where_(&over, &anew.place, &moved.place),
            speed: where_(&over, &anew.speed, &moved.speed),
            angle: where_(&over, &anew.angle, &moved.angle),
            spin: where_(&over, &anew.spin, &moved.spin),
            age: where_(&over, &anew.age, &moved.age),
        };
        (carts, over)
    }
}

#[derive(Module)]
struct Mlp {
    layers: [Linear; 2],
    output: Linear,
}

impl Mlp {
    fn new(outputs: usize, rngs: &mut Rngs) -> Self {
        let layers = [Linear::new(4, 64, rngs), Linear::new(64, 64, rngs)];
        Mlp { layers, output: Linear::new(64, outputs, rngs) }
    }

    fn forward(&self, x: &Array) -> Array {
        self.output.forward(self.layers.iter().fold(x.clone(), |x, layer| tanh(&layer.forward(&x))))
    }
}

#[derive(Module)]
struct Agent {
    actor: Mlp,
    critic: Mlp,
}

impl Agent {
    /// The logarithms of the odds of both actions f32 `[n, 2]`, and the rewards still to come f32 `[n]`.
    fn judge(&self, seen: &Array) -> (Array, Array) {
        (log_softmax(self.actor.forward(seen), -1), self.critic.forward(seen).squeeze(-1))
    }
}

/// A moment of play, `[n]` each but for `seen`. Stacked by `scan` there is an axis for the time in front.
#[derive(Module)]
struct Moment {
    seen: Array,
    action: Array,
    odds: Array,
    /// The rewards that the agent expected, then those that it should have; and by how much the action was better than expected.
    value: Array,
    advantage: Array,
    over: Array,
    age: Array,
}

impl Moment {
    fn each(&self, f: impl Fn(&Array) -> Array) -> Moment {
        let Moment { seen, action, odds, value, advantage, over, age } = self;
        let [seen, action, odds] = [seen, action, odds].map(&f);
        let [value, advantage, over, age] = [value, advantage, over, age].map(&f);
        Moment { seen, action, odds, value, advantage, over, age }
    }

    /// The objective that is minimized, f32 `[]`.
    fn loss(&self, agent: &Agent) -> Array {
        let (odds, value) = agent.judge(&self.seen);
        let entropy = -(odds.exp() * &odds).sum(-1).mean(..);
        let odds = chosen(&odds, &self.action);
        let ratio = (odds - &self.odds).exp();
        let advantage = &self.advantage - self.advantage.mean(..);
        let advantage = &advantage / (advantage.square().mean(..).sqrt() + 1e-8);
        let kept = ratio.clip(1.0 - CLIP, 1.0 + CLIP) * &advantage;
        let policy = -(ratio * advantage).minimum(&kept).mean(..);
        policy + 0.25 * (value - &self.value).square().mean(..) - 0.01 * entropy
    }
}

/// The odds of the actions that were taken.
fn chosen(odds: &Array, action: &Array) -> Array {
    odds.take_along_axis(action.expand_dims(-1), -1).squeeze(-1)
}

/// Plays [`HORIZON`] moments of all carts, then judges and learns. Returns the carts, and how long an episode was.
#[nnx::jit(graph = false)]
fn train_step(
    agent: &mut Agent,
    optimizer: &mut Optimizer<Tx>,
    carts: Carts,
    draws: &mut RngStream,
) -> (Carts, Array) {
    let play = |carts: Carts, key: &Key| {
        let [actions, starts] = random::split(key, 2).unstack();
        let seen = carts.seen();
        let (odds, value) = agent.judge(&seen);
        let action = random::categorical(&actions, &odds, -1);
        let (next, over) = carts.push(&action, &starts);
        let odds = chosen(&odds, &action);
        let age = carts.age + 1;
        (next, Moment { seen, action, odds, advantage: value.zeros_like(), value, over, age })
    };
    let (carts, played) = scan(play, carts, &random::split(&draws.next_key(), HORIZON));
    let ends = played.over.astype(DType::F32);
    let age = (&played.age * &ends).sum(..) / ends.sum(..).maximum(1.0);

    // From the last moment to the first: each brings a reward of 1.
    let judge = |(advantage, next): (Array, Array), moment: &Moment| {
        let goes_on = 1.0 - moment.over.astype(DType::F32);
        let surprise = 1.0 + DISCOUNT * next * &goes_on - &moment.value;
        let advantage = surprise + DISCOUNT * LAMBDA * goes_on * advantage;
        ((advantage.clone(), moment.value.clone()), advantage)
    };
    let (_, last) = agent.judge(&carts.seen());
    let (_, advantage) = scan(judge, (last.zeros_like(), last), over(&played).reverse());
    let played = Moment { value: &played.value + &advantage, advantage, ..played };

    // All moments of all carts in one row; a part of them for each step of the optimizer.
    let n = played.over.size();
    let played = played.each(|x| {
        let rest = x.shape()[2..].iter().map(|&size| size as isize);
        x.reshape([n as isize].into_iter().chain(rest).collect::<Vec<_>>())
    });
    let learn = |(mut agent, mut optimizer): (Agent, Optimizer<Tx>), places: &Array| {
        let part = played.each(|x| x.take(places, 0));
        let (loss, grads) = value_and_grad(|agent: &Agent| part.loss(agent), &agent);
        optimizer.update(&mut agent, &grads);
        ((agent, optimizer), loss)
    };
    let keys = random::split(&draws.next_key(), EPOCHS);
    let orders = vmap(|key: &Key| random::permutation(key, n), &keys, 0);
    let orders = orders.reshape([EPOCHS * PARTS, n / PARTS]);
    let start = (nnx::clone(agent), nnx::clone(optimizer));
    let (end, _) = scan(learn, start, &orders);
    (*agent, *optimizer) = end;
    (carts, age)
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let mut rngs = Rngs::new(run.seed);
    let mut agent = Agent { actor: Mlp::new(2, &mut rngs), critic: Mlp::new(1, &mut rngs) };
    let tx = (clip_by_global_norm(0.5), adam(run.learning_rate).eps(1e-5));
    let mut optimizer = Optimizer::new(&agent, tx);
    let mut draws = rngs.stream("draws").fork();
    let mut carts = Carts::start(&draws.next_key(), run.batch_size);
    let mut ages = Vec::new();
    for step in 0..run.steps {
        let age;
        (carts, age) = train_step(&mut agent, &mut optimizer, carts, &mut draws);
        if run.is_due(step) {
            run.line(step, &[("episode", &age)])?;
        }
        ages.push(age);
    }
    let points = ages.iter().zip(1..).map(|(age, step)| Ok((step as f32, age.try_item::<f32>()?)));
    let points = points.collect::<nnx::Result<Vec<_>>>()?;
    let title = "Moments until the pole falls, of 500";
    run.curves("episodes.png", title, &[("episodes that ended".to_owned(), points)])?;
    println!("{} moments are played in a step", HORIZON * run.batch_size);
    run.summary();
    Ok(())
}
