//! The network, and the two jitted functions that train and test it.

use nnx::module::{View, view};
use nnx::nn::{BatchNorm, Conv, Linear, PoolOptions, max_pool, relu};
use nnx::optim::losses::sigmoid_binary_cross_entropy;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::Rngs;
use nnx::{Array, DType, Module, Param, Shared, value_and_grad};
use nnx_examples::Metrics;
use nnx_examples::digits::{Batch, pixels};

/// How many numbers describe a digit.
const FEATURES: usize = 32;

/// Two branches, and a rule that turns the distance of their results into a logit.
#[derive(Module)]
pub(crate) struct Siamese {
    left: Branch,
    right: Branch,
    scale: Param,
    offset: Param,
}

/// The encoder is the same in both branches. The norm is a branch's own, for each sees digits of
/// another look, and so other statistics.
#[derive(Module)]
struct Branch {
    encoder: Shared<Encoder>,
    norm: BatchNorm,
}

#[derive(Module)]
struct Encoder {
    conv1: Conv,
    conv2: Conv,
    linear: Linear,
}

impl Siamese {
    /// For grey images of `height` x `width` pixels.
    pub(crate) fn new(height: usize, width: usize, rngs: &mut Rngs) -> Self {
        // Two poolings halve each side twice.
        let pooled = (height / 2 / 2) * (width / 2 / 2);
        let encoder = Shared::new(Encoder {
            conv1: Conv::new(1, 8, [3, 3], rngs),
            conv2: Conv::new(8, 16, [3, 3], rngs),
            linear: Linear::new(pooled * 16, FEATURES, rngs),
        });
        let mut branch = || Branch {
            encoder: encoder.clone(),
            norm: BatchNorm::builder(FEATURES).momentum(0.9).build(rngs),
        };
        let (left, right) = (branch(), branch());
        let number = |x: f32| Param::new(Array::scalar(x));
        Siamese { left, right, scale: number(2.0), offset: number(2.0) }
    }

    /// Logits `[n]` that the images, f32 `[n, height, width, 1]` each, show the same digit.
    fn forward(&mut self, left: &Array, right: &Array) -> Array {
        let difference = self.left.forward(left) - self.right.forward(right);
        &self.offset - &self.scale * difference.square().mean(-1)
    }
}

impl Branch {
    fn forward(&mut self, x: &Array) -> Array {
        self.norm.forward(self.encoder.read().forward(x))
    }
}

impl Encoder {
    fn forward(&self, x: &Array) -> Array {
        let halves = PoolOptions::new().strides([2, 2]);
        let x = max_pool(relu(&self.conv1.forward(x)), [2, 2], &halves);
        let x = max_pool(relu(&self.conv2.forward(&x)), [2, 2], &halves);
        self.linear.forward(x.reshape([x.shape()[0] as isize, -1]))
    }
}

/// The looks of the two images of a pair: white on black, and grey on white.
fn looks(left: &Array, right: &Array) -> (Array, Array) {
    (pixels(left), 1.0 - pixels(right) * 0.5)
}

/// One step of training on pairs: images u8 `[n, height, width, 1]`, labels i32 `[n]`. Returns the loss.
#[nnx::jit]
pub(crate) fn train_step(
    model: &mut Siamese,
    optimizer: &mut Optimizer<AdamW>,
    metrics: &mut Metrics,
    left: &Batch,
    right: &Batch,
) -> Array {
    let same = left.labels.eq(&right.labels).astype(DType::I32);
    let (x, y) = looks(&left.images, &right.images);
    let ((loss, logits), grads) = value_and_grad(
        |model: &mut Siamese| {
            let logits = model.forward(&x, &y);
            (sigmoid_binary_cross_entropy(&logits, same.astype(DType::F32)).mean(..), logits)
        },
        &mut *model,
    );
    metrics.loss.update(&loss);
    metrics.accuracy.update(&logits, &same);
    optimizer.update(model, &grads);
    loss
}

/// Measures the model on pairs; only those under the mask count.
#[nnx::jit]
pub(crate) fn eval_step(model: &Siamese, metrics: &mut Metrics, left: &Batch, right: &Batch) {
    let same = left.labels.eq(&right.labels).astype(DType::I32);
    let (x, y) = looks(&left.images, &right.images);
    let logits = view(model, View::eval()).forward(&x, &y);
    let losses = sigmoid_binary_cross_entropy(&logits, same.astype(DType::F32));
    metrics.loss.update_masked(&losses, &left.mask);
    metrics.accuracy.update_masked(&logits, &same, &left.mask);
}
