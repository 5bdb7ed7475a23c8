//! Two convolutions with BatchNorm and two linear layers with dropout for images 28 x 28 x 1, trained by Adam on batches
//! of 64.

use crate::numbers::{integers, set_kernel, uniform};
use crate::task::{Batch, Task};
use nnx::nn::{BatchNorm, Conv, Dropout, Linear, PoolOptions, avg_pool, relu};
use nnx::optim::{Adam, adam};
use nnx::random::Rngs;
use nnx::{Array, Module};

const BATCH: usize = 64;

#[derive(Module)]
pub(crate) struct Cnn {
    conv1: Conv,
    norm1: BatchNorm,
    conv2: Conv,
    norm2: BatchNorm,
    linear1: Linear,
    dropout: Dropout,
    linear2: Linear,
}

impl Task for Cnn {
    type Optimizer = Adam;

    fn new() -> Self {
        let mut rngs = Rngs::empty().with("params", 0).with("dropout", 1);
        let mut model = Cnn {
            conv1: Conv::new(1, 32, [3, 3], &mut rngs),
            norm1: BatchNorm::builder(32).momentum(0.9).build(&mut rngs),
            conv2: Conv::new(32, 64, [3, 3], &mut rngs),
            norm2: BatchNorm::builder(64).momentum(0.9).build(&mut rngs),
            linear1: Linear::new(7 * 7 * 64, 256, &mut rngs),
            dropout: Dropout::new(0.5, &mut rngs),
            linear2: Linear::new(256, 10, &mut rngs),
        };
        set_kernel(&mut model.conv1.kernel, 300);
        set_kernel(&mut model.conv2.kernel, 301);
        set_kernel(&mut model.linear1.kernel, 302);
        set_kernel(&mut model.linear2.kernel, 303);
        model
    }

    fn optimizer() -> Adam {
        adam(1e-3)
    }

    fn batches() -> Vec<Batch> {
        let batch = |k: u64| Batch {
            x: uniform(7500 + k, &[BATCH, 28, 28, 1], [0.0, 1.0]),
            y: integers(8500 + k, &[BATCH], 10),
        };
        (0..16).map(batch).collect()
    }

    fn logits(&mut self, x: &Array) -> Array {
        let halves = PoolOptions::new().strides([2, 2]);
        let x = relu(&self.norm1.forward(self.conv1.forward(x)));
        let x = avg_pool(&x, [2, 2], &halves);
        let x = relu(&self.norm2.forward(self.conv2.forward(&x)));
        let x = avg_pool(&x, [2, 2], &halves).reshape([BATCH as isize, -1]);
        let x = self.dropout.forward(relu(&self.linear1.forward(&x)));
        self.linear2.forward(&x)
    }
}
