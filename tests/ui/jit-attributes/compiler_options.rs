//! Options of XLA's compiler that are written in another way.

use nnx::Array;

#[nnx::jit(graph = false, compiler_options = { "xla_cpu_enable_fast_math": true })]
//~ #[nnx::jit(graph = false, compiler_options(xla_cpu_enable_fast_math = true))]
fn as_in_python(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, compiler_options())]
//~ #[nnx::jit(graph = false)]
fn without_any(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, compiler_options("xla_cpu_enable_fast_math" = true))]
//~ #[nnx::jit(graph = false, compiler_options(xla_cpu_enable_fast_math = true))]
fn text_for_a_name(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 1 + 1))]
//~ #[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 2))]
fn no_literal(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 1u8))]
//~ #[nnx::jit(graph = false, compiler_options(xla_backend_optimization_level = 1))]
fn suffix(x: &Array) -> Array {
    x.clone()
}

#[nnx::jit(graph = false, compiler_options(xla_cpu_enable_fast_math = true, xla_cpu_enable_fast_math = false))]
//~ #[nnx::jit(graph = false, compiler_options(xla_cpu_enable_fast_math = false))]
fn twice(x: &Array) -> Array {
    x.clone()
}

fn main() {}
