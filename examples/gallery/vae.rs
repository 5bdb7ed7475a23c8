//! A variational autoencoder of handwritten digits (Kingma and Welling, "Auto-Encoding Variational Bayes", 2013):
//! it learns to describe a digit by a few numbers, and then to draw digits from random ones.
//!
//! `cargo xtask example vae` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::concatenate;
use nnx::nn::{Linear, relu, sigmoid};
use nnx::optim::losses::sigmoid_binary_cross_entropy;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::{self, RngStream, Rngs};
use nnx::{Array, DType, Module, value_and_grad};
use nnx_examples::digits::{Data, pixels};
use nnx_examples::{About, Data as _, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "vae",
    purpose: "Trains a variational autoencoder on digits, and draws digits with it.",
    examples: "Images",
    data: Some((
        "A folder with IDX files as MNIST has them, gzipped or not",
        "examples/data/mnist",
    )),
    length: Length::Steps(2000),
    batch_size: 128,
    learning_rate: 1e-3,
    flags: &[],
};

const HIDDEN: usize = 400;
/// How many numbers describe a digit.
const CODE: usize = 20;

/// The encoder gives a normal distribution of codes for an image, the decoder the odds of each pixel for a code.
#[derive(Module)]
struct Vae {
    encoder: Linear,
    mean: Linear,
    log_var: Linear,
    decoder: Linear,
    pixels: Linear,
    noise: RngStream,
}

impl Vae {
    fn new(size: usize, rngs: &mut Rngs) -> Self {
        Vae {
            encoder: Linear::new(size, HIDDEN, rngs),
            mean: Linear::new(HIDDEN, CODE, rngs),
            log_var: Linear::new(HIDDEN, CODE, rngs),
            decoder: Linear::new(CODE, HIDDEN, rngs),
            pixels: Linear::new(HIDDEN, size, rngs),
            noise: rngs.stream("noise").fork(),
        }
    }

    /// Logits f32 `[n, size]` for codes f32 `[n, CODE]`.
    fn decode(&self, code: &Array) -> Array {
        self.pixels.forward(relu(&self.decoder.forward(code)))
    }

    /// The two parts of the bound, f32 `[]` each, and the logits, for images f32 `[n, size]`: how badly they are
    /// drawn from a code, and how far the codes are from those that samples start with.
    fn forward(&mut self, x: &Array) -> (Array, Array, Array) {
        let hidden = relu(&self.encoder.forward(x));
        let (mean, log_var) = (self.mean.forward(&hidden), self.log_var.forward(&hidden));
        let noise = random::normal(&self.noise.next_key(), mean.shape(), DType::F32);
        let logits = self.decode(&(&mean + (&log_var * 0.5).exp() * noise));
        let drawing = sigmoid_binary_cross_entropy(&logits, x).sum(-1).mean(..);
        let divergence = (mean.square() + log_var.exp() - 1.0 - log_var).sum(-1).mean(..) * 0.5;
        (drawing, divergence, logits)
    }
}

/// A step on a batch that is drawn from all images, u8 `[n, height, width, 1]`. Returns the parts of the loss.
#[nnx::jit(graph = false)]
fn train_step(
    model: &mut Vae,
    optimizer: &mut Optimizer<Adam>,
    images: &Array,
    batch_size: usize,
) -> (Array, Array) {
    let chosen = random::choice_from(&model.noise.next_key(), images, 0, [batch_size], true, None);
    let x = pixels(&chosen).reshape([batch_size as isize, -1]);
    let ((_, parts), grads) = value_and_grad(
        |model: &mut Vae| {
            let (drawing, divergence, _) = model.forward(&x);
            (&drawing + &divergence, (drawing, divergence))
        },
        &mut *model,
    );
    optimizer.update(model, &grads);
    parts
}

/// The loss of all images, f32 `[]`, and the first `shown` of them as the model draws them, f32 `[shown, size]`.
#[nnx::jit(graph = false)]
fn test(model: &mut Vae, images: &Array, shown: usize) -> (Array, Array) {
    let x = pixels(images).reshape([images.shape()[0] as isize, -1]);
    let (drawing, divergence, logits) = model.forward(&x);
    (drawing + divergence, sigmoid(&logits.at(..shown).get()))
}

/// Images f32 `[n, size]` of random codes.
#[nnx::jit(graph = false)]
fn sample(model: &mut Vae, n: usize) -> Array {
    let codes = random::normal(&model.noise.next_key(), [n, CODE], DType::F32);
    sigmoid(&model.decode(&codes))
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let data = Data::load(&run.data)?;
    let (height, width) = (data.test.height, data.test.width);
    let images = data.train.all()?.images;
    let mut model = Vae::new(height * width, &mut Rngs::new(run.seed));
    let mut optimizer = Optimizer::new(&model, adam(run.learning_rate));
    for step in 0..run.steps {
        let (drawing, divergence) = train_step(&mut model, &mut optimizer, &images, run.batch_size);
        if run.is_due(step) {
            let loss = &drawing + &divergence;
            run.line(step, &[("loss", &loss), ("drawing", &drawing), ("divergence", &divergence)])?;
        }
    }

    const COLUMNS: usize = 16;
    let images = data.test.all()?.images;
    let shown = COLUMNS.min(data.test.len());
    let (loss, drawn) = test(&mut model, &images, shown);
    println!("test loss {:.4}", loss.try_item::<f32>()?);
    // A row of digits, the same as the model draws them, and below it digits that nobody wrote.
    let originals = pixels(&images.at(..shown).get());
    let samples = sample(&mut model, 4 * COLUMNS);
    let size = [-1, height as isize, width as isize];
    let rows = [originals, drawn, samples].map(|images| images.reshape(size));
    run.images("digits.png", &concatenate(rows.each_ref(), 0), shown)?;
    run.summary();
    Ok(())
}
