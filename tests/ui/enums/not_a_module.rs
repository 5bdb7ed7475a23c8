use nnx::{Module, Param};

struct Config;
//~ #[derive(Module)]
//~ struct Config;

#[derive(Module)]
enum Layer {
    Linear { kernel: Param, config: Config },
    Scale(Vec<Config>),
}

fn main() {}
