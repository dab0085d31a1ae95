"""``atlantis.yaml``: one project of Atlantis for each environment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_HEAD = """\
# Written by `tap atlantis generate`; `make lint` holds it fresh. The workflow is on the server:
# docs/examples/atlantis/repos.yaml. Why it is so: docs/guides/atlantis.md.
version: 3
automerge: false
parallel_plan: true
parallel_apply: false
abort_on_execution_order_fail: true
projects:"""

_PLAN_REQUIREMENTS = ("undiverged",)
_APPLY_REQUIREMENTS = ("approved", "mergeable", "undiverged")

# What YAML does not take for text: https://yaml.org/type/bool.html and null.html
_WORDS = {"y", "yes", "n", "no", "true", "false", "on", "off", "null"}


@dataclass(frozen=True, kw_only=True)
class Project:
    """An environment as Atlantis sees it.

    Attributes:
        name: The environment.
        directory: Its root module.
        folders: The root and every local module that it calls.
        protected: Whether it comes after all that are not.
    """

    name: str
    directory: Path
    folders: Sequence[Path]
    protected: bool


def atlantis_yaml(projects: Iterable[Project], *, root: Path, watched: Sequence[str]) -> str:
    """Return the repository's configuration for Atlantis.

    An environment is planned when a file of its root or of a module that it calls changes.
    Protected ones are applied after those that are not.

    Source: https://www.runatlantis.io/docs/repo-level-atlantis-yaml.html

    Args:
        projects: The environments, in the order they are to be listed.
        root: The repository.
        watched: Patterns below it that concern every environment.
    """
    ordered = sorted(projects, key=lambda project: (project.protected, project.name))
    rehearsals = [project.name for project in ordered if not project.protected]
    lines = [_HEAD]
    for project in ordered:
        lines += _project(project, rehearsals, root, watched)
    return "\n".join(lines) + "\n"


def _project(
    project: Project, rehearsals: Sequence[str], root: Path, watched: Sequence[str]
) -> Iterator[str]:
    yield f"  - name: {_text(project.name)}"
    yield f"    dir: {_text(project.directory.relative_to(root).as_posix())}"
    yield "    workspace: default"
    yield "    workflow: tap"
    yield f"    execution_order_group: {int(project.protected)}"
    if project.protected and rehearsals:
        yield f"    depends_on: [{', '.join(map(_text, rehearsals))}]"
    yield f"    plan_requirements: [{', '.join(_PLAN_REQUIREMENTS)}]"
    yield f"    apply_requirements: [{', '.join(_APPLY_REQUIREMENTS)}]"
    yield "    autoplan:"
    yield "      enabled: true"
    yield "      when_modified:"
    for pattern in _patterns(project, root, watched):
        yield f"        - {_text(pattern)}"


def _patterns(project: Project, root: Path, watched: Sequence[str]) -> Iterator[str]:
    """Yield what concerns a project; paths begin at its folder, and the last match counts."""
    others = sorted(set(project.folders) - {project.directory})
    top = _relative(root, project.directory)
    yield "**/*"
    for folder in others:
        yield f"{_relative(folder, project.directory)}/**/*"
    yield from (f"{top}/{pattern}" for pattern in watched)
    yield f"!{top}/**/*.md"
    for folder in others:
        if (folder / "tests").is_dir():
            yield f"!{_relative(folder, project.directory)}/tests/**/*"


def _relative(folder: Path, start: Path) -> str:
    return os.path.relpath(folder, start).replace(os.sep, "/")


def _text(text: str) -> str:
    """Return text as a scalar of YAML, which takes every string of JSON."""
    plain = text.replace("-", "").replace("/", "")
    simple = plain.isascii() and plain.isalnum() and plain[0].isalpha()
    return text if simple and text.lower() not in _WORDS else json.dumps(text)
