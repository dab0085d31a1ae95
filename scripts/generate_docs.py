"""Write the generated parts of the documents, or say which are not up to date.

Filled in are the tables of inputs and outputs in ``modules/*/README.md`` and ``backend/README.md``
(between two markers).
All of ``docs/reference/`` is written, and the list of decisions: the modules, the commands, the
rules, what the emulator cures, the outputs of an environment, how the environments differ, what
they cost, and who reaches whom in prod, with a picture (from the inventories of their plans, which
``make inventories`` writes), and what LocalStack shows (from what ``make localstack`` records).
"""  # noqa: INP001 - a script is no package

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap.cost.drivers import Driver
from tap.cost.estimate import estimate
from tap.cost.prices import load_prices
from tap.errors import TapError
from tap.hcl import load_module
from tap.reports.cost import cost_reference
from tap.reports.emulators import emulators_reference
from tap.reports.flows_svg import flows_svg
from tap.reports.modules import decisions_index, modules_reference
from tap.reports.reference import (
    cli_reference,
    emulator_table,
    environment_table,
    module_tables,
    network_reference,
    output_table,
)
from tap.reports.rules import rules_markdown

# A script beside this one, whether this one is run or loaded.
sys.path.insert(0, str(Path(__file__).parent))
from pictures import pictures

if TYPE_CHECKING:
    from tap.cost.estimate import Estimate

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ("dev", "staging", "prod")
# Any host in a tier of subnets; the picture shows things.
SUBNET_TIERS = {"public", "private", "database"}
BEGIN = "<!-- BEGIN generated: inputs and outputs -->"
END = "<!-- END generated: inputs and outputs -->"


def documents(root: Path) -> dict[Path, str]:
    """Return what every generated document of a checkout must hold.

    Raises:
        TapError: A README is missing or lacks the markers, or a module cannot be parsed.
    """
    # Late, so that the tables of modules can be made without the commands and without moto.
    from tap.cli.main import tap  # noqa: PLC0415
    from tap.emulator import extensions  # noqa: PLC0415
    from tap.policy import all_rules  # noqa: PLC0415

    found = {
        folder / "README.md": with_tables(folder)
        for folder in sorted([*(root / "modules").iterdir(), root / "backend"])
        if any(folder.glob("*.tf"))
    }
    inventories = {
        name: json.loads((root / f"tests/environments/inventories/{name}.json").read_text())
        for name in ENVIRONMENTS
    }
    listed = json.loads((root / "tests/environments/inventories/prod-flows.json").read_text())
    flows = [(source, destination, traffic) for source, destination, traffic in listed]
    reference = root / "docs" / "reference"
    return {
        **found,
        reference / "cli.md": cli_reference(tap, "tap"),
        reference / "emulator.md": emulator_table(
            patch for extension in extensions.load() for patch in extension.patches
        ),
        reference / "cost.md": cost_reference(
            {name: _estimate(name, inventory["cost"]) for name, inventory in inventories.items()},
            load_prices().all,
        ),
        reference / "environments.md": environment_table(inventories),
        reference / "modules.md": modules_reference(
            {
                folder.name: load_module(folder)
                for folder in sorted((root / "modules").iterdir())
                if any(folder.glob("*.tf"))
            }
        ),
        **{root / "docs" / "pictures" / name: text for name, text in pictures().items()},
        root / "docs" / "adr" / "README.md": decisions_index(
            {file.name: file.read_text() for file in (root / "docs" / "adr").glob("[0-9]*.md")}
        ),
        reference / "emulators.md": emulators_reference(
            (root / "docs" / "requirements.md").read_text(),
            json.loads((root / "tests/integration/localstack/shown.json").read_text()),
        ),
        reference / "network.md": network_reference(flows),
        root / "docs" / "pictures" / "network.svg": flows_svg(
            [flow for flow in flows if not {flow[0], flow[1]} & SUBNET_TIERS],
            "Who reaches whom in prod",
        ),
        reference / "outputs.md": output_table(load_module(root / "environments" / "_stack")),
        reference / "rules.md": rules_markdown(all_rules()),
    }


def _estimate(name: str, drivers: list[dict[str, Any]]) -> Estimate:
    found = (Driver(**{**each, "quantity": Decimal(each["quantity"])}) for each in drivers)
    return estimate(name, found, load_prices())


def with_tables(folder: Path) -> str:
    """Return the README of a module with its tables filled in.

    Raises:
        TapError: The README is missing or lacks the markers, or the module cannot be parsed.
    """
    readme = folder / "README.md"
    text = readme.read_text() if readme.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise TapError(
            f"{readme}: has no place for the tables", f"add the lines {BEGIN} and {END} to it"
        )
    return f"{before}{BEGIN}\n\n{module_tables(load_module(folder))}\n\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the documents; return 1 if something is stale or cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, list stale files")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the checkout")
    options = parser.parse_args(arguments)
    try:
        wanted = documents(options.root)
    except TapError as error:
        sys.stderr.write(f"ERROR {error.message}\nTIP {error.hint}\n")
        return 1
    stale = [
        path for path, text in wanted.items() if not path.is_file() or path.read_text() != text
    ]
    for path in sorted(stale):
        if options.check:
            sys.stderr.write(f"stale: {path.relative_to(options.root)}\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
    if stale and options.check:
        sys.stderr.write("TIP run: make generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
