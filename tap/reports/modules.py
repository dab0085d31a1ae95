"""The generated pages of modules and of decisions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.reports.markdown import prose, table
from tap.reports.reference import module_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.hcl import Module


def modules_reference(modules: Mapping[str, Module]) -> str:
    """Return the inputs, the rules they are held to, and the outputs of modules, as Markdown.

    Args:
        modules: By name; the README of each lies in ``modules/<name>/``.
    """
    sections = [
        f"## {name}\n\nWhat it makes, with examples: [README](../../modules/{name}/README.md).\n\n"
        f"{module_tables(module)}\n\n{_validations(module)}"
        for name, module in sorted(modules.items())
    ]
    head = (
        "# Modules\n\nWhat each module takes, what it is held to before AWS is asked, and what it "
        "gives back. `${...}` stands for what was given."
    )
    return "\n\n".join([head, *sections]) + "\n"


def _validations(module: Module) -> str:
    rows = [
        (f"`{item.name}`", prose(_message(validation.error_message.text)))
        for item in sorted(module.variables.values(), key=lambda item: item.name)
        for validation in item.validations
    ]
    return f"### Refused inputs\n\n{table(['Name', 'Message'], rows)}"


def _message(text: str) -> str:
    """Return a message as it is written, with ``${...}`` for what is put into it."""
    found, depth, said = "", 0, text.strip().removeprefix('"').removesuffix('"')
    position = 0
    while position < len(said):
        if said.startswith("${", position):
            found += "" if depth else "${...}"
            depth += 1
            position += 2
        elif depth:
            depth += {"{": 1, "}": -1}.get(said[position], 0)
            position += 1
        else:
            found += said[position]
            position += 1
    return found.replace('\\"', '"')


def decisions_index(texts: Mapping[str, str]) -> str:
    """Return the list of decisions, as Markdown with a trailing newline.

    Args:
        texts: What each file of a decision holds, by its name.
    """
    rows = [
        (f"[{title}]({name})", prose(status))
        for name, text in sorted(texts.items())
        for title, status in [_decision(text)]
    ]
    head = (
        "# Decisions\n\nWhy things are as they are. A decision is not edited later, but replaced."
    )
    return f"{head}\n\n{table(['Decision', 'Status'], rows)}\n"


def _decision(text: str) -> tuple[str, str]:
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    status = re.search(r"^Status: (.+)$", text, re.MULTILINE)
    return title[1] if title else "", status[1] if status else ""
