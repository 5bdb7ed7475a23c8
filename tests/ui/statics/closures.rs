// A closure cannot be compared with another one, and so cannot be part of a key.
use nnx::Array;

#[nnx::jit(graph = false)]
fn bound<F: Fn(&Array) -> Array>(x: &Array, #[nnx(static)] f: F) -> Array {
//~ fn bound(x: &Array, #[nnx(static)] f: fn(&Array) -> Array) -> Array {
    f(x)
}

#[nnx::jit(graph = false)]
fn clause<F>(x: &Array, #[nnx(static)] f: F) -> Array
//~ fn clause(x: &Array, #[nnx(static)] f: fn(&Array) -> Array) -> Array
where
//~
    F: Fn(&Array) -> Array,
    //~
{
    f(x)
}

#[nnx::jit(graph = false)]
fn of_a_trait(x: &Array, #[nnx(static)] f: impl Fn(&Array) -> Array) -> Array {
//~ fn of_a_trait(x: &Array, #[nnx(static)] f: fn(&Array) -> Array) -> Array {
    f(x)
}

fn main() {}
