//! Distributions with bounds and counts.

use crate::check::close;
use crate::values::*;
use nnx_core::stats::{betabinom, multinomial, poisson, truncnorm};
use nnx_core::{Array, DType, grad};

fn column(x: &Array) -> Array {
    x.expand_dims(1)
}

#[test]
fn truncated_normal() {
    let mut rows = Rows::of("distributions", "truncnorm");
    let [x, a, b, y] = rows.inputs(["x", "a", "b", "y"]);
    let (finite, low, high) =
        (column(&x.at(1..).get().at(..-1).get()), a.at(..5).get(), b.at(..5).get());
    type F = fn(&Array, &Array, &Array, f64, f64) -> Array;
    let table: [(&str, F); 6] = [
        ("logpdf", |x, a, b, loc, scale| truncnorm::logpdf(x, a, b, loc, scale)),
        ("pdf", |x, a, b, loc, scale| truncnorm::pdf(x, a, b, loc, scale)),
        ("logcdf", |x, a, b, loc, scale| truncnorm::logcdf(x, a, b, loc, scale)),
        ("cdf", |x, a, b, loc, scale| truncnorm::cdf(x, a, b, loc, scale)),
        ("logsf", |x, a, b, loc, scale| truncnorm::logsf(x, a, b, loc, scale)),
        ("sf", |x, a, b, loc, scale| truncnorm::sf(x, a, b, loc, scale)),
    ];
    for (name, f) in table {
        let row = format!("scipy.stats.truncnorm.{name}(x[1:-1, None], a[:5], b[:5])");
        rows.check(&row, || f(&finite, &low, &high, 0.0, 1.0));
    }
    rows.check("jsp.stats.truncnorm.logpdf(x[:, None], a, b, 0.5, 2.)", || {
        truncnorm::logpdf(column(&x), &a, &b, 0.5, 2.0)
    });
    rows.check("jsp.stats.truncnorm.logcdf(x[1:-1, None], a[1:], b[1:], 0.5, 2.)", || {
        truncnorm::logcdf(&finite, a.at(1..).get(), b.at(1..).get(), 0.5, 2.0)
    });
    rows.check("scipy.stats.truncnorm.logcdf(jnp.asarray([30.5, 31., 33.]), 30, 40)", || {
        truncnorm::logcdf(Array::from([30.5, 31.0, 33.0]), 30, 40, 0, 1)
    });
    rows.check(
        "jax.grad(lambda x: jsp.stats.truncnorm.logpdf(x, -1., 1.5, 0., 1.).sum())(y)",
        || grad(|x: &Array| truncnorm::logpdf(x, -1.0, 1.5, 0.0, 1.0).sum(..), &y),
    );
    rows.check(
        "jax.grad(lambda x: jsp.stats.truncnorm.logcdf(x, -1., 1.5, 0., 1.).sum())(y)",
        || grad(|x: &Array| truncnorm::logcdf(x, -1.0, 1.5, 0.0, 1.0).sum(..), &y),
    );
    rows.check(
        "jax.grad(lambda s: jsp.stats.truncnorm.sf(y, -1., 1.5, 0., s).sum())(jnp.asarray(1.5))",
        || {
            let scale = Array::scalar(1.5);
            grad(|s: &Array| truncnorm::sf(&y, -1.0, 1.5, 0.0, s).sum(..), &scale)
        },
    );
    rows.done();
}

/// Where the value is known, the formulas of elsewhere harm no slope.
#[test]
fn truncated_normal_at_the_edges() {
    let x = Array::from([-2.0, -1.0, 0.5, 1.5, 3.0]);
    let slope = grad(|x: &Array| truncnorm::cdf(x, -1.0, 1.5, 0.0, 1.0).sum(..), &x);
    let slope = slope.to_vec::<f64>();
    assert_eq!([slope[0], slope[1], slope[3], slope[4]], [0.0; 4], "{slope:?}");
    let density = truncnorm::pdf(Array::scalar(0.5), -1.0, 1.5, 0.0, 1.0).item::<f64>();
    close(&slope[2..3], &[density], 1e-12);
    let endless = truncnorm::cdf(Array::from([0.0, 2.0]), -INF, INF, 0.0, 1.0);
    close(&endless.to_vec::<f64>(), &[0.5, 0.977_249_868_051_820_8], 1e-14);
    let none = truncnorm::sf(Array::scalar(0.5), 1.0, 1.0, 0.0, 1.0);
    assert!(none.item::<f64>().is_nan());
    let half = truncnorm::pdf(Array::scalar(0.5).astype(DType::BF16), -1, 1, 0, 1);
    assert_eq!(half.dtype(), DType::BF16);
}

#[test]
fn beta_binomial() {
    let mut rows = Rows::of("distributions", "betabinom");
    let [k, a, b] = rows.inputs(["k", "a", "b"]);
    rows.check("scipy.stats.betabinom.logpmf(k[:, None], 5, a, b)", || {
        betabinom::logpmf(column(&k), 5, &a, &b, 0)
    });
    rows.check("scipy.stats.betabinom.pmf(k[:, None], 5, a, b, 1)", || {
        betabinom::pmf(column(&k), 5, &a, &b, 1)
    });
    rows.check("jsp.stats.betabinom.logpmf(2.5, 5., jnp.asarray([1., -1., 0.]), 2.)", || {
        betabinom::logpmf(Array::scalar(2.5), 5, Array::from([1.0, -1.0, 0.0]), 2, 0)
    });
    rows.check("jsp.stats.betabinom.logpmf(0., jnp.asarray([0., -1.]), 1., 2.)", || {
        betabinom::logpmf(Array::scalar(0.0), Array::from([0.0, -1.0]), 1, 2, 0)
    });
    rows.check("jax.grad(lambda a: jsp.stats.betabinom.logpmf(2., 5., a, b).sum())(a)", || {
        grad(|a: &Array| betabinom::logpmf(Array::scalar(2.0), 5, a, &b, 0).sum(..), &a)
    });
    rows.done();
}

#[test]
fn multinomials() {
    let mut rows = Rows::of("distributions", "multinomial");
    let [x, n, p] = rows.inputs(["x", "n", "p"]);
    rows.check("scipy.stats.multinomial.logpmf(x, n, p)", || multinomial::logpmf(&x, &n, &p));
    rows.check("scipy.stats.multinomial.pmf(x, n, p)", || multinomial::pmf(&x, 3, &p));
    rows.check("jsp.stats.multinomial.logpmf(x[1], 3, jnp.asarray([1., 0., 0.]))", || {
        multinomial::logpmf(x.at(1).get(), 3, Array::from([1.0, 0.0, 0.0]))
    });
    rows.check("jsp.stats.multinomial.logpmf(x[0], 3, jnp.float32(p))", || {
        multinomial::logpmf(x.at(0).get(), 3, p.astype(DType::F32))
    });
    rows.check("jax.grad(lambda p: jsp.stats.multinomial.logpmf(x[0], 3, p))(p)", || {
        grad(|p: &Array| multinomial::logpmf(x.at(0).get(), 3, p), &p)
    });
    rows.done();
    refused(&[
        (
            "floats",
            &|| multinomial::logpmf(&p, 3, &p),
            &["multinomial.logpmf", "integers x and n", "f64[3]"],
        ),
        (
            "lengths",
            &|| multinomial::logpmf(&x, 3, Array::from([0.5, 0.5])),
            &["multinomial.logpmf", "x [.., k]", "i32[4, 3]"],
        ),
    ]);
}

#[test]
fn entropy_of_poisson() {
    let mut rows = Rows::of("distributions", "poisson_entropy");
    let [mu, large, edges] = rows.inputs(["mu", "large", "edges"]);
    rows.check("scipy.stats.poisson.entropy(mu)", || poisson::entropy(&mu, 0));
    rows.check("scipy.stats.poisson.entropy(large[:3])", || {
        poisson::entropy(large.at(..3).get(), 0)
    });
    rows.check("jsp.stats.poisson.entropy(large, 3.)", || poisson::entropy(&large, 3.0));
    rows.check("jsp.stats.poisson.entropy(edges[:2])", || poisson::entropy(edges.at(..2).get(), 0));
    rows.done();
    assert!(poisson::entropy(edges.at(2).get(), 0).item::<f64>().is_nan());
    // Both formulas meet, in value and slope.
    let at = |mu: f64| poisson::entropy(Array::scalar(mu), 0).item::<f64>();
    close(&[at(100.0 - 1e-9)], &[at(100.0)], 1e-8);
    let slope =
        |mu: f64| grad(|mu: &Array| poisson::entropy(mu, 0), &Array::scalar(mu)).item::<f64>();
    close(&[slope(4.0)], &[(at(4.0 + 1e-5) - at(4.0 - 1e-5)) / 2e-5], 1e-9);
    close(&[slope(100.0 - 1e-9)], &[slope(100.0)], 1e-7);
}
