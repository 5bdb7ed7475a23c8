"""Differences from JAX that are as they should be, and why. A run of everything tells which are not needed any more."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Known:
    """What it explains: functions whose whole name matches, in `part`, for kinds of values and dtypes if given, with
    `text` (a pattern) in what differs, of elements with `args`."""

    functions: str
    part: str
    reason: str
    kinds: tuple = ()
    dtypes: tuple = ()
    text: str = ""
    args: str = ""

    def explains(self, function, part, kind, dtypes, text, args):
        return (
            re.fullmatch(self.functions, function) is not None
            and re.fullmatch(self.part, part) is not None
            and (not self.kinds or kind in self.kinds)
            and (not self.dtypes or any(d in self.dtypes for d in dtypes))
            and re.search(self.text, text) is not None
            and re.search(self.args, args) is not None
        )

    def __str__(self):
        only = " ".join([*self.kinds, *self.dtypes])
        return f"{self.functions} {self.part}{f' ({only})' if only else ''}: {self.reason}"


SPECIAL = "special_functions/"
KNOWN = [
    Known(
        ".*",
        "accepted",
        "ours takes integers, bools and short floats where JAX has no rule for them, and promotes where lax does not",
        text="does not accept dtype|same dtypes|Unsupported dtype|is not supported|OverflowError: (cannot|Python)"
        "|float32 (and|or) float64",
    ),
    Known(
        "products/(interp|polyfit)|matrices/(polar|qdwh)|elementwise/round.*|statistics/.*",
        "accepted",
        "bf16, integers and bools are taken: JAX asks NumPy for the precision of a dtype that has none",
        text="not inexact",
    ),
    Known("matrices/expm_frechet", "accepted", "integers are promoted, which JAX does after it looks", text="float0"),
    Known(
        "products/(conv_.*|trapezoid)|matrices/(rsf2csf|solve_sylvester|sqrtm|funm)|places/unpackbits",
        "accepted",
        "empty arrays give empty ones; JAX stumbles over them",
        text="Cannot lower|out of bounds for axis|at least one array|modulo by zero",
    ),
    Known(
        "products/poly(der|int|mul)|matrices/(roots|toeplitz|hankel|circulant)|images_and_signals/signal::.*"
        "|transforms_of_fourier/.*|statistics/(dirichlet|multivariate_normal)::.*",
        "refused",
        "a polynomial without coefficients, a matrix or transform of nothing is refused (SciPy refuses transforms)",
        text=r"coefficients, got|with elements, got|needs elements|f32\[0\]",
    ),
    Known("matrices/eigh_tridiagonal", "refused", "an empty diagonal has not one element less beside it", text=r"\[0"),
    Known("products/dot_general", "refused", "both operands have one dtype, as in XLA", text="differ in dtype"),
    Known("shapes/split_at", "accepted", "places beyond the end are the end, as in NumPy", text="nonnegative"),
    Known("elementwise/complex", "accepted", "parts of complex arguments are promoted like any other", text="complex"),
    Known("comparison_and_choice/is_(pos|neg)inf", "accepted", "complex numbers are compared with ∞", text="complex types"),
    Known("decompositions/(matrix_rank|lu_solve)", "accepted", "empty matrices are taken", text="zero-size|pivots"),
    Known("indexing/take_along_axis|places/At::apply", "refused", "indices into an empty axis are refused", text="no elements"),
    Known("decompositions/(expm|lstsq)", "refused", "no columns are refused", text="no element|as many right"),
    Known("decompositions/vector_norm", "dtype", "norms of integers are floats, as in NumPy", text="float32, JAX u?int32"),
    Known("indexing/At::(max|min)", "gradients", "no order of complex numbers has a derivative here", text="with an order"),
    Known(
        f"elementwise/(digamma|lgamma)|{SPECIAL}(digamma|gammaln|gamma|multigammaln|polygamma)|statistics/.*",
        "values",
        "digamma is infinite at its pole 0, as in SciPy: NaN in the XLA of that JAX",
        text="inf, JAX nan",
    ),
    Known(
        f"elementwise/(digamma|lgamma)|{SPECIAL}(gammaln|gamma|multigammaln|factorial|poch|comb)",
        "gradients",
        "the slope at a pole, which is that of digamma",
        text="JAX nan",
    ),
    Known(f"{SPECIAL}beta(ln)?", "gradients", "finite for negative arguments, as in SciPy", text="JAX nan"),
    Known(
        f"{SPECIAL}zeta",
        "gradients",
        "zeta is not defined for s ≤ 1 nor x ≤ 0",
        args=r"(^|[\[( ])(-|0\.)",
    ),
    Known(f"{SPECIAL}ndtri", "gradients", "the slope at 0 and 1 is infinite", text="(inf|nan), JAX -?0"),
    Known(f"{SPECIAL}kl_div", "values", "integers are f32, in which terms cancel", ("ends",)),
    Known(f"{SPECIAL}gammainc", "values", "1 for a = 0, as in SciPy", ("special",), text="1.0, JAX nan"),
    Known("elementwise/pow", "values", "JAX reads 6 bits of an exponent; such powers overflow", ("ends",)),
    Known("elementwise/pow", "values", "0, ±1 for negative exponents, of which JAX reads 6 bits", ("small",), text=r"\] (0|1|-1), JAX"),
    Known("elementwise/ldexp", "gradients", "2ⁿ at 0 and ∞ too, where JAX returns the argument", args=r"\((-?0\.0|-?inf|nan)\)|^(-?0|-?inf|nan)$"),
    Known("elementwise/sinc", "gradients", "0 beside 0, where terms of JAX overflow", ("wide",), text="JAX (-?inf|nan)"),
    Known("elementwise/hypot", "gradients", "the squares in JAX overflow or vanish", ("special", "wide")),
    Known(
        "statistics/gumbel_.::logpdf",
        "values",
        "XLA rounds a product and a difference once, so that eˣ does not overflow alone",
        ("special", "wide"),
        text=r"e\+38, JAX -inf",
    ),
    Known("indexing/intersect1d", "dtype", "bools in common are bools", ("small",), ("bool",), text="bool, JAX int32"),
    Known("shapes/unstack", "refused", "the number of parts is that of the call", text="is not 2 along"),
    Known("places/scatter_apply", "refused", "windows that do not fit are refused", text="do not fit"),
    Known("matrices/bessel_jn", "values", "1 and 0 at 0, as in SciPy", text=r"\] (1|0).0, JAX nan"),
    Known("matrices/expn", "values", "1 / (n − 1) at 0, as in SciPy", ("small", "ends"), text="1.0, JAX 0.5"),
    Known("matrices/hyp2f1", "values", "JAX loses all digits; ours are SciPy's", text=r"JAX -?\d\.\d+e\+[23]\d"),
    Known("matrices/hyp2f1", "gradients", "outside of the unit disk there is no value", text="nan, JAX|inf, JAX nan"),
    Known("matrices/hyp2f1", "gradients", "JAX loses all digits of the value", text=r"JAX -?\d\.\d+e\+[23]\d"),
    Known("matrices/hyp2f1", "values", "a pole of c: NaN or ∞", ("small",), text="nan, JAX inf"),
    Known(
        "matrices/sqrtm",
        "values",
        "which root of a negative eigenvalue: ours is that of SciPy, JAX lets rounding choose",
        text=r"\((-?\d+\.\d{3})\d*[+-].*JAX \(\1",
    ),
    Known(
        "statistics/cauchy::.*",
        "(values|gradients)",
        "JAX adds 1/2 to an angle, which cancels far out, and squares the distance, which overflows",
        ("ends", "special", "wide"),
    ),
    Known("statistics/.*", "gradients", "no slope outside of the support or the parameters: NaN in JAX", text="JAX nan"),
    Known("statistics/.*", "gradients", "a step overflows or vanishes on one of the sides", ("wide",), text=r"nan|inf| -?0\.0(,|$)"),
    Known("statistics/(beta|chi2|t)::logpdf", "gradients", "1/scale² vanishes in JAX", ("special", "wide")),
    Known(
        "statistics/bernoulli::logpmf",
        "gradients",
        "a product with the least normal number vanishes",
        ("special",),
        args=r"1\.1754944e-38.*1\.1754944e-38",
    ),
    Known("statistics/.*", "values", "NaN in an argument is handed on, as in SciPy", ("special",), text="nan, JAX"),
    Known("statistics/(uniform|truncnorm)::.*", "gradients", "the slope at NaN", ("special",)),
    Known("statistics/norm::isf", "(values|gradients)", "JAX takes 1 − q, which is 1 for such q", ("special", "wide")),
    Known("statistics/poisson::entropy", "(values|gradients)", "no entropy for negative means", text="nan"),
    Known("statistics/stats::mode", "gradients", "which of equal elements is taken", ("special",)),
    Known("statistics/uniform::ppf", "sign of zero", "of a negative scale"),
    Known("statistics/vonmises::pdf", "gradients", "cos x − I₁/I₀ cancels for a great concentration", ("special",)),
    Known("statistics/gennorm::logpdf", "gradients", "terms of 1/β² cancel for small β, on both sides", ("ordinary",)),
    Known("statistics/betabinom::.*", "values", "integers are f32, in which terms cancel", ("ends",)),
    Known("statistics/GaussianKde::.*", "values", "distances overflow", ("wide",), text="nan"),
    Known(f"{SPECIAL}gammainc", "values", "1 for a = 0, as in SciPy", ("wide",), text="1.0, JAX nan"),
    Known(f"{SPECIAL}i1e", "gradients", "I₀ − I₁ cancels far out, on both sides", ("wide",)),
    Known(f"{SPECIAL}kl_div", "gradients", "log x/y cancels where x is near y, on both sides", ("unit",)),
    Known(f"{SPECIAL}gammaincc", "values", "1 − P cancels for such a, which JAX does not end at 0", ("special", "wide"), text=r"e-1[56], JAX -|0\.0, JAX -?\d.\d+e-1[34]"),
    Known(f"{SPECIAL}boxcox", "gradients", "terms of 1/λ² cancel for small λ, on both sides", ("wide",), text="JAX -?inf"),
    Known(f"{SPECIAL}zeta", "gradients", "0 far out, where the terms of JAX overflow", ("wide",), text="0.0, JAX nan"),
    Known(f"{SPECIAL}betaln", "gradients", "a + b is the greatest number", ("special",), ("f64",), text="e-29"),
    Known("matrices/sph_harm_y", "sign of zero", "an imaginary part that vanishes"),
    Known("elementwise/square", "values", "JAX writes (a−b)(a+b), we a²−b²", ("special", "wide"), ("c64", "c128")),
    Known(".*", "sign of zero", "a product that vanishes, in another order", ("special", "wide")),
    Known(".*", "values", "complex numbers with NaN, ∞ or an overflow", ("special",), ("c64", "c128")),
    Known(".*", "gradients", "complex numbers with NaN, ∞ or an overflow", ("special", "wide"), ("c64", "c128")),
    Known(".*", "gradients", "steps that overflow, NaN and ∞ meet in another order", ("special",), text="nan|inf"),
    Known("places/partition", "values", "JAX negates, which the least integer has not", ("ends",), text="-32768|-128|-2147483648|-9223"),
    Known("places/At::power", "values", "integers to the power of negative numbers, as in pow", ("ends",)),
    Known("matrices/expi", "values", "−∞ at 0, as in SciPy", text="-inf, JAX nan"),
    Known("matrices/hyp1f1", "values", "∞ at the poles of b, as in SciPy", text="inf, JAX -inf"),
    Known("matrices/spence", "gradients", "NaN where there is no value", text="nan, JAX 0.0"),
    Known("matrices/dft|transforms_of_fourier/ihfft", "sign of zero", "an imaginary part that vanishes"),
    Known("images_and_signals/.*", "values", "terms overflow or are infinite, in another order", ("special", "wide"), text="nan|inf"),
    Known("products/.*", "values", "products of complex numbers that overflow", ("wide",), ("c64", "c128"), text="nan|inf"),
    Known("activations/gelu", "(values|gradients)", "1 + tanh z cancels for such z, on both sides", ("ordinary",), ("c128",)),
    Known("activations/soft_sign", "gradients", "two terms cancel, on both sides: by 1/x² of 1/x", ("wide",), text="JAX 0.0"),
    Known("reductions/cum(max|min)", "gradients", "the slope beside NaN", ("special",)),
    Known("reductions/average", "gradients", "the sum of the terms overflows", ("special", "wide"), text="nan|inf"),
]

# Functions, or `… gradient` for their gradients, that are not compared, and why.
LEFT_OUT = {
    **{
        f"decompositions/{name} gradient": "the vectors are known up to their signs, and so are their slopes"
        for name in "eigh svd svd_full qr qr_full".split()
    },
    "matrices/eigh_tridiagonal gradient": "the vectors are known up to their signs",
    "creation/empty": "its elements are any",
}
