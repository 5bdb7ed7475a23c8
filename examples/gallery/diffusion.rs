//! Denoising diffusion (Ho, Jain and Abbeel, 2020; the schedule of Nichol and Dhariwal, 2021) of handwritten digits: a
//! small U-Net learns to tell the noise in an image, and draws images by taking it from noise, a little at a time.
//!
//! `cargo xtask example diffusion` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::{concatenate, linspace};
use nnx::module::{View, view};
use nnx::nn::{Conv, GroupNorm, Linear, MultiHeadAttention, silu};
use nnx::optim::{Adam, Optimizer, adam, warmup_cosine_decay_schedule};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::train::EMA;
use nnx::{Array, DType, Module, scan, value_and_grad};
use nnx_examples::digits::{Data, pixels};
use nnx_examples::{About, Data as _, Length, Options, Outcome, Run};
use std::f64::consts::FRAC_PI_2;

pub(crate) const ABOUT: About = About {
    name: "diffusion",
    purpose: "Trains a diffusion model on digits, and draws digits with it.",
    examples: "Images",
    data: Some((
        "A folder with IDX files as MNIST has them, gzipped or not",
        "examples/data/mnist",
    )),
    length: Length::Steps(3000),
    batch_size: 32,
    learning_rate: 2e-3,
    flags: &[],
};

/// From an image to noise, in so many steps.
const TIMES: usize = 200;
const FEATURES: usize = 32;
/// Of the time.
const EMBEDDING: usize = 64;

/// How much of the image is left at each time, and how much is left of it from one time to the next.
fn schedule() -> (Vec<f64>, Vec<f64>) {
    let level = |t: usize| {
        let angle = (t as f64 / TIMES as f64 + 0.008) / 1.008 * FRAC_PI_2;
        angle.cos().powi(2)
    };
    let kept: Vec<f64> = (0..TIMES).map(|t| (level(t + 1) / level(t)).max(1e-3)).collect();
    let left = kept.iter().scan(1.0, |left, kept| {
        *left *= kept;
        Some(*left)
    });
    (left.collect(), kept)
}

fn table(numbers: impl Iterator<Item = f64>) -> Array {
    let numbers: Vec<f32> = numbers.map(|number| number as f32).collect();
    Array::from_slice(&numbers, [numbers.len()])
}

/// Two convolutions beside which the input goes on; what is between them depends on the time.
#[derive(Module)]
struct Block {
    norm1: GroupNorm,
    conv1: Conv,
    time: Linear,
    norm2: GroupNorm,
    conv2: Conv,
    skip: Conv,
}

impl Block {
    fn new(from: usize, to: usize, rngs: &mut Rngs) -> Self {
        let norm = |n, rngs: &mut Rngs| GroupNorm::builder(n).num_groups(8).build(rngs);
        Block {
            norm1: norm(from, rngs),
            conv1: Conv::new(from, to, [3, 3], rngs),
            time: Linear::new(EMBEDDING, to, rngs),
            norm2: norm(to, rngs),
            conv2: Conv::new(to, to, [3, 3], rngs),
            skip: Conv::new(from, to, [1, 1], rngs),
        }
    }

    fn forward(&self, x: &Array, time: &Array) -> Array {
        let h = self.conv1.forward(silu(&self.norm1.forward(x)));
        let h = h + self.time.forward(time).expand_dims(1).expand_dims(1);
        self.conv2.forward(silu(&self.norm2.forward(&h))) + self.skip.forward(x)
    }
}

#[derive(Module)]
struct Net {
    time: [Linear; 2],
    input: Conv,
    down: Block,
    smaller: Conv,
    middle: [Block; 2],
    attention: MultiHeadAttention,
    up: Block,
    norm: GroupNorm,
    output: Conv,
}

impl Net {
    fn new(rngs: &mut Rngs) -> Self {
        let wide = 2 * FEATURES;
        Net {
            time: std::array::from_fn(|_| Linear::new(EMBEDDING, EMBEDDING, rngs)),
            input: Conv::new(4, FEATURES, [3, 3], rngs),
            down: Block::new(FEATURES, FEATURES, rngs),
            smaller: Conv::builder(FEATURES, wide, [3, 3]).strides(2).build(rngs),
            middle: std::array::from_fn(|_| Block::new(wide, wide, rngs)),
            attention: MultiHeadAttention::new(4, wide, rngs),
            up: Block::new(wide + FEATURES, FEATURES, rngs),
            norm: GroupNorm::builder(FEATURES).num_groups(8).build(rngs),
            output: Conv::new(FEATURES, 4, [3, 3], rngs),
        }
    }

    /// The noise in images f32 `[n, height, width]` at the times i32 `[n]`, of the images' shape.
    fn forward(&mut self, images: &Array, time: &Array) -> Array {
        let waves = linspace(0.0, -4.0, EMBEDDING / 2, DType::F32).exp();
        let angles = time.astype(DType::F32).expand_dims(-1) * waves;
        let time = concatenate([&angles.sin(), &angles.cos()], -1);
        let time = self.time[1].forward(silu(&self.time[0].forward(&time)));
        let time = silu(&time);
        // Squares of 2 x 2 pixels are the channels of one.
        let [n, height, width] = [0, 1, 2].map(|axis| images.shape()[axis] as isize);
        let x = images.reshape([n, height / 2, 2, width / 2, 2]).transpose([0, 1, 3, 2, 4]);
        let x = self.input.forward(x.reshape([n, height / 2, width / 2, 4]));
        let large = self.down.forward(&x, &time);
        let small = self.smaller.forward(&large);
        let small = self.middle[0].forward(&small, &time);
        // Each place sees all others.
        let places = small.reshape([n, -1, 2 * FEATURES as isize]);
        let small = &small + self.attention.forward(&places).reshape(small.shape());
        let small = self.middle[1].forward(&small, &time);
        let x = concatenate([&small.repeat(2, 1).repeat(2, 2), &large], -1);
        let x = self.output.forward(silu(&self.norm.forward(self.up.forward(&x, &time))));
        let x = x.reshape([n, height / 2, width / 2, 2, 2]).transpose([0, 1, 3, 2, 4]);
        x.reshape([n, height, width])
    }
}

/// A step on a batch that is drawn from all images, f32 `[n, height, width]` from -1 to 1. Returns the loss.
#[nnx::jit(graph = false)]
fn train_step(
    net: &mut Net,
    average: &mut EMA,
    optimizer: &mut Optimizer<Adam>,
    draws: &mut RngStream,
    images: &Array,
    batch_size: usize,
) -> Array {
    let [chosen, times, noise] = random::split(&draws.next_key(), 3).unstack();
    let x = random::choice_from(&chosen, images, 0, [batch_size], true, None);
    let time = random::randint(&times, [batch_size], 0, TIMES as i64, DType::I32);
    let noise = random::normal(&noise, x.shape(), DType::F32);
    let left = table(schedule().0.into_iter()).take(&time, 0).reshape([-1, 1, 1]);
    let noisy = left.sqrt() * x + (1.0 - left).sqrt() * &noise;
    let (loss, grads) = value_and_grad(
        |net: &mut Net| (net.forward(&noisy, &time) - &noise).square().mean(..),
        &mut *net,
    );
    optimizer.update(net, &grads);
    average.update(net);
    loss
}

/// Images f32 `[n, height, width]`, from noise, in [`TIMES`] steps.
#[nnx::jit(graph = false)]
fn sample(net: &Net, draws: &mut RngStream, n: usize, height: usize, width: usize) -> Array {
    let mut net = view(net, View::eval());
    let (left, kept) = schedule();
    let before = [1.0].into_iter().chain(left.iter().copied());
    // How much of the image that is seen through the noise, how much of what is there, and how much new noise.
    let rows = before.zip(left.iter().zip(&kept)).map(|(before, (left, kept))| {
        let seen = before.sqrt() * (1.0 - kept) / (1.0 - left);
        let there = kept.sqrt() * (1.0 - before) / (1.0 - left);
        [*left, seen, there, ((1.0 - kept) * (1.0 - before) / (1.0 - left)).sqrt()]
    });
    let rows = table(rows.flatten()).reshape([TIMES as isize, 4]);
    let step = |x: Array, (time, row, key): (&Array, &Array, &Key)| {
        let [left, seen, there, fresh] = [0, 1, 2, 3].map(|i| row.at(i).get());
        let noise = net.forward(&x, &time.broadcast_to([n]));
        let image = (&x - (1.0 - &left).sqrt() * noise) / left.sqrt();
        let fresh = fresh * random::normal(key, x.shape(), DType::F32);
        (seen * image.clip(-1.0, 1.0) + there * x + fresh, ())
    };
    let times = nnx::array::arange(TIMES, DType::I32);
    let keys = random::split(&draws.next_key(), TIMES);
    let start = random::normal(&draws.next_key(), [n, height, width], DType::F32);
    let (x, ()) = scan(step, start, nnx::over((&times, &rows, &keys)).reverse());
    x
}

pub(crate) fn run(options: &Options) -> Outcome {
    const SAMPLES: usize = 48;
    let mut run = Run::new(&ABOUT, options)?;
    let data = Data::load(&run.data)?;
    let (height, width) = (data.train.height, data.train.width);
    if height % 4 != 0 || width % 4 != 0 {
        return Err(format!("images of {height} x {width} pixels cannot be halved twice").into());
    }
    let images = pixels(&data.train.all()?.images).squeeze(-1) * 2.0 - 1.0;
    let mut rngs = Rngs::new(run.seed);
    let mut net = Net::new(&mut rngs);
    let mut average = EMA::new(&net, 0.995);
    let mut draws = rngs.stream("draws").fork();
    let steps = run.steps as i32;
    let rate = warmup_cosine_decay_schedule(0.0, run.learning_rate, steps / 20, steps, 0.0);
    let mut optimizer = Optimizer::new(&net, adam(rate));
    for step in 0..run.steps {
        let batch = run.batch_size;
        let loss = train_step(&mut net, &mut average, &mut optimizer, &mut draws, &images, batch);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss)])?;
        }
    }
    let drawn = sample(&average.apply_to(&net), &mut draws, SAMPLES, height, width);
    let bright = ((&drawn + 1.0) / 2.0).mean(..).try_item::<f32>()?;
    println!("brightness {bright:.4} of the drawn images");
    run.images("digits.png", &((drawn + 1.0) / 2.0), 16)?;
    run.summary();
    Ok(())
}
