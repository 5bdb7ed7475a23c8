//! The network of Flax's MNIST tutorial, and the two jitted functions that train and test it.

use nnx::module::{View, view};
use nnx::nn::{BatchNorm, Conv, Dropout, Linear, PoolOptions, avg_pool, relu};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{AdamW, Optimizer};
use nnx::random::Rngs;
use nnx::{Array, Module, value_and_grad};

use nnx_examples::Metrics;
use nnx_examples::digits::{CLASSES, pixels};

/// Two convolutions and two linear layers.
#[derive(Module)]
pub(crate) struct Cnn {
    conv1: Conv,
    batch_norm1: BatchNorm,
    dropout1: Dropout,
    conv2: Conv,
    batch_norm2: BatchNorm,
    linear1: Linear,
    dropout2: Dropout,
    linear2: Linear,
}

impl Cnn {
    /// For grey images of `height` x `width` pixels.
    pub(crate) fn new(height: usize, width: usize, rngs: &mut Rngs) -> Self {
        // Two poolings halve each side twice.
        let pooled = (height / 2 / 2) * (width / 2 / 2);
        Cnn {
            conv1: Conv::new(1, 32, [3, 3], rngs),
            batch_norm1: BatchNorm::new(32, rngs),
            dropout1: Dropout::new(0.025, rngs),
            conv2: Conv::new(32, 64, [3, 3], rngs),
            batch_norm2: BatchNorm::new(64, rngs),
            linear1: Linear::new(pooled * 64, 256, rngs),
            dropout2: Dropout::new(0.025, rngs),
            linear2: Linear::new(256, usize::from(CLASSES), rngs),
        }
    }

    /// Logits `[n, 10]` for images f32 `[n, height, width, 1]`.
    pub(crate) fn forward(&mut self, x: &Array) -> Array {
        let halves = PoolOptions::new().strides([2, 2]);
        let x = self.dropout1.forward(self.conv1.forward(x));
        let x = avg_pool(relu(&self.batch_norm1.forward(&x)), [2, 2], &halves);
        let x = self.batch_norm2.forward(self.conv2.forward(&x));
        let x = avg_pool(relu(&x), [2, 2], &halves);
        let x = x.reshape([x.shape()[0] as isize, -1]);
        let x = relu(&self.dropout2.forward(self.linear1.forward(&x)));
        self.linear2.forward(&x)
    }
}

/// One step of training on a batch: images u8 `[n, height, width, 1]`, labels i32 `[n]`. Returns the loss.
#[nnx::jit(graph = false)]
pub(crate) fn train_step(
    model: &mut Cnn,
    optimizer: &mut Optimizer<AdamW>,
    metrics: &mut Metrics,
    images: &Array,
    labels: &Array,
) -> Array {
    let x = pixels(images);
    let ((loss, logits), grads) = value_and_grad(
        |model: &mut Cnn| {
            let logits = model.forward(&x);
            let loss = softmax_cross_entropy_with_integer_labels(&logits, labels).mean(..);
            (loss, logits)
        },
        &mut *model,
    );
    metrics.loss.update(&loss);
    metrics.accuracy.update(&logits, labels);
    optimizer.update(model, &grads);
    loss
}

/// Measures the model on a batch; only examples under the mask count.
#[nnx::jit(graph = false)]
pub(crate) fn eval_step(
    model: &Cnn,
    metrics: &mut Metrics,
    images: &Array,
    labels: &Array,
    mask: &Array,
) {
    let logits = view(model, View::eval()).forward(&pixels(images));
    let losses = softmax_cross_entropy_with_integer_labels(&logits, labels);
    metrics.loss.update_masked(&losses, mask);
    metrics.accuracy.update_masked(&logits, labels, mask);
}
