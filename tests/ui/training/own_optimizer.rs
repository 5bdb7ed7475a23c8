//! A gradient transformation of one's own.
use nnx::Module;
use nnx::optim::{GradientTransformation, Params};

struct NotAModule;
//~ #[derive(Module)]
//~ struct NotAModule;

impl GradientTransformation for NotAModule {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates
    }
}

struct Momentum {
//~ #[derive(Module)]
//~ struct Momentum {
    velocity: Params,
}

#[derive(Module)]
struct BadState;

impl GradientTransformation for BadState {
    type State = Momentum;
    fn init(&self, params: &Params) -> Momentum {
        Momentum { velocity: params.zeros_like() }
    }
    fn update(&self, updates: Params, _: &mut Momentum, _: &Params) -> Params {
        updates
    }
}

#[derive(Module)]
struct NoUpdate;

impl GradientTransformation for NoUpdate {
    type State = ();
    fn init(&self, _: &Params) {}
    //+ fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
    //+     updates
    //+ }
}

fn main() {}
