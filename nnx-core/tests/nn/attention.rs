use crate::{Mistakes, assert_close, assert_mistakes};
use nnx_core::nn::*;
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, random};

fn input(shape: [usize; 3]) -> Array {
    random::normal(&random::key(7), shape, DType::F32)
}

#[test]
fn masks_have_an_axis_for_heads() {
    let mask = make_causal_mask(nnx_core::array::zeros([1, 3], DType::F32), 0, DType::F32);
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
    let mask = make_causal_mask(x.slice([(..).into(), (..).into(), 0.into()]), 0, DType::F32);
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
    let twice = nnx_core::array::stack([&few, &few], 2).reshape([5, 4, 8]);
    let full = dot_product_attention(&x, &twice, &twice, &options);
    assert_close("groups", &y, &full, 1e-5);
}

#[test]
fn masked_places_do_not_count() {
    let x = input([5, 4, 8]);
    let [few, rest] = [x.slice([(0..3).into()]), x.slice([(3..5).into()])];
    let short = dot_product_attention(&x, &few, &few, &AttentionOptions::new());
    let mask = Array::from([1, 1, 1, 0, 0]);
    let far = nnx_core::array::concatenate([&few, &(rest * 100)], 0);
    let masked = dot_product_attention(&x, &far, &far, &AttentionOptions::new().mask(&mask));
    assert_close("mask", &masked, &short, 1e-6);
    let low = Array::from([0.0_f32, 0.0, 0.0, -1e9, -1e9]);
    let biased = dot_product_attention(&x, &far, &far, &AttentionOptions::new().bias(&low));
    assert_close("bias", &biased, &short, 1e-6);
}

#[test]
fn inputs_may_differ_from_keys_and_values() {
    let mut layer = MultiHeadAttention::builder(2, 8).in_kv_features(4).build(&mut Rngs::new(0));
    let (x, kv) = (input([2, 3, 8]), input([2, 5, 4]));
    let keys = || MultiHeadAttentionOptions::new().inputs_k(&kv);
    let y = layer.forward_with(&x, keys());
    assert_eq!(y.shape(), [2, 3, 8]);
    assert_close("values", &layer.forward_with(&x, keys().inputs_v(&kv)), &y, 0.0);
}

#[test]
fn views_for_evaluation_drop_nothing() {
    let builder = MultiHeadAttention::builder(2, 8).dropout_rate(0.5);
    let mut layer = builder.build(&mut Rngs::new(0));
    let x = input([2, 3, 8]);
    let different = |a: &Array, b: &Array| a.to_vec::<f32>() != b.to_vec::<f32>();
    assert!(different(&layer.forward(&x), &layer.forward(&x)), "each call drops other elements");
    *layer.deterministic = true;
    let y = layer.forward(&x);
    assert!(!different(&y, &layer.forward(&x)));
}

#[test]
fn mistakes_of_attention_name_what_does_not_fit() {
    let x = |shape: &[usize]| nnx_core::array::ones(shape, DType::F32);
    let options = AttentionOptions::new;
    let rngs = || Rngs::new(0);
    let dot = |q: &[usize], k: &[usize], v: &[usize], options: &AttentionOptions| {
        drop(dot_product_attention(x(q), x(k), x(v), options));
    };
    let layer = || MultiHeadAttention::new(2, 8, &mut rngs());
    let call = |shape: &[usize], options: MultiHeadAttentionOptions| {
        drop(layer().forward_with(x(shape), options));
    };
    let with = MultiHeadAttentionOptions::new;
    let plain = [5, 4, 8];
    let mistakes: &Mistakes<'_> = &[
        (&|| dot(&plain, &[5, 3, 8], &[5, 3, 8], &options()), "heads of the query a multiple"),
        (&|| dot(&plain, &[5, 4, 6], &[5, 4, 6], &options()), "equal batch axes and depths"),
        (&|| dot(&plain, &plain, &[6, 4, 8], &options()), "need equal axes but the last"),
        (
            &|| dot(&plain, &plain, &plain, &options().mask(x(&[3, 5]))),
            "the mask f32[3, 5] needs to broadcast to [batch…, num_heads, q_length, kv_length], \
             which is [4, 5, 5]",
        ),
        (
            &|| dot(&plain, &plain, &plain, &options().bias(x(&[2, 4, 5, 5]))),
            "the bias f32[2, 4, 5, 5] needs to broadcast",
        ),
        (
            &|| dot(&plain, &plain, &plain, &options().key_value_seq_lengths(Array::from([1]))),
            "`key_value_seq_lengths` i32[1] needs to be integers of the shape []",
        ),
        (&|| drop(combine_masks(&[Some(&x(&[1])), Some(&x(&[1, 1]))], DType::F32)), "differ in"),
        (&|| drop(make_causal_mask(x(&[]), 0, DType::F32)), "a scalar has no axis of places"),
        (
            &|| drop(MultiHeadAttention::new(3, 8, &mut rngs())),
            "MultiHeadAttention: 3 heads do not divide 8 features: change `qkv_features`",
        ),
        (
            &|| drop(MultiHeadAttention::builder(4, 8).num_kv_heads(3).build(&mut rngs())),
            "3 heads of keys and values do not divide 4 heads",
        ),
        (
            &|| drop(MultiHeadAttention::builder(2, 8).dropout_rate(1.0).build(&mut rngs())),
            "the dropout rate is a probability below 1, got 1",
        ),
        (&|| drop(MultiHeadAttention::new(2, 0, &mut rngs())), "`in_features` is 0"),
        (&|| call(&[3, 6], with()), "the input f32[3, 6] needs a last axis of 8 features"),
        (&|| call(&[8], with()), "need a length, features"),
        (
            &|| call(&[2, 3, 8], with().inputs_k(x(&[2, 3, 6]))),
            "`inputs_k` f32[2, 3, 6] needs a last axis of 8 features",
        ),
        (
            &|| call(&[2, 3, 8], with().inputs_k(x(&[1, 3, 8]))),
            "`inputs_k` f32[1, 3, 8] beside the input f32[2, 3, 8]",
        ),
        (&|| call(&[2, 3, 8], with().inputs_v(x(&[2, 3, 8]))), "`inputs_v` needs `inputs_k`"),
        (
            &|| {
                let builder = MultiHeadAttention::builder(2, 8).decode(true);
                drop(builder.build(&mut rngs()).forward(x(&[2, 1, 8])));
            },
            "there is no cache to decode with: call `init_cache` first",
        ),
        (
            &|| {
                let builder = MultiHeadAttention::builder(2, 8).decode(true);
                let mut layer = builder.build(&mut rngs());
                layer.init_cache([3, 4, 8], DType::F32);
                drop(layer.forward(x(&[2, 1, 8])));
            },
            "decoding takes one token",
        ),
    ];
    assert_mistakes(mistakes, "attention.rs");
}
