//! Special functions: values and gradients from JAX, float32, half floats.

use crate::check::*;
use crate::values::*;
use nnx_core::{Array, DType, grad, special};

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("special", "values_as_in_jax");
    let [p, q, a, x, b, u] = rows.inputs(["p", "q", "a", "x", "b", "u"]);
    rows.check("jsp.special.gamma(p)", || special::gamma(&p));
    rows.check("jsp.special.gammaln(p)", || special::gammaln(&p));
    rows.check("jsp.special.gammasgn(p)", || special::gammasgn(&p));
    rows.check("jsp.special.factorial(p)", || special::factorial(&p));
    rows.check("jsp.special.i0e(p)", || special::i0e(&p));
    rows.check("jsp.special.i0(p)", || special::i0(&p));
    rows.check("jsp.special.i1e(p)", || special::i1e(&p));
    rows.check("jsp.special.i1(p)", || special::i1(&p));
    rows.check("jsp.special.ndtr(p)", || special::ndtr(&p));
    rows.check("jsp.special.log_ndtr(p)", || special::log_ndtr(&p));
    rows.check("jsp.special.entr(p)", || special::entr(&p));
    rows.check("jsp.special.expit(p)", || special::expit(&p));
    rows.check("jsp.special.ndtri(q)", || special::ndtri(&q));
    rows.check("jsp.special.logit(q)", || special::logit(&q));
    rows.check("jsp.special.log_ndtr(p * 12)", || special::log_ndtr(&(&p * 12.0)));
    rows.check("jsp.special.i0e(a)", || special::i0e(&a));
    rows.check("jsp.special.i1e(a)", || special::i1e(&a));
    rows.check("jsp.special.betaln(a, b)", || special::betaln(&a, &b));
    rows.check("jsp.special.beta(a, b)", || special::beta(&a, &b));
    rows.check("jsp.special.gammainc(a, x)", || special::gammainc(&a, &x));
    rows.check("jsp.special.gammaincc(a, x)", || special::gammaincc(&a, &x));
    rows.check("jsp.special.gammainc(p, 1.5)", || special::gammainc(&p, 1.5));
    rows.check("jsp.special.gammaincc(1.5, p)", || special::gammaincc(f64s(&[1.5], &[]), &p));
    rows.check("jsp.special.betainc(a, b, u)", || special::betainc(&a, &b, &u));
    rows.check("jsp.special.betainc(2., 3., p)", || {
        special::betainc(f64s(&[2.], &[]), f64s(&[3.], &[]), &p)
    });
    rows.check("jsp.special.zeta(b + 1, a)", || special::zeta(&(&b + 1.0), &a));
    rows.check("jsp.special.polygamma(2, a)", || special::polygamma(2, &a));
    rows.check("jsp.special.digamma(b)", || b.digamma());
    rows.check("jsp.special.xlogy(p, a[0])", || special::xlogy(&p, 0.5));
    rows.check("jsp.special.xlogy(0., p)", || special::xlogy(f64s(&[0.], &[]), &p));
    rows.check("jsp.special.xlog1py(p, 0.5)", || special::xlog1py(&p, 0.5));
    rows.check("jsp.special.rel_entr(q, 0.25)", || special::rel_entr(&q, 0.25));
    rows.check("jsp.special.kl_div(q, q[::-1])", || special::kl_div(&q, q.flip(0)));
    rows.check("jsp.special.multigammaln(a + 2, 3)", || special::multigammaln(&(&a + 2.0), 3));
    rows.check("jsp.special.boxcox(a, 0.5)", || special::boxcox(&a, 0.5));
    rows.check("jsp.special.boxcox(a, 0.)", || special::boxcox(&a, 0.0));
    rows.done();
}

#[test]
fn gradients_as_in_jax() {
    let mut rows = Rows::of("special", "gradients_as_in_jax");
    let [ok, xs, a4, pp] = rows.inputs(["ok", "xs", "a4", "pp"]);
    rows.check("jax.grad(lambda z: (jsp.special.gammainc(z, xs)).sum())(ok)", || {
        grad(|z: &Array| special::gammainc(z, &xs).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.gammaincc(z, xs)).sum())(ok)", || {
        grad(|z: &Array| special::gammaincc(z, &xs).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.gammainc(ok, z)).sum())(xs)", || {
        grad(|z: &Array| special::gammainc(&ok, z).sum(..), &xs)
    });
    rows.check("jax.grad(lambda z: (jsp.special.gammainc(z, 60.)).sum())(a4)", || {
        grad(|z: &Array| special::gammainc(z, 60.0).sum(..), &a4)
    });
    rows.check("jax.grad(lambda z: (jsp.special.betainc(ok, xs, z / 5)).sum())(ok)", || {
        grad(|z: &Array| special::betainc(&ok, &xs, &(z / 5.0)).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.i0e(z)).sum())(pp)", || {
        grad(|z: &Array| special::i0e(z).sum(..), &pp)
    });
    rows.check("jax.grad(lambda z: (jsp.special.i1e(z)).sum())(pp)", || {
        grad(|z: &Array| special::i1e(z).sum(..), &pp)
    });
    rows.check("jax.grad(lambda z: (jsp.special.i1(z)).sum())(pp)", || {
        grad(|z: &Array| special::i1(z).sum(..), &pp)
    });
    rows.check("jax.grad(lambda z: (jsp.special.ndtri(z / 5)).sum())(ok)", || {
        grad(|z: &Array| special::ndtri(&(z / 5.0)).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.log_ndtr(z)).sum())(pp)", || {
        grad(|z: &Array| special::log_ndtr(z).sum(..), &pp)
    });
    rows.check("jax.grad(lambda z: (jsp.special.ndtr(z)).sum())(pp)", || {
        grad(|z: &Array| special::ndtr(z).sum(..), &pp)
    });
    rows.check("jax.grad(lambda z: (jsp.special.xlogy(z, xs)).sum())(ok)", || {
        grad(|z: &Array| special::xlogy(z, &xs).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.xlogy(0., z)).sum())(ok)", || {
        grad(|z: &Array| special::xlogy(f64s(&[0.], &[]), z).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.entr(z)).sum())(ok)", || {
        grad(|z: &Array| special::entr(z).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.rel_entr(z, xs)).sum())(ok)", || {
        grad(|z: &Array| special::rel_entr(z, &xs).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.rel_entr(ok, z)).sum())(xs)", || {
        grad(|z: &Array| special::rel_entr(&ok, z).sum(..), &xs)
    });
    rows.check("jax.grad(lambda z: (jsp.special.kl_div(z, xs)).sum())(ok)", || {
        grad(|z: &Array| special::kl_div(z, &xs).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.multigammaln(z + 1, 2)).sum())(ok)", || {
        grad(|z: &Array| special::multigammaln(&(z + 1.0), 2).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.gamma(z)).sum())(ok)", || {
        grad(|z: &Array| special::gamma(z).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.polygamma(1, z)).sum())(ok)", || {
        grad(|z: &Array| special::polygamma(1, z).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.logit(z / 5)).sum())(ok)", || {
        grad(|z: &Array| special::logit(&(z / 5.0)).sum(..), &ok)
    });
    rows.check("jax.grad(lambda z: (jsp.special.beta(z, 2.)).sum())(ok)", || {
        grad(|z: &Array| special::beta(z, 2.0).sum(..), &ok)
    });
    rows.done();
}

/// The results of narrower dtypes are those of f64 up to their precision.
#[test]
fn narrow_dtypes() {
    let a = f64s(&[0.5, 2.0, 7.5, 1.0], &[4]);
    let x = f64s(&[0.25, 3.0, 4.0, 0.5], &[4]);
    type F = fn(&Array, &Array) -> Array;
    let table: &[(&str, F)] = &[
        ("gammainc", |a, x| special::gammainc(a, x)),
        ("gammaincc", |a, x| special::gammaincc(a, x)),
        ("betainc", |a, x| special::betainc(a, a, &(x / 8.0))),
        ("i0e", |a, _| special::i0e(a)),
        ("i1e", |a, _| special::i1e(a)),
        ("log_ndtr", |a, _| special::log_ndtr(&-a)),
        ("ndtri", |_, x| special::ndtri(&(x / 8.0))),
        ("zeta", |a, x| special::zeta(&(a + 1.0), x)),
        ("xlogy", |a, x| special::xlogy(a, x)),
    ];
    for (name, f) in table {
        let want = f(&a, &x).to_vec::<f64>();
        for (dtype, tolerance) in [(DType::F32, 3e-6), (DType::BF16, 0.03), (DType::F16, 4e-3)] {
            let y = f(&a.astype(dtype), &x.astype(dtype));
            assert_eq!(y.dtype(), dtype, "{name}");
            if let Some(why) = difference(&numbers(&y), &want, tolerance) {
                panic!("{name} {dtype}: {why}");
            }
        }
    }
}

#[test]
fn derivatives_that_are_not_there() {
    let x = f64s(&[0.5], &[1]);
    refused(&[
        (
            "betainc",
            &|| grad(|a: &Array| special::betainc(a, &x, &x).sum(..), &x),
            &["betainc", "first two"],
        ),
        (
            "gammainc, twice",
            &|| {
                let slope = |a: &Array| grad(|a: &Array| special::gammainc(a, &x).sum(..), a);
                grad(|a: &Array| slope(a).sum(..), &x)
            },
            &["second derivative", "first operand"],
        ),
    ]);
}

#[test]
fn slopes_of_the_incomplete_gamma_functions_near_its_pole() {
    // Γ(a) has a pole at 0: what is made with it from terms of 1 / a² lost all digits.
    let a = [1e-8, 1e-30, 1e-3, 1e-20, 1e-6, 0.3, 0.999, 1.0, 1e-6, 0.5, 20.0, 30.0];
    let x = [1e-8, 1e-30, 1e-20, 0.5, 1e-3, 0.2, 0.9, 0.5, 1.5, 3.0, 25.0, 12.0];
    let of_jax = [
        -17.843461921607958,
        -68.50033712492,
        -43.454406546972976,
        -0.5597735947761598,
        -6.331500918790848,
        -1.0233803072203953,
        -0.45211230223708065,
        -0.48945757610237844,
        -0.10001984913963158,
        -0.04724032644797377,
        -0.046727804534348175,
        -8.442479343603836e-06,
    ];
    let of_scipy = [
        0.9999998215653646,
        1.0,
        0.955543196303304,
        0.999999999999999,
        0.9999936684798595,
        0.6575067242697217,
        0.5938824094077014,
        0.3934693402873665,
        0.9999998999802843,
        0.9856941215645704,
        0.8664251659143496,
        8.870138799144754e-06,
    ];
    let (a, x) = (f64s(&a, &[12]), f64s(&x, &[12]));
    close(&special::gammainc(&a, &x).to_vec::<f64>(), &of_scipy, 1e-13);
    for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 2e-5), (DType::BF16, 0.02)] {
        let (a, x) = (a.astype(dtype), x.astype(dtype));
        let slopes = |f: fn(&Array, &Array) -> Array| {
            let slope = grad(|a: &Array| f(a, &x).sum(..), &a);
            slope.astype(DType::F64).to_vec::<f64>()
        };
        let upper: Vec<f64> = of_jax.iter().map(|slope| -slope).collect();
        // 30.0 is far from where bf16 has digits.
        let n = if dtype == DType::BF16 { 9 } else { 12 };
        close(&slopes(|a, x| special::gammainc(a, x))[..n], &of_jax[..n], tolerance);
        close(&slopes(|a, x| special::gammaincc(a, x))[..n], &upper[..n], tolerance);
    }
}
