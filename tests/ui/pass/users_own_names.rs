//! User items that are called like what the expansion uses, and traits with its methods in scope.
#![allow(dead_code)]

struct Result;
struct Option;
struct Module;
struct Array;
struct Vec;
struct Box;
struct String;
struct Clone;
struct Default;
struct Iterator;
struct Send;
struct Sync;
struct Eq;
struct Hash;
struct From;
struct FnOnce;
struct Schema;
struct Field;
struct Variant;
struct Key;
struct Structure;
enum Maybe {
    Some,
    None,
    Ok,
    Err,
}
#[allow(unused_imports)]
use Maybe::{Err, None, Ok, Some};

// Macros too.
#[allow(unused_macros)]
macro_rules! unreachable {
    () => { compile_error!("not this one") };
}
#[allow(unused_macros)]
macro_rules! panic {
    () => { compile_error!("not this one") };
}

const NAME: usize = 0;
mod core {}
mod std {}
mod module {}

trait Walks {
    fn flatten(&self) {}
    fn flatten_mut(&mut self) {}
    fn unflatten(&self) {}
    fn enter(&self) {}
    fn exit(&self) {}
    fn variable(&self) {}
    fn static_value(&self) {}
    fn structure(&self) {}
    fn part(&self) {}
    fn copy(&self) {}
    fn clone(&self) {}
}
impl<T> Walks for T {}

#[derive(nnx::Module)]
struct Linear<V, L> {
    kernel: nnx::Param,
    visitor: V,
    leaves: L,
    value: ::std::vec::Vec<nnx::Array>,
    #[module(static)]
    name: &'static str,
    #[module(skip)]
    note: (),
}

impl<V, L> Linear<V, L> {
    const SCHEMA: usize = 7;
}

#[derive(nnx::Module)]
enum Layer {
    Linear { visitor: nnx::Param, leaves: nnx::Param, value: usize },
    Some(nnx::Param),
    None,
}

fn main() {
    assert_eq!(<Layer as nnx::Module>::SCHEMA.variables().count(), 3);
    assert_eq!(Linear::<(), ()>::SCHEMA, 7);
}
