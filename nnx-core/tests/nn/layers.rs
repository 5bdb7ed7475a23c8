use crate::golden::{Case, assert_close, case};
use nnx_core::array::Padding;
use nnx_core::module::{Key, Path, StaticValue, Structure, VarMut, VarRef, Visitor, VisitorMut};
use nnx_core::nn::{self, *};
use nnx_core::random::Rngs;
use nnx_core::{Array, Module, value_and_grad};
use std::collections::BTreeMap;

/// The Variables of a tree by their dotted paths.
fn state<M: Module>(module: &M) -> BTreeMap<String, Array> {
    #[derive(Default)]
    struct Collect(Path, BTreeMap<String, Array>);
    impl<'a> Visitor<'a> for Collect {
        fn variable(&mut self, variable: VarRef<'a>) {
            self.1.insert(self.0.dotted(), variable.value.clone());
        }
        fn array(&mut self, _: &'a Array) {}
        fn static_value(&mut self, _: &dyn StaticValue) {}
        fn structure(&mut self, _: Structure) {}
        fn enter(&mut self, key: Key<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    let mut collect = Collect::default();
    module.flatten(&mut collect);
    collect.1
}

/// Sets every Variable to the case's `in.state.PATH`.
fn set_state<M: Module>(module: &mut M, case: &Case) {
    struct Set<'c>(Path, &'c Case);
    impl VisitorMut for Set<'_> {
        fn variable(&mut self, variable: VarMut<'_>) {
            let given = self.1.get(&format!("in.state.{}", self.0.dotted()));
            *variable.value = given.reshape(variable.value.shape());
        }
        fn array(&mut self, _: &mut Array) {}
        fn enter(&mut self, key: Key<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    module.flatten_mut(&mut Set(Path::new(), case));
}

/// A layer made from the seed has Flax's initial state; from the given state its result, its
/// gradients and its state afterwards are Flax's.
fn check<M: Module>(
    name: &str,
    make: impl Fn(&mut Rngs) -> M,
    forward: impl Fn(&mut M, &Array) -> Array,
) {
    check_within(name, 2e-5, make, forward);
}

fn check_within<M: Module>(
    name: &str,
    tol: f64,
    make: impl Fn(&mut Rngs) -> M,
    forward: impl Fn(&mut M, &Array) -> Array,
) {
    let case = case("layers", name);
    let mut model = make(&mut Rngs::new(0));
    let initial = state(&model);
    let paths: Vec<&str> = case.names("in.state.").collect();
    assert_eq!(initial.keys().collect::<Vec<_>>(), paths, "{name}: paths");
    for (path, value) in &initial {
        case.check(&format!("in.state.{path}"), value, 2e-6);
    }
    set_state(&mut model, &case);
    let mut both = (model, case.get("in.x").clone());
    let ((_, y), grads) = value_and_grad(
        |(model, x): &mut (M, Array)| {
            let y = forward(model, x);
            ((&y * case.get("in.ct")).sum(..), y)
        },
        &mut both,
    );
    case.check("out.y", &y, tol);
    let gradients = state(&grads.0);
    for path in case.names("grad.") {
        let gradient = if path == "x" { &grads.1 } else { &gradients[path] };
        case.check(&format!("grad.{path}"), gradient, tol.max(2e-5));
    }
    let after = state(&both.0);
    for path in case.names("after.") {
        case.check(&format!("after.{path}"), &after[path], tol);
    }
}

#[test]
fn linear_equals_flax() {
    check("linear", |r| Linear::new(5, 7, r), |m, x| m.forward(x));
    check("linear_nobias", |r| Linear::builder(5, 7).use_bias(false).build(r), |m, x| m.forward(x));
}

#[test]
fn conv_equals_flax() {
    check("conv_same", |r| Conv::new(3, 8, [3, 3], r), |m, x| m.forward(x));
    check(
        "conv_valid_stride",
        |r| Conv::builder(3, 8, [3, 3]).strides(2).padding(Padding::Valid).build(r),
        |m, x| m.forward(x),
    );
    check(
        "conv_dilated_groups",
        |r| Conv::builder(4, 8, [3, 3]).kernel_dilation(2).feature_group_count(2).build(r),
        |m, x| m.forward(x),
    );
    check(
        "conv1d",
        |r| Conv::builder(3, 5, 4).padding(ConvPadding::Causal).build(r),
        |m, x| m.forward(x),
    );
    check(
        "conv_circular",
        |r| Conv::builder(3, 5, 3).padding(ConvPadding::Circular).build(r),
        |m, x| m.forward(x),
    );
}

#[test]
fn embed_equals_flax() {
    check("embed", |r| Embed::new(11, 6, r), |m, x| m.forward(x));
    check("embed_attend", |r| Embed::new(11, 6, r), |m, x| m.attend(x));
}

#[test]
fn embed_indexes_as_numpy() {
    let mut rngs = Rngs::new(0);
    let layer = Embed::new(3, 2, &mut rngs);
    let table = layer.embedding.to_vec::<f32>();
    let y = layer.forward(&Array::from_slice(&[-1, 0, 3], 3)).to_vec::<f32>();
    assert_eq!((&y[..2], &y[2..4]), (&table[4..], &table[..2]));
    assert!(y[4].is_nan() && y[5].is_nan());
    // With a single row every index means it.
    let one = Embed::new(1, 2, &mut rngs);
    let y = one.forward(&Array::from_slice(&[0, 7], [2, 1]));
    assert_eq!((y.shape(), y.to_vec::<f32>()), (&[2, 1, 2][..], one.embedding.to_vec().repeat(2)));
}

#[test]
fn norms_equal_flax() {
    check("batchnorm_train", |r| BatchNorm::new(6, r), |m, x| m.forward(x));
    check(
        "batchnorm_eval",
        |r| BatchNorm::builder(6).use_running_average(true).build(r),
        |m, x| m.forward(x),
    );
    check("batchnorm_2d", |r| BatchNorm::builder(3).momentum(0.9).build(r), |m, x| m.forward(x));
    check("layernorm", |r| LayerNorm::new(6, r), |m, x| m.forward(x));
    check("rmsnorm", |r| RMSNorm::new(6, r), |m, x| m.forward(x));
    check("groupnorm", |r| GroupNorm::builder(8).num_groups(4).build(r), |m, x| m.forward(x));
    check("instancenorm", |r| InstanceNorm::new(4, r), |m, x| m.forward(x));
}

#[test]
fn dropout_equals_flax() {
    check_within("dropout", 0.0, |r| Dropout::new(0.4, r), |m, x| m.forward(x));
}

#[test]
fn pools_equal_flax() {
    let strided = |strides: [usize; 2]| PoolOptions::new().strides(strides);
    let check = |name: &str, f: &dyn Fn(&Array) -> Array| {
        let case = case("layers", name);
        let x = case.get("in.x");
        let ((_, y), grad) = value_and_grad(
            |x: &Array| {
                let y = f(x);
                ((&y * case.get("in.ct")).sum(..), y)
            },
            x,
        );
        case.check("out.y", &y, 1e-6);
        case.check("grad.x", &grad, 1e-6);
    };
    check("max_pool", &|x| nn::max_pool(x, [2, 2], &strided([2, 2])));
    check("avg_pool", &|x| nn::avg_pool(x, [3, 3], &strided([2, 2]).padding(Padding::Same)));
    check("min_pool", &|x| nn::min_pool(x, [2, 2], &strided([1, 1])));
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
    let flat = nn::max_pool(&x.reshape([3, 1]), 2, &options);
    assert_eq!((flat.shape(), flat.to_vec::<f32>()), (&[2, 1][..], vec![2.0, 3.0]));
    assert_eq!(nn::max_pool(&x.reshape([1, 1, 3, 1]), 2, &options).shape(), [1, 1, 2, 1]);
}

#[test]
fn conv_takes_any_number_of_batch_axes() {
    let mut rngs = Rngs::new(1);
    let layer = Conv::new(2, 3, [3, 3], &mut rngs);
    let x = nnx_core::random::normal(&rngs.params(), [2, 3, 5, 5, 2], nnx_core::DType::F32);
    let all = layer.forward(&x);
    assert_eq!(all.shape(), [2, 3, 5, 5, 3]);
    let one = layer.forward(&x.slice([1.into(), 2.into()]));
    assert_close("one image", &one, &all.slice([1.into(), 2.into()]), 1e-5);
}

#[test]
fn conv_masks_and_mirrors() {
    let mut rngs = Rngs::new(1);
    let x = Array::from_slice(&[1.0_f32, 2.0, 4.0, 8.0], [1, 4, 1]);
    let sum = || Conv::builder(1, 1, 3).kernel_init(initializers::ones());
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
    let norm = LayerNorm::new(6, &mut rngs);
    let embed = Embed::new(3, 4, &mut rngs);
    let rngs = || Rngs::new(0);
    let x = |shape: &[usize]| nnx_core::array::ones(shape, nnx_core::DType::F32);
    let mistakes: &[(&dyn Fn(), &str)] = &[
        (
            &|| drop(linear.forward(&x(&[4, 6]))),
            "Linear: the input f32[4, 6] needs a last axis of 5",
        ),
        (&|| drop(linear.forward(&x(&[]))), "Linear: the input f32[]"),
        (&|| drop(conv.forward(&x(&[9, 3]))), "needs 2 spatial axes and then 3 features"),
        (&|| drop(circular.forward(&x(&[1, 4, 3]))), "too small in axis 1 to add 4"),
        (&|| drop(norm.forward(&x(&[4, 5]))), "LayerNorm: the input f32[4, 5] needs 6 features"),
        (&|| drop(embed.forward(&x(&[2]))), "Embed: the input must be integers, got f32[2]"),
        (&|| drop(embed.attend(&x(&[2]))), "Embed: the query f32[2] needs a last axis of 4"),
        (&|| drop(Dropout::new(1.5, &mut rngs())), "the rate is a probability"),
        (&|| drop(Conv::builder(3, 8, 3).feature_group_count(2).build(&mut rngs())), "2 groups"),
        (&|| drop(Conv::builder(3, 8, [3, 3]).strides([1, 2, 3]).build(&mut rngs())), "strides"),
        (
            &|| drop(Conv::builder(3, 8, [3, 3]).padding(ConvPadding::Causal).build(&mut rngs())),
            "causal padding is for one spatial axis",
        ),
        (&|| drop(GroupNorm::builder(8).num_groups(3).build(&mut rngs())), "does not divide 8"),
        (&|| drop(nn::max_pool(&x(&[4, 5]), [2, 2], &PoolOptions::new())), "max_pool: window"),
    ];
    for (f, part) in mistakes {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(part), "{text:?} lacks {part:?}");
        assert!(text.contains("layers.rs"), "{text:?} does not name the caller's file");
    }
}
