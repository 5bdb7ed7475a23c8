//! Names of the standard library that are the user's own types.
use nnx::{Module, Param};

mod recurrent {
    use nnx::{Module, Param};

    #[derive(Module)]
    pub struct Cell<T = Param> {
        pub kernel: T,
    }
}

#[derive(Module)]
struct Cell {
    kernel: Param,
}

#[derive(Module)]
struct Network {
    cell: Cell,
    other: recurrent::Cell,
    typed: recurrent::Cell<Option<Param>>,
}

fn main() {
    assert_eq!(Network::SCHEMA.variables().count(), 3);
}
