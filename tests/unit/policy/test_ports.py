"""Rules of ports that have to agree, on what a plan leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.policy import Outcome, find_rule, judge
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.policy import Planned

pytestmark = pytest.mark.requirement("TAP-3", "SEC-1")

DATABASE = "aws_db_instance.this"
GROUP = "aws_security_group.members"
BALANCER = "aws_lb.this"
TARGETS = "aws_lb_target_group.this"
CHOSEN = "random_integer.port"
ID = {"id": True, "arn": True}


def ingress(port: int) -> dict[str, Any]:
    """Return a rule within a group that opens a port to everybody."""
    return {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["10.0.0.0/8"]}


def group(*ports: int, **unknown: Any) -> dict[str, Any]:
    return change(GROUP, {"ingress": [ingress(port) for port in ports]}, unknown=ID | unknown)


def names(*addresses: str) -> list[str]:
    """Return references to the ids of resources, as Terraform lists them."""
    return [text for each in addresses for text in (f"{each}.id", each)]


def told(plan: Planned, rule: str) -> list[tuple[Outcome, str]]:
    return [(item.outcome, item.message) for item in judge([find_rule(rule)], plan=plan)]


@pytest.fixture
def database(planned: Callable[..., Planned]) -> Callable[..., list[tuple[Outcome, str]]]:
    """Return a function: the group, what the database has -> what its rule finds."""

    def make(members: dict[str, Any], **more: Any) -> list[tuple[Outcome, str]]:
        unknown = {"vpc_security_group_ids": True, **more.pop("unknown", {})}
        own = change(DATABASE, more, unknown=unknown)
        blocks = [block(GROUP), block(DATABASE, vpc_security_group_ids=names(GROUP))]
        if unknown.get("port"):
            blocks[1]["expressions"]["port"] = {"references": [f"{CHOSEN}.result", CHOSEN]}
        chosen = change(CHOSEN, unknown={"result": True})
        return told(planned([members, own, chosen], resources=blocks), "NET-04")

    return make


@pytest.mark.parametrize(
    ("engine", "port"),
    [("mysql", 3306), ("postgres", 5432), ("oracle-ee", 1521), ("sqlserver-web", 1433)],
)
def test_a_database_without_a_port_has_that_of_its_engine(
    database: Callable[..., list[tuple[Outcome, str]]], engine: str, port: int
) -> None:
    assert database(group(port), engine=engine) == []
    assert database(group(port + 1), engine=engine) == [
        (Outcome.FAILED, f"port {port} is not open in {GROUP}")
    ]


def test_a_database_of_another_engine_is_not_judged(
    database: Callable[..., list[tuple[Outcome, str]]],
) -> None:
    assert database(group(1), engine="custom") == []


@pytest.mark.parametrize("unknown", [{"port": True}, {"engine": True}])
def test_a_port_that_is_not_known_is_not_guessed(
    database: Callable[..., list[tuple[Outcome, str]]], unknown: dict[str, bool]
) -> None:
    assert database(group(3306), unknown=unknown) == [
        (Outcome.UNKNOWN, "port is known only after apply")
    ]


def test_a_group_whose_rules_are_not_known_may_open_the_port(
    database: Callable[..., list[tuple[Outcome, str]]],
) -> None:
    open_ends = change(
        GROUP,
        {"ingress": [{"protocol": "tcp", "from_port": None, "to_port": None}]},
        unknown=ID | {"ingress": [{"from_port": True, "to_port": True}]},
    )

    [(outcome, message)] = database(open_ends, engine="mysql")
    assert outcome is Outcome.UNKNOWN
    assert message == "ingress[0].from_port is known only after apply"


@pytest.fixture
def targets(planned: Callable[..., Planned]) -> Callable[..., list[tuple[Outcome, str]]]:
    """Return a function: its port and more, what joins it -> what the rule finds."""

    def make(
        own: dict[str, Any], *joined: tuple[dict[str, Any], dict[str, Any]], ports: tuple[int, ...]
    ) -> list[tuple[Outcome, str]]:
        changes = [change(TARGETS, own, unknown=ID), group(*ports), *(each for each, _ in joined)]
        blocks = [block(TARGETS), block(GROUP), *(each for _, each in joined)]
        return told(planned(changes, resources=blocks), "NET-02")

    return make


INSTANCE = (
    change("aws_instance.this", unknown=ID | {"vpc_security_group_ids": True}),
    block("aws_instance.this", vpc_security_group_ids=names(GROUP)),
)
ATTACHED = (
    change("aws_lb_target_group_attachment.this", unknown={"target_id": True}),
    block(
        "aws_lb_target_group_attachment.this",
        target_group_arn=[f"{TARGETS}.arn", TARGETS],
        target_id=names("aws_instance.this"),
    ),
)
SERVICE = (
    change(
        "aws_ecs_service.this",
        {"load_balancer": [{}], "network_configuration": [{}]},
        unknown={
            "load_balancer": [{"target_group_arn": True}],
            "network_configuration": [{"security_groups": True}],
        },
    ),
    block(
        "aws_ecs_service.this",
        load_balancer=[f"{TARGETS}.arn", TARGETS],
        network_configuration=names(GROUP),
    ),
)
# Nested blocks stand in a list of their own.
SERVICE[1]["expressions"] = {
    "load_balancer": [{"target_group_arn": {"references": [f"{TARGETS}.arn", TARGETS]}}],
    "network_configuration": [{"security_groups": {"references": names(GROUP)}}],
}


@pytest.mark.parametrize("joined", [(INSTANCE, ATTACHED), (SERVICE,)], ids=["instance", "service"])
def test_what_is_attached_to_a_target_group_has_to_open_its_port(
    targets: Callable[..., list[tuple[Outcome, str]]], joined: tuple[Any, ...]
) -> None:
    assert targets({"port": 8080}, *joined, ports=(8080,)) == []
    assert targets({"port": 8080}, *joined, ports=(80,)) == [
        (Outcome.FAILED, f"port 8080 of requests is not open in {GROUP}")
    ]


@pytest.mark.parametrize("own", [{"target_type": "lambda", "port": 8080}, {"port": None}])
def test_a_target_group_without_a_port_of_its_own_needs_none(
    targets: Callable[..., list[tuple[Outcome, str]]], own: dict[str, Any]
) -> None:
    assert targets(own, INSTANCE, ATTACHED, ports=(80,)) == []


def test_a_load_balancer_on_which_nothing_listens_yet_is_not_judged(
    planned: Callable[..., Planned],
) -> None:
    balancer = change(BALANCER, unknown=ID | {"security_groups": True})
    blocks = [block(GROUP), block(BALANCER, security_groups=names(GROUP))]
    listener = change("aws_lb_listener.this", {"port": 443}, unknown={"load_balancer_arn": True})
    listens = block("aws_lb_listener.this", load_balancer_arn=[f"{BALANCER}.arn", BALANCER])

    assert told(planned([balancer, group(80)], resources=blocks), "NET-03") == []
    plan = planned([balancer, group(80), listener], resources=[*blocks, listens])
    assert told(plan, "NET-03") == [
        (Outcome.FAILED, f"port 80 is open in {GROUP}, but it listens on 443")
    ]


def test_a_load_balancer_that_may_forward_to_a_closed_port_is_not_judged(
    planned: Callable[..., Planned],
) -> None:
    balancer = change(BALANCER, unknown=ID | {"security_groups": True})
    listener = change(
        "aws_lb_listener.this",
        {"default_action": [{"type": "forward"}]},
        unknown={"load_balancer_arn": True, "default_action": [{"target_group_arn": True}]},
    )
    listens = block("aws_lb_listener.this", load_balancer_arn=[f"{BALANCER}.arn", BALANCER])
    targets = change(TARGETS, {"port": 8080}, unknown=ID)
    blocks = [block(GROUP), block(BALANCER, security_groups=names(GROUP)), block(TARGETS), listens]

    def told_of(*references: str) -> list[tuple[Outcome, str]]:
        action = {"target_group_arn": {"references": list(references)}}
        listens["expressions"]["default_action"] = [action]
        return told(planned([balancer, listener, targets, group()], resources=blocks), "NET-02")

    assert told_of(f"{TARGETS}.arn", TARGETS) == [
        (Outcome.FAILED, f"port 8080 of requests cannot be reached from {GROUP}")
    ]
    assert told_of("local.targets") == [
        (Outcome.UNKNOWN, f"whether {BALANCER} forwards to it is known only after apply")
    ]


def test_an_address_in_a_target_group_has_no_group_to_judge(
    targets: Callable[..., list[tuple[Outcome, str]]],
) -> None:
    address = (
        change("aws_lb_target_group_attachment.this", {"target_id": "10.0.0.7"}),
        block("aws_lb_target_group_attachment.this", target_group_arn=[f"{TARGETS}.arn", TARGETS]),
    )
    assert targets({"port": 8080}, address, ports=(80,)) == []
