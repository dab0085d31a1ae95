from __future__ import annotations

import click
import pytest

from tap.emulator.extensions import Patch
from tap.hcl.declarations import module_of
from tap.hcl.syntax import parse
from tap.reports.reference import cli_reference, emulator_table, module_tables


def tables(text: str) -> list[str]:
    return module_tables(module_of(parse(text, file="a.tf"))).split("\n")


@pytest.mark.requirement("DOC-1")
def test_inputs_are_listed_required_ones_first_then_by_name() -> None:
    lines = tables(
        'variable "z" {\n  description = "Last."\n  type = string\n}\n'
        'variable "b" {\n  description = "A <b> | c."\n  type = number\n  default = 3\n}\n'
        'variable "a" {\n  description = "None."\n  type = string\n  default = null\n}\n'
    )
    assert lines[:7] == [
        "### Inputs",
        "",
        "| Name | Description | Type | Default | Required |",
        "| --- | --- | --- | --- | --- |",
        "| `z` | Last. | `string` |  | yes |",
        "| `a` | None. | `string` | `null` | no |",
        "| `b` | A &lt;b> \\| c. | `number` | `3` | no |",
    ]


@pytest.mark.requirement("DOC-1")
def test_types_and_defaults_that_do_not_fit_follow_in_full() -> None:
    text = "\n".join(
        tables(
            'variable "a" {\n  type = map(object({\n    x = string\n    y = object({\n'
            '      z = bool\n    })\n  }))\n  default = ["' + "x" * 70 + '"]\n}\n'
        )
    )
    assert "| `a` |  | `map(object({...}))` | `[...]` | no |" in text
    assert (
        "Type of `a`:\n\n```text\nmap(object({\n  x = string\n  y = object({\n    z = bool\n"
        "  })\n}))\n```\n" in text
    )
    assert 'Default of `a`:\n\n```text\n["' + "x" * 70 + '"]\n```' in text


@pytest.mark.requirement("DOC-1", "TAP-6")
def test_a_secret_default_is_not_printed() -> None:
    text = "\n".join(
        tables(
            'variable "a" {\n  default = "tok"\n  sensitive = true\n}\n'
            'variable "b" {\n  default = null\n  sensitive = true\n}\n'
        )
    )
    assert "tok" not in text
    assert "| `a` |  |  | `(sensitive)` | no |" in text
    assert "| `b` |  |  | `null` | no |" in text


@pytest.mark.requirement("DOC-1")
def test_outputs_are_listed_by_name_and_secrets_marked() -> None:
    lines = tables(
        'output "b" {\n  description = "B."\n  value = 1\n}\n'
        'output "a" {\n  description = "A."\n  value = 1\n  sensitive = true\n}\n'
    )
    assert lines == [
        "### Inputs",
        "",
        "None.",
        "",
        "### Outputs",
        "",
        "| Name | Description |",
        "| --- | --- |",
        "| `a` | A. Sensitive. |",
        "| `b` | B. |",
    ]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tool() -> None:
    """Do things."""


@tool.command()
@click.argument("env", metavar="ENV")
@click.option("--form", type=click.Choice(["a", "b"]), default="a", envvar="TOOL_FORM", help="F.")
@click.option("--times", default=3, envvar=["T_A", "T_B"], help="T. [env: T_A]")
@click.option("--on/--off", help="Switch.")
@click.option("--secret-handshake", hidden=True)
def shift(env: str, form: str, times: int, secret_handshake: str, *, on: bool) -> None:
    """Shift it.\n\n\b\nKept\nas is.\n\fNever shown."""  # noqa: D301 - click's own marks


@tool.command(hidden=True)
def internal() -> None:
    """Not for people."""


@pytest.mark.requirement("DOC-1")
def test_each_command_shows_usage_help_and_options() -> None:
    text = cli_reference(tool, "tool")
    assert text.startswith(
        "# Command-line reference\n\n## `tool`\n\n```text\ntool [OPTIONS] COMMAND [ARGS]...\n```"
        "\n\nDo things.\n\n| Option | Description | Default | Variable |\n"
        "| --- | --- | --- | --- |\n| `-h, --help` | Show this message and exit. |  |  |\n"
    )
    _, _, section = text.partition("## `tool shift`\n\n")
    assert section.startswith(
        "```text\ntool shift [OPTIONS] ENV\n```\n\nShift it.\n\nKept\nas is.\n\n"
        "| Option | Description | Default | Variable |\n| --- | --- | --- | --- |\n"
        "| `--form [a\\|b]` | F. | `a` | `TOOL_FORM` |\n"
        "| `--times INTEGER` | T. | `3` | `T_A`, `T_B` |\n"
        "| `--on, --off` | Switch. |  |  |\n\n"
    )
    for hidden in ("handshake", "internal", "Never shown"):
        assert hidden not in text


@pytest.mark.requirement("DOC-1", "TAP-7")
def test_exit_codes_come_from_the_errors_in_ascending_order() -> None:
    _, _, table = cli_reference(tool, "tool").partition("| Code | Error | Meaning |\n")
    rows = [line.split(" | ") for line in table.splitlines()[1:]]
    codes = [int(row[0].removeprefix("| ")) for row in rows]
    assert codes == sorted(codes)
    assert {0, 1, 2, 5, 6, 70, 130} <= set(codes)
    assert "| 5 | `StalePlanError` | The saved plan was altered, is too old, or " in table
    assert "| 1 | `HclError` | A `.tf` file cannot be read or parsed. |" in table


@pytest.mark.requirement("DOC-1", "TAP-2")
def test_patches_are_listed_by_service_and_id() -> None:
    symptoms = {"s3-puts": "every put of <key> fails", "iam-ask": "no", "s3-lists": "one | two"}
    text = emulator_table(
        Patch(id=name, symptom=symptom, apply=lambda: None, probe=lambda _client: False)
        for name, symptom in symptoms.items()
    )
    assert text.partition("## ")[2] == (
        "iam\n\n| Patch | Symptom in stock moto |\n| --- | --- |\n| `iam-ask` | no |\n\n"
        "## s3\n\n| Patch | Symptom in stock moto |\n| --- | --- |\n"
        "| `s3-lists` | one \\| two |\n| `s3-puts` | every put of &lt;key> fails |\n"
    )
