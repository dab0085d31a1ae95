"""Warm providers when something is wrong, or goes wrong."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.errors import ProviderMismatchError
from tap.testing.project import TAP
from tap.warm.providers import WarmProviders
from tests.integration.warm.conftest import (
    TERRAFORM,
    SmallRoot,
    provider_processes,
    provider_source,
    root_text,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.warm.providers import Attachment

pytestmark = pytest.mark.requirement("TAP-6", "TAP-7")


@pytest.fixture
def hanging_root(small_root: SmallRoot) -> Iterator[SmallRoot]:
    """Return a root whose plan waits for an answer of AWS that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (small_root.folder / "main.tf").write_text(root_text('data "aws_caller_identity" "x" {}'))
        yield SmallRoot(small_root.folder, {**small_root.environ, "AWS_ENDPOINT_URL_STS": endpoint})


def serving(folder: Path) -> Callable[[], list[int]]:
    """Return a function that finds the providers of a plan that has begun to read."""
    return lambda: [
        process
        for process in provider_processes(folder)
        # A thread for each busy goroutine: a spare process has fewer sockets open.
        if len(list(Path(f"/proc/{process}/fd").iterdir())) > 0 and connected(process)
    ]


def connected(process: int) -> bool:
    """Tell whether a process has an open TCP connection."""
    sockets = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            name = descriptor.readlink().name
        except OSError:
            continue
        if name.startswith("socket:"):
            sockets.add(name.removeprefix("socket:[").removesuffix("]"))
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[9] in sockets and line.split()[3] == "01" for line in lines)


def test_a_provider_that_is_killed_in_a_plan_is_an_error_of_that_plan(
    hanging_root: SmallRoot, sockets: Path
) -> None:
    with hanging_root.start("plan", TMPDIR=str(sockets)) as planning:
        for process in wait_until("a call of AWS", serving(sockets)):
            os.kill(process, signal.SIGKILL)
        stdout, stderr = planning.communicate(timeout=60)
    assert planning.returncode == 1
    assert "Error: Plugin did not respond" in stderr, stdout + stderr
    assert "Traceback" not in stderr
    assert provider_processes(sockets) == []


def test_nothing_is_left_when_tap_is_killed(hanging_root: SmallRoot, sockets: Path) -> None:
    with hanging_root.start("plan", TMPDIR=str(sockets)) as planning:
        wait_until("a call of AWS", serving(sockets))
        assert list(sockets.iterdir()) != []
        planning.kill()
        planning.wait()
        killed = time.monotonic()
        wait_until(
            "the end of all processes and sockets",
            lambda: not provider_processes(sockets) and not list(sockets.iterdir()),
        )
        assert time.monotonic() - killed < 1
        # Terraform itself has lost its provider, and ends, too.
        planning.communicate(timeout=60)


def test_nothing_is_left_after_ctrl_c(hanging_root: SmallRoot, sockets: Path) -> None:
    command = [str(TAP), "warm", "--", TERRAFORM, "plan"]
    with subprocess.Popen(
        command,
        cwd=hanging_root.folder,
        env={**hanging_root.environ, "TMPDIR": str(sockets)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as planning:
        wait_until("a call of AWS", serving(sockets))
        os.killpg(planning.pid, signal.SIGINT)
        _, stderr = planning.communicate(timeout=120)
    assert planning.returncode == 1
    assert "Traceback" not in stderr
    assert provider_processes(sockets) == []


def test_nobody_else_can_open_a_socket(small_root: SmallRoot, sockets: Path) -> None:
    with WarmProviders() as providers:
        environ = {**small_root.environ, "TMPDIR": str(sockets)}
        attached = providers.attach(small_root.folder, environ)
        assert attached is not None
        (folder,) = sockets.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.getuid()
        wait_until("the start of a spare process", lambda: len(list(folder.iterdir())) == 2)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.sock")}
        assert modes == {"0.sock": 0o600}


def plan_with(root: SmallRoot, attached: Attachment) -> None:
    """Plan by Terraform itself, with the providers that it is given."""
    SmallRoot(root.folder, root.environ | dict(attached.variables)).run(TERRAFORM, "plan")


@pytest.mark.requirement("TAP-1")
def test_only_what_somebody_will_use_is_started(small_root: SmallRoot, sockets: Path) -> None:
    environ = {**small_root.environ, "TMPDIR": str(sockets)}
    with WarmProviders() as providers:
        assert providers.attach(small_root.folder, environ, decoding=True) is not None
        assert provider_processes(sockets) == []
        plan = providers.attach(small_root.folder, environ)
        assert plan is not None
        first = wait_until("the start of a process", lambda: provider_processes(sockets))
        plan_with(small_root, plan)
        wait_until("the end of the first", lambda: first[0] not in provider_processes(sockets))
        # One for a next command would be there at once.
        time.sleep(0.5)
        assert provider_processes(sockets) == []


def test_four_plans_at_once_on_an_empty_cache(small_root: SmallRoot, tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    running = [small_root.start("plan", "-lock=false", **environ) for _ in range(4)]
    for planning in running:
        with planning:
            stdout, stderr = planning.communicate()
        assert planning.returncode == 0, stderr
        assert "Plan: 9 to add, 0 to change, 0 to destroy." in stdout
        assert stderr == ""
    names = [file.name for file in (tmp_path / "cache" / "tap" / "providers").iterdir()]
    # The hash of the package, its protocol, the schema, one configuration, and what is valid.
    assert len(names) == 5
    assert not any(name.startswith(".") for name in names)


@pytest.mark.parametrize("damage", ["truncate", "replace", "folder"])
def test_a_damaged_cache_is_made_anew(small_root: SmallRoot, tmp_path: Path, damage: str) -> None:
    if (shared := Path(os.environ["XDG_CACHE_HOME"]) / "tap").exists():
        shutil.copytree(shared, tmp_path / "cache" / "tap")
    cache = tmp_path / "cache" / "tap" / "providers"
    small_root.warm("validate", XDG_CACHE_HOME=str(tmp_path / "cache"))
    files = {file: file.read_bytes() for file in cache.iterdir()}
    assert files
    for file, content in files.items():
        if damage == "truncate":
            file.write_bytes(content[: len(content) // 2])
        elif damage == "replace":
            file.write_bytes(b"answers of another version\n" + content)
        else:
            file.unlink()
            file.mkdir()
    done = small_root.warm("plan", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert "Plan: 9 to add, 0 to change, 0 to destroy." in done.stdout
    assert done.stderr == ""
    # What this plan needed is whole again, unless a folder is in its place.
    again = {file for file in files if file.is_file() and file.read_bytes() == files[file]}
    assert bool(again) is (damage != "folder")


def test_without_a_place_for_a_cache_everything_works(small_root: SmallRoot) -> None:
    done = small_root.warm("plan", XDG_CACHE_HOME="/dev/null")
    assert "Plan: 9 to add, 0 to change, 0 to destroy." in done.stdout
    assert done.stderr == ""


def test_without_a_place_for_sockets_the_provider_starts_cold(
    small_root: SmallRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("tap.warm.providers._LONGEST_FOLDER", 0)
    with WarmProviders(said.append) as providers:
        assert providers.attach(small_root.folder, small_root.environ) is None
        assert providers.attach(small_root.folder, small_root.environ) is None
    assert said == [
        "providers start cold: no folder for sockets: TMPDIR is too long or cannot be written"
    ]


@pytest.fixture
def replaced_root(small_root: SmallRoot) -> Callable[[str], SmallRoot]:
    """Return a function that puts a script in the place of the provider."""

    def replace(script: str, *, locked: bool = False) -> SmallRoot:
        providers = small_root.folder / ".terraform" / "providers"
        (package,) = (providers / provider_source(small_root)).glob("*/*")
        package.unlink() if package.is_symlink() else shutil.rmtree(package)
        package.mkdir()
        program = package / "terraform-provider-aws_v5.100.0_x5"
        program.write_text(script)
        program.chmod(0o755)
        if locked:
            lines = f"{hashlib.sha256(script.encode()).hexdigest()}  {program.name}\n"
            digest = base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
            file = small_root.folder / ".terraform.lock.hcl"
            text = file.read_text().replace("hashes = [", f'hashes = [\n    "h1:{digest}",')
            file.write_text(text)
        return small_root

    return replace


def test_a_replaced_provider_is_refused_and_never_started(
    replaced_root: Callable[..., SmallRoot],
) -> None:
    root = replaced_root("#!/bin/sh\ntouch started\n")
    done = root.warm("plan", expected=1)
    assert done.stderr.startswith("Error: the provider ")
    assert done.stderr.count("h1:") > 2, "both hashes have to be named"
    assert "Next: install it anew" in done.stderr
    assert not (root.folder / "started").exists()
    with WarmProviders() as providers, pytest.raises(ProviderMismatchError):
        providers.attach(root.folder, root.environ)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("#!/bin/sh\necho '1|6|unix|/x|grpc|'\nsleep 9\n", "answered '1|6|unix|/x|grpc|'"),
        ("#!/bin/sh\necho '1|5|tcp|127.0.0.1:1|grpc|'\nsleep 9\n", "answered '1|5|tcp|"),
        ("#!/bin/sh\necho hello\n", "answered 'hello'"),
        ("#!/bin/sh\nexit 1\n", "answered ''"),
    ],
    ids=["protocol 6", "another network", "no provider", "ends at once"],
)
def test_a_provider_that_cannot_be_attached_is_left_to_terraform(
    replaced_root: Callable[..., SmallRoot], script: str, reason: str
) -> None:
    root = replaced_root(script, locked=True)
    said: list[str] = []
    with WarmProviders(said.append) as providers:
        assert providers.attach(root.folder, root.environ) is None
        assert providers.attach(root.folder, root.environ) is None
    assert len(said) == 1, "it has to be said once"
    assert said[0].startswith("providers start cold: terraform-provider-aws")
    assert reason in said[0]
    done = root.warm("validate", expected=1)
    assert reason in done.stderr
    assert "Failed to load plugin schemas" in done.stderr


def test_a_root_without_the_aws_provider_works_as_before(small_root: SmallRoot) -> None:
    (small_root.folder / "main.tf").write_text('resource "terraform_data" "x" {}')
    (small_root.folder / ".terraform.lock.hcl").unlink()
    done = small_root.warm("plan")
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in done.stdout
    assert done.stderr == ""


def test_a_root_before_init_gets_the_word_of_terraform(small_root: SmallRoot) -> None:
    shutil.rmtree(small_root.folder / ".terraform")
    done = small_root.warm("plan", expected=1)
    assert "is not installed in" in done.stderr
    assert "You must install the required plugins" in " ".join(done.stderr.split())


@pytest.mark.parametrize("value", ["0", "1"])
def test_a_variable_decides_whether_providers_are_warm(
    small_root: SmallRoot, tmp_path: Path, value: str
) -> None:
    done = small_root.warm("validate", TAP_WARM=value, XDG_CACHE_HOME=str(tmp_path / "c"))
    assert (tmp_path / "c").exists() is (value == "1")
    assert ("without warm providers: TAP_WARM is 0" in done.stderr) is (value == "0")


def test_a_program_that_does_not_exist_is_named(small_root: SmallRoot) -> None:
    done = small_root.run(str(TAP), "warm", "--", "terrafrom", "plan", expected=2)
    assert "there is no program 'terrafrom' on the PATH" in done.stderr
    assert "Next: " in done.stderr
