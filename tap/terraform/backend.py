"""The S3 backend of an account: its bucket and lock table, and how a root is pointed at them."""

from __future__ import annotations

import fcntl
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap.aws import object_exists
from tap.errors import LockedError, TapError
from tap.terraform.operations import operations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.aws import Target
    from tap.settings import Settings
    from tap.terraform.root import Root

_OWN_KEY = "backend/terraform.tfstate"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The state storage of one account.

    Attributes:
        settings: Project, region and locking.
        target: What S3 and DynamoDB are.
        account_id: The account that owns the bucket.
    """

    settings: Settings
    target: Target
    account_id: str

    @property
    def bucket(self) -> str:
        """Name of the state bucket, as ``backend/main.tf`` makes it."""
        return f"{self.settings.project}-terraform-state-{self.account_id}"

    @property
    def table(self) -> str:
        """Name of the lock table, as ``backend/main.tf`` makes it."""
        return f"{self.settings.project}-terraform-locks"

    @property
    def environment_names(self) -> list[str]:
        """The environments whose states are here; an emulator has those of all."""
        return [
            environment.name
            for environment in self.settings.environments.values()
            if self.target.name != "aws" or environment.account_id == self.account_id
        ]

    def configuration(self, key: str) -> dict[str, str]:
        """Return the backend arguments that a root's ``backend.tf`` leaves open.

        Args:
            key: Key of the state object in the bucket.
        """
        locking = self.settings.state.locking
        partition = (
            "aws-cn"
            if self.settings.state.region.startswith("cn-")
            else ("aws-us-gov" if self.settings.state.region.startswith("us-gov-") else "aws")
        )
        arguments = {
            "bucket": self.bucket,
            "dynamodb_table": self.table if "dynamodb" in locking else "",
            "key": key,
            "kms_key_id": (
                f"arn:{partition}:kms:{self.settings.state.region}:{self.account_id}"
                f":alias/{self.settings.project}-terraform-state"
            ),
            "region": self.settings.state.region,
            "use_lockfile": "true" if "s3" in locking else "false",
        }
        if self.target.endpoint is not None:
            # Emulators know buckets by path only, and may know nobody's credentials.
            arguments |= {
                "skip_credentials_validation": "true",
                "skip_requesting_account_id": "true",
                "use_path_style": "true",
            }
        return arguments

    def ready(self) -> bool:
        """Tell whether bucket and table are there and the state that describes them, too.

        Raises:
            AwsError: S3 gave no answer.
        """
        return object_exists(self.target, bucket=self.bucket, key=_OWN_KEY)

    def bootstrap(self, root: Root) -> bool:
        """Create bucket and lock table from ``backend/`` and move its own state there.

        The folder is copied, because its first apply must run without ``backend.tf``; no file
        of the repository is changed. Two callers at once take turns, and the second one finds
        the work done. A bootstrap that was cut off is taken up where it stopped.

        Args:
            root: How Terraform is called; its directory and data directory are not used.

        Returns:
            Whether anything had to be created.

        Raises:
            TapError: ``backend/`` is missing.
            TerraformError: Terraform refused.
        """
        source = self.settings.root / "backend"
        if not (source / "main.tf").is_file():
            raise TapError(
                f"{source} holds no Terraform root",
                "restore the folder backend/ from git",
            )
        work = self.settings.work_directory / self.target.name / "backend" / self.account_id
        work.mkdir(parents=True, exist_ok=True)
        with _alone(work / "lock"):
            if self.ready():
                return False
            _refuse_running(work / "data", root)
            self._forget_other_emulators(work)
            directory = work / "root"
            for folder in (directory, work / "data"):
                shutil.rmtree(folder, ignore_errors=True)
            directory.mkdir()
            for file in [*source.glob("*.tf"), source / ".terraform.lock.hcl"]:
                if file.name != "backend.tf":
                    shutil.copy(file, directory)
            (directory / "local.tf").write_text(
                f'terraform {{\n  backend "local" {{\n    path = "{work}/terraform.tfstate"\n'
                "  }\n}\n",
                encoding="utf-8",
            )
            environ = {
                **root.environ,
                "TF_VAR_project": self.settings.project,
                "TF_VAR_region": self.settings.state.region,
                "TF_VAR_environments": json.dumps(self.environment_names),
            }
            here = replace(
                root,
                directory=directory,
                data_directory=work / "data",
                environ=environ,
                # What waits to be pushed belongs to the environment.
                unsaved=None,
            )
            here.init({})
            here.plan(work / "backend.tfplan")
            here.apply(work / "backend.tfplan")
            (directory / "local.tf").unlink()
            shutil.copy(source / "backend.tf", directory)
            here.migrate_state(self.configuration(_OWN_KEY))
            for leftover in ("backend.tfplan", "terraform.tfstate", "terraform.tfstate.backup"):
                (work / leftover).unlink(missing_ok=True)
        return True

    def _forget_other_emulators(self, work: Path) -> None:
        """Drop what a cut-off bootstrap of an emulator left that has gone since."""
        made_for = work / "endpoint"
        endpoint = self.target.endpoint or ""
        if not made_for.is_file() or made_for.read_text(encoding="utf-8") != endpoint:
            (work / "terraform.tfstate").unlink(missing_ok=True)
            made_for.write_text(endpoint, encoding="utf-8")


def _refuse_running(data: Path, root: Root) -> None:
    """Leave a bootstrap alone that goes on although its ``tap`` was killed.

    Raises:
        LockedError: One does.
    """
    for operation in operations(replace(root, data_directory=data).operations):
        if operation.lives:
            raise LockedError(
                "the state storage is being made by a Terraform whose tap was killed "
                f"(process {operation.note.terraform_pid})",
                "wait until it has ended, then run the same command again",
            )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
