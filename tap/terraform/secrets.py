"""The values that a root's secret variables are given, before Terraform says so.

A plan marks them, but Terraform and providers may quote them in an error before there is a plan.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tap.errors import HclError
from tap.redaction import strings_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tap.hcl import Expression

_PREFIX = "TF_VAR_"
_SENSITIVE = re.compile(rb"\bsensitive\b")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def secret_inputs(directory: Path, environ: Mapping[str, str]) -> set[str]:
    """Return the values of the variables that a root declares sensitive.

    They come from ``TF_VAR_*``, from ``terraform.tfvars`` and ``*.auto.tfvars`` (also as JSON),
    and from defaults. Where the root cannot be read every ``TF_VAR_*`` counts.

    Args:
        directory: The root.
        environ: The variables of the user.
    """
    given = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
    if not _mentions_secrets(directory):
        return set()
    from tap.hcl import load_module  # noqa: PLC0415 - only where it is needed

    try:
        declared = load_module(directory).variables
    except HclError:
        return {text for value in given.values() for text in _texts(value)}
    names = {name for name, variable in declared.items() if variable.sensitive}
    found = {text for name in names for text in _texts(given.get(f"{_PREFIX}{name}", ""))}
    for name in names:
        found.update(_literals(declared[name].default))
    for file in _files(directory):
        found.update(text for name, text in _assigned(file) if name in names)
    return found


def _mentions_secrets(directory: Path) -> bool:
    """Tell whether it is worth reading the root: that takes longer than a quick command."""
    files = [*directory.glob("*.tf"), *directory.glob("*.tf.json")]
    return any(_SENSITIVE.search(file.read_bytes()) for file in files if file.is_file())


def _files(directory: Path) -> list[Path]:
    """Return the files that Terraform takes values from by itself."""
    patterns = ("terraform.tfvars", "terraform.tfvars.json", "*.auto.tfvars", "*.auto.tfvars.json")
    return [file for pattern in patterns for file in sorted(directory.glob(pattern))]


def _assigned(file: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of everything that a file of values sets; nothing if it is broken."""
    if file.suffix == ".json":
        try:
            document = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        except msgspec.DecodeError:
            return
        for name, value in document.items():
            yield from ((name, text) for text in strings_in(value))
        return
    from tap.hcl import parse_file  # noqa: PLC0415 - as above

    try:
        attributes = parse_file(file).attributes
    except HclError:
        return
    for name, expression in attributes.items():
        yield from ((name, text) for text in _literals(expression))


def _texts(value: str) -> Iterator[str]:
    """Yield a value, and the strings in it if it is a collection in HCL or JSON."""
    yield value
    if value.strip()[:1] in {"{", "["}:
        yield from map(_unescaped, _QUOTED.findall(value))


def _literals(expression: Expression | None) -> Iterator[str]:
    """Yield the texts that an expression holds; a heredoc line by line, as it is written."""
    for part in expression.walk() if expression is not None else ():
        if part.is_literal:
            yield from strings_in(part.value)
        elif part.text.startswith("<<"):
            yield from (line.strip() for line in part.text.splitlines()[1:-1])
        else:
            yield from map(_unescaped, _QUOTED.findall(part.text))


def _unescaped(text: str) -> str:
    try:
        return str(msgspec.json.decode(f'"{text}"'))
    except msgspec.DecodeError:
        return text
