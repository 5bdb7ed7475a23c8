"""Spectra of pieces of a signal: values from JAX, and from SciPy where it has more windows."""

from cases import *

noise = np.random.default_rng(5).normal(size=(2, 40))
GROUPS = {
    "stft": dict(
        tolerance=1e-12,
        inputs=dict(
            x=f64(noise.ravel(), 2, 40),
            z=c128(noise[0], noise[1]),
            w=f64([0.5, 1.0, 2.0, 1.0, 0.25, 0.125]),
            s=f32(noise[0]),
        ),
        rows=[
            "jsp.signal.stft(x)",
            "jsp.signal.stft(x, fs=4., nperseg=8)",
            "jsp.signal.stft(x, nperseg=9, noverlap=2, nfft=16, detrend='linear')",
            "jsp.signal.stft(x.T, nperseg=8, boundary='even', padded=False, axis=0)",
            "jsp.signal.stft(x, nperseg=8, boundary='odd')",
            "jsp.signal.stft(x, nperseg=7, boundary='constant', return_onesided=False)",
            "jsp.signal.stft(x, nperseg=8, noverlap=0, boundary=None, padded=False)",
            "jsp.signal.stft(z, nperseg=8, detrend='constant')",
            "jsp.signal.stft(x, window=w, nperseg=None)",
            ("jsp.signal.stft(s, nperseg=8)", 1e-6),
            *[f"scipy.signal.stft(x[0], nperseg=8, window={w})" for w in ["'hamming'", "'blackman'", "'bartlett'", "'boxcar'", "('kaiser', 4.0)"]],
        ],
    ),
    "istft": dict(
        tolerance=1e-12,
        inputs=dict(
            x=f64(noise.ravel(), 2, 40),
            z=c128(noise[0, :30], noise[1, :30], 5, 6),
        ),
        rows=[
            "jsp.signal.istft(z)",
            "scipy.signal.istft(z, nperseg=9)",
            "jsp.signal.istft(z, fs=2., noverlap=6, boundary=False)",
            "jsp.signal.istft(z, nperseg=6, nfft=8)",
            "jsp.signal.istft(z, input_onesided=False)",
            "scipy.signal.istft(z.T, window='hamming', time_axis=0, freq_axis=1)",
            "scipy.signal.istft(jnp.stack([z, z + 1], -1), time_axis=1, freq_axis=0)",
        ],
    ),
    "power": dict(
        tolerance=1e-12,
        inputs=dict(
            x=f64(noise.ravel(), 2, 40),
            y=f64(np.cos(np.arange(40.0))),
            z=c128(noise[0], noise[1]),
            w=f64([0.5, 1.0, 2.0, 1.0, 0.25, 0.125]),
        ),
        rows=[
            "jsp.signal.welch(x)",
            "jsp.signal.welch(x, fs=10., nperseg=8)",
            "jsp.signal.welch(x, nperseg=8, average='median')",
            "jsp.signal.welch(x, nperseg=7, scaling='spectrum', detrend='linear')",
            "jsp.signal.welch(x.T, nperseg=8, nfft=12, axis=0, detrend=False)",
            "jsp.signal.welch(z, nperseg=8)",
            "jsp.signal.welch(y, window=w)",
            "jsp.signal.csd(x, y[None], nperseg=8)",
            "jsp.signal.csd(x[0], y, nperseg=8, average='median')",
            "jsp.signal.csd(x[0], y[:20], nperseg=8, return_onesided=False)",
            "jsp.signal.csd(x[0], z, nperseg=8)",
            "jsp.signal.csd(x[0], None, nperseg=8)",
            "jax.grad(lambda x: jsp.signal.welch(x, nperseg=8)[1][0].sum())(x)",
        ],
    ),
}
