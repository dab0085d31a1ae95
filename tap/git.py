"""What git says about the work tree: its commit, and whether it is exactly that commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class WorkTree:
    """The state of a folder under git.

    Attributes:
        commit: The full name of the commit; None without git, repository or commit.
        changes: Paths that differ from the commit or are new, as git prints them; None where
            git cannot tell.
        problem: Why git cannot tell; empty if it can.
    """

    commit: str | None
    changes: tuple[str, ...] | None
    problem: str = ""

    @property
    def dirty(self) -> bool | None:
        """Whether anything differs from the commit; None where git cannot tell."""
        return None if self.changes is None else bool(self.changes)


def look_at_work_tree(folder: Path, environ: Mapping[str, str]) -> WorkTree:
    """Ask git about a folder and everything below it; files that git ignores do not count.

    Args:
        folder: The project; the repository may begin above it.
        environ: The variables of the user.
    """
    # Reading must not write the index: another git could be at work.
    quiet = {**environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}

    def git(*words: str) -> tuple[int, str, str]:
        done = run(["git", *words], env=quiet, cwd=folder, timeout=_TIMEOUT_SECONDS)
        return done.returncode, done.stdout, done.stderr

    try:
        code, listed, complaint = git(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", "."
        )
    except OSError as error:
        return WorkTree(commit=None, changes=None, problem=f"git cannot be run: {error.strerror}")
    if code != 0:
        reason = complaint.strip().splitlines()
        return WorkTree(commit=None, changes=None, problem=reason[0] if reason else "git failed")
    code, commit, _ = git("rev-parse", "--verify", "--quiet", "HEAD")
    changes = tuple(entry[3:] for entry in listed.split("\0") if entry)
    return WorkTree(commit=commit.strip() if code == 0 else None, changes=changes)
