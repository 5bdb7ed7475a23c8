//! A type that holds itself with other arguments: its schema would say the wrong thing.
use nnx::module::Shared;
use nnx::nn::Linear;
use nnx::{Module, Param};

#[derive(Module)]
struct Node<T> {
    t: T,
    next: Option<Box<Node<Shared<Param>>>>,
    //~ next: Option<Box<Node<T>>>,
    //~2 #[module(recursive)]
    //~2 next: Option<Box<Node<Shared<Param>>>>,
}

#[derive(Module)]
struct Pair<A, B> {
    a: A,
    b: B,
    swapped: Vec<self::Pair<B, A>>,
    //~ same: Vec<self::Pair<A, B>>,
    //~2 #[module(recursive)]
    //~2 swapped: Vec<self::Pair<B, A>>,
}

#[derive(Module)]
struct Default<T = Linear> {
    t: T,
    next: Option<Box<Default>>,
    //~ next: Option<Box<Default<T>>>,
    //~2 #[module(recursive)]
    //~2 next: Option<Box<Default>>,
}

fn main() {}
