"""Moving traffic step by step, watched, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tap.errors import ShiftError
from tap.settings import TrafficSettings, seconds
from tap.traffic.judge import Outcome, Verdict, judge, judge_gates
from tap.traffic.moves import (
    Stored,
    check_agreement,
    check_lease,
    move,
    read_record,
    rebuilt,
    write_record,
)
from tap.traffic.phases import STEPS, Phase, check_move, green_share, next_step, phase_of
from tap.traffic.record import Capacity, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tap.traffic.phases import Color
    from tap.traffic.samples import Evidence
    from tap.traffic.switch import LiveWeights
    from tap.traffic.world import World

# A lease outlives the last look by so much, so that a slow look does not lose it.
_SLACK_SECONDS = 120.0
_CAPACITY_SECONDS = 900.0
_CAPACITY_LOOK_SECONDS = 5.0
_COMPLETE = 100


class Step(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """What became of one step.

    Attributes:
        start: Green's share before, in percent.
        end: Green's share after it.
        verdict: How it was judged; None in a step back, which is not.
        evidence: What it was judged by.
    """

    start: int
    end: int
    verdict: Verdict | None = None
    evidence: Evidence | None = None


@dataclass
class Shift:
    """A shift of traffic from blue to green.

    Attributes:
        world: What is moved.
        limits: How it is judged.
        steps: Green's shares on the way, in percent.
        done: The steps that were made.
    """

    world: World
    limits: TrafficSettings
    steps: Sequence[int] = STEPS
    done: list[Step] = field(default_factory=list)

    def to(self, goal: int) -> None:
        """Make one legal move, and watch it if it is a step forward.

        Args:
            goal: Green's share in percent.

        Raises:
            SettingsError: It is no legal move.
            ShiftError: It was held, rolled back, or taken over.
            LockedError: Somebody else works on the environment.
            RecordError: The record is missing or broken, or live weights contradict it.
        """
        with self.world.locked():
            stored = self._start()
            before = stored.record.weights.green
            check_move(before, goal, self.steps)
            if goal < before:
                self._check_receiver(goal, color="blue")
                stored = move(
                    self.world,
                    stored,
                    green_share(goal),
                    phase=phase_of(goal) if goal else Phase.ROLLED_BACK,
                    why="asked for",
                )
                self._moved(before, goal)
                return
            stored = self._forward(stored, goal)
        self._bake(stored, before=before)

    def all_the_way(self) -> None:
        """Make every step until green has all of the traffic.

        Raises:
            ShiftError: A step was held, rolled back, or taken over.
            LockedError: Somebody else works on the environment.
            RecordError: The record is missing or broken, or live weights contradict it.
        """
        while True:
            with self.world.locked():
                stored = self._start()
                before = stored.record.weights.green
                goal = next_step(before, self.steps)
                if goal is None:
                    self.world.say(f"green has {before} % of the traffic; there is no further step")
                    return
                stored = self._forward(stored, goal)
            self._bake(stored, before=before)

    def preview(self, *, everything: bool, goal: int | None = None) -> Verdict:
        """Say what would be done, and what the gates answer now; change nothing.

        Args:
            everything: Every step, or the one to the goal.
            goal: Green's share in percent.
        """
        stored = read_record(self.world)
        check_agreement(self.world, stored.record, self.world.read_weights())
        check_lease(self.world, stored.record)
        share = stored.record.weights.green
        if goal is not None and not everything:
            check_move(share, goal, self.steps)
            wanted = [goal]
        else:
            wanted = [step for step in self.steps if step > share]
        evidence = self.world.take_evidence(self.world.now())
        verdicts = []
        for step in wanted:
            color: Color = "green" if step > share else "blue"
            carried = step if color == "green" else 100 - step
            verdict = judge_gates(evidence, share=carried, color=color, limits=self.limits)
            verdicts.append(verdict)
            self.world.say(f"would move green from {share} % to {step} %: gates {verdict.outcome}")
            for reason in verdict.reasons:
                self.world.say(f"  {reason}")
            self.done.append(Step(start=share, end=step, verdict=verdict, evidence=evidence))
            share = step
        return verdicts[0] if verdicts else Verdict(outcome=Outcome.PASS)

    def finish(self) -> None:
        """Take blue's capacity away, once green has all of the traffic.

        Raises:
            ShiftError: Green does not have all of the traffic.
        """
        with self.world.locked():
            stored = self._start()
            share = stored.record.weights.green
            if share != _COMPLETE:
                raise ShiftError(
                    f"green has {share} % of the traffic; blue is needed until it has 100 %",
                    f"go on: tap shift {self.world.words} --auto",
                )
            capacity = Capacity(blue=False, green=True)
            if stored.record.capacity != capacity:
                record = msgspec.structs.replace(stored.record, capacity=capacity)
                write_record(self.world, stored, record)
            self.world.scale("blue", on=False)
        self.world.say("blue has no capacity any more; a rollback brings it back first")

    def _start(self) -> Stored:
        stored = read_record(self.world)
        check_lease(self.world, stored.record)
        check_agreement(self.world, stored.record, self.world.read_weights())
        return stored

    def _forward(self, stored: Stored, goal: int) -> Stored:
        before = stored.record.weights.green
        evidence = self._check_receiver(goal, color="green")
        watched = seconds(self.limits.bake) + _SLACK_SECONDS
        stored = move(
            self.world,
            stored,
            green_share(goal),
            phase=phase_of(goal),
            why="gates passed",
            watched=watched,
        )
        self._moved(before, goal)
        self._tell(f"green carries {goal} %", evidence, None)
        return stored

    def _check_receiver(self, goal: int, *, color: Color) -> Evidence:
        share = goal if color == "green" else 100 - goal
        # Requests do not count here, but the probe does.
        evidence = self.world.take_evidence(self.world.now())
        verdict = judge_gates(evidence, share=share, color=color, limits=self.limits)
        if color == "blue":
            # Going back must not wait for an alarm that green's faults have set off.
            verdict = judge_back(evidence, share=share)
        if verdict.outcome is not Outcome.PASS:
            kept = self._keep(evidence, verdict)
            raise ShiftError(
                "\n".join(
                    [f"held before {color} gets {share} %; nothing was moved", *_lines(verdict)]
                )
                + f"\n  evidence: {kept}",
                f"look again: tap status {self.world.words}",
            )
        return evidence

    def _bake(self, stored: Stored, *, before: int) -> None:
        """Watch a step; go back at once when it fails, hold when its end is inconclusive."""
        world, share = self.world, stored.record.weights.green
        bake, interval = seconds(self.limits.bake), max(1.0, seconds(self.limits.interval))
        looks = max(1, round(bake / interval))
        begin = world.now()
        world.say(f"watching green at {share} % for {self.limits.bake}")
        verdict, evidence = None, None
        try:
            while True:
                left = bake - (world.now() - begin).total_seconds()
                world.sleep(max(0.0, min(interval, left)))
                self._check_own(stored)
                evidence = world.take_evidence(begin)
                verdict = judge(evidence, share=share, limits=self.limits, looks=looks)
                if verdict.outcome is Outcome.FAIL:
                    break
                if (world.now() - begin).total_seconds() >= bake:
                    break
        except KeyboardInterrupt:
            self._let_go(stored, "watching was interrupted")
            world.say(
                f"interrupted: green stays at {share} %, and nobody watches it any more; "
                f"go back: tap rollback {world.words}"
            )
            raise
        self.done.append(Step(start=before, end=share, verdict=verdict, evidence=evidence))
        for note in verdict.notes:
            world.say(note)
        if verdict.outcome is Outcome.FAIL:
            self._back(stored, before, verdict, evidence)
        elif verdict.outcome is Outcome.INCONCLUSIVE:
            self._hold(stored, verdict, evidence)
        else:
            world.say(f"green passed at {share} %")
            self._let_go(stored, "passed")

    def _check_own(self, stored: Stored) -> None:
        current = read_record(self.world).record
        if current.revision != stored.record.revision:
            last = current.history[-1].by if current.history else "somebody"
            raise ShiftError(
                f"taken over: the traffic record was changed by {last} to {current.weights}",
                f"look at it: tap status {self.world.words}",
            )

    def _back(self, stored: Stored, before: int, verdict: Verdict, evidence: Evidence) -> None:
        world, share = self.world, stored.record.weights.green
        with world.locked():
            self._check_own(stored)
            move(
                world,
                stored,
                green_share(before),
                phase=phase_of(before) if before else Phase.ROLLED_BACK,
                why=f"failed: {verdict.reasons[0]}",
            )
        self._moved(share, before)
        kept = self._keep(evidence, verdict)
        self._tell(f"green failed at {share} % and was taken back to {before} %", evidence, verdict)
        raise ShiftError(
            "\n".join(
                [f"green failed at {share} %; it was taken back to {before} %", *_lines(verdict)]
            )
            + f"\n  evidence: {kept}",
            f"look at what is there: tap status {world.words}",
        )

    def _hold(self, stored: Stored, verdict: Verdict, evidence: Evidence) -> None:
        share = stored.record.weights.green
        self._let_go(stored, f"held: {verdict.reasons[0]}")
        kept = self._keep(evidence, verdict)
        self._tell(f"green is held at {share} %", evidence, verdict)
        raise ShiftError(
            "\n".join([f"held at {share} %: it cannot be judged", *_lines(verdict)])
            + f"\n  evidence: {kept}",
            f"go on: tap shift {self.world.words} --auto; or back: tap rollback {self.world.words}",
        )

    def _let_go(self, stored: Stored, why: str) -> None:
        """Give the lease back and note the verdict."""
        with self.world.locked():
            current = read_record(self.world)
            if current.record.revision != stored.record.revision:
                return
            *earlier, last = current.record.history
            history = (*earlier, msgspec.structs.replace(last, why=why))
            record = msgspec.structs.replace(current.record, lease=None, history=history)
            write_record(self.world, current, record)

    def _moved(self, before: int, after: int) -> None:
        self.world.say(f"green {before} % -> {after} %")
        if after < before:
            self.done.append(Step(start=before, end=after))

    def _keep(self, evidence: Evidence, verdict: Verdict) -> str:
        return self.world.keep(
            {"evidence": msgspec.to_builtins(evidence), "verdict": msgspec.to_builtins(verdict)}
        )

    def _tell(self, what: str, evidence: Evidence, verdict: Verdict | None) -> None:
        document: dict[str, object] = {
            "environment": self.world.words,
            "by": self.world.by,
            "what": what,
            "reasons": list(verdict.reasons) if verdict else [],
            "evidence": msgspec.to_builtins(evidence),
        }
        if failed := self.world.notify(f"{self.world.words}: {what}", document):
            self.world.say(f"nobody was told: {failed}")


def judge_back(evidence: Evidence, *, share: int) -> Verdict:
    """Judge whether blue may have a share again: it must have a healthy target, if that is known."""
    blue = evidence.colors["blue"]
    known = not any(text.startswith("health of blue") for text in evidence.unreadable)
    if share and known and blue.healthy == 0:
        return Verdict(outcome=Outcome.FAIL, reasons=("blue has no healthy target",))
    return Verdict(outcome=Outcome.PASS)


def roll_back(
    world: World, *, to: int = 0, force: bool = False, lock: Callable[[], object] | None = None
) -> Step:
    """Give blue its share again, from wherever the traffic is; no metric is asked.

    It works after a crash half way, when record and live weights differ, when the record is missing
    or broken, and while a shift watches a step, which then ends.

    Args:
        world: What is moved.
        to: Green's share afterwards in percent, lower than now.
        force: Also to a blue without a healthy target.
        lock: Called before the state lock is taken, such as to release one of a dead process.

    Raises:
        ShiftError: Blue has no healthy target, or gets none.
        LockedError: Somebody holds the state lock.
        AwsError: What steers the traffic cannot be read or written.
    """
    if lock is not None:
        lock()
    with world.locked():
        live = world.read_weights()
        try:
            stored = read_record(world)
        except RecordError as error:
            world.say(f"{error.message}; it is rebuilt from the live weights: {live}")
            stored = rebuilt(world, live)
        before = _green_now(live, stored)
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
    return Step(start=before, end=to)


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
    begin: datetime = world.now()
    while (world.now() - begin).total_seconds() < _CAPACITY_SECONDS:
        facts = world.take_evidence(world.now()).colors["blue"]
        if force or (facts.healthy >= max(1, facts.minimum)):
            return stored
        world.sleep(_CAPACITY_LOOK_SECONDS)
    raise ShiftError(
        f"blue has no healthy capacity after {_CAPACITY_SECONDS:.0f} s; no traffic was moved",
        f"see what it lacks: tap status {world.words}",
    )


def _lines(verdict: Verdict) -> list[str]:
    return [f"  {reason}" for reason in verdict.reasons]
