"""What a saved plan was made of: noted when it is made, compared when it is applied."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tap.errors import StalePlanError, TerraformError
from tap.terraform.inputs import (
    LOCK_FILE,
    differences,
    digest_file,
    digest_files,
    digest_variables,
)
from tap.terraform.manifest import Manifest, age_text, decode_manifest, planned_state
from tap.terraform.saved import manifest_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tap.git import WorkTree
    from tap.terraform.manifest import Circumstances
    from tap.terraform.saved import TakenPlan

_NAMED = 10
_CLOCK_SKEW = timedelta(minutes=5)
_VARIABLE = "TF_VAR_"


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Notes what a plan is made of: the files before Terraform reads them, the rest afterwards.

    Attributes:
        here: What it is made under.
        root: The folder of the root.
        folders: The root and every module it calls.
        plan: Where it will be saved.
        salt: Mixed into the digests of secrets.
        before: Digests of the files before.
    """

    here: Circumstances
    root: Path
    folders: tuple[Path, ...]
    plan: Path
    salt: str
    before: dict[str, str]

    @classmethod
    def start(
        cls, here: Circumstances, *, root: Path, folders: Iterable[Path], plan: Path
    ) -> Recorder:
        """Digest the files that Terraform is about to read."""
        folders, salt = tuple(folders), secrets.token_hex(16)
        before = digest_files(
            folders, project=here.project, plan=plan, salt=salt, environ=here.environ
        )
        return cls(here=here, root=root, folders=folders, plan=plan, salt=salt, before=before)

    def finish(
        self, private: Path, *, variables: Iterable[str], destroy: bool, tree: WorkTree
    ) -> Manifest:
        """Return the manifest of a plan that has just been made.

        Args:
            private: The plan file.
            variables: The names of the root's variables.
            destroy: Whether it destroys everything.
            tree: What git says about the project.

        Raises:
            TerraformError: Files changed while Terraform read them.
        """
        here = self.here
        files = digest_files(
            self.folders,
            project=here.project,
            plan=self.plan,
            salt=self.salt,
            environ=here.environ,
        )
        # New files are what the plan itself makes, such as the archive of a function.
        changed = [word for word in differences(self.before, files) if not word.endswith("(new)")]
        if changed:
            raise TerraformError(
                f"files changed while they were planned: {_some(changed)}", "run it again"
            )
        lock_file = self.root / LOCK_FILE
        return Manifest(
            created=datetime.now(UTC).replace(microsecond=0),
            environment=here.label,
            target=here.backend.target.name,
            endpoint=here.endpoint,
            account_id=here.backend.account_id,
            destroy=destroy,
            terraform=here.terraform_version,
            commit=tree.commit,
            dirty=tree.dirty,
            state=planned_state(private),
            folders=tuple(os.path.relpath(folder, here.project) for folder in self.folders),
            files=files,
            lock_file=digest_file(lock_file) if lock_file.is_file() else None,
            salt=self.salt,
            variables=digest_variables(variables, here.environ, salt=self.salt),
            plan=digest_file(private),
        ).sealed()


def check_plan(
    taken: TakenPlan, here: Circumstances, *, root: Path, now: datetime, command: str
) -> Manifest:
    """Refuse a saved plan that is not what was made, or not for what there is now.

    Args:
        taken: The plan.
        here: What it would be applied under.
        root: The folder of the root.
        now: The time, in UTC.
        command: What plans again, but for ``--destroy``.

    Returns:
        What it was made of.

    Raises:
        StalePlanError: It was altered, is too old, or was made for something else.
        AwsError: S3 gave no answer about the state.
    """
    try:
        manifest = _read_manifest(taken)
    except StalePlanError as error:
        raise StalePlanError(error.message, f"plan again: {command}") from None
    reason = (
        _of_file(taken, manifest)
        or _of_place(manifest, here)
        or _of_age(manifest, here.backend.settings.plan_max_age, now)
        or _of_inputs(taken, manifest, here, root)
        or _of_state(manifest, here)
    )
    if reason:
        again = f"{command} --destroy" if manifest.destroy else command
        raise StalePlanError(reason, f"plan again: {again}")
    return manifest


def _read_manifest(taken: TakenPlan) -> Manifest:
    name = manifest_file(taken.public).name
    try:
        text = manifest_file(taken.file).read_bytes()
    except FileNotFoundError:
        raise StalePlanError(
            f"{taken.public.name} has no manifest {name} beside it, so nobody knows what it is of"
        ) from None
    return decode_manifest(text, name)


def _of_file(taken: TakenPlan, manifest: Manifest) -> str:
    if digest_file(taken.file) == manifest.plan:
        return ""
    return f"{taken.public.name} was altered: its manifest describes another file"


def _of_place(manifest: Manifest, here: Circumstances) -> str:
    facts = {
        "environment": (manifest.environment, here.label),
        "target": (manifest.target, here.backend.target.name),
        "endpoint": (manifest.endpoint, here.endpoint),
        "account": (manifest.account_id, here.backend.account_id),
        "Terraform": (manifest.terraform, here.terraform_version),
    }
    for name, (then, now) in facts.items():
        if then != now:
            return f"the saved plan was made for {name} {then}, and this is {name} {now}"
    return ""


def _of_age(manifest: Manifest, limit: timedelta, now: datetime) -> str:
    age = now - manifest.created
    if age > limit:
        return f"the saved plan is {age_text(age)} old, and plan_max_age is {age_text(limit)}"
    if age < -_CLOCK_SKEW:
        made = f"{manifest.created:%Y-%m-%d %H:%M} UTC"
        return f"the saved plan was made at {made}, which is yet to come: a clock is wrong"
    return ""


def _of_inputs(taken: TakenPlan, manifest: Manifest, here: Circumstances, root: Path) -> str:
    files = digest_files(
        [here.project / folder for folder in manifest.folders],
        project=here.project,
        plan=taken.public,
        salt=manifest.salt,
        environ=here.environ,
    )
    lock_file = root / LOCK_FILE
    lock_name = os.path.relpath(lock_file, here.project)
    declared = [
        name.removeprefix(_VARIABLE) for name in manifest.variables if name.startswith(_VARIABLE)
    ]
    changed = [
        *differences(manifest.files, files),
        *differences(
            {lock_name: manifest.lock_file},
            {lock_name: digest_file(lock_file) if lock_file.is_file() else None},
        ),
        *differences(
            manifest.variables, digest_variables(declared, here.environ, salt=manifest.salt)
        ),
    ]
    return f"the saved plan is stale: its inputs changed: {_some(changed)}" if changed else ""


def _of_state(manifest: Manifest, here: Circumstances) -> str:
    found = here.stored_state()
    if found == manifest.state:
        return ""
    return (
        f"the saved plan is stale: the state moved on: it was made on {manifest.state}, "
        f"and now there is {found}"
    )


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
