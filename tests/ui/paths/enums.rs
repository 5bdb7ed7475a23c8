//! No variant has the field, or the one that has it ends there.

use nnx::module::PathPattern;
use nnx::{Module, Param, path};

#[derive(Module)]
struct Linear {
    kernel: Param,
}

#[derive(Module)]
enum Head {
    Own(Linear),
    Scaled(Param),
    Tied { table: Linear, scale: usize },
    Factors { table: usize, left: Param },
}

const IN_NO_VARIANT: PathPattern = path!(Vec<Head>: [*].tabel);
//~ const IN_NO_VARIANT: PathPattern = path!(Vec<Head>: [*].table);
const DEEPER_IN_ONE: PathPattern = path!(Vec<Head>: [*].table.kernl);
//~ const DEEPER_IN_ONE: PathPattern = path!(Vec<Head>: [*].table.kernel);
const STATIC_IN_ALL: PathPattern = path!(Head: scale);
//~ const STATIC_IN_ALL: PathPattern = path!(Head: left);

fn main() {}
