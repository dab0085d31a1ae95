"""Every environment, planned from nothing by ``tap plan``."""

from __future__ import annotations

import ipaddress
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.matrix import matrix
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.sources import Sources
from tap.reports.proofs import NOTHING, matrix_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.plan import Plan, ResourceChange
    from tap.testing.deployment import Deployment

# An inline policy is named within its role; DNS names follow the zone. Everything else is named
# within the account.
NAMED_OTHERWISE = {"aws_iam_role_policy", "aws_route53_record", "aws_route53_zone"}

TAGS = {"CostCenter", "Environment", "ManagedBy", "Owner", "Project"}


def created(plan: Plan, kind: str) -> list[ResourceChange]:
    return [change for change in plan.resource_changes if change.type == kind]


@pytest.mark.requirement("STK-1", "TST-1")
def test_the_plan_makes_what_the_inventory_lists(
    deployment: Deployment,
    inventory_of: Callable[[Plan, Path], dict[str, Any]],
    request: pytest.FixtureRequest,
) -> None:
    file = Path(__file__).parent / "inventories" / f"{deployment.name}.json"
    inventory = inventory_of(
        deployment.plan, deployment.project.directory / "environments" / deployment.name
    )
    if request.config.getoption("--write-inventories"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(inventory, indent=2) + "\n")
    expected = json.loads(file.read_text())
    assert inventory == expected, (
        "the plan and the inventory differ; if the plan is right, run: make inventories"
    )


@pytest.mark.requirement("TST-2", "DOC-1")
def test_what_gets_from_one_tier_to_another_is_what_the_inventory_lists(
    deployment: Deployment, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root = deployment.project.directory / "environments" / deployment.name
    facts = read_plan(deployment.plan, sources=Sources(root=root, cache=tmp_path))
    flows = [row for row in matrix_rows(matrix(Tiers(Network(facts)))) if row[2] != NOTHING]
    file = Path(__file__).parent / "inventories" / f"{deployment.name}-flows.json"
    if request.config.getoption("--write-inventories"):
        file.write_text(json.dumps(flows, indent=2) + "\n")
    assert [list(row) for row in flows] == json.loads(file.read_text()), (
        "the plan and the inventory differ; if the plan is right, run: make inventories"
    )


@pytest.mark.requirement("STK-5")
def test_every_taggable_resource_carries_the_five_tags_and_its_own_environment(
    deployment: Deployment,
) -> None:
    taggable = [
        change for change in deployment.plan.resource_changes if "tags_all" in change.change.after
    ]
    assert len(taggable) > 40
    for change in taggable:
        tags = change.change.after["tags_all"] or {}
        assert tags.keys() >= TAGS, change.address
        assert tags["Environment"] == deployment.name, change.address
        assert tags["ManagedBy"] == "terraform", change.address


@pytest.mark.requirement("STK-6")
def test_every_name_starts_with_project_and_environment(deployment: Deployment) -> None:
    prefix = f"payments-{deployment.name}"
    for change in deployment.plan.resource_changes:
        name = change.change.after.get("name")
        if change.mode == "managed" and name and change.type not in NAMED_OTHERWISE:
            assert prefix in name, f"{change.address}: {name}"


@pytest.mark.requirement("STK-6")
@pytest.mark.xdist_group("dev")
def test_a_second_copy_shares_no_name_and_no_state_with_the_first(
    named_deployment: Callable[[str], Deployment],
) -> None:
    dev = named_deployment("dev")
    assert dev.plan.resource_changes
    dev.project.run("plan", "dev", "--suffix", "pr42")
    copy = dev.show("dev-pr42")
    names = {
        plan: {
            (change.type, change.change.after[key])
            for change in source.resource_changes
            for key in ("name", "bucket", "identifier", "dashboard_name", "alarm_name")
            if change.mode == "managed"
            and change.type != "aws_iam_role_policy"
            and change.change.after.get(key)
        }
        for plan, source in (("first", dev.plan), ("copy", copy))
    }
    assert len(names["copy"]) == len(names["first"]) > 60
    assert not names["copy"] & names["first"]
    for kind, name in names["copy"]:
        own = "pr42.dev.payments" if kind in NAMED_OTHERWISE else "payments-dev-pr42"
        assert own in name, f"{kind}: {name}"


@pytest.mark.requirement("STK-2")
def test_environments_differ_where_they_should(
    deployment: Deployment, facts_of: Callable[[Plan], dict[str, str]]
) -> None:
    expected = {
        "dev": {
            "NAT gateways": "1",
            "Database": "db.t3.micro, one zone",
            "Blue": "t3.micro, 1 to 2",
            "Green": "t3.micro, 1 to 2",
            "Log retention": "7 days",
            "Backups": "1 day",
            "Deletion protection": "no",
            "Replica": "none",
            "Alarm on errors of a color": "above 5 %",
        },
        "staging": {
            "NAT gateways": "1",
            "Database": "db.t3.small, Multi-AZ",
            "Blue": "t3.micro, 2 to 4",
            "Green": "m5.large, 2 to 4",
            "Log retention": "90 days",
            "Backups": "7 days",
            "Deletion protection": "no",
            "Replica": "none",
            "Alarm on errors of a color": "above 2 %",
        },
        "prod": {
            "NAT gateways": "3",
            "Database": "db.m5.large, Multi-AZ",
            "Blue": "t3.micro, 3 to 6",
            "Green": "m5.large, 3 to 12",
            "Log retention": "365 days",
            "Backups": "35 days",
            "Deletion protection": "yes",
            "Replica": "yes",
            "Alarm on errors of a color": "above 1 %",
        },
    }[deployment.name]
    facts = facts_of(deployment.plan)
    assert {name: facts[name] for name in expected} == expected


@pytest.mark.requirement("STK-4")
def test_only_replicas_and_dns_live_outside_the_region(deployment: Deployment) -> None:
    stack = deployment.plan.configuration.root_module.module_calls["stack"].module
    elsewhere = {
        (name, resource.address, resource.provider_config_key.rpartition("aws.")[2])
        for name, call in stack.module_calls.items()
        for resource in call.module.resources
        if "aws." in resource.provider_config_key
    }
    replicas = {entry for entry in elsewhere if entry[2] == "replica"}
    assert len(replicas) > 10
    assert all("replica" in address for _, address, _ in replicas)
    assert {name for name, _, alias in elsewhere - replicas} == {"dns"}
    assert {alias for _, _, alias in elsewhere - replicas} == {"us_east_1"}


@pytest.mark.requirement("STK-1", "STK-3")
def test_address_ranges_of_the_environments_do_not_overlap(repository: Path) -> None:
    networks = [
        ipaddress.ip_network(line.split('"')[1])
        for file in sorted(repository.glob("environments/*/main.tf"))
        for line in file.read_text().splitlines()
        if line.strip().startswith("cidr_block ") and '"' in line
    ]
    assert len(networks) == 3
    for one, other in itertools.combinations(networks, 2):
        assert not one.overlaps(other)


@pytest.mark.requirement("STK-1")
@pytest.mark.parametrize("file", ["terraform.tf", "providers.tf", "variables.tf", "outputs.tf"])
def test_environments_differ_in_their_literals_only(repository: Path, file: str) -> None:
    texts = {
        (repository / "environments" / name / file).read_text()
        for name in ("dev", "staging", "prod")
    }
    assert len(texts) == 1


@pytest.mark.requirement("STK-1")
def test_a_root_holds_one_module_call_and_no_resource(repository: Path) -> None:
    for name in ("dev", "staging", "prod"):
        text = "".join(
            file.read_text() for file in (repository / "environments" / name).glob("*.tf")
        )
        assert text.count('\nmodule "') == 1
        assert '\nresource "' not in text
        assert '\ndata "' not in text


@pytest.mark.requirement("STK-9")
def test_lock_files_hold_the_provider_for_every_platform(repository: Path) -> None:
    roots = [
        *sorted((repository / "environments").glob("[!_]*/main.tf")),
        repository / "backend/main.tf",
    ]
    texts = {(root.parent / ".terraform.lock.hcl").read_text() for root in roots}
    assert len(roots) == 4
    assert len(texts) == 1
    text = texts.pop()
    assert 'version     = "5.100.0"' in text
    assert text.count('"zh:') == 15
    assert text.count('"h1:') == 2
    assert "https://" not in text


@pytest.mark.requirement("STK-5")
def test_no_file_of_the_modules_names_an_environment_a_region_or_an_account(
    repository: Path,
) -> None:
    for file in [*repository.glob("modules/*/*.tf"), *repository.glob("environments/_stack/*.tf")]:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if "description" in line or "error_message" in line or line.lstrip().startswith("#"):
                continue
            if line.count('", "') > 1:  # all values that AWS accepts
                continue
            for word in ("prod", "staging", "eu-west-1", "eu-central-1", "123456789012"):
                assert f'"{word}' not in line, f"{file}:{number}: {line}"
