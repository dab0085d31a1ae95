"""Bad input, given to the real commands: one message, a hint, a documented exit code."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.errors import TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.terraform.root import Root
    from tap.testing.project import Ended, Project

DEV = ("dev", "--target", "localstack")


def assert_explained(ended: Ended, *parts: str) -> None:
    """Check that an error has one message with all parts, a hint, and no traceback."""
    text = " ".join(ended.stderr.split())
    assert text.count("Error: ") == 1, ended.text
    assert text.count("Next: ") == 1, ended.text
    assert "Traceback" not in ended.text
    for part in parts:
        assert part in text, f"{part!r} is missing in {text}"


def edit(project: Project, file: str, pattern: str, replacement: str) -> None:
    """Replace one place of a file; it must be there."""
    path = project.directory / file
    text, number = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
    assert number == 1
    path.write_text(text)


@pytest.fixture(scope="module")
def copied(make_own_project: Callable[[Path], Project], tmp_path_factory: Any) -> Project:
    """Return a copy of the project that the tests of this file share."""
    return make_own_project(tmp_path_factory.mktemp("bad") / "project")


@pytest.fixture
def own_project(copied: Project) -> Iterator[Project]:
    """Return the copy, initialized once, to be edited; only main.tf of dev is taken back."""
    main = copied.directory / "environments" / "dev" / "main.tf"
    before = main.read_text()
    yield copied
    main.write_text(before)


@pytest.mark.requirement("STK-3", "TAP-7")
def test_bad_values_are_named_with_rule_and_value(own_project: Project) -> None:
    main = "environments/dev/main.tf"
    edit(own_project, main, r'"10\.16\.0\.0/16"', '"10.16.0.0/33"')
    edit(own_project, main, r"availability_zones = .*", 'availability_zones = ["eu-west-1a"]')
    edit(own_project, main, r"log_retention_in_days = 7", "log_retention_in_days = 8")
    ended = own_project.run("plan", *DEV, "--suffix", "bad", expected=1)
    assert_explained(
        ended,
        "10.16.0.0/33",
        "availability_zones must",
        "got 1: eu-west-1a",
        "3653",
        "variables.tf:",
    )


@pytest.mark.requirement("STK-3", "TAP-7")
def test_overlapping_subnets_are_named(own_project: Project) -> None:
    zones = {
        tier: ", ".join(
            f'eu-west-1{letter} = "10.16.{third}.{index * size}/{length}"'
            for index, letter in enumerate("abc")
        )
        for tier, third, size, length in (("public", 0, 64, 26), ("database", 0, 32, 27))
    }
    edit(
        own_project,
        "environments/dev/main.tf",
        r"^    nat_gateways .*$",
        f"    subnet_cidr_blocks = {{\n      public = {{ {zones['public']} }}\n"
        f"      database = {{ {zones['database']} }}\n    }}",
    )
    ended = own_project.run("plan", *DEV, "--suffix", "bad", expected=1)
    assert_explained(ended, "10.16.0.32/27", "10.16.0.0/26", "overlap")


@pytest.mark.requirement("STK-3", "TAP-7")
def test_seven_zones_are_refused(own_project: Project) -> None:
    zones = ", ".join(f'"eu-west-1{letter}"' for letter in "abcdefg")
    edit(
        own_project,
        "environments/dev/main.tf",
        r"availability_zones = .*",
        f"availability_zones = [{zones}]",
    )
    ended = own_project.run("plan", *DEV, "--suffix", "bad", expected=1)
    assert_explained(ended, "got 7", "2 to 6")


@pytest.mark.requirement("STK-3", "STK-6")
def test_a_name_that_is_too_long_is_refused_before_aws_is_asked(own_project: Project) -> None:
    main = "environments/dev/main.tf"
    edit(own_project, main, r'"dev"', '"developmentenvironment"')
    edit(own_project, main, r'"payments"', '"Payments of all"')
    edit(own_project, main, r'"platform"', '"the platform team"')
    edit(own_project, main, r'"payments-development"', '""')
    ended = own_project.run("plan", *DEV, "--suffix", "bad", expected=1)
    assert_explained(
        ended,
        "environment must be 2 to 12 lowercase letters and digits, starting with a letter; got "
        '"developmentenvironment"',
        "project must be 2 to 12 lowercase letters and digits, starting with a letter; got "
        '"Payments of all"',
        'owner must be 1 to 64 letters, digits and . _ @ -; got "the platform team"',
        'cost_center must be 1 to 64 letters, digits, dots, underscores and hyphens; got ""',
    )
    ended = own_project.run("plan", *DEV, "--suffix", "much-too-long", expected=2)
    assert_explained(ended, "'much-too-long'", "up to 8 lowercase letters")


@pytest.mark.requirement("STK-3", "STA-1", "STA-3")
def test_the_state_storage_refuses_bad_values(
    repository: Path, tmp_path: Path, warm_root: Callable[[Path], Root]
) -> None:
    folder = tmp_path / "backend"
    shutil.copytree(
        repository / "backend", folder, ignore=shutil.ignore_patterns("backend.tf", ".*")
    )
    shutil.copy(repository / "backend" / ".terraform.lock.hcl", folder)
    root = warm_root(folder)
    bad = {
        "environments": '["Prod"]',
        "project": "Pay",
        "region": "Ireland",
        "retention_in_days": "7",
        "target": "azure",
    }
    # What is compared with the environments is so only when they are right.
    copies = {"environments": '["dev", "dev-eu"]', "environments_with_copies": '["dev", "qa"]'}
    text = ""
    for values in (bad, copies):
        variables = {f"TF_VAR_{name}": value for name, value in values.items()}
        with pytest.raises(TerraformError) as refused:
            replace(root, environ={**root.environ, **variables}).plan(tmp_path / "plan")
        text += refused.value.message
    for message in (
        "environments must be 1 to 32 lowercase letters, digits and hyphens each; got Prod.",
        "environments_with_copies must be among environments; these are not: qa.",
        "environments_with_copies must not be the beginning of another environment's name; dev is",
        "project must be 3 to 20 lowercase letters, digits and hyphens, starting with a letter",
        'region must be an AWS region such as eu-west-1; got "Ireland"',
        "retention_in_days must be from 30 to 3650; got 7",
        'target must be aws, local or localstack; got "azure"',
    ):
        assert message in text


@pytest.mark.requirement("TAP-4", "TAP-7")
def test_a_broken_file_is_shown_with_its_line(own_project: Project) -> None:
    file = own_project.directory / "environments" / "dev" / "main.tf"
    file.write_text(file.read_text() + '\nresource "aws_vpc" {\n')
    ended = own_project.run("plan", *DEV, "--suffix", "bad4", expected=1)
    line = len(file.read_text().splitlines())
    assert_explained(ended, f"main.tf:{line}")


@pytest.mark.requirement("STA-2", "TAP-7")
def test_an_unreadable_state_is_an_error_that_names_it(own_project: Project) -> None:
    own_project.run("init", *DEV, "--suffix", "bad")
    target = Target(
        name="localstack", endpoint=own_project.variables["AWS_ENDPOINT_URL"], region="eu-west-1"
    )
    state = {
        "Bucket": "payments-terraform-state-123456789012",
        "Key": "dev-bad/terraform.tfstate",
    }
    target.client("s3").put_object(**state, Body=b"{ this is no state")
    ended = own_project.run("plan", *DEV, "--suffix", "bad", expected=1)
    target.client("s3").delete_object(**state)
    assert_explained(ended, "state")


@pytest.mark.requirement("TAP-2", "TAP-7")
def test_an_endpoint_that_does_not_answer_is_named(own_project: Project) -> None:
    ended = own_project.run("plan", *DEV, expected=1, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert_explained(ended, "http://127.0.0.1:9")


@pytest.mark.requirement("TAP-2", "TAP-7")
def test_target_aws_is_refused_while_an_endpoint_is_set(own_project: Project) -> None:
    ended = own_project.run("plan", "dev", "--target", "aws", expected=1)
    assert_explained(ended, "AWS_ENDPOINT_URL")


@pytest.mark.requirement("TAP-2", "TAP-7")
def test_a_taken_emulator_port_is_named(own_project: Project) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = str(other.server_port)
        ended = own_project.run("plan", "dev", expected=1, TAP_EMULATOR_PORT=port)
        other.shutdown()
    assert_explained(ended, port, "TAP_EMULATOR_PORT")


@pytest.mark.requirement("TAP-7")
def test_a_missing_terraform_or_provider_is_named(own_project: Project) -> None:
    ended = own_project.run("plan", *DEV, expected=2, TAP_TERRAFORM="terraform-of-nobody")
    assert_explained(ended, "terraform-of-nobody", "TAP_TERRAFORM")
    nowhere = str(own_project.directory)
    ended = own_project.run("plan", *DEV, expected=2, TAP_PROVIDER_MIRROR=nowhere)
    assert_explained(ended, nowhere, "TAP_PROVIDER_MIRROR")
