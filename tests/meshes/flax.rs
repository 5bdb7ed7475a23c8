//! Flax's tests of meshes, `spmd_test.py` above all.

use crate::{assert_close, count, mesh, spec};
use nnx::module::Metadata;
use nnx::nn::{Conv, Dropout, Embed, Linear, LinearGeneral, MultiHeadAttention};
use nnx::optim::{Optimizer, adam};
use nnx::random::Rngs;
use nnx::sharding::{
    Mesh, NamedSharding, StateSharding, get_named_sharding, logical_axis_rules, shard, shard_by,
};
use nnx::train::EMA;
use nnx::{Array, DType, Module, Param, Shared, array, eval_shape, path_contains, value_and_grad};

#[derive(Module)]
struct Foo {
    w: Param,
}

impl Foo {
    fn new() -> Foo {
        Foo { w: Param::new(array::ones([8, 2], DType::F32)).with_out_sharding(("model", "data")) }
    }
}

#[test]
fn a_module_is_laid_over_a_mesh_by_its_specs() {
    let mesh = mesh();
    let mut foo = Foo::new();
    shard(&mut foo, &mesh).unwrap();
    assert_eq!(foo.w.sharding().unwrap().shard_shape(&[8, 2]).unwrap(), [4, 1]);
    let x = array::zeros([4, 8], DType::F32);
    let x = x.to_sharding(&mesh.sharding((None, "model")).unwrap()).unwrap();
    assert_eq!(x.matmul(&foo.w).to_vec::<f32>(), [0.0; 8]);
}

#[test]
fn a_mesh_of_one_device_leaves_arrays_whole() {
    mesh();
    let one = Mesh::new([("model", 1), ("data", 1)]).unwrap();
    let mut foo = Foo::new();
    shard(&mut foo, &one).unwrap();
    assert_eq!(foo.w.sharding().unwrap().shard_shape(&[8, 2]).unwrap(), [8, 2]);
    let sum = foo.w.sum(..);
    assert_eq!((sum.item::<f32>(), sum.shards().unwrap().len()), (16.0, 1));
}

#[nnx::jit]
fn step(model: &mut Linear, opt: &mut Optimizer<nnx::optim::Adam>, x: &Array) -> Array {
    let (loss, grads) = value_and_grad(|m: &mut Linear| m.forward(x).sum(..), &mut *model);
    opt.update(model, &grads);
    loss
}

/// How the moments of the kernel lie.
fn moments(opt: &impl Module) -> Vec<String> {
    let state = nnx::state(opt);
    let kernels = state.iter().filter(|(path, _)| path.to_string().ends_with("kernel"));
    kernels.map(|(_, leaf)| spec(&leaf.value)).collect()
}

#[test]
fn moments_lie_as_the_optimizer_sharding_says() {
    let mesh = mesh();
    let as_parameter = Metadata::default().with_out_sharding(("data", "model"));
    let entries = as_parameter.get("out_sharding").unwrap().clone();
    let notes = Metadata::default().with("optimizer_sharding", entries);
    let mut model = Linear::builder(4, 2).kernel_metadata(notes).build(&mut Rngs::new(0));
    let mut opt = Optimizer::new(&model, adam(1e-3));
    shard(&mut model, &mesh).unwrap();
    shard(&mut opt, &mesh).unwrap();
    assert_eq!(
        (spec(&model.kernel), moments(&opt)),
        ("()".into(), vec!["(data, model)".into(); 2])
    );
    for _ in 0..2 {
        step(&mut model, &mut opt, &array::ones([1, 4], DType::F32));
        assert_eq!(spec(&model.kernel), "()");
        assert_eq!(moments(&opt), vec!["(data, model)"; 2]);
    }
}

#[test]
fn moments_lie_as_their_parameters() {
    let mesh = mesh();
    let notes = Metadata::default().with_out_sharding(("data", "model"));
    let mut model = Linear::builder(8, 2).kernel_metadata(notes).build(&mut Rngs::new(0));
    let mut opt = Optimizer::new(&model, adam(1e-3));
    shard(&mut model, &mesh).unwrap();
    shard(&mut opt, &mesh).unwrap();
    assert_eq!(spec(&model.kernel), "(data, model)");
    assert_eq!(moments(&opt), vec!["(data, model)"; 2]);
    step(&mut model, &mut opt, &array::ones([1, 8], DType::F32));
    assert_eq!(moments(&opt), vec!["(data, model)"; 2]);
}

#[test]
fn names_of_a_model_stand_for_axes_by_rules() {
    let mesh = mesh();
    let notes = Metadata::default().with_out_sharding(("embed", "hidden"));
    let mut model = Linear::builder(4, 2).kernel_metadata(notes).build(&mut Rngs::new(0));
    let mut opt = Optimizer::new(&model, adam(1e-3));
    assert!(shard(&mut model, &mesh).is_err(), "without rules the mesh has no such axes");
    logical_axis_rules([("embed", Some("data")), ("hidden", Some("model"))], || {
        shard(&mut model, &mesh).unwrap();
        shard(&mut opt, &mesh).unwrap();
    });
    assert_eq!(spec(&model.kernel), "(data, model)");
    assert_eq!(moments(&opt), vec!["(data, model)"; 2]);
}

#[derive(Module)]
struct Shares {
    linear: Shared<Param>,
    shared: Shared<Param>,
}

#[test]
fn a_model_of_shapes_has_its_shardings() {
    let mesh = mesh();
    // A shared node has one.
    let shapes = eval_shape(
        |()| {
            let kernel = array::ones([8, 8], DType::F32);
            let node = Shared::new(Param::new(kernel).with_out_sharding((None, "model")));
            Shares { linear: node.clone(), shared: node }
        },
        (),
    );
    let shardings = get_named_sharding(&shapes, &mesh).unwrap();
    assert_eq!(shardings.len(), 1);
    assert_eq!(shardings[0].1, mesh.sharding((None, "model")).unwrap());
    // As is noted, whatever the mesh; nothing is split where nothing is noted.
    let notes = Metadata::default().with_out_sharding(("data", "model"));
    let linear =
        eval_shape(|()| Linear::builder(4, 8).kernel_metadata(notes).build(&mut Rngs::new(0)), ());
    let found = get_named_sharding(&linear, &mesh).unwrap();
    let found: Vec<String> = found.iter().map(|(path, s)| format!("{path} {}", s.spec())).collect();
    assert_eq!(found, ["kernel (data, model)", "bias ()"]);
}

#[test]
fn two_models_lie_on_two_meshes() {
    let (mesh, other) = (mesh(), Mesh::new([("c", 1), ("d", 4)]).unwrap());
    let linear = |spec: (&str, &str)| {
        let notes = Metadata::default().with_out_sharding(spec);
        Linear::builder(16, 16).kernel_metadata(notes).build(&mut Rngs::new(0))
    };
    let (mut p1, mut p2) = (linear(("data", "model")), linear(("c", "d")));
    shard(&mut p1, &mesh).unwrap();
    shard(&mut p2, &other).unwrap();
    let lies = |p: &Linear| (p.kernel.sharding().unwrap().mesh().clone(), spec(&p.kernel));
    assert_eq!(lies(&p1), (mesh, "(data, model)".into()));
    assert_eq!(lies(&p2), (other, "(c, d)".into()));
}

#[test]
fn results_of_layers_lie_as_their_inputs_or_as_is_said() {
    let mesh = mesh();
    let to = |x: &Array, spec: (Option<&str>, Option<&str>)| {
        x.to_sharding(&mesh.sharding(spec).unwrap()).unwrap()
    };
    let both = mesh.sharding(("data", "model")).unwrap();
    let (mut rngs, x) = (Rngs::new(0), count([2, 2]));
    let rows = to(&x, (Some("data"), None));
    let (linear, general) = (Linear::new(2, 4, &mut rngs), LinearGeneral::new(2, 4, &mut rngs));
    for (y, expected) in
        [(linear.forward(&rows), linear.forward(&x)), (general.forward(&rows), general.forward(&x))]
    {
        assert_eq!(spec(&y), "(data)");
        assert_close(&y, &expected);
        assert_eq!(spec(&y.with_sharding_constraint(&both)), "(data, model)");
    }
    let embed = Embed::new(8, 4, &mut rngs);
    let tokens = array::arange(4, DType::I32);
    let there = tokens.to_sharding(&mesh.sharding(["model"]).unwrap()).unwrap();
    let rows_of_table = embed.forward(&there);
    assert_close(&rows_of_table, &embed.forward(&tokens));
    let wanted = mesh.sharding(["data"]).unwrap();
    assert_eq!(spec(&rows_of_table.with_sharding_constraint(&wanted)), "(data)");
    let queries = count([2, 4]);
    let logits = embed.attend(to(&queries, (Some("data"), None)));
    assert_eq!(spec(&logits), "(data)");
    assert_close(&logits, &embed.attend(&queries));
    let images = array::arange(32, DType::F32).reshape([2, 4, 4]) * 0.1;
    let conv = Conv::new(4, 8, [3], &mut rngs);
    let y = conv.forward(images.to_sharding(&mesh.sharding(["data"]).unwrap()).unwrap());
    assert_eq!(spec(&y), "(data)");
    assert_close(&y, &conv.forward(&images));
    let (mut dropout, mut same) =
        (Dropout::new(0.5, &mut Rngs::new(1)), Dropout::new(0.5, &mut Rngs::new(1)));
    let dropped = dropout.forward(&rows);
    assert_eq!(spec(&dropped), "(data)");
    assert_close(&dropped, &same.forward(&x));
}

#[test]
fn specs_by_filter() {
    let mesh = mesh();
    let mut linear = Linear::new(16, 32, &mut Rngs::new(0));
    assert!(linear.kernel.sharding().is_none());
    let specs = StateSharding::new()
        .with(path_contains("kernel"), ("data", "model"))
        .with(path_contains("bias"), ["model"]);
    shard_by(&mut linear, &mesh, &specs).unwrap();
    let bias = linear.bias.as_ref().unwrap();
    assert_eq!((spec(&linear.kernel), spec(bias)), ("(data, model)".into(), "(model)".into()));

    // A function takes its arguments as they lie, and what it says of a value holds.
    #[nnx::jit]
    fn turn(linear: &mut Linear, #[nnx(static)] columns: NamedSharding, #[nnx(static)] on: bool) {
        if on {
            let kernel = linear.kernel.with_sharding_constraint(&columns);
            linear.kernel.set(kernel);
        }
    }
    let columns = mesh.sharding(("model", "data")).unwrap();
    turn(&mut linear, columns.clone(), false);
    assert_eq!(spec(&linear.kernel), "(data, model)");
    let before = linear.kernel.to_vec::<f32>();
    turn(&mut linear, columns, true);
    assert_eq!(spec(&linear.kernel), "(model, data)");
    assert_eq!(linear.kernel.to_vec::<f32>(), before);
}

#[test]
fn averages_and_metrics_lie_as_what_they_are_of() {
    let mesh = mesh();
    let notes = Metadata::default().with_out_sharding((None, "model"));
    let mut linear = Linear::builder(4, 8).kernel_metadata(notes).build(&mut Rngs::new(0));
    shard(&mut linear, &mesh).unwrap();
    let mut ema = EMA::new(&linear, 0.9);
    ema.update(&linear);
    let state = nnx::state(&ema);
    let kernels = state.iter().filter(|(path, _)| path.to_string().contains("kernel"));
    let specs: Vec<String> = kernels.map(|(_, leaf)| spec(&leaf.value)).collect();
    assert!(!specs.is_empty() && specs.iter().all(|s| s == "(None, model)"), "{specs:?}");
}

#[test]
fn a_spec_may_be_noted_later() {
    let mut linear = Linear::new(4, 8, &mut Rngs::new(0));
    let notes = Metadata::default().with_out_sharding((None, "model"));
    let entries = notes.get("out_sharding").unwrap().clone();
    nnx::module::set_metadata(&mut linear, path_contains("kernel"), "out_sharding", entries);
    shard(&mut linear, &mesh()).unwrap();
    assert_eq!(spec(&linear.kernel), "(None, model)");
}

#[test]
fn attention_over_a_mesh() {
    let mesh = mesh();
    let heads = Metadata::default().with_out_sharding(("data", "model", None));
    let out = Metadata::default().with_out_sharding(("model", None, "data"));
    let mut layer = MultiHeadAttention::builder(4, 16)
        .qkv_features(8)
        .num_kv_heads(2)
        .kernel_metadata(heads)
        .out_kernel_metadata(out)
        .build(&mut Rngs::new(0));
    let x = (array::arange(320, DType::F32).reshape([4, 5, 16]) * 0.01).sin();
    let expected = layer.forward(&x);
    shard(&mut layer, &mesh).unwrap();
    let wanted = mesh.sharding(("data", None, "model")).unwrap();
    let y = layer.forward(x.to_sharding(&wanted).unwrap()).with_sharding_constraint(&wanted);
    assert_eq!(spec(&y), "(data, None, model)");
    assert_close(&y, &expected);
}

#[test]
fn functions_with_bound_arguments_take_them_as_they_lie() {
    let mesh = mesh();
    let rows = mesh.sharding(["data"]).unwrap();
    let m = (Linear::new(4, 3, &mut Rngs::new(0)), Linear::new(3, 2, &mut Rngs::new(1)));
    let f = nnx::jit(|(m, x): (&(Linear, Linear), &Array)| m.1.forward(m.0.forward(x)));
    let x = count([4, 4]);
    let whole = f.call((&m, &x));
    let split = f.call((&m, &x.to_sharding(&rows).unwrap()));
    assert_eq!((spec(&whole).as_str(), spec(&split).as_str()), ("one device", "(data)"));
    assert_close(&split, &whole);
    let v = Param::new(count([4, 4]).to_sharding(&rows).unwrap());
    let sum = nnx::jit(|(v, x): (&Param, &Array)| v.value() + x);
    assert_close(&sum.call((&v, &x)), &(&x * 2.0));
}
