//! `vmap` with a named axis: the function of one element reaches the others. The numbers are JAX's.

use super::jit_support::panic_message as message;
use nnx::module::Everything;
use nnx::nn::BatchNorm;
use nnx::{
    Array, DType, Module, Param, Rngs, StateAxes, all_gather, all_to_all, array, axis_index,
    axis_size, cond, custom_vjp, grad, in_axes, pbroadcast, pmax, pmean, pmin, ppermute, pshuffle,
    psum, psum_scatter, pswapaxes, remat, scan, vmap,
};

fn x() -> Array {
    Array::from([1.0_f32, 2.0, 4.0])
}

/// `f` of each element of `x()`, along the axis "i".
fn mapped(f: impl FnOnce(&Array) -> Array) -> Vec<f32> {
    vmap(|x: &Array| f(x), &x(), in_axes(0).axis_name("i")).to_vec()
}

/// Equal but for rounding.
fn assert_close(got: &Array, expected: impl Into<Array>) {
    let expected = expected.into();
    assert!(
        got.isclose(&expected, Default::default()).all(..).item::<bool>(),
        "{got} is not {expected}"
    );
}

#[test]
fn sums_means_and_extremes() {
    assert_eq!(mapped(|x| psum(x, "i") + x), [8.0, 9.0, 11.0]);
    assert_eq!(mapped(|x| pmean(x, "i") * 3.0), [7.0; 3]);
    assert_eq!(mapped(|x| pmax(x, "i") - pmin(x, "i")), [3.0; 3]);
    // A value that all elements share counts once for each.
    let shared = Array::scalar(3.0_f32);
    let of = |y: &Array| [psum(y, "i"), pmean(y, "i"), pmax(y, "i")];
    let all = vmap(
        |(_, y): (&Array, &Array)| of(y),
        (&x(), &shared),
        in_axes((0, None)).out_axes(None::<isize>).axis_name("i"),
    );
    assert_eq!(all.map(|y| y.item::<f32>()), [9.0, 3.0, 3.0]);
    // Integers stay integers in a sum, and have a float mean.
    let of = |x: &Array| (psum(x, "i"), pmean(x, "i"));
    let axes = in_axes(0).out_axes(None::<isize>).axis_name("i");
    let (sum, mean) = vmap(of, &Array::from([1_i32, 2, 4]), axes);
    assert_eq!((sum.dtype(), sum.item::<i32>()), (DType::I32, 7));
    assert_eq!(mean.dtype(), DType::F32);
    assert_close(&mean, 7.0_f32 / 3.0);
}

/// Short integers stay what they are, and wrap around.
#[test]
fn sums_of_short_integers() {
    let axes = || in_axes(0).axis_name("i");
    let x = Array::from([100_i8, 100, 100]);
    assert_eq!(vmap(|x: &Array| psum(x, "i") + x, &x, axes()).to_vec::<i8>(), [-112; 3]);
    let of_one = |(_, y): (&Array, &Array)| psum(y, "i");
    let axes = in_axes((0, None)).out_axes(None::<isize>).axis_name("i");
    let sum = vmap(of_one, (&array::zeros([300], DType::F32), &Array::scalar(1_u8)), axes);
    assert_eq!((sum.dtype(), sum.item::<u8>()), (DType::U8, 44));
}

#[test]
fn a_batch_without_elements() {
    let empty = array::zeros([0, 2], DType::F32);
    let of = |x: &Array| (psum(x, "i"), pmean(x, "i"), pmax(x, "i"), all_gather(x, "i"));
    let axes = in_axes(0).out_axes(None::<isize>).axis_name("i");
    let (sum, mean, max, all) = vmap(of, &empty, axes);
    assert_eq!(
        (sum.to_vec::<f32>(), max.shape(), all.shape()),
        (vec![0.0; 2], &[2][..], &[0, 2][..])
    );
    assert!(mean.to_vec::<f32>().iter().all(|x| x.is_nan()));
    let moved = vmap(|x: &Array| ppermute(x, "i", &[]), &empty, in_axes(0).axis_name("i"));
    assert_eq!(moved.shape(), [0, 2]);
}

#[test]
fn elements_know_their_number() {
    let indices = vmap(|_: &Array| axis_index("i"), &x(), in_axes(0).axis_name("i"));
    assert_eq!((indices.dtype(), indices.to_vec::<i32>()), (DType::I32, vec![0, 1, 2]));
    assert_eq!(mapped(|x| x * axis_size("i") as f32), [3.0, 6.0, 12.0]);
    // No argument is mapped at all.
    let axes = in_axes(None::<isize>).axis_size(2).axis_name("i");
    let sums = vmap(|x: &Array| x + axis_index("i"), &Array::scalar(5_i32), axes);
    assert_eq!(sums.to_vec::<i32>(), [5, 6]);
}

#[test]
fn values_of_others() {
    let weights = Array::from([0.0_f32, 1.0, 2.0]);
    assert_eq!(mapped(|x| (all_gather(x, "i") * &weights).sum(..) + x), [11.0, 12.0, 14.0]);
    assert_eq!(mapped(|x| ppermute(x, "i", &[(0, 1), (1, 2), (2, 0)])), [4.0, 1.0, 2.0]);
    assert_eq!(mapped(|x| psum_scatter(&(x * &weights), "i")), [0.0, 7.0, 14.0]);
}

/// Shapes, values and gradients as in JAX, each summed with weights.
#[test]
fn axes_are_exchanged_as_in_jax() {
    let x = array::arange(72, DType::F32).reshape([3, 2, 3, 4]);
    let check = |f: &dyn Fn(&Array) -> Array, shape: [usize; 4], sum: f32, slope: f32| {
        let of = |x: &Array| vmap(|x: &Array| f(x), x, in_axes(0).axis_name("i"));
        let y = of(&x);
        let weights = array::arange(72, DType::F32);
        assert_eq!(y.shape(), shape);
        assert_eq!((y.flatten() * &weights).sum(..).item::<f32>(), sum);
        let gradient = grad(|x: &Array| (of(x).sin().flatten() * &weights).sum(..), &x);
        let found = (gradient.flatten() * weights.cos()).sum(..).item::<f32>();
        assert!((found - slope).abs() < 0.05, "{found} {slope}");
    };
    check(&|x| all_to_all(x, "i", 1, 0, false), [3, 3, 2, 4], 105_516.0, 1_260.831_3);
    check(&|x| all_to_all(x, "i", 1, 2, false), [3, 2, 4, 3], 99_360.0, 1_267.103_8);
    check(&|x| all_to_all(x, "i", 1, 0, true), [3, 6, 1, 4], 105_516.0, 1_260.831_3);
    check(&|x| all_to_all(x, "i", 1, -1, true), [3, 2, 1, 12], 102_636.0, 1_264.341_6);
    check(&|x| pswapaxes(x, "i", 1), [3, 2, 3, 4], 102_636.0, 1_264.341_6);
    check(&|x| pshuffle(x, "i", &[2, 0, 1]), [3, 2, 3, 4], 80_364.0, 1_291.474_2);
    // Through another axis, and of a value that all elements share.
    let of_columns = |x: &Array| vmap(|x: &Array| pswapaxes(x, "i", 0), x, 0);
    let y = vmap(of_columns, &x, in_axes(0).axis_name("i"));
    assert_eq!(y.to_vec::<f32>(), x.swapaxes(0, 2).to_vec::<f32>());
    let three = vmap(
        |_: &Array| pswapaxes(&x.slice([0.into(), 0.into()]), "i", 0),
        &x,
        in_axes(0).axis_name("i"),
    );
    assert_eq!(three.slice([1.into()]).to_vec::<f32>()[..4], [4.0, 5.0, 6.0, 7.0]);
    let from =
        vmap(|x: &Array| pbroadcast(x, "i", 1), &x, in_axes(0).axis_name("i").out_axes(None));
    assert_eq!(from.to_vec::<f32>(), x.slice([1.into()]).to_vec::<f32>());
}

#[test]
fn axes_that_cannot_be_exchanged() {
    let x = array::arange(6, DType::F32).reshape([3, 2]);
    let named = |f: &dyn Fn(&Array) -> Array| {
        message(|| drop(vmap(|x: &Array| f(x), &x, in_axes(0).axis_name("i"))))
    };
    let text = named(&|x| all_to_all(x, "i", 0, 0, false));
    assert!(
        text.contains("f32[2] has no slice for each of the 3 elements of the axis `i`"),
        "{text}"
    );
    let text = named(&|x| all_to_all(x, "i", 0, 0, true));
    assert!(text.contains("f32[2] has no piece of one size for each of the 3 elements"), "{text}");
    let text = named(&|x| pswapaxes(x, "i", 1));
    assert!(text.contains("pswapaxes") && text.contains("axis 1"), "{text}");
    let text = named(&|x| pshuffle(x, "i", &[0, 0, 1]));
    assert!(text.contains("[0, 0, 1] does not hold the number of each"), "{text}");
    let text = named(&|x| pbroadcast(x, "i", 3));
    assert!(text.contains("the axis `i` has 3 elements, and none of number 3"), "{text}");
}

#[test]
fn gradients_inside_and_outside() {
    let of = |f: fn(&Array) -> Array| mapped(move |x| grad(f, x));
    assert_eq!(of(|x| psum(x, "i")), [3.0; 3]);
    assert_eq!(of(|x| psum(&(x * x), "i") * x), [35.0, 49.0, 77.0]);
    assert_eq!(
        of(|x| (all_gather(x, "i") * Array::from([0.0_f32, 1.0, 2.0])).sum(..)),
        [0.0, 3.0, 6.0]
    );
    assert_eq!(of(|x| ppermute(x, "i", &[(0, 1), (1, 2), (2, 0)]) * x), [6.0, 5.0, 3.0]);
    let outside = |x: &Array| {
        vmap(|x: &Array| pmean(&(x * x), "i") * x, x, in_axes(0).axis_name("i")).sum(..)
    };
    let expected = [35.0_f32, 49.0, 77.0].map(|x| x / 3.0);
    assert_close(&grad(outside, &x()), Array::from(expected));
    let text = message(|| drop(mapped(|x| grad(|x: &Array| pmax(x, "i"), x))));
    assert!(text.contains("pmax") && text.contains("no derivative"), "{text}");
}

#[test]
fn through_other_transforms() {
    let step = |x: &Array| {
        let body = |c: Array, (): ()| (psum(&(&c * &c), "i") / 3.0 + x, ());
        scan(body, x.clone(), nnx::length(2)).0
    };
    let got = mapped(|x| grad(step, x));
    assert_close(&Array::from(got), Array::from([54.333_336_f32, 93.666_67, 172.333_34]));
    assert_eq!(mapped(|x| remat(|x: &Array| psum(x, "i") * x, x)), [7.0, 14.0, 28.0]);
    let by_branch =
        |x: &Array| cond(x.gt(1.5), |x: &Array| psum(x, "i"), |x: &Array| x * axis_index("i"), x);
    assert_eq!(mapped(by_branch), [0.0, 7.0, 7.0]);
    // Where nothing but the inside of a loop depends on the element.
    let counted = |_: &Array| {
        let body = |c: Array, (): ()| (c + axis_index("i"), ());
        scan(body, Array::scalar(1_i32), nnx::length(3)).0
    };
    let counts = vmap(counted, &x(), in_axes(0).axis_name("i"));
    assert_eq!(counts.to_vec::<i32>(), [1, 4, 7]);
    // The backward pass of a custom rule is traced when the derivative is taken, outside of `vmap`.
    let doubled = |x: &Array| x * 2.0;
    let scaled =
        custom_vjp(doubled, move |x: &Array| (doubled(x), ()), |(), ct: &Array| psum(ct, "i"));
    let total = |x: &Array| (vmap(&scaled, x, in_axes(0).axis_name("i")) * self::x()).sum(..);
    assert_eq!(grad(total, &x()).to_vec::<f32>(), [7.0; 3]);
}

#[test]
fn several_axes() {
    let table = Array::from([[1.0_f32, 2.0, 3.0], [10.0, 20.0, 30.0]]);
    let rows = |f: fn(&Array) -> Array| {
        let row = move |row: &Array| vmap(f, row, in_axes(0).axis_name("column"));
        vmap(row, &table, in_axes(0).axis_name("row")).to_vec::<f32>()
    };
    assert_eq!(rows(|x| psum(x, "column")), [6.0, 6.0, 6.0, 60.0, 60.0, 60.0]);
    assert_eq!(rows(|x| psum(x, "row")), [11.0, 22.0, 33.0, 11.0, 22.0, 33.0]);
    assert_eq!(rows(|x| all_gather(x, "row").max(..) + x), [11.0, 22.0, 33.0, 20.0, 40.0, 60.0]);
    assert_eq!(rows(|x| psum_scatter(&all_gather(x, "row"), "row") - x * 2.0), [0.0; 6]);
    // The inner one of two with the same name.
    let inner = |row: &Array| vmap(|x: &Array| psum(x, "i"), row, in_axes(0).axis_name("i"));
    let sums = vmap(inner, &table, in_axes(0).axis_name("i"));
    assert_eq!(sums.to_vec::<f32>(), [6.0, 6.0, 6.0, 60.0, 60.0, 60.0]);
}

#[derive(Module)]
struct Pair {
    a: Param,
    b: Param,
}

#[nnx::jit]
fn mean_gradient(model: &Pair, xs: &Array) -> Pair {
    let of_one = |(model, x): (&Pair, &Array)| {
        let grads = grad(|model: &Pair| (&*model.a * x + &*model.b).square(), model);
        pmean(&grads, "batch")
    };
    let axes = in_axes((None, 0)).out_axes(None::<isize>).axis_name("batch");
    vmap(of_one, (model, xs), axes)
}

#[test]
fn gradients_of_a_model_are_averaged() {
    let param = |x: f32| Param::new(Array::scalar(x));
    let model = Pair { a: param(1.0), b: param(0.0) };
    for _ in 0..2 {
        let grads = mean_gradient(&model, &x());
        assert_close(&grads.a, 14.0_f32);
        assert_close(&grads.b, 14.0_f32 / 3.0);
    }
}

#[test]
fn batch_norm_of_parts_of_a_batch() {
    let x = Array::from([[1.0_f32, 2.0], [3.0, 5.0], [-1.0, 4.0], [10.0, 20.0]]);
    let layer = || BatchNorm::builder(2).momentum(0.5);
    let mut whole = layer().build(&mut Rngs::new(0));
    let expected = whole.forward(&x);
    let mut parts = layer().axis_name("devices").build(&mut Rngs::new(0));
    let shared = StateAxes::new().with(Everything, None);
    let y = vmap(
        |(layer, x): (&mut BatchNorm, &Array)| layer.forward(x),
        (&mut parts, &x.reshape([2, 2, 2])),
        in_axes((shared, 0)).axis_name("devices"),
    );
    assert_close(&y.reshape([4, 2]), expected);
    assert_close(&parts.mean, whole.mean.value().clone());
    assert_close(&parts.var, whole.var.value().clone());
    let text = message(|| drop(parts.forward(&x)));
    assert!(text.contains("BatchNorm: there is no axis `devices`"), "{text}");
    assert!(text.contains("axis_names.rs"), "{text}");
}

#[test]
fn batch_norm_with_a_mask() {
    let x = Array::from([[1.0_f32, 2.0], [3.0, 5.0], [-1.0, 4.0], [10.0, 20.0]]);
    let mask = Array::from([[true], [true], [true], [false]]);
    let mut layer = BatchNorm::builder(2).momentum(0.5).build(&mut Rngs::new(0));
    let y = layer.forward_masked(&x, &mask);
    assert_close(&layer.mean, Array::from([0.5_f32, 1.833_333_3]));
    assert_close(&layer.var, Array::from([1.833_333_4_f32, 1.277_777_7]));
    let want = Array::from([
        [0.0_f32, -1.336_302],
        [1.224_742_5, 1.069_041_5],
        [-1.224_742_5, 0.267_260_34],
        [5.511_341_6, 13.095_759],
    ]);
    assert_close(&y, want);
    let text = message(|| drop(layer.forward_masked(&x, Array::from([true, false, true]))));
    assert!(text.contains("do not broadcast"), "{text}");
}

#[test]
fn mistakes() {
    let text = message(|| drop(psum(&x(), "i")));
    assert!(text.contains("there is no axis `i`: no axis has a name here"), "{text}");
    assert!(
        text.contains("in_axes(0).axis_name(\"i\")") && text.contains("axis_names.rs"),
        "{text}"
    );
    let text = message(|| drop(mapped(|x| pmean(x, "j"))));
    assert!(text.contains("there is no axis `j`: the axes here are `i`"), "{text}");
    // It is gone when `vmap` is over, after a panic too.
    let text = message(|| drop(axis_index("i")));
    assert!(text.contains("no axis has a name here"), "{text}");
    let text = message(|| drop(mapped(|x| ppermute(x, "i", &[(0, 1), (1, 2)]))));
    assert!(text.contains("2 pairs for the 3 elements of the axis `i`"), "{text}");
    let text = message(|| drop(mapped(|x| ppermute(x, "i", &[(0, 1), (1, 1), (2, 0)]))));
    assert!(text.contains("(1, 1) names an element"), "{text}");
    let text = message(|| drop(mapped(|x| psum_scatter(x, "i"))));
    assert!(text.contains("has no slice for each of the 3 elements"), "{text}");
    let text = message(|| drop(mapped(|x| psum(&x.gt(0.0), "i"))));
    assert!(text.contains("psum") && text.contains("astype"), "{text}");
}
