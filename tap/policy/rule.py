"""Rules: a typed function with all that a report or a person needs to know about it.

A rule is made by one of three decorators, by what its function judges::

    resource_rule   each planned resource of some types    (Resource) -> faults
    plan_rule       the plan as a whole                    (Planned) -> faults
    source_rule     each module as it is written           (SourceModule) -> faults

The name that the decorated function had is the rule from then on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource
    from tap.policy.sources import SourceModule

    ResourceFunction = Callable[[Resource], Iterable[Fault]]
    PlanFunction = Callable[[Planned], Iterable[Fault]]
    SourceFunction = Callable[[SourceModule], Iterable[Fault]]

_ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9]{2}")
# checkov, trivy, AWS Foundational Security Best Practices, CIS AWS benchmarks, PCI DSS 4.0.
_REFERENCE = re.compile(r"CKV2?_AWS_\d+|AWS-\d{4}|FSBP [A-Za-z0-9]+\.\d+|CIS \d[\d.]*|PCI \d[\d.]*")


class Severity(StrEnum):
    """How bad a fault is; compare by :attr:`rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place from 0 for low upwards."""
        return list(Severity).index(self)


class Scope(StrEnum):
    """What a rule reads; ``both`` needs a plan and, for a full answer, its sources."""

    HCL = "hcl"
    PLAN = "plan"
    BOTH = "both"


@dataclass(frozen=True)
class ResourceCheck:
    """A function that judges each planned resource of some types."""

    function: ResourceFunction
    types: tuple[str, ...]


@dataclass(frozen=True)
class PlanCheck:
    """A function that judges a plan as a whole."""

    function: PlanFunction


@dataclass(frozen=True)
class SourceCheck:
    """A function that judges each module as it is written."""

    function: SourceFunction


class About(TypedDict):
    """What the decorators take besides id, severity and title.

    Attributes:
        rationale: What goes wrong without the rule, in one or two sentences.
        remediation: HCL that passes.
        references: Other rules that ask for the same: ``CKV_AWS_24``, ``AWS-0107``,
            ``FSBP EC2.13``, ``CIS 5.2``, ``PCI 1.3.1``.
        reads_sources: Whether a rule of a plan reads the HCL beside it.
    """

    rationale: str
    remediation: str
    references: NotRequired[tuple[str, ...]]
    reads_sources: NotRequired[bool]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that must not be; attributes as in :class:`About`.

    Attributes:
        id: Area and number, such as ``SG-01``.
        title: The fault, as a sentence without a full stop.
        check: The function.

    Raises:
        ValueError: The id or a reference is not of a known form.
    """

    id: str
    severity: Severity
    title: str
    check: ResourceCheck | PlanCheck | SourceCheck
    rationale: str
    remediation: str
    references: tuple[str, ...] = ()
    reads_sources: bool = False

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"a rule's id is like SG-01, not {self.id!r}")
        for reference in self.references:
            if _REFERENCE.fullmatch(reference) is None:
                raise ValueError(f"{self.id}: unknown form of reference {reference!r}")

    @property
    def area(self) -> str:
        """The first part of the id."""
        return self.id.partition("-")[0]

    @property
    def scope(self) -> Scope:
        """What it reads."""
        if isinstance(self.check, SourceCheck):
            return Scope.HCL
        return Scope.BOTH if self.reads_sources else Scope.PLAN


def resource_rule(
    identifier: str, severity: Severity, title: str, *types: str, **about: Unpack[About]
) -> Callable[[ResourceFunction], Rule]:
    """Make a rule of a function that gets each planned resource of some types.

    Example:
        ::

            @resource_rule("RDS-01", Severity.CRITICAL, "A database is public", "aws_db_instance",
                           rationale=..., remediation=...)
            def public(database: Resource) -> Iterator[Fault]:
                if database.flag("publicly_accessible"):
                    yield database.fault(database.quote("publicly_accessible"),
                                         at="publicly_accessible")
    """

    def made(function: ResourceFunction) -> Rule:
        check = ResourceCheck(function, types)
        return Rule(id=identifier, severity=severity, title=title, check=check, **about)

    return made


def plan_rule(
    identifier: str, severity: Severity, title: str, **about: Unpack[About]
) -> Callable[[PlanFunction], Rule]:
    """Make a rule of a function that gets the plan, for faults of several resources together."""

    def made(function: PlanFunction) -> Rule:
        check = PlanCheck(function)
        return Rule(id=identifier, severity=severity, title=title, check=check, **about)

    return made


def source_rule(
    identifier: str, severity: Severity, title: str, **about: Unpack[About]
) -> Callable[[SourceFunction], Rule]:
    """Make a rule of a function that gets each module of the sources, the root first."""

    def made(function: SourceFunction) -> Rule:
        check = SourceCheck(function)
        return Rule(id=identifier, severity=severity, title=title, check=check, **about)

    return made
