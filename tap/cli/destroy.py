"""``tap destroy``: destroy everything in an environment."""

from __future__ import annotations

import click

from tap.cli.apply import plan_and_apply
from tap.cli.options import (
    consent_options,
    environment_argument,
    lock_option,
    target_options,
    warm_option,
)
from tap.cli.protection import Consent, require_clean_tree
from tap.cli.session import open_environment


@click.command()
@environment_argument
@target_options
@lock_option
@warm_option
@consent_options
def destroy(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    *,
    allow_destroy: tuple[str, ...],
    yes: bool,
    protect: bool,
) -> None:
    """Destroy everything in ENV, after showing what that is.

    On aws the name of the environment has to be typed, or --yes given. In a protected
    environment everything that holds data has to be named with --allow-destroy as well.
    """
    consent = Consent(yes=yes, protect=protect, allowed=allow_destroy)
    workspace, progress = open_environment(
        environment,
        target,
        suffix=suffix,
        lock_timeout=lock_timeout,
        admit=lambda found: require_clean_tree(found) if consent.guards(found.request) else None,
    )
    plan_and_apply(workspace, progress, consent=consent, destroy=True)
