"""Terraform in roots that need no provider: init, validate, plan, apply, locks, interruptions."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tap.errors import InterruptedRunError, LockedError, StalePlanError, TerraformError
from tap.terraform.root import Output, Reporter, Root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.plan import Plan
    from tap.terraform.events import Event
    from tap.terraform.installation import Terraform

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(60)]

MAIN = """\
terraform {
  backend "local" {}
}

variable "content" {
  type    = string
  default = "first"
}

resource "terraform_data" "this" {
  input = var.content
}

output "content" {
  value = terraform_data.this.output
}

output "password" {
  value     = "correct horse"
  sensitive = true
}
"""

# Holds the state lock until the file "go-on" appears, for 30 s at most.
SLOW = """
resource "terraform_data" "slow" {
  depends_on = [terraform_data.this]

  provisioner "local-exec" {
    command = "touch started; for _ in $(seq 300); do test -e go-on && exit 0; sleep 0.1; done"
  }
}
"""

CHILD = """
import os, sys
from pathlib import Path
from tap.errors import TapError
from tap.terraform.root import Reporter, Root

root = Root(
    directory=Path(sys.argv[1]),
    data_directory=Path(sys.argv[2]),
    terraform=Path(sys.argv[3]),
    environ=os.environ,
    reporter=Reporter(notice=lambda text: print("notice:", text, flush=True)),
)
try:
    root.apply(Path(sys.argv[4]))
except TapError as error:
    print(type(error).__name__, error.exit_code, error.message)
"""


@pytest.fixture
def root(tmp_path: Path, terraform: Terraform, environ: dict[str, str]) -> Root:
    """A root with one resource and two outputs, not initialized."""
    directory = tmp_path / "root"
    directory.mkdir()
    (directory / "main.tf").write_text(MAIN, encoding="utf-8")
    return Root(
        directory=directory,
        data_directory=tmp_path / "data",
        terraform=terraform.path,
        environ=environ,
    )


@pytest.fixture
def backend(tmp_path: Path) -> dict[str, str]:
    return {"path": str(tmp_path / "terraform.tfstate")}


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    return tmp_path / "plans" / "dev.tfplan"


@pytest.fixture
def ready(root: Root, backend: dict[str, str]) -> Root:
    """The same root, initialized."""
    root.init(backend)
    return root


def _apply(root: Root, plan_file: Path) -> None:
    root.plan(plan_file)
    root.apply(plan_file)


def _write(root: Root, text: str, name: str = "more.tf") -> None:
    (root.directory / name).write_text(text, encoding="utf-8")


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.02)


@pytest.fixture
def slow_apply(ready: Root, plan_file: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start an apply of ``SLOW`` in another process, with ``tap`` around Terraform."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        _write(ready, SLOW, "slow.tf")
        ready.plan(plan_file)
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                CHILD,
                ready.directory,
                ready.data_directory,
                ready.terraform,
                plan_file,
            ],
            env={**ready.environ},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        _wait_for(ready.directory / "started")
        return process

    yield start
    (ready.directory / "go-on").touch()
    for process in started:
        process.communicate(timeout=30)


def test_a_root_is_initialized_once(root: Root, backend: dict[str, str]) -> None:
    assert root.init(backend)
    assert not root.init(backend)
    assert not (root.directory / ".terraform").exists()
    assert (root.data_directory / "terraform.tfstate").exists()


def test_a_root_with_modules_is_initialized_once_too(root: Root, backend: dict[str, str]) -> None:
    module = root.directory.parent / "module"
    module.mkdir()
    (module / "main.tf").write_text("", encoding="utf-8")
    _write(root, 'module "one" {\n  source = "../module"\n}\n')

    assert root.init(backend)
    assert not root.init(backend)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('  backend "local" {}', '  backend "local" {\n    workspace_dir = "w"\n  }'),
        ("terraform {", 'terraform {\n  required_version = ">= 1.11"'),
        ('variable "content" {', 'module "new" {\n  source = "./new"\n}\n\nvariable "content" {'),
    ],
    ids=["backend", "required version", "module"],
)
def test_a_change_of_what_init_reads_initializes_again(
    root: Root, backend: dict[str, str], before: str, after: str
) -> None:
    (root.directory / "new").mkdir()
    _write(root, "", "new/main.tf")
    root.init(backend)
    _write(root, MAIN.replace(before, after), "main.tf")

    assert root.init(backend)
    root.validate()
    assert not root.init(backend)


def test_a_change_inside_a_module_of_what_init_reads_initializes_again(
    root: Root, backend: dict[str, str]
) -> None:
    for name in ("module", "module/inner", "module/other"):
        (root.directory / name).mkdir()
        _write(root, "", f"{name}/main.tf")
    inner = 'module "inner" {\n  source = "./inner"\n}\n'
    _write(root, inner, "module/main.tf")
    _write(root, 'module "one" {\n  source = "./module"\n}\n')
    root.init(backend)

    _write(root, inner + "# a comment\n", "module/main.tf")
    assert not root.init(backend)
    _write(root, inner.replace("./inner", "./other"), "module/main.tf")
    assert root.init(backend)
    root.validate()


def test_an_edit_that_init_does_not_read_initializes_nothing(
    root: Root, backend: dict[str, str]
) -> None:
    root.init(backend)
    _write(root, MAIN.replace('"first"', '"second"') + "\n# a comment\n", "main.tf")

    assert not root.init(backend)


def test_another_backend_or_another_configuration_file_initializes_again(
    root: Root, backend: dict[str, str], tmp_path: Path
) -> None:
    root.init(backend)
    assert root.init({"path": str(tmp_path / "elsewhere.tfstate")})
    assert root.init(backend)

    configuration = tmp_path / "terraformrc"
    configuration.write_text("disable_checkpoint = true\n", encoding="utf-8")
    changed = replace(root, environ={**root.environ, "TF_CLI_CONFIG_FILE": str(configuration)})
    assert changed.init(backend)
    assert not changed.init(backend)


def test_without_a_backend_nothing_is_configured(root: Root) -> None:
    assert root.init(None)
    assert not (root.data_directory / "terraform.tfstate").exists()
    assert not root.init(None)


def test_a_failed_init_is_tried_again(root: Root, backend: dict[str, str]) -> None:
    _write(root, 'module "gone" {\n  source = "./gone"\n}\n')
    with pytest.raises(TerraformError, match="terraform init failed:\nUnreadable module directory"):
        root.init(backend)
    (root.directory / "gone").mkdir()
    _write(root, "", "gone/main.tf")

    assert root.init(backend)


def test_what_a_failed_init_left_is_not_trusted_when_the_change_is_taken_back(
    root: Root, backend: dict[str, str]
) -> None:
    root.init(backend)
    _write(root, 'module "gone" {\n  source = "./gone"\n}\n')
    with pytest.raises(TerraformError, match="Unreadable module directory"):
        root.init(backend)
    (root.directory / "more.tf").unlink()

    assert root.init(backend)
    root.validate()


@pytest.mark.requirement("TAP-7")
def test_an_invalid_configuration_is_refused_with_file_and_line(ready: Root) -> None:
    ready.validate()
    _write(ready, 'output "wrong" {\n  value = var.contents\n}\n')

    with pytest.raises(TerraformError) as caught:
        ready.validate()

    assert caught.value.exit_code == 1
    assert "Reference to undeclared input variable\n  at more.tf:2\n" in caught.value.message
    assert 'Did you mean "content"?' in caught.value.message


@pytest.mark.requirement("TAP-7")
def test_a_syntax_error_is_refused_with_file_and_line(ready: Root) -> None:
    _write(ready, '\n\nresource "terraform_data" {\n')

    with pytest.raises(TerraformError, match=r"Unclosed configuration block\n  at more\.tf:3\n"):
        ready.validate()


@pytest.mark.requirement("TAP-7")
def test_a_validation_before_init_says_what_is_missing(ready: Root) -> None:
    _write(ready, 'module "new" {\n  source = "./new"\n}\n')
    (ready.directory / "new").mkdir()

    with pytest.raises(TerraformError, match="Module not installed"):
        ready.validate()


@pytest.mark.requirement("TAP-7")
def test_an_answer_that_is_no_json_is_told_as_it_is(ready: Root) -> None:
    spoiled = replace(ready, environ={**ready.environ, "TF_CLI_ARGS_validate": "-bogus"})

    with pytest.raises(TerraformError) as caught:
        spoiled.validate()

    assert "flag provided but not defined: -bogus" in caught.value.message


def test_a_plan_tells_whether_there_is_something_to_do(ready: Root, plan_file: Path) -> None:
    assert ready.plan(plan_file)
    ready.apply(plan_file)
    assert not ready.plan(plan_file)
    assert ready.plan(plan_file, destroy=True)


def test_only_the_owner_may_read_a_plan(ready: Root, plan_file: Path) -> None:
    plan_file.parent.mkdir()
    plan_file.write_text("an older one")
    plan_file.chmod(0o644)

    ready.plan(plan_file)

    assert stat.S_IMODE(plan_file.stat().st_mode) == 0o600


def test_a_plan_is_never_readable_for_others_not_even_while_it_is_made(
    ready: Root, plan_file: Path
) -> None:
    modes: set[int] = set()

    def look(_: Event) -> None:
        modes.update(stat.S_IMODE(file.stat().st_mode) for file in plan_file.parent.iterdir())

    before = os.umask(0)
    try:
        replace(ready, reporter=Reporter(event=look)).plan(plan_file)
    finally:
        os.umask(before)

    assert modes == {0o600}


def test_a_failed_plan_leaves_no_file_and_keeps_the_one_that_was_saved_before(
    ready: Root, plan_file: Path
) -> None:
    refused = (
        'resource "terraform_data" "bad" {\n  input = 1\n\n  lifecycle {\n    precondition {\n'
        '      condition     = var.content == "other"\n      error_message = "must be other"\n'
        "    }\n  }\n}\n"
    )
    _write(ready, refused)
    with pytest.raises(TerraformError, match=r"Resource precondition failed\n  at more\.tf:6"):
        ready.plan(plan_file)
    assert list(plan_file.parent.iterdir()) == []
    _write(ready, "")
    ready.plan(plan_file)
    saved = plan_file.read_bytes()
    _write(ready, refused)

    with pytest.raises(TerraformError, match="Resource precondition failed"):
        ready.plan(plan_file)

    assert list(plan_file.parent.iterdir()) == [plan_file]
    assert plan_file.read_bytes() == saved


def test_a_missing_variable_is_an_error_and_no_question(ready: Root, plan_file: Path) -> None:
    _write(ready, 'variable "needed" {\n  type = string\n}\n')

    with pytest.raises(TerraformError, match=r"No value for required variable\n  at more\.tf:1\n"):
        ready.plan(plan_file)


@pytest.mark.requirement("TAP-3")
def test_a_saved_plan_is_shown_as_json(ready: Root, plan_file: Path) -> None:
    ready.plan(plan_file)

    document = json.loads(ready.show(plan_file).text)

    assert [
        (change["address"], change["change"]["actions"]) for change in document["resource_changes"]
    ] == [("terraform_data.this", ["create"])]


def test_a_file_that_is_no_plan_cannot_be_shown(ready: Root, plan_file: Path) -> None:
    plan_file.parent.mkdir()
    plan_file.write_text("nonsense")

    with pytest.raises(TerraformError) as caught:
        ready.show(plan_file)

    assert caught.value.message.startswith(
        "terraform show failed:\nError: Failed to read the given file as a state or plan file\n"
    )
    assert "\x1b" not in caught.value.message


def test_exactly_the_saved_plan_is_applied(ready: Root, plan_file: Path) -> None:
    ready.plan(plan_file)
    _write(ready, MAIN.replace('"first"', '"second"'), "main.tf")

    ready.apply(plan_file)

    assert ready.output()["content"].value == "first"


def test_as_many_resources_as_are_allowed_are_worked_on_at_once(
    ready: Root, plan_file: Path
) -> None:
    together = """
resource "terraform_data" "each" {
  count = 12

  provisioner "local-exec" {
    command = <<-EOT
      touch at-${count.index}
      for _ in $(seq 99); do [ $(ls at-* | wc -l) = 12 ] && exit 0; sleep 0.1; done
      exit 1
    EOT
  }
}
"""
    _write(ready, together, "together.tf")

    _apply(replace(ready, parallelism=12), plan_file)


@pytest.mark.requirement("STK-7")
def test_outputs_hold_value_and_whether_it_is_sensitive(ready: Root, plan_file: Path) -> None:
    assert ready.output() == {}

    _apply(ready, plan_file)

    assert ready.output() == {
        "content": Output(value="first", sensitive=False, type="string"),
        "password": Output(value="correct horse", sensitive=True, type="string"),
    }


def test_what_happens_is_reported_event_by_event(ready: Root, plan_file: Path) -> None:
    seen: list[Event] = []
    watched = replace(ready, reporter=Reporter(event=seen.append))

    _apply(watched, plan_file)

    hooks = [(event.type, event.hook.resource.addr) for event in seen if event.hook is not None]
    assert hooks == [
        ("apply_start", "terraform_data.this"),
        ("apply_complete", "terraform_data.this"),
    ]


def test_a_plan_made_for_an_older_state_is_stale(
    ready: Root, plan_file: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.tfplan"
    ready.plan(older)
    _apply(ready, plan_file)

    with pytest.raises(StalePlanError) as caught:
        ready.apply(older)

    assert caught.value.exit_code == 5


@pytest.mark.requirement("STA-2", "TAP-7")
def test_a_lock_held_by_another_process_names_it_and_nothing_is_lost(
    ready: Root,
    slow_apply: Callable[[], subprocess.Popen[str]],
    plan_file: Path,
    tmp_path: Path,
) -> None:
    other = slow_apply()

    with pytest.raises(LockedError) as caught:
        ready.plan(tmp_path / "second.tfplan")

    assert caught.value.exit_code == 6
    assert caught.value.message.startswith("the state is locked: apply by ")
    assert not (tmp_path / "second.tfplan").exists()
    (ready.directory / "go-on").touch()
    assert other.communicate(timeout=30)[0] == ""
    assert not ready.plan(plan_file)


@pytest.mark.requirement("STA-2")
def test_a_lock_can_be_waited_for(
    ready: Root, slow_apply: Callable[[], subprocess.Popen[str]], plan_file: Path
) -> None:
    slow_apply()
    waiting = replace(ready, lock_timeout="30s")
    opened: list[str] = []

    def open_the_way(event: Event) -> None:
        if not opened:
            opened.append(event.type)
            (ready.directory / "go-on").touch()

    assert not replace(waiting, reporter=Reporter(event=open_the_way)).plan(plan_file)
    assert opened == ["version"]


@pytest.mark.requirement("TAP-6")
def test_an_interrupted_apply_saves_the_state_and_gives_the_lock_back(
    ready: Root,
    slow_apply: Callable[[], subprocess.Popen[str]],
    plan_file: Path,
    backend: dict[str, str],
) -> None:
    process = slow_apply()

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)

    assert "notice: Ctrl-C: asked terraform to stop, waiting until it has" in output
    assert "InterruptedRunError 130 terraform apply was interrupted and has stopped" in output
    with open(backend["path"], encoding="utf-8") as stream:  # noqa: PTH123
        state = json.load(stream)
    assert {item["name"]: item["instances"][0].get("status") for item in state["resources"]} == {
        "this": None,
        "slow": "tainted",
    }
    # Neither locked nor lost: the next plan knows what is there.
    assert ready.plan(plan_file)
    changes = json.loads(ready.show(plan_file).text)["resource_changes"]
    assert {item["name"]: item["change"]["actions"] for item in changes} == {
        "this": ["no-op"],
        "slow": ["delete", "create"],
    }


@pytest.mark.requirement("TAP-6")
def test_a_plan_that_succeeds_after_an_interrupt_still_ends_the_command(
    ready: Root, plan_file: Path
) -> None:
    def interrupt(event: Event) -> None:
        if event.type == "change_summary":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(InterruptedRunError, match=r"^terraform plan was interrupted"):
        replace(ready, reporter=Reporter(event=interrupt)).plan(plan_file)

    assert not plan_file.exists()


@pytest.mark.requirement("TAP-6")
def test_an_apply_that_was_done_before_the_interrupt_counts_as_done(
    ready: Root, plan_file: Path
) -> None:
    def interrupt(event: Event) -> None:
        if event.type == "outputs" and event.message.startswith("Outputs"):
            signal.raise_signal(signal.SIGINT)

    ready.plan(plan_file)
    notices: list[str] = []

    replace(ready, reporter=Reporter(event=interrupt, notice=notices.append)).apply(plan_file)

    assert len(notices) == 1
    assert ready.output()["content"].value == "first"


@pytest.mark.parametrize("command", ["plan", "output"])
@pytest.mark.requirement("TAP-7")
def test_a_state_that_cannot_be_read_is_told_as_such(
    ready: Root, backend: dict[str, str], plan_file: Path, command: str
) -> None:
    with open(backend["path"], "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write("{broken")

    with pytest.raises(TerraformError) as caught:
        ready.plan(plan_file) if command == "plan" else ready.output()

    assert type(caught.value) is TerraformError
    assert "Unsupported state file format" in caught.value.message
    assert "\x1b" not in caught.value.message


@pytest.mark.requirement("STA-1")
def test_a_state_moves_from_one_backend_to_another(
    ready: Root, plan_file: Path, tmp_path: Path
) -> None:
    _apply(ready, plan_file)
    there = tmp_path / "there.tfstate"

    ready.migrate_state({"path": str(there)})

    assert json.loads(there.read_text())["outputs"]["content"]["value"] == "first"
    assert not ready.plan(plan_file)


@pytest.mark.requirement("STA-1")
def test_a_state_that_cannot_move_stays(
    ready: Root, plan_file: Path, tmp_path: Path, backend: dict[str, str]
) -> None:
    _apply(ready, plan_file)
    (tmp_path / "file").touch()

    with pytest.raises(TerraformError, match=r"^terraform init -migrate-state failed:\n"):
        ready.migrate_state({"path": str(tmp_path / "file" / "below.tfstate")})

    with open(backend["path"], encoding="utf-8") as stream:  # noqa: PTH123
        assert json.load(stream)["outputs"]["content"]["value"] == "first"


def test_a_refresh_only_plan_changes_nothing_but_the_state(ready: Root, plan_file: Path) -> None:
    _apply(ready, plan_file)
    _write(ready, 'output "more" {\n  value = "more"\n}\n')
    _write(ready, MAIN.replace('"first"', '"second"'), "main.tf")

    assert ready.plan(plan_file, refresh_only=True)
    ready.apply(plan_file)
    assert ready.output()["more"] == Output(value="more", type="string")
    assert ready.output()["content"].value == "first"
    assert not ready.plan(plan_file, refresh_only=True)


@pytest.mark.requirement("TAP-6")
def test_a_plan_that_is_read_is_handed_to_the_reporter(ready: Root, plan_file: Path) -> None:
    seen: list[Plan] = []
    root = replace(ready, reporter=Reporter(plan=seen.append))
    root.plan(plan_file)
    root.show(plan_file)

    assert [plan.output_changes["password"].after for plan in seen] == ["correct horse"]
