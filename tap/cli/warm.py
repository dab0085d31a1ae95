"""``tap warm``: run a command of Terraform with warm providers."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice
from tap.cli.session import warm_providers
from tap.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tap.warm.providers import Attachment


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def warm(command: tuple[str, ...]) -> None:
    """Run COMMAND, such as terraform plan, with warm providers, in any Terraform root.

    Write -- before it: tap warm -- terraform plan -out=FILE. The exit code is the one of the
    command. A command that writes, and any program but Terraform and OpenTofu, runs as it is.
    """
    program = shutil.which(command[0])
    if program is None:
        raise SettingsError(
            f"there is no program {command[0]!r} on the PATH",
            "give one, such as: tap warm -- terraform plan",
        )
    words = [program, *command[1:]]
    click.get_current_context().exit(_run_warm(words))


def _run_warm(words: Sequence[str]) -> int:
    """Run a command and return its exit status."""
    from tap.process import run, run_in_foreground
    from tap.warm.commands import (
        DECODING,
        READING,
        READING_STATE,
        SHOWING,
        reason_against,
        subcommand,
    )

    verb, root = subcommand(words)
    reason = reason_against(os.environ)
    if verb not in READING:
        reason = f"{' '.join([os.path.basename(words[0]), verb]).strip()} is no command that reads"  # noqa: PTH119
    providers = None if reason else warm_providers(os.environ)
    if providers is None:
        notice(f"without warm providers: {reason}")
        return run_in_foreground(words, env=os.environ)
    values = (word.rpartition("=")[2] for word in words[1:] if not word.startswith("-out="))
    files = [path for path in map(root.joinpath, values) if path.is_file()]
    attached = providers.attach(
        root,
        os.environ,
        files=files,
        every_block=verb in SHOWING and not files,
        decoding=verb in DECODING,
    )
    if verb not in READING_STATE or sys.stdout.isatty():
        status = run_in_foreground(words, env=_environ(attached))
        if verb in READING_STATE and _lacks_schemas(status, attached, words[0], root):
            notice(_AGAIN)
            attached = providers.attach(root, os.environ, full=True)
            status = run_in_foreground(words, env=_environ(attached))
        return status
    # Data that another program reads must not begin with what a repeated run printed first.
    done = run(words, env=_environ(attached), on_notice=notice)
    if _lacks_schemas(done.returncode, attached, words[0], root):
        notice(_AGAIN)
        attached = providers.attach(root, os.environ, full=True)
        done = run(words, env=_environ(attached), on_notice=notice)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


_AGAIN = "the state holds what the configuration does not name: running with the whole schema"


def _environ(attached: Attachment | None) -> dict[str, str]:
    return {**os.environ, **(attached.variables if attached else {})}


def _lacks_schemas(status: int, attached: Attachment | None, program: str, root: Path) -> bool:
    """Tell whether a command failed because the state needs a type that was left out."""
    return (
        status == 1 and attached is not None and attached.lacks_schemas(program, root, os.environ)
    )
