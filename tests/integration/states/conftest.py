"""A project without providers, its state storage, and a road to it that can be closed.

Every command takes a second here, so that accidents can be had by the dozen.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tap.testing.project import Ended, Project

ACCOUNT_ID = "123456789012"
BUCKET = f"shop-terraform-state-{ACCOUNT_ID}"
TABLE = "shop-terraform-locks"

# Makes "first", waits at the gate until the file "open" is there, makes "last".
GATED = """\
terraform {
  required_version = "~> 1.11"

  backend "s3" {
    encrypt     = true
    max_retries = 0
  }
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}

variable "content" {
  type    = string
  default = "one"
}

resource "terraform_data" "first" {
  input = var.content
}

resource "terraform_data" "gate" {
  triggers_replace = var.content

  provisioner "local-exec" {
    command = "touch reached; for _ in $(seq 600); do test -e open && exit 0; sleep 0.05; done"
  }
}

resource "terraform_data" "last" {
  input = terraform_data.gate.id
}
"""


@dataclass
class Road:
    """A TCP relay to the emulator that can be closed, or hold one request back."""

    to: tuple[str, int]
    port: int = 0
    _wanted: tuple[bytes, ...] = ()
    _held: threading.Event = field(default_factory=threading.Event)
    _go_on: threading.Event = field(default_factory=threading.Event)
    _server: socket.socket | None = None
    _connections: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections and cut those that are open."""
        server, self._server = self._server, None
        if server is not None:
            # Ends the accept() that waits in a thread.
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def hold(self, *parts: bytes) -> None:
        """Hold the next request back that contains all parts."""
        self._held.clear()
        self._go_on.clear()
        self._wanted = parts

    def wait(self) -> None:
        """Return when the request has come."""
        assert self._held.wait(30), "the request never came"

    def let_go(self) -> None:
        """Let it pass, and everything after it."""
        self._wanted = ()
        self._go_on.set()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            with near:
                try:
                    far = socket.create_connection(self.to)
                except OSError:
                    continue
                pair = (near.dup(), far)
            self._connections += pair
            threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            back = threading.Thread(target=_copy, args=(far, near, lambda _: None), daemon=True)
            back.start()
            _copy(near, far, self._hold_back)
            back.join()

    def _hold_back(self, data: bytes) -> None:
        if self._wanted and all(part in data for part in self._wanted):
            self._wanted = ()
            self._held.set()
            self._go_on.wait(60)


def _copy(source: socket.socket, sink: socket.socket, look: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            look(data)
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@dataclass
class Vault:
    """The project, its emulator and what is stored there."""

    project: Project
    target: Target
    roots: list[Path] = field(default_factory=list)
    named: int = 0

    def environment(self, name: str, text: str = GATED) -> Path:
        """Add an environment and return its folder."""
        folder = self.project.directory / "environments" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(text)
        self.roots.append(folder)
        return folder

    def lock_contents(self, name: str) -> dict[str, Any]:
        """Return what stands in the locks of an environment, by place."""
        found = {}
        client = self.target.client("s3")
        key = f"{name}/terraform.tfstate.tflock"
        for item in client.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents", ()):
            found["s3"] = client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read().decode()
        answer = self.target.client("dynamodb").get_item(
            TableName=TABLE, Key={"LockID": {"S": f"{BUCKET}/{name}/terraform.tfstate"}}
        )
        if "Item" in answer:
            found["dynamodb"] = answer["Item"]["Info"]["S"]
        return found

    def lock_id(self, name: str) -> str:
        """Return the id of the lock of an environment."""
        ids = {json.loads(content)["ID"] for content in self.lock_contents(name).values()}
        assert len(ids) == 1, ids
        return str(ids.pop())

    def put_lock(self, name: str, content: str, *places: str) -> None:
        """Lay a lock as a process does that is gone."""
        if "s3" in places:
            key = f"{name}/terraform.tfstate.tflock"
            self.target.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content.encode())
        if "dynamodb" in places:
            entry = {"LockID": {"S": f"{BUCKET}/{name}/terraform.tfstate"}, "Info": {"S": content}}
            self.target.client("dynamodb").put_item(TableName=TABLE, Item=entry)

    def state(self, name: str) -> dict[str, Any]:
        """Return the state of an environment."""
        key = f"{name}/terraform.tfstate"
        body = self.target.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return dict(json.loads(body))

    def resources(self, name: str) -> set[str]:
        """Return the names of the resources in the state of an environment."""
        return {each["name"] for each in self.state(name)["resources"]}

    def applied(self, name: str, *words: str, **extra: Any) -> None:
        """Apply an environment whose gate is open."""
        self.open_gate(name)
        self.project.run("apply", name, *words, **extra)

    @contextmanager
    def applying(
        self, name: str, *words: str, verb: str = "apply", **extra: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Yield an apply that stands at the gate; the gate is opened afterwards."""
        folder = self.project.directory / "environments" / name
        (folder / "open").unlink(missing_ok=True)
        (folder / "reached").unlink(missing_ok=True)
        with self.project.start(verb, name, *words, **extra) as process:
            try:
                wait_until(lambda: (folder / "reached").exists() or process.poll() is not None)
                if process.poll() is not None:
                    pytest.fail("".join(process.communicate()))
                yield process
            finally:
                (folder / "open").touch()

    def open_gate(self, name: str) -> None:
        """Let an apply go on."""
        (self.project.directory / "environments" / name / "open").touch()

    def operations(self, name: str, target: str = "local") -> list[Path]:
        """Return the folders of the runs that are noted."""
        folder = self.project.directory / ".tap" / target / "data" / name / "operations"
        return sorted(folder.glob("*-*"))

    def plan_is_empty(self, name: str, *words: str, **extra: Any) -> bool:
        """Tell whether a plan finds nothing to do."""
        return self.project.run("plan", name, *words, **extra).stdout.startswith("No changes.")


def child_of(pid: int) -> int:
    """Return the process id of the Terraform that a tap runs."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(found) == 1, found
    return int(found[0])


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Return when a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def kill(process: subprocess.Popen[str]) -> None:
    """End a process by force and wait for its end."""
    process.send_signal(signal.SIGKILL)
    process.wait(30)


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for a process and return what it printed."""
    from tap.testing.project import Ended  # noqa: PLC0415 - pytest has loaded it by now

    stdout, stderr = process.communicate(timeout=60)
    words = process.args if isinstance(process.args, list) else [process.args]
    return Ended(tuple(map(str, words)), process.returncode, stdout, stderr)


@pytest.fixture(scope="session")
def vault(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Return a project of its own, with a state storage in an emulator of its own."""
    directory = tmp_path_factory.mktemp("vault") / "project"
    (directory / "home").mkdir(parents=True)
    (directory / "tap.toml").write_text('project = "shop"\n')
    emulator = Emulator(directory / ".tap" / "emulator")
    target = Target(name="local", endpoint=emulator.start().endpoint, region="eu-west-1")
    client = target.client("s3")
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": target.region}
    )
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=BUCKET, Key="backend/terraform.tfstate", Body=b"{}")
    target.client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found = Vault(replace(project, directory=directory), target)
    yield found
    # Whatever still waits at a gate goes home.
    for root in found.roots:
        (root / "open").touch()
    emulator.stop()


@pytest.fixture
def road(vault: Vault) -> Iterator[Road]:
    """Return a road to the emulator; what goes by it has target localstack."""
    host, _, port = str(vault.target.endpoint).removeprefix("http://").partition(":")
    found = Road((host, int(port)))
    found.start()
    yield found
    found.let_go()
    found.close()


@pytest.fixture
def by_road(road: Road) -> dict[str, Any]:
    """Return the variables of a command whose way to the emulator is the road."""
    return {"TAP_TARGET": "localstack", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{road.port}"}


@pytest.fixture
def name(vault: Vault) -> str:
    """Return a name that no other environment has."""
    vault.named += 1
    return f"e{vault.named}"
