"""The calls of JAX that are the calls in `nnx-core/tests/api/{probes,more_probes}.rs`.

A function that is not here is called by its JAX name in `docs/api.md` with the arrays alone. `x` is the list of
arrays. Results may be any tree of arrays: its leaves are compared in order.
"""

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
from jax import lax

stats, special, fft, la, sla = jsp.stats, jsp.special, jnp.fft, jnp.linalg, jsp.linalg


def ints(*values):
    return jnp.array(values, jnp.int32)


def is_float(x):
    return jnp.issubdtype(x.dtype, jnp.floating)


def float_of(x):
    """The dtype of `x` if it is a float, else f32."""
    return x.dtype if is_float(x) else jnp.float32


def window(reducer, first):
    return lambda x: lax.reduce_window(x[0], first(x[0].dtype), reducer, (2,), (1,), "VALID")


def extreme(dtype, sign):
    """What a maximum (-1) or minimum (1) of nothing is."""
    if dtype == bool:
        return np.array(sign > 0)
    if jnp.issubdtype(dtype, jnp.inexact):
        return np.array(sign * np.inf, dtype)
    info = np.iinfo(dtype)
    return np.array(info.max if sign > 0 else info.min, dtype)


def is_set(x):
    return x != 0


def masked(function, **settings):
    return lambda x: function(x[0], axis=0, where=is_set(x[0]), **settings)


def at(method, **settings):
    return lambda x: getattr(x[0].at[ints(1, 2)], method)(x[1], **settings)


def roots(x):
    z = jnp.roots(x[0], strip_zeros=False)
    return z.real.sum(0), jnp.abs(z).sum(0), (z * z).real.sum(0)


ROWS = lax.ScatterDimensionNumbers((), (0,), (0,))


def each_tridiagonal(d, e):
    """JAX takes no batches."""
    found = [sla.eigh_tridiagonal(*pair) for pair in zip(d, e)]
    return [jnp.stack(part) for part in zip(*found)]


def density(x):
    return stats.gaussian_kde(x, bw_method="scott")


def harmonic(x):
    """JAX takes vectors."""
    theta, phi = jnp.broadcast_arrays(*x)
    n = jnp.full(theta.size, 3)
    return special.sph_harm_y(n, n - 5, theta.ravel(), phi.ravel(), n_max=3).reshape(theta.shape)


def of_each(function):
    """A function of a matrix for each matrix of a batch."""
    return lambda x: jnp.stack([function(a) for a in x[0]])


def div_trunc(x):
    """Ours makes whole numbers of floats, too."""
    quotient = lax.div(*jnp.broadcast_arrays(*x))
    return jnp.trunc(quotient) if is_float(quotient) else quotient


CALLS = {
    "elementwise": {
        "powi": lambda x: lax.integer_pow(x[0], 3),
        "clip": lambda x: jnp.clip(x[0], 0, 1),
        "round_decimals": lambda x: jnp.round(x[0], 2),
        "ldexp": lambda x: jnp.ldexp(x[0], ints(1, 2, 3)),
        "astype": lambda x: x[0].astype(float_of(x[0])),
        "bitcast": lambda x: lax.bitcast_convert_type(x[0], jnp.int32),
        "shift_right_logical": lambda x: lax.shift_right_logical(*jnp.broadcast_arrays(*x)),
        "rem_trunc": lambda x: lax.rem(*jnp.broadcast_arrays(*x)),
        "div_trunc": div_trunc,
        "mulhi": lambda x: lax.mulhi(*jnp.broadcast_arrays(*x)),
    },
    "comparison_and_choice": {
        "nan_to_num": lambda x: jnp.nan_to_num(x[0], nan=0.0),
        "where_or": lambda x: jnp.where(is_set(x[0]), x[0], 0),
        "select": lambda x: lax.select(is_set(x[0]), x[0], x[1]),
        "where_": lambda x: jnp.where(is_set(x[0]), x[0], x[1]),
        "choose": lambda x: jnp.choose(ints(0, 1, 1), [x[0], x[1]], mode="clip"),
        "select_first": lambda x: jnp.select([is_set(x[0])], [x[1]], 0),
        "unravel_index": lambda x: jnp.unravel_index(ints(3, 4), (2, 3)),
        "ravel_multi_index": lambda x: jnp.ravel_multi_index((ints(0, 1), ints(2, 1)), (2, 3), mode="clip"),
    },
    "creation": {
        "full_like": lambda x: jnp.full_like(x[0], 2.0),
        "zeros": lambda x: jnp.zeros(2, jnp.float32),
        "ones": lambda x: jnp.ones(2, jnp.float32),
        "full": lambda x: jnp.full(2, 2.0, jnp.float32),
        "empty": lambda x: jnp.empty(2, jnp.float32),
        "identity": lambda x: jnp.identity(3, jnp.float32),
        "arange": lambda x: jnp.arange(3, dtype=jnp.float32),
        "iota": lambda x: lax.broadcasted_iota(jnp.float32, (2, 3), 0),
        "eye": lambda x: jnp.eye(3, dtype=jnp.float32),
        "one_hot": lambda x: jax.nn.one_hot(x[0], 4, dtype=float_of(x[0])),
        "tri": lambda x: jnp.tri(3, 3, 0, jnp.float32),
        "eye_diagonal": lambda x: jnp.eye(3, 4, 1, jnp.float32),
        "tril_indices": lambda x: jnp.tril_indices(3, 0, 3),
        "triu_indices": lambda x: jnp.triu_indices(3, 0, 3),
        "linspace": lambda x: jnp.linspace(x[0], x[1], 5, dtype=float_of(x[0])),
        "linspace_exclusive": lambda x: jnp.linspace(x[0], x[1], 5, endpoint=False, dtype=float_of(x[0])),
        "logspace": lambda x: jnp.logspace(x[0], x[1], 5, base=10.0, dtype=float_of(x[0])),
        "geomspace": lambda x: jnp.geomspace(x[0], x[1], 5, dtype=float_of(x[0])),
        "arange_step": lambda x: jnp.arange(0.0, 1.0, 0.25, jnp.float32),
        "meshgrid": lambda x: jnp.meshgrid(x[0], x[1], indexing="xy"),
        "indices": lambda x: list(jnp.indices((2, 3))),
        "hanning": lambda x: jnp.hanning(5).astype(jnp.float32),
        "hamming": lambda x: jnp.hamming(5).astype(jnp.float32),
        "blackman": lambda x: jnp.blackman(5).astype(jnp.float32),
        "bartlett": lambda x: jnp.bartlett(5).astype(jnp.float32),
        "kaiser": lambda x: jnp.kaiser(5, 2.5).astype(jnp.float32),
    },
    "shapes": {
        "broadcast_to": lambda x: jnp.broadcast_to(x[0], (2, 3)),
        "reshape": lambda x: jnp.reshape(x[0], (3, 2)),
        "t": lambda x: x[0].T,
        "swapaxes": lambda x: jnp.swapaxes(x[0], 0, 1),
        "moveaxis": lambda x: jnp.moveaxis(x[0], 0, 1),
        "expand_dims": lambda x: jnp.expand_dims(x[0], 0),
        "squeeze": lambda x: jnp.squeeze(x[0], 1),
        "flip": lambda x: jnp.flip(x[0], 0),
        "hsplit": lambda x: jnp.hsplit(x[0], 2),
        "vsplit": lambda x: jnp.vsplit(x[0], 2),
        "resize": lambda x: jnp.resize(x[0], (2, 5)),
        "ediff1d": lambda x: jnp.ediff1d(x[0], to_end=x[1]),
        # Ours has a fixed size.
        "trim_zeros": None,
        "tile": lambda x: jnp.tile(x[0], (2, 1)),
        "repeat": lambda x: jnp.repeat(x[0], 2, 0),
        "concatenate": lambda x: jnp.concatenate(x, 0),
        "stack": lambda x: jnp.stack(x, 0),
        "roll": lambda x: jnp.roll(x[0], 1, 0),
        "unstack": lambda x: jnp.unstack(x[0], axis=0),
        "split_at": lambda x: jnp.split(x[0], [2, 3], 0),
        "array_split": lambda x: jnp.array_split(x[0], 2, 0),
        "repeat_each": lambda x: jnp.repeat(x[0], ints(1, 0, 2), 0, total_repeat_length=3),
        "diff": lambda x: jnp.diff(x[0], 1, 0),
        "gradient": lambda x: jnp.gradient(x[0], 1.0, axis=0),
        "expand_axes": lambda x: jnp.expand_dims(x[0], (0, 2)),
        "hstack": jnp.hstack,
        "vstack": jnp.vstack,
        "dstack": jnp.dstack,
        "column_stack": jnp.column_stack,
        "pad": lambda x: jnp.pad(x[0], ((1, 2),)),
        "pad_general": lambda x: lax.pad(x[0], np.array(0, x[0].dtype), ((1, 2, 1),)),
        "pad_mode": lambda x: jnp.pad(x[0], ((1, 2),), mode="reflect"),
        "split": lambda x: jnp.split(x[0], 2, 0),
        "diagflat": lambda x: jnp.diagflat(x[0], 1),
        "fill_diagonal": lambda x: jnp.fill_diagonal(x[0], 1, inplace=False),
    },
    "indexing": {
        "slice": lambda x: x[0][1:3, :],
        "at": lambda x: x[0].at[1].get(),
        "At::get": lambda x: x[0].at[ints(1, 2)].get(),
        "At::set": at("set"),
        "At::add": at("add"),
        "At::mul": at("multiply", unique_indices=True),
        "At::min": at("min"),
        "At::max": at("max"),
        "At::mode": lambda x: x[0].at[ints(1, 9)].get(mode="clip"),
        "At::fill_value": lambda x: x[0].at[ints(1, 9)].get(mode="fill", fill_value=1.0),
        "At::unique_indices": lambda x: x[0].at[ints(1, 2)].get(unique_indices=True),
        "At::indices_are_sorted": lambda x: x[0].at[ints(1, 2)].get(indices_are_sorted=True),
        "take": lambda x: jnp.take(x[0], ints(1, 0), 0),
        "take_mode": lambda x: jnp.take(x[0], ints(1, 0), 0, mode="clip"),
        "take_along_axis": lambda x: jnp.take_along_axis(x[0], ints(2, 0, 1), 0),
        "put_along_axis": lambda x: jnp.put_along_axis(x[0], ints(2, 0)[:, None], x[1], 1, inplace=False),
        "dynamic_index": lambda x: lax.dynamic_index_in_dim(x[0], 1, 0, keepdims=False),
        "dynamic_slice": lambda x: lax.dynamic_slice(x[0], (1,), (2,)),
        "dynamic_update_slice": lambda x: lax.dynamic_update_slice(x[0], x[1], (1,)),
        "sort": lambda x: jnp.sort(x[0], 0),
        "argsort": lambda x: jnp.argsort(x[0], 0),
        "top_k": lambda x: lax.top_k(x[0], 2),
        "approx_max_k": lambda x: lax.approx_max_k(x[0], 2),
        "approx_min_k": lambda x: lax.approx_min_k(x[0], 2),
        "sort_multi": lambda x: lax.sort(tuple(x), dimension=0, num_keys=2),
        "sort_key_val": lambda x: lax.sort_key_val(x[0], x[1], 0),
        "lexsort": lambda x: jnp.lexsort(tuple(x), 0),
        "union1d": lambda x: jnp.union1d(x[0], x[1], size=6),
        "intersect1d": lambda x: jnp.intersect1d(x[0], x[1], size=2, fill_value=0),
        "setdiff1d": lambda x: jnp.setdiff1d(x[0], x[1], size=4, fill_value=0),
        "setxor1d": lambda x: jnp.setxor1d(x[0], x[1], size=6, fill_value=0),
        "nonzero": lambda x: jnp.nonzero(x[0], size=2, fill_value=0),
        "flatnonzero": lambda x: jnp.flatnonzero(x[0], size=2, fill_value=0),
        "argwhere": lambda x: jnp.argwhere(x[0], size=2, fill_value=0),
        "extract": lambda x: jnp.extract(is_set(x[0]), x[0], size=2, fill_value=0),
        "compress": lambda x: jnp.compress(is_set(x[0]), x[0], 0, size=2, fill_value=0),
        "unique": lambda x: jnp.unique(x[0], size=3),
        "unique_all": lambda x: jnp.unique_all(x[0], size=3).values,
        "bincount": lambda x: jnp.bincount(x[0], length=3),
        "bincount_weights": lambda x: jnp.bincount(ints(0, 1, 1, 2), x[0], length=3),
        "histogram": lambda x: jnp.histogram(x[0], 3, (0.0, 1.0)),
    },
    "reductions": {
        **{f"Masked::{name}": masked(getattr(jnp, name)) for name in "sum prod mean var std all any".split()},
        "masked": masked(jnp.sum),
        "Masked::max": masked(jnp.max, initial=0),
        "Masked::min": masked(jnp.min, initial=0),
        "Masked::count": lambda x: jnp.sum(is_set(x[0]), 0, dtype=jnp.int32),
        **{
            name: (lambda name: lambda x: getattr(jnp, name)(x[0], axis=0))(name)
            for name in """sum prod mean var std max min amax amin all any argmax argmin nansum nanprod nanmean
            nanvar nanstd nanmax nanmin nanargmax nanargmin nancumsum nancumprod nanmedian count_nonzero median ptp
            cumsum cumprod""".split()
        },
        "logsumexp": lambda x: special.logsumexp(x[0], 0),
        "softmax": lambda x: jax.nn.softmax(x[0], 0),
        "nanquantile": lambda x: jnp.nanquantile(x[0], 0.5, 0),
        "nanpercentile": lambda x: jnp.nanpercentile(x[0], 30.0, 0),
        "quantile": lambda x: jnp.quantile(x[0], 0.5, 0),
        "quantile_method": lambda x: jnp.quantile(x[0], 0.5, 0, method="linear"),
        "percentile": lambda x: jnp.percentile(x[0], 50.0, 0),
        "average": lambda x: jnp.average(x[0], 0, x[1]),
        "var_ddof": lambda x: jnp.var(x[0], 0, ddof=1),
        "std_ddof": lambda x: jnp.std(x[0], 0, ddof=1),
        "cov": lambda x: jnp.cov(x[0], ddof=1),
        "cumlogsumexp": lambda x: lax.cumlogsumexp(x[0], 0),
        "logsumexp_signed": lambda x: special.logsumexp(x[0], 0, b=x[1], return_sign=True),
        "reduce_window_sum": window(lax.add, lambda dtype: np.array(0, dtype)),
        "reduce_window_max": window(lax.max, lambda dtype: extreme(dtype, -1)),
        "reduce_window_min": window(lax.min, lambda dtype: extreme(dtype, 1)),
    },
    "products": {
        "dot_general": lambda x: lax.dot_general(x[0], x[1], (((1,), (0,)), ((), ()))),
        "einsum": lambda x: jnp.einsum("ij,jk->ik", *x),
        "tensordot": lambda x: jnp.tensordot(x[0], x[1], 1),
        "vander": lambda x: jnp.vander(x[0], 3),
        "polyfit": lambda x: jnp.polyfit(x[0], x[1], 1),
        "trapezoid": lambda x: jnp.trapezoid(x[0], dx=1.0, axis=0),
        "trapezoid_at": lambda x: jnp.trapezoid(x[0], x[1], axis=0),
        "convolve": lambda x: jnp.convolve(x[0], x[1], "full"),
        "correlate": lambda x: jnp.correlate(x[0], x[1], "full"),
        "unwrap": lambda x: jnp.unwrap(x[0], axis=0),
        "conv_general_dilated": lambda x: lax.conv_general_dilated(
            *x, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
        "conv_transpose": lambda x: lax.conv_transpose(
            *x, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
    },
    "decompositions": {
        "qr_full": lambda x: la.qr(x[0], mode="complete"),
        "svd": lambda x: la.svd(x[0], full_matrices=False),
        "matrix_power": lambda x: la.matrix_power(x[0], 3),
        "multi_dot": lambda x: la.multi_dot(x),
        "lstsq": lambda x: la.lstsq(x[0], x[1])[0],
        "norm": lambda x: la.norm(x[0], axis=0),
        "vector_norm": lambda x: la.vector_norm(x[0], axis=0, ord=1),
        "matrix_norm": lambda x: la.matrix_norm(x[0], ord=1),
        "triangular_solve": lambda x: lax.linalg.triangular_solve(x[0], x[1], left_side=True, lower=True),
        "solve_triangular": lambda x: sla.solve_triangular(x[0], x[1], lower=True),
        "lu_solve": lambda x: sla.lu_solve((x[0], ints(0, 1, 2)), x[1]),
        # Ours has zeros above the diagonal.
        "cho_factor": lambda x: la.cholesky(x[0]),
        "cho_solve": lambda x: sla.cho_solve((x[0], True), x[1]),
    },
    "transforms_of_fourier": {
        "fftfreq": lambda x: fft.fftfreq(4, 1.0, dtype=jnp.float32),
        "rfftfreq": lambda x: fft.rfftfreq(4, 1.0, dtype=jnp.float32),
    },
    "special_functions": {
        "polygamma": lambda x: special.polygamma(1, x[0]),
        "multigammaln": lambda x: special.multigammaln(x[0], 2),
    },
    "activations": {
        "identity": lambda x: jax.nn.identity(x[0]),
        "squareplus": lambda x: jax.nn.squareplus(x[0], 4.0),
        "logmeanexp": lambda x: jax.nn.logmeanexp(x[0], 0),
        "gelu_exact": lambda x: jax.nn.gelu(x[0], approximate=False),
        "standardize": lambda x: jax.nn.standardize(x[0], -1, epsilon=1e-5),
    },
    "places": {
        "At::subtract": at("subtract"),
        "At::divide": at("divide", unique_indices=True),
        "At::power": at("power", unique_indices=True),
        "At::apply": lambda x: x[0].at[ints(1, 2)].apply(lambda x: x + x, unique_indices=True),
        "insert": lambda x: jnp.insert(x[0], np.array([1]), x[1], 1),
        "delete": lambda x: jnp.delete(x[0], np.array([1]), 1),
        "block": lambda x: jnp.block([[x[0], x[1]]]),
        "partition": lambda x: jnp.partition(x[0], 2, 0),
        "argpartition": lambda x: jnp.argpartition(x[0], 2, 0),
        "packbits": lambda x: jnp.packbits(x[0], 1, "big"),
        "unpackbits": lambda x: jnp.unpackbits(x[0], 1, 20, "little"),
        **{
            f"segment_{name}": (
                lambda name: lambda x: getattr(jax.ops, f"segment_{name}")(x[0], ints(0, 2, 0, 1), 3)
            )(name)
            for name in "sum prod max min".split()
        },
        "histogram_bin_edges": lambda x: jnp.histogram_bin_edges(jnp.zeros(1, jnp.float32), 3, (0.0, 1.0)).astype(
            jnp.float32
        ),
        "histogramdd": lambda x: jnp.histogramdd(x[0], (2, 3), ((0.0, 1.0), (0.0, 1.0)))[0],
        "histogram2d": lambda x: jnp.histogram2d(x[0], x[1], (2, 3), ((0.0, 1.0), (0.0, 1.0)), x[2]),
        "unique_counts": lambda x: jnp.unique_counts(x[0], size=3),
        "unique_inverse": lambda x: jnp.unique_inverse(x[0], size=3),
        "piecewise": lambda x: jnp.piecewise(x[0], [is_set(x[1])], [lambda x: x + x, 0]),
        "apply_over_axes": lambda x: jnp.apply_over_axes(lambda x, axis: x.sum(axis), x[0], [0]),
        "reduce": lambda x: lax.reduce(x[0], np.array(0, x[0].dtype), lax.add, (0,)),
        "optimization_barrier": lambda x: lax.optimization_barrier(x),
        "diag_indices": lambda x: jnp.diag_indices(3, 2),
        "rollaxis": lambda x: jnp.rollaxis(x[0], 2, 0),
        "gather": lambda x: lax.gather(
            x[0], ints(2, 1)[:, None], lax.GatherDimensionNumbers((1,), (0,), (0,)), slice_sizes=(1, 6)
        ),
        "scatter_sub": lambda x: lax.scatter_sub(x[0], ints(2, 1)[:, None], x[1], ROWS),
        "scatter_apply": lambda x: lax.scatter_apply(
            x[0], ints(2, 1)[:, None], lambda x: x + x, ROWS, update_shape=(2,), unique_indices=True
        ),
        "reduce_precision": lambda x: lax.reduce_precision(x[0], 5, 10),
        "mulhi": lambda x: lax.mulhi(*jnp.broadcast_arrays(*x)),
    },
    "matrices": {
        "polydiv": lambda x: jnp.polydiv(x[0], x[1]),
        "roots": roots,
        "ragged_dot": lambda x: lax.ragged_dot(x[0], x[1], ints(2, 0, 2)),
        "hilbert": lambda x: sla.hilbert(3),
        "convolution_matrix": lambda x: sla.convolution_matrix(x[0], 2, "same"),
        "invhilbert": lambda x: sla.invhilbert(3),
        "pascal": lambda x: sla.pascal(3),
        "invpascal": lambda x: sla.invpascal(3, kind="lower"),
        "helmert": lambda x: sla.helmert(3),
        "hadamard": lambda x: sla.hadamard(4, jnp.int32),
        "dft": lambda x: sla.dft(3, "sqrtn"),
        "tensorinv": lambda x: la.tensorinv(x[0], 1),
        "comb": lambda x: special.comb(x[0] + 1, x[1]),
        "bernoulli": lambda x: special.bernoulli(4).astype(jnp.float32),
        "bessel_jn": lambda x: special.bessel_jn(x[0], v=2, n_iter=20),
        "expn": lambda x: special.expn(2, x[0]),
        "hyp2f1": lambda x: special.hyp2f1(*x[:3], x[3] / 2),
        "sph_harm_y": harmonic,
        "hessenberg": lambda x: sla.hessenberg(x[0], calc_q=True),
        "eigh_tridiagonal": lambda x: each_tridiagonal(*x),
        "funm": lambda x: sla.funm(x[0], jnp.exp),
        "sqrtm": of_each(sla.sqrtm),
        "qdwh": lambda x: lax.linalg.qdwh(x[0], max_iterations=10)[:2],
        "qr_raw": lambda x: (lambda h, taus: (jnp.swapaxes(h, -1, -2), taus))(*la.qr(x[0], mode="raw")),
        "symmetric_product": lambda x: lax.linalg.symmetric_product(*x, alpha=2.0, beta=1.0),
    },
    "images_and_signals": {
        "image::resize": lambda x: jax.image.resize(x[0], (5, 2), "cubic", antialias=True),
        "image::scale_and_translate": lambda x: jax.image.scale_and_translate(
            x[0], (5, 4), (0,), x[1] + 1, x[2], "linear", antialias=True
        ),
        "ndimage::map_coordinates": lambda x: jsp.ndimage.map_coordinates(x[0], [x[1], x[2]], 1, mode="mirror"),
        "signal::convolve": lambda x: jsp.signal.convolve(x[0], x[1], "full"),
        "signal::correlate": lambda x: jsp.signal.correlate(x[0], x[1], "same"),
        "signal::fftconvolve": lambda x: jsp.signal.fftconvolve(x[0], x[1], "valid"),
        "signal::stft": lambda x: jsp.signal.stft(x[0], nperseg=4, detrend="constant", boundary="even"),
        "signal::istft": lambda x: jsp.signal.istft(x[0], nperseg=4),
        "signal::csd": lambda x: jsp.signal.csd(x[0], x[1].T, nperseg=4),
        "signal::welch": lambda x: jsp.signal.welch(x[0], nperseg=4, scaling="spectrum"),
        "signal::detrend": lambda x: jsp.signal.detrend(x[0], -1, "linear"),
        "conv_general_dilated_patches": lambda x: lax.conv_general_dilated_patches(
            x[0], (2,), (1,), "VALID", dimension_numbers=("NHC", "HIO", "NHC")
        ),
        "idct": lambda x: jsp.fft.idct(x[0], norm="ortho"),
        "dctn": lambda x: jsp.fft.dctn(x[0], norm="ortho"),
    },
    "statistics": {
        **{
            f"uniform::{f}": (lambda f: lambda x: getattr(stats.uniform, f)(x[0], 0.0, x[1] + 1.0))(f)
            for f in "logpdf pdf cdf ppf".split()
        },
        **{
            f"expon::{f}": (lambda f: lambda x: getattr(stats.expon, f)(x[0], 0.0, x[1]))(f)
            for f in "logpdf pdf cdf logcdf sf logsf ppf".split()
        },
        **{
            f"laplace::{f}": (lambda f: lambda x: getattr(stats.laplace, f)(x[0], x[1], 2.0))(f)
            for f in "logpdf pdf cdf".split()
        },
        **{
            f"pareto::{f}": (lambda f: lambda x: getattr(stats.pareto, f)(x[0], x[1], 0.0, 0.125))(f)
            for f in "logpdf pdf cdf logcdf sf logsf ppf".split()
        },
        **{
            f"{name}::{f}": (
                lambda name, f, a: lambda x: getattr(getattr(stats, name), f)(x[0], a, 0.0, x[1])
            )(name, f, a)
            for name, a in (("gamma", 2.5), ("chi2", 3.0))
            for f in "logpdf pdf cdf logcdf sf logsf".split()
        },
        **{
            f"beta::{f}": (lambda f: lambda x: getattr(stats.beta, f)(x[0], 2.0, 1.5, 0.0, x[1] + 1.0))(f)
            for f in "logpdf pdf cdf logcdf sf logsf".split()
        },
        **{
            f"t::{f}": (lambda f: lambda x: getattr(stats.t, f)(x[0], x[1], x[2], 2.0))(f)
            for f in "logpdf pdf".split()
        },
        **{
            f"{name}::{f}": (lambda name, f: lambda x: getattr(getattr(stats, name), f)(x[0], x[1], 2.0))(name, f)
            for name in ("gumbel_l", "gumbel_r")
            for f in "logpdf pdf cdf logcdf sf logsf ppf".split()
        },
        "gennorm::cdf": lambda x: stats.gennorm.cdf(x[0], 1.5),
        **{
            f"{name}::{f}": call
            for name, calls in {
                "binom": lambda f: lambda x: f(jnp.round(x[0]), 5, x[1], 0),
                "poisson": lambda f: lambda x: f(jnp.round(x[0]), x[1], 0),
                "geom": lambda f: lambda x: f(jnp.round(x[0]) + 1, x[1], 0),
                "nbinom": lambda f: lambda x: f(jnp.round(x[0]), x[1], 0.25, 0),
            }.items()
            for f, call in (
                (f, calls(getattr(getattr(stats, name), f)))
                for f in ("logpmf", "pmf", "cdf")
                if hasattr(getattr(stats, name), f)
            )
        },
        **{
            f"dirichlet::{f}": (lambda f: lambda x: getattr(stats.dirichlet, f)(x[0] / x[0].sum(0), x[1]))(f)
            for f in "logpdf pdf".split()
        },
        "stats::sem": lambda x: stats.sem(x[0], 1, 1),
        "stats::mode": lambda x: stats.mode(x[0], 1),
        **{
            f"betabinom::{f}": (lambda f: lambda x: getattr(stats.betabinom, f)(jnp.round(x[0]), 5, x[1], x[2], 0))(f)
            for f in "logpmf pmf".split()
        },
        **{
            f"multinomial::{f}": (lambda f: lambda x: getattr(stats.multinomial, f)(ints(1, 0, 2), 3, x[0]))(f)
            for f in "logpmf pmf".split()
        },
        **{
            f"truncnorm::{f}": (lambda f: lambda x: getattr(stats.truncnorm, f)(x[0], x[1] - 1.0, x[2] + 1.0))(f)
            for f in "logpdf pdf logcdf cdf logsf sf".split()
        },
        **{
            f"GaussianKde::{f}": (lambda f: lambda x: getattr(density(x[0]), f)(*x[1:]))(f)
            for f in "evaluate pdf logpdf integrate_gaussian".split()
        },
        "GaussianKde::integrate_box_1d": lambda x: density(x[0]).integrate_box_1d(0.0, x[1]),
        "GaussianKde::integrate_kde": lambda x: density(x[0]).integrate_kde(density(x[1])),
    },
}
