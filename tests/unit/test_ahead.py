"""Work that is begun before its result is needed."""

from __future__ import annotations

import sys
import threading

import pytest

from tap.ahead import Ahead, import_ahead

pytestmark = pytest.mark.requirement("TAP-7")


def test_work_goes_on_while_something_else_is_done() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        assert go_on.wait(30)
        return "done"

    ahead = Ahead(work)

    assert begun.wait(30)
    go_on.set()
    assert ahead.result() == "done"
    assert ahead.result() == "done"


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> None:
        raise ValueError("never")

    ahead = Ahead(work)

    with pytest.raises(ValueError, match="never"):
        ahead.result()


def test_modules_are_there_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    import_ahead("colorsys").result()

    assert "colorsys" in sys.modules
    with pytest.raises(ModuleNotFoundError):
        import_ahead("no_such_module").result()
