//! Copies of a model in which some things are others: views of some Modules, attributes of any type, buffers.

use super::jit_support::*;
use nnx::module::{ModuleInfo, View, view, with_attributes};
use nnx::nn::{BatchNorm, Dropout, LayerNorm, Linear};
use nnx::random::Rngs;
use nnx::xla::{Backend, Client};
use nnx::{Module, Shared};

#[derive(Module)]
struct Noisy {
    linear: Linear,
    dropout: Dropout,
    batch_norm: BatchNorm,
}

fn block() -> Noisy {
    let mut rngs = Rngs::new(0);
    Noisy {
        linear: Linear::new(2, 5, &mut rngs),
        dropout: Dropout::new(0.5, &mut rngs),
        batch_norm: BatchNorm::new(10, &mut rngs),
    }
}

fn flags(block: &Noisy) -> (bool, bool) {
    (*block.dropout.deterministic, *block.batch_norm.use_running_average)
}

#[test]
fn a_view_of_some_modules_by_type_and_path() {
    let model = vec![block(), block()];
    let only = |view: View| view.only(|module| module.name == "Dropout");
    let other = view(&model, only(View::eval()));
    assert!(other.iter().all(|block| flags(block) == (true, false)));
    let last = |module: &ModuleInfo| module.path.to_string().starts_with("[1]");
    let other = view(&model, View::eval().only(last));
    assert_eq!([flags(&other[0]), flags(&other[1])], [(false, false), (true, true)]);
    let other = view(&model, only(View::new().set("deterministic", true)));
    assert_eq!(flags(&other[0]), (true, false));
    // Of the Modules that it is for, none has that flag.
    let norms = only(View::new().set("use_running_average", true));
    let message = panic_message(|| drop(view(&model, norms)));
    assert_says(&message, &["has a flag `use_running_average`", "deterministic"]);
}

/// A node has its first path, and one in which nothing changes is the same in the copy.
#[test]
fn a_view_of_some_shared_nodes() {
    #[derive(Module)]
    struct Tied {
        first: Shared<Dropout>,
        again: Shared<Dropout>,
        other: Shared<Dropout>,
    }
    let mut rngs = Rngs::new(0);
    let [first, other] = [0, 1].map(|_| Shared::new(Dropout::new(0.5, &mut rngs)));
    let model = Tied { again: first.clone(), first, other };
    let of = |path: &'static str| {
        view(&model, View::eval().only(move |module| module.path.to_string() == path))
    };
    let on = |tied: &Tied| {
        [&tied.first, &tied.again, &tied.other].map(|node| *node.read().deterministic)
    };
    assert_eq!(on(&of("first")), [true, true, false]);
    assert_eq!(on(&of("again")), [false; 3]);
    let seen = of("other");
    assert_eq!(on(&seen), [false, false, true]);
    assert!(
        Shared::ptr_eq(&seen.first, &model.first) && !Shared::ptr_eq(&seen.other, &model.other)
    );
    assert_eq!(on(&model), [false; 3]);
}

#[test]
fn attributes_of_any_type_are_set_in_a_copy() {
    let model = vec![block(), block()];
    let other = with_attributes(&model, |_, norm: &mut BatchNorm| norm.momentum = 0.9);
    assert!(other.iter().all(|block| block.batch_norm.momentum == 0.9));
    assert_ne!(model[0].batch_norm.momentum, 0.9);
    assert_eq!(address(&other[0].linear.kernel), address(&model[0].linear.kernel));
    let message = panic_message(|| drop(with_attributes(&model, |_, _: &mut LayerNorm| ())));
    assert_says(&message, &["with_attributes", "LayerNorm", "iter_modules"]);
}

#[test]
fn a_clone_has_the_same_buffers_or_its_own() {
    let block = block();
    let [shares, has_own] = [nnx::clone(&block), nnx::clone_arrays(&block)];
    assert_eq!(address(&shares.linear.kernel), address(&block.linear.kernel));
    // The backend xla-rs does not tell where a buffer lies.
    if Client::global().unwrap().backend() == Backend::Pjrt {
        assert_ne!(address(&has_own.linear.kernel), address(&block.linear.kernel));
    }
    assert_eq!(has_own.linear.kernel.to_vec::<f32>(), block.linear.kernel.to_vec::<f32>());
}
