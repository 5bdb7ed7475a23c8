//! Calls of the functions of layers, losses, random numbers and transforms.

use super::calls;
use nnx_core::nn::{self, *};
use nnx_core::optim::{self, losses};
use nnx_core::random::{Key, Rngs};
use nnx_core::train::{Accuracy, Auc, Average, ConfusionMatrix, Welford};
use nnx_core::{Array, DType, array, module::Intermediate, perturb, random, sow, transform};

calls! { key x o
    "module/capture/mod.rs" {
        "sow" => sow::<Intermediate, _>(&Linear::new(2, 2, &mut Rngs::new(0)), "x", o());
        "perturb" => perturb(&Linear::new(2, 2, &mut Rngs::new(0)), "x", o());
    }
    "nn/attention.rs" {
        "AttentionOptions::bias" => AttentionOptions::new().bias(o());
        "AttentionOptions::mask" => AttentionOptions::new().mask(o());
        "AttentionOptions::query_seq_lengths" => AttentionOptions::new().query_seq_lengths(o());
        "AttentionOptions::key_value_seq_lengths" => AttentionOptions::new().key_value_seq_lengths(o());
        "dot_product_attention_weights" => nn::dot_product_attention_weights(o(), o(), &AttentionOptions::new());
        "dot_product_attention" => nn::dot_product_attention(o(), o(), o(), &AttentionOptions::new());
    }
    "nn/attention_masks.rs" {
        "make_attention_mask" => nn::make_attention_mask(o(), o(), |a, b| a + b, 2, DType::F32);
        "make_causal_mask" => nn::make_causal_mask(o(), 0, DType::F32);
    }
    "nn/attention_options.rs" {
        "MultiHeadAttentionOptions::inputs_k" => MultiHeadAttentionOptions::new().inputs_k(o());
        "MultiHeadAttentionOptions::inputs_v" => MultiHeadAttentionOptions::new().inputs_v(o());
        "MultiHeadAttentionOptions::mask" => MultiHeadAttentionOptions::new().mask(o());
    }
    "nn/conv.rs" {
        "Conv::forward" => |m: &Conv| m.forward(o());
    }
    "nn/conv_transpose.rs" {
        "ConvTranspose::forward" => |m: &ConvTranspose| m.forward(o());
    }
    "nn/dropout.rs" {
        "Dropout::forward" => |m: &mut Dropout| m.forward(o());
        "Dropout::forward_with" => |m: &mut Dropout| m.forward_with(o(), DropoutOptions::new());
    }
    "nn/einsum.rs" {
        "Einsum::forward" => |m: &Einsum| m.forward(o());
    }
    "nn/embed.rs" {
        "Embed::forward" => |m: &Embed| m.forward(o()); "Embed::attend" => |m: &Embed| m.attend(o());
    }
    "nn/functions.rs" {
        "squareplus" => nn::squareplus(o(), 4.0); "logmeanexp" => nn::logmeanexp(o(), ..);
        "elu" => nn::elu(o(), 1.0); "celu" => nn::celu(o(), 1.0); "leaky_relu" => nn::leaky_relu(o(), 0.1);
        "glu" => nn::glu(o(), 0); "log_softmax" => nn::log_softmax(o(), ..);
        "standardize" => nn::standardize(o(), .., 1e-5);
    }
    "nn/layer.rs" {
        "Activation::forward" => |m: &Activation| m.forward(o());
    }
    "nn/scaled.rs" {
        "scaled_dot" => nn::scaled_dot(o(), o(), o(), o(), DType::F32);
        "scaled_matmul" => nn::scaled_matmul(o(), o(), o(), o(), DType::F32);
    }
    "nn/linear.rs" {
        "Linear::forward" => |m: &Linear| m.forward(o());
    }
    "nn/linear_general.rs" {
        "LinearGeneral::forward" => |m: &LinearGeneral| m.forward(o());
    }
    "nn/lora.rs" {
        "LoRA::forward" => |m: &LoRA| m.forward(o());
        "LoRALinear::forward" => |m: &LoRALinear| m.forward(o());
    }
    "nn/multi_head_attention.rs" {
        "MultiHeadAttention::forward" => |m: &mut MultiHeadAttention| m.forward(o());
        "MultiHeadAttention::forward_with" => |m: &mut MultiHeadAttention| m.forward_with(o(), MultiHeadAttentionOptions::new());
    }
    "nn/norm/batch.rs" {
        "BatchNorm::forward_masked" => |m: &mut BatchNorm| m.forward_masked(o(), o());
        "BatchNorm::forward" => |m: &mut BatchNorm| m.forward(o());
    }
    "nn/norm/group.rs" {
        "GroupNorm::forward_masked" => |m: &GroupNorm| m.forward_masked(o(), o());
        "GroupNorm::forward" => |m: &GroupNorm| m.forward(o());
    }
    "nn/norm/instance.rs" {
        "InstanceNorm::forward_masked" => |m: &InstanceNorm| m.forward_masked(o(), o());
        "InstanceNorm::forward" => |m: &InstanceNorm| m.forward(o());
    }
    "nn/norm/layer.rs" {
        "LayerNorm::forward_masked" => |m: &LayerNorm| m.forward_masked(o(), o());
        "LayerNorm::forward" => |m: &LayerNorm| m.forward(o());
    }
    "nn/norm/rms.rs" {
        "RMSNorm::forward_masked" => |m: &RMSNorm| m.forward_masked(o(), o());
        "RMSNorm::forward" => |m: &RMSNorm| m.forward(o());
    }
    "nn/pool.rs" {
        "avg_pool" => nn::avg_pool(o(), [2], &PoolOptions::default());
        "max_pool" => nn::max_pool(o(), [2], &PoolOptions::default());
        "min_pool" => nn::min_pool(o(), [2], &PoolOptions::default());
        "pool" => nn::pool(o(), array::reduce_window_sum, [2], &PoolOptions::default());
    }
    "nn/prelu.rs" {
        "PReLU::forward" => |m: &PReLU| m.forward(o());
    }
    "nn/recurrent/bidirectional.rs" {
        "Bidirectional::forward" => |m: &mut Bidirectional<GRUCell, GRUCell>| m.forward(o());
        "Bidirectional::forward_with" => |m: &mut Bidirectional<GRUCell, GRUCell>| m.forward_with(o(), RNNOptions::new());
    }
    "nn/recurrent/rnn.rs" {
        "RNNOptions::seq_lengths" => RNNOptions::<Array>::new().seq_lengths(o());
        "flip_sequences" => nn::flip_sequences(o(), o(), 2, false);
        "RNN::forward" => |m: &mut RNN<GRUCell>| m.forward(o());
        "RNN::forward_with" => |m: &mut RNN<GRUCell>| m.forward_with(o(), RNNOptions::new());
    }
    "nn/sequential.rs" {
        "Sequential::forward" => |m: &mut Sequential<Vec<Linear>>| m.forward(o());
    }
    "nn/spectral_norm.rs" {
        "SpectralNorm::forward" => |m: &mut SpectralNorm<Linear>| m.forward(o());
    }
    "nn/weight_norm.rs" {
        "WeightNorm::forward" => |m: &mut WeightNorm<Linear>| m.forward(o());
    }
    "optim/targets.rs" {
        "incremental_update" => optim::incremental_update(x, x, o());
        "periodic_update" => optim::periodic_update(x, x, o(), 2);
    }
    "optim/assignment.rs" { "hungarian_algorithm" => optim::hungarian_algorithm(o()); }
    "optim/microbatching.rs" {
        "reshape_batch_axis" => nnx_core::optim::reshape_batch_axis(o(), 2, 0);
    }
    "optim/inject.rs" {
        "InjectHyperparamsState::set_hyperparam" =>
            |s: &mut nnx_core::optim::InjectHyperparamsState<()>| s.set_hyperparam("b1", o());
    }
    "optim/extra.rs" {
        "ExtraArgs::value" => optim::ExtraArgs::<Linear>::new().value(o());
    }
    "optim/gradient.rs" {
        "multi_normal" => optim::multi_normal(o(), o());
        "MultiNormalDiagFromLogScale::log_prob" => optim::multi_normal(x, x).log_prob(o());
    }
    "optim/linear.rs" {
        "nnls" => optim::nnls(o(), o(), 10, None);
        "power_iteration" => optim::power_iteration(o(), 10, 1e-6);
        "power_iteration_of" => optim::power_iteration_of(|x| x * 2, o(), 10, 1e-6);
        "matrix_inverse_pth_root" => optim::matrix_inverse_pth_root(o(), 2, 10, 1e-6, 1e-6);
    }
    "optim/loss_scale.rs" {
        "LossScale::scale" => |m: &optim::LossScale| m.scale(o());
    }
    "optim/losses/classification.rs" {
        "softmax_cross_entropy" => losses::softmax_cross_entropy(o(), o());
        "softmax_cross_entropy_with_integer_labels" => losses::softmax_cross_entropy_with_integer_labels(o(), o());
        "sigmoid_binary_cross_entropy" => losses::sigmoid_binary_cross_entropy(o(), o());
        "safe_softmax_cross_entropy" => losses::safe_softmax_cross_entropy(o(), o());
        "sigmoid_focal_loss" => losses::sigmoid_focal_loss(o(), o(), None, 1.0);
        "hinge_loss" => losses::hinge_loss(o(), o());
        "perceptron_loss" => losses::perceptron_loss(o(), o());
        "multiclass_hinge_loss" => losses::multiclass_hinge_loss(o(), o());
        "multiclass_perceptron_loss" => losses::multiclass_perceptron_loss(o(), o());
        "sparsemax_loss" => losses::sparsemax_loss(o(), o());
        "poly_loss_cross_entropy" => losses::poly_loss_cross_entropy(o(), o(), 1.0);
        "ranking_softmax_loss" => losses::ranking_softmax_loss(o(), o(), o());
        "dice_loss" => losses::dice_loss(o(), o(), 1.0); "smooth_labels" => losses::smooth_labels(o(), 0.1);
    }
    "optim/losses/along.rs" {
        "Along::masked" => losses::along(0).masked(o());
        "Along::softmax_cross_entropy" => losses::along(0).softmax_cross_entropy(o(), o());
        "Along::softmax_cross_entropy_with_integer_labels" => losses::along(0).softmax_cross_entropy_with_integer_labels(o(), o());
        "Along::poly_loss_cross_entropy" => losses::along(0).poly_loss_cross_entropy(o(), o(), 1.0);
        "Along::kl_divergence" => losses::along(0).kl_divergence(o(), o());
        "Along::kl_divergence_with_log_targets" => losses::along(0).kl_divergence_with_log_targets(o(), o());
        "Along::generalized_kl_divergence" => losses::along(0).generalized_kl_divergence(o(), o());
        "Along::cosine_similarity" => losses::along(0).cosine_similarity(o(), o(), 0.0);
        "Along::cosine_distance" => losses::along(0).cosine_distance(o(), o(), 0.0);
        "Along::smooth_labels" => losses::along(0).smooth_labels(o(), 0.1);
        "Along::triplet_margin_loss" => losses::along(0).triplet_margin_loss(o(), o(), o(), 2.0, 1.0, 0.0);
    }
    "optim/losses/ctc.rs" {
        "ctc_loss" => losses::ctc_loss(o(), o(), o(), o(), 2);
        "ctc_loss_with_forward_probs" => losses::ctc_loss_with_forward_probs(o(), o(), o(), o(), 2, -1e5);
    }
    "optim/losses/divergence.rs" {
        "kl_divergence" => losses::kl_divergence(o(), o());
        "kl_divergence_with_log_targets" => losses::kl_divergence_with_log_targets(o(), o());
        "generalized_kl_divergence" => losses::generalized_kl_divergence(o(), o());
    }
    "optim/losses/embedding.rs" {
        "cosine_similarity" => losses::cosine_similarity(o(), o());
        "cosine_distance" => losses::cosine_distance(o(), o());
        "triplet_margin_loss" => losses::triplet_margin_loss(o(), o(), o(), 1.0);
        "ntxent" => losses::ntxent(o(), o(), 1.0);
    }
    "optim/losses/regression.rs" {
        "squared_error" => losses::squared_error(o(), o()); "l2_loss" => losses::l2_loss(o(), o());
        "huber_loss" => losses::huber_loss(o(), o(), 1.0); "log_cosh" => losses::log_cosh(o(), o());
    }
    "optim/losses/segmentation.rs" {
        "dice_loss_with" => losses::dice_loss_with(o(), o(), &losses::DiceOptions::default());
        "binary_dice_loss" => losses::binary_dice_loss(o(), o(), 1.0);
        "multiclass_generalized_dice_loss" => losses::multiclass_generalized_dice_loss(o(), o(), 1.0, false);
        "multiclass_sparsemax_loss" => losses::multiclass_sparsemax_loss(o(), o());
    }
    "optim/minimize.rs" {
        "minimize" => optim::minimize(|x| x.square().sum(..), o(), Default::default());
    }
    "optim/schedule/mod.rs" {
        "Schedule::value" => |m: &optim::Schedule| m.value(o());
    }
    "optim/tree.rs" {
        "Params::scale" => |m: &optim::Params| m.scale(o());
        "Params::add_scale" => |m: &optim::Params| m.add_scale(o(), m);
        "Params::select" => |m: &optim::Params| m.select(o(), m);
    }
    "random/bits.rs" {
        "uniform_range" => random::uniform_range(key, [2], o(), o(), DType::F32);
        "randint" => random::randint(key, [2], o(), o(), DType::F32);
    }
    "random/choice.rs" {
        "choice" => random::choice(key, 2, [2], false, o());
        "choice_from" => random::choice_from(key, o(), 0, [2], false, o());
        "categorical" => random::categorical(key, o(), 0);
        "categorical_samples" => random::categorical_samples(key, o(), 0, [2], true);
    }
    "random/continuous.rs" {
        "lognormal" => random::lognormal(key, o(), [2], DType::F32);
        "pareto" => random::pareto(key, o(), [2], DType::F32);
        "rayleigh" => random::rayleigh(key, o(), [2], DType::F32);
        "weibull_min" => random::weibull_min(key, o(), o(), [2], DType::F32);
        "triangular" => random::triangular(key, o(), o(), o(), [2], DType::F32);
        "double_sided_maxwell" => random::double_sided_maxwell(key, o(), o(), [2], DType::F32);
        "wald" => random::wald(key, o(), [2], DType::F32);
    }
    "random/counts.rs" {
        "geometric" => random::geometric(key, o(), [2], DType::F32);
        "poisson" => random::poisson(key, o(), [2], DType::F32);
        "binomial" => random::binomial(key, o(), o(), [2], DType::F32);
        "multinomial" => random::multinomial(key, o(), o(), [2], DType::F32);
    }
    "random/distributions.rs" {
        "truncated_normal" => random::truncated_normal(key, o(), o(), [2], DType::F32);
        "bernoulli" => random::bernoulli(key, o(), [2]);
    }
    "random/gamma.rs" {
        "gamma" => random::gamma(key, o(), [2], DType::F32);
        "loggamma" => random::loggamma(key, o(), [2], DType::F32);
        "beta" => random::beta(key, o(), o(), [2], DType::F32);
        "dirichlet" => random::dirichlet(key, o(), [2], DType::F32);
        "chisquare" => random::chisquare(key, o(), [2], DType::F32);
        "t" => random::t(key, o(), [2], DType::F32); "f" => random::f(key, o(), o(), [2], DType::F32);
        "generalized_normal" => random::generalized_normal(key, o(), [2], DType::F32);
    }
    "random/key.rs" {
        "fold_in" => random::fold_in(key, o());
    }
    "random/permutation.rs" {
        "shuffle" => random::shuffle(key, o(), 0);
        "shuffle_independent" => random::shuffle_independent(key, o(), 0);
    }
    "random/vectors.rs" {
        "multivariate_normal" => random::multivariate_normal(key, o(), o(), [2], DType::F32);
        "ball" => random::ball(key, 2, o(), [2], DType::F32);
    }
    "train/classification.rs" {
        "ConfusionMatrix::update" => |m: &mut ConfusionMatrix| m.update(o(), o());
        "ConfusionMatrix::update_masked" => |m: &mut ConfusionMatrix| m.update_masked(o(), o(), o());
        "Auc::update" => |m: &mut Auc| m.update(o(), o());
        "Auc::update_masked" => |m: &mut Auc| m.update_masked(o(), o(), o());
    }
    "train/metrics.rs" {
        "Average::update_masked" => |m: &mut Average| m.update_masked(o(), o());
        "Accuracy::update" => |m: &mut Accuracy| m.update(o(), o());
        "Accuracy::update_masked" => |m: &mut Accuracy| m.update_masked(o(), o(), o());
        "Average::update" => |m: &mut Average| m.update(o());
        "Welford::update" => |m: &mut Welford| m.update(o());
    }
    "transform/checkify.rs" {
        "check" => transform::check(o(), "");
    }
    "transform/cond.rs" {
        "cond" => nnx_core::cond(o(), |x| x + 1, |x| x * 2, x);
        "switch" => nnx_core::switch(o(), 2, |i, x: &Array| x * i, x);
    }
    "transform/jacobian.rs" {
        "hessian" => nnx_core::hessian(|x| x.sum(..), o());
    }
    "transform/map.rs" {
        "apply_along_axis" => nnx_core::apply_along_axis(|x| x.sum(..), o(), 0);
    }
}
