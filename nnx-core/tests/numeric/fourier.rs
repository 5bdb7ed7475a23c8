//! Complex numbers and Fourier transforms: values and gradients from JAX, batches, bad input.

use crate::check::*;
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, fft, grad, vmap};

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("fourier", "values_as_in_jax");
    let [m, v, z, w] = rows.inputs(["m", "v", "z", "w"]);
    rows.check("jnp.fft.fft(z, norm=None)", || fft::fft(&z, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.ifft(z, norm=None)", || fft::ifft(&z, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.rfft(v, norm=None)", || fft::rfft(&v, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.irfft(z, norm=None)", || fft::irfft(&z, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.hfft(z, norm=None)", || fft::hfft(&z, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.ihfft(v, norm=None)", || fft::ihfft(&v, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.fftn(w, norm=None)", || fft::fftn(&w, .., fft::Norm::Backward));
    rows.check("jnp.fft.fft(z, norm=\"ortho\")", || fft::fft(&z, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.ifft(z, norm=\"ortho\")", || fft::ifft(&z, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.rfft(v, norm=\"ortho\")", || fft::rfft(&v, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.irfft(z, norm=\"ortho\")", || fft::irfft(&z, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.hfft(z, norm=\"ortho\")", || fft::hfft(&z, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.ihfft(v, norm=\"ortho\")", || fft::ihfft(&v, None, -1, fft::Norm::Ortho));
    rows.check("jnp.fft.fftn(w, norm=\"ortho\")", || fft::fftn(&w, .., fft::Norm::Ortho));
    rows.check("jnp.fft.fft(z, norm=\"forward\")", || fft::fft(&z, None, -1, fft::Norm::Forward));
    rows.check("jnp.fft.ifft(z, norm=\"forward\")", || fft::ifft(&z, None, -1, fft::Norm::Forward));
    rows.check("jnp.fft.rfft(v, norm=\"forward\")", || fft::rfft(&v, None, -1, fft::Norm::Forward));
    rows.check("jnp.fft.irfft(z, norm=\"forward\")", || {
        fft::irfft(&z, None, -1, fft::Norm::Forward)
    });
    rows.check("jnp.fft.hfft(z, norm=\"forward\")", || fft::hfft(&z, None, -1, fft::Norm::Forward));
    rows.check("jnp.fft.ihfft(v, norm=\"forward\")", || {
        fft::ihfft(&v, None, -1, fft::Norm::Forward)
    });
    rows.check("jnp.fft.fftn(w, norm=\"forward\")", || fft::fftn(&w, .., fft::Norm::Forward));
    rows.check("jnp.fft.fft(v)", || fft::fft(&v, None, -1, fft::Norm::Backward));
    rows.check("jnp.fft.fft(m, 6, 0)", || fft::fft(&m, 6, 0, fft::Norm::Backward));
    rows.check("jnp.fft.fft(m, 2, 1)", || fft::fft(&m, 2, 1, fft::Norm::Backward));
    rows.check("jnp.fft.irfft(z, 5)", || fft::irfft(&z, 5, -1, fft::Norm::Backward));
    rows.check("jnp.fft.irfft(z, 1)", || fft::irfft(&z, 1, -1, fft::Norm::Backward));
    rows.check("jnp.fft.rfft(m, axis=0)", || fft::rfft(&m, None, 0, fft::Norm::Backward));
    rows.check("jnp.fft.fft2(m)", || fft::fft2(&m, fft::Norm::Backward));
    rows.check("jnp.fft.ifft2(z)", || fft::ifft2(&z, fft::Norm::Backward));
    rows.check("jnp.fft.rfftn(m)", || fft::rfftn(&m, .., fft::Norm::Backward));
    rows.check("jnp.fft.rfftn(w)", || fft::rfftn(&w, .., fft::Norm::Backward));
    rows.check("jnp.fft.irfftn(jnp.fft.rfftn(w))", || {
        fft::irfftn(fft::rfftn(&w, .., fft::Norm::Backward), .., fft::Norm::Backward)
    });
    rows.check("jnp.fft.fftn(w, axes=(2, 0))", || fft::fftn(&w, [2, 0], fft::Norm::Backward));
    rows.check("jnp.fft.rfftn(w, axes=(1, 0))", || fft::rfftn(&w, [1, 0], fft::Norm::Backward));
    rows.check("jnp.fft.ifftn(w)", || fft::ifftn(&w, .., fft::Norm::Backward));
    rows.check("jnp.fft.fftfreq(5, 0.5)", || fft::fftfreq(5, 0.5, DType::F64));
    rows.check("jnp.fft.fftfreq(6)", || fft::fftfreq(6, 1.0, DType::F64));
    rows.check("jnp.fft.rfftfreq(5, 0.1)", || fft::rfftfreq(5, 0.1, DType::F64));
    rows.check("jnp.fft.fftshift(m)", || fft::fftshift(&m, ..));
    rows.check("jnp.fft.fftshift(v)", || fft::fftshift(&v, 0));
    rows.check("jnp.fft.ifftshift(v)", || fft::ifftshift(&v, ..));
    rows.check("jnp.exp(z)", || z.exp());
    rows.check("jnp.log(z)", || z.log());
    rows.check("jnp.sqrt(z)", || z.sqrt());
    rows.check("jnp.sin(z)", || z.sin());
    rows.check("jnp.tanh(z)", || z.tanh());
    rows.check("jnp.abs(z)", || z.abs());
    rows.check("jnp.angle(z)", || z.angle());
    rows.check("jnp.angle(v)", || v.angle());
    rows.check("z.conj()", || z.conj());
    rows.check("z.real", || z.real());
    rows.check("z.imag", || z.imag());
    rows.check("z * z - z / 2", || &z * &z - &z / 2.0);
    rows.check("1 / z", || 1.0 / &z);
    rows.check("z ** 2", || z.square());
    rows.check("z @ z.T", || z.matmul(z.t()));
    rows.check("z.sum(0)", || z.sum(0));
    rows.check("z.mean()", || z.mean(..));
    rows.check("z.prod(1)", || z.prod(1));
    rows.check("z == z.conj()", || z.eq(z.conj()));
    rows.check("v[:3] * z", || v.slice([(0..3).into()]) * &z);
    rows.check("z.astype(float)", || z.astype(DType::F64));
    rows.check("jnp.cumsum(z, 1)", || z.cumsum(1));
    rows.check("jnp.where(z.real > 0, z, 0)", || where_(z.real().gt(0.0), &z, 0));
    rows.check("jax.lax.complex(v, v * 2)", || complex(&v, &(&v * 2.0)));
    rows.check("jnp.reciprocal(z)", || z.reciprocal());
    rows.check("jnp.isnan(z)", || z.is_nan());
    rows.check("jnp.concatenate([z, z])", || concatenate([&z, &z], 0));
    rows.check("jnp.linalg.norm(z)", || nnx_core::linalg::norm(&z, ..));
    rows.done();
}

#[test]
fn gradients_as_in_jax() {
    let mut rows = Rows::of("fourier", "gradients_as_in_jax");
    let [m, v, z] = rows.inputs(["m", "v", "z"]);
    rows.check(
        "jax.grad(lambda x: (jnp.abs(jnp.fft.fft(x)) ** 2 * jnp.arange(4)).sum())(m)",
        || {
            grad(
                |x: &Array| {
                    (fft::fft(x, None, -1, fft::Norm::Backward).abs().square()
                        * arange(4, DType::F64))
                    .sum(..)
                },
                &m,
            )
        },
    );
    rows.check("jax.grad(lambda x: jnp.abs(jnp.fft.rfft(x)).sum())(v)", || {
        grad(|x: &Array| fft::rfft(x, None, -1, fft::Norm::Backward).abs().sum(..), &v)
    });
    rows.check("jax.grad(lambda x: jnp.real(jnp.fft.rfft(x) * z[0, 0]).sum())(m)", || {
        grad(
            |x: &Array| {
                (fft::rfft(x, None, -1, fft::Norm::Backward) * z.slice([0.into(), 0.into()]))
                    .real()
                    .sum(..)
            },
            &m,
        )
    });
    rows.check("jax.grad(lambda x: (jnp.fft.irfft(x) ** 3).sum())(z)", || {
        grad(|x: &Array| fft::irfft(x, None, -1, fft::Norm::Backward).powi(3).sum(..), &z)
    });
    rows.check("jax.grad(lambda x: (jnp.fft.irfft(x, 5) ** 3).sum())(z)", || {
        grad(|x: &Array| fft::irfft(x, 5, -1, fft::Norm::Backward).powi(3).sum(..), &z)
    });
    rows.check("jax.grad(lambda x: (jnp.fft.irfftn(x) ** 2 * 0.5).sum())(z)", || {
        grad(|x: &Array| (fft::irfftn(x, .., fft::Norm::Backward).square() * 0.5).sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.abs(jnp.fft.ifft2(x)).sum())(z)", || {
        grad(|x: &Array| fft::ifft2(x, fft::Norm::Backward).abs().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.abs(jnp.exp(x) * x).sum())(z)", || {
        grad(|x: &Array| (x.exp() * x).abs().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.imag(x ** 2 / (1 + x)).sum())(z)", || {
        grad(|x: &Array| (x.square() / (1.0 + x)).imag().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.angle(x).sum())(z)", || {
        grad(|x: &Array| x.angle().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.real(x @ x.conj().T).sum())(z)", || {
        grad(|x: &Array| x.matmul(x.conj().t()).real().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.abs(x).sum())(z)", || grad(|x: &Array| x.abs().sum(..), &z));
    rows.check("jax.grad(lambda x: jnp.abs(0 * x).sum())(z)", || {
        grad(|x: &Array| (x * 0.0).abs().sum(..), &z)
    });
    rows.check("jax.grad(lambda x: jnp.real(lax.complex(x, x ** 2) ** 2).sum())(v)", || {
        grad(|x: &Array| complex(x, x.square()).square().real().sum(..), &v)
    });
    rows.done();
}

#[test]
fn complex64_and_batches() {
    let x = Array::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 0.0, -1.0], [2, 3]);
    let y = fft::rfft(&x, None, -1, fft::Norm::Backward);
    assert_eq!((y.dtype(), y.shape()), (DType::C64, &[2, 2][..]));
    close(&numbers(&y), &[6.0, 0.0, -1.5, 0.866_025_4, 3.0, 0.0, 4.5, -0.866_025_4], 1e-6);
    let rows = vmap(|row: &Array| fft::rfft(row, None, -1, fft::Norm::Backward), &x, 0);
    assert_eq!(numbers(&rows), numbers(&y));
    let back = vmap(|row: &Array| fft::irfft(row, 3, -1, fft::Norm::Backward), &y, 0);
    close(&numbers(&back), &numbers(&x), 1e-6);
    let z = Array::from_slice(&[num_complex::Complex::new(1.0_f32, -2.0)], [1]);
    assert_eq!(z.to_vec::<num_complex::Complex<f32>>()[0].im, -2.0);
    assert_eq!(fft::fft(zeros([0, 4], DType::F32), None, -1, fft::Norm::Backward).shape(), [0, 4]);
}

#[test]
fn mistakes_name_shapes_and_rules() {
    let (x, z) = (zeros([2, 3], DType::F32), zeros([2], DType::C64));
    let b = fft::Norm::Backward;
    refused(&[
        ("axis", &|| fft::fft(&x, None, 2, b), &["fft", "f32[2, 3]", "axis 2"]),
        ("real", &|| fft::rfft(&z, None, 0, b), &["rfft", "c64[2]", "real"]),
        ("empty", &|| fft::fft(zeros([0], DType::F32), None, 0, b), &["fft", "f32[0]"]),
        ("twice", &|| fft::fftn(&x, [0, 0], b), &["fftn", "twice"]),
        ("clip", &|| z.clip(&z, &z), &["clip", "c64[2]", "real"]),
        ("partition", &|| z.partition(0, 0), &["partition", "c64[2]", "real"]),
        ("floor", &|| z.floor(), &["floor", "c64"]),
        ("bits", &|| &z & &z, &["and", "c64"]),
        ("parts", &|| complex(&x, z.real()), &["complex", "f32[2, 3]", "f32[2]"]),
    ]);
}
