"""LocalStack's community runtime on this machine, without a container."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]
PINS = REPOSITORY / "requirements" / "localstack.txt"
PLACE = REPOSITORY / ".tap" / "localstack"
# 4.14 starts on 3.11 as well, but STS and S3 answer with errors there.
PYTHONS = ("3.13", "3.12")
_START_SECONDS = 90


class UnavailableError(Exception):
    """It cannot be run here; the text says why."""


def version() -> str:
    """Return the version that is pinned."""
    found = re.search(r"^localstack-core(?:\[\w+\])?==(\S+)", PINS.read_text(), re.MULTILINE)
    assert found is not None
    return found.group(1)


def installed() -> Path:
    """Return the Python of its environment, which is made if it is not as pinned.

    Raises:
        UnavailableError: There is no Python for it, or its packages cannot be had.
    """
    program, stamp = PLACE / "bin" / "python", PLACE / "pins"
    if stamp.is_file() and stamp.read_text() == PINS.read_text():
        return program
    shutil.rmtree(PLACE, ignore_errors=True)
    uv = Path(sys.executable).parent / "uv"
    venv = ["venv", "--no-python-downloads", "--python", find_python(), PLACE]
    install = ["pip", "install", "--require-hashes", "--no-deps", "--python", program, "-r", PINS]
    for words in (venv, install):
        command = [str(word) for word in (uv, "--quiet", *words)]
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        if done.returncode != 0:
            raise UnavailableError(f"localstack-core cannot be installed: {done.stderr.strip()}")
    stamp.write_text(PINS.read_text())
    return program


def find_python() -> str:
    """Return a Python that can run it: from the PATH, or of pyenv.

    Raises:
        UnavailableError: There is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for wanted in PYTHONS:
        candidates = [shutil.which(f"python{wanted}"), *sorted(pyenv.glob(f"{wanted}*/bin/python"))]
        for candidate in map(str, filter(None, candidates)):
            # A shim of pyenv is there for versions that are not switched on, and fails.
            done = subprocess.run([candidate, "-V"], capture_output=True, check=False, text=True)
            if done.stdout.startswith(f"Python {wanted}."):
                return candidate
    raise UnavailableError(f"localstack-core needs Python {' or '.join(PYTHONS)}; there is none")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run it, with everything it writes in a folder, and give its endpoint.

    Raises:
        UnavailableError: It cannot be installed, or does not start.
    """
    program = installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "FILESYSTEM_ROOT": str(folder / "root"),
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
    }
    endpoint = f"http://127.0.0.1:{port}"
    log = folder / "localstack.log"
    with log.open("w") as output:
        command = [str(program), "-m", "localstack.runtime.main"]
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, endpoint, log)
        yield endpoint
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    latest = time.monotonic() + _START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < latest:
        try:
            opener.open(f"{endpoint}/_localstack/health", timeout=5).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
        else:
            return
    raise UnavailableError(f"LocalStack does not start: {log.read_text()[-500:]}")
