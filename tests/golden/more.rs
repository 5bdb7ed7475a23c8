//! The cases of `generate.py`: layers with arguments that are not the defaults, attention,
//! recurrent networks, pools, initializers.

use super::layers::{layer, rngs};
use super::reference::Case;
use super::{Outputs, Run};
use nnx::array::{Padding, concatenate, reduce_window_sum};
use nnx::nn::initializers::{self as init, Distribution, FanMode};
use nnx::nn::{self, *};
use nnx::{Array, DType, random, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    convolution(name)
        .or_else(|| linear(name))
        .or_else(|| attention(name))
        .or_else(|| recurrent(name).or_else(|| pool(name)))
}

fn convolution(name: &str) -> Option<Run> {
    Some(match name {
        "conv_causal_dilated" => {
            |c| conv(c, Conv::builder(3, 5, 3).kernel_dilation(2).padding(ConvPadding::Causal))
        }
        "conv_causal_stride" => {
            |c| conv(c, Conv::builder(3, 5, 4).strides(2).padding(ConvPadding::Causal))
        }
        "conv_circular_even" => {
            |c| conv(c, Conv::builder(3, 5, [4, 3]).strides([2, 1]).padding(ConvPadding::Circular))
        }
        "conv_circular_dilated" => |c| {
            let builder = Conv::builder(3, 5, [3, 2]).kernel_dilation([1, 3]);
            conv(c, builder.padding(ConvPadding::Circular))
        },
        "conv_circular_wide" => |c| conv(c, Conv::builder(3, 5, 7).padding(ConvPadding::Circular)),
        "conv_reflect" => |c| conv(c, Conv::builder(3, 5, [4, 3]).padding(ConvPadding::Reflect)),
        "conv_reflect_wide" => |c| conv(c, Conv::builder(3, 5, 7).padding(ConvPadding::Reflect)),
        "conv_explicit" => |c| conv(c, Conv::builder(3, 5, [3, 3]).padding([(1, 2), (0, 3)])),
        "conv_mask" => |c| conv(c, Conv::builder(3, 5, 3).mask(every_third())),
        "conv_3d" => {
            |c| conv(c, Conv::builder(2, 4, [2, 3, 2]).strides([1, 2, 1]).feature_group_count(2))
        }
        "conv_depthwise" => {
            |c| conv(c, Conv::builder(3, 6, [3, 3]).feature_group_count(3).use_bias(false))
        }
        "conv_input_dilation" => {
            |c| conv(c, Conv::builder(3, 5, 3).input_dilation(2).padding([(1, 2)]))
        }
        "conv_one" | "conv_batches" => |c| conv(c, Conv::builder(3, 5, 3)),
        "conv_bf16" => |c| conv(c, Conv::builder(3, 5, 3).dtype(DType::BF16)),
        "conv_transpose_valid" => |c| {
            let builder = ConvTranspose::builder(3, 5, [3, 2]).strides([2, 3]);
            transpose(c, builder.padding(Padding::Valid))
        },
        "conv_transpose_explicit" => {
            |c| transpose(c, ConvTranspose::builder(3, 5, [3, 3]).padding([(1, 2), (0, 1)]))
        }
        "conv_transpose_circular" => |c| {
            let builder = ConvTranspose::builder(3, 5, [4, 3]).strides([2, 1]);
            transpose(c, builder.padding(ConvPadding::Circular))
        },
        "conv_transpose_kernel" => |c| {
            let builder = ConvTranspose::builder(3, 5, [4, 3]).strides(2).transpose_kernel(true);
            transpose(c, builder.padding(ConvPadding::Circular))
        },
        "conv_transpose_dilated" => |c| {
            let builder = ConvTranspose::builder(3, 5, 3).strides(2).kernel_dilation(2);
            transpose(c, builder.transpose_kernel(true).use_bias(false))
        },
        "conv_transpose_mask" => {
            |c| transpose(c, ConvTranspose::builder(3, 5, 3).mask(every_third()))
        }
        "conv_transpose_3d" => |c| transpose(c, ConvTranspose::builder(2, 3, [2, 2, 3]).strides(2)),
        _ => return None,
    })
}

fn conv(case: &Case, builder: ConvBuilder) -> Outputs {
    widened(layer(case, builder.build(&mut rngs(case)), |m, x| m.forward(x)))
}

fn transpose(case: &Case, builder: ConvTransposeBuilder) -> Outputs {
    layer(case, builder.build(&mut rngs(case)), |m, x| m.forward(x))
}

/// Every third weight of a kernel `[3, 3, 5]`.
fn every_third() -> Array {
    let ones: Vec<f32> = (0..45).map(|i| f32::from(i % 3 == 0)).collect();
    Array::from_slice(&ones, [3, 3, 5])
}

/// The file has half-precision numbers as f32.
fn widened(outputs: Outputs) -> Outputs {
    let half = |x: &Array| matches!(x.dtype(), DType::BF16 | DType::F16);
    let wide = |x: Array| if half(&x) { x.astype(DType::F32) } else { x };
    outputs.into_iter().map(|(name, x)| (name, wide(x))).collect()
}

fn linear(name: &str) -> Option<Run> {
    Some(match name {
        "linear_general_batch" => |c| {
            let builder = LinearGeneral::builder([3, 4], 5).axis([1, 3]).batch_axis([(0, 2)]);
            layer(c, builder.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "linear_general_bf16" => |c| {
            let builder = LinearGeneral::builder(3, [4, 5]).dtype(DType::BF16).use_bias(false);
            widened(layer(c, builder.build(&mut rngs(c)), |m, x| m.forward(x)))
        },
        "einsum_ellipsis" => |c| {
            let builder = Einsum::builder("...ab,bc->...ac", [4, 5]).bias_shape([5]);
            layer(c, builder.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "lora" => |c| {
            let builder = LoRA::builder(5, 2, 7).b_initializer(init::normal(0.5));
            layer(c, builder.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "lora_linear_trained" => |c| {
            let builder = LoRALinear::builder(5, 7, 3).b_initializer(init::normal(0.5));
            layer(c, builder.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "prelu_slope" => |c| {
            let prelu = PReLU::builder().negative_slope_init(0.25).build();
            layer(c, prelu, |m, x| m.forward(x))
        },
        "spectral_norm_steps" => |c| {
            let builder = SpectralNorm::builder(Linear::new(5, 7, &mut rngs(c)));
            let norm = builder.n_steps(3).epsilon(1e-3).build(&mut rngs(c));
            layer(c, norm, |m, x| m.forward(x))
        },
        "spectral_norm_conv" => |c| {
            let builder = SpectralNorm::builder(Conv::new(3, 5, 3, &mut rngs(c)));
            let norm = builder.update_stats(false).build(&mut rngs(c));
            layer(c, norm, |m, x| m.forward(x))
        },
        "weight_norm_whole" => |c| {
            let builder = WeightNorm::builder(Linear::new(5, 7, &mut rngs(c)));
            let norm = builder.feature_axes([0; 0]).scale_init(init::constant(0.5));
            layer(c, norm.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "weight_norm_plain" => |c| {
            let builder = WeightNorm::builder(Conv::new(3, 5, 3, &mut rngs(c)));
            let norm = builder.feature_axes([0, 2]).use_scale(false);
            layer(c, norm.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        _ => return None,
    })
}

fn attention(name: &str) -> Option<Run> {
    type Mha = MultiHeadAttention;
    Some(match name {
        "mha_cross" => |c| {
            let (k, v) = (c.input("k"), c.input("v"));
            let builder = Mha::builder(2, 8).qkv_features(12).out_features(6).in_kv_features(4);
            layer(c, builder.build(&mut rngs(c)), |m, x| {
                m.forward_with(x, MultiHeadAttentionOptions::new().inputs_k(&k).inputs_v(&v))
            })
        },
        "mha_groups" => |c| {
            let builder = Mha::builder(4, 8).num_kv_heads(2).use_bias(false);
            layer(c, builder.build(&mut rngs(c)), |m, x| {
                m.forward_with(x, MultiHeadAttentionOptions::new().is_causal(true))
            })
        },
        "mha_normalized" => |c| mha(c, Mha::builder(2, 8).normalize_qk(true)),
        "mha_dropout" => |c| mha(c, Mha::builder(2, 8).dropout_rate(0.4)),
        "mha_dropout_each" => {
            |c| mha(c, Mha::builder(2, 8).dropout_rate(0.4).broadcast_dropout(false))
        }
        "mha_mask_causal" => |c| {
            let mask = c.input("mask");
            layer(c, Mha::new(2, 8, &mut rngs(c)), |m, x| {
                let options = MultiHeadAttentionOptions::new().mask(&mask).is_causal(true);
                m.forward_with(x, options)
            })
        },
        "mha_bf16" => |c| widened(mha(c, Mha::builder(2, 8).dtype(DType::BF16))),
        "mha_decode" => |c| {
            let mut decoder = Mha::builder(2, 8).decode(true).build(&mut rngs(c));
            decoder.init_cache([2, 4, 8], DType::F32);
            layer(c, decoder, |m, x| {
                let results: Vec<Array> = x.split(4, 1).iter().map(|x| m.forward(x)).collect();
                concatenate(&results, 1)
            })
        },
        "dot_product_attention" => |c| dot(c, AttentionOptions::new()),
        "dot_product_attention_bias" => |c| {
            function(c, &["q", "k", "v", "bias"], |xs| {
                let options = AttentionOptions::new().bias(&xs[3]).mask(c.input("mask"));
                dot_product_attention(&xs[0], &xs[1], &xs[2], &options)
            })
        },
        "dot_product_attention_groups" => |c| dot(c, AttentionOptions::new().is_causal(true)),
        "dot_product_attention_bf16" => |c| dot(c, AttentionOptions::new().dtype(DType::BF16)),
        "dot_product_attention_lengths" => |c| {
            let (few, some) = (Array::from([5, 2]), Array::from([3, 7]));
            let options = AttentionOptions::new().query_seq_lengths(&few);
            dot(c, options.key_value_seq_lengths(&some))
        },
        "dot_product_attention_window" => {
            |c| dot(c, AttentionOptions::new().scale(0.5).local_window_size(2, 1))
        }
        "dot_product_attention_dropout" => {
            |c| dot(c, AttentionOptions::new().dropout(random::key(c.seed + 3), 0.3, true))
        }
        "dot_product_attention_dropout_each" => {
            |c| dot(c, AttentionOptions::new().dropout(random::key(c.seed + 3), 0.3, false))
        }
        "dot_product_attention_weights" => |c| {
            function(c, &["q", "k", "bias"], |xs| {
                let options = AttentionOptions::new().bias(&xs[2]).mask(c.input("mask"));
                dot_product_attention_weights(&xs[0], &xs[1], &options)
            })
        },
        "make_attention_mask" => |c| {
            let (a, b) = (c.input("a"), c.input("b"));
            let mask = make_attention_mask(&a, &b, |q, k| q * k, 1, DType::F32);
            vec![("out.y".into(), mask)]
        },
        "make_causal_mask" => {
            |c| vec![("out.y".into(), make_causal_mask(c.input("a"), 0, DType::I32))]
        }
        _ => return None,
    })
}

fn mha(case: &Case, builder: MultiHeadAttentionBuilder) -> Outputs {
    layer(case, builder.build(&mut rngs(case)), |m, x| m.forward(x))
}

fn dot(case: &Case, options: AttentionOptions) -> Outputs {
    function(case, &["q", "k", "v"], |xs| dot_product_attention(&xs[0], &xs[1], &xs[2], &options))
}

/// The result of a function of the inputs `names`, and the gradients of its product with `in.ct`.
pub(crate) fn function(case: &Case, names: &[&str], f: impl Fn(&[Array]) -> Array) -> Outputs {
    let inputs: Vec<Array> = names.iter().map(|name| case.input(name)).collect();
    let ct = case.input("ct");
    let ((_, y), gradients) = value_and_grad(
        |inputs: &Vec<Array>| {
            let y = f(inputs);
            ((&y * &ct).sum(..), y)
        },
        &inputs,
    );
    let names = names.iter().map(|name| format!("grad.{name}"));
    let mut outputs: Outputs = names.zip(gradients).collect();
    outputs.push(("out.y".into(), y));
    widened(outputs)
}

fn recurrent(name: &str) -> Option<Run> {
    fn gru(case: &Case) -> GRUCell {
        GRUCell::new(4, 5, &mut rngs(case))
    }
    Some(match name {
        "rnn_lstm_lengths" => |c| {
            let cell = LSTMCell::new(4, 5, &mut rngs(c));
            lengths(c, RNN::builder(cell), |(_, h)| h)
        },
        "rnn_optimized_lstm_lengths" => |c| {
            let cell = OptimizedLSTMCell::new(4, 5, &mut rngs(c));
            lengths(c, RNN::builder(cell), |(_, h)| h)
        },
        "rnn_gru_lengths" => |c| lengths(c, RNN::builder(gru(c)), |h| h),
        "rnn_simple_lengths" => |c| {
            let cell = SimpleCell::new(4, 5, &mut rngs(c));
            lengths(c, RNN::builder(cell), |h| h)
        },
        "rnn_reverse" => |c| rnn(c, RNN::builder(gru(c)).reverse(true)),
        "rnn_reverse_lengths" => {
            |c| lengths(c, RNN::builder(gru(c)).reverse(true).keep_order(true), |h| h)
        }
        "rnn_time_major" => |c| {
            let cell = LSTMCell::new(4, 5, &mut rngs(c));
            rnn(c, RNN::builder(cell).time_major(true).unroll(2))
        },
        "rnn_batches" | "rnn_one" => |c| rnn(c, RNN::builder(gru(c))),
        "rnn_carry" => |c| {
            let cell = SimpleCell::builder(4, 5).residual(true).build(&mut rngs(c));
            let h = c.input("h");
            layer(c, RNN::builder(cell).build_with(&mut rngs(c)), |m, x| {
                m.forward_with(x, RNNOptions::new().initial_carry(h.clone())).1
            })
        },
        "rnn_functions" => |c| {
            let builder = GRUCell::builder(4, 5).gate_fn(hard_sigmoid).activation_fn(relu);
            rnn(c, RNN::builder(builder.build(&mut rngs(c))))
        },
        "rnn_carry_init" => |c| {
            let builder = LSTMCell::builder(4, 5).carry_init(init::normal(1.0));
            rnn(c, RNN::builder(builder.build(&mut rngs(c))))
        },
        "bidirectional" => |c| {
            let (ahead, back) = directions(c);
            let both = Bidirectional::builder(ahead, back).build_with(&mut rngs(c));
            layer(c, both, |m, x| m.forward(x))
        },
        "bidirectional_lengths" => |c| {
            let (ahead, back) = directions(c);
            let both = Bidirectional::builder(ahead, back).merge_fn(|a, b| a * b);
            layer(c, both.build_with(&mut rngs(c)), |m, x| {
                m.forward_with(x, RNNOptions::new().seq_lengths(Array::from([6, 2, 4]))).1
            })
        },
        "flip_sequences" => |c| {
            let y = flip_sequences(c.input("x"), Some(&c.input("n")), 1, false);
            vec![("out.y".into(), y)]
        },
        _ => return None,
    })
}

fn rnn<C: RNNCellBase>(case: &Case, builder: RNNBuilder<C>) -> Outputs {
    layer(case, builder.build_with(&mut rngs(case)), |m, x| m.forward(x))
}

/// The last hidden state in front of the results, for sequences of several lengths.
fn lengths<C: RNNCellBase>(
    case: &Case,
    builder: RNNBuilder<C>,
    hidden: fn(C::Carry) -> Array,
) -> Outputs {
    layer(case, builder.build_with(&mut rngs(case)), |m, x| {
        let options = RNNOptions::new().seq_lengths(Array::from([6, 2, 4]));
        let (carry, y) = m.forward_with(x, options);
        concatenate([&hidden(carry).expand_dims(1), &y], 1)
    })
}

fn directions(case: &Case) -> (RNN<GRUCell>, RNN<SimpleCell>) {
    let ahead = RNN::builder(GRUCell::new(4, 5, &mut rngs(case)));
    let back = RNN::builder(SimpleCell::new(4, 5, &mut rngs(case)));
    (ahead.build_with(&mut rngs(case)), back.build_with(&mut rngs(case)))
}

fn pool(name: &str) -> Option<Run> {
    use super::layers::function;
    Some(match name {
        "max_pool_same" => |c| {
            let options = PoolOptions::new().strides([2, 2]).padding(Padding::Same);
            function(c, |x| nn::max_pool(x, [3, 2], &options))
        },
        "min_pool_explicit" => |c| {
            let options = PoolOptions::new().strides([1, 2]);
            let options = options.padding(Padding::Explicit(vec![(1, 1), (0, 2)]));
            function(c, |x| nn::min_pool(x, [3, 3], &options))
        },
        "avg_pool_no_pad" => |c| {
            let options = PoolOptions::new().strides([2, 2]).padding(Padding::Same);
            function(c, |x| nn::avg_pool(x, [3, 3], &options.clone().count_include_pad(false)))
        },
        "avg_pool_explicit" => |c| {
            let options = PoolOptions::new().strides([2, 1]);
            let options = options.padding(Padding::Explicit(vec![(1, 0), (1, 1)]));
            function(c, |x| nn::avg_pool(x, [2, 3], &options))
        },
        "pool_sum" => |c| {
            let options = PoolOptions::new().strides([2, 2]);
            function(c, |x| nn::pool(x, reduce_window_sum, [2, 2], &options))
        },
        "max_pool_one" => |c| function(c, |x| nn::max_pool(x, 2, &PoolOptions::new())),
        _ => return None,
    })
}

/// A first value of parameters, by the name of the case.
pub(crate) fn initializer(name: &str) -> Option<Run> {
    rule(name).map(|_| -> Run {
        |case| {
            let (rule, dtype) = rule(&case.name).unwrap();
            let y = rule.call(&random::key(7 + case.seed), &case.tensor("out.y").shape, dtype);
            widened(vec![("out.y".into(), y)])
        }
    })
}

fn rule(name: &str) -> Option<(Initializer, DType)> {
    let rule = match name {
        "variance_scaling_axes" => {
            init::variance_scaling(1.0, FanMode::FanAvg, Distribution::Uniform)
                .in_axis(0)
                .out_axis([2, 3])
                .batch_axis(1)
        }
        "delta_orthogonal_1d" | "delta_orthogonal_2d" | "delta_orthogonal_3d" => {
            init::delta_orthogonal(1.5, -1)
        }
        "orthogonal_axis" => init::orthogonal(2.0, 0),
        "truncated_normal_bounds" => init::truncated_normal(0.5, -1.0, 3.0),
        "normal_bf16" => return Some((init::normal(1.0), DType::BF16)),
        "lecun_normal_f16" => return Some((init::lecun_normal(), DType::F16)),
        name => {
            let scaling = name.strip_prefix("variance_scaling_")?;
            let modes = [
                ("fan_in_", FanMode::FanIn),
                ("fan_out_", FanMode::FanOut),
                ("fan_avg_", FanMode::FanAvg),
                ("fan_geo_avg_", FanMode::FanGeoAvg),
            ];
            let find = |(prefix, mode)| Some((scaling.strip_prefix(prefix)?, mode));
            let (kind, mode) = modes.into_iter().find_map(find)?;
            let kind = match kind {
                "normal" => Distribution::Normal,
                "truncated_normal" => Distribution::TruncatedNormal,
                "uniform" => Distribution::Uniform,
                _ => return None,
            };
            init::variance_scaling(2.0, mode, kind)
        }
    };
    Some((rule, DType::F32))
}
