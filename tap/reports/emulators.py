"""The page that says which requirement is shown on which emulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The ID in the first cell of a row, and the first word for a status in the last one.
_ROW = re.compile(
    r"^\| ([A-Z][A-Z0-9]*-[0-9]+) \|.*\|[^|]*?\b(?P<status>met|partly|open)\b[^|]*\|$", re.MULTILINE
)
# Of the requirements' table to what that is on the embedded emulator, which the suite runs on.
_EMBEDDED = {"met": "shown", "partly": "shown in part", "open": "-"}

_INTRODUCTION = """\
# Emulators and requirements

Which requirement is shown on which emulator. The embedded one is what the suite runs on; what is
missing to those that are shown in part is said by the [requirements](../requirements.md). On
LocalStack {version} (community runtime, Python 3.12 or newer, no container) the same Terraform is
applied as far as it has the services, and the same tests run: `make test TARGET=localstack`. A
requirement is shown there if one of its tests passes; what the others were skipped for stands
beside it. `-`: no test of it asks the target.

{lacking}

What the embedded emulator adds to moto: [patches](emulator.md).

| ID | embedded emulator | LocalStack | what is skipped there, and why |
| --- | --- | --- | --- |
"""


def emulators_reference(requirements: str, record: Mapping[str, Any]) -> str:
    """Return the page in Markdown.

    Args:
        requirements: The text of ``docs/requirements.md``.
        record: What LocalStack has shown, as the suite recorded it.
    """
    rows, lacking = [], set()
    for found in _ROW.finditer(requirements):
        there = record["requirements"].get(found[1], {"status": "-", "skipped": []})
        told = []
        for reason in there["skipped"]:
            # What is lacking for most of them is said once, above the table.
            why, not_there, detail = reason.partition(": not ")
            lacking.update([why] if not_there else [])
            told.append(f"not {detail}" if not_there else reason)
        reasons = "; ".join(dict.fromkeys(told)).replace("|", "\\|")
        rows.append(
            f"| {found[1]} | {_EMBEDDED[found['status']]} | {there['status']} | {reasons} |\n"
        )
    said = " ".join(f"Whatever is not applied or not known: {why}." for why in sorted(lacking))
    return _INTRODUCTION.format(version=record["version"], lacking=said) + "".join(rows)
