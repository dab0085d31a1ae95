"""Whatever ends tap or Terraform early: what is said, what is left, and the way back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.terraform.saved import review_file
from tests.integration.states.conftest import child_of, ended, is_gone, kill, wait_until

if TYPE_CHECKING:
    from tests.integration.states.conftest import Road, Vault

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(120)]

TAP = Path(sys.executable).parent / "tap"
ALL = {"first", "gate", "last"}

# Terraform, but "show" waits until the file "go" is there.
WAITS_TO_SHOW = """\
#!/bin/sh
if [ "$1" = show ]; then
  touch {folder}/held
  while [ ! -e {folder}/go ]; do sleep 0.05; done
fi
exec terraform "$@"
"""


def test_a_killed_tap_leaves_an_apply_that_finishes_by_itself(vault: Vault, name: str) -> None:
    vault.environment(name)
    with vault.applying(name) as process:
        terraform = child_of(process.pid)
        kill(process)
        during = vault.project.run("plan", name, expected=6)
        released = ("lock", "release", name, "--id", vault.lock_id(name))
        refused = vault.project.run(*released, expected=6)
    wait_until(lambda: is_gone(terraform))

    assert f"goes on without its tap, which was killed (process {terraform})" in during.stderr
    assert "process     alive: its tap was killed, but Terraform" in during.stderr
    assert "Next: wait until it has finished" in during.stderr
    assert "is in use: its tap was killed, but Terraform" in refused.stderr
    assert "nothing was released" in refused.stderr
    assert vault.resources(name) == ALL
    assert vault.lock_contents(name) == {}
    after = vault.project.run("plan", name)
    assert after.stdout.startswith("No changes.")
    assert "went on and came to its end: Apply complete! Resources: 3 added" in after.stderr
    # Told once.
    assert "was killed" not in vault.project.run("lock", "show", name).stderr


def test_a_tap_killed_before_terraform_starts_leaves_nothing_that_lasts(
    vault: Vault, name: str, tmp_path: Path
) -> None:
    vault.environment(name)
    slow = tmp_path / "terraform"
    slow.write_text(WAITS_TO_SHOW.format(folder=tmp_path))
    slow.chmod(0o755)
    vault.project.run("plan", name)
    plans = vault.project.directory / ".tap" / "local" / "plans"
    # Without it Terraform is asked what is in the plan.
    review_file(plans / f"{name}.tfplan").unlink()
    with vault.project.start("apply", name, TAP_TERRAFORM=str(slow)) as process:
        wait_until((tmp_path / "held").exists)
        kill(process)
    (tmp_path / "go").touch()

    taken = f"{name}.tfplan.{process.pid}"
    left = {file.name for file in plans.glob(f"{name}.*")}
    assert left == {taken, f"{taken}.manifest.json"}
    assert vault.lock_contents(name) == {}
    vault.applied(name)
    # The plan that the killed one had taken may hold secrets.
    assert list(plans.glob(f"{name}.*")) == []
    assert vault.plan_is_empty(name)


@pytest.mark.parametrize(
    "request_line",
    [(b"PUT ", b".tfstate.tflock"), (b"PUT ", b".tfstate?")],
    ids=["takes the lock", "saves the state"],
)
def test_a_tap_killed_while_terraform_talks_to_the_storage_loses_nothing(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any], request_line: tuple[bytes, ...]
) -> None:
    vault.environment(name)
    vault.open_gate(name)
    vault.project.run("plan", name, **by_road)
    road.hold(*request_line)
    with vault.project.start("apply", name, **by_road) as process:
        road.wait()
        terraform = child_of(process.pid)
        kill(process)
    assert not is_gone(terraform)
    road.let_go()
    wait_until(lambda: is_gone(terraform))

    assert vault.resources(name) == ALL
    assert vault.lock_contents(name) == {}
    after = vault.project.run("plan", name, **by_road)
    assert after.stdout.startswith("No changes.")
    assert "Terraform went on and came to its end" in after.stderr


def test_a_tap_killed_between_the_end_of_terraform_and_its_own_leaves_a_done_apply(
    vault: Vault, name: str
) -> None:
    vault.environment(name)
    with vault.applying(name) as process:
        terraform = child_of(process.pid)
        process.send_signal(signal.SIGSTOP)
        vault.open_gate(name)
        wait_until(lambda: is_gone(terraform))
        kill(process)

    after = vault.project.run("plan", name)
    assert after.stdout.startswith("No changes.")
    assert "Terraform went on and came to its end: Apply complete!" in after.stderr
    assert vault.lock_contents(name) == {}


@pytest.mark.requirement("STA-2", "TAP-7")
@pytest.mark.parametrize("both", [False, True], ids=["terraform", "terraform and tap"])
def test_a_killed_terraform_leaves_a_lock_that_is_explained_and_released(
    vault: Vault, name: str, *, both: bool
) -> None:
    vault.environment(name)
    with vault.applying(name) as process:
        terraform = child_of(process.pid)
        if both:
            kill(process)
        os.kill(terraform, signal.SIGKILL)
        wait_until(lambda: is_gone(terraform))
        if not both:
            failed = ended(process)
            assert failed.returncode == 1
            assert "Error: terraform apply was ended by SIGKILL (kill -9, or" in failed.stderr
            assert failed.stderr.endswith(f"Next: look at the lock: tap lock show {name}\n")
    lock_id = vault.lock_id(name)
    refused = vault.project.run("plan", name, expected=6)
    reason = (
        "its tap was killed and its Terraform has ended" if both else "its Terraform was killed"
    )
    assert f"process     gone: {reason}" in refused.stderr
    assert refused.stderr.endswith(f"Next: tap lock release {name} --id {lock_id}\n")
    assert ("Terraform was ended, too, after 1 changes" in refused.stderr) == both

    vault.project.run("lock", "release", name, "--id", lock_id)
    assert vault.lock_contents(name) == {}
    vault.applied(name)
    assert vault.resources(name) == ALL
    assert vault.plan_is_empty(name)


@pytest.mark.requirement("STA-2")
def test_a_state_that_cannot_be_saved_is_kept_and_pushed_when_the_storage_is_back(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any]
) -> None:
    folder = vault.environment(name)
    vault.applied(name, **by_road)
    before = vault.state(name)
    with vault.applying(name, TF_VAR_content="two", **by_road) as process:
        road.close()
        vault.open_gate(name)
        failed = ended(process)
    road.start()
    words = f"{name} --target localstack"
    unsaved = vault.project.directory / ".tap" / "localstack" / "state-backups" / name / "unsaved"
    (kept,) = unsaved.iterdir()

    assert failed.returncode == 1
    assert f"the state could not be saved; it is kept in {kept}\n" in failed.stderr
    assert failed.stderr.endswith(f"answers again: tap state recover {words}\n")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not (folder / "errored.tfstate").exists()

    # Nothing is planned on a state that lacks what was made.
    refused = vault.project.run("plan", name, expected=1, **by_road)
    assert refused.stderr.endswith(f"Next: tap state recover {words}\n")
    locked = vault.project.run("state", "recover", name, expected=6, **by_road)
    assert "process     gone: its Terraform failed at" in locked.stderr
    vault.project.run("lock", "release", name, "--id", vault.lock_id(name), **by_road)
    pushed = vault.project.run("state", "recover", name, **by_road)

    assert f"pushed {kept.name}\n" in pushed.stderr
    assert list(unsaved.iterdir()) == []
    after = vault.state(name)
    assert after["lineage"] == before["lineage"]
    assert after["serial"] > before["serial"]
    assert vault.resources(name) == ALL
    assert vault.plan_is_empty(name, **by_road, TF_VAR_content="two")


@pytest.mark.requirement("STA-2")
def test_a_terraform_that_outlives_tap_and_cannot_save_is_found_by_the_next_command(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any]
) -> None:
    folder = vault.environment(name)
    # With one lock Terraform gives up sooner.
    by_road["TAP_STATE_LOCKING"] = "s3"
    with vault.applying(name, **by_road) as process:
        terraform = child_of(process.pid)
        kill(process)
        road.close()
        vault.open_gate(name)
        wait_until(lambda: is_gone(terraform))
    road.start()
    assert (folder / "errored.tfstate").exists()

    found = vault.project.run("lock", "show", name, **by_road)
    assert "Terraform went on and failed: Failed to save state" in found.stderr
    assert f"tap state recover {name} --target localstack\n" in found.stderr
    assert not (folder / "errored.tfstate").exists()
    vault.project.run("lock", "release", name, "--id", vault.lock_id(name), **by_road)
    vault.project.run("state", "recover", name, **by_road)

    assert vault.resources(name) == ALL
    assert vault.plan_is_empty(name, **by_road)


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("command", "part"),
    [("init", b"prefix=env%3A"), ("plan", b"/NAME/terraform.tfstate")],
)
def test_an_interrupted_init_or_plan_ends_with_130_and_leaves_no_lock(  # noqa: PLR0917
    vault: Vault,
    name: str,
    road: Road,
    by_road: dict[str, Any],
    command: str,
    part: bytes,
    number: signal.Signals,
) -> None:
    vault.environment(name)
    if command == "plan":
        vault.project.run("init", name, **by_road)
    road.hold(b"GET " if command == "init" else b"HEAD ", part.replace(b"NAME", name.encode()))
    with vault.project.start(command, name, **by_road) as process:
        road.wait()
        process.send_signal(number)
        time.sleep(0.3)
        road.let_go()
        done = ended(process)

    assert done.returncode == 130, done.text
    said = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert f"{said}: asked terraform to stop, waiting until it has\n" in done.stderr
    assert f"Error: terraform {command} was interrupted and has stopped" in done.stderr
    assert vault.lock_contents(name) == {}
    assert not list((vault.project.directory / ".tap" / "localstack").glob(f"plans/{name}.*"))
    vault.applied(name, **by_road)


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_interrupts_an_apply_once(
    vault: Vault, name: str, number: signal.Signals
) -> None:
    folder = vault.environment(name)
    # A terminal signals every process of the group in the foreground.
    with subprocess.Popen(
        [TAP, "apply", name],
        cwd=vault.project.directory,
        env=vault.project.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until((folder / "reached").exists)
        # Twice, as by an impatient person; Terraform would give up at the second.
        os.killpg(process.pid, number)
        time.sleep(0.03)
        os.killpg(process.pid, number)
        done = ended(process)

    assert done.returncode == 130, done.text
    assert "Error: terraform apply was interrupted and has stopped" in done.stderr
    assert vault.resources(name) == {"first", "gate"}
    assert vault.lock_contents(name) == {}
    vault.applied(name)
    assert vault.plan_is_empty(name)


@pytest.mark.requirement("TAP-7")
def test_a_second_ctrl_c_is_explained_and_the_state_is_saved(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any]
) -> None:
    vault.environment(name)
    with vault.applying(name, **by_road) as process:
        road.hold(b"PUT ", b"/terraform.tfstate?")
        process.send_signal(signal.SIGINT)
        road.wait()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        road.let_go()
        done = ended(process)

    assert done.returncode == 130, done.text
    still = "terraform is still stopping; stopping it harder could lose state\n"
    assert f"Ctrl-C: {still}" in done.stderr
    assert f"SIGTERM: {still}" in done.stderr
    assert vault.resources(name) == {"first", "gate"}
    assert vault.lock_contents(name) == {}


@pytest.mark.requirement("TAP-7")
def test_a_plan_and_an_apply_that_take_too_long_are_asked_to_stop(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any]
) -> None:
    vault.environment(name)
    vault.project.run("init", name, **by_road)
    road.hold(b"HEAD ", f"/{name}/terraform.tfstate".encode())
    with vault.project.start("plan", name, TAP_TIMEOUT_PLAN="1s", **by_road) as process:
        road.wait()
        time.sleep(1.3)
        road.let_go()
        planned = ended(process)
    with vault.applying(name, TAP_TIMEOUT_APPLY="2s", **by_road) as process:
        applied = ended(process)

    for done, stage, limit in ((planned, "plan", 1), (applied, "apply", 2)):
        assert done.returncode == 130, done.text
        assert f"time limit of {limit} s reached: asked terraform to stop" in done.stderr
        assert f"Error: terraform {stage} was interrupted and has stopped" in done.stderr
    assert vault.resources(name) == {"first", "gate"}
    assert vault.lock_contents(name) == {}
