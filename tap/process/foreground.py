"""Programs that have the terminal of this one."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from tap.process.signals import FORWARDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType


def run_in_foreground(args: Sequence[str | Path], *, env: Mapping[str, str]) -> int:
    """Run a program on the terminal of this one, to its end, and return its exit status.

    A Ctrl-C reaches the program from the terminal itself; a SIGTERM is passed on.

    Args:
        args: The program and its arguments.
        env: The whole environment of the child.

    Returns:
        The exit status; 128 and the number of the signal if one ended it, as a shell says it.

    Raises:
        FileNotFoundError: There is no such program.
        PermissionError: It may not be executed.
    """
    child = subprocess.Popen([str(arg) for arg in args], env=dict(env))  # noqa: S603 - a list

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            child.send_signal(number)

    previous = {number: signal.signal(number, pass_on) for number in FORWARDED}
    try:
        status = child.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
