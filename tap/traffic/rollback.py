"""Back to blue, from wherever the traffic is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import AwsError, RecordError, ShiftError
from tap.traffic.judge import Outcome, Verdict
from tap.traffic.moves import Stored, move, read_record, rebuilt, write_record
from tap.traffic.phases import Phase, green_share, phase_of
from tap.traffic.record import Capacity
from tap.traffic.switch import wanted

if TYPE_CHECKING:
    from tap.traffic.samples import Evidence
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
    if _bring_back_blue(world):
        _await_blue(world, force=force)
    with world.locked():
        before, stored, sound = _look(world)
        if stored is not None and sound and _at_rest(world, stored, to):
            world.say(f"green has {to} % of the traffic already")
            return to, to
        if to and to >= before:
            raise ShiftError(
                f"green has {before} %; {to} % is no way back", f"tap shift {world.words}"
            )
        _check_blue(world, to, force=force)
        _move_back(world, stored, before, to)
    world.say(f"green {before} % -> {to} %")
    document: dict[str, object] = {"environment": world.words, "by": world.by, "to": to}
    if failed := world.notify(f"{world.words}: rolled back to green {to} %", document):
        world.say(f"nobody was told: {failed}")
    return before, to


def _look(world: World) -> tuple[int, Stored | None, bool]:
    """Return green's share, the record or what stands for it, and whether it was sound.

    There is no record to work with while SSM gives no answer.
    """
    live = world.read_weights()
    stored: Stored | None
    sound = True
    try:
        stored = read_record(world)
    except RecordError as error:
        world.say(f"{error.message}; it is rebuilt from the live weights: {live}")
        stored, sound = rebuilt(world, live), False
    except AwsError as error:
        world.say(error.message)
        stored = None
    known = stored.record.weights.green if stored is not None else 0
    return (live.shares.green if live.shares is not None else known), stored, sound


def _move_back(world: World, stored: Stored | None, before: int, to: int) -> None:
    """Move the traffic in any case, and the record with it if that can be written."""
    goal = green_share(to)
    problem = "it cannot be read"
    if stored is not None:
        start, phase = _starting_from(stored, before), _phase(stored, to)
        try:
            move(world, start, goal, phase=phase, why="rollback")
        except AwsError as error:
            problem = error.message
        else:
            return
    world.write_weights(goal)
    live = world.read_weights()
    what = f"green has {to} % of the traffic" if live == wanted(goal, world.split) else str(live)
    raise AwsError(
        f"{what}, but the record does not say so: {problem}",
        f"when it can be written again: tap rollback {world.words}",
    )


def _starting_from(stored: Stored, before: int) -> Stored:
    """Return the record with the shares there really were; it may contradict them."""
    return Stored(
        record=msgspec.structs.replace(stored.record, weights=green_share(before)),
        version=stored.version,
    )


def _phase(stored: Stored, to: int) -> Phase:
    if to:
        return phase_of(to)
    never = stored.record.phase is Phase.INITIAL and stored.record.moving is None
    return Phase.INITIAL if never and stored.record.weights.green == 0 else Phase.ROLLED_BACK


def _at_rest(world: World, stored: Stored, to: int) -> bool:
    """Tell whether nothing is left to do: record, rules and capacity are what they shall be."""
    record, goal = stored.record, green_share(to)
    quiet = record.moving is None and record.lease is None and record.capacity.blue
    return quiet and record.weights == goal and world.read_weights() == wanted(goal, world.split)


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


def _bring_back_blue(world: World) -> bool:
    """Give blue its instances back if it has none, and tell whether that was so.

    The group counts and not the record alone: between writing one and the other a process may have
    been killed.
    """
    with world.locked():
        try:
            stored = read_record(world)
        except (AwsError, RecordError):
            stored = None
        evidence = world.take_evidence(world.now())
        known = not any(
            each.startswith("Auto Scaling group of blue") for each in evidence.unreadable
        )
        empty = known and evidence.colors["blue"].desired == 0
        taken = stored is not None and not stored.record.capacity.blue
        if not empty and not taken:
            return False
        world.say("blue has no capacity: bringing it back first")
        if stored is not None and taken:
            capacity = Capacity(blue=True, green=True)
            write_record(world, stored, msgspec.structs.replace(stored.record, capacity=capacity))
        world.scale("blue", on=True)
        return True


def _await_blue(world: World, *, force: bool) -> None:
    """Wait until blue is healthy; nothing is locked meanwhile."""
    begin = world.now()
    while (world.now() - begin).total_seconds() < _CAPACITY_SECONDS:
        facts = world.take_evidence(world.now()).colors["blue"]
        if force or facts.healthy >= max(1, facts.minimum):
            return
        world.sleep(_CAPACITY_LOOK_SECONDS)
    raise ShiftError(
        f"blue has no healthy capacity after {_CAPACITY_SECONDS:.0f} s; no traffic was moved",
        f"see what it lacks: tap status {world.words}",
    )
