//! Models, optimizers, random streams and shared nodes over a mesh.

use crate::{assert_close, count, mesh, spec, stats};
use nnx::module::Metadata;
use nnx::nn::Linear;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::Rngs;
use nnx::sharding::shard;
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::{Array, DType, Module, Param, Shared, random, value_and_grad};

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
    let loss = |m: &mut (Linear, Linear)| m.1.forward(m.0.forward(x).tanh()).square().mean(..);
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
    // Parameters stay where they were, and so do the moments.
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
fn a_checkpoint_has_whole_arrays_and_comes_back_over_the_mesh() {
    let mesh = mesh();
    let file = std::env::temp_dir().join(format!("nnx-mesh-{}", std::process::id()));
    let mut model = two_layers();
    shard(&mut model, &mesh).unwrap();
    save_checkpoint(&file, &model, &Default::default()).unwrap();
    let saved = model.0.kernel.to_vec::<f32>();
    // On one device, and over the mesh.
    let mut single = two_layers();
    load_checkpoint(&file, &mut single).unwrap();
    assert_eq!(
        (spec(&single.0.kernel).as_str(), single.0.kernel.to_vec()),
        ("one device", saved.clone())
    );
    model.0.kernel.set(model.0.kernel.value() * 2.0);
    load_checkpoint(&file, &mut model).unwrap();
    assert_eq!((spec(&model.0.kernel).as_str(), model.0.kernel.to_vec()), ("(None, model)", saved));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn the_text_of_a_program_has_the_mesh() {
    let mesh = mesh();
    let there = count([4, 6]).to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap();
    let lowered = nnx::jit::lower(|| {
        train_step(&mut two_layers(), &mut Optimizer::new(&two_layers(), adam(1e-2)), &there)
    });
    assert!(lowered.unwrap().compile().is_ok());
    let rows = mesh.sharding(["data"]).unwrap();
    #[nnx::jit]
    fn laid(x: &Array, #[nnx(static)] rows: nnx::sharding::NamedSharding) -> Array {
        (x * 2.0).with_sharding_constraint(&rows)
    }
    let text = nnx::jit::lower(|| laid(&count([4, 6]), rows)).unwrap().stablehlo();
    assert!(text.contains("sdy.mesh @mesh = <[\"data\"=2, \"model\"=2]>"), "{text}");
    assert!(text.contains("sdy.sharding_constraint"), "{text}");
}

#[test]
fn a_program_with_a_callback_is_refused_on_a_mesh() {
    let mesh = mesh();
    #[nnx::jit]
    fn shown(x: &Array) -> nnx::Result<Array> {
        nnx::debug::print!("{}", x);
        Ok(x * 2.0)
    }
    let there = count([4, 6]).to_sharding(&mesh.replicated()).unwrap();
    let error = shown(&there).unwrap_err().to_string();
    assert!(error.contains("several devices"), "{error}");
    assert!(shown(&count([4, 6])).is_ok());
}
