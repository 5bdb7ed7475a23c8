use nnx_core::module::{Flag, View, view};
use nnx_core::nn::{BatchNorm, Dropout, Linear};
use nnx_core::random::Rngs;
use nnx_core::{Array, DType};

/// A user's model, with flags at several depths and one of its own.
#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Model {
    blocks: Vec<Block>,
    head: Option<Block>,
    decode: Flag,
}

#[derive(nnx_derive::Module)]
#[module(crate = nnx_core)]
struct Block {
    linear: Linear,
    norm: BatchNorm,
    dropout: Dropout,
}

impl Block {
    fn new(rngs: &mut Rngs) -> Block {
        Block {
            linear: Linear::new(4, 4, rngs),
            norm: BatchNorm::new(4, rngs),
            dropout: Dropout::new(0.5, rngs),
        }
    }
    fn forward(&mut self, x: &Array) -> Array {
        self.dropout.forward(self.norm.forward(self.linear.forward(x)))
    }
}

impl Model {
    fn new() -> Model {
        let mut rngs = Rngs::new(0);
        Model {
            blocks: (0..2).map(|_| Block::new(&mut rngs)).collect(),
            head: Some(Block::new(&mut rngs)),
            decode: Flag::new("decode", false),
        }
    }
    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().chain(&self.head)
    }
    fn flags(&self) -> Vec<(bool, bool)> {
        self.blocks().map(|b| (*b.dropout.deterministic, *b.norm.use_running_average)).collect()
    }
    fn forward(&mut self, x: &Array) -> Array {
        let x = self.blocks.iter_mut().fold(x.clone(), |x, block| block.forward(&x));
        self.head.as_mut().map_or(x.clone(), |head| head.forward(&x))
    }
}

#[test]
fn eval_sets_the_flags_everywhere_and_leaves_the_model() {
    let model = Model::new();
    let mut eval = view(&model, View::eval());
    assert_eq!(eval.flags(), [(true, true); 3]);
    assert_eq!(model.flags(), [(false, false); 3]);
    assert!(!*eval.decode, "flags that were not named stay");

    let x = nnx_core::random::normal(&nnx_core::random::key(1), [8, 4], DType::F32);
    let (y, again) = (eval.forward(&x), eval.forward(&x));
    assert_eq!(y.to_vec::<f32>(), again.to_vec::<f32>(), "nothing is random");
    for block in eval.blocks() {
        assert_eq!(block.norm.mean.to_vec::<f32>(), [0.0; 4], "no statistics move");
        assert_eq!(block.dropout.rngs.as_ref().unwrap().count.item::<u32>(), 0, "no key is used");
    }
    assert_eq!(view(&eval, View::train()).flags(), [(false, false); 3]);
}

#[test]
fn updates_of_a_view_do_not_reach_the_model() {
    let model = Model::new();
    let mut copy = view(&model, View::train());
    let x = nnx_core::random::normal(&nnx_core::random::key(1), [8, 4], DType::F32);
    let _ = copy.forward(&x);
    assert_eq!(copy.blocks[0].dropout.rngs.as_ref().unwrap().count.item::<u32>(), 1);
    assert_eq!(model.blocks[0].dropout.rngs.as_ref().unwrap().count.item::<u32>(), 0);
    assert_ne!(copy.blocks[0].norm.mean.to_vec::<f32>(), [0.0; 4]);
    assert_eq!(model.blocks[0].norm.mean.to_vec::<f32>(), [0.0; 4]);
}

#[test]
fn flags_are_set_by_name() {
    let model = Model::new();
    let decoding = view(&model, View::new().set("decode", true));
    assert!(*decoding.decode);
    assert_eq!(decoding.flags(), [(false, false); 3]);
    let mixed = view(&model, View::eval().set("use_running_average", false));
    assert_eq!(mixed.flags(), [(true, false); 3]);
    // Modes are for any model; there need not be anything to switch.
    let linear = Linear::new(2, 2, &mut Rngs::new(0));
    assert_eq!(view(&linear, View::eval()).kernel.shape(), [2, 2]);
}

#[test]
#[should_panic(expected = "has a flag `determinstic`; its flags are decode, deterministic, \
                           use_running_average")]
fn unknown_flags_are_named() {
    view(&Model::new(), View::new().set("determinstic", true));
}
