"""``tap check`` and ``tap rules`` as real commands, on small roots and plans."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.policy.conftest import change

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap, World

pytestmark = [pytest.mark.requirement("TAP-3"), pytest.mark.timeout(180)]

PUBLIC = {"publicly_accessible": True, "kms_key_id": "key", "storage_encrypted": True}
UNUSED = 'variable "unused" {\n  type = string\n}\n'
BROKEN = 'resource "aws_vpc" "this" {\n'


def plan_json(*changes: dict[str, Any]) -> str:
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {}},
        "resource_changes": changes,
    }
    return json.dumps(document)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that belongs to no project."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def waive(tap: Tap, rule: str, address: str, expires: str) -> None:
    """Add a waiver to the project's settings."""
    with (tap.project / "tap.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[waivers]]\nrule = "{rule}"\naddress = "{address}"\nowner = "platform"\n'
            f'reason = "a test"\nexpires = {expires}\n'
        )


def test_a_plan_is_judged_anywhere_and_a_fault_is_told_with_its_remedy(
    tap: Tap, elsewhere: Path
) -> None:
    (elsewhere / "plan.json").write_text(plan_json(change("aws_db_instance.this", PUBLIC)))

    done = tap("check", "--plan", "plan.json", "--rule", "rds-01", cwd=elsewhere)

    assert done.returncode == 3
    assert done.stdout.startswith(
        "RDS-01 critical: A database can be reached from the internet\n"
        "  aws_db_instance.this\n"
        "    publicly_accessible = true\n"
    )
    assert "  publicly_accessible = false\n" in done.stdout
    line = (
        "check of plan.json: failed: 1 finding of severity medium or above (1 critical); 1 rule\n"
    )
    assert done.stdout.endswith(line)
    assert done.stderr.startswith(f"Error: {line}Next: tap check --explain RDS-01 ")


def test_a_plan_without_a_fault_passes_from_standard_input(tap: Tap, elsewhere: Path) -> None:
    done = subprocess.run(
        [tap.program, "check", "--plan", "-", "--output", "json"],
        input=plan_json(change("terraform_data.this", {})),
        cwd=elsewhere,
        env=tap.environ(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert (document["passed"], document["subject"]) == (True, "standard input")
    assert done.stderr.startswith("check of standard input: passed: ")


def test_a_binary_plan_is_refused_with_the_command_that_makes_it_readable(
    tap: Tap, elsewhere: Path
) -> None:
    (elsewhere / "prod.tfplan").write_bytes(b"PK\x03\x04...")

    done = tap("check", "--plan", "prod.tfplan", cwd=elsewhere)

    assert (done.returncode, done.stdout) == (1, "")
    assert "terraform show -json prod.tfplan | tap check --plan -" in done.stderr


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("missing.json", 1, "cannot be read"), ("text.json", 1, "not a plan in JSON")],
)
def test_what_is_no_plan_is_refused(
    tap: Tap, elsewhere: Path, name: str, code: int, said: str
) -> None:
    (elsewhere / "text.json").write_text("resource")

    done = tap("check", "--plan", name, cwd=elsewhere)

    assert done.returncode == code
    assert f"Error: {name}: " in done.stderr
    assert said in done.stderr


def test_a_root_is_judged_without_terraform_and_a_low_fault_passes(
    tap: Tap, elsewhere: Path
) -> None:
    (elsewhere / "variables.tf").write_text(UNUSED)

    passed = tap("check", "--rule", "TF-02", cwd=elsewhere)
    failed = tap("check", str(elsewhere), "--rule", "TF-02", "--fail-on", "low")

    assert passed.returncode == 0
    assert '  var.unused  (variables.tf:1)\n    variable "unused" is never' in passed.stdout
    assert failed.returncode == 3
    assert "1 finding of severity low or above (1 low)" in failed.stderr


@pytest.mark.parametrize("options", [(), ("--rule", "SG-01"), ("--fail-on", "critical")])
def test_a_broken_file_is_told_with_its_line_and_the_others_are_judged(
    tap: Tap, elsewhere: Path, options: tuple[str, ...]
) -> None:
    (elsewhere / "broken.tf").write_text(BROKEN)
    (elsewhere / "sound.tf").write_text('output "a" {\n  value = 1\n}\n')
    (elsewhere / "inner").mkdir()
    (elsewhere / "inner" / "variables.tf").write_text(UNUSED)
    (elsewhere / "calls.tf").write_text('module "inner" {\n  source = "./inner"\n}\n')

    done = tap("check", *options, cwd=elsewhere)

    assert done.returncode == 3
    assert re.search(r"^  terraform  \(broken\.tf:\d\)$", done.stdout, re.MULTILINE)
    asked = "--rule" not in options
    assert ("module.inner.var.unused  (inner/variables.tf:1)" in done.stdout) is asked


def test_a_folder_without_hcl_is_refused(tap: Tap, elsewhere: Path) -> None:
    done = tap("check", cwd=elsewhere)

    assert (done.returncode, done.stdout) == (1, "")
    assert "holds no .tf or .tf.json file" in done.stderr


def test_without_arguments_every_environment_and_uncalled_module_is_judged_once(tap: Tap) -> None:
    for name in ("dev", "prod"):
        (tap.project / "environments" / name / "main.tf").write_text(
            'module "shared" {\n  source = "../../modules/shared"\n}\n'
        )
    for name in ("shared", "alone"):
        folder = tap.project / "modules" / name
        folder.mkdir(parents=True)
        (folder / "variables.tf").write_text(UNUSED)

    done = tap("check", "--rule", "TF-02", "--output", "json")

    document = json.loads(done.stdout)
    assert document["subject"] == "environments/dev, environments/prod, modules/alone"
    assert [(item["address"], item["file"]) for item in document["findings"]] == [
        ("module.shared.var.unused", "modules/shared/variables.tf"),
        ("var.unused", "modules/alone/variables.tf"),
    ]


def test_what_is_not_known_before_apply_is_listed_and_fails_on_request_only(
    tap: Tap, elsewhere: Path
) -> None:
    database = change("aws_db_instance.this", {}, unknown={"publicly_accessible": True})
    (elsewhere / "plan.json").write_text(plan_json(database))
    words = ("check", "--plan", "plan.json", "--rule", "RDS-01")

    passed = tap(*words, cwd=elsewhere)
    failed = tap(*words, "--fail-on-unknown", cwd=elsewhere)

    assert passed.returncode == 0
    assert passed.stdout.startswith(
        "NOT KNOWN BEFORE APPLY\n  RDS-01 critical  aws_db_instance.this: publicly_accessible is"
    )
    assert passed.stdout.endswith("passed: 1 not known before apply; 1 rule\n")
    assert failed.returncode == 3


def test_a_waiver_covers_a_finding_until_it_expires(tap: Tap) -> None:
    environment = tap.project / "environments" / "dev"
    (environment / "main.tf").write_text(UNUSED)
    plan = tap.project / "plan.json"
    plan.write_text(plan_json(change("aws_db_instance.this", PUBLIC)))
    words = ("check", str(environment), "--plan", "plan.json", "--rule", "RDS-01")

    waive(tap, "RDS-01", "aws_db_instance.*", "2999-01-01")
    covered = tap(*words)
    settings = tap.project / "tap.toml"
    settings.write_text(settings.read_text().replace("2999-01-01", "2001-01-01"))
    expired = tap(*words)

    assert covered.returncode == 0
    assert "waived until 2999-01-01 (platform: a test), tap.toml" in covered.stdout
    assert expired.returncode == 3
    assert "RDS-01 aws_db_instance.* until 2001-01-01 (platform: a test)" in expired.stdout
    assert "1 waiver expired" in expired.stderr


def test_a_waiver_that_covers_nothing_fails(tap: Tap) -> None:
    environment = tap.project / "environments" / "dev"
    (environment / "main.tf").write_text('output "a" {\n  value = 1\n}\n')
    waive(tap, "TF-02", "var.gone", "2999-01-01")

    done = tap("check", str(environment))

    assert done.returncode == 3
    assert "WAIVERS THAT COVER NOTHING\n  TF-02 var.gone until 2999-01-01" in done.stdout


def test_settings_say_which_severity_fails_and_the_variable_and_option_win(tap: Tap) -> None:
    (tap.project / "environments" / "dev" / "main.tf").write_text(UNUSED)
    with (tap.project / "tap.toml").open("a") as file:
        file.write('\n[check]\nfail_on = "low"\n')
    words = ("check", "environments/dev")

    assert tap(*words).returncode == 3
    assert tap(*words, env=tap.environ(TAP_FAIL_ON="high")).returncode == 0
    assert tap(*words, "--fail-on", "low", env=tap.environ(TAP_FAIL_ON="high")).returncode == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rule", "XX-99"), "unknown rule 'XX-99'"),
        (("--explain", "XX-99"), "unknown rule 'XX-99'"),
        (("--env", "qa"), "unknown environment 'qa'"),
        ((".", "--env", "dev"), "both a folder (.) and --env dev were given"),
        (("missing",), "'missing' does not exist"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    tap: Tap, words: tuple[str, ...], said: str
) -> None:
    done = tap("check", *words)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_rule_is_explained_and_all_are_listed(tap: Tap) -> None:
    explained = tap("check", "--explain", "rds-01")
    listed = tap("rules", "--output", "json")

    assert explained.stdout.startswith("RDS-01 critical: A database can be reached")
    assert "Wanted: No instance has a public address." in explained.stdout
    rules = {rule["id"]: rule for rule in json.loads(listed.stdout)}
    assert rules["RDS-01"]["references"][0] == "CKV_AWS_17"
    assert "RDS-01" in tap("rules").stdout


def test_a_secret_of_a_plan_is_in_no_report(tap: Tap, elsewhere: Path) -> None:
    database = change(
        "aws_db_instance.this",
        {**PUBLIC, "username": "correct-horse-battery", "identifier": "correct-horse-battery-1"},
        secret={"username": True},
    )
    database["address"] = 'aws_db_instance.this["correct-horse-battery"]'
    (elsewhere / "plan.json").write_text(plan_json(database))

    for form in ("text", "json", "junit", "sarif", "markdown", "html"):
        done = tap("check", "--plan", "plan.json", "--output", form, cwd=elsewhere)
        assert "publicly_accessible = true" in done.stdout
        assert "correct-horse-battery" not in done.stdout + done.stderr


# Nothing is wrong with it but the variable.
FAULTY = """
terraform {
  required_version = ">= 1.11"

  backend "s3" {
    encrypt = true
  }
}

variable "name_suffix" {
  description = "Suffix of a copy."
  type        = string
  nullable    = false
}

variable "target" {
  description = "Where it is applied."
  type        = string
  nullable    = false
}

variable "unread" {
  description = "What nobody reads."
  type        = string
  default     = ""
  nullable    = false
}

resource "terraform_data" "this" {
  input = "from ${var.target}${var.name_suffix}"
}
"""


@pytest.mark.requirement("TAP-5")
def test_plan_tells_the_verdict_and_apply_refuses_before_anything_is_changed(world: World) -> None:
    folder = world.environment("faulty", FAULTY)
    strict = world.tap.environ(TAP_FAIL_ON="low")
    verdict = "check of the plan of faulty: failed: 1 finding of severity low or above (1 low)"

    planned = world.tap("plan", "faulty", "--output", "json", env=strict)
    refused = world.tap("apply", "faulty", env=strict)
    checked = world.tap("check", "--env", "faulty", env=strict)

    assert planned.returncode == 0
    assert json.loads(planned.stdout)["check"]["passed"] is False
    assert verdict in planned.stderr
    assert "  TF-02 low  var.unread (environments/faulty/main.tf:" in planned.stderr
    assert refused.returncode == 3
    assert "Next: tap check --env faulty says why" in refused.stderr
    assert world.plan_file("faulty").is_file(), "the refused plan is gone"
    assert world.tap("output", "faulty").stdout == "\n"
    assert checked.returncode == 3
    assert verdict in checked.stdout

    # The file is an input of the plan, so a waiver in it needs a new one.
    reason = '# tap:waive TF-02 owner=us expires=2999-01-01 reason="for later"\n'
    main = folder / "main.tf"
    main.write_text(main.read_text().replace('variable "unread"', f'{reason}variable "unread"'))
    again = world.tap("plan", "faulty", "--output", "html", env=strict)
    applied = world.tap("apply", "faulty", env=strict)
    destroyed = world.tap("destroy", "faulty", env=strict)

    assert "<title>Plan of faulty</title>" in again.stdout
    assert "<strong>Check of the plan of faulty: passed: 1 waived; " in again.stdout
    assert applied.returncode == 0, applied.stderr
    assert destroyed.returncode == 0


def test_without_a_saved_plan_the_files_are_judged_and_the_next_command_is_named(
    world: World,
) -> None:
    world.environment("unplanned")

    done = world.tap("check", "--env", "unplanned", "--suffix", "pr1")

    assert done.returncode == 0
    assert "make one: tap plan unplanned --suffix pr1" in done.stderr
    assert done.stdout.startswith("check of environments/unplanned: passed: nothing found")
