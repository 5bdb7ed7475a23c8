//! `gather` and `scatter` with dimension numbers: JAX's numbers, derivatives, batches, mistakes.

use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, jvp, vmap};

const NAN: f64 = f64::NAN;

fn x() -> Array {
    arange(24, DType::F64).reshape([4, 6])
}

/// The first window lies inside, the second and last reach beyond, the third begins before.
fn places() -> Array {
    Array::from([[0, 1], [3, 4], [2, -1], [3, 5]])
}

fn windows() -> GatherDimensionNumbers {
    GatherDimensionNumbers {
        offset_dims: vec![1, 2],
        start_index_map: vec![0, 1],
        ..Default::default()
    }
}

fn updated() -> ScatterDimensionNumbers {
    ScatterDimensionNumbers {
        update_window_dims: vec![1, 2],
        scatter_dims_to_operand_dims: vec![0, 1],
        ..Default::default()
    }
}

fn mode(mode: IndexMode) -> PlaceOptions {
    PlaceOptions { mode: Some(mode), ..Default::default() }
}

fn unique() -> PlaceOptions {
    PlaceOptions { unique_indices: true, ..Default::default() }
}

#[test]
fn gather_treats_windows_outside_as_its_mode_says() {
    let get = |options| gather(x(), places(), &windows(), &[2, 2], options).to_vec::<f64>();
    let clipped = [1., 2., 7., 8., 16., 17., 22., 23., 12., 13., 18., 19., 16., 17., 22., 23.];
    assert_eq!(get(mode(IndexMode::Clip)), clipped);
    assert_eq!(get(PlaceOptions::default()), clipped);
    let mut filled = vec![NAN; 16];
    filled[..4].copy_from_slice(&[1., 2., 7., 8.]);
    close(&get(mode(IndexMode::Fill)), &filled, 0.0);
    let fill_value = Some(-7.0);
    filled[4..].fill(-7.0);
    assert_eq!(get(PlaceOptions { fill_value, ..mode(IndexMode::Fill) }), filled);
    let ints = |dtype| {
        let x = x().astype(dtype);
        let y = gather(&x, places(), &windows(), &[2, 2], mode(IndexMode::Fill));
        y.astype(DType::I64).to_vec::<i64>()[4]
    };
    assert_eq!(ints(DType::I32), i64::from(i32::MIN));
    assert_eq!(ints(DType::U8), 255);
}

#[test]
fn gather_with_batching_dimensions() {
    let numbers = GatherDimensionNumbers {
        offset_dims: vec![1],
        start_index_map: vec![1],
        operand_batching_dims: vec![0],
        start_indices_batching_dims: vec![0],
        ..Default::default()
    };
    let at = Array::from([[1], [4], [0], [5]]);
    let y = gather(x(), &at, &numbers, &[1, 2], mode(IndexMode::Clip));
    assert_eq!(y.shape(), [4, 2]);
    assert_eq!(y.to_vec::<f64>(), [1., 2., 10., 11., 12., 13., 22., 23.]);
}

#[test]
#[rustfmt::skip]
fn gradients_of_gather_as_in_jax() {
    let gradient = |m| {
        let loss = |x: &Array| {
            let y = gather(x, places(), &windows(), &[2, 2], mode(m));
            where_(y.is_nan(), 0.0, y.square()).sum(..)
        };
        grad(loss, &x()).to_vec::<f64>()
    };
    assert_eq!(gradient(IndexMode::Clip), [
        0., 2., 4., 0., 0., 0., 0., 14., 16., 0., 0., 0., 24., 26., 0., 0., 64., 68., 36., 38., 0., 0., 88., 92.,
    ]);
    assert_eq!(gradient(IndexMode::Fill), [
        0., 2., 4., 0., 0., 0., 0., 14., 16., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
    ]);
}

type Scatter = fn(&Array, &Array, &Array, &ScatterDimensionNumbers, PlaceOptions) -> Array;

const ADD: Scatter = |x, i, u, n, o| scatter_add(x, i, u, n, o);
const SUB: Scatter = |x, i, u, n, o| scatter_sub(x, i, u, n, o);
const MUL: Scatter = |x, i, u, n, o| scatter_mul(x, i, u, n, o);
const MIN: Scatter = |x, i, u, n, o| scatter_min(x, i, u, n, o);
const MAX: Scatter = |x, i, u, n, o| scatter_max(x, i, u, n, o);
const SET: Scatter = |x, i, u, n, o| scatter(x, i, u, n, o);

#[test]
#[rustfmt::skip]
fn scatters_as_in_jax() {
    let u = (arange(16, DType::F64).reshape([4, 2, 2]) + 1.0) / 2.0;
    let rest = [12., 13., 14., 15., 16., 17., 18., 19., 20., 21., 22., 23.];
    let cases: [(Scatter, [f64; 24], [f64; 12]); 5] = [
        (ADD, [0., 1.5, 3., 3., 4., 5., 6., 8.5, 10., 9., 10., 11., 16.5, 18., 14., 15., 25., 27., 23.5, 25., 20., 21., 33., 35.],
            [0., 1.5, 3., 3., 4., 5., 6., 8.5, 10., 9., 10., 11.]),
        (MUL, [0., 0.5, 2., 3., 4., 5., 6., 10.5, 16., 9., 10., 11., 54., 65., 14., 15., 260., 357., 99., 114., 20., 21., 577.5, 736.],
            [0., 0.5, 2., 3., 4., 5., 6., 10.5, 16., 9., 10., 11.]),
        (MIN, [0., 0.5, 1., 3., 4., 5., 6., 1.5, 2., 9., 10., 11., 4.5, 5., 14., 15., 2.5, 3., 5.5, 6., 20., 21., 3.5, 4.],
            [0., 0.5, 1., 3., 4., 5., 6., 1.5, 2., 9., 10., 11.]),
        (MAX, [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15., 16., 17., 18., 19., 20., 21., 22., 23.],
            [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11.]),
        (SUB, [0., 0.5, 1., 3., 4., 5., 6., 5.5, 6., 9., 10., 11., 7.5, 8., 14., 15., 7., 7., 12.5, 13., 20., 21., 11., 11.],
            [0., 0.5, 1., 3., 4., 5., 6., 5.5, 6., 9., 10., 11.]),
    ];
    for (f, clipped, dropped) in cases {
        let y = f(&x(), &places(), &u, &updated(), mode(IndexMode::Clip));
        assert_eq!(y.to_vec::<f64>(), clipped);
        let y = f(&x(), &places(), &u, &updated(), PlaceOptions::default());
        assert_eq!(y.to_vec::<f64>(), [dropped, rest].concat());
    }
}

#[test]
#[rustfmt::skip]
fn gradients_of_scatters_as_in_jax() {
    let gradients = |f: Scatter, at: Array, u: Array, options| {
        let loss = |x: &Array, u: &Array| f(x, &at, u, &updated(), options).square().sum(..);
        let (gx, gu) = (grad(|x: &Array| loss(x, &u), &x()), grad(|u: &Array| loss(&x(), u), &u));
        (gx.to_vec::<f64>(), gu.to_vec::<f64>())
    };
    let u = (arange(16, DType::F64).reshape([4, 2, 2]) + 1.0) / 2.0;
    let clip = mode(IndexMode::Clip);
    let (gx, gu) = gradients(ADD, places(), &u * 3, clip);
    assert_eq!(gx, [0., 5., 10., 6., 8., 10., 12., 23., 28., 18., 20., 22., 51., 56., 28., 30., 86., 94., 69., 74., 40., 42., 110., 118.]);
    assert_eq!(gu, [5., 10., 23., 28., 86., 94., 110., 118., 51., 56., 69., 74., 86., 94., 110., 118.]);
    let (gx, gu) = gradients(SUB, places(), &u * 3, clip);
    assert_eq!(gx, [0., -1., -2., 6., 8., 10., 12., 5., 4., 18., 20., 22., -3., -4., 28., 30., -22., -26., 3., 2., 40., 42., -22., -26.]);
    assert_eq!(gu, [1., 2., -5., -4., 22., 26., 22., 26., 3., 4., -3., -2., 22., 26., 22., 26.]);
    let two = Array::from([[0, 0], [2, 3]]);
    let u = u.slice([(0..2).into()]);
    let (gx, gu) = gradients(SET, two.clone(), u.clone(), unique());
    assert_eq!(gx, [0., 0., 4., 6., 8., 10., 0., 0., 16., 18., 20., 22., 24., 26., 28., 0., 0., 34., 36., 38., 40., 0., 0., 46.]);
    assert_eq!(gu, [1., 2., 3., 4., 5., 6., 7., 8.]);
    let (gx, gu) = gradients(MUL, two, u.clone(), unique());
    assert_eq!(gx, [0., 2., 4., 6., 8., 10., 27., 56., 16., 18., 20., 22., 24., 26., 28., 187.5, 288., 34., 36., 38., 40., 514.5, 704., 46.]);
    assert_eq!(gu, [0., 2., 108., 196., 1125., 1536., 3087., 3872.]);
    // Of two that meet, one counts.
    let (_, gu) = gradients(SET, Array::from([[0, 0], [0, 0]]), u, PlaceOptions::default());
    assert_eq!(gu.iter().filter(|g| **g == 0.0).count(), 4);
}

/// Where JAX's derivative divides by zero, the differences say what is right.
#[test]
fn gradients_of_extremes_by_differences() {
    let at = Array::from([[0, 0], [2, 3], [1, 1]]);
    let mut rng = Rng(11);
    let (x, u) = (rng.distinct(&[4, 6]), rng.distinct(&[3, 2, 2]) * 0.9 + 0.1);
    for f in [MIN, MAX] {
        let both = |a: &[Array]| f(&a[0], &at, &a[1], &updated(), mode(IndexMode::Clip)).square();
        check_grad("scatter_min, scatter_max", &both, &[x.clone(), u.clone()]);
    }
}

#[test]
fn apply_goes_through_the_function_as_often_as_a_place_is_named() {
    let at = Array::from([[0, 0], [0, 1], [9, 9]]);
    let y = scatter_apply(x(), &at, |v| v * 2 + 1, &updated(), &[3, 2, 2], Default::default());
    let first = [1., 7., 5., 3., 4., 5., 13., 31., 17., 9., 10., 11.];
    assert_eq!(y.to_vec::<f64>()[..12], first);
    assert_eq!(y.to_vec::<f64>()[12..], x().to_vec::<f64>()[12..]);
    let once = |x: &Array| {
        let at = Array::from([[2, 3]]);
        scatter_apply(x, &at, |v| v * v, &updated(), &[1, 2, 2], unique()).sum(..)
    };
    let g = grad(once, &x()).to_vec::<f64>();
    assert_eq!(g[14..18], [1., 30., 32., 1.]);
}

#[test]
fn batches_as_in_jax() {
    let points = GatherDimensionNumbers {
        collapsed_slice_dims: vec![0],
        start_index_map: vec![0],
        ..Default::default()
    };
    let at = Array::from_slice(&[0, 5, 6, 1, 2, 2, -1, 3], [4, 2, 1]);
    let one = |(x, i): (&Array, &Array)| gather(x, i, &points, &[1], mode(IndexMode::Fill));
    let y = vmap(one, (&x(), &at), 0);
    close(&y.to_vec::<f64>(), &[0., 5., NAN, 7., 14., 14., NAN, 21.], 0.0);
    let points = ScatterDimensionNumbers {
        inserted_window_dims: vec![0],
        scatter_dims_to_operand_dims: vec![0],
        ..Default::default()
    };
    let u = Array::from([[1., 2.], [3., 4.], [5., 6.], [7., 8.]]);
    let one =
        |(x, i, u): (&Array, &Array, &Array)| scatter_add(x, i, u, &points, mode(IndexMode::Fill));
    let y = vmap(one, (&x(), &at, &u), 0).to_vec::<f64>();
    let want = [
        1., 1., 2., 3., 4., 7., 6., 11., 8., 9., 10., 11., 12., 13., 25., 15., 16., 17., 18., 19.,
        20., 29., 22., 23.,
    ];
    assert_eq!(y, want);
}

#[test]
fn no_windows_and_no_elements() {
    let none = zeros([0, 2], DType::I32);
    let y = gather(x(), &none, &windows(), &[2, 2], Default::default());
    assert_eq!(y.shape(), [0, 2, 2]);
    let u = zeros([0, 2, 2], DType::F64);
    let y = scatter_add(x(), &none, &u, &updated(), Default::default());
    assert_eq!(y.to_vec::<f64>(), x().to_vec::<f64>());
    // A window without elements.
    let y = gather(x(), places(), &windows(), &[0, 2], Default::default());
    assert_eq!(y.shape(), [4, 0, 2]);
}

#[test]
fn mistakes_are_told() {
    let get = |numbers: GatherDimensionNumbers, sizes: &'static [usize]| {
        message(move || {
            gather(x(), places(), &numbers, sizes, Default::default());
        })
    };
    let of = |f: fn(&mut GatherDimensionNumbers)| {
        let mut numbers = windows();
        f(&mut numbers);
        numbers
    };
    for (numbers, sizes, what) in [
        (of(|n| n.start_index_map = vec![0]), &[2, 2][..], "`start_index_map` has 1 dimensions"),
        (of(|n| n.start_index_map = vec![0, 2]), &[2, 2], "names dimension 2"),
        (of(|n| n.start_index_map = vec![1, 1]), &[2, 2], "names dimension 1 twice"),
        (of(|n| n.offset_dims = vec![2, 1]), &[2, 2], "`offset_dims` must ascend"),
        (of(|n| n.offset_dims = vec![1, 3]), &[2, 2], "`offset_dims` names dimension 3"),
        (of(|n| n.offset_dims = vec![1]), &[2, 2], "must be one of the window's"),
        (of(|n| (n.offset_dims, n.collapsed_slice_dims) = (vec![1], vec![0])), &[2, 2], "write 1"),
        (of(|n| n.operand_batching_dims = vec![0]), &[2, 2], "`start_index_map` and in"),
        (windows(), &[2, 7], "does not fit into"),
        (windows(), &[2], "`slice_sizes` has 1 sizes"),
    ] {
        let text = get(numbers, sizes);
        assert!(text.contains(what) && text.contains("gather"), "{text}\nlacks {what}");
    }
    let set = |u: Array, options| {
        message(std::panic::AssertUnwindSafe(move || {
            scatter(x(), places(), &u, &updated(), options);
        }))
    };
    let u = || zeros([4, 2, 2], DType::F64);
    let text = set(u().astype(DType::F32), Default::default());
    assert!(text.contains("must have the dtype"), "{text}");
    let text = set(zeros([3, 2, 2], DType::F64), Default::default());
    assert!(text.contains("besides their windows'"), "{text}");
    let text = set(zeros([4, 5, 2], DType::F64), Default::default());
    assert!(text.contains("do not fit"), "{text}");
    assert!(set(u(), mode(IndexMode::Wrap)).contains("not `Wrap`"));
    let fill_value = Some(1.0);
    let text = set(u(), PlaceOptions { fill_value, ..Default::default() });
    assert!(text.contains("`fill_value` is for `gather`"), "{text}");
}

#[test]
fn reduce_precision_as_in_jax() {
    let inf = f64::INFINITY;
    let v = [1.00390625, 1.01171875, 3e38, NAN, inf, 0.1, -65520.0];
    for dtype in [DType::F32, DType::F64] {
        let x = Array::from_slice(&v, [7]).astype(dtype);
        let to = |e, m| x.reduce_precision(e, m).astype(DType::F64).to_vec::<f64>();
        let bf16 = [1.0, 1.015625, 3.00405527047391e38, NAN, inf, 0.10009765625, -65536.0];
        close(&to(8, 7), &bf16, 1e-15);
        let f16 = [1.00390625, 1.01171875, inf, NAN, inf, 0.0999755859375, -inf];
        close(&to(5, 10), &f16, 0.0);
        close(&to(4, 3), &[1.0, 1.0, inf, NAN, inf, 0.1015625, -inf], 0.0);
        close(&to(11, 52), &x.astype(DType::F64).to_vec::<f64>(), 0.0);
    }
    let half = Array::from_slice(&[0.1_f32, 300.0], [2]);
    for dtype in [DType::F16, DType::BF16] {
        let y = half.astype(dtype).reduce_precision(4, 2).astype(DType::F32);
        assert_eq!(y.to_vec::<f32>(), [0.09375, f32::INFINITY]);
    }
    // The derivative is rounded in the same way.
    let (x, t) = (Array::from_slice(&[0.1_f32, 1.3], [2]), Array::from_slice(&[0.3_f32, 1.7], [2]));
    let g = grad(|x: &Array| (x.reduce_precision(8, 3) * &t).sum(..), &x);
    assert_eq!(g.to_vec::<f32>(), [0.3125, 1.75]);
    let (_, dy) = jvp(|x: &Array| x.reduce_precision(8, 3), &x, &t);
    assert_eq!(dy.to_vec::<f32>(), [0.3125, 1.75]);
    let y = vmap(|x: &Array| x.reduce_precision(8, 3), &t, 0);
    assert_eq!(y.to_vec::<f32>(), [0.3125, 1.75]);
    let text = message(|| {
        Array::from([1, 2]).reduce_precision(8, 3);
    });
    assert!(text.contains("needs a float dtype"), "{text}");
    let text = message(|| {
        Array::from([1.0]).reduce_precision(0, 3);
    });
    assert!(text.contains("`exponent_bits` must be at least 1"), "{text}");
}
