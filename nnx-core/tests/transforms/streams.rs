//! Random streams of trees that are split and restored.

use nnx_core::module::{Everything, of_type, state, with_tag};
use nnx_core::nn::Dropout;
use nnx_core::random::{
    RngBackup, RngStream, Rngs, broadcast_rngs, fork_rngs, normal, reseed, split_rngs,
};
use nnx_core::{Array, DType, Param, StateAxes, over, scan, vmap};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().unwrap();
    payload.downcast_ref::<String>().unwrap().clone()
}

#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
enum Layer {
    Noise(RngStream),
    Affine(Affine),
}

/// Its paths are those of a stream.
#[derive(Clone, nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Affine {
    key: Param,
    count: Param,
}

/// Something else has moved to the path of a stream: nothing is written.
#[test]
fn restoring_a_tree_that_has_changed_names_the_path() {
    let noise = |seed| Layer::Noise(RngStream::new(seed, "noise"));
    let param = |value| Param::new(Array::from([value, value + 1.0]));
    let affine = Layer::Affine(Affine { key: param(1.0_f32), count: param(3.0) });
    let values = |layers: &Vec<Layer>| -> Vec<Vec<u8>> {
        state(layers).iter().map(|(_, leaf)| leaf.value.to_bytes().unwrap()).collect()
    };
    for (put, expected) in [
        (affine, "the RngKey at `[0][0].key` is now a Param: restore the tree that was split"),
        (
            noise(7),
            "the RngKey at `[0][0].key` became u32[3, 2] when it was split, and is now u32[2]",
        ),
    ] {
        let mut layers = vec![noise(0), noise(1)];
        let before = split_rngs(&mut layers, Everything, 3);
        layers.insert(0, put);
        let now = values(&layers);
        let message = panic_of(|| before.clone().restore(&mut layers));
        assert!(message.contains(expected), "{message}");
        assert_eq!(values(&layers), now);
        layers.remove(0);
        before.clone().restore(&mut layers);
        // A stream behind those that were split moves none of them.
        let before = split_rngs(&mut layers, Everything, 3);
        layers.push(noise(7));
        before.restore(&mut layers);
        let counts: Vec<u32> = layers
            .iter()
            .map(|layer| match layer {
                Layer::Noise(stream) => stream.count.item(),
                Layer::Affine(_) => unreachable!("taken out again"),
            })
            .collect();
        assert_eq!(counts, [2, 2, 0]);
    }
}

/// A stream has its name as a tag, in a layer too.
#[test]
fn streams_are_chosen_by_tag() {
    let mut rngs = Rngs::new(0).with("dropout", 1).with("noise", 2);
    let mut layers = (Dropout::new(0.5, &mut rngs), RngStream::new(3, "carry"));
    let before = split_rngs(&mut layers, with_tag("dropout"), 4);
    assert_eq!(layers.0.rngs.as_ref().unwrap().key.shape(), [4, 2]);
    assert_eq!(layers.1.key.shape(), [2]);
    before.restore(&mut layers);
    assert_eq!(layers.0.rngs.as_ref().unwrap().tag(), "dropout");
    let axes = StateAxes::new().with(with_tag("dropout"), 0).with(Everything, None);
    let before = split_rngs(&mut rngs, with_tag("dropout"), 4);
    let draw = |rngs: &mut Rngs| normal(&rngs.dropout(), [2], DType::F32);
    assert_eq!(vmap(draw, &mut rngs, axes).shape(), [4, 2]);
    before.restore(&mut rngs);
}

#[test]
fn a_filter_that_takes_no_stream_is_an_error() {
    let mut rngs = Rngs::new(0).with("dropout", 1);
    for function in ["split_rngs", "fork_rngs"] {
        let message = panic_of(|| -> RngBackup {
            match function {
                "split_rngs" => split_rngs(&mut rngs, with_tag("dropuot"), 4),
                _ => fork_rngs(&mut rngs, of_type::<Param>()),
            }
        });
        let keys = "`default.key` (tag \"default\"), `dropout.key` (tag \"dropout\")";
        let expected = format!(
            "{function}: the filter takes none of the random streams, whose keys are {keys}"
        );
        assert!(message.contains(&expected), "{message}");
    }
    // There is nothing random in it, as in a model without dropout.
    split_rngs(&mut Param::new(Array::scalar(1.0_f32)), Everything, 4)
        .restore(&mut Param::new(Array::scalar(1.0_f32)));
}

#[test]
fn streams_that_are_split_are_not_split_again() {
    let mut rngs = Rngs::new(0).with("dropout", 1);
    let before = split_rngs(&mut rngs, with_tag("dropout"), 4);
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _ = split_rngs(&mut rngs, Everything, 2);
    }))
    .unwrap_err();
    let message = *payload.downcast::<String>().unwrap();
    let says = "split_rngs: a random stream is split already: its key is u32[4, 2]";
    assert!(message.contains(says), "{message}");
    before.restore(&mut rngs);
    split_rngs(&mut rngs, Everything, 2).restore(&mut rngs);
}

/// The words of a stream's keys, and its counts.
fn words(rngs: &mut Rngs) -> (Vec<u32>, Vec<u32>) {
    let stream = rngs.stream("default");
    (stream.key.to_vec(), stream.count.to_vec())
}

/// The numbers are Flax's.
#[test]
fn streams_of_a_shape_different_or_equal_ones() {
    let mut rngs = Rngs::new(7);
    let before = split_rngs(&mut rngs, Everything, [2, 3]);
    let keys = [
        2737751932, 2099591257, 533473832, 2443621858, 2068379011, 934402480, 3138182779,
        3994207322, 3244461313, 1016748663, 3728983260, 3940825189,
    ];
    assert_eq!(words(&mut rngs), (keys.to_vec(), vec![0; 6]));
    let table =
        |rngs: &mut Rngs| vmap(|rngs: &mut Rngs| normal(&rngs.params(), (), DType::F32), rngs, 0);
    let drawn = vmap(table, &mut rngs, 0);
    assert_eq!(drawn.shape(), [2, 3]);
    before.restore(&mut rngs);
    assert_eq!(words(&mut rngs).1, [1]);

    let mut rngs = Rngs::new(7);
    let before = broadcast_rngs(&mut rngs, Everything, 3);
    let key = [3625411723, 1954958720];
    assert_eq!(words(&mut rngs), ([key; 3].concat(), vec![0; 3]));
    let drawn = vmap(|rngs: &mut Rngs| normal(&rngs.params(), (), DType::F32), &mut rngs, 0);
    let drawn = drawn.to_vec::<f32>();
    assert_eq!(drawn, [drawn[0]; 3]);
    before.restore(&mut rngs);
    assert_eq!(words(&mut rngs).1, [1]);
}

#[test]
fn streams_start_again_from_a_seed() {
    let mut rngs = Rngs::new(0).with("dropout", 3);
    let mut layers = [Dropout::new(0.5, &mut rngs), Dropout::new(0.5, &mut rngs)];
    let ones = nnx_core::array::ones([4], DType::F32);
    layers[0].forward(&ones);
    reseed(&mut layers, "dropout", 9);
    let state_of = |layer: &Dropout| {
        state(layer).iter().map(|(_, leaf)| leaf.value.to_vec::<u32>()).collect::<Vec<_>>()
    };
    assert_eq!(state_of(&layers[0]), [vec![0], vec![2822284597, 2722679661]]);
    assert_eq!(state_of(&layers[1]), [vec![0], vec![143080583, 4281670255]]);
    let text = panic_of(|| reseed(&mut layers, "params", 9));
    assert!(text.contains("there is no stream `params`; the streams are `dropout`"), "{text}");
    let split = split_rngs(&mut layers, Everything, 2);
    let text = panic_of(|| reseed(&mut layers, "dropout", 9));
    assert!(text.contains("is split: its key is u32[2, 2]"), "{text}");
    split.restore(&mut layers);
}

#[test]
fn streams_get_shapes_by_filter() {
    let mut rngs = Rngs::empty().with("params", 1).with("dropout", 2).with("noise", 3);
    let params = split_rngs(&mut rngs, with_tag("params"), 4);
    let noise = split_rngs(&mut rngs, with_tag("noise"), [2, 4]);
    let shape = |rngs: &mut Rngs, name: &str| rngs.stream(name).key.shape().to_vec();
    assert_eq!(shape(&mut rngs, "params"), [4, 2]);
    assert_eq!(shape(&mut rngs, "noise"), [2, 4, 2]);
    assert_eq!(shape(&mut rngs, "dropout"), [2]);
    noise.restore(&mut rngs);
    params.restore(&mut rngs);
    assert_eq!(shape(&mut rngs, "noise"), [2]);
}

#[test]
fn one_mask_for_all_steps_of_a_scan() {
    let mut layer = Dropout::new(0.5, &mut Rngs::new(3));
    let xs = nnx_core::array::ones([5, 64], DType::F32);
    let rows = |layer: &mut Dropout| {
        let step = |(): (), (layer, x): (&mut Dropout, &Array)| ((), layer.forward(x));
        let axes = (StateAxes::new().with(Everything, 0), 0);
        let (_, ys) = scan(step, (), over((&mut *layer, &xs)).in_axes(axes));
        let ys = ys.to_vec::<f32>();
        ys.chunks(64).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    let before = broadcast_rngs(&mut layer, Everything, 5);
    let equal = rows(&mut layer);
    before.restore(&mut layer);
    assert!(equal.iter().all(|row| *row == equal[0]));
    assert!(equal[0].contains(&0.0) && equal[0].contains(&2.0));
    let before = split_rngs(&mut layer, Everything, 5);
    let different = rows(&mut layer);
    before.restore(&mut layer);
    assert!(different[0] != different[1]);
}
