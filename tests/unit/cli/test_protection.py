"""What a protected environment asks for, on AWS and in a rehearsal."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from tap.aws import Target
from tap.cli.protection import (
    Consent,
    confirm,
    refuse_protected,
    refuse_unnamed,
    require_clean_tree,
)
from tap.errors import SettingsError
from tap.plan import summarize
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.root import Root
from tap.workspace import Request, Workspace
from tests.unit.plan.test_risk import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap.plan import Summary

pytestmark = pytest.mark.requirement("TAP-5")


@pytest.fixture
def on_aws(project: Path) -> Workspace:
    """Prod on AWS, protected and ready to be applied."""
    settings = load_settings(project, {})
    target = Target(name="aws", endpoint=None, region="eu-west-1")
    environment = replace(settings.environment("prod"), protected=True)
    return Workspace(
        request=Request(settings=settings, environment=environment, target="aws", environ={}),
        target=target,
        account_id="333333333333",
        root=Root(
            directory=environment.directory,
            data_directory=project / "data",
            terraform=project / "terraform",
            environ={},
        ),
        backend=Backend(settings=settings, target=target, account_id="333333333333"),
    )


@pytest.fixture
def on_emulator(on_aws: Workspace) -> Workspace:
    return replace(on_aws, request=replace(on_aws.request, target="local"))


def consent(*allowed: str, yes: bool = False, protect: bool = False) -> Consent:
    return Consent(yes=yes, protect=protect, allowed=allowed)


def asked(workspace: Workspace, typed: str, given: Consent) -> str:
    """Return what was asked; raises what ``confirm`` raises."""

    @click.command()
    def command() -> None:
        confirm(workspace, "apply", given)

    done = CliRunner().invoke(command, input=typed, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stderr


def test_on_aws_the_name_of_the_environment_is_asked_for(on_aws: Workspace) -> None:
    assert asked(on_aws, "prod\n", consent()).startswith(
        "Type prod to apply it in account 333333333333: "
    )


@pytest.mark.parametrize(("typed", "got"), [("dev\n", "dev"), ("\n", ""), ("", ""), ("y\n", "y")])
def test_on_aws_anything_else_is_a_refusal(on_aws: Workspace, typed: str, got: str) -> None:
    with pytest.raises(SettingsError) as caught:
        asked(on_aws, typed, consent())

    assert caught.value.message == f"apply of prod was not confirmed (got {got!r})"
    assert caught.value.exit_code == 2


@pytest.mark.requirement("STK-6")
def test_on_aws_a_copy_is_confirmed_by_its_own_name(on_aws: Workspace) -> None:
    copy = replace(on_aws, request=replace(on_aws.request, suffix="pr42"))

    assert asked(copy, "prod-pr42\n", consent()).startswith("Type prod-pr42 to apply it in ")
    with pytest.raises(SettingsError, match=r"apply of prod-pr42 was not confirmed"):
        asked(copy, "prod\n", consent())


def test_nothing_is_asked_with_yes(on_aws: Workspace) -> None:
    assert asked(on_aws, "", consent(yes=True)) == ""


def test_an_emulator_asks_only_when_protection_is_rehearsed(on_emulator: Workspace) -> None:
    assert asked(on_emulator, "", consent()) == ""
    assert asked(on_emulator, "prod\n", consent(protect=True)).startswith("Type prod to apply ")
    with pytest.raises(SettingsError, match="was not confirmed"):
        asked(on_emulator, "", consent(protect=True))


def test_an_environment_that_is_not_protected_is_asked_for_on_aws_alone(
    on_aws: Workspace,
) -> None:
    environment = replace(on_aws.request.environment, protected=False)
    open_one = replace(on_aws, request=replace(on_aws.request, environment=environment))
    emulated = replace(open_one, request=replace(open_one.request, target="localstack"))

    assert asked(open_one, "prod\n", consent()) != ""
    assert asked(emulated, "", consent(protect=True)) == ""


@pytest.mark.parametrize(
    "address",
    ["", "*", "aws_s3_bucket.*", "module.a[*].aws_s3_bucket.b", "a.b c.d", "aws_s3_bucket.?"],
)
@pytest.mark.requirement("TAP-7")
def test_a_pattern_is_no_address(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        consent(address)

    assert caught.value.message == (
        f"--allow-destroy {address!r} is not the address of one resource"
    )


def test_a_key_may_hold_any_character() -> None:
    assert consent('aws_s3_bucket.a["* ? \\" x"]').allowed == ('aws_s3_bucket.a["* ? \\" x"]',)


def summary(*, protection: bool = False) -> Summary:
    def change(address: str, *actions: str, **before: Any) -> dict[str, Any]:
        kind = address.partition(".")[0]
        return {
            "address": address,
            "type": kind,
            "change": {"actions": list(actions), "before": before},
        }

    return summarize(
        plan_of(
            change("aws_db_instance.this", "delete", "create", deletion_protection=protection),
            change('aws_s3_bucket.this["a b"]', "delete"),
            change("aws_security_group.this", "delete"),
            change("aws_kms_key.new", "create"),
        )
    )


def test_what_holds_data_ends_only_when_each_is_named(on_aws: Workspace) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_unnamed(summary(), on_aws, consent("aws_db_instance.this"), "apply")

    assert caught.value.message == (
        "prod is protected, and this would end what holds data:\n"
        '  aws_s3_bucket.this["a b"]  (bucket: all objects in it are lost, with every version)'
    )
    assert caught.value.hint == (
        "if each of them may end, name each one: tap apply prod --target aws "
        "--allow-destroy 'aws_s3_bucket.this[\"a b\"]' ..."
    )
    assert caught.value.exit_code == 2


def test_what_is_named_may_end(on_aws: Workspace) -> None:
    both = consent("aws_db_instance.this", 'aws_s3_bucket.this["a b"]')

    refuse_unnamed(summary(), on_aws, both, "apply")


def test_yes_is_no_name(on_aws: Workspace) -> None:
    with pytest.raises(SettingsError, match="would end what holds data"):
        refuse_unnamed(summary(), on_aws, consent(yes=True), "destroy")


def test_an_emulator_needs_no_names_unless_protection_is_rehearsed(
    on_emulator: Workspace,
) -> None:
    refuse_unnamed(summary(), on_emulator, consent(), "destroy")
    with pytest.raises(SettingsError, match=r"aws_db_instance\.this"):
        refuse_unnamed(summary(), on_emulator, consent(protect=True), "destroy")


def test_a_name_that_nothing_has_is_told(
    on_emulator: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse_unnamed(summary(), on_emulator, consent("aws_security_group.this"), "apply")

    assert capsys.readouterr().err == (
        "--allow-destroy aws_security_group.this: "
        "this plan ends nothing of that name that holds data\n"
    )


def test_what_aws_would_refuse_half_way_is_refused_first_on_every_target(
    on_emulator: Workspace,
) -> None:
    refuse_protected(summary(), on_emulator)
    with pytest.raises(SettingsError) as caught:
        refuse_protected(summary(protection=True), on_emulator)

    assert caught.value.message == "prod is protected against deletion: aws_db_instance.this"


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a", *words], cwd=folder, check=True
    )


@pytest.fixture
def committed(on_aws: Workspace) -> Workspace:
    folder = on_aws.request.settings.root
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "All of it")
    return on_aws


def test_a_clean_work_tree_may_be_applied(committed: Workspace) -> None:
    require_clean_tree(committed)


@pytest.mark.parametrize(
    ("count", "text"), [(1, "f0"), (5, "f0, f1, f2, f3, f4"), (7, "f0, f1, f2, f3, f4 and 2 more")]
)
def test_a_dirty_work_tree_is_refused_with_what_differs(
    committed: Workspace, count: int, text: str
) -> None:
    for number in range(count):
        (committed.request.settings.root / f"f{number}").touch()

    with pytest.raises(SettingsError) as caught:
        require_clean_tree(committed)

    assert caught.value.message == f"prod is protected, and the work tree is not clean: {text}"
    assert caught.value.hint == "commit or remove these changes, then plan again"
    assert caught.value.exit_code == 2


def test_a_folder_without_git_counts_as_not_clean(
    on_aws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", "/")

    with pytest.raises(SettingsError) as caught:
        require_clean_tree(on_aws)

    assert (
        "git cannot tell whether the work tree is clean: fatal: not a git" in caught.value.message
    )
