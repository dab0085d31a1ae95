"""Proofs of what is live, in an environment whose network another tool has made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tap.cli.prove import prove
from tap.cli.proving import live_outputs, live_tiers, prove_live, refuse_unproved, said_by_proofs
from tap.errors import RulesBrokenError, TapError
from tap.settings import load_settings
from tap.workspace import Request, Workspace, open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TST-2", "TAP-3"), pytest.mark.timeout(120)]

OUTPUTS = """
output "vpc" {{ value = {{ vpc_id = "{vpc}" }} }}
output "stack" {{
  value = {{ region = "eu-west-1", prefix = "shop-live", account_id = "123456789012" }}
}}
"""


def opened(world: World, name: str, text: str) -> Workspace:
    world.environment(name, f'terraform {{\n  backend "s3" {{}}\n}}\n{text}')
    settings = load_settings(world.tap.project, {})
    return open_workspace(
        Request(
            settings=settings,
            environment=settings.environment(name),
            target="local",
            environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
        )
    )


def test_intents_are_asked_of_the_network_that_the_outputs_name(
    world: World, stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = world.target.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Tier", "Value": "data"}])
    workspace = opened(world, "live", OUTPUTS.format(vpc=vpc))
    words = "tap apply live"

    with pytest.raises(TapError, match="nothing is applied of live") as nothing:
        live_outputs(workspace)
    assert nothing.value.hint == f"apply it first: {words}"

    with pytest.raises(TapError, match="do not name its VPC and region") as unnamed:
        live_tiers(workspace, {"stack": {"region": "eu-west-1"}})
    assert unnamed.value.hint == f"apply it again: {words}"

    workspace.root.plan(workspace.request.plan_file)
    workspace.root.apply(workspace.request.plan_file)
    stack.write_text("[live]\ndeny internet -> data:*\nmay data -> data:*\n")
    holds = said_by_proofs(prove_live(workspace))
    assert holds is not None
    assert holds.against == 0
    refuse_unproved(holds, workspace.request)

    stack.write_text("[live]\nallow internet -> data:443\nmay data -> data:*\n")
    broken = said_by_proofs(prove_live(workspace))
    assert broken is not None
    assert broken.against == 1
    with pytest.raises(RulesBrokenError, match="nothing was changed"):
        refuse_unproved(broken, workspace.request)

    monkeypatch.chdir(world.tap.project)
    asked = CliRunner().invoke(
        prove, ["live", "--live", "--from", "internet", "--to", "data", "--port", "443"]
    )
    assert (asked.exit_code, asked.stdout.splitlines()[0]) == (0, "no: internet -> data: tcp/443")
    judged = CliRunner().invoke(prove, ["live", "--live"], standalone_mode=False)
    assert isinstance(judged.exception, RulesBrokenError)
    assert "refuted: allow internet -> data:443 (environments/_stack/intents.txt:2)" in (
        judged.stdout
    )
