//! Arrays and models over the devices of a mesh. A process of its own, for the number of devices is that of the process.

use nnx::module::Metadata;
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::Rngs;
use nnx::sharding::{Mesh, NamedSharding, shard};
use nnx::xla::{ClientOptions, init};
use nnx::{
    Array, DType, Error, Module, Param, Shared, array, grad, jvp, random, scan, value_and_grad, vmap,
};

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

#[nnx::jit]
fn hidden(x: &Array, kernel: &Array, #[nnx(static)] rows: NamedSharding) -> (Array, Array) {
    let h = x.matmul(kernel).with_sharding_constraint(&rows).tanh();
    (h.clone(), h.sum(..))
}

#[test]
fn a_constraint_says_where_a_value_lies_and_on_which_mesh_a_function_runs() {
    let mesh = mesh();
    let (x, kernel) = (count([4, 6]), count([6, 8]));
    let rows = mesh.sharding(("model", "data")).unwrap();
    // No argument lies on a mesh.
    let (h, sum) = hidden(&x, &kernel, rows.clone());
    assert_eq!((spec(&h).as_str(), spec(&sum).as_str()), ("(model, data)", "()"));
    assert_close(&h, &x.matmul(&kernel).tanh());
    // Arguments on the mesh, as wholes, are those of the same program.
    let whole = x.to_sharding(&mesh.replicated()).unwrap();
    let (again, _) = hidden(&whole, &kernel, rows.clone());
    assert_eq!(again.to_vec::<f32>(), h.to_vec::<f32>());
    assert_eq!(stats("hidden").compiles, 1);
    // Another way is another program.
    hidden(&x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap(), &kernel, rows);
    assert_eq!(stats("hidden").compiles, 2);
}

#[test]
fn constraints_go_through_transforms() {
    let mesh = mesh();
    let rows = mesh.sharding(["data"]).unwrap();
    let x = count([4, 6]);
    let f = |x: &Array| (x * 2.0).with_sharding_constraint(&rows).sin().sum(..);
    let slope = grad(f, &x);
    assert_eq!(spec(&slope), "(data)");
    assert_close(&slope, &((&x * 2.0).cos() * 2.0));
    let (_, tangent) = jvp(f, &x, &x.ones_like());
    assert_close(&tangent, &((&x * 2.0).cos() * 2.0).sum(..));
    // One more axis, which the compiler may split.
    let batch = array::stack([&x, &(&x * 3.0)], 0);
    let y = vmap(|x: &Array| x.with_sharding_constraint(&rows) + 1.0, &batch, 0);
    assert_close(&y, &(&batch + 1.0));
    assert_eq!(y.sharding().unwrap().spec().entries()[1][..], ["data".into()]);
    // A loop.
    let step = |carry: Array, _: &Array| ((&carry * 2.0).with_sharding_constraint(&rows), carry.sum(..));
    let (last, sums) = scan(step, x.clone(), &array::arange(3, DType::F32));
    assert_close(&last, &(&x * 8.0));
    assert_close(&sums, &(Array::from([1.0_f32, 2.0, 4.0]) * x.sum(..)));
}

#[nnx::jit]
fn one_device(x: &Array) -> Array {
    x * 2.0
}

#[test]
fn a_program_of_a_mesh_is_not_used_for_arrays_on_one_device() {
    let mesh = mesh();
    let x = count([4, 6]);
    let whole = x.to_sharding(&mesh.replicated()).unwrap();
    assert_eq!(spec(&one_device(&whole)), "()");
    assert_eq!(spec(&one_device(&x)), "one device");
    assert_eq!(spec(&one_device(&whole)), "()");
    assert_eq!((stats("one_device").compiles, stats("one_device").hits), (2, 1));
}

#[nnx::jit]
fn count_up(total: &mut Param, x: &Array) {
    let next = total.value() + x;
    total.set(next);
}

#[test]
fn what_is_set_is_updated_in_place_on_each_device() {
    let mesh = mesh();
    let rows = mesh.sharding(["data"]).unwrap();
    let mut total = Param::new(count([4, 6]).to_sharding(&rows).unwrap());
    let x = count([4, 6]);
    count_up(&mut total, &x);
    let before = total.device_address().unwrap();
    let old = total.clone();
    count_up(&mut total, &x); // `old` is another handle, so this is a copy
    assert_close(&old, &(&x * 2.0));
    assert_close(&total, &(&x * 3.0));
    drop(old);
    let copied = total.device_address().unwrap();
    assert_ne!(before, copied);
    count_up(&mut total, &x);
    assert_eq!(total.device_address().unwrap(), copied);
    assert_close(&total, &(&x * 4.0));
    assert_eq!(spec(&total), "(data)");
}

#[derive(Module)]
struct Tied {
    table: Shared<Param>,
    head: Shared<Param>,
}

#[nnx::jit]
fn tied_step(model: &mut Tied, x: &Array) -> Array {
    let loss = |m: &mut Tied| x.matmul(m.table.read().matmul(m.head.read().t())).square().mean(..);
    let (loss, grads) = value_and_grad(loss, &mut *model);
    let next = model.table.read().value() - grads.table.read().value() * 0.001;
    model.head.write().set(next);
    loss
}

#[test]
fn random_numbers_and_shared_nodes_are_those_of_one_device() {
    let mesh = mesh();
    #[nnx::jit]
    fn draw(rngs: &mut Rngs, x: &Array) -> Array {
        x + random::normal(&rngs.next_key("noise"), [4, 6], DType::F32)
    }
    let (x, mut here, mut there) = (count([4, 6]), Rngs::new(3), Rngs::new(3));
    let expected = draw(&mut here, &x);
    let rows = x.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap();
    assert_close(&draw(&mut there, &rows), &expected);
    assert_close(&draw(&mut there, &rows), &draw(&mut here, &x));
    assert_eq!(stats("draw").compiles, 2);

    let node = || Shared::new(Param::new(count([6, 6])).with_out_sharding(("data", "model")));
    let (single, model) = (node(), node());
    let mut single = Tied { table: single.clone(), head: single };
    let mut model = Tied { table: model.clone(), head: model };
    shard(&mut model, &mesh).unwrap();
    for _ in 0..3 {
        assert_close(&tied_step(&mut model, &rows), &tied_step(&mut single, &x));
    }
    assert_close(&model.table.read(), &single.head.read());
    assert_eq!(spec(&model.table.read()), "(data, model)");
}

#[test]
fn mistakes_are_told() {
    let mesh = mesh();
    let x = count([4, 6]);
    let says = |error: Error, words: &[&str]| {
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    let rows = mesh.sharding(["data"]).unwrap();
    says(mesh.sharding(["batch"]).unwrap_err(), &["`batch`", "Mesh(data: 2, model: 2)"]);
    says(mesh.sharding(("data", "data")).unwrap_err(), &["`data` twice"]);
    says(count([3, 6]).to_sharding(&rows).unwrap_err(), &["axis 0", "[3, 6]", "2 equal parts"]);
    says(Array::scalar(1.0).to_sharding(&rows).unwrap_err(), &["1 entries", "0 axes"]);
    let large = Mesh::new([("data", 8)]).unwrap();
    says(x.to_sharding(&large.replicated()).unwrap_err(), &["device 4", "cpu_devices"]);
    // Two meshes, or a mesh and another device.
    let other = Mesh::new([("data", 4)]).unwrap();
    let (here, there) = (x.to_sharding(&rows).unwrap(), x.to_sharding(&other.replicated()).unwrap());
    says(caught(|| &here + &there), &["`add`", "Mesh(data: 2, model: 2)", "Mesh(data: 4)"]);
    says(caught(|| &here + x.to_device(1).unwrap()), &["argument 1", "device 1", ".to_sharding("]);
    says(caught(|| one_device(&here) + one_device(&there)), &["Mesh(data: 4)"]);
    // A Variable is named.
    let mut layer = Linear::builder(6, 7)
        .kernel_metadata(Metadata::default().with_out_sharding((None, "model")))
        .build(&mut Rngs::new(0));
    says(shard(&mut layer, &mesh).unwrap_err(), &["`kernel`", "axis 1", "[6, 7]"]);
    assert!(layer.bias.as_ref().unwrap().sharding().is_none(), "it is as it was");
}

fn caught(f: impl FnOnce() -> Array) -> Error {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    Error::Invalid(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}
