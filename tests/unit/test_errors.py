"""The tree of errors is the one its module draws."""

from __future__ import annotations

import re

import pytest

from tap import errors
from tap.errors import TapError

pytestmark = pytest.mark.requirement("TAP-7")


def _drawn() -> dict[str, tuple[str, int]]:
    """Return name -> (name of the parent, exit code), read from the docstring."""
    assert errors.__doc__ is not None
    found: dict[str, tuple[str, int]] = {}
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        match = re.match(r"^    ([|` -]*)(\w+) +(\d+) ", f"{line} ")
        if match is not None:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            found[match[2]] = (path[depth - 1] if depth else "Exception", int(match[3]))
    return found


def _real() -> dict[str, tuple[str, int]]:
    classes: list[type[TapError]] = [TapError]
    for item in classes:
        classes.extend(item.__subclasses__())
    return {item.__name__: (item.__mro__[1].__name__, item.exit_code) for item in classes}


def test_every_error_is_drawn_with_its_parent_and_exit_code() -> None:
    drawn = _drawn()

    assert drawn["StalePlanError"] == ("TerraformError", 5)
    assert drawn == _real()


def test_an_error_holds_a_message_and_maybe_a_hint() -> None:
    error = TapError("what failed", "what to do")

    assert (str(error), error.message, error.hint) == ("what failed", "what failed", "what to do")
    assert TapError("what failed").hint == ""
