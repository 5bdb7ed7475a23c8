//! A step far down is wrong: the message says what is there, at that step.

use nnx::module::{BatchStat, PathPattern};
use nnx::{Module, Param, Variable, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
    features: usize,
}

#[derive(Module)]
struct Attention {
    query: Linear,
    key: Linear,
    mean: Variable<BatchStat>,
    heads: usize,
}

#[derive(Module)]
struct Layer {
    attn: Option<Box<Attention>>,
}

#[derive(Module)]
struct Encoder {
    layers: Vec<Layer>,
}

#[derive(Module)]
struct Tree {
    weight: Param,
    children: Vec<Tree>,
}

const FOURTH: PathPattern = path!(Encoder: layers[*].attn.qery.kernel);
//~ const FOURTH: PathPattern = path!(Encoder: layers[*].attn.query.kernel);
const LAST: PathPattern = path!(Encoder: layers[0].attn.query.weight);
//~ const LAST: PathPattern = path!(Encoder: layers[0].attn.query.kernel);
const RECURSIVE: PathPattern = path!(Tree: children[*].children[*].wieght);
//~ const RECURSIVE: PathPattern = path!(Tree: children[*].children[*].weight);

fn main() {}
