"""What a shift does to the world outside: capacity, evidence on disk, leases, the state lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap.errors import AwsError, LockedError
from tap.settings import load_settings
from tap.traffic.live import LiveWorld
from tap.traffic.phases import green_share
from tap.traffic.switch import wanted
from tap.workspace import Request, open_workspace
from tests.unit.traffic.stage import NAME

if TYPE_CHECKING:
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-3", "TRF-4"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]


@pytest.fixture
def live(stage: Stage, tmp_path: Path) -> LiveWorld:
    """The world of a shift of the stage."""
    settings = load_settings(stage.world.tap.project, {})
    request = Request(
        settings=settings,
        environment=settings.environment(NAME),
        target="local",
        environ=stage.world.tap.environ(),
    )
    workspace = open_workspace(request, initialize=False)
    return LiveWorld(
        target=stage.target,
        places=stage.places,
        root=workspace.root,
        backend=workspace.backend,
        key=request.state_key,
        folder=tmp_path / "kept",
        words=NAME,
        say=lambda _: None,
    )


def test_a_color_gets_the_capacity_of_the_configuration_or_none(
    stage: Stage, live: LiveWorld
) -> None:
    scaling, name = stage.client("autoscaling"), stage.places.scaling_groups["blue"]

    def bounds() -> tuple[int, ...]:
        found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        (group,) = found["AutoScalingGroups"]
        return group["MinSize"], group["DesiredCapacity"], group["MaxSize"]

    live.scale("blue", on=False)
    assert bounds() == (0, 0, 0)
    live.scale("blue", on=True)
    assert bounds() == (1, 2, 3)

    gone = replace(live, places=replace(stage.places, scaling_groups={"blue": "no", "green": "no"}))
    with pytest.raises(AwsError, match="cannot set the bounds of the Auto Scaling group no"):
        gone.scale("green", on=True)


def test_what_is_written_is_read_again(live: LiveWorld) -> None:
    before = live.read_parameter()
    assert before is not None
    assert live.name == "/colored/traffic"

    assert live.write_parameter(before.text) == before.version + 1
    live.write_weights(green_share(50))

    assert live.read_weights() == wanted(green_share(50), live.split)
    assert live.take_evidence(live.now() - timedelta(minutes=5)).unreadable == ()
    assert live.notify("subject", {"to": "half"}) == ""


def test_evidence_is_kept_for_its_owner_and_a_full_disk_stops_nothing(live: LiveWorld) -> None:
    file = Path(live.keep({"verdict": "passed"}))

    assert json.loads(file.read_text()) == {"verdict": "passed"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert replace(live, folder=file).keep({}).startswith("not kept: ")


def test_a_lease_is_gone_with_its_process_and_nobody_knows_of_other_machines(
    live: LiveWorld,
) -> None:
    lease = live.lease(datetime(2026, 5, 1, 12, 0, 0, 999, tzinfo=UTC))
    assert (lease.pid, lease.until) == (os.getpid(), datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert live.own(lease)
    assert not live.gone(lease)

    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    dead = msgspec.structs.replace(lease, pid=ended.pid)
    assert live.gone(dead)
    assert not live.own(dead)
    assert not live.gone(msgspec.structs.replace(dead, host="elsewhere"))


def test_the_state_is_locked_while_traffic_is_moved(live: LiveWorld) -> None:
    with live.locked(), pytest.raises(LockedError), live.locked(patience=0.01):
        pass
    before = live.now()
    live.sleep(0.01)
    with live.locked():
        assert live.now() - before >= timedelta(seconds=0.01)
