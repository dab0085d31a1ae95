"""What every command on an environment begins with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tap.cli.console import Progress, notice

if TYPE_CHECKING:
    from tap.workspace import Workspace


def open_environment(
    environment: str,
    target: str,
    *,
    suffix: str = "",
    lock_timeout: str = "0s",
    bootstrap: bool = False,
    initialize: bool = True,
) -> tuple[Workspace, Progress]:
    """Check every name, make the environment ready and say what is talked to.

    Args:
        environment: The ENV argument.
        target: The value of ``--target``.
        suffix: The value of ``--suffix``.
        lock_timeout: The value of ``--lock-timeout``.
        bootstrap: Whether missing state storage is created on ``aws``, too.
        initialize: Whether ``terraform init`` is run where it is due.

    Raises:
        TapError: A name is unknown, ``tap.toml`` cannot be used, or a step failed.
    """
    from tap.settings import check_suffix, load_settings, target_name
    from tap.terraform.aftermath import aftermath, sweep
    from tap.workspace import Request, open_workspace

    settings = load_settings(Path.cwd(), os.environ)
    progress = Progress()
    request = Request(
        settings=settings,
        environment=settings.environment(environment),
        target=target_name(target),
        suffix=check_suffix(suffix),
        environ=os.environ,
        lock_timeout=lock_timeout,
        reporter=progress.reporter,
    )
    try:
        workspace = open_workspace(request, bootstrap=bootstrap, initialize=initialize)
    finally:
        progress.clear()
    notice(workspace.description)
    for sentence in aftermath(workspace.root):
        notice(sentence)
    sweep([request.plan_file.parent, request.states], workspace.root)
    return workspace, progress
