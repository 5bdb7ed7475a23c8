//! Integrals without a closed form: values from SciPy over wide ranges, slopes, narrow dtypes.

use crate::check::*;
use crate::values::*;
use nnx_core::array::{arange, stack};
use nnx_core::{Array, DType, grad, special, vmap};

fn both((a, b): (Array, Array)) -> Array {
    stack([&a, &b], 0)
}

#[test]
fn values_as_in_scipy() {
    let mut rows = Rows::of("special_integrals", "values");
    let [x, p, f, edges] = rows.inputs(["x", "p", "f", "edges"]);
    rows.check("scipy.special.spence(p)", || special::spence(&p));
    rows.check("jsp.special.spence(edges)", || special::spence(&edges));
    rows.check("scipy.special.dawsn(x)", || special::dawsn(&x));
    rows.check("scipy.special.dawsn(p) * p", || special::dawsn(&p) * &p);
    rows.check("jnp.log(scipy.special.erfcx(x))", || special::erfcx(&x).log());
    rows.check("jnp.stack(scipy.special.sici(x))", || both(special::sici(&x)));
    rows.check("jnp.stack(scipy.special.sici(p[::-1]))", || both(special::sici(p.flip(0))));
    rows.check("jnp.stack(scipy.special.fresnel(f))", || both(special::fresnel(&f)));
    rows.check("scipy.special.expn(0, p)", || special::expn(0, &p));
    rows.check("scipy.special.expn(1, x)", || special::expn(1, &x));
    rows.check("scipy.special.expn(2, x)", || special::expn(2, &x));
    rows.check("scipy.special.expn(7, x)", || special::expn(7, &x));
    rows.check("scipy.special.expn(60, p[:, None])[:, 0]", || special::expn(60, &p));
    let few = p.at(..24).get();
    rows.check("jnp.log(scipy.special.expn(jnp.arange(1, 9)[:, None], p[:24]))", || {
        let n = arange(8, DType::I32) + 1;
        special::expn(n.expand_dims(1), &few).log()
    });
    rows.check("jnp.log(scipy.special.expn(6000, p[:24]))", || special::expn(6000, &few).log());
    rows.done();
    // Orders that there are none of.
    for n in [-1.0, 1.5, NAN] {
        assert!(special::expn(n, &few).is_nan().all(..).item::<bool>());
    }
}

#[test]
fn owens_t() {
    let mut rows = Rows::of("special_integrals", "owens_t");
    let [h, a, p, q] = rows.inputs(["h", "a", "p", "q"]);
    let column = h.expand_dims(1);
    rows.check("scipy.special.owens_t(h[:, None], a)", || special::owens_t(&column, &a));
    rows.check("jnp.log(scipy.special.owens_t(h[:, None], a))", || {
        special::owens_t(&column, &a).log()
    });
    rows.check("scipy.special.owens_t(-h[:, None], -a)", || special::owens_t(&-&column, -&a));
    rows.check("scipy.special.owens_t(p, q)", || special::owens_t(&p, &q));
    rows.check("jax.grad(lambda h: jsp.special.owens_t(h, a).sum())(h[2])", || {
        grad(|h: &Array| special::owens_t(h, &a).sum(..), &h.at(2).get())
    });
    rows.check("jax.grad(lambda a: jsp.special.owens_t(h[1], a).sum())(a)", || {
        let h = h.at(1).get();
        grad(|a: &Array| special::owens_t(&h, a).sum(..), &a)
    });
    rows.done();
}

fn slope(f: impl Fn(&Array) -> Array, x: &Array) -> Array {
    grad(|x: &Array| f(x).sum(..), x)
}

#[test]
fn slopes_are_the_closed_formulas() {
    let mut rows = Rows::of("special_integrals", "gradients");
    let [x] = rows.inputs(["x"]);
    rows.check("jnp.log(x) / (1 - x)", || slope(|x| special::spence(x), &x));
    rows.check("jax.grad(lambda x: jsp.special.dawsn(x).sum())(x)", || {
        slope(|x| special::dawsn(x), &x)
    });
    rows.check("jax.grad(lambda x: jsp.special.erfcx(x).sum())(x)", || {
        slope(|x| special::erfcx(x), &x)
    });
    rows.check("jax.grad(lambda x: jsp.special.sici(x)[0].sum())(x)", || {
        slope(|x| special::sici(x).0, &x)
    });
    rows.check("jax.grad(lambda x: jsp.special.sici(x)[1].sum())(x)", || {
        slope(|x| special::sici(x).1, &x)
    });
    rows.check("jax.grad(lambda x: jsp.special.fresnel(x)[0].sum())(x)", || {
        slope(|x| special::fresnel(x).0, &x)
    });
    rows.check("jax.grad(lambda x: jsp.special.fresnel(x)[1].sum())(x)", || {
        slope(|x| special::fresnel(x).1, &x)
    });
    rows.check("-scipy.special.expn(2, x)", || slope(|x| special::expn(3, x), &x));
    rows.done();
}

/// Where the formula of a slope divides by 0 or multiplies it by infinity.
#[test]
fn slopes_at_the_edges() {
    let at = |f: fn(&Array) -> Array, x: f64| slope(f, &Array::scalar(x)).item::<f64>();
    let second =
        |f: fn(&Array) -> Array, x: f64| slope(|x| slope(f, x), &Array::scalar(x)).item::<f64>();
    assert_eq!(at(|x| special::spence(x), 1.0), -1.0);
    assert_eq!(second(|x| special::spence(x), 1.0), 0.5);
    assert_eq!(at(|x| special::spence(x), 0.0), -INF);
    assert!(at(|x| special::spence(x), -1.0).is_nan());
    assert_eq!(at(|x| special::dawsn(x), 0.0), 1.0);
    assert_eq!(at(|x| special::dawsn(x), INF), 0.0);
    assert_eq!(at(|x| special::erfcx(x), INF), 0.0);
    assert_eq!(at(|x| special::sici(x).0, 0.0), 1.0);
    assert_eq!(at(|x| special::sici(x).1, 0.0), INF);
    assert_eq!(at(|x| special::fresnel(x).1, 0.0), 1.0);
    // Far out the turns of the angle are whole: cos(2π · 4k²).
    assert_eq!(at(|x| special::fresnel(x).1, 2.0_f64.powi(40)), 1.0);
    // −e⁻ˣ (1/x + 1/x²), which no Eₙ of a natural n is.
    let want = -(-0.5_f64).exp() * (2.0 + 4.0);
    close(&[at(|x| special::expn(0, x), 0.5)], &[want], 1e-14);
}

#[test]
fn derivatives_agree_with_differences() {
    let table: &[(&str, Function<'static>)] = &[
        ("spence", &|a| special::spence(&a[0])),
        ("dawsn", &|a| special::dawsn(&(&a[0] * 2.0))),
        ("erfcx", &|a| special::erfcx(&(&a[0] - 1.0))),
        ("sici", &|a| both(special::sici(&(&a[0] * 3.0)))),
        ("fresnel", &|a| both(special::fresnel(&(&a[0] * 1.5)))),
        ("expn", &|a| special::expn(2, &a[0]) * special::expn(1, &(&a[0] * 2.0))),
        ("owens_t", &|a| special::owens_t(&a[0], a[1].t())),
    ];
    let mut rng = Rng(91);
    check_table(check_grad2, table, &[rng.array(&[3, 4], 0.3, 1.5), rng.array(&[4, 3], 0.2, 1.4)]);
}

/// f32 up to a few units in the last place, half floats up to their own.
#[test]
fn narrow_dtypes() {
    let x = f64s(&[0.05, 0.4, 1.25, 2.5, 3.75, 5.5, 9.0, 17.0, 40.0], &[9]);
    type F = fn(&Array) -> Array;
    let table: &[(&str, F)] = &[
        ("spence", |x| special::spence(x)),
        ("dawsn", |x| special::dawsn(x)),
        ("erfcx", |x| special::erfcx(x) * x),
        ("erfcx below", |x| special::erfcx(&-(x / 20.0))),
        ("sici", |x| both(special::sici(x))),
        ("fresnel", |x| both(special::fresnel(&(x / 4.0)))),
        ("expn", |x| special::expn(3, x)),
        ("owens_t", |x| special::owens_t(&(x / 5.0), x)),
    ];
    for (name, f) in table {
        let want = f(&x).to_vec::<f64>();
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::BF16, 0.03), (DType::F16, 3e-3)] {
            let x = x.astype(dtype);
            let y = f(&x);
            assert_eq!(y.dtype(), dtype, "{name}");
            let want =
                if dtype == DType::F32 { &want } else { &numbers(&f(&x.astype(DType::F64))) };
            if let Some(why) = difference(&numbers(&y), want, tolerance) {
                panic!("{name} {dtype}: {why}");
            }
        }
    }
}

#[test]
fn empty_whole_and_batched() {
    let empty = f64s(&[], &[0, 2]);
    assert_eq!(special::sici(&empty).0.shape(), [0, 2]);
    assert_eq!(special::expn(2, &empty).shape(), [0, 2]);
    assert_eq!(special::owens_t(&empty, 1.0).shape(), [0, 2]);
    let whole = Array::from([1, 2]);
    assert_eq!(special::spence(&whole).dtype(), DType::F32);
    assert_eq!(special::expn(&whole, 1.0).dtype(), DType::F32);
    let x = f64s(&[0.5, 2.0, 6.0, 1.0], &[2, 2]);
    for f in [|x: &Array| both(special::sici(x)), |x: &Array| both(special::fresnel(x))] {
        let each = vmap(|x: &Array| f(x), &x, 0);
        close(&numbers(&each.moveaxis(0, 1)), &numbers(&f(&x)), 1e-15);
    }
    let rows = vmap(|x: &Array| special::expn(2, x), &x, 0);
    close(&numbers(&rows), &numbers(&special::expn(2, &x)), 1e-15);
}

#[test]
fn refusals() {
    let z = nnx_core::array::complex(f64s(&[1.0], &[1]), 1.0);
    refused(&[
        ("spence", &|| special::spence(&z), &["spence", "real numbers", "c128[1]"]),
        ("dawsn", &|| special::dawsn(&z), &["dawsn", "real numbers"]),
        ("sici", &|| special::sici(&z).0, &["sici", "real numbers"]),
        ("fresnel", &|| special::fresnel(&z).0, &["fresnel", "real numbers"]),
        ("expn", &|| special::expn(1, &z), &["expn", "real numbers"]),
        ("owens_t", &|| special::owens_t(&z, 1.0), &["owens_t", "real numbers"]),
        (
            "owens_t",
            &|| special::owens_t(f64s(&[1., 2.], &[2]), f64s(&[1., 2., 3.], &[3])),
            &["owens_t", "do not broadcast"],
        ),
    ]);
}
