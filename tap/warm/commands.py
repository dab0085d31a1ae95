"""Which commands get warm providers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Commands that read. What writes runs with the provider that Terraform itself starts.
READING = frozenset({"console", "graph", "plan", "show", "test", "validate"})
# What may be given them by whoever prefers a short apply to one that outlives a killed tap.
APPLYING = frozenset({"apply"})
# Of the reading ones, those that decode the state, which may hold types that no file names.
READING_STATE = frozenset({"console", "graph", "plan", "show"})
# Of these, the ones whose values come neither from the files of the root nor from the provider,
# unless they are given the file that holds them.
SHOWING = frozenset({"console", "graph", "show"})

# Of these, the ones that need the schema of the provider, but no process of it.
DECODING = frozenset({"show"})

_YES, _NO = ({"1", "true", "t", "yes", "y", "on"}, {"0", "false", "f", "no", "n", "off"})

_PROGRAMS = ("terraform", "tofu")

# Whoever asks for Terraform's logs wants those of its own provider, too.
_LOGS = ("TF_LOG", "TF_LOG_CORE", "TF_LOG_PROVIDER")


def reason_against(environ: Mapping[str, str]) -> str:
    """Return why the variables of a command rule warm providers out; empty if they do not."""
    if environ.get("TAP_WARM", "1").lower() in _NO:
        return f"TAP_WARM is {environ['TAP_WARM']}"
    for name in ("TF_REATTACH_PROVIDERS", *_LOGS):
        if environ.get(name):
            return f"{name} is set"
    return ""


def wanted_for_apply(environ: Mapping[str, str]) -> bool:
    """Tell whether the user asks for warm providers in an apply, too, by ``TAP_WARM_APPLY=1``."""
    return environ.get("TAP_WARM_APPLY", "").lower() in _YES


def subcommand(command: Sequence[str]) -> tuple[str, Path]:
    """Return the subcommand of a Terraform command line and the folder it works in.

    Args:
        command: Program and arguments; ``-chdir`` is understood.

    Returns:
        The subcommand, empty if the program is not Terraform or OpenTofu; and the folder.
    """
    folder = Path.cwd()
    if not command or not Path(command[0]).name.startswith(_PROGRAMS):
        return "", folder
    for argument in command[1:]:
        if argument.startswith("-chdir="):
            folder = folder / argument.removeprefix("-chdir=")
        elif not argument.startswith("-"):
            return argument, folder
    return "", folder
