//! Weights that other libraries wrote, and parts of checkpoints.

use nnx_core::module::{of_type, path_contains};
use nnx_core::nn::{BatchNorm, Conv, Dropout, Embed, Linear};
use nnx_core::random::Rngs;
use nnx_core::train::{WeightMap, load_weights, save_checkpoint, tensor};
use nnx_core::{Array, DType, Param, Shared, array, path};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize_to_file};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Writes f32 tensors whose elements count up from `from`.
fn write(path: &Path, tensors: &[(&str, &[usize], f32)]) {
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, shape, from)| {
            let size: usize = shape.iter().product();
            (0..size).flat_map(|i| (from + i as f32).to_le_bytes()).collect()
        })
        .collect();
    let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap())
    });
    serialize_to_file(views, None, path).unwrap();
}

fn counting(shape: &[usize], from: f32) -> Array {
    let size: usize = shape.iter().product();
    array::arange(size, DType::F32).reshape(shape) + from
}

fn assert_equal(got: &Array, want: &Array) {
    assert_eq!((got.shape(), got.to_vec::<f32>()), (want.shape(), want.to_vec::<f32>()));
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Net {
    embed: Embed,
    conv: Conv,
    norm: BatchNorm,
    blocks: Vec<Linear>,
    head: Linear,
}

fn net() -> Net {
    let mut rngs = Rngs::new(0);
    Net {
        embed: Embed::new(5, 2, &mut rngs),
        conv: Conv::new(2, 3, [2, 2], &mut rngs),
        norm: BatchNorm::new(3, &mut rngs),
        blocks: vec![Linear::new(3, 4, &mut rngs), Linear::new(4, 3, &mut rngs)],
        head: Linear::new(3, 2, &mut rngs),
    }
}

const TORCH: [(&str, &[usize], f32); 14] = [
    ("tokens.weight", &[5, 2], 0.0),
    ("conv.weight", &[3, 2, 2, 2], 10.0),
    ("conv.bias", &[3], 20.0),
    ("norm.weight", &[3], 30.0),
    ("norm.bias", &[3], 40.0),
    ("norm.running_mean", &[3], 50.0),
    ("norm.running_var", &[3], 60.0),
    ("norm.num_batches_tracked", &[1], 0.0),
    ("layers.0.fc.weight", &[4, 3], 70.0),
    ("layers.0.fc.bias", &[4], 80.0),
    ("layers.1.fc.weight", &[3, 4], 90.0),
    ("layers.1.fc.bias", &[3], 100.0),
    ("head.weight", &[2, 3], 110.0),
    ("head.bias", &[2], 120.0),
];

fn torch() -> WeightMap {
    WeightMap::torch().tree(path!(Net: embed), "tokens").tree(path!(Net: blocks[*]), "layers.{}.fc")
}

#[test]
fn names_and_layouts_of_pytorch() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("net.safetensors");
    write(&file, &TORCH);
    let mut net = net();
    let done = load_weights(&file, &mut net, &torch()).unwrap();
    assert_eq!((done.loaded.len(), done.kept.len(), done.unused.len()), (13, 0, 0));
    assert_equal(&net.embed.embedding, &counting(&[5, 2], 0.0));
    let kernel = counting(&[3, 2, 2, 2], 10.0);
    assert_eq!(net.conv.kernel.shape(), [2, 2, 2, 3]);
    let at = |x: &Array, i: [usize; 4]| {
        x.to_vec::<f32>()
            [((i[0] * x.shape()[1] + i[1]) * x.shape()[2] + i[2]) * x.shape()[3] + i[3]]
    };
    for [o, i, h, w] in [[0, 0, 0, 1], [1, 0, 1, 0], [2, 1, 1, 1], [0, 1, 0, 0]] {
        assert_eq!(at(&net.conv.kernel, [h, w, i, o]), at(&kernel, [o, i, h, w]));
    }
    assert_equal(net.norm.scale.as_ref().unwrap(), &counting(&[3], 30.0));
    assert_equal(&net.norm.mean, &counting(&[3], 50.0));
    assert_equal(&net.norm.var, &counting(&[3], 60.0));
    assert_equal(&net.blocks[1].kernel, &counting(&[3, 4], 90.0).t());
    assert_equal(net.head.bias.as_ref().unwrap(), &counting(&[2], 120.0));
}

#[test]
fn several_files_with_an_index() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write(&at("model-1-of-2.safetensors"), &TORCH[..6]);
    write(&at("model-2-of-2.safetensors"), &TORCH[6..]);
    let file_of = |i: usize| format!("model-{}-of-2.safetensors", if i < 6 { 1 } else { 2 });
    let names: BTreeMap<&str, String> =
        TORCH.iter().enumerate().map(|(i, (name, ..))| (*name, file_of(i))).collect();
    let index = at("model.safetensors.index.json");
    let entries: Vec<String> =
        names.iter().map(|(name, file)| format!("\"{name}\": \"{file}\"")).collect();
    fs::write(&index, format!("{{\"weight_map\": {{{}}}}}", entries.join(", "))).unwrap();
    for path in [dir.path(), &index] {
        let mut net = net();
        assert_eq!(load_weights(path, &mut net, &torch()).unwrap().loaded.len(), 13);
        assert_equal(&net.head.kernel, &counting(&[2, 3], 110.0).t());
    }
    for (text, why) in [
        ("{}", "there is no `weight_map`"),
        ("{\"weight_map\": {\"a\": \"../secret\"}}", "`../secret` is not a file in the folder"),
        ("{\"weight_map\": {\"a\": 3}}", "3 is not a file's name"),
        ("{", "this is not an index"),
    ] {
        fs::write(&index, text).unwrap();
        let error = load_weights(&index, &mut net(), &torch()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Attention {
    query: Param,
    key: Param,
    value: Param,
    gates: Param,
    bias: Param,
    both: Param,
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Stack {
    blocks: BTreeMap<String, Vec<Attention>>,
}

fn stack(dtype: DType) -> Stack {
    let zeros = |shape: &[usize]| Param::new(array::zeros(shape, dtype));
    let attention = || Attention {
        query: zeros(&[2, 2, 2]),
        key: zeros(&[2, 2, 2]),
        value: zeros(&[2, 2, 2]),
        gates: zeros(&[8]),
        bias: zeros(&[4]),
        both: zeros(&[3, 4]),
    };
    Stack { blocks: BTreeMap::from([("main".into(), vec![attention()])]) }
}

fn fused() -> WeightMap {
    let part = |i| tensor("{}.{}.qkv").split(i, 3, 1).reshape();
    WeightMap::new()
        .leaf(path!(Stack: blocks.*[*].query), part(0))
        .leaf(path!(Stack: blocks.*[*].key), part(1))
        .leaf(path!(Stack: blocks.*[*].value), part(2))
        .leaf(path!(Stack: blocks.*[*].gates), tensor("{}.{}.gates").reorder(0, [0, 2, 3, 1]))
        .leaf(path!(Stack: blocks.*[*].bias), tensor("{}.{}.b_ih").plus(tensor("{}.{}.b_hh")))
        .leaf(
            path!(Stack: blocks.*[*].both),
            tensor("{}.{}.up").concatenate(tensor("{}.{}.down").transpose(), 0).permute([0, 1]),
        )
}

const FUSED: [(&str, &[usize], f32); 6] = [
    ("main.0.qkv", &[2, 12], 0.0),
    ("main.0.gates", &[8], 10.0),
    ("main.0.b_ih", &[4], 20.0),
    ("main.0.b_hh", &[4], 30.0),
    ("main.0.up", &[1, 4], 40.0),
    ("main.0.down", &[4, 2], 50.0),
];

#[test]
fn tensors_taken_apart_and_put_together() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("stack.safetensors");
    write(&file, &FUSED);
    for dtype in [DType::F32, DType::BF16] {
        let mut stack = stack(dtype);
        let map = if dtype == DType::F32 { fused() } else { fused().cast() };
        load_weights(&file, &mut stack, &map).unwrap();
        let of = |param: &Param| {
            assert_eq!(param.dtype(), dtype);
            param.astype(DType::F32).to_vec::<f32>()
        };
        let attention = &stack.blocks["main"][0];
        assert_eq!(of(&attention.query), [0.0, 1.0, 2.0, 3.0, 12.0, 13.0, 14.0, 15.0]);
        assert_eq!(of(&attention.value), [8.0, 9.0, 10.0, 11.0, 20.0, 21.0, 22.0, 23.0]);
        assert_eq!(of(&attention.gates), [10.0, 11.0, 14.0, 15.0, 16.0, 17.0, 12.0, 13.0]);
        assert_eq!(of(&attention.bias), [50.0, 52.0, 54.0, 56.0]);
        let both = [40.0, 41.0, 42.0, 43.0, 50.0, 52.0, 54.0, 56.0, 51.0, 53.0, 55.0, 57.0];
        assert_eq!(of(&attention.both), both);
    }
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Tied {
    embed: Shared<Param>,
    head: Shared<Param>,
    out: Linear,
}

#[test]
fn a_part_of_a_checkpoint() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("old.safetensors");
    let tied = |from: f32, outputs: usize| {
        let embed = Shared::new(Param::new(counting(&[2], from)));
        let out = Linear::new(2, outputs, &mut Rngs::new(from as u64));
        Tied { head: embed.clone(), embed, out }
    };
    save_checkpoint(&file, &tied(1.0, 2), &BTreeMap::new()).unwrap();
    // A new head of another size.
    let mut model = tied(5.0, 3);
    let kernel = model.out.kernel.to_vec::<f32>();
    let map = WeightMap::new().keep(path_contains("out")).ignore_unused();
    let done = load_weights(&file, &mut model, &map).unwrap();
    assert_eq!(done.loaded, ["embed"]);
    assert_eq!(done.kept, ["out.kernel", "out.bias"]);
    assert_eq!(done.unused, ["out.bias", "out.kernel"]);
    assert_eq!(model.head.read().to_vec::<f32>(), [1.0, 2.0]);
    assert_eq!(model.out.kernel.to_vec::<f32>(), kernel);
    // The file has the node at the path that is here the second.
    #[derive(nnx_derive::Module)]
    #[module(crate = nnx_core)]
    struct Head {
        head: Param,
    }
    let mut head = Head { head: Param::new(counting(&[2], 9.0)) };
    load_weights(&file, &mut head, &WeightMap::new().ignore_unused()).unwrap();
    assert_eq!(head.head.to_vec::<f32>(), [1.0, 2.0]);
    // A damaged file is none.
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = load_weights(&file, &mut head, &WeightMap::new()).unwrap_err().to_string();
    assert!(error.contains("its checksum does not fit"), "{error}");
}

#[test]
fn what_does_not_fit_is_listed_and_nothing_changes() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("net.safetensors");
    let mut tensors = TORCH.to_vec();
    tensors[0] = ("tokens.weight", &[2, 5], 0.0);
    tensors[12] = ("classifier.weight", &[2, 3], 110.0);
    write(&file, &tensors);
    let mut net = net();
    let before = net.conv.kernel.to_vec::<f32>();
    let map = torch().leaf(path!(Net: blocks[*].bias), tensor("layers.bias"));
    let error = load_weights(&file, &mut net, &map).unwrap_err().to_string();
    for part in [
        "these weights do not fit the model",
        "`head.weight` for head.kernel",
        "embed.embedding is f32[5, 2], and `tokens.weight` gives [2, 5]",
        "blocks[0].bias: the name `layers.bias` has 0 `{}`",
        "left over in the file: classifier.weight",
        ".keep(…)",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
    assert_eq!(net.conv.kernel.to_vec::<f32>(), before);

    write(&file, &FUSED);
    for (step, why) in [
        (tensor("main.0.gates").split(0, 3, 0), "8 along axis 0 is not 3 equal parts"),
        (tensor("main.0.gates").split(2, 2, 0), "there is no part 2 of 2"),
        (tensor("main.0.gates").split(0, 0, 0), "8 along axis 0 is not 0 equal parts"),
        (tensor("main.0.gates").split(0, 2, 1), "there is no axis 1"),
        (tensor("main.0.gates").permute([1, 0]), "[1, 0] is no order of its 1 axes"),
        (tensor("main.0.gates").reorder(0, [0, 0]), "[0, 0] is no order of 2 blocks"),
        (tensor("main.0.qkv").reshape(), "has another number of elements"),
        (tensor("main.0.gates").plus(tensor("main.0.qkv")), "`main.0.qkv` is of shape [2, 12]"),
        (
            tensor("main.0.up").concatenate(tensor("main.0.gates"), 0),
            "`main.0.gates` is of shape [8]",
        ),
    ] {
        #[derive(nnx_derive::Module)]
        #[module(crate = nnx_core)]
        struct One {
            w: Param,
        }
        let mut one = One { w: Param::new(counting(&[4], 0.0)) };
        let map = WeightMap::new().leaf(path!(One: w), step).ignore_unused();
        let error = load_weights(&file, &mut one, &map).unwrap_err().to_string();
        assert!(error.contains(why), "{why}\n{error}");
    }

    let mut stack = stack(DType::I32);
    let error = load_weights(&file, &mut stack, &fused().cast()).unwrap_err().to_string();
    assert!(error.contains("i32[8], `main.0.gates` f32"), "{error}");
    let whole = WeightMap::new().tree(path!(Stack: blocks.*[*].gates), "main.0.gates");
    let error = load_weights(&file, &mut stack, &whole).unwrap_err().to_string();
    assert!(error.contains("leads to a leaf, whose layout it does not tell"), "{error}");
    let map = WeightMap::new().keep(of_type::<Param>()).ignore_unused();
    let map = map.tree(path!(Stack: blocks), "nothing");
    let error = load_weights(&file, &mut stack, &map).unwrap_err().to_string();
    assert!(error.contains("rules that no leaf follows: blocks"), "{error}");
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct FlaxModel {
    layers: Vec<Linear>,
    norm: BatchNorm,
    dropout: Dropout,
}

/// The file is Flax's: data/flax_state.py made it.
#[test]
fn a_state_that_flax_saved() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/train/data/flax_state.safetensors");
    let mut rngs = Rngs::new(7);
    let layers = vec![Linear::new(2, 3, &mut rngs), Linear::new(3, 2, &mut rngs)];
    let norm = BatchNorm::new(2, &mut rngs);
    let mut model = FlaxModel { layers, norm, dropout: Dropout::new(0.5, &mut rngs) };
    let map = WeightMap::new().keep(path_contains("dropout"));
    let done = load_weights(&file, &mut model, &map).unwrap();
    assert_eq!(done.loaded.len(), 8, "{done:?}");
    assert_eq!(model.norm.mean.to_vec::<f32>(), [0.5, 0.5]);
    let mut norm = model.norm.clone();
    *norm.use_running_average = true;
    let x = Array::from([[1.0_f32, -2.0]]);
    let y = norm.forward(model.layers[1].forward(model.layers[0].forward(x)));
    for (found, expected) in y.to_vec::<f32>().into_iter().zip([0.957_077_3, 1.229_491_7]) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
}
