//! The derived bound, where it is not met.
use nnx::Module;

struct NotAModule;
//~ #[derive(Module)]
//~ struct NotAModule;

#[derive(Module)]
struct Residual<T> {
    inner: T,
}

fn takes<M: Module>(_: M) {}

fn main() {
    takes(Residual { inner: NotAModule });
}
