//! With a subscriber for the targets `nnx::jit` and `nnx::nn`, every call that is traced again says why, and a layer
//! of f32 that computes in f64 says so.

#![allow(clippy::type_complexity)]
#![allow(deprecated, reason = "a float without a mark is static too")]

use super::jit_support::*;
use nnx::module::MetaValue;
use nnx::{Array, Module, Param};
use std::sync::{LazyLock, Mutex};

/// A subscriber that keeps the messages of one target, with their levels.
struct Log;

static MESSAGES: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        matches!(metadata.target(), "nnx::jit" | "nnx::nn")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        MESSAGES.lock().unwrap().push(format!("{} {}", event.metadata().level(), text.0));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// The messages about `function` while `calls` runs.
fn messages(function: &str, calls: impl FnOnce()) -> Vec<String> {
    // Whether a message is wanted is remembered for all threads: a subscriber of this thread alone
    // would miss what another thread was not asked about.
    static SUBSCRIBE: LazyLock<()> =
        LazyLock::new(|| tracing::subscriber::set_global_default(Log).unwrap());
    LazyLock::force(&SUBSCRIBE);
    calls();
    let name = format!("`{function}`");
    MESSAGES.lock().unwrap().extract_if(.., |message| message.contains(&name)).collect()
}

#[test]
fn a_layer_of_f32_that_computes_in_f64_says_so_once() {
    messages("", || ());
    // Of shapes that no other test has.
    let layer = nnx::nn::Linear::new(2, 37, &mut nnx::Rngs::new(0));
    let told = |x: &Array| -> Vec<String> {
        layer.forward(x);
        let mut messages = MESSAGES.lock().unwrap();
        messages.extract_if(.., |message| message.contains("f32[2, 37]")).collect()
    };
    let wide = Array::from([[0.5, 1.0]]);
    assert!(told(&wide.astype(nnx::DType::F32)).is_empty());
    let found = told(&wide);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_says(
        &found[0],
        &["WARN Linear computes in f64: it has f64[1, 2] and f32[2, 37]", "`0.5_f32`"],
    );
    assert!(told(&wide).is_empty());
}

#[test]
fn a_miss_names_the_path_and_what_is_there_now_and_was_before() {
    #[nnx::jit(graph = false)]
    fn observed(net: &mut Net, x: &Array, n: usize) -> Array {
        x * n + &net.head.0
    }
    let x = f32s(&[1.0, 2.0]);
    let why = |change: &dyn Fn(&mut Net), x: &Array, n: usize| {
        let mut changed = net();
        change(&mut changed);
        let found = messages("observed", || drop(observed(&mut changed, x, n)));
        assert!(found.len() <= 1, "{found:?}");
        found.into_iter().next().unwrap_or_default()
    };
    assert_eq!(why(&|_| (), &x, 1), "", "the first call");
    assert_eq!(why(&|_| (), &x, 1), "", "a hit");
    let cases: [(&dyn Fn(&mut Net), &Array, usize, &str); 11] = [
        (&|_| (), &f32s(&[1.0]), 1, "`x` is now f32[1], before f32[2]"),
        (&|_| (), &Array::from_slice(&[1_i32, 2], [2]), 1, "`x` is now i32[2], before f32[1]"),
        (&|_| (), &x, 2, "the static value `n` is now 2, before 1"),
        (
            &|net| net.blocks[1].cells[0].kernel.set(f32s(&[1.0; 4])),
            &x,
            1,
            "`net.blocks[1].cells[0].kernel` is now f32[4], before f32[]",
        ),
        (
            &|net| net.blocks[0].cells[0].width = 5,
            &x,
            1,
            "the static value `net.blocks[0].cells[0].width` is now 5, before 1",
        ),
        (
            &|net| net.blocks[0].cells[0].bias = None,
            &x,
            1,
            "`net.blocks[0].cells[0].bias` is now None, before Some",
        ),
        (
            &|net| drop(net.blocks[1].cells.pop()),
            &x,
            1,
            "`net.blocks[1].cells` is now of length 1, before of length 2",
        ),
        (
            &|net| net.blocks[1].act = Activation::Relu,
            &x,
            1,
            "`net.blocks[1].act` is now Relu, before Table",
        ),
        (
            &|net| drop(net.blocks[0].gains.remove("in")),
            &x,
            1,
            "`net.blocks[0].gains` is now of length 1, before of length 2",
        ),
        (
            &|net| net.head.1.count.metadata_mut().set("tag", MetaValue::Text("a".into())),
            &x,
            1,
            "the metadata of `net.head[1].count` is now {tag: \"a\"}, before {}",
        ),
        (&|net| net.name = "b".into(), &x, 1, "the static value `net.name` is now \"b\", before"),
    ];
    for (change, x, n, expected) in cases {
        let message = why(change, x, n);
        assert!(message.starts_with("DEBUG `observed` is traced again: "), "{message}");
        assert_says(&message, &[expected]);
    }
}

#[test]
fn the_nearest_key_is_the_one_compared_with() {
    #[nnx::jit(graph = false)]
    fn nearest(a: &Array, b: &Array, c: &Array) -> Array {
        a.sum(..) + b.sum(..) + c.sum(..)
    }
    let of = |n: usize| f32s(&vec![1.0; n]);
    messages("nearest", || {
        nearest(&of(1), &of(2), &of(3));
        nearest(&of(4), &of(5), &of(6));
    });
    let found = messages("nearest", || drop(nearest(&of(4), &of(7), &of(6))));
    assert_eq!(found, ["DEBUG `nearest` is traced again: `b` is now f32[7], before f32[5]"]);
    // Of two that are as near, the latest.
    let found = messages("nearest", || drop(nearest(&of(4), &of(8), &of(6))));
    assert_eq!(found, ["DEBUG `nearest` is traced again: `b` is now f32[8], before f32[7]"]);
}

#[test]
fn many_changed_shapes_are_counted() {
    #[nnx::jit(graph = false)]
    fn many(list: &Vec<Array>) -> Array {
        list[0].clone()
    }
    many(&vec![scalar(0.0); 5]);
    let found = messages("many", || drop(many(&vec![f32s(&[0.0]); 5])));
    assert_says(&found[0], &["`list[0]` is now f32[1], before f32[]", "`list[2]`", "and 2 more"]);
    assert!(!found[0].contains("`list[3]`"), "{found:?}");
}

#[test]
fn another_instance_of_a_generic_function_says_so() {
    #[nnx::jit(graph = false)]
    fn instances<const N: usize>(x: &Array) -> Array {
        x * N
    }
    instances::<1>(&scalar(1.0));
    let found = messages("instances", || drop(instances::<2>(&scalar(1.0))));
    assert_says(&found[0], &["generic"]);
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Opaque(u8);

#[test]
fn a_static_value_that_cannot_be_shown_is_named_with_its_type() {
    #[nnx::jit(graph = false)]
    fn opaque(x: &Array, #[nnx(static)] settings: Opaque) -> Array {
        x * f32::from(settings.0)
    }
    opaque(&scalar(1.0), Opaque(1));
    let found = messages("opaque", || drop(opaque(&scalar(1.0), Opaque(2))));
    assert_says(&found[0], &["the static value `settings`", "Opaque", "differs"]);
}

#[derive(Module)]
struct Schedule {
    rate: f32,
    scale: Param,
}

#[test]
fn repeated_misses_by_one_static_value_are_advised_about_once() {
    #[nnx::jit(graph = false)]
    fn scheduled(schedule: &mut Schedule, epoch: usize) -> Array {
        &schedule.scale * schedule.rate + epoch
    }
    let mut schedule = Schedule { rate: 0.0, scale: Param::new(scalar(1.0)) };
    let mut found = messages("scheduled", || {
        for epoch in 0..6 {
            scheduled(&mut schedule, epoch);
        }
    });
    assert_eq!(found.len(), 6, "five misses and one advice: {found:?}");
    let advice: Vec<_> = found.extract_if(.., |line| line.starts_with("WARN")).collect();
    assert_eq!(advice.len(), 1);
    assert_says(&advice[0], &["4 times", "`epoch`", "pass it as an `Array`"]);
    // Another static value has its own count.
    let found = messages("scheduled", || {
        for i in 1..6_u8 {
            schedule.rate = f32::from(i);
            scheduled(&mut schedule, 0);
        }
    });
    let advice: Vec<_> = found.iter().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(advice.len(), 1);
    assert_says(advice[0], &["4 times", "`schedule.rate`", "hold an `Array`"]);
    assert!(!found.iter().any(|line| line.contains("`epoch` changed")), "{found:?}");
}

/// Floats that a Module holds are settings, and no type tells a setting from a number that changes.
#[test]
fn a_function_compiled_again_for_floats_alone_warns_once_with_the_path_and_the_fix() {
    #[derive(Module)]
    struct Hyper {
        lr: f32,
        betas: [f32; 2],
    }
    #[derive(Module)]
    enum Schedule {
        Constant(f32),
        Steps(Vec<f32>, usize),
    }
    #[nnx::jit(graph = false)]
    fn floats(x: &Array, hyper: &Hyper, schedule: &Schedule) -> Array {
        let rate = match schedule {
            Schedule::Constant(rate) => *rate,
            Schedule::Steps(rates, at) => rates[*at],
        };
        x * hyper.lr * rate * hyper.betas[1]
    }
    let call = |lr: f32, schedule: Schedule| {
        let hyper = Hyper { lr, betas: [0.9, lr] };
        messages("floats", || drop(floats(&scalar(1.0), &hyper, &schedule)))
    };
    let warnings = |found: Vec<String>| {
        found.into_iter().filter(|message| message.starts_with("WARN")).collect::<Vec<_>>()
    };
    let steps = || Schedule::Steps(vec![1.0, 0.5], 0);
    // The variant and the length are not floats.
    for schedule in [Schedule::Constant(1.0), steps(), Schedule::Steps(vec![1.0], 0)] {
        assert!(warnings(call(1.0, schedule)).is_empty());
    }
    assert_eq!(stats("floats").float_misses, 0);
    for lr in [0.5, 0.25] {
        assert!(warnings(call(lr, steps())).is_empty());
    }
    let found = warnings(call(0.125, steps()));
    let expected = [
        "`floats` was compiled 4 times for arguments that differ in floats alone: ",
        "`hyper.lr` is now 0.125, before 0.25, `hyper.betas[1]` is now 0.125, before 0.25",
        "and each new one is compiled\nfixes:\n  1. a number that changes: hold an `Array`, as `lr: Array`",
        "which is an input of the program\n  2. a number that has only a few values: nothing needs to be done",
    ];
    assert_eq!(found.len(), 1, "{found:?}");
    assert_says(&found[0], &expected);
    assert!(warnings(call(0.0625, steps())).is_empty(), "one warning is enough");
    assert_eq!(stats("floats").float_misses, 4);
}

/// The same of a rate that is set in an optimizer from step to step.
#[test]
fn a_rate_that_is_set_anew_for_each_step_is_warned_about() {
    use nnx::optim::{Optimizer, Sgd, sgd};
    #[nnx::jit(graph = false)]
    fn rated(param: &mut Param, opt: &mut Optimizer<Sgd>) {
        let gradients = nnx::grad(|param: &Param| param.square().sum(..), &*param);
        opt.update(param, &gradients);
    }
    let mut param = Param::new(scalar(1.0));
    let mut opt = Optimizer::new(&param, sgd(0.5));
    let found = messages("rated", || {
        for step in 1..6_u8 {
            opt.tx = sgd(1.0 / f64::from(step));
            rated(&mut param, &mut opt);
        }
    });
    let warnings: Vec<_> = found.iter().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{found:?}");
    assert_says(warnings[0], &["`rated` was compiled 4 times", "`opt.tx", "hold an `Array`"]);
}
