//! More than twelve parameters.

use nnx::Array;

type A = Array;

#[nnx::jit(graph = false)]
fn many(a: &A, b: &A, c: &A, d: &A, e: &A, f: &A, g: &A, h: &A, i: &A, j: &A, k: &A, l: &A, m: &A, n: &A) -> Array {
//~ fn many(a: &A, b: &A, c: &A, d: &A, e: &A, f: &A, g: &A, h: &A, i: &A, j: &A, k: &A, (l, m, n): (A, A, A)) -> Array {
    a + b + c + d + e + f + g + h + i + j + k + l + m + n
}

fn main() {}
