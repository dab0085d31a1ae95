"""Shifts, rollbacks and crashes in a world that is simulated, with the steps of the real one."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.errors import AwsError, LockedError, RecordError, SettingsError, ShiftError, TapError
from tap.settings import TrafficSettings
from tap.traffic.moves import read_record
from tap.traffic.phases import Phase, green_share
from tap.traffic.record import Entry, Lease, encode
from tap.traffic.rollback import roll_back
from tap.traffic.shift import Shift
from tap.traffic.simulate import Facts, Look, SimulatedWorld
from tap.traffic.switch import LiveWeights, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap.traffic.phases import Color, Weights
    from tap.traffic.samples import Evidence

pytestmark = pytest.mark.requirement("TRF-1", "TRF-3", "TRF-4")

LIMITS = TrafficSettings(bake="60s", interval="15s")
GOOD: dict[str, Any] = {"requests": 5000, "errors": 5, "p99_seconds": 0.2}


class KilledError(BaseException):
    """The process ends here, as by kill -9: nothing is cleaned up."""


@dataclass
class World(SimulatedWorld):
    """A simulated environment in which a process can be killed after a write.

    Attributes:
        writes: Writes that are still made before the process is killed; None for all.
        scaled: What was asked of Auto Scaling.
        empty: Whether blue has no instances.
        said: What the person was told.
    """

    writes: int | None = None
    scaled: list[tuple[Color, bool]] = field(default_factory=list)
    empty: bool = False

    def _written(self) -> None:
        if self.writes is not None:
            self.writes -= 1
            if self.writes <= 0:
                raise KilledError

    def write_parameter(self, text: str) -> int:
        version = super().write_parameter(text)
        self._written()
        return version

    def write_weights(self, weights: Weights) -> None:
        # Two rules are two writes; the preview rule comes second.
        goal = wanted(weights, self.split)
        self.live = LiveWeights(listener=goal.listener, preview=self.live.preview)
        self._written()
        self.live = goal
        self._written()

    def scale(self, color: Color, *, on: bool) -> None:
        self.scaled.append((color, on))
        self.empty = not on
        self._written()

    def take_evidence(self, since: datetime) -> Evidence:
        found = super().take_evidence(since)
        if not self.empty:
            return found
        # A group without instances has no healthy target.
        none = {"healthy": 0, "in_service": 0, "desired": 0, "minimum": 0}
        blue = msgspec.structs.replace(found.colors["blue"], **none)
        return msgspec.structs.replace(found, colors={**found.colors, "blue": blue})


def good(share: int, **green: Any) -> Look:
    return Look(share=share, blue=Facts(**GOOD), green=Facts(**{**GOOD, **green}))


def world(*looks: Look) -> tuple[World, list[str]]:
    said: list[str] = []
    return World(looks=looks, say=said.append), said


ALL_GOOD = (good(10), good(50), good(100))


def test_every_step_is_made_watched_and_recorded() -> None:
    here, said = world(*ALL_GOOD)
    moved = Shift(world=here, limits=LIMITS)
    moved.all_the_way()
    record = read_record(here).record

    assert (record.phase, record.weights) == (Phase.COMPLETE, green_share(100))
    assert here.live == LiveWeights(listener={"blue": 0, "green": 100}, preview="blue")
    assert [(each.start, each.end) for each in record.history] == [(0, 10), (10, 50), (50, 100)]
    assert {each.why for each in record.history} == {"passed"}
    assert (record.lease, record.moving) == (None, None)
    assert here.clock - SimulatedWorld(looks=(), say=print).clock == timedelta(minutes=3)
    assert [(step.start, step.end) for step in moved.done] == [(0, 10), (10, 50), (50, 100)]
    assert "the topic would be told: (simulated): green carries 50 %" in said


def test_a_green_that_fails_goes_back_to_where_it_was_good_at_once() -> None:
    here, said = world(good(10), good(50), good(50, errors=200), good(50))
    with pytest.raises(ShiftError) as caught:
        Shift(world=here, limits=LIMITS).all_the_way()
    record = read_record(here).record

    assert caught.value.exit_code == 4
    assert "green failed at 50 %; it was taken back to 10 %\n  4.00 % of green's 5000" in str(
        caught.value
    )
    assert (record.phase, record.weights) == (Phase.CANARY, green_share(10))
    assert here.live == wanted(green_share(10), "listener")
    assert record.history[-1].why.startswith("failed: 4.00 % of green's 5000 requests failed")
    # One look of 60 s, four in 50 %: the second one failed.
    assert here.clock - SimulatedWorld(looks=(), say=print).clock == timedelta(seconds=90)
    assert (
        "the topic would be told: (simulated): green failed at 50 % and was taken back to 10 %"
        in said
    )


def test_a_canary_that_fails_is_rolled_back() -> None:
    here, _ = world(good(10, errors=500))
    with pytest.raises(ShiftError):
        Shift(world=here, limits=LIMITS).to(10)

    assert read_record(here).record.phase is Phase.ROLLED_BACK
    assert here.live == wanted(green_share(0), "listener")


def test_what_cannot_be_judged_is_held() -> None:
    here, _ = world(good(10, requests=20, errors=0))
    with pytest.raises(ShiftError, match="held at 10 %: it cannot be judged") as caught:
        Shift(world=here, limits=LIMITS).all_the_way()
    record = read_record(here).record

    assert "green had 20 requests; 100 are needed to judge" in caught.value.message
    assert here.live == wanted(green_share(10), "listener")
    assert record.history[-1].why == "held: green had 20 requests; 100 are needed to judge"
    assert record.lease is None


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (Look(share=0, green=Facts(healthy=0)), "green has 0 healthy targets; 10 % of the traffic"),
        (Look(share=0, gate="ALARM", gate_reason="cpu"), "gates shifts is closed: cpu"),
        (Look(share=0, probe_percent=None), "the probe has reported nothing"),
    ],
)
def test_no_step_is_made_through_a_closed_gate(look: Look, reason: str) -> None:
    here, _ = world(look, *ALL_GOOD)
    with pytest.raises(
        ShiftError, match="held before green gets 10 %; nothing was moved"
    ) as caught:
        Shift(world=here, limits=LIMITS).all_the_way()

    assert reason in caught.value.message
    assert here.version == 1
    assert here.live == wanted(green_share(0), "listener")


def test_going_back_by_shift_asks_blue_and_not_the_alarm() -> None:
    here, _ = world(*ALL_GOOD)
    shift = Shift(world=here, limits=LIMITS)
    shift.all_the_way()
    here.looks = (Look(share=100, gate="ALARM"),)
    shift.to(50)
    assert read_record(here).record.phase is Phase.HALF
    here.looks = (Look(share=50, blue=Facts(healthy=0)),)
    with pytest.raises(ShiftError, match="blue has no healthy target"):
        shift.to(0)


def test_a_dry_run_changes_nothing() -> None:
    here, said = world(*ALL_GOOD)
    before = (here.text, here.live, here.version)
    moved = Shift(world=here, limits=LIMITS)
    moved.preview(everything=True)

    assert (here.text, here.live, here.version) == before
    assert said[0] == "would move green from 0 % to 10 %: gates pass"
    assert [(step.start, step.end) for step in moved.done] == [(0, 10), (10, 50), (50, 100)]


def test_a_step_that_is_left_out_is_refused() -> None:
    here, _ = world(*ALL_GOOD)
    with pytest.raises(SettingsError, match=r"legal moves: canary \(10 %\)"):
        Shift(world=here, limits=LIMITS).to(100)
    assert here.version == 1


def test_somebody_who_takes_over_ends_the_watching() -> None:
    here, _ = world(*ALL_GOOD)

    def sleep(seconds: float) -> None:
        here.clock += timedelta(seconds=seconds)
        here.sleep = lambda seconds: None  # type: ignore[method-assign] # noqa: ARG005
        roll_back(here)

    here.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(ShiftError, match=r"^taken over: .* by simulation to blue 100, green 0"):
        Shift(world=here, limits=LIMITS).to(10)
    assert read_record(here).record.phase is Phase.ROLLED_BACK


def test_a_step_that_another_process_watches_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    here, said = world(*ALL_GOOD)
    record = read_record(here).record
    lease = Lease(by="ada@ci", host="ci", pid=7, until=here.clock + timedelta(minutes=1))
    here.text = encode(msgspec.structs.replace(record, lease=lease))
    monkeypatch.setattr(World, "gone", lambda *_: False)
    with pytest.raises(LockedError, match=r"a shift by ada@ci \(process 7 on ci\) watches"):
        Shift(world=here, limits=LIMITS).to(10)
    here.clock += timedelta(minutes=2)
    Shift(world=here, limits=LIMITS).to(10)
    assert "the shift by ada@ci (process 7) has ended without a word" in said


def test_a_record_that_somebody_writes_at_the_same_time_is_noticed() -> None:
    here, _ = world(*ALL_GOOD)
    write = here.write_parameter

    def after_somebody(text: str) -> int:
        here.version += 1
        return write(text)

    here.write_parameter = after_somebody  # type: ignore[method-assign]
    with pytest.raises(RecordError, match="somebody else wrote the traffic record"):
        Shift(world=here, limits=LIMITS).to(10)
    assert here.live == wanted(green_share(0), "listener")


def test_live_weights_that_contradict_the_record_stop_a_shift_and_both_are_named() -> None:
    here, _ = world(*ALL_GOOD)
    here.live = LiveWeights(listener={"blue": 70, "green": 30}, preview="green")
    with pytest.raises(RecordError) as caught:
        Shift(world=here, limits=LIMITS).to(10)

    assert "says blue 100, green 0, but live is blue 70, green 30" in caught.value.message


def test_blue_ends_only_when_green_has_everything_and_comes_back_before_a_rollback() -> None:
    here, _ = world(*ALL_GOOD)
    shift = Shift(world=here, limits=LIMITS)
    shift.to(10)
    with pytest.raises(ShiftError, match="green has 10 % of the traffic; blue is needed"):
        shift.finish()
    shift.all_the_way()
    shift.finish()
    finished = read_record(here).record
    roll_back(here)
    record = read_record(here).record

    assert (finished.capacity.blue, record.capacity.blue) == (False, True)
    assert here.scaled == [("blue", False), ("blue", True)]
    assert here.live == wanted(green_share(0), "listener")


def test_traffic_is_not_given_to_a_blue_that_answers_nothing_unless_forced() -> None:
    here, _ = world(*ALL_GOOD)
    Shift(world=here, limits=LIMITS).to(10)
    here.looks = (Look(share=10, blue=Facts(healthy=0)),)
    with pytest.raises(ShiftError, match="blue has no healthy target"):
        roll_back(here)
    assert here.live == wanted(green_share(10), "listener")
    roll_back(here, force=True)
    assert here.live == wanted(green_share(0), "listener")


def test_a_rollback_needs_no_metric() -> None:
    here, _ = world(*ALL_GOOD)
    Shift(world=here, limits=LIMITS).to(10)
    here.looks = (
        Look(share=10, gate="", blue=Facts(healthy=0), unreadable=("health of blue: down",)),
    )
    roll_back(here)
    assert here.live == wanted(green_share(0), "listener")


def test_a_missing_record_is_rebuilt_by_a_rollback() -> None:
    here, said = world(*ALL_GOOD)
    Shift(world=here, limits=LIMITS).to(10)
    here.text, here.version = None, 0
    with pytest.raises(RecordError, match="there is no traffic record") as caught:
        Shift(world=here, limits=LIMITS).to(50)
    roll_back(here)

    assert caught.value.hint == "rebuild it from the live weights: tap rollback (simulated)"
    assert read_record(here).record.phase is Phase.ROLLED_BACK
    assert any("rebuilt from the live weights: blue 90, green 10" in each for each in said)


def test_interrupted_while_watching_leaves_the_step_and_says_so() -> None:
    here, said = world(*ALL_GOOD)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt(seconds)

    here.sleep = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        Shift(world=here, limits=LIMITS).to(10)
    record = read_record(here).record

    assert record.lease is None
    assert record.history[-1].why == "watching was interrupted"
    assert said[-1].startswith("interrupted: green stays at 10 %")


ACTIONS = st.one_of(
    st.tuples(st.just("to"), st.sampled_from([0, 10, 50, 100])),
    st.tuples(st.just("auto"), st.just(0)),
    st.tuples(st.just("finish"), st.just(0)),
    st.tuples(st.just("back"), st.sampled_from([0, 10, 50])),
    st.tuples(st.just("kill"), st.integers(1, 8)),
    st.tuples(st.just("rule"), st.integers(0, 100)),
    st.tuples(st.just("record"), st.integers(0, 100)),
    st.tuples(st.just("break"), st.sampled_from(["", "{}", '{"version": 3}', "null"])),
    st.tuples(st.just("lose"), st.just(0)),
    st.tuples(st.just("fail"), st.sampled_from([10, 50, 100])),
)


def carry_out(here: World, action: str, number: int) -> None:
    shift = Shift(world=here, limits=LIMITS)
    if action == "to":
        shift.to(number)
    elif action == "auto":
        shift.all_the_way()
    elif action == "finish":
        shift.finish()
    elif action == "back":
        roll_back(here, to=number)
    elif action == "kill":
        here.writes = number
        try:
            shift.all_the_way()
            roll_back(here)
        finally:
            here.writes = None
    elif action == "rule":
        listener: dict[Color, int] = {"blue": 100 - number, "green": number}
        here.live = LiveWeights(listener=listener, preview=here.live.preview)
    elif action == "record":
        stored = read_record(here)
        edited = msgspec.structs.replace(stored.record, weights=green_share(number))
        here.write_parameter(encode(edited))
    elif action == "break":
        here.write_parameter(str(number))
    elif action == "lose":
        here.text, here.version = None, 0
    else:
        here.looks = tuple(
            good(look.share, errors=2000 if look.share == number else 5) for look in here.looks
        )


@pytest.mark.requirement("TRF-5")
@settings(max_examples=300, deadline=None)
@given(st.lists(ACTIONS, max_size=8))
def test_after_whatever_happened_one_rollback_ends_at_blue_100(
    actions: list[tuple[str, Any]],
) -> None:
    here, _ = world(*ALL_GOOD)
    for action, number in actions:
        with suppress(KilledError, TapError):
            carry_out(here, action, number)
    roll_back(here)
    record = read_record(here).record

    assert record.weights == green_share(0)
    assert here.live == wanted(green_share(0), "listener")
    assert record.phase in {Phase.ROLLED_BACK, Phase.INITIAL}
    assert (record.moving, record.lease) == (None, None)
    assert record.capacity.blue
    # And from there everything works again.
    here.looks = ALL_GOOD
    Shift(world=here, limits=LIMITS).all_the_way()
    assert here.live == wanted(green_share(100), "listener")


@given(st.integers(1, 8), st.sampled_from([0, 10, 50]))
def test_after_a_kill_the_record_names_every_share_the_weights_may_have(
    writes: int, start: int
) -> None:
    here, _ = world(*ALL_GOOD)
    shift = Shift(world=here, limits=LIMITS)
    for step in (10, 50):
        if step <= start:
            shift.to(step)
    here.writes = writes
    with suppress(KilledError):
        shift.all_the_way()
    record = read_record(here).record
    possible = [record.weights, *([record.moving] if record.moving is not None else [])]

    assert here.live.listener in [wanted(each, "listener").listener for each in possible]


def test_a_history_names_who_and_when() -> None:
    here, _ = world(*ALL_GOOD)
    Shift(world=here, limits=LIMITS).to(10)

    (entry,) = read_record(here).record.history
    assert entry == Entry(
        revision=2,
        at=SimulatedWorld(looks=(), say=print).clock,
        by="simulation",
        start=0,
        end=10,
        why="passed",
    )


def test_a_rollback_notes_where_the_traffic_really_was() -> None:
    here, _ = world(*ALL_GOOD)
    here.live = LiveWeights(listener={"blue": 70, "green": 30}, preview="green")
    roll_back(here)

    (entry,) = read_record(here).record.history
    assert (entry.start, entry.end, entry.why) == (30, 0, "rollback")


def test_a_step_that_is_looked_at_often_is_not_failed_by_chance() -> None:
    # One look would fail it (p 0.0049), and one of 400 by chance alone.
    often = TrafficSettings(bake="400s", interval="1s")
    for limits, outcome in ((TrafficSettings(bake="15s"), "failed"), (often, "held")):
        here, _ = world(good(10, requests=1000, errors=8))
        with pytest.raises(ShiftError, match=f"{outcome} at 10 %"):
            Shift(world=here, limits=limits).to(10)


def test_a_rollback_that_has_nothing_to_do_writes_nothing() -> None:
    here, said = world(*ALL_GOOD)
    roll_back(here)

    assert here.version == 1
    assert said == ["green has 0 % of the traffic already"]


def test_a_green_that_fails_is_taken_back_although_an_apply_holds_the_lock() -> None:
    here, said = world(good(10, errors=500))
    locked = here.locked

    @contextmanager
    def held(*, patience: float = 0) -> Iterator[None]:
        if here.live.listener["green"]:
            raise LockedError(f"apply by ada@ci\nwaited {patience:.0f} s")
        with locked(patience=patience):
            yield

    here.locked = held  # type: ignore[method-assign]
    with pytest.raises(ShiftError, match="green failed at 10 %; it was taken back to 0 %"):
        Shift(world=here, limits=LIMITS).to(10)
    assert here.live == wanted(green_share(0), "listener")
    assert "apply by ada@ci; going on without the lock" in said


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_way_back_that_is_cut_off_is_never_undone_by_an_apply(writes: int) -> None:
    here, _ = world(*ALL_GOOD)
    shift = Shift(world=here, limits=LIMITS)
    shift.to(10)
    shift.to(50)
    here.writes = writes
    with suppress(KilledError):
        roll_back(here)
    here.writes = None
    record = read_record(here).record

    # Terraform follows the record.
    assert record.weights == green_share(0)
    roll_back(here)
    assert here.live == wanted(green_share(0), "listener")


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_step_that_was_cut_off_is_repaired_by_the_next_shift(writes: int) -> None:
    here, said = world(*ALL_GOOD)
    here.writes = writes
    with suppress(KilledError):
        Shift(world=here, limits=LIMITS).to(10)
    here.writes = None
    # Nobody else is here: a lease of the killed one has ended.
    Shift(world=here, limits=LIMITS).all_the_way()

    assert here.live == wanted(green_share(100), "listener")
    repaired = "a move to blue 90, green 10 was cut off: going to blue 100, green 0 first"
    assert (repaired in said) == (writes < 4)


def test_a_finish_that_was_cut_off_in_a_rollback_does_not_leave_blue_empty() -> None:
    here, _ = world(*ALL_GOOD)
    shift = Shift(world=here, limits=LIMITS)
    shift.all_the_way()
    shift.finish()
    here.writes = 1
    with suppress(KilledError):
        roll_back(here)
    here.writes = None
    assert (read_record(here).record.capacity.blue, here.empty) == (True, True)
    roll_back(here)

    assert not here.empty
    assert here.live == wanted(green_share(0), "listener")


def down(*_: object, **__: object) -> Any:
    raise AwsError("cannot read the parameter, no answer")


def test_one_answer_that_fails_to_come_does_not_end_the_watching() -> None:
    here, said = world(*ALL_GOOD)
    read, waited = here.read_parameter, here.sleep

    def sleep(seconds: float) -> None:
        waited(seconds)
        late = here.clock.second == 30
        here.read_parameter = down if late else read  # type: ignore[method-assign]

    here.sleep = sleep  # type: ignore[method-assign]
    Shift(world=here, limits=LIMITS).to(10)

    assert said.count("cannot read the parameter, no answer") == 1
    assert read_record(here).record.history[-1].why == "passed"


def test_a_rollback_moves_the_traffic_also_without_its_record() -> None:
    here, _ = world(*ALL_GOOD)
    Shift(world=here, limits=LIMITS).to(10)
    read, write = here.read_parameter, here.write_parameter
    for name in ("read_parameter", "write_parameter"):
        setattr(here, name, down)
        with pytest.raises(AwsError, match="green has 0 % of the traffic, but the record does not"):
            roll_back(here)
        assert here.live == wanted(green_share(0), "listener")
        here.live = wanted(green_share(10), "listener")
        here.read_parameter, here.write_parameter = read, write  # type: ignore[method-assign]


def test_a_step_whose_record_cannot_be_written_is_taken_back() -> None:
    here, said = world(*ALL_GOOD)
    write = here.write_parameter

    def second_fails(text: str) -> int:
        here.write_parameter = down  # type: ignore[method-assign]
        return write(text)

    here.write_parameter = second_fails  # type: ignore[method-assign]
    with pytest.raises(AwsError):
        Shift(world=here, limits=LIMITS).to(10)
    assert here.live == wanted(green_share(0), "listener")
    assert "the move failed: going back to blue 100, green 0" in said


def test_a_stack_that_is_migrated_from_is_not_ended() -> None:
    here, _ = world(*ALL_GOOD)
    here.split = "dns"
    with pytest.raises(ShiftError, match="which is not ours to end"):
        Shift(world=here, limits=LIMITS).finish()
