//! The options in `#[nnx::jit(…)]` do what they say. `device` needs devices: `tests/devices.rs`.

use super::jit_support::*;
use nnx::jit::{Lowered, lower};
use nnx::xla::{Backend, Client, CompilerOption, OptionValue};
use nnx::{Array, Param};

/// The shapes of the inputs of a program.
fn inputs(lowered: &Lowered) -> Vec<String> {
    lowered.input_avals().iter().map(ToString::to_string).collect()
}

#[nnx::jit(graph = false)]
fn drops_unused(net: &mut Net, x: &Array, _unused: &Array, _gone: Array) -> Array {
    let kernel = &net.blocks[1].cells[0].kernel;
    x * kernel
}

#[nnx::jit(graph = false, keep_unused = true)]
fn keeps_unused(net: &mut Net, x: &Array, _unused: &Array, _gone: Array) -> Array {
    let kernel = &net.blocks[1].cells[0].kernel;
    x * kernel
}

#[test]
fn keep_unused_keeps_what_the_body_does_not_use() {
    let mut net = net();
    let (x, unused, gone) = (f32s(&[1.0, 2.0]), f32s(&[0.0; 5]), || f32s(&[0.0; 7]));
    let lowered = lower(|| drops_unused(&mut net, &x, &unused, gone())).unwrap();
    assert_eq!(inputs(&lowered), ["f32[]", "f32[2]"]);
    let lowered = lower(|| keeps_unused(&mut net, &x, &unused, gone())).unwrap();
    let leaves = values(&net).len();
    assert_eq!(inputs(&lowered).len(), leaves + 3);
    assert_eq!(inputs(&lowered)[leaves..], ["f32[2]", "f32[5]", "f32[7]"]);

    let before = values(&net);
    let kernel = net.blocks[1].cells[0].kernel.item::<f32>();
    for _ in 0..2 {
        let y = keeps_unused(&mut net, &x, &unused, gone());
        assert_eq!(y.to_vec::<f32>(), [kernel, 2.0 * kernel]);
    }
    assert_eq!(values(&net), before);
    assert_eq!((unused.to_vec::<f32>(), traces("keeps_unused")), (vec![0.0; 5], 2));
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Sizes(Vec<usize>);

#[nnx::jit(graph = false, static(rate, sizes))]
fn named_statics(x: &mut Param, rate: f64, sizes: Sizes, n: usize) -> Array {
    let next = &*x * rate;
    x.set(next.clone());
    next + (sizes.0.iter().sum::<usize>() + n)
}

#[test]
fn static_names_parameters_that_are_part_of_the_key() {
    let mut x = Param::new(scalar(8.0));
    let mut call = |rate, sizes: &[usize]| {
        named_statics(&mut x, rate, Sizes(sizes.to_vec()), 100).item::<f32>()
    };
    assert_eq!([call(0.5, &[1, 2]), call(0.5, &[1, 2])], [107.0, 105.0]);
    assert_eq!(traces("named_statics"), 1);
    assert_eq!([call(2.0, &[1, 2]), call(0.5, &[4])], [107.0, 106.0]);
    assert_eq!(traces("named_statics"), 3);
}

#[nnx::jit(graph = false, inline = false, donate = false, keep_unused = true, name = "all of them")]
fn many_options(v: &mut Param, _unused: &Array) {
    let next = &*v + 1.0;
    v.set(next);
}

#[nnx::jit(graph = false)]
fn calls_it(v: &mut Param, _unused: &Array) {
    many_options(v, _unused);
    many_options(v, _unused);
}

#[test]
fn options_go_together() {
    let mut v = Param::new(scalar(1.0));
    let unused = f32s(&[0.0; 3]);
    let lowered = lower(|| many_options(&mut v, &unused)).unwrap();
    assert_eq!((inputs(&lowered).len(), lowered.donations().len()), (2, 0));
    many_options(&mut v, &unused);
    calls_it(&mut v, &unused);
    assert_eq!(v.item::<f32>(), 4.0);
    assert_eq!(stats("all of them").compiles, 1);
    let text = lower(|| calls_it(&mut v, &unused)).unwrap().stablehlo();
    assert_eq!(text.matches("func.func private").count(), 1, "{text}");
}

#[nnx::jit(
    graph = false,
    compiler_options(xla_cpu_enable_fast_math = true, xla_cpu_fast_math_honor_nans = false)
)]
fn sees_no_nan(x: &Array) -> Array {
    x.is_nan()
}

#[nnx::jit(graph = false)]
fn sees_nan(x: &Array) -> Array {
    x.is_nan()
}

#[nnx::jit(graph = false, compiler_options(xla_not_an_option = true))]
fn unknown_option(x: &Array) -> nnx::Result<Array> {
    Ok(x + 1.0)
}

#[nnx::jit(graph = false, compiler_options(xla_cpu_enable_fast_min_max = "perhaps"))]
fn no_such_value(x: &Array) -> nnx::Result<Array> {
    Ok(x + 1.0)
}

fn takes_options() -> bool {
    Client::global().unwrap().backend() == Backend::Pjrt
}

#[test]
fn compiler_options_are_those_of_one_function() {
    if !takes_options() {
        return;
    }
    let found = |found: Array| found.to_vec::<bool>()[0];
    // The second program of each finds the right options too.
    for length in [64, 128] {
        let x = f32s(&vec![f32::NAN; length]);
        assert!(found(sees_nan(&x)));
        assert!(!found(sees_no_nan(&x)));
    }
    assert_eq!((stats("sees_nan").compiles, stats("sees_no_nan").compiles), (2, 2));
}

#[test]
fn a_wrong_compiler_option_is_an_error() {
    let x = f32s(&[1.0]);
    let messages =
        [unknown_option(&x), no_such_value(&x)].map(|result| result.unwrap_err().to_string());
    if !takes_options() {
        let parts = ["unknown_option", "xla_not_an_option=true", "xla-rs", "XLA_FLAGS"];
        return assert_says(&messages[0], &parts);
    }
    assert_says(&messages[0], &["unknown_option", "xla_not_an_option"]);
    assert_says(&messages[1], &["no_such_value", "xla_cpu_enable_fast_min_max", "perhaps"]);
}

#[test]
fn a_lowered_program_is_compiled_with_other_options() {
    let lowered = lower(|| sees_nan(&f32s(&[1.0; 16]))).unwrap();
    let with = |name, value| lowered.compile_with(&[CompilerOption::new(name, value)]).map(drop);
    let unknown = with("xla_not_an_option", OptionValue::Int(1)).unwrap_err().to_string();
    assert_says(&unknown, &["sees_nan", "xla_not_an_option"]);
    if !takes_options() {
        return;
    }
    with("xla_backend_optimization_level", OptionValue::Int(0)).unwrap();
    // Those of the function hold as well, unless they are given.
    let lowered = lower(|| unknown_option(&f32s(&[1.0])).unwrap()).unwrap();
    let level = CompilerOption::new("xla_backend_optimization_level", 0);
    let unknown = lowered.compile_with(&[level]).map(drop).unwrap_err().to_string();
    assert_says(&unknown, &["unknown_option", "xla_not_an_option"]);
    let lowered = lower(|| no_such_value(&f32s(&[1.0])).unwrap()).unwrap();
    let right = CompilerOption::new("xla_cpu_enable_fast_min_max", false);
    lowered.compile_with(&[right]).unwrap();
}
