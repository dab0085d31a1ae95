"""On what the judgement of a plan depends, so that it is made again when that changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap.aws import Target
from tap.cli.reviewing import basis, still_holds
from tap.policy import Planned, Severity, Sources, Subject, all_rules, examine
from tap.settings import CheckSettings, load_settings
from tap.terraform.backend import Backend
from tap.terraform.inputs import digest_file
from tap.terraform.review import Review, Said
from tap.terraform.root import Root
from tap.workspace import Request, Workspace
from tests.unit.plan.test_risk import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1", "TAP-4")

DAY = date(2026, 1, 31)


@pytest.fixture
def workspace(project: Path) -> Workspace:
    """Prod, as far as a judgement looks at it."""
    settings = load_settings(project, {})
    target = Target(name="aws", endpoint=None, region="eu-west-1")
    environment = settings.environment("prod")
    return Workspace(
        request=Request(settings=settings, environment=environment, target="aws", environ={}),
        target=target,
        account_id="333333333333",
        root=Root(
            directory=environment.directory,
            data_directory=project / "data",
            terraform=project / "terraform",
            environ={},
        ),
        backend=Backend(settings=settings, target=target, account_id="333333333333"),
    )


def write(name: str) -> Callable[[Workspace], Workspace]:
    def change(workspace: Workspace) -> Workspace:
        file = workspace.request.settings.root / "environments" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("# changed\n")
        return workspace

    return change


def set_limit(workspace: Workspace) -> Workspace:
    settings = replace(workspace.request.settings, check=CheckSettings(fail_on="critical"))
    return replace(workspace, request=replace(workspace.request, settings=settings))


def copy(workspace: Workspace) -> Workspace:
    return replace(workspace, request=replace(workspace.request, suffix="pr1"))


CHANGES = {
    "the root": write("prod/main.tf"),
    "another environment": write("staging/main.tf"),
    "a new environment": write("new/main.tf"),
    "the intents": write("_stack/intents.txt"),
    "the limit": set_limit,
    "another copy": copy,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_judgement_depends_on_is_part_of_its_basis(workspace: Workspace, name: str) -> None:
    before = basis(workspace, "salt", DAY)

    assert basis(CHANGES[name](workspace), "salt", DAY) != before


def test_on_the_next_day_a_waiver_may_have_ended(workspace: Workspace) -> None:
    assert basis(workspace, "salt", DAY) == basis(workspace, "salt", DAY)
    assert basis(workspace, "salt", DAY) != basis(workspace, "salt", date(2026, 2, 1))


def test_files_that_rules_looked_at_or_looked_for_must_be_as_they_were(
    workspace: Workspace, tmp_path: Path
) -> None:
    package, later = tmp_path / "package.zip", tmp_path / "later.zip"
    package.write_text("package")
    today = datetime.now(UTC).date()
    review = Review(
        plan="",
        shown=msgspec.Raw(b"{}"),
        salt="salt",
        basis=basis(workspace, "salt", today),
        read={str(package): digest_file(package), str(later): None},
        rules=Said(lines=(), against=0),
        proofs=None,
    )

    assert still_holds(review, workspace)
    later.write_text("built")
    assert not still_holds(review, workspace)
    later.unlink()
    package.write_text("another")
    assert not still_holds(review, workspace)


def test_a_judgement_tells_which_package_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("locals {}\n")
    sources = Sources(tmp_path, base=tmp_path)
    function = {
        "address": "aws_lambda_function.x",
        "type": "aws_lambda_function",
        "change": {
            "actions": ["create"],
            "after": {"filename": "built/f.zip", "runtime": "python3.12"},
        },
    }
    planned = Planned(plan_of(function), sources=sources)

    judgement = examine(
        [Subject(name="it", plan=planned, sources=sources)],
        all_rules(),
        waivers=(),
        known={rule.id for rule in all_rules()},
        fail_on=Severity.LOW,
        today=DAY,
    )

    assert judgement.read == {tmp_path / "built" / "f.zip"}
