"""checkov, in an environment of its own, because it pins an old boto3: ``make checkov``.

What it says against a plan of prod is recorded in ``tests/policy/checkov.json``. The reasons why
each of it is accepted stand beside that file, and a test compares them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.prod import REPOSITORY, Prod, prod
from tap.terraform.installation import find_terraform

REQUIREMENTS = REPOSITORY / "requirements" / "checkov.txt"
FOLDER = REPOSITORY / ".tap" / "checkov"
RECORD = REPOSITORY / "tests" / "policy" / "checkov.json"
_OPTIONS = ["--framework", "terraform_plan", "--output", "json", "--quiet", "--compact"]


def installed(folder: Path = FOLDER) -> Path | None:
    """Return the program of an environment that holds what is pinned now; None without one."""
    stamp = folder / "requirements.sha256"
    fresh = stamp.is_file() and stamp.read_text() == _digest()
    return folder / "bin" / "checkov" if fresh else None


def install(folder: Path = FOLDER) -> Path:
    """Make the environment if it is not there, and return checkov's program."""
    found = installed(folder)
    if found is not None:
        return found
    print(f"installing checkov into {folder}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pinned = ["--disable-pip-version-check", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, *pinned, "-r", str(REQUIREMENTS)], check=True)
    (folder / "requirements.sha256").write_text(_digest())
    return folder / "bin" / "checkov"


def scan(program: Path, plan: Path) -> dict[str, Any]:
    """Return checkov's report on a plan in JSON, as it prints it."""
    command = [str(program), "--file", str(plan), *_OPTIONS, "--skip-download"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    # It exits with 1 when it found something.
    if done.returncode not in {0, 1}:
        raise SystemExit(f"checkov failed:\n{done.stdout}{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def failures(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return the addresses that fail by id of the check, both sorted."""
    found: dict[str, list[str]] = {}
    for item in report["results"]["failed_checks"]:
        found.setdefault(item["check_id"], []).append(item["resource"])
    return {check: sorted(found[check]) for check in sorted(found)}


def record(report: dict[str, Any], resources: dict[str, int]) -> str:
    """Return what is kept of a report.

    Args:
        report: The report.
        resources: How many resources of each type the plan has.
    """
    summary = report["summary"]
    document = {
        "version": summary["checkov_version"],
        "passed": summary["passed"],
        "resources": resources,
        "failed": failures(report),
    }
    return json.dumps(document, indent=2) + "\n"


def planned(applied: Prod) -> bytes:
    """Plan prod and return the plan in JSON."""
    file = applied.project / "checkov.tfplan"
    applied.tap("plan", "prod", "--out", str(file))
    done = subprocess.run(
        [str(find_terraform(applied.variables).path), "show", "-json", str(file)],
        cwd=applied.root,
        env=applied.environ,
        capture_output=True,
        check=True,
    )
    return done.stdout


def counted(plan: bytes) -> dict[str, int]:
    """Return how many resources of each type a plan in JSON has, by type."""
    changes = json.loads(plan)["resource_changes"]
    made = (change["type"] for change in changes if change["mode"] == "managed")
    return dict(sorted(Counter(made).items()))


def main() -> None:
    """Plan prod on an emulator, ask checkov, and write the record."""
    program = install()
    with tempfile.TemporaryDirectory(prefix="tap-checkov-") as folder:
        work = Path(folder)
        file = work / "prod.json"
        with prod(work) as applied:
            file.write_bytes(planned(applied))
        RECORD.write_text(record(scan(program, file), counted(file.read_bytes())))
    print(f"written: {RECORD.relative_to(REPOSITORY)}", file=sys.stderr)


def _digest() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
