"""Secrets are planted wherever a user may have some; nothing that ``tap`` writes shows one."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Ended
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(300)]

# None of them is real. The parts keep scanners of sources from taking them for real ones.
SECRETS = {
    "environment": "wJalrXUtnFEMI/K7MDENG/bPx" + "RfiCYEXAMPLEKEY",
    "session": "FwoGZXIvYXdzEBYaDHqa0AP" + "1vL9n7bQ3SessionTokenOfATest",
    "variable": "tuesday evening rain",
    "variable file": "wednesday-morning-fog",
    "default": "thursday&<noon>'sun'",
    "object": "friday-night-frost",
    "output": "saturday-snow",
    "access key": "AKIA" + "Z7VRSQ5TJN2XMPLE",
    "github": "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
    "slack": "xoxb-" + "123456789012-abcdefghijklmnop",
    "token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJwcm9iZSJ9." + "c2lnbmF0dXJlLW9mLWEtdGVzdA",
    "address": "hunter2-of-the-database",
    "named": "s3cr3t-by-name",
    "random": "zX8qLw3VtR6yBn1MkP5s" + "HdGf2JcU9aQe",
    "key": "MIIEpAIBAAKCAQEA7bq2" + "Yw3vCk1N0xTzFQmW",
}

READABLE = {
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/"
    "0b1d4c5e-9f7a-4f0c-8a55-3d1f2e6b7c80",
    "source_code_hash": "3GMZH0VnX5uFvHd0uwf0K3sH8mL3pVw0z5kZ0mJx9Xo=",
    "zone_id": "Z0123456ABCDEFGHIJKLM",
    "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-dev/database-AbC1d2",
}

# Saved plans, and what was read of .tf files, where a secret may be the default of a variable.
_KEPT = {".tfplan", ".shown", ".msgpack"}

PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n"

MAIN = f"""
variable "password" {{
  type      = string
  sensitive = true
}}

variable "filed" {{
  type      = string
  sensitive = true
}}

variable "preset" {{
  type      = string
  sensitive = true
  default   = "{SECRETS["default"]}"
}}

variable "login" {{
  type      = object({{ name = string, word = string }})
  sensitive = true
}}

variable "fail" {{
  type    = string
  default = ""
}}

locals {{
  open = nonsensitive(var.password)
  user_data = <<-EOT
    #!/bin/sh
    export DB_PASSWORD={SECRETS["named"]}
    mysql mysql://app:{SECRETS["address"]}@db.example.com/payments
    curl -H "Authorization: Bearer {SECRETS["token"]}" https://example.com
    start {SECRETS["environment"]} {SECRETS["session"]}
    echo ${{local.open}} ${{nonsensitive(var.filed)}} ${{nonsensitive(var.login.word)}}
  EOT
}}

resource "terraform_data" "machine" {{
  input            = local.user_data
  triggers_replace = [nonsensitive(var.preset)]

  lifecycle {{
    precondition {{
      condition     = var.fail != "plan"
      error_message = "Refused: ${{local.user_data}} ${{nonsensitive(var.preset)}}"
    }}
  }}
}}

resource "terraform_data" "step" {{
  for_each = var.fail == "apply" ? toset(["{SECRETS["access key"]}"]) : []

  provisioner "local-exec" {{
    command = "echo ${{local.open}} {SECRETS["github"]} ${{nonsensitive(var.preset)}} >&2; exit 3"
  }}
}}

output "user_data" {{
  value = local.user_data
}}

output "encoded" {{
  value = base64encode(local.open)
}}

output "hidden" {{
  value     = "{SECRETS["output"]}"
  sensitive = true
}}

output "credentials" {{
  value = {{
    access_key_id = "{SECRETS["access key"]}"
    api_token     = "{SECRETS["random"]}"
    hook          = "{SECRETS["slack"]}"
    repository    = "{SECRETS["github"]}"
    key           = {json.dumps(PEM.format(SECRETS["key"]))}
  }}
}}

output "readable" {{
  value = {json.dumps(READABLE)}
}}
"""

PROVIDED = f"""
variable "password" {{
  type      = string
  sensitive = true
}}

resource "aws_sns_topic" "this" {{
  name = "not a name: ${{nonsensitive(var.password)}} {SECRETS["access key"]}"
}}
"""


@dataclass(frozen=True)
class Run:
    """Everything that a series of commands wrote.

    Attributes:
        ended: The commands by what they show.
        files: Every file that is left, but those that are documented to hold secrets.
        kept: Those that are.
    """

    ended: dict[str, Ended]
    files: dict[Path, bytes]
    kept: list[Path]


@pytest.fixture(scope="module")
def run(stage: Stage) -> Run:
    project = stage.project
    project.variables.update(
        AWS_SECRET_ACCESS_KEY=SECRETS["environment"],
        AWS_SESSION_TOKEN=SECRETS["session"],
        TF_VAR_password=SECRETS["variable"],
        TF_VAR_login=json.dumps({"name": "app", "word": SECRETS["object"]}),
        TAP_DEBUG="1",
    )
    folder = stage.environment("secrets", MAIN)
    (folder / "own.auto.tfvars").write_text(f'filed = "{SECRETS["variable file"]}"\n')
    stage.environment("provided", PROVIDED, provider=True)
    ended = {
        "plan": project.run("plan", "secrets"),
        "plan as JSON": project.run("plan", "secrets", "--output", "json"),
        "apply": project.run("apply", "secrets"),
        "output": project.run("output", "secrets"),
        "output as JSON": project.run("output", "secrets", "--output", "json"),
        "refused plan": project.run("plan", "secrets", expected=1, TF_VAR_fail="plan"),
        "failed apply": project.run("apply", "secrets", expected=1, TF_VAR_fail="apply"),
        "provider error": project.run("plan", "provided", expected=1),
        "drift": project.run("drift", "secrets", "--output", "json"),
        "validate": project.run("validate", "secrets", expected=None),
        "wrong option": project.run("plan", f"--{SECRETS['access key']}", expected=2),
        "wrong name": project.run("plan", SECRETS["github"], expected=2),
        "saved plan": project.run("plan", "secrets", TF_VAR_fail="apply"),
    }
    (folder / "broken.tf").write_text(f'output "broken" {{ value = "{SECRETS["github"]}" "" }}\n')
    ended["broken file"] = project.run("plan", "secrets", expected=1)
    (folder / "broken.tf").unlink()
    ended["destroy"] = project.run("destroy", "secrets")
    files = list(written(project.directory))
    kept = [f for f in files if f.suffix in _KEPT or "state-backups" in f.parts]
    return Run(ended, {file: file.read_bytes() for file in files if file not in kept}, kept)


def written(directory: Path) -> Iterator[Path]:
    """Yield every file below ``.tap`` and of the emulator.

    Not the provider's own, and not the copies of the user's sources that validate reads; files of
    values are not among those.
    """
    for folder in (".tap", "emulator"):
        for file in sorted((directory / folder).rglob("*")):
            copied = "validate" in file.parts and ".tfvars" not in file.name
            if file.is_file() and "providers" not in file.parts and not copied:
                yield file


def forms(secret: str) -> set[bytes]:
    """Return how a secret may be written."""
    whole = json.dumps(secret)[1:-1]
    texts = {secret, whole, whole.replace("<", "\\u003c").replace(">", "\\u003e")}
    texts.add(base64.b64encode(secret.encode()).decode())
    return {text.encode() for text in texts}


@pytest.mark.parametrize("place", SECRETS)
def test_no_byte_that_tap_wrote_shows_a_secret(run: Run, place: str) -> None:
    for form in forms(SECRETS[place]):
        for shows, ended in run.ended.items():
            assert form not in (ended.stdout + ended.stderr).encode(), (shows, ended.text)
        for file, content in run.files.items():
            assert form not in content, file


def test_the_secrets_were_really_on_their_way(run: Run) -> None:
    """What is hidden leaves a mark, so that the test above is not about nothing."""
    text = {shows: f"{ended.stdout}{ended.stderr}" for shows, ended in run.ended.items()}

    for shows in ("output", "refused plan", "failed apply", "provider error"):
        assert "(redacted)" in text[shows], run.ended[shows].text
    assert "exit status 3" in text["failed apply"]
    assert "Refused: #!/bin/sh" in text["refused plan"]
    assert "not a name: (redacted) (redacted)" in text["provider error"]
    assert "No such option '--(redacted)'" in text["wrong option"]
    assert "unknown environment '(redacted)'" in text["wrong name"]


def test_data_stay_json_and_marks_stand_in_place_of_the_secrets(run: Run) -> None:
    outputs = json.loads(run.ended["output as JSON"].stdout)

    assert outputs["hidden"] == "(sensitive)"
    assert outputs["encoded"] == "(redacted)"
    assert set(outputs["credentials"].values()) <= {"(redacted)", "(redacted)\n"}
    assert json.loads(run.ended["plan as JSON"].stdout)["line"].startswith("Plan: ")
    assert json.loads(run.ended["drift"].stdout)["drift"] is False


def test_what_names_something_stays_readable(run: Run) -> None:
    assert json.loads(run.ended["output as JSON"].stdout)["readable"] == READABLE


def test_the_files_that_must_hold_secrets_belong_to_their_owner_alone(run: Run) -> None:
    assert {file.suffix for file in run.kept} == {*_KEPT, ".tfstate"}
    for file in run.kept:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
