"""The only place that starts another program, and what a signal does to it and to ``tap``."""

from tap.process.child import Completed, run, start_detached
from tap.process.foreground import run_in_foreground
from tap.process.group import Group
from tap.process.output import OutputFile, is_held
from tap.process.signals import deferred_signals, end_calmly, ignore_signals

__all__ = [
    "Completed",
    "Group",
    "OutputFile",
    "deferred_signals",
    "end_calmly",
    "ignore_signals",
    "is_held",
    "run",
    "run_in_foreground",
    "start_detached",
]
