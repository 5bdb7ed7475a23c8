//! Looking at trees: `tabulate`, `find_shared_buffers`, `iter_modules`.

use crate::support::var;
use nnx::module::{BatchStat, MetaValue, Total};
use nnx::random::RngStream;
use nnx::{Array, Module, Param, Variable, find_shared_buffers, iter_modules, tabulate};
use std::collections::BTreeMap;

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
}

#[derive(Module)]
enum Layer {
    Linear(Linear),
    Seq { layers: Vec<Layer>, last: Option<Box<Layer>> },
    Flatten,
}

#[derive(Module)]
struct Model {
    layers: Vec<Layer>,
    heads: BTreeMap<u8, (Linear, Option<Linear>)>,
    mean: Variable<BatchStat>,
}

fn linear() -> Linear {
    Linear { kernel: var("k"), bias: None }
}

#[test]
fn modules_are_listed_before_their_parts() {
    let inner = Layer::Seq { layers: vec![Layer::Linear(linear())], last: None };
    let model = Model {
        layers: vec![
            Layer::Flatten,
            Layer::Seq {
                layers: vec![inner, Layer::Flatten],
                last: Some(Box::new(Layer::Flatten)),
            },
        ],
        heads: BTreeMap::from([(7, (linear(), None)), (9, (linear(), Some(linear())))]),
        mean: var("m"),
    };
    let listed: Vec<String> = iter_modules(&model)
        .map(|info| match info.variant {
            Some(variant) => format!("{}: {}::{variant}", info.path, info.name),
            None => format!("{}: {}", info.path, info.name),
        })
        .collect();
    let expected = [
        ": Model",
        "layers[0]: Layer::Flatten",
        "layers[1]: Layer::Seq",
        "layers[1].layers[0]: Layer::Seq",
        "layers[1].layers[0].layers[0]: Layer::Linear",
        "layers[1].layers[0].layers[0][0]: Linear",
        "layers[1].layers[1]: Layer::Flatten",
        "layers[1].last: Layer::Flatten",
        "heads.7[0]: Linear",
        "heads.9[0]: Linear",
        "heads.9[1]: Linear",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn children_are_the_modules_below_no_other() {
    let inner = Layer::Seq { layers: vec![Layer::Linear(linear())], last: None };
    let model = Model {
        layers: vec![Layer::Flatten, inner],
        heads: BTreeMap::from([(7, (linear(), Some(linear())))]),
        mean: var("m"),
    };
    let paths = |infos: Vec<nnx::module::ModuleInfo>| -> Vec<String> {
        infos.iter().map(|info| info.path.to_string()).collect()
    };
    let children = paths(nnx::module::iter_children(&model).collect());
    assert_eq!(children, ["layers[0]", "layers[1]", "heads.7[0]", "heads.7[1]"]);
    let children = paths(nnx::module::iter_children(&model.layers[1]).collect());
    assert_eq!(children, ["layers[0]"]);
    assert!(nnx::module::iter_children(&linear()).next().is_none());
}

#[test]
fn containers_at_the_root_are_looked_through() {
    let names = |infos: Vec<nnx::module::ModuleInfo>| -> Vec<String> {
        infos.iter().map(|info| format!("{} {}", info.path, info.name)).collect()
    };
    let modules = Some(vec![linear()]);
    assert_eq!(names(iter_modules(&modules).collect()), ["[0] Linear"]);
    assert!(iter_modules(&None::<Linear>).next().is_none());
}

#[test]
fn arrays_that_share_a_buffer_are_found() {
    let array = |v: i32| Array::scalar(v);
    let (a, b) = (array(1), array(1));
    let model = Model {
        layers: vec![
            Layer::Linear(Linear {
                kernel: Param::new(a.clone()),
                bias: Some(Param::new(b.clone())),
            }),
            Layer::Linear(Linear { kernel: Param::new(b), bias: None }),
        ],
        heads: BTreeMap::from([(1, (Linear { kernel: Param::new(array(1)), bias: None }, None))]),
        mean: Variable::new(a),
    };
    let found: Vec<Vec<String>> = find_shared_buffers(&model)
        .iter()
        .map(|paths| paths.iter().map(ToString::to_string).collect())
        .collect();
    let expected = [["layers[0][0].kernel", "mean"], ["layers[0][0].bias", "layers[1][0].kernel"]];
    assert_eq!(found, expected);
    assert!(find_shared_buffers(&(var::<BatchStat>("x"), var::<BatchStat>("x"))).is_empty());
}

#[test]
fn a_table_of_all_leaves() {
    let zeros = |shape: [usize; 2]| Param::new(nnx::array::zeros(shape, nnx::DType::F32));
    let model = (
        vec![Linear { kernel: zeros([784, 256]), bias: Some(zeros([1, 256])) }],
        Variable::<BatchStat>::new(Array::scalar(1_i32)),
        var::<BatchStat>("no value"),
        Array::from_slice(&[true, false], [2]),
    );
    let table = tabulate(&model);
    let shown = table.to_string();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let rule = "─".repeat(59);
    let expected = [
        "path           kind       array          elements     bytes",
        rule.as_str(),
        "[0][0].kernel  Param      f32[784, 256]   200,704  802.8 kB",
        "[0][0].bias    Param      f32[1, 256]         256    1.0 kB",
        "[1]            BatchStat  i32[]                 1       4 B",
        "[2]            BatchStat  no value              0       0 B",
        "[3]            array      bool[2]               2       2 B",
        rule.as_str(),
        "               Param      2 arrays        200,960  803.8 kB",
        "               BatchStat  2 arrays              1       4 B",
        "               array      1 array               2       2 B",
        "total                     5 arrays        200,963  803.8 kB",
    ];
    assert_eq!(lines, expected, "{table}");
    assert_eq!(table.rows().len(), 5);
    assert_eq!(table.total(), Total { leaves: 5, size: 200_963, byte_size: 803_846 });
    let (kind, stats) = table.totals()[1];
    assert_eq!((kind, stats), ("BatchStat", Total { leaves: 2, size: 1, byte_size: 4 }));
}

nnx::variable_kind! {
    /// A kind of a user.
    struct Hooked;
}

#[test]
fn metadata_has_a_column_where_there_is_some() {
    let ones = |shape: [usize; 2]| nnx::array::ones(shape, nnx::DType::F32);
    let noted = Variable::<Hooked>::new(ones([2, 3]))
        .with_metadata("description", MetaValue::Text("Custom parameter".into()))
        .with_metadata("trainable", MetaValue::Bool(true));
    let model = (noted, Param::new(ones([2, 2])), RngStream::new(0, "dropout"));
    let table = tabulate(&model);
    assert_eq!(table.rows()[0].metadata.get("trainable"), Some(&MetaValue::Bool(true)));
    let shown = table.to_string();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let notes = "{description: \"Custom parameter\", trainable: true}";
    let heading = format!("{:<width$}  elements  bytes", "metadata", width = notes.len());
    assert!(lines[0].ends_with(&heading), "{table}");
    assert!(lines[2].starts_with("[0]        Hooked"), "{table}");
    assert!(lines[2].ends_with(&format!("{notes}         6   24 B")), "{table}");
    // The name of a stream is in its path, or of no use here.
    assert!(!shown.contains("dropout"), "{table}");
    assert!(!tabulate(&model.1).to_string().contains("metadata"), "{table}");
}
