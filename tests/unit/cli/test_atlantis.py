"""``tap atlantis generate``: writes the file, or says that it has to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tap.cli.atlantis import generate
from tap.errors import TapError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-5")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "environments" / "dev"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text('module "page" {\n  source = "../../modules/page"\n}\n')
    (tmp_path / "modules" / "page").mkdir(parents=True)
    (tmp_path / "modules" / "page" / "main.tf").write_text('resource "terraform_data" "this" {}\n')
    (tmp_path / "tap.toml").write_text('project = "shop"\n')
    monkeypatch.chdir(folder)
    return tmp_path / "atlantis.yaml"


def run(*words: str) -> None:
    CliRunner().invoke(generate, words, catch_exceptions=False, standalone_mode=False)


def fault() -> tuple[str, str, int]:
    ended = CliRunner().invoke(generate, ["--check"], standalone_mode=False)
    assert isinstance(ended.exception, TapError)
    return ended.exception.message, ended.exception.hint, ended.exception.exit_code


def test_the_file_is_written_once_and_then_up_to_date(file: Path) -> None:
    run()
    text = file.read_text()
    run("--check")

    assert '- "../../modules/page/**/*"' in text
    assert file.read_text() == text


def test_a_file_that_is_missing_or_old_is_named_with_the_command_that_writes_it(file: Path) -> None:
    missing = fault()
    run()
    (file.parent / "environments" / "qa").mkdir()
    (file.parent / "environments" / "qa" / "main.tf").write_text("")
    before = file.read_text()
    old = fault()

    assert missing == ("atlantis.yaml is missing", "write it: tap atlantis generate", 1)
    assert old == ("atlantis.yaml is not up to date", "write it: tap atlantis generate", 1)
    assert file.read_text() == before
