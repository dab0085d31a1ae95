from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tap.errors import HclError
from tap.hcl import load_module, loader, parse_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text('variable "a" {}\n')
    (tmp_path / "main.tf").write_text('resource "aws_x" "y" {\n  name = var.a\n}\n')
    (tmp_path / "more.tf.json").write_text('{"output": {"o": {"value": "${var.a}"}}}')
    return tmp_path


@pytest.mark.requirement("TAP-4")
def test_the_files_of_a_folder_are_one_module(folder: Path) -> None:
    (folder / "nested").mkdir()
    (folder / "nested" / "other.tf").write_text('variable "nested" {}\n')
    (folder / ".hidden.tf").write_text("broken {")
    (folder / "main.tf~").write_text("broken {")
    module = load_module(folder)
    assert module.path == str(folder)
    assert list(module.variables) == ["a"]
    assert list(module.resources) == ["aws_x.y"]
    assert list(module.outputs) == ["o"]
    assert module.resources["aws_x.y"].file == str(folder / "main.tf")
    assert module.references() == ("var.a",)


@pytest.mark.requirement("TAP-4")
def test_a_broken_file_ends_the_reading(folder: Path) -> None:
    (folder / "broken.tf").write_text("a = \n")
    with pytest.raises(HclError, match=r"broken\.tf:1:5: expected a value"):
        load_module(folder)


@pytest.mark.requirement("TAP-4")
def test_collecting_errors_still_returns_the_other_files(folder: Path) -> None:
    (folder / "broken.tf").write_text("a = \n")
    (folder / "twice.tf").write_text('variable "a" {}\nvariable "b" {}\n')
    errors: list[HclError] = []
    module = load_module(folder, errors=errors)
    assert list(module.resources) == ["aws_x.y"]
    assert list(module.outputs) == ["o"]
    assert [Path(error.message.split(":")[0]).name for error in errors] == [
        "broken.tf",
        "variables.tf",
    ]
    assert "variable 'a' is declared twice" in errors[1].message


@pytest.mark.requirement("TAP-4", "TAP-7")
def test_folders_without_a_module_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HclError, match=r"holds no \.tf or \.tf\.json file"):
        load_module(tmp_path)
    with pytest.raises(HclError, match="cannot be read: No such file"):
        load_module(tmp_path / "missing")
    with pytest.raises(HclError, match=r"missing\.tf:1:1: cannot be read: No such file"):
        parse_file(tmp_path / "missing.tf")


@pytest.mark.requirement("TAP-4")
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tf"
    path.write_bytes(b'\xef\xbb\xbfvariable "a" {}\r\n')
    assert list(parse_file(path).variables) == ["a"]


@pytest.mark.requirement("TAP-4", "TAP-7")
def test_bytes_that_are_no_utf8_are_named_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.tf"
    path.write_bytes(b'a = 1\nb = "\xe9"\n')
    with pytest.raises(HclError, match=r"a\.tf:2:6: not UTF-8: found byte 0xe9"):
        parse_file(path)


@pytest.mark.requirement("TAP-4")
def test_the_cache_returns_what_was_parsed_without_parsing(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache") / "hcl"
    first = load_module(folder, cache=cache)
    assert first == load_module(folder)
    assert len(list(cache.iterdir())) == 3
    assert cache.stat().st_mode & 0o777 == 0o700
    # In a fresh interpreter: a cached module comes without loading the grammar.
    program = (
        "import sys; from pathlib import Path; from tap.hcl import load_module;"
        f"m = load_module(Path({str(folder)!r}), cache=Path({str(cache)!r}));"
        "print(list(m.variables), 'hcl2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "['a'] False\n"


@pytest.mark.requirement("TAP-4")
def test_a_literal_and_an_expression_stay_apart_in_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "a.tf"
    path.write_text("locals {\n  a = null\n  b = var.x\n  c = [null]\n}\n")
    parse_file(path, cache=tmp_path / "cache")
    kept = parse_file(path, cache=tmp_path / "cache").locals
    assert [kept[name].value.is_literal for name in "abc"] == [True, False, True]
    assert kept["c"].value.value == [None]


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_a_changed_file_or_a_damaged_entry_is_parsed_again(tmp_path: Path, damage: bytes) -> None:
    path, cache = tmp_path / "a.tf", tmp_path / "cache"
    path.write_text('variable "a" {}\n')
    parse_file(path, cache=cache)
    path.write_text('variable "b" {}\n')
    assert list(parse_file(path, cache=cache).variables) == ["b"]
    [entry] = cache.iterdir()
    entry.write_bytes(damage)
    assert list(parse_file(path, cache=cache).variables) == ["b"]
    assert entry.read_bytes() != damage


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("changed", ["python-hcl2", "tap.hcl"])
def test_another_parser_or_model_makes_entries_void(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    path, cache = tmp_path / "a.tf", tmp_path / "cache"
    path.write_text('variable "a" {}\n')
    parse_file(path, cache=cache)
    [entry] = cache.iterdir()
    before = entry.read_bytes()
    if changed == "tap.hcl":
        (tmp_path / "model.py").write_text("NEW = True\n")
        monkeypatch.setattr(loader, "__file__", str(tmp_path / "loader.py"))
    else:
        monkeypatch.setattr("importlib.metadata.version", lambda _: "0.0.0")
    loader.fingerprint.cache_clear()
    parse_file(path, cache=cache)
    loader.fingerprint.cache_clear()
    assert entry.read_bytes() != before


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("text", ["a = 99999999999999999999999\n", 'variable "a" {}\n'])
def test_a_cache_that_cannot_keep_a_file_stops_nobody(tmp_path: Path, text: str) -> None:
    path, cache = tmp_path / "a.tf", tmp_path / "cache"
    path.write_text(text)
    if "variable" in text:
        cache.write_text("a file where the folder should be")
    assert parse_file(path, cache=cache).path == str(path)
    assert parse_file(path, cache=cache).path == str(path)


@pytest.mark.requirement("TAP-4")
def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "a.tf", tmp_path / "cache"
    path.write_text('variable "a" {}\n')

    def refuse(_self: Path, _target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    assert list(parse_file(path, cache=cache).variables) == ["a"]
    assert os.listdir(cache) == []  # noqa: PTH208


@pytest.mark.requirement("TAP-4")
def test_a_file_of_thousands_of_lines_is_read_in_seconds(tmp_path: Path) -> None:
    block = (
        'resource "aws_x" "r{0}" {{\n  name = "${{var.a}}-{0}"\n  tags = {{ A = [1, "b"] }}\n}}\n'
    )
    path = tmp_path / "a.tf"
    path.write_text("".join(block.format(number) for number in range(1000)))
    started = time.process_time()
    module = parse_file(path)
    assert time.process_time() - started < 20
    assert module.resources["aws_x.r999"].last_line == 4000
