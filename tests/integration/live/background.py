"""Do something again and again beside a test, and let no fault of it pass unseen."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Background:
    """A thread of its own that raises in :meth:`stop` what it met."""

    def __init__(self, work: Callable[[threading.Event], None]) -> None:
        """Start it.

        Args:
            work: Ends soon after the event that it is given is set.
        """
        self._work = work
        self._stopped = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for the end, and raise what went wrong."""
        self._stopped.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._work(self._stopped)
        except Exception as error:  # noqa: BLE001 - raised again by stop()
            self._failure = error


def repeat(action: Callable[[], None], seconds: float) -> Callable[[threading.Event], None]:
    """Return work that does something every so many seconds."""

    def work(stopped: threading.Event) -> None:
        while not stopped.wait(seconds):
            action()

    return work
