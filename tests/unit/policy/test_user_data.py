"""Secrets in user data that only the HCL tells, and what nobody can read."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tap.plan import Plan
from tap.policy import Planned, Sources, UnknownValueError
from tap.policy.user_data import decoded, secrets_in
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-3", "SEC-1")

TEMPLATE = "aws_launch_template.this"
DATABASE = "aws_db_instance.main"
QUEUE = "aws_sqs_queue.this"
PLAIN = "#!/bin/sh\nDB_PASSWORD=hunter2\n"


def secrets(
    folder: Path, user_data: str | None, known: str | None = None
) -> tuple[list[str], bool]:
    """Return the secrets, and whether that is all; user data is HCL, or known to the plan."""
    argument = "" if user_data is None else f"user_data = {user_data}"
    (folder / "main.tf").write_text(
        f"""
resource "aws_launch_template" "this" {{
  {argument}
}}
resource "aws_db_instance" "main" {{
  password = random_password.main.result
}}
resource "aws_sqs_queue" "this" {{}}
"""
    )
    later = {"id": True, "password": True, "url": True}
    hidden = change(TEMPLATE, unknown={"user_data": True})
    changes = [
        hidden if known is None else change(TEMPLATE, {"user_data": known}),
        change(DATABASE, unknown=later),
        change(QUEUE, unknown=later),
    ]
    text = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {"resources": [block(TEMPLATE), block(DATABASE)]}},
        "resource_changes": changes,
    }
    plan = Planned(Plan.decode(json.dumps(text).encode()), sources=Sources(folder, base=folder))
    found: list[str] = []
    try:
        found.extend(secrets_in(plan.by_address[TEMPLATE], "user_data"))
    except UnknownValueError:
        return found, False
    return found, True


def test_text_is_taken_out_of_base64_and_of_gzip() -> None:
    packed = gzip.compress(PLAIN.encode())

    assert decoded(base64.b64encode(PLAIN.encode()).decode()) == PLAIN
    assert decoded(base64.b64encode(packed).decode()) == PLAIN
    assert decoded(PLAIN) == PLAIN
    # What only begins like gzip is left as it is.
    broken = base64.b64encode(packed[:2] + b"nothing").decode()
    assert decoded(broken) == broken


def test_a_secret_in_packed_user_data_is_found(tmp_path: Path) -> None:
    packed = base64.b64encode(gzip.compress(PLAIN.encode())).decode()

    assert secrets(tmp_path, None, packed) == (["DB_PASSWORD"], True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SECRET=arn:aws:secretsmanager:eu-west-1:123456789012:secret:app", []),
        ('{"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"}', []),
        ("SECRET=arn-of-nothing", ["SECRET"]),
    ],
)
def test_where_a_secret_is_kept_is_none_itself(tmp_path: Path, text: str, found: list[str]) -> None:
    assert secrets(tmp_path, None, text) == (found, True)


def test_user_data_that_stands_nowhere_is_not_known(tmp_path: Path) -> None:
    assert secrets(tmp_path, None) == ([], False)


@pytest.mark.parametrize(
    ("user_data", "found"),
    [
        ('base64encode("URL=${aws_sqs_queue.this.url}")', ([], True)),
        ('base64encode("DB_PASSWORD=hunter2 ${aws_sqs_queue.this.url}")', (["DB_PASSWORD"], True)),
        ('jsonencode({ q = aws_sqs_queue.this.url, token_secret = "hunter2" })',
         (["token_secret"], True)),
        ('jsonencode({ q = aws_sqs_queue.this.url, keys = ["AKIAABCDEFGHIJKLMNOP"] })',
         (["an access key"], True)),
        ('jsonencode({ q = aws_sqs_queue.this.url, secret = "arn:aws:x:::y" })', ([], True)),
        # What is between directives counts, and what ends them says nothing.
        ('base64encode("%{ if true }DB_PASSWORD=hunter2%{ endif }${aws_sqs_queue.this.url}")',
         (["DB_PASSWORD"], True)),
        # A value that comes later under the name of a secret may be one.
        ('base64encode("API_KEY=${aws_sqs_queue.this.url}")', ([], False)),
        ("base64encode(strrev(aws_sqs_queue.this.url))", ([], False)),
    ],
)  # fmt: skip
def test_what_is_written_is_read_where_the_plan_is_silent(
    tmp_path: Path, user_data: str, found: tuple[list[str], bool]
) -> None:
    assert secrets(tmp_path, user_data) == found


def test_the_password_of_a_database_is_a_secret_by_where_it_comes_from(tmp_path: Path) -> None:
    user_data = "base64encode(strrev(aws_db_instance.main.password))"

    assert secrets(tmp_path, user_data) == (["aws_db_instance.main.password"], True)


def test_a_template_is_read_out_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "start.sh").write_text("SECRET_KEY='hunter2'\n${url}\n")
    called = 'templatefile("${path.module}/%s", { url = aws_sqs_queue.this.url })'

    assert secrets(tmp_path, called % "start.sh") == (["SECRET_KEY"], True)
    assert secrets(tmp_path, called % "missing.sh") == ([], False)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert secrets(tmp_path, called % "binary") == ([], False)
