"""What stands between a plan and a protected environment."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice
from tap.errors import SettingsError

if TYPE_CHECKING:
    from tap.plan import Summary
    from tap.workspace import Request, Workspace

_QUOTED = re.compile(r'\["(?:[^"\\]|\\.)*"\]')
_SHOWN_CHANGES = 5


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What was said on the command line about what may happen.

    Attributes:
        yes: Whether nobody is asked.
        protect: Whether a protected environment is protected on an emulator, too.
        allowed: Addresses of what holds data and may end.
    """

    yes: bool
    protect: bool
    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for address in self.allowed:
            if re.search(r"[*?\s]|^$", _QUOTED.sub("", address)):
                raise SettingsError(
                    f"--allow-destroy {address!r} is not the address of one resource",
                    "give each address in full, such as "
                    "--allow-destroy 'module.stack.module.database.aws_db_instance.this[0]'",
                )

    def guards(self, request: Request) -> bool:
        """Tell whether a request is about a protected environment, where that counts."""
        return request.environment.protected and (request.target == "aws" or self.protect)


def command_words(workspace: Workspace) -> list[str]:
    """Return what follows the verb of another command on the same copy of an environment."""
    return workspace.request.words.split()


def require_clean_tree(workspace: Workspace) -> None:
    """Refuse to go on while the project is not exactly a commit.

    Raises:
        SettingsError: Something differs from the commit, or git cannot tell.
    """
    from tap.git import look_at_work_tree

    label = workspace.request.label
    tree = look_at_work_tree(workspace.request.settings.root, os.environ)
    if tree.changes is None:
        raise SettingsError(
            f"{label} is protected, and git cannot tell whether the work tree is clean: "
            f"{tree.problem}",
            "run it in a clone of the repository",
        )
    if tree.changes:
        shown = ", ".join(tree.changes[:_SHOWN_CHANGES])
        more = len(tree.changes) - _SHOWN_CHANGES
        raise SettingsError(
            f"{label} is protected, and the work tree is not clean: {shown}"
            + (f" and {more} more" if more > 0 else ""),
            "commit or remove these changes, then plan again",
        )


def refuse_protected(summary: Summary, workspace: Workspace) -> None:
    """Refuse, before anything is touched, what AWS would refuse half way through.

    Raises:
        SettingsError: Something would be destroyed that is protected against deletion.
    """
    protected = [change.address for change in summary.changes if change.protected]
    if protected:
        command = " ".join(["tap", "apply", *command_words(workspace)])
        raise SettingsError(
            f"{workspace.request.label} is protected against deletion: {', '.join(protected)}",
            f"lift it first: TF_VAR_deletion_protection=false TAP_FAIL_ON=high {command}",
        )


def refuse_unnamed(summary: Summary, workspace: Workspace, consent: Consent, verb: str) -> None:
    """Refuse to end what holds data in a protected environment unless each is named.

    Raises:
        SettingsError: Something would end that was not named.
    """
    ends = {
        change.address: str(change.risk)
        for change in summary.irreversible
        if change.address in summary.stateful_ends
    }
    for address in consent.allowed:
        if address not in ends:
            what = f"--allow-destroy {shlex.quote(address)}"
            notice(f"{what}: this plan ends nothing of that name that holds data")
    if not consent.guards(workspace.request):
        return
    unnamed = [address for address in ends if address not in consent.allowed]
    if unnamed:
        lines = "".join(f"\n  {address}  ({ends[address]})" for address in unnamed)
        words = [*command_words(workspace), "--allow-destroy", shlex.quote(unnamed[0])]
        raise SettingsError(
            f"{workspace.request.label} is protected, and this would end what holds data:{lines}",
            f"if each of them may end, name each one: tap {verb} {' '.join(words)} ...",
        )


def confirm(workspace: Workspace, verb: str, consent: Consent) -> None:
    """Ask for the environment's name before AWS, or what is guarded like it, is touched.

    Raises:
        SettingsError: Another name was typed, or nobody is there to type one.
    """
    request = workspace.request
    if consent.yes or not (request.target == "aws" or consent.guards(request)):
        return
    prompt = f"Type {request.label} to {verb} it in account {workspace.account_id}"
    try:
        typed = click.prompt(prompt, default="", show_default=False, err=True)
    except click.Abort:
        typed = ""
    if typed != request.label:
        raise SettingsError(
            f"{verb} of {request.label} was not confirmed (got {typed!r})",
            f"run tap {verb} again, or give --yes where a reviewed plan is applied",
        )
