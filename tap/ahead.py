"""Work that is begun before its result is needed."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Ahead(Generic[_T]):
    """A function that runs in a thread; the program does not wait for it unless it is asked to.

    Args:
        work: Has no effect that would matter if nobody asked for its result.
    """

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work = work
        self._results: list[_T] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> _T:
        """Wait for the end, and return what the function returns or raise what it raises."""
        self._thread.join()
        return self._results[0] if self._results else self._work()

    def _run(self) -> None:
        # Whoever asks for the result gets the error from another attempt, in his own thread.
        with suppress(Exception):
            self._results.append(self._work())


def import_ahead(*names: str) -> Ahead[None]:
    """Begin to import modules while something else is waited for.

    Until the result is asked for, the same modules should not be imported elsewhere: two threads
    that import parts of one package in different orders can meet a half of it.
    """

    def work() -> None:
        for name in names:
            import_module(name)

    return Ahead(work)
