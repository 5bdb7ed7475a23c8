//! Layers: initial state from the seed, then from the reference's state the result, the gradients
//! and the state after the call.

use super::compare::check_tensor;
use super::reference::Case;
use super::{Outputs, Run};
use nnx::array::Padding;
use nnx::module::{state, update};
use nnx::nn::{self, *};
use nnx::random::Rngs;
use nnx::{Array, Module, value_and_grad};

/// How far initial parameters may be from the reference's.
const INITIAL_TOLERANCE: f64 = 2e-6;

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "linear" => |case| layer(case, |r| Linear::new(5, 7, r), |m, x| m.forward(x)),
        "linear_nobias" => |case| {
            let make = |r: &mut Rngs| Linear::builder(5, 7).use_bias(false).build(r);
            layer(case, make, |m, x| m.forward(x))
        },
        "conv_same" => |case| layer(case, |r| Conv::new(3, 8, [3, 3], r), |m, x| m.forward(x)),
        "conv_valid_stride" => |case| {
            let conv = Conv::builder(3, 8, [3, 3]).strides(2).padding(Padding::Valid);
            layer(case, |r| conv.clone().build(r), |m, x| m.forward(x))
        },
        "conv_dilated_groups" => |case| {
            let conv = Conv::builder(4, 8, [3, 3]).kernel_dilation(2).feature_group_count(2);
            layer(case, |r| conv.clone().build(r), |m, x| m.forward(x))
        },
        "conv1d" => |case| {
            let conv = Conv::builder(3, 5, 4).padding(ConvPadding::Causal);
            layer(case, |r| conv.clone().build(r), |m, x| m.forward(x))
        },
        "conv_circular" => |case| {
            let conv = Conv::builder(3, 5, 3).padding(ConvPadding::Circular);
            layer(case, |r| conv.clone().build(r), |m, x| m.forward(x))
        },
        "embed" => |case| layer(case, |r| Embed::new(11, 6, r), |m, x| m.forward(x)),
        "embed_attend" => |case| layer(case, |r| Embed::new(11, 6, r), |m, x| m.attend(x)),
        "batchnorm_train" => |case| layer(case, |r| BatchNorm::new(6, r), |m, x| m.forward(x)),
        "batchnorm_eval" => |case| {
            let make = |r: &mut Rngs| BatchNorm::builder(6).use_running_average(true).build(r);
            layer(case, make, |m, x| m.forward(x))
        },
        "batchnorm_2d" => |case| {
            let make = |r: &mut Rngs| BatchNorm::builder(3).momentum(0.9).build(r);
            layer(case, make, |m, x| m.forward(x))
        },
        "layernorm" => |case| layer(case, |r| LayerNorm::new(6, r), |m, x| m.forward(x)),
        "rmsnorm" => |case| layer(case, |r| RMSNorm::new(6, r), |m, x| m.forward(x)),
        "groupnorm" => |case| {
            let make = |r: &mut Rngs| GroupNorm::builder(8).num_groups(4).build(r);
            layer(case, make, |m, x| m.forward(x))
        },
        "instancenorm" => |case| layer(case, |r| InstanceNorm::new(4, r), |m, x| m.forward(x)),
        "dropout" => |case| layer(case, |r| Dropout::new(0.4, r), |m, x| m.forward(x)),
        "sequential" => |case| layer(case, Sequential::new, Sequential::forward),
        "max_pool" => {
            |case| pool(case, |x| nn::max_pool(x, [2, 2], &PoolOptions::new().strides([2, 2])))
        }
        "avg_pool" => |case| {
            let options = PoolOptions::new().strides([2, 2]).padding(Padding::Same);
            pool(case, |x| nn::avg_pool(x, [3, 3], &options))
        },
        "min_pool" => {
            |case| pool(case, |x| nn::min_pool(x, [2, 2], &PoolOptions::new().strides([1, 1])))
        }
        _ => return None,
    })
}

/// Two linear layers around a relu; a list that is numbered as Flax's `Sequential` is.
#[derive(Module)]
struct Sequential {
    layers: (Linear, (), Linear),
}

impl Sequential {
    fn new(rngs: &mut Rngs) -> Self {
        // The second layer comes from a stream of its own, one seed further.
        let first = rngs.stream("default").key.to_vec::<u32>()[1];
        let mut second = Rngs::new(u64::from(first) + 1);
        Sequential { layers: (Linear::new(5, 8, rngs), (), Linear::new(8, 3, &mut second)) }
    }

    fn forward(&mut self, x: &Array) -> Array {
        self.layers.2.forward(&relu(&self.layers.0.forward(x)))
    }
}

fn layer<M: Module>(
    case: &Case,
    make: impl FnOnce(&mut Rngs) -> M,
    forward: impl Fn(&mut M, &Array) -> Array,
) -> Outputs {
    let mut model = make(&mut Rngs::new(case.seed));
    load_initial_state(case, &mut model);
    let (x, ct) = (case.input("x"), case.input("ct"));
    // The reference's results were computed operation by operation, its gradients were traced.
    let y = forward(&mut nnx::clone(&model), &x);
    let mut both = (model, x);
    let (_, gradients) =
        value_and_grad(|(model, x): &mut (M, Array)| (forward(model, x) * &ct).sum(..), &mut both);
    let mut outputs = vec![("out.y".into(), y), ("grad.x".into(), gradients.1)];
    outputs.extend(named_state("grad", &gradients.0));
    outputs.extend(named_state("after", &both.0));
    outputs
}

/// Holds the model's own initial state against the reference's, then takes the reference's.
pub(crate) fn load_initial_state<M: Module>(case: &Case, model: &mut M) {
    let mut wanted = state(model);
    for (path, leaf) in wanted.iter_mut() {
        let name = format!("state.{}", path.dotted());
        if let Err(message) =
            check_tensor(&leaf.value, case.tensor(&format!("in.{name}")), INITIAL_TOLERANCE)
        {
            panic!("initial {name} {message}");
        }
        leaf.value = case.input(&name).reshape(leaf.value.shape());
    }
    update(model, wanted).unwrap();
}

/// The leaves of a model that hold a value, named `prefix.path`.
pub(crate) fn named_state<M: Module>(prefix: &str, model: &M) -> Outputs {
    let state = state(model);
    let present = state.iter().filter(|(_, leaf)| leaf.value.to_bytes().is_ok());
    present.map(|(path, l)| (format!("{prefix}.{}", path.dotted()), l.value.clone())).collect()
}

fn pool(case: &Case, f: impl Fn(&Array) -> Array) -> Outputs {
    super::functions::weighted(case, f)
}
