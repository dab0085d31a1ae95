"""An apply through warm providers, for whoever asks for it, does what a plain one does."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.stage import BUCKET
from tests.integration.warm.conftest import TERRAFORM, provider_processes, wait_until

if TYPE_CHECKING:
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(300)]

OBJECTS = """
provider "aws" {
  alias  = "west"
  region = "eu-west-2"
}

resource "aws_ssm_parameter" "near" {
  name           = "/NAME/near"
  type           = "String"
  insecure_value = "value"
}

resource "aws_ssm_parameter" "far" {
  provider       = aws.west
  name           = "/NAME/far"
  type           = "String"
  insecure_value = aws_ssm_parameter.near.arn
}
"""

TOPIC = """
resource "aws_sns_topic" "this" {
  name = "NAME"
}
"""

GATED = """
resource "aws_ssm_parameter" "first" {
  name           = "/gated/first"
  type           = "String"
  insecure_value = "value"
}

resource "terraform_data" "gate" {
  triggers_replace = aws_ssm_parameter.first.arn

  provisioner "local-exec" {
    command = "touch reached; for _ in $(seq 600); do test -e open && exit 0; sleep 0.05; done"
  }
}

resource "aws_ssm_parameter" "last" {
  name           = "/gated/last"
  type           = "String"
  insecure_value = terraform_data.gate.id
}
"""


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Terraform that notes each command, and whether it was given providers."""
    file = tmp_path_factory.mktemp("witness") / "terraform"
    file.write_text(
        '#!/bin/sh\necho "$1${TF_REATTACH_PROVIDERS:+ warm}" >> "$0.calls"\n'
        f'exec {TERRAFORM} "$@"\n'
    )
    file.chmod(0o755)
    return file


def applied(stage: Stage, name: str, witness: Path, **variables: Any) -> list[str]:
    """Apply an environment and return how Terraform was called for the apply."""
    calls = Path(f"{witness}.calls")
    calls.unlink(missing_ok=True)
    stage.project.run("apply", name, TAP_TERRAFORM=str(witness), **variables)
    return [call for call in calls.read_text().splitlines() if call.startswith("apply")]


def state(stage: Stage, name: str) -> dict[str, Any]:
    """Return what the state of an environment holds of each resource that is there."""
    kept = stage.client("s3").get_object(Bucket=BUCKET, Key=f"{name}/terraform.tfstate")
    resources = json.loads(kept["Body"].read().decode().replace(name, "NAME"))["resources"]
    return {
        f"{each['type']}.{each['name']}": [instance["attributes"] for instance in each["instances"]]
        for each in resources
        if each["instances"]
    }


def test_who_asks_for_it_gets_the_same_state_and_nothing_is_left_to_do(
    stage: Stage, witness: Path
) -> None:
    for name in ("plainly", "warmly"):
        stage.environment(name, (OBJECTS + TOPIC).replace("NAME", name), provider=True)
    assert applied(stage, "plainly", witness, TAP_WARM_APPLY="0") == ["apply"]
    assert applied(stage, "warmly", witness, TAP_WARM_APPLY="1") == ["apply warm"]
    assert state(stage, "warmly") == state(stage, "plainly")
    assert "eu-west-2" in state(stage, "warmly")["aws_ssm_parameter.far"][0]["arn"]
    assert "No changes" in stage.project.run("plan", "warmly").stdout


def test_what_no_file_names_any_more_is_destroyed(stage: Stage, witness: Path) -> None:
    folder = stage.environment("orphan", (OBJECTS + TOPIC).replace("NAME", "orphan"), provider=True)
    applied(stage, "orphan", witness)
    main = folder / "main.tf"
    main.write_text(main.read_text().replace(TOPIC.replace("NAME", "orphan"), ""))
    assert applied(stage, "orphan", witness, TAP_WARM_APPLY="1") == ["apply warm"]
    assert sorted(state(stage, "orphan")) == ["aws_ssm_parameter.far", "aws_ssm_parameter.near"]
    assert "orphan" not in str(stage.client("sns").list_topics()["Topics"])


@pytest.mark.requirement("TAP-6")
def test_an_apply_whose_tap_is_killed_keeps_what_it_made_and_is_finished_by_the_next(
    stage: Stage, sockets: Path
) -> None:
    folder = stage.environment("gated", GATED, provider=True)
    killed = stage.project.start("apply", "gated", TAP_WARM_APPLY="1", TMPDIR=str(sockets))
    with killed:
        wait_until("the first resource", (folder / "reached").is_file)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        wait_until("the end of the providers", lambda: not provider_processes(sockets))
        (folder / "open").touch()
        wait_until("the end of Terraform", lambda: not stage.locks("gated"))
        killed.communicate()
    assert sorted(state(stage, "gated")) == ["aws_ssm_parameter.first", "terraform_data.gate"]
    stage.project.run("apply", "gated", TAP_WARM_APPLY="1", TMPDIR=str(sockets))
    assert "aws_ssm_parameter.last" in state(stage, "gated")
