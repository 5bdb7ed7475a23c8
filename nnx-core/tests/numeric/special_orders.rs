//! Functions of whole orders: Bernoulli numbers, Bessel functions, spherical harmonics.

use crate::check::*;
use crate::values::*;
use nnx_core::{Array, DType, grad, jvp, special, vmap};

#[test]
fn bernoulli() {
    let mut rows = Rows::of("special_orders", "bernoulli");
    let [] = rows.inputs([]);
    rows.check("scipy.special.bernoulli(0)", || special::bernoulli(0, DType::F64));
    rows.check("scipy.special.bernoulli(1)", || special::bernoulli(1, DType::F64));
    rows.check("scipy.special.bernoulli(3)", || special::bernoulli(3, DType::F64));
    rows.check("jnp.log(jnp.abs(scipy.special.bernoulli(100)[8::2]))", || {
        let places: Vec<i32> = (4..=50).map(|k| 2 * k).collect();
        special::bernoulli(100, DType::F64).take(Array::from_slice(&places, [47]), 0).abs().log()
    });
    rows.check("jnp.float32(scipy.special.bernoulli(30))", || special::bernoulli(30, DType::F32));
    rows.done();
    let first = special::bernoulli(12, DType::F64).to_vec::<f64>();
    let (b4, b6, b10, b12) = (-1. / 30., 1. / 42., 5. / 66., -691. / 2730.);
    close(&first, &[1., -0.5, 1. / 6., 0., b4, 0., b6, 0., b4, 0., b10, 0., b12], 1e-15);
}

#[test]
fn bessel_jn() {
    let mut rows = Rows::of("special_orders", "bessel_jn");
    let [z] = rows.inputs(["z"]);
    rows.check("scipy.special.jv(jnp.arange(6)[:, None], z)", || special::bessel_jn(&z, 5, 60));
    rows.check("scipy.special.jv(jnp.arange(31)[:, None], z)", || special::bessel_jn(&z, 30, 60));
    rows.check("jnp.log(jnp.abs(scipy.special.jv(jnp.arange(31)[:, None], z[2:6])))", || {
        special::bessel_jn(z.at(2..6).get(), 30, 60).abs().log()
    });
    rows.check("scipy.special.jvp(jnp.arange(4)[:, None], z)", || {
        jvp(|z: &Array| special::bessel_jn(z, 3, 60), &z, &z.ones_like()).1
    });
    rows.check("scipy.special.jv(jnp.arange(3)[:, None, None], z.reshape(2, 5))", || {
        let rows = z.reshape([2, 5]);
        let each = vmap(|z: &Array| special::bessel_jn(z, 2, 50), &rows, 0);
        close(&numbers(&each.moveaxis(0, 1)), &numbers(&special::bessel_jn(&rows, 2, 50)), 1e-15);
        special::bessel_jn(&rows, 2, 50)
    });
    rows.check("jnp.float32(scipy.special.jv(jnp.arange(9)[:, None], jnp.float32(z)))", || {
        special::bessel_jn(z.astype(DType::F32), 8, 50)
    });
    rows.done();
}

#[test]
fn bessel_jn_at_the_edges() {
    let z = f64s(&[0.0, -0.0, NAN], &[3]);
    let y = special::bessel_jn(&z, 2, 50).to_vec::<f64>();
    close(&y, &[1.0, 1.0, NAN, 0.0, 0.0, NAN, 0.0, 0.0, NAN], 0.0);
    let slope = |v: usize| {
        let f = |z: &Array| special::bessel_jn(z, v, 50).at(v as isize).get().sum(..);
        grad(f, &Array::scalar(0.0)).item::<f64>()
    };
    assert_eq!([slope(0), slope(1), slope(2)], [0.0, 0.5, 0.0]);
    assert_eq!(special::bessel_jn(f64s(&[], &[0]), 1, 50).shape(), [2, 0]);
    // So many steps from a small number end beyond f32 without a rescaling.
    let tiny = Array::scalar(1e-3_f32);
    close(&numbers(&special::bessel_jn(&tiny, 1, 50)), &[0.99999975, 0.0005], 1e-7);
    let z = nnx_core::array::complex(z, 1.0);
    refused(&[
        (
            "order",
            &|| special::bessel_jn(&tiny, 51, 50),
            &["bessel_jn", "`v` = 51", "`n_iter` = 50"],
        ),
        ("complex", &|| special::bessel_jn(&z, 1, 50), &["bessel_jn", "real numbers"]),
    ]);
}

#[test]
fn sph_harm_y() {
    let mut rows = Rows::of("special_orders", "sph_harm_y");
    let [n, m, theta, phi] = rows.inputs(["n", "m", "theta", "phi"]);
    let (ts, ps) = (theta.expand_dims(1), phi.expand_dims(1));
    rows.check("scipy.special.sph_harm_y(n, m, theta[:, None], phi[:, None])", || {
        special::sph_harm_y(&n, &m, &ts, &ps, 40)
    });
    rows.check("jsp.special.sph_harm_y(n[:6], m[:6], theta, phi, n_max=5)", || {
        special::sph_harm_y(n.at(..6).get(), m.at(..6).get(), &theta, &phi, 5)
    });
    let (t, p) = (theta.at(1).get(), phi.at(1).get());
    rows.check("scipy.special.sph_harm_y(n, m, theta[1], phi[1], diff_n=1)[1][..., 0]", || {
        jvp(|t: &Array| special::sph_harm_y(&n, &m, t, &p, 40), &t, &t.ones_like()).1
    });
    rows.check("scipy.special.sph_harm_y(n, m, theta[1], phi[1], diff_n=1)[1][..., 1]", || {
        jvp(|p: &Array| special::sph_harm_y(&n, &m, &t, p, 40), &p, &p.ones_like()).1
    });
    rows.done();
}

#[test]
fn sph_harm_y_further() {
    // Orders above the degree have none; degrees above the limit are the limit.
    let none = special::sph_harm_y(1, 2, Array::scalar(0.5), 0.25, 3);
    close(&numbers(&none), &[0.0, 0.0], 0.0);
    let at = |n: i32| special::sph_harm_y(n, 2, Array::scalar(0.5), 0.25, 6);
    close(&numbers(&at(10)), &numbers(&at(6)), 0.0);
    let single = special::sph_harm_y(3, -2, Array::scalar(0.5_f32), 0.25, 3);
    assert_eq!(single.dtype(), DType::C64);
    let double = special::sph_harm_y(3, -2, Array::scalar(0.5), 0.25, 3);
    close(&numbers(&single), &numbers(&double), 1e-6);
    let table: &[(&str, Function<'static>)] = &[("real and imaginary", &|a| {
        let y = special::sph_harm_y(4, -1, &a[0], a[1].t(), 4);
        y.real() * 2.0 + y.imag()
    })];
    let mut rng = Rng(17);
    check_table(check_grad2, table, &[rng.array(&[2, 3], 0.3, 2.5), rng.array(&[3, 2], 0.2, 5.0)]);
}
