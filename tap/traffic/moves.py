"""One move of the traffic: from what stands now to other shares, in an order that survives a crash.

1. The state lock is taken, so that no apply and no other move runs.
2. The record says what is being moved (``moving``). Its weights are those that give green less: on
   the way forward the old ones, on the way back the new ones. Terraform follows the record, and
   must never give traffic to a green that it was just taken from.
3. The listener rules, and the DNS records where they split, get the new weights.
4. They are read back.
5. The record gets the new weights, phase and history; nothing is ``moving`` any more.

Whoever looks after a crash finds record and weights equal (before 3 and after 5), or a record that
says so; going to its weights repairs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from tap.errors import AwsError, LockedError, RecordError
from tap.traffic.phases import Phase, Weights, green_share
from tap.traffic.record import Capacity, Entry, Record, decode, encode
from tap.traffic.switch import wanted

if TYPE_CHECKING:
    from tap.traffic.switch import LiveWeights
    from tap.traffic.world import World


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A record and how often SSM says it was written."""

    record: Record
    version: int


def read_record(world: World) -> Stored:
    """Return the record.

    Raises:
        RecordError: There is none, or it cannot be used.
        AwsError: SSM gave no answer.
    """
    found = world.read_parameter()
    if found is None:
        raise RecordError(
            f"there is no traffic record {world.name}",
            f"rebuild it from the live weights: tap rollback {world.words}",
        )
    return Stored(
        record=decode(found.text, name=world.name, words=world.words), version=found.version
    )


def write_record(world: World, stored: Stored, record: Record) -> Stored:
    """Write the record over the one that was read.

    Raises:
        RecordError: Somebody else has written it in the meantime.
        AwsError: SSM refused or gave no answer.
    """
    record = msgspec.structs.replace(record, revision=stored.record.revision + 1)
    version = world.write_parameter(encode(record))
    if version != stored.version + 1:
        raise RecordError(
            f"somebody else wrote the traffic record {world.name} at the same time: it has version "
            f"{version}, and {stored.version + 1} was expected",
            f"look at it: tap status {world.words}",
        )
    return Stored(record=record, version=version)


def check_agreement(world: World, record: Record, live: LiveWeights) -> None:
    """Refuse to go on from a record that the live weights contradict.

    Raises:
        RecordError: They differ; both are named.
    """
    if live != wanted(record.weights, world.split):
        raise RecordError(
            f"the traffic record says {record.weights}, but live is {live}",
            f"go back to blue: tap rollback {world.words}; "
            f"or let Terraform follow the record: tap apply {world.words}",
        )


def repaired(world: World, stored: Stored) -> Stored:
    """Bring a move that was cut off to the weights of the record; the caller holds the lock.

    Raises:
        RecordError: Somebody else wrote the record.
        AwsError: A write was refused.
    """
    record = stored.record
    if record.moving is None:
        return stored
    world.say(f"a move to {record.moving} was cut off: going to {record.weights} first")
    world.write_weights(record.weights)
    return write_record(world, stored, msgspec.structs.replace(record, moving=None, lease=None))


def check_lease(world: World, record: Record) -> None:
    """Refuse to move what somebody else watches.

    Raises:
        LockedError: A shift goes on; it is named.
    """
    lease = record.lease
    if lease is None or world.own(lease):
        return
    if lease.until <= world.now() or world.gone(lease):
        world.say(f"the shift by {lease.by} (process {lease.pid}) has ended without a word")
        return
    raise LockedError(
        f"a shift by {lease.by} (process {lease.pid} on {lease.host}) watches the traffic until "
        f"{lease.until:%Y-%m-%d %H:%M:%S} UTC",
        f"wait for it, or take over and go back: tap rollback {world.words}",
    )


def move(
    world: World, stored: Stored, goal: Weights, *, phase: Phase, why: str, watched: float = 0
) -> Stored:
    """Give the colors other shares; the caller holds the lock.

    Args:
        world: What is moved.
        stored: The record as it was read under the lock.
        goal: The shares.
        phase: The phase they make.
        why: For the history.
        watched: Seconds for which this process will watch the step.

    Raises:
        AwsError: A write was refused, or reading back shows something else.
        RecordError: Somebody else wrote the record.
    """
    before = stored.record
    back = goal.green < before.weights.green
    safer = {"weights": goal, "phase": phase} if back else {}
    stored = write_record(
        world, stored, msgspec.structs.replace(before, moving=goal, lease=None, **safer)
    )
    try:
        _steer(world, goal)
        return _finished(world, stored, before, goal, phase=phase, why=why, watched=watched)
    except (AwsError, RecordError):
        if not back:
            world.say(f"the move failed: going back to {before.weights}")
            world.write_weights(before.weights)
        raise


def _steer(world: World, goal: Weights) -> None:
    """Write the weights and read them back."""
    world.write_weights(goal)
    live = world.read_weights()
    if live != wanted(goal, world.split):
        raise AwsError(
            f"{goal} was written, but live is {live}", f"go back: tap rollback {world.words}"
        )


def _finished(
    world: World,
    stored: Stored,
    before: Record,
    goal: Weights,
    *,
    phase: Phase,
    why: str,
    watched: float,
) -> Stored:
    """Write down that the weights have been reached."""
    now = world.now()
    entry = Entry(
        revision=stored.record.revision + 1,
        at=now.replace(microsecond=0),
        by=world.by,
        start=before.weights.green,
        end=goal.green,
        why=why,
    )
    return write_record(
        world,
        stored,
        msgspec.structs.replace(
            stored.record,
            phase=phase,
            weights=goal,
            moving=None,
            history=(*before.history, entry),
            lease=world.lease(now + timedelta(seconds=watched)) if watched else None,
        ),
    )


def rebuilt(world: World, live: LiveWeights) -> Stored:
    """Return a record made from live weights, for one that is missing or broken."""
    found = world.read_parameter()
    shares = live.shares or green_share(0)
    revision = 0
    if found is not None:
        revision = _revision(found.text)
    return Stored(
        record=Record(
            phase=Phase.INITIAL,
            weights=shares,
            capacity=Capacity(blue=True, green=True),
            revision=revision,
        ),
        version=found.version if found is not None else 0,
    )


def _revision(text: str) -> int:
    """Return the revision of a broken document, if it can still be read."""
    try:
        document = msgspec.json.decode(text.encode())
        return int(document["revision"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0
