"""All intents of an environment together, and what none of them expects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap.errors import PolicyError
from tap.proofs.access.facts import Facts
from tap.proofs.answer import Answer
from tap.proofs.intents import read_intents
from tap.proofs.verdict import prove
from tap.reports.proofs import (
    broken_lines,
    matrix_markdown,
    proofs_json,
    proofs_line,
    proofs_markdown,
    proofs_text,
)
from tests.unit.proofs.network.topologies import BASE, tiers_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap.proofs.verdict import Verdict

pytestmark = pytest.mark.requirement("TST-2", "TAP-3")

ALL = """
allow internet -> alb:443
allow alb -> app:8080
allow app -> db:3306
allow app -> internet:443
allow app -> alb:443
deny internet -> db:*
may internet -> public:443,1024-65535
may app -> private:443
may app -> public:443
may database -> database:*
may database -> private:1024-65535
may private -> internet:443
may private -> alb:443
may private -> database:3306
may private -> private:*
may private -> public:443,1024-65535
may public -> internet:443,1024-65535
may public -> alb:443
may public -> private:1024-65535
may public -> public:*
"""


def verdict(folder: Path, text: str, network: str = BASE) -> Verdict:
    (folder / "intents.txt").write_text(text)
    intents = read_intents(folder / "intents.txt", environment="e", environments=["e"], words={})
    return prove("e", intents, tiers=tiers_of(network), access=Facts(account="1"))


def test_everything_expected_holds(tmp_path: Path) -> None:
    found = verdict(tmp_path, ALL)

    assert broken_lines(found) == []
    assert found.holds
    assert proofs_line(found) == "intents of e hold: 6 proved"


def test_a_line_that_is_missing_makes_its_flow_unexpected_with_a_packet(tmp_path: Path) -> None:
    found = verdict(tmp_path, ALL.replace("allow app -> alb:443\n", ""))

    assert not found.holds
    [each] = found.unexpected
    assert (each.source, each.destination, each.traffic) == ("app", "alb", "tcp/443")
    assert each.certain
    assert "tcp/443 from " in each.reasons[0]


def test_an_intent_that_is_refuted_shows_where_the_packet_is_stopped(tmp_path: Path) -> None:
    found = verdict(tmp_path, ALL + "allow alb -> db:3306\n")

    [proof] = found.broken
    assert proof.answer is Answer.REFUTED
    assert proof.line.place == "intents.txt:22"
    assert proof.reasons[-1].endswith("[stopped]")
    assert proofs_line(found) == "intents of e do not hold: 6 proved, 1 refuted"


def test_what_names_nothing_is_not_known_to_hold(tmp_path: Path) -> None:
    found = verdict(tmp_path, ALL + "deny cache -> db:*\ndeny app can iam:*\n")

    assert [each.answer for each in found.broken] == [Answer.UNKNOWN, Answer.UNKNOWN]
    assert "nothing in the network is called 'cache'" in found.broken[0].reasons[0]
    assert "no role 'app'" in found.broken[1].reasons[0]


def test_access_that_cannot_be_read_is_unknown_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "intents.txt").write_text("deny app can iam:*\n")
    intents = read_intents(tmp_path / "intents.txt", environment="e", environments=["e"], words={})
    found = prove("e", intents, tiers=tiers_of(BASE), access=PolicyError("no account", "read it"))

    assert [(each.answer, each.reasons) for each in found.proofs] == [
        (Answer.UNKNOWN, ("no account", "read it"))
    ]


def test_reports_say_the_same_in_every_form(tmp_path: Path) -> None:
    found = verdict(tmp_path, ALL.replace("allow app -> alb:443\n", ""))
    text = proofs_text(found, matrix=True)
    document = json.loads(proofs_json(found))
    markdown = proofs_markdown(found)

    assert text.endswith(proofs_line(found))
    assert "proved   allow app -> db:3306" in text
    assert "  unexpected: app -> alb: tcp/443" in text.splitlines()
    assert document["holds"] is False
    assert [each["to"] for each in document["unexpected"]] == ["alb"]
    assert {"from": "app", "to": "db", "traffic": "tcp/3306"} in document["matrix"]
    assert markdown.startswith(f"**{proofs_line(found)}**\n\n```text\n  unexpected: app -> alb")
    assert matrix_markdown(found.matrix) in markdown


def test_the_matrix_has_a_row_for_each_source_and_says_nothing_where_nothing_passes(
    tmp_path: Path,
) -> None:
    rows = matrix_markdown(verdict(tmp_path, ALL).matrix).splitlines()
    head = [cell.strip() for cell in rows[0].split("|")]
    app = next(row for row in rows if row.startswith("| **app**")).split("|")

    assert app[head.index("db")].strip() == "tcp/3306"
    assert app[head.index("database")].strip() == "-"
