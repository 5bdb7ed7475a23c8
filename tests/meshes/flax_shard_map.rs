//! Flax's tests of `shard_map`.

use crate::{assert_close, mesh, spec};
use nnx::module::{BatchStat, Metadata};
use nnx::nn::{Linear, relu};
use nnx::random::Rngs;
use nnx::sharding::{Mesh, PartitionSpec, StateSharding, shard, shard_map};
use nnx::{
    Array, DType, Module, Param, Shared, Variable, array, merge, path_contains, psum, split,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn line(name: &str) -> Mesh {
    mesh();
    Mesh::new([(name, 4)]).unwrap()
}

fn p<S: Into<PartitionSpec>>(spec: S) -> PartitionSpec {
    spec.into()
}

fn kernel_by_column() -> StateSharding {
    StateSharding::new()
        .with(path_contains("kernel"), (None, "a"))
        .with(path_contains("bias"), PartitionSpec::new())
}

#[test]
fn a_layer_by_filters() {
    let mesh = line("a");
    let layer = Linear::new(16, 32, &mut Rngs::new(0));
    let f = |layer: &Linear| {
        assert_eq!(layer.kernel.shape(), [16, 8]);
        assert_eq!(layer.bias.as_ref().unwrap().shape(), [32]);
    };
    shard_map(f, &layer, &mesh, kernel_by_column(), p(()));
    // A State, which is put into a layer inside.
    let (def, state) = split(&layer);
    let f = |state: &nnx::State| {
        let layer: Linear = merge(&def, state.clone()).unwrap();
        assert_eq!(layer.kernel.shape(), [16, 8]);
    };
    shard_map(f, &state, &mesh, kernel_by_column(), p(()));
}

#[test]
fn variables_one_by_one() {
    let mesh = line("a");
    let w = Param::new(array::ones([16, 32], DType::F32)).with_out_sharding((None, "a"));
    let b = Param::new(array::ones([32], DType::F32));
    let mut count = Variable::<BatchStat>::new(Array::scalar(0));
    let f = |(w, b, count): (&Param, &Param, &mut Variable<BatchStat>)| {
        count.set(count.value() + 1);
        assert_eq!((w.shape(), b.shape()), (&[16, 8][..], &[32][..]));
        assert_eq!(w.metadata().out_sharding(), Some(p((None, "a"))));
        w.value() + 1.0
    };
    let specs = (p((None, "a")), p(()), p(()));
    let y = shard_map(f, (&w, &b, &mut count), &mesh, specs, p((None, "a")));
    assert_eq!((y.shape(), count.item::<i32>()), (&[16, 32][..], 1));
    assert_eq!((y.sum(..).item::<f32>(), w.sum(..).item::<f32>()), (1024.0, 512.0));
}

#[test]
fn data_in_parallel() {
    let mesh = line("data");
    let whole = Metadata::default().with_out_sharding(());
    let mut layer = Linear::builder(2, 3).kernel_metadata(whole).build(&mut Rngs::new(0));
    shard(&mut layer, &mesh).unwrap();
    let x = array::ones([32, 2], DType::F32);
    let f = |(layer, x): (&Linear, &Array)| {
        assert_eq!(x.shape(), [8, 2]);
        layer.forward(x)
    };
    let y = shard_map(f, (&layer, &x), &mesh, (p(()), p(["data"])), p(["data"]));
    assert_eq!((y.shape(), spec(&y).as_str()), (&[32, 3][..], "(data)"));
    assert_close(&y, &layer.forward(x.to_sharding(&mesh.replicated()).unwrap()));
}

#[derive(Module)]
struct Mlp {
    linear1: Linear,
    linear2: Linear,
}

#[test]
fn parts_of_a_model_in_parallel() {
    let mesh = line("model");
    let mut rngs = Rngs::new(0);
    let mlp = Mlp {
        linear1: Linear::builder(2, 64).use_bias(false).build(&mut rngs),
        linear2: Linear::builder(64, 3).use_bias(false).build(&mut rngs),
    };
    let by_part = StateSharding::new()
        .with(path_contains("linear1"), (None, "model"))
        .with(path_contains("linear2"), ("model", None));
    let x = array::ones([32, 2], DType::F32);
    let forward = |mlp: &Mlp, x: &Array| mlp.linear2.forward(relu(&mlp.linear1.forward(x)));
    let f = |(mlp, x): (&Mlp, &Array)| {
        assert_eq!(
            (mlp.linear1.kernel.shape(), mlp.linear2.kernel.shape()),
            (&[2, 16][..], &[16, 3][..])
        );
        psum(&forward(mlp, x), "model")
    };
    let y = shard_map(f, (&mlp, &x), &mesh, (by_part, p(())), p(()));
    assert_eq!((y.shape(), spec(&y).as_str()), (&[32, 3][..], "()"));
    assert_close(&y, &forward(&mlp, &x));
}

#[derive(Module)]
struct Container {
    v: Shared<Param>,
}

#[test]
fn shared_nodes_have_one_spec_and_are_set_once() {
    let mesh = line("data");
    let v = Shared::new(Param::new(Array::scalar(1.0_f32)));
    let (c1, c2) = (Container { v: v.clone() }, Container { v: v.clone() });
    let f = |(c1, c2, x): (&Container, &Container, &Array)| {
        let next = c1.v.read().value() + x;
        c1.v.write().set(next);
        c1.v.read().value() + c2.v.read().value()
    };
    let y = shard_map(f, (&c1, &c2, &Array::scalar(1.0_f32)), &mesh, p(()), p(()));
    assert_eq!((y.item::<f32>(), v.read().item::<f32>()), (4.0, 2.0));

    let v = Shared::new(Param::new(array::ones([4], DType::F32)));
    let other = v.clone();
    let sum = |(a, b): (&Shared<Param>, &Shared<Param>)| a.read().value() + b.read().value();
    let call = || shard_map(sum, (&v, &other), &mesh, (p(()), p(["data"])), p(["data"]));
    let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("different specs") && text.contains("(data)"), "{text}");
}

#[test]
fn counts_go_up_by_one_for_all_devices() {
    let mesh = line("data");
    let mut count = vec![Param::new(Array::scalar(0))];
    let f = |(count, x): (&mut Vec<Param>, &Array)| {
        let next = count[0].value() + 1;
        count[0].set(next);
        x * 2.0
    };
    for n in 1..=2 {
        let y = shard_map(f, (&mut count, &Array::scalar(3.0_f32)), &mesh, p(()), p(()));
        assert_eq!((y.item::<f32>(), count[0].item::<i32>()), (6.0, n));
    }
}
