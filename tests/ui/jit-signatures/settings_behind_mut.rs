// A number that the function counts up would be part of the program: each count another one.
use nnx::Array;

#[nnx::jit(graph = false)]
fn counted(x: &Array, calls: &mut usize) -> Array {
//~ fn counted(x: &Array, calls: &mut Array) -> Array {
//~2 fn counted(x: &Array, calls: usize) -> Array {
    *calls += 1;
    //~2
    x * 2
}

#[nnx::jit]
fn toggled(x: &Array, on: &mut bool) -> Array {
//~ fn toggled(x: &Array, on: bool) -> Array {
    *on = !*on;
    //~
    x * 2
}

#[nnx::jit]
fn named(x: &Array, name: &mut String) -> Array {
//~ fn named(x: &Array, name: String) -> Array {
    name.push('x');
    //~
    x * 2
}

type Count = usize;
//~ type Count = Array;
//~2 type Count = usize;

#[nnx::jit]
fn through_an_alias(x: &Array, count: &mut Count) -> Array {
//~ fn through_an_alias(x: &Array, count: &mut Count) -> Array {
//~2 fn through_an_alias(x: &Array, count: Count) -> Array {
    *count += 1;
    //~ *count += 1;
    //~2
    x * 2
}

fn main() {}
