//! A jitted closure is called by `call`; jit is an attribute or a function, and never a macro with a `!`.
use nnx::Array;

fn as_in_jax(x: &Array) -> Array {
    let double = nnx::jit(|x: &Array| x * 2);
    double(x)
    //~ double.call(x)
}

fn as_a_macro(x: &Array) -> Array {
    nnx::jit!(x * 2)
    //~ x * 2
}

fn main() {}
