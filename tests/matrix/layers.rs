//! The layers, with inputs of a few elements.

use super::{
    Case, DTYPES, Entries, check, entries, has_all_modes, on_host, pair, results, stacked,
};
use nnx::nn::*;
use nnx::random::{self, Rngs};
use nnx::{Array, DType, Module, scan, value_and_grad, vmap};

type Stack = Vec<Box<dyn AnyLayer>>;

/// The results in the dtypes of the inputs, as the carry of a loop has to be.
fn forward(stack: &mut Stack, xs: &[Array]) -> Vec<Array> {
    let pairs = stack.iter_mut().zip(xs);
    pairs.map(|(layer, x)| layer.forward(x).astype(x.dtype())).collect()
}

fn loss(ys: &[Array]) -> Array {
    let loss = |y: &Array| (y.astype(DType::F32).square() + 1.0).log().sum(..);
    ys.iter().map(loss).fold(Array::scalar(0.0_f32), |sum, loss| sum + loss)
}

type Made = (Vec<Array>, Stack);

/// Results and gradients.
fn step(stack: &mut Stack, xs: &[Array]) -> Made {
    let f = |stack: &mut Stack| {
        let ys = forward(stack, xs);
        (loss(&ys), ys)
    };
    let ((_, ys), gradients) = value_and_grad(f, stack);
    (ys, gradients)
}

#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn together(stack: &mut Stack, xs: &Vec<Array>) -> Made {
    step(stack, xs)
}

/// The function has the name of the other, so that equal programs are compiled once.
mod graph_mode {
    use super::*;

    #[nnx::jit(compiler_options(xla_backend_optimization_level = 0))]
    pub(super) fn together(stack: &mut Stack, xs: &Vec<Array>) -> Made {
        step(stack, xs)
    }
}

/// Two of each, each with an input of its own.
#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn ensemble(stacks: &mut Stack, xs: &Vec<Array>) -> Made {
    vmap(|(stack, xs): (&mut Stack, &Vec<Array>)| step(stack, xs), (stacks, xs), 0)
}

/// Two of each, one after the other in a loop that sums their losses.
#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 0))]
fn looped(stacks: &mut Stack, xs: &Vec<Array>) -> Made {
    let f = |stacks: &mut Stack| {
        let body = |sum: Array, (stack, xs): (&mut Stack, &Vec<Array>)| {
            let ys = forward(stack, xs);
            (sum + loss(&ys), ys)
        };
        scan(body, Array::scalar(0.0_f32), (stacks, xs))
    };
    let ((_, ys), gradients) = value_and_grad(f, stacks);
    (ys, gradients)
}

/// Results, gradients and the layers afterwards.
fn outcome((ys, gradients): &Made, stack: &Stack) -> Entries {
    let mut all = results("result", ys);
    all.extend(entries("gradient of ", gradients));
    all.extend(entries("", stack));
    all
}

/// The vectors of tokens, and their products with a table.
#[derive(Clone, Module)]
struct OfTokens {
    embed: Embed,
}

impl Layer for OfTokens {
    fn forward(&mut self, x: &Array) -> Array {
        let tokens = (x.abs() * 4.0).astype(DType::I32) % 4;
        self.embed.forward(&tokens).sum(-2) + self.embed.attend(x)
    }
}

struct Row {
    name: &'static str,
    shape: Vec<usize>,
    layer: Box<dyn AnyLayer>,
}

/// The layers by their names, with the shapes of their inputs.
fn rows(d: DType, seed: u64) -> Vec<Row> {
    let rngs = &mut Rngs::new(seed);
    let mut all = Vec::new();
    macro_rules! add {
        ($name:literal, &$shape:ident, $layer:expr) => {
            all.push(Row { name: $name, shape: $shape.to_vec(), layer: Box::new($layer) })
        };
    }
    let init = initializers::lecun_normal;
    let rows = [3, 4];
    add!("Linear", &rows, Linear::builder(4, 4).param_dtype(d).build(rngs));
    add!("LinearGeneral", &rows, LinearGeneral::builder(4, 4).param_dtype(d).build(rngs));
    add!(
        "Einsum",
        &rows,
        Einsum::builder("ab,bc->ac", [4, 4]).bias_shape(4).param_dtype(d).build(rngs)
    );
    add!("LoRA", &rows, LoRA::builder(4, 2, 4).b_initializer(init()).param_dtype(d).build(rngs));
    add!("LoRALinear", &rows, {
        let settings = LoRALinear::builder(4, 4, 2).b_initializer(init());
        settings.param_dtype(d).lora_param_dtype(d).build(rngs)
    });
    add!("Embed", &rows, OfTokens { embed: Embed::builder(4, 4).param_dtype(d).build(rngs) });
    add!("PReLU", &rows, PReLU::builder().param_dtype(d).build());
    // Behind something to learn.
    add!(
        "Dropout",
        &rows,
        Sequential::new((PReLU::builder().param_dtype(d).build(), Dropout::new(0.5, rngs)))
    );
    add!("BatchNorm", &rows, BatchNorm::builder(4).param_dtype(d).build(rngs));
    add!("LayerNorm", &rows, LayerNorm::builder(4).param_dtype(d).build(rngs));
    add!("RMSNorm", &rows, RMSNorm::builder(4).param_dtype(d).build(rngs));
    add!("GroupNorm", &rows, GroupNorm::builder(4).num_groups(2).param_dtype(d).build(rngs));
    let linear = |d, rngs: &mut Rngs| Linear::builder(4, 4).param_dtype(d).build(rngs);
    add!("WeightNorm", &rows, WeightNorm::new(linear(d, rngs), rngs));
    add!("SpectralNorm", &rows, SpectralNorm::builder(linear(d, rngs)).param_dtype(d).build(rngs));
    add!(
        "Sequential",
        &rows,
        Sequential::new((linear(d, rngs), Activation::new(gelu), Dropout::new(0.2, rngs)))
    );
    add!(
        "List",
        &rows,
        Sequential::new(List::new().with(linear(d, rngs)).with(Activation::new(tanh)))
    );

    let images = [2, 4, 3, 2];
    add!("Conv", &images, Conv::builder(2, 2, [3, 2]).param_dtype(d).build(rngs));
    add!("ConvTranspose", &images, ConvTranspose::builder(2, 2, [3, 2]).param_dtype(d).build(rngs));
    add!("InstanceNorm", &images, InstanceNorm::builder(2).param_dtype(d).build(rngs));

    let tokens = [2, 3, 8];
    add!("MultiHeadAttention", &tokens, {
        let settings = MultiHeadAttention::builder(2, 8).normalize_qk(true).dropout_rate(0.2);
        settings.param_dtype(d).build(rngs)
    });
    add!(
        "SimpleCell",
        &tokens,
        RNN::new(SimpleCell::builder(8, 8).dtype(d).param_dtype(d).build(rngs))
    );
    add!("GRUCell", &tokens, RNN::new(GRUCell::builder(8, 8).param_dtype(d).build(rngs)));
    add!("LSTMCell", &tokens, RNN::new(LSTMCell::builder(8, 8).param_dtype(d).build(rngs)));
    add!(
        "OptimizedLSTMCell",
        &tokens,
        RNN::new(OptimizedLSTMCell::builder(8, 8).param_dtype(d).build(rngs))
    );
    add!("Bidirectional", &tokens, {
        let mut cell = || RNN::new(GRUCell::builder(8, 4).param_dtype(d).build(rngs));
        Bidirectional::new(cell(), cell())
    });
    all
}

/// The names of the rows.
pub(super) fn names() -> Vec<&'static str> {
    rows(DType::F32, 0).into_iter().map(|row| row.name).collect()
}

/// How many layers are one program.
const TOGETHER: usize = 13;

fn layers(i: usize) {
    let (dtype, rounding) = DTYPES[i];
    let names = names();
    let inputs = [7, 8].map(|seed| -> Vec<Array> {
        let x = |row: Row| random::normal(&random::key(seed), &row.shape, DType::F32);
        rows(dtype, 0).into_iter().map(|row| x(row).astype(dtype)).collect()
    });
    let mut made = [0, 1].map(|seed| rows(dtype, seed).into_iter().map(|row| row.layer));
    let mut faults = Vec::new();
    for part in (0..names.len()).step_by(TOGETHER) {
        let starts = made.each_mut().map(|made| made.take(TOGETHER).collect::<Stack>());
        let start = |i: usize| nnx::clone(&starts[i]);
        let of_part = |x: &Vec<Array>| -> Vec<Array> {
            x.iter().skip(part).take(TOGETHER).cloned().collect()
        };
        let xs = inputs.each_ref().map(of_part);
        let case = Case { names: &names[part..], dtype, rounding };

        let eager = [0, 1].map(|i| {
            let mut stack = start(i);
            outcome(&step(&mut stack, &xs[i]), &stack)
        });
        let mut run = |mode: &str,
                       mut stack: Stack,
                       xs: &Vec<Array>,
                       call: fn(&mut Stack, &Vec<Array>) -> Made,
                       expected: &Entries| {
            let made = call(&mut stack, xs);
            check(&case, mode, &outcome(&made, &stack), expected, &mut faults);
        };
        run("in tree mode", start(0), &xs[0], together, &eager[0]);
        if !has_all_modes(dtype) {
            continue;
        }
        run("in graph mode", start(0), &xs[0], graph_mode::together, &eager[0]);
        let both = stacked(&eager[0], &eager[1]);
        let pairs = xs[0].iter().zip(&xs[1]).map(|(a, b)| on_host([a, b])).collect();
        let two = || pair(&starts[0], &starts[1]);
        run("under vmap", two(), &pairs, ensemble, &both);
        run("under scan", two(), &pairs, looped, &both);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn layers_in_f32() {
    layers(0);
}

#[test]
fn layers_in_bf16() {
    layers(1);
}

#[test]
fn layers_in_f16() {
    layers(2);
}
