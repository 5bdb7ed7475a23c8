//! A residual network (He and others, 2015) that is trained twice: on the digits 0 to 4, and then, from what it has
//! learned, on 5 to 9. The images are moved and lit within the jitted step; the network computes in bf16; a running mean
//! of its parameters is tested too; the second time its first layer is frozen, and its blocks learn slower than its head.
//!
//! `cargo xtask example resnet` sets up XLA and runs it; `--help` after it lists the options.

use nnx::module::{Everything, View, path_contains, view};
use nnx::nn::{BatchNorm, Conv, Linear, relu};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{
    GradientTransformation, Optimizer, adamw, cosine_decay_schedule, group, partition, set_to_zero,
};
use nnx::random::{self, Key, RngStream, Rngs};
use nnx::train::{Accuracy, EMA, Metric, Policy};
use nnx::{Array, DType, Module, value_and_grad, vmap};
use nnx_examples::digits::{Batch, CLASSES, Data, Dataset, pixels};
use nnx_examples::{About, Data as _, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "resnet",
    purpose: "Trains a ResNet on five digits, and what it learned on the other five.",
    examples: "Images",
    data: Some((
        "A folder with IDX files as MNIST has them, gzipped or not",
        "examples/data/mnist",
    )),
    length: Length::Steps(600),
    batch_size: 64,
    learning_rate: 4e-3,
    flags: &[],
};

/// How many digits are learned at a time.
const HALF: u8 = CLASSES / 2;
/// By how many pixels an image is moved at most.
const MOVED: usize = 2;
/// Test images per call; the last call is filled up, so that one program serves all.
const EVAL_BATCH: usize = 250;

#[derive(Module)]
struct ResNet {
    stem: Conv,
    norm: BatchNorm,
    blocks: Vec<Block>,
    head: Linear,
}

/// Two convolutions beside which the input goes on.
#[derive(Module)]
struct Block {
    conv1: Conv,
    norm1: BatchNorm,
    conv2: Conv,
    norm2: BatchNorm,
    /// Where the sizes change.
    skip: Option<Conv>,
}

fn norm(features: usize, rngs: &mut Rngs) -> BatchNorm {
    BatchNorm::builder(features).momentum(0.9).build(rngs)
}

fn conv(from: usize, to: usize, stride: usize, rngs: &mut Rngs) -> Conv {
    Conv::builder(from, to, [3, 3]).strides(stride).use_bias(false).build(rngs)
}

impl Block {
    fn new(from: usize, to: usize, stride: usize, rngs: &mut Rngs) -> Self {
        let skip = || Conv::builder(from, to, [1, 1]).strides(stride).use_bias(false);
        Block {
            conv1: conv(from, to, stride, rngs),
            norm1: norm(to, rngs),
            conv2: conv(to, to, 1, rngs),
            norm2: norm(to, rngs),
            skip: (from != to).then(|| skip().build(rngs)),
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let h = relu(&self.norm1.forward(self.conv1.forward(x)));
        let h = self.norm2.forward(self.conv2.forward(&h));
        relu(&(h + self.skip.as_ref().map_or(x.clone(), |skip| skip.forward(x))))
    }
}

impl ResNet {
    fn new(rngs: &mut Rngs) -> Self {
        let sizes = [(16, 16, 1), (16, 32, 2), (32, 64, 2)];
        ResNet {
            stem: conv(1, 16, 1, rngs),
            norm: norm(16, rngs),
            blocks: sizes.map(|(from, to, stride)| Block::new(from, to, stride, rngs)).into(),
            head: Linear::new(64, HALF.into(), rngs),
        }
    }

    /// Logits f32 `[n, HALF]` for images f32 `[n, height, width, 1]`, computed in bf16.
    fn forward(&mut self, x: &Array) -> Array {
        let policy = Policy::new(DType::BF16);
        let logits = policy.apply(self, |net| {
            let x = relu(&net.norm.forward(net.stem.forward(policy.cast_to_compute(x))));
            let x = net.blocks.iter_mut().fold(x, |x, block| block.forward(&x));
            net.head.forward(x.mean([1, 2]))
        });
        policy.cast_to_output(&logits)
    }
}

/// Images f32 `[n, height, width, 1]`, each moved and lit in another way.
fn augmented(images: &Array, key: &Key) -> Array {
    let [moves, light] = random::split(key, 2).unstack();
    let n = images.shape()[0];
    let moves = random::randint(&moves, [n, 2], 0, 2 * MOVED as i64 + 1, DType::I32);
    let side = (MOVED as i64, MOVED as i64);
    let padded = images.pad(&[(0, 0), side, side, (0, 0)], 0.0);
    let part = |(image, at): (&Array, &Array)| {
        let starts = [at.at(0).get(), at.at(1).get(), Array::scalar(0)];
        image.dynamic_slice(starts.each_ref(), &images.shape()[1..])
    };
    let light = random::uniform_range(&light, [n, 1, 1, 1], 0.7, 1.3, DType::F32);
    vmap(part, (&padded, &moves), 0) * light
}

/// A step on a batch that is drawn from all these digits, whose labels count from `first` on.
#[nnx::jit(graph = false)]
fn train_step<T: GradientTransformation>(
    net: &mut ResNet,
    average: &mut EMA,
    optimizer: &mut Optimizer<T>,
    draws: &mut RngStream,
    digits: &Batch,
    first: &Array,
    batch_size: usize,
) -> Array {
    let [chosen, changes] = random::split(&draws.next_key(), 2).unstack();
    let chosen = random::choice(&chosen, digits.labels.size(), [batch_size], true, None);
    let x = augmented(&pixels(&digits.images.take(&chosen, 0)), &changes);
    let labels = digits.labels.take(&chosen, 0) - first;
    let (loss, grads) = value_and_grad(
        |net: &mut ResNet| {
            softmax_cross_entropy_with_integer_labels(net.forward(&x), &labels).mean(..)
        },
        &mut *net,
    );
    optimizer.update(net, &grads);
    average.update(net);
    loss
}

#[nnx::jit(graph = false)]
fn eval_step(net: &ResNet, accuracy: &mut Accuracy, digits: &Batch, first: &Array) {
    let logits = view(net, View::eval()).forward(&pixels(&digits.images));
    accuracy.update_masked(&logits, &(&digits.labels - first), &digits.mask);
}

/// Where the digits from `first` on are, as many as are learned at a time.
fn of_half(digits: &Dataset, first: u8) -> Vec<usize> {
    let is_in = |&at: &usize| (first..first + HALF).contains(&digits.labels[at]);
    (0..digits.len()).filter(is_in).collect()
}

/// Trains on one half of the digits, from step `from` of the run until step `to`.
fn train<T: GradientTransformation>(
    run: &mut Run,
    (net, draws): (&mut ResNet, &mut RngStream),
    tx: T,
    data: &Data,
    first: u8,
    (from, to): (usize, usize),
) -> Outcome {
    let (indices, held_out) = (of_half(&data.train, first), of_half(&data.test, first));
    let digits = data.train.batch(&indices, indices.len())?;
    let (first, size) = (Array::scalar(i32::from(first)), EVAL_BATCH.min(held_out.len()));
    let test = |net: &ResNet| -> nnx::Result<Array> {
        let mut accuracy = Accuracy::new();
        for indices in held_out.chunks(size) {
            eval_step(net, &mut accuracy, &data.test.batch(indices, size)?, &first);
        }
        Ok(accuracy.compute())
    };
    let mut optimizer = Optimizer::new(net, tx);
    let mut average = EMA::new(net, 0.98);
    for step in from..to {
        let batch = run.batch_size;
        let loss = train_step(net, &mut average, &mut optimizer, draws, &digits, &first, batch);
        if run.is_due(step) || step + 1 == to {
            let averaged = test(&average.apply_to(net))?;
            run.line(step, &[("loss", &loss), ("accuracy", &test(net)?), ("averaged", &averaged)])?;
        }
    }
    *net = average.apply_to(net);
    Ok(())
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let data = Data::load(&run.data)?;
    let mut rngs = Rngs::new(run.seed);
    let mut net = ResNet::new(&mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let (rate, steps) = (run.learning_rate, run.steps);
    // The second half of the digits gets a third of the steps.
    let turn = steps - steps / 3;
    let fall = |rate: f64, steps: usize| cosine_decay_schedule(rate, steps.max(1) as i32, 0.05);
    let all = adamw(fall(rate, turn));
    train(&mut run, (&mut net, &mut draws), all, &data, 0, (0, turn))?;

    println!("the other digits");
    let stem = net.stem.kernel.value().clone();
    net.head = Linear::new(64, HALF.into(), &mut rngs);
    let groups = (
        group(path_contains("stem"), set_to_zero()),
        group(path_contains("blocks"), adamw(fall(rate / 10.0, steps - turn))),
        group(Everything, adamw(fall(rate, steps - turn))),
    );
    train(&mut run, (&mut net, &mut draws), partition(groups), &data, HALF, (turn, steps))?;
    let moved = (net.stem.kernel.value() - stem).abs().max(..).try_item::<f32>()?;
    println!("the frozen layer moved by {moved}");
    run.summary();
    Ok(())
}
