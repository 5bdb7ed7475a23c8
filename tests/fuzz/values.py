"""The arrays that functions are tried with."""

import ml_dtypes
import numpy as np

# The name of a dtype in Python, and in Rust.
NAMES = {"bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}
NAMES |= {"uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64", "float16": "f16"}
NAMES |= {"bfloat16": "bf16", "float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128"}
FLOATS = ("f16", "bf16", "f32", "f64")
COMPLEX = ("c64", "c128")
INEXACT = FLOATS + COMPLEX
WIDE = ("i64", "u64", "f64", "c128")

# Groups whose functions take any shape that broadcasts as theirs do.
ELEMENTWISE = ("elementwise", "comparison_and_choice", "special_functions", "activations", "statistics")
# Shapes that the calls fix.
FIXED = {"elementwise/ldexp", "comparison_and_choice/choose"}
# Functions of matrices, whose results depend continuously on them only away from the awkward ones.
LINEAR = ("decompositions", "matrices")


def dtype(name):
    python = next(python for python, known in NAMES.items() if known == name)
    return np.dtype(ml_dtypes.bfloat16 if python == "bfloat16" else python)


def info(name):
    return ml_dtypes.finfo(dtype(name)) if name in FLOATS else np.iinfo(dtype(name))


def plans(function, random):
    """(dtypes, kind of values, shapes) of the cases of a function: f32 and some other dtypes, since each is a program
    to compile on both sides; with other seeds they are others."""
    if not function.shapes:
        return [((), "none", ())]
    small = tuple(function.shapes)
    broadcasts = set(small) <= {(2, 3), (3,)} and function.group in ELEMENTWISE and function.name not in FIXED
    large = tuple((24, 3) for _ in small) if broadcasts else small
    first = [name for name in ("f32", "i32", "u8", "bool") if name in function.dtypes][:1]
    others = [name for name in function.dtypes if name not in first]
    found = []
    for name in first + sorted(random.permutation(others)[:OTHERS]):
        kinds = ["ordinary", "unit", "special", "wide"] if name in INEXACT else ["small", "ends"]
        if function.group in LINEAR or function.name in PREPARED:
            kinds = [k for k in kinds if k not in ("special", "ends", "wide")]
        if name == "bool":
            kinds = ["small"]
        dtypes = (name,) * len(small)
        found += [(dtypes, kind, large) for kind in kinds]
        if name not in first:
            continue
        if broadcasts:
            found.append((dtypes, kinds[0], small))
        # Every size 2 becomes 0, else every size.
        cut = 2 if any(2 in shape for shape in small) else None
        empty = tuple(tuple(0 if n == cut or cut is None else n for n in shape) for shape in small)
        found.append((dtypes, kinds[0], empty))
    if len(small) == 2 and function.group in ("elementwise", "comparison_and_choice", "products"):
        pairs = [pair for pair in MIXED if set(pair) <= set(function.dtypes)]
        if pairs:
            found.append((tuple(pairs[random.integers(len(pairs))]), "small", small))
    return found


# How many dtypes beside the first.
OTHERS = 3
# Pairs of dtypes that meet; all pairs are in nnx-core/tests/numeric/data/promotions.json.
MIXED = [("i32", "f16"), ("bf16", "f32"), ("f16", "bf16"), ("u8", "i8"), ("u32", "i32"), ("i64", "f32")]
MIXED += [("bool", "i32"), ("f32", "c64"), ("f64", "f32"), ("u64", "i32"), ("c64", "f64"), ("i8", "u16")]


def inputs(function, random, dtypes, kind, shapes):
    x = [array(random, name, kind, shape) for name, shape in zip(dtypes, shapes)]
    if function.short in ("gcd", "lcm"):
        return without_least(x)
    if function.name in SERIES:
        return not_huge(x)
    prepare = PREPARED.get(function.name)
    return prepare(x) if prepare and x[0].size else x


def array(random, name, kind, shape):
    if name in COMPLEX:
        part = "f32" if name == "c64" else "f64"
        real, imag = (array(random, part, kind, shape) for _ in range(2))
        return (real + 1j * np.where(np.isfinite(imag) | (kind == "special"), imag, 0)).astype(dtype(name))
    if name == "bool":
        return random.integers(0, 2, shape).astype(bool)
    if kind == "small":
        low = -4 if name[0] != "u" else 0
        return random.integers(low, 6, shape).astype(dtype(name))
    if kind == "ends":
        ends = info(name)
        low, high, bits = int(ends.min), int(ends.max), ends.bits
        chosen = [low, low + 1, 0, 1, 2, 3, high - 1, high, high // 2, bits - 1, bits]
        chosen += [-1, -2, -bits, low // 2] if low else []
        some = random.integers(low, high, shape, dtype=dtype(name), endpoint=True)
        return np.where(random.random(shape) < 0.7, random.choice(np.array(chosen, dtype(name)), shape), some)
    limits = info(name)
    if kind == "ordinary":
        found = random.normal(0, 2, shape)
    elif kind == "unit":
        found = random.uniform(0.05, 0.95, shape)
    elif kind == "wide":
        top = float(np.log2(float(limits.max)))
        found = np.exp2(random.uniform(-top, top, shape)) * random.choice([-1.0, 1.0], shape)
    else:
        tiny, eps, most = float(limits.tiny), float(limits.eps), float(limits.max)
        chosen = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, most, -most, tiny, -tiny, eps, 0.5, -0.5]
        chosen += [2.0, -2.0, 3.0, -3.0, 1 + eps, 1 - eps / 2, -1 - eps, np.pi, -np.pi / 2, 1.5, 2.5, 10.0, -10.0]
        chosen += [100.0, -100.0, 1 / eps, -1 / eps, most / 2, np.sqrt(most)]
        found = random.choice(np.array(chosen), shape)
    # Numbers below the least normal one are flushed to 0 by some operations of one version of XLA and not of another.
    found = found.astype(dtype(name))
    return np.where(np.abs(found.astype(float)) < float(limits.tiny), 0, found).astype(dtype(name))


def cotangent(random, y):
    """Multiples of 1/8, which every dtype holds."""
    found = random.integers(-8, 9, y.shape) / 8
    if np.iscomplexobj(y):
        found = found + 1j * random.integers(-8, 9, y.shape) / 8
    return found.astype(y.dtype)


def rising(at):
    """Sorts an array of the arguments."""

    def prepare(x):
        x[at] = np.sort(x[at], 0)
        return x

    return prepare


def definite(at):
    """Makes an argument symmetric with eigenvalues above 1."""

    def prepare(x):
        a = x[at].astype(np.complex128 if np.iscomplexobj(x[at]) else np.float64)
        n = a.shape[0]
        made = a @ a.conj().T + np.eye(n) * 2
        x[at] = np.round(made * 4).astype(x[at].dtype) if x[at].dtype.kind in "iu" else made.astype(x[at].dtype)
        return x

    return prepare


def regular(x):
    """Makes a matrix diagonally dominant, with rows that no pivot changes."""
    shape = x[0].shape
    n = 4 if x[0].size == 16 else shape[0]
    a = x[0].reshape(n, -1)
    a = a + np.diag(np.arange(n) * 3 + 13)[:, : a.shape[1]].astype(a.dtype)
    x[0] = a.reshape(shape).astype(x[0].dtype)
    return x


def schur(x):
    """Makes a matrix triangular, and a real one with a block of two rows that are equal on the diagonal."""
    x[0] = np.triu(x[0])
    if x[0].dtype.kind in "fV":
        x[0][1, 1], x[0][1, 0] = x[0][0, 0], -x[0][0, 1]
    return x


def without_least(x):
    """JAX does not come to an end for the least integer, which has no absolute value."""
    return [np.where(v == np.iinfo(v.dtype).min, 0, v).astype(v.dtype) if v.dtype.kind == "i" else v for v in x]


def not_huge(x):
    """The series of the incomplete gamma function takes as many steps as the arguments are great, on both sides."""
    return [np.where(np.isfinite(v), np.clip(v, -1e3, 1e3), v).astype(v.dtype) for v in x]


SERIES = {f"special_functions/{name}" for name in ("gammainc", "gammaincc")}
SERIES |= {f"statistics/{name}::{f}" for name in ("gamma", "chi2") for f in ("cdf", "sf", "logcdf", "logsf")}
SERIES |= {"statistics/poisson::cdf", "statistics/gennorm::cdf"}

# Arguments of functions that take only some, or whose results depend continuously on them only in some places.
PREPARED = {
    "products/interp": rising(1),
    "indexing/digitize": rising(1),
    "indexing/searchsorted": rising(0),
    **{f"decompositions/{name}": definite(0) for name in "cholesky cho_factor eigh eigvalsh".split()},
    **{
        f"decompositions/{name}": regular
        for name in """lu lu_factor lu_solve solve solve_triangular triangular_solve inv det slogdet cho_solve cond
        qr qr_full svd svd_full svdvals lstsq pinv matrix_rank""".split()
    },
    "matrices/rsf2csf": schur,
    "matrices/tensorsolve": regular,
    "matrices/tensorinv": regular,
    **{f"statistics/multivariate_normal::{f}": definite(2) for f in ("pdf", "logpdf")},
}
