"""Networks with known answers; for each the wrong answer that a reader could give."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tap.proofs.answer import Answer
from tap.proofs.network.reachability import Question, always, never
from tap.proofs.network.traffic import parse_traffic
from tests.unit.proofs.network.topologies import BASE, tiers_of

CASES = [
    pytest.param(case, id=f"{path.stem}: {name}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.toml"))
    for name, case in tomllib.loads(path.read_text()).items()
]
_ASK = re.compile(r"(always|never) (\S+) -> (\S+) (\S+): (proved|refuted|unknown)")

pytestmark = pytest.mark.requirement("TST-2", "NET-2", "NET-3", "SEC-1")


@pytest.mark.parametrize("case", CASES)
def test_a_hand_made_network_gets_the_known_answer(case: dict[str, Any]) -> None:
    tiers = tiers_of(("" if case.get("alone") else BASE) + case.get("facts", ""))
    shown = []
    for ask in case["asks"]:
        found = _ASK.fullmatch(ask)
        assert found, ask
        claim, source, destination, what, answer = found.groups()
        question = Question(source=source, destination=destination, traffic=parse_traffic(what))
        finding = (always if claim == "always" else never)(tiers, question)
        assert finding.answer == Answer(answer), "\n".join([ask, *finding.lines()])
        shown.append("\n".join(finding.lines()))
    # The reason is right as well.
    for number, text in enumerate(case.get("because", [])):
        assert text in shown[number]
    assert case["tempting"]


def test_there_are_at_least_sixty_networks() -> None:
    assert len(CASES) >= 60
