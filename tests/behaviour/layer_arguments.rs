//! The arguments of layers that say how they compute: each is in the program, forward and backward, or replaces what it
//! should.

use super::jit_support::panic_message;
use nnx::array::{
    ConvOptions, DotOptions, Padding, Precision, conv_general_dilated, conv_transpose,
    dot_general_with, einsum_with,
};
use nnx::jit::{Output, lower};
use nnx::nn::*;
use nnx::random::{self, Rngs};
use nnx::{Array, DType, grad};

fn input(shape: &[usize]) -> Array {
    random::normal(&random::key(5), shape, DType::F32)
}

#[nnx::jit(graph = false)]
fn slopes<L: Layer + Output>(layer: &mut L, x: &Array) -> L {
    grad(|layer: &mut L| layer.forward(x).astype(DType::F32).square().sum(..), layer)
}

/// The products in the program of a layer's gradients.
fn products<L: Layer + Output>(layer: &mut L, x: &Array) -> Vec<String> {
    let text = lower(|| slopes(layer, x)).unwrap().stablehlo();
    let is_product = |line: &&str| {
        line.contains("stablehlo.dot_general") || line.contains("stablehlo.convolution")
    };
    text.lines().filter(is_product).map(str::to_owned).collect()
}

/// Checks that all products of a layer, forward and backward, have the precision, or none of them.
fn check<L: Layer + Output>(what: &str, at_least: usize, x: &Array, make: impl Fn(Precision) -> L) {
    for (precision, level) in
        [(Precision::Default, ""), (Precision::High, "HIGH"), (Precision::Highest, "HIGHEST")]
    {
        let lines = products(&mut make(precision), x);
        assert!(lines.len() >= at_least, "{what}: {lines:#?}");
        let wanted = format!("[#stablehlo<precision {level}>, #stablehlo<precision {level}>]");
        for line in lines {
            match precision {
                Precision::Default => assert!(!line.contains("precision"), "{what}: {line}"),
                _ => assert!(line.contains(&wanted), "{what} without {level}: {line}"),
            }
        }
    }
}

#[test]
fn precision_is_in_every_product_of_the_program() {
    let rngs = || Rngs::new(0);
    let x = input(&[3, 4]);
    check("Linear", 2, &x, |p| Linear::builder(4, 5).precision(p).build(&mut rngs()));
    check("LinearGeneral", 2, &x, |p| {
        LinearGeneral::builder(4, [2, 3]).precision(p).build(&mut rngs())
    });
    check("Einsum", 2, &x, |p| {
        Einsum::builder("ab,bc->ac", [4, 5]).bias_shape(5).precision(p).build(&mut rngs())
    });
    // The low-rank part has no precision in Flax.
    check("LoRALinear's map", 2, &x, |p| {
        let lora = LoRALinear::builder(4, 5, 2).precision(p).build(&mut rngs());
        let mut linear = Linear::new(4, 5, &mut rngs());
        linear.arithmetic = lora.arithmetic;
        linear
    });
    let x = input(&[2, 5, 6, 3]);
    check("Conv", 2, &x, |p| Conv::builder(3, 4, [3, 2]).precision(p).build(&mut rngs()));
    check("ConvTranspose", 2, &x, |p| {
        ConvTranspose::builder(3, 4, [3, 2]).strides(2).precision(p).build(&mut rngs())
    });
    let x = input(&[2, 5, 8]);
    // Four maps and two products of attention, with their gradients; heads in groups or not.
    for kv_heads in [4, 2] {
        check("MultiHeadAttention", 15, &x, |p| {
            let settings = MultiHeadAttention::builder(4, 8).num_kv_heads(kv_heads).precision(p);
            settings.build(&mut rngs())
        });
        check("MultiHeadAttention with dropout", 15, &x, |p| {
            let settings = MultiHeadAttention::builder(4, 8).num_kv_heads(kv_heads).precision(p);
            settings.dropout_rate(0.5).build(&mut rngs())
        });
    }
}

#[test]
fn sums_and_results_are_of_the_preferred_element_type() {
    let f32 = DType::F32;
    fn check<L: Layer + Output>(what: &str, mut layer: L, x: &Array) {
        let x = &x.astype(DType::BF16);
        let y = layer.forward(x);
        assert_eq!(y.dtype(), DType::F32, "{what}");
        let lines = products(&mut layer, x);
        let is_wide = |line: &&String| line.contains("bf16>") && line.ends_with("xf32>)");
        assert_eq!(lines.iter().filter(is_wide).count(), 1, "{what}: {lines:#?}");
        // Gradients are of the parameters' dtype.
        let slopes = slopes(&mut layer, x);
        for (path, leaf) in nnx::state(&slopes).iter() {
            assert_eq!(leaf.value.dtype(), DType::BF16, "{what}: {path}");
            let largest = leaf.value.astype(DType::F32).abs().max(..).item::<f32>();
            assert!(largest > 0.0 && largest.is_finite(), "{what}: {path}");
        }
    }
    let rngs = || Rngs::new(0);
    let bf16 = DType::BF16;
    let x = input(&[3, 4]);
    let linear = Linear::builder(4, 5).param_dtype(bf16).preferred_element_type(f32);
    check("Linear", linear.build(&mut rngs()), &x);
    let general = LinearGeneral::builder(4, [2, 3]).param_dtype(bf16).preferred_element_type(f32);
    check("LinearGeneral", general.build(&mut rngs()), &x);
    let einsum = Einsum::builder("ab,bc->ac", [4, 5]).bias_shape(5).param_dtype(bf16);
    check("Einsum", einsum.preferred_element_type(f32).build(&mut rngs()), &x);
    let x = input(&[2, 5, 6, 3]);
    let conv = Conv::builder(3, 4, [3, 2]).param_dtype(bf16).preferred_element_type(f32);
    check("Conv", conv.build(&mut rngs()), &x);
    let up = ConvTranspose::builder(3, 4, [3, 2]).param_dtype(bf16).preferred_element_type(f32);
    check("ConvTranspose", up.build(&mut rngs()), &x);

    let lora = LoRALinear::builder(4, 5, 2).dtype(bf16).preferred_element_type(f32);
    assert_eq!(lora.build(&mut rngs()).forward(input(&[3, 4])).dtype(), f32);
    let narrow = Linear::builder(4, 5).preferred_element_type(bf16).build(&mut rngs());
    let text = panic_message(|| drop(narrow.forward(input(&[3, 4]))));
    assert!(text.contains("has no sums in bf16"), "{text}");
}

#[test]
fn options_of_functions_are_those_of_layers() {
    let x = input(&[1, 5, 6, 3]).astype(DType::BF16);
    let kernel = input(&[2, 2, 3, 4]).astype(DType::BF16);
    let wide = Some(DType::F32);
    let options = ConvOptions { preferred_element_type: wide, ..Default::default() };
    let y = conv_general_dilated(&x, &kernel, &options);
    let [exact_x, exact_kernel] = [&x, &kernel].map(|of| of.astype(DType::F32));
    let exact = conv_general_dilated(exact_x, exact_kernel, &ConvOptions::default());
    assert_eq!(y.dtype(), DType::F32);
    assert!((y - exact).abs().max(..).item::<f32>() < 1e-4);
    let up = nnx::array::ConvTransposeOptions {
        preferred_element_type: wide,
        padding: Padding::Same,
        precision: Precision::High,
        ..Default::default()
    };
    assert_eq!(conv_transpose(&x, &kernel, &up).dtype(), DType::F32);
    let integers = ConvOptions { preferred_element_type: Some(DType::I32), ..Default::default() };
    let text = panic_message(|| drop(conv_general_dilated(&x, &kernel, &integers)));
    assert!(text.contains("conv_general_dilated") && text.contains("no sums in i32"), "{text}");

    // Three operands: every product, and what has none.
    let a = input(&[2, 3]).astype(DType::BF16);
    let dot = DotOptions { preferred_element_type: wide, precision: Precision::Highest };
    let y = einsum_with("ab,cb,db->acd", [&a, &a, &a], &dot);
    assert_eq!((y.shape(), y.dtype()), (&[2, 2, 2][..], DType::F32));
    assert_eq!(einsum_with("ab->ba", [&a], &dot).dtype(), DType::F32);
    let z = einsum_with("ab,cb->ac", [&a, &a], &dot);
    let w = dot_general_with(&a, &a, (&[1], &[1]), (&[], &[]), &dot);
    assert_eq!(z.to_vec::<f32>(), w.to_vec::<f32>());
}

/// Twice what is asked for.
const DOUBLED: DotGeneralFn = |x, y, contract, batch, options| {
    assert_eq!(options.precision, Precision::High);
    dot_general_with(x, y, contract, batch, options) * 2.0
};

#[track_caller]
fn assert_close(a: &Array, b: &Array) {
    assert_eq!(a.aval(), b.aval());
    assert!((a - b).abs().max(..).item::<f32>() < 1e-5, "{a} is not {b}");
}

#[nnx::jit(graph = false)]
fn call<L: Layer>(layer: &mut L, x: &Array) -> Array {
    layer.forward(x)
}

#[test]
fn functions_stand_in_the_place_of_products() {
    let x = input(&[3, 4]);
    let linear = |f: Option<DotGeneralFn>| {
        let settings = Linear::builder(4, 5).precision(Precision::High);
        let settings = match f {
            Some(f) => settings.dot_general(f),
            None => settings,
        };
        settings.build(&mut Rngs::new(0))
    };
    // Biases start as 0.
    let (mut plain, mut doubled) = (linear(None), linear(Some(DOUBLED)));
    for _ in 0..2 {
        assert_close(&call(&mut doubled, &x), &(call(&mut plain, &x) * 2.0));
    }
    let general = LinearGeneral::builder(4, 5).precision(Precision::High);
    let twice = general.clone().dot_general(DOUBLED).build(&mut Rngs::new(0));
    assert_close(&twice.forward(&x), &(general.build(&mut Rngs::new(0)).forward(&x) * 2.0));

    let lora = LoRALinear::builder(4, 5, 2).precision(Precision::High).dot_general(DOUBLED);
    assert_close(&lora.build(&mut Rngs::new(0)).forward(&x), &doubled.forward(&x));

    let images = input(&[2, 5, 6, 3]);
    let conv = Conv::builder(3, 4, [3, 2]).precision(Precision::Highest);
    let twice = conv.clone().conv_general_dilated(|x, kernel, options| {
        assert_eq!(options.precision, Precision::Highest);
        conv_general_dilated(x, kernel, options) * 2.0
    });
    let [twice, conv] = [twice, conv].map(|settings| settings.build(&mut Rngs::new(0)));
    assert_close(&twice.forward(&images), &(conv.forward(&images) * 2.0));

    let einsum = Einsum::builder("ab,bc->ac", [4, 5]).precision(Precision::High);
    let halved = einsum.clone().einsum_op(|text, operands, options| {
        assert_eq!(options.precision, Precision::High);
        einsum_with(text, operands, options) * 0.5
    });
    let [halved, einsum] = [halved, einsum].map(|settings| settings.build(&mut Rngs::new(0)));
    assert_close(&(halved.forward(&x) * 2.0), &einsum.forward(&x));

    // Values of attention are doubled by their map, and so is the last one's result.
    let tokens = input(&[2, 5, 8]);
    let attention = MultiHeadAttention::builder(2, 8).precision(Precision::High);
    let out = attention.clone().out_dot_general(DOUBLED).build(&mut Rngs::new(0)).forward(&tokens);
    let plain = attention.clone().build(&mut Rngs::new(0)).forward(&tokens);
    assert_close(&out, &(plain * 2.0));
    let qkv = attention.qkv_dot_general(DOUBLED).build(&mut Rngs::new(0));
    assert_close(&qkv.query.forward(&tokens), &{
        let mut query = qkv.query.clone();
        query.kernel.set(query.kernel.value() * 2.0);
        LinearGeneral {
            kernel: query.kernel,
            ..LinearGeneral::builder(8, [2, 4]).build(&mut Rngs::new(0))
        }
        .forward(&tokens)
    });
}

/// All in bf16, whatever the layer's dtype.
const SHORT: PromoteDtypeFn = |arrays, _| promote_dtype(arrays, Some(DType::BF16));

#[test]
fn functions_stand_in_the_place_of_promotion() {
    fn check<L: Layer>(what: &str, mut layer: L, x: &Array) {
        assert_eq!(layer.forward(x).dtype(), DType::BF16, "{what}");
    }
    let rngs = &mut Rngs::new(0);
    let x = &input(&[3, 4]);
    check("Linear", Linear::builder(4, 5).promote_dtype(SHORT).build(rngs), x);
    check("LinearGeneral", LinearGeneral::builder(4, 5).promote_dtype(SHORT).build(rngs), x);
    check("Einsum", Einsum::builder("ab,bc->ac", [4, 5]).promote_dtype(SHORT).build(rngs), x);
    check("LoRA", LoRA::builder(4, 2, 5).promote_dtype(SHORT).build(rngs), x);
    let both = LoRALinear::builder(4, 5, 2).promote_dtype(SHORT).lora_promote_dtype(SHORT);
    check("LoRALinear", both.build(rngs), x);
    check("LayerNorm", LayerNorm::builder(4).promote_dtype(SHORT).build(rngs), x);
    check("RMSNorm", RMSNorm::builder(4).promote_dtype(SHORT).build(rngs), x);
    check("BatchNorm", BatchNorm::builder(4).promote_dtype(SHORT).build(rngs), x);
    check("GroupNorm", GroupNorm::builder(4).num_groups(2).promote_dtype(SHORT).build(rngs), x);
    let images = &input(&[2, 5, 6, 4]);
    check("InstanceNorm", InstanceNorm::builder(4).promote_dtype(SHORT).build(rngs), images);
    check("Conv", Conv::builder(4, 3, [2, 2]).promote_dtype(SHORT).build(rngs), images);
    let up = ConvTranspose::builder(4, 3, [2, 2]).promote_dtype(SHORT);
    check("ConvTranspose", up.build(rngs), images);

    let embed = Embed::builder(7, 4).promote_dtype(SHORT).build(rngs);
    assert_eq!(embed.forward(Array::from([1, 2])).dtype(), DType::BF16);
    assert_eq!(embed.attend(x).dtype(), DType::BF16);

    let step = |y: Array| assert_eq!(y.dtype(), DType::BF16);
    let carry = || nnx::array::zeros([3, 5], DType::BF16);
    step(GRUCell::builder(4, 5).promote_dtype(SHORT).build(rngs).forward(carry(), x).1);
    step(SimpleCell::builder(4, 5).promote_dtype(SHORT).build(rngs).forward(carry(), x).1);
    let both = || (carry(), carry());
    step(LSTMCell::builder(4, 5).promote_dtype(SHORT).build(rngs).forward(both(), x).1);
    step(OptimizedLSTMCell::builder(4, 5).promote_dtype(SHORT).build(rngs).forward(both(), x).1);

    let tokens = &input(&[2, 5, 8]);
    let attention = MultiHeadAttention::builder(2, 8).normalize_qk(true);
    let out = attention.clone().out_promote_dtype(SHORT).build(rngs);
    check("MultiHeadAttention", out, tokens);
    let qkv = attention.clone().qkv_promote_dtype(SHORT).ln_promote_dtype(SHORT).build(rngs);
    assert_eq!(qkv.value.forward(tokens).dtype(), DType::BF16);
    assert_eq!(qkv.query_ln.as_ref().unwrap().forward(input(&[5, 4])).dtype(), DType::BF16);
    assert_eq!(qkv.out.forward(input(&[5, 2, 4])).dtype(), DType::F32);

    let options = AttentionOptions::new().promote_dtype(SHORT);
    let heads = &input(&[2, 5, 2, 4]);
    assert_eq!(dot_product_attention(heads, heads, heads, &options).dtype(), DType::BF16);
    assert_eq!(dot_product_attention_weights(heads, heads, &options).dtype(), DType::BF16);

    // A function that loses an array.
    let one: PromoteDtypeFn = |arrays, _| vec![arrays[0].clone()];
    let layer = Linear::builder(4, 5).promote_dtype(one).build(rngs);
    let text = panic_message(|| drop(layer.forward(x)));
    assert!(text.contains("Linear") && text.contains("gave 1 arrays for 3"), "{text}");
}

#[test]
fn other_arguments_are_another_program() {
    let x = input(&[3, 4]);
    let mut layer = Linear::new(4, 5, &mut Rngs::new(0));
    let plain = call(&mut layer, &x);
    layer.arithmetic.precision = Precision::Highest;
    let text = lower(|| call(&mut layer, &x)).unwrap().stablehlo();
    assert!(text.contains("HIGHEST"), "{text}");
    assert_close(&call(&mut layer, &x), &plain);
}
