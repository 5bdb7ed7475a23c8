//! No layer and no optimizer is left out.

use super::{layers, optimizers};
use std::collections::BTreeSet;

/// Our names in a list of another library's, after a prefix.
fn ours(list: &str, prefix: &str) -> BTreeSet<String> {
    let names = list.lines().filter_map(|line| line.split_once(" = "));
    names.filter_map(|(_, ours)| ours.strip_prefix(prefix)).map(str::to_owned).collect()
}

#[test]
fn every_layer_has_a_row() {
    // Not layers, or tested by the rows of others.
    let others = ["Initializer", "RNNCellBase", "RNN"];
    let rows: BTreeSet<&str> = layers::names().into_iter().collect();
    for name in ours(include_str!("../names/flax.nnx.txt"), "nn::") {
        if name.starts_with(|c: char| c.is_uppercase()) && !name.contains("::") {
            let known = rows.contains(&*name) || others.contains(&&*name);
            assert!(known, "the layer `{name}` has no row in tests/matrix/layers.rs");
        }
    }
}

#[test]
fn every_optimizer_has_a_row() {
    let rows: BTreeSet<&str> = optimizers::names().into_iter().collect();
    for list in [include_str!("../names/optax.txt"), include_str!("../names/optax.contrib.txt")] {
        for name in ours(list, "optim::") {
            if name.contains("::") || name.starts_with(|c: char| c.is_uppercase()) {
                continue;
            }
            let known = rows.contains(&*name) || is_other(&name);
            assert!(known, "the optimizer `{name}` has no row in tests/matrix/optimizers.rs");
        }
    }
}

/// Schedules, functions of gradients, and the transformations of which the optimizers are made.
fn is_other(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "adaptive_grad_clip",
        "add_decayed_weights",
        "add_noise",
        "apply_every",
        "centralize",
        "clip",
        "clip_by_block_rms",
        "clip_by_global_norm",
        "conditionally_mask",
        "conditionally_transform",
        "ema",
        "exponential_decay",
        "flatten",
        "freeze",
        "incremental_update",
        "keep_params_nonnegative",
        "masked",
        "matrix_inverse_pth_root",
        "measure_with_ema",
        "microbatch",
        "monitor",
        "multi_normal",
        "nnls",
        "normalize_by_update_norm",
        "partition",
        "periodic_update",
        "per_example_global_norm_clip",
        "per_example_layer_norm_clip",
        "power_iteration",
        "scale",
        "scale_gradient",
        "selective_transform",
        "set_to_zero",
        "skip_large_updates",
        "skip_not_finite",
        "snapshot",
        "trace",
        "zero_nans",
        "differentially_private_aggregate",
        "dpsgd",
        "hutchinson_estimator_diag_hessian",
        "normalize",
        "schedule_free_eval_params",
        "split_real_and_imaginary",
        "cosine_decay",
        "join_schedules",
    ];
    name.starts_with("scale_by_") || name.ends_with("_schedule") || OTHERS.contains(&name)
}
