//! The expansions of the macros under lints that users' crates turn on: clippy looks at them wherever it looks at
//! the tests.

#![deny(clippy::all, clippy::pedantic, clippy::nursery, unused_qualifications)]

use nnx::module::PathPattern;
use nnx::{Array, Module, Param, Shared, Variable, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
    #[module(static)]
    name: String,
    #[module(skip)]
    note: Vec<String>,
    features: (usize, bool),
}

#[derive(Module)]
struct Residual<L, const N: usize>
where
    L: Module,
{
    inner: [L; N],
    list: Vec<Option<(L, Box<L>)>>,
    #[module(recursive)]
    next: Option<Box<Residual<Linear, 1>>>,
}

#[derive(Module)]
enum Tree {
    Leaf(Param),
    Node { children: Vec<Self>, linear: Linear },
    Empty,
}

#[derive(Module)]
struct Tied {
    embed: Shared<Param>,
    count: Variable<nnx::module::BatchStat>,
    layers: Vec<Box<dyn Layer>>,
}

#[nnx::dyn_module]
trait Layer: Send + Sync {
    fn call(&mut self, x: &Array) -> Array;
}

impl Layer for Linear {
    fn call(&mut self, x: &Array) -> Array {
        self.forward(x)
    }
}

const KERNEL: PathPattern = path!(Linear: kernel);

impl Linear {
    fn new(value: f32) -> Self {
        Self {
            kernel: Param::new(Array::scalar(value)),
            bias: None,
            name: "linear".to_owned(),
            note: Vec::new(),
            features: (1, true),
        }
    }

    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        self.bias.as_ref().map_or_else(|| x * &self.kernel, |bias| x * &self.kernel + bias)
    }

    #[nnx::jit]
    fn into_kernel(self) -> Param {
        self.kernel
    }
}

#[nnx::jit(graph = false, donate = false)]
fn generic<L: Module, const N: usize>(
    model: &mut Residual<L, N>,
    (x, y): (Array, Array),
    #[nnx(static)] scale: i32,
) -> (Array, usize) {
    (x * scale + y, model.inner.len())
}

#[nnx::jit]
fn fallible(tied: &mut Tied, tree: &Tree, x: &Array) -> nnx::Result<Option<Array>> {
    let embed = tied.embed.read().value().clone();
    tied.count.set(embed.clone());
    let x = tied.layers.iter_mut().fold(x.clone(), |x, layer| layer.call(&x));
    Ok(match tree {
        Tree::Leaf(leaf) => Some(leaf + x),
        Tree::Node { children, linear } if children.is_empty() => Some(linear.forward(&embed)),
        Tree::Node { .. } | Tree::Empty => None,
    })
}

#[test]
fn expansions_are_clean_and_work() {
    let x = Array::scalar(3.0_f32);
    assert_eq!(KERNEL.to_string(), "kernel");
    assert!((Linear::new(2.0).into_kernel().item::<f32>() - 2.0).abs() < f32::EPSILON);
    let mut model = Residual { inner: [Linear::new(2.0)], list: Vec::new(), next: None };
    assert_eq!(generic(&mut model, (x.clone(), x.clone()), 2).1, 1);
    let mut tied = Tied {
        embed: Shared::new(Param::new(x.clone())),
        count: Variable::new(x.clone()),
        layers: vec![Box::new(Linear::new(2.0))],
    };
    let node = Tree::Node { children: Vec::new(), linear: Linear::new(2.0) };
    for (tree, some) in
        [(Tree::Leaf(Param::new(x.clone())), true), (node, true), (Tree::Empty, false)]
    {
        assert_eq!(fallible(&mut tied, &tree, &x).is_ok_and(|y| y.is_some()), some);
    }
}
