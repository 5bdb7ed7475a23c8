//! An application of the library next door: it holds the library's Modules in its own, and looks at
//! the programs of jitted functions from both sides, for which no plugin is needed.
#![deny(warnings)]
#![forbid(unsafe_code)]

use library::{Module as _, Option as Maybe, Residual};
use nnx::jit::lower;
use nnx::{Array, DType, Error, Module};

#[derive(Module)]
struct Model {
    blocks: Vec<Residual<Maybe<library::Array>>>,
    head: library::Array,
    width: usize,
}

impl library::Module for Model {
    fn apply(&mut self, x: &Array) -> Array {
        let y = self.blocks.iter_mut().fold(x.clone(), |y, block| block.apply(&y));
        self.head.apply(&y)
    }
}

#[nnx::jit(graph = false)]
fn predict(model: &mut Model, x: &Array) -> Array {
    let width = model.width;
    // A method that the library jitted, inside a function that the application jits.
    let first = model.blocks[0].forward(x);
    model.apply(&first) * width
}

fn table(label: &str) -> library::Array {
    library::Array::new(label, Array::shape_only([3], DType::F32))
}

fn block(inner: Maybe<library::Array>) -> Residual<Maybe<library::Array>> {
    Residual::new(inner, Array::shape_only([0_usize; 0], DType::I32))
}

fn model() -> Model {
    let blocks = vec![block(Maybe::Some(table("scale"))), block(Maybe::None)];
    Model { blocks, head: table("head"), width: 3 }
}

fn main() -> Result<(), Error> {
    for variable in Model::SCHEMA.variables() {
        println!("variable {} {}", variable.path, variable.kind.name);
    }
    let x = Array::shape_only([2, 3], DType::F32);
    let mut model = model();
    let predicted = lower(|| predict(&mut model, &x))?;
    println!("predict {:?}", show(predicted.output_avals()));
    let trained = lower(|| library::train_step(model, &x, 0.5))?;
    println!("train_step {:?}", show(trained.output_avals()));
    println!("{}", trained.stablehlo().lines().next().unwrap_or_default());
    // Running a program needs a plugin.
    println!("{}", Array::scalar(1.0_f32).try_item::<f32>()?);
    Ok(())
}

fn show(avals: Vec<nnx::value::Aval>) -> Vec<String> {
    avals.iter().map(ToString::to_string).collect()
}
