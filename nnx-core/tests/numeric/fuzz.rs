//! What comparing with JAX on random arrays found: tests/fuzz.
use crate::values::*;
use nnx_core::{Array, grad, nn};

#[test]
fn slopes() {
    let mut rows = Rows::of("fuzz", "slopes");
    let [x, d, a, b] = rows.inputs(["x", "d", "a", "b"]);
    rows.check("jax.grad(lambda x: jnp.sinc(x).sum())(x)", || {
        grad(|x: &Array| x.sinc().sum(..), &x)
    });
    rows.check("jax.nn.log1mexp(d[2:])", || nn::log1mexp(&d.at(2..).get()));
    rows.check("jax.grad(lambda d: jax.nn.log1mexp(d).sum())(d)", || {
        grad(|d: &Array| nn::log1mexp(d).sum(..), &d)
    });
    rows.check("jax.grad(lambda a: jnp.floor_divide(a, b).sum())(a)", || {
        grad(|a: &Array| a.floor_divide(&b).sum(..), &a)
    });
    rows.check("jax.grad(lambda b: jnp.floor_divide(a, b).sum())(b)", || {
        grad(|b: &Array| a.floor_divide(b).sum(..), &b)
    });
    rows.check("jax.grad(lambda a: (lambda q, r: (q + r).sum())(*jnp.divmod(a, b)))(a)", || {
        let total = |a: &Array| {
            let (quotient, rest) = a.divmod(&b);
            (quotient + rest).sum(..)
        };
        grad(total, &a)
    });
    rows.done();
}

#[test]
fn complex_parts() {
    let mut rows = Rows::of("fuzz", "complex_parts");
    let [z, k] = rows.inputs(["z", "k"]);
    rows.check("jnp.log2(z)", || z.log2());
    rows.check("jnp.log10(z)", || z.log10());
    rows.check("jnp.log2(k)", || k.log2());
    rows.check("jnp.log10(k)", || k.log10());
    rows.check("jnp.signbit(jnp.log10(k).imag)", || k.log10().imag().signbit());
    rows.check("jax.grad(lambda z: jnp.log10(z).real.sum())(z[2:4])", || {
        grad(|z: &Array| z.log10().real().sum(..), &z.at(2..4).get())
    });
    rows.done();
}
