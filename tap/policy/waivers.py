"""Findings that are accepted for a while, by an entry in ``tap.toml`` or a comment in HCL.

A comment stands above a block or inside it and is for that block alone::

    # tap:waive S3-05 owner=platform expires=2026-06-30 reason="logs of this bucket itself"
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tap.errors import SettingsError
from tap.plan.drift import matches
from tap.settings import Waiver

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from tap.policy.finding import Finding
    from tap.policy.sources import SourceModule, Sources

_COMMENT = re.compile(r"(?:#|//)\s*tap:waive\b(.*)")
_NO_CODE = re.compile(r"\s*(#.*|//.*)?")
_FORM = 'tap:waive RULE owner=NAME expires=YYYY-MM-DD reason="WHY" [environments=A,B]'


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A waiver and where it is written.

    Attributes:
        waiver: What it says.
        place: ``tap.toml``, or file and line of a comment.
        file: Where a comment stands; empty for an entry of ``tap.toml``.
        lines: First and last line that the comment is for.
    """

    waiver: Waiver
    place: str
    file: str = ""
    lines: tuple[int, int] = (0, 0)

    def covers(self, finding: Finding) -> bool:
        """Tell whether it is for a finding, whatever the day and the environment."""
        if finding.rule.id != self.waiver.rule:
            return False
        if self.file:
            first, last = self.lines
            return finding.file == self.file and first <= finding.line <= last
        return matches(self.waiver.address, finding.address)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Findings after the waivers. All but ``waived`` speaks against what was judged.

    Attributes:
        findings: Those that no waiver covers.
        waived: The others, each with its waiver.
        expired: Waivers whose last day is over; they cover nothing any more.
        unused: Waivers that cover nothing although their rule was asked.
    """

    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Accepted], ...] = ()
    expired: tuple[Accepted, ...] = ()
    unused: tuple[Accepted, ...] = ()


def weigh(
    findings: Sequence[Finding],
    waivers: Iterable[Accepted],
    *,
    judged: Collection[str],
    environment: str,
    today: date,
) -> Verdict:
    """Take out what waivers accept, and find the waivers that must go.

    Args:
        findings: Everything that was found.
        waivers: All there are; those of other environments are passed over.
        judged: Ids of the rules that were asked; of others no waiver is called unused.
        environment: What was judged; empty for something that is no environment, where no entry
            of ``tap.toml`` is called unused or expired.
        today: The day, in UTC.
    """
    here = [
        item
        for item in waivers
        if not item.waiver.environments or environment in item.waiver.environments
    ]
    active = [item for item in here if item.waiver.expires >= today]
    left: list[Finding] = []
    waived: list[tuple[Finding, Accepted]] = []
    for finding in findings:
        accepted = next((item for item in active if item.covers(finding)), None)
        if accepted is None:
            left.append(finding)
        else:
            waived.append((finding, accepted))
    used = {id(accepted) for _, accepted in waived}
    due = [item for item in here if item.file or environment]
    return Verdict(
        findings=tuple(left),
        waived=tuple(waived),
        expired=tuple(item for item in due if item.waiver.expires < today),
        unused=tuple(
            item
            for item in due
            if item.waiver.expires >= today and id(item) not in used and item.waiver.rule in judged
        ),
    )


def settings_waivers(waivers: Iterable[Waiver], known: Collection[str]) -> tuple[Accepted, ...]:
    """Return the entries of ``tap.toml``.

    Raises:
        SettingsError: One is for a rule that does not exist.
    """
    accepted = tuple(Accepted(waiver=waiver, place="tap.toml") for waiver in waivers)
    for item in accepted:
        _require_rule(item, known)
    return accepted


def comment_waivers(sources: Sources, known: Collection[str]) -> tuple[Accepted, ...]:
    """Return the waivers that stand in the files of a root and its modules.

    Raises:
        SettingsError: One cannot be read, or is for a rule that does not exist.
    """
    return tuple(
        waiver
        for module in sources.modules
        for file in module.files
        for waiver in _in_file(module, file, known)
    )


def _in_file(module: SourceModule, file: Path, known: Collection[str]) -> Iterator[Accepted]:
    text = file.read_text(encoding="utf-8", errors="replace")
    if "tap:waive" not in text:
        return
    lines = text.splitlines()
    shown = module.sources.display(str(file))
    for number, line in enumerate(lines, start=1):
        if found := _COMMENT.search(line):
            place = f"{shown}:{number}"
            covered = _covered(module, str(file), lines, number)
            accepted = Accepted(
                waiver=_read(found.group(1), place), place=place, file=shown, lines=covered
            )
            _require_rule(accepted, known)
            yield accepted


def _read(text: str, place: str) -> Waiver:
    try:
        rule, *pairs = shlex.split(text)
        fields: dict[str, object] = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            fields[name] = value.split(",") if name == "environments" else value
        return msgspec.convert({"rule": rule, "address": "*", **fields}, Waiver)
    except (ValueError, msgspec.ValidationError) as error:
        raise SettingsError(f"{place}: unusable waiver: {error}", f"write: # {_FORM}") from None


def _covered(module: SourceModule, file: str, lines: Sequence[str], number: int) -> tuple[int, int]:
    """Return the lines that a comment is for: the block that follows it, or that it is in."""
    following = number
    if _NO_CODE.fullmatch(lines[number - 1]):
        following += 1
        while following <= len(lines) and _NO_CODE.fullmatch(lines[following - 1]):
            following += 1
    blocks = [
        (block.first_line, block.last_line)
        for top in module.declared.blocks()
        if top.file == file
        for block in top.walk()
    ]
    blocks += [
        (local.value.first_line, local.value.last_line)
        for local in module.declared.locals.values()
        if local.file == file
    ]
    begun = [span for span in blocks if span[0] == following]
    around = [span for span in blocks if span[0] <= number <= span[1]]
    # Of nested blocks around a comment the innermost begins last.
    return max(begun or around, default=(number, number))


def _require_rule(accepted: Accepted, known: Collection[str]) -> None:
    if accepted.waiver.rule not in known:
        raise SettingsError(
            f"{accepted.place}: a waiver is for {accepted.waiver.rule!r}, which is no rule",
            "tap rules lists the ids",
        )
