"""What every command on an environment begins with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import Progress, keep_secret, notice
from tap.cli.options import WARM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.warm.providers import WarmProviders
    from tap.workspace import Workspace


def open_environment(
    environment: str,
    target: str,
    *,
    suffix: str = "",
    lock_timeout: str = "0s",
    bootstrap: bool = False,
    admit: Callable[[Workspace], None] = lambda _: None,
    initialize: bool = True,
) -> tuple[Workspace, Progress]:
    """Check every name, make the environment ready and say what is talked to.

    Args:
        environment: The ENV argument.
        target: The value of ``--target``.
        suffix: The value of ``--suffix``.
        lock_timeout: The value of ``--lock-timeout``.
        bootstrap: Whether missing state storage is created on ``aws``, too.
        admit: Called before anything is made or changed; what it raises ends the command.
        initialize: Whether ``terraform init`` is run where it is due.

    Raises:
        TapError: A name is unknown, ``tap.toml`` cannot be used, or a step failed.
    """
    from tap.cli.progress import Timings
    from tap.settings import check_suffix, load_settings, target_name
    from tap.terraform.aftermath import aftermath, sweep
    from tap.terraform.secrets import secret_inputs
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
        warm=warm_providers(os.environ),
    )
    progress.timings = Timings(request.directory / "timings.json")
    keep_secret(secret_inputs(request.environment.directory, os.environ))
    try:
        workspace = open_workspace(request, bootstrap=bootstrap, initialize=initialize, admit=admit)
    finally:
        progress.clear()
    notice(workspace.description)
    for sentence in aftermath(workspace.root):
        notice(sentence)
    sweep([request.plan_file.parent, request.states], workspace.root)
    return workspace, progress


def warm_providers(environ: Mapping[str, str]) -> WarmProviders | None:
    """Return warm providers that end with the command, or None if they are not wanted."""
    from tap.warm.commands import reason_against, wanted_for_apply
    from tap.warm.providers import WarmProviders

    context = click.get_current_context()
    if not context.meta.get(WARM, True) or reason_against(environ):
        return None
    return context.with_resource(WarmProviders(notice, applying=wanted_for_apply(environ)))
