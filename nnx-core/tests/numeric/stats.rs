//! Distributions and statistics of samples.
use crate::values::*;
use nnx_core::{Array, DType, grad, stats};

#[test]
fn densities() {
    let mut rows = Rows::of("stats", "densities");
    let [x, y] = rows.inputs(["x", "y"]);
    rows.check("jsp.stats.norm.logpdf(x, 0.25, 1.5)", || stats::norm::logpdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.norm.pdf(x, 0.25, 1.5)", || stats::norm::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.norm.cdf(x, 0.25, 1.5)", || stats::norm::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.norm.logcdf(x, 0.25, 1.5)", || stats::norm::logcdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.norm.sf(x, 0.25, 1.5)", || stats::norm::sf(&x, 0.25, 1.5));
    rows.check("jsp.stats.norm.logsf(x, 0.25, 1.5)", || stats::norm::logsf(&x, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.norm.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::norm::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.norm.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::norm::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.uniform.logpdf(x, 0.25, 1.5)", || stats::uniform::logpdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.uniform.pdf(x, 0.25, 1.5)", || stats::uniform::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.uniform.cdf(x[:-1], 0.25, 1.5)", || {
        stats::uniform::cdf(x.at(..-1).get(), 0.25, 1.5)
    });
    rows.check("jax.grad(lambda x: jsp.stats.uniform.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::uniform::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.uniform.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::uniform::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.expon.logpdf(x, 0.25, 1.5)", || stats::expon::logpdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.expon.pdf(x, 0.25, 1.5)", || stats::expon::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.expon.cdf(x, 0.25, 1.5)", || stats::expon::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.expon.logcdf(x, 0.25, 1.5)", || stats::expon::logcdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.expon.sf(x, 0.25, 1.5)", || stats::expon::sf(&x, 0.25, 1.5));
    rows.check("jsp.stats.expon.logsf(x, 0.25, 1.5)", || stats::expon::logsf(&x, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.expon.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::expon::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.expon.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::expon::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.laplace.logpdf(x, 0.25, 1.5)", || stats::laplace::logpdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.laplace.pdf(x, 0.25, 1.5)", || stats::laplace::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.laplace.cdf(x, 0.25, 1.5)", || stats::laplace::cdf(&x, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.laplace.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::laplace::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.laplace.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::laplace::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.logistic.logpdf(x, 0.25, 1.5)", || {
        stats::logistic::logpdf(&x, 0.25, 1.5)
    });
    rows.check("jsp.stats.logistic.pdf(x, 0.25, 1.5)", || stats::logistic::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.logistic.cdf(x, 0.25, 1.5)", || stats::logistic::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.logistic.sf(x, 0.25, 1.5)", || stats::logistic::sf(&x, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.logistic.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::logistic::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.logistic.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::logistic::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.cauchy.logpdf(x, 0.25, 1.5)", || stats::cauchy::logpdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.pdf(x, 0.25, 1.5)", || stats::cauchy::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.cdf(x, 0.25, 1.5)", || stats::cauchy::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.logcdf(x, 0.25, 1.5)", || stats::cauchy::logcdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.sf(x, 0.25, 1.5)", || stats::cauchy::sf(&x, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.logsf(x, 0.25, 1.5)", || stats::cauchy::logsf(&x, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.cauchy.logpdf(x, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::cauchy::logpdf(x, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.cauchy.logpdf(0.5, 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::cauchy::logpdf(Array::scalar(0.5_f32), 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.pareto.logpdf(x, 1.5, 0.25, 1.5)", || {
        stats::pareto::logpdf(&x, 1.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.pareto.pdf(x, 1.5, 0.25, 1.5)", || {
        stats::pareto::pdf(&x, 1.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.pareto.cdf(x, 1.5, 0.25, 1.5)", || {
        stats::pareto::cdf(&x, 1.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.pareto.logcdf(x, 1.5, 0.25, 1.5)", || {
        stats::pareto::logcdf(&x, 1.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.pareto.sf(x, 1.5, 0.25, 1.5)", || stats::pareto::sf(&x, 1.5, 0.25, 1.5));
    rows.check("jsp.stats.pareto.logsf(x, 1.5, 0.25, 1.5)", || {
        stats::pareto::logsf(&x, 1.5, 0.25, 1.5)
    });
    rows.check("jax.grad(lambda x: jsp.stats.pareto.logpdf(x, 1.5, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::pareto::logpdf(x, 1.5, 0.0, 2.0).sum(..), &y)
    });
    rows.check(
        "jax.grad(lambda s: jsp.stats.pareto.logpdf(0.5, 1.5, 0., s))(jnp.float32(0.4))",
        || {
            grad(
                |s: &Array| stats::pareto::logpdf(Array::scalar(0.5_f32), 1.5, 0.0, s),
                &Array::scalar(0.4_f32),
            )
        },
    );
    rows.check("jsp.stats.gamma.logpdf(x, 2.5, 0.25, 1.5)", || {
        stats::gamma::logpdf(&x, 2.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.gamma.pdf(x, 2.5, 0.25, 1.5)", || stats::gamma::pdf(&x, 2.5, 0.25, 1.5));
    rows.check("jsp.stats.gamma.cdf(x, 2.5, 0.25, 1.5)", || stats::gamma::cdf(&x, 2.5, 0.25, 1.5));
    rows.check("jsp.stats.gamma.logcdf(x, 2.5, 0.25, 1.5)", || {
        stats::gamma::logcdf(&x, 2.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.gamma.sf(x, 2.5, 0.25, 1.5)", || stats::gamma::sf(&x, 2.5, 0.25, 1.5));
    rows.check("jsp.stats.gamma.logsf(x, 2.5, 0.25, 1.5)", || {
        stats::gamma::logsf(&x, 2.5, 0.25, 1.5)
    });
    rows.check("jax.grad(lambda x: jsp.stats.gamma.logpdf(x, 2.5, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::gamma::logpdf(x, 2.5, 0.0, 2.0).sum(..), &y)
    });
    rows.check(
        "jax.grad(lambda s: jsp.stats.gamma.logpdf(0.5, 2.5, 0., s))(jnp.float32(2))",
        || {
            grad(
                |s: &Array| stats::gamma::logpdf(Array::scalar(0.5_f32), 2.5, 0.0, s),
                &Array::scalar(2.0_f32),
            )
        },
    );
    rows.check("jsp.stats.chi2.logpdf(x, 3., 0.25, 1.5)", || {
        stats::chi2::logpdf(&x, 3.0, 0.25, 1.5)
    });
    rows.check("jsp.stats.chi2.pdf(x, 3., 0.25, 1.5)", || stats::chi2::pdf(&x, 3.0, 0.25, 1.5));
    rows.check("jsp.stats.chi2.cdf(x, 3., 0.25, 1.5)", || stats::chi2::cdf(&x, 3.0, 0.25, 1.5));
    rows.check("jsp.stats.chi2.logcdf(x, 3., 0.25, 1.5)", || {
        stats::chi2::logcdf(&x, 3.0, 0.25, 1.5)
    });
    rows.check("jsp.stats.chi2.sf(x, 3., 0.25, 1.5)", || stats::chi2::sf(&x, 3.0, 0.25, 1.5));
    rows.check("jsp.stats.chi2.logsf(x, 3., 0.25, 1.5)", || stats::chi2::logsf(&x, 3.0, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.chi2.logpdf(x, 3., 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::chi2::logpdf(x, 3.0, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.chi2.logpdf(0.5, 3., 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::chi2::logpdf(Array::scalar(0.5_f32), 3.0, 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.beta.logpdf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::logpdf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.beta.pdf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::pdf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.beta.cdf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::cdf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.beta.logcdf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::logcdf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.beta.sf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::sf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.beta.logsf(x, 2., 0.5, 0.25, 1.5)", || {
        stats::beta::logsf(&x, 2.0, 0.5, 0.25, 1.5)
    });
    rows.check("jax.grad(lambda x: jsp.stats.beta.logpdf(x, 2., 0.5, 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::beta::logpdf(x, 2.0, 0.5, 0.0, 2.0).sum(..), &y)
    });
    rows.check(
        "jax.grad(lambda s: jsp.stats.beta.logpdf(0.5, 2., 0.5, 0., s))(jnp.float32(2))",
        || {
            grad(
                |s: &Array| stats::beta::logpdf(Array::scalar(0.5_f32), 2.0, 0.5, 0.0, s),
                &Array::scalar(2.0_f32),
            )
        },
    );
    rows.check("jsp.stats.t.logpdf(x, 4., 0.25, 1.5)", || stats::t::logpdf(&x, 4.0, 0.25, 1.5));
    rows.check("jsp.stats.t.pdf(x, 4., 0.25, 1.5)", || stats::t::pdf(&x, 4.0, 0.25, 1.5));
    rows.check("jax.grad(lambda x: jsp.stats.t.logpdf(x, 4., 0., 2.).sum())(y)", || {
        grad(|x: &Array| stats::t::logpdf(x, 4.0, 0.0, 2.0).sum(..), &y)
    });
    rows.check("jax.grad(lambda s: jsp.stats.t.logpdf(0.5, 4., 0., s))(jnp.float32(2))", || {
        grad(
            |s: &Array| stats::t::logpdf(Array::scalar(0.5_f32), 4.0, 0.0, s),
            &Array::scalar(2.0_f32),
        )
    });
    rows.check("jsp.stats.gumbel_l.logpdf(x, 0.25, 1.5)", || {
        stats::gumbel_l::logpdf(&x, 0.25, 1.5)
    });
    rows.check("jsp.stats.gumbel_l.pdf(x, 0.25, 1.5)", || stats::gumbel_l::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_l.cdf(x, 0.25, 1.5)", || stats::gumbel_l::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_l.logcdf(x, 0.25, 1.5)", || {
        stats::gumbel_l::logcdf(&x, 0.25, 1.5)
    });
    rows.check("jsp.stats.gumbel_l.sf(x, 0.25, 1.5)", || stats::gumbel_l::sf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_l.logsf(x, 0.25, 1.5)", || stats::gumbel_l::logsf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_l.pdf(y, 0., -1.)", || stats::gumbel_l::pdf(&y, 0.0, -1.0));
    rows.check("jsp.stats.gumbel_r.logpdf(x, 0.25, 1.5)", || {
        stats::gumbel_r::logpdf(&x, 0.25, 1.5)
    });
    rows.check("jsp.stats.gumbel_r.pdf(x, 0.25, 1.5)", || stats::gumbel_r::pdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_r.cdf(x, 0.25, 1.5)", || stats::gumbel_r::cdf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_r.logcdf(x, 0.25, 1.5)", || {
        stats::gumbel_r::logcdf(&x, 0.25, 1.5)
    });
    rows.check("jsp.stats.gumbel_r.sf(x, 0.25, 1.5)", || stats::gumbel_r::sf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_r.logsf(x, 0.25, 1.5)", || stats::gumbel_r::logsf(&x, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_r.pdf(y, 0., -1.)", || stats::gumbel_r::pdf(&y, 0.0, -1.0));
    rows.check("jsp.stats.vonmises.logpdf(x, 1.5)", || stats::vonmises::logpdf(&x, 1.5));
    rows.check("jsp.stats.vonmises.pdf(x, 1.5)", || stats::vonmises::pdf(&x, 1.5));
    rows.check("jsp.stats.vonmises.pdf(y, -1.)", || stats::vonmises::pdf(&y, -1.0));
    rows.check("jsp.stats.gennorm.logpdf(x, 1.5)", || stats::gennorm::logpdf(&x, 1.5));
    rows.check("jsp.stats.gennorm.pdf(x, 1.5)", || stats::gennorm::pdf(&x, 1.5));
    rows.check("jsp.stats.gennorm.pdf(y, -1.)", || stats::gennorm::pdf(&y, -1.0));
    rows.check("jsp.stats.wrapcauchy.logpdf(x, 0.4)", || stats::wrapcauchy::logpdf(&x, 0.4));
    rows.check("jsp.stats.wrapcauchy.pdf(x, 0.4)", || stats::wrapcauchy::pdf(&x, 0.4));
    rows.check("jsp.stats.wrapcauchy.pdf(y, -1.)", || stats::wrapcauchy::pdf(&y, -1.0));
    rows.check("jsp.stats.gennorm.cdf(x[:-3], 1.5)", || stats::gennorm::cdf(x.at(..-3).get(), 1.5));
    rows.done();
}

#[test]
fn quantiles() {
    let mut rows = Rows::of("stats", "quantiles");
    let [q] = rows.inputs(["q"]);
    rows.check("jsp.stats.norm.ppf(q, 0.25, 1.5)", || stats::norm::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.norm.isf(q, 0.25, 1.5)", || stats::norm::isf(&q, 0.25, 1.5));
    rows.check("jsp.stats.uniform.ppf(q, 0.25, 1.5)", || stats::uniform::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.expon.ppf(q, 0.25, 1.5)", || stats::expon::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.logistic.ppf(q, 0.25, 1.5)", || stats::logistic::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.logistic.isf(q, 0.25, 1.5)", || stats::logistic::isf(&q, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.ppf(q, 0.25, 1.5)", || stats::cauchy::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.cauchy.isf(q, 0.25, 1.5)", || stats::cauchy::isf(&q, 0.25, 1.5));
    rows.check("jsp.stats.pareto.ppf(q, 1.5, 0.25, 1.5)", || {
        stats::pareto::ppf(&q, 1.5, 0.25, 1.5)
    });
    rows.check("jsp.stats.gumbel_l.ppf(q, 0.25, 1.5)", || stats::gumbel_l::ppf(&q, 0.25, 1.5));
    rows.check("jsp.stats.gumbel_r.ppf(q, 0.25, 1.5)", || stats::gumbel_r::ppf(&q, 0.25, 1.5));
    rows.done();
}

#[test]
fn counted() {
    let mut rows = Rows::of("stats", "counted");
    let [k, i, p, q] = rows.inputs(["k", "i", "p", "q"]);
    rows.check("jsp.stats.bernoulli.logpmf(k, 0.3)", || stats::bernoulli::logpmf(&k, 0.3, 0));
    rows.check("jsp.stats.bernoulli.pmf(k, 0.3, 1)", || stats::bernoulli::pmf(&k, 0.3, 1));
    rows.check("jsp.stats.bernoulli.cdf(k, 0.3)", || stats::bernoulli::cdf(&k, 0.3));
    rows.check("jsp.stats.bernoulli.ppf(q, 0.3)", || stats::bernoulli::ppf(&q, 0.3));
    rows.check("jsp.stats.binom.logpmf(k, 5, 0.4)", || stats::binom::logpmf(&k, 5, 0.4, 0));
    rows.check("jsp.stats.binom.pmf(k, 3, 1.0)", || stats::binom::pmf(&k, 3, 1.0, 0));
    rows.check("jsp.stats.poisson.logpmf(k, 2.5)", || stats::poisson::logpmf(&k, 2.5, 0));
    rows.check("jsp.stats.poisson.pmf(k, 2.5, 1)", || stats::poisson::pmf(&k, 2.5, 1));
    rows.check("jsp.stats.poisson.cdf(k, 2.5)", || stats::poisson::cdf(&k, 2.5, 0));
    rows.check("jsp.stats.geom.logpmf(k, 0.3)", || stats::geom::logpmf(&k, 0.3, 0));
    rows.check("jsp.stats.nbinom.logpmf(k, 3., 0.25)", || stats::nbinom::logpmf(&k, 3.0, 0.25, 0));
    rows.check("jsp.stats.nbinom.pmf(k, 3., 0.25, 1)", || stats::nbinom::pmf(&k, 3.0, 0.25, 1));
    rows.check("jsp.stats.geom.pmf(k, 0.3)", || stats::geom::pmf(&k, 0.3, 0));
    rows.check("jsp.stats.poisson.logpmf(i, jnp.float32(2))", || {
        stats::poisson::logpmf(&i, Array::scalar(2.0_f32), 0)
    });
    rows.check("jax.grad(lambda p: jsp.stats.bernoulli.logpmf(1., p).sum())(p)", || {
        grad(|p: &Array| stats::bernoulli::logpmf(Array::scalar(1.0), p, 0).sum(..), &p)
    });
    rows.done();
}

#[test]
fn samples() {
    let mut rows = Rows::of("stats", "samples");
    let [x, m, c, a, s, h] = rows.inputs(["x", "m", "c", "a", "s", "h"]);
    rows.check("jsp.stats.multivariate_normal.logpdf(x, m, c)", || {
        stats::multivariate_normal::logpdf(&x, &m, &c)
    });
    rows.check("jsp.stats.multivariate_normal.pdf(x[0], m, c)", || {
        stats::multivariate_normal::pdf(x.at(0).get(), &m, &c)
    });
    rows.check(
        "jax.grad(lambda c: jsp.stats.multivariate_normal.logpdf(x, m, c).sum())(c)",
        || grad(|c: &Array| stats::multivariate_normal::logpdf(&x, &m, c).sum(..), &c),
    );
    rows.check("jsp.stats.dirichlet.logpdf(s.T, a)", || stats::dirichlet::logpdf(s.t(), &a));
    rows.check("jsp.stats.dirichlet.pdf(s[0, :2], a)", || {
        stats::dirichlet::pdf(s.at((0, ..2)).get(), &a)
    });
    rows.check("jsp.stats.dirichlet.logpdf(x.T, a)", || stats::dirichlet::logpdf(x.t(), &a));
    rows.check("jax.grad(lambda a: jsp.stats.dirichlet.logpdf(s.T, a).sum())(a)", || {
        grad(|a: &Array| stats::dirichlet::logpdf(s.t(), a).sum(..), &a)
    });
    rows.check("jsp.stats.sem(x, axis=1)", || stats::sem(&x, 1, 1));
    rows.check("jsp.stats.rankdata(jnp.array([2., 1, 2, 0]))", || {
        stats::rankdata(Array::from([2.0, 1.0, 2.0, 0.0]))
    });
    rows.check("jsp.stats.norm.logpdf(h)", || stats::norm::logpdf(&h, 0, 1));
    rows.check("jsp.stats.norm.logpdf(h.astype(jnp.bfloat16))", || {
        stats::norm::logpdf(h.astype(DType::BF16), 0, 1)
    });
    rows.done();
}
