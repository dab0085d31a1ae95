"""Every command in the documents: there is what it names, and something runs it or says why not."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from tap.cli.main import tap
from tap.testing.project import Project
from tests.conftest import REPOSITORY, copy_repository
from tests.docs.blocks import Block, all_blocks, blocks_of, commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.requirement("DOC-1")

_TAP = re.compile(r"(?:^|[\s|(])(?:\.venv/bin/)?tap (?P<words>[^|<>;)`]*)")
# A message of tap's own begins with its name as well.
_INLINE = re.compile(r"`(?:\.venv/bin/)?tap (?!is )([^`]+)`")
_MAKE = re.compile(r"(?:^|\s)make (?P<words>[^|;]*)")
_ASSIGNED = re.compile(r"\w+=")

RUN_HERE = [block for block in all_blocks() if not (block.run_by or block.not_run)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a copy of the project with an emulator that nobody else uses, and a small plan."""
    directory = tmp_path_factory.mktemp("documents") / "tap"
    copy_repository(directory)
    project = Project(directory)
    _small_plan(directory)
    yield project
    project.run("emulator", "stop", expected=None)


def _small_plan(directory: Path) -> None:
    root = directory / "path" / "to" / "root"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(
        'terraform {\n  required_version = "~> 1.11"\n}\n\nresource "terraform_data" "this" {}\n'
    )
    for words in (["init"], ["plan", "-out=../../../plan.tfplan"]):
        subprocess.run(["terraform", *words], cwd=root, check=True, capture_output=True)
    with (directory / "plan.json").open("w") as file:
        shown = ["terraform", "show", "-json", "../../../plan.tfplan"]
        subprocess.run(shown, cwd=root, check=True, stdout=file)


@pytest.mark.parametrize("block", all_blocks(), ids=lambda block: block.place)
def test_every_block_is_run_by_a_test_or_says_why_not(block: Block) -> None:
    assert block.commands
    if block.run_by:
        named = re.sub(r" \([^)]*\)$", "", block.run_by).split(", ")
        assert [name for name in named if not _is_test(name)] == [], block.place
    elif block.not_run:
        assert len(block.not_run) > 10, block.place
    else:
        assert block in RUN_HERE


def test_most_blocks_are_run() -> None:
    """The blocks that are not are these; a new one is worth a look."""
    left_out = {block.place: block.not_run for block in all_blocks() if block.not_run}

    assert len(left_out) <= len(all_blocks()) / 2, left_out
    assert all(
        reason.startswith(("needs ", "installs ", "it is a part ", "ARN ", "a third ", "sets "))
        for reason in left_out.values()
    ), left_out


@pytest.mark.timeout(300)
@pytest.mark.parametrize("block", RUN_HERE, ids=lambda block: block.place)
def test_commands_that_need_nothing_do_what_they_say(block: Block, clone: Project) -> None:
    for command in block.commands:
        ended = clone.shell(f"set -o pipefail; {command}")
        assert "Traceback" not in ended.stderr


def test_a_clone_can_be_used_as_the_guide_says(tmp_path: Path) -> None:
    fetch, enter = commands("docs/guides/first-hour.md", "Get it")
    address = fetch.split()[2]
    assert address.startswith("https://")
    here = fetch.replace(address, str(REPOSITORY))
    # Depth, so that a long history takes no time; a path alone would ignore it.
    shallow = here.replace("clone ", "clone --quiet --depth 1 file://")
    done = subprocess.run(
        ["bash", "-c", f"{shallow} && {enter} && make -n plan ENV=prod"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert ".venv/bin/tap plan prod" in done.stdout


@pytest.mark.parametrize("block", all_blocks(), ids=lambda block: block.place)
def test_every_command_of_a_block_can_be_parsed(block: Block) -> None:
    for command in block.commands:
        for words in _tap_commands(command):
            assert fault_of(words) == "", f"{block.place}: {command}"
        for words in _make_commands(command):
            assert unknown_targets(words) == [], f"{block.place}: {command}"


@pytest.mark.parametrize(
    "document",
    sorted(
        file
        for pattern in ("*.md", "docs/guides/*.md", "docs/concepts/*.md", "modules/*/*.md")
        for file in REPOSITORY.glob(pattern)
        if file.name != "CHANGELOG.md"
    ),
    ids=lambda file: file.relative_to(REPOSITORY).as_posix(),
)
def test_commands_within_sentences_name_what_is_there(document: Path) -> None:
    found = _INLINE.findall(document.read_text())

    assert [
        f"tap {text}: {fault}"
        for text in found
        if (fault := unknown_names(shlex.split(text.replace("'", "").replace('"', ""))))
    ] == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("plan prod --output json", ""),
        ("plan prod --outptu json", "No such option '--outptu'"),
        ("plan prod --output yaml", "Invalid value for '--output'"),
        ("plan", "Missing argument 'ENV'"),
        ("plane prod", "No such command 'plane'"),
        ("state list prod --target aws", ""),
        ("state lst prod", "No such command 'lst'"),
    ],
)
def test_a_command_that_cannot_be_parsed_is_found(words: str, fault: str) -> None:
    found = fault_of(words.split())

    assert found.startswith(fault)
    assert bool(found) == bool(fault)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("shift ENV --to PHASE", ""),
        ("shift ENV --too PHASE", "no option --too"),
        ("state", ""),
        ("stat list", "no command stat"),
        ("plan ENV --target=aws", ""),
    ],
)
def test_a_name_that_is_not_there_is_found(words: str, fault: str) -> None:
    assert unknown_names(words.split()) == fault


def test_a_target_that_is_not_in_the_makefile_is_found() -> None:
    assert unknown_targets(["plan", "ENV=prod"]) == []
    assert unknown_targets(["plann", "ENV=prod"]) == ["plann"]
    assert unknown_targets(["plan", "ENVIRONMENT=prod"]) == ["ENVIRONMENT"]


def test_blocks_are_read_with_their_commands_and_who_runs_them() -> None:
    text = (
        "# One\n\n```sh\n# a comment\nmake plan  # why\naws x \\\n  --y\n```\n\n## Two\n\n"
        "<!-- not run: needs a thing -->\n```bash\necho 'a\nb'\n```\n\n"
        "1. <!-- run by: no -->\n   ```sh\n   ls\n   ```\n"
    )
    first, second, third = blocks_of(text, "a.md")

    assert (first.section, first.line) == ("One", 4)
    assert first.commands == ("make plan", "aws x --y")
    assert (second.section, second.not_run) == ("Two", "needs a thing")
    assert second.commands == ("echo 'a\nb'",)
    assert third.commands == ("ls",)


def fault_of(words: list[str]) -> str:
    """Return what is wrong with a command line of ``tap``; empty if nothing is."""
    context = click.Context(tap, info_name="tap")
    command: click.Command = tap
    try:
        while isinstance(command, click.Group):
            name, found, words = command.resolve_command(context, words)
            assert found is not None
            assert name is not None
            if isinstance(found, click.Group):
                context = click.Context(found, info_name=name, parent=context)
            command = found
        command.parse_args(click.Context(command, parent=context), words)
    except click.UsageError as error:
        # A path may stand for one of the reader's.
        message = error.format_message()
        return "" if message.endswith("does not exist.") else message
    return ""


def unknown_names(words: list[str]) -> str:
    """Return the command or option that is not there; arguments may stand for anything."""
    command: click.Command = tap
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            return f"no command {words[0]}"
        command, words = inner, words[1:]
    context = click.Context(command)
    known = {name for option in command.get_params(context) for name in option.opts}
    known |= {name for option in command.get_params(context) for name in option.secondary_opts} | {
        "-h",
        "--help",
        "--version",
    }
    for word in words:
        if word == "--":
            break
        name = word.partition("=")[0].rstrip(",.;:")
        if name.startswith("--") and name not in known:
            return f"no option {name}"
    return ""


def unknown_targets(words: list[str]) -> list[str]:
    """Return the targets and variables that the Makefile does not know."""
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\$\((?:if \$\(filter-out [^)]*\()?([A-Z]+)\)", makefile))
    variables |= set(re.findall(r"^([A-Z]+) *\?=", makefile, re.MULTILINE))
    return [
        name
        for word in words
        for name, assigned, _ in [word.partition("=")]
        if name not in (variables if assigned else targets)
    ]


def _tap_commands(command: str) -> Iterator[list[str]]:
    for match in _TAP.finditer(command):
        yield shlex.split(match["words"].replace('"', ""))


def _make_commands(command: str) -> Iterator[list[str]]:
    for match in _MAKE.finditer(command):
        yield shlex.split(match["words"])


def _is_test(name: str) -> bool:
    path, _, test = name.partition("::")
    file = REPOSITORY / path
    return file.is_file() and any(
        isinstance(node, ast.FunctionDef) and node.name == test
        for node in ast.parse(file.read_text()).body
    )
