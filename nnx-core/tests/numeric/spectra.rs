//! Spectra of pieces of a signal.

use crate::check::close;
use crate::values::*;
use nnx_core::array::{sort_complex, stack};
use nnx_core::signal::{
    Averaged, Boundary, Pieces, Scaling, Taper, Trend, csd, istft, stft, welch,
};
use nnx_core::{Array, DType, grad, vmap};

/// Pieces of `n` elements.
fn of(n: usize) -> Pieces {
    Pieces { nperseg: Some(n), ..Pieces::of_stft() }
}

fn power(n: usize) -> Pieces {
    Pieces { nperseg: Some(n), ..Pieces::of_welch() }
}

#[test]
fn short_time_transforms() {
    let mut rows = Rows::of("spectra", "stft");
    let [x, z, w, s] = rows.inputs(["x", "z", "w", "s"]);
    let usual = |x: &Array, pieces: &Pieces| stft(x, pieces, Boundary::Zeros, true, -1);
    rows.check("jsp.signal.stft(x)", || usual(&x, &Pieces::of_stft()));
    rows.check("jsp.signal.stft(x, fs=4., nperseg=8)", || usual(&x, &Pieces { fs: 4.0, ..of(8) }));
    rows.check("jsp.signal.stft(x, nperseg=9, noverlap=2, nfft=16, detrend='linear')", || {
        let (noverlap, nfft, detrend) = (Some(2), Some(16), Some(Trend::Linear));
        usual(&x, &Pieces { noverlap, nfft, detrend, ..of(9) })
    });
    rows.check("jsp.signal.stft(x.T, nperseg=8, boundary='even', padded=False, axis=0)", || {
        stft(x.t(), &of(8), Boundary::Even, false, 0)
    });
    rows.check("jsp.signal.stft(x, nperseg=8, boundary='odd')", || {
        stft(&x, &of(8), Boundary::Odd, true, -1)
    });
    rows.check("jsp.signal.stft(x, nperseg=7, boundary='constant', return_onesided=False)", || {
        stft(&x, &Pieces { onesided: false, ..of(7) }, Boundary::Constant, true, -1)
    });
    rows.check("jsp.signal.stft(x, nperseg=8, noverlap=0, boundary=None, padded=False)", || {
        stft(&x, &Pieces { noverlap: Some(0), ..of(8) }, None, false, -1)
    });
    rows.check("jsp.signal.stft(z, nperseg=8, detrend='constant')", || {
        usual(&z, &Pieces { detrend: Some(Trend::Constant), ..of(8) })
    });
    rows.check("jsp.signal.stft(x, window=w, nperseg=None)", || {
        usual(&x, &Pieces { window: Taper::Weights(w.clone()), ..Pieces::of_istft() })
    });
    rows.check("jsp.signal.stft(s, nperseg=8)", || usual(&s, &of(8)));
    let windows = [
        ("'hamming'", Taper::Hamming),
        ("'blackman'", Taper::Blackman),
        ("'bartlett'", Taper::Bartlett),
        ("'boxcar'", Taper::Boxcar),
        ("('kaiser', 4.0)", Taper::Kaiser(4.0)),
    ];
    for (name, window) in windows {
        rows.check(&format!("scipy.signal.stft(x[0], nperseg=8, window={name})"), || {
            usual(&x.at(0).get(), &Pieces { window: window.clone(), ..of(8) })
        });
    }
    rows.done();
}

#[test]
fn signals_of_transforms() {
    let mut rows = Rows::of("spectra", "istft");
    let [x, z] = rows.inputs(["x", "z"]);
    let usual = |z: &Array, pieces: &Pieces| istft(z, pieces, true, -1, -2);
    let plain = Pieces::of_istft;
    rows.check("jsp.signal.istft(z)", || usual(&z, &plain()));
    rows.check("scipy.signal.istft(z, nperseg=9)", || usual(&z, &of(9)));
    rows.check("jsp.signal.istft(z, fs=2., noverlap=6, boundary=False)", || {
        istft(&z, &Pieces { fs: 2.0, noverlap: Some(6), ..plain() }, false, -1, -2)
    });
    rows.check("jsp.signal.istft(z, nperseg=6, nfft=8)", || {
        usual(&z, &Pieces { nfft: Some(8), ..of(6) })
    });
    rows.check("jsp.signal.istft(z, input_onesided=False)", || {
        usual(&z, &Pieces { onesided: false, ..plain() })
    });
    rows.check("scipy.signal.istft(z.T, window='hamming', time_axis=0, freq_axis=1)", || {
        istft(z.t(), &Pieces { window: Taper::Hamming, ..plain() }, true, 0, 1)
    });
    rows.check("scipy.signal.istft(jnp.stack([z, z + 1], -1), time_axis=1, freq_axis=0)", || {
        istft(stack([&z, &(&z + 1.0)], -1), &plain(), true, 1, 0)
    });
    rows.done();

    // There and back, with pieces that overlap by more than half or hardly.
    for (n, overlap) in [(8, 4), (8, 7), (9, 4), (5, 1), (16, 12), (1, 0)] {
        let pieces = Pieces { noverlap: Some(overlap), ..of(n) };
        let pieces = if overlap == 1 { Pieces { window: Taper::Boxcar, ..pieces } } else { pieces };
        let (_, _, z) = stft(&x, &pieces, Boundary::Zeros, true, -1);
        let (_, y) = istft(&z, &pieces, true, -1, -2);
        let y = y.slice([(..).into(), (..40).into()]);
        close(&numbers(&y), &numbers(&x), 1e-12);
    }
}

#[test]
fn power_spectra() {
    let mut rows = Rows::of("spectra", "power");
    let [x, y, z, w] = rows.inputs(["x", "y", "z", "w"]);
    let (density, mean) = (Scaling::Density, Averaged::Mean);
    let first = x.at(0).get();
    rows.check("jsp.signal.welch(x)", || welch(&x, &Pieces::of_welch(), density, -1, mean));
    rows.check("jsp.signal.welch(x, fs=10., nperseg=8)", || {
        welch(&x, &Pieces { fs: 10.0, ..power(8) }, density, -1, mean)
    });
    rows.check("jsp.signal.welch(x, nperseg=8, average='median')", || {
        welch(&x, &power(8), density, -1, Averaged::Median)
    });
    rows.check("jsp.signal.welch(x, nperseg=7, scaling='spectrum', detrend='linear')", || {
        let pieces = Pieces { detrend: Some(Trend::Linear), ..power(7) };
        welch(&x, &pieces, Scaling::Spectrum, -1, mean)
    });
    rows.check("jsp.signal.welch(x.T, nperseg=8, nfft=12, axis=0, detrend=False)", || {
        let pieces = Pieces { nfft: Some(12), detrend: None, ..power(8) };
        welch(x.t(), &pieces, density, 0, mean)
    });
    rows.check("jsp.signal.welch(z, nperseg=8)", || welch(&z, &power(8), density, -1, mean));
    rows.check("jsp.signal.welch(y, window=w)", || {
        let pieces = Pieces { window: Taper::Weights(w.clone()), ..Pieces::of_welch() };
        welch(&y, &pieces, density, -1, mean)
    });
    rows.check("jsp.signal.csd(x, y[None], nperseg=8)", || {
        csd(&x, y.expand_dims(0), &power(8), density, -1, mean)
    });
    rows.check("jsp.signal.csd(x[0], y, nperseg=8, average='median')", || {
        csd(&first, &y, &power(8), density, -1, Averaged::Median)
    });
    rows.check("jsp.signal.csd(x[0], y[:20], nperseg=8, return_onesided=False)", || {
        let pieces = Pieces { onesided: false, ..power(8) };
        csd(&first, y.at(..20).get(), &pieces, density, -1, mean)
    });
    rows.check("jsp.signal.csd(x[0], z, nperseg=8)", || {
        csd(&first, &z, &power(8), density, -1, mean)
    });
    rows.check("jsp.signal.csd(x[0], None, nperseg=8)", || {
        csd(&first, None, &power(8), density, -1, mean)
    });
    rows.check("jax.grad(lambda x: jsp.signal.welch(x, nperseg=8)[1][0].sum())(x)", || {
        let f = |x: &Array| welch(x, &power(8), density, -1, mean).1.at(0).get().sum(..);
        grad(f, &x)
    });
    rows.done();
}

#[test]
fn batches_and_refusals() {
    let x = Array::from_slice(&[1.0, 0.5, 2.0, -1.0, 0.0, 3.0, 1.0, 1.5], [2, 4]);
    let whole = welch(&x, &power(2), Scaling::Density, -1, Averaged::Mean).1;
    let each = vmap(|x: &Array| welch(x, &power(2), Scaling::Density, 0, Averaged::Mean).1, &x, 0);
    close(&numbers(&each), &numbers(&whole), 1e-15);
    let go = |pieces: Pieces| stft(&x, &pieces, Boundary::Zeros, true, -1).2;
    let weights = Taper::Weights(Array::from([1.0, 2.0, 3.0, 4.0, 5.0]));
    let empty = Array::from_slice::<f64>(&[], [0]);
    refused(&[
        ("nperseg", &|| go(of(0)), &["stft", "`nperseg` is at least 1"]),
        (
            "noverlap",
            &|| go(Pieces { noverlap: Some(4), ..of(4) }),
            &["stft", "`noverlap` = 4", "`nperseg` = 4"],
        ),
        ("nfft", &|| go(Pieces { nfft: Some(3), ..of(4) }), &["stft", "`nfft` = 3"]),
        ("fs", &|| go(Pieces { fs: 0.0, ..of(4) }), &["stft", "`fs`"]),
        (
            "window",
            &|| go(Pieces { window: weights.clone(), ..Pieces::of_istft() }),
            &["stft", "up to 4 real weights", "f64[5]"],
        ),
        ("axis", &|| stft(&x, &of(2), None, true, 2).0, &["stft", "axis"]),
        (
            "empty",
            &|| welch(&empty, &power(2), Scaling::Density, -1, Averaged::Mean).1,
            &["welch", "with elements"],
        ),
        (
            "csd",
            &|| csd(&x, Array::from([1.0]), &power(2), Scaling::Density, -1, Averaged::Mean).1,
            &["csd", "do not broadcast"],
        ),
        ("istft", &|| istft(&x, &Pieces::of_istft(), true, 0, 0).1, &["istft", "different axes"]),
    ]);
}

#[test]
fn complex_numbers_in_order() {
    let part = |values: &[f64]| Array::from_slice(values, [2, 3]);
    let z = nnx_core::array::complex(
        part(&[2.0, 1.0, 2.0, 0.0, -1.0, 0.0]),
        part(&[0.0, 5.0, -1.0, 1.0, 0.0, -1.0]),
    );
    let y = sort_complex(&z);
    close(&numbers(&y), &[1., 5., 2., -1., 2., 0., -1., 0., 0., -1., 0., 1.], 0.0);
    let whole = sort_complex(Array::from([5, 3, 4]));
    assert_eq!(whole.dtype(), DType::C64);
    close(&numbers(&whole), &[3., 0., 4., 0., 5., 0.], 0.0);
    refused(&[("scalar", &|| sort_complex(Array::scalar(1.0)), &["sort_complex", "f64[]"])]);
}
