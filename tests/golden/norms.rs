//! Norms over axes that are not the defaults, with masks, and over the elements of a named axis.

use super::layers::{layer, rngs};
use super::reference::Case;
use super::{Outputs, Run};
use nnx::nn::initializers::normal;
use nnx::nn::{GroupNorm, InstanceNorm, Layer, LayerNorm, RMSNorm};
use nnx::{Array, in_axes, vmap};

macro_rules! build {
    ($case:ident, $builder:expr) => {
        $builder.scale_init(normal(0.5)).bias_init(normal(0.5)).build(&mut rngs($case))
    };
}

/// The result of a layer for `x` and the case's mask.
macro_rules! masked {
    ($case:ident, $layer:expr) => {{
        let mask = $case.input("mask");
        layer($case, $layer, |m, x| m.forward_masked(x, &mask))
    }};
}

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "layer_axes" => |c| plain(c, build!(c, LayerNorm::builder(8).reduction_axes([1, -1]))),
        "layer_features" => |c| {
            let builder = LayerNorm::builder(40).reduction_axes([1, 2, 3]).feature_axes([1, 3]);
            plain(c, build!(c, builder.use_fast_variance(false)))
        },
        "layer_mask" => |c| masked!(c, build!(c, LayerNorm::builder(8).reduction_axes([1, 2, 3]))),
        "layer_mask_slow" => |c| {
            let builder = LayerNorm::builder(8).reduction_axes([1, 2]).use_fast_variance(false);
            masked!(c, build!(c, builder))
        },
        "layer_named" => |c| named(c, build!(c, LayerNorm::builder(8).axis_name("i"))),
        "rms_axes" => |c| {
            let builder = RMSNorm::builder(5).reduction_axes([1, 2]).feature_axes(1);
            plain(c, builder.scale_init(normal(0.5)).build(&mut rngs(c)))
        },
        "rms_mask" => |c| {
            let builder = RMSNorm::builder(8).reduction_axes([1, -1]);
            masked!(c, builder.scale_init(normal(0.5)).build(&mut rngs(c)))
        },
        "rms_named" => |c| {
            let builder = RMSNorm::builder(8).axis_name("i");
            named(c, builder.scale_init(normal(0.5)).build(&mut rngs(c)))
        },
        "group_slow" => |c| {
            let builder = GroupNorm::builder(8).group_size(2).use_fast_variance(false);
            plain(c, build!(c, builder))
        },
        "group_axes" => |c| {
            let builder = GroupNorm::builder(8).num_groups(8).reduction_axes([2, -1]);
            plain(c, build!(c, builder))
        },
        "group_mask" => |c| masked!(c, build!(c, GroupNorm::builder(8).num_groups(4))),
        "group_named" => {
            |c| named(c, build!(c, GroupNorm::builder(8).num_groups(4).axis_name("i")))
        }
        "instance_axes" => |c| plain(c, build!(c, InstanceNorm::builder(40).feature_axes([1, -1]))),
        "instance_mask" => |c| masked!(c, build!(c, InstanceNorm::builder(8))),
        "instance_named" => |c| named(c, build!(c, InstanceNorm::builder(8).axis_name("i"))),
        _ => return None,
    })
}

fn plain(case: &Case, norm: impl Layer) -> Outputs {
    layer(case, norm, |m, x| m.forward(x))
}

/// The first axis is mapped over, and the statistics are taken over it.
fn named(case: &Case, norm: impl Layer) -> Outputs {
    layer(case, norm, |m, x| {
        let axes = in_axes((None, 0)).axis_name("i");
        vmap(|(m, x): (&mut _, &Array)| Layer::forward(m, x), (m, x), axes)
    })
}
