"""What a saved plan was made of, written down beside it, so that a stale one is recognized.

Why, and what it does not protect against: docs/adr/0009-saved-plans.md.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from tap.aws import read_object
from tap.errors import PlanError, StalePlanError, TapError
from tap.settings import TargetName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.terraform.backend import Backend

FORMAT: Final = 1


class StateVersion(msgspec.Struct, frozen=True):
    """Which state it is: each write of a state raises its serial, a new state has a new lineage.

    Both are empty while nothing has been applied.
    """

    lineage: str = ""
    serial: int = 0

    def __str__(self) -> str:
        if not self.lineage:
            return "no state"
        return f"serial {self.serial} of state {self.lineage.partition('-')[0]}"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan was made of.

    Attributes:
        format: Version of this structure.
        created: When the plan was finished, in UTC.
        environment: The copy of the environment, such as ``prod-pr42``.
        target: What the plan talked to.
        endpoint: Whether that was AWS or an emulator.
        account_id: The account it was made in.
        destroy: Whether it destroys everything.
        terraform: Version of Terraform.
        commit: The commit of the work tree; None where git could not tell.
        dirty: Whether the work tree differed from it; None where git could not tell.
        state: The state that the plan starts from.
        folders: The root and every module it calls, from the project.
        files: SHA-256 of every file in them, by path from the project.
        lock_file: SHA-256 of the root's lock file; None if there is none.
        salt: Mixed into the digests of variables and of variable files.
        variables: Salted digest of each ``TF_VAR_*`` of the root, None where it was not set.
        plan: SHA-256 of the plan file.
        checksum: SHA-256 of all the above.
    """

    format: Literal[1] = FORMAT
    created: Annotated[datetime, msgspec.Meta(tz=True)]
    environment: str
    target: TargetName
    endpoint: Literal["aws", "emulator"]
    account_id: str
    destroy: bool
    terraform: str
    commit: str | None
    dirty: bool | None
    state: StateVersion
    folders: tuple[str, ...]
    files: dict[str, str]
    lock_file: str | None
    salt: str
    variables: dict[str, str | None]
    plan: str
    checksum: str = ""

    def sealed(self) -> Manifest:
        """Return the manifest with its checksum."""
        bare = msgspec.structs.replace(self, checksum="")
        text = msgspec.json.encode(bare, order="deterministic")
        return msgspec.structs.replace(self, checksum=hashlib.sha256(text).hexdigest())

    def encode(self) -> bytes:
        """Return the manifest as JSON, sealed."""
        return msgspec.json.format(msgspec.json.encode(self.sealed()), indent=2) + b"\n"


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a plan is made or applied under.

    Attributes:
        backend: Project, target, account, and where the state is.
        label: The copy of the environment.
        state_key: Key of its state.
        terraform_version: Which Terraform runs.
        environ: The variables that Terraform is given.
    """

    backend: Backend
    label: str
    state_key: str
    terraform_version: str
    environ: Mapping[str, str]

    @property
    def project(self) -> Path:
        """The folder that holds ``tap.toml``."""
        return self.backend.settings.root

    @property
    def endpoint(self) -> Literal["aws", "emulator"]:
        """What kind of thing answers."""
        return "aws" if self.backend.target.endpoint is None else "emulator"

    def stored_state(self) -> StateVersion:
        """Read from the bucket which state there is now.

        Raises:
            AwsError: S3 gave no answer.
            TapError: The object is no state.
        """
        bucket = self.backend.bucket
        found = read_object(self.backend.target, bucket=bucket, key=self.state_key)
        try:
            return (
                StateVersion() if found is None else msgspec.json.decode(found, type=StateVersion)
            )
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise TapError(
                f"s3://{bucket}/{self.state_key} is no Terraform state",
                "go back to an earlier version of it: docs/guides/state-and-locks.md",
            ) from None


def planned_state(plan: Path) -> StateVersion:
    """Return which state a plan file starts from.

    Raises:
        PlanError: It is no plan file.
    """
    try:
        with zipfile.ZipFile(plan) as archive:
            return msgspec.json.decode(archive.read("tfstate"), type=StateVersion)
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{plan.name} is no plan file: {error}", "plan again") from None


def decode_manifest(text: bytes, name: str) -> Manifest:
    """Read a manifest.

    Args:
        text: What the file holds.
        name: The file, for the message.

    Raises:
        StalePlanError: It is damaged, was edited, or has an unknown format. The hint is empty.
    """
    try:
        header = msgspec.json.decode(text, type=_Header)
        if header.format != FORMAT:
            raise StalePlanError(
                f"{name} has format {header.format}; this tap knows format {FORMAT}"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StalePlanError(f"{name} cannot be read: {error}") from None
    if manifest.sealed().checksum != manifest.checksum:
        raise StalePlanError(f"{name} was edited after the plan was made")
    return manifest


class _Header(msgspec.Struct):
    format: int


def age_text(age: timedelta) -> str:
    """Return an age in the largest unit that keeps it exact enough: ``26 h``."""
    seconds = int(age.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
