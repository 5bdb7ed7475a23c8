"""Whether our results are those of JAX."""

import collections
import re

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

import values

# How many units in the last place of the result's dtype are forgiven. Both sides lower to the same operations of XLA,
# of two versions, so most results are equal to the last bit; those of several operations are rounded in another order
# (JAX compiles a function as a whole, we run it operation by operation). Short floats have fewer steps to lose.
UNITS = {"f16": 8, "bf16": 8, "f32": 32, "f64": 64, "c64": 64, "c128": 128}
# Groups whose results are sums: an error is measured by the greatest element, since terms may cancel.
SUMS = ("reductions", "products", "decompositions", "transforms_of_fourier", "matrices", "images_and_signals", "creation")
# Functions whose results are what is left of the arguments, by which an error is measured.
RESTS = ("matrices/polydiv",)
# Functions and dtypes that need more units, and why.
MORE_UNITS = [
    # The log1p of f64 in the XLA of that JAX has errors up to 5e-14 (against mpmath, with which ours agrees).
    (r"statistics/(bernoulli|binom|geom|gumbel_.|beta|logistic|nbinom|truncnorm)::.*", "f64", 512),
    # e^(z²/2), in which the rounding of z ≤ 13 (37 in f64) counts z² times.
    (r"special_functions/ndtri|statistics/norm::(ppf|isf)", "f32", 256),
    (r"special_functions/ndtri", "f64", 2048),
    # A series of up to some hundred terms in JAX (against mpmath, with which ours agrees).
    (r"special_functions/gammaincc?", "f64", 1024),
    # Its betaln has 7 digits in f64, its slopes 5 (against SciPy and mpmath, with which ours agree).
    (r"statistics/betabinom::.*|special_functions/beta(ln)?", "f64", 1 << 35),
]


def units(function, name):
    more = [n for pattern, dtype, n in MORE_UNITS if dtype == name and re.fullmatch(pattern, function.name)]
    return max(more, default=UNITS[name])


def is_inexact(x):
    return jnp.issubdtype(x.dtype, jnp.inexact)


def precise(x):
    """Floats as f64, complex numbers as c128, others as they are."""
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        return x.astype(np.complex128)
    return x.astype(np.float64) if is_inexact(x) else x


def limits(x):
    """The step at 1 and the least normal number of a dtype."""
    found = jnp.finfo(x.dtype)
    return float(found.eps), float(found.tiny)


def parts(x):
    return np.stack([x.real, x.imag], -1) if np.iscomplexobj(x) else x[..., None]


def size(x):
    """The absolute values of finite elements, else 0."""
    found = np.abs(x)
    return np.where(np.isfinite(found), found, 0.0)


def wrong(function, got, want, room=0.0):
    """Where elements differ by more than the tolerance, and more than `room`."""
    if not is_inexact(want):
        return got != want
    name = values.NAMES[str(want.dtype)] if want.dtype.itemsize <= got.dtype.itemsize else values.NAMES[str(got.dtype)]
    eps, tiny = limits(got if got.dtype.itemsize <= want.dtype.itemsize else want)
    a, b = precise(got), precise(want)
    near = size(b)
    if function.group in SUMS and near.size:
        near = np.maximum(near, near.max())
    allowed = units(function, name) * eps * near + 4 * tiny + room
    pa, pb = parts(a), parts(b)
    same = (pa == pb) | (np.isnan(pa) & np.isnan(pb)) | (np.abs(pa - pb) <= allowed[..., None])
    return ~same.all(-1)


def rests(function, x, want):
    """How much of a result that is a rest may be the rounding of the arguments."""
    if function.name not in RESTS or not is_inexact(want):
        return 0.0
    return UNITS[values.NAMES[str(want.dtype)]] * limits(want)[0] * max(float(size(precise(v)).max(initial=0)) for v in x)


def zeros_differ(got, want):
    if not is_inexact(want):
        return np.zeros(want.shape, bool)
    pa, pb = parts(precise(got)), parts(precise(want))
    return ((pa == 0) & (pb == 0) & (np.signbit(pa) != np.signbit(pb))).any(-1)


def fits(got, want, dtypes):
    """Whether the dtype is that of JAX, up to the defaults of 32 bits (docs/promotion.md)."""
    narrow = {"int64": "int32", "float64": "float32", "complex128": "complex64"}
    if got.dtype == want.dtype:
        return True
    if str(want.dtype) != "int64" and any(d in ("f64", "c128") for d in dtypes):
        return False
    return any(d in values.WIDE or d == "u32" for d in dtypes) and narrow.get(str(want.dtype)) == str(got.dtype)


class Comparison:
    def __init__(self, functions, known):
        self.functions = functions
        self.known = known
        self.used = collections.Counter()
        self.unexplained = collections.defaultdict(list)
        self.counts = collections.Counter()
        self.dtypes = collections.Counter()

    def case(self, at, case, x, want, got):
        function = self.functions[case["function"]]
        dtypes = [form[0] for form in case["inputs"]]
        self.counts["cases"] += 1
        self.dtypes[" ".join(sorted(set(dtypes))) or "none"] += 1

        def differs(part, text, index=None):
            self.differs(function, part, at, case, dtypes, x, text, index)

        if "refused" in want:
            if "refused" in got:
                self.counts["refused by both"] += 1
            else:
                differs("accepted", f"JAX: {want['refused']}")
            return
        if "refused" in got:
            return differs("refused", got["refused"])
        if self.arrays(function, "values", x, want["values"], got["values"], dtypes, lambda f, x: f.leaves(x), differs):
            self.counts["equal values"] += 1
        if "gradients" not in want:
            return
        if "gradients" not in got:
            return differs("gradients", got["gradients_refused"])
        cotangents = want["cotangents"]

        def slopes(f, x):
            like = jnp.result_type(*x) if x else jnp.float32
            return f.pullback(x, [c.astype(self.like(c, like)) for c in cotangents])

        self.counts["gradients"] += 1
        self.arrays(function, "gradients", x, want["gradients"], got["gradients"], dtypes, slopes, differs)

    @staticmethod
    def like(cotangent, wanted):
        """The dtype of a cotangent where the arguments are of another precision."""
        twice = np.dtype(wanted).itemsize == (16 if np.issubdtype(wanted, np.complexfloating) else 8)
        if not twice:
            return cotangent.dtype
        return np.complex128 if np.iscomplexobj(cotangent) else np.float64

    def arrays(self, function, part, x, want, got, dtypes, again, differs):
        """Whether all arrays are as wanted; reports the first that is not."""
        if part == "values" and (normal := NORMAL.get(function.name)):
            want, got = normal(want), normal(got)
        if len(got) != len(want):
            differs("count", f"{len(got)} results, JAX {len(want)}")
            return False
        for i, (a, b) in enumerate(zip(got, want)):
            if a.shape != b.shape:
                differs("shape", f"[{i}] {a.shape}, JAX {b.shape}")
                return False
            if not fits(a, b, dtypes):
                differs("dtype", f"[{i}] {a.dtype}, JAX {b.dtype}")
                return False
            bad = wrong(function, a, b, rests(function, x, b))
            if bad.any():
                bad = self.excused(function, part, x, i, a, b, bad, again)
            if bad.any():
                index = tuple(int(k) for k in np.argwhere(bad)[0])
                differs(part, f"[{i}]{list(index)} {a[index]}, JAX {b[index]}", index)
                return False
            if part == "values":
                bad = zeros_differ(a, b)
                if bad.any():
                    index = tuple(int(k) for k in np.argwhere(bad)[0])
                    differs("sign of zero", f"[{i}]{list(index)} {a[index]}, JAX {b[index]}", index)
                    return False
        return True

    def excused(self, function, part, x, i, got, want, bad, again):
        """The elements that are wrong beside every other way to compute them in JAX, and whose error is greater than
        that of JAX beside f64, or than what a last bit of an argument changes."""
        normal = NORMAL.get(function.name, list) if part == "values" else list

        def compute(x):
            try:
                return normal([np.asarray(y) for y in again(function, x)])[i]
            except Exception:
                return None

        def settle(how, still):
            nonlocal bad
            now = bad & still
            if now.sum() < bad.sum():
                self.counts[how] += 1
            bad = now

        plain = compute(x)
        if plain is not None and plain.shape == want.shape and plain.dtype == want.dtype:
            settle("as JAX without jit", wrong(function, got, plain))
        if not is_inexact(want) or not bad.any():
            return bad
        kinds = {v.dtype.kind for v in x}
        if kinds & set("iub") and str(got.dtype) in ("float32", "complex64"):
            # Integers become the default float first.
            with jax.enable_x64(False):
                found = compute([v.astype(np.float32) if v.dtype.kind in "iub" else v for v in x])
            if found is not None and found.shape == want.shape:
                # `want` may be of f64, and f32 as far from it.
                theirs = size(precise(found) - precise(want)) if is_inexact(found) else 0
                settle("integers as f32", wrong(function, got, found) & wrong(function, got, want, 4 * theirs))
        if not x:
            return bad
        with jax.enable_x64(True):
            if not any(is_inexact(v) and v.dtype.itemsize == (16 if v.dtype.kind == "c" else 8) for v in x):
                truth = compute([precise(v) if is_inexact(v) else v.astype(np.float64) for v in x])
                if truth is not None and truth.shape == want.shape and is_inexact(truth):
                    rounded = precise(truth.astype(got.dtype))
                    theirs = size(precise(want) - rounded)
                    theirs = np.where(np.isfinite(precise(want)), theirs, 0)
                    settle("no worse than JAX beside f64", wrong(function, got, truth.astype(got.dtype), 4 * theirs))
        # Again in x64 or not, as the caller is.
        if bad.any() and all(is_inexact(v) for v in x):
            room = np.zeros(want.shape)
            for sign in (1, -1):
                step = [v * (1 + sign * v.dtype.type(limits(v)[0])).astype(v.dtype) for v in x]
                moved = compute([np.asarray(s, v.dtype) for s, v in zip(step, x)])
                if moved is not None and moved.shape == want.shape:
                    room = np.maximum(room, size(precise(moved) - precise(want)))
            settle("a last bit of the arguments", wrong(function, got, want, 8 * room))
        return bad

    def differs(self, function, part, at, case, dtypes, x, text, index):
        elements = sum(v.size for v in x)
        shown = []
        for v in x:
            if index is not None and v.shape and v.shape == x[0].shape and len(index) == v.ndim and all(
                k < n for k, n in zip(index, v.shape)
            ):
                shown.append(f"{v[index]!r}")
            elif index is not None and v.ndim == 1 and x[0].ndim == 2 and len(index) == 2 and index[-1] < len(v):
                shown.append(f"{v[index[-1]]!r}")
            else:
                shown.append(np.array2string(v, threshold=12, separator=", ").replace("\n", ""))
        args = ", ".join(shown)
        for entry in self.known:
            if entry.explains(function.name, part, case["kind"], dtypes, text, args):
                self.used[entry] += 1
                self.counts["explained"] += 1
                return
        line = f"{part}, {case['kind']} {' '.join(dtypes)}, case {at}: {text}; of {args[:300]}"
        self.unexplained[function.name, part].append((elements, line))

    def report(self, without, whole):
        out = [f"{self.counts.pop('cases', 0)} cases of {len(self.functions)} functions; left out: {', '.join(without)}"]
        out += [f"  {n} {what}" for what, n in self.counts.most_common()]
        out += ["by dtypes: " + ", ".join(f"{n} {what}" for what, n in self.dtypes.most_common())]
        for entry in self.known:
            used = self.used[entry]
            if used or whole:
                out.append(f"  {used or 'NOT NEEDED:'} {entry}")
        out.append(f"{sum(map(len, self.unexplained.values()))} unexplained, of {len(self.unexplained)} kinds")
        for (name, _), lines in sorted(self.unexplained.items()):
            out.append(f"{name} ({len(lines)}): {min(lines)[1]}")
        return "\n".join(out)


def spectral(results):
    """Eigenvalues and what the vectors make of them: a vector is known up to its sign."""
    w, v = results
    v64 = precise(v)
    return [w, ((v64 * w[..., None, :].astype(v64.dtype)) @ np.swapaxes(v64.conj(), -1, -2)).astype(v.dtype)]


def singular(results):
    u, s, vt = results
    k = s.shape[-1]
    u64, vt64 = precise(u)[..., :k], precise(vt)[..., :k, :]
    return [s, ((u64 * precise(s)[..., None, :]) @ vt64).astype(u.dtype)]


def orthogonal(results):
    q, r = results
    return [(precise(q) @ precise(r)).astype(q.dtype), np.abs(r)]


def directions(vectors):
    """The products of an eigenvector's elements with each other's conjugates: it is known up to a phase."""
    v = precise(vectors)
    made = v[..., :, None, :] * v[..., None, :, :].conj()
    return unsigned(made.astype(vectors.dtype))


def unsigned(x):
    """Without signs of zeros."""
    return x + 0


def eigen(results):
    """The eigenvalues in one order."""
    w, *vectors = results
    order = np.lexsort((w.imag, w.real), -1)
    vectors = [np.take_along_axis(v, order[..., None, :], -1) for v in vectors]
    return [np.take_along_axis(w, order, -1), *map(directions, vectors)]


def triangular(results):
    """Schur's form: the matrix, and what must be 0. The order of the eigenvalues is free."""
    t, z = results
    made = precise(z) @ precise(t) @ np.swapaxes(precise(z).conj(), -1, -2)
    return [made.astype(t.dtype), np.tril(t, -2)]


def together(results):
    """Numbers, each of which may be a sum of terms that cancel."""
    return [np.stack(results)]


# Results that are not the only right ones, made comparable.
NORMAL = {
    "decompositions/eigh": spectral,
    "decompositions/svd": singular,
    "decompositions/svd_full": singular,
    "decompositions/qr": orthogonal,
    "decompositions/qr_full": orthogonal,
    "matrices/eigh_tridiagonal": spectral,
    "matrices/eig": eigen,
    "matrices/eigvals": eigen,
    "matrices/qr_raw": lambda results: [unsigned(x) for x in results],
    "matrices/eig_left_right": eigen,
    "matrices/schur": triangular,
    "matrices/rsf2csf": triangular,
    "matrices/roots": together,
}
