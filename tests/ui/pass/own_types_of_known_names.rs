//! Generic types of the user's with names of the standard library's that cannot be in a Module.
#![deny(warnings, unused_qualifications)]
use nnx::nn::Linear;
use nnx::{Array, Module, Param};

/// A recurrent cell.
#[derive(Module)]
struct Cell<A> {
    activation: A,
    kernel: Param,
}

#[derive(Module)]
struct Rc<T>(T);

#[derive(Module)]
struct Mutex<T> {
    inner: T,
}

#[derive(Module)]
struct Model<A> {
    cell: Cell<A>,
    cells: Vec<Cell<Linear>>,
    rc: Rc<Option<Mutex<A>>>,
}

#[nnx::jit(graph = false)]
fn forward(cell: &mut Cell<Linear>, model: &Model<Linear>, x: &Array) -> Rc<Array> {
    cell.kernel.set(x + 1.0);
    let y = x + &*cell.activation.kernel + &*model.cell.kernel + &*model.cells[0].kernel;
    Rc(y + &*model.rc.0.as_ref().map_or(&cell.kernel, |mutex| &mutex.inner.kernel))
}

#[nnx::jit(graph = false)]
fn generic<T: Module>(cell: &Cell<T>) -> Mutex<Param> {
    Mutex { inner: cell.kernel.clone() }
}

fn main() {
    let _ = forward as fn(&mut Cell<Linear>, &Model<Linear>, &Array) -> Rc<Array>;
    let _ = generic::<Linear> as fn(&Cell<Linear>) -> Mutex<Param>;
}
