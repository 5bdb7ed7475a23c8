//! Layers: their first state, results, gradients and state after the call.

use super::reference::Case;
use super::state::{leaves, start, variables};
use super::{Outputs, Run};
use nnx::array::Padding;
use nnx::nn::{self, *};
use nnx::random::Rngs;
use nnx::{Array, Module, value_and_grad};

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "linear" => |c| layer(c, Linear::new(5, 7, &mut rngs(c)), |m, x| m.forward(x)),
        "linear_nobias" => |c| {
            let layer_ = Linear::builder(5, 7).use_bias(false).build(&mut rngs(c));
            layer(c, layer_, |m, x| m.forward(x))
        },
        "conv_same" => |c| conv(c, Conv::builder(3, 8, [3, 3])),
        "conv_valid_stride" => {
            |c| conv(c, Conv::builder(3, 8, [3, 3]).strides(2).padding(Padding::Valid))
        }
        "conv_dilated_groups" => {
            |c| conv(c, Conv::builder(4, 8, [3, 3]).kernel_dilation(2).feature_group_count(2))
        }
        "conv1d" => |c| conv(c, Conv::builder(3, 5, 4).padding(ConvPadding::Causal)),
        "conv_circular" => |c| conv(c, Conv::builder(3, 5, 3).padding(ConvPadding::Circular)),
        "linear_general" => |c| {
            let map = LinearGeneral::builder([3, 4], [2, 5]).axis([-2, -1]).build(&mut rngs(c));
            layer(c, map, |m, x| m.forward(x))
        },
        "einsum" => |c| {
            let einsum = Einsum::builder("nta,hab->nthb", [4, 6, 3]).bias_shape([4, 3]);
            layer(c, einsum.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "conv_transpose" => |c| {
            let conv = ConvTranspose::builder(3, 5, [3, 3]).strides([2, 2]);
            layer(c, conv.build(&mut rngs(c)), |m, x| m.forward(x))
        },
        "mha_self" => |c| {
            let attention = MultiHeadAttention::builder(2, 8).qkv_features(8).build(&mut rngs(c));
            layer(c, attention, |m, x| m.forward(x))
        },
        "mha_causal" => |c| {
            let attention = MultiHeadAttention::builder(2, 8).qkv_features(16).build(&mut rngs(c));
            layer(c, attention, |m, x| {
                let mask = make_causal_mask(x.sum(-1), 0, nnx::DType::F32);
                m.forward_with(x, MultiHeadAttentionOptions::new().mask(&mask))
            })
        },
        "spectral_norm" => |c| {
            let linear = Linear::new(5, 7, &mut rngs(c));
            layer(c, SpectralNorm::new(linear, &mut rngs(c)), |m, x| m.forward(x))
        },
        "weight_norm" => |c| {
            let linear = Linear::new(5, 7, &mut rngs(c));
            layer(c, WeightNorm::new(linear, &mut rngs(c)), |m, x| m.forward(x))
        },
        "lora_linear" => |c| layer(c, LoRALinear::new(5, 7, 2, &mut rngs(c)), |m, x| m.forward(x)),
        "prelu" => |c| layer(c, PReLU::new(), |m, x| m.forward(x)),
        "sequential" => |c| {
            let first = Linear::new(5, 8, &mut rngs(c));
            let second = Linear::new(8, 3, &mut Rngs::new(c.seed + 1));
            let layers = Sequential::new((first, Activation::new(relu), second));
            layer(c, layers, |m, x| m.forward(x))
        },
        "lstm_rnn" => |c| rnn(c, LSTMCell::new(4, 6, &mut rngs(c))),
        "optimized_lstm_rnn" => |c| rnn(c, OptimizedLSTMCell::new(4, 6, &mut rngs(c))),
        "gru_rnn" => |c| rnn(c, GRUCell::new(4, 6, &mut rngs(c))),
        "simple_rnn_rnn" => |c| rnn(c, SimpleCell::new(4, 6, &mut rngs(c))),
        "embed" => |c| layer(c, Embed::new(11, 6, &mut rngs(c)), |m, x| m.forward(x)),
        "embed_attend" => |c| layer(c, Embed::new(11, 6, &mut rngs(c)), |m, x| m.attend(x)),
        "batchnorm_train" => |c| batch_norm(c, BatchNorm::builder(6)),
        "batchnorm_eval" => |c| batch_norm(c, BatchNorm::builder(6).use_running_average(true)),
        "batchnorm_2d" => |c| batch_norm(c, BatchNorm::builder(3).momentum(0.9)),
        "layernorm" => |c| layer(c, LayerNorm::new(6, &mut rngs(c)), |m, x| m.forward(x)),
        "rmsnorm" => |c| layer(c, RMSNorm::new(6, &mut rngs(c)), |m, x| m.forward(x)),
        "groupnorm" => |c| {
            let norm = GroupNorm::builder(8).num_groups(4).build(&mut rngs(c));
            layer(c, norm, |m, x| m.forward(x))
        },
        "instancenorm" => |c| layer(c, InstanceNorm::new(4, &mut rngs(c)), |m, x| m.forward(x)),
        "dropout" => |c| layer(c, Dropout::new(0.4, &mut rngs(c)), |m, x| m.forward(x)),
        "max_pool" => {
            |c| function(c, |x| nn::max_pool(x, [2, 2], &PoolOptions::new().strides([2, 2])))
        }
        "avg_pool" => |c| {
            let options = PoolOptions::new().strides([2, 2]).padding(Padding::Same);
            function(c, |x| nn::avg_pool(x, [3, 3], &options))
        },
        "min_pool" => |c| function(c, |x| nn::min_pool(x, [2, 2], &PoolOptions::new())),
        _ => return None,
    })
}

pub(crate) fn rngs(case: &Case) -> Rngs {
    Rngs::new(case.seed)
}

fn conv(case: &Case, builder: ConvBuilder) -> Outputs {
    layer(case, builder.build(&mut rngs(case)), |m, x| m.forward(x))
}

fn batch_norm(case: &Case, builder: BatchNormBuilder) -> Outputs {
    layer(case, builder.build(&mut rngs(case)), |m, x| m.forward(x))
}

fn rnn<C: RNNCellBase>(case: &Case, cell: C) -> Outputs {
    layer(case, RNN::builder(cell).build_with(&mut rngs(case)), |m, x| m.forward(x))
}

/// The result of `forward` from the given state, the gradients of its product with `in.ct`, and
/// the state afterwards.
pub(crate) fn layer<M: Module>(
    case: &Case,
    mut model: M,
    forward: impl Fn(&mut M, &Array) -> Array,
) -> Outputs {
    start(&mut model, case);
    let ct = case.input("ct");
    // As in the reference, the result comes from operations that run one by one.
    let y = forward(&mut nnx::clone(&model), &case.input("x"));
    let mut both = (model, case.input("x"));
    let (_, gradients) =
        value_and_grad(|(model, x): &mut (M, Array)| (forward(model, x) * &ct).sum(..), &mut both);
    let mut outputs = vec![("out.y".to_owned(), y), ("grad.x".to_owned(), gradients.1)];
    for (path, value) in variables(&gradients.0) {
        outputs.push((format!("grad.{path}"), value));
    }
    for (path, value) in leaves(&both.0) {
        outputs.push((format!("after.{path}"), value));
    }
    outputs
}

/// The result of a function and the gradient of its product with `in.ct`.
pub(crate) fn function(case: &Case, f: impl Fn(&Array) -> Array) -> Outputs {
    let (x, ct) = (case.input("x"), case.has("in.ct").then(|| case.input("ct")));
    let ((_, y), gradient) = value_and_grad(
        |x: &Array| {
            let y = f(x);
            let weighted = ct.as_ref().map_or_else(|| y.clone(), |ct| &y * ct);
            (weighted.sum(..), y)
        },
        &x,
    );
    vec![("out.y".into(), y), ("grad.x".into(), gradient)]
}
