use crate::assert_close;
use nnx_core::nn::*;
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, random};

fn input(shape: [usize; 3]) -> Array {
    random::normal(&random::key(7), shape, DType::F32)
}

#[test]
fn masks_have_an_axis_for_heads() {
    let mask = make_causal_mask(&nnx_core::array::zeros([1, 3], DType::F32), 0, DType::F32);
    assert_eq!(mask.shape(), [1, 1, 3, 3]);
    assert_eq!(mask.to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    let valid = Array::from([[1, 1, 0]]);
    let padding = make_attention_mask(&valid, &valid, |q, k| q * k, 0, DType::F32);
    let both = combine_masks(&[Some(&mask), None, Some(&padding)], DType::F32).unwrap();
    assert_eq!(both.to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(combine_masks(&[None], DType::F32).is_none());
}

#[test]
fn decoding_gives_what_causal_attention_gives() {
    let builder = MultiHeadAttention::builder(4, 8).num_kv_heads(2).normalize_qk(true);
    let mut layer = builder.build(&mut Rngs::new(0));
    let x = input([2, 3, 8]);
    let whole = layer.forward_with(&x, MultiHeadAttentionOptions::new().is_causal(true));
    let mask = make_causal_mask(&x.slice([(..).into(), (..).into(), 0.into()]), 0, DType::F32);
    let masked = layer.forward_with(&x, MultiHeadAttentionOptions::new().mask(&mask));
    assert_close("mask", &masked, &whole, 1e-6);
    *layer.decode = true;
    layer.init_cache(x.shape(), DType::F32);
    for (i, token) in x.split(3, 1).iter().enumerate() {
        let y = layer.forward(token);
        assert_close("token", &y, &whole.split(3, 1)[i], 1e-5);
    }
}

#[test]
fn weights_and_values_give_attention() {
    let x = input([5, 4, 8]);
    let few = x.slice([(..).into(), (0..2).into()]);
    let options = AttentionOptions::new();
    let y = dot_product_attention(&x, &few, &few, &options);
    let weights = dot_product_attention_weights(&x, &few, &options);
    assert_eq!((y.shape(), weights.shape()), (&[5, 4, 8][..], &[4, 5, 5][..]));
    let twice = nnx_core::array::stack(&[&few, &few], 2).reshape([5, 4, 8]);
    let full = dot_product_attention(&x, &twice, &twice, &options);
    assert_close("groups", &y, &full, 1e-5);
}
