//! Counterparts of Flax's tests of single layers, where no reference values of `tests/golden` ask the same.
//! The table in `docs/flax-tests.md` says which is which.

use super::jit_support::{assert_says, panic_message};
use nnx::module::{MetaValue, Metadata};
use nnx::nn::*;
use nnx::random::{self, RngStream, Rngs};
use nnx::{
    Array, DType, GraphDef, LoRAParam, Module, Param, capture, of_type, path_contains, split,
    split_by, state, update,
};

fn normal(seed: u64, shape: &[usize]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

fn ones(shape: &[usize], dtype: DType) -> Array {
    nnx::array::ones(shape, dtype)
}

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-5
}

#[test]
fn how_a_layer_starts_is_no_part_of_its_definition() {
    let (zeros, ones) = (initializers::zeros, initializers::ones);
    macro_rules! same {
        ($($layer:ident($($given:expr),*): $($init:ident),+;)*) => {$(
            let [a, b] = [zeros(), ones()].map(|init| {
                let builder = $layer::builder($($given),*)$(.$init(init.clone()))+;
                builder.build(&mut Rngs::new(0))
            });
            assert_eq!(GraphDef::of(&a), GraphDef::of(&b), stringify!($layer));
            let values = |layer: &$layer| -> Vec<Vec<u8>> {
                state(layer).iter().map(|(_, leaf)| leaf.value.to_bytes().unwrap()).collect()
            };
            assert_ne!(values(&a), values(&b), stringify!($layer));
        )*};
    }
    same! {
        Linear(2, 4): kernel_init, bias_init;
        LinearGeneral(2, [3, 4]): kernel_init, bias_init;
        Conv(2, 4, 3): kernel_init, bias_init;
        ConvTranspose(2, 4, 3): kernel_init, bias_init;
        Embed(2, 4): embedding_init;
        MultiHeadAttention(2, 8): kernel_init, out_kernel_init, bias_init, out_bias_init;
        BatchNorm(3): scale_init, bias_init;
        LayerNorm(3): scale_init, bias_init;
        RMSNorm(3): scale_init;
        LSTMCell(4, 5): kernel_init, recurrent_kernel_init, bias_init;
        OptimizedLSTMCell(4, 5): kernel_init, recurrent_kernel_init, bias_init;
        SimpleCell(4, 5): kernel_init, recurrent_kernel_init, bias_init;
        GRUCell(4, 5): kernel_init, recurrent_kernel_init, bias_init;
    }
}

#[test]
fn a_general_map_makes_several_axes() {
    let layer = LinearGeneral::new(2, [3, 4], &mut Rngs::new(0));
    let y = layer.forward(ones(&[1, 2], DType::F32));
    assert_eq!((y.shape(), layer.kernel.shape()), (&[1, 3, 4][..], &[2, 3, 4][..]));
    assert_eq!(layer.bias.as_ref().unwrap().shape(), [3, 4]);
    assert!(close(&y.reshape([3, 4]), &layer.kernel.sum(0)));
}

#[test]
fn a_low_rank_map_beside_a_layer() {
    let mut rngs = Rngs::new(0);
    let x = normal(0, &[1, 3]);
    let lora = LoRA::builder(3, 2, 4).b_initializer(initializers::ones()).build(&mut rngs);
    assert_eq!((lora.lora_a.shape(), lora.lora_b.shape()), (&[3, 2][..], &[2, 4][..]));
    let low_rank = x.matmul(&*lora.lora_a).matmul(&*lora.lora_b);
    assert!(close(&lora.forward(&x), &low_rank));
    let linear = Linear::builder(3, 4).use_bias(false).build(&mut rngs);
    let kernel = linear.kernel.clone();
    let both = LoRALinear::adapt(linear, lora);
    assert!(both.bias.is_none());
    assert!(close(&both.forward(&x), &(x.matmul(&*kernel) + low_rank)));
}

#[derive(Module)]
struct Mlp<L> {
    first: Linear,
    second: L,
}

#[test]
fn a_low_rank_layer_takes_the_place_of_a_linear_one() {
    let mut rngs = Rngs::new(0);
    let x = normal(0, &[1, 3]);
    let plain = Mlp { first: Linear::new(3, 3, &mut rngs), second: Linear::new(3, 3, &mut rngs) };
    let y = plain.second.forward(plain.first.forward(&x));
    // By a layer around it, and by a layer that takes its state.
    let around = LoRALinear::adapt(plain.second.clone(), LoRA::new(3, 4, 3, &mut rngs));
    let mut beside = LoRALinear::new(3, 3, 4, &mut rngs);
    update(&mut beside, split(&plain.second).1).unwrap();
    for second in [around, beside] {
        let mut adapted = Mlp { first: plain.first.clone(), second };
        let forward = |m: &Mlp<LoRALinear>| -> Array { m.second.forward(m.first.forward(&x)) };
        assert!(close(&forward(&adapted), &y), "it starts as the layer was");
        adapted.second.lora.lora_b.set(ones(&[4, 3], DType::F32));
        let lora = &adapted.second.lora;
        let low_rank = adapted.first.forward(&x).matmul(&*lora.lora_a).matmul(&*lora.lora_b);
        assert!(close(&forward(&adapted), &(&y + low_rank)));
    }
}

#[test]
fn low_rank_params_are_a_kind_of_params() {
    let layer = LoRA::new(3, 4, 2, &mut Rngs::new(0));
    let (_, [lora, params]) =
        split_by(&layer, (of_type::<LoRAParam>(), of_type::<Param>())).unwrap();
    let paths: Vec<String> = lora.paths().map(ToString::to_string).collect();
    assert_eq!(paths, ["lora_a", "lora_b"]);
    assert!(params.is_empty());
    assert_eq!(lora["lora_a"].value.to_vec::<f32>(), layer.lora_a.to_vec::<f32>());
}

#[test]
fn a_low_rank_map_computes_in_its_dtype() {
    let layer = LoRA::builder(3, 4, 2).dtype(DType::F16).build(&mut Rngs::new(0));
    assert_eq!(layer.lora_a.dtype(), DType::F32);
    assert_eq!(layer.forward(ones(&[1, 3], DType::F32)).dtype(), DType::F16);
}

fn steps<C: RNNCellBase>(cell: &mut C, start: C::Carry, xs: &Array) -> Array {
    let mut carry = start;
    let mut outputs = Vec::new();
    for t in 0..xs.shape()[0] {
        let (next, y) = cell.forward(carry, &xs.slice([t.into()]));
        carry = next;
        outputs.push(y);
    }
    nnx::array::stack(&outputs, 0)
}

#[test]
fn a_cell_carries_its_state_from_step_to_step() {
    let mut cell = LSTMCell::new(3, 4, &mut Rngs::new(0));
    let start =
        |cell: &LSTMCell| cell.initialize_carry(&[2, 3], &mut RngStream::new(0, "carry"), None);
    let xs = normal(1, &[5, 2, 3]);
    let carry = start(&cell);
    let ys = steps(&mut cell, carry, &xs);
    assert_eq!(ys.shape(), [5, 2, 4]);
    let (_, by_rnn) = RNN::new(cell.clone()).forward_with(&xs, RNNOptions::new().time_major(true));
    assert!(close(&ys, &by_rnn));
    // The same input twice: the second result knows of the first.
    let same = nnx::array::stack([&xs.slice([0.into()]), &xs.slice([0.into()])], 0);
    let carry = start(&cell);
    let ys = steps(&mut cell, carry, &same);
    assert!(!close(&ys.slice([0.into()]), &ys.slice([1.into()])));
}

#[test]
fn a_cell_computes_in_its_dtype() {
    for dtype in [DType::BF16, DType::F16] {
        let builder = LSTMCell::builder(3, 4).dtype(dtype).param_dtype(dtype);
        let mut cell = builder.build(&mut Rngs::new(0));
        let carry = cell.initialize_carry(&[2, 3], &mut RngStream::new(0, "carry"), None);
        let (_, y) = cell.forward(carry, &ones(&[2, 3], dtype));
        assert_eq!((y.dtype(), y.shape()), (dtype, &[2, 4][..]));
        let ys = RNN::new(cell).forward(ones(&[2, 5, 3], dtype));
        assert_eq!((ys.dtype(), ys.shape()), (dtype, &[2, 5, 4][..]));
    }
}

#[test]
fn a_cell_with_other_activation_functions() {
    let builder = LSTMCell::builder(3, 4).gate_fn(relu).activation_fn(|x| elu(x, 1.0));
    let mut cell = builder.build(&mut Rngs::new(0));
    let zeros = || nnx::array::zeros([1, 4], DType::F32);
    let x = normal(0, &[1, 3]);
    let ((c, h), y) = cell.forward((zeros(), zeros()), &x);
    let gate = |map: &Linear| map.forward(&x);
    let expected_c = relu(&gate(&cell.ii)) * elu(gate(&cell.ig), 1.0);
    assert!(close(&c, &expected_c));
    assert!(close(&y, &(relu(&gate(&cell.io)) * elu(&expected_c, 1.0))) && close(&h, &y));
}

#[test]
fn one_network_takes_batches_of_any_size() {
    let mut rnn = RNN::new(LSTMCell::new(3, 4, &mut Rngs::new(0)));
    let x = normal(0, &[5, 6, 3]);
    let all = rnn.forward(&x);
    for batch in [1, 2, 5_usize] {
        let y = rnn.forward(x.slice([(0..batch).into()]));
        assert!(close(&y, &all.slice([(0..batch).into()])), "{batch}");
    }
}

/// h′ = tanh((x, h) · dense).
#[derive(Module)]
struct Own {
    dense: Linear,
}

impl RNNCellBase for Own {
    type Carry = Array;

    fn forward(&mut self, h: Array, x: &Array) -> (Array, Array) {
        let h = self.dense.forward(nnx::array::concatenate([x, &h], -1)).tanh();
        (h.clone(), h)
    }

    fn initialize_carry(
        &self,
        input_shape: &[usize],
        _: &mut RngStream,
        _: Option<&Initializer>,
    ) -> Array {
        nnx::array::zeros([input_shape[0], 4], DType::F32)
    }
}

#[test]
fn a_cell_of_ones_own() {
    let mut cell = Own { dense: Linear::new(3 + 4, 4, &mut Rngs::new(7)) };
    let xs = normal(0, &[5, 2, 3]);
    let by_hand = steps(&mut cell, nnx::array::zeros([2, 4], DType::F32), &xs);
    let ys = RNN::new(cell).forward(xs.swapaxes(0, 1));
    assert_eq!(ys.shape(), [2, 5, 4]);
    assert!(close(&ys.swapaxes(0, 1), &by_hand));
}

#[test]
fn a_model_and_a_dropout_have_shapes_without_memory() {
    let linear = nnx::eval_shape(|(): &()| Linear::new(2, 3, &mut Rngs::new(0)), &());
    assert_eq!(linear.kernel.aval().to_string(), "f32[2, 3]");
    assert_eq!(linear.bias.unwrap().aval().to_string(), "f32[3]");
    let dropout = nnx::eval_shape(|(): &()| Dropout::new(0.5, &mut Rngs::new(0)), &());
    assert_eq!(dropout.rngs.as_ref().unwrap().key.aval().to_string(), "u32[2]");
    assert!(dropout.rngs.as_ref().unwrap().key.try_to_vec::<u32>().is_err());
}

#[test]
fn a_sequential_is_mapped() {
    let model = Sequential::new((Linear::new(2, 8, &mut Rngs::new(0)),));
    assert_eq!(state(&model).len(), 2);
    let next = nnx::map(&model, |_, leaf| leaf.value + 1.0);
    let (before, after) = (&model.layers.0.kernel, &next.layers.0.kernel);
    assert!(close(after, &(before.value() + 1.0)));
}

#[test]
fn a_sequential_of_nothing_is_the_identity() {
    let x = normal(0, &[2, 3]);
    let y = Sequential::new(Vec::<Linear>::new()).forward(&x);
    assert_eq!(y.to_vec::<f32>(), x.to_vec::<f32>());
}

#[test]
fn params_have_the_notes_that_a_layer_is_given() {
    macro_rules! noted {
        ($($builder:expr => { $($setting:ident: $($path:literal),+;)+ })*) => {$({
            let note = |setting: &str| {
                Metadata::default().with("note", MetaValue::Text(setting.to_owned()))
            };
            let layer = $builder$(.$setting(note(stringify!($setting))))+.build(&mut Rngs::new(0));
            let mut expected: Vec<(String, String)> =
                vec![$($(($path.to_owned(), stringify!($setting).to_owned()),)+)+];
            expected.sort();
            let leaves = state(&layer);
            let found: Vec<(String, String)> = leaves
                .iter()
                .filter_map(|(path, leaf)| match leaf.metadata.get("note") {
                    Some(MetaValue::Text(note)) => Some((path.to_string(), note.clone())),
                    _ => None,
                })
                .collect();
            assert_eq!(found, expected, "{}", stringify!($builder));
        })*};
    }
    noted! {
        LinearGeneral::builder(2, [3, 4]) => { kernel_metadata: "kernel"; bias_metadata: "bias"; }
        Linear::builder(2, 4) => { kernel_metadata: "kernel"; bias_metadata: "bias"; }
        Einsum::builder("ik,kj->ij", [5, 4]).bias_shape(4) => {
            kernel_metadata: "kernel"; bias_metadata: "bias";
        }
        Conv::builder(2, 4, 3) => { kernel_metadata: "kernel"; bias_metadata: "bias"; }
        ConvTranspose::builder(2, 4, 3) => { kernel_metadata: "kernel"; bias_metadata: "bias"; }
        Embed::builder(2, 4) => { embedding_metadata: "embedding"; }
        MultiHeadAttention::builder(8, 16).normalize_qk(true) => {
            kernel_metadata: "query.kernel", "key.kernel", "value.kernel";
            out_kernel_metadata: "out.kernel";
            bias_metadata: "query.bias", "key.bias", "value.bias";
            out_bias_metadata: "out.bias";
            query_ln_scale_metadata: "query_ln.scale";
            key_ln_scale_metadata: "key_ln.scale";
        }
        // Those of the last map are the others', unless they are given.
        MultiHeadAttention::builder(8, 16) => {
            kernel_metadata: "query.kernel", "key.kernel", "value.kernel", "out.kernel";
            bias_metadata: "query.bias", "key.bias", "value.bias", "out.bias";
        }
        BatchNorm::builder(3) => { scale_metadata: "scale"; bias_metadata: "bias"; }
        LayerNorm::builder(3) => { scale_metadata: "scale"; bias_metadata: "bias"; }
        RMSNorm::builder(3) => { scale_metadata: "scale"; }
        GroupNorm::builder(6).num_groups(3) => { scale_metadata: "scale"; bias_metadata: "bias"; }
        InstanceNorm::builder(6) => { scale_metadata: "scale"; bias_metadata: "bias"; }
        LoRA::builder(3, 2, 4) => { a_metadata: "lora_a"; b_metadata: "lora_b"; }
        LoRALinear::builder(3, 2, 4) => {
            a_metadata: "lora.lora_a"; b_metadata: "lora.lora_b";
            kernel_metadata: "kernel"; bias_metadata: "bias";
        }
        LSTMCell::builder(4, 5) => {
            kernel_metadata: "ii.kernel", "if_.kernel", "ig.kernel", "io.kernel";
            recurrent_kernel_metadata: "hi.kernel", "hf.kernel", "hg.kernel", "ho.kernel";
            bias_metadata: "hi.bias", "hf.bias", "hg.bias", "ho.bias";
        }
        OptimizedLSTMCell::builder(4, 5) => {
            kernel_metadata: "dense_i.kernel";
            recurrent_kernel_metadata: "dense_h.kernel";
            bias_metadata: "dense_h.bias";
        }
        SimpleCell::builder(4, 5) => {
            kernel_metadata: "dense_i.kernel";
            bias_metadata: "dense_i.bias";
            recurrent_kernel_metadata: "dense_h.kernel";
        }
        GRUCell::builder(4, 5) => {
            kernel_metadata: "dense_i.kernel";
            bias_metadata: "dense_i.bias";
            recurrent_kernel_metadata: "dense_h.kernel";
        }
    }
    let notes = Metadata::default().with("note", MetaValue::Int(1));
    let slope = PReLU::builder().negative_slope_metadata(notes).build().negative_slope;
    assert_eq!(slope.metadata().get("note"), Some(&MetaValue::Int(1)));
}

#[test]
fn a_function_in_the_place_of_einsum() {
    let settings = Einsum::builder("ab,bc->ac", [3, 4]).bias_shape(4);
    let settings = settings.einsum_op(|text, operands, _| {
        let y = nnx::array::einsum(text, operands);
        let shape = [&[1], y.shape()].concat();
        y.reshape(shape)
    });
    let layer = settings.build(&mut Rngs::new(42));
    let y = layer.forward(ones(&[2, 3], DType::F32));
    assert_eq!(y.shape(), [1, 2, 4]);
    assert!(close(&y.at((0, 0)).get(), &layer.kernel.sum(0)));
}

fn attention(keep_rngs: bool) -> MultiHeadAttention {
    let settings = MultiHeadAttention::builder(2, 4).dropout_rate(0.5).keep_rngs(keep_rngs);
    settings.build(&mut Rngs::new(0))
}

#[derive(Module)]
struct Attentions {
    layers: Vec<MultiHeadAttention>,
}

#[test]
fn weights_of_attention_are_sown_where_a_call_says_so() {
    let x = normal(1, &[1, 3, 4]);
    let mut model = Attentions { layers: vec![attention(true), attention(true), attention(true)] };
    let run = |model: &mut Attentions, sow: bool| -> Array {
        model.layers.iter_mut().enumerate().fold(x.clone(), |x, (i, layer)| {
            let options = MultiHeadAttentionOptions::new().sow_weights(sow && i != 1);
            layer.forward_with(&x, options)
        })
    };
    let (_, sown) = capture(|m: &mut Attentions| run(m, true), &mut model);
    let paths: Vec<String> = sown.paths().map(ToString::to_string).collect();
    assert_eq!(paths, ["layers[0].attention_weights[0]", "layers[2].attention_weights[0]"]);
    // Flax's numbers, before any weight is dropped.
    let expected = Array::from([
        [
            [0.348_796_76_f32, 0.280_718_36, 0.370_484_86],
            [0.066_752_91, 0.900_433_9, 0.032_813_262],
            [0.374_717_56, 0.138_021_68, 0.487_260_7],
        ],
        [
            [0.335_797_52, 0.323_651_55, 0.340_550_9],
            [0.341_356_16, 0.338_966_28, 0.319_677_56],
            [0.357_869_63, 0.209_721_9, 0.432_408_48],
        ],
    ]);
    let weights = &sown["layers[0].attention_weights[0]"].value;
    assert!(close(weights, &expected.expand_dims(0)), "{weights:?}");
    let (_, nothing) = capture(|m: &mut Attentions| run(m, false), &mut model);
    assert!(nothing.is_empty());
    // And without a capture nothing is sown, nor refused.
    run(&mut model, true);
}

#[test]
fn attention_without_streams_of_its_own_is_given_some() {
    let x = normal(1, &[1, 3, 4]);
    let (own, mut layer) = (attention(true), attention(false));
    let streams = |layer: &MultiHeadAttention| state(layer).filter(path_contains("rngs")).len();
    assert_eq!((streams(&own), streams(&layer)), (2, 0));
    assert!(split_by(&layer, (of_type::<Param>(),)).is_ok(), "all of it are Params");
    let mut rngs = Rngs::empty().with("dropout", 7);
    let y = layer.forward_with(&x, MultiHeadAttentionOptions::new().rngs(&mut rngs));
    assert_eq!(rngs.stream("dropout").count.item::<u32>(), 1);
    // Flax's numbers.
    let expected = Array::from([[
        [-0.457_115_32_f32, 0.853_361_85, 0.334_408_43, -0.032_425_76],
        [-0.393_897_62, 0.815_328_96, 0.506_794_33, 0.100_255_37],
        [0.362_861, -0.578_932_4, -0.565_334_14, -0.225_670_65],
    ]]);
    assert!((&y - expected).abs().max(..).item::<f32>() < 1e-5, "{y:?}");
    // The streams of a call go before those of the layer, and its flags before those too.
    let mut other = own.clone();
    let mut again = Rngs::empty().with("dropout", 7);
    let options = MultiHeadAttentionOptions::new().rngs(again.stream("dropout"));
    assert!(close(&other.forward_with(&x, options), &y));
    assert_eq!(other.rngs.as_ref().unwrap().count.item::<u32>(), 0);
    let plain = layer.forward_with(&x, MultiHeadAttentionOptions::new().deterministic(true));
    layer.deterministic.set(true);
    assert!(close(&layer.forward(&x), &plain));
    let mut message = panic_message(|| {
        layer.forward_with(&x, MultiHeadAttentionOptions::new().deterministic(false));
    });
    assert_says(&message, &["MultiHeadAttention", "there is no stream", ".rngs(&mut rngs)"]);
    message = panic_message(|| {
        layer.forward_with(&x, MultiHeadAttentionOptions::new().decode(true));
    });
    assert_says(&message, &["call `init_cache` first"]);
}

/// Drops from its input, and has a stream beside that it draws noise from.
#[derive(Module)]
struct Drops {
    dropout: Dropout,
    noise: RngStream,
}

impl RNNCellBase for Drops {
    type Carry = ();

    fn forward(&mut self, _: (), x: &Array) -> ((), Array) {
        let noise = random::uniform(&self.noise.next_key(), [1, 1], DType::F32);
        ((), nnx::array::concatenate([&self.dropout.forward(x), &noise], -1))
    }

    fn initialize_carry(&self, _: &[usize], _: &mut RngStream, _: Option<&Initializer>) {}
}

#[test]
fn one_mask_for_all_steps_of_a_sequence() {
    let mut rngs = Rngs::new(0).with("recurrent_dropout", 1);
    let dropout = Dropout::builder(0.5).rng_collection("recurrent_dropout").build(&mut rngs);
    let cell = Drops { dropout, noise: RngStream::new(5, "noise") };
    let mut rnn = RNN::builder(cell).broadcast_rngs("recurrent_dropout").build();
    let x = ones(&[1, 3, 12], DType::F32);
    let seq_lengths = || RNNOptions::new().seq_lengths(Array::from([3]));
    let first = rnn.forward(&x);
    let (_, second) = rnn.forward_with(&x, seq_lengths());
    // Flax's masks.
    let masks = [
        [2.0_f32, 2.0, 0.0, 2.0, 2.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0],
    ];
    let mut noise = Vec::new();
    for (y, mask) in [first, second].iter().zip(masks) {
        for step in 0..3 {
            let row = y.at((0, step)).get().to_vec::<f32>();
            assert_eq!(row[..12], mask);
            noise.push(row[12].to_bits());
        }
    }
    // The other stream goes on.
    noise.sort_unstable();
    noise.dedup();
    assert_eq!(noise.len(), 6);
    let count = |stream: &RngStream| stream.count.item::<u32>();
    let cell = &rnn.cell;
    assert_eq!((count(cell.dropout.rngs.as_ref().unwrap()), count(&cell.noise)), (2, 6));
    rnn.broadcast_rngs = vec!["dropout"];
    assert_says(&panic_message(|| drop(rnn.forward(&x))), &["RNN: broadcast_rngs", "noise"]);
}
