"""Holds our sequence layers against published implementations.

Usage: python3 compare.py [LAYER ... | FILE.safetensors ...] --references DIR

A LAYER is dumped by `deno task layer` for every line of its `CASES`; without any, all layers that have a reference. A FILE was dumped
before. DIR holds clones of the repositories (README.md); not needed for references that come as packages. Prints the largest
difference of y and of every part of the state, in each form that was dumped, and their largest number. States are sums over many
tokens, in which float32 has fewer digits behind the point: they may differ by as much more as they are larger than 1. Exits with 1
where a difference is beyond the limit, or where something could not be compared.
"""
import argparse
import importlib
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from checkout import Checkout, Missing
from dump import Dump

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT = 1e-5


def reference_of(layer):
    """The module of layers/ that knows the reference of a layer."""
    if not (HERE / "layers" / f"{layer}.py").exists():
        there = ", ".join(sorted(path.stem for path in (HERE / "layers").glob("*.py")))
        raise Missing(f"no reference for {layer}; there are {there}")
    return importlib.import_module(f"layers.{layer}")


def source_of(reference, directory):
    """Where the reference comes from: a clone, or the name and version of a package."""
    if hasattr(reference, "PACKAGE"):
        package = importlib.import_module(reference.PACKAGE)
        return f"{reference.PACKAGE}@{package.__version__}"
    if directory is None:
        raise Missing(f"{reference.REPOSITORY} needs --references DIR")
    return Checkout(directory, reference.REPOSITORY, reference.COMMIT)


def compare(dump, directory, limit=LIMIT):
    """Prints and returns whether all differences are within the limit."""
    reference = reference_of(dump.layer)
    source = source_of(reference, directory)
    print(f"{dump.layer} {dump.metadata['config']} in {dump.metadata['dtype']}: {source}, {reference.FUNCTION}")
    good = True
    wanted = reference.outputs(dump, source)
    expected = {name for name in dump.tensors if name == "y" or name.startswith("state")}
    if set(wanted) != expected:
        raise ValueError(f"compared are {sorted(wanted)}, dumped were {sorted(expected)}")
    for form in ("", "parallel."):
        for name in sorted(wanted):
            want = np.asarray(wanted[name])
            got = dump.tensors.get(form + name)
            if got is None and form:
                continue
            if got.shape != want.shape:
                print(f"  {form + name:32} shape {list(got.shape)}, the reference has {list(want.shape)}")
                good = False
                continue
            difference = float(np.max(np.abs(got.astype(np.float64) - want)))
            size = float(np.max(np.abs(want)))
            beyond = not difference <= limit * (1 if name == "y" else max(1, size))  # NaN is beyond
            good = good and not beyond
            print(f"  {form + name:32} {difference:8.1e} of {size:.3g}{'  beyond the limit' if beyond else ''}")
    return good


def dumps_of(layer, directory):
    """Dumps of the cases of a layer, by the program itself."""
    for case in reference_of(layer).CASES:
        path = Path(directory) / "dump.safetensors"
        words = ["deno", "task", "--quiet", "layer", layer, "--dump", str(path), *shlex.split(case)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Missing(f"{shlex.join(words)}: {done.stderr.strip()}")
        yield Dump(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", metavar="LAYER or FILE.safetensors")
    parser.add_argument("--references", metavar="DIR", help="folder of clones, see README.md")
    given = parser.parse_args()
    layers = sorted(path.stem for path in (HERE / "layers").glob("*.py"))
    failed, missing = [], []
    with tempfile.TemporaryDirectory() as directory:
        for what in given.what or layers:
            try:
                dumps = [Dump(what)] if what.endswith(".safetensors") else dumps_of(what, directory)
                for dump in dumps:
                    if not compare(dump, given.references):
                        failed.append(what)
            except (Missing, ImportError, OSError, ValueError) as error:
                print(f"{what}: not compared: {error}")
                missing.append(what)
    print(f"limit {LIMIT:g}: {f'beyond it: {sorted(set(failed))}' if failed else 'all that was compared is within it'}")
    if missing:
        print(f"not compared: {', '.join(missing)}")
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()
