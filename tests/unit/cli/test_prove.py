"""``tap prove`` as a real command, on small plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.policy.conftest import change

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap, World

pytestmark = [pytest.mark.requirement("TST-2", "TAP-3"), pytest.mark.timeout(180)]

EMPTY = "name app is application\n# nobody\n"


def plan_json(*changes: dict[str, Any]) -> str:
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {}},
        "resource_changes": changes,
    }
    return json.dumps(document)


@pytest.fixture
def plan(tap: Tap) -> Path:
    """A plan of an environment with a database that anybody reaches."""
    (tap.project / "environments" / "dev" / "main.tf").write_text("")
    changes = [
        change("aws_vpc.this", {"id": "vpc-1", "cidr_block": "10.0.0.0/16"}),
        change(
            "aws_subnet.this",
            {"id": "subnet-1", "vpc_id": "vpc-1", "cidr_block": "10.0.0.0/24",
             "tags": {"Tier": "data"}},
        ),
    ]  # fmt: skip
    file = tap.project / "plan.json"
    file.write_text(plan_json(*changes))
    return file


def intents(tap: Tap, text: str) -> None:
    folder = tap.project / "environments" / "_stack"
    folder.mkdir(exist_ok=True)
    (folder / "intents.txt").write_text(text)


def test_intents_that_hold_end_with_0_and_those_that_do_not_with_3(tap: Tap, plan: Path) -> None:
    intents(tap, "deny internet -> data:*\nmay data -> data:*\n")
    holds = tap("prove", "dev", "--plan", str(plan))
    assert (holds.returncode, holds.stderr) == (0, "")
    assert holds.stdout.startswith("proved   deny internet -> data:*\n")

    intents(tap, "allow internet -> data:443\n")
    broken = tap("prove", "dev", "--plan", str(plan))
    assert broken.returncode == 3
    assert "refuted: allow internet -> data:443 (environments/_stack/intents.txt:1)" in (
        broken.stdout
    )
    assert "unexpected: data -> data: all" in broken.stdout
    assert broken.stderr.startswith("Error: intents of the plan of dev do not hold: 1 refuted")


def test_one_question_is_answered_without_intents(tap: Tap, plan: Path) -> None:
    done = tap(
        "prove", "dev", "--plan", str(plan), "--from", "internet", "--to", "data", "--port", "443"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no: internet -> data: tcp/443\n")


@pytest.mark.parametrize(
    ("words", "said", "next_"),
    [
        (["dev"], "there is no saved plan of dev", "tap plan dev"),
        (["dev", "--plan", "x", "--live"], "both --plan and --live were given", "leave one"),
        (["dev", "--from", "a"], "--from, --to and --port belong together", "--port 3306"),
        (["dev", "--plan", "none.json"], "none.json: cannot be read", "check the path"),
        (["test", "--plan", "x"], "unknown environment 'test'", "dev"),
    ],
)
def test_what_cannot_be_asked_is_one_error_with_the_next_step(
    tap: Tap, words: list[str], said: str, next_: str
) -> None:
    intents(tap, EMPTY)
    done = tap("prove", *words)

    assert done.returncode in {1, 2}
    assert done.stderr.startswith(f"Error: {said}"), done.stderr
    assert next_ in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_without_intents_says_so(tap: Tap, plan: Path) -> None:
    done = tap("prove", "dev", "--plan", str(plan))
    assert done.returncode == 2
    assert "dev has no intents: there is no environments/_stack/intents.txt" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "x", "--to", "data", "--port", "443"], "nothing in the network is called 'x'"),
        (["--from", "data", "--to", "data", "--port", "ssh"], "--port 'ssh': "),
    ],
)
def test_a_question_about_nothing_is_refused(
    tap: Tap, plan: Path, words: list[str], said: str
) -> None:
    done = tap("prove", "dev", "--plan", str(plan), *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {said}")


def test_a_fault_in_the_file_of_intents_names_its_line(tap: Tap, plan: Path) -> None:
    intents(tap, "deny internet -> data:*\nallow a b\n")
    done = tap("prove", "dev", "--plan", str(plan))
    assert done.returncode == 2
    assert done.stderr.startswith(
        "Error: environments/_stack/intents.txt:2: not an intent: 'allow a b'\nNext: "
    )


def test_json_markdown_and_html_keep_the_verdict_apart(tap: Tap, plan: Path) -> None:
    intents(tap, "may data -> data:*\n")
    found = tap("prove", "dev", "--plan", str(plan), "--output", "json")
    assert json.loads(found.stdout)["holds"] is True
    assert found.stderr == "intents of the plan of dev hold: there are none\n"
    shown = tap("prove", "dev", "--plan", str(plan), "--output", "markdown")
    assert shown.stdout.startswith("**intents of the plan of dev hold")
    page = tap("prove", "dev", "--plan", str(plan), "--output", "html")
    assert page.stdout.startswith("<!doctype html>")
    assert "<strong>intents of the plan of dev hold" in page.stdout


@pytest.mark.requirement("TAP-5")
def test_plan_tells_what_is_not_proved_and_apply_refuses_it(world: World, stack: Path) -> None:
    world.environment("asked")
    stack.write_text("[asked]\ndeny internet -> data:*\n")
    verdict = "intents of the plan of asked do not hold: 1 unknown\n"

    planned = world.tap("plan", "asked")
    refused = world.tap("apply", "asked")

    assert planned.returncode == 0, planned.stderr
    assert planned.stderr.index("check of the plan of asked: ") < planned.stderr.index(verdict)
    assert "unknown: deny internet -> data:* (environments/_stack/intents.txt:2)" in planned.stderr
    assert refused.returncode == 3
    assert verdict in refused.stderr
    assert "breaks what is meant to hold; nothing was changed\nNext: tap prove asked" in (
        refused.stderr
    )
    assert world.plan_file("asked").is_file(), "the refused plan is gone"
    assert world.tap("output", "asked").stdout == "\n"

    stack.write_text("[asked]\nname data is nothing\n")
    assert world.tap("apply", "asked").returncode == 0
    assert world.tap("destroy", "asked").returncode == 0
