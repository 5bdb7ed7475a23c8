//! Functions and closures cannot be arguments; functions can be static.

use nnx::Array;

#[nnx::jit(graph = false)]
fn pointer(f: fn(&Array) -> Array, x: &Array) -> Array {
//~ fn pointer(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn closure(f: impl Fn(&Array) -> Array, x: &Array) -> Array {
//~ fn closure(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
//~2 fn closure(f: &Scale, x: &Array) -> Array {
    f(x)
    //~2 f.forward(x)
}
//+2 #[derive(nnx::Module)]
//+2 struct Scale(nnx::Param);
//+2 impl Scale {
//+2     fn forward(&self, x: &Array) -> Array {
//+2         x * &self.0
//+2     }
//+2 }

#[nnx::jit(graph = false)]
fn borrowed_closure(f: &mut impl FnMut(&Array) -> Array, x: &Array) -> Array {
//~ fn borrowed_closure(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn boxed(f: Option<Box<dyn Fn(&Array) -> Array>>, x: &Array) -> Option<Array> {
//~ fn boxed(#[nnx(static)] f: Option<fn(&Array) -> Array>, x: &Array) -> Option<Array> {
    f.map(|f| f(x))
}

#[nnx::jit(graph = false)]
fn parameter<F: Fn(&Array) -> Array>(f: F, x: &Array) -> Array {
//~ fn parameter(#[nnx(static)] f: fn(&Array) -> Array, x: &Array) -> Array {
    f(x)
}

fn main() {}
