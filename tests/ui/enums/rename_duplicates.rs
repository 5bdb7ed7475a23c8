//! Names must differ within a variant only.
use nnx::{Module, Param};

#[derive(Module)]
enum Layer {
    Linear {
        #[module(rename = "kernel")]
        //~
        weight: Param,
        kernel: Param,
    },
    Conv {
        kernel: Param,
        #[module(rename = "b")]
        bias: Param,
    },
    Norm {
        #[module(rename = "b")]
        bias: Param,
    },
}

fn main() {}
