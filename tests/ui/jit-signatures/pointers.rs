//! Types that several places own, or that change behind a shared reference.

use nnx::{Array, Param};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

type Tied = Rc<Param>;
//~ type Tied = Param;

#[nnx::jit(graph = false)]
fn owned(kernel: Rc<Param>) -> Array {
//~ fn owned(kernel: Param) -> Array {
    kernel.value().clone()
}

#[nnx::jit(graph = false)]
fn borrowed(kernel: &Arc<Mutex<Param>>) -> Array {
//~ fn borrowed(kernel: &Param) -> Array {
    kernel.lock().unwrap().value().clone()
    //~ kernel.value().clone()
}

#[nnx::jit(graph = false)]
fn inside(kernels: &Vec<RefCell<Param>>, n: (Cell<usize>, Array)) -> Array {
//~ fn inside(kernels: &Vec<Param>, n: (usize, Array)) -> Array {
    kernels[n.0.get()].borrow().value().clone()
    //~ kernels[n.0].value().clone()
}

#[nnx::jit(graph = false)]
fn alias(kernel: &Tied) -> Array {
    kernel.value().clone()
}

#[nnx::jit(graph = false)]
fn raw(kernel: *mut Param, other: *const Param) -> Array {
//~ fn raw(kernel: &mut Param, other: &Param) -> Array {
    let _ = (kernel, other);
    Array::scalar(1.0_f32)
}

fn main() {}
