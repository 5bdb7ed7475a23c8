//! The options in `#[nnx::jit(…)]` do what they say. `device` needs devices: `tests/devices.rs`.

use super::jit_support::*;
use nnx::jit::{Lowered, lower};
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
