"""Python files of a published repository at one commit, from a clone that the user has; none of it is copied to disk."""
import linecache
import subprocess
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock


class Missing(Exception):
    """A clone or a commit that is not there; says what to do."""


class Module(MagicMock):
    """Stands for a module that cannot be imported here, such as a GPU compiler: whatever is taken from it does nothing."""

    __path__ = []
    __spec__ = None


class Checkout:
    """
    Args:
        directory: folder of clones, each called owner+name or name, with or without a work tree.
        repository: owner/name on GitHub.
        commit: all 40 digits.
    """

    def __init__(self, directory, repository, commit):
        self.repository, self.commit = repository, commit
        names = [repository.replace("/", "+"), repository.split("/")[1]]
        found = [path for path in (Path(directory) / name for name in names) if path.is_dir()]
        if not found:
            raise Missing(
                f"no clone of {repository}: git clone https://github.com/{repository} {Path(directory) / names[0]}"
            )
        self.directory = found[0]
        if self.git("cat-file", "-t", commit).stdout.strip() != "commit":
            raise Missing(
                f"{self.directory} lacks commit {commit}: git -C {self.directory} fetch origin {commit}"
            )

    def git(self, *words):
        place = ["-C", str(self.directory)]
        return subprocess.run(["git", *place, *words], capture_output=True, text=True)

    def __str__(self):
        return f"{self.repository}@{self.commit[:12]}"

    def module(self, path, package=None, **stand_ins):
        """
        The module of a file, executed.

        Args:
            path: in the repository.
            package: by its dotted name, what its relative imports start from.
            stand_ins: what its imports find instead of modules that are not installed, by name with __ for dots.
        """
        shown = self.git("show", f"{self.commit}:{path}")
        if shown.returncode:
            raise Missing(f"{self}: no file {path}")
        module = types.ModuleType(path.removesuffix(".py").replace("/", "."))
        module.__file__ = f"{self}/{path}"
        if package:
            module.__package__ = package
        # For tracebacks, and for what reads its own source.
        lines = shown.stdout.splitlines(keepends=True)
        linecache.cache[module.__file__] = (len(shown.stdout), None, lines, module.__file__)
        around = {name.replace("__", "."): stand_in for name, stand_in in stand_ins.items()}
        for name in list(around):
            parents = name.split(".")[:-1]
            for k in range(1, len(parents) + 1):
                around.setdefault(".".join(parents[:k]), Module())
        before = {name: sys.modules.get(name) for name in around}
        sys.modules[module.__name__] = module
        sys.modules.update(around)
        try:
            exec(compile(shown.stdout, module.__file__, "exec"), module.__dict__)
        finally:
            for name, old in before.items():
                if old is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = old
        return module
