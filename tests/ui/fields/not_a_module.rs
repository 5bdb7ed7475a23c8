//! A type that derives nothing, directly and in a container; one error for each field.
use nnx::{Module, Param};

struct Config {
//~ #[derive(Module)]
//~ struct Config {
//~2 #[derive(Clone, PartialEq, Eq, Hash)]
//~2 struct Config {
//~3 #[derive(Clone)]
//~3 struct Config {
    width: usize,
}

#[derive(Module)]
struct Model {
    kernel: Param,
    config: Config,
    //~ config: Config,
    //~2 #[module(static)]
    //~2 config: Config,
    //~3 #[module(skip)]
    //~3 config: Config,
    configs: Vec<Config>,
    //~ configs: Vec<Config>,
    //~2 #[module(static)]
    //~2 configs: Vec<Config>,
    //~3 #[module(skip)]
    //~3 configs: Vec<Config>,
}

fn main() {}
