//! Layers under jit and in training: a compiled call gives the eager call's result and state, and
//! gradients reach every parameter.

use crate::jit_support::traces;
use nnx::jit::assert_max_traces;
use nnx::module::{LoRAParam, of_type, state};
use nnx::nn::*;
use nnx::optim::{Optimizer, Sgd, sgd};
use nnx::random::{self, Rngs};
use nnx::{Array, DType, Param, value_and_grad, wrt};

fn input(shape: &[usize]) -> Array {
    random::normal(&random::key(5), shape, DType::F32)
}

#[track_caller]
fn assert_close(what: &str, a: &Array, b: &Array) {
    assert_eq!(a.aval(), b.aval(), "{what}");
    let values = |a: &Array| a.astype(DType::F32).to_vec::<f32>();
    for (i, (a, b)) in values(a).into_iter().zip(values(b)).enumerate() {
        assert!((a - b).abs() <= 1e-5 + 1e-5 * b.abs(), "{what}: element {i} is {a}, not {b}");
    }
}

#[nnx::jit(graph = false)]
fn call<L: Layer>(layer: &mut L, x: &Array) -> Array {
    layer.forward(x)
}

/// Two calls of a layer, jitted and not, and the gradient of each parameter.
#[track_caller]
fn check<L: Layer + Clone>(what: &str, layer: L, x: &Array) {
    let (mut eager, mut jitted) = (nnx::clone(&layer), layer);
    assert_max_traces(1, || {
        for i in 0..2 {
            let (y, z) = (eager.forward(x), call(&mut jitted, x));
            assert_close(&format!("{what}: call {i}"), &z, &y);
            for (path, leaf) in &state(&eager) {
                let after = state(&jitted)[path.to_string().as_str()].value.clone();
                assert_close(&format!("{what}: {path} after call {i}"), &after, &leaf.value);
            }
        }
    });
    let (_, gradients) =
        value_and_grad(|layer: &mut L| (layer.forward(x).square() + 1).log().sum(..), &mut eager);
    for (path, leaf) in &state(&gradients).filter(of_type::<Param>()) {
        let largest = leaf.value.abs().max(..).item::<f32>();
        assert!(largest > 0.0 && largest.is_finite(), "{what}: gradient of {path}: {largest}");
    }
}

#[test]
fn maps_are_the_same_under_jit() {
    let mut rngs = Rngs::new(0);
    let x = input(&[3, 4]);
    check("LinearGeneral", LinearGeneral::new(4, [2, 3], &mut rngs), &x);
    let einsum = Einsum::builder("...a,ab->...b", [4, 5]).bias_shape(5).build(&mut rngs);
    check("Einsum", einsum, &x);
    check("PReLU", PReLU::new(), &x);
    let spectral = SpectralNorm::new(Linear::new(4, 5, &mut rngs), &mut rngs);
    check("SpectralNorm", spectral, &x);
    check("WeightNorm", WeightNorm::new(Linear::new(4, 5, &mut rngs), &mut rngs), &x);
    let chain = Sequential::new((
        Linear::new(4, 8, &mut rngs),
        Activation::new(silu),
        Dropout::new(0.3, &mut rngs),
        Linear::new(8, 2, &mut rngs),
    ));
    check("Sequential", chain, &x);
    let x = input(&[2, 5, 6, 3]);
    check("ConvTranspose", ConvTranspose::builder(3, 4, [3, 2]).strides(2).build(&mut rngs), &x);
    let around = Conv::builder(3, 4, [3, 2]).padding(ConvPadding::Circular).build(&mut rngs);
    check("Conv", around, &x);
}

#[test]
fn attention_is_the_same_under_jit() {
    let mut rngs = Rngs::new(0);
    let builder = || MultiHeadAttention::builder(4, 8).num_kv_heads(2);
    let x = input(&[2, 5, 8]);
    let dropping = builder().dropout_rate(0.2).normalize_qk(true).build(&mut rngs);
    check("dropout", dropping, &x);
    let mut decoder = builder().decode(true).build(&mut rngs);
    decoder.init_cache([2, 6, 8], DType::F32);
    // Two calls fill two places of the cache.
    let token = input(&[2, 1, 8]);
    let (mut eager, mut jitted) = (nnx::clone(&decoder), decoder);
    assert_max_traces(1, || {
        for i in 0..2 {
            let (y, z) = (eager.forward(&token), call(&mut jitted, &token));
            assert_close(&format!("token {i}"), &z, &y);
        }
    });
    assert_eq!(jitted.cache_index.as_ref().map(|index| index.item::<i32>()), Some(2));
}

#[test]
fn recurrent_networks_are_the_same_under_jit() {
    let mut rngs = Rngs::new(0);
    let x = input(&[2, 5, 4]);
    check("LSTMCell", RNN::new(LSTMCell::new(4, 6, &mut rngs)), &x);
    check("OptimizedLSTMCell", RNN::new(OptimizedLSTMCell::new(4, 6, &mut rngs)), &x);
    let ahead = RNN::new(GRUCell::new(4, 6, &mut rngs));
    let back = RNN::new(SimpleCell::new(4, 6, &mut rngs));
    check("Bidirectional", Bidirectional::new(ahead, back), &x);
}

#[test]
fn only_the_low_rank_part_is_trained_when_it_is_asked_for() {
    let mut layer = LoRALinear::new(4, 3, 2, &mut Rngs::new(0));
    let x = input(&[5, 4]);
    let (_, gradients) = value_and_grad(
        |layer: &mut LoRALinear| layer.forward(&x).square().sum(..),
        wrt(of_type::<LoRAParam>(), &mut layer),
    );
    let paths: Vec<String> =
        state(&gradients).filter(of_type::<LoRAParam>()).paths().map(ToString::to_string).collect();
    assert_eq!(paths, ["lora.lora_a", "lora.lora_b"]);
    assert!(gradients.lora.lora_b.abs().max(..).item::<f32>() > 0.0);
}

#[nnx::jit(graph = false)]
fn adapt(layer: &mut LoRALinear, opt: &mut Optimizer<Sgd>, x: &Array) -> (Array, LoRALinear) {
    let (loss, gradients) = value_and_grad(
        |layer: &mut LoRALinear| layer.forward(x).square().sum(..),
        wrt(of_type::<LoRAParam>(), &mut *layer),
    );
    opt.update(layer, &gradients);
    (loss, gradients)
}

/// The frozen parameters keep their bits; those of the low-rank part are where plain SGD takes them.
#[test]
fn the_low_rank_part_alone_is_trained_under_jit() {
    let mut layer = LoRALinear::new(4, 3, 2, &mut Rngs::new(0));
    let bits = |layer: &LoRALinear| {
        let leaf = |array: &Array| array.to_bytes().unwrap();
        (leaf(&layer.kernel), layer.bias.as_ref().map(|bias| leaf(bias)))
    };
    let frozen = bits(&layer);
    // A power of two, so that products are exact, however they are fused.
    let mut opt = Optimizer::wrt(&layer, sgd(0.0625), of_type::<LoRAParam>());
    let x = input(&[5, 4]);
    let mut losses = Vec::new();
    for _ in 0..3 {
        let before = layer.lora.clone();
        let (loss, gradients) = adapt(&mut layer, &mut opt, &x);
        let by_hand =
            |before: &Array, gradient: &Array| (before - gradient * 0.0625).to_vec::<f32>();
        let (a, b) = (&layer.lora.lora_a, &layer.lora.lora_b);
        assert_eq!(a.to_vec::<f32>(), by_hand(&before.lora_a, &gradients.lora.lora_a));
        assert_eq!(b.to_vec::<f32>(), by_hand(&before.lora_b, &gradients.lora.lora_b));
        assert!(gradients.kernel.is_absent());
        losses.push(loss.item::<f32>());
    }
    assert!(losses[2] < losses[1] && losses[1] < losses[0], "{losses:?}");
    assert_eq!(bits(&layer), frozen);
    assert_eq!((opt.step.item::<u32>(), traces("adapt")), (3, 1));
}
