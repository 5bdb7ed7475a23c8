//! Counterparts of Flax's tests of `scan` over layers with statistics, dropout and views. The table in
//! `docs/flax-tests.md` says which is which.

use nnx::module::{BatchStat, View, view};
use nnx::nn::{BatchNorm, Dropout, Linear, gelu};
use nnx::random::{self, Rngs, split_rngs};
use nnx::{
    Array, DType, Everything, Module, Param, StateAxes, Variable, in_axes, of_type, over, scan,
    vmap, with_tag,
};

const LAYERS: usize = 5;

#[derive(Module)]
struct Block {
    linear: Linear,
    bn: BatchNorm,
    dropout: Dropout,
    node: Variable<BatchStat>,
    width: usize,
}

impl Block {
    fn new(rngs: &mut Rngs) -> Block {
        Block {
            linear: Linear::new(3, 3, rngs),
            bn: BatchNorm::new(3, rngs),
            dropout: Dropout::new(0.5, rngs),
            node: Variable::new(nnx::array::ones([2], DType::F32)),
            width: 3,
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let y = self.bn.forward(self.linear.forward(x));
        gelu(&self.dropout.forward(&y))
    }
}

/// All layers in one, each from a stream of its own.
fn deep() -> Block {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, LAYERS);
    let blocks = vmap(|rngs: &mut Rngs| Block::new(rngs), &mut rngs, 0);
    before.restore(&mut rngs);
    blocks
}

fn input() -> Array {
    random::normal(&random::key(7), [4, 3], DType::F32)
}

fn through(blocks: &mut Block, x: &Array) -> Array {
    scan(|x: Array, block: &mut Block| (block.forward(&x), ()), x.clone(), blocks).0
}

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-4
}

#[test]
fn a_scan_over_deep_layers_is_one_after_the_other() {
    let mut blocks = deep();
    assert_eq!((blocks.linear.kernel.shape(), blocks.width), (&[LAYERS, 3, 3][..], 3));
    assert_eq!(blocks.node.shape(), [LAYERS, 2]);
    let mut each: Vec<Block> =
        (0..LAYERS).map(|i| nnx::map(&blocks, |_, leaf| leaf.value.slice([i.into()]))).collect();
    let y = through(&mut blocks, &input());
    let expected = each.iter_mut().fold(input(), |x, block| block.forward(&x));
    assert!(close(&y, &expected));
    assert_eq!(blocks.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [1; LAYERS]);
    for (i, block) in each.iter().enumerate() {
        assert!(close(&blocks.bn.mean.slice([i.into()]), &block.bn.mean), "layer {i}");
    }
    // The streams have moved on.
    assert!(!close(&through(&mut blocks, &input()), &y));
}

#[test]
fn a_scan_over_a_view_of_deep_layers() {
    let blocks = deep();
    let mut eval = view(&blocks, View::eval());
    assert_eq!((eval.linear.kernel.shape(), eval.width), (&[LAYERS, 3, 3][..], 3));
    let y = through(&mut eval, &input());
    assert!(close(&through(&mut eval, &input()), &y), "nothing is random");
    assert_eq!(eval.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [0; LAYERS]);
    assert_eq!(eval.bn.mean.to_vec::<f32>(), [0.0; 3 * LAYERS]);
    let mut train = view(&eval, View::train());
    assert!(!close(&through(&mut train, &input()), &y));
    assert_eq!(train.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [1; LAYERS]);
    // A view is a copy.
    assert_eq!(blocks.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [0; LAYERS]);
}

/// A leaf without an axis is one for all layers, statistics and the stream of the dropout too: a scan carries it
/// from layer to layer.
#[test]
fn a_stream_that_all_layers_share_is_carried_along() {
    let mut rngs = Rngs::empty().with("params", 0).with("dropout", 1);
    let tagged = || StateAxes::new().with(with_tag("params"), 0).with(Everything, None);
    let params = || StateAxes::new().with(of_type::<Param>(), 0).with(Everything, None);
    let before = split_rngs(&mut rngs, with_tag("params"), LAYERS);
    let axes = in_axes(tagged()).out_axes(params());
    let mut blocks = vmap(|rngs: &mut Rngs| Block::new(rngs), &mut rngs, axes);
    before.restore(&mut rngs);
    assert_eq!(blocks.linear.kernel.shape(), [LAYERS, 3, 3]);
    assert_eq!(
        (blocks.node.shape(), blocks.dropout.rngs.as_ref().unwrap().key.shape()),
        (&[2][..], &[2][..])
    );
    let mut each: Vec<Block> = (0..LAYERS)
        .map(|i| {
            nnx::map(&blocks, |path, leaf| match leaf.kind {
                Some(kind) if kind.name == "Param" => leaf.value.slice([i.into()]),
                Some(_) => leaf.value.clone(),
                None => unreachable!("{path} is no Variable"),
            })
        })
        .collect();
    let step = |x: Array, block: &mut Block| (block.forward(&x), ());
    let (y, ()) = scan(step, input(), over(&mut blocks).in_axes(params()));
    // By hand: each layer goes on with the statistics and the stream of the one before.
    let mut x = input();
    for i in 0..LAYERS {
        if i > 0 {
            let (mean, var) = (each[i - 1].bn.mean.clone(), each[i - 1].bn.var.clone());
            let stream = each[i - 1].dropout.rngs.clone();
            (each[i].bn.mean, each[i].bn.var, each[i].dropout.rngs) = (mean, var, stream);
        }
        x = each[i].forward(&x);
    }
    assert!(close(&y, &x));
    assert_eq!(blocks.dropout.rngs.as_ref().unwrap().count.item::<u32>(), LAYERS as u32);
    assert!(close(&blocks.bn.mean, &each[LAYERS - 1].bn.mean));
}
