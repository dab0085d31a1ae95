from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.errors import PlanError
from tap.plan import Action, Plan, ResourceChange, summarize

DATA = Path(__file__).parents[1] / "data"
CHANGES = (DATA / "plan_changes.json").read_bytes()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.decode(CHANGES)


def by_address(plan: Plan, address: str) -> ResourceChange:
    return next(change for change in plan.resource_changes if change.address == address)


def minimal(**fields: Any) -> bytes:
    return json.dumps(
        {"format_version": "1.2", "planned_values": {}, "configuration": {}, **fields}
    ).encode()


def resource(**change: Any) -> dict[str, Any]:
    return {"address": "a.b", "mode": "managed", "type": "a", "name": "b", "change": change}


@pytest.mark.requirement("TAP-3")
def test_a_real_plan_keeps_its_header(plan: Plan) -> None:
    assert plan.format_version == "1.2"
    assert plan.terraform_version == "1.11.4"
    assert (plan.applyable, plan.complete, plan.errored) == (True, True, False)
    assert plan.timestamp.startswith("20")
    assert plan.checks[0]["status"] == "pass"
    assert plan.variables["stage"].value == "2"


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("address", "action"),
    [
        ("data.aws_iam_policy_document.read", Action.READ),
        ("aws_cloudwatch_log_group.app", Action.REPLACE),
        ("aws_cloudwatch_log_group.tainted", Action.REPLACE),
        ("aws_cloudwatch_log_group.drifted", Action.UPDATE),
        ("aws_cloudwatch_log_group.forgotten", Action.FORGET),
        ("aws_cloudwatch_log_group.gone", Action.DELETE),
        ("aws_cloudwatch_log_group.unchanged", Action.NO_OP),
        ("aws_iam_policy.read", Action.CREATE),
    ],
)
def test_every_action_has_one_word(plan: Plan, address: str, action: Action) -> None:
    assert by_address(plan, address).action is action


@pytest.mark.requirement("TAP-3")
def test_a_replacement_that_forgets_the_old_object_does_not_destroy_it() -> None:
    text = minimal(resource_changes=[resource(actions=["create", "forget"])])
    [change] = Plan.decode(text).resource_changes
    assert change.action is Action.REPLACE
    assert change.change.destroys is False


@pytest.mark.requirement("TAP-3")
def test_a_replaced_subnet_names_the_attribute_its_module_and_key(plan: Plan) -> None:
    subnet = by_address(plan, 'module.network["a"].aws_subnet.this["x"]')
    assert subnet.change.actions == ("delete", "create")
    assert subnet.change.destroys is True
    assert subnet.change.replace_paths == (("cidr_block",),)
    assert subnet.action_reason == "replace_because_cannot_update"
    assert (subnet.module_address, subnet.index) == ('module.network["a"]', "x")
    assert subnet.change.before["cidr_block"] == "10.1.1.0/24"
    assert subnet.change.after["cidr_block"] == "10.1.3.0/24"
    assert subnet.change.after_unknown["id"] is True


@pytest.mark.requirement("TAP-3")
def test_imported_and_moved_objects_keep_where_they_come_from(plan: Plan) -> None:
    adopted = by_address(plan, "aws_cloudwatch_log_group.adopted").change.importing
    assert adopted is not None
    assert adopted.id == "/demo/adopted"
    moved = by_address(plan, "aws_cloudwatch_log_group.new")
    assert moved.previous_address == "aws_cloudwatch_log_group.old"


@pytest.mark.requirement("TAP-3")
def test_changed_attributes_are_those_that_differ_or_are_unknown(plan: Plan) -> None:
    token = by_address(plan, "aws_ssm_parameter.token").change
    assert token.changed_attributes == ("insecure_value", "tags", "tags_all", "value", "version")


@pytest.mark.requirement("TAP-1")
def test_drift_shows_the_change_made_by_hand() -> None:
    drift = Plan.decode((DATA / "plan_drift.json").read_bytes()).resource_drift
    changed = {change.address: change.change for change in drift}
    by_hand = changed["aws_cloudwatch_log_group.drifted"]
    assert (by_hand.before["retention_in_days"], by_hand.after["retention_in_days"]) == (30, 7)


@pytest.mark.requirement("TAP-3")
def test_planned_values_and_prior_state_are_trees_of_modules(plan: Plan) -> None:
    children = plan.planned_values.root_module.child_modules
    assert [child.address for child in children] == ['module.network["a"]', 'module.network["b"]']
    assert children[1].resources[1].values["cidr_block"] == "10.2.0.0/16"  # type: ignore[index]
    assert plan.planned_values.outputs["token"].sensitive is True
    assert plan.prior_state is not None
    assert len(plan.prior_state.values.root_module.resources) == 9


@pytest.mark.requirement("TAP-3")
def test_fields_of_a_newer_terraform_are_ignored() -> None:
    plan = Plan.decode(minimal(format_version="1.9", action_invocations=[{"type": "x"}]))
    assert plan.format_version == "1.9"


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (b"", "the input is empty", "terraform show -json PLANFILE"),
        (b"PK\x03\x04", "the binary plan file itself", "terraform show -json PLANFILE"),
        (b"Terraform used", "not a plan in JSON", "terraform show -json PLANFILE"),
        (b"\xff\xfe", "not a plan in JSON", "terraform show -json PLANFILE"),
        (b"[]", "not a Terraform plan", "terraform show -json PLANFILE"),
        (b"{}", "it has no format_version", "terraform show -json PLANFILE"),
        (b'{"format_version":"1.0","values":{}}', "this is a state", "show -json PLANFILE"),
        (minimal(format_version="2.0"), "plan format 2.0 is not supported; 1.x is", "newer tap"),
        (minimal(format_version="10.0"), "plan format 10.0 is not supported", "newer tap"),
        (b'{"format_version":"2.0"}', "plan format 2.0 is not supported", "newer tap"),
        (
            minimal(resource_changes=[resource(actions=["explode"])]),
            "unknown actions ['explode'] - at `$.resource_changes[0].change`",
            "show -json PLANFILE",
        ),
        (b'{"a":' * 100_000, "not a plan in JSON", "show -json PLANFILE"),
        (minimal(configuration=[]), "damaged or unknown Terraform plan", "show -json PLANFILE"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(text: bytes, message: str, hint: str) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.decode(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.requirement("TAP-6")
@pytest.mark.parametrize("broken", [CHANGES[:-2], CHANGES.replace(b'"mode":"data"', b'"mode":1')])
def test_a_damaged_plan_is_refused_without_quoting_its_secrets(broken: bytes) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.decode(broken)
    assert "tok-4711" not in str(caught.value)


@pytest.mark.requirement("TAP-7")
@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, len(CHANGES)),
    length=st.integers(0, 40),
    noise=st.binary(max_size=6) | st.sampled_from([b"null", b"[]", b'"x"', b"1e999", b"{"]),
)
def test_mangled_plans_give_nothing_but_a_plan_error(start: int, length: int, noise: bytes) -> None:
    text = CHANGES[:start] + noise + CHANGES[start + length :]
    with suppress(PlanError):
        summarize(Plan.decode(text))


@pytest.mark.requirement("TAP-3")
def test_ten_thousand_resources_are_read_and_counted_in_seconds() -> None:
    source = json.loads(CHANGES)
    subnet = next(c for c in source["resource_changes"] if c["type"] == "aws_subnet")
    source["resource_changes"] = [
        {**subnet, "address": f"{subnet['address']}.{number}"} for number in range(10_000)
    ]
    text = json.dumps(source).encode()
    started = time.process_time()
    summary = summarize(Plan.decode(text))
    assert time.process_time() - started < 10
    assert summary.total.replace == 10_000
