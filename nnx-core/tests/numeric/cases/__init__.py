"""The rows of the tests in ../*.rs, a file each: Python expressions, which name the rows.

`inputs` are the names that a group's rows use; `tolerance` is absolute and relative, and holds for
the rows that do not bring their own.
"""

import numpy as np
from jax import lax
from jax import numpy as jnp

nan, inf = np.nan, np.inf


def of(dtype):
    """A function that makes an array of the dtype of elements and a shape."""
    return lambda elements, *shape: jnp.asarray(np.reshape(elements, shape or (-1,))).astype(dtype)


b1, i8, u8, u16 = of("bool"), of("int8"), of("uint8"), of("uint16")
i32, u32 = of("int32"), of("uint32")
f16, bf16, f32, f64 = of("float16"), of("bfloat16"), of("float32"), of("float64")


def c128(real, imag, *shape):
    """A complex array of its real and imaginary parts."""
    return lax.complex(f64(real, *shape), f64(imag, *shape))


def c64(real, imag, *shape):
    """As `c128`, of half the size."""
    return c128(real, imag, *shape).astype("complex64")
