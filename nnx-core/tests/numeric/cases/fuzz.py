"""What `tests/fuzz/fuzz.py` found to differ from JAX."""

from cases import *

GROUPS = {
    # Slopes where one of two branches overflows, or is infinite.
    "slopes": dict(
        tolerance=1e-6,
        inputs=dict(
            x=f32([1e30, -1.8e19, 0.5, 0.0]),
            d=f32([0.0, -0.0, 1e-30, 1e-3, 0.7, 3.0, 200.0]),
            a=f32([-1.0, 2.0, 7.5, -10.0]),
            b=f32([-0.0, 0.0, 2.0, 3.0]),
        ),
        rows=[
            "jax.grad(lambda x: jnp.sinc(x).sum())(x)",
            "jax.nn.log1mexp(d[2:])",
            "jax.grad(lambda d: jax.nn.log1mexp(d).sum())(d)",
            "jax.grad(lambda a: jnp.floor_divide(a, b).sum())(a)",
            "jax.grad(lambda b: jnp.floor_divide(a, b).sum())(b)",
            "jax.grad(lambda a: (lambda q, r: (q + r).sum())(*jnp.divmod(a, b)))(a)",
        ],
    ),
    # Parts of complex numbers that are infinite, or so small that a product vanishes.
    "complex_parts": dict(
        tolerance=1e-6,
        inputs=dict(
            z=c64([0, -0.0, 2, -3, inf], [0, 0, 1, -1e-30, 1]),
            k=c128([0, 1e100], [0, -3e-239]),
            n=c64([nan, nan, inf, -inf, 1], [inf, 10, nan, 2, 2]),
            m=c128([1, 2, 4, 3], [1, 0, 0, 1], 2, 2),
        ),
        rows=[
            "jnp.log2(z)",
            "jnp.log10(z)",
            "jnp.log2(k)",
            "jnp.log10(k)",
            "jnp.signbit(jnp.log10(k).imag)",
            "jax.grad(lambda z: jnp.log10(z).real.sum())(z[2:4])",
            "jnp.isinf(n)",
            "jnp.nan_to_num(n)",
            "jnp.nan_to_num(n, nan=1., posinf=2., neginf=3.)",
            "[*jsp.linalg.lu(m)]",
        ],
    ),
    # Γ of one argument is too great for a difference of logarithms.
    "beta": dict(
        tolerance=2e-6,
        inputs=dict(
            a=f32([1, 31925, 0.5, 3, 7.5, 9, 1e-3, 100]),
            b=f32([31925, 1, 1e5, 5, 8, 9, 1e6, 2000]),
        ),
        rows=[
            "jsp.special.betaln(a, b)",
            "jax.grad(lambda a: jsp.special.betaln(a, b).sum())(a)",
            "jax.grad(lambda b: jsp.special.betaln(a, b).sum())(b)",
            "jsp.special.beta(a, b)",
            "jsp.stats.beta.logpdf(0.9, a, b)",
        ],
    ),
    # NaN is in neither of two sets, and a sum of no terms has a logarithm.
    "edges": dict(
        tolerance=1e-6,
        inputs=dict(x=f32([-0.0, -2, -10, nan]), y=f32([-0.5, -2]), e=f32([], 0, 3)),
        rows=[
            "jnp.setxor1d(x, y, size=6, fill_value=0)",
            "[*jsp.special.logsumexp(e, 0, b=e, return_sign=True)]",
            "jsp.special.logsumexp(e, 1, b=e, return_sign=True)[0]",
        ],
    ),
    # The dtype of the elements, and not the one in which they are counted or named.
    "dtypes": dict(
        tolerance=1e-6,
        inputs=dict(
            c=u8([200, 3, 100, 7], 2, 2),
            p=i32([3, -4, 5]),
            e=f32([]),
            x=f32([0.1, 0.4, 0.9, 0.9]),
            w=u16([65534, 15, 52460, 15]),
            b=b1([1, 0, 1]),
        ),
        rows=[
            "jnp.vecdot(c, c)",
            "jnp.vecdot(b, b)",
            "jnp.polyder(p).astype(jnp.float32)",
            "[y.astype(jnp.int32) for y in jnp.ix_(e, p)]",
            "jnp.histogram2d(x, x, [2, 2], [[0, 1], [0, 1]], weights=w)[0]",
            "jsp.linalg.leslie(b, b[:2])",
            "jax.lax.linalg.cholesky_update(e.reshape(0, 0), e)",
        ],
    ),
    # Slopes where a function has no value, no slope, or an infinite one, and of steps that overflow or vanish.
    "outside": dict(
        tolerance=1e-6,
        inputs=dict(
            x=f32([-1.5, 0.5, 3.0]),
            far=f32([1e33, -3e35, 7.25e-8]),
            scale=f32([3.8e-7, 1e-4, 8.86e15]),
            p=f32([1e-37, 0.25]),
            u=f32([0.0, 0.25]),
            m=bf16([128, 3]),
            n=bf16([-0.5, 40]),
        ),
        rows=[
            "jax.grad(lambda x: jsp.special.exp1(x).sum())(x)",
            "jax.grad(lambda s: jsp.stats.norm.cdf(far, 0, s).sum())(scale)",
            ("jax.grad(lambda s: jsp.stats.beta.logpdf(far[2], 2, 1.5, 0, s))(scale[2]) * 1e16", 1e-5),
            "jax.grad(lambda x: jsp.stats.beta.logcdf(x, 2, 1.5).sum())(x)",
            "jax.grad(lambda x: jsp.stats.gamma.logcdf(x, 2.5).sum())(x)",
            "jax.grad(lambda p: jsp.stats.bernoulli.logpmf(57, p).sum())(p)",
            "jax.grad(lambda u: jsp.special.logit(u).sum())(u)",
            ("jax.grad(lambda m: jsp.special.betaln(m, n).sum())(m)", 1e-4),
        ],
    ),
    # Digits that cancel: those of SciPy, where JAX loses them too.
    "digits": dict(
        tolerance=1e-6,
        inputs=dict(
            z=c64([5e-34, 2, 0, 0], [-2.683359e-06, 1e-7, 3, -0.5]),
            x=f32([-3e7, -2, 1e9]),
            q=f32([1e-20, 0.25, 0.75]),
            m=f32([-3, -4, 1, 4, -2, -1, 2, 2, -2], 3, 3),
            u=u32([5, 125521979, 4294967294, 1]),
            at=u32([1608540751, 2]),
            e=f32([]),
        ),
        rows=[
            ("jnp.sin(z).imag * 1e6", 1e-5),
            "jnp.sin(z)",
            "jnp.cos(z)",
            ("jnp.cos(z).imag * 1e6", 1e-5),
            "jnp.float32(scipy.stats.cauchy.cdf(x) * 1e9)",
            "jnp.float32(scipy.stats.cauchy.sf(x) * 1e9)",
            "jnp.float32(scipy.stats.norm.isf(q))",
            ("jnp.complex64(scipy.linalg.sqrtm(m))", 1e-5),
            "jsp.ndimage.map_coordinates(u, [at], 1, mode='mirror')",
            "jsp.linalg.expm(e.reshape(0, 0))",
        ],
    ),
}
