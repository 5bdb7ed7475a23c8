use crate::{Mistakes, assert_close, assert_mistakes};
use nnx_core::nn::*;
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, random};

fn input(seed: u64, shape: [usize; 3]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

#[test]
fn padding_stays_behind_when_sequences_are_flipped() {
    let x = Array::from([[1, 0, 0], [2, 3, 0], [4, 5, 6]]);
    let lengths = Array::from([1, 2, 3]);
    let y = flip_sequences(&x, Some(&lengths), 1, false);
    assert_eq!(y.to_vec::<i32>(), [1, 0, 0, 3, 2, 0, 6, 5, 4]);
    let y = flip_sequences(x.t(), Some(&lengths), 1, true);
    assert_eq!(y.t().to_vec::<i32>(), [1, 0, 0, 3, 2, 0, 6, 5, 4]);
}

#[test]
fn the_carry_is_that_of_each_sequences_last_step() {
    let mut rnn = RNN::new(LSTMCell::new(4, 6, &mut Rngs::new(0)));
    let x = input(1, [2, 5, 4]);
    let lengths = Array::from([5, 3]);
    let ((c, h), y) = rnn.forward_with(&x, RNNOptions::new().seq_lengths(&lengths));
    assert_eq!((c.shape(), y.shape()), (&[2, 6][..], &[2, 5, 6][..]));
    assert_close("whole", &h.slice([0.into()]), &y.slice([0.into(), 4.into()]), 0.0);
    assert_close("padded", &h.slice([1.into()]), &y.slice([1.into(), 2.into()]), 0.0);
}

#[test]
fn time_may_stand_first_and_run_backwards() {
    let mut rnn = RNN::new(GRUCell::new(4, 6, &mut Rngs::new(0)));
    let x = input(1, [2, 5, 4]);
    let y = rnn.forward(&x);
    let (_, z) = rnn.forward_with(x.swapaxes(0, 1), RNNOptions::new().time_major(true));
    assert_close("time first", &z.swapaxes(0, 1), &y, 1e-6);
    let options = RNNOptions::new().reverse(true).keep_order(true);
    let (_, z) = rnn.forward_with(x.flip(1), options);
    assert_close("backwards", &z.flip(1), &y, 1e-6);
    let (carry, _) = rnn.forward_with(&x, RNNOptions::new());
    let two = rnn.forward_with(&x, RNNOptions::new().initial_carry(carry.clone())).1;
    let long = rnn.forward(nnx_core::array::concatenate([&x, &x], 1));
    assert_close("from a carry", &two, &long.split(2, 1)[1], 1e-6);
}

#[test]
fn both_directions_stand_side_by_side() {
    let mut rngs = Rngs::new(0);
    let [mut ahead, back] = [(); 2].map(|()| RNN::new(SimpleCell::new(3, 4, &mut rngs)));
    let mut both = Bidirectional::new(ahead.clone(), back.clone());
    let x = input(2, [2, 5, 3]);
    let y = both.forward(&x);
    assert_eq!(y.shape(), [2, 5, 8]);
    assert_close("ahead", &y.split(2, -1)[0], &ahead.forward(&x), 1e-6);
    let mut sum = Bidirectional::builder(ahead, back).merge_fn(|a, b| a + b).build();
    let halves = y.split(2, -1);
    assert_close("sum", &sum.forward(&x), &(&halves[0] + &halves[1]), 1e-6);
}

#[test]
fn an_optimized_cell_has_the_numbers_of_the_plain_one() {
    let mut rngs = Rngs::new(0);
    let plain = LSTMCell::new(3, 4, &mut rngs);
    let mut optimized = OptimizedLSTMCell::new(3, 4, &mut rngs);
    let beside = |maps: [&Linear; 4]| {
        let kernels = maps.map(|map| map.kernel.value().clone());
        nnx_core::array::concatenate(kernels.each_ref(), 1)
    };
    optimized.dense_i.kernel.set(beside([&plain.ii, &plain.if_, &plain.ig, &plain.io]));
    optimized.dense_h.kernel.set(beside([&plain.hi, &plain.hf, &plain.hg, &plain.ho]));
    let x = input(3, [2, 5, 3]);
    assert_close("cells", &RNN::new(optimized).forward(&x), &RNN::new(plain).forward(&x), 1e-6);
}

#[test]
fn first_carries_are_made_as_the_cell_was_told() {
    let ones = initializers::ones();
    let cell = GRUCell::builder(3, 4).carry_init(ones.clone()).build(&mut Rngs::new(0));
    let mut stream = nnx_core::random::RngStream::new(0, "carry");
    let own = cell.initialize_carry(&[2, 3], &mut stream, None);
    assert_eq!((own.shape(), own.to_vec::<f32>()), (&[2, 4][..], vec![1.0; 8]));
    let other = cell.initialize_carry(&[2, 3], &mut stream, Some(&initializers::zeros()));
    assert_eq!(other.to_vec::<f32>(), [0.0; 8]);
}

#[test]
fn mistakes_of_recurrent_networks_name_the_cell() {
    let x = |shape: &[usize]| nnx_core::array::ones(shape, DType::F32);
    let rngs = || Rngs::new(0);
    let rnn = || RNN::new(GRUCell::new(3, 4, &mut rngs()));
    let options = RNNOptions::new;
    let mistakes: &Mistakes<'_> = &[
        (&|| drop(LSTMCell::new(0, 4, &mut rngs())), "LSTMCell: `in_features` is 0"),
        (&|| drop(SimpleCell::new(3, 0, &mut rngs())), "SimpleCell: `hidden_features` is 0"),
        (&|| drop(rnn().forward(x(&[3]))), "RNN: the input f32[3] needs a time axis"),
        (
            &|| drop(rnn().forward(x(&[2, 5, 4]))),
            "GRUCell: the input f32[2, 4] needs a last axis of 3 features",
        ),
        (
            &|| drop(rnn().forward_with(x(&[2, 5, 3]), options().initial_carry(x(&[2, 5])))),
            "GRUCell: the hidden state f32[2, 5] needs a last axis of 4 features",
        ),
        (
            &|| {
                let lengths = Array::from([1, 2, 3]);
                drop(rnn().forward_with(x(&[2, 5, 3]), options().seq_lengths(&lengths)));
            },
            "RNN: `seq_lengths` i32[3] for the input f32[2, 5, 3]: give an integer for each \
             sequence, as an array of the shape [2]",
        ),
        (
            &|| drop(flip_sequences(x(&[3]), Some(&Array::from([1, 2])), 1, false)),
            "flip_sequences: lengths i32[2] for inputs f32[3] with 1 batch axes",
        ),
    ];
    assert_mistakes(mistakes, "recurrent.rs");
}
