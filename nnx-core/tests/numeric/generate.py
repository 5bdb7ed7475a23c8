"""Writes data/*.json: what JAX computes for the rows in cases/*.py. Run by hand, on a CPU:

    python -m venv FOLDER && FOLDER/bin/pip install jax==0.10.2
    FOLDER/bin/python nnx-core/tests/numeric/generate.py [NAME...]

A row whose values agree with those in the file keeps them, so that another processor's rounding
changes no file. Two files have no cases: promotions.json is about all pairs of dtypes, and
printed.json about the arrays that it holds; a new one needs its dtype, shape and bytes there.
"""

import importlib
import json
import pathlib
import sys
import warnings

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

import jax.numpy as jnp
import numpy as np
import scipy
import scipy.signal
import scipy.special
import scipy.stats

HERE = pathlib.Path(__file__).parent
# The name of a dtype in Rust, and in Python.
DTYPES = {"bool": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64"}
DTYPES |= {"u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64", "f16": "float16"}
DTYPES |= {"bf16": "bfloat16", "f32": "float32", "f64": "float64", "c64": "complex64", "c128": "complex128"}


def dtype_name(dtype):
    """The name of a dtype in Rust: f32."""
    return next(name for name, known in DTYPES.items() if known == str(dtype))


def numbers(x):
    """The elements; real and imaginary parts in turn."""
    x = np.asarray(x)
    if np.iscomplexobj(x):
        x = np.stack([x.real, x.imag], -1)
    whole = x.dtype == bool or np.issubdtype(x.dtype, np.integer)
    return [int(v) if whole else float(v) for v in x.ravel()]


def text(x):
    """An array on one line: its dtype, shape and elements."""
    x = jnp.asarray(x)
    form = f"{dtype_name(x.dtype)}{list(x.shape)}"
    return " ".join([form, *(repr(v) for v in numbers(x))])


def agree(one, other, tolerance):
    """Whether two arrays as text are equal up to the tolerance."""

    def parts(line):
        form, elements = line.split("]")
        return form, [float(v) for v in elements.split()]

    (form, a), (other_form, b) = parts(one), parts(other)
    near = lambda x, y: x == y or (x != x and y != y) or abs(x - y) <= tolerance * (1 + abs(y))
    return form == other_form and len(a) == len(b) and all(map(near, a, b))


def results(expression, inputs):
    """What a row computes, as a list of arrays."""
    names = dict(jax=jax, jnp=jnp, jsp=jax.scipy, scipy=scipy, lax=jax.lax, nan=np.nan, inf=np.inf)
    value = eval(expression, names | inputs)
    return list(value) if isinstance(value, (tuple, list)) else [value]


def group(tolerance, inputs, rows, old):
    """A group of cases with its values; `old` are the rows that the file has."""
    written = {}
    for row in rows:
        expression, its_tolerance = row if isinstance(row, tuple) else (row, tolerance)
        if expression in written:
            sys.exit(f"{expression} stands there twice")
        values = [text(x) for x in results(expression, inputs)]
        kept = old.get(expression, [None])[1:]
        if len(kept) == len(values) and all(agree(k, v, its_tolerance / 10) for k, v in zip(kept, values)):
            values = kept
        else:
            print(f"  {expression}")
        written[expression] = [its_tolerance, *values]
    return {"inputs": {name: text(x) for name, x in inputs.items()}, "rows": written}


def one_entry_a_line(value, depth=0):
    """JSON whose objects have one entry on a line."""
    if not isinstance(value, dict):
        return json.dumps(value)
    indent = " " * (depth + 1)
    entries = (f"{indent}{json.dumps(k)}: {one_entry_a_line(v, depth + 1)}" for k, v in value.items())
    return "{\n" + ",\n".join(entries) + "\n" + " " * depth + "}"


def values(area):
    """The file of the cases of an area."""
    file = HERE / "data" / f"{area}.json"
    old = json.loads(file.read_text())["groups"] if file.exists() else {}
    cases = importlib.import_module(f"cases.{area}").GROUPS
    groups = {name: group(**case, old=old.get(name, {"rows": {}})["rows"]) for name, case in cases.items()}
    return one_entry_a_line({"jax": jax.__version__, "groups": groups})


def promotions():
    """The dtype of a sum, for each dtype on the left; those on the right are in the same order."""
    pair = lambda a, b: dtype_name(jnp.promote_types(DTYPES[a], DTYPES[b]))
    return one_entry_a_line({a: " ".join(pair(a, b) for b in DTYPES) for a in DTYPES})


def printed():
    """How NumPy and JAX print the arrays in the file."""
    entries = json.loads((HERE / "data" / "printed.json").read_text())
    for entry in entries:
        data = np.frombuffer(bytes.fromhex(entry["data"]), jnp.dtype(DTYPES[entry["dtype"]]))
        x = data.reshape(entry["shape"])
        entry |= {"str": str(x), "repr": repr(jnp.asarray(x))}
    return "[\n" + ",\n".join(map(json.dumps, entries)) + "\n]"


def main():
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(HERE))
    sys.dont_write_bytecode = True
    others = {"printed": printed, "promotions": promotions}
    areas = sorted(path.stem for path in (HERE / "cases").glob("[a-z]*.py"))
    for name in sys.argv[1:] or [*areas, *others]:
        print(name)
        new = others[name]() if name in others else values(name)
        (HERE / "data" / f"{name}.json").write_text(new + "\n")


main()
