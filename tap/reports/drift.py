"""What differs from the states, for a person, a program or a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.plan import Ignored, ObjectDrift, is_expired

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from tap.plan import AttributeDrift
    from tap.settings import DriftIgnore

_LONGEST_VALUE = 160


class EnvironmentDrift(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one environment.

    Attributes:
        environment: Its name.
        suffix: Name suffix of a second copy of it.
        target: The sentence that says what was looked at; empty if it was not reached.
        applied: Whether there is anything that could differ.
        objects: What differs and counts.
        ignored: What differs and is accepted.
        used: Positions of the entries of ``tap.toml`` that accepted something.
        accepted: Whether all of it was taken into the state.
        error: Why nothing is known of it; empty if something is.
        hint: What to do about the error.
        exit_code: What the error amounts to; 0 without one.
    """

    environment: str
    suffix: str = ""
    target: str = ""
    applied: bool = True
    objects: tuple[ObjectDrift, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    used: tuple[int, ...] = ()
    accepted: bool = False
    error: str = ""
    hint: str = ""
    exit_code: int = 0

    @property
    def label(self) -> str:
        """Name of the copy that was looked at."""
        return f"{self.environment}-{self.suffix}" if self.suffix else self.environment


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of ``tap.toml`` that somebody should remove: it is expired, or took nothing out."""

    state: str
    address: str
    attribute: str
    environment: str
    owner: str
    reason: str
    expires: str


def leftovers(
    entries: Sequence[DriftIgnore],
    found: Iterable[EnvironmentDrift],
    *,
    environments: Iterable[str],
    today: date,
) -> tuple[Leftover, ...]:
    """Return the entries that count no more, and those that nothing was found for.

    An entry is called unused only if every environment that it is for was looked at.

    Args:
        entries: All of them.
        found: What was looked at.
        environments: The names of all environments there are.
        today: The day, in UTC.
    """
    looked_at = {item.environment: item for item in found if not item.error}
    used = {position for item in looked_at.values() for position in item.used}
    result = []
    for position, entry in enumerate(entries):
        meant = {entry.environment} if entry.environment else set(environments)
        if is_expired(entry, today):
            result.append(_leftover("expired", entry))
        elif position not in used and meant <= looked_at.keys():
            result.append(_leftover("unused", entry))
    return tuple(result)


def drift_json(found: Sequence[EnvironmentDrift], left: Sequence[Leftover]) -> str:
    """Return everything as one JSON document."""
    document = {
        "drift": any(item.objects for item in found),
        "environments": [
            {
                "environment": item.label,
                "target": item.target,
                "applied": item.applied and not item.error,
                "drift": bool(item.objects),
                "accepted": item.accepted,
                "objects": item.objects,
                "ignored": item.ignored,
                "error": item.error or None,
            }
            for item in found
        ],
        "ignore_entries": left,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def drift_text(found: Sequence[EnvironmentDrift], left: Sequence[Leftover]) -> str:
    """Return a block for each environment, and the entries to look at."""
    lines: list[str] = []
    for item in found:
        lines.append(f"{item.label}: {_headline(item)}")
        for thing in item.objects:
            lines.append(f"  {thing.address}  ({_what(thing)})")
            lines += [f"    {part.path}: {_change(part)}" for part in thing.attributes]
        lines += [f"  ignored: {_ignored(part)}" for part in item.ignored]
    lines += [f"ignore entry is {_left(part)}" for part in left]
    return "\n".join(lines)


def drift_markdown(found: Sequence[EnvironmentDrift], left: Sequence[Leftover]) -> str:
    """Return the same as tables for a pull request or an issue."""
    blocks: list[str] = []
    for item in found:
        blocks.append(f"### {item.label}: {_headline(item)}")
        if item.objects:
            rows = ["| object | attribute | before | after |", "| --- | --- | --- | --- |"]
            for thing in item.objects:
                if thing.deleted:
                    rows.append(_row(thing.address, "*deleted*", "", ""))
                rows += [
                    _row(thing.address, _code(part.path), *map(_code, _sides(part)))
                    for part in thing.attributes
                ]
            blocks.append("\n".join(rows))
        if item.ignored:
            blocks.append("\n".join(f"- ignored: {_escaped(_ignored(x))}" for x in item.ignored))
    if left:
        blocks.append("\n".join(f"- ignore entry is {_escaped(_left(part))}" for part in left))
    return "\n\n".join(blocks)


def _leftover(state: str, entry: DriftIgnore) -> Leftover:
    return Leftover(
        state=state,
        address=entry.address,
        attribute=entry.attribute,
        environment=entry.environment,
        owner=entry.owner,
        reason=entry.reason,
        expires=entry.expires.isoformat(),
    )


def _headline(item: EnvironmentDrift) -> str:
    if item.error:
        return "not known, see the error"
    if not item.applied:
        return "no drift, because nothing is applied"
    number = len(item.objects)
    if number == 0:
        return "no drift"
    done = ", now in the state" if item.accepted else ""
    return f"{number} object{'s' * (number != 1)} changed outside of Terraform{done}"


def _what(thing: ObjectDrift) -> str:
    return "deleted" if thing.deleted else "changed"


def _change(part: AttributeDrift) -> str:
    before, after = _sides(part)
    return f"{before} -> {after}"


def _sides(part: AttributeDrift) -> tuple[str, str]:
    return _value(part.before), _value(part.after)


def _value(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _ignored(part: Ignored) -> str:
    what = f"{part.address} {part.path}".strip()
    return f"{what} until {part.expires} ({part.owner}: {part.reason})"


def _left(part: Leftover) -> str:
    what = f"{part.address} {part.attribute}".strip()
    where = f" in {part.environment}" if part.environment else ""
    when = f"expired since {part.expires}" if part.state == "expired" else "unused"
    return f"{when}: {what}{where} ({part.owner}: {part.reason})"


def _row(address: str, *cells: str) -> str:
    return f"| {' | '.join([_code(address), *cells])} |"


def _code(text: str) -> str:
    """Return text that no Markdown changes, for a cell of a table."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text.replace('|', chr(92) + '|')}{space}{fence}"


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>|" else char for char in text)
