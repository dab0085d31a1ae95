"""The traffic record: what stands in the SSM parameter, read and written as text.

Terraform creates the document and reads phase, weights and capacity
(``modules/alb-bluegreen/traffic.tf``). The rest is for ``tap`` alone: a bounded history, what is
being moved in this moment, and who watches a step while it bakes. SSM has no conditional write, so
two writers are kept apart by the state lock, and found out by the revision and by SSM's own count
of versions.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tap.errors import RecordError
from tap.traffic.phases import Color, Phase, Weights

VERSION = 1

# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, standard
# tier.
_LONGEST = 4096
_LONGEST_WHY = 120


class Capacity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether each color has instances."""

    blue: bool
    green: bool

    def of(self, color: Color) -> bool:
        """Tell whether one color has instances."""
        return self.blue if color == "blue" else self.green


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """One move of the past.

    Attributes:
        revision: Of the record after it.
        at: When it was made.
        by: Who made it, such as ``ada@ci``.
        start: Green's share before, in percent; written as ``from``.
        end: Green's share after it; written as ``to``.
        why: What led to it, cut to 120 characters.
    """

    revision: int
    at: datetime
    by: str
    start: int
    end: int
    why: str = ""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches the traffic while no lock is held.

    Attributes:
        by: User and machine.
        host: The machine.
        pid: Process id there.
        until: After this it has given up, or was killed.
    """

    by: str
    host: str
    pid: int
    until: datetime


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The document.

    Attributes:
        phase: Where the migration stands.
        weights: Shares that were reached last.
        capacity: Which color has instances.
        revision: Rises with every write.
        history: Moves of the past, oldest first, as many as fit.
        moving: Shares that are being written to the rules; None at rest.
        lease: Who watches a step; None if nobody does.
        version: Of this format.
    """

    phase: Phase
    weights: Weights
    capacity: Capacity
    revision: int
    history: tuple[Entry, ...] = ()
    moving: Weights | None = None
    lease: Lease | None = None
    version: int = VERSION


def decode(text: str, *, name: str, words: str) -> Record:
    """Read a document.

    Args:
        text: What stands in the parameter.
        name: Name of the parameter, for messages.
        words: What names the environment in a command.

    Raises:
        RecordError: It is no such document, or one of another version.
    """
    repair = f"rebuild it from the live weights: tap rollback {words}"
    try:
        found = msgspec.json.decode(text.encode(), type=Record)
    except (msgspec.DecodeError, ValueError) as error:
        raise RecordError(f"the traffic record {name} cannot be used: {error}", repair) from None
    if found.version != VERSION:
        raise RecordError(
            f"the traffic record {name} has version {found.version}; this tap knows {VERSION}",
            f"use the tap that wrote it, or {repair}",
        )
    return found


def encode(record: Record) -> str:
    """Write a document of at most 4096 characters; the oldest moves go first."""
    history = tuple(
        msgspec.structs.replace(entry, why=entry.why[:_LONGEST_WHY]) for entry in record.history
    )
    while True:
        text = _text(msgspec.structs.replace(record, history=history))
        if len(text) <= _LONGEST or not history:
            return text
        history = history[1:]


def _text(record: Record) -> str:
    document = msgspec.to_builtins(record)
    # Terraform writes neither of them, and nobody misses them.
    for name in ("moving", "lease"):
        if document[name] is None:
            del document[name]
    return msgspec.json.encode(document).decode()
