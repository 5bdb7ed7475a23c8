//! Results are kept with the compiled program, which all threads share.

use nnx::{Array, Module};
use std::rc::Rc;

#[derive(Module)]
struct Traced {
    value: Array,
    #[module(skip)]
    log: Rc<String>,
    //~ log: std::sync::Arc<String>,
}

#[nnx::jit(graph = false)]
fn traced(x: &Array) -> Traced {
    Traced { value: x.clone(), log: Rc::new(String::new()) }
    //~ Traced { value: x.clone(), log: std::sync::Arc::new(String::new()) }
}

fn main() {}
