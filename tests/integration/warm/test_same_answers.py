"""Through warm providers comes exactly what comes without."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.folders import cache_folder
from tap.testing.project import TAP
from tap.warm.package import unread
from tests.integration.warm.conftest import (
    NETWORK,
    TERRAFORM,
    SmallRoot,
    provider_source,
    root_text,
)

pytestmark = pytest.mark.requirement("TAP-1", "TST-1")

ORPHAN = {
    "version": 4,
    "terraform_version": "1.11.0",
    "serial": 1,
    "lineage": "orphan",
    "outputs": {},
    "resources": [
        {
            "mode": "managed",
            "type": "aws_ssm_document",
            "name": "orphan",
            "instances": [
                {
                    "schema_version": 0,
                    "attributes": {"id": "x", "name": "x", "document_type": "Command"},
                    "sensitive_attributes": [],
                }
            ],
        }
    ],
}


ACL = """
resource "aws_wafv2_web_acl" "this" {
  name  = "acl"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule {
    name     = "countries"
    priority = 1
    action {
      block {}
    }
    statement {
      geo_match_statement {
        country_codes = ["CH"]
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "countries"
      sampled_requests_enabled   = true
    }
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "acl"
    sampled_requests_enabled   = true
  }
}
"""


def test_the_plan_of_a_small_root_is_the_same_without_blocks_that_it_does_not_use(
    small_root: SmallRoot,
) -> None:
    (small_root.folder / "main.tf").write_text(root_text(NETWORK + ACL))
    plain = small_root.plan(warm=False)
    assert small_root.plan(warm=True) == plain
    assert len(plain["resource_changes"]) == 10
    statement = planned_acl(plain)["rule"][0]["statement"][0]
    assert statement["and_statement"] == [], "an unused block has to be there"
    kept = kept_answers(small_root)
    assert small_root.plan(warm=True) == plain, "with the answers that were kept"
    assert kept_answers(small_root) == kept
    tagged = small_root.plan(warm=True, TF_AWS_DEFAULT_TAGS_Team="red")
    assert planned_acl(tagged)["tags_all"] == {"Team": "red"}
    assert kept_answers(small_root) > kept


def planned_acl(plan: dict[str, Any]) -> dict[str, Any]:
    """Return what is planned of a web ACL."""
    planned = plan["planned_values"]["root_module"]["resources"]
    values = [each["values"] for each in planned if each["type"] == "aws_wafv2_web_acl"]
    return dict(values[0])


def kept_answers(root: SmallRoot) -> set[str]:
    """Return the names of what is kept of answers of providers."""
    return {each.name for each in cache_folder(root.environ, "providers").iterdir()}


def test_a_plan_made_warm_is_applied_by_terraform_itself(small_root: SmallRoot) -> None:
    (small_root.folder / "main.tf").write_text(
        root_text('data "aws_region" "x" {}\noutput "region" { value = data.aws_region.x.name }')
    )
    small_root.warm("plan", "-out=plan.tfplan")
    small_root.run(TERRAFORM, "apply", "plan.tfplan")
    assert json.loads(small_root.run(TERRAFORM, "output", "-json").stdout)["region"]["value"] == (
        "eu-west-1"
    )


def test_each_configuration_keeps_its_region(small_root: SmallRoot) -> None:
    # More configurations than processes are kept for, each asked twice, far apart.
    regions = {f"r{number}": f"eu-west-{number % 3 + 1}" for number in range(11)}
    body = "".join(
        f'data "aws_region" "{alias}" {{\n  provider = aws.{alias}\n}}\n'
        f'data "aws_region" "{alias}_again" {{\n  provider = aws.{alias}\n'
        f"  depends_on = [{', '.join(f'data.aws_region.{other}' for other in regions)}]\n}}\n"
        f'output "{alias}" {{\n'
        f"  value = [data.aws_region.{alias}.name, data.aws_region.{alias}_again.name]\n}}\n"
        for alias in regions
    )
    (small_root.folder / "main.tf").write_text(root_text(body, **regions))
    plan = small_root.plan(warm=True)
    found = {name: output["value"] for name, output in plan["planned_values"]["outputs"].items()}
    assert found == {alias: [region, region] for alias, region in regions.items()}


def test_paths_in_a_configuration_are_relative_to_its_folder(small_root: SmallRoot) -> None:
    (small_root.folder / "aws.ini").write_text("[profile far]\nregion = eu-central-1\n")
    settings = 'profile = "far"\n  shared_config_files = ["aws.ini"]'
    text = root_text('data "aws_region" "x" {}\noutput "region" { value = data.aws_region.x.name }')
    (small_root.folder / "main.tf").write_text(text.replace('region = "eu-west-1"', settings))
    outside = SmallRoot(small_root.folder.parent, small_root.environ)
    planned = outside.warm(f"-chdir={small_root.folder.name}", "plan")
    assert '+ region = "eu-central-1"' in planned.stdout


def test_a_changed_environment_is_never_answered_from_before(small_root: SmallRoot) -> None:
    (small_root.folder / "main.tf").write_text(
        root_text('data "aws_region" "x" {}\n' + NETWORK).replace('region = "eu-west-1"', "")
    )
    seen = []
    for region, team in (("eu-west-1", "red"), ("eu-west-2", "blue"), ("eu-west-1", "blue")):
        plan = small_root.plan(warm=True, AWS_REGION=region, TF_AWS_DEFAULT_TAGS_Team=team)
        resources = plan["planned_values"]["root_module"]["resources"]
        tags = {
            item["values"]["tags_all"]["Team"] for item in resources if "tags_all" in item["values"]
        }
        state = plan["prior_state"]["values"]["root_module"]["resources"]
        seen.append((state[0]["values"]["name"], tags))
    assert seen == [("eu-west-1", {"red"}), ("eu-west-2", {"blue"}), ("eu-west-1", {"blue"})]


def keep_elsewhere(root: SmallRoot, state: dict[str, Any]) -> None:
    """Give a root a state that is not in its folder, as in a bucket."""
    (root.folder / "elsewhere").mkdir()
    backend = 'terraform {\n  backend "local" {\n    path = "elsewhere/state"\n  }\n}\n'
    (root.folder / "backend.tf").write_text(backend)
    kept = json.loads(json.dumps(state))
    kept["resources"][0]["provider"] = f'provider["{provider_source(root)}"]'
    (root.folder / "elsewhere" / "state").write_text(json.dumps(kept))
    extra: Any = unread(root.folder)
    root.run(TERRAFORM, "init", "-input=false", **extra)


def test_a_type_that_only_a_remote_state_holds_is_found(small_root: SmallRoot) -> None:
    keep_elsewhere(small_root, ORPHAN)
    for command in (["plan", "-refresh=false"], ["show"], ["show", "-json"]):
        plain = small_root.run(TERRAFORM, *command)
        done = small_root.warm(*command)
        assert done.stdout == plain.stdout
        assert "what the configuration does not name" in done.stderr
        assert "aws_ssm_document.orphan" in done.stdout or '"aws_ssm_document"' in done.stdout


def test_a_block_that_only_a_remote_state_holds_is_found(small_root: SmallRoot) -> None:
    (small_root.folder / "main.tf").write_text(root_text(ACL))
    country = {"geo_match_statement": [{"country_codes": ["DE"]}]}
    either = {"or_statement": [{"statement": [country, country]}]}
    rule = {"name": "countries", "priority": 1, "statement": [either]}
    attributes = {"id": "x", "name": "acl", "scope": "REGIONAL", "rule": [rule]}
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}
    acl = {"mode": "managed", "type": "aws_wafv2_web_acl", "name": "this", "instances": [instance]}
    keep_elsewhere(small_root, {**ORPHAN, "resources": [acl]})
    for command, repeated in (["plan", "-refresh=false"], True), (["show", "-json"], False):
        plain = small_root.run(TERRAFORM, *command)
        done = small_root.warm(*command)
        assert done.stdout == plain.stdout
        assert '"DE"' in done.stdout
        assert ("what the configuration does not name" in done.stderr) is repeated


def test_a_local_state_with_another_type_needs_no_second_run(small_root: SmallRoot) -> None:
    state = json.loads(json.dumps(ORPHAN))
    state["resources"][0]["provider"] = f'provider["{provider_source(small_root)}"]'
    (small_root.folder / "terraform.tfstate").write_text(json.dumps(state))
    done = small_root.warm("plan", "-refresh=false")
    assert "Plan: 9 to add, 0 to change, 1 to destroy." in done.stdout
    assert done.stderr == ""


def test_errors_and_exit_codes_are_those_of_terraform(small_root: SmallRoot) -> None:
    with (small_root.folder / "main.tf").open("a") as stream:
        stream.write('resource "aws_vpc" "bad" {\n  cidr_block = "10.0.0.0/99"\n}\n')
    plain = small_root.run(TERRAFORM, "validate", "-json", expected=1)
    warm = small_root.warm("validate", "-json", expected=1)
    assert json.loads(warm.stdout) == json.loads(plain.stdout)
    assert "10.0.0.0/99" in warm.stdout
    assert small_root.warm("plan", "-detailed-exitcode", expected=1).returncode == 1


def test_exit_code_two_of_a_plan_with_changes_passes(small_root: SmallRoot) -> None:
    small_root.warm("plan", "-detailed-exitcode", expected=2)


def test_a_command_that_writes_is_run_as_it_is(small_root: SmallRoot) -> None:
    (small_root.folder / "main.tf").write_text('resource "terraform_data" "x" {}')
    done = small_root.warm("apply", "-auto-approve")
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in done.stdout
    assert "terraform apply is no command that reads" in done.stderr


def test_any_other_program_is_run_as_it_is(small_root: SmallRoot) -> None:
    done = small_root.run(str(TAP), "warm", "--", "sh", "-c", "echo out; exit 7", expected=7)
    assert done.stdout == "out\n"
