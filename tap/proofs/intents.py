"""The file of intents: who reaches whom, and who may do what, one line each.

Lines after ``[dev, staging]`` hold in these environments only, those after ``[all]`` and before any
such line in all. ``#`` begins a comment. Words in braces, such as ``{account}``, are filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tap.errors import PolicyError, SettingsError
from tap.proofs.access.intents import Intent, parse_intent
from tap.proofs.network.ranges import NOTHING, Ranges
from tap.proofs.network.traffic import ALL, parse_traffic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

Effect = Literal["allow", "may", "deny"]

_EFFECTS: dict[str, Effect] = {"allow": "allow", "may": "may", "deny": "deny"}
_HINT = "write such as 'allow app -> db:3306' or 'deny app can iam:*'; docs/guides/prove.md has all"
_FLOW = re.compile(r"(?P<effect>allow|may|deny)\s+(?P<source>\S+)\s*->\s*(?P<rest>\S.*)")
_SECTION = re.compile(r"\[(?P<names>[^\]]+)\]")
_NAME = re.compile(r"name\s+(?P<short>\S+)\s+is\s+(?P<long>\S+)")
_WORD = re.compile(r"\{([^{}]*)\}")
_PORTS = re.compile(r"\d+(-\d+)?")


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What gets from one place to another.

    Attributes:
        effect: Whether it must get through, can, or must not.
        source: A name of a tier, as ``tiers`` has them.
        destination: Likewise.
        traffic: Protocols and ports of the destination.
    """

    effect: Effect
    source: str
    destination: str
    traffic: Ranges


@dataclass(frozen=True, kw_only=True)
class Line:
    """One intent of the file.

    Attributes:
        text: As it was written, with the words in braces filled in.
        place: File and number of the line, such as ``intents.txt:12``.
        asked: A flow, or an intent about access.
    """

    text: str
    place: str
    asked: Flow | Intent


@dataclass(frozen=True, kw_only=True)
class Intents:
    """What is meant to hold in an environment.

    Attributes:
        lines: In the order of the file.
        names: Short names of roles and resources, and what these end with.
    """

    lines: tuple[Line, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """All lines about the network."""
        return tuple(line.asked for line in self.lines if isinstance(line.asked, Flow))

    @property
    def access(self) -> tuple[Intent, ...]:
        """All lines about access."""
        return tuple(line.asked for line in self.lines if isinstance(line.asked, Intent))

    def expected(self, source: str, destination: str) -> Ranges:
        """Return the traffic that may get from one tier to another."""
        found = NOTHING
        for flow in self.flows:
            if flow.effect != "deny" and (flow.source, flow.destination) == (source, destination):
                found |= flow.traffic
        return found


def read_intents(
    file: Path,
    *,
    environment: str,
    environments: Collection[str],
    words: Mapping[str, str],
    shown: str = "",
) -> Intents:
    """Read the intents of one environment.

    Args:
        file: The file.
        environment: Its name.
        environments: All names that a section may have.
        words: What stands for words in braces.
        shown: How messages name the file; by default by its name.

    Raises:
        SettingsError: The file cannot be read, or a line is not of a form that is known.
    """
    shown = shown or file.name
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown}: cannot be read: {error}", "save it as UTF-8") from None
    lines: list[Line] = []
    names: dict[str, str] = {}
    holds = True
    for number, raw in enumerate(text.splitlines(), start=1):
        written = " ".join(raw.partition("#")[0].split())
        place = f"{shown}:{number}"
        if not written:
            continue
        if found := _SECTION.fullmatch(written):
            holds = environment in _section(found["names"], place, environments)
        elif found := _NAME.fullmatch(written):
            names |= {found["short"]: found["long"]} if holds else {}
        else:
            # Also where it does not hold: a fault should not wait for the other environment.
            line = _line(_filled(written, words, place), place)
            lines += [line] if holds else []
    return Intents(lines=tuple(lines), names=names)


def _section(text: str, place: str, environments: Collection[str]) -> Collection[str]:
    names = {name.strip() for name in text.split(",")}
    if names == {"all"}:
        return environments
    if unknown := sorted(names - set(environments)):
        raise SettingsError(
            f"{place}: there is no environment {unknown[0]!r}",
            f"name some of {', '.join(sorted(environments))}, or all",
        )
    return names


def _filled(text: str, words: Mapping[str, str], place: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise SettingsError(
                f"{place}: nothing stands for {found[0]}", f"use one of {', '.join(sorted(words))}"
            )
        return words[found[1]]

    return _WORD.sub(fill, text)


def _line(text: str, place: str) -> Line:
    if found := _FLOW.fullmatch(text):
        return Line(text=text, place=place, asked=_flow(found, place))
    if " can " not in text:
        raise SettingsError(f"{place}: not an intent: {text!r}", _HINT)
    try:
        return Line(text=text, place=place, asked=parse_intent(text))
    except PolicyError as error:
        raise SettingsError(f"{place}: {error.message}", error.hint) from None


def _flow(found: re.Match[str], place: str) -> Flow:
    destination, colon, ports = found["rest"].rpartition(":")
    if not colon:
        raise SettingsError(
            f"{place}: {found[0]!r} does not say which ports",
            f"write such as '{found['effect']} {found['source']} -> {found['rest']}:443', or :*",
        )
    try:
        traffic = parse_ports(ports)
    except ValueError as error:
        raise SettingsError(
            f"{place}: {ports.strip()!r} is no list of ports: {error}",
            "write such as 443, 1000-2000, udp/53, icmp or *",
        ) from None
    return Flow(
        effect=_EFFECTS[found["effect"]],
        source=found["source"],
        destination=destination.strip(),
        traffic=traffic,
    )


def parse_ports(text: str) -> Ranges:
    """Read ``443``, ``1000-2000`` (both TCP), ``udp/53``, ``icmp`` or ``*``; several with commas.

    Raises:
        ValueError: It is of no such form.
    """
    found = NOTHING
    for part in text.replace(" ", "").split(","):
        if part == "*":
            found |= ALL
        elif _PORTS.fullmatch(part):
            found |= parse_traffic(f"tcp/{part}")
        else:
            found |= parse_traffic(part)
    return found
