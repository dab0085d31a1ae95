"""Ways back: push a state that could not be saved, correct a digest, return to an earlier state."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap.errors import TapError
from tap.terraform.states import State, compare, parse_state, with_serial
from tap.terraform.storage import correct_digest, digest_of, kept_digest, read_object

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.terraform.backups import States, Stored
    from tap.terraform.root import Root

_OVERRIDE = "tap_restore_override.tf"


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a recovery did.

    Attributes:
        digest_corrected: Whether the lock table had the digest of another state.
        pushed: Names of the files that were pushed.
    """

    digest_corrected: bool
    pushed: tuple[str, ...]


def recover(states: States, root: Root) -> Recovered:
    """Make the digest fit the state, and push what could not be saved.

    The caller makes sure that nobody holds the lock.

    Args:
        states: The states of the environment.
        root: Terraform in its root.

    Raises:
        TapError: A kept state belongs to another lineage, or is older than the current one.
        LockedError: Somebody took the lock in this moment.
        TerraformError: Terraform refused; the kept state stays where it is.
    """
    corrected = _fit_digest(states)
    pushed = []
    for file in states.waiting():
        if _is_news(states, file):
            root.push_state(file)
            pushed.append(file.name)
        states.put_away(file)
    return Recovered(digest_corrected=corrected, pushed=tuple(pushed))


def digest_fits(states: States) -> bool:
    """Tell whether Terraform would accept the current state.

    It refuses one that does not have the digest that the lock table has of it: a Terraform that
    was killed between the two writes leaves a new state and an old digest.

    Raises:
        AwsError: S3 or DynamoDB gave no answer.
    """
    content, digest = _content_and_digest(states)
    return digest is None or content is None or digest == digest_of(content)


def check_restorable(states: States, chosen: Stored) -> State:
    """Return the state to go back to, after checking that it is one of this environment.

    Raises:
        TapError: It is broken, is the current one, or belongs to another lineage.
    """
    if chosen.state is None:
        raise TapError(f"{chosen.name} is no Terraform state", "take another: tap state list")
    current = states.current()
    if current is None or current.state is None:
        return chosen.state
    if current.state.lineage != chosen.state.lineage:
        raise TapError(
            f"{chosen.name} has lineage {chosen.state.lineage}, but the current state has "
            f"{current.state.lineage}: it is the state of something else",
            "take one of the same lineage: tap state list",
        )
    return chosen.state


def restore(states: States, root: Root, chosen: Stored) -> int:
    """Make an earlier state the current one; no resource changes by it.

    Args:
        states: The states of the environment.
        root: Terraform in its root.
        chosen: What to go back to.

    Returns:
        The serial it has now, above that of the state it replaces.

    Raises:
        TapError: It does not fit, or the current state cannot be backed up.
        LockedError: Somebody holds the lock.
        TerraformError: Terraform refused; the state is as it was.
    """
    state = check_restorable(states, chosen)
    states.back_up()
    current = states.current()
    before = current.state.serial if current is not None and current.state is not None else 0
    serial = max(before, state.serial) + 1
    with _scratch(states, "restore") as folder:
        file = folder / "restored.tfstate"
        _write_private(file, with_serial(chosen.content, serial))
        root.push_state(file)
    # Terraform counts the push as a change of its own.
    restored = states.current()
    return restored.state.serial if restored is not None and restored.state is not None else serial


@contextmanager
def preview(states: States, root: Root, chosen: Stored, project: Path) -> Iterator[Root]:
    """Yield a root that plans against an earlier state and can change nothing.

    It is a copy of the root with a local backend, in a tree whose other folders are links to
    the project's, so that modules are found where they are.

    Args:
        states: The states of the environment.
        root: Terraform in its root.
        chosen: The state to plan against.
        project: The folder of the project.
    """
    with _scratch(states, "preview") as folder:
        tree = folder / "tree"
        _mirror(project, tree, root.directory.relative_to(project).parts)
        directory = tree / root.directory.relative_to(project)
        state = folder / "preview.tfstate"
        _write_private(state, chosen.content)
        (directory / _OVERRIDE).write_text(
            f'terraform {{\n  backend "local" {{\n    path = "{state}"\n  }}\n}}\n',
            encoding="utf-8",
        )
        there = replace(root, directory=directory, data_directory=folder / "data", unsaved=None)
        there.init({})
        yield there


def _fit_digest(states: States) -> bool:
    content, digest = _content_and_digest(states)
    if content is None or digest is None or digest == digest_of(content):
        return False
    # Half a state is not made right by a digest.
    parse_state(content, f"s3://{states.backend.bucket}/{states.key}")
    correct_digest(states.backend, states.key, wrong=digest, right=digest_of(content))
    return True


def _content_and_digest(states: States) -> tuple[bytes | None, str | None]:
    if "dynamodb" not in states.backend.settings.state.locking:
        return None, None
    digest = kept_digest(states.backend, states.key)
    found = read_object(states.backend, states.key)
    return (found.content if found is not None else None), digest


def _is_news(states: States, file: Path) -> bool:
    """Tell whether a kept state has to be pushed; False if it was saved after all.

    Raises:
        TapError: It cannot be pushed.
    """
    waiting = parse_state(file.read_bytes(), str(file))
    current = states.current()
    if current is None or current.state is None:
        return True
    if current.state.lineage != waiting.lineage:
        raise TapError(
            f"{file} has lineage {waiting.lineage}, but the current state has "
            f"{current.state.lineage}: it is the state of something else",
            "push it where it belongs, or move it away",
        )
    if waiting.serial == current.state.serial and compare(waiting, current.state).empty:
        return False
    if waiting.serial <= current.state.serial:
        raise TapError(
            f"{file} has serial {waiting.serial}, but the current state has "
            f"{current.state.serial}: it was changed after the failure",
            "compare them (tap state diff), then restore the one that is right or move it away",
        )
    return True


@contextmanager
def _scratch(states: States, purpose: str) -> Iterator[Path]:
    folder = states.directory / f"{purpose}.{os.getpid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mirror(source: Path, target: Path, path: tuple[str, ...]) -> None:
    """Make a folder of links to another one's entries, and real folders along one path."""
    target.mkdir()
    for entry in source.iterdir():
        if path and entry.name == path[0]:
            _mirror(entry, target / entry.name, path[1:])
        elif entry.name != ".tap":
            (target / entry.name).symlink_to(entry.resolve())


def _write_private(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
