from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

README = """\
# demo

<!-- BEGIN generated: inputs and outputs -->
<!-- END generated: inputs and outputs -->

Behind.
"""


@pytest.fixture(scope="session")
def script(repository: Path) -> Any:
    path = repository / "scripts" / "generate_docs.py"
    spec = importlib.util.spec_from_file_location("generate_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    module = tmp_path / "modules" / "demo"
    module.mkdir(parents=True)
    (module / "variables.tf").write_text(
        'variable "size" {\n  description = "Size."\n  type = number\n}\n'
    )
    (module / "README.md").write_text(README)
    (tmp_path / "modules" / "empty").mkdir()
    stack = tmp_path / "environments" / "_stack"
    stack.mkdir(parents=True)
    (stack / "outputs.tf").write_text(
        'output "vpc" {\n  description = "Network."\n  value = { vpc_id = module.vpc.vpc_id }\n}\n'
    )
    inventories = tmp_path / "tests" / "environments" / "inventories"
    inventories.mkdir(parents=True)
    for name, total in (("dev", 1), ("staging", 2), ("prod", 3)):
        inventory = {
            "facts": {"Zone": name},
            "cost": [
                {
                    "kind": "kms-key",
                    "name": "KMS key",
                    "quantity": total,
                    "region": "eu-west-1",
                    "detail": "",
                    "by_use": False,
                }
            ],
            "total": total,
            "counts": {"aws_vpc": total},
        }
        (inventories / f"{name}.json").write_text(json.dumps(inventory))
    (inventories / "prod-flows.json").write_text(json.dumps([["internet", "alb", "tcp/443"]]))
    record = tmp_path / "tests" / "integration" / "localstack" / "shown.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"version": "4.14.0", "requirements": {}}))
    decisions = tmp_path / "docs" / "adr"
    decisions.mkdir(parents=True)
    (tmp_path / "docs" / "requirements.md").write_text("| NET-1 | network | a | b | met |\n")
    (decisions / "0001-one.md").write_text("# 1. One\n\nStatus: accepted\n")
    return tmp_path


@pytest.mark.requirement("DOC-1")
def test_tables_are_written_between_the_markers_and_checked(
    script: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(checkout)]
    readme = checkout / "modules" / "demo" / "README.md"
    assert script.main([*root, "--check"]) == 1
    assert readme.read_text() == README
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "TIP run: make generate"
    assert {"stale: docs/reference/cli.md", "stale: modules/demo/README.md"} <= set(told)
    assert script.main(root) == 0
    text = readme.read_text()
    assert "| `size` | Size. | `number` |  | yes |" in text
    assert text.startswith("# demo\n\n<!-- BEGIN")
    assert text.endswith("<!-- END generated: inputs and outputs -->\n\nBehind.\n")
    reference = checkout / "docs" / "reference"
    assert "## `tap plan`" in (reference / "cli.md").read_text()
    assert "| `s3-conditional-puts` | two runs" in (reference / "emulator.md").read_text()
    assert "| Zone | dev | staging | prod |" in (reference / "environments.md").read_text()
    assert (
        "| KMS key | eu-west-1 | 1.00 per month | 1: $1.00 | 2: $2.00 | 3: $3.00 |"
        in (reference / "cost.md").read_text()
    )
    assert "## demo" in (reference / "modules.md").read_text()
    assert "[1. One](0001-one.md)" in (checkout / "docs" / "adr" / "README.md").read_text()
    assert "| `vpc.vpc_id` | `module.vpc.vpc_id` |" in (reference / "outputs.md").read_text()
    assert script.main([*root, "--check"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.requirement("DOC-1")
def test_a_new_variable_makes_the_readme_stale(
    script: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(checkout)]
    script.main(root)
    (checkout / "modules" / "demo" / "more.tf").write_text('variable "more" {}\n')
    assert script.main([*root, "--check"]) == 1
    assert capsys.readouterr().err == (
        "stale: docs/reference/modules.md\nstale: modules/demo/README.md\nTIP run: make generate\n"
    )


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize("text", [None, "# demo\n", README.replace("END", "FIN")])
def test_a_readme_without_markers_is_named(
    script: Any, checkout: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    readme = checkout / "modules" / "demo" / "README.md"
    readme.unlink()
    if text is not None:
        readme.write_text(text)
    assert script.main(["--root", str(checkout)]) == 1
    error = capsys.readouterr().err
    assert f"ERROR {readme}: has no place for the tables" in error
    assert "TIP add the lines <!-- BEGIN generated: inputs and outputs -->" in error


@pytest.mark.requirement("DOC-1")
def test_a_broken_module_is_named_and_nothing_written(
    script: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "modules" / "demo" / "broken.tf").write_text("a = \n")
    assert script.main(["--root", str(checkout)]) == 1
    assert "broken.tf:1:5: expected a value" in capsys.readouterr().err
    assert not (checkout / "docs" / "reference").exists()
