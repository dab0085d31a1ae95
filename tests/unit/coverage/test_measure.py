from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.coverage.measure import Impossible, measure, read_impossible
from tap.coverage.model import Kind
from tap.coverage.sighting import Observed, Sighting, Spot, tripped_spots
from tap.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from tap.coverage.survey import Survey

pytestmark = pytest.mark.requirement("TST-4")

MODULE = "modules/demo"
FILTER = 'local.wanted: value != "no"'
SIZE = 'local.bytes: var.size == "large"'


def sighting(demo: Survey, *looked_at: str, taken: dict[str, str], **more: object) -> Sighting:
    probes = {probe.item.name: name for name, probe in demo.probes.items()}
    observed = Observed(
        module=MODULE,
        taken={probes[name]: frozenset({branch}) for name, branch in taken.items()},
        present=frozenset({"terraform_data.this", "terraform_data.each", "terraform_data.extra"}),
        given=frozenset({"var.size"}),
    )
    return Sighting(test="t", observed=observed, looked_at=frozenset(looked_at), **more)  # type: ignore[arg-type]  # of the test's own


def covered(demo: Survey, *found: Sighting) -> set[tuple[str, str]]:
    coverage = measure({MODULE: demo}, found)
    return {(each.item.name, each.name) for each in coverage.branches if each.covered}


def test_a_condition_counts_only_for_who_looks_at_what_is_made_of_it(demo: Survey) -> None:
    taken = {SIZE: "true", FILTER: "kept"}
    found = covered(demo, sighting(demo, "terraform_data.this", taken=taken))
    assert {("terraform_data.this", "asserted"), ("var.size", "given"), (SIZE, "true")} <= found
    assert (FILTER, "kept") not in found
    assert (SIZE, "false") not in found
    assert ("terraform_data.each", "asserted") not in found


def test_what_is_unknown_is_not_covered_and_says_so(demo: Survey) -> None:
    seen = sighting(demo, "output.bytes", taken={SIZE: "unknown"})
    branches = measure({MODULE: demo}, [seen]).of(kind=Kind.CONDITION).branches
    assert [(each.covered, each.unknown) for each in branches if each.item.name == SIZE] == [
        (False, True),
        (False, True),
    ]


def test_a_resource_without_an_instance_is_not_covered(demo: Survey) -> None:
    nothing = Observed(module=MODULE)
    seen = Sighting(test="t", observed=nothing, looked_at=frozenset({"terraform_data.this"}))
    assert ("terraform_data.this", "asserted") not in covered(demo, seen)


def test_an_excuse_for_what_is_exercised_or_gone_is_refused(demo: Survey) -> None:
    seen = [sighting(demo, "output.bytes", taken={SIZE: "true"})]
    for part, branch in ((SIZE, "true"), ("local.gone: var.a", "true")):
        excuse = Impossible(module=MODULE, part=part, branch=branch, reason="never")
        with pytest.raises(SettingsError, match="is said to be impossible"):
            measure({MODULE: demo}, seen, [excuse])
    excuse = Impossible(module=MODULE, part=SIZE, branch="false", reason="never")
    before, after = measure({MODULE: demo}, seen), measure({MODULE: demo}, seen, [excuse])
    assert after.total == before.total - 1


def test_an_excuse_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "excuses.toml"
    assert read_impossible(file) == ()
    file.write_text('[[impossible]]\nmodule="m"\npart="p"\nbranch="b"\nreason=" "\n')
    with pytest.raises(SettingsError, match="no reason for p"):
        read_impossible(file)
    file.write_text('[[impossible]]\nmodule="m"\n')
    with pytest.raises(SettingsError, match="missing required field"):
        read_impossible(file)


def test_the_place_of_what_refused_is_read_from_the_error() -> None:
    wrapped = (
        "\u2502 This was checked by the validation rule at\n"
        "\u2502 ../modules/vpc/variables.tf:12,3-13.\n"
        "\u2502 Error: Resource precondition failed\n\u2502\n"
        '\u2502   on ../modules/vpc/main.tf line 16, in resource "aws_vpc" "this":\n'
    )
    assert tripped_spots(wrapped) == {Spot("variables.tf", 12), Spot("main.tf", 16)}
