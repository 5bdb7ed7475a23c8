//! Products, sums over samples, polynomials.
use crate::check::*;
use crate::values::*;
use nnx_core::array::*;

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("products", "values_as_in_jax");
    let [a, e, f3, v3, w3, cc] = rows.inputs(["a", "e", "f3", "v3", "w3", "cc"]);
    rows.check("jnp.tensordot(a, e, 1)", || tensordot(&a, &e, 1));
    rows.check("jnp.tensordot(f3, e, 2)", || tensordot(&f3, &e, 2));
    rows.check("jnp.tensordot(f3, f3, ((0, 2), (0, 2)))", || tensordot(&f3, &f3, ([0, 2], [0, 2])));
    rows.check("jnp.tensordot(v3, w3, 0)", || tensordot(&v3, &w3, 0));
    rows.check("jnp.dot(f3, e.T)", || dot(&f3, e.t()));
    rows.check("jnp.dot(v3, w3)", || dot(&v3, &w3));
    rows.check("jnp.dot(a, v3)", || dot(&a, &v3));
    rows.check("jnp.dot(f3, jnp.swapaxes(f3, 1, 2))", || dot(&f3, f3.swapaxes(1, 2)));
    rows.check("jnp.vdot(a, a)", || vdot(&a, &a));
    rows.check("jnp.vdot(cc, cc * 2j)", || {
        vdot(&cc, &(&cc * complex(f64s(&[0.], &[]), f64s(&[2.], &[]))))
    });
    rows.check("jnp.inner(f3, e.T[:, :][:4].T)", || inner(&f3, &e));
    rows.check("jnp.outer(a, v3)", || outer(&a, &v3));
    rows.check("jnp.kron(a, e)", || kron(&a, &e));
    rows.check("jnp.kron(v3, a)", || kron(&v3, &a));
    rows.check("jnp.vecdot(a, v3)", || vecdot(&a, &v3, -1));
    rows.check("jnp.cross(v3, w3)", || cross(&v3, &w3));
    rows.check("jnp.cross(a, v3)", || cross(&a, &v3));
    rows.check("jnp.cross(v3[:2], w3)", || cross(v3.slice([(0..2).into()]), &w3));
    rows.check("jnp.cross(v3[:2], w3[:2])", || {
        cross(v3.slice([(0..2).into()]), w3.slice([(0..2).into()]))
    });
    rows.check("jnp.vander(v3)", || vander(&v3, 3, false));
    rows.check("jnp.vander(v3, 4, True)", || vander(&v3, 4, true));
    rows.check("jnp.polyval(v3, a)", || polyval(&v3, &a));
    rows.check("jnp.trapezoid(e)", || trapezoid(&e, 1.0, -1));
    rows.check("jnp.trapezoid(e, dx=0.1, axis=0)", || trapezoid(&e, 0.1, 0));
    rows.check("jnp.trapezoid(e, x=v3, axis=0)", || trapezoid_at(&e, &v3, 0));
    rows.check("jnp.trapezoid(e, x=e * e, axis=1)", || trapezoid_at(&e, e.square(), 1));
    rows.check("jnp.convolve(v3, e[0], \"full\")", || {
        convolve(&v3, e.slice([0.into()]), ConvolveMode::Full)
    });
    rows.check("jnp.convolve(e[1], w3, \"full\")", || {
        convolve(e.slice([1.into()]), &w3, ConvolveMode::Full)
    });
    rows.check("jnp.correlate(v3, e[0], \"full\")", || {
        correlate(&v3, e.slice([0.into()]), ConvolveMode::Full)
    });
    rows.check("jnp.correlate(e[0], w3, \"full\")", || {
        correlate(e.slice([0.into()]), &w3, ConvolveMode::Full)
    });
    rows.check("jnp.convolve(v3, e[0], \"same\")", || {
        convolve(&v3, e.slice([0.into()]), ConvolveMode::Same)
    });
    rows.check("jnp.convolve(e[1], w3, \"same\")", || {
        convolve(e.slice([1.into()]), &w3, ConvolveMode::Same)
    });
    rows.check("jnp.correlate(v3, e[0], \"same\")", || {
        correlate(&v3, e.slice([0.into()]), ConvolveMode::Same)
    });
    rows.check("jnp.correlate(e[0], w3, \"same\")", || {
        correlate(e.slice([0.into()]), &w3, ConvolveMode::Same)
    });
    rows.check("jnp.convolve(v3, e[0], \"valid\")", || {
        convolve(&v3, e.slice([0.into()]), ConvolveMode::Valid)
    });
    rows.check("jnp.convolve(e[1], w3, \"valid\")", || {
        convolve(e.slice([1.into()]), &w3, ConvolveMode::Valid)
    });
    rows.check("jnp.correlate(v3, e[0], \"valid\")", || {
        correlate(&v3, e.slice([0.into()]), ConvolveMode::Valid)
    });
    rows.check("jnp.correlate(e[0], w3, \"valid\")", || {
        correlate(e.slice([0.into()]), &w3, ConvolveMode::Valid)
    });
    rows.check("jnp.interp(a, jnp.array([-1., 0., 2.]), v3)", || {
        interp(&a, f64s(&[-1., 0., 2.], &[3]), &v3, None, None)
    });
    rows.check("jnp.interp(a * 3, jnp.array([-1., 0., 2.]), v3, left=-7., right=8.)", || {
        interp(&(&a * 3.0), f64s(&[-1., 0., 2.], &[3]), &v3, Some(-7.0), Some(8.0))
    });
    rows.check("jnp.unwrap(e * 10)", || unwrap(&(&e * 10.0), -1, 2.0 * std::f64::consts::PI));
    rows.check("jnp.unwrap(e * 10, period=3., axis=0)", || unwrap(&(&e * 10.0), 0, 3.0));
    rows.check("jnp.einsum(\"ij,jk\", a, e)", || einsum("ij,jk", [&a, &e]));
    rows.check("jnp.einsum(\"...j,jk->...k\", f3.swapaxes(1, 2), e)", || {
        einsum("...j,jk->...k", [&f3.swapaxes(1, 2), &e])
    });
    rows.check("jnp.einsum(\"i...,i...\", f3, f3)", || einsum("i...,i...", [&f3, &f3]));
    rows.check("jnp.einsum(\"...ij->...ji\", f3)", || einsum("...ij->...ji", [&f3]));
    rows.check("jnp.einsum(\"...,...\", f3[:1], e)", || {
        einsum("...,...", [&f3.slice([(0..1).into()]), &e])
    });
    rows.check("jnp.einsum(\"ij,jk,lk,lm,nm->in\", a, e, e, e, e)", || {
        einsum("ij,jk,lk,lm,nm->in", [&a, &e, &e, &e, &e])
    });
    rows.check("jnp.einsum(\"ij,jk,lk,lm,nm,nm,ab->ib\", a, e, e, e, e, e, a)", || {
        einsum("ij,jk,lk,lm,nm,nm,ab->ib", [&a, &e, &e, &e, &e, &e, &a])
    });
    rows.check("jnp.einsum(\"i,j,k->kji\", v3, w3, v3)", || einsum("i,j,k->kji", [&v3, &w3, &v3]));
    rows.check("jnp.einsum(\"ij,ij,ij->\", a, a, a)", || einsum("ij,ij,ij->", [&a, &a, &a]));
    rows.check("jnp.einsum(\"ii->i\", e[:, :3])", || {
        einsum("ii->i", [&e.slice([(..).into(), (0..3).into()])])
    });
    rows.done();
}
