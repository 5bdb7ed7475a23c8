use nnx::nn::Linear;
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::{self, Key, Rngs};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::{Array, DType, Module, value_and_grad};

/// Two layers.
#[derive(Module)]
struct Mlp {
    hidden: Linear,
    out: Linear,
}

impl Mlp {
    fn new(rngs: &mut Rngs) -> Self {
        Mlp { hidden: Linear::new(2, 32, rngs), out: Linear::new(32, 2, rngs) }
    }

    /// Logits `[n, 2]` for points `[n, 2]`.
    fn forward(&self, x: &Array) -> Array {
        self.out.forward(self.hidden.forward(x).relu())
    }
}

/// All that a run needs to be resumed later.
#[derive(Module)]
struct Training {
    model: Mlp,
    opt: Optimizer<Adam>,
}

impl Training {
    fn new(seed: u64) -> Self {
        let model = Mlp::new(&mut Rngs::new(seed));
        let opt = Optimizer::new(&model, adam(1e-2));
        Training { model, opt }
    }
}

/// `n` points of a square, and for each 1 if it lies inside of the circle, else 0.
fn points(key: &Key, n: usize) -> (Array, Array) {
    let x = random::uniform_range(key, [n, 2], -1.0, 1.0, DType::F32);
    let inside = x.square().sum(-1).lt(0.5);
    (x, inside.astype(DType::I32))
}

#[nnx::jit(graph = false)]
fn train_step(model: &mut Mlp, opt: &mut Optimizer<Adam>, x: &Array, y: &Array) -> Array {
    let (loss, grads) = value_and_grad(
        |m: &mut Mlp| softmax_cross_entropy_with_integer_labels(m.forward(x), y).mean(..),
        &mut *model,
    );
    opt.update(model, &grads);
    loss
}

#[nnx::jit(graph = false)]
fn accuracy(model: &Mlp, x: &Array, y: &Array) -> Array {
    model.forward(x).argmax(-1).eq(y).astype(DType::F32).mean(..)
}

fn main() -> nnx::Result<()> {
    let mut data = Rngs::new(1);
    let (x_test, y_test) = points(&data.next_key("points"), 1000);
    let mut run = Training::new(0);

    for step in 1..=500 {
        let (x, y) = points(&data.next_key("points"), 128);
        let loss = train_step(&mut run.model, &mut run.opt, &x, &y);
        if step % 100 == 0 {
            let right = accuracy(&run.model, &x_test, &y_test).try_item::<f32>()?;
            println!("step {step}  loss {:.3}  accuracy {right:.3}", loss.try_item::<f32>()?);
        }
    }

    for f in nnx::jit::functions() {
        println!("{}: traced {} x, compiled {} x, {} hits", f.name, f.traces, f.compiles, f.hits);
    }

    let file = "runs/circle.safetensors";
    save_checkpoint(file, &run, &[("steps".into(), "500".into())].into())?;

    let mut other = Training::new(2);
    let before = accuracy(&other.model, &x_test, &y_test).try_item::<f32>()?;
    let metadata = load_checkpoint(file, &mut other)?;
    let after = accuracy(&other.model, &x_test, &y_test).try_item::<f32>()?;
    println!("loaded {} steps: accuracy {before:.3}, then {after:.3}", metadata["steps"]);
    Ok(())
}
