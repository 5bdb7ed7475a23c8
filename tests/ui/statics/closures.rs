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
//~2 fn of_a_trait(x: &Array, f: &Scale) -> Array {
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

fn main() {}
