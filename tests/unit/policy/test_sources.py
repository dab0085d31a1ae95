from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.policy import Sources, find_rule, judge

if TYPE_CHECKING:
    from pathlib import Path


CALLS = """\
module "a" {
  source = "../a"
}

module "gone" {
  source = "../gone"
}
"""


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        file = root / f"{name.replace('__', '/')}.tf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root / "root"


@pytest.mark.requirement("TAP-4")
def test_modules_are_found_by_every_call_and_read_once(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        root__main='module "a" {\n  source = "../a"\n}\nmodule "b" {\n  source = "../b"\n}\n',
        a__main='module "b" {\n  source = "../b"\n}\n',
        b__main='resource "aws_vpc" "this" {}\n',
    )
    sources = Sources(root, base=tmp_path)
    assert [(module.folder.name, module.addresses) for module in sources.modules] == [
        ("root", ("",)),
        ("a", ("module.a",)),
        ("b", ("module.a.module.b", "module.b")),
    ]
    assert sources.at('module.a["x"].module.b[0]') is sources.modules[2]
    assert sources.at("module.c") is None


@pytest.mark.requirement("TAP-4", "TAP-7")
def test_a_broken_file_is_told_with_its_line_and_the_others_are_judged(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        root__main=CALLS,
        root__broken='variable "x" {\n  type =\n}\n',
        a__main='variable "unread" {}\n',
    )
    sources = Sources(root, base=tmp_path)
    found = judge([find_rule("TF-01"), find_rule("TF-02")], sources=sources)
    assert [(item.rule.id, item.address, item.place) for item in found] == [
        ("TF-01", "module.gone", "root/main.tf:6"),
        ("TF-01", "terraform", "root/broken.tf:2"),
        ("TF-02", "module.a.var.unread", "a/main.tf:1"),
    ]
    assert not sources.modules[0].complete


@pytest.mark.requirement("TAP-4")
def test_a_module_that_calls_itself_ends(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        root__main='module "a" {\n  source = "../a"\n}\n',
        a__main='module "root" {\n  source = "../root"\n}\nmodule "self" {\n  source = "./"\n}\n',
    )
    assert len(Sources(root, base=tmp_path).modules) == 2
