//! Types that hold themselves, by their name, through a module's path, or each other.
#![deny(warnings)]
use nnx::module::{PathPattern, Shared};
use nnx::nn::Linear;
use nnx::{Array, Module, Param, path};

#[derive(Module)]
pub struct Node<T> {
    t: T,
    next: Option<Box<Node<T>>>,
    other: Vec<self::Node<T>>,
    third: Option<Box<Self>>,
}

pub mod inner {
    use nnx::{Module, Param};

    #[derive(Module)]
    pub struct Tree {
        pub kernel: Param,
        pub children: Vec<crate::inner::Tree>,
    }

    pub mod lora {
        /// Not the same, though of the same name.
        #[derive(nnx::Module)]
        pub struct Tree {
            pub base: crate::inner::Tree,
        }
    }
}

const WIDTH: usize = 3;

#[derive(Clone)]
struct Mark<const N: usize>;

#[derive(Module)]
struct UNet<const D: usize> {
    #[module(skip)]
    mark: Option<Mark<D>>,
    #[module(skip)]
    wide: [Mark<WIDTH>; D],
    down: Param,
    inner: Option<Box<UNet<D>>>,
}

#[derive(Module)]
struct Encoder {
    kernel: Param,
    blocks: Vec<Block>,
}

#[derive(Module)]
struct Block {
    bias: Param,
    #[module(recursive)]
    inner: Option<Box<Encoder>>,
}

type Alias = Option<Box<Linked>>;

#[derive(Module)]
struct Linked {
    kernel: Param,
    #[module(recursive)]
    next: Alias,
}

#[derive(Module)]
struct Ends<T: Module> {
    t: T,
    #[module(recursive)]
    end: Option<Box<Ends<Linear>>>,
    #[module(recursive)]
    tied: Option<Box<Ends<Shared<Param>>>>,
}

const DEEP: PathPattern = path!(Node<Linear>: next.other[*].third.t.kernel);
const TREE: PathPattern = path!(inner::lora::Tree: base.children[*].children[0].kernel);
const UNET: PathPattern = path!(UNet<3>: inner.inner.down);
const MUTUAL: PathPattern = path!(Encoder: blocks[*].inner.blocks[0].bias);
const ENDS: PathPattern = path!(Ends<Param>: end.t.kernel);

#[nnx::jit(graph = false)]
fn forward(node: &Node<Linear>, encoder: &mut Encoder, linked: &Linked, ends: &Ends<Param>) -> Array {
    nnx::array::zeros([2], nnx::DType::F32) + &encoder.kernel + &linked.kernel + &ends.t + &*node.t.kernel
}

fn main() {
    let _ = (DEEP, TREE, UNET, MUTUAL, ENDS);
    let _ = forward as fn(&Node<Linear>, &mut Encoder, &Linked, &Ends<Param>) -> Array;
}
