//! A Variable stands wherever an array does, owned or borrowed, and is set in place.
#![deny(warnings)]
use nnx::{Array, Module, Param};

#[derive(Module)]
struct Layer {
    w: Param,
    b: Param,
}

fn borrowed(layer: &Layer, x: &Array, y: Array) -> Array {
    let mut sum = x.matmul(&layer.w) + y.matmul(&layer.w) + layer.w.matmul(&layer.b);
    sum += &layer.b;
    sum -= x;
    sum *= 2.0;
    sum + &layer.w * x + x * &layer.w + 2.0 * &layer.w + &layer.w * &layer.b - -&layer.b
}

fn owned(w: Param, b: Param, x: &Array) -> Array {
    let scaled = (2.0 - w.clone()) * w.clone() + x.matmul(w.clone());
    scaled + w * x - -b
}

fn in_place(layer: &mut Layer, x: &Array) {
    layer.b += x;
    layer.b *= 0.5;
    layer.b -= &layer.w;
    layer.w /= x + 1;
}

fn main() {
    let x = Array::shape_only([2, 2], nnx::DType::F32);
    let param = || Param::new(x.clone());
    let _ = (borrowed, owned, in_place, Layer { w: param(), b: param() });
}
