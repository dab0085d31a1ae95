"""What is read of a state, what differs between two, and that no value is ever said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.errors import TapError
from tap.terraform.states import Difference, compare, parse_state, with_serial

pytestmark = [pytest.mark.requirement("STA-2"), pytest.mark.timeout(60)]


def _state(*resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> bytes:
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 7,
        "lineage": "abc",
        "outputs": {name: {"value": value} for name, value in (outputs or {}).items()},
        "resources": list(resources),
        "check_results": None,
    }
    return json.dumps(document).encode()


def _resource(name: str, *instances: dict[str, Any], **extra: Any) -> dict[str, Any]:
    found = [{"attributes": {"id": "1"}}] if not instances else list(instances)
    return {"mode": "managed", "type": "aws_x", "name": name, "instances": found, **extra}


def test_serial_lineage_and_the_number_of_objects_are_read() -> None:
    content = _state(
        _resource("one"),
        _resource("many", {"index_key": 0}, {"index_key": 1}),
        _resource("looked_up", mode="data"),
    )

    state = parse_state(content, "here")

    assert (state.serial, state.lineage, state.size) == (7, "abc", 3)
    assert state.terraform_version == "1.11.4"


def test_addresses_are_those_that_terraform_prints() -> None:
    content = _state(
        _resource("one"),
        _resource("counted", {"index_key": 0}),
        _resource("keyed", {"index_key": "eu-west-1a"}, module='module.network["a"]'),
        _resource("looked_up", mode="data"),
        _resource("replaced", {"deposed": "0a1b"}, {}),
    )

    assert set(parse_state(content, "here").objects()) == {
        "aws_x.one",
        "aws_x.counted[0]",
        'module.network["a"].aws_x.keyed["eu-west-1a"]',
        "data.aws_x.looked_up",
        "aws_x.replaced (deposed 0a1b)",
        "aws_x.replaced",
    }


@pytest.mark.requirement("TAP-6")
def test_a_difference_names_addresses_and_attributes_and_no_value() -> None:
    before = _state(
        _resource("same"),
        _resource("gone"),
        _resource("edited", {"attributes": {"id": "1", "password": "hunter2", "old": 1}}),
        _resource("tainted", {"attributes": {"id": "1"}}),
        outputs={"kept": 1, "token": "hunter2"},
    )
    after = _state(
        _resource("same"),
        _resource("new"),
        _resource("edited", {"attributes": {"id": "1", "password": "hunter3", "new": 1}}),
        _resource("tainted", {"attributes": {"id": "1"}, "status": "tainted"}),
        outputs={"kept": 1, "token": "hunter3", "added": None},
    )

    found = compare(parse_state(before, "a"), parse_state(after, "b"))

    assert found == Difference(
        added=("aws_x.new",),
        removed=("aws_x.gone",),
        changed={"aws_x.edited": ("new", "old", "password"), "aws_x.tainted": ("(status)",)},
        outputs=("added", "token"),
    )
    assert not found.empty
    assert "hunter" not in repr(found)
    assert compare(parse_state(before, "a"), parse_state(before, "a")).empty


def test_a_new_serial_changes_no_other_byte() -> None:
    before, after = (
        b'{"version": 4, "serial": 7',
        b', "lineage": "abc", "n": 3.14159265358979323846}',
    )

    assert with_serial(before + after, 12) == b'{"version": 4, "serial": 12' + after


@pytest.mark.requirement("TAP-7")
def test_a_serial_that_stands_elsewhere_is_not_guessed() -> None:
    nested = (
        b'{"outputs": {"x": {"value": {"serial": 1}}}, "version": 4, "serial": 7, "lineage": ""}'
    )

    with pytest.raises(TapError, match="the serial of this state is not where"):
        with_serial(nested, 9)


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize(
    "content", [b"", b"{broken", b"[]", b"\xff", b'{"version": 4, "secret": 1}']
)
def test_what_is_no_state_is_refused_without_quoting_it(content: bytes) -> None:
    with pytest.raises(TapError) as caught:
        parse_state(content, "backup x")

    assert caught.value.message == "backup x is no Terraform state"


@pytest.mark.requirement("TAP-7")
def test_another_format_is_refused_by_its_number() -> None:
    with pytest.raises(TapError, match="backup x has state format 3; only 4 is known"):
        parse_state(b'{"version": 3, "serial": 1, "lineage": ""}', "backup x")
