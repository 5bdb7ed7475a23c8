//! Arrays and models over the devices of a mesh. A process of its own, for the number of devices is that of the process.

use nnx::module::Metadata;
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::Rngs;
use nnx::sharding::{Mesh, shard};
use nnx::xla::{ClientOptions, init};
use nnx::{Array, DType, array, grad, value_and_grad};

fn mesh() -> Mesh {
    init(ClientOptions::new().cpu_devices(4)).unwrap();
    Mesh::new([("data", 2), ("model", 2)]).unwrap()
}

/// How an array lies: the entries of its spec.
fn spec(x: &Array) -> String {
    x.sharding().map_or("one device".into(), |sharding| sharding.spec().to_string())
}

fn stats(name: &str) -> nnx::jit::Stats {
    nnx::jit::functions().into_iter().find(|f| f.name == name).unwrap()
}

fn count(shape: [usize; 2]) -> Array {
    array::arange(shape[0] * shape[1], DType::F32).reshape(shape) * 0.1
}

#[track_caller]
fn assert_close(x: &Array, y: &Array) {
    let (x, y) = (x.to_vec::<f32>(), y.to_vec::<f32>());
    assert_eq!(x.len(), y.len());
    let far = x.iter().zip(&y).find(|(a, b)| (*a - *b).abs() > 1e-5 * b.abs().max(1.0));
    assert!(far.is_none(), "{far:?}");
}

#[test]
fn an_array_is_split_and_read_back() {
    let mesh = mesh();
    let x = Array::from([[1.0_f32, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]);
    let y = x.to_sharding(&mesh.sharding(("data", "model")).unwrap()).unwrap();
    assert_eq!(y.to_vec::<f32>(), x.to_vec::<f32>());
    let shards: Vec<Vec<f32>> = y.shards().unwrap().iter().map(|s| s.to_vec()).collect();
    assert_eq!(shards, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]);
    assert_eq!(y.to_device(1).unwrap().to_vec::<f32>(), x.to_vec::<f32>());
    let whole = y.to_sharding(&mesh.replicated()).unwrap();
    assert_eq!((spec(&whole).as_str(), whole.shards().unwrap()[3].shape()), ("()", &[2, 4][..]));
    assert_eq!(whole.to_vec::<f32>(), x.to_vec::<f32>());
}

#[test]
fn operations_run_on_the_mesh() {
    let mesh = mesh();
    let x = count([4, 6]);
    let there = x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap();
    let sum = &there + &there * 2.0;
    assert_eq!(spec(&sum), "(data)");
    assert_close(&sum, &(&x * 3.0));
    let kernel = count([6, 8]);
    let columns = kernel.to_sharding(&mesh.sharding((None, "model")).unwrap()).unwrap();
    let y = there.matmul(&columns);
    assert_eq!(spec(&y), "(data, model)");
    assert_close(&y, &x.matmul(&kernel));
    assert_close(&there.sum(..), &x.sum(..));
    assert_close(&there.at(1).get(), &x.at(1).get());
    assert_close(&there.at(1..3).set(0.0), &x.at(1..3).set(0.0));
    assert_close(&there.roll(1, 0), &x.roll(1, 0));
    assert_eq!(array::zeros([0, 4], DType::F32).to_sharding(&mesh.replicated()).unwrap().size(), 0);
    // A gradient outside of a jitted function.
    let slope = grad(|x: &Array| x.matmul(&columns).square().sum(..), &there);
    assert_close(&slope, &grad(|x: &Array| x.matmul(&kernel).square().sum(..), &x));
}

fn two_layers() -> (Linear, Linear) {
    let mut rngs = Rngs::new(0);
    let columns = Metadata::default().with_out_sharding((None, "model"));
    let rows = Metadata::default().with_out_sharding(("model", None));
    (
        Linear::builder(6, 8).kernel_metadata(columns).build(&mut rngs),
        Linear::builder(8, 4).kernel_metadata(rows).build(&mut rngs),
    )
}

#[nnx::jit]
fn train_step(model: &mut (Linear, Linear), opt: &mut Optimizer<Adam>, x: &Array) -> Array {
    let loss = |m: &mut (Linear, Linear)| m.1.forward(&m.0.forward(x).tanh()).square().mean(..);
    let (loss, grads) = value_and_grad(loss, &mut *model);
    opt.update(model, &grads);
    loss
}

#[test]
fn a_model_trains_over_a_mesh_as_on_one_device() {
    let mesh = mesh();
    let x = count([4, 6]);
    let (mut single, mut model) = (two_layers(), two_layers());
    let mut single_opt = Optimizer::new(&single, adam(1e-2));
    let mut opt = Optimizer::new(&model, adam(1e-2));
    shard(&mut model, &mesh).unwrap();
    shard(&mut opt, &mesh).unwrap();
    let there = x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap();
    for _ in 0..5 {
        let expected = train_step(&mut single, &mut single_opt, &x);
        let loss = train_step(&mut model, &mut opt, &there);
        assert_close(&loss, &expected);
    }
    assert_close(&model.0.kernel, &single.0.kernel);
    assert_close(&model.1.kernel, &single.1.kernel);
    // What is set stays where it was, and so do the moments.
    assert_eq!(spec(&model.0.kernel), "(None, model)");
    assert_eq!(spec(&model.1.kernel), "(model)");
    let moments: Vec<String> = nnx::state(&opt)
        .iter()
        .map(|(path, leaf)| format!("{path} {}", spec(&leaf.value)))
        .collect();
    assert!(moments.iter().any(|m| m.ends_with("(None, model)")), "{moments:?}");
    // One program for the mesh, one for the device.
    assert_eq!(stats("train_step").compiles, 2);
}
