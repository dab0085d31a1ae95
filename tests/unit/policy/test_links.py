from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.policy import UnknownValueError
from tests.unit.policy.conftest import block, change, refers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.policy import Planned

GROUP = ["aws_group.this.id", "aws_group.this"]


def groups(*keys: str, module: str = "") -> list[dict[str, Any]]:
    return [
        change(f'{module}aws_group.this["{key}"]', {}, key=key, unknown={"id": True})
        for key in keys
    ]


def user(address: str = "aws_rule.this", **more: Any) -> dict[str, Any]:
    return change(address, {}, unknown={"group": True}, **more)


def names(plan: Planned, address: str = "aws_rule.this") -> list[str]:
    return [item.address for item in plan.by_address[address].targets("group", "aws_group")]


@pytest.mark.requirement("TAP-3")
def test_a_reference_names_the_one_resource(planned: Callable[..., Planned]) -> None:
    made = [change("aws_group.this", unknown={"id": True}), user()]
    plan = planned(made, resources=[block("aws_group.this"), block("aws_rule.this", group=GROUP)])
    assert names(plan) == ["aws_group.this"]
    assert plan.by_address["aws_rule.this"].is_set("group")


@pytest.mark.requirement("TAP-3")
def test_a_known_id_is_looked_up_and_one_from_elsewhere_names_nothing(
    planned: Callable[..., Planned],
) -> None:
    plan = planned(
        [
            change("aws_group.this", {"id": "sg-1"}),
            change("aws_group.other", {"id": "sg-2"}),
            change("aws_rule.this", {"group": "sg-1"}),
            change("aws_rule.foreign", {"group": "sg-3"}),
        ],
        resources=[block("aws_rule.this"), block("aws_rule.foreign")],
    )
    assert names(plan) == ["aws_group.this"]
    assert names(plan, "aws_rule.foreign") == []


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (['aws_group.this["a"].id', 'aws_group.this["a"]', "aws_group.this"], ["a"]),
        (["aws_group.this", "each.key"], ["b"]),
        (["aws_group.this"], ["a", "b"]),
    ],
    ids=["its key", "the same key", "a splat"],
)
def test_instances_are_told_apart_by_their_keys(
    planned: Callable[..., Planned], found: list[str], expected: list[str]
) -> None:
    plan = planned(
        [*groups("a", "b"), user('aws_rule.this["b"]', key="b")],
        resources=[block("aws_group.this"), block("aws_rule.this", group=found)],
    )
    assert names(plan, 'aws_rule.this["b"]') == [f'aws_group.this["{key}"]' for key in expected]


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize("index", ["each.value.group", "local.group", "var.group"])
def test_a_computed_key_is_not_guessed(planned: Callable[..., Planned], index: str) -> None:
    plan = planned(
        [*groups("a", "b"), user()],
        resources=[
            block("aws_group.this"),
            block("aws_rule.this", group=["aws_group.this", index]),
        ],
    )
    with pytest.raises(UnknownValueError, match="group cannot be resolved before apply"):
        names(plan)
    with pytest.raises(UnknownValueError, match="whether aws_rule"):
        any(plan.users(plan.by_address['aws_group.this["a"]'], "aws_rule", "group"))


@pytest.mark.requirement("TAP-3")
def test_a_reference_is_followed_out_of_one_module_and_into_another(
    planned: Callable[..., Planned],
) -> None:
    output = {"expression": refers(["aws_group.this"])}
    calls = {
        "security": {
            "module": {"resources": [block("aws_group.this")], "outputs": {"ids": output}}
        },
        "app": {
            "expressions": {
                "group": refers(["module.security.ids.b", "module.security.ids", "module.security"])
            },
            "module": {"resources": [block("aws_rule.this", group=["var.group"])]},
        },
    }
    plan = planned(
        [*groups("a", "b", module="module.security."), user("module.app.aws_rule.this")],
        module_calls=calls,
    )
    assert names(plan, "module.app.aws_rule.this") == ['module.security.aws_group.this["b"]']
    group = plan.by_address['module.security.aws_group.this["b"]']
    assert [item.address for item in plan.users(group, "aws_rule", "group")] == [
        "module.app.aws_rule.this"
    ]
    other = plan.by_address['module.security.aws_group.this["a"]']
    assert not any(plan.users(other, "aws_rule", "group"))


@pytest.mark.requirement("TAP-3")
def test_what_nothing_is_given_for_is_not_set_although_it_is_unknown(
    planned: Callable[..., Planned],
) -> None:
    calls = {"app": {"module": {"resources": [block("aws_rule.this", group=["var.group"])]}}}
    plan = planned(
        [user(), user("module.app.aws_rule.this")],
        resources=[block("aws_rule.this")],
        module_calls=calls,
    )
    assert not plan.by_address["aws_rule.this"].is_set("group")
    assert not plan.by_address["module.app.aws_rule.this"].is_set("group")


@pytest.mark.requirement("TAP-3")
def test_a_block_in_a_set_is_found_by_its_constants(planned: Callable[..., Planned]) -> None:
    after = {"action": [{"order": 2}, {"order": 1}]}
    unknown = {"action": [{"group": True}, {"group": True}]}
    expression = [
        {"order": {"constant_value": number}, "group": refers([f"aws_group.{name}"])}
        for number, name in ((1, "one"), (2, "two"))
    ]
    plan = planned(
        [
            change("aws_group.one"),
            change("aws_group.two"),
            change("aws_rule.this", after, unknown=unknown),
        ],
        resources=[{**block("aws_rule.this"), "expressions": {"action": expression}}],
    )
    first, second = plan.by_address["aws_rule.this"].blocks("action")
    assert [first.target("group").address, second.target("group").address] == [  # type: ignore[union-attr] # None fails too
        "aws_group.two",
        "aws_group.one",
    ]


@pytest.mark.requirement("TAP-3")
def test_destroyed_objects_are_not_there(planned: Callable[..., Planned]) -> None:
    plan = planned([change("aws_group.this", actions=["delete"])])
    assert plan.resources() == ()


@pytest.mark.requirement("TAP-3")
def test_a_circle_in_a_damaged_plan_ends(planned: Callable[..., Planned]) -> None:
    calls = {
        "a": {
            "expressions": {"x": refers(["module.a.y"])},
            "module": {
                "resources": [block("aws_rule.this", group=["var.x"])],
                "outputs": {"y": {"expression": refers(["var.x"])}},
            },
        }
    }
    plan = planned([user("module.a.aws_rule.this")], module_calls=calls)
    with pytest.raises(UnknownValueError):
        names(plan, "module.a.aws_rule.this")


@pytest.mark.requirement("TAP-3")
def test_an_element_of_a_loop_names_what_the_loop_goes_through(
    planned: Callable[..., Planned],
) -> None:
    one = block("aws_network_acl.one", subnet_ids=["each.value"])
    one["for_each_expression"] = refers(["aws_subnet.a"])
    both = block("aws_network_acl.both", subnet_ids=["each.value"])
    both["for_each_expression"] = refers(["aws_subnet.a", "aws_subnet.b"])
    plan = planned(
        [
            change("aws_subnet.a", unknown={"id": True}),
            change("aws_subnet.b", unknown={"id": True}),
            change('aws_network_acl.one["x"]', unknown={"subnet_ids": True}, key="x"),
            change('aws_network_acl.both["x"]', unknown={"subnet_ids": True}, key="x"),
        ],
        resources=[block("aws_subnet.a"), block("aws_subnet.b"), one, both],
    )

    certain = plan.links.of(plan.by_address['aws_network_acl.one["x"]'], ("subnet_ids",))
    either = plan.links.of(plan.by_address['aws_network_acl.both["x"]'], ("subnet_ids",))

    assert (certain.addresses, certain.certain) == (frozenset({"aws_subnet.a"}), True)
    assert (either.addresses, either.certain) == (
        frozenset({"aws_subnet.a", "aws_subnet.b"}),
        False,
    )


@pytest.mark.requirement("TAP-3")
def test_users_in_several_places_are_found_although_another_place_is_unclear(
    planned: Callable[..., Planned],
) -> None:
    plan = planned(
        [
            change("aws_security_group.this", unknown={"id": True}),
            change("aws_lb.this", unknown={"security_groups": True}),
            change("aws_instance.this", unknown={"vpc_security_group_ids": True}),
        ],
        resources=[
            block("aws_security_group.this"),
            block("aws_lb.this", security_groups=["local.groups"]),
            block("aws_instance.this", vpc_security_group_ids=["aws_security_group.this"]),
        ],
    )
    users = plan.users_at(
        plan.by_address["aws_security_group.this"],
        [("aws_lb", "security_groups"), ("aws_instance", "vpc_security_group_ids")],
    )

    assert next(users).address == "aws_instance.this"
    with pytest.raises(UnknownValueError, match=r"aws_lb\.this"):
        next(users)
