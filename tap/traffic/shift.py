"""Moving traffic step by step, watched, and back."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from tap.errors import AwsError, LockedError, ShiftError
from tap.settings import TrafficSettings, seconds
from tap.traffic.judge import Outcome, Verdict, judge, judge_gates
from tap.traffic.moves import (
    Stored,
    check_agreement,
    check_lease,
    move,
    read_record,
    repaired,
    write_record,
)
from tap.traffic.phases import STEPS, Phase, check_move, green_share, next_step, phase_of
from tap.traffic.record import Capacity
from tap.traffic.rollback import judge_back
from tap.traffic.samples import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap.traffic.phases import Color
    from tap.traffic.world import World

# A lease outlives the last look by so much, so that a slow look does not lose it.
_SLACK_SECONDS = 120.0
_PATIENCE_SECONDS = 15.0
# The probe reports once a minute.
_PROBE_SECONDS = 300.0
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
        evidence = self._recent()
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
        if self.world.split == "dns":
            raise ShiftError(
                "blue stands for the stack that is migrated from, which is not ours to end",
                "finish the migration first: docs/guides/migrate.md#finish",
            )
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
        stored = repaired(self.world, stored)
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
        evidence = self._recent()
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

    def _recent(self) -> Evidence:
        """Return what is known before a step; of the metrics only the probe is asked."""
        return self.world.take_evidence(self.world.now() - timedelta(seconds=_PROBE_SECONDS))

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

    @contextmanager
    def _locked_or_not(self) -> Iterator[None]:
        """Hold the state lock if it can be had soon; a green that fails must not wait for it.

        What holds it is an apply, which moves no traffic.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self.world.locked(patience=_PATIENCE_SECONDS))
            except (AwsError, LockedError) as error:
                first = error.message.partition("\n")[0]
                self.world.say(f"{first}; going on without the lock")
            yield

    def _check_own(self, stored: Stored) -> None:
        try:
            current = read_record(self.world).record
        except AwsError as error:
            # Somebody has to go on watching.
            self.world.say(error.message)
            return
        if current.revision != stored.record.revision:
            last = current.history[-1].by if current.history else "somebody"
            raise ShiftError(
                f"taken over: the traffic record was changed by {last} to {current.weights}",
                f"look at it: tap status {self.world.words}",
            )

    def _back(self, stored: Stored, before: int, verdict: Verdict, evidence: Evidence) -> None:
        world, share = self.world, stored.record.weights.green
        with self._locked_or_not():
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
        with self._locked_or_not():
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


def _lines(verdict: Verdict) -> list[str]:
    return [f"  {reason}" for reason in verdict.reasons]
