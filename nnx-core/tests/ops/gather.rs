use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad};

fn ints(values: &[i32], shape: &[usize]) -> Array {
    Array::from_slice(values, shape)
}

/// Index, shape and elements of the part of 0, 1, … in [2, 3, 4], and the array after 1, 4, 7, …
/// were added to the part: JAX's numbers.
#[test]
#[rustfmt::skip]
fn every_kind_of_index_reads_and_writes_as_in_jax() {
    let x = arange(24, DType::I32).reshape([2, 3, 4]);
    let y = x.astype(DType::F64);
    let (r, c, b) = (ints(&[2, 0, -1], &[3]), ints(&[0, 3], &[2, 1]), ints(&[1, 0], &[2]));
    macro_rules! check {
        ($index:expr => $shape:expr, $part:expr, $added:expr) => {
            let part = x.at($index).get();
            assert_eq!(part.shape(), $shape, stringify!($index));
            assert_eq!(part.to_vec::<i32>(), $part, stringify!($index));
            let values = (arange(part.size(), DType::I32) * 3 + 1).reshape(part.shape());
            assert_eq!(x.at($index).add(&values).to_vec::<i32>(), $added, stringify!($index));
            let values = values.astype(DType::F64);
            let both = |a: &[Array]| {
                let parts = [a[0].at($index).get(), a[0].at($index).add(&a[1])];
                concatenate([&parts[0].flatten(), &parts[1].flatten()], 0).square()
            };
            check_grad(stringify!($index), &both, &[y.clone(), values]);
        };
    }
    check!(&b => [2, 3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        [37, 41, 45, 49, 53, 57, 61, 65, 69, 73, 77, 81, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57]);
    check!((.., &r) => [2, 3, 4], [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11, 20, 21, 22, 23, 12, 13, 14, 15, 20, 21, 22, 23],
        [13, 17, 21, 25, 4, 5, 6, 7, 34, 41, 48, 55, 61, 65, 69, 73, 16, 17, 18, 19, 118, 125, 132, 139]);
    check!((.., .., &c) => [2, 3, 2, 1], [0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23],
        [1, 1, 2, 7, 11, 5, 6, 17, 21, 9, 10, 27, 31, 13, 14, 37, 41, 17, 18, 47, 51, 21, 22, 57]);
    check!((&b, .., &c) => [2, 2, 3], [12, 16, 20, 0, 4, 8, 15, 19, 23, 3, 7, 11],
        [10, 1, 2, 31, 17, 5, 6, 38, 24, 9, 10, 45, 13, 13, 14, 34, 20, 17, 18, 41, 27, 21, 22, 48]);
    check!((1, .., &r) => [3, 3], [14, 18, 22, 12, 16, 20, 15, 19, 23],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 22, 13, 15, 34, 29, 17, 22, 41, 36, 21, 29, 48]);
    check!((1, &r) => [3, 4], [20, 21, 22, 23, 12, 13, 14, 15, 20, 21, 22, 23],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25, 29, 33, 37, 16, 17, 18, 19, 46, 53, 60, 67]);
    check!((.., &r, &c) => [2, 2, 3], [8, 0, 8, 11, 3, 11, 20, 12, 20, 23, 15, 23],
        [4, 1, 2, 16, 4, 5, 6, 7, 16, 9, 10, 37, 34, 13, 14, 46, 16, 17, 18, 19, 64, 21, 22, 85]);
    check!((&b, 1..3) => [2, 2, 4], [16, 17, 18, 19, 20, 21, 22, 23, 4, 5, 6, 7, 8, 9, 10, 11],
        [0, 1, 2, 3, 29, 33, 37, 41, 45, 49, 53, 57, 12, 13, 14, 15, 17, 21, 25, 29, 33, 37, 41, 45]);
    check!((&b, .., -3..-1) => [2, 3, 2], [13, 14, 17, 18, 21, 22, 1, 2, 5, 6, 9, 10],
        [0, 20, 24, 3, 4, 30, 34, 7, 8, 40, 44, 11, 12, 14, 18, 15, 16, 24, 28, 19, 20, 34, 38, 23]);
    check!((&b, SliceSpec::from(..).step_by(2), 1..) => [2, 2, 3], [13, 14, 15, 21, 22, 23, 1, 2, 3, 9, 10, 11],
        [0, 20, 24, 28, 4, 5, 6, 7, 8, 37, 41, 45, 12, 14, 18, 22, 16, 17, 18, 19, 20, 31, 35, 39]);
    check!((.., 1, &r) => [2, 3], [6, 4, 7, 18, 16, 19],
        [0, 1, 2, 3, 8, 5, 7, 14, 8, 9, 10, 11, 12, 13, 14, 15, 29, 17, 28, 35, 20, 21, 22, 23]);
    check!((.., SliceSpec::from(0..3).step_by(2), &c) => [2, 2, 2, 1], [0, 3, 8, 11, 12, 15, 20, 23],
        [1, 1, 2, 7, 4, 5, 6, 7, 15, 9, 10, 21, 25, 13, 14, 31, 16, 17, 18, 19, 39, 21, 22, 45]);
    check!((Ellipsis, &r) => [2, 3, 3], [2, 0, 3, 6, 4, 7, 10, 8, 11, 14, 12, 15, 18, 16, 19, 22, 20, 23],
        [4, 1, 3, 10, 17, 5, 16, 23, 30, 9, 29, 36, 43, 13, 42, 49, 56, 17, 55, 62, 69, 21, 68, 75]);
    check!((Ellipsis, 1) => [2, 3], [1, 5, 9, 13, 17, 21],
        [0, 2, 2, 3, 4, 9, 6, 7, 8, 16, 10, 11, 12, 23, 14, 15, 16, 30, 18, 19, 20, 37, 22, 23]);
    check!((0, SliceSpec::from(..).step_by(2), 1..3) => [2, 2], [1, 2, 9, 10],
        [0, 2, 6, 3, 4, 5, 6, 7, 8, 16, 20, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    check!((-1, ..2) => [2, 4], [12, 13, 14, 15, 16, 17, 18, 19],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 17, 21, 25, 29, 33, 37, 41, 20, 21, 22, 23]);
}

#[test]
fn indices_outside() {
    let x = arange(6, DType::F64);
    let far = ints(&[5, 6, -6, -7, 100], &[5]);
    let nan = f64::NAN;
    let get = |mode| x.at(&far).mode(mode).get().to_vec::<f64>();
    let add = |mode| x.at(&far).mode(mode).add(1).to_vec::<f64>();
    use IndexMode::*;
    assert_eq!(x.at(&far).get().to_vec::<f64>(), [5., 5., 0., 0., 5.]);
    assert_eq!(x.at(&far).add(1).to_vec::<f64>(), [1., 1., 2., 3., 4., 6.]);
    assert_eq!(get(PromiseInBounds), [5., 5., 0., 0., 5.]);
    assert_eq!(get(Clip), [5., 5., 0., 0., 5.]);
    assert_eq!(add(Clip), [2., 1., 2., 3., 4., 8.]);
    close(&get(Fill), &[5., nan, 0., nan, nan], 0.0);
    assert_eq!(add(Fill), [1., 1., 2., 3., 4., 6.]);
    assert_eq!(get(Wrap), [5., 0., 0., 5., 4.]);
    assert_eq!(add(Wrap), [2., 1., 2., 3., 5., 7.]);
    assert_eq!(x.at(&far).fill_value(-1.0).get().to_vec::<f64>(), [5., -1., 0., -1., -1.]);

    close(&x.take(&far, 0).to_vec::<f64>(), &[5., nan, 0., nan, nan], 0.0);
    let take = |mode| x.take_mode(&far, 0, mode).to_vec::<f64>();
    assert_eq!(take(Clip), [5., 5., 0., 0., 5.]);
    assert_eq!(take(Wrap), [5., 0., 0., 5., 4.]);
    // Places outside get no gradient.
    for mode in [Clip, Fill, Wrap] {
        let loss = |x: &Array| where_(far.lt(6), x.take_mode(&far, 0, mode), 0.0).sum(..);
        let want = match mode {
            Clip => [2., 0., 0., 0., 0., 1.],
            Fill => [1., 0., 0., 0., 0., 1.],
            _ => [1., 0., 0., 0., 0., 2.],
        };
        assert_eq!(grad(loss, &x).to_vec::<f64>(), want, "{mode:?}");
    }
    // The fill values of integers and bools.
    let five = ints(&[5], &[1]);
    assert_eq!(Array::from_slice(&[1_i8, 2], [2]).take(&five, 0).to_vec::<i8>(), [-128]);
    assert_eq!(Array::from_slice(&[1_u8, 2], [2]).take(&five, 0).to_vec::<u8>(), [255]);
    assert_eq!(Array::from_slice(&[true, false], [2]).take(&five, 0).to_vec::<bool>(), [true]);
}

#[test]
fn indices_of_any_integer_dtype() {
    let x = arange(300, DType::F32);
    for dtype in [DType::I16, DType::I32, DType::I64, DType::U16, DType::U32, DType::U64] {
        let indices = ints(&[0, 299, 7], &[3]).astype(dtype);
        assert_eq!(x.take(&indices, 0).to_vec::<f32>(), [0., 299., 7.]);
        let y = x.at(&indices).set(-1).at(&indices).get();
        assert_eq!(y.to_vec::<f32>(), [-1.; 3]);
    }
    // A dtype too small for the size of the axis.
    let indices = Array::from_slice(&[255_u8, 1], [2]);
    assert_eq!(x.take(&indices, 0).to_vec::<f32>(), [255., 1.]);
    let clipped = x.at(&indices).mode(IndexMode::Clip).add(1).at(&indices).get();
    assert_eq!(clipped.to_vec::<f32>(), [256., 2.]);
    // Too large for 32 bits: outside, not wrapped around.
    let indices = Array::from_slice(&[1_i64 << 32, -1], [2]);
    close(&x.take(&indices, 0).astype(DType::F64).to_vec::<f64>(), &[f64::NAN, 299.], 0.0);
}

#[test]
fn take_replaces_the_axis() {
    let x = arange(12, DType::F64).reshape([3, 4]);
    let indices = ints(&[2, 0, -1, 1], &[2, 2]);
    let y = x.take(&indices, 1);
    assert_eq!(y.shape(), [3, 2, 2]);
    assert_eq!(y.to_vec::<f64>(), [2., 0., 3., 1., 6., 4., 7., 5., 10., 8., 11., 9.]);
    for axis in [0, 1] {
        check_grad2("take", &|a| a[0].square().take(&indices, axis), std::slice::from_ref(&x));
    }
    assert_eq!(x.take(Array::scalar(1), 0).to_vec::<f64>(), [4., 5., 6., 7.]);
    let none = zeros([0, 2], DType::I32);
    assert_eq!(x.take(&none, 1).shape(), [3, 0, 2]);
    assert_eq!(zeros([0, 4], DType::F32).take(&none, 0).shape(), [0, 2, 4]);
    let nothing = grad(|x: &Array| x.take(&none, 1).sum(..), &x);
    assert_eq!(nothing.to_vec::<f64>(), [0.0; 12]);
}

#[test]
fn take_along_an_axis() {
    let x = arange(12, DType::F64).reshape([3, 4]);
    let indices = ints(&[0, -1, 7, 1, 1, 2, 3, 0, 0], &[3, 3]);
    let y = x.take_along_axis(&indices, 1);
    close(&y.to_vec::<f64>(), &[0., 3., f64::NAN, 5., 5., 6., 11., 8., 8.], 0.0);
    let indices = ints(&[2, 1, 0, -1], &[1, 4]);
    let y = x.take_along_axis(&indices, 0);
    assert_eq!((y.shape(), y.to_vec::<f64>()), (&[1, 4][..], vec![8., 5., 2., 11.]));
    // Size 1 beside the axis broadcasts, on either side.
    let y = x.take_along_axis(ints(&[3, 3, 0], &[1, 3]), -1);
    assert_eq!(y.to_vec::<f64>(), [3., 3., 0., 7., 7., 4., 11., 11., 8.]);
    let row = x.at(0..1).get();
    let y = row.take_along_axis(ints(&[3, 2, 1], &[3, 1]), 1);
    assert_eq!((y.shape(), y.to_vec::<f64>()), (&[3, 1][..], vec![3., 2., 1.]));
    let indices = ints(&[0, 2, 1, 1, 1, 0], &[3, 2]);
    let f = |a: &[Array]| a[0].square().take_along_axis(&indices, 1);
    check_grad2("take_along_axis", &f, std::slice::from_ref(&x));
    check_grad("take_along_axis of one row", &f, &[row]);
    let best = x.argmax(1).expand_dims(1);
    assert_eq!(x.take_along_axis(&best, 1).flatten().to_vec::<f64>(), [3., 7., 11.]);
}

/// Values, and gradients with respect to array and updates, where updates meet: JAX's numbers.
#[test]
fn updates_that_meet() {
    let x = arange(6, DType::F64);
    let weights = arange(6, DType::F64) + 1.0;
    let places = ints(&[0, 2, 0, 2, 5], &[5]);
    type Update = fn(At, &Array) -> Array;
    type Case = (Update, [f64; 5], [f64; 6], [f64; 6], [f64; 5]);
    let third = 1.0 / 3.0;
    #[rustfmt::skip]
    let cases: [Case; 6] = [
        (|at, u| at.set(u), [10., 20., 30., 40., 50.], [30., 1., 40., 3., 4., 50.],
            [0., 2., 0., 4., 5., 0.], [0., 0., 1., 3., 6.]),
        (|at, u| at.add(u), [10., 20., 30., 40., 50.], [40., 1., 62., 3., 4., 55.],
            [1., 2., 3., 4., 5., 6.], [1., 3., 1., 3., 6.]),
        (|at, u| at.min(u), [10., 20., 30., 40., 50.], [0., 1., 2., 3., 4., 5.],
            [1., 2., 3., 4., 5., 6.], [0.; 5]),
        (|at, u| at.max(u), [10., 20., 30., 40., 50.], [30., 1., 40., 3., 4., 50.],
            [0., 2., 0., 4., 5., 0.], [0., 0., 1., 3., 6.]),
        (|at, u| at.min(u), [0., 2., 0., 1., -1.], [0., 1., 1., 3., 4., -1.],
            [third, 2., 0., 4., 5., 0.], [third, 0., third, 3., 6.]),
        (|at, u| at.max(u), [0., 2., 0., 1., -1.], [0., 1., 2., 3., 4., 5.],
            [third, 2., 1.5, 4., 5., 6.], [third, 1.5, third, 0., 0.]),
    ];
    for (i, (update, values, want, by_x, by_values)) in cases.into_iter().enumerate() {
        let values = f64s(&values, &[5]);
        let y = update(x.at(&places), &values);
        assert_eq!(y.to_vec::<f64>(), want, "case {i}");
        let loss = |args: &Vec<Array>| (update(args[0].at(&places), &args[1]) * &weights).sum(..);
        let grads = grad(loss, &vec![x.clone(), values]);
        close(&grads[0].to_vec::<f64>(), &by_x, 1e-15);
        close(&grads[1].to_vec::<f64>(), &by_values, 1e-15);
    }
}

#[test]
fn updates_have_gradients() {
    let mut rng = Rng(8);
    let x = rng.distinct(&[4, 3]);
    let u = rng.distinct(&[2, 3]) + 0.1;
    let rows = ints(&[3, 1], &[2]);
    let args = [x.clone(), u];
    check_table(
        check_grad2,
        &[
            ("set", &|a| a[0].square().at(&rows).set(a[1].square())),
            ("set unique", &|a| a[0].at(&rows).unique_indices().set(a[1].square())),
            ("add", &|a| a[0].square().at(&rows).add(a[1].square())),
            ("mul", &|a| a[0].at(&rows).unique_indices().mul(&a[1])),
            ("min", &|a| a[0].square().at(&rows).min(&a[1])),
            ("max", &|a| a[0].square().at(&rows).max(&a[1])),
        ],
        &args,
    );
    let args = [x, rng.distinct(&[2]) + 0.1];
    let step = || (SliceSpec::from(..).step_by(2), 1);
    check_table(
        check_grad2,
        &[
            ("slice set", &|a| a[0].square().at((1..3, 1)).set(a[1].square())),
            ("slice add", &|a| a[0].at((1..3, 1)).add(a[1].square())),
            ("slice mul", &|a| a[0].at((1..3, 1)).mul(a[1].square())),
            ("slice min", &|a| a[0].at((1..3, 1)).min(&a[1])),
            ("slice max", &|a| a[0].at((1..3, 1)).max(&a[1])),
            ("strided set", &|a| a[0].at(step()).set(a[1].square())),
            ("strided mul", &|a| a[0].at(step()).mul(a[1].square())),
        ],
        &args,
    );
    // Without the promise the factors have no gradient, and the error says what to do.
    let (x, u) = (args[0].clone(), args[1].clone());
    let text = message(move || {
        let loss = |u: &Array| x.at((&ints(&[3, 1], &[2]), 0)).mul(u).sum(..);
        drop(grad(loss, &u));
    });
    assert!(text.contains("unique_indices") && text.contains("tests/ops/gather.rs"), "{text}");
}

#[test]
fn updates_convert_and_broadcast() {
    let x = zeros([2, 3], DType::I32);
    assert_eq!(x.at(1).set(7).to_vec::<i32>(), [0, 0, 0, 7, 7, 7]);
    assert_eq!(x.at((.., 1..)).add(ints(&[1, 2], &[2])).to_vec::<i32>(), [0, 1, 2, 0, 1, 2]);
    let rows = ints(&[1, 1], &[2]);
    assert_eq!(x.at(&rows).add(2).to_vec::<i32>(), [0, 0, 0, 4, 4, 4]);
    assert_eq!(x.at(&rows).add(Array::scalar(1_i8)).to_vec::<i32>(), [0, 0, 0, 2, 2, 2]);
    assert_eq!(x.at(..).max(3).to_vec::<i32>(), [3; 6]);
    assert_eq!(x.at(Ellipsis).set(1).to_vec::<i32>(), [1; 6]);
    assert_eq!(x.at((5.., ..)).set(1).to_vec::<i32>(), [0; 6]);
    let flags = Array::from_slice(&[true, false, false], [3]);
    let set = flags.at(ints(&[2], &[1])).set(true);
    assert_eq!(set.to_vec::<bool>(), [true, false, true]);
    let none = zeros([0], DType::I32);
    assert_eq!(x.at(&none).add(1).to_vec::<i32>(), [0; 6]);
    assert_eq!(x.at(&none).get().shape(), [0, 3]);
    for dtype in [DType::BF16, DType::F16, DType::F64, DType::U8] {
        let y = zeros([3], dtype).at(ints(&[2, 2, 0], &[3])).add(1.0);
        assert_eq!(y.astype(DType::F32).to_vec::<f32>(), [1., 0., 2.]);
    }
}

#[test]
fn mistakes_name_the_index() {
    let x = || zeros([2, 3], DType::F32);
    let refuse = |f: &dyn Fn(), parts: &[&str]| {
        let text = message(std::panic::AssertUnwindSafe(f));
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
        assert!(text.contains("tests/ops/gather.rs"), "{text}");
    };
    let floats = || zeros([2], DType::F32);
    refuse(&|| drop(x().take(floats(), 0)), &["take", "integer", "f32[2]"]);
    refuse(&|| drop(x().at(floats()).get()), &["integer", "f32[2]"]);
    refuse(&|| drop(x().take(ints(&[0], &[1]), 2)), &["axis 2", "f32[2, 3]"]);
    refuse(&|| drop(x().at((0, 1, 2)).get()), &["3 items", "f32[2, 3]"]);
    refuse(&|| drop(x().at((Ellipsis, Ellipsis)).get()), &["2 ellipses"]);
    refuse(&|| drop(x().at((.., 3)).set(1)), &["position 3 of axis 1", "f32[2, 3]"]);
    let (two, three) = (|| ints(&[0, 1], &[2]), || ints(&[0, 1, 1], &[3]));
    refuse(&|| drop(x().at((&two(), &three())).get()), &["broadcast", "i32[3]", "[2]"]);
    refuse(&|| drop(x().at(two()).set(zeros([2, 2], DType::F32))), &["f32[2, 2]", "[2, 3]"]);
    refuse(&|| drop(x().at(0..1).set(zeros([2, 3], DType::F32))), &["f32[2, 3]", "[1, 3]"]);
    refuse(&|| drop(x().take_along_axis(two(), 0)), &["take_along_axis", "i32[2]"]);
    refuse(&|| drop(zeros([0, 3], DType::F32).take(two(), 0)), &["no elements"]);
    refuse(&|| drop(zeros([0, 3], DType::F32).at(two()).set(1)), &["no elements"]);
    refuse(&|| drop(x().eq(0).at(two()).add(true)), &["bool"]);
}

/// As NumPy has it: a new axis stands where it is named, and separates arrays as a range does.
#[test]
fn new_axes_in_an_index() {
    let x = arange(24, DType::I32).reshape([2, 3, 4]);
    let r = ints(&[1, 0], &[2]);
    let check = |part: At, shape: &[usize], elements: &[i32]| {
        let part = part.get();
        assert_eq!((part.shape(), &*part.to_vec::<i32>()), (shape, elements));
    };
    check(x.at((.., NewAxis, 1)), &[2, 1, 4], &[4, 5, 6, 7, 16, 17, 18, 19]);
    check(x.at((&r, NewAxis, &r)), &[2, 1, 4], &[16, 17, 18, 19, 0, 1, 2, 3]);
    check(
        x.at((Ellipsis, NewAxis, &r)),
        &[2, 3, 1, 2],
        &[1, 0, 5, 4, 9, 8, 13, 12, 17, 16, 21, 20],
    );
    check(x.at((&r, .., NewAxis, &r)), &[2, 3, 1], &[13, 17, 21, 0, 4, 8]);
    let mask = Array::from([[true, false, true], [false, true, false]]);
    let kept = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19];
    check(x.at((&mask, NewAxis)), &[3, 1, 4], &kept);
    check(x.at((NewAxis, &mask)), &[1, 3, 4], &kept);
    assert_eq!(x.at((NewAxis, Ellipsis, NewAxis)).get().shape(), [1, 2, 3, 4, 1]);
    assert_eq!(Array::scalar(1).at(NewAxis).get().shape(), [1]);

    // Updates keep the array's own shape.
    let y = arange(6, DType::I32).reshape([2, 3]);
    let part = || y.at((.., NewAxis, 1..));
    let values = ints(&[10, 20, 30, 40], &[2, 1, 2]);
    let check = |updated: Array, elements: &[i32]| {
        assert_eq!((updated.shape(), &*updated.to_vec::<i32>()), (&[2, 3][..], elements));
    };
    check(part().add(&values), &[0, 11, 22, 3, 34, 45]);
    check(part().set(&values), &[0, 10, 20, 3, 30, 40]);
    check(part().subtract(&values), &[0, -9, -18, 3, -26, -35]);
    check(part().power(2), &[0, 1, 4, 3, 16, 25]);
    check(part().apply(|x| x * 2), &[0, 2, 4, 3, 8, 10]);
    assert_eq!(part().divide(2).shape(), [2, 3]);
    let f = |y: &Array| y.at((.., NewAxis, 0)).get().square().sum(..);
    let slopes = grad(f, &y.astype(DType::F32));
    assert_eq!(slopes.to_vec::<f32>(), [0.0, 0.0, 0.0, 6.0, 0.0, 0.0]);
    let text = message(|| drop(y.at((0, NewAxis, 1, 2)).get()));
    assert!(text.contains("does not fit"), "{text}");
}
