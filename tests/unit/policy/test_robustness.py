"""Plans and files that no Terraform wrote: everything is an answer, nothing a traceback."""

from __future__ import annotations

import copy
import json
import random
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap.errors import PlanError
from tap.plan import Plan
from tap.policy import Planned, Severity, Sources, Subject, all_rules, examine
from tap.reports.findings import findings_text
from tap.reports.findings_json import findings_json
from tap.reports.findings_markdown import findings_markdown
from tap.reports.junit import findings_junit
from tap.reports.sarif import findings_sarif

if TYPE_CHECKING:
    from tap.policy import Judgement

pytestmark = pytest.mark.requirement("TAP-3")

REPOSITORY = Path(__file__).parents[3]
PLANS = [
    json.loads(file.read_text())
    for file in sorted((REPOSITORY / "tests" / "unit" / "data").glob("plan_*.json"))
]
FILES = sorted((REPOSITORY / "modules").glob("*/*.tf"))
TYPES = sorted({kind for rule in all_rules() for kind in getattr(rule.check, "types", ())})
BLOCKS = re.findall(
    r'^resource "(\w+)"(.*?)^}', "\n".join(map(Path.read_text, FILES)), re.MULTILINE | re.DOTALL
)
# By type, the names of arguments and blocks that this repository gives it.
NAMES = {
    kind: sorted(set(re.findall(r"^ +(\w+) +[={]", body, re.MULTILINE))) for kind, body in BLOCKS
}
REPORTS = (findings_text, findings_json, findings_markdown, findings_junit, findings_sarif)

quick = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=100
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(-1, 70000), st.text(max_size=12))
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def examined(subject: Subject) -> Judgement:
    """Judge by all rules, and write every report."""
    rules = all_rules()
    judgement = examine(
        [subject],
        rules,
        waivers=(),
        known={rule.id for rule in rules},
        fail_on=Severity.LOW,
        today=date(2030, 1, 1),
    )
    for report in REPORTS:
        assert report(judgement).encode()
    return judgement


@quick
@given(data=st.data())
def test_a_plan_of_arbitrary_values_is_judged(data: st.DataObject) -> None:
    kinds = st.sampled_from(TYPES)
    changes = []
    for number, kind in enumerate(data.draw(st.lists(kinds, min_size=1, max_size=4))):
        names = st.sampled_from([*NAMES.get(kind, []), "policy", "tags", "name"])
        tree = st.dictionaries(names, values, max_size=6)
        marks = st.one_of(st.booleans(), st.dictionaries(names, st.booleans(), max_size=3))
        changes.append(
            {
                "address": f"{kind}.this[{number}]",
                "mode": "managed",
                "type": kind,
                "name": "this",
                "index": number,
                "change": {
                    "actions": ["create"],
                    "after": data.draw(tree),
                    "after_unknown": data.draw(marks),
                    "after_sensitive": data.draw(marks),
                },
            }
        )
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {},
        "resource_changes": changes,
    }

    examined(Subject(name="plan", plan=Planned(Plan.decode(json.dumps(document).encode()))))


@quick
@given(plan=st.sampled_from(PLANS), seed=st.integers(0, 2**32), value=values)
def test_a_mangled_plan_is_judged_or_refused(plan: Any, seed: int, value: Any) -> None:
    document = json.loads(json.dumps(plan))
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(3):
        mangle(document, copy.deepcopy(value), chance)
    try:
        planned = Planned(Plan.decode(json.dumps(document).encode()))
    except PlanError:
        return

    examined(Subject(name="plan", plan=planned))


@quick
@given(source=st.sampled_from(FILES), seed=st.integers(0, 2**32))
def test_a_mangled_file_is_told_with_its_line_and_the_others_are_judged(
    source: Path, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    folder = tmp_path_factory.mktemp("root")
    (folder / "sound.tf").write_text('variable "unread" {\n  type = string\n}\n')
    content = bytearray(source.read_bytes()[: chance.randrange(50, 3000)])
    for _ in range(chance.randrange(5)):
        content[chance.randrange(len(content))] = chance.choice(b'{}[]"\\$#\n=\xff\x00')
    (folder / "mangled.tf").write_bytes(content)

    sources = Sources(folder, base=folder)
    judgement = examined(Subject(name="root", sources=sources))

    if sources.broken:
        [broken] = [item for item in judgement.failed if item.rule.id == "TF-01"]
        assert broken.file == "mangled.tf"
        assert broken.line > 0


def mangle(tree: Any, value: Any, chance: random.Random) -> None:
    """Replace or remove one thing somewhere in a document."""
    nodes: list[tuple[Any, Any]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        keys = node if isinstance(node, dict) else range(len(node))
        for key in keys:
            nodes.append((node, key))
            if isinstance(node[key], dict | list):
                pending.append(node[key])
    node, key = chance.choice(nodes)
    if chance.random() < 0.3:
        del node[key]
    else:
        node[key] = value


def test_mangling_changes_a_document() -> None:
    document = json.loads(json.dumps(PLANS[0]))
    mangle(document, "changed", random.Random(1))  # noqa: S311 - nothing secret
    assert document != PLANS[0]
