//! Images in other sizes, arrays between their elements, convolutions, cosine transforms.
use crate::values::*;
use nnx_core::array::*;
use nnx_core::fft::{Norm, dct, dctn, idct, idctn};
use nnx_core::image::*;
use nnx_core::ndimage::*;
use nnx_core::{Array, DType, grad, signal};

#[test]
fn sizes() {
    let mut rows = Rows::of("images", "sizes");
    let [x, k, h, b, s, t] = rows.inputs(["x", "k", "h", "b", "s", "t"]);
    rows.check("jax.image.resize(x, (5, 7), \"nearest\")", || {
        resize(&x, [5, 7], ResizeMethod::Nearest, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"nearest\")", || {
        resize(&x, [2, 3], ResizeMethod::Nearest, true)
    });
    rows.check("jax.image.resize(x, (5, 7), \"linear\")", || {
        resize(&x, [5, 7], ResizeMethod::Linear, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"linear\")", || {
        resize(&x, [2, 3], ResizeMethod::Linear, true)
    });
    rows.check("jax.image.resize(x, (5, 7), \"cubic\")", || {
        resize(&x, [5, 7], ResizeMethod::Cubic, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"cubic\")", || {
        resize(&x, [2, 3], ResizeMethod::Cubic, true)
    });
    rows.check("jax.image.resize(x, (5, 7), \"lanczos3\")", || {
        resize(&x, [5, 7], ResizeMethod::Lanczos3, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"lanczos3\")", || {
        resize(&x, [2, 3], ResizeMethod::Lanczos3, true)
    });
    rows.check("jax.image.resize(x, (5, 7), \"lanczos5\")", || {
        resize(&x, [5, 7], ResizeMethod::Lanczos5, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"lanczos5\")", || {
        resize(&x, [2, 3], ResizeMethod::Lanczos5, true)
    });
    rows.check("jax.image.resize(x, (5, 7), \"area\")", || {
        resize(&x, [5, 7], ResizeMethod::Area, true)
    });
    rows.check("jax.image.resize(x, (2, 3), \"area\")", || {
        resize(&x, [2, 3], ResizeMethod::Area, true)
    });
    rows.check("jax.image.resize(x, (2, 4), \"linear\", antialias=False)", || {
        resize(&x, [2, 4], ResizeMethod::Linear, false)
    });
    rows.check("jax.image.resize(x, (2, 4), \"cubic\", antialias=False)", || {
        resize(&x, [2, 4], ResizeMethod::Cubic, false)
    });
    rows.check("jax.image.resize(x, (2, 4), \"lanczos3\", antialias=False)", || {
        resize(&x, [2, 4], ResizeMethod::Lanczos3, false)
    });
    rows.check("jax.image.resize(k, (4, 2), \"nearest\")", || {
        resize(&k, [4, 2], ResizeMethod::Nearest, true)
    });
    rows.check("jax.image.resize(k, (4, 2), \"linear\").astype(jnp.float32)", || {
        resize(&k, [4, 2], ResizeMethod::Linear, true)
    });
    rows.check("jax.image.resize(h, (3, 3), \"linear\")", || {
        resize(&h, [3, 3], ResizeMethod::Linear, true)
    });
    rows.check("jax.image.resize(b, (3, 3), \"cubic\")", || {
        resize(&b, [3, 3], ResizeMethod::Cubic, true)
    });
    rows.check("jax.image.resize(x, (0, 4), \"linear\")", || {
        resize(&x, [0, 4], ResizeMethod::Linear, true)
    });
    rows.check("jax.image.resize(x, (3, 4), \"cubic\")", || {
        resize(&x, [3, 4], ResizeMethod::Cubic, true)
    });
    rows.check("jax.image.scale_and_translate(x, (4, 5), (0, 1), s, t, \"linear\")", || {
        scale_and_translate(&x, [4, 5], &[0, 1], &s, &t, ResizeMethod::Linear, true)
    });
    rows.check(
        "jax.image.scale_and_translate(x, (4, 4), (0,), s[:1], t[:1], \"cubic\", antialias=False)",
        || {
            scale_and_translate(
                &x,
                [4, 4],
                &[0],
                s.at(..1).get(),
                t.at(..1).get(),
                ResizeMethod::Cubic,
                false,
            )
        },
    );
    rows.check("jax.grad(lambda t: (jax.image.scale_and_translate(x, (4, 5), (0, 1), s, t, \"linear\") ** 2).sum())(t)", || grad(|t: &Array| scale_and_translate(&x, [4, 5], &[0, 1], &s, t, ResizeMethod::Linear, true).square().sum(..), &t));
    rows.check(
        "jax.grad(lambda x: (jax.image.resize(x, (5, 2), \"cubic\") ** 2).sum())(x)",
        || grad(|x: &Array| resize(x, [5, 2], ResizeMethod::Cubic, true).square().sum(..), &x),
    );
    rows.done();
}

#[test]
fn between() {
    let mut rows = Rows::of("images", "between");
    let [x, k, r, c, h] = rows.inputs(["x", "k", "r", "c", "h"]);
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 0, \"constant\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 0, Outside::Constant, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 1, \"constant\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 1, Outside::Constant, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 0, \"nearest\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 0, Outside::Nearest, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 1, \"nearest\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 1, Outside::Nearest, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 0, \"wrap\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 0, Outside::Wrap, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 1, \"wrap\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 1, Outside::Wrap, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 0, \"mirror\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 0, Outside::Mirror, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 1, \"mirror\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 1, Outside::Mirror, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 0, \"reflect\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 0, Outside::Reflect, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(x, [r, c], 1, \"reflect\", 0.5)", || {
        map_coordinates(&x, [&r, &c], 1, Outside::Reflect, 0.5)
    });
    rows.check("jsp.ndimage.map_coordinates(k, [c], 1)", || {
        map_coordinates(&k, [&c], 1, Outside::Constant, 0)
    });
    rows.check("jsp.ndimage.map_coordinates(k, [c], 0, \"reflect\")", || {
        map_coordinates(&k, [&c], 0, Outside::Reflect, 0)
    });
    rows.check("jsp.ndimage.map_coordinates(h, [c.astype(h.dtype)], 1, \"nearest\")", || {
        map_coordinates(&h, [&c.astype(DType::F16)], 1, Outside::Nearest, 0)
    });
    rows.check("jax.grad(lambda r: jsp.ndimage.map_coordinates(x, [r, c], 1).sum())(r)", || {
        grad(|r: &Array| map_coordinates(&x, [r, &c], 1, Outside::Constant, 0).sum(..), &r)
    });
    rows.check(
        "jax.grad(lambda x: jsp.ndimage.map_coordinates(x, [r, c], 1, \"nearest\").sum())(x)",
        || grad(|x: &Array| map_coordinates(x, [&r, &c], 1, Outside::Nearest, 0).sum(..), &x),
    );
    rows.done();
}

#[test]
fn signals() {
    let mut rows = Rows::of("images", "signals");
    let [a, b, v, w, k, z, i] = rows.inputs(["a", "b", "v", "w", "k", "z", "i"]);
    rows.check("jsp.signal.convolve(a, b, \"full\")", || {
        signal::convolve(&a, &b, ConvolveMode::Full)
    });
    rows.check("jsp.signal.convolve(a, b, \"same\")", || {
        signal::convolve(&a, &b, ConvolveMode::Same)
    });
    rows.check("jsp.signal.convolve(a, b, \"valid\")", || {
        signal::convolve(&a, &b, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.convolve(w, v, \"full\")", || {
        signal::convolve(&w, &v, ConvolveMode::Full)
    });
    rows.check("jsp.signal.convolve(w, v, \"same\")", || {
        signal::convolve(&w, &v, ConvolveMode::Same)
    });
    rows.check("jsp.signal.convolve(w, v, \"valid\")", || {
        signal::convolve(&w, &v, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.correlate(a, b, \"full\")", || {
        signal::correlate(&a, &b, ConvolveMode::Full)
    });
    rows.check("jsp.signal.correlate(a, b, \"same\")", || {
        signal::correlate(&a, &b, ConvolveMode::Same)
    });
    rows.check("jsp.signal.correlate(a, b, \"valid\")", || {
        signal::correlate(&a, &b, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.correlate(w, v, \"full\")", || {
        signal::correlate(&w, &v, ConvolveMode::Full)
    });
    rows.check("jsp.signal.correlate(w, v, \"same\")", || {
        signal::correlate(&w, &v, ConvolveMode::Same)
    });
    rows.check("jsp.signal.correlate(w, v, \"valid\")", || {
        signal::correlate(&w, &v, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.fftconvolve(a, b, \"full\")", || {
        signal::fftconvolve(&a, &b, ConvolveMode::Full)
    });
    rows.check("jsp.signal.fftconvolve(a, b, \"same\")", || {
        signal::fftconvolve(&a, &b, ConvolveMode::Same)
    });
    rows.check("jsp.signal.fftconvolve(a, b, \"valid\")", || {
        signal::fftconvolve(&a, &b, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.fftconvolve(w, v, \"full\")", || {
        signal::fftconvolve(&w, &v, ConvolveMode::Full)
    });
    rows.check("jsp.signal.fftconvolve(w, v, \"valid\")", || {
        signal::fftconvolve(&w, &v, ConvolveMode::Valid)
    });
    rows.check("jsp.signal.convolve(v, z)", || signal::convolve(&v, &z, ConvolveMode::Full));
    rows.check("jsp.signal.correlate(v, z)", || signal::correlate(&v, &z, ConvolveMode::Full));
    rows.check("jsp.signal.fftconvolve(v, z)", || signal::fftconvolve(&v, &z, ConvolveMode::Full));
    rows.check("jsp.signal.convolve(k, k.astype(jnp.float32))", || {
        signal::convolve(&k, &k, ConvolveMode::Full)
    });
    rows.check("jsp.signal.detrend(a)", || signal::detrend(&a, -1, signal::Trend::Linear));
    rows.check("jsp.signal.detrend(a, axis=0, type=\"constant\")", || {
        signal::detrend(&a, 0, signal::Trend::Constant)
    });
    rows.check("jsp.fft.dct(v)", || dct(&v, None, -1, Norm::Backward));
    rows.check("jsp.fft.dct(a, axis=0, norm=\"ortho\")", || dct(&a, None, 0, Norm::Ortho));
    rows.check("jsp.fft.dct(v, n=8)", || dct(&v, 8, -1, Norm::Backward));
    rows.check("jsp.fft.dct(v, n=3)", || dct(&v, 3, -1, Norm::Backward));
    rows.check("jsp.fft.idct(v)", || idct(&v, None, -1, Norm::Backward));
    rows.check("jsp.fft.idct(a, norm=\"ortho\")", || idct(&a, None, -1, Norm::Ortho));
    rows.check("jsp.fft.idct(w[:1])", || idct(w.at(..1).get(), None, -1, Norm::Backward));
    rows.check("jsp.fft.dctn(a)", || dctn(&a, .., Norm::Backward));
    rows.check("jsp.fft.idctn(a, norm=\"ortho\")", || idctn(&a, .., Norm::Ortho));
    rows.check("jsp.fft.dct(v.astype(jnp.float32))", || {
        dct(v.astype(DType::F32), None, -1, Norm::Backward)
    });
    rows.check("lax.conv_general_dilated_patches(i, (2,), (1,), \"VALID\", dimension_numbers=(\"NHC\", \"HIO\", \"NHC\"))", || conv_general_dilated_patches(&i, &[2], &Default::default()));
    rows.check("lax.conv_general_dilated_patches(i[None], (2, 2), (1, 2), \"SAME\", dimension_numbers=(\"NCHW\", \"OIHW\", \"NCHW\"))", || conv_general_dilated_patches(i.expand_dims(0), &[2, 2], &ConvOptions { strides: vec![1, 2], padding: Padding::Same, dimension_numbers: Some(["NCHW", "OIHW", "NCHW"]), ..Default::default() }));
    rows.check("lax.conv_general_dilated_patches(i[None], (2, 3), (1, 1), ((0, 1), (2, 0)), rhs_dilation=(1, 2), dimension_numbers=(\"NHWC\", \"HWIO\", \"NHWC\"))", || conv_general_dilated_patches(i.expand_dims(0), &[2, 3], &ConvOptions { padding: Padding::Explicit(vec![(0, 1), (2, 0)]), rhs_dilation: vec![1, 2], ..Default::default() }));
    rows.done();
}

#[test]
fn wrong_arguments() {
    let (x, v) = (ones([2, 3], DType::F32), ones([2], DType::F32));
    let z = v.astype(DType::C64);
    refused(&[
        ("axes", &|| resize(&x, [4], ResizeMethod::Linear, true), &["resize", "[4]", "f32[2, 3]"]),
        (
            "empty",
            &|| resize(zeros([0], DType::F32), [4], ResizeMethod::Nearest, true),
            &["resize", "f32[0]"],
        ),
        (
            "nearest",
            &|| scale_and_translate(&x, [2, 3], &[0, 1], &v, &v, ResizeMethod::Nearest, true),
            &["scale_and_translate", "Nearest", "f32[2, 3]"],
        ),
        (
            "other axis",
            &|| scale_and_translate(&x, [2, 4], &[0], &v, &v, ResizeMethod::Linear, true),
            &["scale_and_translate", "f32[2, 3]", "[2, 4]"],
        ),
        (
            "order",
            &|| map_coordinates(&v, [&v], 2, Outside::Constant, 0),
            &["map_coordinates", "order 2"],
        ),
        (
            "coordinates",
            &|| map_coordinates(&x, [&v], 1, Outside::Constant, 0),
            &["map_coordinates", "f32[2, 3]"],
        ),
        (
            "convolve",
            &|| signal::convolve(&x, &v, ConvolveMode::Full),
            &["convolve", "f32[2, 3]", "f32[2]"],
        ),
        ("dct", &|| dct(&z, None, 0, Norm::Backward), &["dct", "c64[2]", "real"]),
        ("dct forward", &|| dct(&v, None, 0, Norm::Forward), &["dct", "Forward"]),
        ("detrend", &|| signal::detrend(&v, 1, signal::Trend::Linear), &["detrend", "axis 1"]),
    ]);
}
