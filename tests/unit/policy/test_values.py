from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.policy import UnknownValueError
from tests.unit.policy.conftest import change

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.policy import Planned, Resource


@pytest.fixture
def resource(planned: Callable[..., Planned]) -> Resource:
    after = {
        "name": "a",
        "size": 3,
        "on": True,
        "none": None,
        "cidrs": ["10.0.0.0/8", None, "0.0.0.0/0"],
        "rule": [{"port": 22}, {}],
        "single": {"port": 80},
        "policy": '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Principal": "*"}}',
        "password": "hunter2",
    }
    unknown = {"id": True, "cidrs": [False, True, False], "rule": [{}, {"port": True}]}
    plan = planned([change("a.b", after, unknown=unknown, secret={"password": True})])
    return plan.by_address["a.b"]


@pytest.mark.requirement("TAP-3")
def test_known_values_are_read_by_type(resource: Resource) -> None:
    assert (resource.text("name"), resource.number("size"), resource.flag("on")) == ("a", 3, True)
    assert (resource.text("none"), resource.number("none"), resource.flag("none")) == (
        None,
        None,
        False,
    )
    assert resource.block("single") is not None
    assert [rule.path for rule in resource.blocks("rule")] == [("rule", 0), ("rule", 1)]
    [statement] = resource.statements("policy")
    assert (statement.actions, statement.allows, statement.is_for_anybody) == (
        ("s3:*",),
        True,
        True,
    )


@pytest.mark.requirement("TAP-3")
def test_an_unknown_value_is_never_taken_for_any_other(resource: Resource) -> None:
    for read in (resource.get, resource.text, resource.number, resource.flag, resource.document):
        with pytest.raises(UnknownValueError, match="id is known only after apply"):
            read("id")
    with pytest.raises(UnknownValueError, match=r"rule\[1\]\.port is known only after apply"):
        resource.blocks("rule")[1].number("port")


@pytest.mark.requirement("TAP-3")
def test_known_elements_are_found_before_an_unknown_one_stops(resource: Resource) -> None:
    assert any(cidr == "0.0.0.0/0" for cidr in resource.each("cidrs"))
    with pytest.raises(UnknownValueError, match="cidrs is known only after apply"):
        any(cidr == "192.168.0.0/16" for cidr in resource.each("cidrs"))


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("method", "name", "message"),
    [
        ("text", "size", "size is not text"),
        ("number", "on", "on is not a number"),
        ("flag", "name", "name is neither true nor false"),
        ("document", "name", "name is not JSON"),
        ("statements", "name", "name is not JSON"),
        ("blocks", "name", "name holds no elements"),
    ],
)
def test_a_value_of_another_type_is_not_judged(
    resource: Resource, method: str, name: str, message: str
) -> None:
    with pytest.raises(UnknownValueError, match=message):
        getattr(resource, method)(name)


@pytest.mark.requirement("TAP-3", "TAP-6")
def test_a_message_quotes_values_but_no_secret(resource: Resource) -> None:
    assert resource.quote("name") == 'name = "a"'
    assert resource.quote("cidrs") == "cidrs (known only after apply)"
    assert resource.quote("password") == "password = (sensitive)"
    assert resource.blocks("rule")[0].quote("port") == "rule[0].port = 22"
