//! Spectra of pieces of a signal.

use super::{Trend, detrend};
use crate::array::axes::{dim, invalid, sum_of};
use crate::array::program::program;
use crate::array::{
    AsArray, OptionalArray, PadMode, complex, concatenate, fft, iota, kaiser, where_,
};
use crate::graph::Array;
use crate::value::{DType, promote_dtypes};
use std::f64::consts::TAU;

/// The weights that every piece of a signal is multiplied by.
#[derive(Debug, Clone, Default)]
pub enum Taper {
    /// Hann's, sin²(πk/n): `"hann"`.
    #[default]
    Hann,
    /// Hamming's: `"hamming"`.
    Hamming,
    /// Blackman's: `"blackman"`.
    Blackman,
    /// A triangle: `"bartlett"`.
    Bartlett,
    /// 1 everywhere: `"boxcar"`.
    Boxcar,
    /// Kaiser's, with this β: `("kaiser", beta)`.
    Kaiser(f64),
    /// These weights, of which there are as many as a piece has elements.
    Weights(Array),
}

/// The values beyond both ends of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// The mirrored signal: `"even"`.
    Even,
    /// The signal turned by half a turn around its end: `"odd"`.
    Odd,
    /// The element at the end: `"constant"`.
    Constant,
    /// 0: `"zeros"`.
    Zeros,
}

/// The divisor of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scaling {
    /// Power for each unit of frequency: `"density"`.
    #[default]
    Density,
    /// Power: `"spectrum"`.
    Spectrum,
}

/// How the spectra of all pieces become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Averaged {
    /// Their mean: `"mean"`.
    #[default]
    Mean,
    /// Their median, corrected for what it differs from the mean: `"median"`.
    Median,
}

/// How a signal is taken apart, for [`stft`], [`istft`], [`csd`] and [`welch`].
#[derive(Debug, Clone)]
pub struct Pieces {
    /// Samples for each unit of time. 1 by default.
    pub fs: f64,
    /// The weights of a piece. Hann's by default.
    pub window: Taper,
    /// The elements of a piece. By default the window's, or 256 for [`stft`] and the whole signal for
    /// [`csd`]; for [`istft`] what fits the frequencies.
    pub nperseg: Option<usize>,
    /// The elements that a piece shares with the next. By default half of them.
    pub noverlap: Option<usize>,
    /// The length of the Fourier transforms, which is filled with zeros. By default that of a piece.
    pub nfft: Option<usize>,
    /// The part that is taken away from each piece. By default nothing for [`stft`] and the mean for [`csd`].
    pub detrend: Option<Trend>,
    /// Whether only frequencies from 0 on are kept, which say it all of real signals. Yes by default.
    pub onesided: bool,
}

impl Pieces {
    /// The defaults of `jax.scipy.signal.stft` and `istft`.
    pub fn of_stft() -> Self {
        Pieces { nperseg: Some(256), detrend: None, ..Self::of_istft() }
    }

    /// The defaults of `jax.scipy.signal.istft`.
    pub fn of_istft() -> Self {
        Pieces {
            fs: 1.0,
            window: Taper::Hann,
            nperseg: None,
            noverlap: None,
            nfft: None,
            detrend: None,
            onesided: true,
        }
    }

    /// The defaults of `jax.scipy.signal.csd` and `welch`.
    pub fn of_welch() -> Self {
        Pieces { detrend: Some(Trend::Constant), ..Self::of_istft() }
    }
}

/// The lengths that the options say for a signal.
struct Lengths {
    piece: usize,
    step: usize,
    fft: usize,
}

impl Pieces {
    #[track_caller]
    fn lengths(&self, op: &str, piece: usize, fft: usize) -> Lengths {
        if !(self.fs > 0.0 && self.fs.is_finite()) {
            invalid(op, format!("`fs` is a positive number of samples, got {}", self.fs));
        }
        if piece == 0 {
            invalid(op, "`nperseg` is at least 1".into());
        }
        let overlap = self.noverlap.unwrap_or(piece / 2);
        if overlap >= piece {
            invalid(op, format!("`noverlap` = {overlap} is not less than `nperseg` = {piece}"));
        }
        if fft < piece {
            invalid(op, format!("`nfft` = {fft} is less than `nperseg` = {piece}"));
        }
        Lengths { piece, step: piece - overlap, fft }
    }

    /// The lengths for a signal of `n` elements.
    #[track_caller]
    fn of_signal(&self, op: &str, n: usize) -> Lengths {
        let piece = match &self.window {
            Taper::Weights(w) => {
                if w.rank() != 1 || w.size() > n || w.dtype().is_complex() {
                    let w = w.aval();
                    invalid(
                        op,
                        format!(
                            "the window of a signal of {n} has up to {n} real weights, got {w}"
                        ),
                    );
                }
                let wanted = self.nperseg.unwrap_or(w.size());
                if wanted != w.size() {
                    let w = w.aval();
                    invalid(
                        op,
                        format!("`nperseg` = {wanted} is not the number of weights of {w}"),
                    );
                }
                wanted
            }
            _ => self.nperseg.unwrap_or(n).min(n),
        };
        self.lengths(op, piece, self.nfft.unwrap_or(piece))
    }

    /// The weights for pieces of `n` elements.
    #[track_caller]
    fn weights(&self, n: usize, dtype: DType) -> Array {
        let cosines = |parts: [f64; 3]| {
            let weight = |k: usize| {
                let x = TAU * k as f64 / n as f64;
                parts[0] - parts[1] * x.cos() + parts[2] * (2.0 * x).cos()
            };
            (0..n).map(weight).collect::<Vec<f64>>()
        };
        let values = match &self.window {
            Taper::Weights(weights) => return weights.astype(dtype),
            _ if n == 1 => vec![1.0],
            Taper::Kaiser(beta) => {
                return kaiser(n + 1, *beta, dtype).slice_dim(0, 0, n);
            }
            Taper::Hann => cosines([0.5, 0.5, 0.0]),
            Taper::Hamming => cosines([0.54, 0.46, 0.0]),
            Taper::Blackman => cosines([0.42, 0.5, 0.08]),
            Taper::Bartlett => {
                (0..n).map(|k| 1.0 - (2.0 * k as f64 / n as f64 - 1.0).abs()).collect()
            }
            Taper::Boxcar => vec![1.0; n],
        };
        Array::from_slice(&values, [n]).astype(dtype)
    }

    /// The given window, which is an argument of the program.
    fn given(&self) -> Option<Array> {
        match &self.window {
            Taper::Weights(weights) => Some(weights.clone()),
            _ => None,
        }
    }

    /// These with a window of the running program.
    fn with(&self, weights: Option<&Array>) -> Pieces {
        match weights {
            Some(weights) => Pieces { window: Taper::Weights(weights.clone()), ..self.clone() },
            None => self.clone(),
        }
    }

    /// The transforms `[.., pieces, frequencies]` of the pieces of `[.., n]`.
    #[track_caller]
    fn transforms(&self, x: &Array, weights: &Array, lengths: &Lengths, onesided: bool) -> Array {
        let &Lengths { piece, step, fft: n } = lengths;
        let count = (x.shape()[x.rank() - 1] - piece) / step + 1;
        let places =
            iota([count, piece], DType::I32, 0) * step + iota([count, piece], DType::I32, 1);
        let pieces = x.take(places, -1);
        let pieces = match self.detrend {
            Some(trend) if pieces.dtype().is_complex() => {
                let [re, im] = [pieces.real(), pieces.imag()].map(|x| detrend(&x, -1, trend));
                complex(re, im)
            }
            Some(trend) => detrend(&pieces, -1, trend),
            None => pieces,
        };
        let weighted = pieces * weights;
        match onesided {
            true => fft::rfft(&weighted, n, -1, fft::Norm::Backward),
            false => fft::fft(&weighted, n, -1, fft::Norm::Backward),
        }
    }

    #[track_caller]
    fn frequencies(&self, lengths: &Lengths, onesided: bool, dtype: DType) -> Array {
        match onesided {
            true => fft::rfftfreq(lengths.fft, 1.0 / self.fs, dtype),
            false => fft::fftfreq(lengths.fft, 1.0 / self.fs, dtype),
        }
    }
}

/// `x` with `n` elements more at both ends of its last axis.
#[track_caller]
fn extended(x: &Array, n: usize, boundary: Boundary) -> Array {
    let mut pairs = vec![(0, 0); x.rank()];
    let d = x.rank() - 1;
    pairs[d] = (n, n);
    match boundary {
        Boundary::Zeros => {
            let pairs: Vec<(i64, i64)> = pairs.iter().map(|&(a, b)| (a as i64, b as i64)).collect();
            x.pad(&pairs, 0)
        }
        Boundary::Constant => x.pad_mode(&pairs, PadMode::Edge),
        Boundary::Even => x.pad_mode(&pairs, PadMode::Reflect),
        Boundary::Odd if n == 0 => x.clone(),
        Boundary::Odd => {
            let size = x.shape()[d];
            let turned = |at: usize, from: usize| {
                let end = x.slice_dim(d, at, at + 1);
                end * 2.0 - x.slice_dim(d, from, from + n).flip(-1)
            };
            let (before, after) = (turned(0, 1), turned(size - 1, size - 1 - n));
            concatenate([&before, x, &after], -1)
        }
    }
}

/// Refuses what is not a signal; the axis and its length.
#[track_caller]
fn signal(op: &str, x: &Array, axis: isize) -> (usize, usize) {
    let d = dim(op, axis, x.aval());
    if x.size() == 0 {
        invalid(op, format!("needs a signal with elements, got {}", x.aval()));
    }
    (d, x.shape()[d])
}

/// The dtype of the signal in a spectrum: f32 or f64, complex or not.
fn computed(dtype: DType) -> DType {
    let wide = dtype.complex().real();
    if dtype.is_complex() { wide.complex() } else { wide }
}

/// The short-time Fourier transform along `axis`: the frequencies, the times in the middle of the pieces, and the
/// transforms, with the frequencies in the place of the axis and the pieces along a new last axis.
/// `jax.scipy.signal.stft` (default `boundary` `Zeros`, `padded`, last axis).
///
/// With `padded` the signal ends with zeros, so that the last piece is whole; a signal that is shorter than
/// a piece is one. Complex signals have all frequencies.
///
/// ```
/// use nnx::{Array, signal::{Boundary, Pieces, istft, stft}};
/// let x = Array::from([1.0, 2.0, 3.0, 2.0, 1.0, 0.0, 1.0, 2.0]);
/// let pieces = Pieces { nperseg: Some(4), ..Pieces::of_stft() };
/// let (f, t, z) = stft(&x, &pieces, Boundary::Zeros, true, -1);
/// assert_eq!((f.shape(), t.shape(), z.shape()), (&[3][..], &[5][..], &[3, 5][..]));
/// let (_, y) = istft(&z, &pieces, true, -1, -2);
/// assert!((y - x).abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if there is no such axis, there are no elements, or the lengths do not fit.
#[track_caller]
pub fn stft(
    x: impl AsArray,
    pieces: &Pieces,
    boundary: impl Into<Option<Boundary>>,
    padded: bool,
    axis: isize,
) -> (Array, Array, Array) {
    let x = x.as_array();
    const OP: &str = "stft";
    let (d, n) = signal(OP, x, axis);
    let lengths = pieces.of_signal(OP, n);
    let boundary = boundary.into();
    let half = lengths.piece / 2;
    if matches!(boundary, Some(Boundary::Odd | Boundary::Even)) && half > n - 1 {
        invalid(OP, format!("a signal of {n} is too short to be mirrored for {half}"));
    }
    let dtype = computed(x.dtype());
    let onesided = pieces.onesided && !dtype.is_complex();
    let longer = if boundary.is_some() { sum_of(OP, n, 2 * half) } else { n };
    let rest = (longer - lengths.piece) % lengths.step;
    // As SciPy: at most a piece, which a step never is longer than.
    let more = if padded && rest > 0 { lengths.step - rest } else { 0 };
    let count = (longer + more - lengths.piece) / lengths.step + 1;
    let args: Vec<Array> = [x.clone()].into_iter().chain(pieces.given()).collect();
    let mut outs = program(OP, &args, |args| {
        let pieces = pieces.with(args.get(1));
        let weights = pieces.weights(lengths.piece, dtype.real());
        let x = args[0].astype(dtype).moveaxis(d as isize, -1);
        let x = match boundary {
            Some(boundary) => extended(&x, half, boundary),
            None => x,
        };
        let mut pairs = vec![(0, 0); x.rank()];
        pairs[x.rank() - 1].1 = more as i64;
        let transforms = pieces.transforms(&x.pad(&pairs, 0), &weights, &lengths, onesided);
        let z = transforms / weights.sum(..).abs();
        let start = lengths.piece as f64 / 2.0 * if boundary.is_some() { 0.0 } else { 1.0 };
        let time = |k: usize| (start + (k * lengths.step) as f64) / pieces.fs;
        let times: Vec<f64> = (0..count).map(time).collect();
        let times = Array::from_slice(&times, [count]).astype(dtype.real());
        let z = z.astype(dtype.complex()).moveaxis(-1, d as isize);
        vec![pieces.frequencies(&lengths, onesided, dtype.real()), times, z]
    });
    let z = outs.remove(2);
    let t = outs.remove(1);
    (outs.remove(0), t, z)
}

/// The cross power spectrum of two signals along `axis` by Welch's method (1967): the frequencies, and the averages of
/// conj(X) Y over all pieces, complex, with the frequencies in the place of the axis. The shorter signal ends with
/// zeros. `jax.scipy.signal.csd` (default `Density`, last axis, `Mean`); without `y` that of a signal with
/// itself, [`welch`].
///
/// ```
/// use nnx::{Array, signal::{Averaged, Pieces, Scaling, csd}};
/// let (x, y) = (Array::from([1.0, 0.0, 2.0, 0.0]), Array::from([0.0, 1.0, 0.0, 1.0]));
/// let (f, p) = csd(&x, Some(&y), &Pieces::of_welch(), Scaling::Density, -1, Averaged::Mean);
/// assert_eq!((f.to_vec::<f64>(), p.shape()), (vec![0.0, 0.25, 0.5], &[3][..]));
/// ```
///
/// # Panics
/// Panics if there is no such axis, there are no elements, the lengths do not fit, the numbers of axes
/// differ, or the other axes do not broadcast.
#[track_caller]
pub fn csd(
    x: impl AsArray,
    y: impl OptionalArray,
    pieces: &Pieces,
    scaling: Scaling,
    axis: isize,
    average: Averaged,
) -> (Array, Array) {
    spectrum("csd", x.as_array(), y.optional(), pieces, scaling, axis, average)
}

/// The power spectrum of a signal along `axis` by Welch's method (1967): the frequencies, and the averages of |X|² over
/// all pieces, with the frequencies in the place of the axis. `jax.scipy.signal.welch` (default `Density`, last axis,
/// `Mean`).
///
/// ```
/// use nnx::{Array, signal::{Averaged, Pieces, Scaling, welch}};
/// let x = Array::from([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
/// let pieces = Pieces { nperseg: Some(4), ..Pieces::of_welch() };
/// let (_, power) = welch(&x, &pieces, Scaling::Spectrum, -1, Averaged::Mean);
/// assert!((power.to_vec::<f64>()[2] - 0.25).abs() < 1e-12);
/// ```
///
/// # Panics
/// As [`csd`].
#[track_caller]
pub fn welch(
    x: impl AsArray,
    pieces: &Pieces,
    scaling: Scaling,
    axis: isize,
    average: Averaged,
) -> (Array, Array) {
    spectrum("welch", x.as_array(), None, pieces, scaling, axis, average)
}

#[track_caller]
fn spectrum(
    op: &'static str,
    x: &Array,
    y: Option<&Array>,
    pieces: &Pieces,
    scaling: Scaling,
    axis: isize,
    average: Averaged,
) -> (Array, Array) {
    let (d, mut n) = signal(op, x, axis);
    let mut dtype = x.dtype();
    let lengths = pieces.of_signal(op, n);
    if let Some(y) = y {
        let (_, other) = signal(op, y, axis);
        let outer = |x: &Array| {
            let mut shape = x.shape().to_vec();
            shape.remove(d);
            shape
        };
        if x.rank() != y.rank() || crate::array::broadcast_shapes(&outer(x), &outer(y)).is_none() {
            let (x, y) = (x.aval(), y.aval());
            invalid(op, format!("the other axes of {x} and {y} do not broadcast"));
        }
        n = n.max(other);
        dtype = promote_dtypes(dtype, y.dtype());
    }
    let dtype = computed(dtype);
    let onesided = pieces.onesided && !dtype.is_complex();
    let args: Vec<Array> = [x].into_iter().chain(y).cloned().chain(pieces.given()).collect();
    let mut outs = program(op, &args, |args| {
        let pieces = pieces.with(args.get(1 + usize::from(y.is_some())));
        let weights = pieces.weights(lengths.piece, dtype.real());
        let transforms = |x: &Array| {
            let x = x.astype(dtype).moveaxis(d as isize, -1);
            let mut pairs = vec![(0, 0); x.rank()];
            pairs[x.rank() - 1].1 = (n - x.shape()[x.rank() - 1]) as i64;
            pieces.transforms(&x.pad(&pairs, 0), &weights, &lengths, onesided)
        };
        let own = transforms(&args[0]);
        let power = match y {
            Some(_) => own.conj() * transforms(&args[1]),
            None => own.real().square() + own.imag().square(),
        };
        let scale = match scaling {
            Scaling::Density => 1.0 / (weights.square().sum(..) * pieces.fs),
            Scaling::Spectrum => 1.0 / weights.sum(..).square(),
        };
        let mut power = power * scale;
        if onesided {
            // All but 0 and the highest frequency of an even length stand for two.
            let size = lengths.fft / 2 + 1;
            let last = if lengths.fft.is_multiple_of(2) { size - 1 } else { size };
            let twice: Vec<f64> =
                (0..size).map(|k| if k > 0 && k < last { 2.0 } else { 1.0 }).collect();
            power *= Array::from_slice(&twice, [size]).astype(dtype.real());
        }
        let power = averaged(&power.moveaxis(-2, 0), average).moveaxis(-1, d as isize);
        vec![pieces.frequencies(&lengths, onesided, dtype.real()), power]
    });
    let power = outs.remove(1);
    (outs.remove(0), power)
}

/// The average along the first axis.
#[track_caller]
fn averaged(x: &Array, average: Averaged) -> Array {
    let count = x.shape()[0];
    match average {
        Averaged::Median if count > 1 => {
            let odd = (2..count).step_by(2).map(|k| k as f64);
            let bias = 1.0 + odd.map(|k| 1.0 / (k + 1.0) - 1.0 / k).sum::<f64>();
            let median = |x: Array| x.median(0) / bias;
            match x.dtype().is_complex() {
                true => complex(median(x.real()), median(x.imag())),
                false => median(x.clone()),
            }
        }
        _ => x.mean(0),
    }
}

/// Pieces `[.., pieces, n]` laid over each other, each `step` further than the one before.
#[track_caller]
fn overlaid(x: &Array, step: usize) -> Array {
    let (rank, shape) = (x.rank(), x.shape());
    let (outer, count, n) = (&shape[..rank - 2], shape[rank - 2], shape[rank - 1]);
    let parts = n.div_ceil(step);
    let mut pairs = vec![(0, 0); rank];
    pairs[rank - 1].1 = (parts * step - n) as i64;
    let x = x.pad(&pairs, 0).reshape([outer, &[count, parts, step]].concat());
    // Rows that are one shorter than they are filled to begin one further each.
    let x = x.swapaxes(rank as isize - 2, rank as isize - 1);
    let mut pairs = vec![(0, 0); rank + 1];
    pairs[rank - 1].1 = parts as i64;
    let row = count + parts;
    let flat = x.pad(&pairs, 0).reshape([outer, &[parts * row * step]].concat());
    let d = rank - 2;
    let flat = flat.slice_dim(d, 0, parts * (row - 1) * step);
    let sum = flat.reshape([outer, &[parts, (row - 1) * step]].concat()).sum(d as isize);
    sum.slice_dim(d, 0, step * (count - 1) + n)
}

/// The signal of a short-time Fourier transform, and its times: the pieces laid over each other, divided by
/// the squares of their weights. `jax.scipy.signal.istft` (default `boundary`, `time_axis` −1, `freq_axis` −2).
///
/// `boundary` tells that [`stft`] extended the signal, which is taken away again. The signal is real if
/// `onesided`.
///
/// ```
/// use nnx::{Array, DType, array::arange, signal::{Boundary, Pieces, istft, stft}};
/// let x = arange(64, DType::F64).sin();
/// let pieces = Pieces { nperseg: Some(16), ..Pieces::of_istft() };
/// let (_, _, z) = stft(&x, &pieces, Boundary::Zeros, true, -1);
/// let (_, y) = istft(&z, &pieces, true, -1, -2);
/// let difference = y.at(..64).get() - x;
/// assert!(difference.abs().max(..).item::<f64>() < 1e-12);
/// ```
///
/// # Panics
/// Panics if there are fewer than two axes, no such axes or equal ones, no elements, or the lengths do not fit.
#[track_caller]
pub fn istft(
    z: impl AsArray,
    pieces: &Pieces,
    boundary: bool,
    time_axis: isize,
    freq_axis: isize,
) -> (Array, Array) {
    istft_of(z.as_array(), pieces, boundary, time_axis, freq_axis)
}

#[track_caller]
fn istft_of(
    z: &Array,
    pieces: &Pieces,
    boundary: bool,
    time_axis: isize,
    freq_axis: isize,
) -> (Array, Array) {
    const OP: &str = "istft";
    let (time, freq) = (dim(OP, time_axis, z.aval()), dim(OP, freq_axis, z.aval()));
    if time == freq || z.size() == 0 {
        let z = z.aval();
        invalid(
            OP,
            format!("needs elements and different axes of {z}, got {time_axis} and {freq_axis}"),
        );
    }
    let bins = z.shape()[freq];
    let whole = if pieces.onesided { 2 * (bins - 1) } else { bins };
    let piece = match &pieces.window {
        Taper::Weights(w) => pieces.nperseg.unwrap_or(w.size()),
        _ => pieces.nperseg.unwrap_or(whole),
    };
    // Of an odd length too, which has as many frequencies.
    let odd = pieces.onesided && piece == whole + 1;
    let lengths = pieces.lengths(OP, piece, pieces.nfft.unwrap_or(whole + usize::from(odd)));
    if let Taper::Weights(w) = &pieces.window
        && (w.shape() != [piece] || w.dtype().is_complex())
    {
        invalid(OP, format!("the window has {piece} real weights, got {}", w.aval()));
    }
    let dtype = z.dtype().complex();
    let args: Vec<Array> = [z.clone()].into_iter().chain(pieces.given()).collect();
    let mut outs = program(OP, &args, |args| {
        let pieces = pieces.with(args.get(1));
        let weights = pieces.weights(piece, dtype.real());
        // [.., times, frequencies]
        let z = args[0].astype(dtype).moveaxis(time as isize, -1);
        let z = z.moveaxis(freq as isize - isize::from(time < freq), -1);
        let x = match pieces.onesided {
            true => fft::irfft(&z, lengths.fft, -1, fft::Norm::Backward),
            false => fft::ifft(&z, lengths.fft, -1, fft::Norm::Backward),
        };
        let d = x.rank() - 1;
        let x = x.slice_dim(d, 0, piece) * (&weights * weights.sum(..));
        let count = x.shape()[d - 1];
        let x = overlaid(&x, lengths.step);
        let squares = weights.square().expand_dims(0).broadcast_to([count, piece]);
        let norm = overlaid(&squares, lengths.step);
        let mut x = x / where_(norm.gt(1e-10), &norm, 1.0);
        let d = d - 1;
        if boundary {
            let half = piece / 2;
            x = x.slice_dim(d, half, x.shape()[d] - half);
        }
        let n = x.shape()[d];
        let times = iota([n], dtype.real(), 0) / pieces.fs;
        let place = time - usize::from(freq < time);
        vec![times, x.moveaxis(-1, place as isize)]
    });
    let x = outs.remove(1);
    (outs.remove(0), x)
}
