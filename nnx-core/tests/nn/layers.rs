use crate::{Mistakes, assert_close, assert_mistakes};
use nnx_core::Array;
use nnx_core::array::Padding;
use nnx_core::nn::{self, *};
use nnx_core::random::Rngs;

#[test]
fn embed_indexes_as_numpy() {
    let mut rngs = Rngs::new(0);
    let layer = Embed::new(3, 2, &mut rngs);
    let table = layer.embedding.to_vec::<f32>();
    let y = layer.forward(Array::from_slice(&[-1, 0, 3], 3)).to_vec::<f32>();
    assert_eq!((&y[..2], &y[2..4]), (&table[4..], &table[..2]));
    assert!(y[4].is_nan() && y[5].is_nan());
    // With a single row every index means it.
    let one = Embed::new(1, 2, &mut rngs);
    let y = one.forward(Array::from_slice(&[0, 7], [2, 1]));
    assert_eq!((y.shape(), y.to_vec::<f32>()), (&[2, 1, 2][..], one.embedding.to_vec().repeat(2)));
}

#[test]
fn avg_pool_may_leave_padding_out() {
    let x = Array::from_slice(&[1.0_f32, 2.0, 3.0], [1, 3, 1]);
    let options = PoolOptions::new().padding(Padding::Same);
    let with = nn::avg_pool(&x, 3, &options).to_vec::<f32>();
    assert_eq!(with, [1.0, 2.0, 5.0 / 3.0]);
    let without = nn::avg_pool(&x, 3, &options.count_include_pad(false));
    assert_eq!(without.to_vec::<f32>(), [1.5, 2.0, 2.5]);
    // Without and with several batch axes.
    let options = PoolOptions::new();
    let flat = nn::max_pool(x.reshape([3, 1]), 2, &options);
    assert_eq!((flat.shape(), flat.to_vec::<f32>()), (&[2, 1][..], vec![2.0, 3.0]));
    assert_eq!(nn::max_pool(x.reshape([1, 1, 3, 1]), 2, &options).shape(), [1, 1, 2, 1]);
}

#[test]
fn conv_takes_any_number_of_batch_axes() {
    let mut rngs = Rngs::new(1);
    let layer = Conv::new(2, 3, [3, 3], &mut rngs);
    let x = nnx_core::random::normal(&rngs.params(), [2, 3, 5, 5, 2], nnx_core::DType::F32);
    let all = layer.forward(&x);
    assert_eq!(all.shape(), [2, 3, 5, 5, 3]);
    let one = layer.forward(x.slice([1.into(), 2.into()]));
    assert_close("one image", &one, &all.slice([1.into(), 2.into()]), 1e-5);
}

#[test]
fn conv_masks_and_mirrors() {
    let mut rngs = Rngs::new(1);
    let x = Array::from_slice(&[1.0_f32, 2.0, 4.0, 8.0], [1, 4, 1]);
    let sum = || Conv::builder(1, 1, 3).kernel_init(initializers::ones());
    let padded = sum().padding(1).build(&mut rngs);
    assert_eq!(padded.forward(&x).to_vec::<f32>(), [3.0, 7.0, 14.0, 12.0]);
    let mirrored = sum().padding(ConvPadding::Reflect).build(&mut rngs);
    assert_eq!(mirrored.forward(&x).to_vec::<f32>(), [5.0, 7.0, 14.0, 16.0]);
    let mask = Array::from_slice(&[1.0_f32, 0.0, 0.0], [3, 1, 1]);
    let previous = sum().padding(Padding::Same).mask(mask).build(&mut rngs);
    assert_eq!(previous.forward(&x).to_vec::<f32>(), [0.0, 1.0, 2.0, 4.0]);
}

#[test]
fn layers_compute_in_the_given_dtype() {
    use nnx_core::DType::{BF16, F32};
    let mut rngs = Rngs::new(0);
    let x = nnx_core::array::ones([4, 8], F32);
    let y = Linear::builder(8, 3).dtype(BF16).build(&mut rngs).forward(&x);
    assert_eq!(y.dtype(), BF16);
    let layer = Linear::builder(8, 3).param_dtype(BF16).build(&mut rngs);
    assert_eq!((layer.kernel.dtype(), layer.forward(&x).dtype()), (BF16, F32));
    let mut norm = BatchNorm::builder(8).dtype(BF16).build(&mut rngs);
    assert_eq!((norm.forward(&x).dtype(), norm.mean.dtype()), (BF16, F32));
    let ints = nnx_core::array::ones([4, 8], nnx_core::DType::I32);
    assert_eq!(LayerNorm::new(8, &mut rngs).forward(&ints).dtype(), F32);
}

#[test]
fn dropout_keeps_the_mean_and_shares_masks() {
    let mut rngs = Rngs::new(3);
    let x = nnx_core::array::ones([100, 200], nnx_core::DType::F32);
    let mut layer = Dropout::new(0.25, &mut rngs);
    let (y, z) = (layer.forward(&x), layer.forward(&x));
    assert!((y.mean(..).item::<f32>() - 1.0).abs() < 0.02);
    assert_ne!(y.to_vec::<f32>(), z.to_vec::<f32>(), "each call has a mask of its own");
    let mut rows = Dropout::builder(0.25).broadcast_dims(vec![-1]).build(&mut rngs);
    let y = rows.forward(&x);
    assert_eq!(y.max(1).to_vec::<f32>(), y.min(1).to_vec::<f32>());
    assert_eq!(Dropout::new(1.0, &mut rngs).forward(&x).max(..).item::<f32>(), 0.0);
    assert_eq!(Dropout::new(0.0, &mut rngs).forward(&x).min(..).item::<f32>(), 1.0);
}

#[test]
fn mistakes_name_the_layer_and_the_rule() {
    let mut rngs = Rngs::new(0);
    let linear = Linear::new(5, 7, &mut rngs);
    let conv = Conv::new(3, 8, [3, 3], &mut rngs);
    let circular = Conv::builder(3, 8, 9).padding(ConvPadding::Circular).build(&mut rngs);
    let transpose = ConvTranspose::new(3, 8, [3, 3], &mut rngs);
    let general = LinearGeneral::builder([4, 5], 2).axis([-2, -1]).build(&mut rngs);
    let einsum = Einsum::new("nta,hab->nthb", [8, 2, 4], &mut rngs);
    let lora = LoRALinear::new(5, 7, 2, &mut rngs);
    let norm = LayerNorm::new(6, &mut rngs);
    let embed = Embed::new(3, 4, &mut rngs);
    let rngs = || Rngs::new(0);
    let x = |shape: &[usize]| nnx_core::array::ones(shape, nnx_core::DType::F32);
    let mistakes: &Mistakes<'_> = &[
        (
            &|| drop(linear.forward(x(&[4, 6]))),
            "Linear: the input f32[4, 6] needs a last axis of 5",
        ),
        (&|| drop(linear.forward(x(&[]))), "Linear: the input f32[]"),
        (&|| drop(conv.forward(x(&[9, 3]))), "needs 2 spatial axes and then 3 features"),
        (&|| drop(circular.forward(x(&[1, 0, 3]))), "f32[1, 0, 3] has no places to go on with"),
        (&|| drop(transpose.forward(x(&[9, 3]))), "ConvTranspose: the input f32[9, 3] needs 2"),
        (&|| drop(general.forward(x(&[3, 4]))), "LinearGeneral: the axes [0, 1] of the input"),
        (&|| drop(general.forward(x(&[4]))), "LinearGeneral: axis -2 is out of bounds for f32[4]"),
        (&|| drop(einsum.forward(x(&[3, 4]))), "Einsum: `nta,hab->nthb`"),
        (&|| drop(lora.forward(x(&[3, 4]))), "LoRALinear: the input f32[3, 4] needs a last axis"),
        (&|| drop(norm.forward(x(&[4, 5]))), "LayerNorm: the input f32[4, 5] needs 6 features"),
        (&|| drop(embed.forward(x(&[2]))), "Embed: the input must be integers, got f32[2]"),
        (&|| drop(embed.attend(x(&[2]))), "Embed: the query f32[2] needs a last axis of 4"),
        (&|| drop(Dropout::new(1.5, &mut rngs())), "the rate is a probability"),
        (&|| drop(Conv::builder(3, 8, 3).feature_group_count(2).build(&mut rngs())), "2 groups"),
        (&|| drop(Conv::builder(3, 8, [3, 3]).strides([1, 2, 3]).build(&mut rngs())), "strides"),
        (
            &|| drop(Conv::builder(3, 8, [3, 3]).padding(ConvPadding::Causal).build(&mut rngs())),
            "causal padding is for one spatial axis",
        ),
        (
            &|| drop(Conv::builder(3, 8, [3, 3]).padding([(1, 1); 3]).build(&mut rngs())),
            "padding [(1, 1), (1, 1), (1, 1)] for 2 spatial axes: give one entry, or one for each",
        ),
        (
            &|| {
                let padding = ConvPadding::Reflect;
                drop(ConvTranspose::builder(3, 8, 3).padding(padding).build(&mut rngs()));
            },
            "Reflect padding is not defined here",
        ),
        (&|| drop(Linear::new(0, 7, &mut rngs())), "Linear: `in_features` is 0, but needs to be"),
        (&|| drop(Conv::new(3, 8, [3, 0], &mut rngs())), "Conv: `kernel_size` is [3, 0]"),
        (
            &|| drop(Conv::builder(3, 8, 3).feature_group_count(0).build(&mut rngs())),
            "`feature_group_count` is 0",
        ),
        (&|| drop(Embed::new(0, 8, &mut rngs())), "Embed: `num_embeddings` is 0"),
        (&|| drop(LoRA::new(3, 0, 4, &mut rngs())), "LoRA: `lora_rank` is 0"),
        (
            &|| drop(LinearGeneral::new([2, 3], 4, &mut rngs())),
            "need as many axes of the input, not [-1]: name them with `.axis(…)`",
        ),
        (&|| drop(Einsum::new("ab,bc", [2, 3], &mut rngs())), "exactly two operands and a result"),
        (&|| drop(Einsum::new("ab,bc->ac", [2], &mut rngs())), "does not fit the kernel's [2]"),
        (
            &|| drop(Einsum::builder("ab,bc->ac", [2, 3]).bias_shape(2).build(&mut rngs())),
            "the bias [2] needs the axes of the kernel [2, 3] that stay, which are [3]",
        ),
        (
            &|| {
                let conv = Conv::new(3, 8, 3, &mut rngs());
                let builder = SpectralNorm::builder(conv).error_on_non_matrix(true);
                drop(builder.build(&mut rngs()));
            },
            "SpectralNorm: `kernel` is f32[3, 3, 8], which is not a matrix",
        ),
        (
            &|| {
                let mut norm = SpectralNorm::new(Linear::new(3, 8, &mut rngs()), &mut rngs());
                norm.layer_instance = Linear::new(3, 9, &mut rngs());
                drop(norm.forward(x(&[4, 3])));
            },
            "SpectralNorm: `kernel` is f32[3, 9], for which there are no statistics",
        ),
        (
            &|| {
                let mut norm = WeightNorm::new(Linear::new(3, 8, &mut rngs()), &mut rngs());
                norm.layer_instance = Linear::new(3, 9, &mut rngs());
                drop(norm.forward(x(&[4, 3])));
            },
            "WeightNorm: `kernel` is f32[3, 9], for which its scale was not made",
        ),
        (&|| drop(GroupNorm::builder(8).num_groups(3).build(&mut rngs())), "does not divide 8"),
        (&|| drop(GroupNorm::builder(8).num_groups(0).build(&mut rngs())), "does not divide 8"),
        (
            &|| drop(GroupNorm::builder(0).group_size(0).build(&mut rngs())),
            "GroupNorm: `num_features` is 0, but needs to be at least 1",
        ),
        (&|| drop(LayerNorm::new(0, &mut rngs())), "LayerNorm: `num_features` is 0"),
        (&|| drop(BatchNorm::new(0, &mut rngs())), "BatchNorm: `num_features` is 0"),
        (
            &|| drop(BatchNorm::builder(3).momentum(1.5).build(&mut rngs())),
            "BatchNorm: `momentum` is 1.5, but needs to be in [0, 1]",
        ),
        (&|| drop(nn::max_pool(x(&[4, 5]), [2, 2], &PoolOptions::new())), "max_pool: window"),
    ];
    assert_mistakes(mistakes, "layers.rs");
}
