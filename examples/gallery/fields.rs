//! Pictures as networks from places to brightness: three networks see every second pixel of a picture whose rings grow
//! finer, and are asked for the others. A plain network smooths them away; with Fourier features, or sines, it does
//! not. The layers are those of a library crate, `examples/fields`, and one of this program's own.
//!
//! `cargo xtask example fields` sets up XLA and runs it; `--help` after it lists the options.

use nnx::array::{SliceSpec, concatenate, keepdims, stack};
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::{self, RngStream, Rngs};
use nnx::{Array, Module, value_and_grad};
use nnx_example_fields::{Field, Part, Rectified, Sines, Waves, grid, psnr};
use nnx_examples::{About, Length, Options, Outcome, Run};

pub(crate) const ABOUT: About = About {
    name: "fields",
    purpose: "Learns a picture as a function of places, by layers of a library crate.",
    examples: "Pixels",
    data: None,
    length: Length::Steps(1000),
    batch_size: 1024,
    learning_rate: 1e-3,
    flags: &[],
};

/// Pixels of a side, of the whole picture.
const SIDE: usize = 128;
const WIDTH: usize = 128;

/// Adds its input to the output of another part: a part that the library does not have.
#[derive(Module)]
struct Residual<P> {
    inner: P,
}

impl<P: Part + Module> Part for Residual<P> {
    fn forward(&self, x: &Array) -> Array {
        x + self.inner.forward(x)
    }
}

/// The networks, which learn the same picture side by side.
#[derive(Module)]
struct Fields {
    plain: Field,
    waves: Field,
    sines: Field,
}

impl Fields {
    fn new(rngs: &mut Rngs) -> Self {
        let plain: Vec<Box<dyn Part>> = vec![
            Box::new(Rectified::new(2, WIDTH, rngs)),
            Box::new(Residual { inner: Rectified::new(WIDTH, WIDTH, rngs) }),
            Box::new(Residual { inner: Rectified::new(WIDTH, WIDTH, rngs) }),
        ];
        let waves: Vec<Box<dyn Part>> = vec![
            Box::new(Waves::new(2, WIDTH / 2, 4.0, rngs)),
            Box::new(Residual { inner: Rectified::new(WIDTH, WIDTH, rngs) }),
            Box::new(Residual { inner: Rectified::new(WIDTH, WIDTH, rngs) }),
        ];
        let sines: Vec<Box<dyn Part>> = vec![
            Box::new(Sines::first(2, WIDTH, rngs)),
            Box::new(Sines::hidden(WIDTH, WIDTH, rngs)),
            Box::new(Sines::hidden(WIDTH, WIDTH, rngs)),
        ];
        Fields {
            plain: Field::new(plain, WIDTH, rngs),
            waves: Field::new(waves, WIDTH, rngs),
            sines: Field::new(sines, WIDTH, rngs),
        }
    }

    /// The brightness that each of them gives these places, f32 `[…, 2]`: f32 `[3, …, 1]`.
    fn forward(&self, places: &Array) -> Array {
        let [plain, waves, sines] =
            [&self.plain, &self.waves, &self.sines].map(|field| field.forward(places));
        stack([&plain, &waves, &sines], 0)
    }
}

/// The brightness of places f32 `[…, 2]`, from 0 to 1: f32 `[…, 1]`.
fn truth(places: &Array) -> Array {
    (places.square().sum(keepdims(-1)) * 30.0).cos() * 0.5 + 0.5
}

/// Every second pixel of the picture in both directions, f32 `[pixels, 2]`.
fn seen() -> Array {
    let second = SliceSpec::from(..).step_by(2);
    grid(SIDE, SIDE).at((second, second)).get().reshape([-1, 2])
}

/// Pixels of a picture `[SIDE, SIDE, 1]` that are far from the seen ones: between four of them.
fn odd(picture: &Array) -> Array {
    let second = SliceSpec::from(1..).step_by(2);
    picture.at((second, second)).get()
}

/// One step of training, on pixels that are drawn for it.
#[nnx::jit(graph = false)]
fn train_step(
    fields: &mut Fields,
    optimizer: &mut Optimizer<Adam>,
    draws: &mut RngStream,
    pixels: usize,
) -> Array {
    let places = random::choice_from(&draws.next_key(), seen(), 0, [pixels], true, None);
    let (loss, grads) = value_and_grad(
        // Each network has its own part of the sum, and so of the gradient.
        |fields: &Fields| (fields.forward(&places) - truth(&places)).square().mean([1, 2]).sum(..),
        &*fields,
    );
    optimizer.update(fields, &grads);
    loss
}

/// The picture as each network draws it, f32 `[3, SIDE, SIDE, 1]`.
#[nnx::jit(graph = false)]
fn draw(fields: &Fields) -> Array {
    fields.forward(&grid(SIDE, SIDE))
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut run = Run::new(&ABOUT, options)?;
    let mut rngs = Rngs::new(run.seed);
    let mut fields = Fields::new(&mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let mut optimizer = Optimizer::new(&fields, adam(run.learning_rate));
    let picture = truth(&grid(SIDE, SIDE));
    for step in 0..run.steps {
        let loss = train_step(&mut fields, &mut optimizer, &mut draws, run.batch_size);
        if run.is_due(step) {
            let [plain, waves, sines] = draw(&fields).unstack(0);
            let unseen = |drawn: &Array| psnr(&odd(drawn), &odd(&picture));
            run.line(
                step,
                &[
                    ("loss", &loss),
                    ("plain", &unseen(&plain)),
                    ("waves", &unseen(&waves)),
                    ("sines", &unseen(&sines)),
                ],
            )?;
        }
    }
    let all = concatenate([&picture.expand_dims(0), &draw(&fields)], 0).squeeze(-1);
    run.images("picture.png", &all, 4)?;
    run.summary();
    Ok(())
}
