"""What ``tap prove`` answers to one question, in words."""

from __future__ import annotations

import pytest

from tap.cli.prove import _answer
from tap.errors import SettingsError
from tests.unit.proofs.network.topologies import BASE, tiers_of

pytestmark = pytest.mark.requirement("TST-2")


def answer(source: str, destination: str, ports: str, *, facts: str = "") -> list[str]:
    return _answer(tiers_of(f"{BASE}\n{facts}"), source, destination, ports).splitlines()


def test_what_always_gets_through_is_a_yes_with_its_way() -> None:
    first, *way = answer("app", "db", "3306")

    assert first == "yes: app -> db: tcp/3306"
    assert any("routes of app: local" in line for line in way)
    assert all(line.startswith("  ") for line in way)


def test_what_never_gets_through_is_a_no_with_what_stops_it() -> None:
    first, *way = answer("alb", "db", "3306")

    assert first == "no: alb -> db: tcp/3306"
    assert any(line.endswith("[stopped]") for line in way)


def test_of_what_gets_through_in_part_both_parts_are_shown() -> None:
    lines = answer("app", "db", "3306-3307")

    between = lines.index("but not:")
    assert lines[0] == "partly: app -> db: tcp/3306-3307"
    assert "  tcp/3306 from shop in app to store in data" in lines[:between]
    assert any("no rule allows tcp/3307" in line for line in lines[between:])


def test_what_is_known_only_after_an_apply_is_unknown() -> None:
    first, *way = answer("app", "internet", "443", facts="table app main: 0.0.0.0/0 ?")

    assert first == "unknown: app -> internet: tcp/443"
    assert any("known only after apply" in line for line in way)


@pytest.mark.parametrize("ports", ["ssh", "443-", "99999"])
def test_ports_that_are_none_are_told_with_some_that_are(ports: str) -> None:
    with pytest.raises(SettingsError, match=f"--port '{ports}': ") as refused:
        answer("app", "db", ports)
    assert "udp/53" in refused.value.hint
