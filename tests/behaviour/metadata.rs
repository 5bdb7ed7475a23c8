//! Metadata that a function sets arrives, as values do.

use super::jit_support::{scalar, traces};
use nnx::module::MetaValue;
use nnx::{Array, Module, Param, grad, remat, scan, value_and_grad, vmap};

#[derive(Module)]
struct Layer {
    kernel: Param,
}

fn layer() -> Layer {
    Layer { kernel: Param::new(Array::from_slice(&[1.0_f32, 2.0], [2])) }
}

fn note(layer: &mut Layer) -> Array {
    layer.kernel.metadata_mut().set("seen", MetaValue::Bool(true));
    layer.kernel.sum(..)
}

fn seen(layer: &Layer) -> bool {
    layer.kernel.metadata().get("seen") == Some(&MetaValue::Bool(true))
}

#[nnx::jit(graph = false)]
fn metadata_step(layer: &mut Layer) -> Array {
    note(layer)
}

#[test]
fn in_tree_mode_at_the_first_call_and_in_a_hit() {
    for _ in 0..2 {
        let mut layer = layer();
        assert_eq!(metadata_step(&mut layer).item::<f32>(), 3.0);
        assert!(seen(&layer));
    }
    assert_eq!(traces("metadata_step"), 1);
    // Metadata is a part of the key.
    let mut layer = layer();
    metadata_step(&mut layer);
    metadata_step(&mut layer);
    assert_eq!(traces("metadata_step"), 2);
}

#[nnx::jit(graph = false)]
fn metadata_of_a_value(layer: &mut Layer, x: &Array) {
    let next = layer.kernel.value() * x;
    layer.kernel.set(next);
    layer.kernel.metadata_mut().set("seen", MetaValue::Bool(true));
}

#[test]
fn beside_a_new_value() {
    let mut layer = layer();
    metadata_of_a_value(&mut layer, &scalar(3.0));
    assert_eq!(layer.kernel.to_vec::<f32>(), [3.0, 6.0]);
    assert!(seen(&layer));
}

#[test]
fn out_of_transforms() {
    type Call<'c> = (&'c str, &'c dyn Fn(&mut Layer));
    let calls: [Call<'_>; 5] = [
        ("grad", &|l| drop(grad(note, l))),
        ("value_and_grad", &|l| drop(value_and_grad(note, l))),
        ("vmap", &|l| drop(vmap(|l: &mut Layer| note(l), l, 0))),
        ("remat", &|l| drop(remat(note, l))),
        ("scan", &|l| drop(scan(|(), l: &mut Layer| ((), note(l)), (), l))),
    ];
    for (name, call) in calls {
        let mut layer = layer();
        call(&mut layer);
        assert!(seen(&layer), "{name}");
    }
}
