//! Optimizers, metrics and checkpoints through the public API.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "train/checkpoints.rs"]
mod checkpoints;
#[path = "train/ema.rs"]
mod ema;
#[path = "train/extra.rs"]
mod extra;
#[path = "train/groups.rs"]
mod groups;
#[path = "train/hyperparams.rs"]
mod hyperparams;
#[path = "train/loader.rs"]
mod loader;
#[path = "train/losses.rs"]
mod losses;
#[path = "train/manager.rs"]
mod manager;
#[path = "train/metrics.rs"]
mod metrics;
#[path = "train/microbatches.rs"]
mod microbatches;
#[path = "train/minimize.rs"]
mod minimize;
#[path = "train/muon.rs"]
mod muon;
#[path = "train/optimizer_edges.rs"]
mod optimizer_edges;
#[path = "train/optimizers.rs"]
mod optimizers;
#[path = "train/resume.rs"]
mod resume;
#[path = "train/sharded.rs"]
mod sharded;
#[path = "train/weights.rs"]
mod weights;

use nnx_core::module::BatchStat;
use nnx_core::{Array, DType, Module, Param, Variable};

/// A model with parameters at two depths, a batch statistic and a plain array.
#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Model {
    layers: Vec<Layer>,
    mean: Variable<BatchStat>,
    table: Array,
}

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Layer {
    kernel: Param,
    bias: Option<Param>,
}

impl Model {
    fn new(layers: usize) -> Self {
        let layer = |i: usize| Layer {
            kernel: Param::new(Array::from_slice(&[i as f32, 1.0, 2.0, 3.0, 4.0, 5.0], [2, 3])),
            bias: (i == 0).then(|| Param::new(nnx_core::array::ones([3], DType::F32))),
        };
        Model {
            layers: (0..layers).map(layer).collect(),
            mean: Variable::new(Array::from_slice(&[0.5_f32, 0.25], [2])),
            table: Array::from_slice(&[1_i32, 2, 3], [3]),
        }
    }
}

/// The message of the panic that `f` ends in.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => panic!("no panic"),
        Err(payload) => payload,
    };
    payload.downcast_ref::<String>().cloned().expect("a panic with a message")
}

/// Whether all leaves of both have the same bits.
fn assert_same<M: Module>(a: &M, b: &M) {
    let (a, b) = (leaves(a), leaves(b));
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert_eq!(a, b, "leaf {i}");
    }
}

fn leaves<M: Module>(module: &M) -> Vec<Vec<u8>> {
    use nnx_core::module::{StaticValue, Structure, VarRef, Visitor};
    struct Leaves(Vec<Vec<u8>>);
    impl Visitor for Leaves {
        fn shared(&mut self, _: &dyn nnx_core::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, v: VarRef<'_>) {
            self.0.push(v.value.to_bytes().unwrap());
        }
        fn array(&mut self, array: &Array) {
            self.0.push(array.to_bytes().unwrap());
        }
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
    }
    let mut found = Leaves(Vec::new());
    module.flatten(&mut found);
    found.0
}
