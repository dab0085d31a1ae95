"""What is made of a message before it is published, and what is said when nobody answers."""

from __future__ import annotations

import pytest

from tap.aws import Target
from tap.traffic.notify import _cut, _fit, notify
from tap.traffic.places import find_places
from tests.unit.traffic.test_places import outputs

pytestmark = pytest.mark.requirement("TRF-4")


def test_a_subject_fits_into_the_line_of_an_email() -> None:
    assert _fit("dev: canary \N{RIGHTWARDS ARROW}\n half") == "dev: canary half"
    assert len(_fit("x" * 101)) == 100
    assert _fit("\n") == "traffic"


def test_a_message_is_cut_between_characters() -> None:
    cut = _cut("\N{EURO SIGN}" * 90_000)

    assert len(cut.encode()) == 262_143
    assert set(cut) == {"\N{EURO SIGN}"}
    assert _cut("") == "-"


def test_a_topic_that_cannot_be_reached_is_told_and_nothing_is_raised() -> None:
    target = Target(name="local", endpoint="http://127.0.0.1:1", region="eu-west-1")

    failed = notify(target, find_places(outputs(), "dev"), "subject", {"to": "half"})

    assert failed.startswith("cannot publish to arn:aws:sns:::alarms, no answer: ")
