"""``tap apply`` and ``tap destroy`` on the emulator, and the question asked before AWS."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap.terraform.saved import manifest_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(180)]

# Goes on until the file "go-on" appears, for 40 s at most. The files lie in the folder "tests",
# because a new file anywhere else in the root would be another input of the plan.
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    working_dir = "tests"
    command     = "touch started; for _ in $(seq 400); do test -e go-on && exit 0; sleep 0.1; done"
  }
}
"""


def _slow(world: World, name: str) -> Path:
    folder = world.environment(name)
    (folder / "tests").mkdir()
    (folder / "slow.tf").write_text(SLOW, encoding="utf-8")
    return folder


def _start(world: World, folder: Path) -> subprocess.Popen[str]:
    """Start an apply and return when it holds the lock."""
    process = subprocess.Popen(
        [world.tap.program, "apply", folder.name],
        cwd=world.tap.project,
        env=world.tap.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 60
    while not (folder / "tests" / "started").exists():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(process.communicate()[0])
        time.sleep(0.05)
    return process


@pytest.mark.requirement("STK-8", "STK-7")
def test_an_environment_is_applied_read_and_destroyed(world: World) -> None:
    world.environment("whole")

    applied = world.tap("apply", "whole")
    assert applied.returncode == 0
    assert applied.stdout.endswith("Plan: 1 to add, 0 to change, 0 to destroy.\n")
    assert "[1/1] terraform_data.this: Creation complete" in applied.stderr
    assert not world.plan_file("whole").exists()

    read = world.tap("output", "whole")
    assert (read.returncode, read.stdout) == (
        0,
        "content = from local\npassword = (sensitive)\n",
    )

    again = world.tap("apply", "whole")
    assert (again.returncode, again.stdout) == (
        0,
        "No changes. Your infrastructure matches the configuration.\n",
    )
    assert not world.plan_file("whole").exists()

    destroyed = world.tap("destroy", "whole")
    assert destroyed.returncode == 0
    assert "To destroy:\n  terraform_data.this\n" in destroyed.stdout
    assert "[1/1] terraform_data.this: Destruction complete" in destroyed.stderr

    empty = world.tap("destroy", "whole")
    assert (empty.returncode, empty.stdout.startswith("No changes.")) == (0, True)


def test_a_saved_plan_is_what_is_applied_and_only_while_its_inputs_are_the_same(
    world: World,
) -> None:
    folder = world.environment("saved")
    world.tap("plan", "saved")
    main = folder / "main.tf"
    planned = main.read_text()
    main.write_text(planned.replace("from ", "edited after "), encoding="utf-8")

    refused = world.tap("apply", "saved")
    main.write_text(planned, encoding="utf-8")
    done = world.tap("apply", "saved")

    assert refused.returncode == 5
    assert refused.stderr.splitlines()[-2:] == [
        "Error: the saved plan is stale: its inputs changed: environments/saved/main.tf (changed)",
        "Next: plan again: tap plan saved",
    ]
    assert done.returncode == 0
    assert "applying the saved plan .tap/local/plans/saved.tfplan, made " in done.stderr
    assert "content = from local\n" in world.tap("output", "saved").stdout
    assert not world.plan_file("saved").exists()
    assert not manifest_file(world.plan_file("saved")).exists()


@pytest.mark.requirement("STA-2", "TAP-7")
def test_a_second_apply_is_refused_with_who_holds_the_lock_and_can_wait(world: World) -> None:
    folder = _slow(world, "locked")
    world.tap("plan", "locked")
    files = world.plan_file("locked"), manifest_file(world.plan_file("locked"))
    saved = [file.read_bytes() for file in files]
    first = _start(world, folder)
    for file, content in zip(files, saved, strict=True):
        file.write_bytes(content)
    try:
        refused = world.tap("apply", "locked")
        kept = [file.read_bytes() for file in files]
    finally:
        (folder / "tests" / "go-on").touch()
        waited = world.tap("plan", "locked", "--lock-timeout", "60s")
        output = first.communicate(timeout=60)[0]

    assert refused.returncode == 6
    assert kept == saved
    assert "Error: the state is locked: apply by " in refused.stderr
    assert refused.stderr.endswith(
        "Next: wait until it has finished, or give --lock-timeout 5m to wait for it\n"
    )
    assert (first.returncode, waited.returncode) == (0, 0), output
    assert waited.stdout.startswith("No changes.")


@pytest.mark.requirement("TAP-6", "STA-2")
def test_ctrl_c_during_an_apply_leaves_neither_lock_nor_plan_and_keeps_the_state(
    world: World,
) -> None:
    process = _start(world, _slow(world, "interrupted"))

    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]

    assert process.returncode == 130
    assert "Ctrl-C: asked terraform to stop, waiting until it has\n" in output
    assert "Error: terraform apply was interrupted and has stopped\n" in output
    assert not world.plan_file("interrupted").exists()
    again = world.tap("plan", "interrupted")
    assert again.returncode == 0
    assert "To replace:\n  terraform_data.slow  (it is tainted)\n" in again.stdout


@pytest.mark.requirement("STK-6", "STA-2")
def test_two_copies_live_side_by_side_and_one_goes_without_the_other(world: World) -> None:
    world.environment("doubled")
    copies = {"": (), "pr7": ("--suffix", "pr7")}
    for words in copies.values():
        done = world.tap("apply", "doubled", *words, "--yes")
        assert done.returncode == 0, done.stderr

    def content(*words: str) -> Any:
        return json.loads(world.tap("output", "doubled", *words, "--output", "json").stdout)

    for suffix, words in copies.items():
        assert content(*words)["content"] == f"from local{suffix}"
    destroyed = world.tap("destroy", "doubled", "--suffix", "pr7", "--yes")
    assert destroyed.returncode == 0, destroyed.stderr
    assert "0 to change, 1 to destroy." in destroyed.stdout
    assert content()["content"] == "from local"
    assert world.tap("plan", "doubled").stdout.startswith("No changes.")
