"""Back to blue, from wherever the traffic is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import RecordError, ShiftError
from tap.traffic.judge import Outcome, Verdict
from tap.traffic.moves import Stored, move, read_record, rebuilt, write_record
from tap.traffic.phases import Phase, green_share, phase_of
from tap.traffic.record import Capacity
from tap.traffic.switch import wanted

if TYPE_CHECKING:
    from tap.traffic.samples import Evidence
    from tap.traffic.switch import LiveWeights
    from tap.traffic.world import World

# Instances of a group boot, register and pass their first health checks in this time.
_CAPACITY_SECONDS = 900.0
_CAPACITY_LOOK_SECONDS = 5.0


def judge_back(evidence: Evidence, *, share: int) -> Verdict:
    """Judge whether blue may have a share again: it must have a healthy target."""
    blue = evidence.colors["blue"]
    known = not any(text.startswith("health of blue") for text in evidence.unreadable)
    if share and known and blue.healthy == 0:
        return Verdict(outcome=Outcome.FAIL, reasons=("blue has no healthy target",))
    return Verdict(outcome=Outcome.PASS)


def roll_back(world: World, *, to: int = 0, force: bool = False) -> tuple[int, int]:
    """Give blue its share again, from wherever the traffic is; no metric is asked.

    It works after a crash half way, when record and live weights differ, when the record is missing
    or broken, and while a shift watches a step, which then ends.

    Args:
        world: What is moved.
        to: Green's share afterwards in percent, lower than now.
        force: Also to a blue without a healthy target.

    Returns:
        Green's share before and after.

    Raises:
        ShiftError: Blue has no healthy target, or gets none.
        LockedError: Somebody holds the state lock.
        AwsError: What steers the traffic cannot be read or written.
    """
    with world.locked():
        live = world.read_weights()
        sound = True
        try:
            stored = read_record(world)
        except RecordError as error:
            world.say(f"{error.message}; it is rebuilt from the live weights: {live}")
            stored, sound = rebuilt(world, live), False
        before = _green_now(live, stored)
        if sound and _at_rest(world, stored, live, to):
            world.say(f"green has {to} % of the traffic already")
            return to, to
        if to and to >= before:
            raise ShiftError(
                f"green has {before} %; {to} % is no way back", f"tap shift {world.words}"
            )
        stored = _restore_capacity(world, stored, force=force)
        _check_blue(world, to, force=force)
        phase = phase_of(to) if to else Phase.ROLLED_BACK
        at_rest = stored.record.phase is Phase.INITIAL and stored.record.weights.green == 0
        if not to and at_rest and before == 0 and stored.record.moving is None:
            phase = Phase.INITIAL
        # A record that contradicts the live weights is of no use as the shares before.
        stored = Stored(
            record=msgspec.structs.replace(stored.record, weights=green_share(before)),
            version=stored.version,
        )
        move(world, stored, green_share(to), phase=phase, why="rollback")
    world.say(f"green {before} % -> {to} %")
    document: dict[str, object] = {"environment": world.words, "by": world.by, "to": to}
    if failed := world.notify(f"{world.words}: rolled back to green {to} %", document):
        world.say(f"nobody was told: {failed}")
    return before, to


def _at_rest(world: World, stored: Stored, live: LiveWeights, to: int) -> bool:
    """Tell whether nothing is left to do: record, rules and capacity are what they shall be."""
    record, goal = stored.record, green_share(to)
    quiet = record.moving is None and record.lease is None and record.capacity.blue
    return quiet and record.weights == goal and live == wanted(goal, world.split)


def _green_now(live: LiveWeights, stored: Stored) -> int:
    return live.shares.green if live.shares is not None else stored.record.weights.green


def _check_blue(world: World, to: int, *, force: bool) -> None:
    verdict = judge_back(world.take_evidence(world.now()), share=100 - to)
    if verdict.outcome is Outcome.PASS:
        return
    if not force:
        raise ShiftError(
            "blue has no healthy target: it would answer nothing; no traffic was moved",
            f"see what it lacks, or move all the same: tap rollback {world.words} --force",
        )
    world.say("blue has no healthy target")


def _restore_capacity(world: World, stored: Stored, *, force: bool) -> Stored:
    """Give blue its instances back, if it has none, and wait until one is healthy."""
    if stored.record.capacity.blue:
        return stored
    world.say("blue has no capacity: bringing it back first")
    record = msgspec.structs.replace(stored.record, capacity=Capacity(blue=True, green=True))
    stored = write_record(world, stored, record)
    world.scale("blue", on=True)
    begin = world.now()
    while (world.now() - begin).total_seconds() < _CAPACITY_SECONDS:
        facts = world.take_evidence(world.now()).colors["blue"]
        if force or (facts.healthy >= max(1, facts.minimum)):
            return stored
        world.sleep(_CAPACITY_LOOK_SECONDS)
    raise ShiftError(
        f"blue has no healthy capacity after {_CAPACITY_SECONDS:.0f} s; no traffic was moved",
        f"see what it lacks: tap status {world.words}",
    )
