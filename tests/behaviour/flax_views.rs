//! Counterparts of Flax's tests of views and of attributes that are set in a whole model. The table in
//! `docs/flax-tests.md` says which is which.

use super::jit_support::*;
use nnx::Module;
use nnx::module::{
    BatchStat, Flag, MetaValue, StateLeaf, View, map_modules, set_metadata, view, view_info,
};
use nnx::nn::{BatchNorm, Dropout, Linear};
use nnx::random::Rngs;
use nnx::{Param, of_type};

#[derive(Module)]
struct Block {
    linear: Linear,
    dropout: Dropout,
    batch_norm: BatchNorm,
}

fn block() -> Block {
    let mut rngs = Rngs::new(0);
    Block {
        linear: Linear::new(2, 5, &mut rngs),
        dropout: Dropout::new(0.5, &mut rngs),
        batch_norm: BatchNorm::new(10, &mut rngs),
    }
}

fn flags(block: &Block) -> (bool, bool) {
    (*block.dropout.deterministic, *block.batch_norm.use_running_average)
}

#[test]
fn a_view_has_other_flags_and_the_same_arrays() {
    let block = block();
    let setting = View::new().set("deterministic", true).set("use_running_average", true);
    let other = view(&block, setting);
    assert_eq!((flags(&other), flags(&block)), ((true, true), (false, false)));
    assert_eq!(address(&other.linear.kernel), address(&block.linear.kernel));
}

#[test]
fn flags_of_one_type_of_layer_are_set_in_a_copy() {
    let block = block();
    let mut other = view(&block, View::new());
    map_modules(&mut other, |_, dropout: &mut Dropout| dropout.deterministic.set(true));
    assert_eq!((flags(&other), flags(&block)), ((true, false), (false, false)));
    assert_eq!(address(&other.linear.kernel), address(&block.linear.kernel));
}

#[test]
fn flags_of_one_type_of_layer_are_set_in_place() {
    let mut block = block();
    map_modules(&mut block, |_, dropout: &mut Dropout| dropout.deterministic.set(true));
    assert_eq!(flags(&block), (true, false));
    map_modules(&mut block, |_, norm: &mut BatchNorm| norm.use_running_average.set(true));
    assert_eq!(flags(&block), (true, true));
}

#[test]
fn flags_are_listed_with_their_values() {
    let model = vec![block()];
    let eval = view(&model, View::new().set("deterministic", true));
    let shown: Vec<String> = view_info(&eval).iter().map(|flag| flag.to_string()).collect();
    assert_eq!(
        shown,
        ["[0].dropout.deterministic = true", "[0].batch_norm.use_running_average = false"]
    );
    let of_norms: Vec<_> =
        view_info(&model).into_iter().filter(|flag| flag.name == "use_running_average").collect();
    assert_eq!((of_norms.len(), of_norms[0].value), (1, false));
    assert!(view_info(&model[0].linear).is_empty());
    // A flag of one's own, in a field of another name.
    #[derive(Module)]
    struct Noisy {
        loud: Flag,
    }
    let noisy = Noisy { loud: Flag::new("noise", true) };
    assert_eq!(view_info(&noisy)[0].to_string(), "loud noise = true");
}

#[test]
fn metadata_of_the_variables_that_a_filter_takes() {
    let mut model = block();
    set_metadata(&mut model, of_type::<Param>(), "frozen", MetaValue::Bool(true));
    let frozen = |leaf: &StateLeaf| leaf.metadata.get("frozen") == Some(&MetaValue::Bool(true));
    let all = nnx::state(&model);
    assert_eq!(all.iter().filter(|(_, leaf)| frozen(leaf)).count(), 4);
    assert!(
        all.iter()
            .filter(|(_, leaf)| !frozen(leaf))
            .all(|(_, leaf)| leaf.kind.is_none_or(|kind| kind.name != "Param"))
    );
    let text = panic_message(|| {
        set_metadata(&mut model.linear, of_type::<BatchStat>(), "frozen", MetaValue::Bool(true))
    });
    assert!(
        text.contains("the filter takes no Variable of `") && text.contains("Linear"),
        "{text}"
    );
}

#[test]
fn settings_of_any_type_are_set_by_type_and_path() {
    let mut model = vec![block(), block()];
    map_modules(&mut model, |path, dropout: &mut Dropout| {
        if path.to_string().starts_with("[1]") {
            dropout.rate = 0.25;
        }
    });
    map_modules(&mut model, |_, norm: &mut BatchNorm| norm.momentum = 0.9);
    assert_eq!((model[0].dropout.rate, model[1].dropout.rate), (0.5, 0.25));
    assert!(model.iter().all(|block| block.batch_norm.momentum == 0.9));
}

#[test]
fn a_flag_that_no_layer_has_is_an_error_if_it_was_named() {
    let block = block();
    let message = panic_message(|| drop(view(&block, View::eval().set("unknown", true))));
    assert_says(&message, &["has a flag `unknown`", "deterministic, use_running_average"]);
    // A mode is for any model.
    assert_eq!(view(&block.linear, View::eval()).kernel.shape(), [2, 5]);
    assert_eq!(flags(&view(&block, View::eval())), (true, true));
}

#[test]
fn metadata_of_all_params_is_set_in_place() {
    let mut block = block();
    map_modules(&mut block, |_, param: &mut Param| {
        param.metadata_mut().set("foo", MetaValue::Text("bar".to_owned()));
    });
    let foo = MetaValue::Text("bar".to_owned());
    assert_eq!(block.linear.kernel.metadata().get("foo"), Some(&foo));
    assert_eq!(block.linear.bias.as_ref().unwrap().metadata().get("foo"), Some(&foo));
    assert_eq!(block.batch_norm.scale.as_ref().unwrap().metadata().get("foo"), Some(&foo));
    assert!(block.batch_norm.mean.metadata().is_empty());
    // Old entries stay, and a key that is not there has no value.
    block.linear.kernel.metadata_mut().set("n", MetaValue::Int(3));
    assert_eq!(block.linear.kernel.metadata().get("foo"), Some(&foo));
    assert_eq!(block.linear.kernel.metadata().get("x"), None);
}
