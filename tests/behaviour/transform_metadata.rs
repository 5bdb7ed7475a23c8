//! Lists on Variables that have an entry for each axis, in transforms over an axis.

use nnx::module::{MetaValue, Metadata};
use nnx::nn::Linear;
use nnx::random::{Rngs, split_rngs};
use nnx::sharding::{PARTITION_NAME, transform_metadata};
use nnx::transform::VmapAxes;
use nnx::{Array, DType, Everything, Module, Param, Shared, array, in_axes, over, scan, vmap};
use std::panic::{AssertUnwindSafe, catch_unwind};

const LAYERS: [(&str, Option<&str>); 1] = [(PARTITION_NAME, Some("layers"))];

fn spec(v: &Param) -> String {
    v.metadata().out_sharding().map_or("none".into(), |spec| spec.to_string())
}

fn list(names: [&str; 2]) -> MetaValue {
    MetaValue::List(names.map(|name| MetaValue::Text(name.into())).into())
}

#[derive(Module)]
struct Mlp {
    kernel: Param,
    bias: Param,
}

fn mlps() -> Mlp {
    let make = |x: &Array| Mlp {
        kernel: Param::new(x * array::ones([4, 4], DType::F32))
            .with_out_sharding(("din", "dout"))
            .with_metadata("nickname", list(["in", "out"])),
        bias: Param::new(array::zeros([4], DType::F32)),
    };
    let names = [(PARTITION_NAME, Some("layers")), ("nickname", Some("nick"))];
    vmap(make, &array::ones([5], DType::F32), in_axes(0).transform_metadata(names))
}

#[test]
fn vmap_adds_the_axis_and_scan_takes_it_away() {
    let mlps = mlps();
    assert_eq!(
        (mlps.kernel.shape(), spec(&mlps.kernel).as_str()),
        (&[5, 4, 4][..], "(layers, din, dout)")
    );
    let names = ["nick", "in", "out"].map(|name| MetaValue::Text(name.into()));
    assert_eq!(mlps.kernel.metadata().get("nickname"), Some(&MetaValue::List(names.into())));
    // A Variable without a list gets none.
    assert_eq!((mlps.bias.shape(), spec(&mlps.bias).as_str()), (&[5, 4][..], "none"));

    let step = |x: Array, mlp: &mut Mlp| {
        assert_eq!((mlp.kernel.shape(), spec(&mlp.kernel).as_str()), (&[4, 4][..], "(din, dout)"));
        mlp.bias.set(mlp.bias.value() + 1.0);
        (x.matmul(&mlp.kernel) + &mlp.bias, ())
    };
    let mut mlps = mlps;
    let x = array::ones([1, 4], DType::F32);
    let (y, ()) = scan(step, x, over(&mut mlps).transform_metadata(LAYERS));
    assert_eq!(y.shape(), [1, 4]);
    // The axis is there again, with what was set.
    assert_eq!(spec(&mlps.kernel), "(layers, din, dout)");
    assert_eq!((mlps.bias.to_vec::<f32>(), spec(&mlps.bias).as_str()), (vec![1.0; 20], "none"));
}

#[test]
fn results_of_a_scan_get_the_axis() {
    let step = |x: Array, layer: &Param| {
        let y = &x * layer;
        (y.clone(), Param::new(y).with_out_sharding(["hidden"]))
    };
    let layers =
        Param::new(array::ones([3, 2], DType::F32)).with_out_sharding(("layers", "hidden"));
    let axes = over(&layers).out_axes(1).transform_metadata(LAYERS);
    let (_, each) = scan(step, array::ones([2], DType::F32), axes);
    assert_eq!((each.shape(), spec(&each).as_str()), (&[2, 3][..], "(hidden, layers)"));
}

#[test]
fn layers_made_by_vmap_are_named() {
    let make = |rngs: &mut Rngs| {
        let named = |spec: [&'static str; 2]| Metadata::default().with_out_sharding(spec);
        Linear::builder(3, 3).kernel_metadata(named(["din", "dout"])).build(rngs)
    };
    let mut rngs = Rngs::new(0);
    let _ = split_rngs(&mut rngs, Everything, 5);
    let linear = vmap(make, &mut rngs, in_axes(0).transform_metadata(LAYERS));
    assert_eq!(
        (linear.kernel.shape(), spec(&linear.kernel).as_str()),
        (&[5, 3, 3][..], "(layers, din, dout)")
    );
    // Flax's second form: no argument has the axis, the result gets it.
    let axes =
        in_axes(None::<isize>).axis_size(5).transform_metadata([(PARTITION_NAME, Some("c"))]);
    let blocks = vmap(
        |x: &Array| Param::new(x * array::ones([2, 3], DType::F32)).with_out_sharding(("a", "b")),
        &Array::scalar(1.0_f32),
        axes,
    );
    assert_eq!((blocks.shape(), spec(&blocks).as_str()), (&[5, 2, 3][..], "(c, a, b)"));
}

fn axes(name: Option<&str>) -> VmapAxes {
    in_axes(0).out_axes(1).transform_metadata([(PARTITION_NAME, name)])
}

#[test]
fn names_alone_change_without_a_transform() {
    let mut v = Param::new(Array::scalar(0)).with_out_sharding(("din", "dout"));
    let f = |v: &mut Param| {
        assert_eq!(spec(v), "(dout)");
        v.set(v.value() + 1);
        Param::new(Array::scalar(10)).with_out_sharding(("dmid", "dout"))
    };
    let other = transform_metadata(f, &mut v, axes(Some("din")));
    assert_eq!((spec(&v).as_str(), v.item::<i32>()), ("(din, dout)", 1));
    assert_eq!((spec(&other).as_str(), other.item::<i32>()), ("(dmid, din, dout)", 10));
}

#[test]
fn an_axis_may_have_no_name() {
    let mut v = Param::new(Array::scalar(1)).with_out_sharding((None, "dout"));
    let f = |v: &mut Param| {
        assert_eq!(spec(v), "(dout)");
        v.set(v.value() + 1);
        Param::new(Array::scalar(10)).with_out_sharding(("dmid", "dout"))
    };
    let other = transform_metadata(f, &mut v, axes(None));
    assert_eq!((spec(&v).as_str(), v.item::<i32>()), ("(None, dout)", 2));
    assert_eq!(spec(&other), "(dmid, None, dout)");
}

#[test]
fn nodes_and_what_the_function_notes_keep_their_names() {
    let node = Shared::new(
        Param::new(array::ones([2, 3], DType::F32)).with_out_sharding(("layers", "hidden")),
    );
    let f = |node: &Shared<Param>| {
        assert_eq!(spec(&node.read()), "(hidden)");
        let next = node.read().value() * 2.0;
        node.write().set(next);
        node.write().metadata_mut().set("seen", MetaValue::Bool(true));
    };
    vmap(f, &node, in_axes(0).transform_metadata(LAYERS));
    let v = node.read();
    assert_eq!((spec(&v).as_str(), v.to_vec::<f32>()), ("(layers, hidden)", vec![2.0; 6]));
    assert_eq!(v.metadata().get("seen"), Some(&MetaValue::Bool(true)));
}

#[test]
fn another_name_for_the_axis_is_an_error() {
    let v = Param::new(array::ones([2, 3], DType::F32)).with_out_sharding(("rows", "hidden"));
    let call = || vmap(|v: &Param| v.value() * 1.0, &v, in_axes(0).transform_metadata(LAYERS));
    let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    for word in ["`out_sharding`", "\"rows\"", "axis 0", "\"layers\""] {
        assert!(message.contains(word), "{message}");
    }
}
