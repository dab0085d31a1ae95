"""Who may import whom in ``tap``: each module only from layers below its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# From the bottom up. A new module must be given its place here.
LAYERS = [
    {"errors", "service_models"},
    {"ahead", "folders", "parallel", "process", "redaction", "settings"},
    {"git", "hcl", "plan"},
    {"aws", "evaluation", "warm"},
    {"emulator", "policy", "proofs", "terraform"},
    {"cost", "coverage"},
    {"doctor", "reports", "traffic", "workspace"},
    {"testing"},
    {"cli", "pytest_plugin"},
]
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}


def imported_modules(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and top-level module of every import from ``tap``, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "tap":
            names = [f"tap.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            package, _, module = name.partition(".")
            if package == "tap" and not module.startswith("__"):
                yield node.lineno, module.partition(".")[0]


def faults(own: str, source: str) -> list[str]:
    """Return what a module of ``tap`` imports although it must not."""
    return [
        f"line {line}: {own} (layer {HEIGHT[own]}) imports {other} (layer {HEIGHT.get(other)})"
        for line, other in imported_modules(source)
        if other != own and HEIGHT.get(other, len(LAYERS)) >= HEIGHT[own]
    ]


@pytest.mark.requirement("TAP-7")
def test_modules_import_only_from_layers_below_their_own(repository: Path) -> None:
    package = repository / "tap"
    found = []
    for path in sorted(package.rglob("*.py")):
        own = path.relative_to(package).parts[0].removesuffix(".py")
        if own != "__init__":
            found += [f"{path.name}: {fault}" for fault in faults(own, path.read_text())]
    assert found == []


@pytest.mark.requirement("TAP-7")
def test_every_module_has_a_place_in_the_layers(repository: Path) -> None:
    modules = {
        path.name.removesuffix(".py")
        for path in (repository / "tap").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert modules - {"__init__"} - HEIGHT.keys() == set()


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize(
    ("own", "source", "count"),
    [
        ("plan", "from tap.errors import TapError", 0),
        ("plan", "from tap.plan.model import Plan", 0),
        ("plan", "from tap import __version__\nimport os, tapestry\nfrom tapes.cli import x", 0),
        ("plan", "from tap.hcl import load_module", 1),
        ("plan", "import tap.cli.main", 1),
        ("plan", "from tap import cli", 1),
        ("plan", "def f():\n    from tap.aws import session", 1),
        ("plan", "if TYPE_CHECKING:\n    from tap.terraform.root import Root", 1),
        ("cli", "from tap.newcomer import x", 1),
    ],
)
def test_an_import_from_the_side_or_above_is_seen(own: str, source: str, count: int) -> None:
    assert len(faults(own, source)) == count
