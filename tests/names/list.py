"""Prints the public names of a package, one a line: to compare a new version with the lists here.

    python -m venv FOLDER && FOLDER/bin/pip install jax==0.10.2 flax==0.12.8 optax==0.2.8
    FOLDER/bin/python tests/names/list.py            # what is new, and what is gone, in each list
    FOLDER/bin/python tests/names/list.py jax.numpy  # the names of one package

Submodules have lists of their own. Of `jax.lax` the primitives (`add_p`) are left out: they are the
insides of its functions. The distributions of `jax.scipy.stats` are modules, and their functions are
names of it: `norm.pdf`.
"""

import importlib
import pathlib
import re
import sys
import types

HERE = pathlib.Path(__file__).parent


def public(module):
    """The names of a module that begin with a letter."""
    return {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}


def names(package):
    """The public names of a package."""
    found = []
    for name, value in public(importlib.import_module(package)).items():
        if isinstance(value, types.ModuleType):
            if package == "jax.scipy.stats":
                found += [f"{name}.{inner}" for inner in public(value)]
        elif not (package.startswith("jax.lax") and name.endswith("_p")):
            found.append(name)
    return sorted(found, key=str.swapcase)


def listed(file):
    """The names in a list."""
    lines = file.read_text().splitlines()
    return [re.split(r" = |: ", line)[0] for line in lines if line and not line.startswith("#")]


def main():
    for package in sys.argv[1:]:
        print("\n".join(names(package)))
    if sys.argv[1:]:
        return
    differ = False
    for file in sorted(HERE.glob("*.txt")):
        there, here = set(names(file.stem)), set(listed(file))
        for mark, some in (("new", there - here), ("gone", here - there)):
            for name in sorted(some):
                differ = True
                print(f"{file.stem}: {mark}: {name}")
    sys.exit(differ)


main()
