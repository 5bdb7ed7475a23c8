use crate::{Mistakes, assert_close, assert_mistakes};
use nnx_core::nn::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm};
use nnx_core::random::{self, Rngs};
use nnx_core::{Array, DType};

fn x(shape: &[usize]) -> Array {
    random::normal(&random::key(3), shape, DType::F32)
}

fn rngs() -> Rngs {
    Rngs::new(0)
}

#[test]
fn norms_that_are_the_same_over_the_same_axes() {
    let x = x(&[2, 3, 4, 6]);
    let instance = InstanceNorm::new(6, &mut rngs()).forward(&x);
    let layer = LayerNorm::builder(6).reduction_axes([1, 2]).build(&mut rngs());
    assert_close("as a layer norm", &layer.forward(&x), &instance, 1e-6);
    let group = GroupNorm::builder(6).num_groups(6).build(&mut rngs());
    assert_close("as a group norm", &group.forward(&x), &instance, 1e-6);
    let whole = LayerNorm::builder(6).reduction_axes([1, 2, 3]).build(&mut rngs()).forward(&x);
    let one = GroupNorm::builder(6).num_groups(1).build(&mut rngs());
    assert_close("one group", &one.forward(&x), &whole, 1e-6);
    // An axis that is given twice counts once, as in Flax.
    let twice = LayerNorm::builder(6).reduction_axes([-1, 1, 2, 3]).build(&mut rngs());
    assert_close("twice", &twice.forward(&x), &whole, 1e-6);
}

#[test]
fn group_norm_keeps_the_axes_that_are_not_reduced() {
    let x = x(&[2, 3, 4, 6]);
    let rows = GroupNorm::builder(6).num_groups(3).reduction_axes([2, -1]).build(&mut rngs());
    // Each row as an example of its own.
    let norm = GroupNorm::builder(6).num_groups(3).build(&mut rngs());
    let want = norm.forward(x.reshape([6, 4, 6])).reshape([2, 3, 4, 6]);
    assert_close("rows", &rows.forward(&x), &want, 1e-6);
    let batch = GroupNorm::builder(6).num_groups(3).reduction_axes(..).build(&mut rngs());
    let want = norm.forward(x.reshape([1, 24, 6])).reshape([2, 3, 4, 6]);
    assert_close("the batch too", &batch.forward(&x), &want, 1e-6);
}

#[test]
fn masked_elements_do_not_count() {
    let (x, other) = (x(&[2, 3, 4]), x(&[2, 3, 4]) + 100.0);
    let mask = Array::from([[[true], [true], [false]], [[true], [false], [true]]]);
    let mixed = nnx_core::array::where_(&mask, &x, &other);
    macro_rules! check {
        ($($norm:expr;)*) => {$(
            let norm = $norm.build(&mut rngs());
            let of_mask = |x: &Array| x * mask.astype(DType::F32);
            let (y, want) = (norm.forward_masked(&mixed, &mask), norm.forward_masked(&x, &mask));
            assert_close(stringify!($norm), &of_mask(&y), &of_mask(&want), 1e-5);
        )*};
    }
    check! {
        LayerNorm::builder(4).reduction_axes([1, 2]);
        RMSNorm::builder(4).reduction_axes([1, 2]);
        GroupNorm::builder(4).num_groups(2);
        InstanceNorm::builder(4);
    }
    // Where no element counts there is no mean.
    let nothing = Array::from([[[true], [true], [false]]]);
    let y = LayerNorm::new(4, &mut rngs())
        .forward_masked(x.slice([0.into()]).reshape([1, 3, 4]), &nothing);
    let nan = y.is_nan().all(-1).to_vec::<bool>();
    assert_eq!(nan, [false, false, true]);
}

#[test]
fn mistakes() {
    let mistakes: &Mistakes<'_> = &[
        (
            &|| {
                drop(
                    LayerNorm::builder(6)
                        .feature_axes([1, 2])
                        .build(&mut rngs())
                        .forward(x(&[2, 3, 4])),
                )
            },
            "LayerNorm: the input f32[2, 3, 4] needs 6 features in axes [1, 2]",
        ),
        (
            &|| {
                drop(LayerNorm::builder(4).reduction_axes(3).build(&mut rngs()).forward(x(&[2, 4])))
            },
            "LayerNorm: axis 3 is out of bounds for f32[2, 4]",
        ),
        (
            &|| {
                drop(
                    InstanceNorm::builder(2).feature_axes(0).build(&mut rngs()).forward(x(&[2, 4])),
                )
            },
            "axis 0 is the batch, and cannot be an axis of features",
        ),
        (
            &|| {
                drop(
                    GroupNorm::builder(4)
                        .num_groups(2)
                        .reduction_axes(1)
                        .build(&mut rngs())
                        .forward(x(&[2, 3, 4])),
                )
            },
            "the last axis, which is that of the features, must be among `reduction_axes`",
        ),
        (
            &|| {
                drop(
                    RMSNorm::new(4, &mut rngs())
                        .forward_masked(x(&[2, 4]), Array::from([true, false])),
                )
            },
            "do not broadcast",
        ),
        (
            &|| drop(RMSNorm::builder(4).axis_name("i").build(&mut rngs()).forward(x(&[2, 4]))),
            "RMSNorm: there is no axis `i`",
        ),
        (
            &|| drop(BatchNorm::new(3, &mut rngs()).forward(x(&[2, 4]))),
            "BatchNorm: the input f32[2, 4] needs 3 features in axis 1",
        ),
    ];
    assert_mistakes(mistakes, "norms.rs");
}
