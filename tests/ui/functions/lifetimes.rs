//! Lifetimes in a jitted signature.
use nnx::{Array, Param};

#[nnx::jit(graph = false)]
fn longer<'a>(x: &'a Array, y: &'a Array) -> &'a Array {
    //~ fn longer(x: &Array, y: &Array) -> Array {
    if x.size() > y.size() { x } else { y }
    //~ if x.size() > y.size() { x.clone() } else { y.clone() }
}

struct View<'a> {
    kernel: &'a Param,
}

#[nnx::jit(graph = false)]
fn through_a_view(view: View<'_>, x: &Array) -> Array {
    //~ fn through_a_view(kernel: &Param, x: &Array) -> Array {
    x * view.kernel
    //~ x * kernel
}

#[nnx::jit(graph = false)]
fn cow(x: std::borrow::Cow<'static, str>, y: &Array) -> Array {
    //~ fn cow(x: String, y: &Array) -> Array {
    let _ = x;
    y.clone()
}

fn main() {}
