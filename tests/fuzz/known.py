"""Differences from JAX that are as they should be, and why. A run of everything tells which are not needed any more."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Known:
    """What it explains: functions whose whole name matches, in `part`, for kinds of values and dtypes if given."""

    functions: str
    part: str
    reason: str
    kinds: tuple = ()
    dtypes: tuple = ()
    text: str = ""

    def explains(self, function, part, kind, dtypes, text):
        return (
            re.fullmatch(self.functions, function) is not None
            and part == self.part
            and (not self.kinds or kind in self.kinds)
            and (not self.dtypes or any(d in self.dtypes for d in dtypes))
            and self.text in text
        )

    def __str__(self):
        only = " ".join([*self.kinds, *self.dtypes])
        return f"{self.functions} {self.part}{f' ({only})' if only else ''}: {self.reason}"


KNOWN = []

# Functions, or `… gradient` for their gradients, that are not compared, and why.
LEFT_OUT = {
    **{
        f"decompositions/{name} gradient": "the vectors are known up to their signs, and so are their slopes"
        for name in "eigh svd svd_full qr qr_full".split()
    },
}
