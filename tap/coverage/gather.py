"""The coverage of a project: its modules, their own tests, and what pytest recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tap.coverage.measure import measure, read_impossible
from tap.coverage.native import isolate_failures, read_runs, sightings, told_of_runs
from tap.coverage.recorded import recorded_sightings
from tap.coverage.survey import survey
from tap.hcl import load_module
from tap.terraform.root import Reporter
from tap.terraform.validation import module_tests, observe_module_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.coverage.model import Coverage
    from tap.coverage.sighting import Sighting
    from tap.settings import Settings
    from tap.warm.providers import WarmProviders

# Branches that no test can exercise, each with the reason.
IMPOSSIBLE = Path("tests") / "terraform-coverage.toml"


class Measured(NamedTuple):
    """Coverage with the text of the files that it is about, by name within the repository."""

    coverage: Coverage
    sources: dict[str, str]


def measure_project(
    settings: Settings,
    records: Path | None,
    environ: Mapping[str, str],
    *,
    notice: Callable[[str], None],
    warm: WarmProviders | None,
) -> Measured:
    """Run the modules' own tests and measure what they and recorded tests exercise.

    Args:
        settings: The project.
        records: The folder of what pytest recorded; None for none.
        environ: The variables of the user.
        notice: Told what happens.
        warm: Serves the provider; None lets Terraform start it.

    Raises:
        TapError: A module or a record cannot be read, or Terraform could not begin.
    """
    folders = sorted(file.parent for file in settings.root.glob("modules/*/main.tf"))
    cache = settings.work_directory / "hcl"
    surveys = {
        name: survey(load_module(folder, cache=cache), name=name, cache=cache)
        for folder in folders
        for name in [folder.relative_to(settings.root).as_posix()]
    }
    found: list[Sighting] = []
    if records is not None:
        found += recorded_sightings(records, surveys)
        notice(f"{records}: {len({each.test for each in found})} tests")
    for folder in module_tests(settings):
        name = folder.relative_to(settings.root).as_posix()
        lines: list[str] = []
        observe_module_tests(
            folder,
            settings,
            environ,
            Reporter(notice=notice),
            warm,
            rewrite=isolate_failures,
            on_line=lines.append,
        )
        told = told_of_runs(lines)
        seen = list(sightings(surveys[name], read_runs(folder / "tests"), told, module=name))
        notice(f"{name}: {len(seen)} of {len(told)} runs assert something")
        found += seen
    excuses = read_impossible(settings.root / IMPOSSIBLE)
    sources = {
        f"{name}/{file.name}": file.read_text(encoding="utf-8")
        for name in surveys
        for file in sorted((settings.root / name).glob("*.tf"))
    }
    return Measured(measure(surveys, found, excuses), sources)
