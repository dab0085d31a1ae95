"""What a run of pytest leaves behind for the measurement of coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLANS = "plans"
READS = "reads-"


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One plan, or one refusal to plan.

    Attributes:
        root: The folder that was planned.
        files: Its files, by name, as they were then.
        plan: The plan in JSON; None if it was refused.
        errors: What Terraform printed then.
    """

    root: str
    files: dict[str, str] = {}
    plan: Any = None
    errors: str = ""


class Read(msgspec.Struct, frozen=True, array_like=True):
    """A place of a plan that was read.

    Attributes:
        plan: The digest of its record.
        module: Address of a module; empty for the root, or where a refusal was read.
        block: A resource of it, such as ``aws_lb.this``, or an output, such as ``output.arn``.
        name: An attribute of the resource or a key of the output; empty for the whole of it.
    """

    plan: str
    module: str = ""
    block: str = ""
    name: str = ""


class TestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A test that passed, and asserted something."""

    test: str
    reads: tuple[Read, ...]


def read_tests(folder: Path) -> Iterator[TestRecord]:
    """Yield the tests that were recorded in a folder."""
    for file in sorted(folder.glob(f"{READS}*.jsonl")):
        for line in file.read_bytes().splitlines():
            yield msgspec.json.decode(line, type=TestRecord)


def read_plan(folder: Path, digest: str) -> PlanRecord:
    """Read a plan that was recorded in a folder."""
    return msgspec.json.decode((folder / PLANS / f"{digest}.json").read_bytes(), type=PlanRecord)
