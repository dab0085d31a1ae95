"""What the code of a function reads from its environment."""

from __future__ import annotations

import ast
import zipfile
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from tap.policy.planned import Resource

# What Lambda sets itself begins with one of these, or is one.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_SET_BY_LAMBDA = ("AWS_", "LAMBDA_", "_HANDLER", "_X_AMZN_", "LANG", "LD_", "PATH", "PYTHON", "TZ")
# Larger ones hold libraries, and reading them takes longer than a rule may.
_LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class Package:
    """The code of a function.

    Attributes:
        reads: File and line of the first place that cannot do without a variable, by its name.
    """

    reads: dict[str, str] = field(default_factory=dict)

    def needs(self, given: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield what is read but neither given nor set by Lambda, and where."""
        for name, place in self.reads.items():
            if name not in given and not name.startswith(_SET_BY_LAMBDA):
                yield name, place


def read_package(function: Resource, filename: str) -> Package:
    """Return what is in the archive of a function; an archive that is yet to be built is empty.

    Args:
        function: A planned ``aws_lambda_function`` of Python code.
        filename: The archive, relative to the root.

    Raises:
        UnknownValueError: The sources are not at hand, or it is no archive.
    """
    sources = function.planned.sources
    if sources is None:
        raise UnknownValueError(function.address, "the code", "is not at hand")
    path = sources.root / filename
    sources.read.add(path)
    if not path.is_file():
        return Package()
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, zipfile.BadZipFile):
        raise UnknownValueError(function.address, "the code", "cannot be read") from None


@cache
def _read(path: Path, changed: int) -> Package:  # noqa: ARG001 - a changed archive is another one
    reads: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        for item in sorted(archive.infolist(), key=lambda item: item.filename):
            if not item.filename.endswith(".py") or item.file_size > _LARGEST_FILE:
                continue
            try:
                tree = ast.parse(archive.read(item))
            except (SyntaxError, ValueError, RecursionError):
                continue
            for name, line in _subscripts(tree):
                reads.setdefault(name, f"{item.filename}:{line}")
    return Package(reads)


def _subscripts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names in ``os.environ["NAME"]`` and ``environ["NAME"]`` where they are read."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Attribute(attr="environ") | ast.Name(id="environ"),
                slice=ast.Constant(value=str(name)),
                ctx=ast.Load(),
            ):
                yield name, node.lineno
