//! Types that own nothing, or that several places own.

use nnx::Array;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

struct Batch<'a>(std::marker::PhantomData<&'a Array>);

#[nnx::jit(graph = false)]
fn rc(x: &Array) -> Rc<Array> {
//~ fn rc(x: &Array) -> Array {
    Rc::new(x.clone())
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn several(x: &Array) -> (Arc<Array>, Option<RefCell<Array>>, Mutex<Array>) {
//~ fn several(x: &Array) -> (Array, Option<Array>, Array) {
    (Arc::new(x.clone()), None, Mutex::new(x.clone()))
    //~ (x.clone(), None, x.clone())
}

#[nnx::jit(graph = false)]
fn raw(x: &Array) -> *const Array {
//~ fn raw(x: &Array) -> Array {
    x
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn object(x: &Array) -> Box<dyn std::fmt::Debug> {
//~ fn object(x: &Array) -> Array {
    Box::new(x.clone())
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn function(x: &Array) -> fn(&Array) -> Array {
//~ fn function(x: &Array) -> Array {
    let _ = x;
    Array::clone
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn borrowed<'a>(x: &'a Array) -> Batch<'a> {
//~ fn borrowed(x: &Array) -> Array {
    let _ = x;
    Batch(std::marker::PhantomData)
    //~ x.clone()
}

#[nnx::jit(graph = false)]
fn slice(x: &Array) -> Box<[Array]> {
//~ fn slice(x: &Array) -> Vec<Array> {
    vec![x.clone()].into()
    //~ vec![x.clone()]
}

fn main() {}
