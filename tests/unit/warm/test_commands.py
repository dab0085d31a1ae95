"""Which commands get warm providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tap.warm.commands import (
    READING,
    READING_STATE,
    reason_against,
    subcommand,
    wanted_for_apply,
)

pytestmark = pytest.mark.requirement("TAP-1")


@pytest.mark.parametrize(
    "verb", ["apply", "destroy", "import", "init", "refresh", "state", "taint"]
)
def test_what_writes_never_goes_through_a_relay(verb: str) -> None:
    assert verb not in READING
    assert READING_STATE < READING


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["terraform", "plan", "-out=x"], ("plan", "")),
        (["/usr/bin/terraform", "-chdir=a/b", "validate"], ("validate", "a/b")),
        (["tofu", "test"], ("test", "")),
        (["terraform1.11", "show", "plan"], ("show", "")),
        (["terraform", "-version"], ("", "")),
        (["make", "plan"], ("", "")),
        ([], ("", "")),
    ],
)
def test_the_subcommand_and_its_folder_are_found(
    command: list[str], expected: tuple[str, str]
) -> None:
    verb, folder = expected
    assert subcommand(command) == (verb, Path.cwd() / folder)


@pytest.mark.parametrize("value", ["0", "false", "no", "OFF"])
def test_a_variable_turns_it_off(value: str) -> None:
    assert reason_against({"TAP_WARM": value}) == f"TAP_WARM is {value}"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, False), ({"TAP_WARM_APPLY": "0"}, False), ({"TAP_WARM_APPLY": "1"}, True)],
)
def test_an_apply_has_to_be_asked_for(environ: dict[str, str], wanted: bool) -> None:  # noqa: FBT001 - a parameter of a test
    assert wanted_for_apply(environ) is wanted


@pytest.mark.parametrize("name", ["TF_LOG", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS"])
def test_who_debugs_a_provider_gets_the_one_that_terraform_starts(name: str) -> None:
    assert reason_against({name: "x"}) == f"{name} is set"


@pytest.mark.parametrize("environ", [{}, {"TAP_WARM": "1"}, {"TF_LOG": ""}, {"TF_VAR_x": "1"}])
def test_nothing_else_speaks_against_it(environ: dict[str, str]) -> None:
    assert reason_against(environ) == ""
