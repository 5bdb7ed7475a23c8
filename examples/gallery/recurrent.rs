//! The adding problem (Hochreiter and Schmidhuber, 1997): a recurrent network reads numbers of which two are marked, and
//! tells their sum at the end. The sequences have different lengths; what stands after the end of one is noise, with
//! marks of its own, which the network must not see.
//!
//! `cargo xtask example recurrent` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::{arange, stack};
use nnx::nn::{GRUCell, Linear, OptimizedLSTMCell, RNN, RNNCellBase, RNNOptions};
use nnx::optim::{Adam, ClipByGlobalNorm, Optimizer, adam, clip_by_global_norm};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::{Array, DType, Module, value_and_grad};
use nnx_examples::{About, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "recurrent",
    purpose: "Adds the two marked numbers of sequences of different lengths, by a GRU or an LSTM.",
    examples: "Sequences",
    data: None,
    length: Length::Steps(2000),
    batch_size: 64,
    learning_rate: 5e-3,
    flags: &[("--lstm", "With an LSTM in place of a GRU")],
};

const SHORTEST: usize = 10;
const LONGEST: usize = 40;
const HIDDEN: usize = 48;

type Tx = (ClipByGlobalNorm, Adam);

/// A cell whose carry has a part that is its result.
trait Cell: RNNCellBase {
    fn new(rngs: &mut Rngs) -> Self;

    /// That part, f32 `[n, HIDDEN]`.
    fn result(carry: Self::Carry) -> Array;
}

impl Cell for GRUCell {
    fn new(rngs: &mut Rngs) -> Self {
        GRUCell::new(2, HIDDEN, rngs)
    }

    fn result(carry: Array) -> Array {
        carry
    }
}

impl Cell for OptimizedLSTMCell {
    fn new(rngs: &mut Rngs) -> Self {
        OptimizedLSTMCell::new(2, HIDDEN, rngs)
    }

    fn result((_memory, hidden): (Array, Array)) -> Array {
        hidden
    }
}

#[derive(Module)]
struct Adder<C: RNNCellBase> {
    rnn: RNN<C>,
    output: Linear,
}

/// Sequences f32 `[n, LONGEST, 2]` of numbers and marks, how long each is i32 `[n]`, and the sums f32 `[n]`.
#[derive(Module)]
struct Task {
    sequences: Array,
    lengths: Array,
    sums: Array,
}

impl Task {
    fn draw(key: &Key, n: usize) -> Self {
        let [numbers, lengths, places, noise] = random::split(key, 4).unstack();
        let (shortest, longest) = (SHORTEST as i64, LONGEST as i64 + 1);
        let lengths = random::randint(&lengths, [n], shortest, longest, DType::I32);
        let numbers = random::uniform(&numbers, [n, LONGEST], DType::F32);
        // A mark in each half.
        let half = lengths.floor_divide(2);
        let place = random::uniform(&places, [n, 2], DType::F32) * half.expand_dims(-1);
        let place = place.astype(DType::I32);
        let (first, second) = (place.at((.., 0)).get(), place.at((.., 1)).get() + half);
        let time = arange(LONGEST, DType::I32);
        let at = |place: &Array| time.eq(place.expand_dims(-1));
        let marks = at(&first) | at(&second);
        let sums = (&numbers * &marks).sum(-1);
        let after = time.ge(lengths.expand_dims(-1)) & random::bernoulli(&noise, 0.5, [n, LONGEST]);
        let marks = (marks | after).astype(DType::F32);
        Task { sequences: stack([&numbers, &marks], -1), lengths, sums }
    }

    /// The squared error of each sum, f32 `[n]`.
    fn errors<C: Cell>(&self, model: &mut Adder<C>) -> Array {
        let options = RNNOptions::new().seq_lengths(&self.lengths);
        let (carry, _) = model.rnn.forward_with(&self.sequences, options);
        (model.output.forward(C::result(carry)).squeeze(-1) - &self.sums).square()
    }
}

#[nnx::jit(graph = false)]
fn train_step<C: Cell>(
    model: &mut Adder<C>,
    optimizer: &mut Optimizer<Tx>,
    draws: &mut RngStream,
    batch_size: usize,
) -> Array {
    let task = Task::draw(&draws.next_key(), batch_size);
    let (loss, grads) =
        value_and_grad(|model: &mut Adder<C>| task.errors(model).mean(..), &mut *model);
    optimizer.update(model, &grads);
    loss
}

/// The lengths of 2,000 sequences, and the squared errors.
#[nnx::jit(graph = false)]
fn test<C: Cell>(model: &mut Adder<C>) -> (Array, Array) {
    let task = Task::draw(&random::key(1), 2000);
    let errors = task.errors(model);
    (task.lengths, errors)
}

pub(crate) fn run(options: &Options) -> Outcome {
    match options.flags.contains(&"--lstm") {
        true => train::<OptimizedLSTMCell>(options),
        false => train::<GRUCell>(options),
    }
}

fn train<C: Cell>(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let mut rngs = Rngs::new(run.seed);
    let mut model =
        Adder { rnn: RNN::new(C::new(&mut rngs)), output: Linear::new(HIDDEN, 1, &mut rngs) };
    let mut draws = rngs.stream("draws").fork();
    let tx = (clip_by_global_norm(1.0), adam(run.learning_rate));
    let mut optimizer = Optimizer::new(&model, tx);
    for step in 0..run.steps {
        let loss = train_step(&mut model, &mut optimizer, &mut draws, run.batch_size);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss)])?;
        }
    }

    let (lengths, errors) = test(&mut model);
    let (lengths, errors) = (lengths.try_to_vec::<i32>()?, errors.try_to_vec::<f32>()?);
    let each = |from: i32, to: i32| {
        let of = lengths.iter().zip(&errors).filter(move |(n, _)| (from..to).contains(*n));
        let (count, sum) = of.fold((0.0, 0.0), |(n, sum), (_, error)| (n + 1.0, sum + error));
        (sum / count).sqrt()
    };
    // Who always says 1 is wrong by 0.41.
    println!("{:>8} {:>12}", "lengths", "wrong by");
    for (from, to) in [(10, 20), (20, 30), (30, 41)] {
        println!("{:>8} {:>12.4}", format!("{from}-{}", to - 1), each(from, to));
    }
    println!("test error {:.4}", each(0, 41));
    run.summary();
    Ok(())
}
