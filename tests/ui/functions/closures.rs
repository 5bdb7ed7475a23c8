//! jit is an attribute of functions: there is no jit of a closure.
use nnx::Array;

fn as_in_jax(x: &Array) -> Array {
    let double = nnx::jit(|x: &Array| x * 2);
    //~ #[nnx::jit]
    //~ fn double(x: &Array) -> Array {
    //~     x * 2
    //~ }
    double(x)
}

fn as_a_macro(x: &Array) -> Array {
    nnx::jit!(x * 2)
    //~ x * 2
}

fn main() {}
