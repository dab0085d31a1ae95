"""The environment of a run: each step is taken once, whoever asks, and every failure is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.testing.deployment import Deployment, applied_in
from tap.testing.project import Ended, Project
from tap.testing.run import Run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-1")

FINE = Ended(("make",), 0, "", "")


def plan_json(*addresses: str) -> bytes:
    changes = [
        {
            "address": address,
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "change": {"actions": ["create"], "after": {}},
        }
        for address in addresses
    ]
    plan: dict[str, Any] = {"format_version": "1.2", "planned_values": {}, "configuration": {}}
    return json.dumps({**plan, "resource_changes": changes}).encode()


def take(run: Run, step: str, label: str = "dev", **ended: Ended) -> Path:
    """Leave what a worker leaves that has taken a step, and return the folder."""
    folder = run.made() / "deployments" / label
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{step}.json").write_bytes(msgspec.json.encode(ended))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def deployment(tmp_path: Path, run: Run) -> Deployment:
    project = tmp_path / "project"
    project.mkdir()
    return Deployment(
        name="dev",
        project=Project(project),
        shared=run,
        plan_command="echo planned {name} once >> steps; echo 'no such module' >&2; exit 3",
        apply_command="echo applied {name} $TAP_SUFFIX >> steps; echo 'no quota' >&2; exit 4",
    )


@pytest.fixture
def planned(deployment: Deployment, run: Run) -> Deployment:
    folder = take(run, "planned", planned=FINE)
    (folder / "plan.json").write_bytes(plan_json("aws_vpc.this"))
    return deployment


def steps(deployment: Deployment) -> list[str]:
    return (deployment.project.directory / "steps").read_text().splitlines()


def test_a_plan_that_fails_is_made_once_and_fails_every_test(deployment: Deployment) -> None:
    for worker in (deployment, replace(deployment)):
        assert (worker.planned.returncode, worker.planned.stderr) == (3, "no such module\n")
        with pytest.raises(pytest.fail.Exception, match="no such module"):
            worker.plan  # noqa: B018 - worked out now
        with pytest.raises(pytest.fail.Exception, match="no such module"):
            worker.require()

    assert steps(deployment) == ["planned dev once"]
    assert (deployment.shared.folder / "progress").read_text() == "dev: planning\n"
    assert applied_in(deployment.shared) == []


def test_a_plan_is_read_from_the_worker_that_has_made_it(planned: Deployment) -> None:
    assert [change.address for change in planned.plan.resource_changes] == ["aws_vpc.this"]
    assert planned.plan_json == plan_json("aws_vpc.this")


def test_an_environment_that_nothing_is_planned_for_is_not_applied(
    planned: Deployment, run: Run
) -> None:
    (run.folder / "deployments" / "dev" / "plan.json").write_bytes(plan_json())

    with pytest.raises(pytest.fail.Exception, match="the plan of dev changes nothing"):
        planned.require_whole()

    assert applied_in(run) == []


def test_an_apply_that_fails_is_made_once_and_has_to_be_destroyed(
    planned: Deployment, run: Run
) -> None:
    folder = take(run, "planned", "dev-pr42", planned=FINE)
    (folder / "plan.json").write_bytes(plan_json("aws_vpc.this"))
    copy = replace(planned, suffix="pr42")

    for worker in (planned, replace(planned), copy):
        with pytest.raises(pytest.fail.Exception, match="no quota"):
            worker.require()

    assert steps(planned) == ["applied dev", "applied dev pr42"]
    assert applied_in(run) == [("dev", ""), ("dev", "pr42")]
    assert (run.folder / "progress").read_text().splitlines() == [
        "dev: applying",
        "dev: apply failed",
        "dev-pr42: applying",
        "dev-pr42: apply failed",
    ]


def test_what_is_planned_right_after_the_apply_is_kept(planned: Deployment, run: Run) -> None:
    again = replace(FINE, stdout="No changes.\n")
    folder = take(run, "applied", applied=FINE, again=again)

    assert planned.apply == FINE
    assert planned.again == again
    assert planned.plan_again is None

    (folder / "again.json").write_bytes(plan_json("aws_vpc.other"))

    found = planned.plan_again
    assert found
    assert [change.address for change in found.resource_changes] == ["aws_vpc.other"]


def test_a_copy_has_a_plan_file_of_its_own_on_each_target(deployment: Deployment) -> None:
    folder = deployment.project.directory
    on_aws = replace(deployment, project=Project(folder, {"TAP_TARGET": "aws"}))

    assert deployment.plan_file("dev-x") == folder / ".tap/local/plans/dev-x.tfplan"
    assert on_aws.plan_file("dev") == folder / ".tap/aws/plans/dev.tfplan"


def test_who_asks_the_embedded_emulator_is_skipped_without_it(deployment: Deployment) -> None:
    folder = deployment.project.directory
    elsewhere = replace(deployment, project=Project(folder, {"TAP_TARGET": "localstack"}))

    with pytest.raises(pytest.skip.Exception, match="asks the embedded emulator"):
        elsewhere.emulator  # noqa: B018 - worked out now


def test_clients_talk_to_what_it_was_applied_to(planned: Deployment, run: Run) -> None:
    take(run, "applied", applied=FINE, again=FINE)
    folder, endpoint = planned.project.directory, "http://127.0.0.1:4999"
    (folder / "tap.toml").write_text('project = "shop"\n')
    variables = {"TAP_TARGET": "localstack", "AWS_ENDPOINT_URL": endpoint}
    elsewhere = replace(planned, project=Project(folder, variables))

    assert (elsewhere.target.name, elsewhere.target.endpoint) == ("localstack", endpoint)
    client = elsewhere.client("sqs", "eu-central-1")
    assert (client.meta.endpoint_url, client.meta.region_name) == (endpoint, "eu-central-1")
