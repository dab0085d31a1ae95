"""The only place that starts another program, and what a signal does to it and to ``tap``."""

from tap.process.child import Completed, run, start_detached
from tap.process.output import OutputFile, is_held
from tap.process.signals import end_calmly, ignore_signals

__all__ = [
    "Completed",
    "OutputFile",
    "end_calmly",
    "ignore_signals",
    "is_held",
    "run",
    "start_detached",
]
