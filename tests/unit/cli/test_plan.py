"""``tap plan`` on the emulator, for an environment that needs no provider."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(120)]


def test_a_plan_is_summarized_saved_and_followed_by_the_next_command(world: World) -> None:
    world.environment("planned")

    done = world.tap("plan", "planned")

    assert done.returncode == 0
    assert done.stdout == (
        "  (root)            1 to create\n"
        "    terraform_data  1 to create\n"
        "\n"
        "Plan: 1 to add, 0 to change, 0 to destroy.\n"
    )
    verdict = "check of the plan of planned: passed: nothing found; "
    assert [re.sub(r"\d+ rules$", "", line) for line in done.stderr.splitlines()[-4:]] == [
        "initialized environments/planned",
        f"planned on the embedded emulator at {world.target.endpoint}, account 123456789012",
        verdict,
        "Saved to .tap/local/plans/planned.tfplan; apply it with: tap apply planned",
    ]
    assert stat.S_IMODE(world.plan_file("planned").stat().st_mode) == 0o600


@pytest.mark.requirement("TAP-3", "STK-6")
def test_a_plan_of_a_copy_as_json_names_the_copy(world: World) -> None:
    world.environment("previewed")

    done = world.tap("plan", "previewed", "--suffix", "pr1", "--output", "json")

    document = json.loads(done.stdout)
    assert document["target"].startswith("previewed-pr1 on the embedded emulator at ")
    assert [change["address"] for change in document["changes"]] == ["terraform_data.this"]
    assert done.stderr.endswith("apply it with: tap apply previewed --suffix pr1\n")
    assert world.plan_file("previewed-pr1").is_file()


@pytest.mark.requirement("TAP-2", "TST-3")
def test_the_next_command_names_another_target(world: World) -> None:
    world.environment("elsewhere")
    assert world.target.endpoint is not None
    environ = world.tap.environ(AWS_ENDPOINT_URL=world.target.endpoint, TAP_TARGET="localstack")

    done = world.tap("plan", "elsewhere", env=environ)

    assert done.returncode == 0
    assert f"elsewhere on LocalStack at {world.target.endpoint}, account 123" in done.stderr
    assert done.stderr.endswith("apply it with: tap apply elsewhere --target localstack\n")


@pytest.mark.requirement("TAP-7")
def test_a_configuration_that_is_wrong_leaves_no_plan(world: World) -> None:
    folder = world.environment("wrong")
    (folder / "more.tf").write_text('output "more" {\n  value = var.more\n}\n', encoding="utf-8")

    done = world.tap("plan", "wrong")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: terraform plan failed:\nReference to undeclared input variable\n" in done.stderr
    assert not world.plan_file("wrong").exists()
