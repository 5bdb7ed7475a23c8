"""Compares the array functions with JAX on random and on awkward arrays: README.md tells how. Run by hand."""

import argparse
import json
import os
import pathlib
import pickle
import subprocess
import sys
import warnings
import zlib

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Operations round as each of them does alone, which is how they run without `jit`.
os.environ.setdefault("XLA_FLAGS", "--xla_allow_excess_precision=false")

import jax
import jax.numpy as jnp
import numpy as np

import values
from calls import CALLS
from compare import Comparison
from known import KNOWN, LEFT_OUT

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cargo(test, folder):
    """Runs one of the tests in `nnx-core/tests/api/fuzz.rs`."""
    command = ["cargo", "test", "--quiet", "--workspace", "--test", "api", "--", "--ignored", "--exact"]
    done = subprocess.run(
        [*command, f"fuzz::{test}"], cwd=ROOT, env=os.environ | {"NNX_FUZZ": str(folder)}, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def resolve(name):
    """A function of JAX by its whole name."""
    found = jax
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


class Function:
    """A function of ours, with what JAX computes for it."""

    def __init__(self, described):
        self.name = described["name"]
        self.group, self.short = self.name.split("/")
        self.shapes = [tuple(shape) for shape in described["shapes"]]
        self.dtypes = described["dtypes"]
        self.has_gradient = described["gradient"]
        stated = CALLS[self.group].get(self.short, "by its name")
        if self.name in LEFT_OUT or (stated == "by its name" and not described["jax"]):
            self.call = None
        elif stated == "by its name":
            called = resolve(described["jax"])
            self.call = lambda x: called(*x)
        else:
            self.call = stated
        self.compiled = jax.jit(self.leaves)
        self.with_slopes = jax.jit(lambda x, cotangents: (self.leaves(x), self.pullback(x, cotangents)))

    def leaves(self, x):
        return [jnp.asarray(leaf) for leaf in jax.tree.leaves(self.call(list(x)))]

    def pullback(self, x, cotangents):
        def inexact(x):
            return [y for y in self.leaves(x) if jnp.issubdtype(y.dtype, jnp.inexact)]

        return jax.vjp(inexact, list(x))[1](list(cotangents))[0]


class Store:
    """Arrays in a file of bytes, and the forms that tell where they are."""

    def __init__(self, data=b""):
        self.data = bytearray(data)

    def push(self, array):
        array = np.asarray(array)
        form = [values.NAMES[str(array.dtype)], list(array.shape), len(self.data)]
        self.data += array.tobytes()
        return form

    def array(self, form):
        dtype, shape, first = values.dtype(form[0]), form[1], form[2]
        return np.frombuffer(self.data, dtype, int(np.prod(shape)), first).reshape(shape)


def make(functions, seed, rounds, store):
    """Each kind of case of each function so many times, and what JAX computes for them."""
    cases, expected = [], []
    for function in functions:
        # By its name, so that `--only` changes no case.
        own = [seed, zlib.crc32(function.name.encode())]
        for at, (dtypes, kind, shapes) in enumerate(values.plans(function, np.random.default_rng(own))):
            # Empty arrays and calls without arrays once.
            for turn in range(1 if not shapes or 0 in sum(shapes, ()) else rounds):
                random = np.random.default_rng([*own, at, turn])
                x = values.inputs(function, random, dtypes, kind, shapes)
                case = {"function": function.name, "kind": kind, "inputs": [store.push(v) for v in x]}
                cases.append(case)
                expected.append(evaluate(function, x, case, random, store))
        print(f"\r{len(cases)} cases, {function.name:50}", end="", file=sys.stderr)
    return cases, expected


def wide(dtypes):
    """Whether JAX needs its 64-bit dtypes: docs/promotion.md."""
    signed = any(d in ("i8", "i16", "i32") for d in dtypes)
    return any(d in values.WIDE for d in dtypes) or ("u32" in dtypes and signed)


def evaluate(function, x, case, random, store):
    """What JAX computes; the case is given the cotangents for which gradients are wanted."""
    dtypes = [form[0] for form in case["inputs"]]
    smooth = function.has_gradient and all(d in values.INEXACT for d in dtypes) and len(set(dtypes)) == 1
    with jax.enable_x64(wide(dtypes)):
        if smooth and f"{function.name} gradient" not in LEFT_OUT:
            try:
                # One program for both: compiling takes the time.
                inexact = [y for y in jax.eval_shape(function.leaves, x) if jnp.issubdtype(y.dtype, jnp.inexact)]
                cotangents = [values.cotangent(random, y) for y in inexact]
                found, slopes = function.with_slopes(x, cotangents)
                case["cotangents"] = [store.push(ct) for ct in cotangents]
                found = {"values": [np.asarray(y) for y in found], "gradients": [np.asarray(g) for g in slopes]}
                return found | {"cotangents": cotangents}
            except Exception:
                case.pop("cotangents", None)
        try:
            return {"values": [np.asarray(y) for y in function.compiled(x)]}
        except Exception as error:
            return {"refused": f"{type(error).__name__}: {error}".splitlines()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="for the cases and results")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1, help="how often each kind of case is tried, with other numbers")
    parser.add_argument("--only", default="", help="functions whose names, as elementwise/add, have this in them")
    parser.add_argument("--again", action="store_true", help="the cases of the last run in that folder, ours anew")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")

    cargo("fuzz_functions", folder)
    described = json.loads((folder / "functions.json").read_text())
    functions = [Function(d) for d in described]
    without = [f.name for f in functions if f.call is None]
    functions = [f for f in functions if f.call is not None and options.only in f.name]

    store = Store()
    if options.again:
        cases, expected = pickle.loads((folder / "expected.pickle").read_bytes())
        store.data += (folder / "cases.bin").read_bytes()
    else:
        cases, expected = make(functions, options.seed, options.rounds, store)
        (folder / "expected.pickle").write_bytes(pickle.dumps((cases, expected)))
        (folder / "cases.json").write_text(json.dumps(cases))
        (folder / "cases.bin").write_bytes(store.data)
    print("\nrunning ours", file=sys.stderr)
    cargo("fuzz_cases", folder)
    results = json.loads((folder / "results.json").read_text())
    ours = Store((folder / "results.bin").read_bytes())

    comparison = Comparison({f.name: f for f in functions}, KNOWN)
    for at, (case, want, got) in enumerate(zip(cases, expected, results, strict=True)):
        for part in ("values", "gradients"):
            if part in got:
                got[part] = [ours.array(form) for form in got[part]]
        dtypes = [form[0] for form in case["inputs"]]
        with jax.enable_x64(wide(dtypes)):
            comparison.case(at, case, [store.array(form) for form in case["inputs"]], want, got)
    text = comparison.report(without, whole=not options.only)
    (folder / "report.txt").write_text(text)
    print(text)
    sys.exit(bool(comparison.unexplained))


if __name__ == "__main__":
    main()
