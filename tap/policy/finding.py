"""What a rule says: faults as a rule yields them, findings as they are reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap.policy.rule import Rule


class Outcome(StrEnum):
    """How a rule was answered where it did not pass."""

    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a rule yields; made by the method ``fault`` of what is judged.

    Attributes:
        address: What is at fault, such as ``module.stack.module.vpc.aws_vpc.this``.
        message: A clause that quotes the value, without a full stop.
        outcome: ``unknown`` where the plan does not tell yet.
        file: Where it stands; empty where the sources are not at hand.
        line: From 1; 0 without a file.
    """

    address: str
    message: str
    outcome: Outcome = Outcome.FAILED
    file: str = ""
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Finding(Fault):
    """A fault with the rule that found it."""

    rule: Rule

    @property
    def place(self) -> str:
        """File and line as ``file:line``; empty where they are not known."""
        return f"{self.file}:{self.line}" if self.file else ""
