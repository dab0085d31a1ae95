"""Answers kept on disk."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tap.warm import cache as module
from tap.warm.cache import AnswerCache, inherited_variables

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1", "TAP-6")

KEY = AnswerCache.key("h1:abc", "/method", b"request")


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "new" / "folder")
    assert cache.get(KEY) is None
    cache.put(KEY, b"answer")
    assert cache.get(KEY) == b"answer"
    cache.put(KEY, b"")
    assert cache.get(KEY) == b""


def test_nobody_else_can_read_an_answer(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers")
    cache.put(KEY, b"answer")
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache.folder / KEY).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:10],
        lambda _: b"",
        lambda content: content.replace(b"answers 1", b"answers 0"),
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
    ids=["truncated", "cut in the header", "empty", "of another version", "one bit flipped"],
)
def test_a_damaged_answer_is_none(tmp_path: Path, damage: object) -> None:
    cache = AnswerCache(tmp_path)
    cache.put(KEY, b"answer")
    file = tmp_path / KEY
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert cache.get(KEY) is None


def test_a_folder_where_a_file_should_be_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / KEY).mkdir()
    cache = AnswerCache(tmp_path)
    cache.put(KEY, b"answer")
    assert cache.get(KEY) is None
    assert [file.name for file in tmp_path.iterdir()] == [KEY], "a temporary file is left"


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = AnswerCache(tmp_path / "file" / "answers")
    cache.put(KEY, b"answer")
    assert cache.get(KEY) is None


@pytest.mark.parametrize(("limit", "value"), [("_LARGEST_BYTES", 1000), ("_MOST", 2)])
def test_the_oldest_answers_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    cache = AnswerCache(tmp_path)
    for age, name in enumerate(("new", "old", "oldest")):
        cache.put(name, b"x" * 300)
        when = 1_700_000_000 - age
        os.utime(tmp_path / name, (when, when))
    cache.put("newest", b"x" * 300)
    assert {file.name for file in tmp_path.iterdir()} == {"newest", "new"}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("AWS_REGION", True),
        ("AWS_ENDPOINT_URL", True),
        ("TF_AWS_DEFAULT_TAGS_Team", True),
        ("TF_APPEND_USER_AGENT", True),
        ("TF_VAR_name_suffix", False),
        ("TF_DATA_DIR", False),
        ("TF_CLI_CONFIG_FILE", False),
        ("LANG", False),
    ],
)
def test_an_answer_depends_on_the_variables_that_a_provider_reads(
    name: str, *, counts: bool
) -> None:
    plain = AnswerCache.key("method", environ={"HOME": "/home/me"})
    assert (AnswerCache.key("method", environ={"HOME": "/home/me", name: "x"}) != plain) is counts


def test_parts_of_a_key_do_not_run_together() -> None:
    assert AnswerCache.key("ab", "c") != AnswerCache.key("a", "bc")


def test_a_provider_inherits_everything_but_what_only_terraform_reads() -> None:
    environ = {
        "HTTPS_PROXY": "p",
        "AWS_PROFILE": "a",
        "TF_VAR_x": "1",
        "TF_REATTACH_PROVIDERS": "{}",
    }
    assert inherited_variables(environ) == {"HTTPS_PROXY": "p", "AWS_PROFILE": "a"}
