"""tap.toml and the folders beside it, read and refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tap.errors import SettingsError
from tap.settings import (
    TARGETS,
    DriftIgnore,
    EmulatorSettings,
    Environment,
    StateSettings,
    check_suffix,
    load_settings,
    target_name,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1")


def _write(root: Path, text: str, *environments: str) -> Path:
    root.mkdir(exist_ok=True)
    (root / "tap.toml").write_text(text, encoding="utf-8")
    for name in environments:
        (root / "environments" / name).mkdir(parents=True)
    return root


def _refused(root: Path, environ: dict[str, str] | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings(root, environ or {})
    return caught.value


def test_every_key_is_read(tmp_path: Path) -> None:
    root = _write(
        tmp_path,
        'project = "shop"\nplan_max_age = "90m"\n'
        '[state]\nregion = "eu-central-1"\nlocking = ["dynamodb"]\n'
        "[emulator]\nport = 4599\n"
        '[environments.prod]\naccount_id = "333333333333"\nprotected = true\n',
        "prod",
        "dev",
    )

    settings = load_settings(root, {})

    assert settings.project == "shop"
    assert settings.root == root
    assert settings.work_directory == root / ".tap"
    assert settings.state == StateSettings(region="eu-central-1", locking=("dynamodb",))
    assert settings.emulator == EmulatorSettings(port=4599)
    assert settings.environments == {
        "dev": Environment(name="dev", directory=root / "environments" / "dev", account_id=None),
        "prod": Environment(
            name="prod",
            directory=root / "environments" / "prod",
            account_id="333333333333",
            protected=True,
        ),
    }
    assert settings.plan_max_age == timedelta(minutes=90)
    assert list(settings.environments) == ["dev", "prod"]


def test_everything_but_the_project_has_a_default(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, 'project = "shop"'), {})

    assert settings.state == StateSettings(region="eu-west-1", locking=("s3", "dynamodb"))
    assert settings.emulator == EmulatorSettings(port=None)
    assert settings.environments == {}
    assert settings.plan_max_age == timedelta(hours=24)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("7d", timedelta(days=7)),
    ],
)
def test_the_age_of_a_plan_is_a_number_and_a_unit_and_the_variable_wins(
    tmp_path: Path, text: str, age: timedelta
) -> None:
    root = _write(tmp_path, 'project = "shop"\nplan_max_age = "1h"')

    assert load_settings(root, {"TAP_PLAN_MAX_AGE": text}).plan_max_age == age
    assert load_settings(root, {"TAP_PLAN_MAX_AGE": ""}).plan_max_age == timedelta(hours=1)


@pytest.mark.parametrize("text", ["0h", "24", "-1h", "1w", "1.5h", "1h30m"])
@pytest.mark.requirement("TAP-7")
def test_an_age_that_is_none_is_refused_with_where_it_stands(tmp_path: Path, text: str) -> None:
    root = _write(tmp_path, f'project = "shop"\nplan_max_age = "{text}"')

    assert "at `$.plan_max_age`" in _refused(root).message
    root = _write(tmp_path, 'project = "shop"')
    error = _refused(root, {"TAP_PLAN_MAX_AGE": text})
    assert error.message.startswith("TAP_PLAN_MAX_AGE: Expected `str` matching regex")
    assert error.exit_code == 2


def test_the_file_is_found_from_any_folder_below(tmp_path: Path) -> None:
    root = _write(tmp_path / "project", 'project = "shop"', "dev/deeper")

    assert load_settings(root / "environments" / "dev" / "deeper", {}).root == root


def test_the_nearest_file_wins(tmp_path: Path) -> None:
    _write(tmp_path, 'project = "outer"')
    inner = _write(tmp_path / "inner", 'project = "inner"')

    assert load_settings(inner, {}).project == "inner"


def test_a_folder_outside_any_project_is_refused(tmp_path: Path) -> None:
    error = _refused(tmp_path)

    assert error.message == f"no tap.toml in {tmp_path} or any folder above it"
    assert error.hint == 'run tap inside a project, or create the file with: project = "NAME"'
    assert error.exit_code == 2


def test_retries_come_from_the_file_or_a_variable(tmp_path: Path) -> None:
    root = _write(tmp_path, 'project = "shop"\n[retries]\nattempts = 2')

    assert load_settings(root, {}).retries.attempts == 2
    assert load_settings(root, {"TAP_RETRIES": "7"}).retries.attempts == 7
    assert load_settings(_write(tmp_path, 'project = "shop"'), {}).retries.attempts == 4
    complaint = _refused(root, {"TAP_RETRIES": "0"}).message
    assert complaint == "TAP_RETRIES: Expected `int` >= 1 - at `$.retries.attempts`"
    assert "Expected `int`, got `str`" in _refused(root, {"TAP_RETRIES": "often"}).message


IGNORE = """
project = "shop"

[[drift.ignore]]
address = "aws_x.*"
attribute = "tags"
environment = "dev"
owner = "ada"
reason = "retagged elsewhere"
expires = 2026-12-31
"""


def test_entries_about_drift_are_read(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, IGNORE, "dev"), {})

    assert settings.drift.ignore == (
        DriftIgnore(
            address="aws_x.*",
            attribute="tags",
            environment="dev",
            owner="ada",
            reason="retagged elsewhere",
            expires=date(2026, 12, 31),
        ),
    )


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("2026-12-31", '"soon"', "Invalid RFC3339 encoded date - at `$.drift.ignore[0].expires`"),
        ('owner = "ada"', "", "Object missing required field `owner` - at `$.drift.ignore[0]`"),
        ('"retagged elsewhere"', '""', "length >= 1 - at `$.drift.ignore[0].reason`"),
        ("attribute", "atribute", "unknown field `atribute` - at `$.drift.ignore[0]`"),
        ('environment = "dev"', 'environment = "prd"', "is for 'prd', which has no folder"),
    ],
)
def test_an_unusable_entry_about_drift_is_named(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    error = _refused(_write(tmp_path, IGNORE.replace(before, after), "dev"))

    assert complaint in error.message
    assert error.exit_code == 2


def test_hidden_folders_underscore_folders_and_files_are_no_environments(tmp_path: Path) -> None:
    root = _write(tmp_path, 'project = "shop"', "_stack", ".terraform", "dev")
    (root / "environments" / "README.md").touch()

    assert list(load_settings(root, {}).environments) == ["dev"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("project = shop", "cannot be read: Invalid value (at line 1, column 11)"),
        ("", "Object missing required field `project`"),
        ('project = "Shop"', "Expected `str` matching regex '^[a-z]"),
        ('project = "ab-"', "Expected `str` matching regex '^[a-z]"),
        (f'project = "{"a" * 21}"', "Expected `str` matching regex '^[a-z]"),
        ("project = 3", "Expected `str`, got `int` - at `$.project`"),
        ('project = "shop"\nprojet = 1', "Object contains unknown field `projet`"),
        (
            'project = "shop"\n[state]\nzone = 1',
            "Object contains unknown field `zone` - at `$.state`",
        ),
        ('project = "shop"\n[state]\nregion = "Ireland"', "matching regex '^[a-z]{2}(-[a-z]+)+-"),
        ('project = "shop"\n[state]\nlocking = []', "Expected `array` of length >= 1"),
        (
            'project = "shop"\n[state]\nlocking = ["file"]',
            "Invalid enum value 'file' - at `$.state.locking[0]`",
        ),
        ('project = "shop"\n[emulator]\nport = 70000', "Expected `int` <= 65535"),
        ('project = "shop"\n[emulator]\nhost = "x"', "unknown field `host` - at `$.emulator`"),
        (
            'project = "shop"\n[environments.dev]\naccount_id = "12345678901"',
            "Expected `str` matching regex '^[0-9]{12}$'",
        ),
        (
            'project = "shop"\n[environments.dev]\naccount_id = 123456789012',
            "Expected `str | null`, got `int` - at `$.environments[...].account_id`",
        ),
        (
            'project = "shop"\n[environments.dev]\nacount_id = "123456789012"',
            "unknown field `acount_id`",
        ),
    ],
)
@pytest.mark.requirement("STK-3", "TAP-7")
def test_an_unusable_value_is_named_with_its_file(
    tmp_path: Path, text: str, complaint: str
) -> None:
    error = _refused(_write(tmp_path, text, "dev"))

    assert error.message.startswith(f"{tmp_path}/tap.toml: ")
    assert complaint in error.message
    assert error.hint
    assert error.exit_code == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tap.toml").write_bytes(b'project = "\xff"')

    assert "cannot be read: 'utf-8' codec" in _refused(tmp_path).message


def test_a_table_without_its_folder_is_refused(tmp_path: Path) -> None:
    error = _refused(_write(tmp_path, 'project = "shop"\n[environments.prdo]', "prod"))

    assert "[environments.prdo] has no folder environments/prdo" in error.message
    assert error.hint == "create the folder or remove the table"


@pytest.mark.parametrize("table", ["", "[emulator]\nport = 4599"])
def test_a_variable_beats_the_port_of_the_file(tmp_path: Path, table: str) -> None:
    root = _write(tmp_path, f'project = "shop"\n{table}')

    assert load_settings(root, {"TAP_EMULATOR_PORT": "4600"}).emulator.port == 4600


@pytest.mark.requirement("STA-2")
def test_a_variable_beats_the_locking_of_the_file_and_keeps_the_region(tmp_path: Path) -> None:
    root = _write(tmp_path, 'project = "shop"\n[state]\nregion = "us-east-1"\nlocking = ["s3"]')

    state = load_settings(root, {"TAP_STATE_LOCKING": "dynamodb, s3"}).state

    assert state == StateSettings(region="us-east-1", locking=("dynamodb", "s3"))


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("TAP_EMULATOR_PORT", "many", "got `str` - at `$.emulator.port`"),
        ("TAP_EMULATOR_PORT", "0", "Expected `int` >= 1 - at `$.emulator.port`"),
        ("TAP_STATE_LOCKING", "file", "Invalid enum value 'file' - at `$.state.locking[0]`"),
    ],
)
def test_a_variable_is_checked_like_the_file(
    tmp_path: Path, variable: str, value: str, complaint: str
) -> None:
    error = _refused(_write(tmp_path, 'project = "shop"'), {variable: value})

    assert complaint in error.message
    assert variable in error.message


@pytest.mark.parametrize("text", ["emulator = 4599", "state = 4599"])
def test_a_value_in_place_of_a_table_is_refused_with_a_variable_set_too(
    tmp_path: Path, text: str
) -> None:
    root = _write(tmp_path, f'project = "shop"\n{text}')

    error = _refused(root, {"TAP_EMULATOR_PORT": "4600", "TAP_STATE_LOCKING": "s3"})

    assert "Expected `object`, got `int`" in error.message


def test_an_empty_variable_changes_nothing(tmp_path: Path) -> None:
    root = _write(tmp_path, 'project = "shop"')

    settings = load_settings(root, {"TAP_EMULATOR_PORT": "", "TAP_STATE_LOCKING": ""})

    assert settings == load_settings(root, {})


@pytest.mark.requirement("TAP-7")
def test_an_unknown_environment_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, 'project = "shop"', "prod", "dev"), {})

    with pytest.raises(SettingsError) as caught:
        settings.environment("prd")

    assert caught.value.message == "unknown environment 'prd'; there are: dev, prod"
    assert settings.environment("prod").name == "prod"


def test_a_project_without_environments_says_none(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, 'project = "shop"'), {})

    with pytest.raises(SettingsError, match="unknown environment 'dev'; there are: none"):
        settings.environment("dev")


@pytest.mark.requirement("TAP-2")
def test_targets_are_known_by_name() -> None:
    assert [target_name(name) for name in TARGETS] == ["local", "localstack", "aws"]
    with pytest.raises(SettingsError) as caught:
        target_name("azure")
    assert caught.value.message == "unknown target 'azure'; there are: local, localstack, aws"


@pytest.mark.requirement("STK-6")
@pytest.mark.parametrize("suffix", ["", "a", "pr42", "12345678"])
def test_a_short_suffix_is_taken(suffix: str) -> None:
    assert check_suffix(suffix) == suffix


@pytest.mark.requirement("STK-6")
@pytest.mark.parametrize("suffix", ["PR42", "pr-42", "123456789", "a b", "é", "pr42\n"])
def test_a_suffix_that_fits_no_name_is_refused(suffix: str) -> None:
    with pytest.raises(SettingsError, match="unusable name suffix") as caught:
        check_suffix(suffix)
    assert caught.value.exit_code == 2


@pytest.mark.requirement("TAP-6")
@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("1h30m", 5400.0), ("2h0m5s", 7205.0)]
)
def test_time_limits_are_read_and_overridden(tmp_path: Path, text: str, seconds: float) -> None:
    root = _write(tmp_path / "shop", f'project = "shop"\n[timeouts]\nplan = "{text}"\n')

    assert load_settings(root, {}).timeouts.seconds == {"plan": seconds}
    overridden = load_settings(root, {"TAP_TIMEOUT_PLAN": "1m", "TAP_TIMEOUT_APPLY": text})
    assert overridden.timeouts.seconds == {"plan": 60.0, "apply": seconds}


@pytest.mark.requirement("TAP-6", "TAP-7")
@pytest.mark.parametrize("text", ["soon", "10", "5 m", "-1s", "1m1h"])
def test_a_time_limit_that_cannot_be_read_is_refused_by_name(tmp_path: Path, text: str) -> None:
    root = _write(tmp_path / "shop", 'project = "shop"\n')

    error = _refused(root, {"TAP_TIMEOUT_INIT": text})

    assert error.message.startswith("TAP_TIMEOUT_INIT: ")
    assert "$.timeouts.init" in error.message
