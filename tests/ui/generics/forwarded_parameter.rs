//! Generic code that forgets to ask for a Module.
use nnx::Module;

#[derive(Module)]
struct Wrap<T> {
    inner: T,
}

fn takes<M: Module>(_: M) {}

fn forward<T: 'static>(inner: T) {
//~ fn forward<T: Module>(inner: T) {
    takes(Wrap { inner });
}

fn main() {}
