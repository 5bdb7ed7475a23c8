//! Functions of complex numbers: values from SciPy, derivatives by the Cauchy–Riemann equations.

use crate::check::*;
use crate::values::*;
use nnx_core::array::complex;
use nnx_core::{Array, DType, jvp, special};

/// The derivative of a holomorphic function, asked for in two directions.
fn derivative(f: impl Fn(&Array) -> Array, z: &Array) -> Array {
    let real = z.real();
    let one = complex(real.ones_like(), real.zeros_like());
    let i = complex(real.zeros_like(), real.ones_like());
    let (along, across) = (jvp(&f, z, &one).1, jvp(&f, z, &i).1);
    close(&numbers(&(&along * &i)), &numbers(&across), 1e-12);
    along
}

#[test]
fn loggamma() {
    let mut rows = Rows::of("special_plane", "loggamma");
    let [z, poles, x, w] = rows.inputs(["z", "poles", "x", "w"]);
    rows.check("scipy.special.loggamma(z)", || special::loggamma(&z));
    rows.check("jsp.special.loggamma(poles)", || special::loggamma(&poles));
    rows.check("jsp.special.loggamma(x)", || special::loggamma(&x));
    rows.check("scipy.special.digamma(w)", || derivative(|x| special::loggamma(x), &w));
    rows.check("jsp.special.gamma(poles)", || special::gamma(&poles));
    rows.check("scipy.special.gamma(w)", || special::gamma(&w));
    rows.done();
}

#[test]
fn wofz() {
    let mut rows = Rows::of("special_plane", "wofz");
    let [z, x, w] = rows.inputs(["z", "x", "w"]);
    rows.check("scipy.special.wofz(z)", || special::wofz(&z));
    rows.check("scipy.special.wofz(x)", || special::wofz(&x));
    rows.check("scipy.special.erfcx(w)", || special::erfcx(&w));
    rows.check("-2 * w * scipy.special.wofz(w) + 2j / jnp.sqrt(jnp.pi)", || {
        derivative(|x| special::wofz(x), &w)
    });
    rows.done();
}

/// On the real axis too the derivative has both directions.
#[test]
fn derivatives_on_the_axis() {
    let z = complex(f64s(&[0.3, 2.5, -1.4], &[3]), 0.0);
    let slope = derivative(|x| special::loggamma(x), &z);
    close(&numbers(&slope.real()), &numbers(&z.real().digamma()), 1e-12);
    derivative(|x| special::wofz(x), &z);
}

#[test]
fn complex64_and_narrow() {
    let z = complex(f64s(&[0.3, -2.4, 5.0], &[3]), f64s(&[0.5, 0.25, -1.0], &[3]));
    let narrow = z.astype(DType::C64);
    for f in [special::loggamma, special::wofz, special::erfcx, special::gamma] {
        let y = f(&narrow);
        assert_eq!(y.dtype(), DType::C64);
        close(&numbers(&y), &numbers(&f(&z)), 5e-6);
    }
    let half = Array::from([0.5_f32, 3.0]).astype(DType::F16);
    assert_eq!(special::loggamma(&half).dtype(), DType::F16);
    assert_eq!(special::wofz(&half).dtype(), DType::C64);
}
