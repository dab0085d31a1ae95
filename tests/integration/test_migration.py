"""An environment that is migrated to from another stack, planned from its one more setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

DOMAIN = 'domain = { zone_name = "dev.payments.example.com" }'
OLD = "old-1.eu-central-1.elb.amazonaws.com"


@pytest.mark.requirement("DNS-1", "STK-1", "TRF-2")
@pytest.mark.timeout(900)
def test_a_plan_weighs_a_legacy_load_balancer_beside_the_stack(own_project: Project) -> None:
    main = own_project.directory / "environments" / "dev" / "main.tf"
    legacy = f'{{ dns_name = "{OLD}", zone_id = "Z215JYRZR1TBD5" }}'
    text = main.read_text()
    assert DOMAIN in text
    main.write_text(text.replace(DOMAIN, f"{DOMAIN[:-2]}, legacy = {legacy} }}"))

    shown = own_project.directory / "plan.json"
    words = ("dev", "--target", "localstack", "--suffix", "old1", "--json-out", str(shown))
    own_project.run("plan", *words)

    plan = json.loads(shown.read_bytes())
    records: dict[str, Any] = {
        change["index"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["address"].startswith("module.stack.module.dns.aws_route53_record.")
        and change["change"]["after"].get("set_identifier")
    }
    assert set(records) == {"legacy", "stack"}
    weights = {key: record["weighted_routing_policy"] for key, record in records.items()}
    # Before anything was shifted the other stack carries everything, which is what blue stands for.
    assert weights == {"legacy": [{"weight": 100}], "stack": [{"weight": 0}]}
    assert {record["name"] for record in records.values()} == {"pay.old1.dev.payments.example.com"}
    assert records["legacy"]["alias"][0]["name"] == OLD
    assert all(record["type"] == "A" and record["ttl"] is None for record in records.values())
