//! Types that own nothing, or that several places own.

use nnx::Array;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

struct Batch<'a>(std::marker::PhantomData<&'a Array>);

#[nnx::jit(graph = false)]
fn rc(x: &Array) -> Rc<Array> {
    Rc::new(x.clone())
}

#[nnx::jit(graph = false)]
fn several(x: &Array) -> (Arc<Array>, Option<RefCell<Array>>, Mutex<Array>) {
    (Arc::new(x.clone()), None, Mutex::new(x.clone()))
}

#[nnx::jit(graph = false)]
fn raw(x: &Array) -> *const Array {
    x
}

#[nnx::jit(graph = false)]
fn object(x: &Array) -> Box<dyn std::fmt::Debug> {
    Box::new(x.clone())
}

#[nnx::jit(graph = false)]
fn function(x: &Array) -> fn(&Array) -> Array {
    let _ = x;
    Array::clone
}

#[nnx::jit(graph = false)]
fn borrowed<'a>(x: &'a Array) -> Batch<'a> {
    let _ = x;
    Batch(std::marker::PhantomData)
}

#[nnx::jit(graph = false)]
fn slice(x: &Array) -> Box<[Array]> {
    vec![x.clone()].into()
}

fn main() {}
