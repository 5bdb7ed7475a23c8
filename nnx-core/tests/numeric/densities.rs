//! Modes and densities of samples.

use crate::check::close;
use crate::values::*;
use nnx_core::array::{keepdims, zeros};
use nnx_core::stats::{Bandwidth, GaussianKde, mode};
use nnx_core::{Array, DType, grad, random, vmap};

#[test]
fn modes() {
    let mut rows = Rows::of("densities", "mode");
    let [x, y] = rows.inputs(["x", "y"]);
    rows.check("jsp.stats.mode(x)", || mode(&x, 0));
    rows.check("jsp.stats.mode(x, axis=1)", || mode(&x, 1));
    rows.check("jsp.stats.mode(x, axis=None)", || mode(&x, ..));
    rows.check("jsp.stats.mode(x, axis=1, keepdims=True)", || mode(&x, keepdims(1)));
    rows.check("jsp.stats.mode(x.reshape(3, 2, 3), axis=-2)", || mode(x.reshape([3, 2, 3]), -2));
    rows.check("jsp.stats.mode(y, axis=1)", || mode(&y, 1));
    rows.check("jsp.stats.mode(y[0, :1])", || mode(y.at(0).get().at(..1).get(), 0));
    rows.done();
}

#[test]
fn modes_of_few_and_of_several_axes() {
    let x = Array::from_slice(&[1, 5, 5, 2, 2, 2, 5, 5], [2, 2, 2]);
    let (value, count) = mode(&x, [0, 2]);
    close(&numbers(&value), &[2.0, 5.0], 0.0);
    close(&numbers(&count), &[2.0, 3.0], 0.0);
    let (value, count) = mode(zeros([0, 2], DType::F32), 0);
    assert!(value.is_nan().all(..).item::<bool>());
    close(&numbers(&count), &[0.0, 0.0], 0.0);
    let rows = vmap(|x: &Array| mode(x, ..).0, &x, 0);
    close(&numbers(&rows), &[5.0, 2.0], 0.0);
    let z = nnx_core::array::complex(&x, 1.0);
    refused(&[
        ("complex", &|| mode(&z, 0).0, &["mode", "no order"]),
        ("none", &|| mode(zeros([0], DType::I32), 0).0, &["mode", "no numbers", "i32[0]"]),
    ]);
}

fn scott(x: &Array) -> GaussianKde {
    GaussianKde::new(x, Bandwidth::Scott, None)
}

#[test]
fn gaussian_kde() {
    let mut rows = Rows::of("densities", "gaussian_kde");
    let [x, w, p, m, q, c] = rows.inputs(["x", "w", "p", "m", "q", "c"]);
    let weighted = GaussianKde::new(&m, Bandwidth::Scott, &w);
    rows.check("jsp.stats.gaussian_kde(x).evaluate(p)", || scott(&x).evaluate(&p));
    rows.check("jsp.stats.gaussian_kde(x, 'silverman').pdf(p)", || {
        GaussianKde::new(&x, Bandwidth::Silverman, None).pdf(&p)
    });
    rows.check("jsp.stats.gaussian_kde(x, 0.3, w).logpdf(p)", || {
        GaussianKde::new(&x, Bandwidth::Factor(0.3), &w).logpdf(&p)
    });
    rows.check("jsp.stats.gaussian_kde(m).evaluate(q)", || scott(&m).evaluate(&q));
    rows.check("jsp.stats.gaussian_kde(m, weights=w).logpdf(q)", || weighted.logpdf(&q));
    rows.check("jsp.stats.gaussian_kde(m, weights=w).covariance", || weighted.covariance.clone());
    rows.check("jsp.stats.gaussian_kde(m, weights=w).inv_cov", || weighted.inv_cov.clone());
    rows.check("jsp.stats.gaussian_kde(m, weights=w).neff", || weighted.neff.clone());
    rows.check("jsp.stats.gaussian_kde(m).evaluate(q[:, 0])", || {
        scott(&m).evaluate(q.t().at(0).get())
    });
    rows.check("jsp.stats.gaussian_kde(x).integrate_box_1d(-0.5, 1.25)", || {
        scott(&x).integrate_box_1d(-0.5, 1.25)
    });
    rows.check("jsp.stats.gaussian_kde(x).integrate_gaussian(0.5, 0.25)", || {
        scott(&x).integrate_gaussian(Array::scalar(0.5), Array::scalar(0.25))
    });
    rows.check("jsp.stats.gaussian_kde(m).integrate_gaussian(q[:, 1], c)", || {
        scott(&m).integrate_gaussian(q.t().at(1).get(), &c)
    });
    rows.check("jsp.stats.gaussian_kde(m).integrate_kde(jsp.stats.gaussian_kde(q, 0.7))", || {
        scott(&m).integrate_kde(&GaussianKde::new(&q, Bandwidth::Factor(0.7), None))
    });
    rows.check("jsp.stats.gaussian_kde(m).resample(jax.random.key(3), (4,))", || {
        scott(&m).resample(&random::key(3), [4])
    });
    rows.check("jax.grad(lambda p: jsp.stats.gaussian_kde(x).logpdf(p).sum())(p)", || {
        grad(|p: &Array| scott(&x).logpdf(p).sum(..), &p)
    });
    rows.done();
}

#[test]
fn gaussian_kde_further() {
    let x = Array::from([1, 2, 4, 8]);
    let kde = scott(&x);
    assert_eq!((kde.d(), kde.n(), kde.dataset.dtype()), (1, 4, DType::F32));
    assert_eq!(kde.resample(&random::key(0), [2, 3]).shape(), [1, 2, 3]);
    // The data may be what is differentiated.
    let data = Array::from([0.0, 1.0, 2.5]);
    let f = |x: &Array| scott(x).evaluate(Array::scalar(0.75)).sum(..);
    let slope = grad(f, &data).to_vec::<f64>();
    let moved = |h: f64| f(&Array::from([0.0, 1.0 + h, 2.5])).item::<f64>();
    close(&slope[1..2], &[(moved(1e-5) - moved(-1e-5)) / 2e-5], 1e-9);
    let square = zeros([2, 5], DType::F32);
    let array = |kde: GaussianKde| kde.neff;
    refused(&[
        ("one", &|| array(scott(&Array::from([1.0]))), &["GaussianKde", "two or more", "f64[1]"]),
        (
            "weights",
            &|| array(GaussianKde::new(&x, Bandwidth::Scott, &data)),
            &["GaussianKde", "`weights`", "f64[3]"],
        ),
        ("points", &|| kde.evaluate(&square), &["GaussianKde::evaluate", "[1, m]", "f32[2, 5]"]),
        ("box", &|| kde.integrate_box_1d(0.0, &x), &["integrate_box_1d", "scalars"]),
        (
            "kde",
            &|| kde.integrate_kde(&scott(&square)),
            &["integrate_kde", "equally many", "f32[1, 4]", "f32[2, 5]"],
        ),
        ("mean", &|| kde.integrate_gaussian(&x, &x), &["integrate_gaussian", "a mean [1]"]),
    ]);
}
