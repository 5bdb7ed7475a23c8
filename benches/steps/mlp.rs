//! A perceptron 784-512-256-10, trained by Adam on batches of 128.

use crate::numbers::{integers, set_kernel, uniform};
use crate::task::{Batch, Task};
use nnx::nn::{Linear, relu};
use nnx::optim::{Adam, adam};
use nnx::random::Rngs;
use nnx::{Array, Module};

const SIZES: [usize; 4] = [784, 512, 256, 10];
const BATCH: usize = 128;

#[derive(Module)]
pub(crate) struct Mlp {
    layers: [Linear; 3],
}

impl Task for Mlp {
    type Optimizer = Adam;

    fn new() -> Self {
        let mut rngs = Rngs::new(0);
        let layers = std::array::from_fn(|i| {
            let mut layer = Linear::new(SIZES[i], SIZES[i + 1], &mut rngs);
            set_kernel(&mut layer.kernel, 100 + i as u64);
            layer
        });
        Mlp { layers }
    }

    fn optimizer() -> Adam {
        adam(1e-3)
    }

    fn batches() -> Vec<Batch> {
        let batch = |k: u64| Batch {
            x: uniform(7000 + k, &[BATCH, SIZES[0]], [0.0, 1.0]),
            y: integers(8000 + k, &[BATCH], 10),
        };
        (0..16).map(batch).collect()
    }

    fn logits(&mut self, x: &Array) -> Array {
        let [first, second, last] = &self.layers;
        last.forward(relu(&second.forward(relu(&first.forward(x)))))
    }
}
