//! Hypergeometric functions: values from SciPy, slopes by differences and by hand.

use crate::check::*;
use crate::values::*;
use nnx_core::{Array, DType, grad, special, vmap};

#[test]
fn hyp1f1() {
    let mut rows = Rows::of("hypergeometric", "hyp1f1");
    let [a, b, x] = rows.inputs(["a", "b", "x"]);
    rows.check("scipy.special.hyp1f1(a[:, None, None], b[:, None], x)", || {
        special::hyp1f1(a.expand_axes(&[-2, -1]), b.expand_dims(1), &x)
    });
    rows.done();
}

#[test]
fn hyp2f1() {
    let mut rows = Rows::of("hypergeometric", "hyp2f1");
    let [a, b, c, x] = rows.inputs(["a", "b", "c", "x"]);
    rows.check(
        "scipy.special.hyp2f1(a[:, None, None, None], b[:, None, None], c[:, None], x)",
        || {
            let (a, b) = (a.expand_axes(&[-3, -2, -1]), b.expand_axes(&[-2, -1]));
            special::hyp2f1(a, b, c.expand_dims(1), &x)
        },
    );
    rows.done();
}

/// Sums written out by hand, where SciPy has no slopes.
fn by_hand(x: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 0..2000 {
        term *= ratio(f64::from(k)) * x / f64::from(k + 1);
        sum += term;
    }
    sum
}

/// Central differences of fourth order.
fn difference_of(f: impl Fn(f64) -> f64, at: f64) -> f64 {
    let h = 1e-4;
    (8.0 * (f(at + h) - f(at - h)) - f(at + 2.0 * h) + f(at - 2.0 * h)) / (12.0 * h)
}

#[test]
fn slopes_by_the_parameters() {
    let confluent = |a: f64, b: f64, x: f64| by_hand(x, |k| (a + k) / (b + k));
    let points = [(0.7, 1.9, 3.5), (2.5, 0.6, 0.25), (-0.4, 1.5, 12.0), (1.2, 2.3, -4.0)];
    let column = |f: fn(&(f64, f64, f64)) -> f64| {
        Array::from_slice(&points.iter().map(f).collect::<Vec<_>>(), [points.len()])
    };
    let (a, b, x) = (column(|p| p.0), column(|p| p.1), column(|p| p.2));
    let sum = |(a, b, x): (&Array, &Array, &Array)| special::hyp1f1(a, b, x).sum(..);
    let (by_a, by_b, by_x) = grad(sum, (&a, &b, &x));
    let want: [Vec<f64>; 3] = [
        points.iter().map(|&(a, b, x)| difference_of(|a| confluent(a, b, x), a)).collect(),
        points.iter().map(|&(a, b, x)| difference_of(|b| confluent(a, b, x), b)).collect(),
        points.iter().map(|&(a, b, x)| difference_of(|x| confluent(a, b, x), x)).collect(),
    ];
    for (got, want) in [by_a, by_b, by_x].iter().zip(&want) {
        close(&got.to_vec::<f64>(), want, 1e-8);
    }
}

/// Also where a derivative's term is 0 by chance, with c − b = −½.
#[test]
fn slopes_by_the_parameters_of_gauss() {
    let gauss = |a: f64, b: f64, c: f64, x: f64| by_hand(x, |k| (a + k) * (b + k) / (c + k));
    let points = [(0.7, 1.9, 2.5, 0.6), (-0.4, 2.0, 1.5, -0.8), (1.5, 0.25, 0.6, 0.95)];
    let column = |f: fn(&(f64, f64, f64, f64)) -> f64| {
        Array::from_slice(&points.iter().map(f).collect::<Vec<_>>(), [points.len()])
    };
    let [a, b, c, x] = [column(|p| p.0), column(|p| p.1), column(|p| p.2), column(|p| p.3)];
    let sum = |(a, b, c, x): (&Array, &Array, &Array, &Array)| special::hyp2f1(a, b, c, x).sum(..);
    let (by_a, by_b, by_c, by_x) = grad(sum, (&a, &b, &c, &x));
    let each = |f: &dyn Fn(f64, f64, f64, f64) -> f64| -> Vec<f64> {
        points.iter().map(|&(a, b, c, x)| f(a, b, c, x)).collect()
    };
    let want = [
        each(&|a, b, c, x| difference_of(|a| gauss(a, b, c, x), a)),
        each(&|a, b, c, x| difference_of(|b| gauss(a, b, c, x), b)),
        each(&|a, b, c, x| difference_of(|c| gauss(a, b, c, x), c)),
        each(&|a, b, c, x| difference_of(|x| gauss(a, b, c, x), x)),
    ];
    for (got, want) in [by_a, by_b, by_c, by_x].iter().zip(&want) {
        close(&got.to_vec::<f64>(), want, 1e-8);
    }
}

/// Beyond what the series of ₁F₁ can hold, the slopes are those of the asymptotic one.
#[test]
fn slopes_far_out() {
    let x = Array::from([620.0, 640.0]);
    let log = |a: &Array, b: &Array| special::hyp1f1(a, b, &x).log().sum(..);
    let scalar = Array::scalar::<f64>;
    let (by_a, by_b) = grad(|(a, b): (&Array, &Array)| log(a, b), (&scalar(0.7), &scalar(2.5)));
    let value = |a: f64, b: f64| log(&scalar(a), &scalar(b)).item::<f64>();
    close(&[by_a.item()], &[difference_of(|a| value(a, 2.5), 0.7)], 1e-7);
    close(&[by_b.item()], &[difference_of(|b| value(0.7, b), 2.5)], 1e-7);
}

#[test]
fn edges() {
    let confluent = |a: f64, b: f64, x: f64| special::hyp1f1(a, b, Array::scalar(x)).item::<f64>();
    close(&[confluent(0.0, 0.0, 2.0), confluent(0.0, -2.0, 2.0)], &[1.0, 1.0], 0.0);
    close(&[confluent(1.0, 0.0, 2.0), confluent(-3.0, -2.0, 2.0)], &[INF, INF], 0.0);
    close(&[confluent(-1.0, -2.0, 0.5)], &[1.25], 1e-15);
    close(&[confluent(2.0, 2.0, 1.5)], &[1.5_f64.exp()], 1e-15);
    assert!(confluent(NAN, 1.0, 0.5).is_nan() && confluent(1.0, 1.0, NAN).is_nan());
    let gauss =
        |a: f64, b: f64, c: f64, x: f64| special::hyp2f1(a, b, c, Array::scalar(x)).item::<f64>();
    close(&[gauss(0.5, 0.25, 1.5, 1.0)], &[1.1981402347355923], 1e-14);
    close(&[gauss(0.5, 0.25, 1.5, 2.0), gauss(1.0, 2.0, 3.0, 1.0)], &[INF, INF], 0.0);
    close(&[gauss(-2.0, 3.0, 4.0, 1.5)], &[0.1], 1e-14);
    close(&[gauss(1.0, 2.0, -3.0, 0.5), gauss(-3.0, 3.0, -2.0, 0.5)], &[INF, INF], 0.0);
    close(&[gauss(-1.0, 2.0, -2.0, 0.5)], &[1.5], 1e-15);
    close(&[gauss(1.0, 2.0, -3.0, 0.0), gauss(0.0, 2.0, 1.0, 0.5)], &[1.0, 1.0], 0.0);
    assert!(gauss(1.0, 1.0, NAN, 0.5).is_nan());
    assert_eq!(special::hyp2f1(1, 2, 3, f64s(&[], &[0])).shape(), [0]);
    assert_eq!(special::hyp1f1(1, 2, Array::from([1, 2])).dtype(), DType::F32);
}

/// A batch whose elements need loops of other lengths, and narrow dtypes.
#[test]
fn batches_and_dtypes() {
    let x = f64s(&[0.1, 0.95, -4.0, 0.5], &[4]);
    let f =
        |x: &Array| special::hyp2f1(0.5, 0.75, 1.25, x) + special::hyp1f1(0.5, 1.5, &(x * 30.0));
    close(&numbers(&vmap(f, &x, 0)), &numbers(&f(&x)), 1e-13);
    for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::BF16, 0.02), (DType::F16, 2e-3)] {
        let narrow = x.astype(dtype);
        let y = special::hyp2f1(0.5, 0.75, 1.25, &narrow);
        assert_eq!(y.dtype(), dtype);
        let want = special::hyp2f1(0.5, 0.75, 1.25, narrow.astype(DType::F64));
        close(&numbers(&y), &numbers(&want), tolerance);
    }
    let z = nnx_core::array::complex(&x, 1.0);
    refused(&[
        ("hyp1f1", &|| special::hyp1f1(1, 2, &z), &["hyp1f1", "real numbers"]),
        ("hyp2f1", &|| special::hyp2f1(1, 2, 3, &z), &["hyp2f1", "real numbers"]),
    ]);
}
